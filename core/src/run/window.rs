//! The measurement window of a run.

use super::problems::Reason;
use super::{Mode, Run};
use crate::time::{Interval, Micros};

/// Where an edge of the window comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WindowEdge {
    /// `T0_US` or `T1_US` of `meta.env`.
    Meta,
    /// `exact`: the data's own extent, since `meta.env` has no usable value.
    Data,
    /// `plot_fec`: the script's default, 0 or 2^62.
    Default,
}

impl WindowEdge {
    /// `"meta"`, `"data"` or `"default"`.
    pub const fn name(self) -> &'static str {
        match self {
            WindowEdge::Meta => "meta",
            WindowEdge::Data => "data",
            WindowEdge::Default => "default",
        }
    }
}

/// The measurement window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Window {
    /// From start to end. `exact` takes `[start, end)`, the script takes both ends.
    pub interval: Interval,
    /// Whether a time equal to the end is inside: true in `plot_fec`.
    pub end_inclusive: bool,
    /// Where the start comes from.
    pub start: WindowEdge,
    /// Where the end comes from.
    pub end: WindowEdge,
}

impl Window {
    /// Whether `at_us` lies inside.
    pub fn contains(&self, at_us: Micros) -> bool {
        self.interval.contains(at_us)
            || (self.end_inclusive && at_us == self.interval.end_us && self.interval.start_us <= at_us)
    }

    /// Seconds from the start of the window, as the script computes them.
    pub fn relative_s(&self, at_us: Micros) -> f64 {
        (i128::from(at_us) - i128::from(self.interval.start_us)) as f64 / 1e6
    }
}

/// The script's end where `meta.env` has none.
pub(super) const SCRIPT_END_US: Micros = 1 << 62;

/// `T0_US` and `T1_US` as they stand in `meta.env`.
#[derive(Clone, Copy, Debug, Default)]
struct MetaEdges {
    start_us: Option<Micros>,
    end_us: Option<Micros>,
}

impl Run {
    fn meta_edges(&self, mode: Mode) -> MetaEdges {
        let value = |key: &str| match mode {
            Mode::Exact => self.meta.get(key),
            Mode::PlotFec => self.meta.script_get(key),
        };
        let read = |key: &str| value(key).and_then(super::number::int_from_text);
        MetaEdges { start_us: read("T0_US"), end_us: read("T1_US") }
    }

    /// Counts window values that cannot be used.
    pub(super) fn check_window(&mut self) {
        let edges = self.meta_edges(Mode::Exact);
        let unreadable = [("T0_US", edges.start_us), ("T1_US", edges.end_us)]
            .iter()
            .filter(|(key, value)| value.is_none() && self.meta.get(key).is_some())
            .count();
        let inverted = matches!((edges.start_us, edges.end_us), (Some(start), Some(end)) if end < start);
        for _ in 0..unreadable + usize::from(inverted) {
            self.problems.meta.add(0, Reason::WindowUnusable);
        }
    }

    /// The measurement window by the definitions of `mode`.
    ///
    /// `exact`: `[T0_US, T1_US)`; where one of them is missing or not an integer, or the end lies
    /// before the start, the extent of frames and samples takes its place. `plot_fec`: 0
    /// and 2^62 take the place of what is missing or not an integer, and both ends are inside.
    pub fn window(&self, mode: Mode) -> Window {
        let edges = self.meta_edges(mode);
        let or = |edge: Option<Micros>, other: Micros, source: WindowEdge| match edge {
            Some(at) => (at, WindowEdge::Meta),
            None => (other, source),
        };
        if mode == Mode::PlotFec {
            let (start_us, start) = or(edges.start_us, 0, WindowEdge::Default);
            let (end_us, end) = or(edges.end_us, SCRIPT_END_US, WindowEdge::Default);
            return Window { interval: Interval::new(start_us, end_us), end_inclusive: true, start, end };
        }
        let inverted = matches!((edges.start_us, edges.end_us), (Some(start), Some(end)) if end < start);
        let edges = if inverted { MetaEdges::default() } else { edges };
        if let (Some(start_us), Some(end_us)) = (edges.start_us, edges.end_us) {
            let interval = Interval::new(start_us, end_us);
            return Window { interval, end_inclusive: false, start: WindowEdge::Meta, end: WindowEdge::Meta };
        }
        let data = self.extent();
        let (start_us, start) = or(edges.start_us, data.start_us, WindowEdge::Data);
        let (end_us, end) = or(edges.end_us, data.end_us, WindowEdge::Data);
        Window { interval: Interval::new(start_us, end_us.max(start_us)), end_inclusive: false, start, end }
    }

    /// From the first to just after the last time of frames and samples.
    fn extent(&self) -> Interval {
        let samples = self.prom.series().iter().map(|series| &series.t_us);
        let ends =
            [&self.frames.recv_us].into_iter().chain(samples).filter_map(|t| Some((*t.first()?, *t.last()?)));
        let both = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let Some((start_us, last)) = both else { return Interval::new(0, 0) };
        Interval::new(start_us, last.saturating_add(1))
    }
}
