//! Test-run directories: `frames.csv`, `prom.tsv`, `events.csv`, `meta.env` in; columns, derived
//! series, a summary, comparisons, sweeps and simulated runs out.
//!
//! Two named ways to compute, see [`Mode`]: `plot_fec` gives what the plotting script gives, to
//! the digit; `exact` (the default) is right where the script is not. What a file holds that
//! cannot be used is counted by reason in [`Problems`], never a panic and never silently dropped.

mod bursts;
mod codec;
mod column;
mod compare;
mod counters;
mod decimal;
mod drift;
mod exact;
mod frames;
mod gate;
mod input;
mod keys;
mod labels;
mod meta;
mod names;
mod number;
mod pieces;
mod problems;
mod prom;
mod random;
mod read;
mod selector;
mod sequence;
#[cfg(feature = "gzip")]
mod simulate;
mod summary;
mod sweep;
mod timeline;
mod window;

pub use bursts::Burst;
pub use column::{Bitmap, Column};
pub use compare::{
    CONFIDENCE, Combined, CompareOptions, ComparedRuns, Comparison, Effect, KeyComparison, compare,
};
pub use counters::CounterTotal;
pub use frames::Frames;
pub use gate::{Gate, GateOutcome, GateResult};
pub use keys::{Better, KEYS, Key};
pub use labels::{Metric, parse_metric};
pub use meta::Meta;
pub use names::MetricNames;
pub use pieces::{RunFile, RunReader};
pub use problems::{FileProblems, LISTED_MAX, Problem, Problems, Reason};
pub use prom::{Prom, Series};
pub use selector::{MatchOp, Matcher, Selector};
#[cfg(feature = "gzip")]
pub use simulate::{FecMask, Profile, SimulateOptions, Simulated, simulate};
pub use summary::{Summary, Value, key};
#[cfg(feature = "fs")]
pub use sweep::sweep_dir;
pub use sweep::{Level, Sweep, SweepBaseline, SweepCell, SweepRow, sweep};
pub use timeline::{BUCKETS_MAX, Buckets, Freezes, Gaps, Latency};
pub use window::{Window, WindowEdge};

use crate::error::Result;
use crate::time::Micros;

/// Which definitions to compute by.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mode {
    /// Right by the definitions in the documentation. The default.
    #[default]
    Exact,
    /// What the plotting script `plot_fec.py` computes, its known defects included.
    PlotFec,
}

impl Mode {
    /// `"exact"` or `"plot_fec"`.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Exact => "exact",
            Mode::PlotFec => "plot_fec",
        }
    }
}

impl std::str::FromStr for Mode {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Mode> {
        match text {
            "exact" => Ok(Mode::Exact),
            "plot_fec" => Ok(Mode::PlotFec),
            other => Err(crate::Error::new(
                crate::ErrorKind::InvalidArgument,
                format!("mode is {}: expected \"exact\" or \"plot_fec\"", crate::error::Quoted(other)),
            )),
        }
    }
}

/// One line of `events.csv`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// When, microseconds since the Unix epoch.
    pub t_us: Micros,
    /// `burst_on`, `burst_off`, or any other text: a labelled mark.
    pub name: String,
    /// A byte order mark stands before it, on which the script would stop.
    script_stops: bool,
}

/// The bytes of a run's files; `None` where a file does not exist. A file whose bytes begin with
/// the gzip magic is decompressed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files<'a> {
    /// `frames.csv`
    pub frames: Option<&'a [u8]>,
    /// `prom.tsv`
    pub prom: Option<&'a [u8]>,
    /// `events.csv`
    pub events: Option<&'a [u8]>,
    /// `meta.env`
    pub meta: Option<&'a [u8]>,
}

/// How to read a run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Metric names of the SFU under test; see [`MetricNames`].
    pub names: MetricNames,
    /// Worker threads for reading (features `fs`/`sync`); 0 takes what the machine has, 1 reads on
    /// the calling thread. Never changes a result.
    pub threads: usize,
}

/// One run, parsed.
#[derive(Clone, Debug)]
pub struct Run {
    /// The path as given, or the name given with bytes.
    pub path: String,
    /// The last part of the path.
    pub name: String,
    /// Received frames in order of receipt.
    pub frames: Frames,
    /// Polled Prometheus series.
    pub prom: Prom,
    /// Events in file order.
    pub events: Vec<Event>,
    /// Run parameters.
    pub meta: Meta,
    /// What could not be used.
    pub problems: Problems,
    /// The metric names this run is summarised by.
    pub names: MetricNames,
}
