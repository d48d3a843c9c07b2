//! The latest samples of a series, with what they amount to.

use std::sync::Mutex;

use sg_core::series::{Pushed, SameTime, Window, WindowConfig};

use super::samples;
use crate::buf::output;
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::sized::{self, Output, Plain, fitted};
use crate::{sg_error, sg_sample, sg_status};

/// Same time: a second sample of one time is taken as one more.
pub const SG_SAME_TIME_KEEP: i32 = 0;
/// Same time: a second sample of one time is refused, so that a series that is sent twice counts once.
pub const SG_SAME_TIME_REJECT: i32 = 1;

/// Pushed: the sample is the newest.
pub const SG_PUSHED_IN_ORDER: i32 = 1;
/// Pushed: the sample was sorted in behind the newest.
pub const SG_PUSHED_LATE: i32 = 2;
/// Pushed: refused as too late: out of the span, further behind than allowed, or before all that a full window
/// keeps.
pub const SG_PUSHED_TOO_LATE: i32 = 3;
/// Pushed: refused, since there is one of its time, and one is enough.
pub const SG_PUSHED_REPEATED: i32 = 4;
/// Pushed: refused as NaN or infinite.
pub const SG_PUSHED_NOT_FINITE: i32 = 5;

/// The samples of the last while, bounded in time and number. In order a sample costs amortised O(1), whatever
/// is asked in between. Any number of threads may use it, in turn.
#[repr(transparent)]
pub struct sg_window(Handle<Mutex<Window>>);

/// Bounds of a window. All zero is the defaults.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_window_config {
    /// How far it reaches back from the newest time, microseconds: samples at or before the newest time less
    /// this are gone. 0 for 300 seconds.
    pub span_us: i64,
    /// How many samples it keeps; 0 for 1,000.
    pub max_samples: u64,
    /// How far behind the newest sample one may come, microseconds; with `has_late_us` only, else any.
    pub late_us: i64,
    /// What to do with a second sample of one time: `SG_SAME_TIME_...`.
    pub same_time: i32,
    /// Not 0 for no bound in time; `span_us` is not read then.
    pub no_span: u8,
    /// Not 0 when `late_us` is given.
    pub has_late_us: u8,
}

// SAFETY: numbers.
unsafe impl Plain for sg_window_config {}

impl sg_window_config {
    fn to_core(self) -> Result<WindowConfig, Fault> {
        let defaults = WindowConfig::default();
        Ok(WindowConfig {
            span_us: match (self.no_span != 0, self.span_us) {
                (true, _) => None,
                (false, 0) => defaults.span_us,
                (false, span_us) => Some(span_us),
            },
            max_samples: fitted(self.max_samples, defaults.max_samples, "max_samples")?,
            late_us: if self.has_late_us != 0 { self.late_us } else { defaults.late_us },
            same_time: match self.same_time {
                SG_SAME_TIME_KEEP => SameTime::Keep,
                SG_SAME_TIME_REJECT => SameTime::Reject,
                other => return Err(Fault::invalid(format!("same_time is {other}: expected 0 or 1"))),
            },
        })
    }
}

/// What the samples of a window amount to, and what became of all there were. What is absent is 0, and its
/// `has_` is false.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_window_state {
    /// Samples in the window; without any there is nothing up to `last`.
    pub samples: u64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The sum, right to within a rounding of the largest value in the window.
    pub sum: f64,
    /// The mean of the samples, each weighing the same.
    pub mean: f64,
    /// The oldest sample.
    pub first: sg_sample,
    /// The newest sample.
    pub last: sg_sample,
    /// From the first to the last sample, the change of value in a second.
    pub rate_per_s: f64,
    /// Samples taken so far. Only grows, as do the following.
    pub accepted: u64,
    /// Of these, sorted in behind the newest.
    pub late: u64,
    /// Refused as too late.
    pub too_late: u64,
    /// Refused as a repeat.
    pub repeated: u64,
    /// Refused as NaN or infinite.
    pub not_finite: u64,
    /// Taken and since gone from the window.
    pub evicted: u64,
    /// Whether there is a sum and a mean: not without samples, nor past the range of double.
    pub has_sum: bool,
    /// Whether there is a rate: not where no time passed from the first to the last sample.
    pub has_rate: bool,
}

impl sg_window_state {
    fn of(window: &Window) -> sg_window_state {
        let counts = window.counts();
        let sample = |found: Option<(i64, f64)>| {
            let (at_us, value) = found.unwrap_or_default();
            sg_sample { at_us, value }
        };
        sg_window_state {
            samples: window.len() as u64,
            min: window.min().unwrap_or(0.0),
            max: window.max().unwrap_or(0.0),
            sum: window.sum().unwrap_or(0.0),
            mean: window.mean().unwrap_or(0.0),
            first: sample(window.first()),
            last: sample(window.last()),
            rate_per_s: window.rate_per_s().unwrap_or(0.0),
            accepted: counts.accepted,
            late: counts.late,
            too_late: counts.too_late,
            repeated: counts.repeated,
            not_finite: counts.not_finite,
            evicted: counts.evicted,
            has_sum: window.sum().is_some(),
            has_rate: window.rate_per_s().is_some(),
        }
    }
}

/// Makes an empty window. `config_size` is `sizeof(sg_window_config)`; NULL with 0 is all zero.
/// `SG_INVALID_ARGUMENT` for a negative bound or an unknown choice. May be called from any thread.
///
/// # Safety
/// `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_window_new(
    config: *const sg_window_config,
    config_size: usize,
    out: *mut *mut sg_window,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let window = Window::new(sized::input(config, config_size, "config")?.to_core()?)?;
            out.write(Box::into_raw(Box::new(sg_window(Handle::new(Mutex::new(window))))));
            Ok(())
        })
    }
}

/// Frees a window. NULL is allowed.
///
/// # Safety
/// `window` is NULL or a window that was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_window_free(window: *mut sg_window) {
    // SAFETY: made by `sg_window_new`, `sg_window` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(window.cast::<Handle<Mutex<Window>>>()) }
}

/// Takes `n` samples one after the other: times in microseconds and, each beside its time, values. What became
/// of each is written to `out_pushed` (`SG_PUSHED_...`), an array of `n` or NULL; a sample that is refused is no
/// error. May be called from many threads at once.
///
/// # Safety
/// `window` was not freed, `times_us` and `values` point to `n` numbers each, `out_pushed` to `n` numbers or is
/// NULL, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_window_record(
    window: *const sg_window,
    times_us: *const i64,
    values: *const f64,
    n: usize,
    out_pushed: *mut i32,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out_pushed` has room for each of the samples.
    unsafe {
        guard(out_err, || {
            Output::maybe(out_pushed, "out_pushed")?;
            let (times_us, values) = samples(times_us, values, n)?;
            alive(window)?.in_turn(|window| {
                for (i, (&at_us, &value)) in times_us.iter().zip(values).enumerate() {
                    let pushed = pushed(window.push(at_us, value));
                    if !out_pushed.is_null() {
                        out_pushed.add(i).write(pushed);
                    }
                }
                Ok(())
            })
        })
    }
}

/// Time went on to `now_us` without a sample: drops what is out of the span. May be called from many threads at
/// once.
///
/// # Safety
/// `window` was not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_window_expire(
    window: *const sg_window,
    now_us: i64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            alive(window)?.in_turn(|window| {
                window.expire(now_us);
                Ok(())
            })
        })
    }
}

/// What the samples amount to, and what became of all there were. `out_size` is `sizeof(sg_window_state)`. May
/// be called from many threads at once.
///
/// # Safety
/// `window` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_window_snapshot(
    window: *const sg_window,
    out: *mut sg_window_state,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            out.write(alive(window)?.in_turn(|window| Ok(sg_window_state::of(window)))?);
            Ok(())
        })
    }
}

/// Copies the samples of the window by time to the array `out` of `capacity` samples; further ones are left
/// out. `*out_count` is how many there are in all. May be called from many threads at once.
///
/// # Safety
/// `window` was not freed, `out` points to `capacity` samples (or is NULL with 0), `out_count` to a number,
/// `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_window_samples(
    window: *const sg_window,
    out: *mut sg_sample,
    capacity: usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            alive(window)?.in_turn(|window| {
                let samples = window.samples().map(|(at_us, value)| sg_sample { at_us, value });
                sized::write_array(out, size_of::<sg_sample>(), capacity, samples)?;
                out_count.write(window.len());
                Ok(())
            })
        })
    }
}

fn pushed(pushed: Pushed) -> i32 {
    match pushed {
        Pushed::InOrder => SG_PUSHED_IN_ORDER,
        Pushed::Late => SG_PUSHED_LATE,
        Pushed::TooLate => SG_PUSHED_TOO_LATE,
        Pushed::Repeated => SG_PUSHED_REPEATED,
        Pushed::NotFinite => SG_PUSHED_NOT_FINITE,
    }
}

/// # Safety
/// `window` is NULL or a window that was not freed.
unsafe fn alive<'a>(window: *const sg_window) -> Result<&'a Handle<Mutex<Window>>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { window.as_ref() }
        .map(|window| &window.0)
        .ok_or_else(|| Fault::invalid("window is NULL".to_string()))
}
