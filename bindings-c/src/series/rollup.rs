//! Buckets of a series at several resolutions in one pass.

use std::sync::Mutex;

use sg_core::series::{Level, Rollup, RollupConfig, SketchConfig};
use sg_core::wire::{decode_rollup, encode_rollup};

use super::{samples, sg_buckets};
use crate::buf::{output, slice};
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::sized::{self, Output, Plain};
use crate::{sg_buf, sg_error, sg_status};

/// Counts, sums, extremes and, where asked for, sketches of a series in buckets of several widths. Memory is
/// bounded by what the levels keep. Any number of threads may use it, in turn.
#[repr(transparent)]
pub struct sg_rollup(Handle<Mutex<Rollup>>);

/// One resolution of a rollup.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_level {
    /// The width of a bucket, microseconds. Buckets begin at multiples of it.
    pub width_us: i64,
    /// How many of the latest buckets are kept, empty ones included: 1 to 2^22.
    pub keep: u64,
}

/// Resolutions and bounds of a rollup. All zero is the defaults.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_rollup_config {
    /// From the finest on; each width is a multiple of the one before. NULL for an hour of seconds, six hours of
    /// 10 seconds and a day of minutes.
    pub levels: *const sg_level,
    /// How many levels.
    pub level_count: usize,
    /// How far behind the newest sample one may come and still count, to within a bucket of the finest level,
    /// microseconds; with `has_late_us` only, else 60 seconds.
    pub late_us: i64,
    /// The largest relative error of the quantiles of a bucket, 0.0001 to 0.5; with `has_relative_error` only,
    /// else buckets have no quantiles.
    pub relative_error: f64,
    /// Not 0 when `late_us` is given.
    pub has_late_us: u8,
    /// Not 0 when `relative_error` is given.
    pub has_relative_error: u8,
}

// SAFETY: numbers and a pointer.
unsafe impl Plain for sg_rollup_config {}

impl sg_rollup_config {
    /// # Safety
    /// `levels` is NULL or points to `level_count` levels.
    unsafe fn to_core(self) -> Result<RollupConfig, Fault> {
        let defaults = RollupConfig::default();
        // SAFETY: the caller's promise.
        let given = unsafe { slice(self.levels, self.level_count, "levels") }?;
        // What does not fit is past the limit of the core as well.
        let fit = |keep| usize::try_from(keep).unwrap_or(usize::MAX);
        let level = |level: &sg_level| Level { width_us: level.width_us, keep: fit(level.keep) };
        Ok(RollupConfig {
            levels: if self.levels.is_null() { defaults.levels } else { given.iter().map(level).collect() },
            late_us: if self.has_late_us != 0 { self.late_us } else { defaults.late_us },
            sketch: (self.has_relative_error != 0)
                .then_some(SketchConfig { relative_error: self.relative_error }),
        })
    }
}

/// What a rollup is, and what became of all samples.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_rollup_state {
    /// How many levels it has.
    pub levels: u64,
    /// How far behind the newest sample one may come, microseconds.
    pub late_us: i64,
    /// The relative error of quantiles; 0 when it has none.
    pub relative_error: f64,
    /// The time of the newest sample, microseconds; 0 without.
    pub newest_us: i64,
    /// Up to when nothing can change any more: buckets that end at or before it are final. In microseconds; 0
    /// without samples.
    pub final_until_us: i64,
    /// Samples taken. Only grows, as do the following.
    pub accepted: u64,
    /// Samples later than allowed.
    pub too_late: u64,
    /// NaN or infinite values.
    pub not_finite: u64,
    /// Whether there was a sample.
    pub has_newest: bool,
}

impl sg_rollup_state {
    fn of(rollup: &Rollup) -> sg_rollup_state {
        let (config, counts) = (rollup.config(), rollup.counts());
        sg_rollup_state {
            levels: config.levels.len() as u64,
            late_us: config.late_us,
            relative_error: config.sketch.map_or(0.0, |sketch| sketch.relative_error),
            newest_us: rollup.newest_us().unwrap_or(0),
            final_until_us: rollup.final_until_us().unwrap_or(0),
            accepted: counts.accepted,
            too_late: counts.too_late,
            not_finite: counts.not_finite,
            has_newest: rollup.newest_us().is_some(),
        }
    }
}

impl sg_rollup {
    fn boxed(rollup: Rollup) -> *mut sg_rollup {
        Box::into_raw(Box::new(sg_rollup(Handle::new(Mutex::new(rollup)))))
    }
}

/// Makes a rollup of nothing yet. `config_size` is `sizeof(sg_rollup_config)`; NULL with 0 is all zero.
/// `SG_INVALID_ARGUMENT` for levels that are empty or no multiples, and for bounds out of their ranges. May be
/// called from any thread.
///
/// # Safety
/// `config` points to `config_size` bytes, its `levels` to as many as it says, `out` to a pointer, `out_err` to
/// a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rollup_new(
    config: *const sg_rollup_config,
    config_size: usize,
    out: *mut *mut sg_rollup,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let rollup = Rollup::new(sized::input(config, config_size, "config")?.to_core()?)?;
            out.write(sg_rollup::boxed(rollup));
            Ok(())
        })
    }
}

/// Makes a rollup of bytes of `sg_rollup_encode`, which may come from anywhere: `SG_MALFORMED` when they are not
/// those of a rollup. May be called from any thread.
///
/// # Safety
/// `data` points to `len` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rollup_decode(
    data: *const u8,
    len: usize,
    out: *mut *mut sg_rollup,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            out.write(sg_rollup::boxed(decode_rollup(slice(data, len, "data")?)?));
            Ok(())
        })
    }
}

/// Makes a copy of a rollup as it is. May be called from many threads at once.
///
/// # Safety
/// `rollup` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rollup_copy(
    rollup: *const sg_rollup,
    out: *mut *mut sg_rollup,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            out.write(sg_rollup::boxed(alive(rollup, "rollup")?.copied()?));
            Ok(())
        })
    }
}

/// Frees a rollup; buckets that it gave stay good. NULL is allowed.
///
/// # Safety
/// `rollup` is NULL or a rollup that was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rollup_free(rollup: *mut sg_rollup) {
    // SAFETY: made by `boxed`, `sg_rollup` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(rollup.cast::<Handle<Mutex<Rollup>>>()) }
}

/// Takes `n` samples: times in microseconds and, each beside its time, values. `*out_accepted` (may be NULL) is
/// how many were taken; those that are too late or not finite are no error but counted. May be called from many
/// threads at once.
///
/// # Safety
/// `rollup` was not freed, `times_us` and `values` point to `n` numbers each, `out_accepted` to a number or is
/// NULL, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rollup_record(
    rollup: *const sg_rollup,
    times_us: *const i64,
    values: *const f64,
    n: usize,
    out_accepted: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out_accepted` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::maybe(out_accepted, "out_accepted")?;
            let (times_us, values) = samples(times_us, values, n)?;
            let accepted = alive(rollup, "rollup")?.in_turn(|rollup| {
                let samples = times_us.iter().zip(values);
                Ok(samples.filter(|&(&at_us, &value)| rollup.push(at_us, value)).count())
            })?;
            out.write(accepted);
            Ok(())
        })
    }
}

/// Adds everything of the rollup `other` as it is. `SG_INVALID_ARGUMENT` when levels or sketches differ; nothing
/// is added then. May be called from many threads at once.
///
/// # Safety
/// `rollup` and `other` were not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rollup_merge(
    rollup: *const sg_rollup,
    other: *const sg_rollup,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let other = alive(other, "other")?.copied()?;
            alive(rollup, "rollup")?.in_turn(|rollup| Ok(rollup.merge(&other)?))
        })
    }
}

/// Copies the buckets of level `level` (from 0, the finest), from the oldest kept on, empty ones included, with
/// the quantiles `q` (0 to 1) of each. `SG_OUT_OF_RANGE` when there is no such level, `SG_INVALID_ARGUMENT` for
/// a quantile out of its range, or any where the rollup has no sketches. May be called from many threads at
/// once.
///
/// # Safety
/// `rollup` was not freed, `q` points to `q_count` numbers (NULL when 0), `out` to a pointer, `out_err` to a
/// pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rollup_buckets(
    rollup: *const sg_rollup,
    level: usize,
    q: *const f64,
    q_count: usize,
    out: *mut *mut sg_buckets,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let q = slice(q, q_count, "q")?;
            let columns = alive(rollup, "rollup")?.in_turn(|rollup| Ok(rollup.columns(level, q)?))?;
            out.write(sg_buckets::boxed(columns));
            Ok(())
        })
    }
}

/// Bounds, newest sample and what became of all there were. `out_size` is `sizeof(sg_rollup_state)`. May be
/// called from many threads at once.
///
/// # Safety
/// `rollup` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rollup_snapshot(
    rollup: *const sg_rollup,
    out: *mut sg_rollup_state,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            out.write(alive(rollup, "rollup")?.in_turn(|rollup| Ok(sg_rollup_state::of(rollup)))?);
            Ok(())
        })
    }
}

/// Copies the levels, from the finest on, to the array `out` of `capacity` levels; further ones are left out.
/// `*out_count` is how many there are in all. May be called from many threads at once.
///
/// # Safety
/// `rollup` was not freed, `out` points to `capacity` levels (or is NULL with 0), `out_count` to a number,
/// `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rollup_levels(
    rollup: *const sg_rollup,
    out: *mut sg_level,
    capacity: usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            alive(rollup, "rollup")?.in_turn(|rollup| {
                let levels = &rollup.config().levels;
                let shown = |level: &Level| sg_level { width_us: level.width_us, keep: level.keep as u64 };
                sized::write_array(out, size_of::<sg_level>(), capacity, levels.iter().map(shown))?;
                out_count.write(levels.len());
                Ok(())
            })
        })
    }
}

/// Writes the bytes of a rollup to `*out`: protobuf, the same in every language. May be called from many threads
/// at once.
///
/// # Safety
/// `rollup` was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rollup_encode(
    rollup: *const sg_rollup,
    out: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            out.write(sg_buf::of(alive(rollup, "rollup")?.in_turn(|rollup| Ok(encode_rollup(rollup)))?));
            Ok(())
        })
    }
}

/// # Safety
/// `rollup` is NULL or a rollup that was not freed.
unsafe fn alive<'a>(rollup: *const sg_rollup, name: &str) -> Result<&'a Handle<Mutex<Rollup>>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { rollup.as_ref() }
        .map(|rollup| &rollup.0)
        .ok_or_else(|| Fault::invalid(format!("{name} is NULL")))
}
