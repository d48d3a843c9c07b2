//! Plays a case of tests/oracle/livekit/cases.json to our telemetry: what LiveKit's worker gets as
//! counts of a sample comes to us as the packets, RTCP and messages that have those counts.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use streamgauge::rtp::Packet;
use streamgauge::telemetry::{
    Direction, Role, RtcpSample, Telemetry, TelemetryConfig, Track, TrackKey, TrackKind,
};
use streamgauge::wire::{self, AnalyticsStat};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Step {
    op: String,
    at_us: i64,
    participant: String,
    room_id: String,
    room_name: String,
    track: String,
    direction: String,
    kind: String,
    mime: String,
    score: f32,
    ssrc: u32,
    streams: Vec<Stream>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Stream {
    ssrc: u32,
    start_us: i64,
    end_us: i64,
    primary_packets: u64,
    primary_bytes: u64,
    retransmit_packets: u64,
    retransmit_bytes: u64,
    padding_packets: u64,
    padding_bytes: u64,
    packets_lost: i64,
    packets_out_of_order: u64,
    frames: u64,
    rtt_ms: u32,
    jitter_us: u32,
    nacks: u32,
    plis: u32,
    firs: u32,
    layer: Option<u8>,
    /// The counts come from the caller's own counters, not from packets.
    pulled: bool,
}

/// A track with what its packets go on from.
struct Sender {
    track: Track,
    sequences: BTreeMap<u32, u16>,
    pulled: BTreeMap<u32, (u64, u64)>,
}

/// What our telemetry reports at each flush of the case.
pub(crate) fn play(case: &Value) -> Vec<Vec<AnalyticsStat>> {
    let steps: Vec<Step> = serde_json::from_value(case["steps"].clone()).unwrap();
    let telemetry = Telemetry::new(TelemetryConfig::default()).unwrap();
    let mut senders: BTreeMap<(String, String, String), Sender> = BTreeMap::new();
    let mut flushes = Vec::new();
    for step in &steps {
        let id = (step.participant.clone(), step.track.clone(), step.direction.clone());
        match step.op.as_str() {
            "join" => {
                telemetry.identify(&step.participant, &step.room_id, &step.room_name, step.at_us).unwrap()
            }
            // Participants go with their last track.
            "leave" => {}
            "sample" => {
                let sender = senders.entry(id).or_insert_with(|| Sender::open(&telemetry, step));
                sender.sample(step);
            }
            "remove_ssrc" => {
                let sender = senders.get_mut(&id).unwrap();
                sender.track.remove_ssrc(step.ssrc);
                sender.pulled.remove(&step.ssrc);
                sender.sequences.remove(&step.ssrc);
            }
            "close" => assert!(senders.remove(&id).unwrap().track.close(step.at_us)),
            "flush" => {
                let report = telemetry.flush(step.at_us).unwrap();
                flushes.push(wire::analytics(&report.stats, "", String::new).stats);
            }
            op => panic!("no op {op}"),
        }
    }
    flushes
}

impl Sender {
    fn open(telemetry: &Telemetry, step: &Step) -> Sender {
        let key = TrackKey {
            participant: step.participant.clone(),
            track: step.track.clone(),
            direction: if step.direction == "downstream" {
                Direction::Downstream
            } else {
                Direction::Upstream
            },
            role: Role::Edge,
            kind: match step.kind.as_str() {
                "video" => TrackKind::Video,
                "audio" => TrackKind::Audio,
                "data" => TrackKind::Data,
                kind => panic!("no kind {kind}"),
            },
            source: String::new(),
            mime: String::new(),
            country: String::new(),
        };
        let start_us = if step.at_us > 0 { step.at_us } else { step.streams[0].start_us };
        let track = telemetry.open(key, start_us).unwrap();
        Sender { track, sequences: BTreeMap::new(), pulled: BTreeMap::new() }
    }

    fn sample(&mut self, step: &Step) {
        self.track.set_mime(&step.mime);
        self.track.record_score(step.score);
        for stream in &step.streams {
            if step.kind == "data" {
                for bytes in shares(stream.primary_bytes, stream.primary_packets) {
                    self.track.record_message(step.at_us, bytes);
                }
                continue;
            }
            if let Some(layer) = stream.layer {
                self.track.set_layer(stream.ssrc, layer);
            }
            if stream.pulled {
                let totals = self.pulled.entry(stream.ssrc).or_default();
                totals.0 += stream.primary_packets;
                totals.1 += stream.primary_bytes;
                self.track.observe_totals(stream.ssrc, totals.0, totals.1);
            } else {
                // A receiver sees loss as a gap; of what was sent, RTCP tells.
                let gap = if step.direction == "upstream" { stream.packets_lost } else { 0 };
                self.packets(stream, u16::try_from(gap).unwrap(), step.kind == "audio");
                self.retransmissions(stream);
            }
            let lost = if step.direction == "upstream" { 0 } else { stream.packets_lost };
            self.track.record_rtcp(
                stream.end_us,
                &RtcpSample {
                    rtt_us: (stream.rtt_ms > 0).then_some(stream.rtt_ms * 1000),
                    jitter_us: (stream.jitter_us > 0).then_some(stream.jitter_us),
                    lost,
                    nacks: stream.nacks,
                    plis: stream.plis,
                    firs: stream.firs,
                },
            );
        }
    }

    /// Media and padding packets, as regular as a clock: their jitter is 0.
    fn packets(&mut self, stream: &Stream, gap: u16, audio: bool) {
        let n = stream.primary_packets;
        let frames = if audio { n } else { stream.frames };
        assert!(frames <= n && (n == 0) == (frames == 0), "{n} packets of {frames} frames");
        let next = self.sequences.entry(stream.ssrc).or_insert(65_500);
        let (payload_type, ticks_per_ms) = if audio { (111, 48) } else { (96, 90) };
        let mut packets = Vec::new();
        for (i, payload) in shares(stream.primary_bytes, n).enumerate() {
            let frame = i as u64 * frames / n;
            let at_ms =
                (stream.start_us + (stream.end_us - stream.start_us) * frame as i64 / frames as i64) / 1000;
            if i as u64 == n - 1 {
                *next = next.wrapping_add(gap);
            }
            packets.push(Packet {
                arrival_us: at_ms * 1000,
                ssrc: stream.ssrc,
                rtp_timestamp: (at_ms * ticks_per_ms) as u32,
                sequence: *next,
                wire_bytes: u16::try_from(payload + 12).unwrap(),
                header_bytes: 12,
                payload_type,
                ..Packet::default()
            });
            *next = next.wrapping_add(1);
        }
        for i in 0..stream.packets_out_of_order as usize {
            let (a, b) = (2 + 2 * i, 3 + 2 * i);
            assert_eq!(packets[a].rtp_timestamp, packets[b].rtp_timestamp, "swapped within a frame");
            packets.swap(a, b);
        }
        let last = packets.last().copied();
        for padding in shares(stream.padding_bytes, stream.padding_packets) {
            let media = last.expect("padding follows media");
            packets.push(Packet {
                sequence: *next,
                wire_bytes: 12 + u16::try_from(padding).unwrap(),
                padding_bytes: u8::try_from(padding).unwrap(),
                ..media
            });
            *next = next.wrapping_add(1);
        }
        self.track.record(&packets);
    }

    fn retransmissions(&mut self, stream: &Stream) {
        let ssrc = stream.ssrc | 0x8000_0000;
        let next = self.sequences.entry(ssrc).or_insert(0);
        for payload in shares(stream.retransmit_bytes, stream.retransmit_packets) {
            self.track.record(&[Packet {
                arrival_us: stream.start_us,
                ssrc,
                sequence: *next,
                wire_bytes: u16::try_from(payload + 12).unwrap(),
                header_bytes: 12,
                payload_type: 97,
                flags: Packet::RTX,
                ..Packet::default()
            }]);
            *next = next.wrapping_add(1);
        }
    }
}

/// `total` in `n` parts that differ by at most 1.
fn shares(total: u64, n: u64) -> impl Iterator<Item = u64> {
    (0..n).map(move |i| total / n + u64::from(i < total % n))
}
