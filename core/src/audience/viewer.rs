//! One viewer: what goes on, what is over, and what it adds to the sums.

use super::concurrency::Concurrency;
use super::viewers::AudienceConfig;
use crate::ledger::totals;
use crate::series::Sketch;
use crate::time::Micros;
use std::fmt;

/// What is known of a viewer besides its id. Never part of a metric, nor of debug output.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct ViewerInfo {
    /// Where it is, in the caller's words.
    pub location: Option<String>,
    /// What it watches with.
    pub user_agent: Option<String>,
}

impl fmt::Debug for ViewerInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ViewerInfo(redacted)")
    }
}

/// Counts over all viewers that are or were there. Only grow.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ViewerTotals {
    /// Viewers that were new.
    pub viewers: u64,
    /// Views that began: joins but for reconnects.
    pub views: u64,
    /// Joins of viewers who were there or had left a moment ago.
    pub reconnects: u64,
    /// Leaves, heartbeats and other events of viewers who were not there.
    pub unknown: u64,
    /// Viewers who left because nothing was heard of them.
    pub timed_out: u64,
    /// Joins refused for want of room.
    pub rejected: u64,
    /// Events before the one they follow on; they count as if at its time.
    pub went_back: u64,
    /// Views whose first picture was reported.
    pub started: u64,
    /// Views that are over for good: left, and not come back within the reconnect time.
    pub ended: u64,
    /// Of these, views that never started.
    pub ended_before_start: u64,
    /// Times that playing stalled.
    pub rebuffers: u64,
    /// How long it did, stalls that are over.
    pub rebuffer_us: u64,
    /// Time watched, stalls included, in spans that are over.
    pub watched_us: u64,
    /// Switches to a higher bitrate.
    pub switches_up: u64,
    /// Switches to a lower bitrate.
    pub switches_down: u64,
    /// Time of a known bitrate, in spans that are over.
    pub bitrate_us: u64,
}

totals!(ViewerTotals {
    counters: viewers, views, reconnects, unknown, timed_out, rejected, went_back, started, ended,
        ended_before_start, rebuffers, rebuffer_us, watched_us, switches_up, switches_down, bitrate_us;
    signed:
});

impl ViewerTotals {
    /// Every count with its name.
    pub const fn fields(&self) -> [(&'static str, u64); 16] {
        [
            ("viewers", self.viewers),
            ("views", self.views),
            ("reconnects", self.reconnects),
            ("unknown", self.unknown),
            ("timed_out", self.timed_out),
            ("rejected", self.rejected),
            ("went_back", self.went_back),
            ("started", self.started),
            ("ended", self.ended),
            ("ended_before_start", self.ended_before_start),
            ("rebuffers", self.rebuffers),
            ("rebuffer_us", self.rebuffer_us),
            ("watched_us", self.watched_us),
            ("switches_up", self.switches_up),
            ("switches_down", self.switches_down),
            ("bitrate_us", self.bitrate_us),
        ]
    }

    /// Counts in the order of [`ViewerTotals::fields`]; missing ones are 0.
    pub fn from_fields(counts: &[u64]) -> ViewerTotals {
        let at = |i: usize| counts.get(i).copied().unwrap_or(0);
        ViewerTotals {
            viewers: at(0),
            views: at(1),
            reconnects: at(2),
            unknown: at(3),
            timed_out: at(4),
            rejected: at(5),
            went_back: at(6),
            started: at(7),
            ended: at(8),
            ended_before_start: at(9),
            rebuffers: at(10),
            rebuffer_us: at(11),
            watched_us: at(12),
            switches_up: at(13),
            switches_down: at(14),
            bitrate_us: at(15),
        }
    }
}

/// One viewer up to a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewerStats {
    /// Whether it is watching.
    pub watching: bool,
    /// When it came first.
    pub first_us: Micros,
    /// Its last event.
    pub last_us: Micros,
    /// Views, the current one included.
    pub views: u64,
    /// Time watched, the current span included.
    pub watched_us: u64,
    /// From the join of the latest view to its first picture; absent before it.
    pub startup_us: Option<u64>,
    /// Times that playing stalled.
    pub rebuffers: u64,
    /// How long, a stall that goes on included.
    pub rebuffer_us: u64,
    /// The mean bitrate weighted by time, in bits per second; absent when none was told.
    pub mean_bitrate_bps: Option<f64>,
    /// Switches to another bitrate.
    pub switches: u64,
    /// What was told of it.
    pub info: ViewerInfo,
}

/// What goes on, so that sums up to now need not ask every viewer: how many, and the sum of when
/// each began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Open {
    pub(super) watching: Begun,
    pub(super) rebuffering: Begun,
    pub(super) bitrate: Begun,
    /// The sum of bitrates, and of each times its begin.
    pub(super) bps: u128,
    pub(super) bps_since: i128,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Begun {
    pub(super) count: u64,
    pub(super) since: i128,
}

/// Where a viewer is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Presence {
    Watching {
        since_us: Micros,
    },
    /// Left, and may come back to the same view.
    Away,
    /// Left for good: the next join is a new view.
    Over,
}

#[derive(Clone, Debug)]
pub(super) struct Viewer {
    pub(super) presence: Presence,
    /// The time of its valid entry among those due.
    pub(super) due_us: Option<Micros>,
    pub(super) first_us: Micros,
    pub(super) last_us: Micros,
    /// The join of the latest view.
    pub(super) join_us: Micros,
    pub(super) views: u64,
    pub(super) watched_us: u64,
    pub(super) startup_us: Option<u64>,
    pub(super) rebuffering_since: Option<Micros>,
    pub(super) rebuffers: u64,
    pub(super) rebuffer_us: u64,
    /// The current bitrate and since when it counts.
    pub(super) bitrate: Option<u64>,
    pub(super) bitrate_since: Option<Micros>,
    pub(super) bitrate_us: u64,
    pub(super) bitrate_area: u128,
    pub(super) switches: u64,
    pub(super) info: Option<Box<ViewerInfo>>,
}

/// All of an audience but its viewers.
pub(super) struct Parts<'a> {
    pub(super) totals: &'a mut ViewerTotals,
    pub(super) open: &'a mut Open,
    pub(super) bitrate_area: &'a mut u128,
    pub(super) concurrency: &'a mut Concurrency,
    pub(super) startup: &'a mut Sketch,
}

impl Viewer {
    pub(super) fn new(at_us: Micros, info: Option<ViewerInfo>) -> Viewer {
        Viewer {
            presence: Presence::Watching { since_us: at_us },
            due_us: None,
            first_us: at_us,
            last_us: at_us,
            join_us: at_us,
            views: 1,
            watched_us: 0,
            startup_us: None,
            rebuffering_since: None,
            rebuffers: 0,
            rebuffer_us: 0,
            bitrate: None,
            bitrate_since: None,
            bitrate_us: 0,
            bitrate_area: 0,
            switches: 0,
            info: info.map(Box::new),
        }
    }

    pub(super) fn watching_since(&self) -> Option<Micros> {
        match self.presence {
            Presence::Watching { since_us } => Some(since_us),
            Presence::Away | Presence::Over => None,
        }
    }

    /// When it is idle for too long, its view is over, or it was gone for long enough.
    pub(super) fn patience_until(&self, config: &AudienceConfig) -> Micros {
        let patience_us = match self.presence {
            Presence::Watching { .. } => config.idle_timeout_us,
            // A join at the reconnect time itself still goes on with the view.
            Presence::Away => config.reconnect_us.saturating_add(1).min(config.keep_us),
            Presence::Over => config.keep_us,
        };
        self.last_us.saturating_add(patience_us)
    }

    /// Notes an event; one before the last is taken as at its time.
    pub(super) fn touch(&mut self, at_us: Micros, totals: &mut ViewerTotals) -> Micros {
        totals.went_back += u64::from(at_us < self.last_us);
        self.last_us = self.last_us.max(at_us);
        self.last_us
    }

    pub(super) fn stop(&mut self, at_us: Micros, parts: &mut Parts<'_>) {
        let Some(since) = self.watching_since() else { return };
        self.presence = Presence::Away;
        let watched_us = parts.open.watching.end(since, at_us);
        self.watched_us += watched_us;
        parts.totals.watched_us += watched_us;
        self.end_rebuffer(at_us, parts);
        self.end_bitrate(at_us, parts);
        parts.concurrency.record(at_us, -1);
    }

    pub(super) fn end_rebuffer(&mut self, at_us: Micros, parts: &mut Parts<'_>) {
        let Some(since) = self.rebuffering_since.take() else { return };
        let rebuffer_us = parts.open.rebuffering.end(since, at_us);
        self.rebuffer_us += rebuffer_us;
        parts.totals.rebuffer_us += rebuffer_us;
    }

    pub(super) fn begin_bitrate(&mut self, at_us: Micros, open: &mut Open) {
        let Some(bps) = self.bitrate else { return };
        self.bitrate_since = Some(at_us);
        open.bitrate.begin(at_us);
        open.bps += u128::from(bps);
        open.bps_since += i128::from(bps) * i128::from(at_us);
    }

    pub(super) fn end_bitrate(&mut self, at_us: Micros, parts: &mut Parts<'_>) {
        let (Some(since), Some(bps)) = (self.bitrate_since.take(), self.bitrate) else { return };
        parts.open.bps -= u128::from(bps);
        parts.open.bps_since -= i128::from(bps) * i128::from(since);
        let bitrate_us = parts.open.bitrate.end(since, at_us);
        let area = u128::from(bps) * u128::from(bitrate_us);
        self.bitrate_us += bitrate_us;
        self.bitrate_area += area;
        parts.totals.bitrate_us += bitrate_us;
        *parts.bitrate_area += area;
    }

    pub(super) fn stats(&self, now_us: Micros) -> ViewerStats {
        let until =
            |since: Option<Micros>| since.map_or(0, |since| now_us.saturating_sub(since).max(0) as u64);
        let bitrate_us = self.bitrate_us + until(self.bitrate_since);
        let area =
            self.bitrate_area + u128::from(self.bitrate.unwrap_or(0)) * u128::from(until(self.bitrate_since));
        ViewerStats {
            watching: self.watching_since().is_some(),
            first_us: self.first_us,
            last_us: self.last_us,
            views: self.views,
            watched_us: self.watched_us + until(self.watching_since()),
            startup_us: self.startup_us,
            rebuffers: self.rebuffers,
            rebuffer_us: self.rebuffer_us + until(self.rebuffering_since),
            mean_bitrate_bps: (bitrate_us > 0).then(|| area as f64 / bitrate_us as f64),
            switches: self.switches,
            info: self.info.as_deref().cloned().unwrap_or_default(),
        }
    }

    /// The latest view is over for good, unless it was already.
    pub(super) fn end_view(&mut self, totals: &mut ViewerTotals) {
        if self.presence != Presence::Over {
            self.presence = Presence::Over;
            totals.ended += 1;
            totals.ended_before_start += u64::from(self.startup_us.is_none());
        }
    }
}

impl Begun {
    pub(super) fn begin(&mut self, at_us: Micros) {
        self.count += 1;
        self.since += i128::from(at_us);
    }

    /// One that began at `since` ends; how long it was.
    pub(super) fn end(&mut self, since: Micros, at_us: Micros) -> u64 {
        self.count -= 1;
        self.since -= i128::from(since);
        at_us.saturating_sub(since).max(0) as u64
    }

    /// The time of all of them up to `now_us`.
    pub(super) fn until(&self, now_us: Micros) -> u64 {
        let sum = i128::from(self.count) * i128::from(now_us) - self.since;
        u64::try_from(sum.max(0)).unwrap_or(u64::MAX)
    }
}
