//! Series over the time of a run: latency, gaps, freezes, frame rate.

use super::bursts::Part;
use super::{Mode, Run};
use crate::time::{Interval, Micros, SECOND_US};
use std::collections::BTreeMap;
use std::ops::Range;

/// More one-second buckets than this are not made: a window of garbage must not fill the memory.
pub const BUCKETS_MAX: usize = if cfg!(fuzzing) { 1000 } else { 1_000_000 };

/// One-way latency, one value a frame that has a user timestamp.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Latency {
    /// When the frame was received.
    pub t_us: Vec<Micros>,
    /// Receive time minus user timestamp in milliseconds: two wall clocks, so their offset is in it
    /// and it may be negative.
    pub latency_ms: Vec<f64>,
}

/// Places where frames are missing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Gaps {
    /// When the frame behind the gap was received.
    pub t_us: Vec<Micros>,
    /// How many frame ids are missing before it.
    pub missing: Vec<i128>,
}

/// Frozen video, as libwebrtc counts it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Freezes {
    /// When the last frame before the freeze was received.
    pub start_us: Vec<Micros>,
    /// Time until the next frame.
    pub duration_us: Vec<Micros>,
    /// The last freeze is not over at the end of the window.
    pub last_open: bool,
}

/// A rate in buckets of one second, counted from the start of the window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buckets {
    /// Start of each bucket.
    pub start_us: Vec<Micros>,
    /// Per second, over the length of the bucket.
    pub per_s: Vec<f64>,
    /// How much of each bucket was measured; 0 means that its rate is unknown rather than 0.
    pub covered_us: Vec<Micros>,
    /// The last bucket is shorter than a second (`exact`); its rate is over its own length.
    pub last_partial: bool,
    /// The window is longer than [`BUCKETS_MAX`] seconds and was cut.
    pub truncated: bool,
}

impl Run {
    /// Row indices of the frames in the window, in order of receipt, that the mode takes.
    pub(super) fn frames_in_window(&self, mode: Mode) -> impl Iterator<Item = usize> + Clone {
        self.rows_in_window(mode).filter(move |row| mode == Mode::Exact || self.frames.script_reads(*row))
    }

    /// Row indices of all frames in the window.
    pub(super) fn rows_in_window(&self, mode: Mode) -> Range<usize> {
        let window = self.window(mode);
        let times = &self.frames.recv_us;
        let start = times.partition_point(|at| *at < window.interval.start_us);
        let end = match window.end_inclusive {
            true => times.partition_point(|at| *at <= window.interval.end_us),
            false => times.partition_point(|at| *at < window.interval.end_us),
        };
        start..end.max(start)
    }

    /// Latency of each frame in the window whose user timestamp is known: not null and not 0.
    pub fn latency(&self, mode: Mode) -> Latency {
        let rows = self.rows_in_window(mode).len();
        let mut latency = Latency { t_us: Vec::with_capacity(rows), latency_ms: Vec::with_capacity(rows) };
        for row in self.frames_in_window(mode) {
            let sent_us = self.frames.user_timestamp_us.get(row).filter(|sent_us| *sent_us != 0);
            if let Some(sent_us) = sent_us {
                let recv_us = self.frames.recv_us[row];
                let us = match recv_us.checked_sub(sent_us) {
                    Some(us) => us as f64,
                    None => (i128::from(recv_us) - i128::from(sent_us)) as f64,
                };
                latency.t_us.push(recv_us);
                latency.latency_ms.push(us / 1e3);
            }
        }
        latency
    }

    /// Places where frame ids are missing.
    ///
    /// `exact`: ids that never arrived, by id within each segment, at the receive time of the next
    /// higher id. `plot_fec`: whenever an id is larger than the one received before it plus one, so
    /// that a reordered frame counts as lost.
    pub fn gaps(&self, mode: Mode) -> Gaps {
        match mode {
            Mode::Exact => self.frame_sequence().gaps(),
            Mode::PlotFec => self.script_gaps(),
        }
    }

    fn script_gaps(&self) -> Gaps {
        let mut gaps = Gaps::default();
        let mut previous = None;
        for row in self.frames_in_window(Mode::PlotFec) {
            let Some(id) = self.frames.frame_id.get(row) else { continue };
            let id = i128::from(id);
            if let Some(previous) = previous.filter(|previous| id > previous + 1) {
                gaps.t_us.push(self.frames.recv_us[row]);
                gaps.missing.push(id - previous - 1);
            }
            previous = Some(id);
        }
        gaps
    }

    /// Freezes within the window, by the definition of libwebrtc and W3C webrtc-stats
    /// (`freezeCount`): an interval between frames of at least `max(3 mean, mean + 150 ms)`, the
    /// mean over the last 30 intervals including it, from the fifth frame on. The interval that is
    /// open at the end of the window counts when it is already that long.
    pub fn freezes(&self) -> Freezes {
        let window = self.window(Mode::Exact).interval;
        let mut freezes = Freezes::default();
        let mut recent = RecentIntervals::default();
        let mut previous = None;
        for row in self.frames_in_window(Mode::Exact) {
            let at_us = self.frames.recv_us[row];
            if let Some(before_us) = previous.replace(at_us)
                && recent.is_freeze(at_us.saturating_sub(before_us))
            {
                freezes.push(before_us, at_us);
            }
        }
        if let Some(last_us) = previous
            && recent.is_freeze(window.end_us.saturating_sub(last_us))
        {
            freezes.push(last_us, window.end_us);
            freezes.last_open = true;
        }
        freezes
    }

    /// Received frames per second. `exact`: one bucket for each second of the window, empty ones
    /// 0, the last over its own length. `plot_fec`: only seconds with a frame, and counts.
    pub fn frame_rate(&self, mode: Mode) -> Buckets {
        let window = self.window(mode);
        let times = self.frames_in_window(mode).map(|row| self.frames.recv_us[row]);
        if mode == Mode::PlotFec {
            let mut counts = BTreeMap::new();
            times.for_each(|at| *counts.entry(window.relative_s(at) as i64).or_insert(0.0) += 1.0);
            return Buckets::of_script(&window.interval, counts);
        }
        let mut buckets = Buckets::empty(&window.interval);
        for at_us in times {
            let index = (at_us.saturating_sub(window.interval.start_us) / SECOND_US) as usize;
            if let Some(count) = buckets.per_s.get_mut(index) {
                *count += 1.0;
            }
        }
        buckets.covered_us =
            (0..buckets.start_us.len()).map(|index| buckets.length_us(&window.interval, index)).collect();
        buckets.divide_by_length(&window.interval);
        buckets
    }
}

impl Buckets {
    /// Buckets of 0 over a window.
    pub(super) fn empty(window: &Interval) -> Buckets {
        let seconds = window.duration_us() / SECOND_US;
        let rest = window.duration_us() % SECOND_US;
        let wanted = seconds as usize + usize::from(rest > 0);
        let count = wanted.min(BUCKETS_MAX);
        Buckets {
            start_us: (0..count as i64).map(|index| window.start_us + index * SECOND_US).collect(),
            per_s: vec![0.0; count],
            covered_us: vec![0; count],
            last_partial: rest > 0 && count == wanted,
            truncated: count < wanted,
        }
    }

    /// Buckets as the script has them: only those with something in them.
    pub(super) fn of_script(window: &Interval, sums: BTreeMap<i64, f64>) -> Buckets {
        let start = |second: &i64| window.start_us.saturating_add(second.saturating_mul(SECOND_US));
        Buckets {
            start_us: sums.keys().map(start).collect(),
            covered_us: vec![SECOND_US; sums.len()],
            per_s: sums.into_values().collect(),
            last_partial: false,
            truncated: false,
        }
    }

    /// Length of the bucket at `index`.
    pub(super) fn length_us(&self, window: &Interval, index: usize) -> Micros {
        window.end_us.saturating_sub(self.start_us[index]).min(SECOND_US)
    }

    /// From amounts to amounts per second.
    pub(super) fn divide_by_length(&mut self, window: &Interval) {
        for index in 0..self.per_s.len() {
            self.per_s[index] /= self.length_us(window, index) as f64 / SECOND_US as f64;
        }
    }
}

impl Freezes {
    fn push(&mut self, start_us: Micros, end_us: Micros) {
        self.start_us.push(start_us);
        self.duration_us.push(end_us.saturating_sub(start_us));
    }

    /// All of them together.
    pub fn total_us(&self) -> Micros {
        self.duration_us.iter().copied().fold(0, Micros::saturating_add)
    }

    /// How much of them lies in a part of the window.
    pub(super) fn overlap_us(&self, part: &Part) -> Micros {
        let spans = self.start_us.iter().zip(&self.duration_us);
        let spans = spans.map(|(start, length)| Interval::new(*start, start.saturating_add(*length)));
        spans.map(|span| part.overlap_us(&span)).fold(0, Micros::saturating_add)
    }
}

/// The last intervals between frames and their sum.
#[derive(Default)]
struct RecentIntervals {
    ring: [Micros; RECENT_MAX],
    seen: usize,
    sum: Micros,
}

/// How many intervals libwebrtc takes the mean over.
const RECENT_MAX: usize = 30;
/// Intervals that there must be: the fifth frame ends the fourth.
const INTERVALS_MIN: usize = 4;
const FREEZE_EXTRA_US: Micros = 150_000;
/// 285 years: longer intervals count as this long, so that the sums below fit.
const INTERVAL_MAX_US: Micros = 1 << 53;

impl RecentIntervals {
    /// Takes an interval in, and tells whether it is a freeze.
    fn is_freeze(&mut self, interval: Micros) -> bool {
        let interval = interval.min(INTERVAL_MAX_US);
        let slot = &mut self.ring[self.seen % RECENT_MAX];
        self.sum += interval - *slot;
        *slot = interval;
        self.seen += 1;
        let count = self.seen.min(RECENT_MAX) as Micros;
        // Compared as interval * count >= max(3 sum, sum + 150 ms * count): exact in integers.
        let longest = (3 * self.sum).max(self.sum + FREEZE_EXTRA_US * count);
        self.seen >= INTERVALS_MIN && interval * count >= longest
    }
}
