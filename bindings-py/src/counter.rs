//! `Counter` and `rate` as Python sees them.

use crate::arrays::{Items, items, times};
use crate::convert::{int, made, out_of_range, tuple};
use crate::error::{compute, invalid, locked, to_py};
use numpy::{Element, IntoPyArray, PyArray1};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use std::sync::Mutex;
use streamgauge::Interval;
use streamgauge::counter::{Counter, CounterConfig, Hint, RateMode, Step, StepKind, Value, rate as rate_of};

/// Kinds of steps at the places that arrays of kinds give.
const KINDS: [StepKind; 7] = [
    StepKind::First,
    StepKind::Advance,
    StepKind::Wrap,
    StepKind::Reset,
    StepKind::Boundary,
    StepKind::Repeat,
    StepKind::Rejected,
];

#[pyclass(name = "Counter", frozen, module = "streamgauge._native")]
pub(crate) struct PyCounter(Kind);

enum Kind {
    U64(Mutex<Counter<u64>>),
    F64(Mutex<Counter<f64>>),
}

/// Runs `$body` on the counter, of whichever kind.
macro_rules! either {
    ($self:expr, $py:expr, $counter:ident => $body:expr) => {
        match &$self.0 {
            Kind::U64(shared) => locked($py, shared, |$counter| $body)?.into_bound_py_any($py),
            Kind::F64(shared) => locked($py, shared, |$counter| $body)?.into_bound_py_any($py),
        }
    };
}

#[pymethods]
impl PyCounter {
    #[new]
    #[pyo3(signature = (kind = "u64", *, origin_known = false, width_bits = None, max_per_s = None))]
    fn py_new(
        py: Python<'_>,
        kind: &str,
        origin_known: bool,
        width_bits: Option<&Bound<'_, PyAny>>,
        max_per_s: Option<f64>,
    ) -> PyResult<PyCounter> {
        let width_bits = width_bits.map(|bits| int("width_bits", bits)).transpose()?;
        let config = CounterConfig { origin_known, width_bits, max_per_s };
        let made = match kind {
            "u64" => Counter::new(config).map(|counter| Kind::U64(Mutex::new(counter))),
            "f64" => Counter::new(config).map(|counter| Kind::F64(Mutex::new(counter))),
            other => return Err(invalid(py, format!("kind is {other:?}: expected u64 or f64"))),
        };
        made.map(PyCounter).map_err(|error| to_py(py, &error))
    }

    #[pyo3(signature = (at_us, value, /, *, boundary = false))]
    fn record<'py>(
        &self,
        py: Python<'py>,
        at_us: &Bound<'py, PyAny>,
        value: &Bound<'py, PyAny>,
        boundary: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (at_us, hint) = (int("at_us", at_us)?, hint(boundary));
        match &self.0 {
            Kind::U64(counter) => {
                let value = int("value", value)?;
                step(py, &locked(py, counter, |counter| counter.record(at_us, value, hint))?)
            }
            Kind::F64(counter) => {
                let value = value.extract()?;
                step(py, &locked(py, counter, |counter| counter.record(at_us, value, hint))?)
            }
        }
    }

    #[pyo3(signature = (times_us, values, /, *, boundaries = None))]
    fn record_many<'py>(
        &self,
        py: Python<'py>,
        times_us: &Bound<'py, PyAny>,
        values: &Bound<'py, PyAny>,
        boundaries: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let times = times("times_us", times_us)?;
        let boundaries = boundaries.map(|given| items("boundaries", given)).transpose()?;
        let (times, boundaries) = (times.as_slice(), boundaries.as_ref().map(Items::as_slice));
        match &self.0 {
            Kind::U64(counter) => steps(py, counter, &times, &whole(values)?, boundaries.as_deref()),
            Kind::F64(counter) => {
                let values = items("values", values)?;
                steps(py, counter, &times, &values.as_slice(), boundaries.as_deref())
            }
        }
    }

    #[getter]
    fn total<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        either!(self, py, counter => counter.total())
    }

    #[getter]
    fn last<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        either!(self, py, counter => counter.last())
    }

    #[getter]
    fn resets<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        either!(self, py, counter => counter.resets())
    }

    #[getter]
    fn wraps<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        either!(self, py, counter => counter.wraps())
    }

    #[getter]
    fn boundaries<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        either!(self, py, counter => counter.boundaries())
    }

    #[getter]
    fn rejected<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        either!(self, py, counter => counter.rejected())
    }

    fn end(&self, py: Python<'_>) -> PyResult<()> {
        either!(self, py, counter => counter.end()).map(drop)
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        either!(self, py, counter => format!("<Counter: {} in all, {} resets>", counter.total(), counter.resets()))
    }
}

fn hint(boundary: bool) -> Hint {
    if boundary { Hint::Boundary } else { Hint::None }
}

fn step<'py, V: Value + IntoPyObject<'py>>(py: Python<'py>, step: &Step<V>) -> PyResult<Bound<'py, PyAny>> {
    let (start_us, end_us) = (step.interval.map(|i| i.start_us), step.interval.map(|i| i.end_us));
    made(py, "_packets", "Step", tuple![py, step.kind.code(), step.delta, start_us, end_us])
}

/// Records many samples; gives their deltas, and the places of their kinds in [`KINDS`].
fn steps<'py, V: Value + Element>(
    py: Python<'py>,
    counter: &Mutex<Counter<V>>,
    times: &[i64],
    values: &[V],
    boundaries: Option<&[bool]>,
) -> PyResult<Bound<'py, PyAny>> {
    same_length(py, times.len(), "values", values.len())?;
    same_length(py, times.len(), "boundaries", boundaries.map_or(times.len(), <[bool]>::len))?;
    let (deltas, kinds): (Vec<V>, Vec<u8>) = locked(py, counter, |counter| {
        let step = |(index, (at_us, value)): (usize, (&i64, &V))| {
            let boundary = boundaries.is_some_and(|boundaries| boundaries[index]);
            let step = counter.record(*at_us, *value, hint(boundary));
            let kind = KINDS.iter().position(|kind| *kind == step.kind).unwrap_or(KINDS.len());
            (step.delta, kind as u8)
        };
        times.iter().zip(values).enumerate().map(step).unzip()
    })?;
    made(py, "_packets", "Steps", tuple![py, deltas.into_pyarray(py), kinds.into_pyarray(py)])
}

/// Whole numbers: an array of uint64, one of int64 without a negative item, or a sequence.
fn whole<'py>(given: &Bound<'py, PyAny>) -> PyResult<Vec<u64>> {
    if given.cast::<PyArray1<i64>>().is_err() {
        return Ok(items("values", given)?.as_slice().into_owned());
    }
    let checked = |(index, value): (usize, &i64)| {
        let message = || format!("values[{index}] is {value}: expected 0 or more");
        u64::try_from(*value).map_err(|_| out_of_range(given.py(), message()))
    };
    items("values", given)?.as_slice().iter().enumerate().map(checked).collect()
}

fn same_length(py: Python<'_>, times: usize, what: &str, len: usize) -> PyResult<()> {
    if len == times {
        return Ok(());
    }
    Err(invalid(py, format!("times_us has {times} items, {what} has {len}")))
}

/// The names of the kinds of steps.
#[pyfunction]
pub(crate) fn _step_kinds() -> [&'static str; 7] {
    KINDS.map(StepKind::code)
}

#[pyfunction]
#[pyo3(signature = (times_us, values, start_us, end_us, /, mode = "prometheus"))]
pub(crate) fn rate<'py>(
    py: Python<'py>,
    times_us: &Bound<'py, PyAny>,
    values: &Bound<'py, PyAny>,
    start_us: &Bound<'py, PyAny>,
    end_us: &Bound<'py, PyAny>,
    mode: &str,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let mode = match mode {
        "raw" => RateMode::Raw,
        "prometheus" => RateMode::Prometheus,
        "anchored" => RateMode::Anchored,
        "smoothed" => RateMode::Smoothed,
        other => {
            let expected = "raw, prometheus, anchored or smoothed";
            return Err(invalid(py, format!("mode is {other:?}: expected {expected}")));
        }
    };
    let (times, values) = (times("times_us", times_us)?, items("values", values)?);
    let (times, values) = (times.as_slice(), values.as_slice());
    same_length(py, times.len(), "values", values.len())?;
    let window = Interval::new(int("start_us", start_us)?, int("end_us", end_us)?);
    let found = compute(py, || {
        let samples: Vec<(i64, f64)> = times.iter().copied().zip(values.iter().copied()).collect();
        rate_of(&samples, window, mode)
    })?;
    let shown = |rate: streamgauge::counter::Rate| {
        made(py, "_packets", "Rate", tuple![py, rate.increase, rate.seconds, rate.resets, rate.per_s()])
    };
    found.map(shown).transpose()
}
