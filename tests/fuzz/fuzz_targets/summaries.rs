//! Sketches, rollups and audience summaries from anywhere: what is read is whole, is written as it
//! was read, and merges with itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use streamgauge::wire;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 3 {
        0 => {
            let Ok(sketch) = wire::decode_sketch(bytes) else { return };
            let written = wire::encode_sketch(&sketch);
            assert_eq!(wire::decode_sketch(&written).expect("its own bytes"), sketch);
            let mut twice = sketch.clone();
            twice.merge(&sketch).expect("the same error");
            for q in [0.0, 0.3, 0.999, 1.0] {
                assert_eq!(sketch.quantile(q).is_some(), sketch.count() > 0);
            }
            assert_eq!((twice.min(), twice.max()), (sketch.min(), sketch.max()));
        }
        1 => {
            let Ok(mut rollup) = wire::decode_rollup(bytes) else { return };
            let written = wire::encode_rollup(&mut rollup);
            let mut again = wire::decode_rollup(&written).expect("its own bytes");
            assert_eq!(again.parts(), rollup.parts());
            again.merge(&rollup).expect("the same levels");
        }
        _ => {
            let Ok(summary) = wire::decode_summary(bytes) else { return };
            let written = wire::encode_summary(&summary);
            let mut again = wire::decode_summary(&written).expect("its own bytes");
            assert_eq!(again, summary);
            again.merge(&summary).expect("the same error");
        }
    }
});
