//! Cumulative totals that any number of independent readers take deltas from, losing nothing.
//!
//! For every reader of a [`Ledger`], at every moment:
//! `acknowledged + in flight + pending = total`. A source that goes away is folded into the total of
//! its parent first ([`RetiringSum`]), so that sums do not run backwards.

mod retiring;

pub use retiring::RetiringSum;

use crate::error::{Error, ErrorKind, Result};
use crate::time::{Interval, Micros};

/// A set of totals. Fields of two kinds are meant: *counters*, which only grow, and *signed* ones,
/// which may also fall; a fall then appears as a negative delta and is never dropped.
pub trait Totals: Copy + Default + PartialEq {
    /// Adds a delta, field by field; a counter saturates, a signed field wraps.
    fn add(&mut self, delta: &Self);
    /// What came since `mark`, field by field, where `mark` is an earlier state of the same totals.
    fn since(&self, mark: &Self) -> Self;
    /// Whether any counter is below that of `mark`, so that `mark` cannot be an earlier state.
    fn fell_below(&self, mark: &Self) -> bool;
    /// Whether every field is zero.
    fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// The largest of something within an interval; each reader gets that of its own interval.
pub trait Peak: Copy + Default {
    /// Takes over what is larger in `other`.
    fn merge(&mut self, other: &Self);
}

impl Peak for () {
    fn merge(&mut self, (): &()) {}
}

impl Peak for u64 {
    fn merge(&mut self, other: &u64) {
        *self = (*self).max(*other);
    }
}

/// Implements [`Totals`] for a struct of `u64` counters and `i64` signed fields.
macro_rules! totals {
    ($name:ident { counters: $($counter:ident),* ; signed: $($signed:ident),* }) => {
        impl $crate::ledger::Totals for $name {
            fn add(&mut self, delta: &Self) {
                $(self.$counter = self.$counter.saturating_add(delta.$counter);)*
                $(self.$signed = self.$signed.wrapping_add(delta.$signed);)*
            }
            fn since(&self, mark: &Self) -> Self {
                $name {
                    $($counter: self.$counter.saturating_sub(mark.$counter),)*
                    $($signed: self.$signed.wrapping_sub(mark.$signed),)*
                }
            }
            fn fell_below(&self, mark: &Self) -> bool {
                false $(|| self.$counter < mark.$counter)*
            }
        }
    };
}
pub(crate) use totals;

/// `C` counters and `S` signed fields without names, for totals that are not worth a struct.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tally<const C: usize, const S: usize> {
    /// Fields that only grow.
    pub counters: [u64; C],
    /// Fields that may fall.
    pub signed: [i64; S],
}

impl<const C: usize, const S: usize> Default for Tally<C, S> {
    fn default() -> Self {
        Tally { counters: [0; C], signed: [0; S] }
    }
}

impl<const C: usize, const S: usize> Totals for Tally<C, S> {
    fn add(&mut self, delta: &Self) {
        self.counters.iter_mut().zip(delta.counters).for_each(|(x, d)| *x = x.saturating_add(d));
        self.signed.iter_mut().zip(delta.signed).for_each(|(x, d)| *x = x.wrapping_add(d));
    }

    fn since(&self, mark: &Self) -> Self {
        let mut delta = *self;
        delta.counters.iter_mut().zip(mark.counters).for_each(|(x, m)| *x = x.saturating_sub(m));
        delta.signed.iter_mut().zip(mark.signed).for_each(|(x, m)| *x = x.wrapping_sub(m));
        delta
    }

    fn fell_below(&self, mark: &Self) -> bool {
        self.counters.iter().zip(mark.counters).any(|(x, m)| *x < m)
    }
}

/// A reader of one [`Ledger`]; valid for the ledger that made it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Reader {
    slot: u32,
    generation: u32,
}

impl Reader {
    /// The n-th reader of a ledger from which none was ever removed.
    pub(crate) const fn nth(n: usize) -> Reader {
        Reader { slot: n as u32, generation: 0 }
    }
}

/// What a reader took: everything since it took last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delta<T, P = ()> {
    /// What was added, field by field.
    pub value: T,
    /// The largest values within the interval.
    pub peak: P,
    /// From the time the reader took last to now.
    pub interval: Interval,
    /// Whether the ledger is closed: this is the last delta, the tail included.
    pub last: bool,
}

/// How many readers one ledger may have.
pub const MAX_READERS: usize = 64;

/// Totals, and what each reader has taken of them. Not synchronised: whoever shares a ledger puts a
/// lock around it. Recording costs O(1) whatever the number of readers, taking O(fields).
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Ledger<T: Totals, P: Peak = ()> {
    /// Peaks since anybody took; folded into every reader whenever one takes. Beside the first of
    /// the totals, which change as often.
    peak: P,
    total: T,
    readers: Vec<Slot<T, P>>,
    /// When it was closed; [`OPEN`] before.
    closed_us: Micros,
    /// The latest time at which anybody took; no interval starts after it ends.
    taken_us: Micros,
    rejected: u64,
}

/// No time of a close: that is later than a start.
const OPEN: Micros = Micros::MIN;

#[derive(Clone, Debug)]
struct Slot<T, P> {
    taken: T,
    since_us: Micros,
    peak: P,
    generation: u32,
    live: bool,
    /// It has got the last delta.
    ended: bool,
    in_flight: Option<Box<Delta<T, P>>>,
}

impl<T: Totals, P: Peak> Ledger<T, P> {
    /// An empty ledger that starts at `start_us`.
    pub fn new(start_us: Micros) -> Ledger<T, P> {
        Ledger {
            total: T::default(),
            peak: P::default(),
            readers: Vec::new(),
            closed_us: OPEN,
            taken_us: start_us,
            rejected: 0,
        }
    }

    /// A ledger that continues totals from elsewhere. What was counted there was reported there, so
    /// its readers are added with [`Ledger::reader_from_now`].
    pub fn seeded(start_us: Micros, total: T) -> Ledger<T, P> {
        Ledger { total, ..Ledger::new(start_us) }
    }

    /// Adds `delta`. After [`Ledger::close`] it is rejected and counted, and `false` comes back.
    pub fn record(&mut self, delta: &T) -> bool {
        if self.is_closed() {
            self.rejected += 1;
            return false;
        }
        self.total.add(delta);
        true
    }

    /// Notes a peak for all readers; nothing after the close.
    pub fn record_peak(&mut self, peak: &P) {
        if !self.is_closed() {
            self.peak.merge(peak);
        }
    }

    /// The totals, to be updated in place on a hot path. The caller lets no counter fall.
    pub(crate) fn total_mut(&mut self) -> &mut T {
        &mut self.total
    }

    /// The same with the peak since anybody took.
    pub(crate) fn hot_mut(&mut self) -> (&mut T, &mut P) {
        (&mut self.total, &mut self.peak)
    }

    /// Notes the peak for the readers that there are, and begins a new one.
    pub(crate) fn fold_peak(&mut self) {
        let peak = std::mem::take(&mut self.peak);
        self.readers.iter_mut().for_each(|slot| slot.peak.merge(&peak));
    }

    /// Everything recorded.
    pub fn total(&self) -> &T {
        &self.total
    }

    /// How many records came after the close.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Whether the ledger is closed.
    pub fn is_closed(&self) -> bool {
        self.closed_us != OPEN
    }

    /// Adds a reader that gets everything recorded after `mark`, beginning at `since_us`.
    fn add_reader(&mut self, mark: T, since_us: Micros) -> Result<Reader> {
        let slot = Slot {
            taken: mark,
            since_us,
            peak: P::default(),
            generation: 0,
            live: true,
            ended: false,
            in_flight: None,
        };
        if let Some(i) = self.readers.iter().position(|slot| !slot.live) {
            let generation = self.readers[i].generation.wrapping_add(1);
            self.readers[i] = Slot { generation, ..slot };
            return Ok(Reader { slot: i as u32, generation });
        }
        if self.readers.len() >= MAX_READERS {
            return Err(Error::new(
                ErrorKind::CapacityExceeded,
                format!("a ledger has at most {MAX_READERS} readers"),
            ));
        }
        // Readers are few and stay, and ledgers are many: no room for more than there are.
        self.readers.reserve_exact(1);
        self.readers.push(slot);
        Ok(Reader { slot: self.readers.len() as u32 - 1, generation: 0 })
    }

    /// A reader of everything recorded so far and from now on.
    ///
    /// # Errors
    /// `CapacityExceeded` when there are [`MAX_READERS`].
    pub fn reader_from_start(&mut self, start_us: Micros) -> Result<Reader> {
        self.add_reader(T::default(), start_us)
    }

    /// A reader of what is recorded from `now_us` on.
    ///
    /// # Errors
    /// `CapacityExceeded` when there are [`MAX_READERS`].
    pub fn reader_from_now(&mut self, now_us: Micros) -> Result<Reader> {
        // What peaked before belongs to the readers that were there.
        self.fold_peak();
        self.add_reader(self.total, now_us)
    }

    /// Takes a reader out; what it has not taken stays in the total only.
    ///
    /// # Errors
    /// `NotFound` for a reader of another ledger or one that was removed.
    pub fn remove_reader(&mut self, reader: Reader) -> Result<()> {
        let slot = self.slot(reader)?;
        slot.live = false;
        slot.in_flight = None;
        Ok(())
    }

    fn slot(&mut self, reader: Reader) -> Result<&mut Slot<T, P>> {
        self.readers
            .get_mut(reader.slot as usize)
            .filter(|slot| slot.live && slot.generation == reader.generation)
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "no such reader in this ledger"))
    }

    /// What the reader has not yet taken.
    ///
    /// # Errors
    /// `NotFound` for a reader of another ledger or one that was removed.
    pub fn pending(&self, reader: Reader) -> Result<T> {
        self.readers
            .get(reader.slot as usize)
            .filter(|slot| slot.live && slot.generation == reader.generation)
            .map(|slot| self.total.since(&slot.taken))
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "no such reader in this ledger"))
    }

    /// Whether there is anything the reader has not yet taken, as far as it is in the totals.
    pub(crate) fn has_pending(&self, reader: Reader) -> bool {
        self.readers.get(reader.slot as usize).is_some_and(|slot| slot.taken != self.total)
    }

    /// What the reader has taken but not acknowledged.
    ///
    /// # Errors
    /// `NotFound` for a reader of another ledger or one that was removed.
    pub fn in_flight(&mut self, reader: Reader) -> Result<Option<Delta<T, P>>> {
        Ok(self.slot(reader)?.in_flight.as_deref().copied())
    }

    /// Takes everything pending and counts it as delivered. After the close there is exactly one
    /// more delta (`last`), then `None`.
    ///
    /// # Errors
    /// `NotFound` for an unknown reader; `AlreadyPending` while a delta of [`Ledger::take`] is in
    /// flight.
    pub fn flush(&mut self, reader: Reader, now_us: Micros) -> Result<Option<Delta<T, P>>> {
        let delta = self.take_inner(reader, now_us)?;
        if delta.is_some_and(|delta| delta.last) {
            self.slot(reader)?.ended = true;
        }
        Ok(delta)
    }

    /// Takes everything pending and holds it in flight until [`Ledger::ack`] or
    /// [`Ledger::restore`].
    ///
    /// # Errors
    /// `NotFound` for an unknown reader; `AlreadyPending` while the delta before is in flight.
    pub fn take(&mut self, reader: Reader, now_us: Micros) -> Result<Option<Delta<T, P>>> {
        let delta = self.take_inner(reader, now_us)?;
        if let Some(delta) = delta {
            self.slot(reader)?.in_flight = Some(Box::new(delta));
        }
        Ok(delta)
    }

    fn take_inner(&mut self, reader: Reader, now_us: Micros) -> Result<Option<Delta<T, P>>> {
        if self.slot(reader)?.in_flight.is_some() {
            return Err(Error::new(
                ErrorKind::AlreadyPending,
                "the delta taken before is neither acknowledged nor restored",
            ));
        }
        if self.slot(reader)?.ended {
            return Ok(None);
        }
        self.fold_peak();
        let (total, last) = (self.total, self.is_closed());
        let end_us = if last { self.closed_us } else { now_us };
        let slot = self.slot(reader)?;
        let end_us = end_us.max(slot.since_us);
        let delta = Delta {
            value: total.since(&slot.taken),
            peak: std::mem::take(&mut slot.peak),
            interval: Interval::new(slot.since_us, end_us),
            last,
        };
        slot.taken = total;
        slot.since_us = end_us;
        self.taken_us = self.taken_us.max(end_us);
        Ok(Some(delta))
    }

    /// The delta in flight has arrived. `false` when there was none.
    ///
    /// # Errors
    /// `NotFound` for an unknown reader.
    pub fn ack(&mut self, reader: Reader) -> Result<bool> {
        let slot = self.slot(reader)?;
        let Some(held) = slot.in_flight.take() else { return Ok(false) };
        slot.ended = held.last;
        Ok(true)
    }

    /// The delta in flight was not delivered: it is pending again, and so is its interval. `false`
    /// when there was none.
    ///
    /// # Errors
    /// `NotFound` for an unknown reader.
    pub fn restore(&mut self, reader: Reader) -> Result<bool> {
        let slot = self.slot(reader)?;
        let Some(held) = slot.in_flight.take() else { return Ok(false) };
        slot.taken = slot.taken.since(&held.value);
        slot.since_us = held.interval.start_us;
        slot.peak.merge(&held.peak);
        Ok(true)
    }

    /// Ends the ledger. Every reader gets one more delta. `false` when it was closed already.
    pub fn close(&mut self, now_us: Micros) -> bool {
        if self.is_closed() {
            return false;
        }
        self.closed_us = now_us.max(self.taken_us).max(OPEN + 1);
        true
    }

    /// Whether the ledger is closed and every reader has got, and acknowledged, its last delta.
    pub fn is_drained(&self) -> bool {
        self.is_closed() && self.readers.iter().all(|slot| !slot.live || slot.ended)
    }

    /// The memory behind this ledger in bytes: readers and deltas in flight.
    pub fn heap_bytes(&self) -> usize {
        let held = self.readers.iter().filter(|slot| slot.in_flight.is_some()).count();
        self.readers.capacity() * size_of::<Slot<T, P>>() + held * size_of::<Delta<T, P>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Two = Tally<1, 1>;

    fn two(counter: u64, signed: i64) -> Two {
        Tally { counters: [counter], signed: [signed] }
    }

    #[test]
    fn readers_are_independent_and_corrections_signed() {
        let mut ledger: Ledger<Two> = Ledger::new(0);
        let (a, b) = (ledger.reader_from_start(0).unwrap(), ledger.reader_from_start(0).unwrap());
        ledger.record(&two(10, 3));
        assert_eq!(ledger.flush(a, 5).unwrap().unwrap().value, two(10, 3));
        ledger.record(&two(1, -2));
        assert_eq!(ledger.flush(a, 9).unwrap().unwrap().value, two(1, -2));
        let all = ledger.flush(b, 9).unwrap().unwrap();
        assert_eq!((all.value, all.interval), (two(11, 1), Interval::new(0, 9)));
        let late = ledger.reader_from_now(9).unwrap();
        assert_eq!(ledger.pending(late).unwrap(), two(0, 0));
    }

    #[test]
    fn close_yields_one_last_delta_until_acknowledged() {
        let mut ledger: Ledger<Two> = Ledger::new(0);
        let reader = ledger.reader_from_start(0).unwrap();
        ledger.record(&two(5, 0));
        assert!(ledger.close(7) && !ledger.close(8));
        assert!(!ledger.record(&two(1, 0)));
        assert_eq!(ledger.rejected(), 1);
        for _ in 0..3 {
            let delta = ledger.take(reader, 20).unwrap().unwrap();
            assert_eq!((delta.value, delta.last, delta.interval.end_us), (two(5, 0), true, 7));
            assert!(ledger.restore(reader).unwrap() && !ledger.restore(reader).unwrap());
        }
        ledger.take(reader, 30).unwrap();
        assert_eq!(ledger.take(reader, 31).unwrap_err().kind(), ErrorKind::AlreadyPending);
        assert!(!ledger.is_drained());
        assert!(ledger.ack(reader).unwrap() && !ledger.ack(reader).unwrap());
        assert!(ledger.take(reader, 40).unwrap().is_none() && ledger.is_drained());
    }

    #[test]
    fn each_reader_has_the_peak_of_its_own_interval() {
        let mut ledger: Ledger<Two, u64> = Ledger::new(0);
        let (a, b) = (ledger.reader_from_start(0).unwrap(), ledger.reader_from_start(0).unwrap());
        ledger.record_peak(&9);
        assert_eq!(ledger.flush(a, 1).unwrap().unwrap().peak, 9);
        ledger.record_peak(&4);
        assert_eq!(ledger.take(a, 2).unwrap().unwrap().peak, 4);
        ledger.restore(a).unwrap();
        ledger.record_peak(&2);
        assert_eq!(ledger.flush(a, 3).unwrap().unwrap().peak, 4);
        assert_eq!(ledger.flush(b, 3).unwrap().unwrap().peak, 9);
    }

    #[test]
    fn readers_are_bounded_and_stale_ones_refused() {
        let mut ledger: Ledger<Two> = Ledger::new(0);
        let first = ledger.reader_from_start(0).unwrap();
        for _ in 1..MAX_READERS {
            ledger.reader_from_start(0).unwrap();
        }
        assert_eq!(ledger.reader_from_start(0).unwrap_err().kind(), ErrorKind::CapacityExceeded);
        ledger.remove_reader(first).unwrap();
        let second = ledger.reader_from_start(0).unwrap();
        assert_eq!(ledger.pending(first).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(ledger.pending(second).is_ok());
    }

    #[test]
    fn seeded_totals_continue_without_counting_twice() {
        let mut ledger: Ledger<Two> = Ledger::seeded(0, two(100, 5));
        let reader = ledger.reader_from_now(0).unwrap();
        ledger.record(&two(1, 0));
        assert_eq!(ledger.flush(reader, 1).unwrap().unwrap().value, two(1, 0));
        assert_eq!(*ledger.total(), two(101, 5));
    }
}
