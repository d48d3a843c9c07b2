//! `events.csv`: bursts of loss, and marks.

use super::input::BYTE_ORDER_MARK;
use super::number;
use super::problems::{FileProblems, Reason};
use super::window::SCRIPT_END_US;
use super::{Event, Mode, Run};
use crate::time::{Interval, Micros};
use std::cell::Cell;

/// A burst of loss, from `burst_on` to `burst_off`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Burst {
    /// When it began.
    pub start_us: Micros,
    /// When it ended.
    pub end_us: Micros,
    /// It has no `burst_off`: the next `burst_on` or the end of the window ended it.
    pub open: bool,
}

impl Burst {
    /// From start to end.
    pub fn interval(&self) -> Interval {
        Interval::new(self.start_us, self.end_us)
    }
}

const ON: &str = "burst_on";
const OFF: &str = "burst_off";

/// Reads `time,name` lines.
pub(super) fn parse_events(bytes: &[u8], line_offset: u64, problems: &mut FileProblems) -> Vec<Event> {
    let unmarked = bytes.strip_prefix(BYTE_ORDER_MARK);
    let bytes = unmarked.unwrap_or(bytes);
    let mut events = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        problems.rows += 1;
        let number = line_offset + index as u64 + 1;
        let Some(comma) = memchr::memchr(b',', line) else {
            problems.add(number, Reason::EventWithoutName);
            continue;
        };
        match number::int(&line[..comma]) {
            Ok(t_us) => {
                let name = String::from_utf8_lossy(&line[comma + 1..]).into_owned();
                events.push(Event { t_us, name, script_stops: index == 0 && unmarked.is_some() });
            }
            Err(why) => problems.add(number, why.time_reason()),
        }
    }
    events
}

impl Run {
    /// Bursts of loss.
    ///
    /// `exact`: events in order of time, bursts cut to the window; a `burst_on` within a burst ends
    /// it and begins the next, so that no time of an unclosed burst is lost. `plot_fec`: events in
    /// file order, a second `burst_on` forgets the first, nothing is cut.
    pub fn bursts(&self, mode: Mode) -> Vec<Burst> {
        let window = self.window(mode).interval;
        match mode {
            Mode::PlotFec => self.script_bursts(window),
            Mode::Exact => self.exact_bursts(window),
        }
    }

    /// Events that are neither `burst_on` nor `burst_off`.
    pub fn marks(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(|event| event.name != ON && event.name != OFF)
    }

    fn script_bursts(&self, window: Interval) -> Vec<Burst> {
        let mut bursts = Vec::new();
        let mut start = None;
        for event in self.events.iter().filter(|event| !event.script_stops) {
            match (event.name.as_str(), start) {
                (ON, _) => start = Some(event.t_us),
                (OFF, Some(start_us)) => {
                    bursts.push(Burst { start_us, end_us: event.t_us, open: false });
                    start = None;
                }
                _ => {}
            }
        }
        if let Some(start_us) = start {
            let end_us = if window.end_us < SCRIPT_END_US { window.end_us } else { start_us };
            bursts.push(Burst { start_us, end_us, open: true });
        }
        bursts
    }

    fn exact_bursts(&self, window: Interval) -> Vec<Burst> {
        let mut switches: Vec<(Micros, bool)> = self
            .events
            .iter()
            .filter(|event| event.name == ON || event.name == OFF)
            .map(|event| (event.t_us, event.name == ON))
            .collect();
        switches.sort_by_key(|(t_us, _)| *t_us);
        let mut bursts = Vec::new();
        let mut start = None;
        for (t_us, on) in switches {
            if let Some(start_us) = start {
                bursts.push(Burst { start_us, end_us: t_us, open: on });
            }
            start = on.then_some(t_us);
        }
        if let Some(start_us) = start {
            bursts.push(Burst { start_us, end_us: window.end_us, open: true });
        }
        bursts
            .into_iter()
            .filter_map(|burst| {
                let inside = burst.interval().intersection(&window);
                let seen = inside.duration_us() > 0;
                seen.then_some(Burst { start_us: inside.start_us, end_us: inside.end_us, ..burst })
            })
            .collect()
    }
}

/// A part of the window: intervals in order that do not overlap. Asked in order of time, which is
/// the usual case, each answer takes constant time.
#[derive(Debug)]
pub(super) struct Part {
    intervals: Vec<Interval>,
    /// Where the last answer was found.
    hint: Cell<usize>,
}

impl Part {
    /// The time within the bursts, which are in order and do not overlap.
    pub(super) fn inside(bursts: &[Burst]) -> Part {
        Part { intervals: bursts.iter().map(Burst::interval).collect(), hint: Cell::new(0) }
    }

    /// The time of the window that is not within the bursts.
    pub(super) fn outside(bursts: &[Burst], window: &Interval) -> Part {
        let starts = [window.start_us].into_iter().chain(bursts.iter().map(|burst| burst.end_us));
        let ends = bursts.iter().map(|burst| burst.start_us).chain([window.end_us]);
        let between = starts.zip(ends).map(|(start_us, end_us)| Interval::new(start_us, end_us));
        let intervals = between.filter(|interval| interval.duration_us() > 0).collect();
        Part { intervals, hint: Cell::new(0) }
    }

    /// The intervals, in order.
    pub(super) fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// All of it together.
    pub(super) fn duration_us(&self) -> Micros {
        self.intervals.iter().map(Interval::duration_us).fold(0, Micros::saturating_add)
    }

    /// Whether `at_us` lies inside.
    pub(super) fn contains(&self, at_us: Micros) -> bool {
        self.intervals.get(self.first_ending_after(at_us)).is_some_and(|interval| interval.contains(at_us))
    }

    /// How much of `span` lies inside.
    pub(super) fn overlap_us(&self, span: &Interval) -> Micros {
        let meeting = self.meeting(span).map(|interval| interval.intersection(span).duration_us());
        meeting.fold(0, Micros::saturating_add)
    }

    /// The intervals that meet `span`.
    pub(super) fn meeting(&self, span: &Interval) -> impl Iterator<Item = &Interval> {
        let end_us = span.end_us;
        let from = self.first_ending_after(span.start_us);
        self.intervals[from..].iter().take_while(move |interval| interval.start_us < end_us)
    }

    /// Index of the first interval that ends after `at_us`.
    fn first_ending_after(&self, at_us: Micros) -> usize {
        let ends_after =
            |index: usize| self.intervals.get(index).is_none_or(|interval| interval.end_us > at_us);
        let fits = |index: usize| ends_after(index) && (index == 0 || !ends_after(index - 1));
        let hint = self.hint.get();
        let index = match (fits(hint), hint < self.intervals.len() && fits(hint + 1)) {
            (true, _) => hint,
            (_, true) => hint + 1,
            _ => self.intervals.partition_point(|interval| interval.end_us <= at_us),
        };
        self.hint.set(index);
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_answer_in_any_order() {
        let bursts =
            [(10, 20), (20, 30), (50, 60)].map(|(a, b)| Burst { start_us: a, end_us: b, open: false });
        let window = Interval::new(0, 100);
        let (inside, outside) = (Part::inside(&bursts), Part::outside(&bursts, &window));
        assert_eq!((inside.duration_us(), outside.duration_us()), (30, 70));
        for at in (0..100).chain((0..100).rev()).chain([5, 95, 15, 55, 35, 0]) {
            let within = (10..30).contains(&at) || (50..60).contains(&at);
            assert_eq!((inside.contains(at), outside.contains(at)), (within, !within), "{at}");
            let span = Interval::new(at, at + 37);
            let covered = (at..at + 37).filter(|at| (10..30).contains(at) || (50..60).contains(at)).count();
            assert_eq!(inside.overlap_us(&span), covered as i64, "{at}");
        }
        assert!(!Part::inside(&[]).contains(5));
    }
}
