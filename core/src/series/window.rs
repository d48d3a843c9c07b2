//! The latest samples of a series, with what they amount to at every moment.

use crate::error::{Error, ErrorKind, Result};
use crate::time::{Micros, SECOND_US};
use std::collections::VecDeque;

/// What a window does with a sample at the time of one that it has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SameTime {
    /// Takes it as one more, after the others.
    #[default]
    Keep,
    /// Refuses it, so that a series that is sent twice counts once.
    Reject,
}

/// Bounds of a [`Window`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WindowConfig {
    /// How far it reaches back from the newest time: samples at or before `newest - span_us` are
    /// gone. `None` for no bound in time.
    pub span_us: Option<Micros>,
    /// How many samples it keeps.
    pub max_samples: usize,
    /// How far behind the newest sample one may come; taking it costs as much as there is after it.
    pub late_us: Micros,
    /// What to do with a second sample of one time.
    pub same_time: SameTime,
}

impl Default for WindowConfig {
    /// 1,000 samples within 300 seconds, in any order.
    fn default() -> WindowConfig {
        WindowConfig {
            span_us: Some(300 * SECOND_US),
            max_samples: 1_000,
            late_us: Micros::MAX,
            same_time: SameTime::Keep,
        }
    }
}

/// What became of a sample.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pushed {
    /// It is the newest.
    InOrder,
    /// It was sorted in.
    Late,
    /// It is too late: out of the span, further behind than allowed, or before all that a full window
    /// keeps.
    TooLate,
    /// There is one of its time, and one is enough.
    Repeated,
    /// NaN or infinite.
    NotFinite,
}

/// What a [`Window`] did with all its samples. Only grows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WindowCounts {
    /// Samples taken.
    pub accepted: u64,
    /// Of these, sorted in behind the newest.
    pub late: u64,
    /// Refused as too late.
    pub too_late: u64,
    /// Refused as a repeat.
    pub repeated: u64,
    /// Refused as NaN or infinite.
    pub not_finite: u64,
    /// Taken and since gone from the window.
    pub evicted: u64,
}

/// The samples of the last while, bounded in time and number. In order a sample costs amortised
/// O(1), whatever is asked in between.
///
/// ```
/// use streamgauge::series::{Window, WindowConfig};
/// let mut window = Window::new(WindowConfig { span_us: Some(10), ..WindowConfig::default() })?;
/// for (at_us, value) in [(0, 7.0), (8, 1.0), (4, 4.0), (11, 2.0)] {
///     window.push(at_us, value);
/// }
/// assert_eq!((window.len(), window.min(), window.max()), (3, Some(1.0), Some(4.0)));
/// assert_eq!(window.mean(), Some(7.0 / 3.0));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Window {
    config: WindowConfig,
    samples: VecDeque<Sample>,
    /// Samples that left before the first kept one: the number of the front.
    gone: u64,
    lows: Extremes,
    highs: Extremes,
    sum: Running,
    /// The newest time known, of a sample or of [`Window::expire`].
    now_us: Micros,
    counts: WindowCounts,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at_us: Micros,
    value: f64,
}

impl Window {
    /// An empty window.
    ///
    /// # Errors
    /// `InvalidArgument` when `max_samples` is 0, `span_us` below 1 or `late_us` negative.
    pub fn new(config: WindowConfig) -> Result<Window> {
        let refuse = |what: String| Err(Error::new(ErrorKind::InvalidArgument, what));
        if config.max_samples == 0 {
            return refuse("max_samples is 0, at least 1".into());
        }
        if let Some(span_us) = config.span_us.filter(|&span_us| span_us < 1) {
            return refuse(format!("span_us is {span_us}, at least 1"));
        }
        if config.late_us < 0 {
            return refuse(format!("late_us is {}, at least 0", config.late_us));
        }
        Ok(Window {
            config,
            samples: VecDeque::new(),
            gone: 0,
            lows: Extremes::default(),
            highs: Extremes::default(),
            sum: Running::default(),
            now_us: Micros::MIN,
            counts: WindowCounts::default(),
        })
    }

    /// Takes a sample, and drops what it puts out of bounds.
    pub fn push(&mut self, at_us: Micros, value: f64) -> Pushed {
        if !value.is_finite() {
            self.counts.not_finite += 1;
            return Pushed::NotFinite;
        }
        let pushed = match self.samples.back() {
            _ if self.is_out(at_us) => Pushed::TooLate,
            Some(last) if at_us < last.at_us => self.push_late(at_us, value),
            Some(last) if at_us == last.at_us && self.config.same_time == SameTime::Reject => {
                Pushed::Repeated
            }
            _ => {
                self.append(at_us, value);
                Pushed::InOrder
            }
        };
        match pushed {
            Pushed::InOrder => self.counts.accepted += 1,
            Pushed::Late => {
                self.counts.accepted += 1;
                self.counts.late += 1;
            }
            Pushed::Repeated => self.counts.repeated += 1,
            _ => self.counts.too_late += 1,
        }
        pushed
    }

    fn append(&mut self, at_us: Micros, value: f64) {
        self.expire(at_us);
        if self.samples.len() == self.config.max_samples {
            self.evict();
        }
        let number = self.gone + self.samples.len() as u64;
        self.samples.push_back(Sample { at_us, value });
        self.lows.push(number, value);
        self.highs.push(number, -value);
        self.sum.add(value);
    }

    #[cold]
    fn push_late(&mut self, at_us: Micros, value: f64) -> Pushed {
        let newest_us = self.samples.back().map_or(Micros::MIN, |last| last.at_us);
        let full = self.samples.len() == self.config.max_samples;
        if newest_us.saturating_sub(at_us) > self.config.late_us || (full && at_us < self.samples[0].at_us) {
            return Pushed::TooLate;
        }
        let mut at = self.samples.len();
        while at > 0 && self.samples[at - 1].at_us > at_us {
            at -= 1;
        }
        if self.config.same_time == SameTime::Reject && at > 0 && self.samples[at - 1].at_us == at_us {
            return Pushed::Repeated;
        }
        if full {
            self.evict();
            // What left stood before it: no sample of a full window is later than this one.
            at -= 1;
        }
        let number = self.gone + at as u64;
        self.samples.insert(at, Sample { at_us, value });
        self.lows.insert(number, value);
        self.highs.insert(number, -value);
        self.sum.add(value);
        Pushed::Late
    }

    /// Time went on to `now_us` without a sample: drops what is out of the span.
    pub fn expire(&mut self, now_us: Micros) {
        self.now_us = self.now_us.max(now_us);
        while self.samples.front().is_some_and(|first| self.is_out(first.at_us)) {
            self.evict();
        }
    }

    fn is_out(&self, at_us: Micros) -> bool {
        self.config.span_us.is_some_and(|span_us| at_us <= self.now_us.saturating_sub(span_us))
    }

    fn evict(&mut self) {
        let Some(first) = self.samples.pop_front() else { return };
        self.lows.evict(self.gone);
        self.highs.evict(self.gone);
        self.gone += 1;
        self.counts.evicted += 1;
        self.sum.remove(first.value);
        if self.sum.is_doubtful(self.largest(), self.samples.len()) {
            self.sum = Running::of(self.samples.iter().map(|sample| sample.value));
        }
    }

    fn largest(&self) -> f64 {
        self.lows.best().unwrap_or(0.0).abs().max(self.highs.best().unwrap_or(0.0).abs())
    }

    /// Samples in the window.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The smallest value; absent without samples, as are all that follow.
    pub fn min(&self) -> Option<f64> {
        self.lows.best()
    }

    /// The largest value.
    pub fn max(&self) -> Option<f64> {
        self.highs.best().map(|low| -low)
    }

    /// The sum, right to within a rounding of the largest value in the window; absent, too, past the
    /// range of `f64`.
    pub fn sum(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.sum.value()).filter(|sum| sum.is_finite())
    }

    /// The mean of the samples, each weighing the same.
    pub fn mean(&self) -> Option<f64> {
        self.sum().map(|sum| sum / self.len() as f64)
    }

    /// The oldest sample.
    pub fn first(&self) -> Option<(Micros, f64)> {
        self.samples.front().map(|sample| (sample.at_us, sample.value))
    }

    /// The newest sample.
    pub fn last(&self) -> Option<(Micros, f64)> {
        self.samples.back().map(|sample| (sample.at_us, sample.value))
    }

    /// From the first to the last sample, the change of value in a second; absent where no time
    /// passed between them.
    pub fn rate_per_s(&self) -> Option<f64> {
        let ((start_us, first), (end_us, last)) = (self.first()?, self.last()?);
        let elapsed_us = end_us.saturating_sub(start_us);
        let rate = (elapsed_us > 0).then(|| (last - first) / elapsed_us as f64 * SECOND_US as f64);
        rate.filter(|rate| rate.is_finite())
    }

    /// Every sample, by time.
    pub fn samples(&self) -> impl ExactSizeIterator<Item = (Micros, f64)> + '_ {
        self.samples.iter().map(|sample| (sample.at_us, sample.value))
    }

    /// What became of all samples so far.
    pub fn counts(&self) -> WindowCounts {
        self.counts
    }
}

/// The samples that are smaller than all after them, by number: the first is the smallest of all.
#[derive(Clone, Debug, Default)]
struct Extremes {
    ascending: VecDeque<(u64, f64)>,
}

impl Extremes {
    fn push(&mut self, number: u64, value: f64) {
        while self.ascending.back().is_some_and(|&(_, last)| last >= value) {
            self.ascending.pop_back();
        }
        self.ascending.push_back((number, value));
    }

    /// A sample was put in front of number `number`, which it takes over.
    fn insert(&mut self, number: u64, value: f64) {
        let mut at = self.ascending.len();
        while at > 0 && self.ascending[at - 1].0 >= number {
            at -= 1;
            self.ascending[at].0 += 1;
        }
        if self.ascending.get(at).is_some_and(|&(_, later)| later <= value) {
            return;
        }
        let mut from = at;
        while from > 0 && self.ascending[from - 1].1 >= value {
            from -= 1;
        }
        self.ascending.drain(from..at);
        self.ascending.insert(from, (number, value));
    }

    fn evict(&mut self, number: u64) {
        if self.ascending.front().is_some_and(|&(first, _)| first == number) {
            self.ascending.pop_front();
        }
    }

    fn best(&self) -> Option<f64> {
        self.ascending.front().map(|&(_, value)| value)
    }
}

/// A sum in two doubles to which values are added and from which they are taken away.
#[derive(Clone, Copy, Debug, Default)]
struct Running {
    high: f64,
    low: f64,
    /// A bound on what rounding has done so far.
    error: f64,
    /// The same when the sum was taken anew.
    least_error: f64,
}

impl Running {
    fn of(values: impl Iterator<Item = f64>) -> Running {
        let mut sum = Running::default();
        values.for_each(|value| sum.add(value));
        Running { least_error: sum.error, ..sum }
    }

    fn add(&mut self, value: f64) {
        let sum = self.high + value;
        let part = sum - self.high;
        let rest = (self.high - (sum - part)) + (value - part) + self.low;
        self.high = sum + rest;
        self.low = rest - (self.high - sum);
        self.error += self.high.abs() * f64::EPSILON * f64::EPSILON;
    }

    fn remove(&mut self, value: f64) {
        self.add(-value);
    }

    fn value(&self) -> f64 {
        self.high + self.low
    }

    /// Whether rounding may show in a sum of `count` values up to `largest`, and summing anew helps.
    fn is_doubtful(&self, largest: f64, count: usize) -> bool {
        if !self.error.is_finite() {
            return (largest * count as f64).is_finite();
        }
        self.error > largest * (f64::EPSILON / 4.0) && self.error > 2.0 * self.least_error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_value_that_left_takes_no_small_ones_with_it() {
        let mut window = Window::new(WindowConfig { max_samples: 3, ..WindowConfig::default() }).unwrap();
        for (at_us, value) in [(0, 1e300), (1, 1.0), (2, 2.0), (3, 4.0)] {
            window.push(at_us, value);
        }
        assert_eq!(window.sum(), Some(7.0));
    }

    #[test]
    fn bad_bounds_are_refused() {
        let of = |config| Window::new(config).unwrap_err().message().to_owned();
        let config = WindowConfig::default();
        assert_eq!(of(WindowConfig { max_samples: 0, ..config }), "max_samples is 0, at least 1");
        assert_eq!(of(WindowConfig { span_us: Some(0), ..config }), "span_us is 0, at least 1");
        assert_eq!(of(WindowConfig { late_us: -1, ..config }), "late_us is -1, at least 0");
    }

    #[test]
    fn no_rate_over_no_time() {
        let mut window = Window::new(WindowConfig::default()).unwrap();
        window.push(5, 1.0);
        window.push(5, 9.0);
        assert_eq!(window.rate_per_s(), None);
        window.push(SECOND_US + 5, 3.0);
        assert_eq!(window.rate_per_s(), Some(2.0));
    }
}
