//! Readers: held views, bytes into a caller's buffer, waits that block or call back.

use std::ffi::c_void;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use sg_core::ring::{Batch, Canceller, Cursor, Skip};
use sg_core::{Error, ErrorKind};

use crate::buf::output;
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::ring::batch::{Held, alive_batch};
use crate::ring::{
    alive, end_reason, sg_account, sg_batch, sg_cursor_config, sg_cursor_state, sg_read, sg_ring, timeout,
};
use crate::sized::{self, Output};
use crate::{sg_error, sg_status};

/// A reader of a ring. One thread at a time: others get `SG_BUSY`, also while it waits. It may outlive the
/// ring's handle.
#[repr(transparent)]
pub struct sg_cursor(Handle<Mutex<Reader>>);

/// Ends the waits of one cursor. Any number of threads may use it at once, and it may outlive the cursor.
#[repr(transparent)]
pub struct sg_canceller(Handle<Canceller>);

/// Called once there is something to read, from the thread that published, closed or cancelled, without
/// any lock held. It may use the ring, must not take long, and must not unwind.
pub type sg_wake_fn = Option<unsafe extern "C" fn(user: *mut c_void)>;

struct Reader {
    cursor: Option<Cursor>,
    rest: Rest,
}

impl Reader {
    /// The cursor, for a read of views.
    fn viewer(&mut self) -> Result<&mut Cursor, Fault> {
        if !self.rest.is_empty() {
            let message = "bytes that sg_cursor_read_into began to copy are left: copy them first";
            return Err(Fault::invalid(message.to_string()));
        }
        cursor_in(&mut self.cursor)
    }
}

fn cursor_in(cursor: &mut Option<Cursor>) -> Result<&mut Cursor, Fault> {
    cursor.as_mut().ok_or_else(|| Error::new(ErrorKind::Closed, "the cursor has left its ring").into())
}

/// What was read for `sg_cursor_read_into` and not copied yet.
#[derive(Default)]
struct Rest {
    batch: Batch,
    chunk: usize,
    offset: usize,
    read: Option<ReadInfo>,
    /// Jumps that brought no bytes yet.
    jump: Option<Skip>,
}

/// An answer without views.
struct ReadInfo(sg_read);

// SAFETY: there are no views, and the message is text that nobody writes.
unsafe impl Send for ReadInfo {}

impl Rest {
    fn is_empty(&self) -> bool {
        self.chunk >= self.batch.len()
    }

    /// Reads until there are bytes or the ring is closed.
    fn fill(&mut self, cursor: &mut Cursor, timeout: Option<Duration>) -> Result<(), Fault> {
        loop {
            let mut read = cursor.read_blocking(&mut self.batch, timeout)?;
            if let (Some(earlier), Some(skip)) = (self.jump, &mut read.skipped) {
                skip.reason = earlier.reason;
                skip.skipped += earlier.skipped;
            }
            self.jump = read.skipped.or(self.jump);
            if read.chunks > 0 || read.closed.is_some() {
                read.skipped = self.jump.take();
                self.read = Some(ReadInfo(sg_read::of(&read, &[])));
                return Ok(());
            }
        }
    }

    /// Copies what fits; releases the chunks once all is copied.
    ///
    /// # Safety
    /// `data` points to `capacity` bytes that may be written.
    unsafe fn copy(&mut self, data: *mut u8, capacity: usize) -> usize {
        let mut copied = 0;
        while let Some(chunk) = self.batch.get(self.chunk)
            && copied < capacity
        {
            let left = &chunk.bytes[self.offset..];
            let count = left.len().min(capacity - copied);
            // SAFETY: `copied + count` is at most the capacity.
            unsafe { std::ptr::copy_nonoverlapping(left.as_ptr(), data.add(copied), count) };
            copied += count;
            self.offset += count;
            if count == left.len() {
                self.chunk += 1;
                self.offset = 0;
            }
        }
        if self.is_empty() {
            self.batch.release();
            self.chunk = 0;
        }
        copied
    }
}

/// Makes a reader, also of a closed ring, which it then drains. `config_size` is
/// `sizeof(sg_cursor_config)`; NULL with 0 is a live reader that skips. `SG_CAPACITY_EXCEEDED` when the
/// ring has its `max_cursors`. May be called from any thread.
///
/// # Safety
/// `ring` is a ring that was not freed, `config` points to `config_size` bytes, `out` to a pointer,
/// `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cursor_new(
    ring: *const sg_ring,
    config: *const sg_cursor_config,
    config_size: usize,
    out: *mut *mut sg_cursor,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let config = sized::input(config, config_size, "config")?.to_core()?;
            let cursor = alive(ring)?.call(|ring| Ok(ring.cursor(config)?))?;
            let reader = Reader { cursor: Some(cursor), rest: Rest::default() };
            out.write(Box::into_raw(Box::new(sg_cursor(Handle::new(Mutex::new(reader))))));
            Ok(())
        })
    }
}

/// Leaves the ring (`SG_END_LEFT` unless the cursor had come to its end) and frees the cursor. NULL is
/// allowed.
///
/// # Safety
/// `cursor` is NULL or a cursor that was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cursor_free(cursor: *mut sg_cursor) {
    // SAFETY: made by `sg_cursor_new`, `sg_cursor` is a transparent handle; the rest is the caller's
    // promise.
    unsafe { handle::free_guarded(cursor.cast::<Handle<Mutex<Reader>>>()) }
}

/// Reads what is there as held views, without waiting. No chunks and `closed` 0: nothing new yet. What
/// `batch` held is released. `read_size` is `sizeof(sg_read)`. `SG_LAGGED` when the cursor is too slow and
/// its policy is to disconnect, also ever after; `SG_CAPACITY_EXCEEDED` when readers hold too much (the
/// cursor stays where it is); `SG_BUSY` while another thread uses `cursor` or `batch`.
///
/// # Safety
/// `cursor` and `batch` were not freed, `out` points to `read_size` bytes, `out_err` to a pointer or is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cursor_read(
    cursor: *const sg_cursor,
    batch: *const sg_batch,
    out: *mut sg_read,
    read_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        read_views(cursor, batch, out, read_size, out_err, |cursor, held| {
            held.fill(|batch| Ok(Some(cursor.read(batch)?)))
        })
    }
}

/// As `sg_cursor_read`, but when there is nothing yet, blocks until there is, for at most `timeout_us`;
/// below 0 without limit. `SG_TIMED_OUT`, and `SG_CANCELLED` after the cursor's canceller was used.
///
/// # Safety
/// As for `sg_cursor_read`; neither is freed before the call returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cursor_read_wait(
    cursor: *const sg_cursor,
    batch: *const sg_batch,
    timeout_us: i64,
    out: *mut sg_read,
    read_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        read_views(cursor, batch, out, read_size, out_err, |cursor, held| {
            held.fill(|batch| Ok(Some(cursor.read_blocking(batch, timeout(timeout_us))?)))
        })
    }
}

/// As `sg_cursor_read`, for event loops: when there is nothing yet, `out->pending` is true and `on_wake`
/// will be called with `user`, at most once, when there is something, the ring is closed or the wait is
/// cancelled; then read again. A later read of the cursor may take it back. `on_release` (may be NULL) is
/// called with `user` exactly once, when neither will be called any more: possibly before this call
/// returns, at the latest when cursor and ring are freed. `SG_CANCELLED` as for `sg_cursor_read_wait`.
///
/// # Safety
/// As for `sg_cursor_read`; `on_wake` may be called with `user` from any thread until `on_release` was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cursor_poll_read(
    cursor: *const sg_cursor,
    batch: *const sg_batch,
    on_wake: sg_wake_fn,
    on_release: sg_wake_fn,
    user: *mut c_void,
    out: *mut sg_read,
    read_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // Made first, so that `on_release` is called whatever happens.
    let waker = Waker::from(Arc::new(Callback { on_wake, on_release, user }));
    // SAFETY: the caller's promises, passed on.
    unsafe {
        read_views(cursor, batch, out, read_size, out_err, |cursor, held| {
            if on_wake.is_none() {
                return Err(Fault::invalid("on_wake is NULL".to_string()));
            }
            held.fill(|batch| match cursor.poll_read(&mut Context::from_waker(&waker), batch) {
                Poll::Ready(read) => Ok(Some(read?)),
                Poll::Pending => Ok(None),
            })
        })
    }
}

/// Copies what comes next into the `capacity` bytes at `data`, across chunks; a chunk that does not fit is
/// continued by the next call. Waits for at most `timeout_us` (below 0 without limit) when there is nothing
/// yet. `*out_len` is how many bytes were copied: 0 only when the ring is closed and everything was read.
/// `*out_read` (may be NULL with size 0) is the read that brought the bytes; a jump is named once, and the
/// wait after one begins anew. Payload only: preambles are in views. Errors as for `sg_cursor_read_wait`.
///
/// # Safety
/// `cursor` is not freed before the call returns, `data` points to `capacity` bytes that may be written,
/// `out_len` to a number, `out_read` to `read_size` bytes or is NULL, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cursor_read_into(
    cursor: *const sg_cursor,
    data: *mut u8,
    capacity: usize,
    timeout_us: i64,
    out_len: *mut usize,
    out_read: *mut sg_read,
    read_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; all outputs were checked before they are written.
    unsafe {
        guard(out_err, || {
            let out_len = output(out_len, "out_len")?;
            let out_read = Output::optional(out_read, read_size, "out_read")?;
            let data = output(data, "data")?;
            if capacity == 0 {
                return Err(Fault::invalid("capacity is 0; at least 1 is needed".to_string()));
            }
            let (len, read) = alive_cursor(cursor)?.exclusive(|reader| {
                let rest = &mut reader.rest;
                if rest.is_empty() {
                    rest.fill(cursor_in(&mut reader.cursor)?, timeout(timeout_us))?;
                }
                let read = rest.read.as_mut().map_or_else(sg_read::pending, |read| {
                    let once = read.0;
                    read.0.skip_reason = 0;
                    once
                });
                Ok((rest.copy(data, capacity), read))
            })?;
            out_len.write(len);
            out_read.write(read);
            Ok(())
        })
    }
}

/// Makes a canceller: once it is used, this cursor's waits fail with `SG_CANCELLED`, now and until another
/// canceller is made, which makes this one void. `SG_BUSY` while another thread uses the cursor.
///
/// # Safety
/// `cursor` is a cursor that was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cursor_canceller(
    cursor: *const sg_cursor,
    out: *mut *mut sg_canceller,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let canceller = alive_cursor(cursor)?
                .exclusive(|reader| cursor_in(&mut reader.cursor).map(Cursor::canceller))?;
            out.write(Box::into_raw(Box::new(sg_canceller(Handle::new(canceller)))));
            Ok(())
        })
    }
}

/// Cancels. Does nothing when the cursor is gone or has made a newer canceller. May be called from any
/// thread.
///
/// # Safety
/// `canceller` is a canceller that was not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_canceller_cancel(
    canceller: *const sg_canceller,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let canceller = canceller.as_ref().ok_or_else(|| Fault::invalid("canceller is NULL".into()))?;
            canceller.0.call(|canceller| {
                canceller.cancel();
                Ok(())
            })
        })
    }
}

/// Frees a canceller, which cancels nothing. NULL is allowed.
///
/// # Safety
/// `canceller` is NULL or a canceller that was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_canceller_free(canceller: *mut sg_canceller) {
    // SAFETY: made by `sg_cursor_canceller`, `sg_canceller` is a transparent handle; the rest is the
    // caller's promise.
    unsafe { handle::free_guarded(canceller.cast::<Handle<Canceller>>()) }
}

/// Where the cursor is, how far behind, and what it did. `out_size` is `sizeof(sg_cursor_state)`.
/// `SG_BUSY` while another thread uses the cursor: `sg_ring_cursors` then tells the same.
///
/// # Safety
/// `cursor` is a cursor that was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cursor_status(
    cursor: *const sg_cursor,
    out: *mut sg_cursor_state,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            let status = alive_cursor(cursor)?
                .exclusive(|reader| cursor_in(&mut reader.cursor).map(|cursor| cursor.status()))?;
            out.write(sg_cursor_state::of(&status));
            Ok(())
        })
    }
}

/// Puts a write that was blocked for `blocked_us` into the account, and whether (not 0) it ran out of time.
/// `SG_BUSY` while another thread uses the cursor.
///
/// # Safety
/// `cursor` is a cursor that was not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cursor_record_blocked_write(
    cursor: *const sg_cursor,
    blocked_us: u64,
    timed_out: u8,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            alive_cursor(cursor)?.exclusive(|reader| {
                cursor_in(&mut reader.cursor)?.record_blocked_write(blocked_us, timed_out != 0);
                Ok(())
            })
        })
    }
}

/// Leaves the ring and gives the final account. `reason` (`SG_END_...`) counts unless the cursor had come
/// to its end already (drained or lagged). Later calls on the cursor, which is still to be freed, give
/// `SG_CLOSED`. `out_size` is `sizeof(sg_account)`; `out` may be NULL with 0. `SG_BUSY` while another
/// thread uses the cursor.
///
/// # Safety
/// `cursor` is a cursor that was not freed, `out` points to `out_size` bytes or is NULL, `out_err` to a
/// pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cursor_finish(
    cursor: *const sg_cursor,
    reason: i32,
    out: *mut sg_account,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::optional(out, out_size, "out")?;
            let reason = end_reason(reason)?;
            let account = alive_cursor(cursor)?.exclusive(|reader| {
                cursor_in(&mut reader.cursor)?;
                reader.rest = Rest::default();
                Ok(reader.cursor.take().map(|cursor| cursor.finish(reason)).unwrap_or_default())
            })?;
            out.write(sg_account::of(&account));
            Ok(())
        })
    }
}

/// A read of held views, by `read`.
///
/// # Safety
/// As for [`sg_cursor_read`].
unsafe fn read_views(
    cursor: *const sg_cursor,
    batch: *const sg_batch,
    out: *mut sg_read,
    read_size: usize,
    out_err: *mut *mut sg_error,
    read: impl FnOnce(&mut Cursor, &mut Held) -> Result<sg_read, Fault>,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, read_size, "out")?;
            let (cursor, batch) = (alive_cursor(cursor)?, alive_batch(batch)?);
            let read = cursor.exclusive(|reader| batch.exclusive(|held| read(reader.viewer()?, held)))?;
            out.write(read);
            Ok(())
        })
    }
}

/// # Safety
/// `cursor` is NULL or a cursor that was not freed.
unsafe fn alive_cursor<'a>(cursor: *const sg_cursor) -> Result<&'a Handle<Mutex<Reader>>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { cursor.as_ref() }
        .map(|cursor| &cursor.0)
        .ok_or_else(|| Fault::invalid("cursor is NULL".to_string()))
}

/// A caller's function as a waker; dropped when nobody can call it any more.
struct Callback {
    on_wake: sg_wake_fn,
    on_release: sg_wake_fn,
    user: *mut c_void,
}

// SAFETY: the caller allows calls with `user` from any thread.
unsafe impl Send for Callback {}
// SAFETY: as above.
unsafe impl Sync for Callback {}

impl Wake for Callback {
    fn wake(self: Arc<Self>) {
        if let Some(on_wake) = self.on_wake {
            // SAFETY: `user` is good until `on_release`, which comes when this is dropped.
            unsafe { on_wake(self.user) }
        }
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        if let Some(on_release) = self.on_release {
            // SAFETY: the last call with `user`.
            unsafe { on_release(self.user) }
        }
    }
}

// A handle may move between threads, and its lock lets one of them in at a time.
const _: () = {
    const fn sent<T: Send>() {}
    const fn shared<T: Send + Sync>() {}
    sent::<Reader>();
    sent::<Held>();
    shared::<Canceller>();
    shared::<sg_core::ring::ChunkRing>();
};
