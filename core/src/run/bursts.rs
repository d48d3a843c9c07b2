//! `events.csv`: bursts of loss, and marks.

use super::number;
use super::problems::{FileProblems, Reason};
use super::window::SCRIPT_END_US;
use super::{Event, Mode, Run};
use crate::time::{Interval, Micros};

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
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
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
                events.push(Event { t_us, name: String::from_utf8_lossy(&line[comma + 1..]).into_owned() });
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
        for event in &self.events {
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

/// Whether `at_us` lies in one of the bursts, which are in order and do not overlap.
pub(super) fn inside(bursts: &[Burst], at_us: Micros) -> bool {
    let after = bursts.partition_point(|burst| burst.start_us <= at_us);
    after > 0 && bursts[after - 1].interval().contains(at_us)
}

/// How much of `interval` the bursts cover.
pub(super) fn overlap_us(bursts: &[Burst], interval: &Interval) -> Micros {
    let from = bursts.partition_point(|burst| burst.end_us <= interval.start_us);
    let meeting = bursts[from..].iter().take_while(|burst| burst.start_us < interval.end_us);
    let shared = meeting.map(|burst| burst.interval().intersection(interval).duration_us());
    shared.fold(0, Micros::saturating_add)
}
