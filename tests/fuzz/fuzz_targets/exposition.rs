#![no_main]
use streamgauge::run::{Files, Options, Run};

// Raw exposition text, polled twice.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut run = Run::from_bytes("fuzz", &Files::default(), &Options::default()).unwrap();
    let (first, second) = bytes.split_at(bytes.len() / 2);
    run.add_expositions(&[(0, first), (1_000_000, second), (2_000_000, bytes)]);
    for series in run.prom.series() {
        assert!(series.t_us.is_sorted_by(|a, b| a < b));
    }
    let _ = run.summary(streamgauge::run::Mode::Exact);
});
