//! What a ring holds: slots, pins, evicted chunks that are still held.
//!
//! A chunk's slot is found by its sequence number, and slots are written in place: building one and
//! moving it in costs as much as the lock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::chunk::Batch;
use super::pool::Pool;
use super::position::{CloseReason, Join, Joined, Lag, Position};
use super::{Read, RingConfig};
use crate::error::{Error, ErrorKind, Result};
use crate::time::Micros;

const MIN_SLOTS: usize = 16;

/// One buffered chunk.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) buffer: Vec<u8>,
    pub(super) time_us: Micros,
    pub(super) random_access: bool,
    pub(super) preamble: Option<Arc<[u8]>>,
    /// Bytes published before this chunk.
    offset_bytes: u64,
}

/// How often a slot is held, and its length again. Apart from the slots, so that pinning a batch
/// writes to few cache lines: the slots themselves stay shared between the readers' cores.
#[derive(Clone, Copy, Debug, Default)]
struct Pins {
    count: u32,
    len: u32,
}

/// A chunk that was evicted while somebody held it.
#[derive(Debug)]
struct Retired {
    buffer: Vec<u8>,
    pins: u32,
}

#[derive(Debug)]
pub(super) struct Store {
    pub(super) config: RingConfig,
    /// By sequence number modulo their count, which is 0 or a power of two; as many pins.
    slots: Vec<Slot>,
    pins: Vec<Pins>,
    retired: BTreeMap<u64, Retired>,
    /// Sequence numbers of the buffered random-access points.
    access_points: VecDeque<u64>,
    /// The oldest buffered chunk.
    pub(super) tail: Position,
    /// Where the next chunk goes.
    pub(super) head: Position,
    origin_us: Option<Micros>,
    /// Distinct chunks that are held, buffered or evicted.
    pub(super) held_chunks: u64,
    pub(super) held_bytes: u64,
    pub(super) retired_bytes: u64,
    pub(super) times_went_back: u64,
    pub(super) closed: Option<CloseReason>,
    pub(super) pool: Pool,
}

impl Store {
    pub(super) fn new(config: RingConfig) -> Store {
        let start = Position { epoch: config.epoch, sequence: 0, offset_bytes: 0, time_us: None };
        let pool = Pool::prewarmed(config.payload_hint_bytes, config.max_chunks);
        Store {
            config,
            slots: Vec::new(),
            pins: Vec::new(),
            retired: BTreeMap::new(),
            access_points: VecDeque::new(),
            tail: start,
            head: start,
            origin_us: None,
            held_chunks: 0,
            held_bytes: 0,
            retired_bytes: 0,
            times_went_back: 0,
            closed: None,
            pool,
        }
    }

    /// Makes room for `len` more bytes at `now_us`, so that the freed buffer can take them.
    pub(super) fn make_room(&mut self, len: usize, now_us: Micros) {
        let now_us = now_us.max(self.head.time_us.unwrap_or(Micros::MIN));
        self.expire(now_us);
        while !self.is_empty()
            && (self.buffered_chunks() >= self.config.max_chunks as u64
                || self.buffered_bytes().saturating_add(len as u64) > self.config.max_bytes)
        {
            self.evict();
        }
    }

    /// Evicts what is older than the age limit allows at `now_us`.
    pub(super) fn expire(&mut self, now_us: Micros) {
        if let Some(max_age_us) = self.config.max_age_us {
            while self.oldest_us().is_some_and(|oldest_us| now_us.saturating_sub(oldest_us) > max_age_us) {
                self.evict();
            }
        }
    }

    /// Appends a chunk; room was made and the ring is open.
    pub(super) fn append(
        &mut self,
        buffer: Vec<u8>,
        now_us: Micros,
        random_access: bool,
        preamble: Option<Arc<[u8]>>,
    ) -> u64 {
        let time_us = match self.head.time_us {
            Some(last_us) if now_us < last_us => {
                self.times_went_back += 1;
                last_us
            }
            _ => now_us,
        };
        let sequence = self.head.sequence;
        let offset_bytes = self.head.offset_bytes;
        let len = u32::try_from(buffer.len()).expect("longer chunks are refused before");
        self.origin_us.get_or_insert(time_us);
        self.head.sequence += 1;
        self.head.offset_bytes += buffer.len() as u64;
        self.head.time_us = Some(time_us);
        if random_access {
            self.access_points.push_back(sequence);
        }
        if sequence - self.tail.sequence == self.slots.len() as u64 {
            self.grow();
        }
        let at = self.place(sequence);
        let slot = &mut self.slots[at];
        slot.buffer = buffer;
        slot.time_us = time_us;
        slot.random_access = random_access;
        slot.preamble = preamble;
        slot.offset_bytes = offset_bytes;
        self.pins[at] = Pins { count: 0, len };
        sequence
    }

    /// Twice as many slots; every one in use is one of a buffered chunk.
    #[cold]
    fn grow(&mut self) {
        let count = (2 * self.slots.len()).max(MIN_SLOTS);
        let mut slots: Vec<Slot> = (0..count).map(|_| Slot::default()).collect();
        let mut pins = vec![Pins::default(); count];
        for step in 0..self.slots.len() as u64 {
            let sequence = self.tail.sequence + step;
            let (from, to) = (self.place(sequence), sequence as usize % count);
            slots[to] = std::mem::take(&mut self.slots[from]);
            pins[to] = self.pins[from];
        }
        (self.slots, self.pins) = (slots, pins);
    }

    /// Where the slot of a buffered chunk is.
    #[inline]
    fn place(&self, sequence: u64) -> usize {
        sequence as usize & self.slots.len().wrapping_sub(1)
    }

    /// Drops the oldest chunk; there is one.
    #[inline]
    fn evict(&mut self) {
        let sequence = self.tail.sequence;
        let at = self.place(sequence);
        let slot = &mut self.slots[at];
        let buffer = std::mem::take(&mut slot.buffer);
        self.tail.sequence += 1;
        self.tail.offset_bytes += buffer.len() as u64;
        self.tail.time_us = Some(slot.time_us);
        if slot.random_access {
            slot.preamble = None;
            self.access_points.pop_front();
        }
        match self.pins[at].count {
            0 => self.pool.put(buffer),
            pins => self.retire(sequence, buffer, pins),
        }
    }

    #[cold]
    fn retire(&mut self, sequence: u64, buffer: Vec<u8>, pins: u32) {
        self.retired_bytes += buffer.len() as u64;
        self.retired.insert(sequence, Retired { buffer, pins });
    }

    /// Fills `batch` (which holds nothing) from `from`, which lies between tail and head, and says
    /// what comes next. Fails when nothing could be taken because too much is held already.
    pub(super) fn take(
        &mut self,
        from: Position,
        max_chunks: usize,
        max_bytes: u64,
        batch: &mut Batch,
    ) -> Result<Position> {
        let mut next = from;
        batch.start_at(from.sequence);
        for sequence in from.sequence..self.head.sequence {
            let at = self.place(sequence);
            let (slot, pins) = (&self.slots[at], &mut self.pins[at]);
            let len = u64::from(pins.len);
            if batch.len() >= max_chunks || (!batch.is_empty() && batch.bytes() + len > max_bytes) {
                break;
            }
            if pins.count == 0 {
                if self.held_bytes >= self.config.max_held_bytes {
                    if batch.is_empty() {
                        return Err(held_too_much(self.held_bytes, self.config.max_held_bytes));
                    }
                    break;
                }
                self.held_bytes += len;
                self.held_chunks += 1;
            }
            add_pin(&mut pins.count);
            batch.push(slot);
        }
        if let Some(time_us) = batch.last_us() {
            next.sequence += batch.len() as u64;
            next.offset_bytes += batch.bytes();
            next.time_us = Some(time_us);
        }
        Ok(next)
    }

    /// Undoes one hold of each of the `count` chunks from `first` on.
    pub(super) fn unpin(&mut self, first: u64, count: usize) {
        let mut sequence = first;
        let end = first + count as u64;
        while sequence < end && sequence < self.tail.sequence {
            self.unpin_retired(sequence);
            sequence += 1;
        }
        for sequence in sequence..end {
            let at = self.place(sequence);
            let pins = &mut self.pins[at];
            pins.count -= 1;
            if pins.count == 0 {
                self.held_chunks -= 1;
                self.held_bytes -= u64::from(pins.len);
            }
        }
    }

    #[cold]
    fn unpin_retired(&mut self, sequence: u64) {
        let retired = self.retired.get_mut(&sequence).expect("an evicted chunk stays while it is held");
        retired.pins -= 1;
        if retired.pins == 0
            && let Some(Retired { buffer, .. }) = self.retired.remove(&sequence)
        {
            let len = buffer.len() as u64;
            self.held_chunks -= 1;
            self.held_bytes -= len;
            self.retired_bytes -= len;
            self.pool.put(buffer);
        }
    }

    /// One more hold of a chunk that is held already.
    pub(super) fn pin_again(&mut self, sequence: u64) {
        let at = self.place(sequence);
        add_pin(match sequence.checked_sub(self.tail.sequence) {
            Some(_) => &mut self.pins[at].count,
            None => &mut self.retired.get_mut(&sequence).expect("an evicted chunk stays while held").pins,
        });
    }

    /// Reads from any position of this ring's epoch, the oldest chunk when that is later.
    pub(super) fn read(
        &mut self,
        requested: Position,
        max_chunks: usize,
        max_bytes: u64,
        batch: &mut Batch,
    ) -> Result<Read> {
        self.check(requested)?;
        let from = if requested.sequence < self.tail.sequence { self.tail } else { requested };
        let next = self.take(from, max_chunks, max_bytes, batch)?;
        Ok(self.report(requested, from, next, batch))
    }

    /// Names what a read that started at `from` instead of `requested` and ended at `next` saw.
    pub(super) fn report(&self, requested: Position, from: Position, next: Position, batch: &Batch) -> Read {
        Read {
            requested,
            next,
            chunks: batch.len(),
            bytes: batch.bytes(),
            behind: self.distance(requested, from),
            lag: self.distance(next, self.head),
            oldest: self.tail.sequence,
            newest: self.newest(),
            buffered_chunks: self.buffered_chunks(),
            buffered_bytes: self.buffered_bytes(),
            skipped: None,
            warning: false,
            closed: if next.sequence == self.head.sequence { self.closed.clone() } else { None },
        }
    }

    /// Refuses a position of another epoch, or one that this ring has not come to.
    pub(super) fn check(&self, position: Position) -> Result<()> {
        if position.epoch != self.head.epoch {
            return Err(Error::new(
                ErrorKind::StaleCursor,
                format!("position is of epoch {}, the ring of epoch {}", position.epoch, self.head.epoch),
            ));
        }
        if position.sequence > self.head.sequence {
            return Err(Error::new(
                ErrorKind::StaleCursor,
                format!("position {} lies ahead of the ring at {}", position.sequence, self.head.sequence),
            ));
        }
        Ok(())
    }

    /// Whether a reader at `position` need not wait.
    pub(super) fn has_after(&self, position: Position) -> bool {
        self.head.sequence > position.sequence || self.closed.is_some()
    }

    pub(super) fn join(&self, join: Join) -> Joined {
        let (sequence, satisfied) = match join {
            Join::Live => (self.head.sequence, true),
            Join::Oldest => (self.tail.sequence, true),
            Join::LagBytes(bytes) if bytes <= 0 => (self.head.sequence, true),
            Join::LagTime(time_us) if time_us <= 0 => (self.head.sequence, true),
            Join::LagBytes(bytes) => {
                let enough = |slot: &Slot| self.head.offset_bytes - slot.offset_bytes >= bytes.unsigned_abs();
                self.newest_where(enough)
            }
            Join::LagTime(time_us) => {
                let newest_us = self.head.time_us.unwrap_or(Micros::MIN);
                self.newest_where(|slot| newest_us.saturating_sub(slot.time_us) >= time_us)
            }
            Join::RandomAccess => match self.access_points.back() {
                Some(sequence) => (*sequence, true),
                None => (self.head.sequence, false),
            },
        };
        Joined { position: self.position_of(sequence), satisfied }
    }

    /// The newest slot for which `enough` holds (which it does from the oldest up to some slot),
    /// else the oldest.
    fn newest_where(&self, enough: impl Fn(&Slot) -> bool) -> (u64, bool) {
        let (mut low, mut high) = (self.tail.sequence, self.head.sequence);
        while low < high {
            let middle = low + (high - low) / 2;
            if enough(&self.slots[self.place(middle)]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let count = low - self.tail.sequence;
        (self.tail.sequence + count.saturating_sub(1), count > 0)
    }

    /// The position of a sequence number between tail and head.
    pub(super) fn position_of(&self, sequence: u64) -> Position {
        if sequence == self.head.sequence {
            return self.head;
        }
        if sequence == self.tail.sequence {
            return self.tail;
        }
        Position {
            epoch: self.head.epoch,
            sequence,
            offset_bytes: self.slots[self.place(sequence)].offset_bytes,
            time_us: Some(self.slots[self.place(sequence - 1)].time_us),
        }
    }

    /// How far `to` is ahead of `from`; 0 in a measure in which it is not.
    pub(super) fn distance(&self, from: Position, to: Position) -> Lag {
        let time_of = |position: Position| position.time_us.or(self.origin_us);
        let time_us = match (time_of(from), time_of(to)) {
            (Some(from_us), Some(to_us)) => to_us.saturating_sub(from_us).max(0),
            _ => 0,
        };
        Lag {
            chunks: to.sequence.saturating_sub(from.sequence),
            bytes: to.offset_bytes.saturating_sub(from.offset_bytes),
            time_us,
        }
    }

    /// The first buffered random-access point at or after `sequence`.
    pub(super) fn access_from(&self, sequence: u64) -> Option<u64> {
        let at = self.access_points.partition_point(|point| *point < sequence);
        self.access_points.get(at).copied()
    }

    pub(super) fn latest_access(&self) -> Option<u64> {
        self.access_points.back().copied()
    }

    pub(super) fn access_count(&self) -> u64 {
        self.access_points.len() as u64
    }

    pub(super) fn retired_chunks(&self) -> u64 {
        self.retired.len() as u64
    }

    /// Publish time of the oldest buffered chunk.
    pub(super) fn oldest_us(&self) -> Option<Micros> {
        (!self.is_empty()).then(|| self.slots[self.place(self.tail.sequence)].time_us)
    }

    pub(super) fn newest(&self) -> Option<u64> {
        if self.is_empty() { None } else { Some(self.head.sequence - 1) }
    }

    pub(super) fn buffered_chunks(&self) -> u64 {
        self.head.sequence - self.tail.sequence
    }

    fn is_empty(&self) -> bool {
        self.head.sequence == self.tail.sequence
    }

    pub(super) fn buffered_bytes(&self) -> u64 {
        self.head.offset_bytes - self.tail.offset_bytes
    }
}

fn add_pin(count: &mut u32) {
    *count = count.checked_add(1).expect("a chunk cannot be held 2^32 times: each hold takes memory");
}

#[cold]
fn held_too_much(held_bytes: u64, max_held_bytes: u64) -> Error {
    Error::new(
        ErrorKind::CapacityExceeded,
        format!("readers hold {held_bytes} bytes of the {max_held_bytes} that may be held"),
    )
}
