//! Audiences: who watches, what they get, and what it costs.

mod cdn;
mod streams;
mod structs;
mod summary;

use std::ffi::c_char;
use std::sync::Mutex;

pub use cdn::*;
use sg_core::audience::{Audience, Joined};
use sg_core::{Error, ErrorKind, Interval};
pub use streams::*;
pub use structs::*;
pub use summary::*;

use crate::buf::{output, text};
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::sized::{self, Output};
use crate::{sg_buf, sg_error, sg_status};

/// The viewers of one stream, or of whatever shares an audience. Events may come more than once and out of order:
/// a second join of one viewer is a reconnect, an event of a viewer who is not there is counted and does nothing.
/// Any number of threads may use it, in turn.
#[repr(transparent)]
pub struct sg_audience(Handle<Mutex<Audience>>);

/// Makes an audience of nobody yet. `config_size` is `sizeof(sg_audience_config)`; NULL with 0 is all zero.
/// `SG_INVALID_ARGUMENT` for a negative time, or a relative error out of its range. May be called from any thread.
///
/// # Safety
/// `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_new(
    config: *const sg_audience_config,
    config_size: usize,
    out: *mut *mut sg_audience,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let audience = Audience::new(sized::input(config, config_size, "config")?.to_core()?)?;
            out.write(Box::into_raw(Box::new(sg_audience(Handle::new(Mutex::new(audience))))));
            Ok(())
        })
    }
}

/// Frees an audience; summaries stay good. NULL is allowed.
///
/// # Safety
/// `audience` is NULL or an audience that was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_free(audience: *mut sg_audience) {
    // SAFETY: made by `sg_audience_new`, `sg_audience` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(audience.cast::<Handle<Mutex<Audience>>>()) }
}

/// The viewer `viewer` (UTF-8) begins to watch at `at_us`, or its connection does again. `info` replaces what was
/// told of it before, NULL with 0 leaves it; `info_size` is `sizeof(sg_viewer_info)`. `*out_joined` (may be NULL)
/// says which it was (`SG_JOINED_...`). `SG_CAPACITY_EXCEEDED` when there is no room for one more, which is
/// counted. May be called from many threads at once.
///
/// # Safety
/// `audience` was not freed, `viewer` points to `viewer_len` bytes, `info` to `info_size` bytes, its texts to as
/// many as they say, `out_joined` to a number or is NULL, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_join(
    audience: *const sg_audience,
    viewer: *const c_char,
    viewer_len: usize,
    at_us: i64,
    info: *const sg_viewer_info,
    info_size: usize,
    out_joined: *mut i32,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::maybe(out_joined, "out_joined")?;
            let viewer = text(viewer, viewer_len, "viewer")?;
            let given = sized::input(info, info_size, "info")?;
            let info = if info.is_null() { None } else { Some(given.to_core()?) };
            let joined = alive(audience)?.in_turn(|audience| Ok(audience.join(viewer, at_us, info)?))?;
            out.write(match joined {
                Joined::New => SG_JOINED_NEW,
                Joined::Reconnected => SG_JOINED_RECONNECTED,
            });
            Ok(())
        })
    }
}

/// A viewer stops watching. `*out_found` (may be NULL) is false when it was not there, which is counted. May be
/// called from many threads at once.
///
/// # Safety
/// `audience` was not freed, `viewer` points to `viewer_len` bytes, `out_found` to a bool or is NULL, `out_err` to
/// a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_leave(
    audience: *const sg_audience,
    viewer: *const c_char,
    viewer_len: usize,
    at_us: i64,
    out_found: *mut bool,
    out_err: *mut *mut sg_error,
) -> sg_status {
    let leave = |audience: &mut Audience, viewer: &str| audience.leave(viewer, at_us);
    // SAFETY: the caller's promises, passed on.
    unsafe { event(audience, viewer, viewer_len, out_found, out_err, leave) }
}

/// A viewer is still there. `*out_found` as for `sg_audience_leave`.
///
/// # Safety
/// As for `sg_audience_leave`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_heartbeat(
    audience: *const sg_audience,
    viewer: *const c_char,
    viewer_len: usize,
    at_us: i64,
    out_found: *mut bool,
    out_err: *mut *mut sg_error,
) -> sg_status {
    let heartbeat = |audience: &mut Audience, viewer: &str| audience.heartbeat(viewer, at_us);
    // SAFETY: the caller's promises, passed on.
    unsafe { event(audience, viewer, viewer_len, out_found, out_err, heartbeat) }
}

/// The first picture of a view is shown; later ones change nothing. `*out_found` as for `sg_audience_leave`.
///
/// # Safety
/// As for `sg_audience_leave`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_started(
    audience: *const sg_audience,
    viewer: *const c_char,
    viewer_len: usize,
    at_us: i64,
    out_found: *mut bool,
    out_err: *mut *mut sg_error,
) -> sg_status {
    let started = |audience: &mut Audience, viewer: &str| audience.started(viewer, at_us);
    // SAFETY: the caller's promises, passed on.
    unsafe { event(audience, viewer, viewer_len, out_found, out_err, started) }
}

/// Playing stalls from here on; a second time before it goes on is the same stall. `*out_found` as for
/// `sg_audience_leave`.
///
/// # Safety
/// As for `sg_audience_leave`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_rebuffer_begins(
    audience: *const sg_audience,
    viewer: *const c_char,
    viewer_len: usize,
    at_us: i64,
    out_found: *mut bool,
    out_err: *mut *mut sg_error,
) -> sg_status {
    let begins = |audience: &mut Audience, viewer: &str| audience.rebuffer_begins(viewer, at_us);
    // SAFETY: the caller's promises, passed on.
    unsafe { event(audience, viewer, viewer_len, out_found, out_err, begins) }
}

/// Playing goes on. `*out_found` as for `sg_audience_leave`.
///
/// # Safety
/// As for `sg_audience_leave`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_rebuffer_ends(
    audience: *const sg_audience,
    viewer: *const c_char,
    viewer_len: usize,
    at_us: i64,
    out_found: *mut bool,
    out_err: *mut *mut sg_error,
) -> sg_status {
    let ends = |audience: &mut Audience, viewer: &str| audience.rebuffer_ends(viewer, at_us);
    // SAFETY: the caller's promises, passed on.
    unsafe { event(audience, viewer, viewer_len, out_found, out_err, ends) }
}

/// Playing stalled for `duration_us` and goes on. `*out_found` as for `sg_audience_leave`.
///
/// # Safety
/// As for `sg_audience_leave`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_rebuffered(
    audience: *const sg_audience,
    viewer: *const c_char,
    viewer_len: usize,
    at_us: i64,
    duration_us: u64,
    out_found: *mut bool,
    out_err: *mut *mut sg_error,
) -> sg_status {
    let rebuffered = |audience: &mut Audience, viewer: &str| audience.rebuffered(viewer, at_us, duration_us);
    // SAFETY: the caller's promises, passed on.
    unsafe { event(audience, viewer, viewer_len, out_found, out_err, rebuffered) }
}

/// A viewer gets `bitrate_bps` bits per second from here on. `*out_found` as for `sg_audience_leave`.
///
/// # Safety
/// As for `sg_audience_leave`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_bitrate(
    audience: *const sg_audience,
    viewer: *const c_char,
    viewer_len: usize,
    at_us: i64,
    bitrate_bps: u64,
    out_found: *mut bool,
    out_err: *mut *mut sg_error,
) -> sg_status {
    let bitrate = |audience: &mut Audience, viewer: &str| audience.bitrate(viewer, at_us, bitrate_bps);
    // SAFETY: the caller's promises, passed on.
    unsafe { event(audience, viewer, viewer_len, out_found, out_err, bitrate) }
}

/// Time is `now_us`: who was not heard of for too long has left, and who left long ago is forgotten. Every event
/// does the same. May be called from many threads at once.
///
/// # Safety
/// `audience` was not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_handle_time(
    audience: *const sg_audience,
    now_us: i64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            alive(audience)?.in_turn(|audience| {
                audience.handle_time(now_us);
                Ok(())
            })
        })
    }
}

/// Makes a summary of everything up to `now_us`, which is not before any event. May be called from many threads at
/// once.
///
/// # Safety
/// `audience` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_summarize(
    audience: *const sg_audience,
    now_us: i64,
    out: *mut *mut sg_audience_summary,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let summary = alive(audience)?.in_turn(|audience| Ok(audience.summary(now_us)))?;
            out.write(sg_audience_summary::boxed(summary));
            Ok(())
        })
    }
}

/// One viewer up to `now_us`. `out_size` is `sizeof(sg_viewer_stats)`; what was told of it goes to `*out_location`
/// and `*out_user_agent` (may be NULL), empty where nothing was. `SG_NOT_FOUND` when it is not, or no longer, known.
/// May be called from many threads at once.
///
/// # Safety
/// `audience` was not freed, `viewer` points to `viewer_len` bytes, `out` to `out_size` bytes, `out_location` and
/// `out_user_agent` to a buffer each or are NULL, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_viewer(
    audience: *const sg_audience,
    viewer: *const c_char,
    viewer_len: usize,
    now_us: i64,
    out: *mut sg_viewer_stats,
    out_size: usize,
    out_location: *mut sg_buf,
    out_user_agent: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each place was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            let out_location = wanted(out_location, "out_location")?;
            let out_user_agent = wanted(out_user_agent, "out_user_agent")?;
            let viewer = text(viewer, viewer_len, "viewer")?;
            let stats = alive(audience)?
                .in_turn(|audience| Ok(audience.viewer(viewer, now_us)))?
                .ok_or_else(|| Error::new(ErrorKind::NotFound, "no such viewer"))?;
            out.write(sg_viewer_stats::of(&stats));
            for (out, told) in [(out_location, stats.info.location), (out_user_agent, stats.info.user_agent)]
            {
                if let Some(out) = out {
                    out.write(sg_buf::of(told.unwrap_or_default().into_bytes()));
                }
            }
            Ok(())
        })
    }
}

/// How many watched from `start_us` to `end_us`, as far back as changes are kept: the interval of the result says
/// how far. `out_size` is `sizeof(sg_concurrency)`. `SG_NOT_FOUND` where nothing is kept. May be called from many
/// threads at once.
///
/// # Safety
/// `audience` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_concurrency(
    audience: *const sg_audience,
    start_us: i64,
    end_us: i64,
    out: *mut sg_concurrency,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            let found = alive(audience)?
                .in_turn(|audience| Ok(audience.concurrency(Interval::new(start_us, end_us))))?
                .ok_or_else(|| Error::new(ErrorKind::NotFound, "nothing is kept of this interval"))?;
            out.write(sg_concurrency::of(&found));
            Ok(())
        })
    }
}

/// Copies the changes of concurrency that are kept, by time, to the array `out` of `capacity` steps; further ones
/// are left out. `*out_count` is how many there are in all. May be called from many threads at once.
///
/// # Safety
/// `audience` was not freed, `out` points to `capacity` steps (or is NULL with 0), `out_count` to a number,
/// `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_steps(
    audience: *const sg_audience,
    out: *mut sg_concurrency_step,
    capacity: usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            alive(audience)?.in_turn(|audience| {
                let steps = audience.steps().map(|(at_us, viewers)| sg_concurrency_step { at_us, viewers });
                sized::write_array(out, size_of::<sg_concurrency_step>(), capacity, steps)?;
                out_count.write(audience.steps().count());
                Ok(())
            })
        })
    }
}

/// What an audience keeps. `out_size` is `sizeof(sg_audience_state)`. May be called from many threads at once.
///
/// # Safety
/// `audience` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_status(
    audience: *const sg_audience,
    out: *mut sg_audience_state,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            let viewers = alive(audience)?.in_turn(|audience| Ok(audience.len() as u64))?;
            out.write(sg_audience_state { viewers });
            Ok(())
        })
    }
}

/// An event of a viewer; whether it was there.
///
/// # Safety
/// As for `sg_audience_leave`.
unsafe fn event(
    audience: *const sg_audience,
    viewer: *const c_char,
    viewer_len: usize,
    out_found: *mut bool,
    out_err: *mut *mut sg_error,
    event: impl FnOnce(&mut Audience, &str) -> bool,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::maybe(out_found, "out_found")?;
            let viewer = text(viewer, viewer_len, "viewer")?;
            out.write(alive(audience)?.in_turn(|audience| Ok(event(audience, viewer)))?);
            Ok(())
        })
    }
}

/// A place that may be left out as NULL.
///
/// # Safety
/// `out` is NULL or points to a `T` that may be written.
unsafe fn wanted<T>(out: *mut T, name: &str) -> Result<Option<*mut T>, Fault> {
    // SAFETY: the caller's promise.
    if out.is_null() { Ok(None) } else { unsafe { output(out, name) }.map(Some) }
}

/// # Safety
/// `audience` is NULL or an audience that was not freed.
unsafe fn alive<'a>(audience: *const sg_audience) -> Result<&'a Handle<Mutex<Audience>>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { audience.as_ref() }
        .map(|audience| &audience.0)
        .ok_or_else(|| Fault::invalid("audience is NULL".to_string()))
}

// Many threads may use one, in turn.
const _: () = {
    const fn movable<T: Send>() {}
    movable::<Audience>();
};
