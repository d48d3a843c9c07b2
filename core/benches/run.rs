//! Parsing and summaries of a run in memory: bytes a second, and time a summary.
#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::fmt::Write;
use std::hint::black_box;
use streamgauge::run::{Files, Mode, Options, Run, parse_metric};

const T0_US: u64 = 1_790_000_000_000_000;
const FRAMES: u64 = 100_000;

/// Frames of an hour, every 50th missing, every 97th late.
fn frames() -> String {
    let mut text = String::from("recv_wall_us,frame_id,user_timestamp_us,width,height\n");
    for n in (0..FRAMES).filter(|n| n % 50 != 3) {
        let sent_us = T0_US + n * 33_333;
        let recv_us = sent_us + 20_000 + n * 7919 % 9000 + if n % 97 == 0 { 70_000 } else { 0 };
        writeln!(text, "{recv_us},{n},{sent_us},1280,720").expect("a string");
    }
    text
}

/// One poll a second of 76 series.
fn samples() -> String {
    let mut text = String::new();
    for poll in 0..FRAMES / 30 {
        for series in 0..76 {
            let at_us = T0_US + poll * 1_000_000;
            let family =
                ["livekit_nack_total", "livekit_packet_total", "livekit_packet_loss_total"][series % 3];
            let value = poll as f64 * [3.0, 90.0, 0.125][series % 3] + series as f64;
            writeln!(
                text,
                "{at_us}\t{family}{{country=\"\",direction=\"incoming\",node_id=\"ND_ku5b9v7fvf5a\",node_type=\"SERVER\",track=\"{series}\"}}\t{value}"
            )
            .expect("a string");
        }
    }
    text
}

fn benches(criterion: &mut Criterion) {
    let (frames, samples) = (frames(), samples());
    let one = Options { threads: 1, ..Options::default() };
    let parse = |files: &Files<'_>| Run::from_bytes("bench", files, &one).expect("a run");

    let mut group = criterion.benchmark_group("parse");
    for (name, text) in [("frames", &frames), ("samples", &samples)] {
        let mut files = Files::default();
        match name {
            "frames" => files.frames = Some(text.as_bytes()),
            _ => files.prom = Some(text.as_bytes()),
        }
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| b.iter(|| parse(black_box(&files))));
    }
    group.bench_function("newlines", |b| {
        b.iter(|| memchr::memchr_iter(b'\n', black_box(samples.as_bytes())).count());
    });
    group.finish();

    let files = Files { frames: Some(frames.as_bytes()), prom: Some(samples.as_bytes()), ..Files::default() };
    let run = parse(&files);
    let mut group = criterion.benchmark_group("summary");
    for mode in [Mode::PlotFec, Mode::Exact] {
        group.bench_function(mode.name(), |b| b.iter(|| black_box(&run).summary(mode)));
    }
    group.finish();

    let metric = r#"livekit_packet_total{direction="incoming",node_id="ND_ku5b9v7fvf5a",note="a \"b\" c\\"}"#;
    criterion.bench_function("parse_metric", |b| b.iter(|| parse_metric(black_box(metric)).is_ok()));
}

criterion_group! { name = run; config = Criterion::default().sample_size(20); targets = benches }
criterion_main!(run);
