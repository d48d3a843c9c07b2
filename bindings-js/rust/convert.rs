//! Between the core's types and JavaScript's.

use js_sys::Array;
#[cfg(feature = "runs")]
use js_sys::BigInt64Array;
use js_sys::Float64Array;
use streamgauge::Error;
#[cfg(feature = "runs")]
use streamgauge::{ErrorKind, Result};
use wasm_bindgen::JsValue;

/// The largest magnitude below which every integer is a number: `Number.MAX_SAFE_INTEGER`.
#[cfg(feature = "runs")]
const SAFE: i128 = (1 << 53) - 1;

/// What an exported function returns.
pub(crate) type Thrown<T> = std::result::Result<T, JsValue>;

/// What is thrown for `error`.
pub(crate) fn thrown(error: Error) -> JsValue {
    let undefined = JsValue::UNDEFINED;
    let file = error.file().map_or_else(|| undefined.clone(), JsValue::from_str);
    let line = error.line().map_or(undefined, |line| JsValue::from_f64(line as f64));
    Array::of4(&error.kind().code().into(), &error.to_string().into(), &file, &line).into()
}

/// `value` as a number; out of range when it is no safe integer.
#[cfg(feature = "runs")]
pub(crate) fn number(value: impl Into<i128>, what: &str) -> Result<f64> {
    let value = value.into();
    if value.abs() > SAFE {
        let message = format!("{what} is {value}: a number is exact up to {SAFE} only");
        return Err(Error::new(ErrorKind::OutOfRange, message));
    }
    Ok(value as f64)
}

/// Integers as a column.
#[cfg(feature = "runs")]
pub(crate) fn integers<T: Copy + Into<i128>>(values: &[T], what: &str) -> Result<JsValue> {
    let numbers: Result<Vec<f64>> = values.iter().map(|v| number(*v, what)).collect();
    Ok(floats(&numbers?))
}

/// Integers as a column of 64 bits.
#[cfg(feature = "runs")]
pub(crate) fn bigints<T: Copy + TryInto<i64>>(values: &[T], what: &str) -> Result<JsValue> {
    let wide: std::result::Result<Vec<i64>, T::Error> =
        values.iter().map(|value| (*value).try_into()).collect();
    match wide {
        Ok(wide) => Ok(BigInt64Array::from(wide.as_slice()).into()),
        Err(_) => Err(Error::new(ErrorKind::OutOfRange, format!("{what} has a value of more than 64 bits"))),
    }
}

/// Floats as a column.
pub(crate) fn floats(values: &[f64]) -> JsValue {
    Float64Array::from(values).into()
}

/// A number, absent ones NaN.
#[cfg(any(feature = "live", feature = "series", feature = "webrtc"))]
pub(crate) fn or_nan(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

/// A number that NaN stands for the absence of.
#[cfg(any(feature = "live", feature = "series", feature = "webrtc"))]
pub(crate) fn given(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

/// `items` as an array.
pub(crate) fn array<const N: usize>(items: [JsValue; N]) -> Array {
    items.into_iter().collect()
}

#[cfg(all(test, feature = "runs"))]
mod tests {
    use super::*;

    #[test]
    fn integers_are_exact_or_refused() {
        assert_eq!(number(9_007_199_254_740_991_i64, "t_us"), Ok(9_007_199_254_740_991.0));
        assert_eq!(number(-9_007_199_254_740_991_i64, "t_us"), Ok(-9_007_199_254_740_991.0));
        for value in [9_007_199_254_740_992_i64, i64::MIN, i64::MAX] {
            assert_eq!(number(value, "t_us").unwrap_err().kind(), ErrorKind::OutOfRange);
        }
    }
}
