//! `SampleWindow`, `Rollup`, `Sketch` and `downsample` as Python sees them.

use crate::arrays::{items, times};
use crate::columns::Column;
use crate::convert::{self, int, made, out_of_range, tuple};
use crate::error::{compute, invalid, locked, to_py, work};
use crate::table::{PyTable, set_validity};
use numpy::{IntoPyArray, PyArray1};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::collections::BTreeSet;
use std::sync::Mutex;
use streamgauge::series::{
    DownsampleConfig, Level, Pushed, Rollup, RollupColumns, RollupConfig, SameTime, Sketch, SketchConfig,
    Window, WindowConfig, downsample as indices_of,
};
use streamgauge::wire::{decode_rollup, decode_sketch, encode_rollup, encode_sketch};

#[pyclass(name = "SampleWindow", frozen, module = "streamgauge._native")]
pub(crate) struct PyWindow(Mutex<Window>);

#[pymethods]
impl PyWindow {
    #[new]
    #[pyo3(signature = (*, span_us = Some(300_000_000), max_samples = 1000, late_us = i64::MAX, same_time = "keep"))]
    fn py_new(
        py: Python<'_>,
        span_us: Option<i64>,
        max_samples: usize,
        late_us: i64,
        same_time: &str,
    ) -> PyResult<PyWindow> {
        let same_time = match same_time {
            "keep" => SameTime::Keep,
            "reject" => SameTime::Reject,
            other => return Err(invalid(py, format!("same_time is {other:?}: expected keep or reject"))),
        };
        let window = Window::new(WindowConfig { span_us, max_samples, late_us, same_time });
        window.map(|window| PyWindow(Mutex::new(window))).map_err(|error| to_py(py, &error))
    }

    #[pyo3(signature = (at_us, value, /))]
    fn record(&self, py: Python<'_>, at_us: &Bound<'_, PyAny>, value: f64) -> PyResult<&'static str> {
        let at_us = int("at_us", at_us)?;
        Ok(match locked(py, &self.0, |window| window.push(at_us, value))? {
            Pushed::InOrder => "in_order",
            Pushed::Late => "late",
            Pushed::TooLate => "too_late",
            Pushed::Repeated => "repeated",
            Pushed::NotFinite => "not_finite",
        })
    }

    #[pyo3(signature = (times_us, values, /))]
    fn record_many(
        &self,
        py: Python<'_>,
        times_us: &Bound<'_, PyAny>,
        values: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (times, values) = (times("times_us", times_us)?, items::<f64>("values", values)?);
        let (times, values) = (times.as_slice(), values.as_slice());
        if times.len() != values.len() {
            return Err(invalid(py, format!("there are {} times and {} values", times.len(), values.len())));
        }
        locked(py, &self.0, |window| {
            for (&at_us, &value) in times.iter().zip(&*values) {
                window.push(at_us, value);
            }
        })
    }

    #[pyo3(signature = (now_us, /))]
    fn expire(&self, py: Python<'_>, now_us: &Bound<'_, PyAny>) -> PyResult<()> {
        let now_us = int("now_us", now_us)?;
        locked(py, &self.0, |window| window.expire(now_us))
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        locked(py, &self.0, |window| window.len())
    }

    #[getter]
    fn min(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        locked(py, &self.0, |window| window.min())
    }

    #[getter]
    fn max(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        locked(py, &self.0, |window| window.max())
    }

    #[getter]
    fn sum(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        locked(py, &self.0, |window| window.sum())
    }

    #[getter]
    fn mean(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        locked(py, &self.0, |window| window.mean())
    }

    #[getter]
    fn rate_per_s(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        locked(py, &self.0, |window| window.rate_per_s())
    }

    #[getter]
    fn first(&self, py: Python<'_>) -> PyResult<Option<(i64, f64)>> {
        locked(py, &self.0, |window| window.first())
    }

    #[getter]
    fn last(&self, py: Python<'_>) -> PyResult<Option<(i64, f64)>> {
        locked(py, &self.0, |window| window.last())
    }

    fn samples<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTable>> {
        let (times, values): (Vec<i64>, Vec<f64>) = locked(py, &self.0, |window| window.samples().unzip())?;
        Bound::new(
            py,
            PyTable::new(vec![Column::new("t_us", times.into()), Column::new("value", values.into())]),
        )
    }

    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let c = locked(py, &self.0, |window| window.counts())?;
        let fields = tuple![py, c.accepted, c.late, c.too_late, c.repeated, c.not_finite, c.evicted];
        made(py, "_types", "WindowCounts", fields)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<SampleWindow: {} samples>", self.__len__(py)?))
    }
}

#[pyclass(name = "Sketch", frozen, module = "streamgauge._native")]
pub(crate) struct PySketch(Mutex<Sketch>);

impl PySketch {
    pub(crate) fn wrap(sketch: Sketch) -> PySketch {
        PySketch(Mutex::new(sketch))
    }

    /// Taken out first wherever two are needed, so that no two locks are held at once.
    fn copy(&self, py: Python<'_>) -> PyResult<Sketch> {
        locked(py, &self.0, |sketch| sketch.clone())
    }
}

#[pymethods]
impl PySketch {
    #[new]
    #[pyo3(signature = (values = None, /, *, relative_error = 0.01))]
    fn py_new(py: Python<'_>, values: Option<&Bound<'_, PyAny>>, relative_error: f64) -> PyResult<PySketch> {
        let sketch = Sketch::new(SketchConfig { relative_error }).map_err(|error| to_py(py, &error))?;
        let sketch = PySketch::wrap(sketch);
        if let Some(values) = values {
            sketch.record_many(py, values)?;
        }
        Ok(sketch)
    }

    #[pyo3(signature = (value, /, count = None))]
    fn record(&self, py: Python<'_>, value: f64, count: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let count = count.map_or(Ok(1), |count| int("count", count))?;
        locked(py, &self.0, |sketch| sketch.record_many(value, count))
    }

    #[pyo3(signature = (values, /))]
    fn record_many(&self, py: Python<'_>, values: &Bound<'_, PyAny>) -> PyResult<()> {
        let values = items::<f64>("values", values)?;
        let values = values.as_slice();
        locked(py, &self.0, |sketch| values.iter().for_each(|&value| sketch.record(value)))
    }

    #[pyo3(signature = (other, /))]
    fn merge(&self, py: Python<'_>, other: &PySketch) -> PyResult<()> {
        let other = other.copy(py)?;
        locked(py, &self.0, |sketch| sketch.merge(&other))?.map_err(|error| to_py(py, &error))
    }

    #[pyo3(signature = (q, /))]
    fn quantile(&self, py: Python<'_>, q: f64) -> PyResult<Option<f64>> {
        locked(py, &self.0, |sketch| sketch.quantile_checked(q))?.map_err(|error| to_py(py, &error))
    }

    fn clear(&self, py: Python<'_>) -> PyResult<()> {
        locked(py, &self.0, Sketch::clear)
    }

    #[getter]
    fn count(&self, py: Python<'_>) -> PyResult<u64> {
        locked(py, &self.0, |sketch| sketch.count())
    }

    #[getter]
    fn zeros(&self, py: Python<'_>) -> PyResult<u64> {
        locked(py, &self.0, |sketch| sketch.zeros())
    }

    #[getter]
    fn rejected(&self, py: Python<'_>) -> PyResult<u64> {
        locked(py, &self.0, |sketch| sketch.rejected())
    }

    #[getter]
    fn sum(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        locked(py, &self.0, |sketch| sketch.sum())
    }

    #[getter]
    fn mean(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        locked(py, &self.0, |sketch| sketch.mean())
    }

    #[getter]
    fn min(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        locked(py, &self.0, |sketch| sketch.min())
    }

    #[getter]
    fn max(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        locked(py, &self.0, |sketch| sketch.max())
    }

    #[getter]
    fn relative_error(&self, py: Python<'_>) -> PyResult<f64> {
        locked(py, &self.0, |sketch| sketch.relative_error())
    }

    #[getter]
    fn is_collapsed(&self, py: Python<'_>) -> PyResult<bool> {
        locked(py, &self.0, |sketch| sketch.is_collapsed())
    }

    #[getter]
    fn memory_bytes(&self, py: Python<'_>) -> PyResult<usize> {
        locked(py, &self.0, |sketch| sketch.memory_bytes())
    }

    fn bins<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTable>> {
        let sketch = self.copy(py)?;
        let rows: Vec<(f64, f64, u64)> = compute(py, || sketch.bins().collect())?;
        let count = signed(py, rows.iter().map(|row| row.2))?;
        Bound::new(
            py,
            PyTable::new(vec![
                Column::new("lower", rows.iter().map(|row| row.0).collect::<Vec<f64>>().into()),
                Column::new("upper", rows.iter().map(|row| row.1).collect::<Vec<f64>>().into()),
                Column::new("count", count.into()),
            ]),
        )
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &locked(py, &self.0, |sketch| encode_sketch(sketch))?))
    }

    #[staticmethod]
    #[pyo3(signature = (data, /))]
    fn from_bytes(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<PySketch> {
        let data = convert::bytes("data", data)?;
        work(py, || decode_sketch(&data)).map(PySketch::wrap)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let py = slf.py();
        Ok((py.get_type::<Self>().getattr("from_bytes")?, (slf.get().to_bytes(py)?,)))
    }

    fn __copy__(&self, py: Python<'_>) -> PyResult<PySketch> {
        self.copy(py).map(PySketch::wrap)
    }

    #[pyo3(signature = (_memo, /))]
    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> PyResult<PySketch> {
        self.__copy__(py)
    }

    fn __eq__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let Ok(other) = other.cast::<PySketch>() else {
            return Ok(py.NotImplemented().into_bound(py));
        };
        let other = other.get().copy(py)?;
        locked(py, &self.0, |sketch| *sketch == other)?.into_bound_py_any(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (count, error) = locked(py, &self.0, |sketch| (sketch.count(), sketch.relative_error()))?;
        Ok(format!("<Sketch: {count} values within {error}>"))
    }
}

#[pyclass(name = "Rollup", frozen, module = "streamgauge._native")]
pub(crate) struct PyRollup(Mutex<Rollup>);

impl PyRollup {
    /// As [`PySketch::copy`].
    fn copy(&self, py: Python<'_>) -> PyResult<Rollup> {
        locked(py, &self.0, |rollup| rollup.clone())
    }
}

#[pymethods]
impl PyRollup {
    #[new]
    #[pyo3(signature = (levels = None, /, *, late_us = 60_000_000, relative_error = None))]
    fn py_new(
        py: Python<'_>,
        levels: Option<Vec<(i64, usize)>>,
        late_us: i64,
        relative_error: Option<f64>,
    ) -> PyResult<PyRollup> {
        let mut config = RollupConfig {
            late_us,
            sketch: relative_error.map(|relative_error| SketchConfig { relative_error }),
            ..RollupConfig::default()
        };
        if let Some(levels) = levels {
            config.levels = levels.into_iter().map(|(width_us, keep)| Level { width_us, keep }).collect();
        }
        let rollup = Rollup::new(config).map_err(|error| to_py(py, &error))?;
        Ok(PyRollup(Mutex::new(rollup)))
    }

    #[pyo3(signature = (at_us, value, /))]
    fn record(&self, py: Python<'_>, at_us: &Bound<'_, PyAny>, value: f64) -> PyResult<bool> {
        let at_us = int("at_us", at_us)?;
        locked(py, &self.0, |rollup| rollup.push(at_us, value))
    }

    #[pyo3(signature = (times_us, values, /))]
    fn record_many(
        &self,
        py: Python<'_>,
        times_us: &Bound<'_, PyAny>,
        values: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (times, values) = (times("times_us", times_us)?, items::<f64>("values", values)?);
        let (times, values) = (times.as_slice(), values.as_slice());
        locked(py, &self.0, |rollup| rollup.record(&times, &values))?.map_err(|error| to_py(py, &error))
    }

    #[pyo3(signature = (other, /))]
    fn merge(&self, py: Python<'_>, other: &PyRollup) -> PyResult<()> {
        let other = other.copy(py)?;
        locked(py, &self.0, |rollup| rollup.merge(&other))?.map_err(|error| to_py(py, &error))
    }

    #[pyo3(signature = (level = 0, *, quantiles = Vec::new()))]
    fn buckets<'py>(
        &self,
        py: Python<'py>,
        level: usize,
        quantiles: Vec<f64>,
    ) -> PyResult<Bound<'py, PyTable>> {
        let names: Vec<String> = quantiles.iter().map(|q| format!("q{q}")).collect();
        if names.iter().collect::<BTreeSet<_>>().len() < names.len() {
            return Err(invalid(py, "quantiles has one twice"));
        }
        let columns = locked(py, &self.0, |rollup| rollup.columns(level, &quantiles))?
            .map_err(|error| to_py(py, &error))?;
        table(py, columns, names)
    }

    #[getter]
    fn levels<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let levels = locked(py, &self.0, |rollup| rollup.config().levels.clone())?;
        let level = |level: Level| made(py, "_types", "Level", tuple![py, level.width_us, level.keep]);
        levels.into_iter().map(level).collect()
    }

    #[getter]
    fn late_us(&self, py: Python<'_>) -> PyResult<i64> {
        locked(py, &self.0, |rollup| rollup.config().late_us)
    }

    #[getter]
    fn relative_error(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        locked(py, &self.0, |rollup| rollup.config().sketch.map(|sketch| sketch.relative_error))
    }

    #[getter]
    fn newest_us(&self, py: Python<'_>) -> PyResult<Option<i64>> {
        locked(py, &self.0, |rollup| rollup.newest_us())
    }

    #[getter]
    fn final_until_us(&self, py: Python<'_>) -> PyResult<Option<i64>> {
        locked(py, &self.0, |rollup| rollup.final_until_us())
    }

    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let counts = locked(py, &self.0, |rollup| rollup.counts())?;
        let fields = tuple![py, counts.accepted, counts.too_late, counts.not_finite];
        made(py, "_types", "RollupCounts", fields)
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &locked(py, &self.0, encode_rollup)?))
    }

    #[staticmethod]
    #[pyo3(signature = (data, /))]
    fn from_bytes(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<PyRollup> {
        let data = convert::bytes("data", data)?;
        work(py, || decode_rollup(&data)).map(|rollup| PyRollup(Mutex::new(rollup)))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let py = slf.py();
        Ok((py.get_type::<Self>().getattr("from_bytes")?, (slf.get().to_bytes(py)?,)))
    }

    fn __copy__(&self, py: Python<'_>) -> PyResult<PyRollup> {
        Ok(PyRollup(Mutex::new(self.copy(py)?)))
    }

    #[pyo3(signature = (_memo, /))]
    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> PyResult<PyRollup> {
        self.__copy__(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (accepted, levels) =
            locked(py, &self.0, |rollup| (rollup.counts().accepted, rollup.config().levels.clone()))?;
        let widths: Vec<String> = levels.iter().map(|level| level.width_us.to_string()).collect();
        Ok(format!("<Rollup: {accepted} samples in buckets of {} us>", widths.join(", ")))
    }
}

/// What an empty bucket lacks is null, as is a sum past the range of float64.
fn table(py: Python<'_>, columns: RollupColumns, quantiles: Vec<String>) -> PyResult<Bound<'_, PyTable>> {
    let count = signed(py, columns.count.iter().copied())?;
    let present = |index: usize| columns.count[index] > 0;
    let values = |name: String, values: Vec<f64>| {
        let valid: Vec<bool> = values.iter().enumerate().map(|(i, v)| present(i) && v.is_finite()).collect();
        let mut column = Column::new(name, values.into());
        set_validity(&mut column, valid.into_iter());
        column
    };
    let in_range: Vec<bool> = columns.sum.iter().map(|sum| sum.is_finite()).collect();
    let mut sum = Column::new("sum", columns.sum.into());
    if in_range.contains(&false) {
        set_validity(&mut sum, in_range.into_iter());
    }
    let mut last_us = Column::new("last_us", columns.last_us.into());
    set_validity(&mut last_us, (0..count.len()).map(present));
    let mut all = vec![
        Column::new("start_us", columns.start_us.into()),
        Column::new("count", count.into()),
        sum,
        values("mean".into(), columns.mean),
        values("min".into(), columns.min),
        values("max".into(), columns.max),
        last_us,
        values("last".into(), columns.last),
    ];
    all.extend(quantiles.into_iter().zip(columns.quantiles).map(|(name, column)| values(name, column)));
    Bound::new(py, PyTable::new(all))
}

/// Counts as signed integers, the only ones that tables have.
pub(crate) fn signed(py: Python<'_>, counts: impl Iterator<Item = u64>) -> PyResult<Vec<i64>> {
    let one = |count: u64| {
        i64::try_from(count).map_err(|_| out_of_range(py, format!("a count of {count} is beyond int64")))
    };
    counts.map(one).collect()
}

#[pyfunction]
#[pyo3(signature = (times_us, values, /, points, *, gap_us = None))]
pub(crate) fn downsample<'py>(
    py: Python<'py>,
    times_us: &Bound<'py, PyAny>,
    values: &Bound<'py, PyAny>,
    points: usize,
    gap_us: Option<i64>,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let (times, values) = (times("times_us", times_us)?, items::<f64>("values", values)?);
    let (times, values) = (times.as_slice(), values.as_slice());
    let drawn = work(py, || {
        let drawn = indices_of(&times, &values, DownsampleConfig { points, gap_us })?;
        Ok(drawn.into_iter().map(|index| index as i64).collect::<Vec<i64>>())
    })?;
    Ok(drawn.into_pyarray(py))
}
