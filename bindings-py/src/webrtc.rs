//! `Monitor`, `MonitorTrack`, `TrackDelta`, `Dump` and `Connection` as Python sees them.

mod report;

use crate::columns::Column;
use crate::convert::{self, int, made, now_us, system_us, tuple};
use crate::error::{locked, to_py, work};
use crate::series::PySketch;
use crate::table::{PyTable, measured};
use crate::telemetry::one_of;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use streamgauge::webrtc::{
    self, ConnectionColumn, Counts, Dump, DumpEvent, Flags, Flow, History, Monitor, MonitorConfig, Row,
    Track, TrackColumn, TrackDelta, TrackKey,
};
use streamgauge::{Error, ErrorKind};

#[pyclass(name = "Monitor", frozen, subclass, module = "streamgauge._native")]
pub(crate) struct PyMonitor(Arc<Mutex<Monitor>>);

#[pymethods]
impl PyMonitor {
    #[new]
    #[pyo3(signature = (*, from_start = false, max_rows = None, max_tracks = None, max_streams = None, max_skew_us = None))]
    fn py_new(
        py: Python<'_>,
        from_start: bool,
        max_rows: Option<&Bound<'_, PyAny>>,
        max_tracks: Option<&Bound<'_, PyAny>>,
        max_streams: Option<&Bound<'_, PyAny>>,
        max_skew_us: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyMonitor> {
        let mut config = MonitorConfig { from_start, ..MonitorConfig::default() };
        for (name, limit, given) in [
            ("max_rows", &mut config.max_rows, max_rows),
            ("max_tracks", &mut config.max_tracks, max_tracks),
            ("max_streams", &mut config.max_streams, max_streams),
        ] {
            if let Some(given) = given {
                *limit = int(name, given)?;
            }
        }
        if let Some(given) = max_skew_us {
            config.max_skew_us = int("max_skew_us", given)?;
        }
        let monitor = work(py, || Monitor::new(config))?;
        Ok(PyMonitor(Arc::new(Mutex::new(monitor))))
    }

    #[pyo3(signature = (report, /, time_us = None, monotonic_us = None))]
    fn record<'py>(
        &self,
        py: Python<'py>,
        report: &Bound<'py, PyAny>,
        time_us: Option<&Bound<'py, PyAny>>,
        monotonic_us: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let time_us = time_us.map_or_else(|| system_us(py), |given| int("time_us", given))?;
        let mut report = report::report(report, time_us)?;
        if let Some(given) = monotonic_us {
            report = report.with_monotonic_us(int("monotonic_us", given)?);
        }
        let flags = locked(py, &self.0, |monitor| monitor.record(&report))?;
        flags_to_py(py, flags.map_err(|error| to_py(py, &error))?)
    }

    #[pyo3(signature = (now_us = None))]
    fn take(&self, py: Python<'_>, now_us: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<PyTrackDelta>> {
        let at_us = self::now_us(py, now_us)?;
        let deltas = locked(py, &self.0, |monitor| monitor.take(at_us))?;
        Ok(deltas.into_iter().map(PyTrackDelta).collect())
    }

    #[pyo3(signature = (now_us = None))]
    fn close(&self, py: Python<'_>, now_us: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let at_us = self::now_us(py, now_us)?;
        locked(py, &self.0, |monitor| monitor.close(at_us))
    }

    #[getter]
    fn tracks(&self, py: Python<'_>) -> PyResult<Vec<PyMonitorTrack>> {
        let keys: Vec<TrackKey> = locked(py, &self.0, |monitor| {
            monitor.tracks().iter().map(|track| track.key().clone()).collect()
        })?;
        Ok(keys.into_iter().map(|key| self.track_of(key)).collect())
    }

    #[pyo3(signature = (flow, name, /))]
    fn track(&self, py: Python<'_>, flow: &str, name: &str) -> PyResult<Option<PyMonitorTrack>> {
        let flow = flow_of(py, flow)?;
        let key = locked(py, &self.0, |monitor| monitor.track(flow, name).map(|track| track.key().clone()))?;
        Ok(key.map(|key| self.track_of(key)))
    }

    #[pyo3(signature = (flow, /))]
    fn totals<'py>(&self, py: Python<'py>, flow: &str) -> PyResult<Bound<'py, PyDict>> {
        let flow = flow_of(py, flow)?;
        counts_to_py(py, &locked(py, &self.0, |monitor| *monitor.totals(flow))?)
    }

    #[getter]
    fn connection_totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        dict(py, locked(py, &self.0, |monitor| monitor.connection_totals().fields())?)
    }

    #[getter]
    fn selected_pair<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(pair) = locked(py, &self.0, |monitor| monitor.selected_pair().cloned())? else {
            return Ok(None);
        };
        let fields = tuple![
            py,
            pair.id,
            pair.local_type,
            pair.remote_type,
            pair.protocol,
            pair.relay_protocol,
            pair.network_type,
            pair.state,
        ];
        made(py, "_types", "SelectedPair", fields).map(Some)
    }

    #[getter]
    fn latest<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let row = locked(py, &self.0, |monitor| monitor.latest().copied())?;
        row.map(|row| row_to_py(py, &row, &connection_columns())).transpose()
    }

    #[getter]
    fn history<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTable>> {
        let columns =
            locked(py, &self.0, |monitor| history_columns(monitor.history(), &connection_columns()))?;
        Bound::new(py, PyTable::new(columns))
    }

    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        dict(py, locked(py, &self.0, |monitor| monitor.counts().fields())?)
    }

    #[getter]
    fn problems<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let problems = locked(py, &self.0, |monitor| monitor.problems().to_vec())?;
        let problem = |problem: webrtc::MemberProblem| {
            made(py, "_types", "MemberProblem", tuple![py, problem.object, problem.member, problem.reason])
        };
        problems.into_iter().map(problem).collect()
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let (tracks, reports) =
            locked(slf.py(), &slf.get().0, |monitor| (monitor.tracks().len(), monitor.counts().reports))?;
        Ok(format!("<{}: {tracks} tracks, {reports} reports>", slf.get_type().name()?))
    }
}

impl PyMonitor {
    fn track_of(&self, key: TrackKey) -> PyMonitorTrack {
        PyMonitorTrack { monitor: self.0.clone(), key }
    }
}

/// A track by its key, looked up at every access: it is always as the monitor has it now.
#[pyclass(name = "MonitorTrack", frozen, module = "streamgauge._native")]
pub(crate) struct PyMonitorTrack {
    monitor: Arc<Mutex<Monitor>>,
    key: TrackKey,
}

impl PyMonitorTrack {
    fn with<T: Send>(&self, py: Python<'_>, job: impl FnOnce(&Track) -> T + Send) -> PyResult<T> {
        let done = locked(py, &self.monitor, |monitor| {
            monitor.tracks().iter().find(|track| *track.key() == self.key).map(job)
        })?;
        done.ok_or_else(|| {
            let message = format!("track {:?} was forgotten for newer ones", self.key.name);
            to_py(py, &Error::new(ErrorKind::NotFound, message))
        })
    }
}

#[pymethods]
impl PyMonitorTrack {
    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        key_to_py(py, &self.key)
    }

    #[getter]
    fn flow(&self) -> &'static str {
        self.key.flow.code()
    }

    #[getter]
    fn kind(&self) -> &'static str {
        self.key.kind_code()
    }

    #[getter]
    fn name(&self) -> &str {
        &self.key.name
    }

    #[getter]
    fn mime(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |track| track.mime().to_owned())
    }

    #[getter]
    fn implementation(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |track| track.implementation().to_owned())
    }

    #[getter]
    fn totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        counts_to_py(py, &self.with(py, |track| *track.totals())?)
    }

    #[getter]
    fn loss_ratio(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        self.with(py, |track| track.totals().loss_ratio(self.key.flow == Flow::Outbound))
    }

    #[getter]
    fn latest<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let row = self.with(py, |track| track.latest().copied())?;
        row.map(|row| row_to_py(py, &row, &track_columns())).transpose()
    }

    #[getter]
    fn history<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTable>> {
        let columns = self.with(py, |track| history_columns(track.history(), &track_columns()))?;
        Bound::new(py, PyTable::new(columns))
    }

    #[getter]
    fn flags<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        flags_to_py(py, self.with(py, Track::flags)?)
    }

    #[getter]
    fn rtt_us(&self, py: Python<'_>) -> PyResult<PySketch> {
        self.with(py, |track| track.rtt_us().clone()).map(PySketch::wrap)
    }

    #[getter]
    fn jitter_us(&self, py: Python<'_>) -> PyResult<PySketch> {
        self.with(py, |track| track.jitter_us().clone()).map(PySketch::wrap)
    }

    #[getter]
    fn measured_us(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, Track::measured_us)
    }

    #[getter]
    fn mean_bitrate_bps(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        self.with(py, Track::mean_bitrate_bps)
    }

    #[getter]
    fn mean_frame_rate_per_s(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        self.with(py, Track::mean_frame_rate_per_s)
    }

    fn __repr__(&self) -> String {
        format!("<MonitorTrack {}>", key_text(&self.key))
    }
}

#[pyclass(name = "TrackDelta", frozen, module = "streamgauge._native")]
pub(crate) struct PyTrackDelta(pub(crate) TrackDelta);

#[pymethods]
impl PyTrackDelta {
    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        key_to_py(py, &self.0.key)
    }

    #[getter]
    fn mime(&self) -> &str {
        &self.0.mime
    }

    #[getter]
    fn start_us(&self) -> i64 {
        self.0.interval.start_us
    }

    #[getter]
    fn end_us(&self) -> i64 {
        self.0.interval.end_us
    }

    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        counts_to_py(py, &self.0.counts)
    }

    #[getter]
    fn rtt_us(&self) -> Option<u32> {
        self.0.rtt_us
    }

    #[getter]
    fn jitter_us(&self) -> Option<u32> {
        self.0.jitter_us
    }

    #[getter]
    fn last(&self) -> bool {
        self.0.last
    }

    fn __repr__(&self) -> String {
        format!("<TrackDelta {}>", key_text(&self.0.key))
    }
}

/// Reads a dump, given as a path or as bytes.
#[pyfunction]
#[pyo3(signature = (source, /))]
pub(crate) fn read_dump(py: Python<'_>, source: &Bound<'_, PyAny>) -> PyResult<PyDump> {
    let path = source.is_instance_of::<PyString>() || source.hasattr("__fspath__")?;
    let dump = if path {
        let path: PathBuf = source.extract()?;
        work(py, || webrtc::read_dump_file(&path))?
    } else {
        let bytes = convert::bytes("source", source)?;
        work(py, || webrtc::read_dump(&bytes))?
    };
    PyDump::new(py, dump)
}

#[pyclass(name = "Dump", frozen, module = "streamgauge._native")]
pub(crate) struct PyDump {
    #[pyo3(get)]
    format: &'static str,
    #[pyo3(get)]
    truncated: bool,
    #[pyo3(get)]
    problem_count: u64,
    problems: Vec<webrtc::DumpProblem>,
    connections: Vec<Py<PyConnection>>,
}

impl PyDump {
    fn new(py: Python<'_>, dump: Dump) -> PyResult<PyDump> {
        let connection = |found: webrtc::DumpConnection| {
            let monitor = PyMonitor(Arc::new(Mutex::new(found.monitor)));
            let connection = PyConnection {
                id: found.id,
                events: found.events,
                unclassified_objects: found.unclassified_objects,
                invalid_members: found.invalid_members,
            };
            Py::new(py, PyClassInitializer::from(monitor).add_subclass(connection))
        };
        Ok(PyDump {
            format: dump.format.code(),
            truncated: dump.truncated,
            problem_count: dump.problem_count,
            problems: dump.problems,
            connections: dump.connections.into_iter().map(connection).collect::<PyResult<_>>()?,
        })
    }
}

#[pymethods]
impl PyDump {
    #[getter]
    fn connections<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, &self.connections)
    }

    #[getter]
    fn problems<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let problem = |problem: &webrtc::DumpProblem| {
            made(py, "_types", "DumpProblem", tuple![py, problem.line, &problem.reason])
        };
        self.problems.iter().map(problem).collect()
    }

    fn __repr__(&self) -> String {
        format!("<Dump {}: {} connections>", self.format, self.connections.len())
    }
}

#[pyclass(name = "Connection", extends = PyMonitor, frozen, module = "streamgauge._native")]
pub(crate) struct PyConnection {
    #[pyo3(get)]
    id: String,
    events: Vec<DumpEvent>,
    #[pyo3(get)]
    unclassified_objects: u64,
    #[pyo3(get)]
    invalid_members: u64,
}

#[pymethods]
impl PyConnection {
    #[getter]
    fn events<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let event =
            |event: &DumpEvent| made(py, "_types", "DumpEvent", tuple![py, event.time_us, &event.name]);
        self.events.iter().map(event).collect()
    }
}

/// The names of the flags of a row, each at the place of its bit.
#[pyfunction]
pub(crate) fn _row_flags() -> Vec<&'static str> {
    Flags::ALL.iter().map(|(_, name)| *name).collect()
}

fn flow_of(py: Python<'_>, given: &str) -> PyResult<Flow> {
    one_of(py, "flow", given, [Flow::Inbound, Flow::Outbound].map(|flow| (flow.code(), flow)))
}

fn flags_to_py(py: Python<'_>, flags: Flags) -> PyResult<Bound<'_, PyTuple>> {
    PyTuple::new(
        py,
        Flags::ALL.iter().filter(|(flag, _)| flags.has(*flag)).map(|(_, name)| name).collect::<Vec<_>>(),
    )
}

fn key_to_py<'py>(py: Python<'py>, key: &TrackKey) -> PyResult<Bound<'py, PyAny>> {
    made(py, "_types", "MonitorTrackKey", tuple![py, key.flow.code(), key.kind_code(), &key.name])
}

fn key_text(key: &TrackKey) -> String {
    format!("{} {} {:?}", key.flow.code(), key.kind_code(), key.name)
}

fn dict<'py, V: IntoPyObject<'py>>(
    py: Python<'py>,
    fields: impl IntoIterator<Item = (&'static str, V)>,
) -> PyResult<Bound<'py, PyDict>> {
    let all = PyDict::new(py);
    fields.into_iter().try_for_each(|(name, value)| all.set_item(name, value))?;
    Ok(all)
}

fn counts_to_py<'py>(py: Python<'py>, counts: &Counts) -> PyResult<Bound<'py, PyDict>> {
    let all = dict(py, counts.fields())?;
    all.set_item("packets_lost", counts.packets_lost())?;
    Ok(all)
}

fn track_columns() -> Vec<&'static str> {
    TrackColumn::ALL.iter().map(|column| column.code()).collect()
}

fn connection_columns() -> Vec<&'static str> {
    ConnectionColumn::ALL.iter().map(|column| column.code()).collect()
}

fn row_to_py<'py, const N: usize>(
    py: Python<'py>,
    row: &Row<N>,
    names: &[&'static str],
) -> PyResult<Bound<'py, PyDict>> {
    let all = PyDict::new(py);
    all.set_item("time_us", row.time_us)?;
    all.set_item("flags", flags_to_py(py, row.flags)?)?;
    names.iter().enumerate().try_for_each(|(at, name)| all.set_item(name, row.get(at)))?;
    Ok(all)
}

fn history_columns<const N: usize>(history: &History<N>, names: &[&'static str]) -> Vec<Column> {
    let mut columns = vec![
        Column::new("time_us", history.time_us().to_vec().into()),
        Column::new("flags", history.flags().to_vec().into()),
    ];
    columns.extend(names.iter().enumerate().map(|(at, name)| measured(name, history.column(at).to_vec())));
    columns
}
