//! What is counted of a track: one place for each counter, whichever browser names it how.

use super::fields::{StatType, inbound, outbound, remote_inbound, remote_outbound};
use super::report::Object;
use crate::error::{Error, ErrorKind, Result};
use crate::ledger::Totals;

/// Declares the counters with their names and meaning.
macro_rules! metrics {
    ($($(#[doc = $doc:literal])+ $metric:ident = $name:literal),* $(,)?) => {
        /// A counter of a track. Names of sums of time end in `_us`.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[repr(u8)]
        pub enum Metric {
            $($(#[doc = $doc])+ $metric,)*
        }

        impl Metric {
            /// Every counter, in the order of their numbers.
            pub const ALL: &[Metric] = &[$(Metric::$metric),*];

            /// The stable name.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Metric::$metric => $name,)*
                }
            }

            /// What it is, in a sentence.
            pub const fn doc(self) -> &'static str {
                match self {
                    $(Metric::$metric => concat!($($doc),+).trim_ascii(),)*
                }
            }
        }
    };
}

metrics! {
    /// Packets received or sent, retransmissions included.
    Packets = "packets",
    /// Their payload bytes, without headers and padding.
    PayloadBytes = "payload_bytes",
    /// The bytes of their RTP headers and padding.
    HeaderBytes = "header_bytes",
    /// Of the packets, those sent again.
    RetransmittedPackets = "retransmitted_packets",
    /// Their payload bytes.
    RetransmittedBytes = "retransmitted_bytes",
    /// FEC packets received.
    FecPackets = "fec_packets",
    /// FEC packets that were of no use.
    FecPacketsDiscarded = "fec_packets_discarded",
    /// Packets that came too early or too late to be played.
    PacketsDiscarded = "packets_discarded",
    /// NACKs sent (received streams) or received (sent ones).
    Nacks = "nacks",
    /// Picture loss indications, as NACKs.
    Plis = "plis",
    /// Full intra requests, as NACKs.
    Firs = "firs",
    /// Frames decoded or encoded.
    Frames = "frames",
    /// Frames received or sent whole.
    FramesTransferred = "frames_transferred",
    /// Of the frames decoded or encoded, key frames.
    KeyFrames = "key_frames",
    /// Frames dropped before or after decoding.
    FramesDropped = "frames_dropped",
    /// Quantiser of every frame, added up.
    QpSum = "qp_sum",
    /// Time spent decoding or encoding.
    CodecTime = "codec_time_us",
    /// Of a received stream: from the first packet of a frame to its decoding, added up. Of a sent one:
    /// the time packets waited to be sent.
    Delay = "delay_us",
    /// Freezes, as the browser counts them.
    Freezes = "freezes",
    /// How long they lasted.
    FreezeTime = "freeze_us",
    /// Pauses, as the browser counts them.
    Pauses = "pauses",
    /// How long they lasted.
    PauseTime = "pause_us",
    /// Time in the jitter buffer of every sample or frame, added up.
    JitterBufferDelay = "jitter_buffer_delay_us",
    /// What the jitter buffer aimed at, added up as its delay.
    JitterBufferTarget = "jitter_buffer_target_us",
    /// Samples or frames that came out of the jitter buffer.
    JitterBufferEmitted = "jitter_buffer_emitted",
    /// Audio samples received or made up.
    Samples = "samples",
    /// Of these, made up for what was lost.
    ConcealedSamples = "concealed_samples",
    /// Of these, silent.
    SilentConcealedSamples = "silent_concealed_samples",
    /// Runs of concealed samples.
    ConcealmentEvents = "concealment_events",
    /// Samples inserted to slow playing down.
    InsertedSamples = "inserted_samples",
    /// Samples removed to speed playing up.
    RemovedSamples = "removed_samples",
    /// How often the resolution changed for a limitation.
    ResolutionChanges = "resolution_changes",
    /// Time without a limitation of the quality.
    UnlimitedTime = "unlimited_us",
    /// Time limited by bandwidth.
    BandwidthLimitedTime = "bandwidth_limited_us",
    /// Time limited by the processor.
    CpuLimitedTime = "cpu_limited_us",
    /// Time limited by something else.
    OtherLimitedTime = "other_limited_us",
    /// RTCP round-trip times, added up.
    RttTime = "rtt_total_us",
    /// How many of them were measured.
    RttMeasurements = "rtt_measurements",
}

/// How many counters there are.
pub(super) const METRICS: usize = Metric::ALL.len();

/// How a member becomes a count.
#[derive(Clone, Copy)]
enum Unit {
    /// Whole numbers.
    Count,
    /// Seconds, counted in microseconds.
    Seconds,
}

use Metric as M;
use Unit::{Count, Seconds};
use inbound::Number as I;
use outbound::Number as O;

const INBOUND: &[(M, I, Unit)] = &[
    (M::Packets, I::PacketsReceived, Count),
    (M::PayloadBytes, I::BytesReceived, Count),
    (M::HeaderBytes, I::HeaderBytesReceived, Count),
    (M::RetransmittedPackets, I::RetransmittedPacketsReceived, Count),
    (M::RetransmittedBytes, I::RetransmittedBytesReceived, Count),
    (M::FecPackets, I::FecPacketsReceived, Count),
    (M::FecPacketsDiscarded, I::FecPacketsDiscarded, Count),
    (M::PacketsDiscarded, I::PacketsDiscarded, Count),
    (M::Nacks, I::NackCount, Count),
    (M::Plis, I::PliCount, Count),
    (M::Firs, I::FirCount, Count),
    (M::Frames, I::FramesDecoded, Count),
    (M::FramesTransferred, I::FramesReceived, Count),
    (M::KeyFrames, I::KeyFramesDecoded, Count),
    (M::FramesDropped, I::FramesDropped, Count),
    (M::QpSum, I::QpSum, Count),
    (M::CodecTime, I::TotalDecodeTime, Seconds),
    (M::Delay, I::TotalProcessingDelay, Seconds),
    (M::Freezes, I::FreezeCount, Count),
    (M::FreezeTime, I::TotalFreezesDuration, Seconds),
    (M::Pauses, I::PauseCount, Count),
    (M::PauseTime, I::TotalPausesDuration, Seconds),
    (M::JitterBufferDelay, I::JitterBufferDelay, Seconds),
    (M::JitterBufferTarget, I::JitterBufferTargetDelay, Seconds),
    (M::JitterBufferEmitted, I::JitterBufferEmittedCount, Count),
    (M::Samples, I::TotalSamplesReceived, Count),
    (M::ConcealedSamples, I::ConcealedSamples, Count),
    (M::SilentConcealedSamples, I::SilentConcealedSamples, Count),
    (M::ConcealmentEvents, I::ConcealmentEvents, Count),
    (M::InsertedSamples, I::InsertedSamplesForDeceleration, Count),
    (M::RemovedSamples, I::RemovedSamplesForAcceleration, Count),
];

const OUTBOUND: &[(M, O, Unit)] = &[
    (M::Packets, O::PacketsSent, Count),
    (M::PayloadBytes, O::BytesSent, Count),
    (M::HeaderBytes, O::HeaderBytesSent, Count),
    (M::RetransmittedPackets, O::RetransmittedPacketsSent, Count),
    (M::RetransmittedBytes, O::RetransmittedBytesSent, Count),
    (M::Nacks, O::NackCount, Count),
    (M::Plis, O::PliCount, Count),
    (M::Firs, O::FirCount, Count),
    (M::Frames, O::FramesEncoded, Count),
    (M::FramesTransferred, O::FramesSent, Count),
    (M::KeyFrames, O::KeyFramesEncoded, Count),
    (M::QpSum, O::QpSum, Count),
    (M::CodecTime, O::TotalEncodeTime, Seconds),
    (M::Delay, O::TotalPacketSendDelay, Seconds),
    (M::ResolutionChanges, O::QualityLimitationResolutionChanges, Count),
    (M::UnlimitedTime, O::LimitedNone, Seconds),
    (M::BandwidthLimitedTime, O::LimitedBandwidth, Seconds),
    (M::CpuLimitedTime, O::LimitedCpu, Seconds),
    (M::OtherLimitedTime, O::LimitedOther, Seconds),
];

/// What the receiver says of a sent stream.
const REMOTE_INBOUND: &[(M, remote_inbound::Number, Unit)] = &[
    (M::RttTime, remote_inbound::Number::TotalRoundTripTime, Seconds),
    (M::RttMeasurements, remote_inbound::Number::RoundTripTimeMeasurements, Count),
];

/// What the sender says of a received stream.
const REMOTE_OUTBOUND: &[(M, remote_outbound::Number, Unit)] = &[
    (M::RttTime, remote_outbound::Number::TotalRoundTripTime, Seconds),
    (M::RttMeasurements, remote_outbound::Number::RoundTripTimeMeasurements, Count),
];

impl Metric {
    /// The members it is read from: the type of the object and the name, both of W3C webrtc-stats.
    pub fn sources(self) -> impl Iterator<Item = (StatType, &'static str)> {
        fn of<N: Copy + Into<usize>>(
            stat_type: StatType,
            table: &'static [(Metric, N, Unit)],
            metric: Metric,
        ) -> impl Iterator<Item = (StatType, &'static str)> {
            let here = table.iter().filter(move |(counted, ..)| *counted == metric);
            here.map(move |(_, place, _)| (stat_type, stat_type.numbers()[(*place).into()]))
        }
        of(StatType::Inbound, INBOUND, self)
            .chain(of(StatType::Outbound, OUTBOUND, self))
            .chain(of(StatType::RemoteInbound, REMOTE_INBOUND, self))
            .chain(of(StatType::RemoteOutbound, REMOTE_OUTBOUND, self))
    }
}

/// What one stream shows of a moment, or what was added in an interval. A counter that was not
/// measured is absent, not 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counts {
    values: [u64; METRICS],
    /// Packets lost. Signed: it falls when a packet comes late.
    lost: i64,
    /// A bit for each counter that is measured, and [`LOST`].
    measured: u64,
}

/// The bit of the packets lost.
const LOST: u64 = 1 << 63;

const _: () = assert!(METRICS < 63);

impl Default for Counts {
    fn default() -> Counts {
        Counts { values: [0; METRICS], lost: 0, measured: 0 }
    }
}

impl Counts {
    /// The counters of a stream, read from its own object and, where there is one, from what the other
    /// side said of it. A member that is negative, or no whole number where one is expected, or past
    /// 2^53, is absent; how many there were comes back too.
    pub(super) fn read(outbound: bool, object: Object<'_>, remote: Option<Object<'_>>) -> (Counts, u64) {
        let mut reader = Reading { counts: Counts::default(), rejected: 0 };
        if outbound {
            reader.take_all(object, OUTBOUND);
            if let Some(remote) = remote {
                reader.lost(remote.number(remote_inbound::Number::PacketsLost));
                reader.take_all(remote, REMOTE_INBOUND);
            }
        } else {
            reader.take_all(object, INBOUND);
            reader.lost(object.number(I::PacketsLost));
            if let Some(remote) = remote {
                reader.take_all(remote, REMOTE_OUTBOUND);
            }
        }
        (reader.counts, reader.rejected)
    }

    /// The counters in the order of [`Metric::ALL`] and the packets lost, as a binding hands them back.
    ///
    /// # Errors
    /// `InvalidArgument` when there are more or fewer counters.
    pub fn from_fields(fields: &[Option<u64>], packets_lost: Option<i64>) -> Result<Counts> {
        if fields.len() != METRICS {
            let message = format!("{} counters, expected {METRICS}", fields.len());
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let mut counts = Counts { lost: packets_lost.unwrap_or(0), ..Counts::default() };
        for (place, field) in fields.iter().enumerate() {
            counts.values[place] = field.unwrap_or(0);
            counts.measured |= u64::from(field.is_some()) << place;
        }
        counts.measured |= if packets_lost.is_some() { LOST } else { 0 };
        Ok(counts)
    }

    /// A counter, absent where it was not measured.
    pub fn get(&self, metric: Metric) -> Option<u64> {
        (self.measured >> metric as u8 & 1 == 1).then_some(self.values[metric as usize])
    }

    /// Packets lost: signed, negative where more came late than were newly lost.
    pub fn packets_lost(&self) -> Option<i64> {
        (self.measured & LOST != 0).then_some(self.lost)
    }

    /// Every counter with its name, in their order.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, Option<u64>)> {
        Metric::ALL.iter().map(|metric| (metric.code(), self.get(*metric)))
    }

    /// `numerator / denominator`, absent where either is or where the latter is 0.
    pub(super) fn ratio(&self, numerator: Metric, denominator: Metric) -> Option<f64> {
        let (numerator, denominator) = (self.get(numerator)?, self.get(denominator)?);
        (denominator > 0).then(|| numerator as f64 / denominator as f64)
    }

    /// Lost of the packets that should have come: received and lost, or sent; absent where none should.
    /// Packets that came late can make it negative.
    pub fn loss_ratio(&self, outbound: bool) -> Option<f64> {
        let (lost, packets) = (self.packets_lost()?, self.get(M::Packets)?);
        let expected = if outbound { packets as f64 } else { packets as f64 + lost as f64 };
        (expected > 0.0).then(|| lost as f64 / expected)
    }

    /// What came since `mark`, which it continues, and how many counters fell and so restarted. Of these
    /// the value counts in full, of all of them when `restarted`, and of those that `mark` does not have
    /// where they are among `from_zero`: any other began at an unknown value and adds nothing.
    pub(super) fn since_mark(&self, mark: &Counts, restarted: bool, from_zero: u64) -> (Counts, u64) {
        if restarted {
            return (*self, 0);
        }
        let measured = self.measured & (mark.measured | from_zero);
        let mut delta = Counts { measured, ..Counts::default() };
        let mut fell = 0;
        for i in 0..METRICS {
            if measured >> i & 1 == 0 {
                continue;
            }
            let (now, before) = (self.values[i], mark.values[i]);
            fell += u64::from(now < before);
            delta.values[i] = if now < before { now } else { now - before };
        }
        if measured & LOST != 0 {
            delta.lost = self.lost.wrapping_sub(mark.lost);
        }
        (delta, fell)
    }

    /// A bit for each counter that is measured.
    pub(super) fn measured(&self) -> u64 {
        self.measured
    }

    /// The bits of what the other side says of a stream.
    pub(super) const fn remote(outbound: bool) -> u64 {
        let times = 1 << M::RttTime as u8 | 1 << M::RttMeasurements as u8;
        if outbound { times | LOST } else { times }
    }

    /// Takes over those of `bits` that only `other` has.
    pub(super) fn keep(&mut self, other: &Counts, bits: u64) {
        let missing = bits & other.measured & !self.measured;
        for metric in Metric::ALL {
            if missing >> *metric as u8 & 1 == 1 {
                self.put(other, *metric);
            }
        }
        if missing & LOST != 0 {
            self.lost = other.lost;
            self.measured |= LOST;
        }
    }

    /// Whether what a stream cannot take back, packets and bytes, is below `mark`.
    pub(super) fn restarted_since(&self, mark: &Counts) -> bool {
        [M::Packets, M::PayloadBytes, M::HeaderBytes].into_iter().any(|metric| {
            matches!((self.get(metric), mark.get(metric)), (Some(now), Some(before)) if now < before)
        })
    }

    /// Takes over the larger of each of `metrics`.
    pub(super) fn keep_largest(&mut self, other: &Counts, metrics: &[Metric]) {
        for metric in metrics {
            if other.get(*metric) > self.get(*metric) {
                self.put(other, *metric);
            }
        }
    }

    /// Takes over `metrics` as `other` has them.
    pub(super) fn replace(&mut self, other: &Counts, metrics: &[Metric]) {
        metrics.iter().for_each(|metric| self.put(other, *metric));
    }

    fn put(&mut self, other: &Counts, metric: Metric) {
        let (place, bit) = (metric as usize, 1 << metric as u8);
        self.values[place] = other.values[place];
        self.measured = self.measured & !bit | other.measured & bit;
    }
}

impl Totals for Counts {
    fn add(&mut self, delta: &Counts) {
        for (value, delta) in self.values.iter_mut().zip(delta.values) {
            *value = value.saturating_add(delta);
        }
        self.lost = self.lost.saturating_add(delta.lost);
        self.measured |= delta.measured;
    }

    fn since(&self, mark: &Counts) -> Counts {
        let mut delta = *self;
        for (value, mark) in delta.values.iter_mut().zip(mark.values) {
            *value = value.saturating_sub(mark);
        }
        delta.lost = self.lost.saturating_sub(mark.lost);
        delta
    }

    fn fell_below(&self, mark: &Counts) -> bool {
        self.values.iter().zip(mark.values).any(|(value, mark)| *value < mark)
    }

    fn is_zero(&self) -> bool {
        self.values == [0; METRICS] && self.lost == 0
    }
}

struct Reading {
    counts: Counts,
    rejected: u64,
}

/// Beyond this a number of JavaScript is not exact.
const EXACT: f64 = (1u64 << 53) as f64;

impl Reading {
    fn take_all<N: Copy + Into<usize>>(&mut self, object: Object<'_>, table: &[(Metric, N, Unit)]) {
        for (metric, place, unit) in table {
            self.take(*metric, object.number(*place), *unit);
        }
    }

    fn take(&mut self, metric: Metric, value: Option<f64>, unit: Unit) {
        let Some(value) = value else { return };
        let count = match unit {
            Count if value.fract() == 0.0 => value,
            Count => -1.0,
            Seconds => (value * 1e6).round(),
        };
        if (0.0..=EXACT).contains(&count) {
            self.counts.values[metric as usize] = count as u64;
            self.counts.measured |= 1 << metric as u8;
        } else {
            self.rejected += 1;
        }
    }

    fn lost(&mut self, value: Option<f64>) {
        let Some(value) = value else { return };
        if value.fract() == 0.0 && value.abs() <= EXACT {
            self.counts.lost = value as i64;
            self.counts.measured |= LOST;
        } else {
            self.rejected += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::{Member, Report};
    use super::*;

    fn inbound(members: &[(&str, f64)]) -> Counts {
        let mut report = Report::new(0);
        let mut object = report.push(StatType::Inbound, "I").unwrap();
        for (name, value) in members {
            object.set(name, Member::Number(*value));
        }
        Counts::read(false, report.objects().next().unwrap(), None).0
    }

    #[test]
    fn absent_is_not_zero_and_a_bad_member_is_absent() {
        let counts =
            inbound(&[("packetsReceived", 5.0), ("nackCount", 0.0), ("pliCount", -1.0), ("firCount", 0.5)]);
        assert_eq!((counts.get(M::Packets), counts.get(M::Nacks)), (Some(5), Some(0)));
        assert_eq!((counts.get(M::Plis), counts.get(M::Firs), counts.packets_lost()), (None, None, None));
        assert_eq!(counts.loss_ratio(false), None);
        assert_eq!(inbound(&[("totalDecodeTime", 0.0000015)]).get(M::CodecTime), Some(2));
    }

    #[test]
    fn loss_is_signed() {
        let mark = inbound(&[("packetsReceived", 90.0), ("packetsLost", 10.0)]);
        let now = inbound(&[("packetsReceived", 98.0), ("packetsLost", 4.0)]);
        let (delta, fell) = now.since_mark(&mark, false, 0);
        assert_eq!((delta.get(M::Packets), delta.packets_lost(), fell), (Some(8), Some(-6), 0));
        assert_eq!(delta.loss_ratio(false), Some(-3.0));
        assert_eq!(inbound(&[("packetsReceived", 0.0), ("packetsLost", 0.0)]).loss_ratio(false), None);
    }

    #[test]
    fn a_counter_that_falls_counts_in_full() {
        let mark = inbound(&[("packetsReceived", 90.0), ("freezeCount", 3.0)]);
        let now = inbound(&[("packetsReceived", 95.0), ("freezeCount", 1.0), ("pliCount", 7.0)]);
        let (delta, fell) = now.since_mark(&mark, false, 0);
        assert_eq!((delta.get(M::Packets), delta.get(M::Freezes), fell), (Some(5), Some(1), 1));
        assert_eq!(delta.get(M::Plis), None, "it began at an unknown value");
        assert_eq!(now.since_mark(&mark, false, 1 << M::Plis as u8).0.get(M::Plis), Some(7));
        assert!(!now.restarted_since(&mark) && mark.restarted_since(&now));
    }

    #[test]
    fn names_are_stable_and_unique() {
        let mut names: Vec<&str> = Metric::ALL.iter().map(|metric| metric.code()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), METRICS);
        assert_eq!(Counts::default().fields().filter(|(_, value)| value.is_some()).count(), 0);
        let counts = inbound(&[("packetsReceived", 5.0), ("packetsLost", -2.0), ("firCount", 0.0)]);
        let fields: Vec<Option<u64>> = counts.fields().map(|(_, value)| value).collect();
        assert_eq!(Counts::from_fields(&fields, counts.packets_lost()), Ok(counts));
        assert!(Counts::from_fields(&fields[1..], None).is_err());
    }
}
