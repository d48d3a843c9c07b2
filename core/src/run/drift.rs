//! Drift of the two clocks behind a one-way delay. An offset cannot be had from one direction and
//! is not claimed.

use super::Latency;
use crate::math::{QuantileMethod, quantile};

/// How fast the receiver's clock runs ahead of the sender's, parts per million.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drift {
    pub(super) ppm: f64,
    /// The estimate may be this far off on either side.
    pub(super) bound_ppm: f64,
}

/// Blocks the run is cut into; the least delay of each stands for the path without queues.
const BLOCKS: i128 = 12;
/// With fewer there is no bound worth the name.
const BLOCKS_MIN: usize = 6;

/// The median slope between the least delays of all pairs of blocks (Theil and Sen). The bound is
/// what a change of the path's own least delay could pass for: the range of the least delays around
/// the estimated slope, over half the time they span. A confidence interval would claim more than
/// one direction can tell, since neighbouring delays depend on one another.
pub(super) fn clock_drift(latency: &Latency) -> Option<Drift> {
    let (first, last) = (*latency.t_us.first()?, *latency.t_us.last()?);
    let span = i128::from(last) - i128::from(first) + 1;
    let block_of = |at_us: i64| (i128::from(at_us) - i128::from(first)) * BLOCKS / span;
    let mut points = Vec::new();
    let mut start = 0;
    for block in 0..BLOCKS {
        let end = start + latency.t_us[start..].partition_point(|at_us| block_of(*at_us) <= block);
        let delays = &latency.latency_ms[start..end];
        let least = delays.iter().copied().fold(f64::INFINITY, f64::min);
        if let Some(index) = delays.iter().position(|ms| *ms == least) {
            let elapsed = i128::from(latency.t_us[start + index]) - i128::from(first);
            points.push((elapsed as f64 / 1e6, least));
        }
        start = end;
    }
    if points.len() < BLOCKS_MIN {
        return None;
    }
    let pairs =
        points.iter().enumerate().flat_map(|(index, a)| points[index + 1..].iter().map(move |b| (a, b)));
    let mut slopes: Vec<f64> = pairs.map(|(a, b)| (b.1 - a.1) / (b.0 - a.0)).collect();
    let ms_per_s = quantile(&mut slopes, 0.5, QuantileMethod::Linear)?;
    let around = points.iter().map(|(at_s, ms)| ms - ms_per_s * at_s);
    let (low, high) =
        around.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let half_span_s = (points[points.len() - 1].0 - points[0].0) / 2.0;
    // Milliseconds per second are parts per thousand.
    Some(Drift { ppm: ms_per_s * 1e3, bound_ppm: (high - low) / half_span_s * 1e3 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A minute at 30 frames a second; a drift, and delays that fall back to their least often.
    fn latency(drift_ppm: f64) -> Latency {
        let t_us: Vec<i64> = (0..1800).map(|n| n * 33_333).collect();
        let delay = |at_us: &i64| 20.0 + (at_us / 33_333 % 7) as f64 * 3.0 + *at_us as f64 / 1e9 * drift_ppm;
        Latency { latency_ms: t_us.iter().map(delay).collect(), t_us }
    }

    #[test]
    fn finds_a_drift_within_its_bound() {
        for ppm in [-200.0, 0.0, 50.0] {
            let drift = clock_drift(&latency(ppm)).unwrap();
            assert!((drift.ppm - ppm).abs() <= drift.bound_ppm.max(1e-6), "{drift:?}");
            assert!(drift.bound_ppm < 20.0, "{drift:?}");
        }
    }

    #[test]
    fn a_step_of_the_path_is_no_drift() {
        let mut stepped = latency(0.0);
        stepped.latency_ms[900..].iter_mut().for_each(|ms| *ms += 40.0);
        let drift = clock_drift(&stepped).unwrap();
        assert!(drift.ppm.abs() <= drift.bound_ppm, "{drift:?}");
    }

    #[test]
    fn too_little_to_tell() {
        assert!(clock_drift(&Latency::default()).is_none());
        let short = Latency { t_us: vec![0, 1], latency_ms: vec![1.0, 2.0] };
        assert!(clock_drift(&short).is_none());
    }
}
