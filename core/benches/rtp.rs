//! Nanoseconds per RTP packet: one stream, and 1,000 by SSRC. `cargo bench --bench rtp`.

#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::hint::black_box;
use std::time::Instant;
use streamgauge::rtp::{Packet, PayloadMap, Receiver, RtpConfig, RtpStats};

const PACKETS: usize = 2_000_000;
const BATCH: usize = 256;

/// Packets of `streams` sources in turn, 25 frames a second of 4 packets each; every `lose`-th is
/// lost, every 97th swapped with the next.
fn packets(streams: usize, lose: usize) -> Vec<Packet> {
    let mut all: Vec<Packet> = (0..PACKETS)
        .filter(|i| lose == 0 || (i / streams) % lose != lose - 1)
        .map(|i| {
            let n = i / streams;
            Packet {
                arrival_us: n as i64 * 10_000 + (i * 7919 % 3000) as i64,
                ssrc: (i % streams) as u32 * 0x9E37_79B1,
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
    if lose > 0 {
        (0..all.len() - streams).step_by(97).for_each(|i| all.swap(i, i + streams));
    }
    all
}

/// The fastest and the median of 7 runs, in nanoseconds per packet.
fn measure(name: &str, all: &[Packet], mut run: impl FnMut(&[Packet])) {
    let mut times: Vec<f64> = (0..7)
        .map(|_| {
            let start = Instant::now();
            run(black_box(all));
            start.elapsed().as_nanos() as f64 / all.len() as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{name:<44} {:6.2} ns/packet, median {:6.2}", times[0], times[3]);
}

fn by_ssrc(all: &[Packet]) {
    let mut stats = RtpStats::new(RtpConfig::default()).expect("a valid configuration");
    all.chunks(BATCH).for_each(|batch| stats.record(batch));
    black_box(stats.totals());
}

fn main() {
    let payloads = PayloadMap::default();
    let one = packets(1, 0);
    measure("one stream, a receiver", &one, |all| {
        let mut receiver = Receiver::new(all[0].ssrc, 0);
        all.iter().for_each(|packet| receiver.record(packet, &payloads));
        black_box(receiver.ledger().total());
    });
    measure("one stream, batches of 256", &one, by_ssrc);
    measure("one stream, 3 % lost, 1 % out of order", &packets(1, 33), by_ssrc);
    for streams in [16, 1000, 10_000] {
        measure(&format!("{streams} streams by SSRC"), &packets(streams, 0), by_ssrc);
    }
}
