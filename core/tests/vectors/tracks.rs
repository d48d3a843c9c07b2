//! Telemetry for the vectors.

use super::packets::packet;
use super::{Answer, bad, int, ints, text};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use streamgauge::Result;
use streamgauge::telemetry::{
    Direction, Level, Role, RtcpSample, Stat, Telemetry, TelemetryConfig, Track, TrackKey, TrackKind,
    TrackTotals,
};

pub(crate) fn knows(op: &str) -> bool {
    [
        "telemetry.new",
        "telemetry.identify",
        "telemetry.open",
        "telemetry.flush",
        "telemetry.take",
        "telemetry.ack",
        "telemetry.restore",
        "telemetry.totals",
        "telemetry.counts",
        "track.record",
        "track.message",
        "track.rtcp",
        "track.set_layer",
        "track.set_mime",
        "track.observe_totals",
        "track.remove_ssrc",
        "track.close",
    ]
    .contains(&op)
}

/// The telemetries of one vector with their track handles, by id.
#[derive(Default)]
pub(crate) struct Adapter {
    all: BTreeMap<String, (Telemetry, BTreeMap<String, Track>)>,
}

impl Adapter {
    pub(crate) fn run(&mut self, op: &str, args: &Value) -> Answer {
        knows(op).then(|| self.answer(op, args))
    }

    fn answer(&mut self, op: &str, args: &Value) -> Result<Value> {
        let id = text(args, "id")?;
        if op == "telemetry.new" {
            let config = TelemetryConfig {
                emit_idle: args["emit_idle"].as_bool().unwrap_or(false),
                level: if args["level"] == "participant" { Level::Participant } else { Level::Track },
                ..TelemetryConfig::default()
            };
            self.all.insert(id.to_owned(), (Telemetry::new(config)?, BTreeMap::new()));
            return Ok(Value::Null);
        }
        let (telemetry, tracks) = self.all.get_mut(id).ok_or_else(|| bad("id"))?;
        match op {
            "telemetry.identify" => {
                let (room_id, room_name) = (text(args, "room_id")?, text(args, "room_name")?);
                telemetry.identify(text(args, "participant")?, room_id, room_name, int(args, "now_us")?)?;
            }
            "telemetry.open" => {
                let track = telemetry.open(key(&args["key"])?, int(args, "now_us")?)?;
                tracks.insert(text(args, "handle")?.to_owned(), track);
            }
            "telemetry.flush" => return Ok(stats(&telemetry.flush(int(args, "now_us")?)?.stats)),
            "telemetry.take" => return Ok(stats(&telemetry.take(int(args, "now_us")?)?.stats)),
            "telemetry.ack" => return Ok(json!(telemetry.ack(int(args, "now_us")?))),
            "telemetry.restore" => return Ok(json!(telemetry.restore())),
            "telemetry.totals" => {
                return Ok(Value::Object(totals(&telemetry.totals(direction(args), role(args)))));
            }
            "telemetry.counts" => {
                let counts = telemetry.counts();
                return Ok(Value::Object(ints([
                    ("tracks_opened", Some(counts.tracks_opened.into())),
                    ("tracks_dropped", Some(counts.tracks_dropped.into())),
                    ("rejected_after_close", Some(counts.rejected_after_close.into())),
                    ("intervals_merged", Some(counts.intervals_merged.into())),
                ])));
            }
            _ => return track(tracks.get(text(args, "handle")?).ok_or_else(|| bad("handle"))?, op, args),
        }
        Ok(Value::Null)
    }
}

fn track(track: &Track, op: &str, args: &Value) -> Result<Value> {
    match op {
        "track.record" => {
            let packets = args["packets"].as_array().ok_or_else(|| bad("packets"))?;
            track.record(&packets.iter().map(packet).collect::<Result<Vec<_>>>()?);
        }
        "track.message" => track.record_message(int(args, "at_us")?, int(args, "bytes")?),
        "track.rtcp" => {
            let sample = &args["sample"];
            track.record_rtcp(
                int(args, "at_us")?,
                &RtcpSample {
                    rtt_us: int(sample, "rtt_us").ok(),
                    jitter_us: int(sample, "jitter_us").ok(),
                    lost: int(sample, "lost").unwrap_or(0),
                    nacks: int(sample, "nacks").unwrap_or(0),
                    plis: int(sample, "plis").unwrap_or(0),
                    firs: int(sample, "firs").unwrap_or(0),
                },
            );
        }
        "track.set_layer" => track.set_layer(int(args, "ssrc")?, int(args, "layer")?),
        "track.set_mime" => track.set_mime(text(args, "mime")?),
        "track.observe_totals" => {
            track.observe_totals(int(args, "ssrc")?, int(args, "packets")?, int(args, "bytes")?);
        }
        "track.remove_ssrc" => track.remove_ssrc(int(args, "ssrc")?),
        _ => return Ok(json!(track.close(int(args, "now_us")?))),
    }
    Ok(Value::Null)
}

fn direction(fields: &Value) -> Direction {
    if fields["direction"] == "downstream" { Direction::Downstream } else { Direction::Upstream }
}

fn role(fields: &Value) -> Role {
    if fields["role"] == "relay" { Role::Relay } else { Role::Edge }
}

fn key(fields: &Value) -> Result<TrackKey> {
    let field = |name: &str| text(fields, name).map(str::to_owned);
    Ok(TrackKey {
        participant: field("participant")?,
        track: field("track")?,
        direction: direction(fields),
        role: role(fields),
        kind: match text(fields, "kind")? {
            "audio" => TrackKind::Audio,
            "data" => TrackKind::Data,
            "signal" => TrackKind::Signal,
            _ => TrackKind::Video,
        },
        source: field("source")?,
        mime: field("mime")?,
        country: field("country")?,
    })
}

fn totals(totals: &TrackTotals) -> Map<String, Value> {
    ints([
        ("primary_packets", Some(totals.primary_packets.into())),
        ("primary_bytes", Some(totals.primary_bytes.into())),
        ("retransmit_packets", Some(totals.retransmit_packets.into())),
        ("retransmit_bytes", Some(totals.retransmit_bytes.into())),
        ("padding_packets", Some(totals.padding_packets.into())),
        ("padding_bytes", Some(totals.padding_bytes.into())),
        ("packets_out_of_order", Some(totals.packets_out_of_order.into())),
        ("packets_duplicate", Some(totals.packets_duplicate.into())),
        ("packets_lost", Some(totals.packets_lost.into())),
        ("frames", Some(totals.frames.into())),
        ("nacks", Some(totals.nacks.into())),
        ("plis", Some(totals.plis.into())),
        ("firs", Some(totals.firs.into())),
        ("messages", Some(totals.messages.into())),
    ])
}

fn stats(stats: &[Stat]) -> Value {
    let object = |stat: &Stat| {
        let mut fields = totals(&stat.totals);
        fields.append(&mut ints([
            ("start_us", Some(stat.interval.start_us.into())),
            ("end_us", Some(stat.interval.end_us.into())),
            ("packets_lost_to_report", Some(stat.packets_lost_to_report.into())),
            ("packets_lost_held_back", Some(stat.packets_lost_held_back.into())),
            ("rtt_us", stat.rtt_us.map(Into::into)),
            ("jitter_us", stat.jitter_us.map(Into::into)),
            ("merged_intervals", Some(stat.merged_intervals.into())),
            ("layer", stat.layer.map(|layer| layer.0.into())),
            ("layer_packets", stat.layer.map(|layer| layer.1.packets.into())),
            ("layer_bytes", stat.layer.map(|layer| layer.1.bytes.into())),
            ("layer_frames", stat.layer.map(|layer| layer.1.frames.into())),
        ]));
        let key = &stat.key;
        let downstream = key.direction == Direction::Downstream;
        for (name, value) in [
            ("last", json!(stat.last)),
            ("room_id", json!(key.room_id)),
            ("participant", json!(key.participant)),
            ("track", json!(key.track)),
            ("mime", json!(key.mime)),
            ("direction", json!(if downstream { "downstream" } else { "upstream" })),
            ("role", json!(if key.role == Role::Relay { "relay" } else { "edge" })),
        ] {
            fields.insert(name.to_owned(), value);
        }
        Value::Object(fields)
    };
    Value::Array(stats.iter().map(object).collect())
}
