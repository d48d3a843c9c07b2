//! One RTP stream of a report: what it added since it was seen last.

use super::counts::Counts;
use super::fields::{inbound, outbound, remote_inbound, remote_outbound};
use super::history::Flags;
use super::report::Object;
use crate::time::Micros;

/// The clocks at a report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) monotonic_us: Option<Micros>,
    /// The timestamp of the object.
    pub(super) timestamp_us: Option<Micros>,
    pub(super) time_us: Micros,
}

/// By how much a report may be late without its timestamp being doubted, beside a quarter of its interval.
const LATE_US: Micros = 100_000;

impl Moment {
    /// Microseconds since `earlier`: by the timestamps, which say when counters were read, unless the steady
    /// clock tells that theirs stepped; without them by the steady clock, or else the wall clock. Absent when
    /// no time passed, or a clock that cannot be told to be wrong went back.
    pub(super) fn since(&self, earlier: &Moment) -> Option<Micros> {
        let passed = |now: Option<Micros>, then: Option<Micros>| now?.checked_sub(then?);
        let stamped = passed(self.timestamp_us, earlier.timestamp_us);
        let steady = passed(self.monotonic_us, earlier.monotonic_us).filter(|us| *us > 0);
        let took = match (stamped, steady) {
            (Some(0), _) => None,
            (Some(stamped), Some(steady)) if stamped.abs_diff(steady) > (steady / 4 + LATE_US) as u64 => {
                Some(steady)
            }
            (Some(stamped), _) => Some(stamped),
            (None, Some(steady)) => Some(steady),
            (None, None) => self.time_us.checked_sub(earlier.time_us),
        };
        took.filter(|us| *us > 0)
    }
}

/// A stream, by the id of its object.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    /// The place of its track.
    pub(super) track: usize,
    ssrc: Option<f64>,
    mark: Counts,
    /// Counters that are not in the mark but began at zero while the stream was watched.
    from_zero: u64,
    moment: Moment,
    /// The number of the last report with it.
    pub(super) seen: u64,
    /// When the other side reported last.
    remote_us: Option<Micros>,
    /// Whether the other side's report was there.
    remote_seen: bool,
}

/// What a stream added in a report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) delta: Counts,
    /// The time it took; absent where there is no rate.
    pub(super) took_us: Option<Micros>,
    pub(super) flags: Flags,
    /// Whether what the other side says is new.
    pub(super) remote_is_new: bool,
    /// Members that make no sense.
    pub(super) rejected: u64,
    /// Counters that fell.
    pub(super) resets: u64,
}

/// The report that a stream is seen in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// Its number.
    pub(super) report: u64,
    pub(super) monotonic_us: Option<Micros>,
    pub(super) time_us: Micros,
    /// The report before; absent for the first one.
    pub(super) before: Option<Moment>,
    /// Whether a stream that is new in this report began at zero since the one before.
    pub(super) origin_known: bool,
}

impl Stream {
    /// A stream that is seen for the first time, and what it added.
    pub(super) fn first(
        track: usize,
        outbound: bool,
        object: Object<'_>,
        remote: Option<Object<'_>>,
        seen: &Seen,
    ) -> (Stream, Step) {
        let (mark, rejected) = Counts::read(outbound, object, remote);
        let moment = moment(object, seen);
        let stream = Stream {
            track,
            ssrc: ssrc(outbound, object),
            mark,
            from_zero: if seen.origin_known { !mark.measured() } else { 0 },
            moment,
            seen: seen.report,
            remote_us: remote.and_then(Object::timestamp_us),
            remote_seen: remote.is_some(),
        };
        // It began somewhere between the reports: rates are means over all of that.
        let took_us = seen.before.filter(|_| seen.origin_known).and_then(|before| moment.since(&before));
        let delta = if seen.origin_known { mark } else { Counts::default() };
        let flags = Flags::FIRST.when(!seen.origin_known);
        (stream, Step { delta, took_us, flags, remote_is_new: remote.is_some(), rejected, resets: 0 })
    }

    /// What the stream added since it was seen last, which may be several reports ago.
    ///
    /// Counters restart with the SSRC, where the caller says so, and where packets or bytes fell: then
    /// all of them do, also those that have outgrown what they showed before. Any other one that falls
    /// restarted alone.
    pub(super) fn next(
        &mut self,
        outbound: bool,
        object: Object<'_>,
        remote: Option<Object<'_>>,
        seen: &Seen,
    ) -> Step {
        let (mut counts, rejected) = Counts::read(outbound, object, remote);
        if remote.is_none() {
            // The other side's report is not there; it will go on where it was.
            counts.keep(&self.mark, Counts::remote(outbound));
        } else if !self.remote_seen && seen.origin_known {
            // It is new, whenever its stream began.
            self.from_zero |= Counts::remote(outbound);
        }
        self.remote_seen |= remote.is_some();
        let ssrc = ssrc(outbound, object);
        let boundary = object.is_boundary() || (ssrc.is_some() && self.ssrc.is_some() && ssrc != self.ssrc);
        let fell = counts.restarted_since(&self.mark);
        let (delta, resets) = counts.since_mark(&self.mark, boundary || fell, self.from_zero);
        // What vanishes ends, and begins at an unknown value when it comes back.
        self.from_zero &= !counts.measured();
        let moment = moment(object, seen);
        let took_us = moment.since(&self.moment);
        let remote_us = remote.and_then(Object::timestamp_us);
        let remote_is_new = remote.is_some() && (remote_us.is_none() || remote_us != self.remote_us);
        let flags = Flags::BOUNDARY.when(boundary) | Flags::RESET.when(!boundary && (fell || resets > 0));
        (self.ssrc, self.mark, self.moment, self.seen) = (ssrc.or(self.ssrc), counts, moment, seen.report);
        self.remote_us = remote_us.or(self.remote_us);
        Step {
            delta,
            took_us,
            flags,
            remote_is_new,
            rejected,
            resets: resets.max(u64::from(fell && !boundary)),
        }
    }
}

fn moment(object: Object<'_>, seen: &Seen) -> Moment {
    Moment { monotonic_us: seen.monotonic_us, timestamp_us: object.timestamp_us(), time_us: seen.time_us }
}

fn ssrc(outbound: bool, object: Object<'_>) -> Option<f64> {
    if outbound { object.number(outbound::Number::Ssrc) } else { object.number(inbound::Number::Ssrc) }
}

/// The latest RTCP round-trip time that the other side's report shows, in microseconds. A 0 that
/// nothing was measured for stands for unknown.
pub(super) fn rtt_us(outbound: bool, remote: Object<'_>) -> Option<f64> {
    let (rtt, measurements) = if outbound {
        use remote_inbound::Number as R;
        (remote.number(R::RoundTripTime), remote.number(R::RoundTripTimeMeasurements))
    } else {
        use remote_outbound::Number as R;
        (remote.number(R::RoundTripTime), remote.number(R::RoundTripTimeMeasurements))
    };
    rtt.filter(|rtt| *rtt > 0.0 || *rtt == 0.0 && measurements.is_some_and(|n| n > 0.0)).map(|rtt| rtt * 1e6)
}

/// Jitter in microseconds; a 0 of a stream that has not had two packets stands for unknown.
pub(super) fn jitter_us(outbound: bool, object: Object<'_>, remote: Option<Object<'_>>) -> Option<f64> {
    let jitter = if outbound {
        remote?.number(remote_inbound::Number::Jitter)?
    } else {
        let packets = object.number(inbound::Number::PacketsReceived);
        object.number(inbound::Number::Jitter).filter(|_| packets.is_none_or(|packets| packets > 1.0))?
    };
    (jitter >= 0.0).then_some(jitter * 1e6)
}
