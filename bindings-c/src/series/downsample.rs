//! Fewer points of a series that look the same on a chart.

use sg_core::series::{DownsampleConfig, downsample};

use super::samples;
use crate::buf::output;
use crate::guard::guard;
use crate::sized::{self, Plain};
use crate::{sg_error, sg_status};

/// What is a gap. All zero is: only a value that is not finite.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_downsample_config {
    /// Where more than this lies between two samples the series has a gap, microseconds; with `has_gap_us`
    /// only.
    pub gap_us: i64,
    /// Not 0 when `gap_us` is given.
    pub has_gap_us: u8,
}

// SAFETY: numbers.
unsafe impl Plain for sg_downsample_config {}

/// Writes the indices of at most `points` of `n` samples to `out`, ascending, and their number to `*out_count`:
/// those to draw so that a chart looks the same (MinMaxLTTB). Times are in microseconds. First, last, smallest
/// and largest sample are among them, and both sides of gaps; a value that is not finite is a gap and never
/// drawn. `config_size` is `sizeof(sg_downsample_config)`; NULL with 0 is all zero. `SG_TIME_WENT_BACK` when
/// times fall. May be called from any thread.
///
/// # Safety
/// `times_us` and `values` point to `n` numbers each, `config` to `config_size` bytes, `out` to as many indices
/// as the lesser of `n` and `points` (or is NULL with 0), `out_count` to a number, `out_err` to a pointer or is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_downsample(
    times_us: *const i64,
    values: *const f64,
    n: usize,
    points: usize,
    config: *const sg_downsample_config,
    config_size: usize,
    out: *mut usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            let (times_us, values) = samples(times_us, values, n)?;
            let config = sized::input(config, config_size, "config")?;
            let gap_us = (config.has_gap_us != 0).then_some(config.gap_us);
            let drawn = downsample(times_us, values, DownsampleConfig { points, gap_us })?;
            sized::write_array(out, size_of::<usize>(), points, drawn.iter().copied())?;
            out_count.write(drawn.len());
            Ok(())
        })
    }
}
