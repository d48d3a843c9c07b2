//! Quantiles of an array.

use sg_core::math::{self, QuantileMethod};
use sg_core::{Error, ErrorKind};

use crate::guard::guard;
use crate::{buf, sg_error, sg_status};

/// Quantile method: linear interpolation at `q (n - 1)`, as numpy and R do by default.
pub const SG_QUANTILE_LINEAR: u32 = 0;
/// Quantile method: the smallest value with at least `q n` values at or below it.
pub const SG_QUANTILE_NEAREST_RANK: u32 = 1;
/// Quantile method: element `min(n - 1, floor(n q))` of the sorted values, counted from 0.
pub const SG_QUANTILE_FLOOR_INDEX: u32 = 2;
/// Quantile method: as `SG_QUANTILE_NEAREST_RANK`, but the mean of two values where `q n` is whole.
pub const SG_QUANTILE_AVERAGED_RANK: u32 = 3;
/// Quantile method: linear interpolation at `q (n + 1) - 1`.
pub const SG_QUANTILE_WEIBULL: u32 = 4;
/// Quantile method: linear interpolation at `q (n + 1/3) - 2/3`.
pub const SG_QUANTILE_MEDIAN_UNBIASED: u32 = 5;

/// Writes the `q` quantile (0 to 1) of `n` values to `*out`. No value may be NaN. `method` is one of
/// `SG_QUANTILE_...`. Without values there is no quantile: `SG_NOT_FOUND`. May be called from any thread.
///
/// # Safety
/// `values` points to `n` values (NULL when 0), `out` to one, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_quantile(
    values: *const f64,
    n: usize,
    q: f64,
    method: u32,
    out: *mut f64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises on out_err, values and out, passed on.
    unsafe {
        guard(out_err, || {
            let out = buf::output(out, "out")?;
            let values = buf::slice(values, n, "values")?;
            let found = math::quantile_checked(values, q, method_of(method)?)?;
            out.write(found.ok_or_else(|| Error::new(ErrorKind::NotFound, "no values have no quantile"))?);
            Ok(())
        })
    }
}

fn method_of(method: u32) -> Result<QuantileMethod, Error> {
    match method {
        SG_QUANTILE_LINEAR => Ok(QuantileMethod::Linear),
        SG_QUANTILE_NEAREST_RANK => Ok(QuantileMethod::NearestRank),
        SG_QUANTILE_FLOOR_INDEX => Ok(QuantileMethod::FloorIndex),
        SG_QUANTILE_AVERAGED_RANK => Ok(QuantileMethod::AveragedRank),
        SG_QUANTILE_WEIBULL => Ok(QuantileMethod::Weibull),
        SG_QUANTILE_MEDIAN_UNBIASED => Ok(QuantileMethod::MedianUnbiased),
        other => Err(Error::new(ErrorKind::InvalidArgument, format!("method is {other}: expected 0 to 5"))),
    }
}
