//! Monitors and dumps for the vectors.

use super::{Answer, bad, int, ints, text};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use streamgauge::Result;
use streamgauge::webrtc::{
    ConnectionColumn, Counts, Flags, Flow, Monitor, MonitorConfig, Report, Track, TrackColumn, read_dump,
};

pub(crate) fn knows(op: &str) -> bool {
    op.starts_with("monitor.") || op == "dump.read"
}

/// The monitors of one vector, by id.
#[derive(Default)]
pub(crate) struct Adapter {
    all: BTreeMap<String, Monitor>,
}

impl Adapter {
    pub(crate) fn run(&mut self, op: &str, args: &Value) -> Answer {
        knows(op).then(|| self.answer(op, args))
    }

    fn answer(&mut self, op: &str, args: &Value) -> Result<Value> {
        if op == "dump.read" {
            return read(text(args, "text")?);
        }
        let id = text(args, "id")?;
        if op == "monitor.new" {
            let default = MonitorConfig::default();
            let config = MonitorConfig {
                from_start: args["from_start"].as_bool().unwrap_or(false),
                max_tracks: args["max_tracks"].as_u64().map_or(default.max_tracks, |max| max as usize),
                ..default
            };
            self.all.insert(id.to_owned(), Monitor::new(config)?);
            return Ok(Value::Null);
        }
        let monitor = self.all.get_mut(id).ok_or_else(|| bad("id"))?;
        Ok(match op {
            "monitor.record" => {
                let report = args["report"].to_string();
                let mut report = Report::from_json(report.as_bytes(), int(args, "time_us")?)?;
                if !args["monotonic_us"].is_null() {
                    report = report.with_monotonic_us(int(args, "monotonic_us")?);
                }
                flags(monitor.record(&report)?)
            }
            "monitor.track" => {
                let track = monitor.track(flow(args)?, text(args, "name")?).ok_or_else(|| bad("name"))?;
                track_of(track)
            }
            "monitor.totals" => Value::Object(counts(monitor.totals(flow(args)?))),
            "monitor.connection" => {
                let row = monitor.latest().ok_or_else(|| bad("row"))?;
                let columns = ConnectionColumn::ALL.iter().map(|c| (c.code().to_owned(), json!(row.get(*c))));
                let totals = monitor.connection_totals().fields();
                json!({
                    "flags": flags(row.flags),
                    "row": columns.collect::<Map<_, _>>(),
                    "totals": ints(totals.map(|(name, value)| (name, value.map(i128::from)))),
                    "local_type": monitor.selected_pair().map(|pair| &pair.local_type),
                    "counts": ints(monitor.counts().fields().map(|(name, value)| (name, Some(value.into())))),
                    "tracks": monitor.tracks().len().to_string(),
                })
            }
            "monitor.take" => {
                let deltas = monitor.take(int(args, "now_us")?);
                deltas
                    .iter()
                    .map(|delta| {
                        json!({
                            "name": delta.key.name,
                            "start_us": delta.interval.start_us.to_string(),
                            "end_us": delta.interval.end_us.to_string(),
                            "counts": counts(&delta.counts),
                            "rtt_us": delta.rtt_us.map(|us| us.to_string()),
                            "jitter_us": delta.jitter_us.map(|us| us.to_string()),
                            "last": delta.last,
                        })
                    })
                    .collect()
            }
            "monitor.close" => json!(monitor.close(int(args, "now_us")?)),
            _ => return Err(bad("op")),
        })
    }
}

fn flow(args: &Value) -> Result<Flow> {
    match text(args, "flow")? {
        "inbound" => Ok(Flow::Inbound),
        "outbound" => Ok(Flow::Outbound),
        _ => Err(bad("flow")),
    }
}

fn flags(flags: Flags) -> Value {
    Flags::ALL.iter().filter(|(flag, _)| flags.has(*flag)).map(|(_, name)| json!(name)).collect()
}

fn counts(counts: &Counts) -> Map<String, Value> {
    let lost = counts.packets_lost().map(i128::from);
    ints(counts.fields().map(|(name, value)| (name, value.map(i128::from))).chain([("packets_lost", lost)]))
}

fn track_of(track: &Track) -> Value {
    let row = track.latest();
    let value = |column: &TrackColumn| row.and_then(|row| row.get(*column));
    json!({
        "kind": track.key().kind_code(),
        "mime": track.mime(),
        "flags": row.map(|row| flags(row.flags)),
        "row": TrackColumn::ALL.iter().map(|c| (c.code().to_owned(), json!(value(c)))).collect::<Map<_, _>>(),
        "totals": counts(track.totals()),
        "rows": track.history().len().to_string(),
    })
}

fn read(text: &str) -> Result<Value> {
    let dump = read_dump(text.as_bytes())?;
    let connections = dump.connections.iter().map(|connection| {
        let tracks = connection.monitor.tracks().iter().map(|track| {
            let mut shown = track_of(track);
            shown["name"] = json!(track.key().name);
            shown["flow"] = json!(track.key().flow.code());
            shown["all_flags"] = flags(track.flags());
            let bitrate = track.history().column(TrackColumn::PayloadBitrate);
            shown["payload_bitrate_bps"] =
                bitrate.iter().map(|value| if value.is_nan() { Value::Null } else { json!(value) }).collect();
            shown
        });
        json!({
            "id": connection.id,
            "tracks": tracks.collect::<Vec<_>>(),
            "counts": ints(connection.monitor.counts().fields().map(|(n, v)| (n, Some(v.into())))),
            "unclassified_objects": connection.unclassified_objects.to_string(),
            "invalid_members": connection.invalid_members.to_string(),
            "events": connection.events.iter().map(|event| &event.name).collect::<Vec<_>>(),
        })
    });
    Ok(json!({
        "format": dump.format.code(),
        "truncated": dump.truncated,
        "problem_count": dump.problem_count.to_string(),
        "lines": dump.problems.iter().map(|p| p.line.map(|l| l.to_string())).collect::<Vec<_>>(),
        "connections": connections.collect::<Vec<_>>(),
    }))
}
