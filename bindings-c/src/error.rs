//! The error object behind `sg_error **out_err`.

use crate::guard::Fault;
use crate::{SG_OK, sg_status, sg_str};

/// An error: a status for programs and a sentence for people. One thread at a time.
pub struct sg_error(pub(crate) Fault);

/// The status that the failed call returned; `SG_OK` for NULL.
///
/// # Safety
/// `error` is NULL or an error that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_error_status(error: *const sg_error) -> sg_status {
    // SAFETY: NULL or alive, see above.
    unsafe { error.as_ref() }.map_or(SG_OK, |e| e.0.status)
}

/// The sentence, with file and line where they are known; lives as long as the error. Empty for NULL.
///
/// # Safety
/// `error` is NULL or an error that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_error_message(error: *const sg_error) -> sg_str {
    // SAFETY: NULL or alive, see above.
    unsafe { error.as_ref() }.map_or(EMPTY, |e| sg_str::of(&e.0.message))
}

/// The input file that the error speaks of; empty where none is known. Lives as long as the error.
///
/// # Safety
/// `error` is NULL or an error that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_error_file(error: *const sg_error) -> sg_str {
    // SAFETY: NULL or alive, see above.
    unsafe { error.as_ref() }.and_then(|e| e.0.file.as_deref()).map_or(EMPTY, sg_str::of)
}

/// The line of that file, counted from 1; 0 where none is known.
///
/// # Safety
/// `error` is NULL or an error that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_error_line(error: *const sg_error) -> u64 {
    // SAFETY: NULL or alive, see above.
    unsafe { error.as_ref() }.and_then(|e| e.0.line).unwrap_or(0)
}

/// Frees an error. NULL is allowed.
///
/// # Safety
/// `error` is NULL or an error that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_error_free(error: *mut sg_error) {
    if !error.is_null() {
        // SAFETY: made by Box::into_raw in `guard`.
        drop(unsafe { Box::from_raw(error) });
    }
}

const EMPTY: sg_str = sg_str { data: std::ptr::null(), len: 0 };
