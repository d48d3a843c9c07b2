//! The rate of a counter.

use streamgauge::counter::{RateMode, rate as rate_of};
use streamgauge::{Error, ErrorKind, Interval, Result};
use wasm_bindgen::prelude::*;

use crate::convert::{Thrown, thrown};

/// Increase, seconds, resets, per second; undefined when there is nothing to measure.
#[wasm_bindgen]
pub fn rate(
    times_us: &[f64],
    values: &[f64],
    start_us: f64,
    end_us: f64,
    mode: &str,
) -> Thrown<Option<Vec<f64>>> {
    let mode = mode_of(mode).map_err(thrown)?;
    let samples: Vec<(i64, f64)> = times_us.iter().map(|at| *at as i64).zip(values.iter().copied()).collect();
    let found = rate_of(&samples, Interval::new(start_us as i64, end_us as i64), mode);
    Ok(found.map(|rate| vec![rate.increase, rate.seconds, rate.resets as f64, rate.per_s()]))
}

fn mode_of(mode: &str) -> Result<RateMode> {
    Ok(match mode {
        "raw" => RateMode::Raw,
        "prometheus" => RateMode::Prometheus,
        "anchored" => RateMode::Anchored,
        "smoothed" => RateMode::Smoothed,
        _ => return Err(Error::new(ErrorKind::InvalidArgument, format!("mode is {mode:?}"))),
    })
}
