//! Comparing runs: effect sizes, and intervals that say whether a difference is evidence.

mod blocks;
mod bootstrap;

use super::keys::{Better, KEYS, Key};
use super::random::PRNG;
use super::{Mode, Run, Summary};
use crate::error::{Error, ErrorKind, Result};
use blocks::{Blocks, Count, Part};
use bootstrap::{Resampled, Side, Statistic};

/// How to compare.
#[derive(Clone, Copy, Debug)]
pub struct CompareOptions {
    /// By which definitions. Intervals are made in `exact` only.
    pub mode: Mode,
    /// Seed of the resampling: the same seed gives the same intervals on every machine.
    pub seed: u64,
    /// How many resamples the intervals come from: 0 makes none, else 100 to 100,000.
    pub resamples: u32,
}

/// Fewer resamples than this give no usable 2.5 % point.
const RESAMPLES_MIN: u32 = 100;
const RESAMPLES_MAX: u32 = 100_000;

impl Default for CompareOptions {
    fn default() -> CompareOptions {
        CompareOptions { mode: Mode::Exact, seed: 1, resamples: 2000 }
    }
}

/// What a difference says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Effect {
    /// B is better: the interval of the difference lies wholly on the better side of 0.
    #[cfg_attr(feature = "serde", serde(rename = "better"))]
    Better,
    /// B is worse: the interval of the difference lies wholly on the worse side of 0.
    #[cfg_attr(feature = "serde", serde(rename = "worse"))]
    Worse,
    /// The interval contains 0, or there is none: a difference alone is no evidence.
    #[cfg_attr(feature = "serde", serde(rename = "no evidence"))]
    NoEvidence,
}

impl Effect {
    /// `"better"`, `"worse"` or `"no evidence"`.
    pub const fn name(self) -> &'static str {
        match self {
            Effect::Better => "better",
            Effect::Worse => "worse",
            Effect::NoEvidence => "no evidence",
        }
    }
}

/// How the value of several runs is made. Of one run both are its summary's value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Combined {
    /// Of the frames and counts of all runs together: ratios, and mean and quantiles of latency.
    Pooled,
    /// The mean of the runs' values: everything else.
    Mean,
}

impl Combined {
    /// `"pooled"` or `"mean"`.
    pub const fn name(self) -> &'static str {
        match self {
            Combined::Pooled => "pooled",
            Combined::Mean => "mean",
        }
    }
}

/// One key of the summary in A and in B.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct KeyComparison {
    /// The key.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub key: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Which direction is an improvement.
    pub better: Better,
    /// The value of A; null where no run has one.
    pub a: Option<f64>,
    /// The value of B.
    pub b: Option<f64>,
    /// Runs of A with a value.
    pub runs_a: usize,
    /// Runs of B with a value.
    pub runs_b: usize,
    /// How the values of several runs became one.
    pub combined: Combined,
    /// B - A.
    pub difference: Option<f64>,
    /// (B - A) / |A|; null where A is 0.
    pub relative: Option<f64>,
    /// Low and high end of the 95 % bootstrap interval of the difference.
    pub interval: Option<(f64, f64)>,
    /// Why there is no interval.
    pub no_interval: Option<String>,
    /// What follows.
    pub effect: Effect,
}

/// The runs of one side.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ComparedRuns {
    /// Path or name of each run.
    pub runs: Vec<String>,
    /// Length of each run's window in seconds.
    pub duration_s: Vec<f64>,
}

/// A compared with B. As JSON (feature `serde`) one object: `mode`, `a` and `b` (`runs`,
/// `duration_s`), `seed`, `resamples`, `prng`, `confidence`, `keys` (an object of
/// [`KeyComparison`] by key, in the order of the summary) and `notes`.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// By which definitions.
    pub mode: Mode,
    /// What is compared.
    pub a: ComparedRuns,
    /// What it is compared with.
    pub b: ComparedRuns,
    /// Seed of the resampling.
    pub seed: u64,
    /// Number of resamples.
    pub resamples: u32,
    /// The generator behind the resamples.
    pub prng: &'static str,
    /// Each numeric key of the summary but the ends of the window.
    pub keys: Vec<KeyComparison>,
    /// What a reader should know before believing a number.
    pub notes: Vec<String>,
}

/// The confidence of every interval.
pub const CONFIDENCE: f64 = 0.95;

impl Comparison {
    /// The comparison of `key`; `None` where there is no such key.
    pub fn get(&self, key: &str) -> Option<&KeyComparison> {
        self.keys.iter().find(|compared| compared.key == key)
    }
}

/// Runs whose windows differ by more than this share are of unequal length.
const LENGTH_TOLERANCE: f64 = 0.01;
/// With fewer runs a side the bootstrap over runs understates their spread.
const RUNS_FEW: usize = 5;

/// Compares A with B, each one run or repeats of one.
///
/// Every numeric key gets its difference. Where a key can be counted second by second, the
/// difference also gets a 95 % interval: each side's runs are drawn with replacement, then the
/// one-second blocks within each drawn run, and the value is taken anew, `resamples` times; the
/// interval is the central 95 % of the differences (percentile bootstrap). Blocks and not frames
/// are drawn since neighbouring frames share their fate. Only an interval that excludes 0 is called
/// an effect. Counts of runs of unequal length get no interval: their ratios do.
///
/// # Errors
/// `InvalidArgument` where a side has no run, or `resamples` is out of its range.
///
/// ```
/// use streamgauge::run::{CompareOptions, Effect, Files, Options, Run, compare};
/// let run = |late_us: u64| {
///     let row = |n: u64| format!("{},{n},{}\n", 1_000_000 + n * 40_000 + late_us + n % 7, 1_000_000 + n * 40_000);
///     let frames = "recv_wall_us,frame_id,user_timestamp_us\n".to_owned() + &(0..500).map(row).collect::<String>();
///     Run::from_bytes("demo", &Files { frames: Some(frames.as_bytes()), ..Files::default() }, &Options::default())
/// };
/// let (fast, slow) = (run(20_000)?, run(70_000)?);
/// let result = compare(&[&fast], &[&slow], &CompareOptions::default())?;
/// let p95 = result.get("latency_p95_ms").unwrap();
/// assert_eq!((p95.difference.unwrap().round(), p95.effect), (50.0, Effect::Worse));
/// assert_eq!(result.get("loss_ratio").unwrap().effect, Effect::NoEvidence);
/// # Ok::<(), streamgauge::Error>(())
/// ```
pub fn compare(a: &[&Run], b: &[&Run], options: &CompareOptions) -> Result<Comparison> {
    check(a, b, options)?;
    let a = Compared::new(a, options.mode);
    let b = Compared::new(b, options.mode);
    let mut keys: Vec<KeyComparison> = a.keys().map(|key| key_comparison(key, &a, &b)).collect();
    let mut notes = Vec::new();
    if options.mode == Mode::PlotFec {
        keys.iter_mut().for_each(|key| key.no_interval = Some("intervals are made in mode exact".into()));
        notes.push("mode plot_fec: differences only, nothing is claimed".into());
    } else {
        add_intervals(&mut keys, &a, &b, options);
        notes = notes_on(&a, &b, options);
    }
    let runs = |side: &Compared<'_>| ComparedRuns {
        runs: side.runs.iter().map(|run| run.path.clone()).collect(),
        duration_s: side.duration_s.clone(),
    };
    Ok(Comparison {
        mode: options.mode,
        a: runs(&a),
        b: runs(&b),
        seed: options.seed,
        resamples: options.resamples,
        prng: PRNG,
        keys,
        notes,
    })
}

fn check(a: &[&Run], b: &[&Run], options: &CompareOptions) -> Result<()> {
    for (name, side) in [("a", a), ("b", b)] {
        if side.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("{name} has no run: expected one or more"),
            ));
        }
    }
    let resamples = options.resamples;
    if resamples != 0 && !(RESAMPLES_MIN..=RESAMPLES_MAX).contains(&resamples) {
        let text = format!("resamples is {resamples}: expected 0, or {RESAMPLES_MIN} to {RESAMPLES_MAX}");
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    Ok(())
}

/// One side with what is computed once.
struct Compared<'a> {
    runs: &'a [&'a Run],
    summaries: Vec<Summary>,
    duration_s: Vec<f64>,
    /// `None` where a run cannot be cut into blocks.
    blocks: Option<Vec<Blocks>>,
}

impl<'a> Compared<'a> {
    fn new(runs: &'a [&'a Run], mode: Mode) -> Compared<'a> {
        let length = |run: &&Run| run.window(Mode::Exact).interval.duration_us() as f64 / 1e6;
        Compared {
            runs,
            summaries: runs.iter().map(|run| run.summary(mode)).collect(),
            duration_s: runs.iter().map(length).collect(),
            blocks: match mode {
                Mode::Exact => runs.iter().map(|run| Blocks::new(run)).collect(),
                Mode::PlotFec => None,
            },
        }
    }

    /// The keys of the summaries that are numbers and no moments.
    fn keys(&self) -> impl Iterator<Item = &'static Key> {
        let known = |(name, _): &(&'static str, _)| KEYS.iter().find(|key| key.name == *name);
        self.summaries[0].values.iter().filter_map(known).filter(|key| super::gate::is_number(key))
    }

    /// The value of a key, of how many runs, and how they became one.
    fn value(&self, key: &str) -> (Option<f64>, usize, Combined) {
        let values: Vec<f64> = self.summaries.iter().filter_map(|summary| summary.number(key)).collect();
        let of_blocks = bootstrap::statistic(key).filter(|(_, what)| !matches!(what, Statistic::Total(_)));
        let (value, combined) = match (&self.blocks, of_blocks) {
            (Some(blocks), Some((part, what))) if self.runs.len() > 1 => {
                (bootstrap::pooled(blocks, part, what), Combined::Pooled)
            }
            (_, of_blocks) => {
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                let pooled = of_blocks.is_some() && self.blocks.is_some();
                ((!values.is_empty()).then_some(mean), if pooled { Combined::Pooled } else { Combined::Mean })
            }
        };
        (value, values.len(), combined)
    }
}

fn key_comparison(key: &'static Key, a: &Compared<'_>, b: &Compared<'_>) -> KeyComparison {
    let ((value_a, runs_a, combined), (value_b, runs_b, _)) = (a.value(key.name), b.value(key.name));
    let difference = value_a.zip(value_b).map(|(a, b)| b - a);
    let relative = difference.zip(value_a).filter(|(_, a)| *a != 0.0).map(|(d, a)| d / a.abs());
    KeyComparison {
        key: key.name,
        unit: key.unit,
        better: key.better,
        a: value_a,
        b: value_b,
        runs_a,
        runs_b,
        combined,
        difference,
        relative,
        interval: None,
        no_interval: None,
        effect: Effect::NoEvidence,
    }
}

fn add_intervals(keys: &mut [KeyComparison], a: &Compared<'_>, b: &Compared<'_>, options: &CompareOptions) {
    let (Some(blocks_a), Some(blocks_b)) = (&a.blocks, &b.blocks) else {
        let why = "a run has no length, or too many seconds to resample";
        keys.iter_mut().for_each(|key| key.no_interval = Some(why.into()));
        return;
    };
    let (side_a, side_b) = (Side::new(blocks_a), Side::new(blocks_b));
    let mut wanted = Vec::new();
    let mut tested = Vec::new();
    for key in keys {
        let found = what_to_resample(key, (&side_a, blocks_a), (&side_b, blocks_b));
        match found {
            _ if options.resamples == 0 => key.no_interval = Some("no resamples were asked for".into()),
            Ok(found) => {
                wanted.push(found);
                tested.push(key);
            }
            Err(why) => key.no_interval = Some(why),
        }
    }
    let intervals = bootstrap::intervals(&side_a, &side_b, &wanted, options.resamples, options.seed);
    for (key, interval) in tested.into_iter().zip(intervals) {
        match interval {
            Resampled::Interval(low, high) => {
                key.interval = Some((low, high));
                key.effect = effect(key.better, low, high);
            }
            Resampled::Undefined(count) => {
                key.no_interval = Some(format!("undefined in {count} of {} resamples", options.resamples));
            }
        }
    }
}

/// The statistic to resample for a key, or why there is none.
fn what_to_resample(
    key: &KeyComparison,
    a: (&Side, &[Blocks]),
    b: (&Side, &[Blocks]),
) -> std::result::Result<(Part, Statistic), String> {
    if key.better == Better::Neutral {
        return Err("neither direction is better".into());
    }
    let (part, what) = bootstrap::statistic(key.key).ok_or("not counted second by second")?;
    for (name, value, side) in [("A", key.a, a), ("B", key.b, b)] {
        if value.is_none() {
            return Err(format!("{name} has no value"));
        }
        if let Statistic::Latency(0.999) = what {
            return Err("too few frames lie beyond this quantile".into());
        }
        if !side.0.has(part, what) {
            return Err(format!("not every run of {name} has a value"));
        }
    }
    if let Statistic::Total(_) = what {
        let seconds = |run: &Blocks| {
            run.counts.get(&(part, Count::Seconds)).map_or(0.0, |seconds| seconds.iter().sum::<f64>())
        };
        if unequal(a.1.iter().chain(b.1).map(seconds)) {
            return Err("the runs are of unequal length: a count does not compare, a ratio does".into());
        }
    }
    Ok((part, what))
}

/// Whether lengths differ by more than the tolerance.
fn unequal(lengths: impl Iterator<Item = f64>) -> bool {
    let (low, high) =
        lengths.fold((f64::INFINITY, 0.0_f64), |(low, high), length| (low.min(length), high.max(length)));
    high - low > LENGTH_TOLERANCE * high
}

fn effect(better: Better, low: f64, high: f64) -> Effect {
    match better {
        Better::Lower if high < 0.0 => Effect::Better,
        Better::Lower if low > 0.0 => Effect::Worse,
        Better::Higher if low > 0.0 => Effect::Better,
        Better::Higher if high < 0.0 => Effect::Worse,
        _ => Effect::NoEvidence,
    }
}

fn notes_on(a: &Compared<'_>, b: &Compared<'_>, options: &CompareOptions) -> Vec<String> {
    let mut notes = Vec::new();
    for (name, side) in [("A", a), ("B", b)] {
        match side.runs.len() {
            1 => notes.push(format!(
                "{name} is one run: runs cannot be resampled, so the intervals cover only the variation within it"
            )),
            few if few < RUNS_FEW => notes.push(format!(
                "{name} is {few} runs: so few understate how much runs differ, and the intervals are rather too narrow"
            )),
            _ => {}
        }
    }
    if unequal(a.duration_s.iter().chain(&b.duration_s).copied()) {
        notes.push("the runs are of unequal length: counts have no interval, ratios do".into());
    }
    if options.resamples > 0 {
        notes.push("each interval stands alone: of 20 keys without an effect about one excludes 0".into());
    }
    notes
}

#[cfg(feature = "serde")]
mod json {
    use super::{CONFIDENCE, Comparison, KeyComparison};
    use serde::ser::{Serialize, SerializeMap, Serializer};

    struct ByKey<'a>(&'a [KeyComparison]);

    impl Serialize for ByKey<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|compared| (compared.key, compared)))
        }
    }

    impl Serialize for Comparison {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("mode", self.mode.name())?;
            map.serialize_entry("a", &self.a)?;
            map.serialize_entry("b", &self.b)?;
            map.serialize_entry("seed", &self.seed)?;
            map.serialize_entry("resamples", &self.resamples)?;
            map.serialize_entry("prng", self.prng)?;
            map.serialize_entry("confidence", &CONFIDENCE)?;
            map.serialize_entry("keys", &ByKey(&self.keys))?;
            map.serialize_entry("notes", &self.notes)?;
            map.end()
        }
    }
}
