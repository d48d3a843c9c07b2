//! Bytes in, chunks out: cuts a byte stream by size or time, along MPEG-TS packets and at
//! random-access points. It does no I/O: the caller brings bytes and time, a [`Sink`] takes chunks.

use std::sync::{Arc, Mutex, PoisonError};

use super::psi::StreamInfo;
use super::ts::{SYNC_BYTE, TS_PACKET_BYTES, TsTracker};
use super::{ChunkInfo, ChunkRing, CloseReason};
use crate::error::{Error, ErrorKind, Result};
use crate::time::Micros;

/// How a [`Pump`] cuts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PumpConfig {
    /// Size of a full chunk, bytes; 1 to [`MAX_CUT_BYTES`]. With [`Framing::MpegTs`] rounded down
    /// to whole packets, but at least one.
    pub chunk_bytes: usize,
    /// Bytes wait no longer than this for a chunk to become full, microseconds; at least 0.
    pub max_delay_us: Micros,
    /// What the bytes are.
    pub framing: Framing,
}

/// What a [`Pump`] knows of its bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(i32)]
pub enum Framing {
    /// Nothing: chunks are cut anywhere.
    Raw = 1,
    /// MPEG transport stream: chunks are whole packets, and begin at random-access points.
    #[default]
    MpegTs = 2,
}

/// Limit of [`PumpConfig::chunk_bytes`].
pub const MAX_CUT_BYTES: usize = 16 << 20;
/// So many packets in a row must begin with the sync byte before the first of them is believed.
const SYNC_PACKETS: usize = 3;
/// Bytes are taken in by pieces of this size, so that the pump's memory does not depend on what it
/// is given at once.
const PIECE_BYTES: usize = 64 << 10;

impl Default for PumpConfig {
    /// MPEG-TS in chunks of 7 packets (1316 bytes, what fits a datagram), within 20 ms.
    fn default() -> PumpConfig {
        PumpConfig { chunk_bytes: 7 * TS_PACKET_BYTES, max_delay_us: 20_000, framing: Framing::MpegTs }
    }
}

/// Takes the chunks of a [`Pump`].
pub trait Sink {
    /// Whether [`Sink::publish`] copies what it is given. One that does gets
    /// [`Payload::Borrowed`], one that does not [`Payload::Owned`].
    fn copies(&self) -> bool;

    /// Takes a chunk, which is not empty. An error ends the pump.
    ///
    /// # Errors
    /// Whatever keeps the sink from taking more.
    fn publish(&mut self, now_us: Micros, payload: Payload<'_>, info: ChunkInfo) -> Result<()>;

    /// There is no more to come.
    fn close(&mut self, reason: CloseReason) {
        drop(reason);
    }
}

/// The bytes of a chunk, in the way the sink asked for.
#[derive(Debug)]
pub enum Payload<'a> {
    /// To be copied: the pump uses the memory again.
    Borrowed(&'a [u8]),
    /// To keep.
    Owned(Vec<u8>),
}

impl Sink for ChunkRing {
    /// A ring copies, into buffers that it uses again.
    fn copies(&self) -> bool {
        true
    }

    fn publish(&mut self, now_us: Micros, payload: Payload<'_>, info: ChunkInfo) -> Result<()> {
        match payload {
            Payload::Borrowed(bytes) => self.publish_with(now_us, bytes, info)?,
            Payload::Owned(bytes) => self.publish_owned(now_us, bytes, info)?,
        };
        Ok(())
    }

    fn close(&mut self, reason: CloseReason) {
        ChunkRing::close(self, reason);
    }
}

/// What a [`Pump`] did so far. Always: `bytes_read` = `bytes_published` + `garbage_bytes` +
/// `pending_bytes`, unless the sink failed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PumpStats {
    /// When bytes last came in.
    pub last_read_us: Option<Micros>,
    /// When a chunk last went out.
    pub last_publish_us: Option<Micros>,
    /// Bytes that came in.
    pub bytes_read: u64,
    /// Bytes that went out in chunks.
    pub bytes_published: u64,
    /// Chunks that went out.
    pub chunks_published: u64,
    /// Bytes that belong to no packet, left out.
    pub garbage_bytes: u64,
    /// Bytes that wait for their chunk to become full or for the packet to become whole.
    pub pending_bytes: u64,
    /// How often packets were not where they should be and had to be found again.
    pub resyncs: u64,
    /// Random-access points found.
    pub random_access_points: u64,
    /// Packets whose continuity counter does not follow: something is missing before them.
    pub continuity_errors: u64,
    /// Packets that a demodulator marked as damaged.
    pub transport_errors: u64,
    /// Table sections with a wrong check sum or length.
    pub table_errors: u64,
    /// Whether the pump is at its end: finished, or its sink failed.
    pub ended: bool,
}

#[derive(Debug, Default)]
struct Report {
    stats: PumpStats,
    streams: Vec<StreamInfo>,
}

/// Looks at a [`Pump`] from any thread while it runs.
#[derive(Clone, Debug)]
pub struct PumpMonitor {
    report: Arc<Mutex<Report>>,
}

impl PumpMonitor {
    /// What the pump did, as of its last call.
    pub fn stats(&self) -> PumpStats {
        self.lock().stats
    }

    /// The elementary streams that the stream's own tables announce.
    pub fn streams(&self) -> Vec<StreamInfo> {
        self.lock().streams.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cuts a byte stream into chunks. Memory is bounded by the chunk size and [`MAX_CUT_BYTES`].
#[derive(Debug)]
pub struct Pump {
    config: PumpConfig,
    buffer: Vec<u8>,
    /// `buffer[start..cut]` waits to be published, `buffer[cut..]` to be looked at.
    start: usize,
    cut: usize,
    synced: bool,
    /// What the waiting chunk begins with.
    info: ChunkInfo,
    /// When the oldest byte of the waiting chunk came.
    since_us: Micros,
    tracker: Option<TsTracker>,
    stats: PumpStats,
    monitor: PumpMonitor,
}

impl Pump {
    /// A pump without bytes.
    ///
    /// # Errors
    /// `InvalidArgument` for a chunk size or delay out of its range.
    pub fn new(config: PumpConfig) -> Result<Pump> {
        if config.chunk_bytes == 0 || config.chunk_bytes > MAX_CUT_BYTES {
            let chunk_bytes = config.chunk_bytes;
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("chunk_bytes is {chunk_bytes}; 1 to {MAX_CUT_BYTES} is possible"),
            ));
        }
        if config.max_delay_us < 0 {
            let max_delay_us = config.max_delay_us;
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("max_delay_us is {max_delay_us}; at least 0 is needed"),
            ));
        }
        let (chunk_bytes, tracker) = match config.framing {
            Framing::Raw => (config.chunk_bytes, None),
            Framing::MpegTs => {
                let packets = (config.chunk_bytes / TS_PACKET_BYTES).max(1);
                (packets * TS_PACKET_BYTES, Some(TsTracker::new()))
            }
        };
        Ok(Pump {
            config: PumpConfig { chunk_bytes, ..config },
            buffer: Vec::new(),
            start: 0,
            cut: 0,
            synced: false,
            info: ChunkInfo::default(),
            since_us: 0,
            tracker,
            stats: PumpStats::default(),
            monitor: PumpMonitor { report: Arc::default() },
        })
    }

    /// A handle for other threads.
    pub fn monitor(&self) -> PumpMonitor {
        self.monitor.clone()
    }

    /// What the pump did so far.
    pub fn stats(&self) -> PumpStats {
        self.stats
    }

    /// Takes bytes that came at `now_us` and publishes the chunks they complete, and what has
    /// waited too long.
    ///
    /// # Errors
    /// Those of the sink, which end the pump; `Closed` when it is at its end.
    pub fn handle_bytes(&mut self, now_us: Micros, bytes: &[u8], sink: &mut impl Sink) -> Result<()> {
        self.check_open()?;
        let done = self.take(now_us, bytes, sink);
        self.report(done)
    }

    /// Publishes what has waited for `max_delay_us` at `now_us`; to be called at
    /// [`Pump::poll_deadline`].
    ///
    /// # Errors
    /// As [`Pump::handle_bytes`].
    pub fn handle_tick(&mut self, now_us: Micros, sink: &mut impl Sink) -> Result<()> {
        self.check_open()?;
        let done = self.flush_overdue(now_us, sink);
        self.report(done)
    }

    /// When [`Pump::handle_tick`] is next to be called; absent while nothing waits.
    pub fn poll_deadline(&self) -> Option<Micros> {
        let waits = self.cut > self.start && !self.stats.ended;
        waits.then(|| self.since_us.saturating_add(self.config.max_delay_us))
    }

    /// Publishes all whole packets that are left, counts the rest as garbage, and closes the sink.
    /// Doing it again is nothing.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(&mut self, now_us: Micros, sink: &mut impl Sink, reason: CloseReason) -> Result<()> {
        if self.stats.ended {
            return Ok(());
        }
        let done = self.scan(now_us, sink, true).and_then(|()| self.flush(now_us, sink));
        self.stats.ended = true;
        if done.is_ok() {
            self.drop_garbage(self.buffer.len() - self.cut);
            sink.close(reason);
        }
        self.report(done)
    }

    fn check_open(&self) -> Result<()> {
        if self.stats.ended {
            return Err(Error::new(ErrorKind::Closed, "the pump is at its end"));
        }
        Ok(())
    }

    fn take(&mut self, now_us: Micros, bytes: &[u8], sink: &mut impl Sink) -> Result<()> {
        if !bytes.is_empty() {
            self.stats.last_read_us = Some(now_us);
        }
        for piece in bytes.chunks(PIECE_BYTES) {
            self.stats.bytes_read += piece.len() as u64;
            self.buffer.drain(..self.start);
            self.cut -= self.start;
            self.start = 0;
            self.buffer.extend_from_slice(piece);
            self.scan(now_us, sink, false)?;
        }
        self.flush_overdue(now_us, sink)
    }

    /// Looks at what came, up to the last whole packet, and publishes full chunks.
    fn scan(&mut self, now_us: Micros, sink: &mut impl Sink, last: bool) -> Result<()> {
        let Some(mut tracker) = self.tracker.take() else {
            return self.scan_raw(now_us, sink);
        };
        let done = self.scan_packets(&mut tracker, now_us, sink, last);
        self.stats.continuity_errors = tracker.continuity_errors;
        self.stats.transport_errors = tracker.transport_errors;
        self.stats.table_errors = tracker.table_errors;
        self.tracker = Some(tracker);
        done
    }

    fn scan_raw(&mut self, now_us: Micros, sink: &mut impl Sink) -> Result<()> {
        while self.cut < self.buffer.len() {
            self.wait_since(now_us);
            self.cut = self.buffer.len().min(self.start + self.config.chunk_bytes);
            self.flush_full(now_us, sink)?;
        }
        Ok(())
    }

    fn scan_packets(
        &mut self,
        tracker: &mut TsTracker,
        now_us: Micros,
        sink: &mut impl Sink,
        last: bool,
    ) -> Result<()> {
        loop {
            if !self.synced {
                let (garbage, found) = find_sync(&self.buffer[self.cut..], last);
                self.drop_garbage(garbage);
                self.synced = found;
                if !found {
                    return Ok(());
                }
            }
            let Some(packet) = self.buffer.get(self.cut..self.cut + TS_PACKET_BYTES) else { return Ok(()) };
            if packet[0] != SYNC_BYTE {
                // What is left out must not lie within a chunk.
                self.flush(now_us, sink)?;
                self.synced = false;
                self.stats.resyncs += 1;
                continue;
            }
            if tracker.packet(packet) {
                self.flush(now_us, sink)?;
                self.info = ChunkInfo { random_access: true, preamble: tracker.preamble() };
                self.stats.random_access_points += 1;
            }
            self.wait_since(now_us);
            self.cut += TS_PACKET_BYTES;
            self.flush_full(now_us, sink)?;
        }
    }

    fn wait_since(&mut self, now_us: Micros) {
        if self.cut == self.start {
            self.since_us = now_us;
        }
    }

    fn flush_full(&mut self, now_us: Micros, sink: &mut impl Sink) -> Result<()> {
        if self.cut - self.start >= self.config.chunk_bytes { self.flush(now_us, sink) } else { Ok(()) }
    }

    fn flush_overdue(&mut self, now_us: Micros, sink: &mut impl Sink) -> Result<()> {
        if self.poll_deadline().is_some_and(|deadline_us| deadline_us <= now_us) {
            self.flush(now_us, sink)?;
        }
        Ok(())
    }

    /// Publishes the waiting chunk, if there is one.
    fn flush(&mut self, now_us: Micros, sink: &mut impl Sink) -> Result<()> {
        let bytes = &self.buffer[self.start..self.cut];
        if bytes.is_empty() {
            return Ok(());
        }
        let len = bytes.len() as u64;
        let payload = if sink.copies() { Payload::Borrowed(bytes) } else { Payload::Owned(bytes.to_vec()) };
        sink.publish(now_us, payload, std::mem::take(&mut self.info))?;
        self.start = self.cut;
        self.stats.bytes_published += len;
        self.stats.chunks_published += 1;
        self.stats.last_publish_us = Some(now_us);
        Ok(())
    }

    /// Leaves out `count` bytes that belong to no packet. Nothing waits before them.
    fn drop_garbage(&mut self, count: usize) {
        self.stats.garbage_bytes += count as u64;
        self.cut += count;
        self.start = self.cut;
    }

    /// Makes what happened visible to the monitor; an error is the end.
    fn report(&mut self, done: Result<()>) -> Result<()> {
        self.stats.ended |= done.is_err();
        self.stats.pending_bytes = (self.buffer.len() - self.start) as u64;
        let mut report = self.monitor.lock();
        report.stats = self.stats;
        if let Some(tracker) = &self.tracker
            && tracker.streams != report.streams
        {
            report.streams.clone_from(&tracker.streams);
        }
        drop(report);
        done
    }
}

/// How many bytes precede the first packet, and whether it was found. Where the bytes end too soon
/// to tell, those that may still be its beginning are not counted, unless they are the `last`.
fn find_sync(bytes: &[u8], last: bool) -> (usize, bool) {
    for at in memchr::memchr_iter(SYNC_BYTE, bytes) {
        let mut checked = (0..SYNC_PACKETS).map_while(|n| bytes.get(at + n * TS_PACKET_BYTES));
        if !checked.all(|byte| *byte == SYNC_BYTE) {
            continue;
        }
        let enough = bytes.len() - at > (SYNC_PACKETS - 1) * TS_PACKET_BYTES;
        if enough || (last && bytes.len() - at >= TS_PACKET_BYTES) {
            return (at, true);
        }
        return (if last { bytes.len() } else { at }, false);
    }
    (bytes.len(), false)
}
