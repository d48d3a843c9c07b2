#![no_main]
use streamgauge::run::{Files, Mode};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let meta = b"T0_US=0\nT1_US=1000000\n";
    let run = streamgauge_fuzz::check(&Files { events: Some(bytes), meta: Some(meta), ..Files::default() });
    let bursts = run.bursts(Mode::Exact);
    assert!(bursts.iter().all(|burst| burst.start_us < burst.end_us));
    assert!(bursts.windows(2).all(|pair| pair[0].end_us <= pair[1].start_us));
});
