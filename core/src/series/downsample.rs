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
    if !at_us.is_sorted()
        && let Some(i) = at_us.windows(2).position(|pair| pair[1] < pair[0])
    {
        return Err(Error::new(
            ErrorKind::TimeWentBack,
            format!("sample {} at {} is before the one at {}", i + 1, at_us[i + 1], at_us[i]),
        ));
    }
    if let Some(drawn) = (Series { at_us, values, places: None }).draw(config) {
        return Ok(drawn);
    }
    let places: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_finite()).collect();
    let at_us: Vec<Micros> = places.iter().map(|&i| at_us[i]).collect();
    let values: Vec<f64> = places.iter().map(|&i| values[i]).collect();
    let drawn = Series { at_us: &at_us, values: &values, places: Some(&places) }.draw(config);
    Ok(drawn.unwrap_or_default().into_iter().map(|i| places[i]).collect())
}

/// Samples by time.
#[derive(Clone, Copy)]
struct Series<'a> {
    at_us: &'a [Micros],
    values: &'a [f64],
    /// Where they stood among those that are not finite, if there were any.
    places: Option<&'a [usize]>,
}

impl Series<'_> {
    /// What to draw; absent when a value is not finite.
    fn draw(self, config: DownsampleConfig) -> Option<Vec<usize>> {
        if self.values.len() <= config.points {
            return self.are_finite().then(|| (0..self.values.len()).collect());
        }
        let candidates = self.extremes(config.points)?;
        let mut chosen = self.must_have(&candidates, config);
        let free = config.points - chosen.len();
        if free > 0 {
            // Two more than asked for, since the ends are in already.
            chosen.extend(self.triangles(&candidates, free + 2));
        }
        Some(chosen.into_iter().take(config.points).collect())
    }

    fn are_finite(self) -> bool {
        self.values.iter().all(|value| value.is_finite())
    }

    /// The samples that stay, the most important ones where there are too many. The extremes of all
    /// are among the candidates.
    fn must_have(self, candidates: &[usize], config: DownsampleConfig) -> BTreeSet<usize> {
        let first_of = |is_more: fn(f64, f64) -> bool| {
            let better = |best: usize, at: usize| {
                if is_more(self.values[at], self.values[best]) { at } else { best }
            };
            candidates.iter().copied().reduce(better)
        };
        let mut wanted = vec![0, self.values.len() - 1];
        wanted.extend(first_of(|value, best| value < best));
        wanted.extend(first_of(|value, best| value > best));
        let mut gaps: Vec<(Micros, usize)> = Vec::new();
        if config.gap_us.is_some() || self.places.is_some() {
            let is_gap = |i: usize, length: Micros| {
                self.places.is_some_and(|places| places[i + 1] - places[i] > 1)
                    || config.gap_us.is_some_and(|gap_us| length > gap_us)
            };
            let lengths = self.at_us.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
            gaps.extend(
                lengths.enumerate().filter(|&(i, length)| is_gap(i, length)).map(|(i, length)| (length, i)),
            );
        }
        gaps.sort_by_key(|&(length, i)| (std::cmp::Reverse(length), i));
        wanted.extend(gaps.iter().flat_map(|&(_, i)| [i, i + 1]));
        let mut chosen = BTreeSet::new();
        for index in wanted {
            if chosen.len() == config.points {
                break;
            }
            chosen.insert(index);
        }
        chosen
    }

    /// The least and the greatest of each of many short stretches, and the ends, by time; absent when
    /// a value is not finite.
    fn extremes(self, points: usize) -> Option<Vec<usize>> {
        let stretches = points.saturating_mul(CANDIDATES / 2).max(1);
        let last = self.values.len() - 1;
        if last < stretches.saturating_mul(2) {
            return self.are_finite().then(|| (0..=last).collect());
        }
        let mut found = Vec::with_capacity(stretches * 2 + 2);
        found.push(0);
        let inner = &self.values[1..last];
        for i in 0..stretches {
            let start = share(inner.len(), i, stretches);
            let end = share(inner.len(), i + 1, stretches);
            let [least, greatest] = least_and_greatest(&inner[start..end])?;
            found.push(1 + start + least.min(greatest));
            if least != greatest {
                found.push(1 + start + least.max(greatest));
            }
        }
        found.push(last);
        (self.values[0].is_finite() && self.values[last].is_finite()).then_some(found)
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
        let bucket = |i: usize| &inner[share(inner.len(), i, buckets)..share(inner.len(), i + 1, buckets)];
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

/// Where part `i` of `of` parts of `len` begins. The product leaves 32 bits soon, which is what a size
/// has in WebAssembly.
fn share(len: usize, i: usize, of: usize) -> usize {
    (len as u128 * i as u128 / of as u128) as usize
}

/// Where the first of the least and the first of the greatest of some values stand; absent when there
/// are none, or one is not finite.
fn least_and_greatest(values: &[f64]) -> Option<[usize; 2]> {
    // Values that are looked through again for the one that was found.
    const BLOCK: usize = 128;
    let (mut least, mut greatest) = ((f64::INFINITY, 0), (f64::NEG_INFINITY, 0));
    for (i, block) in values.chunks(BLOCK).enumerate() {
        let (low, high) = range(block)?;
        least = if low < least.0 { (low, i * BLOCK) } else { least };
        greatest = if high > greatest.0 { (high, i * BLOCK) } else { greatest };
    }
    let place = |(of, from): (f64, usize)| Some(from + values[from..].iter().position(|&value| value == of)?);
    Some([place(least)?, place(greatest)?])
}

/// The least and the greatest of some values; absent when one is not finite.
#[inline]
fn range(values: &[f64]) -> Option<(f64, f64)> {
    // Lanes, so that they can be compared side by side by vector instructions.
    const LANES: usize = 8;
    let (mut least, mut greatest) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
    // Zero as long as all are finite, without a branch.
    let mut nothing = [0.0; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for lane in 0..LANES {
            let value = chunk[lane];
            least[lane] = if value < least[lane] { value } else { least[lane] };
            greatest[lane] = if value > greatest[lane] { value } else { greatest[lane] };
            nothing[lane] += value * 0.0;
        }
    }
    let mut found = (f64::INFINITY, f64::NEG_INFINITY);
    let lanes = least.iter().zip(&greatest).map(|(&low, &high)| (low, high));
    for (low, high) in lanes.chain(rest.iter().map(|&value| (value, value))) {
        found.0 = if low < found.0 { low } else { found.0 };
        found.1 = if high > found.1 { high } else { found.1 };
    }
    let are_finite = nothing.iter().sum::<f64>() == 0.0 && rest.iter().all(|value| value.is_finite());
    are_finite.then_some(found)
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
