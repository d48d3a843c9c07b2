//! `Audience`, `AudienceSummary`, `Streams` and `Cdn` as Python sees them.

use crate::arrays::{Items, items, times};
use crate::columns::Column;
use crate::convert::{self, int, made, tuple};
use crate::error::{compute, invalid, locked, to_py, work};
use crate::series::{PySketch, signed};
use crate::table::PyTable;
use crate::telemetry::otlp_config;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMapping};
use std::sync::Mutex;
use streamgauge::audience::{
    Audience, AudienceConfig, Cdn, ClassTotals, EdgeTotals, Joined, MediaClass, MediaPacket, StreamMetrics,
    StreamTotals, Streams, Summary, ViewerInfo, ViewerStats,
};
use streamgauge::export::{otlp_summaries, summaries_text, summary_json};
use streamgauge::series::SketchConfig;
use streamgauge::wire::{decode_summary, encode_summary};
use streamgauge::{Error, Interval};

#[pyclass(name = "Audience", frozen, module = "streamgauge._native")]
pub(crate) struct PyAudience(Mutex<Audience>);

impl PyAudience {
    fn event(
        &self,
        py: Python<'_>,
        at_us: &Bound<'_, PyAny>,
        event: impl FnOnce(&mut Audience, i64) -> bool + Send,
    ) -> PyResult<bool> {
        let at_us = int("at_us", at_us)?;
        locked(py, &self.0, |audience| event(audience, at_us))
    }
}

#[pymethods]
impl PyAudience {
    #[new]
    #[pyo3(signature = (*, idle_timeout_us = None, reconnect_us = None, keep_us = None, max_viewers = None, max_changes = None, relative_error = 0.01))]
    fn py_new(
        py: Python<'_>,
        idle_timeout_us: Option<i64>,
        reconnect_us: Option<i64>,
        keep_us: Option<i64>,
        max_viewers: Option<usize>,
        max_changes: Option<usize>,
        relative_error: f64,
    ) -> PyResult<PyAudience> {
        let default = AudienceConfig::default();
        let config = AudienceConfig {
            idle_timeout_us: idle_timeout_us.unwrap_or(default.idle_timeout_us),
            reconnect_us: reconnect_us.unwrap_or(default.reconnect_us),
            keep_us: keep_us.unwrap_or(default.keep_us),
            max_viewers: max_viewers.unwrap_or(default.max_viewers),
            max_changes: max_changes.unwrap_or(default.max_changes),
            sketch: SketchConfig { relative_error },
        };
        let audience = Audience::new(config).map_err(|error| to_py(py, &error))?;
        Ok(PyAudience(Mutex::new(audience)))
    }

    #[pyo3(signature = (viewer, at_us, /, *, location = None, user_agent = None))]
    fn join(
        &self,
        py: Python<'_>,
        viewer: &str,
        at_us: &Bound<'_, PyAny>,
        location: Option<String>,
        user_agent: Option<String>,
    ) -> PyResult<&'static str> {
        let at_us = int("at_us", at_us)?;
        let told = location.is_some() || user_agent.is_some();
        let info = told.then_some(ViewerInfo { location, user_agent });
        let joined = locked(py, &self.0, |audience| audience.join(viewer, at_us, info))?;
        Ok(match joined.map_err(|error| to_py(py, &error))? {
            Joined::New => "new",
            Joined::Reconnected => "reconnected",
        })
    }

    #[pyo3(signature = (viewer, at_us, /))]
    fn leave(&self, py: Python<'_>, viewer: &str, at_us: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.event(py, at_us, |audience, at_us| audience.leave(viewer, at_us))
    }

    #[pyo3(signature = (viewer, at_us, /))]
    fn heartbeat(&self, py: Python<'_>, viewer: &str, at_us: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.event(py, at_us, |audience, at_us| audience.heartbeat(viewer, at_us))
    }

    #[pyo3(signature = (viewer, at_us, /))]
    fn started(&self, py: Python<'_>, viewer: &str, at_us: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.event(py, at_us, |audience, at_us| audience.started(viewer, at_us))
    }

    #[pyo3(signature = (viewer, at_us, /))]
    fn rebuffer_begins(&self, py: Python<'_>, viewer: &str, at_us: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.event(py, at_us, |audience, at_us| audience.rebuffer_begins(viewer, at_us))
    }

    #[pyo3(signature = (viewer, at_us, /))]
    fn rebuffer_ends(&self, py: Python<'_>, viewer: &str, at_us: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.event(py, at_us, |audience, at_us| audience.rebuffer_ends(viewer, at_us))
    }

    #[pyo3(signature = (viewer, at_us, duration_us, /))]
    fn rebuffered(
        &self,
        py: Python<'_>,
        viewer: &str,
        at_us: &Bound<'_, PyAny>,
        duration_us: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let duration_us = int("duration_us", duration_us)?;
        self.event(py, at_us, |audience, at_us| audience.rebuffered(viewer, at_us, duration_us))
    }

    #[pyo3(signature = (viewer, at_us, bitrate_bps, /))]
    fn bitrate(
        &self,
        py: Python<'_>,
        viewer: &str,
        at_us: &Bound<'_, PyAny>,
        bitrate_bps: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let bitrate_bps = int("bitrate_bps", bitrate_bps)?;
        self.event(py, at_us, |audience, at_us| audience.bitrate(viewer, at_us, bitrate_bps))
    }

    #[pyo3(signature = (now_us, /))]
    fn handle_time(&self, py: Python<'_>, now_us: &Bound<'_, PyAny>) -> PyResult<()> {
        let now_us = int("now_us", now_us)?;
        locked(py, &self.0, |audience| audience.handle_time(now_us))
    }

    #[pyo3(signature = (now_us, /))]
    fn summary(&self, py: Python<'_>, now_us: &Bound<'_, PyAny>) -> PyResult<PySummary> {
        let now_us = int("now_us", now_us)?;
        Ok(PySummary(Mutex::new(locked(py, &self.0, |audience| audience.summary(now_us))?)))
    }

    #[pyo3(signature = (viewer, now_us, /))]
    fn viewer<'py>(
        &self,
        py: Python<'py>,
        viewer: &str,
        now_us: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let now_us = int("now_us", now_us)?;
        let found = locked(py, &self.0, |audience| audience.viewer(viewer, now_us))?;
        let shown = |stats: ViewerStats| {
            let fields = tuple![
                py,
                stats.watching,
                stats.first_us,
                stats.last_us,
                stats.views,
                stats.watched_us,
                stats.startup_us,
                stats.rebuffers,
                stats.rebuffer_us,
                stats.mean_bitrate_bps,
                stats.switches,
                stats.info.location,
                stats.info.user_agent
            ];
            made(py, "_types", "ViewerStats", fields)
        };
        found.map(shown).transpose()
    }

    #[pyo3(signature = (start_us, end_us, /))]
    fn concurrency<'py>(
        &self,
        py: Python<'py>,
        start_us: &Bound<'py, PyAny>,
        end_us: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let asked = Interval::new(int("start_us", start_us)?, int("end_us", end_us)?);
        let Some(found) = locked(py, &self.0, |audience| audience.concurrency(asked))? else {
            return Ok(None);
        };
        let Interval { start_us, end_us } = found.interval;
        let fields = tuple![py, start_us, end_us, found.peak, found.peak_us, found.area_us, found.mean()];
        made(py, "_types", "ConcurrencyStats", fields).map(Some)
    }

    fn steps<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTable>> {
        let steps: Vec<(i64, u64)> = locked(py, &self.0, |audience| audience.steps().collect())?;
        let viewers = signed(py, steps.iter().map(|step| step.1))?;
        let times: Vec<i64> = steps.iter().map(|step| step.0).collect();
        let columns = vec![Column::new("t_us", times.into()), Column::new("viewers", viewers.into())];
        Bound::new(py, PyTable::new(columns))
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        locked(py, &self.0, |audience| audience.len())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<Audience: {} viewers remembered>", self.__len__(py)?))
    }
}

#[pyclass(name = "AudienceSummary", frozen, module = "streamgauge._native")]
pub(crate) struct PySummary(Mutex<Summary>);

impl PySummary {
    /// Taken out first wherever two are needed, so that no two locks are held at once.
    fn copy(&self, py: Python<'_>) -> PyResult<Summary> {
        locked(py, &self.0, |summary| summary.clone())
    }
}

#[pymethods]
impl PySummary {
    #[pyo3(signature = (other, /))]
    fn merge(&self, py: Python<'_>, other: &PySummary) -> PyResult<()> {
        let other = other.copy(py)?;
        locked(py, &self.0, |summary| summary.merge(&other))?.map_err(|error| to_py(py, &error))
    }

    #[getter]
    fn start_us(&self, py: Python<'_>) -> PyResult<Option<i64>> {
        locked(py, &self.0, |summary| summary.interval.map(|interval| interval.start_us))
    }

    #[getter]
    fn end_us(&self, py: Python<'_>) -> PyResult<Option<i64>> {
        locked(py, &self.0, |summary| summary.interval.map(|interval| interval.end_us))
    }

    #[getter]
    fn totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let counts = locked(py, &self.0, |summary| summary.totals.fields().map(|(_, count)| count))?;
        made(py, "_types", "ViewerTotals", pyo3::types::PyTuple::new(py, counts)?)
    }

    #[getter]
    fn watching(&self, py: Python<'_>) -> PyResult<u64> {
        locked(py, &self.0, |summary| summary.watching)
    }

    #[getter]
    fn peak_at_least(&self, py: Python<'_>) -> PyResult<u64> {
        locked(py, &self.0, |summary| summary.peak_at_least)
    }

    #[getter]
    fn peak_at_most(&self, py: Python<'_>) -> PyResult<u64> {
        locked(py, &self.0, |summary| summary.peak_at_most)
    }

    #[getter]
    fn peak_us(&self, py: Python<'_>) -> PyResult<Option<i64>> {
        locked(py, &self.0, |summary| summary.peak_us)
    }

    #[getter]
    fn watched_us(&self, py: Python<'_>) -> PyResult<u64> {
        locked(py, &self.0, |summary| summary.watched_us())
    }

    #[getter]
    fn mean_concurrency(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        locked(py, &self.0, |summary| summary.mean_concurrency())
    }

    #[getter]
    fn rebuffer_ratio(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        locked(py, &self.0, |summary| summary.rebuffer_ratio())
    }

    #[getter]
    fn mean_bitrate_bps(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        locked(py, &self.0, |summary| summary.mean_bitrate_bps())
    }

    #[getter]
    fn exit_before_start_ratio(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        locked(py, &self.0, |summary| summary.exit_before_start_ratio())
    }

    #[getter]
    fn startup_us(&self, py: Python<'_>) -> PyResult<PySketch> {
        locked(py, &self.0, |summary| summary.startup_us.clone()).map(PySketch::wrap)
    }

    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        locked(py, &self.0, |summary| summary_json(summary))
    }

    #[pyo3(signature = (*, labels = None, openmetrics = false))]
    fn to_prometheus(
        &self,
        py: Python<'_>,
        labels: Option<&Bound<'_, PyMapping>>,
        openmetrics: bool,
    ) -> PyResult<String> {
        let labels = texts(labels)?;
        locked(py, &self.0, |summary| summaries_text(&[(pairs(&labels), &*summary)], openmetrics))
    }

    #[staticmethod]
    #[pyo3(signature = (summaries, /, *, openmetrics = false))]
    fn many_to_prometheus(
        py: Python<'_>,
        summaries: &Bound<'_, PyAny>,
        openmetrics: bool,
    ) -> PyResult<String> {
        let mut copies: Vec<(Vec<(String, String)>, Summary)> = Vec::new();
        for item in summaries.try_iter()? {
            let (labels, summary): (Bound<'_, PyMapping>, PyRef<'_, PySummary>) = item?.extract()?;
            copies.push((texts(Some(&labels))?, summary.copy(py)?));
        }
        let labelled: Vec<_> = copies.iter().map(|(labels, summary)| (pairs(labels), summary)).collect();
        compute(py, || summaries_text(&labelled, openmetrics))
    }

    #[pyo3(signature = (*, attributes = None, resource = None))]
    fn to_otlp<'py>(
        &self,
        py: Python<'py>,
        attributes: Option<&Bound<'py, PyMapping>>,
        resource: Option<&Bound<'py, PyMapping>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (attributes, config) = (texts(attributes)?, otlp_config(resource, None)?);
        let metrics =
            locked(py, &self.0, |summary| otlp_summaries(&[(pairs(&attributes), &*summary)], &config))?;
        Ok(PyBytes::new(py, &metrics.to_protobuf()))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &locked(py, &self.0, |summary| encode_summary(summary))?))
    }

    #[staticmethod]
    #[pyo3(signature = (data, /))]
    fn from_bytes(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<PySummary> {
        let data = convert::bytes("data", data)?;
        work(py, || decode_summary(&data)).map(|summary| PySummary(Mutex::new(summary)))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let py = slf.py();
        Ok((py.get_type::<Self>().getattr("from_bytes")?, (slf.get().to_bytes(py)?,)))
    }

    fn __copy__(&self, py: Python<'_>) -> PyResult<PySummary> {
        Ok(PySummary(Mutex::new(self.copy(py)?)))
    }

    #[pyo3(signature = (_memo, /))]
    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> PyResult<PySummary> {
        self.__copy__(py)
    }

    fn __eq__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let Ok(other) = other.cast::<PySummary>() else {
            return Ok(py.NotImplemented().into_bound(py));
        };
        let other = other.get().copy(py)?;
        locked(py, &self.0, |summary| *summary == other)?.into_bound_py_any(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        locked(py, &self.0, |summary| {
            let (views, watching) = (summary.totals.views, summary.watching);
            format!("<AudienceSummary: {views} views, {watching} watching>")
        })
    }
}

/// Labels, or none.
fn texts(given: Option<&Bound<'_, PyMapping>>) -> PyResult<Vec<(String, String)>> {
    given.map_or(Ok(Vec::new()), |given| given.items()?.extract())
}

fn pairs(texts: &[(String, String)]) -> Vec<(&str, &str)> {
    texts.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

#[pyclass(name = "Streams", frozen, module = "streamgauge._native")]
pub(crate) struct PyStreams(Streams);

#[pymethods]
impl PyStreams {
    #[new]
    #[pyo3(signature = (*, max_streams = 65536, relative_error = 0.01))]
    fn py_new(py: Python<'_>, max_streams: usize, relative_error: f64) -> PyResult<PyStreams> {
        let streams = Streams::new(max_streams, SketchConfig { relative_error });
        streams.map(PyStreams).map_err(|error| to_py(py, &error))
    }

    #[pyo3(signature = (stream, times_us, sizes_bytes, /, *, media = "video", durations_us = None, frames = None, keyframes = None, latencies_us = None))]
    #[expect(clippy::too_many_arguments, reason = "columns of packets, the optional ones by keyword")]
    fn record(
        &self,
        py: Python<'_>,
        stream: &str,
        times_us: &Bound<'_, PyAny>,
        sizes_bytes: &Bound<'_, PyAny>,
        media: &str,
        durations_us: Option<&Bound<'_, PyAny>>,
        frames: Option<&Bound<'_, PyAny>>,
        keyframes: Option<&Bound<'_, PyAny>>,
        latencies_us: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let class = match media {
            "video" => MediaClass::Video,
            "audio" => MediaClass::Audio,
            "metadata" => MediaClass::Metadata,
            other => {
                return Err(invalid(py, format!("media is {other:?}: expected video, audio or metadata")));
            }
        };
        let (times, sizes) = (times("times_us", times_us)?, items::<u32>("sizes_bytes", sizes_bytes)?);
        let durations = durations_us.map(|given| items::<u32>("durations_us", given)).transpose()?;
        let frames = frames.map(|given| items::<bool>("frames", given)).transpose()?;
        let keyframes = keyframes.map(|given| items::<bool>("keyframes", given)).transpose()?;
        let latencies = latencies_us.map(|given| items::<i64>("latencies_us", given)).transpose()?;
        let (times, sizes) = (times.as_slice(), sizes.as_slice());
        let (durations, frames) =
            (durations.as_ref().map(Items::as_slice), frames.as_ref().map(Items::as_slice));
        let (keyframes, latencies) =
            (keyframes.as_ref().map(Items::as_slice), latencies.as_ref().map(Items::as_slice));
        let lengths = [
            ("sizes_bytes", Some(sizes.len())),
            ("durations_us", durations.as_ref().map(|items| items.len())),
            ("frames", frames.as_ref().map(|items| items.len())),
            ("keyframes", keyframes.as_ref().map(|items| items.len())),
            ("latencies_us", latencies.as_ref().map(|items| items.len())),
        ];
        if let Some((what, Some(len))) =
            lengths.into_iter().find(|(_, len)| len.is_some_and(|len| len != times.len()))
        {
            return Err(invalid(py, format!("times_us has {} items, {what} has {len}", times.len())));
        }
        work(py, || {
            let packet = |i: usize| MediaPacket {
                at_us: times[i],
                class,
                bytes: sizes[i],
                duration_us: durations.as_ref().map(|items| items[i]),
                frame: frames.as_ref().is_some_and(|items| items[i]),
                keyframe: keyframes.as_ref().is_some_and(|items| items[i]),
                latency_us: latencies.as_ref().map(|items| items[i]),
            };
            let packets: Vec<MediaPacket> = (0..times.len()).map(packet).collect();
            self.0.record(stream, &packets)
        })
    }

    #[pyo3(signature = (stream, frames, /))]
    fn record_dropped_frames(&self, py: Python<'_>, stream: &str, frames: &Bound<'_, PyAny>) -> PyResult<()> {
        let frames = int("frames", frames)?;
        work(py, || self.0.with(stream, |stream| stream.record_dropped_frames(frames)))
    }

    #[pyo3(signature = (stream, packets, /))]
    fn record_lost_packets(&self, py: Python<'_>, stream: &str, packets: &Bound<'_, PyAny>) -> PyResult<()> {
        let packets = int("packets", packets)?;
        work(py, || self.0.with(stream, |stream| stream.record_lost_packets(packets)))
    }

    #[pyo3(signature = (stream, /))]
    fn snapshot<'py>(&self, py: Python<'py>, stream: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let found = compute(py, || self.0.snapshot(stream))?;
        found.map(|metrics| stream_stats(py, &metrics)).transpose()
    }

    #[pyo3(signature = (stream, /))]
    fn remove<'py>(&self, py: Python<'py>, stream: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let found = compute(py, || self.0.remove(stream))?;
        found.map(|metrics| stream_stats(py, &metrics)).transpose()
    }

    fn ids(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        compute(py, || self.0.ids())
    }

    fn totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let totals = compute(py, || self.0.totals())?;
        media_totals(py, &totals)
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.ids(py)?.len())
    }
}

fn stream_stats<'py>(py: Python<'py>, metrics: &StreamMetrics) -> PyResult<Bound<'py, PyAny>> {
    let span = metrics.span();
    let fields = tuple![
        py,
        media_totals(py, metrics.totals())?,
        span.map(|span| span.start_us),
        span.map(|span| span.end_us),
        metrics.bitrate_bps(MediaClass::Video),
        metrics.bitrate_bps(MediaClass::Audio),
        metrics.bitrate_bps(MediaClass::Metadata),
        metrics.frame_rate(),
        metrics.keyframe_interval_us(),
        PySketch::wrap(metrics.latency_us().clone())
    ];
    made(py, "_types", "MediaStats", fields)
}

fn media_totals<'py>(py: Python<'py>, totals: &StreamTotals) -> PyResult<Bound<'py, PyAny>> {
    let class = |totals: &ClassTotals| {
        let ClassTotals { packets, bytes, timed_bytes, duration_us } = *totals;
        let fields = tuple![py, packets, bytes, timed_bytes, duration_us, totals.media_bitrate_bps()];
        made(py, "_types", "ClassTotals", fields)
    };
    let fields = tuple![
        py,
        class(&totals.video)?,
        class(&totals.audio)?,
        class(&totals.metadata)?,
        totals.frames,
        totals.keyframes,
        totals.frames_dropped,
        totals.packets_lost,
        totals.loss_ratio(),
        totals.drop_ratio()
    ];
    made(py, "_types", "MediaTotals", fields)
}

#[pyclass(name = "Cdn", frozen, module = "streamgauge._native")]
pub(crate) struct PyCdn(Mutex<Cdn>);

#[pymethods]
impl PyCdn {
    #[new]
    #[pyo3(signature = (*, max_edges = 1024))]
    fn py_new(py: Python<'_>, max_edges: usize) -> PyResult<PyCdn> {
        Cdn::new(max_edges).map(|cdn| PyCdn(Mutex::new(cdn))).map_err(|error: Error| to_py(py, &error))
    }

    #[pyo3(signature = (edge, at_us, /, *, hit, size_bytes))]
    fn record(
        &self,
        py: Python<'_>,
        edge: &str,
        at_us: &Bound<'_, PyAny>,
        hit: bool,
        size_bytes: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (at_us, size_bytes) = (int("at_us", at_us)?, int("size_bytes", size_bytes)?);
        locked(py, &self.0, |cdn| cdn.record(edge, at_us, hit, size_bytes))
    }

    #[pyo3(signature = (other, /))]
    fn merge(&self, py: Python<'_>, other: &PyCdn) -> PyResult<()> {
        let other = locked(py, &other.0, |cdn| cdn.clone())?;
        locked(py, &self.0, |cdn| cdn.merge(&other))
    }

    fn edges<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let found: Vec<(String, EdgeTotals)> = locked(py, &self.0, |cdn| {
            cdn.edges().map(|(edge, totals)| (edge.to_owned(), *totals)).collect()
        })?;
        let edges = PyDict::new(py);
        for (edge, totals) in found {
            edges.set_item(edge, edge_totals(py, &totals)?)?;
        }
        Ok(edges)
    }

    #[getter]
    fn others<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        edge_totals(py, &locked(py, &self.0, |cdn| *cdn.others())?)
    }

    #[getter]
    fn total<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        edge_totals(py, &locked(py, &self.0, |cdn| *cdn.total())?)
    }

    #[getter]
    fn bandwidth_bps(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        locked(py, &self.0, |cdn| cdn.bandwidth_bps())
    }

    #[getter]
    fn start_us(&self, py: Python<'_>) -> PyResult<Option<i64>> {
        locked(py, &self.0, |cdn| cdn.span().map(|span| span.start_us))
    }

    #[getter]
    fn end_us(&self, py: Python<'_>) -> PyResult<Option<i64>> {
        locked(py, &self.0, |cdn| cdn.span().map(|span| span.end_us))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        locked(py, &self.0, |cdn| format!("<Cdn: {} edges>", cdn.edges().len()))
    }
}

fn edge_totals<'py>(py: Python<'py>, totals: &EdgeTotals) -> PyResult<Bound<'py, PyAny>> {
    let EdgeTotals { hits, misses, hit_bytes, miss_bytes } = *totals;
    let fields = tuple![py, hits, misses, hit_bytes, miss_bytes, totals.hit_ratio(), totals.byte_hit_ratio()];
    made(py, "_types", "EdgeTotals", fields)
}
