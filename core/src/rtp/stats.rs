//! Receiver statistics of many SSRCs, bounded.

use super::clock::PayloadMap;
use super::receiver::{Receiver, StreamPeaks, StreamTotals, Unvalidated};
use super::{Packet, StreamStats};
use crate::error::{Error, ErrorKind, Result};
use crate::ledger::{Delta, Reader, Totals};
use crate::time::{Interval, Micros};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// Limits and formats of an [`RtpStats`].
#[derive(Clone, Debug)]
pub struct RtpConfig {
    /// What the payload types stand for.
    pub payloads: Arc<PayloadMap>,
    /// How many streams are kept. When there are more, one not heard of lately goes; its counts stay
    /// in the totals.
    pub max_streams: usize,
    /// How many of these may be SSRCs that are not validated yet. An SSRC that is not validated by
    /// the time so many newer ones came goes, so that a flood of SSRCs cannot drive out real streams.
    pub max_unvalidated: usize,
}

impl Default for RtpConfig {
    fn default() -> RtpConfig {
        RtpConfig { payloads: Arc::new(PayloadMap::default()), max_streams: 65_536, max_unvalidated: 16_384 }
    }
}

/// A reader of an [`RtpStats`]; valid for the one that made it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct RtpReader(u8);

/// What a reader took of one stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StreamDelta {
    /// The stream, or `None` for what streams had pending when they were evicted.
    pub ssrc: Option<u32>,
    /// What was added in the interval.
    pub delta: Delta<StreamTotals, StreamPeaks>,
    /// The highest jitter (A.8, every packet) within the interval, in microseconds.
    pub max_jitter_us: Option<f64>,
}

/// Statistics by SSRC. Not synchronised.
#[derive(Clone, Debug)]
pub struct RtpStats {
    config: RtpConfig,
    slots: Vec<Slot>,
    free: Vec<u32>,
    index: HashMap<u32, u32, BuildHasherDefault<SsrcHasher>>,
    /// The SSRCs that came last and their slots, validated or not.
    probation: VecDeque<(u32, u32)>,
    /// Where eviction looks next.
    hand: usize,
    last: u32,
    readers: Vec<ReaderState>,
    evicted: StreamTotals,
    evictions: u64,
    unvalidated: Unvalidated,
}

#[derive(Clone, Debug)]
struct Slot {
    live: bool,
    /// Heard of since eviction last came by.
    heard: bool,
    stream: Receiver,
}

/// What a reader has not got of streams that are gone.
#[derive(Clone, Copy, Debug)]
struct ReaderState {
    start_us: Micros,
    in_flight: bool,
    evicted_pending: StreamTotals,
    evicted_in_flight: StreamTotals,
}

const MAX_READERS: usize = 16;

impl RtpStats {
    /// Statistics of nothing yet.
    ///
    /// # Errors
    /// `InvalidArgument` when `max_streams` is not 1 to 2^24 or `max_unvalidated` is 0.
    pub fn new(config: RtpConfig) -> Result<RtpStats> {
        if !(1..=1 << 24).contains(&config.max_streams) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("max_streams is {}, not 1 to {}", config.max_streams, 1 << 24),
            ));
        }
        if config.max_unvalidated == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, "max_unvalidated is 0, at least 1"));
        }
        Ok(RtpStats {
            config,
            slots: Vec::new(),
            free: Vec::new(),
            index: HashMap::default(),
            probation: VecDeque::new(),
            hand: 0,
            last: 0,
            readers: Vec::new(),
            evicted: StreamTotals::default(),
            evictions: 0,
            unvalidated: Unvalidated::default(),
        })
    }

    /// Counts packets, in the order of their arrival.
    ///
    /// ```
    /// use streamgauge::rtp::{Packet, RtpConfig, RtpStats};
    /// let mut stats = RtpStats::new(RtpConfig::default())?;
    /// let packet = |sequence| Packet { ssrc: 7, sequence, wire_bytes: 1200, ..Packet::default() };
    /// stats.record(&[packet(65_535), packet(0), packet(2)]);
    /// assert_eq!(stats.snapshot(7).unwrap().totals.lost(), 1);
    /// stats.record(&[packet(1), packet(1)]);
    /// let totals = stats.snapshot(7).unwrap().totals;
    /// assert_eq!((totals.lost(), totals.duplicates), (0, 1));
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn record(&mut self, packets: &[Packet]) {
        for packet in packets {
            let slot = match self.slots.get_mut(self.last as usize) {
                Some(slot) if slot.live && slot.stream.ssrc == packet.ssrc => slot,
                _ => {
                    let at = match self.index.get(&packet.ssrc) {
                        Some(&at) => at,
                        None if packet.is_padding_only() => {
                            self.unvalidated.add(packet);
                            continue;
                        }
                        None => self.insert(packet),
                    };
                    self.last = at;
                    &mut self.slots[at as usize]
                }
            };
            slot.heard = true;
            slot.stream.record(packet, &self.config.payloads);
        }
    }

    /// Reads and counts a raw packet.
    ///
    /// # Errors
    /// `Malformed` as [`super::Header::parse`].
    pub fn record_raw(&mut self, arrival_us: Micros, bytes: &[u8], flags: u8) -> Result<()> {
        self.record(&[Packet::parse(bytes, arrival_us, flags)?]);
        Ok(())
    }

    #[cold]
    fn insert(&mut self, packet: &Packet) -> u32 {
        if self.probation.len() >= self.config.max_unvalidated
            && let Some((at, ssrc)) = self.probation.pop_front()
        {
            let slot = &self.slots[at as usize];
            if slot.live && slot.stream.ssrc == ssrc && !slot.stream.is_validated() {
                self.evict(at);
            }
        }
        if self.index.len() >= self.config.max_streams {
            self.evict_one();
        }
        let mut stream = Receiver::new(packet.ssrc, packet.arrival_us);
        for reader in &self.readers {
            // As many readers as there are here fit into every ledger.
            let _ = stream.ledger_mut().reader_from_start(reader.start_us);
        }
        let slot = Slot { live: true, heard: true, stream };
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at as usize] = slot;
                at
            }
            None => {
                self.slots.push(slot);
                self.slots.len() as u32 - 1
            }
        };
        self.index.insert(packet.ssrc, at);
        self.probation.push_back((at, packet.ssrc));
        at
    }

    /// Second chance: the next slot that was not heard of since the hand passed it.
    fn evict_one(&mut self) {
        loop {
            self.hand = (self.hand + 1) % self.slots.len();
            let slot = &mut self.slots[self.hand];
            if slot.live && !std::mem::take(&mut slot.heard) {
                return self.evict(self.hand as u32);
            }
        }
    }

    fn evict(&mut self, at: u32) {
        let slot = &mut self.slots[at as usize];
        slot.stream.settle();
        slot.live = false;
        let stream = &mut slot.stream;
        self.index.remove(&stream.ssrc);
        self.free.push(at);
        let dropped = stream.unvalidated();
        self.unvalidated.packets += dropped.packets;
        self.unvalidated.wire_bytes += dropped.wire_bytes;
        if stream.is_validated() {
            self.evictions += 1;
            self.evicted.add(stream.ledger.total());
            for (i, reader) in self.readers.iter_mut().enumerate() {
                let handle = Reader::nth(i);
                if let Ok(pending) = stream.ledger.pending(handle) {
                    reader.evicted_pending.add(&pending);
                }
                if let Ok(Some(held)) = stream.ledger.in_flight(handle) {
                    reader.evicted_in_flight.add(&held.value);
                }
            }
        }
    }

    /// Ends a stream: its counts stay in the totals, and what readers have pending of it comes under
    /// no SSRC. `false` when there is none.
    pub fn remove(&mut self, ssrc: u32) -> bool {
        let Some(&at) = self.index.get(&ssrc) else { return false };
        self.evict(at);
        true
    }

    /// A reader of everything from now on.
    ///
    /// # Errors
    /// `CapacityExceeded` when there are 16.
    pub fn reader(&mut self, now_us: Micros) -> Result<RtpReader> {
        if self.readers.len() >= MAX_READERS {
            return Err(Error::new(
                ErrorKind::CapacityExceeded,
                format!("rtp statistics have at most {MAX_READERS} readers"),
            ));
        }
        for slot in self.slots.iter_mut().filter(|slot| slot.live) {
            slot.stream.ledger.reader_from_now(now_us)?;
        }
        self.readers.push(ReaderState {
            start_us: now_us,
            in_flight: false,
            evicted_pending: StreamTotals::default(),
            evicted_in_flight: StreamTotals::default(),
        });
        Ok(RtpReader(self.readers.len() as u8 - 1))
    }

    fn reader_state(&mut self, reader: RtpReader) -> Result<&mut ReaderState> {
        self.readers
            .get_mut(usize::from(reader.0))
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "no such reader in these statistics"))
    }

    /// Takes what is pending of every stream and counts it as delivered; streams without anything
    /// new are left out. By SSRC, the evicted ones last.
    ///
    /// # Errors
    /// `NotFound` for an unknown reader, `AlreadyPending` while a [`RtpStats::take`] is in flight.
    pub fn flush(&mut self, reader: RtpReader, now_us: Micros) -> Result<Vec<StreamDelta>> {
        self.collect(reader, now_us, false)
    }

    /// As [`RtpStats::flush`], but holds what was taken until [`RtpStats::ack`] or
    /// [`RtpStats::restore`].
    ///
    /// # Errors
    /// `NotFound` for an unknown reader, `AlreadyPending` while the one before is in flight.
    pub fn take(&mut self, reader: RtpReader, now_us: Micros) -> Result<Vec<StreamDelta>> {
        self.collect(reader, now_us, true)
    }

    fn collect(&mut self, reader: RtpReader, now_us: Micros, hold: bool) -> Result<Vec<StreamDelta>> {
        let handle = Reader::nth(usize::from(reader.0));
        if self.reader_state(reader)?.in_flight {
            return Err(Error::new(
                ErrorKind::AlreadyPending,
                "the deltas taken before are neither acknowledged nor restored",
            ));
        }
        let mut deltas = Vec::new();
        for slot in self.slots.iter_mut().filter(|slot| slot.live && slot.stream.is_validated()) {
            let ledger = &mut slot.stream.ledger;
            if ledger.pending(handle)?.is_zero() {
                continue;
            }
            let taken = if hold { ledger.take(handle, now_us)? } else { ledger.flush(handle, now_us)? };
            if let Some(delta) = taken {
                let max_jitter_us = slot.stream.peak_jitter_us(&delta);
                deltas.push(StreamDelta { ssrc: Some(slot.stream.ssrc), delta, max_jitter_us });
            }
        }
        deltas.sort_unstable_by_key(|delta| delta.ssrc);
        let state = self.reader_state(reader)?;
        let interval = Interval::new(state.start_us, now_us.max(state.start_us));
        state.in_flight = hold;
        state.start_us = interval.end_us;
        if !state.evicted_pending.is_zero() {
            let value = std::mem::take(&mut state.evicted_pending);
            if hold {
                state.evicted_in_flight = value;
            }
            let delta = Delta { value, peak: StreamPeaks::default(), interval, last: true };
            deltas.push(StreamDelta { ssrc: None, delta, max_jitter_us: None });
        }
        Ok(deltas)
    }

    /// What a reader has not taken, by stream; the evicted ones last, under no SSRC.
    ///
    /// # Errors
    /// `NotFound` for an unknown reader.
    pub fn pending(&self, reader: RtpReader) -> Result<Vec<(Option<u32>, StreamTotals)>> {
        let state = self
            .readers
            .get(usize::from(reader.0))
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "no such reader in these statistics"))?;
        let handle = Reader::nth(usize::from(reader.0));
        let mut all = Vec::new();
        for stream in self.streams().filter(|stream| stream.is_validated()) {
            all.push((Some(stream.ssrc), stream.ledger.pending(handle)?));
        }
        all.push((None, state.evicted_pending));
        Ok(all)
    }

    /// What was taken has arrived.
    ///
    /// # Errors
    /// `NotFound` for an unknown reader.
    pub fn ack(&mut self, reader: RtpReader) -> Result<()> {
        let state = self.reader_state(reader)?;
        state.evicted_in_flight = StreamTotals::default();
        state.in_flight = false;
        let handle = Reader::nth(usize::from(reader.0));
        for slot in self.slots.iter_mut().filter(|slot| slot.live) {
            slot.stream.ledger.ack(handle)?;
        }
        Ok(())
    }

    /// What was taken was not delivered: it is pending again.
    ///
    /// # Errors
    /// `NotFound` for an unknown reader.
    pub fn restore(&mut self, reader: RtpReader) -> Result<()> {
        let state = self.reader_state(reader)?;
        let back = std::mem::take(&mut state.evicted_in_flight);
        state.evicted_pending.add(&back);
        state.in_flight = false;
        let handle = Reader::nth(usize::from(reader.0));
        for slot in self.slots.iter_mut().filter(|slot| slot.live) {
            slot.stream.ledger.restore(handle)?;
        }
        Ok(())
    }

    /// Resolves what is held as a possible restart, at the end of the input.
    pub fn settle(&mut self) {
        self.slots.iter_mut().filter(|slot| slot.live).for_each(|slot| slot.stream.settle());
    }

    /// A copy of one validated stream.
    pub fn snapshot(&self, ssrc: u32) -> Option<StreamStats> {
        self.stream(ssrc).filter(|stream| stream.is_validated()).map(Receiver::snapshot)
    }

    /// Copies of all validated streams, by SSRC.
    pub fn snapshots(&self) -> Vec<StreamStats> {
        let mut all: Vec<_> =
            self.streams().filter(|stream| stream.is_validated()).map(Receiver::snapshot).collect();
        all.sort_unstable_by_key(|stats| stats.ssrc);
        all
    }

    /// One stream, validated or not.
    pub fn stream(&self, ssrc: u32) -> Option<&Receiver> {
        self.index.get(&ssrc).map(|&at| &self.slots[at as usize].stream)
    }

    /// All streams in no particular order, validated or not.
    pub fn streams(&self) -> impl Iterator<Item = &Receiver> {
        self.slots.iter().filter(|slot| slot.live).map(|slot| &slot.stream)
    }

    /// Counts of all streams that are or were there. Never falls.
    pub fn totals(&self) -> StreamTotals {
        let mut sum = self.evicted;
        self.streams().for_each(|stream| sum.add(stream.ledger.total()));
        sum
    }

    /// Packets that are not in the totals: of SSRCs that are no stream (yet).
    pub fn unvalidated(&self) -> Unvalidated {
        let mut sum = self.unvalidated;
        for stream in self.streams() {
            let held = stream.unvalidated();
            sum.packets += held.packets;
            sum.wire_bytes += held.wire_bytes;
        }
        sum
    }

    /// How many validated streams were evicted or removed.
    pub fn evictions(&self) -> u64 {
        self.evictions
    }

    /// How many streams are kept, validated or not.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// The memory of these statistics in bytes, spare capacity included.
    pub fn memory_bytes(&self) -> usize {
        let streams: usize = self.slots.iter().map(|slot| slot.stream.memory_bytes()).sum();
        let beside = size_of::<Slot>() - size_of::<Receiver>();
        let spare = self.slots.capacity() - self.slots.len();
        let index = (self.index.capacity() + self.probation.capacity()) * size_of::<(u32, u32)>();
        size_of::<RtpStats>()
            + streams
            + self.slots.len() * beside
            + spare * size_of::<Slot>()
            + self.free.capacity() * size_of::<u32>()
            + index
            + self.readers.capacity() * size_of::<ReaderState>()
    }

    /// Whether no stream is kept.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }
}

/// A multiplicative hash of a 32-bit key. Collisions can be made on purpose, but the number of
/// streams is bounded.
#[derive(Clone, Copy, Debug, Default)]
struct SsrcHasher(u64);

impl Hasher for SsrcHasher {
    fn write_u32(&mut self, ssrc: u32) {
        let hash = u64::from(ssrc).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        // The table takes its low bits for the place and the high ones for the tag.
        self.0 = hash ^ (hash >> 32);
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
