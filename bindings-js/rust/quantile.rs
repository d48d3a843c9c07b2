//! Quantiles of an array.

use streamgauge::math;
use wasm_bindgen::prelude::*;

use crate::convert::{Thrown, thrown};

/// The quantile, undefined for no values.
#[wasm_bindgen]
pub fn quantile(values: &[f64], q: f64, method: &str) -> Thrown<Option<f64>> {
    method.parse().and_then(|method| math::quantile_checked(values, q, method)).map_err(thrown)
}
