//! Buckets of a series at several resolutions in one pass.

use super::sketch::{Sketch, SketchConfig, SketchParts};
use crate::error::{Error, ErrorKind, Result};
use crate::math::Sum;
use crate::time::{Micros, SECOND_US};
use std::collections::VecDeque;

/// Most buckets of a level: seven weeks of seconds.
const MAX_KEEP: usize = 1 << 22;

/// One resolution of a [`Rollup`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Level {
    /// The width of a bucket. Buckets begin at multiples of it.
    pub width_us: Micros,
    /// How many of the latest buckets are kept, empty ones included: 1 to 2^22.
    pub keep: usize,
}

/// Resolutions and bounds of a [`Rollup`].
#[derive(Clone, Debug, PartialEq)]
pub struct RollupConfig {
    /// From the finest on; each width is a multiple of the one before.
    pub levels: Vec<Level>,
    /// How far behind the newest sample one may come and still count, to within a bucket of the
    /// finest level.
    pub late_us: Micros,
    /// A sketch for each bucket, for quantiles.
    pub sketch: Option<SketchConfig>,
}

impl Default for RollupConfig {
    /// An hour of seconds, six hours of 10 seconds and a day of minutes, without sketches; samples
    /// may be a minute late.
    fn default() -> RollupConfig {
        let level = |width_s: i64, keep| Level { width_us: width_s * SECOND_US, keep };
        RollupConfig {
            levels: vec![level(1, 3_600), level(10, 2_160), level(60, 1_440)],
            late_us: 60 * SECOND_US,
            sketch: None,
        }
    }
}

/// What happened in `[start_us, start_us + width)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bucket {
    /// Where it begins.
    pub start_us: Micros,
    /// Samples in it; with 0 there is nothing else.
    pub count: u64,
    /// Their sum; infinite past the range of `f64`.
    pub sum: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// When the latest sample was.
    pub last_us: Micros,
    /// Its value; of several at that time the largest, so that the order does not matter.
    pub last: f64,
    /// All values, where asked for.
    pub sketch: Option<Sketch>,
}

/// The buckets of one level as columns of the same length, empty buckets included: in those `count`
/// is 0 and the other values, which are 0 too, mean nothing.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct RollupColumns {
    pub start_us: Vec<Micros>,
    pub count: Vec<u64>,
    pub sum: Vec<f64>,
    pub mean: Vec<f64>,
    pub min: Vec<f64>,
    pub max: Vec<f64>,
    pub last_us: Vec<Micros>,
    pub last: Vec<f64>,
    /// For each quantile asked for, its column; empty without sketches.
    pub quantiles: Vec<Vec<f64>>,
}

/// What a [`Rollup`] did with all its samples. Only grows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RollupCounts {
    /// Samples taken.
    pub accepted: u64,
    /// Samples later than allowed.
    pub too_late: u64,
    /// NaN or infinite values.
    pub not_finite: u64,
}

/// Counts, sums, extremes and, where asked for, sketches of a series in buckets of several widths.
///
/// Memory is bounded by [`Level::keep`]. Empty buckets between samples are there, with a count of 0.
///
/// ```
/// use streamgauge::series::{Level, Rollup, RollupConfig};
/// let levels = vec![Level { width_us: 10, keep: 100 }, Level { width_us: 30, keep: 100 }];
/// let mut rollup = Rollup::new(RollupConfig { levels, ..RollupConfig::default() })?;
/// rollup.record(&[1, 2, 25, 31], &[1.0, 2.0, 4.0, 8.0])?;
/// assert_eq!(rollup.columns(0, &[])?.count, [2, 0, 1, 1]);
/// assert_eq!(rollup.columns(1, &[])?.sum, [7.0, 8.0]);
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rollup {
    config: RollupConfig,
    levels: Vec<Ring>,
    /// The samples since the last change of the finest bucket, not yet in the levels.
    open: Cell,
    newest_us: Option<Micros>,
    counts: RollupCounts,
}

/// A bucket in the making.
#[derive(Clone, Debug)]
struct Cell {
    start_us: Micros,
    count: u64,
    sum: Sum,
    min: f64,
    max: f64,
    last_us: Micros,
    last: f64,
    sketch: Option<Box<Sketch>>,
}

/// The latest cells of one level by time. None of them is empty.
#[derive(Clone, Debug)]
struct Ring {
    level: Level,
    cells: VecDeque<Cell>,
}

impl Rollup {
    /// A rollup of nothing yet.
    ///
    /// # Errors
    /// `InvalidArgument` without levels, for a width below 1 or that is no multiple of the one
    /// before, a `keep` that is not 1 to 2^22, a negative `late_us`, or a sketch's bad relative error.
    pub fn new(config: RollupConfig) -> Result<Rollup> {
        let refuse = |what: String| Err(Error::new(ErrorKind::InvalidArgument, what));
        let Some(first) = config.levels.first() else { return refuse("levels is empty".into()) };
        let mut before_us = first.width_us;
        for (i, level) in config.levels.iter().enumerate() {
            let width_us = level.width_us;
            if width_us < 1 {
                return refuse(format!("levels[{i}]: width_us is {width_us}, at least 1"));
            }
            if !(1..=MAX_KEEP).contains(&level.keep) {
                return refuse(format!("levels[{i}]: keep is {}: expected 1 to {MAX_KEEP}", level.keep));
            }
            if width_us % before_us != 0 || (i > 0 && width_us == before_us) {
                return refuse(format!("levels[{i}]: width_us {width_us} is no multiple of {before_us}"));
            }
            before_us = width_us;
        }
        if config.late_us < 0 {
            return refuse(format!("late_us is {}, at least 0", config.late_us));
        }
        let sketch = config.sketch.map(Sketch::new).transpose()?.map(Box::new);
        let open = Cell::new(0, sketch);
        let levels = config.levels.iter().map(|&level| Ring { level, cells: VecDeque::new() }).collect();
        Ok(Rollup { config, levels, open, newest_us: None, counts: RollupCounts::default() })
    }

    /// Takes samples: their times and, each beside its time, their values.
    ///
    /// # Errors
    /// `InvalidArgument` when there are more of one than of the other; nothing is taken then.
    pub fn record(&mut self, at_us: &[Micros], values: &[f64]) -> Result<()> {
        if at_us.len() != values.len() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("there are {} times and {} values", at_us.len(), values.len()),
            ));
        }
        for (&at_us, &value) in at_us.iter().zip(values) {
            self.push(at_us, value);
        }
        Ok(())
    }

    /// Takes one sample. `false` when it is too late or not finite, which is counted.
    #[inline]
    pub fn push(&mut self, at_us: Micros, value: f64) -> bool {
        if !value.is_finite() {
            self.counts.not_finite += 1;
            return false;
        }
        let width_us = self.levels[0].level.width_us;
        let into = at_us.wrapping_sub(self.open.start_us);
        if self.open.count == 0 || !(0..width_us).contains(&into) {
            if !self.turn(at_us) {
                self.counts.too_late += 1;
                return false;
            }
        } else if self.newest_us < Some(at_us) {
            self.newest_us = Some(at_us);
        }
        self.open.push(at_us, value);
        self.counts.accepted += 1;
        true
    }

    /// Makes the bucket of `at_us` the open one, unless that is too late.
    #[cold]
    fn turn(&mut self, at_us: Micros) -> bool {
        let newest_us = self.newest_us.unwrap_or(at_us);
        if newest_us.saturating_sub(at_us) > self.config.late_us {
            return false;
        }
        self.settle();
        self.newest_us = Some(newest_us.max(at_us));
        self.open.start_us = floor(at_us, self.levels[0].level.width_us);
        true
    }

    /// Brings the open bucket into all levels.
    fn settle(&mut self) {
        if self.open.count == 0 {
            return;
        }
        for ring in &mut self.levels {
            ring.merge(&self.open);
        }
        self.open.clear();
    }

    /// Adds everything of another rollup of the same resolutions.
    ///
    /// # Errors
    /// `InvalidArgument` when levels or sketches differ.
    pub fn merge(&mut self, other: &Rollup) -> Result<()> {
        let (own, theirs) = (&self.config, &other.config);
        if own.levels != theirs.levels || own.sketch != theirs.sketch {
            return Err(Error::new(ErrorKind::InvalidArgument, "rollups differ in levels or sketches"));
        }
        self.settle();
        for (ring, other_ring) in self.levels.iter_mut().zip(&other.levels) {
            other_ring.cells.iter().for_each(|cell| ring.merge(cell));
            if other.open.count > 0 {
                ring.merge(&other.open);
            }
        }
        self.newest_us = self.newest_us.max(other.newest_us);
        self.counts.accepted += other.counts.accepted;
        self.counts.too_late += other.counts.too_late;
        self.counts.not_finite += other.counts.not_finite;
        Ok(())
    }

    /// The buckets of level `level`, from the oldest kept on, empty ones included.
    ///
    /// # Errors
    /// `OutOfRange` when there is no such level.
    pub fn buckets(&mut self, level: usize) -> Result<impl Iterator<Item = Bucket> + '_> {
        Ok(self.ring(level)?.buckets().map(|(start_us, cell)| match cell {
            Some(cell) => cell.bucket(),
            None => Bucket { start_us, ..Bucket::default() },
        }))
    }

    fn ring(&mut self, level: usize) -> Result<&Ring> {
        self.settle();
        let levels = self.levels.len();
        self.levels
            .get(level)
            .ok_or_else(|| Error::new(ErrorKind::OutOfRange, format!("level is {level}: there are {levels}")))
    }

    /// The same as columns, with a column for each quantile of `quantiles`.
    ///
    /// # Errors
    /// `OutOfRange` when there is no such level; `InvalidArgument` for a quantile that is not 0 to 1,
    /// or any without sketches.
    pub fn columns(&mut self, level: usize, quantiles: &[f64]) -> Result<RollupColumns> {
        if self.config.sketch.is_none() && !quantiles.is_empty() {
            return Err(Error::new(ErrorKind::InvalidArgument, "quantiles need sketches: set `sketch`"));
        }
        if let Some(q) = quantiles.iter().find(|q| !(0.0..=1.0).contains(*q)) {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("quantile {q}: expected 0 to 1")));
        }
        let mut columns =
            RollupColumns { quantiles: vec![Vec::new(); quantiles.len()], ..RollupColumns::default() };
        for (start_us, cell) in self.ring(level)?.buckets() {
            let of = |value: fn(&Cell) -> f64| cell.map_or(0.0, value);
            columns.start_us.push(start_us);
            columns.count.push(cell.map_or(0, |cell| cell.count));
            columns.sum.push(of(Cell::total));
            columns.mean.push(of(|cell| cell.total() / cell.count as f64));
            columns.min.push(of(|cell| cell.min));
            columns.max.push(of(|cell| cell.max));
            columns.last_us.push(cell.map_or(0, |cell| cell.last_us));
            columns.last.push(of(|cell| cell.last));
            let sketch = cell.and_then(|cell| cell.sketch.as_ref());
            for (column, &q) in columns.quantiles.iter_mut().zip(quantiles) {
                column.push(sketch.and_then(|sketch| sketch.quantile(q)).unwrap_or(0.0));
            }
        }
        Ok(columns)
    }

    /// Resolutions and bounds.
    pub fn config(&self) -> &RollupConfig {
        &self.config
    }

    /// The time of the newest sample.
    pub fn newest_us(&self) -> Option<Micros> {
        self.newest_us
    }

    /// Up to when nothing can change any more: buckets that end at or before it are final.
    pub fn final_until_us(&self) -> Option<Micros> {
        self.newest_us.map(|newest_us| newest_us.saturating_sub(self.config.late_us))
    }

    /// What became of all samples so far.
    pub fn counts(&self) -> RollupCounts {
        self.counts
    }

    /// What [`Rollup::from_parts`] takes back.
    pub fn parts(&mut self) -> RollupParts {
        self.settle();
        RollupParts {
            config: self.config.clone(),
            newest_us: self.newest_us,
            counts: self.counts,
            levels: self.levels.iter().map(|ring| ring.cells.iter().map(Cell::parts).collect()).collect(),
        }
    }

    /// A rollup from its parts, which may come from anywhere.
    ///
    /// # Errors
    /// `Malformed` for parts that no rollup has.
    pub fn from_parts(parts: RollupParts) -> Result<Rollup> {
        let refuse = |what: String| Error::new(ErrorKind::Malformed, format!("rollup: {what}"));
        let mut rollup = Rollup::new(parts.config).map_err(|error| refuse(error.message().to_owned()))?;
        if parts.levels.len() != rollup.levels.len() {
            let (given, levels) = (parts.levels.len(), rollup.levels.len());
            return Err(refuse(format!("buckets of {given} levels, there are {levels}")));
        }
        for (i, (ring, buckets)) in rollup.levels.iter_mut().zip(parts.levels).enumerate() {
            let newest_us = buckets.last().map_or(0, |bucket| bucket.start_us);
            let mut before_us = ring.gone_us(newest_us);
            for bucket in buckets {
                let start_us = bucket.start_us;
                let cell = Cell::from_parts(bucket, ring.level.width_us, rollup.config.sketch);
                let ordered =
                    start_us > before_us && parts.newest_us.is_some_and(|newest_us| start_us <= newest_us);
                let cell = cell.filter(|_| ordered).ok_or_else(|| {
                    refuse(format!("levels[{i}]: the bucket at {start_us} is out of order or no bucket"))
                })?;
                before_us = start_us;
                ring.cells.push_back(cell);
            }
        }
        rollup.newest_us = parts.newest_us;
        rollup.counts = parts.counts;
        Ok(rollup)
    }
}

/// A rollup taken apart, to be written down.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct RollupParts {
    pub config: RollupConfig,
    pub newest_us: Option<Micros>,
    pub counts: RollupCounts,
    /// The buckets of each level by time, empty ones left out.
    pub levels: Vec<Vec<BucketParts>>,
}

/// A bucket taken apart; see [`Bucket`].
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct BucketParts {
    pub start_us: Micros,
    pub count: u64,
    pub sum: f64,
    /// What `sum` lacks to the exact sum.
    pub sum_rest: f64,
    pub min: f64,
    pub max: f64,
    pub last_us: Micros,
    pub last: f64,
    pub sketch: Option<SketchParts>,
}

impl Cell {
    fn new(start_us: Micros, sketch: Option<Box<Sketch>>) -> Cell {
        Cell {
            start_us,
            count: 0,
            sum: Sum::default(),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            last_us: Micros::MIN,
            last: f64::NEG_INFINITY,
            sketch,
        }
    }

    #[inline]
    fn push(&mut self, at_us: Micros, value: f64) {
        // Zero has one sign, so that the order of samples leaves no trace.
        let value = value + 0.0;
        self.count += 1;
        self.sum.add(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.note_last(at_us, value);
        if let Some(sketch) = &mut self.sketch {
            sketch.record(value);
        }
    }

    #[inline]
    fn note_last(&mut self, at_us: Micros, value: f64) {
        if at_us > self.last_us || (at_us == self.last_us && value > self.last) {
            (self.last_us, self.last) = (at_us, value);
        }
    }

    fn merge(&mut self, other: &Cell) {
        self.count += other.count;
        self.sum.merge(&other.sum);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.note_last(other.last_us, other.last);
        if let (Some(sketch), Some(other)) = (&mut self.sketch, &other.sketch) {
            // Both were made by rollups of one configuration.
            let _ = sketch.merge(other);
        }
    }

    fn clear(&mut self) {
        let sketch = self.sketch.take().map(|mut sketch| {
            sketch.clear();
            sketch
        });
        *self = Cell::new(self.start_us, sketch);
    }

    /// The sum, infinite past the range of `f64`.
    fn total(&self) -> f64 {
        let (sum, rest) = self.sum.parts();
        sum + rest
    }

    fn bucket(&self) -> Bucket {
        Bucket {
            start_us: self.start_us,
            count: self.count,
            sum: self.total(),
            min: self.min,
            max: self.max,
            last_us: self.last_us,
            last: self.last,
            sketch: self.sketch.as_deref().cloned(),
        }
    }

    fn parts(&self) -> BucketParts {
        let (sum, sum_rest) = self.sum.parts();
        BucketParts {
            start_us: self.start_us,
            count: self.count,
            sum,
            sum_rest,
            min: self.min,
            max: self.max,
            last_us: self.last_us,
            last: self.last,
            sketch: self.sketch.as_ref().map(|sketch| sketch.parts()),
        }
    }

    /// `None` for parts that no cell of this width and sketch has.
    fn from_parts(parts: BucketParts, width_us: Micros, config: Option<SketchConfig>) -> Option<Cell> {
        let sketch = parts.sketch.map(|parts| Sketch::from_parts(&parts)).transpose().ok()?;
        let fits = |sketch: &Sketch| {
            (sketch.count(), sketch.min(), sketch.max()) == (parts.count, Some(parts.min), Some(parts.max))
        };
        let relative_error = sketch.as_ref().map(Sketch::relative_error);
        let good = parts.count > 0
            && floor(parts.start_us, width_us) == parts.start_us
            && floor(parts.last_us, width_us) == parts.start_us
            && [parts.min, parts.max, parts.sum_rest].iter().all(|value| value.is_finite())
            && !parts.sum.is_nan()
            && (parts.min..=parts.max).contains(&parts.last)
            && relative_error == config.map(|config| config.relative_error)
            && sketch.as_ref().is_none_or(fits);
        good.then(|| Cell {
            start_us: parts.start_us,
            count: parts.count,
            sum: Sum::from_parts(parts.sum, parts.sum_rest),
            min: parts.min,
            max: parts.max,
            last_us: parts.last_us,
            last: parts.last,
            sketch: sketch.map(Box::new),
        })
    }
}

impl Ring {
    /// Adds a finer cell, or one of the same width, to the cell that it lies in. What lies before all
    /// that is kept is dropped.
    fn merge(&mut self, other: &Cell) {
        let start_us = floor(other.start_us, self.level.width_us);
        let newest_us = self.cells.back().map_or(start_us, |cell| cell.start_us);
        if start_us <= self.gone_us(newest_us) {
            return;
        }
        let at = match newest_us == start_us && !self.cells.is_empty() {
            true => self.cells.len() - 1,
            false => self.cells.partition_point(|cell| cell.start_us < start_us),
        };
        if self.cells.get(at).is_none_or(|cell| cell.start_us != start_us) {
            self.cells
                .insert(at, Cell::new(start_us, other.sketch.as_ref().map(|sketch| sketch.emptied().into())));
        }
        self.cells[at].merge(other);
        let gone_us = self.gone_us(newest_us.max(start_us));
        let gone = self.cells.iter().take_while(|cell| cell.start_us <= gone_us).count();
        self.cells.drain(..gone);
    }

    /// The start of the latest cell that is too old to be kept beside that of `newest_us`.
    fn gone_us(&self, newest_us: Micros) -> Micros {
        newest_us.saturating_sub(self.level.width_us.saturating_mul(self.level.keep as i64))
    }

    /// How many buckets there are from the first to the last, empty ones included.
    fn len(&self) -> usize {
        let Some((first, last)) = self.cells.front().zip(self.cells.back()) else { return 0 };
        // At most `keep`, which is bounded.
        (last.start_us.abs_diff(first.start_us) / self.level.width_us as u64) as usize + 1
    }

    /// Every bucket, those without a cell as `None`.
    fn buckets(&self) -> impl Iterator<Item = (Micros, Option<&Cell>)> {
        let first_us = self.cells.front().map_or(0, |cell| cell.start_us);
        let mut cells = self.cells.iter().peekable();
        (0..self.len() as i64).map(move |i| {
            let start_us = first_us.saturating_add(i * self.level.width_us);
            (start_us, cells.next_if(|cell| cell.start_us == start_us))
        })
    }
}

/// The multiple of `width_us` at or before `at_us`.
fn floor(at_us: Micros, width_us: Micros) -> Micros {
    at_us.saturating_sub(at_us.rem_euclid(width_us))
}
