//! What is said of RTP streams across the boundary, and how it maps to the core.

use std::sync::Arc;

use sg_core::rtp::{RtpConfig, RtpStats, StreamDelta, StreamStats, StreamTotals};

use crate::guard::Fault;
use crate::packet::{payload_map, sg_payload_format};
use crate::sized::{Plain, fitted};

/// Limits and formats of statistics. All zero is the defaults.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_rtp_config {
    /// What payload types stand for, beside or instead of the defaults; NULL when there are none.
    pub formats: *const sg_payload_format,
    /// How many formats.
    pub format_count: usize,
    /// How many streams are kept, at most 2^24; 0 for 65,536. When there are more, one not heard of lately
    /// goes; its counts stay in the totals.
    pub max_streams: u64,
    /// How many of these may be SSRCs that are not validated yet; 0 for 16,384. An SSRC that is not validated
    /// by the time so many newer ones came goes.
    pub max_unvalidated: u64,
}

// SAFETY: numbers and a pointer.
unsafe impl Plain for sg_rtp_config {}

impl sg_rtp_config {
    /// # Safety
    /// `formats` is NULL or points to `format_count` formats.
    pub(super) unsafe fn to_core(self) -> Result<RtpConfig, Fault> {
        let defaults = RtpConfig::default();
        Ok(RtpConfig {
            // SAFETY: the caller's promise.
            payloads: Arc::new(unsafe { payload_map(self.formats, self.format_count) }?),
            max_streams: fitted(self.max_streams, defaults.max_streams, "max_streams")?,
            max_unvalidated: fitted(self.max_unvalidated, defaults.max_unvalidated, "max_unvalidated")?,
            trusted: false,
        })
    }
}

/// Cumulative counts of one or more streams, or what was added to them. In totals all but those from `lost`
/// to `lost_rfc3550` only grow. Bytes come in three views: wire (UDP payload), header, and payload = wire -
/// header - padding.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_stream_totals {
    /// All arrivals: late, repeated, padding, RTX and FEC included.
    pub packets: u64,
    /// Wire bytes of all arrivals.
    pub wire_bytes: u64,
    /// Header bytes of all arrivals.
    pub header_bytes: u64,
    /// Padding bytes of all arrivals, of padding-only packets too.
    pub padding_bytes: u64,
    /// Payload bytes of all arrivals.
    pub payload_bytes: u64,
    /// Arrivals that are neither RTX, FEC nor padding alone.
    pub media_packets: u64,
    /// Their wire bytes.
    pub media_wire_bytes: u64,
    /// Their payload bytes.
    pub media_payload_bytes: u64,
    /// Arrivals of class RTX.
    pub rtx_packets: u64,
    /// Their wire bytes.
    pub rtx_wire_bytes: u64,
    /// Their header and padding bytes.
    pub rtx_overhead_bytes: u64,
    /// Arrivals of class FEC.
    pub fec_packets: u64,
    /// Their wire bytes.
    pub fec_wire_bytes: u64,
    /// Their header and padding bytes.
    pub fec_overhead_bytes: u64,
    /// Arrivals with padding and no payload, of class media.
    pub padding_packets: u64,
    /// Their wire bytes.
    pub padding_packet_wire_bytes: u64,
    /// Sequence numbers that never arrived: `missing` less `recovered_late`. Falls when one comes late, so as
    /// a delta it can be negative.
    pub lost: i64,
    /// Sequence numbers from the lowest to the highest of each segment between restarts.
    pub expected: i64,
    /// RFC 3550's cumulative lost: expected less received, where repeated packets are received.
    pub lost_rfc3550: i64,
    /// First arrivals: all but the repeated, too old and implausible ones.
    pub unique: u64,
    /// Sequence numbers that were skipped when a later one arrived. What comes late is in `recovered_late` as
    /// well.
    pub missing: u64,
    /// Arrivals of sequence numbers that had been counted missing.
    pub recovered_late: u64,
    /// Arrivals of sequence numbers that had arrived before.
    pub duplicates: u64,
    /// First arrivals after a later sequence number.
    pub out_of_order: u64,
    /// Arrivals too far behind to tell late from repeated; they correct no loss.
    pub too_old: u64,
    /// Single arrivals too far ahead, which nothing confirmed.
    pub implausible: u64,
    /// Restarts: two packets in sequence far from what came before. No loss is counted for them.
    pub discontinuities: u64,
    /// Distinct timestamps of video.
    pub frames: u64,
    /// Of these, frames with a packet flagged as key frame.
    pub keyframes: u64,
}

impl sg_stream_totals {
    pub(super) fn of(totals: &StreamTotals) -> sg_stream_totals {
        sg_stream_totals {
            packets: totals.packets,
            wire_bytes: totals.wire_bytes,
            header_bytes: totals.header_bytes,
            padding_bytes: totals.padding_bytes,
            payload_bytes: totals.payload_bytes(),
            media_packets: totals.media_packets(),
            media_wire_bytes: totals.media_wire_bytes(),
            media_payload_bytes: totals.media_payload_bytes(),
            rtx_packets: totals.rtx_packets,
            rtx_wire_bytes: totals.rtx_wire_bytes,
            rtx_overhead_bytes: totals.rtx_overhead_bytes,
            fec_packets: totals.fec_packets,
            fec_wire_bytes: totals.fec_wire_bytes,
            fec_overhead_bytes: totals.fec_overhead_bytes,
            padding_packets: totals.padding_packets,
            padding_packet_wire_bytes: totals.padding_packet_wire_bytes,
            lost: totals.lost(),
            expected: totals.expected(),
            lost_rfc3550: totals.lost_rfc3550(),
            unique: totals.unique(),
            missing: totals.missing,
            recovered_late: totals.recovered_late,
            duplicates: totals.duplicates,
            out_of_order: totals.out_of_order,
            too_old: totals.too_old,
            implausible: totals.implausible,
            discontinuities: totals.discontinuities,
            frames: totals.frames,
            keyframes: totals.keyframes,
        }
    }
}

/// Everything known of one stream. What was not measured is 0, and its `has_` is false.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_stream_stats {
    /// Cumulative counts.
    pub totals: sg_stream_totals,
    /// Synchronisation source.
    pub ssrc: u32,
    /// Ticks per second of the timestamps; 0 while the payload type has no format.
    pub clock_hz: u32,
    /// Distinct timestamps, of video.
    pub frames: u64,
    /// Extended highest sequence number; the first cycle begins at 65,536.
    pub extended_highest: u64,
    /// The highest timestamp, extended to 64 bits.
    pub extended_timestamp: i64,
    /// First arrival, microseconds.
    pub first_arrival_us: i64,
    /// Latest arrival, microseconds.
    pub last_arrival_us: i64,
    /// RFC 3550 A.8 over every media packet, now, in microseconds.
    pub jitter_us: f64,
    /// The same in ticks.
    pub jitter_ticks: f64,
    /// Its mean over all steps, microseconds.
    pub mean_jitter_us: f64,
    /// Its maximum, microseconds.
    pub max_jitter_us: f64,
    /// A.8 over the first packet of each timestamp, microseconds.
    pub frame_jitter_us: f64,
    /// The same in ticks.
    pub frame_jitter_ticks: f64,
    /// The longest time between two arrivals of media, microseconds.
    pub max_delta_us: i64,
    /// Wire bits per second from the first to the latest arrival.
    pub bitrate_bps: f64,
    /// Runs of consecutive losses as they opened (late arrivals do not undo them): a bin each for 1 to 10,
    /// one for 11 to 100, one for more.
    pub loss_bursts: [u32; 12],
    /// Timestamps that began a new timeline: more than 10 s away from what the arrivals say.
    pub timestamp_discontinuities: u32,
    /// Arrivals with a time before that of the one before.
    pub arrivals_went_back: u32,
    /// Payload type of the latest media packet (of the first RTX or FEC packet, where there is no media).
    pub payload_type: u8,
    /// Whether there is a payload type.
    pub has_payload_type: bool,
    /// Whether there are frames: the stream is video.
    pub has_frames: bool,
    /// Whether there is an extended highest sequence number.
    pub has_extended_highest: bool,
    /// Whether there is a timestamp.
    pub has_extended_timestamp: bool,
    /// Whether there are arrivals.
    pub has_arrivals: bool,
    /// Whether jitter was measured, in microseconds.
    pub has_jitter_us: bool,
    /// Whether jitter was measured, in ticks.
    pub has_jitter_ticks: bool,
    /// Whether there is a mean jitter.
    pub has_mean_jitter_us: bool,
    /// Whether there is a maximum jitter.
    pub has_max_jitter_us: bool,
    /// Whether frame jitter was measured, in microseconds.
    pub has_frame_jitter_us: bool,
    /// Whether frame jitter was measured, in ticks.
    pub has_frame_jitter_ticks: bool,
    /// Whether there were two arrivals of media.
    pub has_max_delta_us: bool,
    /// Whether there is a bit rate: the stream lasted.
    pub has_bitrate_bps: bool,
}

impl sg_stream_stats {
    pub(crate) fn of(stats: &StreamStats) -> sg_stream_stats {
        sg_stream_stats {
            totals: sg_stream_totals::of(&stats.totals),
            ssrc: stats.ssrc,
            clock_hz: stats.clock_hz.unwrap_or(0),
            frames: stats.frames.unwrap_or(0),
            extended_highest: stats.extended_highest.unwrap_or(0),
            extended_timestamp: stats.extended_timestamp.unwrap_or(0),
            first_arrival_us: stats.first_arrival_us.unwrap_or(0),
            last_arrival_us: stats.last_arrival_us.unwrap_or(0),
            jitter_us: stats.jitter_us.unwrap_or(0.0),
            jitter_ticks: stats.jitter_ticks.unwrap_or(0.0),
            mean_jitter_us: stats.mean_jitter_us.unwrap_or(0.0),
            max_jitter_us: stats.max_jitter_us.unwrap_or(0.0),
            frame_jitter_us: stats.frame_jitter_us.unwrap_or(0.0),
            frame_jitter_ticks: stats.frame_jitter_ticks.unwrap_or(0.0),
            max_delta_us: stats.max_delta_us.unwrap_or(0),
            bitrate_bps: stats.bitrate_bps.unwrap_or(0.0),
            loss_bursts: stats.loss_bursts,
            timestamp_discontinuities: stats.timestamp_discontinuities,
            arrivals_went_back: stats.arrivals_went_back,
            payload_type: stats.payload_type.unwrap_or(0),
            has_payload_type: stats.payload_type.is_some(),
            has_frames: stats.frames.is_some(),
            has_extended_highest: stats.extended_highest.is_some(),
            has_extended_timestamp: stats.extended_timestamp.is_some(),
            has_arrivals: stats.first_arrival_us.is_some(),
            has_jitter_us: stats.jitter_us.is_some(),
            has_jitter_ticks: stats.jitter_ticks.is_some(),
            has_mean_jitter_us: stats.mean_jitter_us.is_some(),
            has_max_jitter_us: stats.max_jitter_us.is_some(),
            has_frame_jitter_us: stats.frame_jitter_us.is_some(),
            has_frame_jitter_ticks: stats.frame_jitter_ticks.is_some(),
            has_max_delta_us: stats.max_delta_us.is_some(),
            has_bitrate_bps: stats.bitrate_bps.is_some(),
        }
    }
}

/// What a reader took of one stream.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_stream_delta {
    /// What was added in the interval.
    pub totals: sg_stream_totals,
    /// Start of the interval: when the reader took last, microseconds.
    pub start_us: i64,
    /// End of the interval, microseconds.
    pub end_us: i64,
    /// The highest jitter (A.8, every packet) within the interval, microseconds.
    pub max_jitter_us: f64,
    /// The stream.
    pub ssrc: u32,
    /// False for what streams had pending when they were evicted or removed.
    pub has_ssrc: bool,
    /// Whether jitter was measured.
    pub has_max_jitter_us: bool,
    /// Whether this is all that will come of what it stands for.
    pub last: bool,
}

impl sg_stream_delta {
    pub(super) fn of(taken: &StreamDelta) -> sg_stream_delta {
        sg_stream_delta {
            totals: sg_stream_totals::of(&taken.delta.value),
            start_us: taken.delta.interval.start_us,
            end_us: taken.delta.interval.end_us,
            max_jitter_us: taken.max_jitter_us.unwrap_or(0.0),
            ssrc: taken.ssrc.unwrap_or(0),
            has_ssrc: taken.ssrc.is_some(),
            has_max_jitter_us: taken.max_jitter_us.is_some(),
            last: taken.delta.last,
        }
    }
}

/// What statistics say of themselves.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_rtp_state {
    /// Streams that are kept, validated or not.
    pub streams: u64,
    /// Validated streams that were evicted or removed.
    pub evictions: u64,
    /// Packets that are not in the totals: of SSRCs that are no stream (yet).
    pub unvalidated_packets: u64,
    /// Their wire bytes.
    pub unvalidated_wire_bytes: u64,
    /// Memory in use, spare capacity included.
    pub memory_bytes: u64,
}

impl sg_rtp_state {
    pub(super) fn of(stats: &RtpStats) -> sg_rtp_state {
        let unvalidated = stats.unvalidated();
        sg_rtp_state {
            streams: stats.len() as u64,
            evictions: stats.evictions(),
            unvalidated_packets: unvalidated.packets,
            unvalidated_wire_bytes: unvalidated.wire_bytes,
            memory_bytes: stats.memory_bytes() as u64,
        }
    }
}
