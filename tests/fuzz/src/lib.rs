//! What every target checks of a run.

use std::io::Write;
use streamgauge::run::{Files, Mode, Options, Run, Selector};

/// Reads the files on one thread and on three, in one go and through gzip: all must agree; then
/// computes everything there is to compute.
pub fn check(files: &Files<'_>) -> Run {
    let read = |files: &Files<'_>, threads| {
        Run::from_bytes("fuzz", files, &Options { threads, ..Options::default() }).expect("bytes can always be read")
    };
    let run = read(files, 1);
    assert_same(&run, &read(files, 3), "threads");
    let all = [files.frames, files.prom, files.events, files.meta];
    // What is compressed twice is decompressed once.
    if all.iter().flatten().any(|bytes| bytes.starts_with(b"\x1f\x8b")) {
        everything(&run);
        return run;
    }
    // Compressing costs more than all the rest: only some inputs.
    let length: usize = all.iter().flatten().map(|bytes| bytes.len()).sum();
    if length % 16 > 0 {
        everything(&run);
        return run;
    }
    let packed = all.map(|bytes| bytes.map(gzip));
    let [frames, prom, events, meta] = packed.each_ref().map(|bytes| bytes.as_deref());
    assert_same(&run, &read(&Files { frames, prom, events, meta }, 1), "gzip");
    everything(&run);
    run
}

/// The samples may hold NaN, which is not equal to itself: texts are compared.
fn assert_same(a: &Run, b: &Run, why: &str) {
    assert_eq!(a.frames, b.frames, "{why}");
    assert_eq!(format!("{:?}", a.prom), format!("{:?}", b.prom), "{why}");
    assert_eq!((&a.events, &a.meta, &a.problems), (&b.events, &b.meta, &b.problems), "{why}");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// Every derived series in both modes, with the invariants that hold for any input.
fn everything(run: &Run) {
    assert!(run.frames.recv_us.is_sorted());
    for column in [&run.frames.frame_id, &run.frames.user_timestamp_us] {
        assert_eq!(column.len(), run.frames.len());
    }
    for series in run.prom.series() {
        assert!(series.t_us.is_sorted_by(|a, b| a < b), "times strictly increase");
        assert_eq!(series.t_us.len(), series.values.len());
    }
    for file in run.problems.files() {
        assert!(file.1.first.len() <= streamgauge::run::LISTED_MAX);
    }
    for mode in [Mode::PlotFec, Mode::Exact] {
        let summary = run.summary(mode);
        let at_least_0 = ["frames_received", "frames_lost", "frames_expected", "gap_events", "freeze_count"];
        for key in at_least_0 {
            assert!(summary.number(key).is_none_or(|value| value >= 0.0), "{key}");
        }
        let _ = (run.gaps(mode), run.latency(mode), run.bursts(mode), run.frame_rate(mode), run.freezes());
        for family in run.prom.families().into_iter().take(8) {
            let selector = Selector::new(family);
            let _ = (run.counter_total(&selector, mode), run.counter_rate(&selector, mode));
        }
    }
    let exact = run.summary(Mode::Exact);
    if let (Some(lost), Some(expected)) = (exact.number("frames_lost"), exact.number("frames_expected")) {
        assert!(lost <= expected, "{lost} of {expected} frames lost");
    }
    for (key, value) in &exact.values {
        if let streamgauge::run::Value::Float(value) = value {
            assert!(!value.is_nan(), "{key} is NaN");
        }
    }
    let marks = run.marks().count();
    assert!(marks <= run.events.len());
}

/// Times and datagrams: of each a byte of milliseconds since the one before (above 250 hours, back
/// and forth), a byte of length, and the bytes.
pub fn datagrams(bytes: &[u8]) -> impl Iterator<Item = (i64, &[u8])> {
    let (mut rest, mut at_us) = (bytes, 0i64);
    std::iter::from_fn(move || {
        let (&[gap, length], after) = rest.split_first_chunk::<2>()?;
        let (datagram, after) = after.split_at(usize::from(length).min(after.len()));
        rest = after;
        at_us = match gap {
            255 => i64::MAX,
            254 => i64::MIN,
            253 => at_us.saturating_sub(3_600_000_000),
            251..253 => at_us.saturating_add(36_000_000_000),
            _ => at_us.saturating_add(i64::from(gap) * 1000),
        };
        Some((at_us, datagram))
    })
}
