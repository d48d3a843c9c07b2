//! Increase and rate of a counter over a window, by named methods.

use crate::time::{Interval, Micros};

/// How the increase over a window is taken from samples that do not lie on its ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RateMode {
    /// From the first to the last sample inside the window, over the time between these two.
    Raw,
    /// As Prometheus's `rate()` and `increase()`: extrapolated towards the ends of the window, by
    /// half a mean step when the end is more than 1.1 mean steps away, and not below zero.
    Prometheus,
    /// As Prometheus's `anchored`: from the last sample at or before the start (the first sample
    /// inside, when there is none) to the last one at or before the end. Never extrapolated.
    Anchored,
    /// As Prometheus's `smoothed`: the counter's value at both ends, interpolated between the
    /// samples around them; a missing side takes the nearest sample.
    Smoothed,
}

/// An increase, what it is divided by, and what happened on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// What was added, resets accounted for.
    pub increase: f64,
    /// The seconds that [`Rate::per_s`] divides by; above 0.
    pub seconds: f64,
    /// How many resets the samples used contain.
    pub resets: u64,
}

impl Rate {
    /// Increase per second.
    pub fn per_s(&self) -> f64 {
        self.increase / self.seconds
    }
}

/// Increase of the counter with the given samples over `window`. Both ends of the window belong to
/// it. The samples must be in order of time; those that are not finite, or do not come after the one
/// before, are skipped. `None` when there is nothing to measure: no time, or too few samples
/// (two inside the window for `Raw` and `Prometheus`; for the others one inside or before the
/// window's end and one more).
pub fn rate(samples: &[(Micros, f64)], window: Interval, mode: RateMode) -> Option<Rate> {
    let length_s = window.duration_us() as f64 / 1e6;
    if length_s <= 0.0 {
        return None;
    }
    let points = monotone(samples);
    let after_start = points.partition_point(|p| p.at_us < window.start_us);
    let after_end = points.partition_point(|p| p.at_us <= window.end_us);
    let inside = &points[after_start..after_end.max(after_start)];
    let of = |first: &Point, last: &Point| (last.value - first.value, last.resets - first.resets);
    match mode {
        RateMode::Raw => {
            let (first, last) = two_ends(inside)?;
            let (increase, resets) = of(first, last);
            Some(Rate { increase, seconds: seconds_between(first.at_us, last.at_us), resets })
        }
        RateMode::Prometheus => {
            let (first, last) = two_ends(inside)?;
            let (increase, resets) = of(first, last);
            let sampled_s = seconds_between(first.at_us, last.at_us);
            let mean_step_s = sampled_s / (inside.len() - 1) as f64;
            let towards = |gap_s: f64| if gap_s >= mean_step_s * 1.1 { mean_step_s / 2.0 } else { gap_s };
            let mut to_start_s = towards(seconds_between(window.start_us, first.at_us));
            if increase > 0.0 && first.raw >= 0.0 {
                to_start_s = to_start_s.min(sampled_s * (first.raw / increase));
            }
            let to_end_s = towards(seconds_between(last.at_us, window.end_us));
            let factor = (sampled_s + to_start_s + to_end_s) / sampled_s;
            Some(Rate { increase: increase * factor, seconds: length_s, resets })
        }
        RateMode::Anchored => {
            let last = points[..after_end].last()?;
            let at_or_before = points.partition_point(|p| p.at_us <= window.start_us);
            let first = points[..at_or_before].last().or(inside.first())?;
            if inside.is_empty() || first.at_us == last.at_us {
                return None;
            }
            let (increase, resets) = of(first, last);
            Some(Rate { increase, seconds: length_s, resets })
        }
        RateMode::Smoothed => {
            if points.len() < 2 {
                return None;
            }
            let (start, end) = (value_at(&points, window.start_us), value_at(&points, window.end_us));
            let resets = match (inside.first(), inside.last()) {
                (Some(first), Some(last)) => last.resets - first.resets,
                _ => 0,
            };
            Some(Rate { increase: end - start, seconds: length_s, resets })
        }
    }
}

/// A sample with the resets before it added, so that values never fall.
struct Point {
    at_us: Micros,
    raw: f64,
    value: f64,
    resets: u64,
}

fn monotone(samples: &[(Micros, f64)]) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::with_capacity(samples.len());
    let (mut offset, mut resets) = (0.0, 0);
    for &(at_us, raw) in samples.iter().filter(|(_, value)| value.is_finite()) {
        if let Some(last) = points.last() {
            if at_us <= last.at_us {
                continue;
            }
            if raw < last.raw {
                offset += last.raw;
                resets += 1;
            }
        }
        points.push(Point { at_us, raw, value: raw + offset, resets });
    }
    points
}

fn two_ends(points: &[Point]) -> Option<(&Point, &Point)> {
    if points.len() < 2 { None } else { Some((points.first()?, points.last()?)) }
}

fn seconds_between(from_us: Micros, to_us: Micros) -> f64 {
    to_us.saturating_sub(from_us) as f64 / 1e6
}

fn value_at(points: &[Point], at_us: Micros) -> f64 {
    let next = points.partition_point(|p| p.at_us <= at_us);
    match (next.checked_sub(1).map(|i| &points[i]), points.get(next)) {
        (Some(before), Some(after)) => {
            let share = seconds_between(before.at_us, at_us) / seconds_between(before.at_us, after.at_us);
            before.value + (after.value - before.value) * share
        }
        (Some(only), None) | (None, Some(only)) => only.value,
        (None, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND_US;

    const S: Micros = SECOND_US;

    fn increase(samples: &[(Micros, f64)], window: Interval, mode: RateMode) -> Option<f64> {
        rate(samples, window, mode).map(|r| r.increase)
    }

    /// A sample every 15 s from 5 s on, window 0 to 60 s.
    fn steady() -> Vec<(Micros, f64)> {
        (0..6).map(|i| ((5 + 15 * i) * S, 100.0 + 15.0 * i as f64)).collect()
    }

    #[test]
    fn modes_differ_as_named() {
        let window = Interval::new(0, 60 * S);
        // Inside: 5 s (100) to 50 s (145).
        assert_eq!(increase(&steady(), window, RateMode::Raw), Some(45.0));
        // 5 s to the start and 10 s to the end, both under 1.1 steps: 45 * 60 / 45.
        assert_eq!(increase(&steady(), window, RateMode::Prometheus), Some(60.0));
        assert_eq!(increase(&steady(), window, RateMode::Anchored), Some(45.0));
        // No sample before 0 s, so 100 at the start; 155 at the end.
        assert_eq!(increase(&steady(), window, RateMode::Smoothed), Some(55.0));
        let later = Interval::new(20 * S, 65 * S);
        assert_eq!(increase(&steady(), later, RateMode::Anchored), Some(45.0));
        assert_eq!(increase(&steady(), Interval::new(10 * S, 40 * S), RateMode::Smoothed), Some(30.0));
    }

    #[test]
    fn prometheus_does_not_extrapolate_below_zero_or_far() {
        // 1 at 10 s, 31 at 40 s: zero was reached 1 s before the first sample.
        let young = [(10 * S, 1.0), (25 * S, 16.0), (40 * S, 31.0)];
        let window = Interval::new(0, 60 * S);
        // To the start min(10, 1) = 1 s; to the end 20 s >= 16.5 s, so half a step, 7.5 s.
        let expected = 30.0 * ((30.0 + 1.0 + 7.5) / 30.0);
        assert_eq!(increase(&young, window, RateMode::Prometheus), Some(expected));
    }

    #[test]
    fn resets_count_what_came_after() {
        let samples = [(0, 10.0), (10 * S, 20.0), (20 * S, 5.0), (30 * S, f64::NAN), (40 * S, 9.0)];
        let whole = rate(&samples, Interval::new(0, 40 * S), RateMode::Raw).unwrap();
        assert_eq!((whole.increase, whole.resets, whole.seconds), (19.0, 1, 40.0));
        assert_eq!(whole.per_s(), 19.0 / 40.0);
        // The reset lies at the left end: 5 came about over 10 s, half of it inside.
        assert_eq!(increase(&samples, Interval::new(15 * S, 20 * S), RateMode::Smoothed), Some(2.5));
    }

    #[test]
    fn nothing_from_nothing() {
        let window = Interval::new(0, S);
        for mode in [RateMode::Raw, RateMode::Prometheus, RateMode::Anchored, RateMode::Smoothed] {
            assert_eq!(rate(&[], window, mode), None);
            assert_eq!(rate(&[(0, 1.0)], window, mode), None);
            assert_eq!(rate(&steady(), Interval::new(5, 5), mode), None);
            assert_eq!(rate(&steady(), Interval::new(5, 1), mode), None);
        }
    }
}
