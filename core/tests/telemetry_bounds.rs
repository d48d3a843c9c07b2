//! Recording into a track allocates nothing once its streams are there.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use streamgauge::rtp::Packet;
use streamgauge::telemetry::{
    DataPacket, Direction, Role, RtcpSample, Telemetry, TelemetryConfig, TrackKey, TrackKind,
};

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

fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

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
    let telemetry = Telemetry::new(TelemetryConfig::default()).unwrap();
    telemetry.identify("PA", "RM", "room", 0).unwrap();
    let key = |track: &str, kind| TrackKey {
        participant: "PA".into(),
        track: track.into(),
        direction: Direction::Upstream,
        role: Role::Edge,
        kind,
        source: String::new(),
        mime: String::new(),
        country: String::new(),
    };
    let video = telemetry.open(key("TR_V", TrackKind::Video), 0).unwrap();
    let data = telemetry.open(key("TR_D", TrackKind::Data), 0).unwrap();
    let frame = |n: u64| DataPacket {
        at_us: n as i64,
        sequence: n as u16,
        bytes: 100,
        starts_frame: n.is_multiple_of(4),
    };
    (0..3u8).for_each(|layer| video.set_layer(u32::from(layer), layer));
    // Streams come about, each meets its first suspect, and a report is made.
    let first: Vec<Packet> =
        [0, 1, 2, 40_000, 3, 4].into_iter().flat_map(|n| (0..3).map(move |ssrc| packet(ssrc, n))).collect();
    video.record(&first);
    data.record_data(&[0, 1, 2, 40_000, 3, 4].map(frame));
    video.observe_totals(9, 1, 1);
    video.record_score(1.0);
    telemetry.flush(1).unwrap();
    video.record_score(1.0);

    let media: Vec<Packet> =
        (15..30_000u64).filter(|n| n % 50 != 0).map(|n| packet((n % 3) as u32, n / 3)).collect();
    let frames: Vec<DataPacket> = (5..10_000).map(frame).collect();
    let sample = RtcpSample { rtt_us: Some(5), jitter_us: Some(6), lost: 1, nacks: 1, plis: 1, firs: 1 };
    let counted = allocations(|| {
        for (n, batch) in media.chunks(50).enumerate() {
            let n = n as u64;
            video.record(batch);
            video.record(&batch[..1]);
            video.record_message(n as i64, n);
            video.record_rtcp(n as i64, &sample);
            video.observe_totals(9, n + 1, n * 100 + 1);
        }
        data.record_data(&frames);
    });
    assert_eq!(counted, 0);
    // Work was done, and the counter counts.
    assert!(video.totals().unwrap().primary_packets > 29_000);
    assert!(data.totals().unwrap().primary_packets > 9_990);
    assert!(allocations(|| drop(vec![0u8; 9])) > 0);
}
