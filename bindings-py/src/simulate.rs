//! Simulated runs.

use crate::error::{invalid, to_py, work};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::str::FromStr;
use streamgauge::Error;
use streamgauge::run::{self, Profile, SimulateOptions};

/// The files of a simulated run; an option that is not given has its default.
#[pyfunction]
pub(crate) fn _simulate<'py>(
    py: Python<'py>,
    profile: &str,
    options: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyDict>> {
    let mut wanted = SimulateOptions { profile: named(py, profile)?, ..SimulateOptions::default() };
    for (name, value) in options {
        let name: String = name.extract()?;
        match name.as_str() {
            "seed" => wanted.seed = value.extract()?,
            "start_us" => wanted.start_us = value.extract()?,
            "duration_s" => wanted.duration_s = value.extract()?,
            "fps" => wanted.fps = value.extract()?,
            "packets_per_frame" => wanted.packets_per_frame = value.extract()?,
            "base_loss" => wanted.base_loss = value.extract()?,
            "burst_loss" => wanted.burst_loss = value.extract()?,
            "burst_every_s" => wanted.burst_every_s = value.extract()?,
            "burst_len_s" => wanted.burst_len_s = value.extract()?,
            "fec_rate" => wanted.fec_rate = value.extract()?,
            "fec_mask" => wanted.fec_mask = named(py, &value.extract::<String>()?)?,
            "rtt_ms" => wanted.rtt_ms = value.extract()?,
            _ => return Err(invalid(py, format!("simulate has no option {name:?}"))),
        }
    }
    let made = work(py, || run::simulate(&wanted))?;
    let files = PyDict::new(py);
    for (name, bytes) in &made.files {
        files.set_item(name, PyBytes::new(py, bytes))?;
    }
    Ok(files)
}

fn named<T: FromStr<Err = Error>>(py: Python<'_>, name: &str) -> PyResult<T> {
    name.parse().map_err(|error| to_py(py, &error))
}

/// The names of all profiles.
#[pyfunction]
pub(crate) fn profiles() -> Vec<&'static str> {
    Profile::ALL.iter().map(|profile| profile.name()).collect()
}
