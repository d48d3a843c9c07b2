//! Audiences, their summaries and CDN edges for the vectors.

use super::{Answer, bad, int, ints, text};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use streamgauge::Result;
use streamgauge::audience::{Audience, AudienceConfig, Cdn, EdgeTotals, Joined, Summary};
use streamgauge::series::SketchConfig;
use streamgauge::wire::{decode_summary, encode_summary};

pub(crate) fn knows(op: &str) -> bool {
    [
        "audience.new",
        "audience.event",
        "audience.summary",
        "summary.state",
        "summary.merge",
        "summary.round_trip",
        "summary.decode",
        "cdn.new",
        "cdn.record",
        "cdn.merge",
        "cdn.state",
    ]
    .contains(&op)
}

/// What one vector made, by id.
#[derive(Default)]
pub(crate) struct Adapter {
    audiences: BTreeMap<String, Audience>,
    summaries: BTreeMap<String, Summary>,
    cdns: BTreeMap<String, Cdn>,
}

impl Adapter {
    pub(crate) fn run(&mut self, op: &str, args: &Value) -> Answer {
        knows(op).then(|| match op.split_once('.') {
            Some(("audience", op)) => self.audience(op, args),
            Some(("summary", op)) => self.summary(op, args),
            _ => self.cdn(op, args),
        })
    }

    fn audience(&mut self, op: &str, args: &Value) -> Result<Value> {
        let id = text(args, "id")?;
        if op == "new" {
            let config = AudienceConfig {
                idle_timeout_us: int(args, "idle_timeout_us")?,
                reconnect_us: int(args, "reconnect_us")?,
                keep_us: int(args, "keep_us")?,
                max_viewers: int(args, "max_viewers")?,
                max_changes: int(args, "max_changes")?,
                sketch: SketchConfig::default(),
            };
            self.audiences.insert(id.to_owned(), Audience::new(config)?);
            return Ok(Value::Null);
        }
        let audience = self.audiences.get_mut(id).ok_or_else(|| bad("id"))?;
        if op == "summary" {
            let summary = audience.summary(int(args, "now_us")?);
            self.summaries.insert(text(args, "into")?.to_owned(), summary);
            return Ok(Value::Null);
        }
        let (viewer, at_us, value) = (text(args, "viewer")?, int(args, "at_us")?, int(args, "value")?);
        let answer = match text(args, "event")? {
            "join" => match audience.join(viewer, at_us, None)? {
                Joined::New => json!("new"),
                Joined::Reconnected => json!("reconnected"),
            },
            "leave" => json!(audience.leave(viewer, at_us)),
            "heartbeat" => json!(audience.heartbeat(viewer, at_us)),
            "started" => json!(audience.started(viewer, at_us)),
            "rebuffer_begins" => json!(audience.rebuffer_begins(viewer, at_us)),
            "rebuffer_ends" => json!(audience.rebuffer_ends(viewer, at_us)),
            "rebuffered" => json!(audience.rebuffered(viewer, at_us, value)),
            "bitrate" => json!(audience.bitrate(viewer, at_us, value)),
            "time" => {
                audience.handle_time(at_us);
                json!(true)
            }
            _ => return Err(bad("event")),
        };
        Ok(json!({ "answer": answer }))
    }

    fn summary(&mut self, op: &str, args: &Value) -> Result<Value> {
        let id = text(args, "id")?;
        if op == "decode" {
            let hex = text(args, "hex")?;
            let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).map_err(|_| bad("hex"));
            let bytes = (0..hex.len()).step_by(2).map(byte).collect::<Result<Vec<u8>>>()?;
            self.summaries.insert(id.to_owned(), decode_summary(&bytes)?);
            return Ok(Value::Null);
        }
        let known = |id: &str| self.summaries.get(id).cloned().ok_or_else(|| bad("id"));
        let mut summary = known(id)?;
        match op {
            "state" => return Ok(state(&summary)),
            "merge" => {
                summary.merge(&known(text(args, "other")?)?)?;
                self.summaries.insert(id.to_owned(), summary);
            }
            _ => {
                let read = decode_summary(&encode_summary(&summary))?;
                self.summaries.insert(text(args, "into")?.to_owned(), read);
            }
        }
        Ok(Value::Null)
    }

    fn cdn(&mut self, op: &str, args: &Value) -> Result<Value> {
        let id = text(args, "id")?;
        if op == "cdn.new" {
            self.cdns.insert(id.to_owned(), Cdn::new(int(args, "max_edges")?)?);
            return Ok(Value::Null);
        }
        if op == "cdn.merge" {
            let other = self.cdns.get(text(args, "other")?).cloned().ok_or_else(|| bad("other"))?;
            self.cdns.get_mut(id).ok_or_else(|| bad("id"))?.merge(&other);
            return Ok(Value::Null);
        }
        let cdn = self.cdns.get_mut(id).ok_or_else(|| bad("id"))?;
        if op == "cdn.record" {
            let hit = args["hit"].as_bool().ok_or_else(|| bad("hit"))?;
            cdn.record(text(args, "edge")?, int(args, "at_us")?, hit, int(args, "bytes")?);
            return Ok(Value::Null);
        }
        let edges: Map<String, Value> =
            cdn.edges().map(|(edge, totals)| (edge.to_owned(), requests(totals).into())).collect();
        let mut state = requests(cdn.total());
        state.insert("edges".into(), edges.into());
        state.insert("others".into(), requests(cdn.others()).into());
        state.insert("hit_ratio".into(), json!(cdn.total().hit_ratio()));
        state.insert("byte_hit_ratio".into(), json!(cdn.total().byte_hit_ratio()));
        state.insert("bandwidth_bps".into(), json!(cdn.bandwidth_bps()));
        Ok(state.into())
    }
}

fn requests(totals: &EdgeTotals) -> Map<String, Value> {
    let EdgeTotals { hits, misses, hit_bytes, miss_bytes } = *totals;
    ints(
        [("hits", hits), ("misses", misses), ("hit_bytes", hit_bytes), ("miss_bytes", miss_bytes)]
            .map(|(name, count)| (name, Some(count.into()))),
    )
}

fn state(summary: &Summary) -> Value {
    let mut state = ints([
        ("start_us", summary.interval.map(|interval| interval.start_us.into())),
        ("end_us", summary.interval.map(|interval| interval.end_us.into())),
        ("watching", Some(summary.watching.into())),
        ("peak_at_least", Some(summary.peak_at_least.into())),
        ("peak_at_most", Some(summary.peak_at_most.into())),
        ("peak_us", summary.peak_us.map(i128::from)),
    ]);
    state.extend(ints(summary.totals.fields().map(|(name, count)| (name, Some(count.into())))));
    for (name, value) in [
        ("mean_concurrency", summary.mean_concurrency()),
        ("rebuffer_ratio", summary.rebuffer_ratio()),
        ("mean_bitrate_bps", summary.mean_bitrate_bps()),
        ("exit_before_start_ratio", summary.exit_before_start_ratio()),
    ] {
        state.insert(name.to_owned(), json!(value));
    }
    state.into()
}
