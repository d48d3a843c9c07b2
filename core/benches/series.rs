//! Windows, sketches, rollups and audiences beside what else there is. `cargo bench --bench series`.
//!
//! `count CASE ROUNDS` runs one case on so many batches of 10,000 values and nothing else, for
//! instruction counts under callgrind (the difference of two runs, over the difference in values).

#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Instant;
use streamgauge::audience::{Audience, AudienceConfig};
use streamgauge::series::{
    DownsampleConfig, Rollup, RollupConfig, Sketch, SketchConfig, Window, WindowConfig, downsample,
};

const REPEATS: usize = 7;

/// Values like latencies in milliseconds: mostly near 40, now and then far above.
fn values(n: usize) -> Vec<f64> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..n).map(|_| 20.0 / (1.0 - next()).powf(0.3) + 20.0 * next()).collect()
}

/// The median time of a run in nanoseconds, divided by `n`.
fn median<R>(n: usize, mut run: impl FnMut() -> R) -> f64 {
    let mut times: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed().as_nanos() as f64 / n as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[REPEATS / 2]
}

/// Lines of one comparison: ours first, the others with their ratio to it.
fn table(title: &str, unit: &str, rows: &[(&str, f64)]) {
    println!("{title}");
    for (name, time) in rows {
        println!("  {name:<44} {time:10.2} {unit} {:8.2}x", time / rows[0].1);
    }
}

/// A push of each value, then min, max and mean.
fn windowed(values: &[f64], size: usize) -> f64 {
    let config = WindowConfig { span_us: None, max_samples: size, ..WindowConfig::default() };
    let mut window = Window::new(config).expect("a good configuration");
    let mut sum = 0.0;
    for (at_us, &value) in values.iter().enumerate() {
        window.push(at_us as i64, value);
        sum += window.min().unwrap_or(0.0) + window.max().unwrap_or(0.0) + window.mean().unwrap_or(0.0);
    }
    sum
}

/// The same by looking at all of a full queue each time.
fn scanned(values: &[f64], size: usize) -> f64 {
    let mut window: VecDeque<(i64, f64)> = values[..size].iter().map(|&value| (0, value)).collect();
    let mut sum = 0.0;
    for (at_us, &value) in values.iter().enumerate() {
        window.pop_front();
        window.push_back((at_us as i64, value));
        let (mut low, mut high, mut total) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
        for &(_, value) in &window {
            low = low.min(value);
            high = high.max(value);
            total += value;
        }
        sum += low + high + total / window.len() as f64;
    }
    sum
}

fn window(size: usize) {
    let n = 200_000;
    let values = values(n);
    table(
        &format!("window of {size}: a push, then min, max and mean"),
        "ns",
        &[
            ("streamgauge", median(n, || windowed(&values, size))),
            ("VecDeque, scanned", median(n / 20, || scanned(&values[..n / 20], size))),
        ],
    );
}

fn new_sketch() -> Sketch {
    Sketch::new(SketchConfig::default()).expect("a good configuration")
}

fn sketched(values: &[f64]) -> Sketch {
    let mut sketch = new_sketch();
    values.iter().for_each(|&value| sketch.record(value));
    sketch
}

fn dd_sketched(values: &[f64]) -> sketches_ddsketch::DDSketch {
    let mut sketch = sketches_ddsketch::DDSketch::new(sketches_ddsketch::Config::defaults());
    values.iter().for_each(|&value| sketch.add(value));
    sketch
}

fn hdr_histogram(values: &[f64]) -> hdrhistogram::Histogram<u64> {
    let mut histogram = hdrhistogram::Histogram::<u64>::new(2).expect("two digits");
    values.iter().for_each(|&value| histogram.record((value * 1000.0) as u64).expect("it grows"));
    histogram
}

fn digested(values: &[f64]) -> tdigest::TDigest {
    let digest = tdigest::TDigest::new_with_size(100);
    values.chunks(10_000).fold(digest, |digest, chunk| digest.merge_unsorted(chunk.to_vec()))
}

fn sketches() {
    let n = 1_000_000;
    let values = values(n);
    table(
        "sketch: a value added",
        "ns",
        &[
            ("streamgauge, 1 %", median(n, || sketched(&values))),
            ("sketches-ddsketch, 1 %", median(n, || dd_sketched(&values))),
            ("hdrhistogram, 2 digits, integers only", median(n, || hdr_histogram(&values))),
            ("tdigest 100, batches of 10,000", median(n, || digested(&values))),
        ],
    );
    let parts: Vec<&[f64]> = values.chunks(n / 1000).collect();
    let ours: Vec<Sketch> = parts.iter().map(|part| sketched(part)).collect();
    let dds: Vec<_> = parts.iter().map(|part| dd_sketched(part)).collect();
    let hdrs: Vec<_> = parts.iter().map(|part| hdr_histogram(part)).collect();
    let digests: Vec<tdigest::TDigest> = parts.iter().map(|part| digested(part)).collect();
    table(
        "sketch: one of 1,000 merged",
        "ns",
        &[
            (
                "streamgauge, 1 %",
                median(ours.len(), || {
                    let mut all = new_sketch();
                    ours.iter().for_each(|part| all.merge(part).expect("the same error"));
                    all
                }),
            ),
            (
                "sketches-ddsketch, 1 %",
                median(dds.len(), || {
                    let mut all = dd_sketched(&[]);
                    dds.iter().for_each(|part| all.merge(part).expect("the same error"));
                    all
                }),
            ),
            (
                "hdrhistogram, 2 digits",
                median(hdrs.len(), || {
                    let mut all = hdr_histogram(&[]);
                    hdrs.iter().for_each(|part| all.add(part).expect("the same digits"));
                    all
                }),
            ),
            ("tdigest 100", median(digests.len(), || tdigest::TDigest::merge_digests(digests.clone()))),
        ],
    );
    let (one, two, three, four) =
        (sketched(&values), dd_sketched(&values), hdr_histogram(&values), digested(&values));
    let qs = [0.01, 0.5, 0.9, 0.99, 0.999];
    let each = |quantile: &dyn Fn(f64) -> f64| {
        median(1000 * qs.len(), || {
            (0..1000).map(|_| qs.iter().map(|&q| quantile(black_box(q))).sum::<f64>()).sum::<f64>()
        })
    };
    table(
        "sketch: a quantile of a million values",
        "ns",
        &[
            ("streamgauge, 1 %", each(&|q| one.quantile(q).unwrap_or(0.0))),
            ("sketches-ddsketch, 1 %", each(&|q| two.quantile(q).ok().flatten().unwrap_or(0.0))),
            ("hdrhistogram, 2 digits", each(&|q| three.value_at_quantile(q) as f64)),
            ("tdigest 100", each(&|q| four.estimate_quantile(q))),
        ],
    );
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    for q in qs {
        let exact = sorted[(q * (n - 1) as f64) as usize];
        let error = |value: f64| (value / exact - 1.0) * 100.0;
        println!(
            "  error at {q:<6}: {:+.2} % {:+.2} % {:+.2} % {:+.2} %",
            error(one.quantile(q).unwrap_or(0.0)),
            error(two.quantile(q).ok().flatten().unwrap_or(0.0)),
            error(three.value_at_quantile(q) as f64 / 1000.0),
            error(four.estimate_quantile(q)),
        );
    }
}

fn rolled(times: &[i64], values: &[f64], sketch: Option<SketchConfig>) -> Rollup {
    let mut rollup =
        Rollup::new(RollupConfig { sketch, ..RollupConfig::default() }).expect("a good configuration");
    rollup.record(times, values).expect("as many times as values");
    rollup
}

fn rollup() {
    let n = 10_000_000;
    let values = values(n);
    let times: Vec<i64> = (0..n as i64).map(|i| i * 360).collect();
    let run = |sketch| rolled(&times, &values, sketch);
    println!("rollup of 10 million samples at 1 s, 10 s and 60 s (polars and pandas: make bench)");
    println!("  {:<44} {:10.2} ns", "streamgauge", median(n, || run(None)));
    println!(
        "  {:<44} {:10.2} ns",
        "streamgauge, with sketches",
        median(n, || run(Some(SketchConfig::default())))
    );
}

fn drawing() {
    let n = 10_000_000;
    let values = values(n);
    let times: Vec<i64> = (0..n as i64).map(|i| i * 360).collect();
    let config = DownsampleConfig { points: 2_000, gap_us: None };
    println!("10 million samples to 2,000 points (tsdownsample: make bench)");
    println!("  {:<44} {:10.2} ns", "streamgauge", median(n, || downsample(&times, &values, config)));
    let read =
        || times.iter().fold(0, |all, &t| all ^ t) as f64 + values.iter().fold(0.0, |all, v| v.max(all));
    println!("  {:<44} {:10.2} ns", "times and values read once", median(n, read));
}

fn audience() {
    let n = 1_000_000;
    let ids: Vec<String> = (0..n).map(|i| format!("viewer-{i:08}")).collect();
    let mut best: Vec<[f64; 3]> = (0..3)
        .map(|_| {
            let mut audience = Audience::new(AudienceConfig::default()).expect("a good configuration");
            let time = |run: &mut dyn FnMut(&mut Audience), audience: &mut Audience| {
                let start = Instant::now();
                run(audience);
                start.elapsed().as_nanos() as f64 / n as f64
            };
            let join = time(
                &mut |audience| {
                    for (i, id) in ids.iter().enumerate() {
                        let _ = audience.join(id, i as i64, None);
                    }
                },
                &mut audience,
            );
            let update = time(
                &mut |audience| {
                    for (i, id) in ids.iter().enumerate() {
                        audience.bitrate(id, (n + i) as i64, 3_000_000);
                    }
                },
                &mut audience,
            );
            let summary = time(
                &mut |audience| {
                    black_box(audience.summary(3 * n as i64));
                },
                &mut audience,
            );
            [join, update, summary * n as f64]
        })
        .collect();
    best.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let [join, update, summary] = best[1];
    println!("audience of a million viewers");
    println!("  join {join:.0} ns, update {update:.0} ns, summary {summary:.0} ns");
    println!("  {} bytes a viewer", resident_bytes_per(n, &ids));
}

/// What a viewer takes of resident memory, ids and tables included; 0 where that is not told.
fn resident_bytes_per(n: usize, ids: &[String]) -> usize {
    let resident = || -> usize {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
    };
    let before = resident();
    let mut audience = Audience::new(AudienceConfig::default()).expect("a good configuration");
    for (i, id) in ids.iter().enumerate() {
        let _ = audience.join(id, i as i64, None);
    }
    let after = resident();
    black_box(&audience);
    after.saturating_sub(before) / n
}

/// One case and nothing else.
fn count(case: &str, rounds: usize) {
    let values = values(10_000);
    let times: Vec<i64> = (0..values.len() as i64).map(|i| i * 360).collect();
    for _ in 0..rounds {
        match case {
            "window" => drop(black_box(windowed(&values, 1024))),
            "scan" => drop(black_box(scanned(&values, 1024))),
            "sketch" => drop(black_box(sketched(&values))),
            "ddsketch" => drop(black_box(dd_sketched(&values))),
            "hdrhistogram" => drop(black_box(hdr_histogram(&values))),
            "tdigest" => drop(black_box(digested(&values))),
            "rollup" => drop(black_box(rolled(&times, &values, None))),
            "downsample" => {
                let config = DownsampleConfig { points: 2, gap_us: None };
                drop(black_box(downsample(&times, &values, config)));
            }
            _ => panic!("no case {case}"),
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, mode, case, rounds] = &args[..]
        && mode == "count"
    {
        return count(case, rounds.parse().expect("a number of rounds"));
    }
    [16, 64, 1024].into_iter().for_each(window);
    sketches();
    rollup();
    drawing();
    audience();
}
