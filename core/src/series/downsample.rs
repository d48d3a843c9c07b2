//! Fewer points of a series that look the same on a chart.

use crate::error::{Error, ErrorKind, Result};
use crate::time::Micros;
use std::collections::BTreeSet;

/// Candidates that are looked at for each point of the result.
const CANDIDATES: usize = 4;

/// How many points, and what is a gap.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DownsampleConfig {
    /// At most so many points.
    pub points: usize,
    /// Where more than this lies between two samples the series has a gap, and both its sides stay.
    /// `None` for no gaps in time. A value that is not finite is a gap, too.
    pub gap_us: Option<Micros>,
}

/// Indices of the samples to draw, ascending: MinMaxLTTB, the largest triangles among the least and
/// greatest values of each stretch.
///
/// First, last, smallest and largest sample are among them, and the sides of gaps: where `points`
/// are too few for these, the former go before the latter, and larger gaps before smaller ones.
/// Samples that are not finite are never drawn. No more points than samples come out.
///
/// ```
/// use streamgauge::series::{DownsampleConfig, downsample};
/// let times: Vec<i64> = (0..1000).collect();
/// let mut values = vec![0.0; 1000];
/// values[700] = 9.0;
/// let drawn = downsample(&times, &values, DownsampleConfig { points: 50, gap_us: None })?;
/// assert!(drawn.len() <= 50 && drawn.contains(&700));
/// # Ok::<(), streamgauge::Error>(())
/// ```
///
/// # Errors
/// `InvalidArgument` when there are more times than values or the reverse; `TimeWentBack` when times
/// fall.
pub fn downsample(at_us: &[Micros], values: &[f64], config: DownsampleConfig) -> Result<Vec<usize>> {
    if at_us.len() != values.len() {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("there are {} times and {} values", at_us.len(), values.len()),
        ));
    }
    if let Some(i) = at_us.windows(2).position(|pair| pair[1] < pair[0]) {
        return Err(Error::new(
            ErrorKind::TimeWentBack,
            format!("sample {} at {} is before the one at {}", i + 1, at_us[i + 1], at_us[i]),
        ));
    }
    let finite: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_finite()).collect();
    if finite.len() <= config.points {
        return Ok(finite);
    }
    let series = Series { at_us, values };
    let mut chosen = series.must_have(&finite, config);
    let free = config.points - chosen.len();
    if free > 0 {
        let candidates = series.extremes(&finite, free);
        // Two more than asked for, since the ends are in already.
        chosen.extend(series.triangles(&candidates, free + 2));
    }
    Ok(chosen.into_iter().take(config.points).collect())
}

#[derive(Clone, Copy)]
struct Series<'a> {
    at_us: &'a [Micros],
    values: &'a [f64],
}

impl Series<'_> {
    /// The samples that stay, the most important ones where there are too many.
    fn must_have(self, finite: &[usize], config: DownsampleConfig) -> BTreeSet<usize> {
        let mut wanted = Vec::new();
        if let (Some(&first), Some(&last)) = (finite.first(), finite.last()) {
            let least = finite.iter().copied().min_by(|&a, &b| self.values[a].total_cmp(&self.values[b]));
            // Of equal ones the first, as above.
            let greatest =
                finite.iter().rev().copied().max_by(|&a, &b| self.values[a].total_cmp(&self.values[b]));
            wanted.extend([Some(first), Some(last), least, greatest].into_iter().flatten());
        }
        let mut gaps: Vec<(Micros, usize)> = finite
            .windows(2)
            .enumerate()
            .filter_map(|(i, pair)| {
                let length = self.at_us[pair[1]].saturating_sub(self.at_us[pair[0]]);
                let broken = pair[1] - pair[0] > 1;
                (broken || config.gap_us.is_some_and(|gap_us| length > gap_us)).then_some((length, i))
            })
            .collect();
        gaps.sort_by_key(|&(length, i)| (std::cmp::Reverse(length), i));
        wanted.extend(gaps.iter().flat_map(|&(_, i)| [finite[i], finite[i + 1]]));
        let mut chosen = BTreeSet::new();
        for index in wanted {
            if chosen.len() == config.points {
                break;
            }
            chosen.insert(index);
        }
        chosen
    }

    /// The least and the greatest of each of many short stretches.
    fn extremes(self, finite: &[usize], points: usize) -> Vec<usize> {
        let stretches = points.saturating_mul(CANDIDATES / 2).max(1);
        if finite.len() <= stretches.saturating_mul(2) {
            return finite.to_vec();
        }
        let mut found = Vec::with_capacity(stretches * 2 + 2);
        found.push(finite[0]);
        let inner = &finite[1..finite.len() - 1];
        for i in 0..stretches {
            let stretch = &inner[inner.len() * i / stretches..inner.len() * (i + 1) / stretches];
            let Some(&first) = stretch.first() else { continue };
            let (mut least, mut greatest) = (first, first);
            for &at in stretch {
                if self.values[at] < self.values[least] {
                    least = at;
                }
                if self.values[at] > self.values[greatest] {
                    greatest = at;
                }
            }
            found.push(least.min(greatest));
            if least != greatest {
                found.push(least.max(greatest));
            }
        }
        found.push(finite[finite.len() - 1]);
        found
    }

    /// Largest triangle, three buckets (Steinarsson 2013): of each bucket the point that makes the
    /// largest triangle with the one chosen before and the mean of the next bucket.
    fn triangles(self, from: &[usize], points: usize) -> Vec<usize> {
        if from.len() <= points || points < 3 {
            return from.iter().copied().take(points).collect();
        }
        // Relative to the first, so that a double holds differences of times exactly.
        let x = |at: usize| self.at_us[at].wrapping_sub(self.at_us[from[0]]) as f64;
        let inner = &from[1..from.len() - 1];
        let buckets = points - 2;
        let bucket = |i: usize| &inner[inner.len() * i / buckets..inner.len() * (i + 1) / buckets];
        let mut chosen = Vec::with_capacity(points);
        chosen.push(from[0]);
        for i in 0..buckets {
            let next = if i + 1 < buckets { bucket(i + 1) } else { &from[from.len() - 1..] };
            let mean =
                |of: &dyn Fn(usize) -> f64| next.iter().map(|&at| of(at) / next.len() as f64).sum::<f64>();
            let (mean_x, mean_y) = (mean(&x), mean(&|at| self.values[at]));
            let before = chosen[chosen.len() - 1];
            let (before_x, before_y) = (x(before), self.values[before]);
            let area = |at: usize| {
                // Halved, so that differences of large values stay in range.
                let rise = self.values[at] / 2.0 - before_y / 2.0;
                ((before_x - mean_x) * rise - (before_x - x(at)) * (mean_y / 2.0 - before_y / 2.0)).abs()
            };
            let best =
                bucket(i).iter().copied().reduce(|best, at| if area(at) > area(best) { at } else { best });
            chosen.extend(best);
        }
        chosen.push(from[from.len() - 1]);
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(values: &[f64], points: usize) -> Vec<usize> {
        let times: Vec<Micros> = (0..values.len() as i64).collect();
        downsample(&times, values, DownsampleConfig { points, gap_us: None }).unwrap()
    }

    #[test]
    fn few_points_are_the_most_important() {
        let values = [1.0, 2.0, 9.0, 0.0, 5.0];
        assert!(drawn(&values, 0).is_empty());
        assert_eq!(drawn(&values, 1), [0]);
        assert_eq!(drawn(&values, 2), [0, 4]);
        assert_eq!(drawn(&values, 3), [0, 3, 4]);
        assert_eq!(drawn(&values, 4), [0, 2, 3, 4]);
        assert_eq!(drawn(&values, 9), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn sides_of_gaps_stay() {
        let times: Vec<Micros> = (0..1000).map(|i| if i < 500 { i } else { i + 5_000 }).collect();
        let mut values: Vec<f64> = (0..1000).map(|i| f64::from(i % 7)).collect();
        values[200] = f64::NAN;
        let config = DownsampleConfig { points: 20, gap_us: Some(1_000) };
        let drawn = downsample(&times, &values, config).unwrap();
        assert!((15..=20).contains(&drawn.len()), "{drawn:?}");
        for side in [0, 199, 201, 499, 500, 999] {
            assert!(drawn.contains(&side), "{side} of {drawn:?}");
        }
        assert!(!drawn.contains(&200));
    }

    #[test]
    fn equal_times_and_values_are_points_too() {
        let at_us = [7; 100];
        let config = DownsampleConfig { points: 10, gap_us: None };
        assert!((8..=10).contains(&downsample(&at_us, &[1.0; 100], config).unwrap().len()));
        assert!(downsample(&at_us, &[f64::NAN; 100], config).unwrap().is_empty());
        assert!(downsample(&[2, 1], &[0.0; 2], config).unwrap_err().kind() == ErrorKind::TimeWentBack);
        assert!(downsample(&[2], &[0.0; 2], config).unwrap_err().kind() == ErrorKind::InvalidArgument);
    }
}
