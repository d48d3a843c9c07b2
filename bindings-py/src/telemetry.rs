//! `Telemetry`, `Track` and `Report` as Python sees them.

mod values;

use crate::arrays::{Items, items, times};
use crate::convert::{self, int, made, now_us, tuple};
use crate::error::{compute, invalid, work};
use crate::packets::{Packets, parse};
use crate::webrtc::PyTrackDelta;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyMapping, PyTuple};
use std::sync::Arc;
use streamgauge::telemetry::{
    ByteView, DataPacket, Level, Report, RtcpSample, Telemetry, TelemetryConfig, Track, TrackKey,
};
use streamgauge::{export, wire};
use values::{direction_of, kind_of, role_of, seed_of, stat, track_key, track_totals};
pub(crate) use values::{one_of, otlp_config};

/// The fields of a `TrackKey` of Python's.
type KeyFields = (String, String, String, String, String, String, String, String);

#[pyclass(name = "Telemetry", frozen, module = "streamgauge._native")]
pub(crate) struct PyTelemetry(Telemetry);

#[pymethods]
impl PyTelemetry {
    #[new]
    #[pyo3(signature = (*, level = "track", bytes = "payload", emit_idle = false, grace_us = None, max_tracks = None, max_participants = None, max_streams_per_track = None, clocks = None))]
    #[expect(clippy::too_many_arguments, reason = "all by keyword")]
    fn py_new(
        py: Python<'_>,
        level: &str,
        bytes: &str,
        emit_idle: bool,
        grace_us: Option<&Bound<'_, PyAny>>,
        max_tracks: Option<&Bound<'_, PyAny>>,
        max_participants: Option<&Bound<'_, PyAny>>,
        max_streams_per_track: Option<&Bound<'_, PyAny>>,
        clocks: Option<&Bound<'_, PyMapping>>,
    ) -> PyResult<PyTelemetry> {
        let mut config = TelemetryConfig {
            level: one_of(
                py,
                "level",
                level,
                [("track", Level::Track), ("participant", Level::Participant)],
            )?,
            bytes: one_of(py, "bytes", bytes, [("payload", ByteView::Payload), ("wire", ByteView::Wire)])?,
            emit_idle,
            payloads: Arc::new(convert::payloads(py, clocks)?),
            ..TelemetryConfig::default()
        };
        if let Some(given) = grace_us {
            config.grace_us = int("grace_us", given)?;
        }
        for (name, limit, given) in [
            ("max_tracks", &mut config.max_tracks, max_tracks),
            ("max_participants", &mut config.max_participants, max_participants),
            ("max_streams_per_track", &mut config.max_streams_per_track, max_streams_per_track),
        ] {
            if let Some(given) = given {
                *limit = int(name, given)?;
            }
        }
        work(py, || Telemetry::new(config)).map(PyTelemetry)
    }

    #[pyo3(signature = (key, /, now_us = None, *, seed = None))]
    fn open(
        &self,
        py: Python<'_>,
        key: KeyFields,
        now_us: Option<&Bound<'_, PyAny>>,
        seed: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyTrack> {
        let (participant, track, direction, kind, role, source, mime, country) = key;
        let (direction, role, kind) =
            (direction_of(py, &direction)?, role_of(py, &role)?, kind_of(py, &kind)?);
        let key = TrackKey { participant, track, direction, role, kind, source, mime, country };
        let seed = seed.map(seed_of).transpose()?.unwrap_or_default();
        let at_us = self::now_us(py, now_us)?;
        work(py, || self.0.open_seeded(key, at_us, seed)).map(PyTrack)
    }

    #[pyo3(signature = (participant, /, room_id, room_name = "", *, now_us = None))]
    fn identify(
        &self,
        py: Python<'_>,
        participant: &str,
        room_id: &str,
        room_name: &str,
        now_us: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let at_us = self::now_us(py, now_us)?;
        work(py, || self.0.identify(participant, room_id, room_name, at_us))
    }

    #[pyo3(signature = (now_us = None))]
    fn flush(&self, py: Python<'_>, now_us: Option<&Bound<'_, PyAny>>) -> PyResult<PyReport> {
        let at_us = self::now_us(py, now_us)?;
        work(py, || self.0.flush(at_us)).map(PyReport)
    }

    #[pyo3(signature = (now_us = None))]
    fn take(&self, py: Python<'_>, now_us: Option<&Bound<'_, PyAny>>) -> PyResult<PyReport> {
        let at_us = self::now_us(py, now_us)?;
        work(py, || self.0.take(at_us)).map(PyReport)
    }

    #[pyo3(signature = (now_us = None))]
    fn ack(&self, py: Python<'_>, now_us: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let at_us = self::now_us(py, now_us)?;
        compute(py, || self.0.ack(at_us))
    }

    fn restore(&self, py: Python<'_>) -> PyResult<bool> {
        compute(py, || self.0.restore())
    }

    #[pyo3(signature = (now_us = None))]
    fn delivery<'py>(
        slf: &Bound<'py, Self>,
        now_us: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("streamgauge._telemetry")?.call_method1("delivery", (slf, now_us))
    }

    #[pyo3(signature = (direction, /, role = "edge"))]
    fn totals<'py>(&self, py: Python<'py>, direction: &str, role: &str) -> PyResult<Bound<'py, PyAny>> {
        let (direction, role) = (direction_of(py, direction)?, role_of(py, role)?);
        track_totals(py, &compute(py, || self.0.totals(direction, role))?)
    }

    #[pyo3(signature = (participant, direction, /, role = "edge"))]
    fn participant_totals<'py>(
        &self,
        py: Python<'py>,
        participant: &str,
        direction: &str,
        role: &str,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (direction, role) = (direction_of(py, direction)?, role_of(py, role)?);
        let found = compute(py, || self.0.participant_totals(participant, direction, role))?;
        found.map(|totals| track_totals(py, &totals)).transpose()
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let all = compute(py, || self.0.snapshot())?;
        let all =
            all.iter().map(|(key, totals)| Ok(tuple![py, track_key(py, key)?, track_totals(py, totals)?]));
        PyList::new(py, all.collect::<PyResult<Vec<_>>>()?)
    }

    #[pyo3(signature = (*, top = None, openmetrics = false))]
    fn to_prometheus(
        &self,
        py: Python<'_>,
        top: Option<&Bound<'_, PyAny>>,
        openmetrics: bool,
    ) -> PyResult<String> {
        let top = top.map_or(Ok(100), |given| int("top", given))?;
        compute(py, || export::account_text(&self.0.account(), top, openmetrics))
    }

    #[pyo3(signature = (now_us = None, *, resource = None, top = None))]
    fn to_otlp<'py>(
        &self,
        py: Python<'py>,
        now_us: Option<&Bound<'py, PyAny>>,
        resource: Option<&Bound<'py, PyMapping>>,
        top: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (at_us, config) = (self::now_us(py, now_us)?, otlp_config(resource, top)?);
        let bytes = compute(py, || export::otlp_cumulative(&self.0.account(), at_us, &config).to_protobuf())?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (counts, (tracks, participants)) = compute(py, || (self.0.counts(), self.0.len()))?;
        let fields = tuple![
            py,
            tracks,
            participants,
            counts.tracks_opened,
            counts.tracks_dropped,
            counts.participants_dropped,
            counts.rejected_after_close,
            counts.intervals_merged,
        ];
        made(py, "_telemetry", "TelemetryCounts", fields)
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        compute(py, || self.0.len().0)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (tracks, participants) = compute(py, || self.0.len())?;
        Ok(format!("<Telemetry: {tracks} tracks of {participants} participants>"))
    }
}

#[pyclass(name = "Track", frozen, module = "streamgauge._native")]
pub(crate) struct PyTrack(Track);

#[pymethods]
impl PyTrack {
    #[staticmethod]
    fn disabled() -> PyTrack {
        PyTrack(Track::disabled())
    }

    #[pyo3(signature = (packets, /))]
    fn record(&self, py: Python<'_>, packets: &Bound<'_, PyAny>) -> PyResult<()> {
        let packets = Packets::of(packets)?;
        let packets = packets.as_slice();
        compute(py, || self.0.record(packets))
    }

    #[pyo3(signature = (arrival_us, data, /, *, flags = None))]
    fn record_raw(
        &self,
        py: Python<'_>,
        arrival_us: &Bound<'_, PyAny>,
        data: &Bound<'_, PyAny>,
        flags: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let packet = parse(data, arrival_us, flags)?;
        compute(py, || self.0.record(&[packet]))
    }

    #[pyo3(signature = (at_us, size_bytes, /))]
    fn record_message(
        &self,
        py: Python<'_>,
        at_us: &Bound<'_, PyAny>,
        size_bytes: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (at_us, bytes) = (int("at_us", at_us)?, int("size_bytes", size_bytes)?);
        compute(py, || self.0.record_message(at_us, bytes))
    }

    #[pyo3(signature = (times_us, sequences, sizes_bytes, /, starts_frame = None))]
    fn record_data(
        &self,
        py: Python<'_>,
        times_us: &Bound<'_, PyAny>,
        sequences: &Bound<'_, PyAny>,
        sizes_bytes: &Bound<'_, PyAny>,
        starts_frame: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let (times, sequences) = (times("times_us", times_us)?, items("sequences", sequences)?);
        let sizes = items("sizes_bytes", sizes_bytes)?;
        let starts = starts_frame.map(|given| items("starts_frame", given)).transpose()?;
        let (times, sequences, sizes) = (times.as_slice(), sequences.as_slice(), sizes.as_slice());
        let starts = starts.as_ref().map(Items::as_slice);
        for (what, len) in [
            ("sequences", sequences.len()),
            ("sizes_bytes", sizes.len()),
            ("starts_frame", starts.as_ref().map_or(times.len(), |starts| starts.len())),
        ] {
            if len != times.len() {
                return Err(invalid(py, format!("times_us has {} items, {what} has {len}", times.len())));
            }
        }
        compute(py, || {
            let packet = |at: usize| DataPacket {
                at_us: times[at],
                sequence: sequences[at],
                bytes: sizes[at],
                starts_frame: starts.as_ref().is_some_and(|starts| starts[at]),
            };
            self.0.record_data(&(0..times.len()).map(packet).collect::<Vec<_>>());
        })
    }

    #[pyo3(signature = (ssrc, /, packets, size_bytes))]
    fn observe_totals(
        &self,
        py: Python<'_>,
        ssrc: &Bound<'_, PyAny>,
        packets: &Bound<'_, PyAny>,
        size_bytes: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (ssrc, packets) = (int("ssrc", ssrc)?, int("packets", packets)?);
        let bytes = int("size_bytes", size_bytes)?;
        compute(py, || self.0.observe_totals(ssrc, packets, bytes))
    }

    #[pyo3(signature = (ssrc, /))]
    fn remove_ssrc(&self, py: Python<'_>, ssrc: &Bound<'_, PyAny>) -> PyResult<()> {
        let ssrc = int("ssrc", ssrc)?;
        compute(py, || self.0.remove_ssrc(ssrc))
    }

    #[pyo3(signature = (at_us, /, *, rtt_us = None, jitter_us = None, lost = None, nacks = None, plis = None, firs = None))]
    #[expect(clippy::too_many_arguments, reason = "all by keyword")]
    fn record_rtcp(
        &self,
        py: Python<'_>,
        at_us: &Bound<'_, PyAny>,
        rtt_us: Option<&Bound<'_, PyAny>>,
        jitter_us: Option<&Bound<'_, PyAny>>,
        lost: Option<&Bound<'_, PyAny>>,
        nacks: Option<&Bound<'_, PyAny>>,
        plis: Option<&Bound<'_, PyAny>>,
        firs: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let count = |what, given: Option<&Bound<'_, PyAny>>| given.map_or(Ok(0), |given| int(what, given));
        let at_us = int("at_us", at_us)?;
        let sample = RtcpSample {
            rtt_us: rtt_us.map(|given| int("rtt_us", given)).transpose()?,
            jitter_us: jitter_us.map(|given| int("jitter_us", given)).transpose()?,
            lost: lost.map_or(Ok(0), |given| int("lost", given))?,
            nacks: count("nacks", nacks)?,
            plis: count("plis", plis)?,
            firs: count("firs", firs)?,
        };
        compute(py, || self.0.record_rtcp(at_us, &sample))
    }

    #[pyo3(signature = (delta, /))]
    fn record_webrtc(&self, py: Python<'_>, delta: &Bound<'_, PyTrackDelta>) -> PyResult<()> {
        let delta = &delta.get().0;
        compute(py, || self.0.record_webrtc(delta))
    }

    #[pyo3(signature = (score, /))]
    fn record_score(&self, py: Python<'_>, score: f32) -> PyResult<()> {
        compute(py, || self.0.record_score(score))
    }

    #[pyo3(signature = (ssrc, layer, /))]
    fn set_layer(&self, py: Python<'_>, ssrc: &Bound<'_, PyAny>, layer: &Bound<'_, PyAny>) -> PyResult<()> {
        let (ssrc, layer) = (int("ssrc", ssrc)?, int("layer", layer)?);
        compute(py, || self.0.set_layer(ssrc, layer))
    }

    #[pyo3(signature = (mime, /))]
    fn set_mime(&self, py: Python<'_>, mime: &str) -> PyResult<()> {
        compute(py, || self.0.set_mime(mime))
    }

    fn totals<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let totals = compute(py, || self.0.totals())?;
        totals.map(|totals| track_totals(py, &totals)).transpose()
    }

    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0.key().map(|key| track_key(py, key)).transpose()
    }

    #[pyo3(signature = (now_us = None))]
    fn close(&self, py: Python<'_>, now_us: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let at_us = self::now_us(py, now_us)?;
        compute(py, || self.0.close(at_us))
    }

    #[pyo3(signature = (now_us = None))]
    fn export<'py>(
        &self,
        py: Python<'py>,
        now_us: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let at_us = self::now_us(py, now_us)?;
        track_totals(py, &compute(py, || self.0.export(at_us))?.totals)
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py, None).map(drop)
    }

    fn __repr__(&self) -> String {
        match self.0.key() {
            Some(key) => format!("<Track {:?} of {:?}, {}>", key.track, key.participant, key.kind.code()),
            None => "<Track: disabled>".to_owned(),
        }
    }
}

#[pyclass(name = "Report", frozen, module = "streamgauge._native")]
pub(crate) struct PyReport(Report);

#[pymethods]
impl PyReport {
    #[getter]
    fn sequence(&self) -> u64 {
        self.0.sequence
    }

    #[getter]
    fn start_us(&self) -> i64 {
        self.0.start_us
    }

    #[getter]
    fn time_us(&self) -> i64 {
        self.0.time_us
    }

    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let all = self.0.stats.iter().map(|one| stat(py, one));
        PyList::new(py, all.collect::<PyResult<Vec<_>>>()?)
    }

    #[pyo3(signature = (node = "", /, *, next_id = None))]
    fn to_livekit<'py>(
        &self,
        py: Python<'py>,
        node: &str,
        next_id: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let next_id = match next_id {
            Some(next_id) => next_id,
            None => py.import("streamgauge._telemetry")?.getattr("next_id")?,
        };
        let mut failed = None;
        let bytes = wire::encode(&self.0.stats, node, || {
            if failed.is_some() {
                return String::new();
            }
            next_id.call0().and_then(|id| id.extract()).unwrap_or_else(|error| {
                failed = Some(error);
                String::new()
            })
        });
        failed.map_or_else(|| Ok(PyBytes::new(py, &bytes)), Err)
    }

    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        compute(py, || export::stats_json(&self.0.stats))
    }

    #[pyo3(signature = (*, resource = None, top = None))]
    fn to_otlp<'py>(
        &self,
        py: Python<'py>,
        resource: Option<&Bound<'py, PyMapping>>,
        top: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let config = otlp_config(resource, top)?;
        let bytes = compute(py, || export::otlp_delta(&self.0, &config).to_protobuf())?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn __len__(&self) -> usize {
        self.0.stats.len()
    }

    fn __repr__(&self) -> String {
        format!("<Report {}: {} stats>", self.0.sequence, self.0.stats.len())
    }
}
