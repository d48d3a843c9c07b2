//! Nanoseconds per RTP packet: `cargo bench -p streamgauge --bench rtp`.
//!
//! `count CASE PACKETS` records so many packets of one case and nothing else, for instruction counts
//! under callgrind (the difference of two runs, over the difference in packets).

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a benchmark reads the clock"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};
use streamgauge::rtp::{Packet, PayloadMap, Receiver, RtpConfig, RtpStats};

const PACKETS: usize = 1 << 21;
/// Short, so that what else runs on the machine leaves some of them alone.
const SLICE: usize = 1 << 16;
const BATCH: usize = 256;
const REPEATS: usize = 9;

struct Case {
    name: &'static str,
    what: &'static str,
    streams: usize,
    /// Every so-many-th packet is lost, and one in a hundred out of order.
    lose: usize,
    order: Order,
    /// How long each [`SLICE`] of packets takes.
    run: fn(&[Packet]) -> Vec<Duration>,
}

#[derive(Clone, Copy)]
enum Order {
    /// One packet of each stream after the other.
    InTurn,
    /// Any stream next.
    Random,
}

const CASES: [Case; 8] = {
    const fn streams(name: &'static str, what: &'static str, streams: usize) -> Case {
        Case { name, what, streams, lose: 0, order: Order::InTurn, run: by_ssrc }
    }
    [
        Case { run: one_by_one, ..streams("receiver", "one stream, a call a packet", 1) },
        streams("one", "one stream", 1),
        Case { lose: 33, ..streams("lossy", "one stream, 3 % lost, 1 % out of order", 1) },
        streams("16", "16 streams in turn", 16),
        streams("1000", "1,000 streams in turn", 1000),
        Case { order: Order::Random, ..streams("1000-random", "1,000 streams, any next", 1000) },
        streams("10000", "10,000 streams in turn", 10_000),
        Case { order: Order::Random, ..streams("10000-random", "10,000 streams, any next", 10_000) },
    ]
};

/// Video of 25 frames a second and 4 packets each.
fn packets(case: &Case, count: usize) -> Vec<Packet> {
    let mut next = vec![0; case.streams];
    let mut random = 1u64;
    let mut all: Vec<Packet> = (0..count)
        .map(|i| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let stream = match case.order {
                Order::InTurn => i % case.streams,
                Order::Random => (random >> 33) as usize % case.streams,
            };
            let n: usize = next[stream];
            next[stream] += 1;
            Packet {
                arrival_us: n as i64 * 10_000 + (i * 7919 % 3000) as i64,
                ssrc: stream as u32 * 0x9E37_79B1,
                rtp_timestamp: (n / 4 * 3600) as u32,
                sequence: n as u16,
                wire_bytes: 1200,
                header_bytes: 20,
                payload_type: 96,
                flags: u8::from(n % 4 == 3),
                ..Packet::default()
            }
        })
        .collect();
    if case.lose > 0 {
        (0..all.len() - 1).step_by(97).for_each(|i| all.swap(i, i + 1));
        let mut n = 0;
        all.retain(|_| {
            n += 1;
            n % case.lose != 0
        });
    }
    all
}

fn one_by_one(all: &[Packet]) -> Vec<Duration> {
    let payloads = PayloadMap::default();
    let mut receiver = Receiver::new(all[0].ssrc, 0);
    timed(all, |packets| packets.iter().for_each(|packet| receiver.record(packet, &payloads)))
}

fn by_ssrc(all: &[Packet]) -> Vec<Duration> {
    let mut stats = RtpStats::new(RtpConfig::default()).expect("a valid configuration");
    timed(all, |packets| packets.chunks(BATCH).for_each(|batch| stats.record(batch)))
}

fn timed(all: &[Packet], mut record: impl FnMut(&[Packet])) -> Vec<Duration> {
    let durations = all.chunks(SLICE).map(|slice| {
        let start = Instant::now();
        record(black_box(slice));
        start.elapsed()
    });
    durations.collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|text| text != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["count", name, count] = arguments[..] {
        let case = CASES.iter().find(|case| case.name == name).expect("a case");
        // As many are made for every count, so that only the recording differs.
        let all = packets(case, PACKETS / 4);
        let count: usize = count.parse().expect("a number of packets");
        (case.run)(&all[..SLICE + count]);
        return;
    }
    let cases: Vec<(&Case, Vec<Packet>)> = CASES.iter().map(|case| (case, packets(case, PACKETS))).collect();
    let mut times = vec![Vec::new(); cases.len()];
    for _ in 0..REPEATS {
        for ((case, all), times) in cases.iter().zip(&mut times) {
            let slices = (case.run)(&all[..all.len() / SLICE * SLICE]);
            // In the first half the streams come about.
            let later = &slices[slices.len() / 2..];
            times.extend(later.iter().map(|slice| slice.as_nanos() as f64 / SLICE as f64));
        }
    }
    println!("## RTP packets recorded\n");
    println!("Batches of {BATCH}; ns per packet, in slices of {SLICE} packets, {REPEATS} repeats in turn.\n");
    println!("| | least | median |");
    println!("|---|---|---|");
    for ((case, _), times) in cases.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        println!("| {} | {:.2} | {:.2} |", case.what, times[0], times[times.len() / 2]);
    }
}
