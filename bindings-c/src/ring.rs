//! The chunk ring: one live stream to many readers.

mod batch;
mod cursor;
mod structs;

use std::ffi::c_char;

pub use batch::*;
pub use cursor::*;
use sg_core::ring::{ChunkInfo, ChunkRing, CloseReason};
pub use structs::*;

use crate::buf::{output, slice, text};
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::sized::{self, Output};
use crate::{sg_error, sg_status};

/// A bounded ring of chunks. Any number of threads may use it at once, but freeing it must wait for all of
/// them. Its cursors and batches may outlive it.
#[repr(transparent)]
pub struct sg_ring(Handle<ChunkRing>);

/// Makes an empty ring. `config_size` is `sizeof(sg_ring_config)`. `SG_INVALID_ARGUMENT` for a bound below
/// 1. May be called from any thread.
///
/// # Safety
/// `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_ring_new(
    config: *const sg_ring_config,
    config_size: usize,
    out: *mut *mut sg_ring,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let config = sized::input(config, config_size, "config")?;
            let ring = ChunkRing::new(config.to_core()?)?;
            out.write(Box::into_raw(Box::new(sg_ring(Handle::new(ring)))));
            Ok(())
        })
    }
}

/// Frees the handle; cursors and batches stay good. The ring is not closed by it: readers that wait go on
/// waiting. NULL is allowed.
///
/// # Safety
/// `ring` is NULL or a ring that was not freed, and no other thread uses the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_ring_free(ring: *mut sg_ring) {
    // SAFETY: made by `sg_ring_new`, `sg_ring` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(ring.cast::<Handle<ChunkRing>>()) }
}

/// Copies `len` bytes into the ring as one chunk, evicts what is over the bounds and wakes who waits.
/// `*out_sequence` (may be NULL) is the number of the chunk, or `SG_NO_SEQUENCE` for no bytes, which are no
/// chunk. A time before that of the last chunk is taken to be the same, and counted. `SG_CLOSED` after
/// `sg_ring_close`. May be called from many threads at once.
///
/// # Safety
/// `ring` is a ring that was not freed, `data` points to `len` bytes, `out_sequence` to a number or is
/// NULL, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_ring_publish(
    ring: *const sg_ring,
    now_us: i64,
    data: *const u8,
    len: usize,
    out_sequence: *mut u64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let bytes = slice(data, len, "data")?;
            let out = Output::maybe(out_sequence, "out_sequence")?;
            let sequence = alive(ring)?.call(|ring| Ok(ring.publish(now_us, bytes)?))?;
            out.write(sequence.unwrap_or(SG_NO_SEQUENCE));
            Ok(())
        })
    }
}

/// As `sg_ring_publish`, and says what the chunk is. `info_size` is `sizeof(sg_chunk_info)`.
/// `SG_INVALID_ARGUMENT` for a preamble without random access, `SG_OUT_OF_RANGE` for one over 64 KiB.
///
/// # Safety
/// As for `sg_ring_publish`; `info` points to `info_size` bytes, its preamble to as many as it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_ring_publish_with(
    ring: *const sg_ring,
    now_us: i64,
    data: *const u8,
    len: usize,
    info: *const sg_chunk_info,
    info_size: usize,
    out_sequence: *mut u64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let bytes = slice(data, len, "data")?;
            let out = Output::maybe(out_sequence, "out_sequence")?;
            let info = sized::input(info, info_size, "info")?;
            let preamble = slice(info.preamble.data, info.preamble.len, "preamble")?;
            let info = ChunkInfo {
                random_access: info.random_access != 0,
                preamble: (!preamble.is_empty()).then(|| preamble.into()),
            };
            let sequence = alive(ring)?.call(|ring| Ok(ring.publish_with(now_us, bytes, info)?))?;
            out.write(sequence.unwrap_or(SG_NO_SEQUENCE));
            Ok(())
        })
    }
}

/// Copies `count` chunks in under one lock and wakes readers once; empty ones are left out. `*out_added`
/// (may be NULL) is how many were added. Errors as for `sg_ring_publish`. May be called from many threads
/// at once.
///
/// # Safety
/// `ring` is a ring that was not freed, `chunks` points to `count` slices of bytes that are there,
/// `out_added` to a number or is NULL, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_ring_publish_batch(
    ring: *const sg_ring,
    now_us: i64,
    chunks: *const sg_bytes,
    count: usize,
    out_added: *mut u64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let out = Output::maybe(out_added, "out_added")?;
            let chunks = slice(chunks, count, "chunks")?
                .iter()
                .map(|chunk| slice(chunk.data, chunk.len, "chunk"))
                .collect::<Result<Vec<&[u8]>, Fault>>()?;
            let added = alive(ring)?.call(|ring| Ok(ring.publish_batch(now_us, &chunks)?))?;
            out.write(added as u64);
            Ok(())
        })
    }
}

/// Ends publishing. Readers see `kind` (`SG_CLOSE_...`) and `message` (UTF-8, may be empty) once they have
/// read what is left. Only the first call counts: `*out_first` (may be NULL) says whether this was it. May
/// be called from any thread.
///
/// # Safety
/// `ring` is a ring that was not freed, `message` points to `message_len` bytes, `out_first` to a bool or
/// is NULL, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_ring_close(
    ring: *const sg_ring,
    kind: i32,
    message: *const c_char,
    message_len: usize,
    out_first: *mut bool,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let out = Output::maybe(out_first, "out_first")?;
            let reason = CloseReason::new(close_kind(kind)?, text(message, message_len, "message")?);
            let first = alive(ring)?.call(|ring| Ok(ring.close(reason)))?;
            out.write(first);
            Ok(())
        })
    }
}

/// Evicts what is older than `max_age_us` at `now_us`. Publishing does so too; this is for a stream that
/// has stopped. May be called from any thread.
///
/// # Safety
/// `ring` is a ring that was not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_ring_expire(
    ring: *const sg_ring,
    now_us: i64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            alive(ring)?.call(|ring| {
                ring.expire(now_us);
                Ok(())
            })
        })
    }
}

/// Where a reader that joins with `mode` (`SG_JOIN_...`) and `amount` starts, and in `*out_satisfied` (may
/// be NULL) whether the ring had what was asked for. May be called from any thread.
///
/// # Safety
/// `ring` is a ring that was not freed, `out` points to a position, `out_satisfied` to a bool or is NULL,
/// `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_ring_join(
    ring: *const sg_ring,
    mode: i32,
    amount: i64,
    out: *mut sg_position,
    out_satisfied: *mut bool,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let satisfied = Output::maybe(out_satisfied, "out_satisfied")?;
            let join = join(mode, amount)?;
            let joined = alive(ring)?.call(|ring| Ok(ring.join(join)))?;
            out.write(sg_position::of(joined.position));
            satisfied.write(joined.satisfied);
            Ok(())
        })
    }
}

/// How far `position` is behind the newest chunk, exactly, evicted or not. `SG_STALE_CURSOR` for a position
/// of another epoch, or one this ring has not come to. May be called from any thread.
///
/// # Safety
/// `ring` is a ring that was not freed, `position` points to a position, `out` to a lag, `out_err` to a
/// pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_ring_lag(
    ring: *const sg_ring,
    position: *const sg_position,
    out: *mut sg_lag,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let position = position_at(position)?;
            out.write(sg_lag::of(alive(ring)?.call(|ring| Ok(ring.lag(position)?))?));
            Ok(())
        })
    }
}

/// Reads from `position` without a cursor and without waiting: up to `max_chunks` chunks and `max_bytes`
/// bytes (but at least one chunk), from the oldest one on when `position` was evicted. What `batch` held is
/// released. `read_size` is `sizeof(sg_read)`. `SG_STALE_CURSOR` for a position of another epoch, or one
/// this ring has not come to; `SG_CAPACITY_EXCEEDED` when readers hold too much; `SG_BUSY` while another
/// thread uses `batch`. May be called from many threads at once.
///
/// # Safety
/// `ring` and `batch` were not freed, `position` points to a position, `out` to `read_size` bytes,
/// `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_ring_read(
    ring: *const sg_ring,
    position: *const sg_position,
    max_chunks: u64,
    max_bytes: u64,
    batch: *const sg_batch,
    out: *mut sg_read,
    read_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, read_size, "out")?;
            let position = position_at(position)?;
            let max_chunks = usize::try_from(max_chunks).unwrap_or(usize::MAX);
            let (ring, batch) = (alive(ring)?, alive_batch(batch)?);
            let read = batch.exclusive(|held| {
                held.fill(|batch| {
                    ring.call(|ring| Ok(Some(ring.read(position, max_chunks, max_bytes, batch)?)))
                })
            })?;
            out.write(read);
            Ok(())
        })
    }
}

/// Blocks until there is something at `position` (such as `next` of a read) or the ring is closed, for at
/// most `timeout_us`; below 0 without limit. `SG_TIMED_OUT`; `SG_STALE_CURSOR` as for `sg_ring_lag`. May be
/// called from many threads at once.
///
/// # Safety
/// `ring` is a ring that is not freed before the call returns, `position` points to a position, `out_err`
/// to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_ring_wait(
    ring: *const sg_ring,
    position: *const sg_position,
    timeout_us: i64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let position = position_at(position)?;
            alive(ring)?.call(|ring| Ok(ring.wait(position, timeout(timeout_us))?))
        })
    }
}

/// One consistent look at everything but the single cursors. `out_size` is `sizeof(sg_ring_state)`. May be
/// called from any thread.
///
/// # Safety
/// `ring` is a ring that was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_ring_snapshot(
    ring: *const sg_ring,
    out: *mut sg_ring_state,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            out.write(alive(ring)?.call(|ring| Ok(sg_ring_state::of(&ring.snapshot())))?);
            Ok(())
        })
    }
}

/// Writes the state of every cursor, in the order in which they came, to the array `out` of `capacity`
/// elements of `state_size` (`sizeof(sg_cursor_state)`) bytes. `*out_count` is how many cursors there are;
/// those beyond the capacity are left out. May be called from any thread.
///
/// # Safety
/// `ring` is a ring that was not freed, `out` points to `capacity` times `state_size` bytes (or is NULL
/// with capacity 0), `out_count` to a number, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_ring_cursors(
    ring: *const sg_ring,
    out: *mut sg_cursor_state,
    state_size: usize,
    capacity: usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            let states = alive(ring)?.call(|ring| Ok(ring.cursors()))?;
            sized::write_array(out, state_size, capacity, states.iter().map(sg_cursor_state::of))?;
            out_count.write(states.len());
            Ok(())
        })
    }
}

/// # Safety
/// `ring` is NULL or a ring that was not freed.
unsafe fn alive<'a>(ring: *const sg_ring) -> Result<&'a Handle<ChunkRing>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { ring.as_ref() }.map(|ring| &ring.0).ok_or_else(|| Fault::invalid("ring is NULL".to_string()))
}

/// # Safety
/// `position` is NULL or points to a position.
unsafe fn position_at(position: *const sg_position) -> Result<sg_core::ring::Position, Fault> {
    // SAFETY: the caller's promise; a slice of one is checked for NULL and alignment.
    Ok(unsafe { slice(position, 1, "position") }?[0].to_core())
}

fn timeout(timeout_us: i64) -> Option<std::time::Duration> {
    u64::try_from(timeout_us).ok().map(std::time::Duration::from_micros)
}
