//! How many there are at once.

use crate::error::{Error, ErrorKind, Result};
use crate::time::{Interval, Micros};
use std::collections::VecDeque;

/// A number over time that goes up and down in steps, from events in any order.
///
/// The latest changes are kept, and whatever is asked of their time is exact. Older ones are folded
/// into a peak and an area, exact too, as long as no event comes that is older than all that is
/// kept; such an event counts from there on.
#[derive(Clone, Debug)]
pub struct Concurrency {
    max_changes: usize,
    /// Changes by time, one for each time.
    changes: VecDeque<(Micros, i64)>,
    folded: Folded,
    /// Events that were older than what is kept.
    early: u64,
}

/// What the kept changes follow on.
#[derive(Clone, Copy, Debug, Default)]
struct Folded {
    /// From the first event to the last folded one.
    span: Option<Interval>,
    level: i64,
    /// Level times microseconds.
    area: i128,
    peak: i64,
    peak_us: Micros,
}

/// What a concurrency was in an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConcurrencyStats {
    /// What was asked, or from the first event to now.
    pub interval: Interval,
    /// The highest level.
    pub peak: u64,
    /// When it was reached first.
    pub peak_us: Micros,
    /// The sum of time over all of them, in microseconds.
    pub area_us: u128,
}

impl ConcurrencyStats {
    /// The mean weighted by time; absent for an interval of no time.
    pub fn mean(&self) -> Option<f64> {
        let duration_us = self.interval.duration_us();
        (duration_us > 0).then(|| self.area_us as f64 / duration_us as f64)
    }
}

impl Concurrency {
    /// Nothing yet; `max_changes` are kept.
    ///
    /// # Errors
    /// `InvalidArgument` when `max_changes` is 0.
    pub fn new(max_changes: usize) -> Result<Concurrency> {
        if max_changes == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, "max_changes is 0, at least 1"));
        }
        Ok(Concurrency { max_changes, changes: VecDeque::new(), folded: Folded::default(), early: 0 })
    }

    /// `delta` more from `at_us` on.
    pub fn record(&mut self, at_us: Micros, delta: i64) {
        if delta == 0 {
            return;
        }
        if let Some(span) = self.folded.span.filter(|span| at_us < span.end_us) {
            self.early += 1;
            return self.insert(span.end_us, delta);
        }
        self.insert(at_us, delta);
    }

    fn insert(&mut self, at_us: Micros, delta: i64) {
        let mut at = self.changes.len();
        while at > 0 && self.changes[at - 1].0 > at_us {
            at -= 1;
        }
        match at.checked_sub(1).map(|before| &mut self.changes[before]).filter(|change| change.0 == at_us) {
            Some(change) => change.1 += delta,
            None => self.changes.insert(at, (at_us, delta)),
        }
        while self.changes.len() > self.max_changes {
            if let Some((at_us, delta)) = self.changes.pop_front() {
                self.folded.go_on(at_us);
                self.folded.step(at_us, delta);
            }
        }
    }

    /// How many there are after all events.
    pub fn level(&self) -> u64 {
        let level = self.folded.level + self.changes.iter().map(|change| change.1).sum::<i64>();
        level.max(0) as u64
    }

    /// All of it up to `now_us`; absent before the first event.
    pub fn total(&self, now_us: Micros) -> Option<ConcurrencyStats> {
        let mut folded = self.folded;
        for &(at_us, delta) in self.changes.iter().take_while(|change| change.0 <= now_us) {
            folded.go_on(at_us);
            folded.step(at_us, delta);
        }
        folded.span?;
        folded.go_on(now_us);
        Some(ConcurrencyStats {
            interval: folded.span?,
            peak: folded.peak as u64,
            peak_us: folded.peak_us,
            area_us: folded.area.max(0) as u128,
        })
    }

    /// What it was in an interval, as far back as changes are kept: the interval of the result says
    /// how far. Absent where nothing is kept.
    pub fn within(&self, interval: Interval) -> Option<ConcurrencyStats> {
        let first_us = match self.folded.span {
            Some(span) => span.end_us,
            None => self.changes.front()?.0,
        };
        let kept = Interval::new(interval.start_us.max(first_us), interval.end_us);
        if kept.duration_us() == 0 {
            return None;
        }
        let before = self.changes.iter().take_while(|change| change.0 <= kept.start_us);
        let level = self.folded.level + before.map(|change| change.1).sum::<i64>();
        let mut inner = Folded {
            span: Some(Interval::new(kept.start_us, kept.start_us)),
            level,
            peak: level.max(0),
            peak_us: kept.start_us,
            area: 0,
        };
        let changes = self.changes.iter().filter(|change| kept.start_us < change.0 && change.0 < kept.end_us);
        for &(at_us, delta) in changes {
            inner.go_on(at_us);
            inner.step(at_us, delta);
        }
        inner.go_on(kept.end_us);
        Some(ConcurrencyStats {
            interval: kept,
            peak: inner.peak as u64,
            peak_us: inner.peak_us,
            area_us: inner.area.max(0) as u128,
        })
    }

    /// The steps that are kept: from each time on, how many.
    pub fn steps(&self) -> impl Iterator<Item = (Micros, u64)> + '_ {
        let mut level = self.folded.level;
        self.changes.iter().map(move |&(at_us, delta)| {
            level += delta;
            (at_us, level.max(0) as u64)
        })
    }

    /// Events that were older than all that is kept, and count from there on.
    pub fn early(&self) -> u64 {
        self.early
    }
}

impl Folded {
    /// Time goes on to `at_us`.
    fn go_on(&mut self, at_us: Micros) {
        let span = self.span.get_or_insert(Interval::new(at_us, at_us));
        if at_us > span.end_us {
            let elapsed = i128::from(at_us) - i128::from(span.end_us);
            self.area += i128::from(self.level.max(0)) * elapsed;
            span.end_us = at_us;
        }
    }

    fn step(&mut self, at_us: Micros, delta: i64) {
        self.level += delta;
        if self.level > self.peak {
            (self.peak, self.peak_us) = (self.level, at_us);
        }
    }
}
