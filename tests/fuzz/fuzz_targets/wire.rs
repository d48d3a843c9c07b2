#![no_main]
use prost::Message;
use streamgauge::wire;

// The protobuf reader: what was read and written again reads the same.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(stats) = wire::decode(bytes) else { return };
    let written = stats.encode_to_vec();
    let again = wire::decode(&written).unwrap();
    // NaN is not equal to itself: texts are compared.
    assert_eq!(format!("{again:?}"), format!("{stats:?}"));
    assert_eq!(again.encode_to_vec(), written);
    for stat in &stats.stats {
        let times = stat.time_stamp.iter().chain(stat.streams.iter().flat_map(|s| s.start_time.iter().chain(&s.end_time)));
        times.for_each(|time| {
            let us = time.micros();
            assert_eq!(wire::Timestamp::from_micros(us).micros(), us);
        });
    }
});
