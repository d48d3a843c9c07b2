//! The pump: nothing lost, nothing invented, cuts where decoding can start. What the streams in
//! `tests/data/ts` hold was asked of ffprobe (see the README there).

use proptest::prelude::*;
use streamgauge::ring::{
    Batch, ChunkInfo, ChunkRing, CloseKind, CloseReason, CursorConfig, Framing, Join, Payload, Pump,
    PumpConfig, PumpStats, RingConfig, Sink, StreamKind, TS_PACKET_BYTES,
};
use streamgauge::{Error, ErrorKind, Result};

#[derive(Default)]
struct Kept {
    owned: bool,
    chunks: Vec<(i64, Vec<u8>, ChunkInfo)>,
    fail_after: Option<usize>,
    closed: Option<CloseReason>,
}

impl Sink for Kept {
    fn copies(&self) -> bool {
        !self.owned
    }

    fn publish(&mut self, now_us: i64, payload: Payload<'_>, info: ChunkInfo) -> Result<()> {
        if self.fail_after == Some(self.chunks.len()) {
            return Err(Error::new(ErrorKind::Io, "the disk is full"));
        }
        let bytes = match payload {
            Payload::Borrowed(bytes) if !self.owned => bytes.to_vec(),
            Payload::Owned(bytes) if self.owned => bytes,
            other => panic!("not what was asked for: {other:?}"),
        };
        assert!(!bytes.is_empty());
        self.chunks.push((now_us, bytes, info));
        Ok(())
    }

    fn close(&mut self, reason: CloseReason) {
        self.closed = Some(reason);
    }
}

impl Kept {
    fn bytes(&self) -> Vec<u8> {
        self.chunks.iter().flat_map(|(_, bytes, _)| bytes.iter().copied()).collect()
    }

    /// Offsets of the chunks that are random-access points.
    fn access_offsets(&self) -> Vec<usize> {
        let mut offset = 0;
        let mut found = Vec::new();
        for (_, bytes, info) in &self.chunks {
            if info.random_access {
                found.push(offset);
            }
            offset += bytes.len();
        }
        found
    }
}

fn end() -> CloseReason {
    CloseReason::new(CloseKind::End, "")
}

fn data(name: &str) -> Vec<u8> {
    let path = format!("{}/../tests/data/ts/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

fn adds_up(stats: &PumpStats) {
    assert_eq!(stats.bytes_read, stats.bytes_published + stats.garbage_bytes + stats.pending_bytes);
}

/// What ffprobe says: where its key frames begin, and the streams.
type Expected = (&'static str, &'static [usize], [(u16, StreamKind, &'static str, Option<&'static str>); 2]);
const STREAMS: [Expected; 3] = [
    (
        "h264_aac.ts",
        &[564, 19552, 40608, 61288],
        [(0x100, StreamKind::Video, "h264", None), (0x101, StreamKind::Audio, "aac", Some("deu"))],
    ),
    (
        "hevc_ac3.ts",
        &[564, 13348, 31208],
        [(0x100, StreamKind::Video, "hevc", None), (0x101, StreamKind::Audio, "ac3", None)],
    ),
    (
        "mpeg2_mp2.ts",
        &[564, 37976, 59784, 78020, 97008],
        [(0x100, StreamKind::Video, "mpeg2video", None), (0x101, StreamKind::Audio, "mp2", None)],
    ),
];

/// Takes the random-access indicator out of every packet, as some multiplexers never set it.
fn without_indicators(bytes: &mut [u8]) {
    for packet in bytes.chunks_exact_mut(TS_PACKET_BYTES) {
        if packet[3] & 0x20 != 0 && packet[4] > 0 {
            packet[5] &= !0x40;
        }
    }
}

#[test]
fn real_streams_are_cut_where_ffprobe_sees_key_frames() {
    for (name, key_frames, streams) in STREAMS {
        for indicators in [true, false] {
            let mut bytes = data(name);
            if !indicators {
                without_indicators(&mut bytes);
            }
            let mut pump = Pump::new(PumpConfig::default()).unwrap();
            let monitor = pump.monitor();
            let mut kept = Kept::default();
            pump.handle_bytes(0, &bytes, &mut kept).unwrap();
            pump.finish(0, &mut kept, end()).unwrap();
            assert_eq!(kept.bytes(), bytes, "{name}");
            assert_eq!(kept.access_offsets(), key_frames, "{name}, indicators: {indicators}");
            let found = monitor.streams();
            let found: Vec<_> =
                found.iter().map(|s| (s.pid, s.kind, s.codec, s.language.as_deref())).collect();
            assert_eq!(found, streams, "{name}");
            let stats = monitor.stats();
            assert_eq!((stats.garbage_bytes, stats.resyncs, stats.continuity_errors), (0, 0, 0));
            assert_eq!((stats.table_errors, stats.random_access_points), (0, key_frames.len() as u64));
            for (_, _, info) in kept.chunks.iter().filter(|(_, _, info)| info.random_access) {
                // PAT, then PMT, one packet each.
                let preamble = info.preamble.as_ref().unwrap();
                assert_eq!(preamble.len(), 2 * TS_PACKET_BYTES);
                assert_eq!((preamble[1] & 0x1f, preamble[2]), (0, 0));
                assert_eq!((preamble[189] & 0x1f, preamble[190]), (0x10, 0));
            }
        }
    }
}

#[test]
fn damage_is_counted() {
    let mut bytes = data("h264_aac.ts");
    let packets = bytes.len() / TS_PACKET_BYTES;
    // One packet gone, one marked as damaged (which leaves a gap too), one table broken.
    bytes[50 * TS_PACKET_BYTES + 1] |= 0x80;
    let table = (100..packets)
        .find(|at| bytes[at * TS_PACKET_BYTES + 1] & 0x1f == 0 && bytes[at * TS_PACKET_BYTES + 2] == 0);
    bytes[table.unwrap() * TS_PACKET_BYTES + 15] ^= 1;
    bytes.drain(20 * TS_PACKET_BYTES..21 * TS_PACKET_BYTES);
    let mut pump = Pump::new(PumpConfig::default()).unwrap();
    let mut kept = Kept::default();
    pump.handle_bytes(0, &bytes, &mut kept).unwrap();
    pump.finish(0, &mut kept, end()).unwrap();
    let stats = pump.stats();
    assert_eq!((stats.continuity_errors, stats.transport_errors, stats.table_errors), (2, 1, 1));
    assert_eq!(stats.bytes_published, bytes.len() as u64);
}

#[test]
fn chunks_go_out_when_full_or_overdue() {
    let packet = |n: u8| {
        let mut packet = [n; TS_PACKET_BYTES];
        packet[..4].copy_from_slice(&[0x47, 0x01, 0x00, 0x10 | (n & 0x0f)]);
        packet
    };
    let config = PumpConfig { chunk_bytes: 800, max_delay_us: 100, framing: Framing::MpegTs };
    let mut pump = Pump::new(config).unwrap();
    let mut kept = Kept { owned: true, ..Kept::default() };
    assert_eq!(pump.poll_deadline(), None);
    let bytes: Vec<u8> = (0..6).flat_map(packet).collect();
    pump.handle_bytes(1_000, &bytes[..3 * 188], &mut kept).unwrap();
    assert_eq!((kept.chunks.len(), pump.poll_deadline()), (0, Some(1_100)));
    pump.handle_bytes(1_050, &bytes[3 * 188..5 * 188 + 10], &mut kept).unwrap();
    assert_eq!(kept.chunks.len(), 1);
    assert_eq!((kept.chunks[0].0, kept.chunks[0].1.len()), (1_050, 4 * 188), "800 bytes hold 4 packets");
    assert_eq!(pump.poll_deadline(), Some(1_150), "counted from when the rest came");
    pump.handle_tick(1_149, &mut kept).unwrap();
    assert_eq!(kept.chunks.len(), 1);
    pump.handle_tick(1_150, &mut kept).unwrap();
    assert_eq!((kept.chunks.len(), kept.chunks[1].1.len()), (2, 188));
    assert_eq!(pump.poll_deadline(), None, "half a packet is not flushed");
    assert_eq!(pump.stats().pending_bytes, 10);
    pump.finish(2_000, &mut kept, end()).unwrap();
    let stats = pump.stats();
    assert_eq!((stats.garbage_bytes, stats.chunks_published), (10, 2));
    assert_eq!((stats.last_read_us, stats.last_publish_us), (Some(1_050), Some(1_150)));
    assert_eq!(kept.closed, Some(end()));
    adds_up(&stats);
    pump.finish(2_000, &mut kept, CloseReason::new(CloseKind::Failed, "")).unwrap();
    assert_eq!(kept.closed, Some(end()), "finishing twice is nothing");
    assert_eq!(pump.handle_bytes(2_000, b"x", &mut kept).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(pump.handle_tick(2_000, &mut kept).unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn an_error_of_the_sink_ends_the_pump() {
    let mut pump = Pump::new(PumpConfig { framing: Framing::Raw, chunk_bytes: 10, max_delay_us: 0 }).unwrap();
    let monitor = pump.monitor();
    let mut kept = Kept { fail_after: Some(2), ..Kept::default() };
    assert_eq!(pump.handle_bytes(0, &[7; 35], &mut kept).unwrap_err().kind(), ErrorKind::Io);
    assert!(monitor.stats().ended);
    assert_eq!((monitor.stats().bytes_published, pump.poll_deadline()), (20, None));
    assert_eq!(pump.handle_bytes(0, &[7], &mut kept).unwrap_err().kind(), ErrorKind::Closed);
    pump.finish(0, &mut kept, end()).unwrap();
    assert_eq!(kept.closed, None);

    let mut ring = ChunkRing::new(RingConfig::new(8, 1000)).unwrap();
    let mut pump = Pump::new(PumpConfig::default()).unwrap();
    ring.close(end());
    assert_eq!(pump.handle_bytes(0, &data("h264_aac.ts"), &mut ring).unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn impossible_configurations_are_refused() {
    let refused = |config| Pump::new(config).unwrap_err().kind() == ErrorKind::InvalidArgument;
    assert!(refused(PumpConfig { chunk_bytes: 0, ..PumpConfig::default() }));
    assert!(refused(PumpConfig { chunk_bytes: usize::MAX, ..PumpConfig::default() }));
    assert!(refused(PumpConfig { max_delay_us: -1, ..PumpConfig::default() }));
    assert!(Pump::new(PumpConfig { chunk_bytes: 1, ..PumpConfig::default() }).is_ok());
}

#[test]
fn a_late_joiner_starts_with_a_key_frame() {
    let bytes = data("h264_aac.ts");
    let mut ring = ChunkRing::new(RingConfig::new(1024, 1 << 20)).unwrap();
    let mut pump = Pump::new(PumpConfig::default()).unwrap();
    pump.handle_bytes(0, &bytes, &mut ring).unwrap();
    let mut cursor =
        ring.cursor(CursorConfig { join: Join::RandomAccess, ..CursorConfig::default() }).unwrap();
    pump.finish(0, &mut ring, end()).unwrap();
    let mut batch = Batch::new();
    let read = cursor.read(&mut batch).unwrap();
    assert_eq!(read.requested.offset_bytes, 61288);
    let first = batch.get(0).unwrap();
    assert!(first.random_access && first.preamble.is_some());
    assert_eq!(&first.bytes[..TS_PACKET_BYTES], &bytes[61288..61288 + TS_PACKET_BYTES]);
}

/// Packets of the stream with garbage between some of them, in pieces of any size.
type Feed = (Vec<(usize, Vec<u8>)>, Vec<usize>, usize, bool);

fn feed() -> impl Strategy<Value = Feed> {
    let not_sync = (0u8..255).prop_map(|byte| if byte == 0x47 { 0xff } else { byte });
    let garbage = (0usize..430, proptest::collection::vec(not_sync, 1..400));
    (
        proptest::collection::vec(garbage, 0..6),
        proptest::collection::vec(1usize..5000, 1..40),
        1usize..6000,
        any::<bool>(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { 200 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn garbage_and_any_pieces_lose_no_packet((garbage, pieces, chunk_bytes, owned) in feed()) {
        let (name, key_frames, _) = STREAMS[0];
        let clean = data(name);
        let mut garbage = garbage;
        garbage.sort_by_key(|(at, _)| *at);
        garbage.dedup_by_key(|(at, _)| *at);
        // Three packets in a row are needed to find them again.
        garbage.retain(|(at, _)| at % 5 == 0);
        let mut dirty = Vec::new();
        for (at, packet) in clean.chunks(TS_PACKET_BYTES).enumerate() {
            if let Some((_, bytes)) = garbage.iter().find(|(before, _)| *before == at) {
                dirty.extend_from_slice(bytes);
            }
            dirty.extend_from_slice(packet);
        }
        let inserted: usize = dirty.len() - clean.len();
        let mut pump = Pump::new(PumpConfig { chunk_bytes, max_delay_us: 50, framing: Framing::MpegTs }).unwrap();
        let mut kept = Kept { owned, ..Kept::default() };
        let (mut rest, mut now_us) = (&dirty[..], 0);
        for size in pieces.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, more) = rest.split_at(rest.len().min(*size));
            pump.handle_bytes(now_us, piece, &mut kept).unwrap();
            adds_up(&pump.stats());
            assert!(pump.poll_deadline().is_none_or(|deadline_us| deadline_us > now_us));
            (rest, now_us) = (more, now_us + 7);
        }
        pump.finish(now_us, &mut kept, end()).unwrap();
        let stats = pump.stats();
        adds_up(&stats);
        assert_eq!(kept.bytes(), clean);
        assert_eq!(stats.garbage_bytes, inserted as u64);
        assert_eq!(kept.access_offsets(), key_frames);
        let full = (chunk_bytes / TS_PACKET_BYTES).max(1) * TS_PACKET_BYTES;
        for (_, bytes, info) in &kept.chunks {
            assert!(bytes.len() <= full && bytes.len() % TS_PACKET_BYTES == 0);
            assert_eq!(info.random_access, info.preamble.is_some());
        }
    }

    #[test]
    fn noise_of_any_kind_is_survived(
        noise in proptest::collection::vec(prop_oneof![3 => any::<u8>(), 1 => Just(0x47)], 0..5000),
        period in 1usize..400,
        chunk_bytes in 1usize..3000,
    ) {
        // Sync bytes at some distance, so that some of the noise passes for packets.
        let mut noise = noise;
        noise.iter_mut().step_by(period).for_each(|byte| *byte = 0x47);
        for framing in [Framing::MpegTs, Framing::Raw] {
            let mut pump = Pump::new(PumpConfig { chunk_bytes, max_delay_us: 50, framing }).unwrap();
            let mut kept = Kept::default();
            for (at, piece) in noise.chunks(333).enumerate() {
                pump.handle_bytes(at as i64, piece, &mut kept).unwrap();
                adds_up(&pump.stats());
            }
            pump.finish(0, &mut kept, end()).unwrap();
            let stats = pump.stats();
            adds_up(&stats);
            assert_eq!((stats.pending_bytes, stats.bytes_read), (0, noise.len() as u64));
            if framing == Framing::Raw {
                assert_eq!(kept.bytes(), noise);
            }
        }
    }
}

#[cfg(feature = "sync")]
mod driver {
    use std::io::Read;
    use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use streamgauge::ring::pump_reader;

    use super::*;

    /// Blocks until the test sends bytes, an error, or hangs up.
    struct Source(mpsc::Receiver<std::io::Result<Vec<u8>>>);

    impl Read for Source {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let Ok(bytes) = self.0.recv() else { return Ok(0) };
            let bytes = bytes?;
            buffer[..bytes.len()].copy_from_slice(&bytes);
            Ok(bytes.len())
        }
    }

    fn run(
        test: impl FnOnce(&mpsc::Sender<std::io::Result<Vec<u8>>>, &ChunkRing, &AtomicI64, &AtomicBool),
    ) -> (Result<CloseKind>, ChunkRing) {
        let ring = ChunkRing::new(RingConfig::new(64, 100_000)).unwrap();
        let (clock, stop) = (AtomicI64::new(0), AtomicBool::new(false));
        let (sender, receiver) = mpsc::channel();
        let config = PumpConfig { framing: Framing::Raw, chunk_bytes: 100, max_delay_us: 2_000 };
        let mut pump = Pump::new(config).unwrap();
        let done = std::thread::scope(|scope| {
            let mut sink = ring.clone();
            let (clock, stop) = (&clock, &stop);
            let driver = scope.spawn(move || {
                // Time runs on a little with every look.
                let now = || clock.fetch_add(10, Ordering::SeqCst);
                pump_reader(Source(receiver), &mut pump, &mut sink, now, stop)
            });
            test(&sender, &ring, clock, stop);
            drop(sender);
            driver.join().unwrap()
        });
        (done, ring)
    }

    fn published(ring: &ChunkRing, bytes: u64) {
        for _ in 0..20_000 {
            if ring.snapshot().next.offset_bytes >= bytes {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("{:?}", ring.snapshot());
    }

    #[test]
    fn publishes_in_time_while_the_source_is_silent() {
        let (done, ring) = run(|source, ring, _, _| {
            source.send(Ok(vec![1; 130])).unwrap();
            published(ring, 130);
            source.send(Err(std::io::ErrorKind::Interrupted.into())).unwrap();
            source.send(Ok(vec![2; 30])).unwrap();
            published(ring, 160);
        });
        assert_eq!(done.unwrap(), CloseKind::End);
        assert_eq!(ring.snapshot().closed.unwrap().kind, CloseKind::End);
    }

    #[test]
    fn a_failing_source_and_a_stop_flush_first() {
        let (done, ring) = run(|source, _, _, _| {
            source.send(Ok(vec![1; 150])).unwrap();
            source.send(Err(std::io::Error::other("cable cut"))).unwrap();
        });
        assert_eq!(done.unwrap_err().kind(), ErrorKind::Io);
        let snapshot = ring.snapshot();
        assert_eq!(snapshot.next.offset_bytes, 150);
        assert_eq!(&*snapshot.closed.unwrap().message, "source: cable cut");

        let (done, ring) = run(|source, _, _, stop| {
            source.send(Ok(vec![1; 50])).unwrap();
            stop.store(true, Ordering::Relaxed);
            let _ = source.send(Ok(vec![2; 50]));
        });
        assert_eq!(done.unwrap(), CloseKind::Cancelled);
        assert_eq!(ring.snapshot().closed.unwrap().kind, CloseKind::Cancelled);
    }

    #[test]
    fn a_failing_sink_ends_it() {
        let (done, _) = run(|source, ring, _, _| {
            ring.close(end());
            source.send(Ok(vec![1; 150])).unwrap();
        });
        assert_eq!(done.unwrap_err().kind(), ErrorKind::Closed);
    }
}
