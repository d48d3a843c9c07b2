//! Time series: windows, rollups, quantile sketches, downsampling.

mod buckets;
mod downsample;
mod rollup;
mod sketch;
mod window;

pub use buckets::*;
pub use downsample::*;
pub use rollup::*;
pub(crate) use sketch::sketch_config;
pub use sketch::*;
pub use window::*;

use crate::buf::slice;
use crate::guard::Fault;

/// The caller's samples: `n` times and, each beside its time, `n` values.
///
/// # Safety
/// Each is NULL or points to `n` numbers that stay unchanged during the call.
unsafe fn samples<'a>(
    times_us: *const i64,
    values: *const f64,
    n: usize,
) -> Result<(&'a [i64], &'a [f64]), Fault> {
    // SAFETY: the caller's promise.
    unsafe { Ok((slice(times_us, n, "times_us")?, slice(values, n, "values")?)) }
}

// Many threads may use one of each, in turn.
const _: () = {
    const fn movable<T: Send>() {}
    movable::<sg_core::series::Window>();
    movable::<sg_core::series::Rollup>();
    movable::<sg_core::series::Sketch>();
};
