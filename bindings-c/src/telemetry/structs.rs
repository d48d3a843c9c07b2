//! What is said of tracks across the boundary, and how it maps to the core.

use std::sync::Arc;

use sg_core::telemetry::{
    ByteView, DataSummary, Direction, LayerTotals, Level, MAX_LAYERS, Role, RtcpSample, Stat, Telemetry,
    TelemetryConfig, TrackKey, TrackKind, TrackTotals,
};

use crate::buf::text;
use crate::guard::Fault;
use crate::packet::{payload_map, sg_payload_format};
use crate::sg_str;
use crate::sized::{Plain, fitted};

/// Level: each track makes a stat.
pub const SG_LEVEL_TRACK: i32 = 0;
/// Level: all tracks of a participant in a direction and role make one.
pub const SG_LEVEL_PARTICIPANT: i32 = 1;

/// Bytes: payload, as LiveKit counts: primary and retransmitted bytes without headers and padding.
pub const SG_BYTES_PAYLOAD: i32 = 0;
/// Bytes: the whole UDP payload.
pub const SG_BYTES_WIRE: i32 = 1;

/// Direction: from a publisher to the server. Exists only at the publisher's home node.
pub const SG_DIRECTION_UPSTREAM: i32 = 1;
/// Direction: from the server to a subscriber.
pub const SG_DIRECTION_DOWNSTREAM: i32 = 2;

/// Role: a client is at the other end.
pub const SG_ROLE_EDGE: i32 = 0;
/// Role: another server is at the other end. Never added to edge traffic, never in the LiveKit protobuf.
pub const SG_ROLE_RELAY: i32 = 1;

/// A track of sound.
pub const SG_TRACK_AUDIO: i32 = 1;
/// A track of pictures.
pub const SG_TRACK_VIDEO: i32 = 2;
/// A data track or channel.
pub const SG_TRACK_DATA: i32 = 3;
/// The signal channel.
pub const SG_TRACK_SIGNAL: i32 = 4;

/// Limits and choices of telemetry. All zero is the defaults.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_telemetry_config {
    /// What payload types stand for, beside or instead of the defaults; NULL when there are none.
    pub formats: *const sg_payload_format,
    /// How many formats.
    pub format_count: usize,
    /// What makes one stat: `SG_LEVEL_...`.
    pub level: i32,
    /// Which bytes of RTP packets count: `SG_BYTES_...`.
    pub bytes: i32,
    /// How long a participant whose last track closed is remembered, with its totals, microseconds; with
    /// `has_grace_us` only, else 180 seconds.
    pub grace_us: i64,
    /// How many tracks there may be, closed ones not yet delivered included; 0 for 2^20.
    pub max_tracks: u64,
    /// How many participants may be remembered; 0 for 2^20.
    pub max_participants: u64,
    /// How many SSRCs one track may have; 0 for 64.
    pub max_streams_per_track: u64,
    /// Not 0 when `grace_us` is given.
    pub has_grace_us: u8,
    /// Not 0 when a track without anything new gives a stat of zeros.
    pub emit_idle: u8,
}

// SAFETY: numbers and a pointer.
unsafe impl Plain for sg_telemetry_config {}

impl sg_telemetry_config {
    /// # Safety
    /// `formats` is NULL or points to `format_count` formats.
    pub(super) unsafe fn to_core(self) -> Result<TelemetryConfig, Fault> {
        let defaults = TelemetryConfig::default();
        let streams = defaults.max_streams_per_track;
        Ok(TelemetryConfig {
            level: match self.level {
                SG_LEVEL_TRACK => Level::Track,
                SG_LEVEL_PARTICIPANT => Level::Participant,
                other => return Err(Fault::invalid(format!("level is {other}: expected 0 or 1"))),
            },
            bytes: match self.bytes {
                SG_BYTES_PAYLOAD => ByteView::Payload,
                SG_BYTES_WIRE => ByteView::Wire,
                other => return Err(Fault::invalid(format!("bytes is {other}: expected 0 or 1"))),
            },
            emit_idle: self.emit_idle != 0,
            grace_us: if self.has_grace_us != 0 { self.grace_us } else { defaults.grace_us },
            max_tracks: fitted(self.max_tracks, defaults.max_tracks, "max_tracks")?,
            max_participants: fitted(self.max_participants, defaults.max_participants, "max_participants")?,
            max_streams_per_track: fitted(self.max_streams_per_track, streams, "max_streams_per_track")?,
            // SAFETY: the caller's promise.
            payloads: Arc::new(unsafe { payload_map(self.formats, self.format_count) }?),
        })
    }
}

/// Which track of whom. Participant, track, direction and role tell tracks apart; the rest describes. Texts
/// are UTF-8 and may be empty where that says unknown.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_track_key {
    /// The participant: the publisher upstream, the subscriber downstream.
    pub participant: sg_str,
    /// The track: the publisher's id in both directions.
    pub track: sg_str,
    /// Where it comes from: camera, microphone, screen share; may be unknown.
    pub source: sg_str,
    /// Its codec or content; may be unknown.
    pub mime: sg_str,
    /// The participant's country; may be unknown.
    pub country: sg_str,
    /// Which way it goes: `SG_DIRECTION_...`.
    pub direction: i32,
    /// Who is at the other end: `SG_ROLE_...`.
    pub role: i32,
    /// What it carries: `SG_TRACK_...`.
    pub kind: i32,
}

// SAFETY: numbers and pointers.
unsafe impl Plain for sg_track_key {}

impl sg_track_key {
    /// # Safety
    /// Each text points to as many bytes as it says.
    pub(super) unsafe fn to_core(self) -> Result<TrackKey, Fault> {
        // SAFETY: the caller's promise.
        let owned = |s: sg_str, name| unsafe { text(s.data, s.len, name) }.map(str::to_owned);
        Ok(TrackKey {
            participant: owned(self.participant, "participant")?,
            track: owned(self.track, "track")?,
            direction: direction_of(self.direction)?,
            role: role_of(self.role)?,
            kind: kind_of(self.kind)?,
            source: owned(self.source, "source")?,
            mime: owned(self.mime, "mime")?,
            country: owned(self.country, "country")?,
        })
    }

    pub(super) fn of(key: &TrackKey) -> sg_track_key {
        sg_track_key {
            participant: sg_str::of(&key.participant),
            track: sg_str::of(&key.track),
            source: sg_str::of(&key.source),
            mime: sg_str::of(&key.mime),
            country: sg_str::of(&key.country),
            direction: direction(key.direction),
            role: role(key.role),
            kind: kind(key.kind),
        }
    }
}

/// Counts of one simulcast layer.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_layer_totals {
    /// Media packets.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Frames.
    pub frames: u64,
}

impl sg_layer_totals {
    fn of(layer: &LayerTotals) -> sg_layer_totals {
        sg_layer_totals { packets: layer.packets, bytes: layer.bytes, frames: layer.frames }
    }
}

/// Counts of one track, or of many added up. As totals all only grow but `packets_lost`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_track_counts {
    /// Media packets, FEC included, retransmissions and padding apart.
    pub primary_packets: u64,
    /// Their bytes; of data and signal tracks all bytes.
    pub primary_bytes: u64,
    /// Retransmitted packets.
    pub retransmit_packets: u64,
    /// Their bytes.
    pub retransmit_bytes: u64,
    /// Packets of padding alone.
    pub padding_packets: u64,
    /// Padding bytes, those at the end of other packets included.
    pub padding_bytes: u64,
    /// Of the primary packets, those of FEC.
    pub fec_packets: u64,
    /// Packets out of order.
    pub packets_out_of_order: u64,
    /// Packets that came again.
    pub packets_duplicate: u64,
    /// Frames; of simulcast those of the best layer of each interval.
    pub frames: u64,
    /// NACKs.
    pub nacks: u64,
    /// Picture loss indications.
    pub plis: u64,
    /// Full intra requests.
    pub firs: u64,
    /// Messages of data and signal tracks, those of no bytes included.
    pub messages: u64,
    /// Sequence numbers lost. Falls when a packet comes late.
    pub packets_lost: i64,
    /// By simulcast layer, where layers were set; the last one is that and all above.
    pub layers: [sg_layer_totals; 4],
}

// The array of layers is as long as the core's.
const _: () = assert!(MAX_LAYERS == 4);

impl sg_track_counts {
    pub(super) fn of(totals: &TrackTotals) -> sg_track_counts {
        sg_track_counts {
            primary_packets: totals.primary_packets,
            primary_bytes: totals.primary_bytes,
            retransmit_packets: totals.retransmit_packets,
            retransmit_bytes: totals.retransmit_bytes,
            padding_packets: totals.padding_packets,
            padding_bytes: totals.padding_bytes,
            fec_packets: totals.fec_packets,
            packets_out_of_order: totals.packets_out_of_order,
            packets_duplicate: totals.packets_duplicate,
            frames: totals.frames,
            nacks: totals.nacks,
            plis: totals.plis,
            firs: totals.firs,
            messages: totals.messages,
            packets_lost: totals.packets_lost,
            layers: totals.layers.each_ref().map(sg_layer_totals::of),
        }
    }

    pub(super) fn to_core(self) -> TrackTotals {
        TrackTotals {
            primary_packets: self.primary_packets,
            primary_bytes: self.primary_bytes,
            retransmit_packets: self.retransmit_packets,
            retransmit_bytes: self.retransmit_bytes,
            padding_packets: self.padding_packets,
            padding_bytes: self.padding_bytes,
            fec_packets: self.fec_packets,
            packets_out_of_order: self.packets_out_of_order,
            packets_duplicate: self.packets_duplicate,
            frames: self.frames,
            nacks: self.nacks,
            plis: self.plis,
            firs: self.firs,
            messages: self.messages,
            packets_lost: self.packets_lost,
            layers: self.layers.map(|layer| LayerTotals {
                packets: layer.packets,
                bytes: layer.bytes,
                frames: layer.frames,
            }),
        }
    }
}

/// What a track takes to another node: its totals, which are reported already (or in its last interval here)
/// and are not reported again there.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_track_seed {
    /// Everything counted so far.
    pub totals: sg_track_counts,
}

// SAFETY: numbers.
unsafe impl Plain for sg_track_seed {}

/// One packet of a data track, after marshalling; 16 bytes.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_data_packet {
    /// When it arrived or was sent, microseconds.
    pub at_us: i64,
    /// Bytes on the wire.
    pub bytes: u32,
    /// Its sequence number.
    pub sequence: u16,
    /// Not 0 when it begins a frame.
    pub starts_frame: u8,
    /// Not read.
    pub reserved: u8,
}

/// What RTCP said of a track in one direction. All zero is nothing.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_rtcp_sample {
    /// Packets newly lost; negative when a late packet corrects a loss.
    pub lost: i64,
    /// Round-trip time in microseconds, with `has_rtt_us` only; a report shows the largest of its interval.
    pub rtt_us: u32,
    /// Jitter in microseconds, with `has_jitter_us` only; a report shows the largest of its interval.
    pub jitter_us: u32,
    /// NACKs.
    pub nacks: u32,
    /// Picture loss indications.
    pub plis: u32,
    /// Full intra requests.
    pub firs: u32,
    /// Not 0 when a round-trip time was measured.
    pub has_rtt_us: u8,
    /// Not 0 when jitter was measured.
    pub has_jitter_us: u8,
}

// SAFETY: numbers.
unsafe impl Plain for sg_rtcp_sample {}

impl sg_rtcp_sample {
    pub(super) fn to_core(self) -> RtcpSample {
        RtcpSample {
            rtt_us: (self.has_rtt_us != 0).then_some(self.rtt_us),
            jitter_us: (self.has_jitter_us != 0).then_some(self.jitter_us),
            lost: self.lost,
            nacks: self.nacks,
            plis: self.plis,
            firs: self.firs,
        }
    }
}

/// What a data track was, at its close.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_data_summary {
    /// From its first to its last packet, microseconds.
    pub duration_us: i64,
    /// Packets, repeated ones included.
    pub packets: u64,
    /// Sequence numbers lost.
    pub packets_lost: i64,
    /// Packets out of order.
    pub packets_out_of_order: u64,
    /// Packets that came again.
    pub packets_duplicate: u64,
    /// Frames begun.
    pub frames: u64,
    /// Frames per second of its duration.
    pub frame_rate: f64,
    /// Whether there is a frame rate: it lasted.
    pub has_frame_rate: bool,
}

impl sg_data_summary {
    fn of(data: &DataSummary) -> sg_data_summary {
        sg_data_summary {
            duration_us: data.duration_us,
            packets: data.packets,
            packets_lost: data.packets_lost,
            packets_out_of_order: data.packets_out_of_order,
            packets_duplicate: data.packets_duplicate,
            frames: data.frames,
            frame_rate: data.frame_rate.unwrap_or(0.0),
            has_frame_rate: data.frame_rate.is_some(),
        }
    }
}

/// What one track, or one participant in one direction, did in an interval. What was not measured is 0, and
/// its `has_` is false. The texts live as long as the report.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_stat {
    /// The track; without a track id, and with a source only if all tracks have it, for a participant.
    pub key: sg_track_key,
    /// Id of the room.
    pub room_id: sg_str,
    /// Name of the room.
    pub room_name: sg_str,
    /// When it was taken, microseconds.
    pub time_us: i64,
    /// Start of the interval: the end of the one before, or the opening, microseconds.
    pub start_us: i64,
    /// End of the interval, microseconds.
    pub end_us: i64,
    /// What was added. The loss is signed: negative when late packets corrected more than was lost.
    pub totals: sg_track_counts,
    /// The loss for a format without signs: corrections are held back against it.
    pub packets_lost_to_report: u64,
    /// Corrections still held back, 0 or less.
    pub packets_lost_held_back: i64,
    /// The largest round-trip time, microseconds.
    pub rtt_us: u32,
    /// The largest jitter, microseconds.
    pub jitter_us: u32,
    /// Mean of the quality scores.
    pub mean_score: f32,
    /// The lowest of them.
    pub min_score: f32,
    /// The middle one of them.
    pub median_score: f32,
    /// How many scores there were; with 0 there are no values.
    pub scores: u32,
    /// The highest simulcast layer that had packets.
    pub layer: u32,
    /// How many earlier intervals, whose report failed, are part of this one.
    pub merged_intervals: u32,
    /// How many tracks this is the sum of.
    pub tracks: u32,
    /// Whether a round-trip time was measured.
    pub has_rtt_us: bool,
    /// Whether jitter was measured.
    pub has_jitter_us: bool,
    /// Whether a simulcast layer had packets.
    pub has_layer: bool,
    /// Whether there is a summary of a data track.
    pub has_data: bool,
    /// Whether the track is closed and this is all that is left.
    pub last: bool,
    /// What that layer added.
    pub layer_totals: sg_layer_totals,
    /// What a data track was, at its close.
    pub data: sg_data_summary,
}

impl sg_stat {
    pub(super) fn of(stat: &Stat) -> sg_stat {
        let key = &stat.key;
        let no_data = sg_data_summary {
            duration_us: 0,
            packets: 0,
            packets_lost: 0,
            packets_out_of_order: 0,
            packets_duplicate: 0,
            frames: 0,
            frame_rate: 0.0,
            has_frame_rate: false,
        };
        let (layer, layer_totals) = stat.layer.unwrap_or_default();
        sg_stat {
            key: sg_track_key {
                participant: sg_str::of(&key.participant),
                track: sg_str::of(&key.track),
                source: sg_str::of(&key.source),
                mime: sg_str::of(&key.mime),
                country: sg_str::of(&key.country),
                direction: direction(key.direction),
                role: role(key.role),
                kind: kind(key.kind),
            },
            room_id: sg_str::of(&key.room_id),
            room_name: sg_str::of(&key.room_name),
            time_us: stat.time_us,
            start_us: stat.interval.start_us,
            end_us: stat.interval.end_us,
            totals: sg_track_counts::of(&stat.totals),
            packets_lost_to_report: stat.packets_lost_to_report,
            packets_lost_held_back: stat.packets_lost_held_back,
            rtt_us: stat.rtt_us.unwrap_or(0),
            jitter_us: stat.jitter_us.unwrap_or(0),
            mean_score: stat.scores.map_or(0.0, |scores| scores.mean),
            min_score: stat.scores.map_or(0.0, |scores| scores.min),
            median_score: stat.scores.map_or(0.0, |scores| scores.median),
            scores: stat.scores.map_or(0, |scores| scores.count),
            layer: layer.into(),
            merged_intervals: stat.merged_intervals,
            tracks: stat.tracks,
            has_rtt_us: stat.rtt_us.is_some(),
            has_jitter_us: stat.jitter_us.is_some(),
            has_layer: stat.layer.is_some(),
            has_data: stat.data.is_some(),
            last: stat.last,
            layer_totals: sg_layer_totals::of(&layer_totals),
            data: stat.data.as_ref().map_or(no_data, sg_data_summary::of),
        }
    }
}

/// What telemetry keeps, and what it says of itself.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_telemetry_state {
    /// Tracks that are kept.
    pub tracks: u64,
    /// Participants that are kept.
    pub participants: u64,
    /// Tracks opened. This and the following only grow.
    pub tracks_opened: u64,
    /// Tracks closed and dropped.
    pub tracks_dropped: u64,
    /// Participants dropped after their grace period.
    pub participants_dropped: u64,
    /// Records that came after their track's close.
    pub rejected_after_close: u64,
    /// Intervals that were merged into the next one because their report failed.
    pub intervals_merged: u64,
}

impl sg_telemetry_state {
    pub(super) fn of(telemetry: &Telemetry) -> sg_telemetry_state {
        let (tracks, participants) = telemetry.len();
        let counts = telemetry.counts();
        sg_telemetry_state {
            tracks: tracks as u64,
            participants: participants as u64,
            tracks_opened: counts.tracks_opened,
            tracks_dropped: counts.tracks_dropped,
            participants_dropped: counts.participants_dropped,
            rejected_after_close: counts.rejected_after_close,
            intervals_merged: counts.intervals_merged,
        }
    }
}

pub(super) fn direction_of(direction: i32) -> Result<Direction, Fault> {
    match direction {
        SG_DIRECTION_UPSTREAM => Ok(Direction::Upstream),
        SG_DIRECTION_DOWNSTREAM => Ok(Direction::Downstream),
        other => Err(Fault::invalid(format!("direction is {other}: expected 1 or 2"))),
    }
}

pub(super) fn role_of(role: i32) -> Result<Role, Fault> {
    match role {
        SG_ROLE_EDGE => Ok(Role::Edge),
        SG_ROLE_RELAY => Ok(Role::Relay),
        other => Err(Fault::invalid(format!("role is {other}: expected 0 or 1"))),
    }
}

fn kind_of(kind: i32) -> Result<TrackKind, Fault> {
    match kind {
        SG_TRACK_AUDIO => Ok(TrackKind::Audio),
        SG_TRACK_VIDEO => Ok(TrackKind::Video),
        SG_TRACK_DATA => Ok(TrackKind::Data),
        SG_TRACK_SIGNAL => Ok(TrackKind::Signal),
        other => Err(Fault::invalid(format!("kind is {other}: expected 1 to 4"))),
    }
}

pub(super) fn direction(direction: Direction) -> i32 {
    match direction {
        Direction::Upstream => SG_DIRECTION_UPSTREAM,
        Direction::Downstream => SG_DIRECTION_DOWNSTREAM,
    }
}

pub(super) fn role(role: Role) -> i32 {
    match role {
        Role::Edge => SG_ROLE_EDGE,
        Role::Relay => SG_ROLE_RELAY,
    }
}

pub(super) fn kind(kind: TrackKind) -> i32 {
    match kind {
        TrackKind::Audio => SG_TRACK_AUDIO,
        TrackKind::Video => SG_TRACK_VIDEO,
        TrackKind::Data => SG_TRACK_DATA,
        TrackKind::Signal => SG_TRACK_SIGNAL,
    }
}
