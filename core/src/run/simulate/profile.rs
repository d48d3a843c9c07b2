//! The named shapes, and what each asks of the channel.

use super::SimulateOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::time::{Interval, Micros, SECOND_US};

/// A named shape of a run.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Profile {
    /// Without FEC.
    Baseline,
    /// With FEC.
    #[default]
    Fec,
    /// Rows that cannot be used between those that can: blank, short, not numbers, too large, with
    /// a NUL; bad metrics, values and events; NaN samples; quoted fields.
    Malformed,
    /// Label values with commas, braces, quotes, escapes and spaces; two label sets a counter;
    /// families that only look like the ones wanted.
    OddLabels,
    /// Frames without an id.
    PartialIds,
    /// Frames that overtake one another, in a file out of order.
    Reordered,
    /// The server starts anew: its counters begin at 0 again.
    Reset,
    /// Bursts without `burst_off`.
    UnclosedBurst,
    /// All files have 0 bytes.
    Empty,
    /// Some of the files, by the seed, do not exist.
    MissingFiles,
    /// Windows line ends, byte order marks, no newline at the end.
    CrlfBom,
    /// Frames received twice.
    Duplicates,
    /// Single frames whose id is 10^12 too high.
    IdJump,
    /// The sender starts anew: frame ids begin at 1 again.
    Restart,
    /// FEC begins in the middle, and a counter appears only when it is no longer 0.
    LateSeries,
    /// Outages of the network, one still going on at the end.
    Freeze,
    /// `meta.env` without `T0_US` and `T1_US`.
    NoWindow,
    /// `T1_US` before `T0_US`.
    InvertedWindow,
    /// All files compressed.
    Gzip,
    /// A window of 0.15 s with a few frames and one poll.
    Short,
    /// FEC counters by their newer names.
    NewerNames,
    /// Events other than bursts, out of order.
    Marks,
    /// A browser's counters: few of them, and packets lost that fall when repaired.
    Browser,
    /// Frames and polls long before and after the window.
    Outside,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Profile; 24] = [
        Profile::Baseline,
        Profile::Fec,
        Profile::Malformed,
        Profile::OddLabels,
        Profile::PartialIds,
        Profile::Reordered,
        Profile::Reset,
        Profile::UnclosedBurst,
        Profile::Empty,
        Profile::MissingFiles,
        Profile::CrlfBom,
        Profile::Duplicates,
        Profile::IdJump,
        Profile::Restart,
        Profile::LateSeries,
        Profile::Freeze,
        Profile::NoWindow,
        Profile::InvertedWindow,
        Profile::Gzip,
        Profile::Short,
        Profile::NewerNames,
        Profile::Marks,
        Profile::Browser,
        Profile::Outside,
    ];

    /// The name, as the command line takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Baseline => "baseline",
            Profile::Fec => "fec",
            Profile::Malformed => "malformed",
            Profile::OddLabels => "odd_labels",
            Profile::PartialIds => "partial_ids",
            Profile::Reordered => "reordered",
            Profile::Reset => "reset",
            Profile::UnclosedBurst => "unclosed_burst",
            Profile::Empty => "empty",
            Profile::MissingFiles => "missing_files",
            Profile::CrlfBom => "crlf_bom",
            Profile::Duplicates => "duplicates",
            Profile::IdJump => "id_jump",
            Profile::Restart => "restart",
            Profile::LateSeries => "late_series",
            Profile::Freeze => "freeze",
            Profile::NoWindow => "no_window",
            Profile::InvertedWindow => "inverted_window",
            Profile::Gzip => "gzip",
            Profile::Short => "short",
            Profile::NewerNames => "newer_names",
            Profile::Marks => "marks",
            Profile::Browser => "browser",
            Profile::Outside => "outside",
        }
    }
}

impl std::str::FromStr for Profile {
    type Err = Error;

    fn from_str(text: &str) -> Result<Profile> {
        Profile::ALL.into_iter().find(|profile| profile.name() == text).ok_or_else(|| {
            let names = Profile::ALL.map(Profile::name).join(", ");
            Error::new(ErrorKind::InvalidArgument, format!("profile is {text:?}: expected one of {names}"))
        })
    }
}

/// Frames are sent, and where the profile says so counters are polled, so long before and after the
/// window.
const MARGIN_US: Micros = 500_000;
const WIDE_MARGIN_US: Micros = 3 * SECOND_US;

/// What a profile asks of the channel.
pub(super) struct Plan {
    /// The measurement window as the channel knows it.
    pub(super) window: Interval,
    /// When the sender sends.
    pub(super) sending: Interval,
    /// Bursts of loss; `closed` ones have a `burst_off`.
    pub(super) bursts: Vec<PlannedBurst>,
    /// Nothing passes.
    pub(super) outages: Vec<Interval>,
    /// FEC packets are sent from here on.
    pub(super) fec_from_us: Option<Micros>,
    /// The sender's ids begin at 1 again from here on.
    pub(super) restart_us: Option<Micros>,
    /// Where single frames may be treated oddly: away from the ends, so that what is odd is seen whole.
    pub(super) middle: Interval,
}

pub(super) struct PlannedBurst {
    pub(super) interval: Interval,
    pub(super) closed: bool,
}

impl Plan {
    pub(super) fn new(options: &SimulateOptions) -> Plan {
        let window = options.window();
        let margin_us = if options.profile == Profile::Outside { WIDE_MARGIN_US } else { MARGIN_US };
        let length_us = window.duration_us();
        let fec_from_us = match options.profile {
            Profile::Baseline => None,
            Profile::LateSeries => Some(window.start_us + length_us / 3),
            _ => Some(Micros::MIN),
        };
        let outages = match options.profile {
            Profile::Freeze => vec![
                Interval::new(window.start_us + length_us / 3, window.start_us + length_us / 3 + 900_000),
                Interval::new(window.end_us - 1_200_000, window.end_us + margin_us),
            ],
            _ => Vec::new(),
        };
        Plan {
            window,
            sending: Interval::new(window.start_us - margin_us, window.end_us + margin_us),
            bursts: bursts(options, &window),
            outages,
            fec_from_us: fec_from_us.filter(|_| options.fec_rate > 0),
            restart_us: (options.profile == Profile::Restart).then_some(window.start_us + length_us / 2),
            middle: Interval::new(window.start_us + SECOND_US, window.end_us - SECOND_US),
        }
    }

    pub(super) fn in_burst(&self, at_us: Micros) -> bool {
        let begun = self.bursts.partition_point(|burst| burst.interval.start_us <= at_us);
        begun > 0 && self.bursts[begun - 1].interval.contains(at_us)
    }
}

/// The last `burst_len_s` of every `burst_every_s`, cut at the end of the window.
fn bursts(options: &SimulateOptions, window: &Interval) -> Vec<PlannedBurst> {
    let us = |s: f64| (s * 1e6) as Micros;
    let length_us = us(options.burst_len_s);
    let mut bursts: Vec<PlannedBurst> = Vec::new();
    for end_us in (1..).map(|k| window.start_us + us(f64::from(k) * options.burst_every_s)) {
        let start_us = end_us - length_us;
        if start_us >= window.end_us || length_us == 0 {
            break;
        }
        let interval = Interval::new(start_us, end_us.min(window.end_us));
        bursts.push(PlannedBurst { interval, closed: true });
    }
    if options.profile == Profile::UnclosedBurst {
        let starts: Vec<Micros> = bursts.iter().map(|burst| burst.interval.start_us).collect();
        let last = bursts.len().saturating_sub(1);
        for (index, burst) in bursts.iter_mut().enumerate() {
            // An unclosed burst lasts until the next one begins, or to the end.
            if index == 1 || index == last {
                burst.interval.end_us = starts.get(index + 1).copied().unwrap_or(window.end_us);
                burst.closed = false;
            }
        }
    }
    bursts
}
