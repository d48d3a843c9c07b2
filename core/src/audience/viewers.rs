//! Viewers: who came, how long they watched, and what they had to put up with.

use super::concurrency::{Concurrency, ConcurrencyStats};
use super::summary::Summary;
use super::viewer::{Open, Parts, Presence, Viewer, ViewerInfo, ViewerStats, ViewerTotals};
use crate::error::{Error, ErrorKind, Result};
use crate::series::{Sketch, SketchConfig};
use crate::time::{Interval, Micros, SECOND_US};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

/// Limits of an [`Audience`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AudienceConfig {
    /// A viewer not heard of for so long has left, at the time of its last event.
    pub idle_timeout_us: Micros,
    /// A viewer who comes back within this time goes on with the view it had; after it, or once the
    /// viewer is forgotten, the view has ended.
    pub reconnect_us: Micros,
    /// How long a viewer who left is remembered. Its figures stay in the sums.
    pub keep_us: Micros,
    /// How many viewers are remembered. For a new one the longest gone are forgotten; where all are
    /// watching it is refused and counted.
    pub max_viewers: usize,
    /// How many changes of concurrency are kept for intervals and charts.
    pub max_changes: usize,
    /// What quantiles of startup times promise.
    pub sketch: SketchConfig,
}

impl Default for AudienceConfig {
    /// Viewers are remembered for an hour, as long as they need not be heard of; a pause of 30
    /// seconds is no end; a million viewers, 1,000 changes.
    fn default() -> AudienceConfig {
        AudienceConfig {
            idle_timeout_us: 3_600 * SECOND_US,
            reconnect_us: 30 * SECOND_US,
            keep_us: 3_600 * SECOND_US,
            max_viewers: 1 << 20,
            max_changes: 1_000,
            sketch: SketchConfig::default(),
        }
    }
}

/// What a join was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Joined {
    /// A view began.
    New,
    /// A viewer who was there, or had left a moment ago.
    Reconnected,
}

/// The viewers of one stream, or of whatever shares an audience.
///
/// ```
/// use streamgauge::audience::{Audience, AudienceConfig};
/// let mut audience = Audience::new(AudienceConfig::default())?;
/// audience.join("a", 0, None)?;
/// audience.join("a", 1_000_000, None)?;
/// audience.join("b", 2_000_000, None)?;
/// audience.leave("a", 4_000_000);
/// audience.leave("nobody", 4_000_000);
/// let summary = audience.summary(6_000_000);
/// assert_eq!((summary.totals.views, summary.watching, summary.watched_us()), (2, 1, 8_000_000));
/// assert_eq!((summary.peak_at_least, summary.peak_at_most, summary.totals.unknown), (2, 2, 1));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Audience {
    config: AudienceConfig,
    viewers: HashMap<Arc<str>, Viewer>,
    /// When to look at a viewer again; an entry whose time is not the viewer's own is void.
    due: BinaryHeap<Reverse<(Micros, Arc<str>)>>,
    concurrency: Concurrency,
    totals: ViewerTotals,
    /// Bits per second times microseconds, in spans that are over.
    bitrate_area: u128,
    open: Open,
    startup: Sketch,
}

impl Audience {
    /// Nobody yet.
    ///
    /// # Errors
    /// `InvalidArgument` for a negative time, a limit of 0 or a sketch's bad relative error.
    pub fn new(config: AudienceConfig) -> Result<Audience> {
        let refuse = |what: String| Err(Error::new(ErrorKind::InvalidArgument, what));
        for (name, time_us, least) in [
            ("idle_timeout_us", config.idle_timeout_us, 1),
            ("reconnect_us", config.reconnect_us, 0),
            ("keep_us", config.keep_us, 0),
        ] {
            if time_us < least {
                return refuse(format!("{name} is {time_us}, at least {least}"));
            }
        }
        if config.max_viewers == 0 {
            return refuse("max_viewers is 0, at least 1".into());
        }
        Ok(Audience {
            config,
            viewers: HashMap::new(),
            due: BinaryHeap::new(),
            concurrency: Concurrency::new(config.max_changes)?,
            totals: ViewerTotals::default(),
            bitrate_area: 0,
            open: Open::default(),
            startup: Sketch::new(config.sketch)?,
        })
    }

    /// A viewer begins to watch, or its connection does again. `info` replaces what was told before;
    /// `None` leaves it.
    ///
    /// # Errors
    /// `CapacityExceeded` when there is no room for one more; it is counted.
    pub fn join(&mut self, id: &str, at_us: Micros, info: Option<ViewerInfo>) -> Result<Joined> {
        self.handle_time(at_us);
        let Some(viewer) = self.viewers.get_mut(id) else {
            if self.viewers.len() >= self.config.max_viewers && !self.forget_gone() {
                self.totals.rejected += 1;
                return Err(Error::new(
                    ErrorKind::CapacityExceeded,
                    format!("there are {} viewers, the limit", self.config.max_viewers),
                ));
            }
            self.open.watching.begin(at_us);
            let id: Arc<str> = id.into();
            self.viewers.insert(id.clone(), Viewer::new(at_us, info));
            self.schedule(&id);
            self.concurrency.record(at_us, 1);
            self.totals.viewers += 1;
            self.totals.views += 1;
            return Ok(Joined::New);
        };
        let at_us = viewer.touch(at_us, &mut self.totals);
        if info.is_some() {
            viewer.info = info.map(Box::new);
        }
        if viewer.watching_since().is_some() {
            self.totals.reconnects += 1;
            return Ok(Joined::Reconnected);
        }
        let is_over = viewer.presence == Presence::Over;
        viewer.presence = Presence::Watching { since_us: at_us };
        self.open.watching.begin(at_us);
        viewer.begin_bitrate(at_us, &mut self.open);
        self.concurrency.record(at_us, 1);
        let joined = if is_over {
            viewer.join_us = at_us;
            viewer.startup_us = None;
            viewer.views += 1;
            self.totals.views += 1;
            Joined::New
        } else {
            self.totals.reconnects += 1;
            Joined::Reconnected
        };
        self.schedule(id);
        Ok(joined)
    }

    /// Makes sure that a viewer is looked at when it may be idle, its view over, or it forgotten.
    fn schedule(&mut self, id: &str) {
        let Some((id, viewer)) = self.viewers.get_key_value(id) else { return };
        let due_us = viewer.patience_until(&self.config);
        if viewer.due_us.is_none_or(|before_us| due_us < before_us) {
            let id = id.clone();
            if let Some(viewer) = self.viewers.get_mut(&id) {
                viewer.due_us = Some(due_us);
            }
            self.due.push(Reverse((due_us, id)));
            // Void entries lie there until their time, which may be an hour away.
            if self.due.len() > 2 * self.viewers.len() + 64 {
                let viewers = &self.viewers;
                self.due.retain(|Reverse((due_us, id))| {
                    viewers.get(id).is_some_and(|viewer| viewer.due_us == Some(*due_us))
                });
            }
        }
    }

    /// Forgets some of those who left longest ago. Whether there were any.
    fn forget_gone(&mut self) -> bool {
        let gone = self.viewers.iter().filter(|(_, viewer)| viewer.watching_since().is_none());
        let mut gone: Vec<(Micros, Arc<str>)> =
            gone.map(|(id, viewer)| (viewer.last_us, id.clone())).collect();
        gone.sort_unstable();
        // Many at once, so that a full audience does not look through all for each new viewer.
        gone.truncate(self.config.max_viewers.div_ceil(8));
        for (_, id) in &gone {
            if let Some(mut viewer) = self.viewers.remove(id) {
                viewer.end_view(&mut self.totals);
            }
        }
        !gone.is_empty()
    }

    /// A viewer stops watching. `false` when it was not there, which is counted.
    pub fn leave(&mut self, id: &str, at_us: Micros) -> bool {
        let found = self.watching(id, at_us, |viewer, at_us, audience| viewer.stop(at_us, audience));
        self.schedule(id);
        found.is_some()
    }

    /// A viewer is still there. `false` when it is not, which is counted, as by all that follow.
    pub fn heartbeat(&mut self, id: &str, at_us: Micros) -> bool {
        self.watching(id, at_us, |_, _, _| ()).is_some()
    }

    /// The first picture of a view is shown; later ones change nothing.
    pub fn started(&mut self, id: &str, at_us: Micros) -> bool {
        let found = self.watching(id, at_us, |viewer, at_us, audience| {
            if viewer.startup_us.is_none() {
                let startup_us = at_us.saturating_sub(viewer.join_us).max(0) as u64;
                viewer.startup_us = Some(startup_us);
                audience.totals.started += 1;
                audience.startup.record(startup_us as f64);
            }
        });
        found.is_some()
    }

    /// Playing stalls from here on; a second time before it goes on is the same stall.
    pub fn rebuffer_begins(&mut self, id: &str, at_us: Micros) -> bool {
        let found = self.watching(id, at_us, |viewer, at_us, audience| {
            if viewer.rebuffering_since.is_none() {
                viewer.rebuffering_since = Some(at_us);
                viewer.rebuffers += 1;
                audience.totals.rebuffers += 1;
                audience.open.rebuffering.begin(at_us);
            }
        });
        found.is_some()
    }

    /// Playing goes on.
    pub fn rebuffer_ends(&mut self, id: &str, at_us: Micros) -> bool {
        self.watching(id, at_us, |viewer, at_us, audience| viewer.end_rebuffer(at_us, audience)).is_some()
    }

    /// Playing stalled for `duration_us` and goes on.
    pub fn rebuffered(&mut self, id: &str, at_us: Micros, duration_us: u64) -> bool {
        let found = self.watching(id, at_us, |viewer, _, audience| {
            viewer.rebuffers += 1;
            viewer.rebuffer_us = viewer.rebuffer_us.saturating_add(duration_us);
            audience.totals.rebuffers += 1;
            audience.totals.rebuffer_us = audience.totals.rebuffer_us.saturating_add(duration_us);
        });
        found.is_some()
    }

    /// A viewer gets `bitrate_bps` from here on.
    pub fn bitrate(&mut self, id: &str, at_us: Micros, bitrate_bps: u64) -> bool {
        let found = self.watching(id, at_us, |viewer, at_us, audience| {
            viewer.end_bitrate(at_us, audience);
            if let Some(before) = viewer.bitrate.replace(bitrate_bps)
                && before != bitrate_bps
            {
                viewer.switches += 1;
                audience.totals.switches_up += u64::from(bitrate_bps > before);
                audience.totals.switches_down += u64::from(bitrate_bps < before);
            }
            viewer.begin_bitrate(at_us, audience.open);
        });
        found.is_some()
    }

    /// Runs `event` for a viewer who is there.
    fn watching<R>(
        &mut self,
        id: &str,
        at_us: Micros,
        event: impl FnOnce(&mut Viewer, Micros, &mut Parts<'_>) -> R,
    ) -> Option<R> {
        self.handle_time(at_us);
        let Some(viewer) = self.viewers.get_mut(id).filter(|viewer| viewer.watching_since().is_some()) else {
            self.totals.unknown += 1;
            return None;
        };
        let at_us = viewer.touch(at_us, &mut self.totals);
        let mut parts = Parts {
            totals: &mut self.totals,
            open: &mut self.open,
            bitrate_area: &mut self.bitrate_area,
            concurrency: &mut self.concurrency,
            startup: &mut self.startup,
        };
        Some(event(viewer, at_us, &mut parts))
    }

    /// Time is `now_us`: who was not heard of for too long has left, the view of who did not come back
    /// in time has ended, and who left long ago is forgotten. Every event does the same, so that one
    /// told later than its time finds what is over as over.
    pub fn handle_time(&mut self, now_us: Micros) {
        while self.due.peek().is_some_and(|Reverse((due_us, _))| *due_us <= now_us) {
            let Some(Reverse((due_us, id))) = self.due.pop() else { break };
            let Some(viewer) = self.viewers.get_mut(&id).filter(|viewer| viewer.due_us == Some(due_us))
            else {
                continue;
            };
            viewer.due_us = None;
            if viewer.patience_until(&self.config) > now_us {
                self.schedule(&id);
            } else if viewer.watching_since().is_some() {
                let last_us = viewer.last_us;
                let mut parts = Parts {
                    totals: &mut self.totals,
                    open: &mut self.open,
                    bitrate_area: &mut self.bitrate_area,
                    concurrency: &mut self.concurrency,
                    startup: &mut self.startup,
                };
                viewer.stop(last_us, &mut parts);
                self.totals.timed_out += 1;
                self.schedule(&id);
            } else {
                viewer.end_view(&mut self.totals);
                if viewer.patience_until(&self.config) > now_us {
                    self.schedule(&id);
                } else {
                    self.viewers.remove(&id);
                }
            }
        }
    }

    /// Everything up to `now_us`, which is not before any event.
    pub fn summary(&mut self, now_us: Micros) -> Summary {
        self.handle_time(now_us);
        let mut totals = self.totals;
        let open = &self.open;
        totals.watched_us = totals.watched_us.saturating_add(open.watching.until(now_us));
        totals.rebuffer_us = totals.rebuffer_us.saturating_add(open.rebuffering.until(now_us));
        totals.bitrate_us = totals.bitrate_us.saturating_add(open.bitrate.until(now_us));
        let concurrency = self.concurrency.total(now_us);
        let (peak, peak_us, area_us) =
            concurrency.map_or((0, None, 0), |stats| (stats.peak, Some(stats.peak_us), stats.area_us));
        let running = (open.bps as i128).saturating_mul(now_us.into()) - open.bps_since;
        Summary {
            interval: concurrency.map(|stats| stats.interval),
            totals,
            watching: open.watching.count,
            peak_at_least: peak,
            peak_at_most: peak,
            peak_us,
            area_us,
            bitrate_area: self.bitrate_area.saturating_add(running.max(0) as u128),
            startup_us: self.startup.clone(),
        }
    }

    /// One viewer up to `now_us`; absent when it is not known, or no longer.
    pub fn viewer(&self, id: &str, now_us: Micros) -> Option<ViewerStats> {
        Some(self.viewers.get(id)?.stats(now_us))
    }

    /// The concurrency in an interval, as far back as changes are kept.
    pub fn concurrency(&self, interval: Interval) -> Option<ConcurrencyStats> {
        self.concurrency.within(interval)
    }

    /// The changes of concurrency that are kept: from each time on, how many watch.
    pub fn steps(&self) -> impl Iterator<Item = (Micros, u64)> + '_ {
        self.concurrency.steps()
    }

    /// Viewers remembered, watching or not.
    pub fn len(&self) -> usize {
        self.viewers.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.viewers.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_over_once_the_time_to_come_back_is() {
        let mut audience = Audience::new(AudienceConfig::default()).unwrap();
        let ended = |audience: &mut Audience, at_us| {
            let totals = audience.summary(at_us).totals;
            (totals.ended, totals.ended_before_start)
        };
        audience.join("a", 0, None).unwrap();
        audience.started("a", 1);
        audience.leave("a", 10 * SECOND_US);
        assert_eq!(ended(&mut audience, 40 * SECOND_US), (0, 0));
        assert_eq!(audience.join("a", 40 * SECOND_US, None).unwrap(), Joined::Reconnected);
        audience.leave("a", 50 * SECOND_US);
        assert_eq!(ended(&mut audience, 80 * SECOND_US + 1), (1, 0));
        // The viewer is still known, and what was measured of its view.
        assert_eq!(audience.viewer("a", 80 * SECOND_US + 1).unwrap().startup_us, Some(1));
        // An event told too late does not take the end back.
        assert_eq!(audience.join("a", 60 * SECOND_US, None).unwrap(), Joined::New);
        assert_eq!(audience.viewer("a", 90 * SECOND_US).unwrap().startup_us, None);
        audience.leave("a", 90 * SECOND_US);
        assert_eq!(ended(&mut audience, 10_000 * SECOND_US), (2, 1));
        assert!(audience.is_empty());
    }

    #[test]
    fn churn_is_bounded() {
        let config = AudienceConfig { max_viewers: 50, reconnect_us: 0, ..AudienceConfig::default() };
        let mut audience = Audience::new(config).unwrap();
        for i in 0..10_000 {
            // One who flaps, and many who come once.
            for id in ["flapping".to_owned(), format!("viewer {i}")] {
                audience.join(&id, i * 10, None).unwrap();
                audience.leave(&id, i * 10 + 2);
            }
        }
        assert!(audience.len() <= 50 && audience.due.len() <= 2 * 50 + 64, "{}", audience.due.len());
        assert_eq!(audience.steps().count(), 1_000);
        let totals = audience.summary(100_005).totals;
        assert_eq!((totals.views, totals.ended, totals.watched_us), (20_000, 20_000, 40_000));
    }
}
