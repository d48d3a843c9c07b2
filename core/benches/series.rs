//! Windows, sketches, rollups and audiences beside what else there is. `cargo bench --bench series`.

#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Instant;
use streamgauge::audience::{Audience, AudienceConfig};
use streamgauge::series::{Rollup, RollupConfig, Sketch, SketchConfig, Window, WindowConfig};

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

fn window(size: usize) {
    let n = 200_000;
    let values = values(n);
    let ours = median(n, || {
        let config = WindowConfig { span_us: None, max_samples: size, ..WindowConfig::default() };
        let mut window = Window::new(config).expect("a good configuration");
        let mut sum = 0.0;
        for (at_us, &value) in values.iter().enumerate() {
            window.push(at_us as i64, value);
            sum += window.min().unwrap_or(0.0) + window.max().unwrap_or(0.0) + window.mean().unwrap_or(0.0);
        }
        sum
    });
    let scanned = n / 20;
    let scan = median(scanned, || {
        let mut window: VecDeque<(i64, f64)> = values[..size].iter().map(|&value| (0, value)).collect();
        let mut sum = 0.0;
        for (at_us, &value) in values[..scanned].iter().enumerate() {
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
    });
    table(
        &format!("window of {size}: a push, then min, max and mean"),
        "ns",
        &[("streamgauge", ours), ("VecDeque, scanned", scan)],
    );
}

fn sketches() {
    let n = 1_000_000;
    let values = values(n);
    let new = || Sketch::new(SketchConfig::default()).expect("a good configuration");
    let fill = |values: &[f64]| {
        let mut sketch = new();
        values.iter().for_each(|&value| sketch.record(value));
        sketch
    };
    let dd = |values: &[f64]| {
        let mut sketch = sketches_ddsketch::DDSketch::new(sketches_ddsketch::Config::defaults());
        values.iter().for_each(|&value| sketch.add(value));
        sketch
    };
    let hdr = |values: &[f64]| {
        let mut histogram = hdrhistogram::Histogram::<u64>::new(2).expect("two digits");
        values.iter().for_each(|&value| histogram.saturating_record((value * 1000.0) as u64));
        histogram
    };
    let digest = |values: &[f64]| {
        let digest = tdigest::TDigest::new_with_size(100);
        values.chunks(10_000).fold(digest, |digest, chunk| digest.merge_unsorted(chunk.to_vec()))
    };
    table(
        "sketch: a value added",
        "ns",
        &[
            ("streamgauge, 1 %", median(n, || fill(&values))),
            ("sketches-ddsketch, 1 %", median(n, || dd(&values))),
            ("hdrhistogram, 2 digits, integers only", median(n, || hdr(&values))),
            ("tdigest 100, batches of 10,000", median(n, || digest(&values))),
        ],
    );
    let parts: Vec<&[f64]> = values.chunks(n / 1000).collect();
    let ours: Vec<Sketch> = parts.iter().map(|part| fill(part)).collect();
    let dds: Vec<_> = parts.iter().map(|part| dd(part)).collect();
    let hdrs: Vec<_> = parts.iter().map(|part| hdr(part)).collect();
    let digests: Vec<tdigest::TDigest> = parts.iter().map(|part| digest(part)).collect();
    table(
        "sketch: one of 1,000 merged",
        "ns",
        &[
            (
                "streamgauge, 1 %",
                median(ours.len(), || {
                    let mut all = new();
                    ours.iter().for_each(|part| all.merge(part).expect("the same error"));
                    all
                }),
            ),
            (
                "sketches-ddsketch, 1 %",
                median(dds.len(), || {
                    let mut all = dd(&[]);
                    dds.iter().for_each(|part| all.merge(part).expect("the same error"));
                    all
                }),
            ),
            (
                "hdrhistogram, 2 digits",
                median(hdrs.len(), || {
                    let mut all = hdr(&[]);
                    hdrs.iter().for_each(|part| all.add(part).expect("the same digits"));
                    all
                }),
            ),
            ("tdigest 100", median(digests.len(), || tdigest::TDigest::merge_digests(digests.clone()))),
        ],
    );
    let (one, two, three, four) = (fill(&values), dd(&values), hdr(&values), digest(&values));
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

fn rollup() {
    let n = 10_000_000;
    let values = values(n);
    let times: Vec<i64> = (0..n as i64).map(|i| i * 360).collect();
    let run = |sketch| {
        let mut rollup =
            Rollup::new(RollupConfig { sketch, ..RollupConfig::default() }).expect("a good configuration");
        rollup.record(&times, &values).expect("as many times as values");
        rollup
    };
    println!("rollup of 10 million samples at 1 s, 10 s and 60 s (polars and pandas: make bench)");
    println!("  {:<44} {:10.2} ns", "streamgauge", median(n, || run(None)));
    println!(
        "  {:<44} {:10.2} ns",
        "streamgauge, with sketches",
        median(n, || run(Some(SketchConfig::default())))
    );
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

fn main() {
    [16, 64, 1024].into_iter().for_each(window);
    sketches();
    rollup();
    audience();
}
