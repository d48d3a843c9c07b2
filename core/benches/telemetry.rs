//! Recording through tracks, and reports of 10,000 tracks: `cargo bench -p streamgauge --bench
//! telemetry`.
//!
//! `count CASE ROUNDS` runs one case for so many rounds and nothing else, for instruction counts under
//! callgrind (the difference of two runs, over the difference in rounds).

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark reads the clock"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use streamgauge::rtp::Packet;
use streamgauge::telemetry::{Direction, Role, Telemetry, TelemetryConfig, Track, TrackKey, TrackKind};
use streamgauge::wire;

const TRACKS: usize = 10_000;
/// Packets of each track between two reports.
const PACKETS: usize = 8;
const REPEATS: usize = 15;

/// Counts allocations.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator unchanged; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
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

/// 1,000 participants of 10 tracks each, in 50 rooms.
struct Node {
    telemetry: Telemetry,
    tracks: Vec<Track>,
    now_us: i64,
    sequence: u16,
}

impl Node {
    fn new(tracks: usize) -> Node {
        let telemetry = Telemetry::new(TelemetryConfig::default()).expect("a valid configuration");
        let tracks = (0..tracks)
            .map(|n| {
                let participant = format!("PA_{:012x}", n / 10);
                let room = n / 200;
                telemetry
                    .identify(&participant, &format!("RM_{room:012x}"), "standup", 0)
                    .expect("room for it");
                let key = TrackKey {
                    participant,
                    track: format!("TR_VC{n:010x}"),
                    direction: if n % 10 == 0 { Direction::Upstream } else { Direction::Downstream },
                    role: Role::Edge,
                    kind: TrackKind::Video,
                    source: "camera".into(),
                    mime: "video/VP8".into(),
                    country: String::new(),
                };
                telemetry.open(key, 0).expect("room for it")
            })
            .collect();
        Node { telemetry, tracks, now_us: 0, sequence: 0 }
    }

    /// `count` packets of one SSRC, in step with those before.
    fn packets(&mut self, count: usize) -> Vec<Packet> {
        (0..count)
            .map(|_| {
                self.sequence = self.sequence.wrapping_add(1);
                self.now_us += 10_000;
                Packet {
                    arrival_us: self.now_us,
                    ssrc: 7,
                    rtp_timestamp: u32::from(self.sequence) / 4 * 3600,
                    sequence: self.sequence,
                    wire_bytes: 1200,
                    header_bytes: 20,
                    payload_type: 96,
                    ..Packet::default()
                }
            })
            .collect()
    }

    /// Every track gets packets.
    fn feed(&mut self) {
        let packets = self.packets(PACKETS);
        self.tracks.iter().for_each(|track| track.record(&packets));
    }

    /// A report as LiveKit takes it: its size, and how long taking, encoding and acknowledging took.
    fn report(&mut self) -> (usize, [Duration; 3]) {
        let start = Instant::now();
        let report = self.telemetry.take(self.now_us).expect("nothing in flight");
        let taken = start.elapsed();
        let mut n = 0u32;
        let bytes = wire::encode(&report.stats, "ND_0123456789ab", || {
            n += 1;
            format!("AS_{n:012x}")
        });
        let encoded = start.elapsed();
        assert!(self.telemetry.ack(self.now_us));
        drop(report);
        let size = black_box(bytes).len();
        (size, [taken, encoded - taken, start.elapsed() - encoded])
    }
}

/// Nanoseconds per packet in batches of `batch`, to one track after the other.
fn record(tracks: usize, batch: usize, rounds: usize) -> f64 {
    let mut node = Node::new(tracks);
    for _ in 0..4 {
        node.feed();
    }
    let mut least = f64::INFINITY;
    for _ in 0..rounds {
        let packets = node.packets(256);
        let start = Instant::now();
        for batch in packets.chunks(batch) {
            node.tracks.iter().for_each(|track| track.record(black_box(batch)));
        }
        least = least.min(start.elapsed().as_nanos() as f64 / (tracks * packets.len()) as f64);
    }
    least
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|text| text != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["count", case, rounds] = arguments[..] {
        let rounds = rounds.parse().expect("a number of rounds");
        match case {
            "flush" => {
                let mut node = Node::new(1000);
                for _ in 0..rounds {
                    node.feed();
                    node.report();
                }
            }
            "feed" => {
                let mut node = Node::new(1000);
                (0..rounds).for_each(|_| node.feed());
            }
            batch => {
                record(1, batch.parse().expect("flush, feed, or a batch size"), rounds);
            }
        }
        return;
    }
    println!("## Telemetry\n");
    println!(
        "Packets recorded through a track, batches to one track after the other; ns per packet, best of {REPEATS}.\n"
    );
    println!("| tracks | batches of 1 | batches of 256 |");
    println!("|---|---|---|");
    for tracks in [1, 1000, 10_000] {
        let rounds = (2000 / tracks).clamp(3, 200);
        println!("| {tracks} | {:.1} | {:.2} |", record(tracks, 1, rounds), record(tracks, 256, rounds));
    }

    let mut node = Node::new(TRACKS);
    node.feed();
    node.report();
    let (mut least, mut best) = ([f64::INFINITY; 3], f64::INFINITY);
    let (mut size, mut allocations) = (0, 0);
    for _ in 0..REPEATS {
        node.feed();
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        let (bytes, times) = node.report();
        (size, allocations) = (bytes, ALLOCATIONS.load(Ordering::Relaxed) - before);
        let times = times.map(|time| time.as_secs_f64() * 1e3);
        least = std::array::from_fn(|part| least[part].min(times[part]));
        best = best.min(times.iter().sum());
    }
    println!(
        "\nA report of {TRACKS} tracks ({PACKETS} packets each since the last) as LiveKit protobuf; ms, best of {REPEATS}.\n"
    );
    println!(
        "| take | encode | acknowledge | whole | ns a track | bytes | allocations a track, the id's included |"
    );
    println!("|---|---|---|---|---|---|---|");
    println!(
        "| {:.2} | {:.2} | {:.2} | {best:.2} | {:.0} | {size} | {:.1} |",
        least[0],
        least[1],
        least[2],
        best * 1e6 / TRACKS as f64,
        allocations as f64 / TRACKS as f64
    );
}
