//! Quantiles of any number of values in bounded memory, within a stated relative error.

use crate::error::{Error, ErrorKind, Result};
use crate::math::{self, Sum};

/// Bins of one sign before the smallest are put together.
const MAX_BINS: usize = 4_096;

/// What a [`Sketch`] promises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SketchConfig {
    /// The largest relative error of a quantile: 0.0001 to 0.5.
    pub relative_error: f64,
}

impl Default for SketchConfig {
    /// One per cent.
    fn default() -> SketchConfig {
        SketchConfig { relative_error: 0.01 }
    }
}

/// One bin of a sketch: the values of one sign whose magnitudes share a logarithmic step.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Bin {
    /// Which step.
    pub index: i32,
    /// How many values.
    pub count: u64,
}

/// A mergeable quantile sketch of logarithmic bins.
///
/// A quantile is within the relative error of the value at rank `floor(q (n - 1))` of the sorted
/// values. Negative values and zeros are as good as positive ones; the smallest and the largest
/// value are exact. Merging adds bins, so it gives the same bins in any order and the same as one
/// sketch of everything. Values whose magnitudes lie more than some 10^35 apart (at 1 %) take the
/// error of the smallest ones kept apart; see [`Sketch::is_collapsed`].
///
/// ```
/// use streamgauge::series::{Sketch, SketchConfig};
/// let mut sketch = Sketch::new(SketchConfig::default())?;
/// (1..=1000).for_each(|i| sketch.record(f64::from(i)));
/// let p99 = sketch.quantile(0.99).unwrap();
/// assert!((p99 - 990.0).abs() <= 9.9);
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sketch {
    steps: Steps,
    positive: Bins,
    negative: Bins,
    zeros: u64,
    rejected: u64,
    sum: Sum,
    min: f64,
    max: f64,
}

impl Sketch {
    /// An empty sketch.
    ///
    /// # Errors
    /// `InvalidArgument` when the relative error is not 0.0001 to 0.5.
    pub fn new(config: SketchConfig) -> Result<Sketch> {
        Ok(Sketch::nothing(Steps::new(config.relative_error)?))
    }

    fn nothing(steps: Steps) -> Sketch {
        Sketch {
            steps,
            positive: Bins::default(),
            negative: Bins::default(),
            zeros: 0,
            rejected: 0,
            sum: Sum::default(),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }

    /// Adds a value. NaN and infinities are rejected and counted.
    #[inline]
    pub fn record(&mut self, value: f64) {
        self.record_many(value, 1);
    }

    /// Adds a value `count` times.
    #[inline]
    pub fn record_many(&mut self, value: f64, count: u64) {
        if !value.is_finite() {
            self.rejected = self.rejected.saturating_add(count);
            return;
        }
        if count == 0 {
            return;
        }
        // Zero has one sign, so that the order of adding leaves no trace.
        let value = value + 0.0;
        if value > 0.0 {
            self.positive.add(self.steps.index(value), count);
        } else if value < 0.0 {
            self.negative.add(self.steps.index(-value), count);
        } else {
            self.zeros = self.zeros.saturating_add(count);
        }
        self.sum.add(if count == 1 { value } else { value * count as f64 });
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Forgets every value, and keeps the memory.
    pub fn clear(&mut self) {
        self.positive.clear();
        self.negative.clear();
        (self.zeros, self.rejected) = (0, 0);
        self.sum = Sum::default();
        (self.min, self.max) = (f64::INFINITY, f64::NEG_INFINITY);
    }

    /// An empty sketch of the same relative error.
    pub fn emptied(&self) -> Sketch {
        Sketch::nothing(self.steps)
    }

    /// Adds everything of another sketch.
    ///
    /// # Errors
    /// `InvalidArgument` when the relative errors differ.
    pub fn merge(&mut self, other: &Sketch) -> Result<()> {
        if self.steps.relative_error != other.steps.relative_error {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "relative_error is {} in one sketch and {} in the other",
                    self.steps.relative_error, other.steps.relative_error
                ),
            ));
        }
        self.positive.merge(&other.positive);
        self.negative.merge(&other.negative);
        self.zeros = self.zeros.saturating_add(other.zeros);
        self.rejected = self.rejected.saturating_add(other.rejected);
        self.sum.merge(&other.sum);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        Ok(())
    }

    /// The value at rank `floor(q (n - 1))` within the relative error; exact at 0 and 1. Absent
    /// without values.
    ///
    /// # Errors
    /// `InvalidArgument` when `q` is not 0 to 1.
    pub fn quantile_checked(&self, q: f64) -> Result<Option<f64>> {
        if !(0.0..=1.0).contains(&q) {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("q is {q}: expected 0 to 1")));
        }
        Ok(self.quantile(q))
    }

    /// [`Sketch::quantile_checked`] of a `q` that is known to be 0 to 1; one outside is taken as the
    /// nearer end.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let q = q.clamp(0.0, 1.0);
        // In integers where a double is too coarse to hold the rank.
        let rank = ((q * (count - 1) as f64) as u64).min(count - 1);
        if rank == 0 {
            return Some(self.min);
        }
        if rank == count - 1 {
            return Some(self.max);
        }
        let found = if rank < self.negative.count {
            // The most negative come first, so bins count from the largest magnitude down.
            -self.steps.value(self.negative.at_rank(self.negative.count - 1 - rank)?)
        } else if rank < self.negative.count + self.zeros {
            0.0
        } else {
            self.steps.value(self.positive.at_rank(rank - self.negative.count - self.zeros)?)
        };
        Some(found.clamp(self.min, self.max))
    }

    /// Values added.
    pub fn count(&self) -> u64 {
        self.positive.count.saturating_add(self.negative.count).saturating_add(self.zeros)
    }

    /// Values that were zero.
    pub fn zeros(&self) -> u64 {
        self.zeros
    }

    /// Values rejected as NaN or infinite.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Their sum; absent without values, and past the range of `f64`.
    pub fn sum(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum.value()).filter(|sum| sum.is_finite())
    }

    /// Their mean.
    pub fn mean(&self) -> Option<f64> {
        self.sum().map(|sum| sum / self.count() as f64)
    }

    /// The smallest value.
    pub fn min(&self) -> Option<f64> {
        (self.count() > 0).then_some(self.min)
    }

    /// The largest value.
    pub fn max(&self) -> Option<f64> {
        (self.count() > 0).then_some(self.max)
    }

    /// The promised relative error.
    pub fn relative_error(&self) -> f64 {
        self.steps.relative_error
    }

    /// Whether magnitudes lay so far apart that the smallest were put together: quantiles among
    /// those are too large.
    pub fn is_collapsed(&self) -> bool {
        self.positive.collapsed || self.negative.collapsed
    }

    /// Bins of the positive values, from the smallest on, empty ones left out.
    pub fn positive_bins(&self) -> impl Iterator<Item = Bin> + '_ {
        self.positive.iter()
    }

    /// Bins of the negative values by magnitude, from the smallest on, empty ones left out.
    pub fn negative_bins(&self) -> impl Iterator<Item = Bin> + '_ {
        self.negative.iter()
    }

    /// The magnitudes of bin `index`: `[lower, upper)`.
    pub fn bin_bounds(&self, index: i32) -> (f64, f64) {
        (self.steps.lower(index), self.steps.lower(index.saturating_add(1)))
    }

    /// All bins by value, from the smallest on, empty ones left out: the lower and the upper end, and
    /// how many values. A bin has its end nearer to zero; zeros are a bin of their own.
    pub fn bins(&self) -> impl Iterator<Item = (f64, f64, u64)> + '_ {
        let negative = self.negative.iter().rev().map(|bin| {
            let (near, far) = self.bin_bounds(bin.index);
            (-far, -near, bin.count)
        });
        let zeros = (self.zeros > 0).then_some((0.0, 0.0, self.zeros));
        let positive = self.positive.iter().map(|bin| {
            let (near, far) = self.bin_bounds(bin.index);
            (near, far, bin.count)
        });
        negative.chain(zeros).chain(positive)
    }

    /// The memory of this sketch in bytes, the struct itself included.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Sketch>() + (self.positive.counts.capacity() + self.negative.counts.capacity()) * 8
    }

    /// What [`Sketch::from_parts`] takes back.
    pub fn parts(&self) -> SketchParts {
        let (sum, rest) = self.sum.parts();
        SketchParts {
            relative_error: self.steps.relative_error,
            positive: self.positive.iter().collect(),
            negative: self.negative.iter().collect(),
            zeros: self.zeros,
            rejected: self.rejected,
            sum,
            sum_rest: rest,
            min: self.min().unwrap_or(0.0),
            max: self.max().unwrap_or(0.0),
            collapsed_positive: self.positive.collapsed,
            collapsed_negative: self.negative.collapsed,
        }
    }

    /// A sketch from its parts, which may come from anywhere.
    ///
    /// # Errors
    /// `Malformed` for parts that no sketch has.
    pub fn from_parts(parts: &SketchParts) -> Result<Sketch> {
        let refuse = |what: &str| Err(Error::new(ErrorKind::Malformed, format!("sketch: {what}")));
        let steps = Steps::new(parts.relative_error)
            .map_err(|error| Error::new(ErrorKind::Malformed, format!("sketch: {}", error.message())))?;
        let mut sketch = Sketch {
            positive: Bins::from_parts(&parts.positive, parts.collapsed_positive, &steps)?,
            negative: Bins::from_parts(&parts.negative, parts.collapsed_negative, &steps)?,
            zeros: parts.zeros,
            rejected: parts.rejected,
            sum: Sum::from_parts(parts.sum, parts.sum_rest),
            ..Sketch::nothing(steps)
        };
        let signed = sketch.positive.count.checked_add(sketch.negative.count);
        let Some(count) = signed.and_then(|count| count.checked_add(parts.zeros)) else {
            return refuse("more than 2^64 values");
        };
        if parts.sum.is_nan() || !parts.sum_rest.is_finite() {
            return refuse("the sum is no number");
        }
        if count > 0 {
            let (min, max) = (parts.min, parts.max);
            if !min.is_finite() || !max.is_finite() || min > max {
                return refuse("min and max are not in order");
            }
            let outer = |bins: &Bins, value: f64, least: bool| {
                let index = sketch.steps.index(value);
                let end = if least { bins.lowest() } else { bins.highest() };
                end.is_some_and(|end| end == index || (least && bins.collapsed && index < end))
            };
            let fits = |value: f64, low: bool| {
                if value > 0.0 {
                    let none_before = !low || (sketch.negative.count == 0 && parts.zeros == 0);
                    none_before && outer(&sketch.positive, value, low)
                } else if value < 0.0 {
                    let none_after = low || (sketch.positive.count == 0 && parts.zeros == 0);
                    none_after && outer(&sketch.negative, -value, !low)
                } else {
                    let beyond = if low { sketch.negative.count } else { sketch.positive.count };
                    parts.zeros > 0 && beyond == 0
                }
            };
            if !fits(min, true) || !fits(max, false) {
                return refuse("min and max are not in the outermost bins");
            }
            (sketch.min, sketch.max) = (min, max);
        }
        Ok(sketch)
    }
}

impl PartialEq for Sketch {
    /// Equal bins and extremes; sums may differ by the order of adding.
    fn eq(&self, other: &Sketch) -> bool {
        let key = |sketch: &Sketch| {
            let parts = sketch.parts();
            (parts.relative_error, parts.zeros, parts.rejected, parts.min, parts.max)
        };
        key(self) == key(other)
            && self.is_collapsed() == other.is_collapsed()
            && self.positive.iter().eq(other.positive.iter())
            && self.negative.iter().eq(other.negative.iter())
    }
}

/// A sketch taken apart, to be written down.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct SketchParts {
    pub relative_error: f64,
    /// By ascending index, counts above 0.
    pub positive: Vec<Bin>,
    /// The same by magnitude.
    pub negative: Vec<Bin>,
    pub zeros: u64,
    pub rejected: u64,
    pub sum: f64,
    /// What `sum` lacks to the exact sum.
    pub sum_rest: f64,
    /// 0 without values, as `max`.
    pub min: f64,
    pub max: f64,
    pub collapsed_positive: bool,
    pub collapsed_negative: bool,
}

/// Logarithmic steps: `index` grows by one where the magnitude grows by at most `gamma`.
///
/// The logarithm is a cubic in the significand, which is exact at powers of two and monotone
/// between them. Its slope over the natural logarithm is at least 10/7, reached at the powers of
/// two, which sets the scale. It is made of sums and products alone: the same on every machine.
#[derive(Clone, Copy, Debug)]
struct Steps {
    relative_error: f64,
    scale: f64,
}

const A: f64 = 6.0 / 35.0;
const B: f64 = -3.0 / 5.0;
const C: f64 = 10.0 / 7.0;

impl Steps {
    fn new(relative_error: f64) -> Result<Steps> {
        if !(0.0001..=0.5).contains(&relative_error) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("relative_error is {relative_error}: expected 0.0001 to 0.5"),
            ));
        }
        let gamma = (1.0 + relative_error) / (1.0 - relative_error);
        Ok(Steps { relative_error, scale: 0.7 / math::ln(gamma) })
    }

    #[inline]
    fn index(&self, magnitude: f64) -> i32 {
        // Subnormal numbers are brought into the range where the exponent says it all.
        let (bits, shift) = if magnitude < f64::MIN_POSITIVE {
            ((magnitude * (1_u64 << 60) as f64).to_bits(), 60)
        } else {
            (magnitude.to_bits(), 0)
        };
        let exponent = (bits >> 52) as i32 - 1023 - shift;
        let s = f64::from_bits(bits & ((1 << 52) - 1) | (1023 << 52)) - 1.0;
        let log = ((A * s + B) * s + C) * s + f64::from(exponent);
        (log * self.scale).floor() as i32
    }

    /// The least magnitude of bin `index`: found in the bits, so that it agrees with
    /// [`Steps::index`] to the last.
    fn lower(&self, index: i32) -> f64 {
        let is_below = |bits: u64| self.index(f64::from_bits(bits)) < index;
        let (first, last) = (1, f64::MAX.to_bits());
        // From a guess that is a few units off at most, in steps that double.
        let guess = self.guess(index).to_bits().clamp(first, last);
        let (mut low, mut high, mut step) = (guess, guess, 4);
        while low > first && !is_below(low) {
            (high, low) = (low, low.saturating_sub(step).max(first));
            step *= 2;
        }
        while high < last && is_below(high) {
            (low, high) = (high, high.saturating_add(step).min(last));
            step *= 2;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if is_below(middle) { low = middle + 1 } else { high = middle }
        }
        f64::from_bits(low)
    }

    /// About the magnitude where bin `index` begins; of no use among subnormal numbers.
    fn guess(&self, index: i32) -> f64 {
        let log = f64::from(index) / self.scale;
        let exponent = log.floor().clamp(-1022.0, 1023.0);
        let part = log - exponent;
        // Newton's method; the cubic is nearly straight.
        let mut s = part;
        for _ in 0..5 {
            s -= (((A * s + B) * s + C) * s - part) / ((3.0 * A * s + 2.0 * B) * s + C);
        }
        f64::from_bits(((exponent as i64 + 1023) as u64) << 52) * (1.0 + s.clamp(0.0, 1.0))
    }

    /// What stands for all values of bin `index`: as far from its lower end as from its upper, in
    /// proportion.
    fn value(&self, index: i32) -> f64 {
        let (low, high) = (self.lower(index), self.lower(index.saturating_add(1)));
        // 2 low high / (low + high), whose products may leave the range.
        low * (2.0 / (low / high + 1.0))
    }
}

/// Counts of consecutive bins.
#[derive(Clone, Debug, Default)]
struct Bins {
    /// The index of the first count.
    offset: i32,
    counts: Vec<u64>,
    count: u64,
    collapsed: bool,
}

impl Bins {
    #[inline]
    fn add(&mut self, index: i32, count: u64) {
        self.count = self.count.saturating_add(count);
        let at = i64::from(index) - i64::from(self.offset);
        match usize::try_from(at).ok().and_then(|at| self.counts.get_mut(at)) {
            Some(bin) => *bin = bin.saturating_add(count),
            None => self.add_outside(index, count),
        }
    }

    #[cold]
    fn add_outside(&mut self, index: i32, count: u64) {
        let at = self.reach(index);
        self.counts[at] = self.counts[at].saturating_add(count);
    }

    /// Makes room for bin `index` and gives its place.
    fn reach(&mut self, index: i32) -> usize {
        if self.counts.is_empty() {
            self.offset = index;
        }
        let first = self.offset.min(index);
        let end = (self.offset + self.counts.len() as i32).max(index + 1);
        // The smallest magnitudes give way.
        let floor = first.max(end - MAX_BINS as i32);
        if floor > first {
            self.collapsed = true;
        }
        if floor > self.offset {
            let below = ((floor - self.offset) as usize).min(self.counts.len());
            let sum = self.counts.drain(..below).fold(0, u64::saturating_add);
            self.offset = floor;
            if self.counts.is_empty() {
                self.counts.push(0);
            }
            self.counts[0] = self.counts[0].saturating_add(sum);
        } else if floor < self.offset {
            self.counts.splice(..0, std::iter::repeat_n(0, (self.offset - floor) as usize));
            self.offset = floor;
        }
        let at = (index.max(floor) - self.offset) as usize;
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        at
    }

    fn clear(&mut self) {
        self.counts.clear();
        self.count = 0;
        self.collapsed = false;
    }

    fn merge(&mut self, other: &Bins) {
        self.collapsed |= other.collapsed;
        let Some((lowest, highest)) = other.lowest().zip(other.highest()) else { return };
        self.reach(highest);
        self.reach(lowest);
        let theirs = &other.counts[(lowest - other.offset) as usize..=(highest - other.offset) as usize];
        // What lies below the smallest bin that is kept goes into that one.
        let below = (self.offset - lowest).max(0) as usize;
        let (below, theirs) = theirs.split_at(below.min(theirs.len()));
        self.counts[0] = below.iter().fold(self.counts[0], |sum, &count| sum.saturating_add(count));
        let own = &mut self.counts[(lowest - self.offset).max(0) as usize..];
        // No bin can overflow where the sum of all does not; that leaves room for vector instructions.
        let fits = self.count.checked_add(other.count);
        for (own, &count) in own.iter_mut().zip(theirs) {
            *own = if fits.is_some() { own.wrapping_add(count) } else { own.saturating_add(count) };
        }
        self.count = fits.unwrap_or(u64::MAX);
    }

    /// The bin of the value at `rank` among the ascending magnitudes, looked for from the nearer end.
    fn at_rank(&self, rank: u64) -> Option<i32> {
        let mut passed = 0_u64;
        let mut is_at = |count: u64, rank: u64| {
            passed = passed.saturating_add(count);
            passed > rank
        };
        let from_top = self.count.saturating_sub(1).saturating_sub(rank);
        let at = if rank < from_top {
            self.counts.iter().position(|&count| is_at(count, rank))
        } else {
            self.counts.iter().rposition(|&count| is_at(count, from_top))
        };
        at.map(|at| self.offset + at as i32)
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = Bin> + '_ {
        let filled = self.counts.iter().enumerate().filter(|&(_, &count)| count > 0);
        filled.map(|(i, &count)| Bin { index: self.offset + i as i32, count })
    }

    fn lowest(&self) -> Option<i32> {
        self.iter().next().map(|bin| bin.index)
    }

    fn highest(&self) -> Option<i32> {
        self.counts.iter().rposition(|&count| count > 0).map(|at| self.offset + at as i32)
    }

    fn from_parts(parts: &[Bin], collapsed: bool, steps: &Steps) -> Result<Bins> {
        let refuse = |what: String| Err(Error::new(ErrorKind::Malformed, format!("sketch: {what}")));
        let (lowest, highest) = (steps.index(f64::from_bits(1)), steps.index(f64::MAX));
        let mut bins = Bins { collapsed, ..Bins::default() };
        let Some((first, last)) = parts.first().zip(parts.last()) else { return Ok(bins) };
        if first.index < lowest || last.index > highest {
            return refuse(format!("bins {} to {}: expected {lowest} to {highest}", first.index, last.index));
        }
        if i64::from(last.index) - i64::from(first.index) >= MAX_BINS as i64 {
            return refuse(format!("bins {} to {}: at most {MAX_BINS}", first.index, last.index));
        }
        bins.offset = first.index;
        let mut before = None;
        for bin in parts {
            if before.is_some_and(|before| bin.index <= before) || bin.count == 0 {
                return refuse(format!("bin {} is out of order or empty", bin.index));
            }
            if bins.count.checked_add(bin.count).is_none() {
                return refuse("more than 2^64 values".into());
            }
            before = Some(bin.index);
            bins.add(bin.index, bin.count);
        }
        Ok(bins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(values: &[f64]) -> Sketch {
        let mut sketch = Sketch::new(SketchConfig::default()).unwrap();
        values.iter().for_each(|&value| sketch.record(value));
        sketch
    }

    #[test]
    fn bins_are_no_wider_than_the_error_allows() {
        for relative_error in [0.0001, 0.01, 0.5] {
            let steps = Steps::new(relative_error).unwrap();
            let mut x = f64::MIN_POSITIVE;
            while x < f64::MAX / 1.1 {
                let index = steps.index(x);
                let (low, high) = (steps.lower(index), steps.lower(index + 1));
                assert!(low <= x && x < high, "{x} is not in [{low}, {high})");
                let value = steps.value(index);
                assert!((value - x).abs() <= x * relative_error * (1.0 + 1e-9), "{value} for {x}");
                x *= 1.0973;
            }
        }
    }

    #[test]
    fn bins_stand_by_value() {
        let sketch = sketch(&[-8.0, 0.0, 3.0, -0.5, 0.0, 3.0]);
        let bins: Vec<(f64, f64, u64)> = sketch.bins().collect();
        assert_eq!(bins.iter().map(|bin| bin.2).collect::<Vec<_>>(), [1, 1, 2, 2]);
        for ((lower, upper, _), value) in bins.iter().zip([-8.0, -0.5, 0.0, 3.0]) {
            assert!(*lower <= value && value <= *upper, "{value} is not in [{lower}, {upper}]");
        }
        assert!(bins.is_sorted_by(|a, b| a.1 <= b.0));
    }

    #[test]
    fn a_bin_begins_where_its_index_does() {
        for relative_error in [0.0001, 0.01, 0.3] {
            let steps = Steps::new(relative_error).unwrap();
            let (first, last) = (steps.index(f64::from_bits(1)), steps.index(f64::MAX));
            let step = ((last - first) / 5_000).max(1);
            for index in (first..=last).step_by(step as usize).chain([first + 1, -1, 0, 1, last]) {
                let bits = steps.lower(index).to_bits();
                assert!(steps.index(f64::from_bits(bits)) >= index, "{index}");
                assert!(bits == 1 || steps.index(f64::from_bits(bits - 1)) < index, "{index}");
            }
        }
    }

    #[test]
    fn far_apart_magnitudes_are_put_together_from_below() {
        let all = sketch(&[1e-300, 1e-200, 1.0, 2.0, 3.0, 1e10]);
        assert!(all.is_collapsed());
        assert!((all.quantile(0.8).unwrap() - 3.0).abs() <= 0.03);
        assert!(all.memory_bytes() < 100_000);
        assert_eq!(all, sketch(&[1e10, 3.0, 2.0, 1.0, 1e-200, 1e-300]));
    }

    #[test]
    fn what_is_no_number_is_rejected() {
        let odd = sketch(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
        assert_eq!((odd.rejected(), odd.count(), odd.quantile(0.5), odd.mean()), (3, 0, None, None));
        let large = sketch(&[f64::MAX, f64::MAX]);
        assert_eq!((large.sum(), large.max()), (None, Some(f64::MAX)));
        assert_eq!(Sketch::from_parts(&large.parts()).unwrap().sum(), None);
    }

    #[test]
    fn hostile_parts_are_refused() {
        let good = sketch(&[-5.0, 0.0, 1.0, 2.0]).parts();
        assert!(Sketch::from_parts(&good).is_ok());
        type Spoil = fn(&mut SketchParts);
        let bad: [(&str, Spoil); 13] = [
            ("relative error", |p| p.relative_error = f64::NAN),
            ("sum", |p| p.sum = f64::NAN),
            ("rest", |p| p.sum_rest = f64::INFINITY),
            ("order of bins", |p| p.positive.reverse()),
            ("empty bin", |p| p.positive[0].count = 0),
            ("overflow", |p| p.positive[0].count = u64::MAX),
            ("overflow of zeros", |p| p.zeros = u64::MAX),
            ("wide bins", |p| {
                p.positive = vec![Bin { index: -20_000, count: 1 }, Bin { index: 20_000, count: 1 }]
            }),
            ("far bins", |p| p.positive = vec![Bin { index: i32::MIN, count: 1 }]),
            ("min above max", |p| (p.min, p.max) = (2.0, -5.0)),
            ("min within", |p| p.min = 1.0),
            ("max beyond", |p| p.max = 3.0),
            ("max infinite", |p| p.max = f64::INFINITY),
        ];
        for (what, spoil) in bad {
            let mut parts = good.clone();
            spoil(&mut parts);
            let error = Sketch::from_parts(&parts).expect_err(what);
            assert_eq!(error.kind(), ErrorKind::Malformed, "{what}");
        }
    }
}
