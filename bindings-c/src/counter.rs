//! Cumulative counters into deltas, and rates.

use std::sync::Mutex;

use sg_core::counter::{Counter, CounterConfig, Hint, RateMode, Step, StepKind, Value, rate};
use sg_core::{Error, ErrorKind, Interval};

use crate::buf::{output, slice};
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::sized::{self, Output, Plain};
use crate::{sg_error, sg_status};

/// A counter of integers, exact to 2^64 - 1.
pub const SG_COUNTER_U64: i32 = 0;
/// A counter of floating-point numbers, as Prometheus has them.
pub const SG_COUNTER_F64: i32 = 1;

/// Hint: nothing is known of the sample, the values decide.
pub const SG_HINT_NONE: i32 = 0;
/// Hint: the epoch changed since the sample before (a new SSRC, codec or process): the value counts from
/// zero even when it is larger than the one before.
pub const SG_HINT_BOUNDARY: i32 = 1;

/// Step: the first sample. It adds nothing, or its value when the origin is known to be zero.
pub const SG_STEP_FIRST: i32 = 1;
/// Step: the counter grew or stayed.
pub const SG_STEP_ADVANCE: i32 = 2;
/// Step: the counter passed the end of its declared width and went on from zero.
pub const SG_STEP_WRAP: i32 = 3;
/// Step: the counter fell: it restarted from zero, and its value counts in full.
pub const SG_STEP_RESET: i32 = 4;
/// Step: the caller said that the epoch changed: the value counts in full.
pub const SG_STEP_BOUNDARY: i32 = 5;
/// Step: the same time and value as the sample before: adds nothing.
pub const SG_STEP_REPEAT: i32 = 6;
/// Step: not taken and counted as such (not finite, negative, wider than declared, back in time, a second
/// value for the same time, or a total that would not fit); the counter is as it was.
pub const SG_STEP_REJECTED: i32 = 7;

/// Rate: from the first to the last sample inside the window, over the time between these two.
pub const SG_RATE_RAW: i32 = 0;
/// Rate: as Prometheus's `rate()`: extrapolated towards the ends of the window.
pub const SG_RATE_PROMETHEUS: i32 = 1;
/// Rate: from the last sample at or before the start to the last one at or before the end.
pub const SG_RATE_ANCHORED: i32 = 2;
/// Rate: the counter's value at both ends of the window, interpolated.
pub const SG_RATE_SMOOTHED: i32 = 3;

/// A counter. One thread at a time: others get `SG_BUSY`.
#[repr(transparent)]
pub struct sg_counter(Handle<Mutex<AnyCounter>>);

enum AnyCounter {
    Integer(Counter<u64>),
    Float(Counter<f64>),
}

/// How a counter reads its samples. All zero is an integer counter of unknown origin and no width.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_counter_config {
    /// `SG_COUNTER_...`
    pub kind: i32,
    /// Width of the counter in bits, 1 to 64; 0 when not declared. Only with a width can a fall be a wrap.
    pub width_bits: u32,
    /// The fastest plausible growth per second: a fall is a wrap when the wrapped step is within it. 0 when
    /// not known; then a step under a quarter of the width's range is plausible.
    pub max_per_s: f64,
    /// Not 0 when the counter is known to have started at zero within what is observed: the first sample
    /// counts in full.
    pub origin_known: u8,
}

// SAFETY: numbers.
unsafe impl Plain for sg_counter_config {}

/// What one sample added.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_step {
    /// `SG_STEP_...`
    pub kind: i32,
    /// Whether there is an interval: not for a first, a repeated and a rejected sample.
    pub has_interval: bool,
    /// What was added to the total of an integer counter; 0 for the other kind.
    pub delta_u64: u64,
    /// What was added to the total of a floating-point counter; 0 for the other kind.
    pub delta_f64: f64,
    /// Time of the sample before, microseconds.
    pub start_us: i64,
    /// Time of this sample, microseconds.
    pub end_us: i64,
}

/// What a counter has seen.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_counter_state {
    /// `SG_COUNTER_...`
    pub kind: i32,
    /// Whether there is a last sample.
    pub has_last: bool,
    /// Everything that an integer counter added; never falls. 0 for the other kind.
    pub total_u64: u64,
    /// Everything that a floating-point counter added; never falls. 0 for the other kind.
    pub total_f64: f64,
    /// Samples that restarted the counter without being announced.
    pub resets: u64,
    /// Samples that passed the end of the width.
    pub wraps: u64,
    /// Samples that began an announced epoch.
    pub boundaries: u64,
    /// Samples that were not taken.
    pub rejected: u64,
    /// Time of the last sample taken, microseconds.
    pub last_us: i64,
    /// Its value, of an integer counter.
    pub last_u64: u64,
    /// Its value, of a floating-point counter.
    pub last_f64: f64,
}

/// A sample of a counter.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_sample {
    /// When it was read, microseconds.
    pub at_us: i64,
    /// What it showed.
    pub value: f64,
}

/// An increase, and what it is divided by.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_rate {
    /// Increase per second.
    pub per_s: f64,
    /// What was added, resets accounted for.
    pub increase: f64,
    /// The seconds that `per_s` divides by; above 0.
    pub seconds: f64,
    /// Resets among the samples used.
    pub resets: u64,
}

/// Makes a counter that has seen nothing. `config_size` is `sizeof(sg_counter_config)`; NULL with 0 is all
/// zero. `SG_INVALID_ARGUMENT` for a width over 64, or a growth limit that is negative or not finite. May be
/// called from any thread.
///
/// # Safety
/// `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_counter_new(
    config: *const sg_counter_config,
    config_size: usize,
    out: *mut *mut sg_counter,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let config = sized::input(config, config_size, "config")?;
            let core = CounterConfig {
                origin_known: config.origin_known != 0,
                width_bits: (config.width_bits != 0).then_some(config.width_bits),
                max_per_s: (config.max_per_s != 0.0).then_some(config.max_per_s),
            };
            let counter = match config.kind {
                SG_COUNTER_U64 => AnyCounter::Integer(Counter::new(core)?),
                SG_COUNTER_F64 => AnyCounter::Float(Counter::new(core)?),
                other => return Err(Fault::invalid(format!("kind is {other}: expected 0 or 1"))),
            };
            out.write(Box::into_raw(Box::new(sg_counter(Handle::new(Mutex::new(counter))))));
            Ok(())
        })
    }
}

/// Frees a counter. NULL is allowed.
///
/// # Safety
/// `counter` is NULL or a counter that was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_counter_free(counter: *mut sg_counter) {
    // SAFETY: made by `sg_counter_new`, `sg_counter` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(counter.cast::<Handle<Mutex<AnyCounter>>>()) }
}

/// Takes the sample `value` at `at_us` with a `hint` (`SG_HINT_...`). `step_size` is `sizeof(sg_step)`; `out`
/// may be NULL with 0. A sample that cannot be is no error but `SG_STEP_REJECTED`. `SG_INVALID_ARGUMENT`
/// for a counter of the other kind. One thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `counter` is a counter that was not freed, `out` points to `step_size` bytes or is NULL, `out_err` to a
/// pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_counter_record_u64(
    counter: *const sg_counter,
    at_us: i64,
    value: u64,
    hint: i32,
    out: *mut sg_step,
    step_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::optional(out, step_size, "out")?;
            let hint = hint_of(hint)?;
            let step = alive(counter)?.exclusive(|counter| match counter {
                AnyCounter::Integer(counter) => Ok(counter.record(at_us, value, hint)),
                AnyCounter::Float(_) => Err(Fault::invalid("the counter is SG_COUNTER_F64".to_string())),
            })?;
            out.write(sg_step { delta_u64: step.delta, ..sg_step::of(&step) });
            Ok(())
        })
    }
}

/// As `sg_counter_record_u64` for a counter of floating-point numbers.
///
/// # Safety
/// As for `sg_counter_record_u64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_counter_record_f64(
    counter: *const sg_counter,
    at_us: i64,
    value: f64,
    hint: i32,
    out: *mut sg_step,
    step_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::optional(out, step_size, "out")?;
            let hint = hint_of(hint)?;
            let step = alive(counter)?.exclusive(|counter| match counter {
                AnyCounter::Float(counter) => Ok(counter.record(at_us, value, hint)),
                AnyCounter::Integer(_) => Err(Fault::invalid("the counter is SG_COUNTER_U64".to_string())),
            })?;
            out.write(sg_step { delta_f64: step.delta, ..sg_step::of(&step) });
            Ok(())
        })
    }
}

/// Ends the series: the next sample is a first one, of unknown origin unless configured. For a field that
/// vanished. One thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `counter` is a counter that was not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_counter_end(
    counter: *const sg_counter,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            alive(counter)?.exclusive(|counter| {
                match counter {
                    AnyCounter::Integer(counter) => counter.end(),
                    AnyCounter::Float(counter) => counter.end(),
                }
                Ok(())
            })
        })
    }
}

/// Total, last sample and what happened on the way. `out_size` is `sizeof(sg_counter_state)`. One thread at a
/// time: others get `SG_BUSY`.
///
/// # Safety
/// `counter` is a counter that was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_counter_snapshot(
    counter: *const sg_counter,
    out: *mut sg_counter_state,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            let state = alive(counter)?.exclusive(|counter| {
                Ok(match counter {
                    AnyCounter::Integer(counter) => sg_counter_state {
                        total_u64: counter.total(),
                        last_u64: counter.last().map_or(0, |last| last.1),
                        ..sg_counter_state::of(counter, SG_COUNTER_U64)
                    },
                    AnyCounter::Float(counter) => sg_counter_state {
                        total_f64: counter.total(),
                        last_f64: counter.last().map_or(0.0, |last| last.1),
                        ..sg_counter_state::of(counter, SG_COUNTER_F64)
                    },
                })
            })?;
            out.write(state);
            Ok(())
        })
    }
}

/// Increase of the counter with `n` samples over the window from `start_us` to `end_us`, both ends included,
/// by `mode` (`SG_RATE_...`). The samples are in order of time; those that are not finite, or do not come
/// after the one before, are skipped. `SG_NOT_FOUND` when there is nothing to measure: no time, or too few
/// samples. `rate_size` is `sizeof(sg_rate)`. May be called from any thread.
///
/// # Safety
/// `samples` points to `n` samples (NULL when 0), `out` to `rate_size` bytes, `out_err` to a pointer or is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_counter_rate(
    samples: *const sg_sample,
    n: usize,
    start_us: i64,
    end_us: i64,
    mode: i32,
    out: *mut sg_rate,
    rate_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, rate_size, "out")?;
            let samples: Vec<(i64, f64)> =
                slice(samples, n, "samples")?.iter().map(|sample| (sample.at_us, sample.value)).collect();
            let found = rate(&samples, Interval::new(start_us, end_us), rate_mode(mode)?)
                .ok_or_else(|| Error::new(ErrorKind::NotFound, "nothing to measure within the window"))?;
            out.write(sg_rate {
                per_s: found.per_s(),
                increase: found.increase,
                seconds: found.seconds,
                resets: found.resets,
            });
            Ok(())
        })
    }
}

impl sg_step {
    /// Everything but the delta.
    fn of<V: Value>(step: &Step<V>) -> sg_step {
        sg_step {
            kind: match step.kind {
                StepKind::First => SG_STEP_FIRST,
                StepKind::Advance => SG_STEP_ADVANCE,
                StepKind::Wrap => SG_STEP_WRAP,
                StepKind::Reset => SG_STEP_RESET,
                StepKind::Boundary => SG_STEP_BOUNDARY,
                StepKind::Repeat => SG_STEP_REPEAT,
                StepKind::Rejected => SG_STEP_REJECTED,
            },
            has_interval: step.interval.is_some(),
            delta_u64: 0,
            delta_f64: 0.0,
            start_us: step.interval.map_or(0, |interval| interval.start_us),
            end_us: step.interval.map_or(0, |interval| interval.end_us),
        }
    }
}

impl sg_counter_state {
    /// Everything but the values.
    fn of<V: Value>(counter: &Counter<V>, kind: i32) -> sg_counter_state {
        sg_counter_state {
            kind,
            has_last: counter.last().is_some(),
            total_u64: 0,
            total_f64: 0.0,
            resets: counter.resets(),
            wraps: counter.wraps(),
            boundaries: counter.boundaries(),
            rejected: counter.rejected(),
            last_us: counter.last().map_or(0, |last| last.0),
            last_u64: 0,
            last_f64: 0.0,
        }
    }
}

fn hint_of(hint: i32) -> Result<Hint, Fault> {
    match hint {
        SG_HINT_NONE => Ok(Hint::None),
        SG_HINT_BOUNDARY => Ok(Hint::Boundary),
        other => Err(Fault::invalid(format!("hint is {other}: expected 0 or 1"))),
    }
}

fn rate_mode(mode: i32) -> Result<RateMode, Fault> {
    match mode {
        SG_RATE_RAW => Ok(RateMode::Raw),
        SG_RATE_PROMETHEUS => Ok(RateMode::Prometheus),
        SG_RATE_ANCHORED => Ok(RateMode::Anchored),
        SG_RATE_SMOOTHED => Ok(RateMode::Smoothed),
        other => Err(Fault::invalid(format!("mode is {other}: expected 0 to 3"))),
    }
}

/// # Safety
/// `counter` is NULL or a counter that was not freed.
unsafe fn alive<'a>(counter: *const sg_counter) -> Result<&'a Handle<Mutex<AnyCounter>>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { counter.as_ref() }
        .map(|counter| &counter.0)
        .ok_or_else(|| Fault::invalid("counter is NULL".to_string()))
}
