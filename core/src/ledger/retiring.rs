//! The sum over children that come and go.

use super::{Delta, Ledger, Peak, Reader, Totals};
use crate::error::{Error, ErrorKind, Result};
use crate::time::Micros;
use std::collections::BTreeMap;

/// The total over children with cumulative totals of their own, which never runs backwards: what a
/// child had counted when it was retired stays in the sum, and a child that shows less than before
/// is taken to have restarted from zero (counted in [`RetiringSum::resets`]).
#[derive(Clone, Debug)]
pub struct RetiringSum<K: Ord + Clone, T: Totals, P: Peak = ()> {
    sum: Ledger<T, P>,
    /// What of each live child is in the sum already.
    folded: BTreeMap<K, T>,
    max_children: usize,
    resets: u64,
    unknown: u64,
}

impl<K: Ord + Clone, T: Totals, P: Peak> RetiringSum<K, T, P> {
    /// A sum over nothing yet, with room for `max_children` at a time.
    pub fn new(start_us: Micros, max_children: usize) -> RetiringSum<K, T, P> {
        RetiringSum {
            sum: Ledger::new(start_us),
            folded: BTreeMap::new(),
            max_children,
            resets: 0,
            unknown: 0,
        }
    }

    /// Adds a child whose totals stand at `origin`, which is not counted (`T::default()` for a child
    /// that starts from zero). A key that was retired may be added again.
    ///
    /// # Errors
    /// `InvalidArgument` when the child is there already, `CapacityExceeded` when there are too
    /// many, `Closed` after the close.
    pub fn add(&mut self, key: K, origin: T) -> Result<()> {
        if self.sum.is_closed() {
            return Err(Error::new(ErrorKind::Closed, "the sum is closed"));
        }
        if self.folded.contains_key(&key) {
            return Err(Error::new(ErrorKind::InvalidArgument, "the child is in the sum already"));
        }
        if self.folded.len() >= self.max_children {
            return Err(Error::new(
                ErrorKind::CapacityExceeded,
                format!("a sum over at most {} children", self.max_children),
            ));
        }
        self.folded.insert(key, origin);
        Ok(())
    }

    /// Takes over the cumulative totals that a child shows now. `false`, and counted, when there is
    /// no such child or the sum is closed.
    pub fn observe(&mut self, key: &K, totals: &T) -> bool {
        if self.sum.is_closed() {
            return self.sum.record(totals);
        }
        let Some(mark) = self.folded.get_mut(key) else {
            self.unknown += 1;
            return false;
        };
        if totals.fell_below(mark) {
            self.resets += 1;
            *mark = T::default();
        }
        self.sum.record(&totals.since(mark));
        *mark = *totals;
        true
    }

    /// Takes a child out after folding its last totals into the sum. Further updates of it are
    /// rejected and counted.
    pub fn retire(&mut self, key: &K, totals: &T) -> bool {
        self.observe(key, totals) && self.folded.remove(key).is_some()
    }

    /// The live children.
    pub fn children(&self) -> impl Iterator<Item = &K> {
        self.folded.keys()
    }

    /// How many children restarted from zero without being retired.
    pub fn resets(&self) -> u64 {
        self.resets
    }

    /// How many updates came for children that are not there, or after the close.
    pub fn rejected(&self) -> u64 {
        self.unknown + self.sum.rejected()
    }

    /// The sum over all children that are or were there.
    pub fn total(&self) -> &T {
        self.sum.total()
    }

    /// See [`Ledger::reader_from_start`].
    ///
    /// # Errors
    /// As [`Ledger::reader_from_start`].
    pub fn reader_from_start(&mut self, start_us: Micros) -> Result<Reader> {
        self.sum.reader_from_start(start_us)
    }

    /// See [`Ledger::flush`].
    ///
    /// # Errors
    /// As [`Ledger::flush`].
    pub fn flush(&mut self, reader: Reader, now_us: Micros) -> Result<Option<Delta<T, P>>> {
        self.sum.flush(reader, now_us)
    }

    /// See [`Ledger::take`].
    ///
    /// # Errors
    /// As [`Ledger::take`].
    pub fn take(&mut self, reader: Reader, now_us: Micros) -> Result<Option<Delta<T, P>>> {
        self.sum.take(reader, now_us)
    }

    /// See [`Ledger::ack`].
    ///
    /// # Errors
    /// As [`Ledger::ack`].
    pub fn ack(&mut self, reader: Reader) -> Result<bool> {
        self.sum.ack(reader)
    }

    /// See [`Ledger::restore`].
    ///
    /// # Errors
    /// As [`Ledger::restore`].
    pub fn restore(&mut self, reader: Reader) -> Result<bool> {
        self.sum.restore(reader)
    }

    /// See [`Ledger::pending`].
    ///
    /// # Errors
    /// As [`Ledger::pending`].
    pub fn pending(&self, reader: Reader) -> Result<T> {
        self.sum.pending(reader)
    }

    /// Ends the sum; what the children show afterwards is rejected. `false` when closed already.
    pub fn close(&mut self, now_us: Micros) -> bool {
        self.folded.clear();
        self.sum.close(now_us)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Tally;
    use super::*;

    fn bytes(n: u64) -> Tally<1, 0> {
        Tally { counters: [n], signed: [] }
    }

    #[test]
    fn removing_and_adding_again_loses_nothing() {
        let mut sum: RetiringSum<u32, Tally<1, 0>> = RetiringSum::new(0, 8);
        let reader = sum.reader_from_start(0).unwrap();
        sum.add(7, bytes(0)).unwrap();
        sum.observe(&7, &bytes(100));
        assert!(sum.retire(&7, &bytes(130)));
        assert!(!sum.observe(&7, &bytes(140)));
        assert_eq!(sum.rejected(), 1);
        sum.add(7, bytes(0)).unwrap();
        sum.observe(&7, &bytes(30));
        assert_eq!(*sum.total(), bytes(160));
        assert_eq!(sum.flush(reader, 1).unwrap().unwrap().value, bytes(160));
    }

    #[test]
    fn a_child_that_shows_less_restarted() {
        let mut sum: RetiringSum<u32, Tally<1, 0>> = RetiringSum::new(0, 1);
        sum.add(1, bytes(50)).unwrap();
        sum.observe(&1, &bytes(80));
        sum.observe(&1, &bytes(20));
        assert_eq!((*sum.total(), sum.resets()), (bytes(50), 1));
        assert_eq!(sum.add(2, bytes(0)).unwrap_err().kind(), ErrorKind::CapacityExceeded);
        assert_eq!(sum.add(1, bytes(0)).unwrap_err().kind(), ErrorKind::InvalidArgument);
        sum.close(5);
        assert!(!sum.observe(&1, &bytes(30)));
        assert_eq!(sum.add(1, bytes(0)).unwrap_err().kind(), ErrorKind::Closed);
    }
}
