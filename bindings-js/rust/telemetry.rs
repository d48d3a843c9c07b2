//! Telemetry; records as flat numbers, see `columns.rs`, with their texts beside.

use js_sys::{Array, Function};
use std::sync::Arc;
use streamgauge::export::OtlpConfig;
use streamgauge::rtp::MediaKind;
use streamgauge::telemetry::{
    ByteView, DataPacket, Direction, LayerTotals, Level, Report, Role, RtcpSample, Stat, Telemetry,
    TelemetryConfig, Track, TrackKey, TrackKind, TrackSeed, TrackTotals,
};
use streamgauge::webrtc::{self, Counts, Flow, TrackDelta};
use streamgauge::{Error, ErrorKind, Interval, Result, export, wire};
use wasm_bindgen::prelude::*;

use crate::columns::{Packets, item, payloads};
use crate::convert::{Thrown, array, floats, given, or_nan, thrown};

/// Telemetry of a node. The facade's `Telemetry` holds it.
#[wasm_bindgen]
pub struct RawTelemetry(Telemetry);

#[wasm_bindgen]
impl RawTelemetry {
    /// `clocks` as in `payloads`; `limits`: grace, tracks, participants, streams a track, each may
    /// be NaN.
    #[wasm_bindgen(constructor)]
    pub fn new(
        level: &str,
        bytes: &str,
        emit_idle: bool,
        limits: &[f64],
        clocks: &[f64],
    ) -> Thrown<RawTelemetry> {
        let make = || {
            let mut config = TelemetryConfig {
                level: one_of(
                    "level",
                    level,
                    [("track", Level::Track), ("participant", Level::Participant)],
                )?,
                bytes: one_of("bytes", bytes, [("payload", ByteView::Payload), ("wire", ByteView::Wire)])?,
                emit_idle,
                payloads: Arc::new(payloads(clocks)?),
                ..TelemetryConfig::default()
            };
            let limit = |at: usize| limits.get(at).copied().and_then(given);
            config.grace_us = limit(0).map_or(config.grace_us, |value| value as i64);
            for (at, field) in
                [&mut config.max_tracks, &mut config.max_participants, &mut config.max_streams_per_track]
                    .into_iter()
                    .enumerate()
            {
                *field = limit(at + 1).map_or(*field, |value| value as usize);
            }
            Telemetry::new(config)
        };
        make().map(RawTelemetry).map_err(thrown)
    }

    /// A track; `seed` is what `RawTrack::export` gave, or undefined.
    #[expect(clippy::too_many_arguments, reason = "the key, field by field")]
    pub fn open(
        &self,
        participant: String,
        track: String,
        direction: &str,
        kind: &str,
        role: &str,
        source: String,
        mime: String,
        country: String,
        now_us: f64,
        seed: Option<Vec<f64>>,
    ) -> Thrown<RawTrack> {
        let open = || {
            let (direction, role, kind) = (direction_of(direction)?, role_of(role)?, kind_of(kind)?);
            let key = TrackKey { participant, track, direction, role, kind, source, mime, country };
            let seed = seed.map_or_else(TrackSeed::default, |seed| seed_of(&seed));
            self.0.open_seeded(key, now_us as i64, seed)
        };
        open().map(RawTrack).map_err(thrown)
    }

    /// Says in which room a participant is.
    pub fn identify(&self, participant: &str, room_id: &str, room_name: &str, now_us: f64) -> Thrown<()> {
        self.0.identify(participant, room_id, room_name, now_us as i64).map_err(thrown)
    }

    /// Takes what is pending, as delivered or to be acknowledged.
    pub fn take(&self, now_us: f64, hold: bool) -> Thrown<RawReport> {
        let now_us = now_us as i64;
        let taken = if hold { self.0.take(now_us) } else { self.0.flush(now_us) };
        taken.map(RawReport).map_err(thrown)
    }

    /// The report in flight has arrived.
    pub fn ack(&self, now_us: f64) -> bool {
        self.0.ack(now_us as i64)
    }

    /// The report in flight is pending again.
    pub fn restore(&self) -> bool {
        self.0.restore()
    }

    /// Totals of a direction and role.
    pub fn totals(&self, direction: &str, role: &str) -> Thrown<Vec<f64>> {
        let totals = || Ok(track_totals(&self.0.totals(direction_of(direction)?, role_of(role)?)));
        totals().map_err(thrown)
    }

    /// The same of a participant, undefined when unknown.
    #[wasm_bindgen(js_name = participantTotals)]
    pub fn participant_totals(
        &self,
        participant: &str,
        direction: &str,
        role: &str,
    ) -> Thrown<Option<Vec<f64>>> {
        let totals = || {
            let found = self.0.participant_totals(participant, direction_of(direction)?, role_of(role)?);
            Ok(found.map(|totals| track_totals(&totals)))
        };
        totals().map_err(thrown)
    }

    /// Key and totals of each track.
    pub fn snapshot(&self) -> Vec<Array> {
        let of = |(key, totals): &(TrackKey, TrackTotals)| {
            array([track_key(key).into(), floats(&track_totals(totals))])
        };
        self.0.snapshot().iter().map(of).collect()
    }

    /// Tracks, participants, and what telemetry says of itself.
    pub fn counts(&self) -> Vec<f64> {
        let (counts, (tracks, participants)) = (self.0.counts(), self.0.len());
        let counters = [
            tracks as u64,
            participants as u64,
            counts.tracks_opened,
            counts.tracks_dropped,
            counts.participants_dropped,
            counts.rejected_after_close,
            counts.intervals_merged,
        ];
        counters.map(|count| count as f64).to_vec()
    }

    /// Prometheus or OpenMetrics text.
    #[wasm_bindgen(js_name = toPrometheus)]
    pub fn to_prometheus(&self, top: f64, openmetrics: bool) -> String {
        export::account_text(&self.0.account(), top as usize, openmetrics)
    }

    /// OTLP metrics with cumulative temporality; `resource` as in `otlp_config`.
    #[wasm_bindgen(js_name = toOtlp)]
    pub fn to_otlp(&self, now_us: f64, top: f64, resource: &Array) -> Vec<u8> {
        let config = otlp_config(top, resource);
        export::otlp_cumulative(&self.0.account(), now_us as i64, &config).to_protobuf()
    }
}

/// A handle to a track. The facade's `Track` holds it.
#[wasm_bindgen]
pub struct RawTrack(Track);

#[wasm_bindgen]
impl RawTrack {
    /// A recorder of nothing.
    pub fn disabled() -> RawTrack {
        RawTrack(Track::disabled())
    }

    /// As `RawRtp::record`.
    #[expect(clippy::too_many_arguments, reason = "a column each")]
    pub fn record(
        &self,
        len: usize,
        arrival_us: &[f64],
        ssrc: &[u32],
        rtp_timestamp: &[u32],
        sequence: &[u16],
        wire_bytes: &[u16],
        header_bytes: &[u16],
        payload_type: &[u8],
        padding_bytes: &[u8],
        flags: &[u8],
    ) {
        let packets = Packets {
            arrival_us,
            ssrc,
            rtp_timestamp,
            sequence,
            wire_bytes,
            header_bytes,
            payload_type,
            padding_bytes,
            flags,
        };
        packets.each_batch(len, |batch| self.0.record(batch));
    }

    /// Reads and counts a raw packet.
    #[wasm_bindgen(js_name = recordRaw)]
    pub fn record_raw(&self, arrival_us: f64, bytes: &[u8], flags: u8) -> Thrown<()> {
        let packet = streamgauge::rtp::Packet::parse(bytes, arrival_us as i64, flags).map_err(thrown)?;
        self.0.record(&[packet]);
        Ok(())
    }

    /// Counts a message.
    #[wasm_bindgen(js_name = recordMessage)]
    pub fn record_message(&self, at_us: f64, size_bytes: f64) {
        self.0.record_message(at_us as i64, size_bytes as u64);
    }

    /// Counts packets of a data track; columns of one length, but that of `starts_frame` may be empty.
    #[wasm_bindgen(js_name = recordData)]
    pub fn record_data(&self, times_us: &[f64], sequences: &[u16], sizes_bytes: &[u32], starts_frame: &[u8]) {
        let packet = |at: usize| DataPacket {
            at_us: item(times_us, at) as i64,
            sequence: item(sequences, at),
            bytes: item(sizes_bytes, at),
            starts_frame: starts_frame.get(at).is_some_and(|starts| *starts != 0),
        };
        self.0.record_data(&(0..times_us.len()).map(packet).collect::<Vec<_>>());
    }

    /// Takes an SFU's own counters.
    #[wasm_bindgen(js_name = observeTotals)]
    pub fn observe_totals(&self, ssrc: u32, packets: f64, size_bytes: f64) {
        self.0.observe_totals(ssrc, packets as u64, size_bytes as u64);
    }

    /// The SSRC went away.
    #[wasm_bindgen(js_name = removeSsrc)]
    pub fn remove_ssrc(&self, ssrc: u32) {
        self.0.remove_ssrc(ssrc);
    }

    /// `rtt_us` and `jitter_us` may be NaN.
    #[wasm_bindgen(js_name = recordRtcp)]
    #[expect(clippy::too_many_arguments, reason = "the sample, field by field")]
    pub fn record_rtcp(
        &self,
        at_us: f64,
        rtt_us: f64,
        jitter_us: f64,
        lost: f64,
        nacks: u32,
        plis: u32,
        firs: u32,
    ) {
        let sample = RtcpSample {
            rtt_us: given(rtt_us).map(|us| us as u32),
            jitter_us: given(jitter_us).map(|us| us as u32),
            lost: lost as i64,
            nacks,
            plis,
            firs,
        };
        self.0.record_rtcp(at_us as i64, &sample);
    }

    /// Notes a quality score.
    #[wasm_bindgen(js_name = recordScore)]
    pub fn record_score(&self, score: f32) {
        self.0.record_score(score);
    }

    /// Says which layer an SSRC is.
    #[wasm_bindgen(js_name = setLayer)]
    pub fn set_layer(&self, ssrc: u32, layer: u8) {
        self.0.set_layer(ssrc, layer);
    }

    /// The codec changed.
    #[wasm_bindgen(js_name = setMime)]
    pub fn set_mime(&self, mime: &str) {
        self.0.set_mime(mime);
    }

    /// Counts a delta of a monitor: its end, largest round-trip time and jitter (or NaN), and its counters in
    /// order with the packets lost.
    #[wasm_bindgen(js_name = recordWebrtc)]
    pub fn record_webrtc(&self, mime: &str, numbers: &[f64]) -> Thrown<()> {
        let ([end_us, rtt_us, jitter_us], counts) = numbers.split_first_chunk().unwrap_or((&[0.0; 3], &[]));
        let (lost, counters) = counts.split_last().unwrap_or((&0.0, &[]));
        let counters: Vec<Option<u64>> =
            counters.iter().map(|count| given(*count).map(|n| n as u64)).collect();
        let counts = Counts::from_fields(&counters, given(*lost).map(|lost| lost as i64)).map_err(thrown)?;
        let delta = TrackDelta {
            key: webrtc::TrackKey { flow: Flow::Inbound, kind: MediaKind::Video, name: String::new() },
            mime: mime.to_owned(),
            interval: Interval::new(*end_us as i64, *end_us as i64),
            counts,
            rtt_us: given(*rtt_us).map(|us| us as u32),
            jitter_us: given(*jitter_us).map(|us| us as u32),
            last: false,
        };
        self.0.record_webrtc(&delta);
        Ok(())
    }

    /// Everything counted; undefined for a recorder of nothing.
    pub fn totals(&self) -> Option<Vec<f64>> {
        self.0.totals().map(|totals| track_totals(&totals))
    }

    /// Which track this is; undefined for a recorder of nothing.
    pub fn key(&self) -> Option<Array> {
        self.0.key().map(track_key)
    }

    /// Whether this was the first close of the handle.
    pub fn close(&self, now_us: f64) -> bool {
        self.0.close(now_us as i64)
    }

    /// Closes, and gives the seed for another node.
    pub fn export(&self, now_us: f64) -> Vec<f64> {
        track_totals(&self.0.export(now_us as i64).totals)
    }
}

/// What was taken. The facade's `Report` holds it.
#[wasm_bindgen]
pub struct RawReport(Report);

#[wasm_bindgen]
impl RawReport {
    /// Sequence, start, time.
    pub fn about(&self) -> Vec<f64> {
        vec![self.0.sequence as f64, self.0.start_us as f64, self.0.time_us as f64]
    }

    /// Texts and numbers of each stat.
    pub fn stats(&self) -> Vec<Array> {
        self.0.stats.iter().map(stat).collect()
    }

    /// LiveKit's protobuf; `next_id` gives texts and does not throw.
    #[wasm_bindgen(js_name = toLivekit)]
    pub fn to_livekit(&self, node: &str, next_id: &Function) -> Vec<u8> {
        wire::encode(&self.0.stats, node, || {
            let id = next_id.call0(&JsValue::UNDEFINED).ok();
            id.and_then(|id| id.as_string()).unwrap_or_default()
        })
    }

    /// OTLP metrics with delta temporality; `resource` as in `otlp_config`.
    #[wasm_bindgen(js_name = toOtlp)]
    pub fn to_otlp(&self, top: f64, resource: &Array) -> Vec<u8> {
        export::otlp_delta(&self.0, &otlp_config(top, resource)).to_protobuf()
    }
}

/// `resource` has names and values in turn; empty, the usual ones.
fn otlp_config(top: f64, resource: &Array) -> OtlpConfig {
    let mut config = OtlpConfig { top_tracks: top as usize, ..OtlpConfig::default() };
    let texts: Vec<String> = resource.iter().filter_map(|text| text.as_string()).collect();
    if !texts.is_empty() {
        config.resource = texts.as_chunks::<2>().0.iter().map(|[a, b]| (a.clone(), b.clone())).collect();
    }
    config
}

fn one_of<T, const N: usize>(what: &str, given: &str, names: [(&str, T); N]) -> Result<T> {
    let found = names.into_iter().find(|(name, _)| *name == given);
    let unknown = || Error::new(ErrorKind::InvalidArgument, format!("{what} is {given:?}"));
    found.map(|(_, value)| value).ok_or_else(unknown)
}

fn direction_of(given: &str) -> Result<Direction> {
    one_of("direction", given, [("upstream", Direction::Upstream), ("downstream", Direction::Downstream)])
}

fn role_of(given: &str) -> Result<Role> {
    one_of("role", given, [("edge", Role::Edge), ("relay", Role::Relay)])
}

fn kind_of(given: &str) -> Result<TrackKind> {
    let kinds = [TrackKind::Audio, TrackKind::Video, TrackKind::Data, TrackKind::Signal];
    one_of("kind", given, kinds.map(|kind| (kind.code(), kind)))
}

const fn direction_code(direction: Direction) -> &'static str {
    match direction {
        Direction::Upstream => "upstream",
        Direction::Downstream => "downstream",
    }
}

const fn role_code(role: Role) -> &'static str {
    match role {
        Role::Edge => "edge",
        Role::Relay => "relay",
    }
}

/// Participant, track, direction, kind, role, source, mime, country.
fn track_key(key: &TrackKey) -> Array {
    let texts = [
        &key.participant,
        &key.track,
        direction_code(key.direction),
        key.kind.code(),
        role_code(key.role),
        &key.source,
        &key.mime,
        &key.country,
    ];
    array(texts.map(JsValue::from_str))
}

fn track_totals(totals: &TrackTotals) -> Vec<f64> {
    let counters = [
        totals.primary_packets,
        totals.primary_bytes,
        totals.retransmit_packets,
        totals.retransmit_bytes,
        totals.padding_packets,
        totals.padding_bytes,
        totals.fec_packets,
        totals.packets_out_of_order,
        totals.packets_duplicate,
        totals.frames,
        totals.nacks,
        totals.plis,
        totals.firs,
        totals.messages,
    ];
    let mut out: Vec<f64> = counters.iter().map(|count| *count as f64).collect();
    out.push(totals.packets_lost as f64);
    totals.layers.iter().for_each(|layer| out.extend(layer_totals(layer)));
    out
}

fn layer_totals(layer: &LayerTotals) -> [f64; 3] {
    [layer.packets, layer.bytes, layer.frames].map(|count| count as f64)
}

/// The other way round; what is missing is 0.
fn seed_of(numbers: &[f64]) -> TrackSeed {
    let count = |at: usize| numbers.get(at).map_or(0, |count| *count as u64);
    let layer = |at: usize| LayerTotals { packets: count(at), bytes: count(at + 1), frames: count(at + 2) };
    TrackSeed {
        totals: TrackTotals {
            primary_packets: count(0),
            primary_bytes: count(1),
            retransmit_packets: count(2),
            retransmit_bytes: count(3),
            padding_packets: count(4),
            padding_bytes: count(5),
            fec_packets: count(6),
            packets_out_of_order: count(7),
            packets_duplicate: count(8),
            frames: count(9),
            nacks: count(10),
            plis: count(11),
            firs: count(12),
            messages: count(13),
            packets_lost: numbers.get(14).map_or(0, |lost| *lost as i64),
            layers: [layer(15), layer(18), layer(21), layer(24)],
        },
    }
}

/// The texts of the key, then the numbers: times, corrections, peaks, scores, layer, what the stat is
/// of, the data track, the totals.
fn stat(stat: &Stat) -> Array {
    let key = &stat.key;
    let texts = [
        &key.room_id,
        &key.room_name,
        &key.participant,
        &key.track,
        direction_code(key.direction),
        key.kind.code(),
        role_code(key.role),
        &key.source,
        &key.mime,
        &key.country,
    ];
    let mut out = vec![
        stat.time_us as f64,
        stat.interval.start_us as f64,
        stat.interval.end_us as f64,
        stat.packets_lost_to_report as f64,
        stat.packets_lost_held_back as f64,
        or_nan(stat.rtt_us.map(f64::from)),
        or_nan(stat.jitter_us.map(f64::from)),
        f64::from(u8::from(stat.last)),
        stat.merged_intervals.into(),
        stat.tracks.into(),
    ];
    out.extend(stat.scores.map_or([f64::NAN; 4], |scores| {
        [scores.mean.into(), scores.min.into(), scores.median.into(), scores.count.into()]
    }));
    out.push(or_nan(stat.layer.map(|(layer, _)| layer.into())));
    out.extend(stat.layer.map_or([f64::NAN; 3], |(_, totals)| layer_totals(&totals)));
    out.extend(stat.data.map_or([f64::NAN; 7], |data| {
        [
            data.duration_us as f64,
            data.packets as f64,
            data.packets_lost as f64,
            data.packets_out_of_order as f64,
            data.packets_duplicate as f64,
            data.frames as f64,
            or_nan(data.frame_rate),
        ]
    }));
    out.extend(track_totals(&stat.totals));
    array([array(texts.map(JsValue::from_str)).into(), floats(&out)])
}
