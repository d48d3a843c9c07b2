//! Receiver statistics of many SSRCs, bounded.

use super::clock::PayloadMap;
use super::index::Index;
use super::receiver::Receiver;
use super::totals::{StreamPeaks, StreamTotals, Unvalidated};
use super::{Packet, StreamStats};
use crate::error::{Error, ErrorKind, Result};
use crate::ledger::{Delta, Reader, Totals};
use crate::time::{Interval, Micros};
use std::collections::VecDeque;
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
    /// Whether the sender is known, as that of packets that go out from here: a stream then begins
    /// with its first packet, whatever it is, and nothing has to be validated.
    pub trusted: bool,
}

impl Default for RtpConfig {
    fn default() -> RtpConfig {
        RtpConfig {
            payloads: Arc::new(PayloadMap::default()),
            max_streams: 65_536,
            max_unvalidated: 16_384,
            trusted: false,
        }
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
    /// Streams, and those that are gone and leave a place free.
    slots: Vec<Receiver>,
    free: Vec<u32>,
    index: Index,
    /// The SSRCs that came last and their places, validated or not.
    probation: VecDeque<(u32, u32)>,
    /// Where eviction looks next.
    hand: usize,
    readers: Vec<ReaderState>,
    evicted: StreamTotals,
    evictions: u64,
    unvalidated: Unvalidated,
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
/// How many streams are looked up before the first is recorded.
const AHEAD: usize = 32;

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
            index: Index::default(),
            probation: VecDeque::new(),
            hand: 0,
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
        // Alone, as a server without batches gives them, a packet has nothing to look ahead for.
        if let [packet] = packets
            && let Some(at) = self.index.find(&self.slots, packet.ssrc)
        {
            let stream = &mut self.slots[at as usize];
            stream.heard = true;
            return stream.record(packet, &self.config.payloads);
        }
        let mut rest = packets;
        while !rest.is_empty() {
            let (places, found) = self.look_up(rest);
            let Some((last, singles)) = places[..found].split_last() else {
                rest = &rest[self.record_new(rest)..];
                continue;
            };
            for (place, packet) in singles.iter().zip(rest) {
                self.slots[*place as usize].record(packet, &self.config.payloads);
            }
            rest = &rest[singles.len()..];
            rest = &rest[self.record_at(*last, rest)..];
        }
    }

    /// Where the streams of the first packets are: up to and including the first that has several
    /// in a row, or is followed by an unknown one. All are touched before the first is needed, so
    /// that they come from memory side by side.
    #[inline(always)]
    fn look_up(&mut self, packets: &[Packet]) -> ([u32; AHEAD], usize) {
        let mut places = [0; AHEAD];
        let mut found = 0;
        for (packet, place) in packets.iter().zip(&mut places) {
            let Some(at) = self.index.find(&self.slots, packet.ssrc) else { break };
            self.slots[at as usize].heard = true;
            *place = at;
            found += 1;
            if packets.get(found).is_some_and(|next| next.ssrc == packet.ssrc) {
                break;
            }
        }
        (places, found)
    }

    /// Counts packets of one stream from the first on, and gives how many.
    fn record_at(&mut self, at: u32, packets: &[Packet]) -> usize {
        self.slots[at as usize].record_run(packets, &self.config.payloads)
    }

    /// The same for an SSRC that is not known. Padding alone begins no stream.
    #[cold]
    fn record_new(&mut self, packets: &[Packet]) -> usize {
        let first = &packets[0];
        if !self.config.trusted && !first.may_start() {
            self.unvalidated.add(first);
            return 1;
        }
        let at = self.insert(first);
        self.record_at(at, packets)
    }

    /// Reads and counts a raw packet.
    ///
    /// # Errors
    /// `Malformed` as [`super::Header::parse`].
    pub fn record_raw(&mut self, arrival_us: Micros, bytes: &[u8], flags: u8) -> Result<()> {
        self.record(&[Packet::parse(bytes, arrival_us, flags)?]);
        Ok(())
    }

    fn insert(&mut self, packet: &Packet) -> u32 {
        if self.probation.len() >= self.config.max_unvalidated
            && let Some((at, ssrc)) = self.probation.pop_front()
        {
            let stream = &self.slots[at as usize];
            if stream.live && stream.ssrc == ssrc && !stream.is_validated() {
                self.evict(at);
            }
        }
        if self.index.len() >= self.config.max_streams {
            self.evict_one();
        }
        let new = if self.config.trusted { Receiver::trusted } else { Receiver::new };
        let mut stream = new(packet.ssrc, packet.arrival_us);
        for reader in &self.readers {
            // As many readers as there are here fit into every ledger.
            let _ = stream.ledger_mut().reader_from_start(reader.start_us);
        }
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at as usize] = stream;
                at
            }
            None => {
                self.slots.push(stream);
                self.slots.len() as u32 - 1
            }
        };
        let salt = packet.arrival_us as u64 ^ u64::from(packet.ssrc) << 32;
        self.index.insert(&self.slots, at, salt);
        self.probation.push_back((at, packet.ssrc));
        at
    }

    /// Second chance: the next slot that was not heard of since the hand passed it.
    fn evict_one(&mut self) {
        loop {
            self.hand = (self.hand + 1) % self.slots.len();
            let stream = &mut self.slots[self.hand];
            if stream.live && !std::mem::take(&mut stream.heard) {
                return self.evict(self.hand as u32);
            }
        }
    }

    fn evict(&mut self, at: u32) {
        self.index.remove(&self.slots, at);
        let stream = &mut self.slots[at as usize];
        stream.settle();
        stream.live = false;
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
        let Some(at) = self.index.find(&self.slots, ssrc) else { return false };
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
        for stream in self.slots.iter_mut().filter(|stream| stream.live) {
            stream.ledger.reader_from_now(now_us)?;
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
        let mut deltas = Vec::new();
        self.each_delta(reader, now_us, hold, |delta| deltas.push(delta))?;
        deltas.sort_unstable_by_key(|delta| (delta.ssrc.is_none(), delta.ssrc));
        Ok(deltas)
    }

    /// Gives what is pending to `each`, in no particular order.
    pub(crate) fn each_delta(
        &mut self,
        reader: RtpReader,
        now_us: Micros,
        hold: bool,
        mut each: impl FnMut(StreamDelta),
    ) -> Result<()> {
        let handle = Reader::nth(usize::from(reader.0));
        if self.reader_state(reader)?.in_flight {
            return Err(Error::new(
                ErrorKind::AlreadyPending,
                "the deltas taken before are neither acknowledged nor restored",
            ));
        }
        for stream in self.slots.iter_mut().filter(|stream| stream.live && stream.is_validated()) {
            let ledger = &mut stream.ledger;
            if !ledger.has_pending(handle) {
                continue;
            }
            let taken = if hold { ledger.take(handle, now_us)? } else { ledger.flush(handle, now_us)? };
            if let Some(delta) = taken {
                let max_jitter_us = stream.peak_jitter_us(&delta);
                each(StreamDelta { ssrc: Some(stream.ssrc), delta, max_jitter_us });
            }
        }
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
            each(StreamDelta { ssrc: None, delta, max_jitter_us: None });
        }
        Ok(())
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
        for stream in self.slots.iter_mut().filter(|stream| stream.live) {
            stream.ledger.ack(handle)?;
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
        for stream in self.slots.iter_mut().filter(|stream| stream.live) {
            stream.ledger.restore(handle)?;
        }
        Ok(())
    }

    /// Resolves what is held as a possible restart, at the end of the input.
    pub fn settle(&mut self) {
        self.slots.iter_mut().filter(|stream| stream.live).for_each(Receiver::settle);
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
        self.index.find(&self.slots, ssrc).map(|at| &self.slots[at as usize])
    }

    /// All streams in no particular order, validated or not.
    pub fn streams(&self) -> impl Iterator<Item = &Receiver> {
        self.slots.iter().filter(|stream| stream.live)
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
        let spare = (self.slots.capacity() - self.slots.len()) * size_of::<Receiver>();
        let lists = self.free.capacity() * size_of::<u32>()
            + self.probation.capacity() * size_of::<(u32, u32)>()
            + self.readers.capacity() * size_of::<ReaderState>();
        let streams: usize = self.slots.iter().map(Receiver::memory_bytes).sum();
        size_of::<RtpStats>() + streams + spare + lists + self.index.heap_bytes()
    }

    /// Whether no stream is kept.
    pub fn is_empty(&self) -> bool {
        self.index.len() == 0
    }
}
