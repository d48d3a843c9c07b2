//! Stats as JSON.

use super::{direction_code, role_code};
use crate::telemetry::Stat;
use serde_json::{Map, Value, json};

/// The stats of a report as a JSON array. Counts are numbers (exact in JSON, rounded past 2^53 by
/// readers that only have doubles), times microseconds since the Unix epoch; what was not measured
/// is null.
pub fn stats_json(stats: &[Stat]) -> String {
    Value::Array(stats.iter().map(one).collect()).to_string()
}

fn one(stat: &Stat) -> Value {
    let (key, totals) = (&stat.key, &stat.totals);
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("room_id", json!(key.room_id));
    put("room_name", json!(key.room_name));
    put("participant", json!(key.participant));
    put("track", json!(key.track));
    put("direction", json!(direction_code(key.direction)));
    put("role", json!(role_code(key.role)));
    put("kind", json!(key.kind.code()));
    put("source", json!(key.source));
    put("mime", json!(key.mime));
    put("country", json!(key.country));
    put("time_us", json!(stat.time_us));
    put("start_us", json!(stat.interval.start_us));
    put("end_us", json!(stat.interval.end_us));
    for (name, value) in [
        ("primary_packets", totals.primary_packets),
        ("primary_bytes", totals.primary_bytes),
        ("retransmit_packets", totals.retransmit_packets),
        ("retransmit_bytes", totals.retransmit_bytes),
        ("padding_packets", totals.padding_packets),
        ("padding_bytes", totals.padding_bytes),
        ("fec_packets", totals.fec_packets),
        ("packets_out_of_order", totals.packets_out_of_order),
        ("packets_duplicate", totals.packets_duplicate),
        ("frames", totals.frames),
        ("nacks", totals.nacks),
        ("plis", totals.plis),
        ("firs", totals.firs),
        ("messages", totals.messages),
        ("packets_lost_to_report", stat.packets_lost_to_report),
    ] {
        put(name, json!(value));
    }
    put("packets_lost", json!(totals.packets_lost));
    put("packets_lost_held_back", json!(stat.packets_lost_held_back));
    put("rtt_us", json!(stat.rtt_us));
    put("jitter_us", json!(stat.jitter_us));
    put("score", json!(stat.scores.map(|scores| scores.mean)));
    put("min_score", json!(stat.scores.map(|scores| scores.min)));
    put("median_score", json!(stat.scores.map(|scores| scores.median)));
    put("scores", json!(stat.scores.map_or(0, |scores| scores.count)));
    put(
        "layer",
        stat.layer.map_or(Value::Null, |(layer, counts)| {
            json!({
                "layer": layer,
                "packets": counts.packets,
                "bytes": counts.bytes,
                "frames": counts.frames,
            })
        }),
    );
    put(
        "data",
        stat.data.map_or(Value::Null, |data| {
            json!({
                "duration_us": data.duration_us,
                "packets": data.packets,
                "packets_lost": data.packets_lost,
                "packets_out_of_order": data.packets_out_of_order,
                "packets_duplicate": data.packets_duplicate,
                "frames": data.frames,
                "frame_rate": data.frame_rate,
            })
        }),
    );
    put("last", json!(stat.last));
    put("merged_intervals", json!(stat.merged_intervals));
    put("tracks", json!(stat.tracks));
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{Direction, Role, Telemetry, TelemetryConfig, TrackKey, TrackKind};

    #[test]
    fn absent_is_null_and_counts_are_exact() {
        let telemetry = Telemetry::new(TelemetryConfig::default()).unwrap();
        telemetry.identify("PA", "RM", "a \"room\"", 0).unwrap();
        let key = TrackKey {
            participant: "PA".into(),
            track: "TR".into(),
            direction: Direction::Upstream,
            role: Role::Edge,
            kind: TrackKind::Data,
            source: String::new(),
            mime: String::new(),
            country: "NL".into(),
        };
        let track = telemetry.open(key, 0).unwrap();
        track.record_message(0, u64::MAX);
        let text = stats_json(&telemetry.flush(7).unwrap().stats);
        let stats: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(stats[0]["primary_bytes"], json!(u64::MAX));
        assert_eq!(stats[0]["room_name"], "a \"room\"");
        assert_eq!((&stats[0]["kind"], &stats[0]["country"]), (&json!("data"), &json!("NL")));
        for absent in ["rtt_us", "jitter_us", "score", "layer", "data"] {
            assert_eq!(stats[0][absent], Value::Null, "{absent}");
        }
        assert_eq!(stats_json(&[]), "[]");
    }
}
