//! Cumulative counters into deltas: what a sample of a counter adds, and what kind of step it was.
//!
//! A counter that falls was reset and what it shows counts in full; a counter of a declared width
//! may instead have wrapped; a counter whose epoch changed starts anew even when it grew. The
//! first sample of a counter adds nothing unless its origin is known. Nothing is ever negative.

mod rate;

pub use rate::{Rate, RateMode, rate};

use crate::error::{Error, ErrorKind, Result};
use crate::time::{Interval, Micros};

/// What the caller knows about a sample beyond its value.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Hint {
    /// Nothing: the values decide.
    #[default]
    None,
    /// The epoch changed since the sample before (a new SSRC, codec or process): the value counts
    /// from zero even when it is larger than the one before.
    Boundary,
}

/// What kind of step a sample was.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum StepKind {
    /// The first sample. It adds nothing, or its value when the origin is known to be zero.
    First,
    /// The counter grew or stayed.
    Advance,
    /// The counter passed the end of its declared width and went on from zero.
    Wrap,
    /// The counter fell: it restarted from zero, and its value counts in full.
    Reset,
    /// The caller said that the epoch changed: the value counts in full.
    Boundary,
    /// The same time and value as the sample before: adds nothing, an idempotent repeat.
    Repeat,
    /// Not taken: not finite, negative, wider than declared, back in time, a second value for the
    /// same time, or a total that would not fit. Counted; the counter is as it was.
    Rejected,
}

impl StepKind {
    /// The stable name: lower case.
    pub const fn code(self) -> &'static str {
        match self {
            StepKind::First => "first",
            StepKind::Advance => "advance",
            StepKind::Wrap => "wrap",
            StepKind::Reset => "reset",
            StepKind::Boundary => "boundary",
            StepKind::Repeat => "repeat",
            StepKind::Rejected => "rejected",
        }
    }
}

/// What one sample added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step<V> {
    /// The kind of step.
    pub kind: StepKind,
    /// What it added to the total; never negative.
    pub delta: V,
    /// From the sample before to this one: the time in which the delta came about. Absent for a
    /// first, a repeated and a rejected sample; there is no rate over no time.
    pub interval: Option<Interval>,
}

/// A number that a [`Counter`] can count in: `u64`, exact, or `f64`, as Prometheus has it.
pub trait Value: Copy + PartialOrd + PartialEq + sealed::Sealed {
    /// Nothing counted.
    const ZERO: Self;
    /// Whether a sample may have this value.
    fn is_valid(self) -> bool;
    /// The sum, if it can be represented.
    fn checked_add(self, other: Self) -> Option<Self>;
    /// The difference; `other` is not larger.
    fn minus(self, other: Self) -> Self;
    /// 2 to the power of `bits`, less `self`, plus `next`: the step of a counter that wrapped.
    /// Absent when a value is wider than `bits`.
    fn wrapped_to(self, next: Self, bits: u32) -> Option<Self>;
    /// As a floating-point number, rounded.
    fn as_f64(self) -> f64;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u64 {}
    impl Sealed for f64 {}
}

impl Value for u64 {
    const ZERO: u64 = 0;
    fn is_valid(self) -> bool {
        true
    }
    fn checked_add(self, other: u64) -> Option<u64> {
        u64::checked_add(self, other)
    }
    fn minus(self, other: u64) -> u64 {
        self - other
    }
    fn wrapped_to(self, next: u64, bits: u32) -> Option<u64> {
        let max = u64::MAX >> (64 - bits);
        (self <= max && next <= max).then(|| next.wrapping_sub(self) & max)
    }
    fn as_f64(self) -> f64 {
        self as f64
    }
}

impl Value for f64 {
    const ZERO: f64 = 0.0;
    fn is_valid(self) -> bool {
        self.is_finite() && self >= 0.0
    }
    fn checked_add(self, other: f64) -> Option<f64> {
        Some(self + other).filter(|sum| sum.is_finite())
    }
    fn minus(self, other: f64) -> f64 {
        self - other
    }
    fn wrapped_to(self, next: f64, bits: u32) -> Option<f64> {
        let range = (2.0f64).powi(bits as i32);
        (self < range && next < range).then_some(range - self + next)
    }
    fn as_f64(self) -> f64 {
        self
    }
}

/// How a [`Counter`] reads its samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CounterConfig {
    /// Whether the counter is known to have started at zero within what is observed; then the first
    /// sample counts in full.
    pub origin_known: bool,
    /// Width of the counter in bits, 1 to 64. A fall can be a wrap only when this is given.
    pub width_bits: Option<u32>,
    /// The fastest plausible growth per second. A fall is a wrap when the wrapped step is within
    /// it. Without it a wrapped step under a quarter of the width's range is plausible.
    pub max_per_s: Option<f64>,
}

/// Turns samples of a cumulative counter into deltas and a total that never falls.
#[derive(Clone, Debug)]
pub struct Counter<V: Value> {
    config: CounterConfig,
    last: Option<(Micros, V)>,
    total: V,
    resets: u64,
    wraps: u64,
    boundaries: u64,
    rejected: u64,
}

impl<V: Value> Counter<V> {
    /// A counter that has seen nothing.
    ///
    /// # Errors
    /// `InvalidArgument` when the width is not 1 to 64 or the growth limit is not a positive number.
    pub fn new(config: CounterConfig) -> Result<Counter<V>> {
        if let Some(bits) = config.width_bits
            && !(1..=64).contains(&bits)
        {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("width_bits is {bits}, not 1 to 64")));
        }
        if let Some(limit) = config.max_per_s
            && !(limit.is_finite() && limit > 0.0)
        {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("max_per_s is {limit}, not a number above 0"),
            ));
        }
        Ok(Counter { config, last: None, total: V::ZERO, resets: 0, wraps: 0, boundaries: 0, rejected: 0 })
    }

    /// Takes the sample `value` at `at_us`.
    ///
    /// ```
    /// use streamgauge::counter::{Counter, CounterConfig, Hint, StepKind};
    /// let mut bytes = Counter::<u64>::new(CounterConfig::default())?;
    /// bytes.record(0, 500, Hint::None);
    /// assert_eq!(bytes.record(1_000_000, 700, Hint::None).delta, 200);
    /// let step = bytes.record(2_000_000, 30, Hint::None);
    /// assert_eq!((step.kind, step.delta), (StepKind::Reset, 30));
    /// assert_eq!(bytes.total(), 230);
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn record(&mut self, at_us: Micros, value: V, hint: Hint) -> Step<V> {
        if !value.is_valid()
            || self.config.width_bits.is_some_and(|bits| value.wrapped_to(value, bits).is_none())
        {
            return self.reject();
        }
        let Some((last_us, last)) = self.last else {
            let delta = if self.config.origin_known { value } else { V::ZERO };
            return self.accept(at_us, value, StepKind::First, delta, None);
        };
        if at_us <= last_us {
            if at_us == last_us && value == last && hint == Hint::None {
                return Step { kind: StepKind::Repeat, delta: V::ZERO, interval: None };
            }
            return self.reject();
        }
        let interval = Interval::new(last_us, at_us);
        let (kind, delta) = if hint == Hint::Boundary {
            (StepKind::Boundary, value)
        } else if value >= last {
            (StepKind::Advance, value.minus(last))
        } else {
            match self.plausible_wrap(last, value, interval) {
                Some(step) => (StepKind::Wrap, step),
                None => (StepKind::Reset, value),
            }
        };
        self.accept(at_us, value, kind, delta, Some(interval))
    }

    /// Everything that was added. Never falls.
    pub fn total(&self) -> V {
        self.total
    }

    /// Time and value of the last sample taken.
    pub fn last(&self) -> Option<(Micros, V)> {
        self.last
    }

    /// How many samples restarted the counter without being announced.
    pub fn resets(&self) -> u64 {
        self.resets
    }

    /// How many samples passed the end of the width.
    pub fn wraps(&self) -> u64 {
        self.wraps
    }

    /// How many samples began an announced epoch.
    pub fn boundaries(&self) -> u64 {
        self.boundaries
    }

    /// How many samples were not taken.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Ends the series: the next sample is a first one, of unknown origin unless configured. For a
    /// field that vanished.
    pub fn end(&mut self) {
        self.last = None;
    }

    fn plausible_wrap(&self, last: V, value: V, interval: Interval) -> Option<V> {
        let bits = self.config.width_bits?;
        let step = last.wrapped_to(value, bits)?;
        let limit = match self.config.max_per_s {
            Some(per_s) => per_s * (interval.duration_us() as f64 / 1e6),
            None => (2.0f64).powi(bits as i32 - 2),
        };
        (step.as_f64() <= limit).then_some(step)
    }

    fn accept(
        &mut self,
        at_us: Micros,
        value: V,
        kind: StepKind,
        delta: V,
        interval: Option<Interval>,
    ) -> Step<V> {
        let Some(total) = self.total.checked_add(delta) else { return self.reject() };
        self.total = total;
        self.last = Some((at_us, value));
        match kind {
            StepKind::Reset => self.resets += 1,
            StepKind::Wrap => self.wraps += 1,
            StepKind::Boundary => self.boundaries += 1,
            _ => {}
        }
        Step { kind, delta, interval }
    }

    fn reject(&mut self) -> Step<V> {
        self.rejected += 1;
        Step { kind: StepKind::Rejected, delta: V::ZERO, interval: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(config: CounterConfig, samples: &[(Micros, u64)]) -> Vec<(StepKind, u64)> {
        let mut counter = Counter::<u64>::new(config).unwrap();
        samples
            .iter()
            .map(|&(at, value)| {
                let step = counter.record(at, value, Hint::None);
                (step.kind, step.delta)
            })
            .collect()
    }

    #[test]
    fn first_sample_adds_nothing_unless_the_origin_is_known() {
        assert_eq!(kinds(CounterConfig::default(), &[(0, 7)]), [(StepKind::First, 0)]);
        let known = CounterConfig { origin_known: true, ..CounterConfig::default() };
        assert_eq!(kinds(known, &[(0, 7)]), [(StepKind::First, 7)]);
    }

    #[test]
    fn a_fall_is_a_wrap_only_when_declared_and_plausible() {
        let near_the_end = [(0, 4_294_967_000), (1_000_000, 500)];
        let from_the_middle = [(0, 3_000_000_000), (1_000_000, 500)];
        let narrow = CounterConfig { width_bits: Some(32), ..CounterConfig::default() };
        assert_eq!(kinds(narrow, &near_the_end)[1], (StepKind::Wrap, 796));
        assert_eq!(kinds(narrow, &from_the_middle)[1], (StepKind::Reset, 500));
        assert_eq!(kinds(CounterConfig::default(), &near_the_end)[1], (StepKind::Reset, 500));
        let fast = CounterConfig { max_per_s: Some(2e9), ..narrow };
        assert_eq!(kinds(fast, &from_the_middle)[1], (StepKind::Wrap, 1_294_967_796));
        let slow = CounterConfig { max_per_s: Some(700.0), ..narrow };
        assert_eq!(kinds(slow, &near_the_end)[1], (StepKind::Reset, 500));
        let full = CounterConfig { width_bits: Some(64), ..CounterConfig::default() };
        assert_eq!(kinds(full, &[(0, u64::MAX), (1, 2)])[1], (StepKind::Wrap, 3));
    }

    #[test]
    fn a_boundary_counts_in_full_even_when_the_value_grew() {
        let mut counter = Counter::<u64>::new(CounterConfig::default()).unwrap();
        counter.record(0, 100, Hint::None);
        let step = counter.record(1, 150, Hint::Boundary);
        assert_eq!((step.kind, step.delta, counter.boundaries()), (StepKind::Boundary, 150, 1));
    }

    #[test]
    fn what_cannot_be_is_rejected_and_counted() {
        let mut counter = Counter::<f64>::new(CounterConfig::default()).unwrap();
        counter.record(10, 5.0, Hint::None);
        for (at, value) in [(11, f64::NAN), (11, f64::INFINITY), (11, -1.0), (9, 6.0), (10, 6.0)] {
            assert_eq!(counter.record(at, value, Hint::None).kind, StepKind::Rejected, "{at} {value}");
        }
        assert_eq!(counter.record(10, 5.0, Hint::None).kind, StepKind::Repeat);
        assert_eq!((counter.rejected(), counter.last()), (5, Some((10, 5.0))));

        let config = CounterConfig { width_bits: Some(32), ..CounterConfig::default() };
        let mut narrow = Counter::<u64>::new(config).unwrap();
        assert_eq!(narrow.record(0, 1 << 32, Hint::None).kind, StepKind::Rejected);

        let config = CounterConfig { origin_known: true, ..CounterConfig::default() };
        let mut full = Counter::<u64>::new(config).unwrap();
        full.record(0, u64::MAX, Hint::None);
        assert_eq!(full.record(1, 5, Hint::None).kind, StepKind::Rejected);
        assert_eq!(full.total(), u64::MAX);
    }

    #[test]
    fn configuration_is_checked() {
        for config in [
            CounterConfig { width_bits: Some(0), ..CounterConfig::default() },
            CounterConfig { width_bits: Some(65), ..CounterConfig::default() },
            CounterConfig { max_per_s: Some(f64::NAN), ..CounterConfig::default() },
            CounterConfig { max_per_s: Some(0.0), ..CounterConfig::default() },
        ] {
            assert_eq!(Counter::<u64>::new(config).unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
    }
}
