//! Held chunks in a caller's hands.

use std::sync::Mutex;

use sg_core::ring::{Batch, Read};

use crate::buf::output;
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::ring::{sg_bytes, sg_chunk, sg_read};
use crate::{sg_error, sg_status};

/// Chunks that were read and are held: they stay valid until the batch is released, freed or used for the
/// next read. One thread at a time: others get `SG_BUSY`. May be used for any cursor and ring, and may
/// outlive them.
#[repr(transparent)]
pub struct sg_batch(Handle<Mutex<Held>>);

/// A batch, and the views that a C caller sees of it.
#[derive(Default)]
pub(super) struct Held {
    batch: Batch,
    views: Vec<sg_chunk>,
}

// SAFETY: the views point into the batch, which may be sent; nobody writes what they point to.
unsafe impl Send for Held {}

impl Held {
    /// Releases what is held, reads with `read`, and describes what came, if anything did.
    pub(super) fn fill(
        &mut self,
        read: impl FnOnce(&mut Batch) -> Result<Option<Read>, Fault>,
    ) -> Result<sg_read, Fault> {
        // Cleared first: a read that fails has released the chunks already.
        self.views.clear();
        let Some(read) = read(&mut self.batch)? else { return Ok(sg_read::pending()) };
        self.views.extend(self.batch.iter().map(|chunk| sg_chunk {
            bytes: sg_bytes::of(chunk.bytes),
            preamble: sg_bytes::of(chunk.preamble.unwrap_or_default()),
            sequence: chunk.sequence,
            time_us: chunk.time_us,
            random_access: chunk.random_access,
        }));
        Ok(sg_read::of(&read, &self.views))
    }

    fn release(&mut self) {
        self.views.clear();
        self.batch.release();
    }
}

/// Makes a batch that holds nothing yet. Make one and use it for every read of a cursor. May be called from
/// any thread.
///
/// # Safety
/// `out` points to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_batch_new(out: *mut *mut sg_batch, out_err: *mut *mut sg_error) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            out.write(Box::into_raw(Box::new(sg_batch(Handle::new(Mutex::new(Held::default()))))));
            Ok(())
        })
    }
}

/// Lets go of all chunks. Doing it again is nothing. One thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `batch` is a batch that was not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_batch_release(batch: *const sg_batch, out_err: *mut *mut sg_error) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            alive_batch(batch)?.exclusive(|held| {
                held.release();
                Ok(())
            })
        })
    }
}

/// Releases and frees a batch. NULL is allowed.
///
/// # Safety
/// `batch` is NULL or a batch that was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_batch_free(batch: *mut sg_batch) {
    // SAFETY: made by `sg_batch_new`, `sg_batch` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(batch.cast::<Handle<Mutex<Held>>>()) }
}

/// # Safety
/// `batch` is NULL or a batch that was not freed.
pub(super) unsafe fn alive_batch<'a>(batch: *const sg_batch) -> Result<&'a Handle<Mutex<Held>>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { batch.as_ref() }.map(|batch| &batch.0).ok_or_else(|| Fault::invalid("batch is NULL".to_string()))
}
