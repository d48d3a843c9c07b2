//! The chunk ring without waiting: chunks are copied out, numbers come in columns, NaN where absent.

use js_sys::{Array, Uint8Array};
use streamgauge::ring::{
    Account, Batch, ChunkInfo, ChunkRing, CloseKind, CloseReason, Cursor, CursorConfig, CursorStatus,
    EndReason, Join, Lag, LagLimit, Policy, Position, Read, RingConfig,
};
use streamgauge::{Error, ErrorKind, Result};
use wasm_bindgen::prelude::*;

use crate::convert::{Thrown, array, floats, number, thrown};

/// One ring. The facade's `ChunkRing` holds it, and checks that every number is a safe integer.
#[wasm_bindgen]
pub struct RawRing(ChunkRing);

#[wasm_bindgen]
impl RawRing {
    /// `bounds`: chunks, bytes, age or NaN, held bytes, cursors, epoch, payload hint.
    #[wasm_bindgen(constructor)]
    pub fn new(bounds: &[f64]) -> Thrown<RawRing> {
        let [max_chunks, max_bytes, max_age_us, max_held_bytes, max_cursors, epoch, payload_hint] = *bounds
        else {
            return Err(thrown(Error::new(ErrorKind::InvalidArgument, "bounds are 7 numbers")));
        };
        let config = RingConfig {
            max_chunks: max_chunks as usize,
            max_bytes: max_bytes as u64,
            max_age_us: (!max_age_us.is_nan()).then_some(max_age_us as i64),
            max_held_bytes: max_held_bytes as u64,
            max_cursors: max_cursors as usize,
            epoch: epoch as u64,
            payload_hint_bytes: payload_hint as usize,
        };
        ChunkRing::new(config).map(RawRing).map_err(thrown)
    }

    /// The chunk's sequence number; undefined for no bytes.
    pub fn publish(
        &self,
        now_us: f64,
        bytes: Vec<u8>,
        random_access: bool,
        preamble: Option<Vec<u8>>,
    ) -> Thrown<Option<f64>> {
        let info = ChunkInfo { random_access, preamble: preamble.map(Into::into) };
        let sequence = self.0.publish_owned(now_us as i64, bytes, info);
        sequence.map(|sequence| sequence.map(|n| n as f64)).map_err(thrown)
    }

    /// Whether this was the first call.
    pub fn close(&self, kind: &str, message: &str) -> Thrown<bool> {
        let kind = match kind {
            "end" => CloseKind::End,
            "cancelled" => CloseKind::Cancelled,
            "failed" => CloseKind::Failed,
            _ => return Err(unknown("kind", kind)),
        };
        Ok(self.0.close(CloseReason::new(kind, message)))
    }

    /// Evicts what is too old.
    pub fn expire(&self, now_us: f64) {
        self.0.expire(now_us as i64);
    }

    /// `[position, satisfied]`
    pub fn join(&self, join: &str, amount: f64) -> Thrown<Array> {
        let joined = self.0.join(join_of(join, amount)?);
        let mut numbers = Vec::new();
        position(&mut numbers, joined.position).map_err(thrown)?;
        Ok(array([floats(&numbers), joined.satisfied.into()]))
    }

    /// Chunks, bytes, microseconds.
    pub fn lag(&self, at: &[f64]) -> Thrown<Vec<f64>> {
        let mut numbers = Vec::new();
        place(at).and_then(|at| lag(&mut numbers, self.0.lag(at)?)).map_err(thrown)?;
        Ok(numbers)
    }

    /// As `RawCursor::read`, from a position.
    pub fn read(&self, at: &[f64], max_chunks: f64, max_bytes: f64) -> Thrown<Array> {
        let mut batch = Batch::new();
        let read = place(at)
            .and_then(|at| self.0.read(at, max_chunks as usize, max_bytes as u64, &mut batch))
            .and_then(|read| answer(&read, &batch));
        read.map_err(thrown)
    }

    /// `[numbers, closed, message]`: oldest, next, buffered, random-access points, the latest of them,
    /// held chunks and bytes, the evicted of them, pooled bytes, times that went back, cursors there
    /// are and have been, the account.
    pub fn snapshot(&self) -> Thrown<Array> {
        let snapshot = self.0.snapshot();
        let mut numbers = Vec::new();
        let mut fill = || {
            position(&mut numbers, snapshot.oldest)?;
            position(&mut numbers, snapshot.next)?;
            lag(&mut numbers, snapshot.buffered)?;
            for (value, what) in [
                (snapshot.random_access_points, "randomAccessPoints"),
                (snapshot.latest_random_access.unwrap_or(u64::MAX), "latestRandomAccess"),
                (snapshot.held_chunks, "heldChunks"),
                (snapshot.held_bytes, "heldBytes"),
                (snapshot.evicted_held_chunks, "evictedHeldChunks"),
                (snapshot.evicted_held_bytes, "evictedHeldBytes"),
                (snapshot.pooled_bytes, "pooledBytes"),
                (snapshot.times_went_back, "timesWentBack"),
                (snapshot.cursors, "cursors"),
                (snapshot.cursors_opened, "cursorsOpened"),
            ] {
                numbers.push(if value == u64::MAX { f64::NAN } else { number(value, what)? });
            }
            account(&mut numbers, &snapshot.account)
        };
        fill().map_err(thrown)?;
        let (kind, message) = closed(snapshot.closed.as_ref());
        Ok(array([floats(&numbers), kind, message]))
    }

    /// As `RawCursor::status`, of every cursor.
    pub fn cursors(&self) -> Thrown<Vec<Array>> {
        self.0.cursors().iter().map(status).collect::<Result<_>>().map_err(thrown)
    }

    /// `limits`: join amount, soft and hard (chunks, bytes, microseconds or NaN), read limits.
    pub fn cursor(&self, join: &str, policy: &str, limits: &[f64]) -> Thrown<RawCursor> {
        let policy = match policy {
            "skip" => Policy::Skip,
            "skip_to_random_access" => Policy::SkipToRandomAccess,
            "disconnect" => Policy::Disconnect,
            _ => return Err(unknown("policy", policy)),
        };
        let [amount, s0, s1, s2, h0, h1, h2, max_chunks, max_bytes] = *limits else {
            return Err(thrown(Error::new(ErrorKind::InvalidArgument, "limits are 9 numbers")));
        };
        let limit = |chunks: f64, bytes: f64, time_us: f64| LagLimit {
            chunks: (!chunks.is_nan()).then_some(chunks as u64),
            bytes: (!bytes.is_nan()).then_some(bytes as u64),
            time_us: (!time_us.is_nan()).then_some(time_us as i64),
        };
        let config = CursorConfig {
            join: join_of(join, amount)?,
            policy,
            soft: limit(s0, s1, s2),
            hard: limit(h0, h1, h2),
            max_read_chunks: max_chunks as usize,
            max_read_bytes: max_bytes as u64,
        };
        self.0.cursor(config).map(|cursor| RawCursor(Some(cursor), Batch::new())).map_err(thrown)
    }
}

/// A reader. The facade's `Cursor` holds it.
#[wasm_bindgen]
pub struct RawCursor(Option<Cursor>, Batch);

#[wasm_bindgen]
impl RawCursor {
    /// `[numbers, skip reason, warning, closed, message, chunks]`: requested, next, behind, lag, oldest,
    /// newest, buffered chunks and bytes, skipped; each chunk `[sequence, time_us, random access, bytes,
    /// preamble]`.
    pub fn read(&mut self) -> Thrown<Array> {
        let cursor = self.0.as_mut().ok_or_else(left).map_err(thrown)?;
        let answer = cursor.read(&mut self.1).and_then(|read| answer(&read, &self.1));
        // All was copied: nothing is held between reads.
        self.1.release();
        answer.map_err(thrown)
    }

    /// `[numbers, warning]`: id, joined, position, lag, the account.
    pub fn status(&self) -> Thrown<Array> {
        let cursor = self.0.as_ref().ok_or_else(left).map_err(thrown)?;
        status(&cursor.status()).map_err(thrown)
    }

    /// Puts a blocked write into the account.
    #[wasm_bindgen(js_name = recordBlockedWrite)]
    pub fn record_blocked_write(&mut self, blocked_us: f64, timed_out: bool) -> Thrown<()> {
        let cursor = self.0.as_mut().ok_or_else(left).map_err(thrown)?;
        cursor.record_blocked_write(blocked_us as u64, timed_out);
        Ok(())
    }

    /// The final account.
    pub fn finish(&mut self, reason: &str) -> Thrown<Vec<f64>> {
        let names = ["left", "drained", "lagged", "write_timeout", "write_failed"];
        let known = names.iter().position(|name| *name == reason);
        let known = known.ok_or_else(|| unknown("reason", reason))?;
        let cursor = self.0.take().ok_or_else(left).map_err(thrown)?;
        let mut numbers = Vec::new();
        account(&mut numbers, &cursor.finish(EndReason::ALL[known])).map_err(thrown)?;
        Ok(numbers)
    }
}

fn left() -> Error {
    Error::new(ErrorKind::Closed, "the cursor has left its ring")
}

fn unknown(what: &str, given: &str) -> JsValue {
    thrown(Error::new(ErrorKind::InvalidArgument, format!("{what} {given:?} does not exist")))
}

fn join_of(join: &str, amount: f64) -> Thrown<Join> {
    Ok(match join {
        "live" => Join::Live,
        "oldest" => Join::Oldest,
        "lag_bytes" => Join::LagBytes(amount as i64),
        "lag_time" => Join::LagTime(amount as i64),
        "random_access" => Join::RandomAccess,
        _ => return Err(unknown("join", join)),
    })
}

fn place(at: &[f64]) -> Result<Position> {
    let [epoch, sequence, offset_bytes, time_us] = *at else {
        return Err(Error::new(ErrorKind::InvalidArgument, "a position is 4 numbers"));
    };
    Ok(Position {
        epoch: epoch as u64,
        sequence: sequence as u64,
        offset_bytes: offset_bytes as u64,
        time_us: (!time_us.is_nan()).then_some(time_us as i64),
    })
}

fn position(numbers: &mut Vec<f64>, at: Position) -> Result<()> {
    let time_us = at.time_us.map_or(Ok(f64::NAN), |time_us| number(time_us, "timeUs"))?;
    numbers.extend([
        number(at.epoch, "epoch")?,
        number(at.sequence, "sequence")?,
        number(at.offset_bytes, "offsetBytes")?,
        time_us,
    ]);
    Ok(())
}

fn lag(numbers: &mut Vec<f64>, lag: Lag) -> Result<()> {
    let time_us = number(lag.time_us, "timeUs")?;
    numbers.extend([number(lag.chunks, "chunks")?, number(lag.bytes, "bytes")?, time_us]);
    Ok(())
}

fn account(numbers: &mut Vec<f64>, account: &Account) -> Result<()> {
    lag(numbers, account.delivered)?;
    lag(numbers, account.skipped)?;
    lag(numbers, account.worst_lag)?;
    let counts = [
        account.skip_events,
        account.warnings,
        account.refused_reads,
        account.blocked_write_us,
        account.write_timeouts,
    ];
    for count in counts.into_iter().chain(account.ended) {
        numbers.push(number(count, "a count of the account")?);
    }
    Ok(())
}

fn status(status: &CursorStatus) -> Result<Array> {
    let mut numbers = vec![number(status.id, "id")?];
    position(&mut numbers, status.joined)?;
    position(&mut numbers, status.position)?;
    lag(&mut numbers, status.lag)?;
    account(&mut numbers, &status.account)?;
    Ok(array([floats(&numbers), status.warning.into()]))
}

fn closed(reason: Option<&CloseReason>) -> (JsValue, JsValue) {
    let kind = reason.map_or(0, |reason| reason.kind as i32);
    (kind.into(), reason.map_or("", |reason| &reason.message).into())
}

fn answer(read: &Read, batch: &Batch) -> Result<Array> {
    let mut numbers = Vec::new();
    position(&mut numbers, read.requested)?;
    position(&mut numbers, read.next)?;
    lag(&mut numbers, read.behind)?;
    lag(&mut numbers, read.lag)?;
    numbers.extend([
        number(read.oldest, "oldest")?,
        read.newest.map_or(Ok(f64::NAN), |newest| number(newest, "newest"))?,
        number(read.buffered_chunks, "bufferedChunks")?,
        number(read.buffered_bytes, "bufferedBytes")?,
    ]);
    lag(&mut numbers, read.skipped.map(|skip| skip.skipped).unwrap_or_default())?;
    let chunks = Array::new();
    for chunk in batch.iter() {
        chunks.push(&array([
            number(chunk.sequence, "sequence")?.into(),
            number(chunk.time_us, "timeUs")?.into(),
            chunk.random_access.into(),
            Uint8Array::from(chunk.bytes).into(),
            chunk.preamble.map_or(JsValue::UNDEFINED, |bytes| Uint8Array::from(bytes).into()),
        ]));
    }
    let skip = read.skipped.map_or(0, |skip| skip.reason as i32);
    let (kind, message) = closed(read.closed.as_ref());
    Ok(array([floats(&numbers), skip.into(), read.warning.into(), kind, message, chunks.into()]))
}
