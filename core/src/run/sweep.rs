//! A sweep: many runs over a grid of loss, FEC rate and FEC mask, as `manifest.tsv` lists them.

use super::input::{Completeness, Input};
use super::number;
use super::problems::{FileProblems, Reason};
use super::{CompareOptions, Comparison, Run, Summary, compare};
use crate::error::{Error, ErrorKind, Result};
use std::cmp::Ordering;

const FILE: &str = "manifest.tsv";
/// What is larger is no manifest.
const MANIFEST_MAX_BYTES: usize = 64 * 1024 * 1024;
/// A grid with more cells than this is a mistake.
const CELLS_MAX: usize = 10_000;

/// A value on an axis of the grid: two texts that are the same number are the same level.
#[derive(Clone, Debug, Default)]
pub struct Level {
    /// As it stands in the manifest; may be empty.
    pub text: String,
    /// Its number, where it is one.
    pub number: Option<f64>,
}

impl Level {
    fn new(text: &str) -> Level {
        let number = number::float(text.as_bytes()).filter(|number| number.is_finite());
        Level { text: text.to_owned(), number }
    }
}

impl PartialEq for Level {
    fn eq(&self, other: &Level) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Level {}

impl PartialOrd for Level {
    fn partial_cmp(&self, other: &Level) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Level {
    /// Numbers by value, then texts.
    fn cmp(&self, other: &Level) -> Ordering {
        match (self.number, other.number) {
            // Adding 0 makes -0 and 0 one.
            (Some(a), Some(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => self.text.cmp(&other.text),
        }
    }
}

/// One row of the manifest.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SweepRow {
    /// Line of the manifest, counted from 1.
    pub line: u64,
    /// The run's directory, relative to the manifest.
    pub leaf: String,
    /// `baseline` or `fec`; a row with another mode is shown but belongs to no cell.
    pub mode: String,
    /// Packet loss the run was made with.
    pub loss: Level,
    /// FEC rate.
    pub fec_rate: Level,
    /// FEC mask.
    pub fec_mask: String,
    /// Further columns of the manifest: name and value.
    #[cfg_attr(feature = "serde", serde(serialize_with = "json::pairs"))]
    pub extra: Vec<(String, String)>,
    /// The run's summary; null where there is no run.
    pub summary: Option<Summary>,
    /// Why the run takes no part in a comparison: there is none, or it has no frames.
    pub missing: Option<String>,
}

/// The runs without FEC at one loss.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SweepBaseline {
    /// The loss.
    pub loss: Level,
    /// Indices into [`Sweep::rows`] of the runs that can be used.
    pub rows: Vec<usize>,
    /// Why there is none.
    pub missing: Option<String>,
}

/// A cell of the grid: FEC at one loss, rate and mask, against the baseline of the same loss.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SweepCell {
    /// The loss.
    pub loss: Level,
    /// The FEC rate.
    pub fec_rate: Level,
    /// The FEC mask.
    pub fec_mask: String,
    /// Indices into [`Sweep::rows`] of the runs that can be used.
    pub rows: Vec<usize>,
    /// Why the cell, or its baseline, is missing; null where there is a comparison.
    pub missing: Option<String>,
    /// The baseline (A) with the cell (B), repeats of each as one side.
    pub comparison: Option<Comparison>,
}

/// A whole sweep. Every combination of the axes is a cell: missing ones are shown, never skipped.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Sweep {
    /// Every row of the manifest that names a run, in order.
    pub rows: Vec<SweepRow>,
    /// Distinct losses, ascending.
    pub losses: Vec<Level>,
    /// Distinct FEC rates, ascending.
    pub fec_rates: Vec<Level>,
    /// Distinct FEC masks, in order of their names.
    pub fec_masks: Vec<String>,
    /// One for each loss.
    pub baselines: Vec<SweepBaseline>,
    /// Losses x rates x masks, in that order.
    pub cells: Vec<SweepCell>,
    /// What of the manifest could not be used.
    pub problems: FileProblems,
}

impl Sweep {
    /// The cells without a comparison.
    pub fn missing(&self) -> impl Iterator<Item = &SweepCell> {
        self.cells.iter().filter(|cell| cell.comparison.is_none())
    }
}

/// Reads a manifest, lets `load` bring each run, and compares every cell with its baseline.
///
/// The manifest has the columns `leaf`, `mode` (`baseline` or `fec`), `loss`, `fec_rate` and
/// `fec_mask`, in the order of its header, separated by tabs; others are kept. `load` gives the run
/// of a leaf, or `None` where there is none; its error is the reason shown for that run.
///
/// # Errors
/// `Malformed` where the manifest has no header with `leaf` and `mode`, `CapacityExceeded` where its
/// grid has more than 10,000 cells, and what [`compare`] gives for its options.
///
/// ```
/// use streamgauge::run::{CompareOptions, sweep};
/// let manifest = b"leaf\tmode\tloss\tfec_rate\tfec_mask\nb\tbaseline\t0.02\t\t\nf\tfec\t0.02\t30\tbursty\n";
/// let found = sweep(manifest, |_leaf| Ok(None), &CompareOptions::default())?;
/// assert_eq!(found.cells[0].missing.as_deref(), Some("no such run directory"));
/// # Ok::<(), streamgauge::Error>(())
/// ```
pub fn sweep(
    manifest: &[u8],
    load: impl FnMut(&str) -> Result<Option<Run>>,
    options: &CompareOptions,
) -> Result<Sweep> {
    sweep_input(&Input::from_bytes(Some(manifest)), load, options)
}

/// The sweep whose `manifest.tsv` (or `manifest.tsv.gz`) and runs lie in a directory.
///
/// # Errors
/// As [`sweep`]; `NotFound` where there is no manifest, `Io` where the operating system refuses it.
#[cfg(feature = "fs")]
pub fn sweep_dir(
    path: impl AsRef<std::path::Path>,
    read: &super::Options,
    options: &CompareOptions,
) -> Result<Sweep> {
    let path = path.as_ref();
    let input = Input::open(path, FILE)?;
    if matches!(input, Input::Missing) {
        let shown = path.join(FILE).display().to_string();
        return Err(Error::new(ErrorKind::NotFound, "no such manifest").in_file(shown));
    }
    let load = |leaf: &str| match Run::open(path.join(leaf), read) {
        Ok(run) => Ok(Some(run)),
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(None),
        Err(why) => Err(why),
    };
    sweep_input(&input, load, options).map_err(|why| match why.file() {
        Some(FILE) => why.in_file(path.join(FILE).display().to_string()),
        _ => why,
    })
}

fn sweep_input(
    input: &Input<'_>,
    mut load: impl FnMut(&str) -> Result<Option<Run>>,
    options: &CompareOptions,
) -> Result<Sweep> {
    let mut bytes = Vec::new();
    let completeness = input.feed(|block| {
        let room = MANIFEST_MAX_BYTES - bytes.len();
        bytes.extend_from_slice(&block[..block.len().min(room)]);
    })?;
    let mut problems = FileProblems::default();
    if completeness == Completeness::GzipDamaged {
        problems.add(0, Reason::GzipDamaged);
    }
    let mut rows = parse(&bytes, &mut problems)?;
    let grid = Grid::new(&rows)?;
    let mut runs: Vec<Option<Run>> = Vec::with_capacity(rows.len());
    for row in &mut rows {
        let run = match load(&row.leaf) {
            Ok(Some(run)) => Some(run),
            Ok(None) => {
                row.missing = Some(NO_DIRECTORY.into());
                None
            }
            Err(why) => {
                row.missing = Some(why.to_string());
                None
            }
        };
        if let Some(run) = &run {
            row.summary = Some(run.summary(options.mode));
            row.missing = without_frames(run, options);
        }
        runs.push(run.filter(|_| row.missing.is_none()));
    }
    grid.fill(rows, &runs, problems, options)
}

const NO_DIRECTORY: &str = "no such run directory";
const BASELINE: &str = "baseline";
const FEC: &str = "fec";

/// Why a run that is there cannot be used.
fn without_frames(run: &Run, options: &CompareOptions) -> Option<String> {
    if run.problems.frames.missing {
        Some("the run has no frames.csv".into())
    } else if run.frames.is_empty() {
        Some("the run's frames.csv has no frames".into())
    } else if run.frames_in_window(options.mode).next().is_none() {
        Some("the run has no frames in its window".into())
    } else {
        None
    }
}

fn parse(bytes: &[u8], problems: &mut FileProblems) -> Result<Vec<SweepRow>> {
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let lines =
        text.split('\n').enumerate().map(|(index, line)| (index as u64 + 1, line.trim_end_matches('\r')));
    let mut lines = lines.skip_while(|(_, line)| line.trim().is_empty());
    let malformed =
        |line: u64, why: String| Error::new(ErrorKind::Malformed, why).in_file(FILE).at_line(line);
    let (number, header) = lines.next().ok_or_else(|| malformed(1, "the manifest has no header".into()))?;
    let header: Vec<&str> = header.split('\t').map(str::trim).collect();
    let column = |name: &str| header.iter().position(|column| *column == name);
    let (Some(leaf_at), Some(mode_at)) = (column("leaf"), column("mode")) else {
        let why = format!("the header has {header:?}: expected leaf and mode among them");
        return Err(malformed(number, why));
    };
    let known = [Some(leaf_at), Some(mode_at), column("loss"), column("fec_rate"), column("fec_mask")];
    let mut rows: Vec<SweepRow> = Vec::new();
    let mut leaves = std::collections::HashSet::new();
    let last = text.matches('\n').count() as u64 + 1;
    for (line, row) in lines {
        if row.trim().is_empty() {
            // What follows the last newline is no row.
            if line != last {
                problems.rows += 1;
                problems.add(line, Reason::Blank);
            }
            continue;
        }
        problems.rows += 1;
        let fields: Vec<&str> = row.split('\t').map(str::trim).collect();
        let field = |at: Option<usize>| at.and_then(|at| fields.get(at)).copied().unwrap_or("");
        let leaf = field(known[0]);
        if leaf.is_empty() {
            problems.add(line, Reason::LeafMissing);
            continue;
        }
        if !leaves.insert(leaf.to_owned()) {
            problems.add(line, Reason::LeafRepeated);
            continue;
        }
        let (mode, loss, fec_rate) =
            (field(known[1]), Level::new(field(known[2])), Level::new(field(known[3])));
        if mode != BASELINE && mode != FEC {
            problems.add(line, Reason::ModeUnknown);
        }
        if loss.number.is_none() {
            problems.add(line, Reason::LossNotNumber);
        }
        let others = header.iter().enumerate().filter(|(at, _)| !known.contains(&Some(*at)));
        rows.push(SweepRow {
            line,
            leaf: leaf.to_owned(),
            mode: mode.to_owned(),
            loss,
            fec_rate,
            fec_mask: field(known[4]).to_owned(),
            extra: others.map(|(at, name)| ((*name).to_owned(), field(Some(at)).to_owned())).collect(),
            summary: None,
            missing: None,
        });
    }
    Ok(rows)
}

/// The axes of the grid.
struct Grid {
    losses: Vec<Level>,
    fec_rates: Vec<Level>,
    fec_masks: Vec<String>,
}

impl Grid {
    fn new(rows: &[SweepRow]) -> Result<Grid> {
        let fec = || rows.iter().filter(|row| row.mode == FEC);
        let planned = rows.iter().filter(|row| row.mode == FEC || row.mode == BASELINE);
        let grid = Grid {
            losses: distinct(planned.map(|row| row.loss.clone())),
            fec_rates: distinct(fec().map(|row| row.fec_rate.clone())),
            fec_masks: distinct(fec().map(|row| row.fec_mask.clone())),
        };
        let sizes = [grid.losses.len(), grid.fec_rates.len(), grid.fec_masks.len()];
        let cells = sizes.into_iter().fold(1, usize::saturating_mul);
        if cells > CELLS_MAX {
            let [losses, rates, masks] = sizes;
            let why = format!(
                "{losses} losses x {rates} FEC rates x {masks} masks are {cells} cells: the limit is {CELLS_MAX}"
            );
            return Err(Error::new(ErrorKind::CapacityExceeded, why).in_file(FILE));
        }
        Ok(grid)
    }

    fn fill(
        self,
        rows: Vec<SweepRow>,
        runs: &[Option<Run>],
        problems: FileProblems,
        options: &CompareOptions,
    ) -> Result<Sweep> {
        let planned = |wanted: &dyn Fn(&SweepRow) -> bool| Planned::new(&rows, runs, wanted);
        let mut baselines = Vec::with_capacity(self.losses.len());
        let mut cells = Vec::new();
        for loss in &self.losses {
            let baseline = planned(&|row| row.mode == BASELINE && row.loss == *loss);
            for fec_rate in &self.fec_rates {
                for fec_mask in &self.fec_masks {
                    let fec = planned(&|row| {
                        row.mode == FEC
                            && (&row.loss, &row.fec_rate, &row.fec_mask) == (loss, fec_rate, fec_mask)
                    });
                    let missing = fec.missing.clone().or_else(|| {
                        baseline.missing.as_ref().map(|why| format!("the baseline of this loss: {why}"))
                    });
                    let comparison = match missing {
                        None => Some(compare(&baseline.runs, &fec.runs, options)?),
                        Some(_) => None,
                    };
                    let (loss, fec_rate, fec_mask) = (loss.clone(), fec_rate.clone(), fec_mask.clone());
                    cells.push(SweepCell { loss, fec_rate, fec_mask, rows: fec.rows, missing, comparison });
                }
            }
            baselines.push(SweepBaseline {
                loss: loss.clone(),
                rows: baseline.rows,
                missing: baseline.missing,
            });
        }
        let Grid { losses, fec_rates, fec_masks } = self;
        Ok(Sweep { rows, losses, fec_rates, fec_masks, baselines, cells, problems })
    }
}

/// The runs the manifest has for a place in the grid.
struct Planned<'a> {
    rows: Vec<usize>,
    runs: Vec<&'a Run>,
    /// Why there is no run that can be used.
    missing: Option<String>,
}

impl<'a> Planned<'a> {
    fn new(rows: &[SweepRow], runs: &'a [Option<Run>], wanted: &dyn Fn(&SweepRow) -> bool) -> Planned<'a> {
        let all = || rows.iter().zip(runs).enumerate().filter(|(_, (row, _))| wanted(row));
        let usable = || all().filter_map(|(index, (_, run))| Some((index, run.as_ref()?)));
        let missing = usable().next().is_none().then(|| {
            let reasons = distinct(all().filter_map(|(_, (row, _))| row.missing.clone()));
            if reasons.is_empty() { "not in the manifest".to_owned() } else { reasons.join("; ") }
        });
        Planned {
            rows: usable().map(|(index, _)| index).collect(),
            runs: usable().map(|(_, run)| run).collect(),
            missing,
        }
    }
}

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort();
    values.dedup();
    values
}

#[cfg(feature = "serde")]
mod json {
    use super::Level;
    use serde::ser::{Serialize, Serializer};

    impl Serialize for Level {
        /// A number, a text, or null where the manifest has nothing.
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self.number {
                Some(number) => serializer.serialize_f64(number),
                None if self.text.is_empty() => serializer.serialize_none(),
                None => serializer.serialize_str(&self.text),
            }
        }
    }

    pub(super) fn pairs<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
    }
}
