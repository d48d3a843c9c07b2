//! What one stream looks like at a moment.

use super::receiver::{BINS, Receiver};
use super::timing::microticks;
use super::totals::StreamTotals;
use crate::ledger::Delta;
use crate::time::Micros;

/// Lower bounds of the bins of [`StreamStats::loss_bursts`]: a run of so many losses or more, up to
/// the next bound.
pub const BURST_BINS: [u64; BINS] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 101];

/// An immutable copy of everything known of one stream. What was not measured is absent.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamStats {
    /// Synchronisation source.
    pub ssrc: u32,
    /// Payload type of the latest media packet (of the first RTX or FEC packet, where there is no
    /// media); absent before there is a stream.
    pub payload_type: Option<u8>,
    /// Ticks per second of the timestamps; absent while the payload type has no format.
    pub clock_hz: Option<u32>,
    /// Cumulative counts.
    pub totals: StreamTotals,
    /// Distinct timestamps; absent for what is not video.
    pub frames: Option<u64>,
    /// Extended highest sequence number; the first cycle begins at 65,536.
    pub extended_highest: Option<u64>,
    /// The highest timestamp, extended to 64 bits.
    pub extended_timestamp: Option<i64>,
    /// First arrival.
    pub first_arrival_us: Option<Micros>,
    /// Latest arrival.
    pub last_arrival_us: Option<Micros>,
    /// RFC 3550 A.8 over every media packet, now, in microseconds.
    pub jitter_us: Option<f64>,
    /// The same in ticks.
    pub jitter_ticks: Option<f64>,
    /// Its mean over all steps.
    pub mean_jitter_us: Option<f64>,
    /// Its maximum.
    pub max_jitter_us: Option<f64>,
    /// A.8 over the first packet of each timestamp.
    pub frame_jitter_us: Option<f64>,
    /// The same in ticks.
    pub frame_jitter_ticks: Option<f64>,
    /// The longest time between two arrivals of media.
    pub max_delta_us: Option<i64>,
    /// Wire bits per second from the first to the latest arrival.
    pub bitrate_bps: Option<f64>,
    /// Runs of consecutive losses as they opened (late arrivals do not undo them), by
    /// [`BURST_BINS`].
    pub loss_bursts: [u32; BINS],
    /// Timestamps that began a new timeline: more than 10 s away from what the arrivals say.
    pub timestamp_discontinuities: u32,
    /// Arrivals with a time before that of the one before.
    pub arrivals_went_back: u32,
}

impl Receiver {
    /// A copy of everything known.
    pub fn snapshot(&self) -> StreamStats {
        let timing = &self.timing;
        let clock = timing.clock_hz();
        let ticks = |sixteenths| microticks(sixteenths) as f64 / 1e6;
        let micros = |sixteenths| clock.map(|clock| microticks(sixteenths) as f64 / f64::from(clock));
        let (jitter, frame_jitter) = (timing.jitter(), timing.frame_jitter());
        let measured = jitter.count > 0;
        let totals = *self.ledger.total();
        let started = self.is_validated();
        let span_us = self.last_arrival_us.saturating_sub(self.first_arrival_us);
        StreamStats {
            ssrc: self.ssrc,
            payload_type: (self.payload_type != u8::MAX).then_some(self.payload_type),
            clock_hz: clock,
            totals,
            frames: timing.is_video().then_some(totals.frames),
            extended_highest: self.extended_highest(),
            extended_timestamp: timing.extended_timestamp(),
            first_arrival_us: started.then_some(self.first_arrival_us),
            last_arrival_us: started.then_some(self.last_arrival_us),
            jitter_us: if measured { micros(jitter.now) } else { None },
            jitter_ticks: measured.then(|| ticks(jitter.now)),
            mean_jitter_us: clock.and_then(|clock| Some(jitter.mean()? / (16.0 * f64::from(clock)))),
            max_jitter_us: if measured { micros(jitter.max) } else { None },
            frame_jitter_us: frame_jitter.and_then(micros),
            frame_jitter_ticks: frame_jitter.map(ticks),
            max_delta_us: measured.then(|| timing.max_gap_us()),
            bitrate_bps: (started && span_us > 0)
                .then(|| totals.wire_bytes as f64 * 8.0 * 1e6 / span_us as f64),
            loss_bursts: self.bursts,
            timestamp_discontinuities: timing.discontinuities(),
            arrivals_went_back: self.arrivals_went_back,
        }
    }

    /// The highest jitter within a reader's interval, in microseconds; absent when the payload type
    /// has no format or nothing was measured.
    pub fn peak_jitter_us(&self, delta: &Delta<StreamTotals, super::StreamPeaks>) -> Option<f64> {
        let clock = self.timing.clock_hz()?;
        (delta.peak.jitter > 0).then(|| microticks(delta.peak.jitter) as f64 / f64::from(clock))
    }
}

/// Fraction lost as a receiver report has it, in 256ths (RFC 3550 A.3): of the packets expected in
/// an interval, those not received; 0 when more came than were expected, at most 255.
pub const fn fraction_lost(expected: i64, received: i64) -> u8 {
    let lost = expected.saturating_sub(received);
    if expected <= 0 || lost <= 0 {
        return 0;
    }
    let fraction = ((lost as u128) << 8) / expected as u128;
    if fraction > 255 { 255 } else { fraction as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fraction_lost_by_a3() {
        assert_eq!(fraction_lost(600, 599), 0);
        assert_eq!(fraction_lost(10, 11), 0);
        assert_eq!(fraction_lost(0, 0), 0);
        assert_eq!(fraction_lost(-3, -5), 0);
        assert_eq!(fraction_lost(4, 3), 64);
        assert_eq!(fraction_lost(10, 0), 255);
        assert_eq!(fraction_lost(i64::MAX, i64::MIN), 255);
    }
}
