//! `Run` as Python sees it.

use crate::convert;
use crate::error::{compute, invalid, work};
use crate::table::{self, PyBuckets, PyFrames, PyFreezes, PyGaps, PyLatency, PySeries, PyTable};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyType};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use streamgauge::run::{Files, Options, Run, Selector};

/// One run. Views of its memory hold the `Arc`, so adding samples leaves them as they are.
#[pyclass(name = "Run", frozen, module = "streamgauge._native")]
pub(crate) struct PyRun {
    run: RwLock<Arc<Run>>,
}

impl PyRun {
    pub(crate) fn new(run: Run) -> PyRun {
        PyRun { run: RwLock::new(Arc::new(run)) }
    }

    /// The run as it is now.
    pub(crate) fn run(&self, py: Python<'_>) -> Arc<Run> {
        // A writer may hold the lock for long, so not while holding the interpreter.
        match self.run.try_read() {
            Ok(run) => run.clone(),
            Err(_) => py.detach(|| self.run.read().unwrap_or_else(PoisonError::into_inner).clone()),
        }
    }

    /// Indices of the series that a selector names; every series without one.
    fn selected(&self, py: Python<'_>, selector: Option<&Selector>) -> PyResult<(Arc<Run>, Vec<usize>)> {
        let run = self.run(py);
        let found = compute(py, || {
            let series = run.prom.series().iter().enumerate();
            let wanted = series.filter(|(_, series)| {
                selector.is_none_or(|selector| {
                    selector.family == series.family && selector.matches(&series.labels, &series.raw_labels)
                })
            });
            wanted.map(|(index, _)| index).collect()
        })?;
        Ok((run, found))
    }
}

#[pymethods]
impl PyRun {
    #[new]
    #[pyo3(signature = (path, /, *, names = None, threads = 0))]
    fn py_new(
        py: Python<'_>,
        path: PathBuf,
        names: Option<&Bound<'_, PyDict>>,
        threads: usize,
    ) -> PyResult<PyRun> {
        let options = Options { names: convert::names(py, names)?, threads };
        work(py, || Run::open(&path, &options)).map(PyRun::new)
    }

    #[classmethod]
    #[pyo3(signature = (name = "run", /, *, frames = None, prom = None, events = None, meta = None, names = None, threads = 1))]
    #[expect(clippy::too_many_arguments, reason = "four files and two options, all by keyword")]
    fn from_bytes(
        class: &Bound<'_, PyType>,
        name: &str,
        frames: Option<&Bound<'_, PyAny>>,
        prom: Option<&Bound<'_, PyAny>>,
        events: Option<&Bound<'_, PyAny>>,
        meta: Option<&Bound<'_, PyAny>>,
        names: Option<&Bound<'_, PyDict>>,
        threads: usize,
    ) -> PyResult<PyRun> {
        let py = class.py();
        let bytes = |what: &str, given: Option<&Bound<'_, PyAny>>| {
            given.map(|given| convert::bytes(what, given)).transpose()
        };
        let (frames, prom) = (bytes("frames", frames)?, bytes("prom", prom)?);
        let (events, meta) = (bytes("events", events)?, bytes("meta", meta)?);
        let options = Options { names: convert::names(py, names)?, threads };
        let files = Files {
            frames: frames.as_deref(),
            prom: prom.as_deref(),
            events: events.as_deref(),
            meta: meta.as_deref(),
        };
        work(py, || Run::from_bytes(name, &files, &options)).map(PyRun::new)
    }

    #[getter]
    fn path(&self, py: Python<'_>) -> String {
        self.run(py).path.clone()
    }

    #[getter]
    fn name(&self, py: Python<'_>) -> String {
        self.run(py).name.clone()
    }

    #[getter]
    fn names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        convert::names_to_py(py, &self.run(py).names)
    }

    #[getter]
    fn frames<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFrames>> {
        table::frames(py, &self.run(py))
    }

    #[getter]
    fn families(&self, py: Python<'_>) -> Vec<String> {
        self.run(py).prom.families().into_iter().map(str::to_owned).collect()
    }

    #[getter]
    fn meta<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let meta = PyDict::new(py);
        self.run(py).meta.iter().try_for_each(|(key, value)| meta.set_item(key, value))?;
        Ok(meta)
    }

    #[getter]
    fn events<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        convert::events(py, self.run(py).events.iter())
    }

    #[getter]
    fn marks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        convert::events(py, self.run(py).marks())
    }

    #[getter]
    fn bursts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.bursts_of(py, "exact")
    }

    #[getter]
    fn window<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.window_of(py, "exact")
    }

    #[pyo3(signature = (mode, /))]
    fn bursts_of<'py>(&self, py: Python<'py>, mode: &str) -> PyResult<Bound<'py, PyList>> {
        let (run, mode) = (self.run(py), convert::mode(py, mode)?);
        convert::bursts(py, &compute(py, || run.bursts(mode))?)
    }

    #[pyo3(signature = (mode, /))]
    fn window_of<'py>(&self, py: Python<'py>, mode: &str) -> PyResult<Bound<'py, PyAny>> {
        let (run, mode) = (self.run(py), convert::mode(py, mode)?);
        convert::window(py, &compute(py, || run.window(mode))?)
    }

    #[getter]
    fn problems<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::json(py, &self.run(py).problems)
    }

    #[pyo3(signature = (family, /, contains = None, **labels))]
    fn series<'py>(
        &self,
        py: Python<'py>,
        family: &str,
        contains: Option<&str>,
        labels: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Vec<Bound<'py, PySeries>>> {
        let selector = convert::selector(py, family, contains, labels)?;
        let (run, indices) = self.selected(py, Some(&selector))?;
        indices.into_iter().map(|index| table::series(py, &run, index)).collect()
    }

    #[pyo3(signature = (family = None, /, contains = None, **labels))]
    fn samples<'py>(
        &self,
        py: Python<'py>,
        family: Option<&str>,
        contains: Option<&str>,
        labels: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyTable>> {
        let selector = match family {
            Some(family) => Some(convert::selector(py, family, contains, labels)?),
            None if contains.is_some() || labels.is_some_and(|labels| !labels.is_empty()) => {
                return Err(invalid(py, "contains and labels need a family: samples(family, ...)"));
            }
            None => None,
        };
        let (run, indices) = self.selected(py, selector.as_ref())?;
        table::samples(py, &run, &indices)
    }

    #[pyo3(signature = (mode = "exact"))]
    fn latency<'py>(&self, py: Python<'py>, mode: &str) -> PyResult<Bound<'py, PyLatency>> {
        let (run, mode) = (self.run(py), convert::mode(py, mode)?);
        table::latency(py, compute(py, || run.latency(mode))?)
    }

    #[pyo3(signature = (mode = "exact"))]
    fn gaps<'py>(&self, py: Python<'py>, mode: &str) -> PyResult<Bound<'py, PyGaps>> {
        let (run, mode) = (self.run(py), convert::mode(py, mode)?);
        table::gaps(py, compute(py, || run.gaps(mode))?)
    }

    fn freezes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFreezes>> {
        let run = self.run(py);
        table::freezes(py, compute(py, || run.freezes())?)
    }

    #[pyo3(signature = (mode = "exact"))]
    fn fps<'py>(&self, py: Python<'py>, mode: &str) -> PyResult<Bound<'py, PyBuckets>> {
        let (run, mode) = (self.run(py), convert::mode(py, mode)?);
        table::buckets(py, compute(py, || run.frame_rate(mode))?)
    }

    #[pyo3(signature = (family, /, contains = None, mode = "exact", **labels))]
    fn counter_rate<'py>(
        &self,
        py: Python<'py>,
        family: &str,
        contains: Option<&str>,
        mode: &str,
        labels: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyBuckets>> {
        let selector = convert::selector(py, family, contains, labels)?;
        let (run, mode) = (self.run(py), convert::mode(py, mode)?);
        table::buckets(py, compute(py, || run.counter_rate(&selector, mode))?)
    }

    fn counter_selectors<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (run, selectors) = (self.run(py), PyDict::new(py));
        for (key, selector) in compute(py, || run.counter_selectors())? {
            selectors.set_item(key, selector)?;
        }
        Ok(selectors)
    }

    #[pyo3(signature = (family, /, contains = None, mode = "exact", **labels))]
    fn counter_total(
        &self,
        py: Python<'_>,
        family: &str,
        contains: Option<&str>,
        mode: &str,
        labels: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Option<f64>> {
        let selector = convert::selector(py, family, contains, labels)?;
        let (run, mode) = (self.run(py), convert::mode(py, mode)?);
        Ok(compute(py, || run.counter_total(&selector, mode))?.map(|counted| counted.total))
    }

    #[pyo3(signature = (family, /, contains = None, mode = "exact", **labels))]
    fn counter<'py>(
        &self,
        py: Python<'py>,
        family: &str,
        contains: Option<&str>,
        mode: &str,
        labels: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let selector = convert::selector(py, family, contains, labels)?;
        let (run, mode) = (self.run(py), convert::mode(py, mode)?);
        let counted = compute(py, || run.counter_total(&selector, mode))?;
        let to_py = |c: streamgauge::run::CounterTotal| {
            convert::record(py, "CounterTotal", (c.total, c.series, c.resets, c.born))
        };
        counted.map(to_py).transpose()
    }

    #[pyo3(signature = (mode = "exact"))]
    fn summary<'py>(&self, py: Python<'py>, mode: &str) -> PyResult<Bound<'py, PyDict>> {
        let (run, mode) = (self.run(py), convert::mode(py, mode)?);
        convert::summary(py, &compute(py, || run.summary(mode))?)
    }

    #[pyo3(signature = (mode = "exact", *, indent = None))]
    fn to_json(&self, py: Python<'_>, mode: &str, indent: Option<usize>) -> PyResult<String> {
        let (run, mode) = (self.run(py), convert::mode(py, mode)?);
        work(py, || convert::run_json(&run, mode, indent))
    }

    #[pyo3(signature = (polls, /))]
    fn add_expositions(&self, py: Python<'_>, polls: Vec<(i64, Bound<'_, PyAny>)>) -> PyResult<()> {
        let texts = polls.iter().map(|(t_us, text)| Ok((*t_us, convert::bytes("polls", text)?)));
        let texts = texts.collect::<PyResult<Vec<_>>>()?;
        compute(py, || {
            let polls: Vec<(i64, &[u8])> = texts.iter().map(|(t_us, text)| (*t_us, &**text)).collect();
            let mut run = self.run.write().unwrap_or_else(PoisonError::into_inner);
            Arc::make_mut(&mut run).add_expositions(&polls);
        })
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let run = self.run(py);
        let bytes = compute(py, || run.encode())?;
        let decode = py.import("streamgauge._native")?.getattr("_decode")?;
        Ok((decode, (PyBytes::new(py, &bytes),)))
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let run = self.run(py);
        format!(
            "<Run {:?}: {} frames, {} samples in {} series, {} events>",
            run.path,
            run.frames.len(),
            run.prom.sample_count(),
            run.prom.series().len(),
            run.events.len(),
        )
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("streamgauge._repr")?.call_method1("run_html", (slf,))
    }
}

/// Rebuilds a pickled run.
#[pyfunction]
pub(crate) fn _decode(py: Python<'_>, bytes: &Bound<'_, PyBytes>) -> PyResult<PyRun> {
    let bytes = bytes.as_bytes();
    work(py, || Run::decode(bytes)).map(PyRun::new)
}
