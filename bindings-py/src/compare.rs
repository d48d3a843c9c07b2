//! Comparisons, sweeps and gates. Results cross as the JSON that every language shares.

use crate::convert;
use crate::error::{to_py, work};
use crate::run::PyRun;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;
use std::sync::Arc;
use streamgauge::run::{
    self, Combined, CompareOptions, ComparedRuns, Comparison, Effect, Gate, KeyComparison, Options, Run,
};

fn options(py: Python<'_>, mode: &str, seed: u64, resamples: u32) -> PyResult<CompareOptions> {
    Ok(CompareOptions { mode: convert::mode(py, mode)?, seed, resamples })
}

/// A comparison as its JSON.
#[pyfunction]
pub(crate) fn _compare<'py>(
    py: Python<'py>,
    a: Vec<Bound<'py, PyRun>>,
    b: Vec<Bound<'py, PyRun>>,
    mode: &str,
    seed: u64,
    resamples: u32,
) -> PyResult<Bound<'py, PyAny>> {
    let options = options(py, mode, seed, resamples)?;
    let side =
        |runs: &[Bound<'py, PyRun>]| -> Vec<Arc<Run>> { runs.iter().map(|run| run.get().run(py)).collect() };
    let (a, b) = (side(&a), side(&b));
    let compared = work(py, || {
        let (a, b): (Vec<&Run>, Vec<&Run>) =
            (a.iter().map(|run| &**run).collect(), b.iter().map(|run| &**run).collect());
        run::compare(&a, &b, &options)
    })?;
    convert::json(py, &compared)
}

/// A sweep as its JSON.
#[pyfunction]
#[pyo3(signature = (path, names, threads, mode, seed, resamples))]
pub(crate) fn _sweep<'py>(
    py: Python<'py>,
    path: PathBuf,
    names: Option<&Bound<'py, PyDict>>,
    threads: usize,
    mode: &str,
    seed: u64,
    resamples: u32,
) -> PyResult<Bound<'py, PyAny>> {
    let options = options(py, mode, seed, resamples)?;
    let read = Options { names: convert::names(py, names)?, threads };
    convert::json(py, &work(py, || run::sweep_dir(&path, &read, &options))?)
}

/// Raises where a gate cannot be read.
#[pyfunction]
pub(crate) fn _check_gate(py: Python<'_>, gate: &str) -> PyResult<()> {
    Gate::parse(gate).map(drop).map_err(|error| to_py(py, &error))
}

/// Tests a gate on the JSON of a comparison.
#[pyfunction]
pub(crate) fn _gate<'py>(
    py: Python<'py>,
    gate: &str,
    compared: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let gate = Gate::parse(gate).map_err(|error| to_py(py, &error))?;
    let result = gate.evaluate(&comparison(compared)?);
    convert::record(py, "GateResult", (result.gate, result.outcome.name(), result.actual, result.reason))
}

/// What of a comparison's JSON a gate looks at.
fn comparison(compared: &Bound<'_, PyDict>) -> PyResult<Comparison> {
    let compared = compared.as_any();
    let rows: Bound<'_, PyDict> = compared.get_item("keys")?.cast_into()?;
    let mut keys = Vec::new();
    for (name, row) in rows {
        let Some(key) = run::key(&name.extract::<String>()?) else { continue };
        keys.push(KeyComparison {
            key: key.name,
            unit: key.unit,
            better: key.better,
            a: row.get_item("a")?.extract()?,
            b: row.get_item("b")?.extract()?,
            runs_a: 0,
            runs_b: 0,
            combined: Combined::Mean,
            difference: None,
            relative: None,
            interval: None,
            no_interval: None,
            effect: Effect::NoEvidence,
        });
    }
    let side = || ComparedRuns { runs: Vec::new(), duration_s: Vec::new() };
    Ok(Comparison {
        mode: convert::mode(compared.py(), &compared.get_item("mode")?.extract::<String>()?)?,
        a: side(),
        b: side(),
        seed: 0,
        resamples: 0,
        prng: "",
        keys,
        notes: Vec::new(),
    })
}
