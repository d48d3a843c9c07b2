//! `ChunkRing`, `Cursor`, `Read` and `Chunk` as Python sees them.

use crate::columns::Buffer;
use crate::convert;
use crate::error::{compute, invalid, to_py, work};
use numpy::PyArray1;
use pyo3::call::PyCallArgs;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use streamgauge::ring::{
    Account, Batch, Canceller, Chunk, ChunkInfo, ChunkRing, CloseKind, CloseReason, Cursor, CursorConfig,
    CursorStatus, EndReason, Join, Lag, LagLimit, Policy, Position, Read, RingConfig, SkipReason,
};
use streamgauge::{Error, ErrorKind};

/// A wait is cut into pieces of this length, so that signals are seen.
const SLICE: Duration = Duration::from_millis(50);

type LimitFields = (Option<u64>, Option<u64>, Option<i64>);
type PositionFields = (u64, u64, u64, Option<i64>);

#[pyclass(name = "ChunkRing", frozen, module = "streamgauge._native")]
pub(crate) struct PyChunkRing(ChunkRing);

#[pymethods]
impl PyChunkRing {
    #[new]
    #[pyo3(signature = (max_chunks, max_bytes, *, max_age_us = None, max_held_bytes = None, max_cursors = 65536, epoch = 0, payload_hint_bytes = 0))]
    #[expect(clippy::too_many_arguments, reason = "two bounds and five options, all by keyword")]
    fn py_new(
        py: Python<'_>,
        max_chunks: usize,
        max_bytes: u64,
        max_age_us: Option<i64>,
        max_held_bytes: Option<u64>,
        max_cursors: usize,
        epoch: u64,
        payload_hint_bytes: usize,
    ) -> PyResult<PyChunkRing> {
        let config = RingConfig {
            max_age_us,
            max_held_bytes: max_held_bytes.unwrap_or(max_bytes),
            max_cursors,
            epoch,
            payload_hint_bytes,
            ..RingConfig::new(max_chunks, max_bytes)
        };
        work(py, || ChunkRing::new(config)).map(PyChunkRing)
    }

    #[pyo3(signature = (data, /, *, now_us = None, random_access = false, preamble = None))]
    fn publish(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        now_us: Option<i64>,
        random_access: bool,
        preamble: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Option<u64>> {
        let data = convert::bytes("data", data)?;
        let preamble = preamble.map(|given| convert::bytes("preamble", given)).transpose()?;
        let info = ChunkInfo { random_access, preamble: preamble.map(|bytes| Arc::from(&*bytes)) };
        let now_us = time_us(py, now_us)?;
        work(py, || self.0.publish_with(now_us, &data, info))
    }

    #[pyo3(signature = (chunks, /, *, now_us = None))]
    fn publish_batch(
        &self,
        py: Python<'_>,
        chunks: Vec<Bound<'_, PyAny>>,
        now_us: Option<i64>,
    ) -> PyResult<usize> {
        let owned = chunks.iter().map(|chunk| convert::bytes("chunks", chunk));
        let owned = owned.collect::<PyResult<Vec<_>>>()?;
        let now_us = time_us(py, now_us)?;
        work(py, || {
            let chunks: Vec<&[u8]> = owned.iter().map(|chunk| &**chunk).collect();
            self.0.publish_batch(now_us, &chunks)
        })
    }

    #[pyo3(signature = (kind = "end", message = ""))]
    fn close(&self, py: Python<'_>, kind: &str, message: &str) -> PyResult<bool> {
        let kind = match kind {
            "end" => CloseKind::End,
            "cancelled" => CloseKind::Cancelled,
            "failed" => CloseKind::Failed,
            other => {
                return Err(invalid(py, format!("kind is {other:?}: expected end, cancelled or failed")));
            }
        };
        compute(py, || self.0.close(CloseReason::new(kind, message)))
    }

    #[pyo3(signature = (now_us, /))]
    fn expire(&self, py: Python<'_>, now_us: i64) -> PyResult<()> {
        compute(py, || self.0.expire(now_us))
    }

    #[pyo3(signature = (join = "live", amount = 0))]
    fn join<'py>(&self, py: Python<'py>, join: &str, amount: i64) -> PyResult<Bound<'py, PyAny>> {
        let join = join_of(py, join, amount)?;
        let joined = compute(py, || self.0.join(join))?;
        made(py, "Joined", (position(py, joined.position)?, joined.satisfied))
    }

    #[pyo3(signature = (position, /))]
    fn lag<'py>(&self, py: Python<'py>, position: PositionFields) -> PyResult<Bound<'py, PyAny>> {
        let at = place(position);
        lag(py, work(py, || self.0.lag(at))?)
    }

    #[pyo3(signature = (position, /, *, max_chunks = 64, max_bytes = 1 << 20))]
    fn read(
        &self,
        py: Python<'_>,
        position: PositionFields,
        max_chunks: usize,
        max_bytes: u64,
    ) -> PyResult<PyRead> {
        let at = place(position);
        let mut batch = Batch::new();
        let read = work(py, || self.0.read(at, max_chunks, max_bytes, &mut batch))?;
        PyRead::new(py, read, batch)
    }

    #[pyo3(signature = (position, /, *, timeout_s = None))]
    fn wait(&self, py: Python<'_>, position: PositionFields, timeout_s: Option<f64>) -> PyResult<()> {
        let at = place(position);
        sliced(py, timeout_s, |slice| work(py, || self.0.wait(at, Some(slice))))
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let snapshot = compute(py, || self.0.snapshot())?;
        let positions = (position(py, snapshot.oldest)?, position(py, snapshot.next)?);
        let values = PyTuple::new(
            py,
            [
                snapshot.random_access_points,
                snapshot.held_chunks,
                snapshot.held_bytes,
                snapshot.evicted_held_chunks,
                snapshot.evicted_held_bytes,
                snapshot.pooled_bytes,
                snapshot.times_went_back,
                snapshot.cursors,
                snapshot.cursors_opened,
                snapshot.waiting,
            ],
        )?;
        let rest = (
            positions.0,
            positions.1,
            lag(py, snapshot.buffered)?,
            snapshot.latest_random_access,
            account(py, &snapshot.account)?,
            snapshot.closed.as_ref().map(|reason| closed(py, reason)).transpose()?,
        );
        made(py, "RingSnapshot", values.add(rest.into_pyobject(py)?)?.cast_into::<PyTuple>()?)
    }

    fn cursors<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let all = compute(py, || self.0.cursors())?;
        all.iter().map(|one| status(py, one)).collect()
    }

    #[pyo3(signature = (*, join = "live", join_amount = 0, policy = "skip", soft = None, hard = None, max_read_chunks = 64, max_read_bytes = 1 << 20))]
    #[expect(clippy::too_many_arguments, reason = "all by keyword")]
    fn cursor(
        &self,
        py: Python<'_>,
        join: &str,
        join_amount: i64,
        policy: &str,
        soft: Option<LimitFields>,
        hard: Option<LimitFields>,
        max_read_chunks: usize,
        max_read_bytes: u64,
    ) -> PyResult<PyCursor> {
        let policy = match policy {
            "skip" => Policy::Skip,
            "skip_to_random_access" => Policy::SkipToRandomAccess,
            "disconnect" => Policy::Disconnect,
            other => {
                let expected = "skip, skip_to_random_access or disconnect";
                return Err(invalid(py, format!("policy is {other:?}: expected {expected}")));
            }
        };
        let limit = |given: Option<LimitFields>| {
            let (chunks, bytes, time_us) = given.unwrap_or_default();
            LagLimit { chunks, bytes, time_us }
        };
        let config = CursorConfig {
            join: join_of(py, join, join_amount)?,
            policy,
            soft: limit(soft),
            hard: limit(hard),
            max_read_chunks,
            max_read_bytes,
        };
        let (cursor, canceller) = work(py, || {
            let mut cursor = self.0.cursor(config)?;
            let canceller = cursor.canceller();
            Ok((cursor, canceller))
        })?;
        Ok(PyCursor { cursor: Mutex::new(Some(cursor)), canceller, awaited: Mutex::new(None) })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let snapshot = compute(py, || self.0.snapshot())?;
        let (chunks, bytes) = (snapshot.buffered.chunks, snapshot.buffered.bytes);
        let state = if snapshot.closed.is_some() { ", closed" } else { "" };
        Ok(format!("<ChunkRing: {chunks} chunks, {bytes} bytes, {} cursors{state}>", snapshot.cursors))
    }
}

#[pyclass(name = "Cursor", frozen, module = "streamgauge._native")]
pub(crate) struct PyCursor {
    cursor: Mutex<Option<Cursor>>,
    canceller: Canceller,
    /// The asyncio future that the next chunk resolves.
    awaited: Mutex<Option<Py<PyAny>>>,
}

impl PyCursor {
    /// The cursor, unless another thread uses it.
    fn with<R: Send>(
        &self,
        py: Python<'_>,
        body: impl FnOnce(&mut Cursor) -> Result<R, Error> + Send,
    ) -> PyResult<R> {
        work(py, || body(self.lock()?.as_mut().ok_or_else(left)?))
    }

    fn lock(&self) -> Result<MutexGuard<'_, Option<Cursor>>, Error> {
        match self.cursor.try_lock() {
            Ok(cursor) => Ok(cursor),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                Err(Error::new(ErrorKind::AlreadyPending, "the cursor is in use on another thread"))
            }
        }
    }
}

fn left() -> Error {
    Error::new(ErrorKind::Closed, "the cursor has left its ring")
}

#[pymethods]
impl PyCursor {
    fn read(&self, py: Python<'_>) -> PyResult<PyRead> {
        let mut batch = Batch::new();
        let read = self.with(py, |cursor| cursor.read(&mut batch))?;
        PyRead::new(py, read, batch)
    }

    #[pyo3(signature = (timeout_s = None))]
    fn read_blocking(&self, py: Python<'_>, timeout_s: Option<f64>) -> PyResult<PyRead> {
        let mut batch = Batch::new();
        let read = sliced(py, timeout_s, |slice| {
            self.with(py, |cursor| cursor.read_blocking(&mut batch, Some(slice)))
        })?;
        PyRead::new(py, read, batch)
    }

    fn read_async<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("streamgauge._ring")?.call_method1("read_async", (slf,))
    }

    /// A read, or `None`: then `future` of `event_loop` is resolved once there is something.
    fn _poll(&self, py: Python<'_>, event_loop: Py<PyAny>, future: Py<PyAny>) -> PyResult<Option<PyRead>> {
        let earlier = self.awaited.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(earlier) = earlier
            && !earlier.bind(py).call_method0("done")?.is_truthy()?
        {
            *self.awaited.lock().unwrap_or_else(PoisonError::into_inner) = Some(earlier);
            let error = Error::new(ErrorKind::AlreadyPending, "another task awaits this cursor");
            return Err(to_py(py, &error));
        }
        let waker = Waker::from(Arc::new(LoopWaker { event_loop, future: future.clone_ref(py) }));
        let mut batch = Batch::new();
        let read =
            self.with(py, |cursor| match cursor.poll_read(&mut Context::from_waker(&waker), &mut batch) {
                Poll::Ready(read) => read.map(Some),
                Poll::Pending => Ok(None),
            })?;
        if read.is_none() {
            *self.awaited.lock().unwrap_or_else(PoisonError::into_inner) = Some(future);
        }
        read.map(|read| PyRead::new(py, read, batch)).transpose()
    }

    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        compute(py, || self.canceller.cancel())
    }

    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        status(py, &self.with(py, |cursor| Ok(cursor.status()))?)
    }

    #[pyo3(signature = (blocked_us, /, *, timed_out = false))]
    fn record_blocked_write(&self, py: Python<'_>, blocked_us: u64, timed_out: bool) -> PyResult<()> {
        self.with(py, |cursor| {
            cursor.record_blocked_write(blocked_us, timed_out);
            Ok(())
        })
    }

    #[pyo3(signature = (reason = "left"))]
    fn finish<'py>(&self, py: Python<'py>, reason: &str) -> PyResult<Bound<'py, PyAny>> {
        let known = EndReason::ALL.into_iter().find(|known| end_name(*known) == reason);
        let known = known.ok_or_else(|| {
            let names = EndReason::ALL.map(end_name).join(", ");
            invalid(py, format!("reason is {reason:?}: expected one of {names}"))
        })?;
        let total = work(py, || Ok(self.lock()?.take().ok_or_else(left)?.finish(known)))?;
        account(py, &total)
    }

    /// Ends a wait of another thread, then leaves.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        compute(py, || {
            self.canceller.cancel();
            drop(self.cursor.lock().unwrap_or_else(PoisonError::into_inner).take());
        })
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __iter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("streamgauge._ring")?.call_method1("chunks", (slf,))
    }

    fn __aiter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("streamgauge._ring")?.call_method1("chunks_async", (slf,))
    }
}

/// Resolves an asyncio future from whatever thread publishes.
struct LoopWaker {
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
}

impl Wake for LoopWaker {
    fn wake(self: Arc<Self>) {
        Python::attach(|py| {
            let resolve = || -> PyResult<()> {
                let resolve = py.import("streamgauge._ring")?.getattr("resolve")?;
                self.event_loop.call_method1(py, "call_soon_threadsafe", (resolve, &self.future))?;
                Ok(())
            };
            // Fails when the loop was closed: then nobody waits any more.
            let _ = resolve();
        });
    }
}

#[pyclass(name = "Read", frozen, module = "streamgauge._native")]
pub(crate) struct PyRead {
    read: Read,
    chunks: Py<PyTuple>,
}

impl PyRead {
    fn new(py: Python<'_>, read: Read, batch: Batch) -> PyResult<PyRead> {
        let chunks = batch.into_chunks().map(|chunk| PyChunk::new(chunk).into_pyobject(py));
        let chunks = chunks.collect::<Result<Vec<_>, _>>()?;
        Ok(PyRead { read, chunks: PyTuple::new(py, chunks)?.unbind() })
    }
}

#[pymethods]
impl PyRead {
    #[getter]
    fn chunks<'py>(&self, py: Python<'py>) -> Bound<'py, PyTuple> {
        self.chunks.bind(py).clone()
    }

    #[getter]
    fn bytes(&self) -> u64 {
        self.read.bytes
    }

    #[getter]
    fn requested<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        position(py, self.read.requested)
    }

    #[getter]
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        position(py, self.read.next)
    }

    #[getter]
    fn behind<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        lag(py, self.read.behind)
    }

    #[getter]
    fn lag<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        lag(py, self.read.lag)
    }

    #[getter]
    fn oldest(&self) -> u64 {
        self.read.oldest
    }

    #[getter]
    fn newest(&self) -> Option<u64> {
        self.read.newest
    }

    #[getter]
    fn buffered_chunks(&self) -> u64 {
        self.read.buffered_chunks
    }

    #[getter]
    fn buffered_bytes(&self) -> u64 {
        self.read.buffered_bytes
    }

    #[getter]
    fn skipped<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(skip) = self.read.skipped else { return Ok(None) };
        let reason = match skip.reason {
            SkipReason::Evicted => "evicted",
            SkipReason::HardLimit => "hard_limit",
            SkipReason::AwaitedRandomAccess => "awaited_random_access",
        };
        made(py, "Skip", (reason, lag(py, skip.skipped)?)).map(Some)
    }

    #[getter]
    fn warning(&self) -> bool {
        self.read.warning
    }

    #[getter]
    fn closed<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.read.closed.as_ref().map(|reason| closed(py, reason)).transpose()
    }

    fn __repr__(&self) -> String {
        let Read { chunks, bytes, lag, .. } = &self.read;
        format!("<Read: {chunks} chunks, {bytes} bytes, {} chunks behind>", lag.chunks)
    }
}

#[pyclass(name = "Chunk", frozen, module = "streamgauge._native")]
pub(crate) struct PyChunk {
    held: Mutex<Option<Arc<Chunk>>>,
    sequence: u64,
    time_us: i64,
    random_access: bool,
    len: usize,
}

impl PyChunk {
    fn new(chunk: Chunk) -> PyChunk {
        PyChunk {
            sequence: chunk.sequence(),
            time_us: chunk.time_us(),
            random_access: chunk.random_access(),
            len: chunk.bytes().len(),
            held: Mutex::new(Some(Arc::new(chunk))),
        }
    }

    fn chunk(&self, py: Python<'_>) -> PyResult<Arc<Chunk>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).clone();
        held.ok_or_else(|| to_py(py, &Error::new(ErrorKind::Closed, "the chunk was released")))
    }
}

#[pymethods]
impl PyChunk {
    #[getter]
    fn sequence(&self) -> u64 {
        self.sequence
    }

    #[getter]
    fn time_us(&self) -> i64 {
        self.time_us
    }

    #[getter]
    fn random_access(&self) -> bool {
        self.random_access
    }

    #[getter]
    fn view<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<u8>>> {
        Buffer::part_of(&self.chunk(py)?, Chunk::bytes).to_numpy(py)
    }

    #[getter]
    fn preamble<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        Ok(self.chunk(py)?.preamble().map(|bytes| PyBytes::new(py, bytes)))
    }

    fn release(&self) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(held);
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, self.chunk(py)?.bytes()))
    }

    fn __len__(&self) -> usize {
        self.len
    }

    fn __repr__(&self) -> String {
        let access = if self.random_access { ", random access" } else { "" };
        format!("<Chunk {}: {} bytes{access}>", self.sequence, self.len)
    }
}

/// Waits with `wait` in slices, and looks for signals in between.
fn sliced<T>(
    py: Python<'_>,
    timeout_s: Option<f64>,
    mut wait: impl FnMut(Duration) -> PyResult<T>,
) -> PyResult<T> {
    let mut left = match timeout_s {
        Some(s) if s.is_nan() || s < 0.0 => {
            return Err(invalid(py, format!("timeout_s is {s}: expected a number from 0 on, or None")));
        }
        Some(s) => Duration::try_from_secs_f64(s).ok(),
        None => None,
    };
    let timed_out = py.import("streamgauge.errors")?.getattr("TimedOutError")?;
    loop {
        let slice = left.map_or(SLICE, |left| left.min(SLICE));
        match wait(slice) {
            Err(error) if error.is_instance(py, &timed_out) => {
                py.check_signals()?;
                left = left.map(|left| left.saturating_sub(slice));
                if left.is_some_and(|left| left.is_zero()) {
                    return Err(error);
                }
            }
            done => return done,
        }
    }
}

/// The time given, or the system's.
fn time_us(py: Python<'_>, given: Option<i64>) -> PyResult<i64> {
    given.map_or_else(|| convert::system_us(py), Ok)
}

fn join_of(py: Python<'_>, join: &str, amount: i64) -> PyResult<Join> {
    Ok(match join {
        "live" => Join::Live,
        "oldest" => Join::Oldest,
        "lag_bytes" => Join::LagBytes(amount),
        "lag_time" => Join::LagTime(amount),
        "random_access" => Join::RandomAccess,
        other => {
            let expected = "live, oldest, lag_bytes, lag_time or random_access";
            return Err(invalid(py, format!("join is {other:?}: expected {expected}")));
        }
    })
}

fn end_name(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Left => "left",
        EndReason::Drained => "drained",
        EndReason::Lagged => "lagged",
        EndReason::WriteTimeout => "write_timeout",
        EndReason::WriteFailed => "write_failed",
    }
}

fn place((epoch, sequence, offset_bytes, time_us): PositionFields) -> Position {
    Position { epoch, sequence, offset_bytes, time_us }
}

fn made<'py>(py: Python<'py>, class: &str, fields: impl PyCallArgs<'py>) -> PyResult<Bound<'py, PyAny>> {
    py.import("streamgauge._ring")?.getattr(class)?.call1(fields)
}

fn position(py: Python<'_>, at: Position) -> PyResult<Bound<'_, PyAny>> {
    made(py, "Position", (at.epoch, at.sequence, at.offset_bytes, at.time_us))
}

fn lag(py: Python<'_>, lag: Lag) -> PyResult<Bound<'_, PyAny>> {
    made(py, "Lag", (lag.chunks, lag.bytes, lag.time_us))
}

fn closed<'py>(py: Python<'py>, reason: &CloseReason) -> PyResult<Bound<'py, PyAny>> {
    let kind = match reason.kind {
        CloseKind::End => "end",
        CloseKind::Cancelled => "cancelled",
        CloseKind::Failed => "failed",
    };
    made(py, "CloseReason", (kind, &*reason.message))
}

fn account<'py>(py: Python<'py>, account: &Account) -> PyResult<Bound<'py, PyAny>> {
    let ended = pyo3::types::PyDict::new(py);
    for (reason, count) in EndReason::ALL.into_iter().zip(account.ended) {
        if count > 0 {
            ended.set_item(end_name(reason), count)?;
        }
    }
    let fields = (
        lag(py, account.delivered)?,
        lag(py, account.skipped)?,
        account.skip_events,
        account.warnings,
        lag(py, account.worst_lag)?,
        account.refused_reads,
        account.blocked_write_us,
        account.write_timeouts,
        ended,
    );
    made(py, "Account", fields)
}

fn status<'py>(py: Python<'py>, status: &CursorStatus) -> PyResult<Bound<'py, PyAny>> {
    let fields = (
        status.id,
        position(py, status.joined)?,
        position(py, status.position)?,
        lag(py, status.lag)?,
        status.warning,
        account(py, &status.account)?,
    );
    made(py, "CursorStatus", fields)
}
