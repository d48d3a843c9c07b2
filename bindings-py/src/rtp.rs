//! `RtpStats`, its readers, and `RtcpStats` as Python sees them.

use crate::columns::Column;
use crate::convert::{self, int, made, now_us, out_of_range, tuple};
use crate::error::{locked, to_py, work};
use crate::packets::{Packets, parse};
use crate::table::{PyTable, nullable};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping};
use std::sync::{Arc, Mutex};
use streamgauge::rtp::rtcp::ReportBlock;
use streamgauge::rtp::{
    BURST_BINS, RtcpConfig, RtcpStats, RtpConfig, RtpReader, RtpStats, SourceReport, StreamDelta,
    StreamStats, StreamTotals,
};
use streamgauge::{Error, Micros};

#[pyclass(name = "RtpStats", frozen, module = "streamgauge._native")]
pub(crate) struct PyRtpStats(Mutex<RtpStats>);

impl PyRtpStats {
    fn with<T: Send>(&self, py: Python<'_>, job: impl FnOnce(&mut RtpStats) -> T + Send) -> PyResult<T> {
        locked(py, &self.0, job)
    }

    fn ask<T: Send>(
        &self,
        py: Python<'_>,
        job: impl FnOnce(&mut RtpStats) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        self.with(py, job)?.map_err(|error| to_py(py, &error))
    }
}

#[pymethods]
impl PyRtpStats {
    #[new]
    #[pyo3(signature = (*, clocks = None, max_streams = None, max_unvalidated = None))]
    fn py_new(
        py: Python<'_>,
        clocks: Option<&Bound<'_, PyMapping>>,
        max_streams: Option<&Bound<'_, PyAny>>,
        max_unvalidated: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyRtpStats> {
        let mut config =
            RtpConfig { payloads: Arc::new(convert::payloads(py, clocks)?), ..RtpConfig::default() };
        if let Some(given) = max_streams {
            config.max_streams = int("max_streams", given)?;
        }
        if let Some(given) = max_unvalidated {
            config.max_unvalidated = int("max_unvalidated", given)?;
        }
        work(py, || RtpStats::new(config)).map(|stats| PyRtpStats(Mutex::new(stats)))
    }

    #[pyo3(signature = (packets, /))]
    fn record(&self, py: Python<'_>, packets: &Bound<'_, PyAny>) -> PyResult<()> {
        let packets = Packets::of(packets)?;
        let packets = packets.as_slice();
        self.with(py, |stats| stats.record(packets))
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
        self.with(py, |stats| stats.record(&[packet]))
    }

    #[pyo3(signature = (ssrc, /))]
    fn snapshot<'py>(
        &self,
        py: Python<'py>,
        ssrc: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let ssrc = int("ssrc", ssrc)?;
        let found = self.with(py, |stats| stats.snapshot(ssrc))?;
        found.map(|stats| stream_stats(py, &stats)).transpose()
    }

    fn snapshots<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTable>> {
        let all = self.with(py, |stats| stats.snapshots())?;
        snapshot_table(py, &all)
    }

    fn totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        stream_totals(py, &self.with(py, |stats| stats.totals())?)
    }

    fn unvalidated<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let held = self.with(py, |stats| stats.unvalidated())?;
        made(py, "_packets", "Unvalidated", tuple![py, held.packets, held.wire_bytes])
    }

    #[getter]
    fn evictions(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |stats| stats.evictions())
    }

    #[getter]
    fn memory_bytes(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |stats| stats.memory_bytes())
    }

    #[pyo3(signature = (ssrc, /))]
    fn remove(&self, py: Python<'_>, ssrc: &Bound<'_, PyAny>) -> PyResult<bool> {
        let ssrc = int("ssrc", ssrc)?;
        self.with(py, |stats| stats.remove(ssrc))
    }

    fn settle(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, RtpStats::settle)
    }

    #[pyo3(signature = (now_us = None))]
    fn reader(slf: &Bound<'_, Self>, now_us: Option<&Bound<'_, PyAny>>) -> PyResult<PyRtpReader> {
        let py = slf.py();
        let at_us = self::now_us(py, now_us)?;
        let reader = slf.get().ask(py, |stats| stats.reader(at_us))?;
        Ok(PyRtpReader { stats: slf.clone().unbind(), reader })
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |stats| stats.len())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (streams, packets) = self.with(py, |stats| (stats.len(), stats.totals().packets))?;
        Ok(format!("<RtpStats: {streams} streams, {packets} packets>"))
    }
}

#[pyclass(name = "RtpReader", frozen, module = "streamgauge._native")]
pub(crate) struct PyRtpReader {
    stats: Py<PyRtpStats>,
    reader: RtpReader,
}

#[pymethods]
impl PyRtpReader {
    #[pyo3(signature = (now_us = None))]
    fn flush<'py>(
        &self,
        py: Python<'py>,
        now_us: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let at_us = self::now_us(py, now_us)?;
        deltas(py, &self.stats.get().ask(py, |stats| stats.flush(self.reader, at_us))?)
    }

    #[pyo3(signature = (now_us = None))]
    fn take<'py>(&self, py: Python<'py>, now_us: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyList>> {
        let at_us = self::now_us(py, now_us)?;
        deltas(py, &self.stats.get().ask(py, |stats| stats.take(self.reader, at_us))?)
    }

    fn ack(&self, py: Python<'_>) -> PyResult<()> {
        self.stats.get().ask(py, |stats| stats.ack(self.reader))
    }

    fn restore(&self, py: Python<'_>) -> PyResult<()> {
        self.stats.get().ask(py, |stats| stats.restore(self.reader))
    }

    fn pending<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let all = self.stats.get().ask(py, |stats| stats.pending(self.reader))?;
        let all = all.iter().map(|(ssrc, totals)| Ok(tuple![py, ssrc, stream_totals(py, totals)?]));
        PyList::new(py, all.collect::<PyResult<Vec<_>>>()?)
    }
}

fn stream_totals<'py>(py: Python<'py>, totals: &StreamTotals) -> PyResult<Bound<'py, PyAny>> {
    let fields = tuple![
        py,
        totals.packets,
        totals.wire_bytes,
        totals.header_bytes,
        totals.padding_bytes,
        totals.payload_bytes(),
        totals.media_packets(),
        totals.media_wire_bytes(),
        totals.media_payload_bytes(),
        totals.rtx_packets,
        totals.rtx_wire_bytes,
        totals.rtx_overhead_bytes,
        totals.fec_packets,
        totals.fec_wire_bytes,
        totals.fec_overhead_bytes,
        totals.padding_packets,
        totals.padding_packet_wire_bytes,
        totals.expected(),
        totals.unique(),
        totals.lost(),
        totals.lost_rfc3550(),
        totals.missing,
        totals.recovered_late,
        totals.duplicates,
        totals.out_of_order,
        totals.too_old,
        totals.implausible,
        totals.discontinuities,
        totals.frames,
        totals.keyframes,
    ];
    made(py, "_packets", "StreamTotals", fields)
}

fn stream_stats<'py>(py: Python<'py>, stats: &StreamStats) -> PyResult<Bound<'py, PyAny>> {
    let bursts = PyDict::new(py);
    for (at_least, count) in BURST_BINS.iter().zip(stats.loss_bursts) {
        bursts.set_item(at_least, count)?;
    }
    let fields = tuple![
        py,
        stats.ssrc,
        stats.payload_type,
        stats.clock_hz,
        stream_totals(py, &stats.totals)?,
        stats.frames,
        stats.extended_highest,
        stats.extended_timestamp,
        stats.first_arrival_us,
        stats.last_arrival_us,
        stats.jitter_us,
        stats.jitter_ticks,
        stats.mean_jitter_us,
        stats.max_jitter_us,
        stats.frame_jitter_us,
        stats.frame_jitter_ticks,
        stats.max_delta_us,
        stats.bitrate_bps,
        bursts,
        stats.timestamp_discontinuities,
        stats.arrivals_went_back,
    ];
    made(py, "_packets", "StreamStats", fields)
}

/// A row a stream.
fn snapshot_table<'py>(py: Python<'py>, all: &[StreamStats]) -> PyResult<Bound<'py, PyTable>> {
    let mut columns = Vec::new();
    macro_rules! whole {
        ($($name:expr => $value:expr),* $(,)?) => {
            $(columns.push(whole_column(py, $name, all, $value)?);)*
        };
    }
    macro_rules! float {
        ($($name:ident),*) => {
            $(columns.push(nullable(stringify!($name), all.iter().map(|stats| stats.$name)));)*
        };
    }
    whole! {
        "ssrc" => |s| Some(s.ssrc.into()),
        "payload_type" => |s| s.payload_type.map(Into::into),
        "clock_hz" => |s| s.clock_hz.map(Into::into),
        "packets" => |s| Some(s.totals.packets.into()),
        "expected" => |s| Some(s.totals.expected().into()),
        "lost" => |s| Some(s.totals.lost().into()),
        "lost_rfc3550" => |s| Some(s.totals.lost_rfc3550().into()),
        "recovered_late" => |s| Some(s.totals.recovered_late.into()),
        "duplicates" => |s| Some(s.totals.duplicates.into()),
        "out_of_order" => |s| Some(s.totals.out_of_order.into()),
        "discontinuities" => |s| Some(s.totals.discontinuities.into()),
        "wire_bytes" => |s| Some(s.totals.wire_bytes.into()),
        "payload_bytes" => |s| Some(s.totals.payload_bytes().into()),
        "rtx_packets" => |s| Some(s.totals.rtx_packets.into()),
        "fec_packets" => |s| Some(s.totals.fec_packets.into()),
        "padding_packets" => |s| Some(s.totals.padding_packets.into()),
        "frames" => |s| s.frames.map(Into::into),
        "keyframes" => |s| s.frames.map(|_| s.totals.keyframes.into()),
        "extended_highest" => |s| s.extended_highest.map(Into::into),
        "extended_timestamp" => |s| s.extended_timestamp.map(Into::into),
        "first_arrival_us" => |s| s.first_arrival_us.map(Into::into),
        "last_arrival_us" => |s| s.last_arrival_us.map(Into::into),
        "max_delta_us" => |s| s.max_delta_us.map(Into::into),
    }
    float!(jitter_us, mean_jitter_us, max_jitter_us, frame_jitter_us, bitrate_bps);
    Bound::new(py, PyTable::new(columns))
}

fn whole_column(
    py: Python<'_>,
    name: &str,
    all: &[StreamStats],
    value: impl Fn(&StreamStats) -> Option<i128>,
) -> PyResult<Column> {
    let values = all.iter().map(|stats| value(stats).map(i64::try_from).transpose());
    let values = values.collect::<Result<Vec<_>, _>>();
    let values = values.map_err(|_| out_of_range(py, format!("{name} is over {}", i64::MAX)))?;
    Ok(nullable(name, values.into_iter()))
}

fn deltas<'py>(py: Python<'py>, all: &[StreamDelta]) -> PyResult<Bound<'py, PyList>> {
    let one = |of: &StreamDelta| {
        let (totals, interval) = (stream_totals(py, &of.delta.value)?, of.delta.interval);
        let (start_us, end_us) = (interval.start_us, interval.end_us);
        let fields = tuple![py, of.ssrc, totals, of.max_jitter_us, start_us, end_us, of.delta.last];
        made(py, "_packets", "StreamDelta", fields)
    };
    PyList::new(py, all.iter().map(one).collect::<PyResult<Vec<_>>>()?)
}

#[pyclass(name = "RtcpStats", frozen, module = "streamgauge._native")]
pub(crate) struct PyRtcpStats(Mutex<RtcpStats>);

#[pymethods]
impl PyRtcpStats {
    #[new]
    #[pyo3(signature = (*, max_sources = None))]
    fn py_new(py: Python<'_>, max_sources: Option<&Bound<'_, PyAny>>) -> PyResult<PyRtcpStats> {
        let mut config = RtcpConfig::default();
        if let Some(given) = max_sources {
            config.max_sources = int("max_sources", given)?;
        }
        work(py, || RtcpStats::new(config)).map(|stats| PyRtcpStats(Mutex::new(stats)))
    }

    #[pyo3(signature = (at_us, data, /))]
    fn record(&self, py: Python<'_>, at_us: &Bound<'_, PyAny>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let (at_us, bytes): (Micros, _) = (int("at_us", at_us)?, convert::bytes("data", data)?);
        let recorded = locked(py, &self.0, |stats| stats.record(at_us, &bytes))?;
        recorded.map_err(|error| to_py(py, &error))
    }

    #[pyo3(signature = (ssrc, /))]
    fn source<'py>(&self, py: Python<'py>, ssrc: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let ssrc = int("ssrc", ssrc)?;
        let found = locked(py, &self.0, |stats| stats.get(ssrc).cloned())?;
        found.map(|source| source_report(py, ssrc, &source)).transpose()
    }

    fn sources<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let all: Vec<(u32, SourceReport)> =
            locked(py, &self.0, |stats| stats.sources().map(|(ssrc, s)| (ssrc, s.clone())).collect())?;
        let all = all.iter().map(|(ssrc, source)| source_report(py, *ssrc, source));
        PyList::new(py, all.collect::<PyResult<Vec<_>>>()?)
    }

    fn totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let totals = locked(py, &self.0, |stats| *stats.totals())?;
        let fields = tuple![
            py,
            totals.compounds,
            totals.malformed,
            totals.sender_reports,
            totals.report_blocks,
            totals.nacks,
            totals.nack_packets,
            totals.plis,
            totals.firs,
            totals.rtt_measurements,
            totals.rtt_negative,
            totals.byes,
            totals.evicted,
        ];
        made(py, "_packets", "RtcpTotals", fields)
    }

    fn take_max_rtt_us(&self, py: Python<'_>) -> PyResult<Option<i64>> {
        locked(py, &self.0, RtcpStats::take_max_rtt_us)
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        locked(py, &self.0, |stats| stats.sources().count())
    }
}

fn source_report<'py>(py: Python<'py>, ssrc: u32, source: &SourceReport) -> PyResult<Bound<'py, PyAny>> {
    let block = |block: &ReportBlock| {
        let fields = tuple![
            py,
            block.ssrc,
            block.fraction_lost,
            block.cumulative_lost,
            block.extended_highest,
            block.jitter_ticks,
            block.last_sr,
            block.delay_since_last_sr,
        ];
        made(py, "_packets", "ReportBlock", fields)
    };
    let (ntp, rtp_timestamp) = source.sender_time.unzip();
    let fields = tuple![
        py,
        ssrc,
        source.heard_us,
        source.remote.as_ref().map(block).transpose()?,
        source.rtt_us,
        source.max_rtt_us,
        source.total_rtt_us,
        source.rtt_measurements,
        source.xr_rtt_us,
        source.nacks,
        source.nack_packets,
        source.plis,
        source.firs,
        ntp,
        rtp_timestamp,
        source.sender_reports,
        source.sent_packets(),
        source.sent_bytes(),
        source.left,
    ];
    made(py, "_packets", "SourceReport", fields)
}

#[pyfunction]
#[pyo3(signature = (expected, received, /))]
pub(crate) fn fraction_lost(expected: &Bound<'_, PyAny>, received: &Bound<'_, PyAny>) -> PyResult<u8> {
    Ok(streamgauge::rtp::fraction_lost(int("expected", expected)?, int("received", received)?))
}

#[pyfunction]
#[pyo3(signature = (lost, /))]
pub(crate) fn clamp_lost(lost: &Bound<'_, PyAny>) -> PyResult<i32> {
    Ok(streamgauge::rtp::rtcp::clamp_lost(int("lost", lost)?))
}
