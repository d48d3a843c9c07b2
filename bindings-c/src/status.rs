//! Status codes: the error table that all languages share.

use crate::sg_str;
use sg_core::ErrorKind;

/// What became of a call: `SG_OK` or one of the other `SG_` statuses. Numbers are never reused.
pub type sg_status = i32;

/// The call did what it says.
pub const SG_OK: sg_status = 0;
/// An argument has a value or a combination that makes no sense.
pub const SG_INVALID_ARGUMENT: sg_status = 1;
/// A number does not fit the range of its destination.
pub const SG_OUT_OF_RANGE: sg_status = 2;
/// A timestamp lies before one that was already taken into account.
pub const SG_TIME_WENT_BACK: sg_status = 3;
/// A stated limit was reached.
pub const SG_CAPACITY_EXCEEDED: sg_status = 4;
/// Input bytes do not follow their format.
pub const SG_MALFORMED: sg_status = 5;
/// A lease is held by somebody else, or ran out.
pub const SG_LEASE_LOST: sg_status = 6;
/// The operation does not exist for this input or build.
pub const SG_UNSUPPORTED: sg_status = 7;
/// The operating system refused.
pub const SG_IO: sg_status = 8;
/// The object was closed.
pub const SG_CLOSED: sg_status = 9;
/// A cursor comes from an earlier epoch.
pub const SG_STALE_CURSOR: sg_status = 10;
/// A reader fell behind its limit and its policy is to disconnect.
pub const SG_LAGGED: sg_status = 11;
/// No such item.
pub const SG_NOT_FOUND: sg_status = 12;
/// The same operation is already under way.
pub const SG_ALREADY_PENDING: sg_status = 13;
/// There is no source left to serve from.
pub const SG_NO_SOURCES: sg_status = 14;
/// Somebody with a higher priority took over.
pub const SG_PREEMPTED: sg_status = 15;
/// The caller cancelled.
pub const SG_CANCELLED: sg_status = 16;
/// The time limit ran out.
pub const SG_TIMED_OUT: sg_status = 17;
/// The handle is in use on another thread.
pub const SG_BUSY: sg_status = 18;
/// A defect of the library was caught during this call; the handle it used is poisoned.
pub const SG_PANIC: sg_status = 100;
/// An earlier call on this handle ended in `SG_PANIC`; it can only be freed.
pub const SG_POISONED: sg_status = 101;
/// The library met an error that its status table does not have.
pub const SG_UNKNOWN: sg_status = 102;

/// The status of a kind of error of the core.
pub(crate) fn of(kind: ErrorKind) -> sg_status {
    match kind {
        ErrorKind::InvalidArgument => SG_INVALID_ARGUMENT,
        ErrorKind::OutOfRange => SG_OUT_OF_RANGE,
        ErrorKind::TimeWentBack => SG_TIME_WENT_BACK,
        ErrorKind::CapacityExceeded => SG_CAPACITY_EXCEEDED,
        ErrorKind::Malformed => SG_MALFORMED,
        ErrorKind::LeaseLost => SG_LEASE_LOST,
        ErrorKind::Unsupported => SG_UNSUPPORTED,
        ErrorKind::Io => SG_IO,
        ErrorKind::Closed => SG_CLOSED,
        ErrorKind::StaleCursor => SG_STALE_CURSOR,
        ErrorKind::Lagged => SG_LAGGED,
        ErrorKind::NotFound => SG_NOT_FOUND,
        ErrorKind::AlreadyPending => SG_ALREADY_PENDING,
        ErrorKind::NoSources => SG_NO_SOURCES,
        ErrorKind::Preempted => SG_PREEMPTED,
        ErrorKind::Cancelled => SG_CANCELLED,
        ErrorKind::TimedOut => SG_TIMED_OUT,
        ErrorKind::Busy => SG_BUSY,
        _ => SG_UNKNOWN,
    }
}

/// The stable name of a status, for logs: `"ok"`, `"malformed"`, `"panic"`; `"unknown"` for a number
/// that is no status. Lives for ever. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn sg_status_name(status: sg_status) -> sg_str {
    sg_str::of(match status {
        SG_OK => "ok",
        SG_PANIC => "panic",
        SG_POISONED => "poisoned",
        _ => ErrorKind::ALL.into_iter().find(|k| of(*k) == status).map_or("unknown", ErrorKind::code),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_status_and_the_number_of_the_table() {
        for kind in ErrorKind::ALL {
            assert_eq!(of(kind), kind.number(), "{kind:?}");
            assert_ne!(of(kind), SG_UNKNOWN);
            // SAFETY: the text lives for ever.
            assert_eq!(unsafe { sg_status_name(of(kind)).text() }, kind.code());
        }
        for (status, name) in
            [(0, "ok"), (100, "panic"), (101, "poisoned"), (102, "unknown"), (-1, "unknown")]
        {
            // SAFETY: the text lives for ever.
            assert_eq!(unsafe { sg_status_name(status).text() }, name);
        }
    }
}
