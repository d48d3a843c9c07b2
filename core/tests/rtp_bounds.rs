//! Limits: no allocation per packet, bounded memory under a flood, the size of a stream.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use streamgauge::rtp::{Packet, Receiver, RtpConfig, RtpStats};

/// Counts what this thread allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above, so from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn packet(ssrc: u32, n: u64) -> Packet {
    Packet {
        arrival_us: n as i64 * 1000,
        ssrc,
        rtp_timestamp: (n / 3 * 3600) as u32,
        sequence: n as u16,
        wire_bytes: 1200,
        header_bytes: 12,
        payload_type: 96,
        ..Packet::default()
    }
}

#[test]
fn no_allocation_per_packet() {
    let mut stats = RtpStats::new(RtpConfig::default()).unwrap();
    stats.reader(0).unwrap();
    // Streams come about, and each meets its first suspect.
    for n in [0, 1, 2, 40_000, 3, 4] {
        for ssrc in 0..10 {
            stats.record(&[packet(ssrc, n)]);
        }
    }
    let batch: Vec<Packet> = (5..200_000u64)
        .filter(|n| n % 50 != 0)
        // A late, a repeated and an implausible one now and then.
        .flat_map(|n| {
            [(n, 1), (n - n % 3, 97), (n + 30_000, 1009)].into_iter().filter(move |(_, every)| n % every == 0)
        })
        .map(|(n, _)| packet((n % 10) as u32, n / 10))
        .collect();
    let before = ALLOCATIONS.with(Cell::get);
    stats.record(&batch);
    assert_eq!(ALLOCATIONS.with(Cell::get) - before, 0);
    assert!(stats.totals().packets > 190_000);
}

#[test]
fn the_memory_of_a_stream_is_as_stated() {
    let mut stream = Receiver::new(1, 0);
    for _ in 0..2 {
        stream.ledger_mut().reader_from_start(0).unwrap();
    }
    let payloads = streamgauge::rtp::PayloadMap::default();
    for n in [0, 1, 40_000, 2] {
        stream.record(&packet(1, n), &payloads);
    }
    let two_readers = stream.memory_bytes();
    stream.ledger_mut().reader_from_start(0).unwrap();
    let third = stream.memory_bytes() - two_readers;
    // 640 of its own, and room for a packet that may be a restart.
    assert!(two_readers <= 640 + 2 * 200 + 32, "{two_readers} bytes with two readers");
    assert!(third <= 200, "{third} bytes for one more");
}

#[test]
fn a_million_ssrcs_do_not_drive_out_a_stream() {
    let config = RtpConfig { max_streams: 100, max_unvalidated: 50, ..RtpConfig::default() };
    let mut stats = RtpStats::new(config).unwrap();
    for n in 0..10 {
        stats.record(&[packet(1, n)]);
    }
    for flood in 0..1_000_000u32 {
        stats.record(&[packet(flood.wrapping_mul(2_654_435_761) | 0x8000_0000, 5)]);
    }
    assert!(stats.len() <= 100);
    stats.record(&[packet(1, 10)]);
    assert_eq!(stats.snapshot(1).unwrap().totals.packets, 11);
    assert_eq!(stats.totals().packets + stats.unvalidated().packets, 1_000_011);
    assert_eq!(stats.evictions(), 0);
}

#[test]
fn a_flood_of_real_streams_is_bounded_and_folded() {
    let config = RtpConfig { max_streams: 100, max_unvalidated: 50, ..RtpConfig::default() };
    let mut stats = RtpStats::new(config).unwrap();
    let reader = stats.reader(0).unwrap();
    for ssrc in 0..20_000u32 {
        stats.record(&[packet(ssrc, 0), packet(ssrc, 1)]);
    }
    assert!(stats.len() <= 100);
    assert_eq!(stats.totals().packets, 40_000);
    let deltas = stats.flush(reader, 1).unwrap();
    assert_eq!(deltas.iter().map(|delta| delta.delta.value.packets).sum::<u64>(), 40_000);
    assert_eq!(deltas.last().unwrap().ssrc, None);
}

#[test]
fn padding_begins_a_stream_of_retransmissions_and_none_of_media() {
    let mut stats = RtpStats::new(RtpConfig::default()).unwrap();
    let padding = |ssrc, sequence, flags| Packet {
        ssrc,
        sequence,
        flags,
        wire_bytes: 267,
        header_bytes: 12,
        padding_bytes: 255,
        payload_type: 97,
        ..Packet::default()
    };
    stats.record(&[1, 2, 3].map(|sequence| padding(7, sequence, Packet::RTX)));
    stats.record(&[1, 2, 3].map(|sequence| padding(8, sequence, 0)));
    assert_eq!(stats.totals().rtx_packets, 3);
    assert_eq!((stats.totals().packets, stats.unvalidated().packets), (3, 3));
    assert!(stats.snapshot(7).is_some() && stats.snapshot(8).is_none());
}
