//! Mergeable quantile sketches.

use std::sync::Mutex;

use sg_core::series::{Sketch, SketchConfig};
use sg_core::wire::{decode_sketch, encode_sketch};
use sg_core::{Error, ErrorKind};

use crate::buf::{output, slice};
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::sized::{self, Output, Plain};
use crate::{sg_buf, sg_error, sg_status};

/// Quantiles of any number of values in bounded memory. A quantile is within the relative error of the value at
/// rank `floor(q (n - 1))` of the sorted values; the smallest and the largest value are exact. Merging gives the
/// same bins in any order. Any number of threads may use it, in turn.
#[repr(transparent)]
pub struct sg_sketch(Handle<Mutex<Sketch>>);

/// What a sketch promises. All zero is the defaults.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_sketch_config {
    /// The largest relative error of a quantile, 0.0001 to 0.5; with `has_relative_error` only, else 0.01.
    pub relative_error: f64,
    /// Not 0 when `relative_error` is given.
    pub has_relative_error: u8,
}

// SAFETY: numbers.
unsafe impl Plain for sg_sketch_config {}

/// What a sketch has seen. What is absent is 0, and its `has_` is false.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_sketch_state {
    /// Values added; without any there is no smallest and no largest.
    pub count: u64,
    /// Values that were zero.
    pub zeros: u64,
    /// Values rejected as NaN or infinite.
    pub rejected: u64,
    /// Memory of the sketch, bytes.
    pub memory_bytes: u64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The sum of the values.
    pub sum: f64,
    /// Their mean.
    pub mean: f64,
    /// The promised relative error.
    pub relative_error: f64,
    /// Whether there is a sum and a mean: not without values, nor past the range of double.
    pub has_sum: bool,
    /// Whether magnitudes lay so far apart that the smallest were put together: quantiles among those are too
    /// large.
    pub is_collapsed: bool,
}

impl sg_sketch_state {
    fn of(sketch: &Sketch) -> sg_sketch_state {
        sg_sketch_state {
            count: sketch.count(),
            zeros: sketch.zeros(),
            rejected: sketch.rejected(),
            memory_bytes: sketch.memory_bytes() as u64,
            min: sketch.min().unwrap_or(0.0),
            max: sketch.max().unwrap_or(0.0),
            sum: sketch.sum().unwrap_or(0.0),
            mean: sketch.mean().unwrap_or(0.0),
            relative_error: sketch.relative_error(),
            has_sum: sketch.sum().is_some(),
            is_collapsed: sketch.is_collapsed(),
        }
    }
}

/// A bin of a sketch. Zeros are a bin of their own.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_bin {
    /// Its lower end, which it has if it is positive.
    pub lower: f64,
    /// Its upper end, which it has if it is negative.
    pub upper: f64,
    /// Values in it.
    pub count: u64,
}

impl sg_sketch {
    pub(crate) fn boxed(sketch: Sketch) -> *mut sg_sketch {
        Box::into_raw(Box::new(sg_sketch(Handle::new(Mutex::new(sketch)))))
    }
}

/// Makes an empty sketch. `config_size` is `sizeof(sg_sketch_config)`; NULL with 0 is all zero.
/// `SG_INVALID_ARGUMENT` for a relative error that is not 0.0001 to 0.5. May be called from any thread.
///
/// # Safety
/// `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_sketch_new(
    config: *const sg_sketch_config,
    config_size: usize,
    out: *mut *mut sg_sketch,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let config = sized::input(config, config_size, "config")?;
            let sketch = Sketch::new(sketch_config(config.relative_error, config.has_relative_error))?;
            out.write(sg_sketch::boxed(sketch));
            Ok(())
        })
    }
}

/// Makes a sketch of bytes of `sg_sketch_encode`, which may come from anywhere: `SG_MALFORMED` when they are not
/// those of a sketch. May be called from any thread.
///
/// # Safety
/// `data` points to `len` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_sketch_decode(
    data: *const u8,
    len: usize,
    out: *mut *mut sg_sketch,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            out.write(sg_sketch::boxed(decode_sketch(slice(data, len, "data")?)?));
            Ok(())
        })
    }
}

/// Makes a copy of a sketch as it is. May be called from many threads at once.
///
/// # Safety
/// `sketch` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_sketch_copy(
    sketch: *const sg_sketch,
    out: *mut *mut sg_sketch,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            out.write(sg_sketch::boxed(alive(sketch, "sketch")?.copied()?));
            Ok(())
        })
    }
}

/// Frees a sketch. NULL is allowed.
///
/// # Safety
/// `sketch` is NULL or a sketch that was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_sketch_free(sketch: *mut sg_sketch) {
    // SAFETY: made by `boxed`, `sg_sketch` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(sketch.cast::<Handle<Mutex<Sketch>>>()) }
}

/// Adds `n` values. NaN and infinities are rejected and counted. May be called from many threads at once.
///
/// # Safety
/// `sketch` was not freed, `values` points to `n` values (NULL when 0), `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_sketch_record(
    sketch: *const sg_sketch,
    values: *const f64,
    n: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let values = slice(values, n, "values")?;
            alive(sketch, "sketch")?.in_turn(|sketch| {
                values.iter().for_each(|&value| sketch.record(value));
                Ok(())
            })
        })
    }
}

/// Adds one value `count` times. May be called from many threads at once.
///
/// # Safety
/// `sketch` was not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_sketch_record_count(
    sketch: *const sg_sketch,
    value: f64,
    count: u64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            alive(sketch, "sketch")?.in_turn(|sketch| {
                sketch.record_many(value, count);
                Ok(())
            })
        })
    }
}

/// Adds everything of the sketch `other` as it is. `SG_INVALID_ARGUMENT` when the relative errors differ;
/// nothing is added then. May be called from many threads at once.
///
/// # Safety
/// `sketch` and `other` were not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_sketch_merge(
    sketch: *const sg_sketch,
    other: *const sg_sketch,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let other = alive(other, "other")?.copied()?;
            alive(sketch, "sketch")?.in_turn(|sketch| Ok(sketch.merge(&other)?))
        })
    }
}

/// Forgets every value, and keeps the memory. May be called from many threads at once.
///
/// # Safety
/// `sketch` was not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_sketch_clear(sketch: *const sg_sketch, out_err: *mut *mut sg_error) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            alive(sketch, "sketch")?.in_turn(|sketch| {
                sketch.clear();
                Ok(())
            })
        })
    }
}

/// Writes the quantiles `q` (0 to 1) to the array `out`, `n` of each. `SG_NOT_FOUND` without values. May be
/// called from many threads at once.
///
/// # Safety
/// `sketch` was not freed, `q` and `out` point to `n` numbers each (or are NULL with 0), `out_err` to a pointer
/// or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_sketch_quantiles(
    sketch: *const sg_sketch,
    q: *const f64,
    n: usize,
    out: *mut f64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let q = slice(q, n, "q")?;
            let found = alive(sketch, "sketch")?.in_turn(|sketch| {
                let quantile = |&q: &f64| {
                    let missing = || Error::new(ErrorKind::NotFound, "no values have no quantile");
                    Ok(sketch.quantile_checked(q)?.ok_or_else(missing)?)
                };
                q.iter().map(quantile).collect::<Result<Vec<f64>, Fault>>()
            })?;
            sized::write_array(out, size_of::<f64>(), n, found.into_iter())
        })
    }
}

/// What a sketch has seen. `out_size` is `sizeof(sg_sketch_state)`. May be called from many threads at once.
///
/// # Safety
/// `sketch` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_sketch_snapshot(
    sketch: *const sg_sketch,
    out: *mut sg_sketch_state,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            out.write(alive(sketch, "sketch")?.in_turn(|sketch| Ok(sg_sketch_state::of(sketch)))?);
            Ok(())
        })
    }
}

/// Copies the bins by value, empty ones left out, to the array `out` of `capacity` bins; further ones are left
/// out. `*out_count` is how many there are in all. May be called from many threads at once.
///
/// # Safety
/// `sketch` was not freed, `out` points to `capacity` bins (or is NULL with 0), `out_count` to a number,
/// `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_sketch_bins(
    sketch: *const sg_sketch,
    out: *mut sg_bin,
    capacity: usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            alive(sketch, "sketch")?.in_turn(|sketch| {
                let bins = sketch.bins().map(|(lower, upper, count)| sg_bin { lower, upper, count });
                sized::write_array(out, size_of::<sg_bin>(), capacity, bins)?;
                out_count.write(sketch.bins().count());
                Ok(())
            })
        })
    }
}

/// Writes the bytes of a sketch to `*out`: protobuf, the same in every language. May be called from many threads
/// at once.
///
/// # Safety
/// `sketch` was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_sketch_encode(
    sketch: *const sg_sketch,
    out: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            out.write(sg_buf::of(alive(sketch, "sketch")?.in_turn(|sketch| Ok(encode_sketch(sketch)))?));
            Ok(())
        })
    }
}

/// The caller's relative error, or the default.
pub(crate) fn sketch_config(relative_error: f64, given: u8) -> SketchConfig {
    if given != 0 { SketchConfig { relative_error } } else { SketchConfig::default() }
}

/// # Safety
/// `sketch` is NULL or a sketch that was not freed.
unsafe fn alive<'a>(sketch: *const sg_sketch, name: &str) -> Result<&'a Handle<Mutex<Sketch>>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { sketch.as_ref() }
        .map(|sketch| &sketch.0)
        .ok_or_else(|| Fault::invalid(format!("{name} is NULL")))
}
