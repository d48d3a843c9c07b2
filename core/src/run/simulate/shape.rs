//! What of the transmission is recorded, and how oddly: rows, polls, counters.

use super::SimulateOptions;
use super::channel::{DEADLINE_US, Event, Frame, Stream};
use super::profile::{Plan, Profile};
use crate::run::random::Random;
use crate::time::{Interval, Micros, SECOND_US};

/// One row of `frames.csv`.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) recv_us: Micros,
    pub(super) id: RowId,
    pub(super) user_us: RowUser,
    /// Index of the frame.
    pub(super) frame: usize,
}

/// What stands in the row for the frame's id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RowId {
    True,
    /// This much too high.
    Off(i64),
    /// A text that is no 64-bit number.
    Text(&'static str),
}

/// What stands in the row for the time of capture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RowUser {
    True,
    /// Unknown, in one of its ways.
    Text(&'static str),
}

/// The server's counters at one poll.
#[derive(Clone, Debug)]
pub(super) struct Poll {
    pub(super) at_us: Micros,
    /// By [`Event`].
    pub(super) values: [u64; Event::COUNT],
}

/// Everything the files record.
pub(super) struct Shaped {
    /// In the order of the file.
    pub(super) rows: Vec<Row>,
    pub(super) polls: Vec<Poll>,
    /// After this poll the server began anew.
    pub(super) reset_after: Option<usize>,
    /// Whether `frames.csv`, `prom.tsv`, `events.csv` and `meta.env` exist.
    pub(super) exists: [bool; 4],
    /// Whether something stands in them.
    pub(super) written: [bool; 4],
}

pub(super) const FRAMES: usize = 0;
pub(super) const PROM: usize = 1;
pub(super) const EVENTS: usize = 2;
pub(super) const META: usize = 3;

impl Shaped {
    pub(super) fn new(options: &SimulateOptions, plan: &Plan, stream: &Stream) -> Shaped {
        let mut odd = Random::new(options.seed ^ ODD_STREAM);
        let rows = rows(options, plan, stream, &mut odd);
        let times = poll_times(options, plan, &mut odd);
        let reset_after = match options.profile {
            Profile::Reset => reset_after(stream, &times),
            _ => None,
        };
        let exists = match options.profile {
            // Any file may be missing, and at least one is.
            Profile::MissingFiles => [0, 1, 2, 3].map(|file| (1 + options.seed % 15) >> file & 1 == 0),
            _ => [true; 4],
        };
        let written = if options.profile == Profile::Empty { [false; 4] } else { exists };
        let polls = times.iter().enumerate().map(|(index, at_us)| {
            let until = counted(stream, *at_us);
            let before =
                reset_after.filter(|after| index > *after).map(|after| counted(stream, times[after]));
            let before = before.unwrap_or([0; Event::COUNT]);
            Poll { at_us: *at_us, values: std::array::from_fn(|event| until[event] - before[event]) }
        });
        Shaped { rows, polls: polls.collect(), reset_after, exists, written }
    }

    /// The window as a reader can know it: that of `meta.env`, else the extent of rows and polls.
    pub(super) fn window(&self, options: &SimulateOptions, plan: &Plan) -> Interval {
        let stated = !matches!(options.profile, Profile::NoWindow | Profile::InvertedWindow);
        if self.written[META] && stated {
            return plan.window;
        }
        let rows = self.rows.iter().map(|row| row.recv_us).filter(|_| self.written[FRAMES]);
        let polls = self.polls.iter().map(|poll| poll.at_us).filter(|_| self.written[PROM]);
        let times: Vec<Micros> = rows.chain(polls).collect();
        match (times.iter().min(), times.iter().max()) {
            (Some(first), Some(last)) => Interval::new(*first, last + 1),
            _ => Interval::new(0, 0),
        }
    }
}

/// Apart from the channel, so that odd runs have the channel of plain ones.
const ODD_STREAM: u64 = 0x6f64_6473;

/// Everything that happened up to a moment.
fn counted(stream: &Stream, until_us: Micros) -> [u64; Event::COUNT] {
    std::array::from_fn(|event| stream.events[event].partition_point(|at| *at <= until_us) as u64)
}

/// From whole to received: decoding, and the way to the viewer.
const DELIVERY_US: Micros = 8_000;

fn rows(options: &SimulateOptions, plan: &Plan, stream: &Stream, odd: &mut Random) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut released_us = Micros::MIN;
    for (index, frame) in stream.frames.iter().enumerate() {
        let Some(whole_us) = frame.whole_us else {
            // Later frames wait for this one until it is given up.
            released_us = released_us.max(frame.capture_us + DEADLINE_US);
            continue;
        };
        let free = options.profile == Profile::Reordered && plan.middle.contains(frame.capture_us);
        let recv_us = if free { whole_us } else { released_us.max(whole_us) };
        released_us = released_us.max(recv_us);
        rows.push(Row {
            recv_us: recv_us + DELIVERY_US,
            id: RowId::True,
            user_us: RowUser::True,
            frame: index,
        });
    }
    make_odd(options, plan, &stream.frames, &mut rows, odd);
    // No two rows at the same time: which of them came first would be the file's word.
    rows.sort_by_key(|row| row.recv_us);
    let mut last_us = Micros::MIN;
    for row in &mut rows {
        row.recv_us = row.recv_us.max(last_us.saturating_add(1));
        last_us = row.recv_us;
    }
    if options.profile == Profile::Reordered {
        for last in (1..rows.len()).rev() {
            rows.swap(last, odd.below(last as u64 + 1) as usize);
        }
    }
    rows
}

/// Rows between two jumps of the id.
const JUMPS_APART: usize = 10;
const JUMP: i64 = 1_000_000_000_000;

fn make_odd(options: &SimulateOptions, plan: &Plan, frames: &[Frame], rows: &mut Vec<Row>, odd: &mut Random) {
    let mut repeated = Vec::new();
    let mut last_jump = 0;
    for (index, row) in rows.iter_mut().enumerate() {
        if !plan.middle.contains(frames[row.frame].capture_us) {
            continue;
        }
        let texts = |odd: &mut Random, texts: &[&'static str]| texts[odd.below(texts.len() as u64) as usize];
        match options.profile {
            Profile::PartialIds if odd.chance(0.06) => {
                row.id = RowId::Text("");
                row.user_us = RowUser::Text(texts(odd, &["", "0"]));
            }
            Profile::Malformed if odd.chance(0.03) => {
                row.id = RowId::Text(texts(odd, &["x7", "7.5", "99999999999999999999", "1\u{0}2", ""]));
            }
            Profile::Malformed if odd.chance(0.03) => {
                row.user_us = RowUser::Text(texts(odd, &["soon", "99999999999999999999", "", "0", "1e9"]));
            }
            Profile::Duplicates if odd.chance(0.04) => {
                let later_us = 1 + odd.below(60_000) as Micros;
                repeated.push(Row { recv_us: row.recv_us + later_us, ..row.clone() });
            }
            Profile::IdJump if index >= last_jump + JUMPS_APART && odd.chance(0.03) => {
                row.id = RowId::Off(JUMP);
                last_jump = index;
            }
            _ => {}
        }
    }
    rows.append(&mut repeated);
}

/// About once a second, a little late each time.
fn poll_times(options: &SimulateOptions, plan: &Plan, odd: &mut Random) -> Vec<Micros> {
    let polled = match options.profile {
        Profile::Outside => plan.sending,
        _ => plan.window,
    };
    let mut times = Vec::new();
    let mut at_us = polled.start_us + odd.below(5_000) as Micros;
    while at_us < polled.end_us {
        times.push(at_us);
        at_us += SECOND_US + odd.below(3_000) as Micros;
    }
    times
}

/// The poll behind which every counter shows that it began anew: none reaches its old value by the
/// next poll. `None` where no poll is like that.
fn reset_after(stream: &Stream, times: &[Micros]) -> Option<usize> {
    let shows = |index: &usize| {
        let (old, next) = (counted(stream, times[*index]), counted(stream, times[*index + 1]));
        old.iter().zip(next).all(|(old, next)| *old == 0 || next - old < *old)
    };
    (times.len() / 2..times.len().saturating_sub(1)).find(shows)
}
