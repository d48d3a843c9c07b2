//! The wall between Rust and C: no error and no panic crosses it except as a status.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{SG_INVALID_ARGUMENT, SG_OK, SG_PANIC, SG_POISONED, sg_error, sg_status, status};

/// Why a call failed.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) status: sg_status,
    pub(crate) message: String,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u64>,
}

impl Fault {
    fn new(status: sg_status, message: String) -> Fault {
        Fault { status, message, file: None, line: None }
    }

    pub(crate) fn invalid(message: String) -> Fault {
        Fault::new(SG_INVALID_ARGUMENT, message)
    }

    pub(crate) fn poisoned() -> Fault {
        Fault::new(SG_POISONED, "an earlier call on this handle panicked; it can only be freed".to_string())
    }

    fn panic(payload: &(dyn Any + Send)) -> Fault {
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        Fault::new(SG_PANIC, format!("panic in the library: {text}"))
    }
}

impl From<sg_core::Error> for Fault {
    fn from(error: sg_core::Error) -> Fault {
        Fault {
            status: status::of(error.kind()),
            message: error.to_string(),
            file: error.file().map(str::to_string),
            line: error.line(),
        }
    }
}

/// Runs the body of an exported function. `*out_err` becomes NULL, or on failure the error.
///
/// # Safety
/// `out_err` is NULL or points to a pointer that may be written.
pub(crate) unsafe fn guard(
    out_err: *mut *mut sg_error,
    body: impl FnOnce() -> Result<(), Fault>,
) -> sg_status {
    // SAFETY: the caller's promise.
    let mut out_err = unsafe { out_err.as_mut() };
    if let Some(slot) = &mut out_err {
        **slot = std::ptr::null_mut();
    }
    // A handle that was seen in a torn state is poisoned by `Handle::call`, nothing else is shared.
    let fault = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return SG_OK,
        Ok(Err(fault)) => fault,
        Err(payload) => {
            let fault = Fault::panic(payload.as_ref());
            // Dropping a payload may itself panic; what that leaves is small, so it is left.
            if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                std::mem::forget(again);
            }
            fault
        }
    };
    let status = fault.status;
    if let Some(slot) = out_err {
        *slot = Box::into_raw(Box::new(sg_error(fault)));
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{sg_error_file, sg_error_free, sg_error_line, sg_error_message, sg_error_status};

    #[test]
    fn panics_and_errors_become_statuses() {
        let mut error = std::ptr::null_mut();
        // SAFETY: `error` is a local; what is read was just written, and freed once.
        unsafe {
            assert_eq!(guard(&mut error, || panic!("broken {}", 7)), SG_PANIC);
            assert_eq!(sg_error_status(error), SG_PANIC);
            assert_eq!(sg_error_message(error).text(), "panic in the library: broken 7");
            sg_error_free(error);

            let core =
                sg_core::Error::new(sg_core::ErrorKind::Malformed, "no").in_file("prom.tsv").at_line(3);
            assert_eq!(guard(&mut error, || Err(core.into())), crate::SG_MALFORMED);
            assert_eq!(sg_error_message(error).text(), "prom.tsv:3: no");
            assert_eq!(sg_error_file(error).text(), "prom.tsv");
            assert_eq!(sg_error_line(error), 3);
            sg_error_free(error);

            assert_eq!(guard(&mut error, || Ok(())), SG_OK);
            assert!(error.is_null());
            assert_eq!(guard(std::ptr::null_mut(), || Err(Fault::poisoned())), SG_POISONED);
        }
    }
}
