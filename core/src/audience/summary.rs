//! An audience in a few numbers, to be merged with those of other nodes.

use super::viewer::ViewerTotals;
use crate::error::Result;
use crate::ledger::Totals;
use crate::series::Sketch;
use crate::time::{Interval, Micros};

/// What an audience was, up to a moment. Those of several nodes add up: counts and times exactly,
/// the peak between two bounds, since nodes peak at different times.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// From the first event to the moment; absent when there was none.
    pub interval: Option<Interval>,
    /// Counts and times, spans that go on included.
    pub totals: ViewerTotals,
    /// Viewers watching.
    pub watching: u64,
    /// The highest concurrency was not lower than this; exact for one node.
    pub peak_at_least: u64,
    /// Nor higher than this.
    pub peak_at_most: u64,
    /// When it was; absent without viewers, and for several nodes.
    pub peak_us: Option<Micros>,
    /// Time watched by concurrency: the sum of all viewers' microseconds.
    pub area_us: u128,
    /// Bits per second times microseconds.
    pub bitrate_area: u128,
    /// From join to first picture, in microseconds.
    pub startup_us: Sketch,
}

impl Summary {
    /// Adds the audience of another node.
    ///
    /// # Errors
    /// `InvalidArgument` when the sketches differ in relative error; nothing is added then.
    pub fn merge(&mut self, other: &Summary) -> Result<()> {
        self.startup_us.merge(&other.startup_us)?;
        self.peak_us = match (self.peak_at_most, other.peak_at_most) {
            (_, 0) => self.peak_us,
            (0, _) => other.peak_us,
            _ => None,
        };
        self.interval = Summary::spans(self.interval, other.interval);
        self.totals.add(&other.totals);
        self.watching = self.watching.saturating_add(other.watching);
        self.peak_at_least = self.peak_at_least.max(other.peak_at_least);
        self.peak_at_most = self.peak_at_most.saturating_add(other.peak_at_most);
        self.area_us = self.area_us.saturating_add(other.area_us);
        self.bitrate_area = self.bitrate_area.saturating_add(other.bitrate_area);
        Ok(())
    }

    /// From the earlier start to the later end.
    pub(super) fn spans(a: Option<Interval>, b: Option<Interval>) -> Option<Interval> {
        let (Some(first), Some(second)) = (a, b) else { return a.or(b) };
        let start_us = first.start_us.min(second.start_us);
        Some(Interval::new(start_us, first.end_us.max(second.end_us)))
    }

    /// Time watched by all viewers, in microseconds, stalls included.
    pub const fn watched_us(&self) -> u64 {
        self.totals.watched_us
    }

    /// The mean concurrency weighted by time; absent over no time.
    pub fn mean_concurrency(&self) -> Option<f64> {
        let duration_us = self.interval?.duration_us();
        (duration_us > 0).then(|| self.area_us as f64 / duration_us as f64)
    }

    /// Stalled time of the time watched; absent when nothing was watched.
    pub fn rebuffer_ratio(&self) -> Option<f64> {
        let watched_us = self.totals.watched_us;
        (watched_us > 0).then(|| self.totals.rebuffer_us as f64 / watched_us as f64)
    }

    /// The mean bitrate weighted by time, in bits per second; absent when none was told.
    pub fn mean_bitrate_bps(&self) -> Option<f64> {
        let bitrate_us = self.totals.bitrate_us;
        (bitrate_us > 0).then(|| self.bitrate_area as f64 / bitrate_us as f64)
    }

    /// Views that ended before their first picture, of those that ended; absent when none ended or
    /// no first picture was ever reported.
    pub fn exit_before_start_ratio(&self) -> Option<f64> {
        let known = self.totals.ended > 0 && self.totals.started > 0;
        known.then(|| self.totals.ended_before_start as f64 / self.totals.ended as f64)
    }
}
