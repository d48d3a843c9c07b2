//! Protobuf that LiveKit's services take: `livekit.AnalyticsStats`, wire-compatible with
//! `livekit_analytics.proto`. Unknown fields of a decoded message are skipped.
//!
//! The message's counts are unsigned 32-bit, and its readers drop a stat that would be negative as a
//! signed number: a count above 2^31 - 1 is split over several stats, and negative corrections of
//! loss were held back by [`crate::telemetry`] already.

mod audience;
mod series;

pub use audience::{decode_summary, encode_summary};
pub use series::{decode_rollup, decode_sketch, encode_rollup, encode_sketch};

use crate::error::{Error, ErrorKind, Result};
use crate::telemetry::{Direction, Role, Stat};
use crate::time::Micros;
use prost::Message;
use prost::encoding::{self, WireType};

/// Most messages that one stat is split into; what is beyond (over 2 million million packets) is
/// not reported.
const MAX_PARTS: usize = 1024;

/// `livekit.AnalyticsStats`.
#[derive(Clone, PartialEq, Message)]
pub struct AnalyticsStats {
    /// The stats.
    #[prost(message, repeated, tag = "1")]
    pub stats: Vec<AnalyticsStat>,
}

/// `livekit.AnalyticsStat`.
#[derive(Clone, PartialEq, Message)]
#[allow(missing_docs)]
pub struct AnalyticsStat {
    #[prost(string, tag = "1")]
    pub analytics_key: String,
    /// 0 upstream, 1 downstream.
    #[prost(enumeration = "StreamType", tag = "2")]
    pub kind: i32,
    #[prost(message, optional, tag = "3")]
    pub time_stamp: Option<Timestamp>,
    #[prost(string, tag = "4")]
    pub node: String,
    #[prost(string, tag = "5")]
    pub room_id: String,
    #[prost(string, tag = "6")]
    pub room_name: String,
    #[prost(string, tag = "7")]
    pub participant_id: String,
    #[prost(string, tag = "8")]
    pub track_id: String,
    /// Mean score; 0 when there was none.
    #[prost(float, tag = "9")]
    pub score: f32,
    #[prost(message, repeated, tag = "10")]
    pub streams: Vec<AnalyticsStream>,
    #[prost(string, tag = "11")]
    pub mime: String,
    #[prost(float, tag = "12")]
    pub min_score: f32,
    #[prost(float, tag = "13")]
    pub median_score: f32,
    /// Unique id of this stat.
    #[prost(string, tag = "14")]
    pub id: String,
}

/// `livekit.StreamType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum StreamType {
    /// From a publisher.
    Upstream = 0,
    /// To a subscriber.
    Downstream = 1,
}

/// `livekit.AnalyticsStream`.
#[derive(Clone, PartialEq, Message)]
#[allow(missing_docs)]
pub struct AnalyticsStream {
    #[prost(uint32, tag = "1")]
    pub ssrc: u32,
    #[prost(uint32, tag = "2")]
    pub primary_packets: u32,
    #[prost(uint64, tag = "3")]
    pub primary_bytes: u64,
    #[prost(uint32, tag = "4")]
    pub retransmit_packets: u32,
    #[prost(uint64, tag = "5")]
    pub retransmit_bytes: u64,
    #[prost(uint32, tag = "6")]
    pub padding_packets: u32,
    #[prost(uint64, tag = "7")]
    pub padding_bytes: u64,
    #[prost(uint32, tag = "8")]
    pub packets_lost: u32,
    #[prost(uint32, tag = "9")]
    pub frames: u32,
    /// Milliseconds; 0 when none was measured.
    #[prost(uint32, tag = "10")]
    pub rtt: u32,
    /// Microseconds; 0 when none was measured.
    #[prost(uint32, tag = "11")]
    pub jitter: u32,
    #[prost(uint32, tag = "12")]
    pub nacks: u32,
    #[prost(uint32, tag = "13")]
    pub plis: u32,
    #[prost(uint32, tag = "14")]
    pub firs: u32,
    #[prost(message, repeated, tag = "15")]
    pub video_layers: Vec<AnalyticsVideoLayer>,
    #[prost(message, optional, tag = "17")]
    pub start_time: Option<Timestamp>,
    #[prost(message, optional, tag = "18")]
    pub end_time: Option<Timestamp>,
    #[prost(uint32, tag = "19")]
    pub packets_out_of_order: u32,
}

/// `livekit.AnalyticsVideoLayer`.
#[derive(Clone, Copy, PartialEq, Message)]
#[allow(missing_docs)]
pub struct AnalyticsVideoLayer {
    #[prost(int32, tag = "1")]
    pub layer: i32,
    #[prost(uint32, tag = "2")]
    pub packets: u32,
    #[prost(uint64, tag = "3")]
    pub bytes: u64,
    #[prost(uint32, tag = "4")]
    pub frames: u32,
}

/// `google.protobuf.Timestamp`.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Timestamp {
    /// Seconds since the Unix epoch.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Nanoseconds within the second, 0 to 999,999,999.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl Timestamp {
    /// From microseconds since the Unix epoch.
    pub const fn from_micros(us: Micros) -> Timestamp {
        Timestamp { seconds: us.div_euclid(1_000_000), nanos: us.rem_euclid(1_000_000) as i32 * 1000 }
    }

    /// Microseconds since the Unix epoch, saturating.
    pub const fn micros(&self) -> Micros {
        let us = self.seconds as i128 * 1_000_000 + self.nanos as i128 / 1000;
        if us > i64::MAX as i128 {
            i64::MAX
        } else if us < i64::MIN as i128 {
            i64::MIN
        } else {
            us as i64
        }
    }
}

/// The stats as LiveKit has them. Relay stats have no place there and are left out. `next_id` gives
/// each its unique id.
pub fn analytics(stats: &[Stat], node: &str, mut next_id: impl FnMut() -> String) -> AnalyticsStats {
    let mut message = AnalyticsStats::default();
    each_part(stats, |stat, part| {
        message.stats.push(AnalyticsStat {
            analytics_key: String::new(),
            kind: part.kind as i32,
            time_stamp: Some(part.time_stamp),
            node: node.to_owned(),
            room_id: stat.key.room_id.clone(),
            room_name: stat.key.room_name.clone(),
            participant_id: stat.key.participant.clone(),
            track_id: stat.key.track.clone(),
            score: part.scores[0],
            streams: vec![part.stream],
            mime: stat.key.mime.clone(),
            min_score: part.scores[1],
            median_score: part.scores[2],
            id: next_id(),
        });
    });
    message
}

/// The same as protobuf bytes, without copies in between.
pub fn encode(stats: &[Stat], node: &str, mut next_id: impl FnMut() -> String) -> Vec<u8> {
    let (mut all, mut body) = (Vec::new(), Vec::new());
    each_part(stats, |stat, part| {
        let key = &stat.key;
        let text = |tag: u32, text: &str, body: &mut Vec<u8>| {
            if !text.is_empty() {
                encoding::encode_key(tag, WireType::LengthDelimited, body);
                encoding::encode_varint(text.len() as u64, body);
                body.extend_from_slice(text.as_bytes());
            }
        };
        let score = |tag: u32, score: f32, body: &mut Vec<u8>| {
            if score != 0.0 {
                encoding::float::encode(tag, &score, body);
            }
        };
        body.clear();
        if part.kind != StreamType::Upstream {
            encoding::int32::encode(2, &(part.kind as i32), &mut body);
        }
        encoding::message::encode(3, &part.time_stamp, &mut body);
        text(4, node, &mut body);
        text(5, &key.room_id, &mut body);
        text(6, &key.room_name, &mut body);
        text(7, &key.participant, &mut body);
        text(8, &key.track, &mut body);
        score(9, part.scores[0], &mut body);
        encoding::message::encode(10, &part.stream, &mut body);
        text(11, &key.mime, &mut body);
        score(12, part.scores[1], &mut body);
        score(13, part.scores[2], &mut body);
        text(14, &next_id(), &mut body);
        if all.is_empty() {
            // Most are about as long as the first.
            all.reserve((body.len() + 16) * stats.len());
        }
        encoding::encode_key(1, WireType::LengthDelimited, &mut all);
        encoding::encode_varint(body.len() as u64, &mut all);
        all.extend_from_slice(&body);
    });
    all
}

/// Reads protobuf bytes.
///
/// # Errors
/// `Malformed` when they are no `AnalyticsStats`.
pub fn decode(bytes: &[u8]) -> Result<AnalyticsStats> {
    AnalyticsStats::decode(bytes).map_err(|error| Error::new(ErrorKind::Malformed, error.to_string()))
}

/// What is not text in a message.
struct Part {
    kind: StreamType,
    time_stamp: Timestamp,
    /// Mean, minimum, median; 0 when there were none.
    scores: [f32; 3],
    stream: AnalyticsStream,
}

/// Gives each stat that is not a relay's, in several parts where a count does not fit.
fn each_part(stats: &[Stat], mut each: impl FnMut(&Stat, Part)) {
    for stat in stats.iter().filter(|stat| stat.key.role == Role::Edge) {
        parts(stat, |part| each(stat, part));
    }
}

fn parts(stat: &Stat, mut each: impl FnMut(Part)) {
    let totals = &stat.totals;
    let mut rest = [
        // A message of a data or signal channel is a packet there.
        totals.primary_packets.saturating_add(totals.messages),
        totals.retransmit_packets,
        totals.padding_packets,
        stat.packets_lost_to_report,
        totals.frames,
        totals.nacks,
        totals.plis,
        totals.firs,
        totals.packets_out_of_order,
        stat.layer.map_or(0, |(_, layer)| layer.packets),
        stat.layer.map_or(0, |(_, layer)| layer.frames),
    ];
    let mut bytes = [
        totals.primary_bytes,
        totals.retransmit_bytes,
        totals.padding_bytes,
        stat.layer.map_or(0, |(_, layer)| layer.bytes),
    ];
    for number in 0..MAX_PARTS {
        let [
            primary_packets,
            retransmit_packets,
            padding_packets,
            packets_lost,
            frames,
            nacks,
            plis,
            firs,
            packets_out_of_order,
            layer_packets,
            layer_frames,
        ] = rest.each_mut().map(take_u31);
        let [primary_bytes, retransmit_bytes, padding_bytes, layer_bytes] = bytes.each_mut().map(take_u63);
        let first = number == 0;
        let layer = stat.layer.map(|(layer, _)| AnalyticsVideoLayer {
            layer: i32::from(layer),
            packets: layer_packets,
            bytes: layer_bytes,
            frames: layer_frames,
        });
        let stream = AnalyticsStream {
            // One stream stands for all of a track, as LiveKit's worker reports it.
            ssrc: 0,
            primary_packets,
            primary_bytes,
            retransmit_packets,
            retransmit_bytes,
            padding_packets,
            padding_bytes,
            packets_lost,
            frames,
            rtt: stat.rtt_us.filter(|_| first).map_or(0, millis),
            jitter: stat.jitter_us.filter(|_| first).unwrap_or(0),
            nacks,
            plis,
            firs,
            video_layers: layer.into_iter().collect(),
            start_time: Some(Timestamp::from_micros(stat.interval.start_us)),
            end_time: Some(Timestamp::from_micros(stat.interval.end_us)),
            packets_out_of_order,
        };
        let scores = stat.scores.filter(|_| first);
        each(Part {
            kind: match stat.key.direction {
                Direction::Upstream => StreamType::Upstream,
                Direction::Downstream => StreamType::Downstream,
            },
            time_stamp: Timestamp::from_micros(stat.time_us),
            scores: scores.map_or([0.0; 3], |scores| [scores.mean, scores.min, scores.median]),
            stream,
        });
        if rest.iter().chain(&bytes).all(|rest| *rest == 0) {
            return;
        }
    }
}

/// Takes what a reader that looks for negative 32-bit numbers accepts.
fn take_u31(rest: &mut u64) -> u32 {
    let part = (*rest).min(i32::MAX as u64);
    *rest -= part;
    part as u32
}

fn take_u63(rest: &mut u64) -> u64 {
    let part = (*rest).min(i64::MAX as u64);
    *rest -= part;
    part
}

/// Whole milliseconds, rounded, and at least 1 for what was measured, since 0 means unknown.
fn millis(us: u32) -> u32 {
    if us == 0 { 0 } else { (us / 1000 + u32::from(us % 1000 >= 500)).max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{
        LayerTotals, RtcpSample, StatsKey, Telemetry, TelemetryConfig, TrackKey, TrackKind, TrackTotals,
    };

    fn stat() -> Stat {
        let telemetry = Telemetry::new(TelemetryConfig::default()).unwrap();
        telemetry.identify("PA_1", "RM_1", "room", 0).unwrap();
        let key = TrackKey {
            participant: "PA_1".into(),
            track: "TR_1".into(),
            direction: Direction::Downstream,
            role: Role::Edge,
            kind: TrackKind::Video,
            source: String::new(),
            mime: "video/VP8".into(),
            country: String::new(),
        };
        let track = telemetry.open(key, 1_500_000).unwrap();
        track.record_message(0, 5);
        track.record_score(4.5);
        track.record_rtcp(0, &RtcpSample { rtt_us: Some(300), lost: 2, ..RtcpSample::default() });
        telemetry.flush(2_000_000).unwrap().stats.remove(0)
    }

    fn ids() -> impl FnMut() -> String {
        let mut n = 0;
        move || {
            n += 1;
            format!("AS_{n}")
        }
    }

    #[test]
    fn field_numbers_are_livekits() {
        let bytes = encode(&[stat()], "ND_1", ids());
        // Tag and length by hand, from livekit_analytics.proto.
        // 1.5 s and 2 s: 500,000,000 ns is the varint 80 ca b5 ee 01.
        let mut stream = vec![0x10, 1, 0x18, 5, 0x40, 2, 0x50, 1];
        stream.extend([0x8a, 1, 8, 8, 1, 0x10, 0x80, 0xca, 0xb5, 0xee, 1]);
        stream.extend([0x92, 1, 2, 8, 2]);
        let mut body = vec![0x10, 1, 0x1a, 2, 8, 2, 0x22, 4];
        body.extend(b"ND_1\x2a\x04RM_1\x32\x04room\x3a\x04PA_1\x42\x04TR_1\x4d");
        body.extend(4.5f32.to_le_bytes());
        body.extend([0x52, stream.len() as u8]);
        body.extend(&stream);
        body.extend(b"\x5a\x09video/VP8\x65");
        body.extend(4.5f32.to_le_bytes());
        body.push(0x6d);
        body.extend(4.5f32.to_le_bytes());
        body.extend(b"\x72\x04AS_1");
        let expected = [&[0x0a, body.len() as u8][..], &body].concat();
        assert_eq!(bytes, expected);
        assert_eq!(decode(&bytes).unwrap(), analytics(&[stat()], "ND_1", ids()));
        let mut upstream = stat();
        upstream.key.direction = Direction::Upstream;
        (upstream.scores, upstream.layer) = (None, Some((1, LayerTotals::default())));
        let stats =
            [stat(), upstream, Stat { key: StatsKey { mime: String::new(), ..stat().key }, ..stat() }];
        assert_eq!(encode(&stats, "", ids()), analytics(&stats, "", ids()).encode_to_vec());
        assert!(decode(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn counts_that_do_not_fit_are_split() {
        let mut big = stat();
        big.totals =
            TrackTotals { primary_packets: 5_000_000_000, primary_bytes: u64::MAX, ..TrackTotals::default() };
        big.layer = Some((2, LayerTotals { packets: 3_000_000_000, bytes: 7, frames: 1 }));
        let stats = analytics(&[big.clone()], "", ids()).stats;
        assert_eq!(stats.len(), 3);
        let streams: Vec<&AnalyticsStream> = stats.iter().map(|stat| &stat.streams[0]).collect();
        assert!(
            streams
                .iter()
                .all(|stream| stream.primary_packets as i32 >= 0 && stream.primary_bytes as i64 >= 0)
        );
        assert_eq!(
            streams.iter().map(|stream| u64::from(stream.primary_packets)).sum::<u64>(),
            5_000_000_000
        );
        assert_eq!(
            streams.iter().map(|stream| u128::from(stream.primary_bytes)).sum::<u128>(),
            u64::MAX.into()
        );
        let layers: u64 = streams.iter().map(|stream| u64::from(stream.video_layers[0].packets)).sum();
        assert_eq!(layers, 3_000_000_000);
        assert_eq!(encode(&[big.clone()], "", ids()), analytics(&[big.clone()], "", ids()).encode_to_vec());
        assert_eq!(stats.iter().map(|stat| stat.score).collect::<Vec<_>>(), [4.5, 0.0, 0.0]);
        assert_eq!(stats.iter().map(|stat| stat.id.as_str()).collect::<Vec<_>>(), ["AS_1", "AS_2", "AS_3"]);
        big.totals.primary_packets = u64::MAX;
        assert_eq!(analytics(&[big], "", ids()).stats.len(), MAX_PARTS);
    }

    #[test]
    fn relays_stay_out_and_corrections_are_not_negative() {
        let mut relay = stat();
        relay.key.role = Role::Relay;
        let mut corrected = stat();
        corrected.totals.packets_lost = -3;
        corrected.packets_lost_to_report = 0;
        let stats = analytics(&[relay, corrected], "", ids()).stats;
        assert_eq!(stats.len(), 1);
        assert_eq!(stats[0].streams[0].packets_lost, 0);
    }

    #[test]
    fn times_before_the_epoch() {
        let time = Timestamp::from_micros(-1);
        assert_eq!((time.seconds, time.nanos, time.micros()), (-1, 999_999_000, -1));
        for us in [i64::MIN, i64::MIN + 1, i64::MAX] {
            assert_eq!(Timestamp::from_micros(us).micros(), us);
        }
        assert_eq!(Timestamp { seconds: i64::MIN, nanos: -1 }.micros(), i64::MIN);
        assert_eq!((millis(0), millis(1), millis(1499), millis(1500)), (0, 1, 1, 2));
    }
}
