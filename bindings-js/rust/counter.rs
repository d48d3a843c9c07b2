//! Counters of whole numbers or of floats.

use streamgauge::counter::{Counter, CounterConfig, Hint, StepKind, Value};
use wasm_bindgen::prelude::*;

use crate::convert::{Thrown, given, thrown};

/// A counter. The facade's `Counter` holds it, and checks that the numbers of a whole one are safe
/// integers.
#[wasm_bindgen]
pub struct RawCounter(Kind);

enum Kind {
    Whole(Counter<u64>),
    Float(Counter<f64>),
}

#[wasm_bindgen]
impl RawCounter {
    /// `width_bits` and `max_per_s` may be NaN.
    #[wasm_bindgen(constructor)]
    pub fn new(whole: bool, origin_known: bool, width_bits: f64, max_per_s: f64) -> Thrown<RawCounter> {
        let width_bits = given(width_bits).map(|bits| bits as u32);
        let config = CounterConfig { origin_known, width_bits, max_per_s: given(max_per_s) };
        let kind =
            if whole { Counter::new(config).map(Kind::Whole) } else { Counter::new(config).map(Kind::Float) };
        kind.map(RawCounter).map_err(thrown)
    }

    /// Kind, delta, start and end (NaN where there is none) of each step in turn; the columns are of
    /// one length, but that of `boundaries` may be empty.
    pub fn record(&mut self, times_us: &[f64], values: &[f64], boundaries: &[u8]) -> Vec<f64> {
        match &mut self.0 {
            Kind::Whole(counter) => record(counter, times_us, values, boundaries, |value| value as u64),
            Kind::Float(counter) => record(counter, times_us, values, boundaries, |value| value),
        }
    }

    /// Total, time and value of the last sample or NaN, resets, wraps, boundaries, rejected.
    pub fn state(&self) -> Vec<f64> {
        match &self.0 {
            Kind::Whole(counter) => state(counter),
            Kind::Float(counter) => state(counter),
        }
    }

    /// The next sample is a first one.
    pub fn end(&mut self) {
        match &mut self.0 {
            Kind::Whole(counter) => counter.end(),
            Kind::Float(counter) => counter.end(),
        }
    }
}

fn record<V: Value>(
    counter: &mut Counter<V>,
    times_us: &[f64],
    values: &[f64],
    boundaries: &[u8],
    value_of: impl Fn(f64) -> V,
) -> Vec<f64> {
    let mut steps = Vec::with_capacity(4 * times_us.len());
    for (at, (time_us, value)) in times_us.iter().zip(values).enumerate() {
        let boundary = boundaries.get(at).is_some_and(|boundary| *boundary != 0);
        let hint = if boundary { Hint::Boundary } else { Hint::None };
        let step = counter.record(*time_us as i64, value_of(*value), hint);
        let (start_us, end_us) =
            step.interval.map_or((f64::NAN, f64::NAN), |i| (i.start_us as f64, i.end_us as f64));
        steps.extend([f64::from(place(step.kind)), step.delta.as_f64(), start_us, end_us]);
    }
    steps
}

/// Where the facade has the name of a kind.
const fn place(kind: StepKind) -> u8 {
    match kind {
        StepKind::First => 0,
        StepKind::Advance => 1,
        StepKind::Wrap => 2,
        StepKind::Reset => 3,
        StepKind::Boundary => 4,
        StepKind::Repeat => 5,
        StepKind::Rejected => 6,
    }
}

fn state<V: Value>(counter: &Counter<V>) -> Vec<f64> {
    let (at_us, value) = counter.last().map_or((f64::NAN, f64::NAN), |(at, v)| (at as f64, v.as_f64()));
    let counts = [counter.resets(), counter.wraps(), counter.boundaries(), counter.rejected()];
    [counter.total().as_f64(), at_us, value].into_iter().chain(counts.map(|count| count as f64)).collect()
}
