//! One live stream to many readers: a bounded ring of chunks that never blocks its publisher.
//!
//! A [`ChunkRing`] keeps the latest chunks within bounds on their number, bytes and age. Readers are
//! [`Cursor`]s: each joins where it wants, reads batches of chunks without copies, waits (blocking,
//! async or polled), and has a policy for when it is too slow and an account of its own. A
//! [`Batch`] pins what it shows: held chunks are never overwritten, and once readers hold
//! `max_held_bytes` further reads are refused, so memory stays below `max_bytes` + `max_held_bytes`,
//! one chunk each, and as much again where buffers are larger than what is in them.
//!
//! ```
//! use streamgauge::ring::{Batch, ChunkRing, CursorConfig, CloseKind, CloseReason, RingConfig};
//! # fn main() -> streamgauge::Result<()> {
//! let ring = ChunkRing::new(RingConfig::new(1024, 4 << 20))?;
//! let mut cursor = ring.cursor(CursorConfig::default())?;
//! ring.publish(1_000_000, b"first")?;
//! ring.publish(1_020_000, b"second")?;
//! ring.close(CloseReason::new(CloseKind::End, ""));
//!
//! let mut batch = Batch::new();
//! let read = cursor.read(&mut batch)?;
//! assert_eq!((read.chunks, read.bytes), (2, 11));
//! assert_eq!(batch.get(1).unwrap().bytes, b"second");
//! assert_eq!(read.closed.unwrap().kind, CloseKind::End);
//! # Ok(())
//! # }
//! ```

mod chunk;
mod cursor;
#[cfg(feature = "sync")]
mod driver;
mod pool;
mod position;
mod psi;
mod pump;
mod store;
mod sync;
mod ts;
mod wait;

use std::sync::Arc;

pub use chunk::{Batch, Chunk, ChunkRef};
use cursor::Cursors;
pub use cursor::{
    Account, Cursor, CursorConfig, CursorStatus, EndReason, Policy, ReadFuture, Skip, SkipReason,
};
#[cfg(feature = "sync")]
pub use driver::pump_reader;
pub use position::{CloseKind, CloseReason, Join, Joined, Lag, LagLimit, Position};
pub use psi::{StreamInfo, StreamKind};
pub use pump::{Framing, MAX_CUT_BYTES, Payload, Pump, PumpConfig, PumpMonitor, PumpStats, Sink};
use store::Store;
use sync::{Mutex, MutexGuard};
pub use ts::TS_PACKET_BYTES;
pub use wait::{Canceller, Changed};
use wait::{Waiters, WakeList};

use crate::error::{Error, ErrorKind, Result};
use crate::time::Micros;

/// Bounds of a [`ChunkRing`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RingConfig {
    /// At most so many chunks; at least 1.
    pub max_chunks: usize,
    /// At most so many bytes; at least 1. A single larger chunk is kept alone.
    pub max_bytes: u64,
    /// At most so old, by publish times; at least 1 when given. The newest chunk is kept by a
    /// publish however old it is, and dropped by [`ChunkRing::expire`].
    pub max_age_us: Option<Micros>,
    /// Reads are refused once readers hold so many distinct bytes, buffered or evicted.
    pub max_held_bytes: u64,
    /// At most so many cursors at a time.
    pub max_cursors: usize,
    /// Tells this ring's positions from those of another ring of the same stream: the caller picks
    /// a new one each time.
    pub epoch: u64,
    /// Expected chunk size, bytes: buffers for up to 256 chunks and 4 MiB are made ahead of time.
    /// 0 makes none.
    pub payload_hint_bytes: usize,
}

impl RingConfig {
    /// These two bounds, no bound on age, as many bytes held as buffered, 65,536 cursors, epoch 0.
    pub fn new(max_chunks: usize, max_bytes: u64) -> RingConfig {
        RingConfig {
            max_chunks,
            max_bytes,
            max_age_us: None,
            max_held_bytes: max_bytes,
            max_cursors: 65_536,
            epoch: 0,
            payload_hint_bytes: 0,
        }
    }

    fn check(&self) -> Result<()> {
        let refuse = |what: &str| {
            Err(Error::new(ErrorKind::InvalidArgument, format!("{what} is below 1, the least possible")))
        };
        if self.max_chunks == 0 {
            refuse("max_chunks")
        } else if self.max_bytes == 0 {
            refuse("max_bytes")
        } else if self.max_age_us.is_some_and(|age_us| age_us <= 0) {
            refuse("max_age_us")
        } else if self.max_held_bytes == 0 {
            refuse("max_held_bytes")
        } else {
            Ok(())
        }
    }
}

/// What a publisher says of a chunk besides its bytes.
#[derive(Clone, Debug, Default)]
pub struct ChunkInfo {
    /// Whether a decoder can start at this chunk.
    pub random_access: bool,
    /// What a decoder must see before it (MPEG-TS: PAT and PMT packets); at most
    /// [`MAX_PREAMBLE_BYTES`], and only at random-access points.
    pub preamble: Option<Arc<[u8]>>,
}

/// Limit of [`ChunkInfo::preamble`], bytes.
pub const MAX_PREAMBLE_BYTES: usize = 64 << 10;

/// Limit of a chunk, bytes.
pub const MAX_CHUNK_BYTES: usize = u32::MAX as usize;

/// A larger chunk is copied while the ring is not locked: readers then wait less than the lock
/// that is taken twice costs.
const COPY_UNLOCKED_BYTES: usize = 16 << 10;

/// Answer to a read.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Read {
    /// Where the reader wanted to read.
    pub requested: Position,
    /// Where it is to read next; also its wait token.
    pub next: Position,
    /// Chunks read.
    pub chunks: usize,
    /// Bytes read.
    pub bytes: u64,
    /// How far `requested` was behind the first chunk that could be read: 0 unless chunks were
    /// evicted (or, for a cursor, skipped) before they could be read.
    pub behind: Lag,
    /// How far `next` is behind the newest chunk.
    pub lag: Lag,
    /// Sequence number of the oldest chunk in the ring, or of the next one while it is empty.
    pub oldest: u64,
    /// Sequence number of the newest chunk in the ring; absent while it is empty.
    pub newest: Option<u64>,
    /// Chunks in the ring.
    pub buffered_chunks: u64,
    /// Bytes in the ring.
    pub buffered_bytes: u64,
    /// The jump that a cursor made before this read, if it made one. Write the first chunk's
    /// preamble after it.
    pub skipped: Option<Skip>,
    /// Whether a cursor is over its soft limit.
    pub warning: bool,
    /// Why the ring was closed; present once everything was read.
    pub closed: Option<CloseReason>,
}

/// One consistent look at a ring.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Snapshot {
    /// The position of the oldest chunk.
    pub oldest: Position,
    /// The position of the next chunk: its sequence and offset are what was published so far.
    pub next: Position,
    /// What is buffered, in chunks, bytes and time.
    pub buffered: Lag,
    /// Random-access points that are buffered.
    pub random_access_points: u64,
    /// Sequence number of the latest of them.
    pub latest_random_access: Option<u64>,
    /// Distinct chunks that readers hold, buffered or evicted.
    pub held_chunks: u64,
    /// Their bytes.
    pub held_bytes: u64,
    /// Those of them that were evicted.
    pub evicted_held_chunks: u64,
    /// Their bytes, which are not in `buffered`.
    pub evicted_held_bytes: u64,
    /// Capacity of the buffers that wait for reuse, bytes.
    pub pooled_bytes: u64,
    /// Publishes whose time was before the one before them, and was taken to be the same.
    pub times_went_back: u64,
    /// Cursors there are.
    pub cursors: u64,
    /// Cursors there have been, those included that left.
    pub cursors_opened: u64,
    /// Readers that wait for the next chunk.
    pub waiting: u64,
    /// What all cursors did together, those included that left.
    pub account: Account,
    /// Why the ring was closed.
    pub closed: Option<CloseReason>,
}

/// A bounded ring of chunks. Clones are handles to the same ring; any thread may use one.
#[derive(Clone, Debug)]
pub struct ChunkRing {
    shared: Arc<Shared>,
}

/// What the handles, batches and cursors of one ring share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    store: Store,
    waiters: Waiters,
    cursors: Cursors,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No panic leaves the state half changed except a broken invariant, which is its own news.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl ChunkRing {
    /// An empty ring.
    ///
    /// # Errors
    /// `InvalidArgument` for a bound below 1.
    pub fn new(config: RingConfig) -> Result<ChunkRing> {
        config.check()?;
        let state =
            State { store: Store::new(config), waiters: Waiters::default(), cursors: Cursors::default() };
        Ok(ChunkRing { shared: Arc::new(Shared { state: Mutex::new(state) }) })
    }

    /// Copies `bytes` into the ring as one chunk, evicts what is over the bounds, wakes who waits
    /// for it, and gives the chunk's sequence number. Nothing happens for no bytes.
    ///
    /// A time before that of the last chunk is taken to be the same, and counted.
    ///
    /// # Errors
    /// `Closed` after [`ChunkRing::close`]; `OutOfRange` for more than [`MAX_CHUNK_BYTES`].
    pub fn publish(&self, now_us: Micros, bytes: &[u8]) -> Result<Option<u64>> {
        self.publish_with(now_us, bytes, ChunkInfo::default())
    }

    /// As [`ChunkRing::publish`], and says whether a decoder can start at the chunk.
    ///
    /// # Errors
    /// `Closed`; `InvalidArgument` for a preamble without random access; `OutOfRange` for one over
    /// [`MAX_PREAMBLE_BYTES`] or a chunk over [`MAX_CHUNK_BYTES`].
    pub fn publish_with(&self, now_us: Micros, bytes: &[u8], info: ChunkInfo) -> Result<Option<u64>> {
        info.check()?;
        let mut state = self.open_for(bytes.len(), now_us)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let mut buffer = state.store.pool.take(bytes.len());
        if bytes.len() > COPY_UNLOCKED_BYTES {
            drop(state);
            copy_in(&mut buffer, bytes);
            state = self.open_for(bytes.len(), now_us)?;
        } else {
            copy_in(&mut buffer, bytes);
        }
        Ok(Some(append(state, now_us, buffer, info)))
    }

    /// As [`ChunkRing::publish_with`], but takes the buffer over instead of copying it.
    ///
    /// # Errors
    /// As [`ChunkRing::publish_with`].
    pub fn publish_owned(&self, now_us: Micros, mut bytes: Vec<u8>, info: ChunkInfo) -> Result<Option<u64>> {
        info.check()?;
        if bytes.capacity() / 2 > bytes.len() {
            // The byte limit does not see spare capacity.
            bytes.shrink_to_fit();
        }
        let state = self.open_for(bytes.len(), now_us)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        Ok(Some(append(state, now_us, bytes, info)))
    }

    /// Copies many chunks in under one lock and wakes readers once; empty ones are left out. Gives
    /// how many chunks were added.
    ///
    /// # Errors
    /// `Closed`; `OutOfRange` for a chunk over [`MAX_CHUNK_BYTES`], after those before it.
    pub fn publish_batch(&self, now_us: Micros, chunks: &[&[u8]]) -> Result<usize> {
        let mut state = self.open_for(0, now_us)?;
        let mut wake = WakeList::default();
        let (mut added, mut failed) = (0, None);
        for bytes in chunks.iter().filter(|bytes| !bytes.is_empty()) {
            if bytes.len() > MAX_CHUNK_BYTES {
                failed = Some(too_long(bytes.len()));
                break;
            }
            state.store.make_room(bytes.len(), now_us);
            let mut buffer = state.store.pool.take(bytes.len());
            copy_in(&mut buffer, bytes);
            state.store.append(buffer, now_us, false, None);
            added += 1;
        }
        if added > 0 {
            state.waiters.fire(false, &mut wake);
        }
        drop(state);
        wake.wake();
        failed.map_or(Ok(added), Err)
    }

    /// Ends publishing. Readers see `reason` once they have read what is left. Only the first call
    /// counts; says whether this was it.
    pub fn close(&self, reason: CloseReason) -> bool {
        let mut wake = WakeList::default();
        let mut state = self.shared.lock();
        let first = state.store.closed.is_none();
        if first {
            state.store.closed = Some(reason);
            state.waiters.fire_all(&mut wake);
        }
        drop(state);
        wake.wake();
        first
    }

    /// Evicts what is older than `max_age_us` at `now_us`. Publishing does so too; this is for a
    /// stream that has stopped.
    pub fn expire(&self, now_us: Micros) {
        self.shared.lock().store.expire(now_us);
    }

    /// Where a reader that joins in this way starts.
    pub fn join(&self, join: Join) -> Joined {
        self.shared.lock().store.join(join)
    }

    /// How far `position` is behind the newest chunk, exactly, evicted or not.
    ///
    /// # Errors
    /// `StaleCursor` for a position of another epoch, or one this ring has not come to.
    pub fn lag(&self, position: Position) -> Result<Lag> {
        let state = self.shared.lock();
        state.store.check(position)?;
        Ok(state.store.distance(position, state.store.head))
    }

    /// Reads from `position` without a cursor: up to `max_chunks` chunks and `max_bytes` bytes (but
    /// at least one chunk), from the oldest one on when `position` was evicted. What `batch` held
    /// is released.
    ///
    /// # Errors
    /// `StaleCursor` for a position of another epoch, or one this ring has not come to;
    /// `CapacityExceeded` when readers hold too much; `InvalidArgument` for no chunks.
    pub fn read(
        &self,
        position: Position,
        max_chunks: usize,
        max_bytes: u64,
        batch: &mut Batch,
    ) -> Result<Read> {
        if max_chunks == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, "max_chunks is 0; at least 1 is needed"));
        }
        batch.attach(&self.shared);
        let mut state = self.shared.lock();
        let (first, count) = batch.take_range();
        state.store.unpin(first, count);
        state.store.read(position, max_chunks, max_bytes, batch)
    }

    /// One consistent look at everything but the single cursors.
    pub fn snapshot(&self) -> Snapshot {
        let state = self.shared.lock();
        let store = &state.store;
        let oldest_us = store.oldest_us();
        Snapshot {
            oldest: store.tail,
            next: store.head,
            buffered: Lag {
                chunks: store.buffered_chunks(),
                bytes: store.buffered_bytes(),
                time_us: match (oldest_us, store.head.time_us) {
                    (Some(oldest_us), Some(newest_us)) => newest_us.saturating_sub(oldest_us),
                    _ => 0,
                },
            },
            random_access_points: store.access_count(),
            latest_random_access: store.latest_access(),
            held_chunks: store.held_chunks,
            held_bytes: store.held_bytes,
            evicted_held_chunks: store.retired_chunks(),
            evicted_held_bytes: store.retired_bytes,
            pooled_bytes: store.pool.bytes(),
            times_went_back: store.times_went_back,
            cursors: state.cursors.active(),
            cursors_opened: state.cursors.opened(),
            waiting: state.waiters.waiting(),
            account: state.cursors.total(),
            closed: store.closed.clone(),
        }
    }

    /// Every cursor there is, in the order in which they came.
    pub fn cursors(&self) -> Vec<CursorStatus> {
        let state = self.shared.lock();
        state.cursors.statuses(&state.store)
    }

    /// Locks the ring with room for `len` more bytes. Inlined, so that the lock is not handed over
    /// through memory.
    #[inline(always)]
    fn open_for(&self, len: usize, now_us: Micros) -> Result<MutexGuard<'_, State>> {
        if len > MAX_CHUNK_BYTES {
            return Err(too_long(len));
        }
        let mut state = self.shared.lock();
        if let Some(reason) = &state.store.closed {
            return Err(closed(reason));
        }
        if len > 0 {
            state.store.make_room(len, now_us);
        }
        Ok(state)
    }
}

impl ChunkInfo {
    fn check(&self) -> Result<()> {
        match &self.preamble {
            Some(_) if !self.random_access => Err(Error::new(
                ErrorKind::InvalidArgument,
                "preamble is given for a chunk that is no random-access point",
            )),
            Some(preamble) if preamble.len() > MAX_PREAMBLE_BYTES => Err(Error::new(
                ErrorKind::OutOfRange,
                format!("preamble of {} bytes is over the limit of {MAX_PREAMBLE_BYTES}", preamble.len()),
            )),
            _ => Ok(()),
        }
    }
}

/// Appends a chunk for which room was made, and wakes who waits once the lock is released.
fn append(mut state: MutexGuard<'_, State>, now_us: Micros, buffer: Vec<u8>, info: ChunkInfo) -> u64 {
    let sequence = state.store.append(buffer, now_us, info.random_access, info.preamble);
    if state.waiters.any_armed() {
        let mut wake = WakeList::default();
        state.waiters.fire(info.random_access, &mut wake);
        drop(state);
        wake.wake();
    }
    sequence
}

/// Copies in pieces below the size from which `memcpy` may use `rep movsb`: that is 15 times slower
/// on some x86 processors when the destination lies 1 to 63 bytes after the source within a page.
fn copy_in(buffer: &mut Vec<u8>, bytes: &[u8]) {
    for piece in bytes.chunks(2048) {
        buffer.extend_from_slice(piece);
    }
}

#[cold]
fn too_long(len: usize) -> Error {
    Error::new(ErrorKind::OutOfRange, format!("chunk of {len} bytes is over the limit of {MAX_CHUNK_BYTES}"))
}

#[cold]
fn closed(reason: &CloseReason) -> Error {
    Error::new(ErrorKind::Closed, format!("the ring was closed ({:?}): {}", reason.kind, reason.message))
}

const _: () = {
    const fn any_thread<T: Send + Sync>() {}
    any_thread::<ChunkRing>();
    any_thread::<Chunk>();
    any_thread::<Batch>();
    any_thread::<Cursor>();
    any_thread::<Canceller>();
};
