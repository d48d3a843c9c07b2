//! The ring for the vectors.

use super::{Answer, bad, int, ints, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use streamgauge::Result;
use streamgauge::ring::{
    Batch, ChunkInfo, ChunkRing, CloseKind, CloseReason, Cursor, CursorConfig, Join, LagLimit, Policy,
    Position, Read, RingConfig,
};

const KNOWN: [&str; 12] = [
    "ring.new",
    "ring.publish",
    "ring.close",
    "ring.expire",
    "ring.join",
    "ring.read",
    "ring.snapshot",
    "cursor.new",
    "cursor.read",
    "cursor.status",
    "batch.chunks",
    "batch.release",
];

pub(crate) fn knows(op: &str) -> bool {
    KNOWN.contains(&op)
}

/// The objects of one vector, by id.
#[derive(Default)]
pub(crate) struct Adapter {
    rings: BTreeMap<String, ChunkRing>,
    cursors: BTreeMap<String, Cursor>,
    batches: BTreeMap<String, Batch>,
}

impl Adapter {
    pub(crate) fn run(&mut self, op: &str, args: &Value) -> Answer {
        knows(op).then(|| self.answer(op, args))
    }

    fn answer(&mut self, op: &str, args: &Value) -> Result<Value> {
        let id = args["id"].as_str().unwrap_or_default();
        if op == "ring.new" {
            let mut config = RingConfig::new(int(args, "max_chunks")?, int(args, "max_bytes")?);
            config.epoch = int(args, "epoch")?;
            config.max_age_us = optional(args, "max_age_us")?;
            config.max_held_bytes = optional(args, "max_held_bytes")?.unwrap_or(config.max_held_bytes);
            self.rings.insert(id.to_owned(), ChunkRing::new(config)?);
            return Ok(Value::Null);
        }
        match op.split_once('.') {
            Some(("ring", op)) => self.ring(op, id, args),
            Some(("cursor", op)) => self.cursor(op, id, args),
            _ => {
                let batch = self.batches.get_mut(text(args, "batch")?).ok_or_else(|| bad("batch"))?;
                if op == "batch.release" {
                    batch.release();
                }
                Ok(json!({"chunks": chunks(batch)}))
            }
        }
    }

    fn ring(&mut self, op: &str, id: &str, args: &Value) -> Result<Value> {
        let ring = self.rings.get(id).ok_or_else(|| bad("id"))?;
        match op {
            "publish" => {
                let random_access = args["random_access"].as_bool().unwrap_or(false);
                let info = ChunkInfo { random_access, preamble: None };
                let sequence =
                    ring.publish_with(int(args, "now_us")?, text(args, "data")?.as_bytes(), info)?;
                Ok(ints([("sequence", sequence.map(i128::from))]).into())
            }
            "close" => {
                let kind = match text(args, "kind")? {
                    "end" => CloseKind::End,
                    "cancelled" => CloseKind::Cancelled,
                    _ => CloseKind::Failed,
                };
                Ok(json!({"first": ring.close(CloseReason::new(kind, ""))}))
            }
            "expire" => {
                ring.expire(int(args, "now_us")?);
                Ok(Value::Null)
            }
            "join" => {
                let joined = ring.join(join(args)?);
                let mut answer = ints([("sequence", Some(i128::from(joined.position.sequence)))]);
                answer.insert("satisfied".to_owned(), joined.satisfied.into());
                Ok(answer.into())
            }
            "read" => {
                let position = Position {
                    epoch: int(args, "epoch")?,
                    sequence: int(args, "sequence")?,
                    offset_bytes: int(args, "offset_bytes")?,
                    time_us: optional(args, "time_us")?,
                };
                let batch = self.batches.entry(text(args, "batch")?.to_owned()).or_default();
                let read = ring.read(position, int(args, "max_chunks")?, int(args, "max_bytes")?, batch)?;
                Ok(answer(&read, batch))
            }
            _ => {
                let snapshot = ring.snapshot();
                Ok(ints([
                    ("oldest", Some(snapshot.oldest.sequence.into())),
                    ("next", Some(snapshot.next.sequence.into())),
                    ("buffered_bytes", Some(snapshot.buffered.bytes.into())),
                    ("buffered_us", Some(snapshot.buffered.time_us.into())),
                    ("times_went_back", Some(snapshot.times_went_back.into())),
                    ("held_chunks", Some(snapshot.held_chunks.into())),
                    ("held_bytes", Some(snapshot.held_bytes.into())),
                    ("evicted_held_chunks", Some(snapshot.evicted_held_chunks.into())),
                    ("evicted_held_bytes", Some(snapshot.evicted_held_bytes.into())),
                ])
                .into())
            }
        }
    }

    fn cursor(&mut self, op: &str, id: &str, args: &Value) -> Result<Value> {
        if op == "new" {
            let limit = |name: &str| -> Result<LagLimit> {
                Ok(LagLimit { chunks: optional(args, &format!("{name}_chunks"))?, ..LagLimit::default() })
            };
            let policy = match text(args, "policy")? {
                "skip" => Policy::Skip,
                "skip_to_random_access" => Policy::SkipToRandomAccess,
                _ => Policy::Disconnect,
            };
            let config = CursorConfig {
                join: join(args)?,
                policy,
                soft: limit("soft")?,
                hard: limit("hard")?,
                max_read_chunks: optional(args, "max_read_chunks")?.unwrap_or(64),
                ..CursorConfig::default()
            };
            let ring = self.rings.get(text(args, "ring")?).ok_or_else(|| bad("ring"))?;
            self.cursors.insert(id.to_owned(), ring.cursor(config)?);
            return Ok(Value::Null);
        }
        let cursor = self.cursors.get_mut(id).ok_or_else(|| bad("id"))?;
        if op == "read" {
            let batch = self.batches.entry(text(args, "batch")?.to_owned()).or_default();
            let read = cursor.read(batch)?;
            return Ok(answer(&read, batch));
        }
        let status = cursor.status();
        let account = &status.account;
        let mut answer = ints([
            ("lag_chunks", Some(status.lag.chunks.into())),
            ("lag_bytes", Some(status.lag.bytes.into())),
            ("lag_us", Some(status.lag.time_us.into())),
            ("delivered_chunks", Some(account.delivered.chunks.into())),
            ("delivered_bytes", Some(account.delivered.bytes.into())),
            ("delivered_us", Some(account.delivered.time_us.into())),
            ("skipped_chunks", Some(account.skipped.chunks.into())),
            ("skipped_bytes", Some(account.skipped.bytes.into())),
            ("skipped_us", Some(account.skipped.time_us.into())),
            ("skip_events", Some(account.skip_events.into())),
            ("warnings", Some(account.warnings.into())),
            ("worst_chunks", Some(account.worst_lag.chunks.into())),
            ("worst_bytes", Some(account.worst_lag.bytes.into())),
            ("worst_us", Some(account.worst_lag.time_us.into())),
            ("refused_reads", Some(account.refused_reads.into())),
        ]);
        answer.insert("end".to_owned(), json!(account.end()));
        Ok(answer.into())
    }
}

fn answer(read: &Read, batch: &Batch) -> Value {
    let skipped = read.skipped.map(|skip| skip.skipped).unwrap_or_default();
    let mut answer = ints([
        ("next", Some(read.next.sequence.into())),
        ("behind_chunks", Some(read.behind.chunks.into())),
        ("lag_chunks", Some(read.lag.chunks.into())),
        ("skipped_chunks", Some(skipped.chunks.into())),
        ("skipped_bytes", Some(skipped.bytes.into())),
    ]);
    answer.insert("chunks".to_owned(), chunks(batch));
    answer.insert("skipped".to_owned(), json!(read.skipped.map(|skip| skip.reason)));
    answer.insert("warning".to_owned(), read.warning.into());
    answer.insert("closed".to_owned(), json!(read.closed.as_ref().map(|reason| reason.kind)));
    answer.into()
}

fn chunks(batch: &Batch) -> Value {
    batch.iter().map(|chunk| String::from_utf8_lossy(chunk.bytes).into_owned()).collect()
}

fn join(args: &Value) -> Result<Join> {
    Ok(match text(args, "join")? {
        "live" => Join::Live,
        "oldest" => Join::Oldest,
        "lag_bytes" => Join::LagBytes(int(args, "value")?),
        "lag_time" => Join::LagTime(int(args, "value")?),
        "random_access" => Join::RandomAccess,
        _ => return Err(bad("join")),
    })
}

fn optional<T: std::str::FromStr>(args: &Value, key: &str) -> Result<Option<T>> {
    if args[key].is_null() { Ok(None) } else { int(args, key).map(Some) }
}
