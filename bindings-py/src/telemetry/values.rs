//! Keys, words and counts of telemetry between Python and the core.

use crate::convert::{int, made, tuple};
use crate::error::invalid;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyMapping, PyTuple};
use streamgauge::export::OtlpConfig;
use streamgauge::telemetry::{
    DataSummary, Direction, LayerTotals, Role, Scores, Stat, TrackKey, TrackKind, TrackSeed, TrackTotals,
};

pub(crate) fn otlp_config(
    resource: Option<&Bound<'_, PyMapping>>,
    top: Option<&Bound<'_, PyAny>>,
) -> PyResult<OtlpConfig> {
    let mut config = OtlpConfig::default();
    if let Some(resource) = resource {
        config.resource = resource.items()?.extract()?;
    }
    if let Some(top) = top {
        config.top_tracks = int("top", top)?;
    }
    Ok(config)
}

pub(crate) fn one_of<T, const N: usize>(
    py: Python<'_>,
    what: &str,
    given: &str,
    names: [(&str, T); N],
) -> PyResult<T> {
    let expected = names.each_ref().map(|(name, _)| *name).join(", ");
    let found = names.into_iter().find(|(name, _)| *name == given);
    found
        .map(|(_, value)| value)
        .ok_or_else(|| invalid(py, format!("{what} is {given:?}: expected one of {expected}")))
}

pub(super) fn direction_of(py: Python<'_>, given: &str) -> PyResult<Direction> {
    let names = [Direction::Upstream, Direction::Downstream].map(|one| (direction_name(one), one));
    one_of(py, "direction", given, names)
}

pub(super) fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Upstream => "upstream",
        Direction::Downstream => "downstream",
    }
}

pub(super) fn role_of(py: Python<'_>, given: &str) -> PyResult<Role> {
    one_of(py, "role", given, [Role::Edge, Role::Relay].map(|one| (role_name(one), one)))
}

pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Edge => "edge",
        Role::Relay => "relay",
    }
}

pub(super) fn kind_of(py: Python<'_>, given: &str) -> PyResult<TrackKind> {
    let kinds = [TrackKind::Audio, TrackKind::Video, TrackKind::Data, TrackKind::Signal];
    one_of(py, "kind", given, kinds.map(|one| (one.code(), one)))
}

/// The seed that a `TrackTotals` of Python's is.
pub(super) fn seed_of(given: &Bound<'_, PyAny>) -> PyResult<TrackSeed> {
    let count = |from: &Bound<'_, PyAny>, name: &str| int(name, &from.getattr(name)?);
    let mut totals = TrackTotals {
        primary_packets: count(given, "primary_packets")?,
        primary_bytes: count(given, "primary_bytes")?,
        retransmit_packets: count(given, "retransmit_packets")?,
        retransmit_bytes: count(given, "retransmit_bytes")?,
        padding_packets: count(given, "padding_packets")?,
        padding_bytes: count(given, "padding_bytes")?,
        fec_packets: count(given, "fec_packets")?,
        packets_out_of_order: count(given, "packets_out_of_order")?,
        packets_duplicate: count(given, "packets_duplicate")?,
        frames: count(given, "frames")?,
        nacks: count(given, "nacks")?,
        plis: count(given, "plis")?,
        firs: count(given, "firs")?,
        messages: count(given, "messages")?,
        packets_lost: int("packets_lost", &given.getattr("packets_lost")?)?,
        layers: Default::default(),
    };
    let layers: Vec<Bound<'_, PyAny>> = given.getattr("layers")?.extract()?;
    if layers.len() > totals.layers.len() {
        let message = format!("seed has {} layers, at most {}", layers.len(), totals.layers.len());
        return Err(invalid(given.py(), message));
    }
    for (layer, from) in totals.layers.iter_mut().zip(&layers) {
        *layer = LayerTotals {
            packets: count(from, "packets")?,
            bytes: count(from, "bytes")?,
            frames: count(from, "frames")?,
        };
    }
    Ok(TrackSeed { totals })
}

pub(super) fn track_key<'py>(py: Python<'py>, key: &TrackKey) -> PyResult<Bound<'py, PyAny>> {
    let fields = tuple![
        py,
        &key.participant,
        &key.track,
        direction_name(key.direction),
        key.kind.code(),
        role_name(key.role),
        &key.source,
        &key.mime,
        &key.country,
    ];
    made(py, "_telemetry", "TrackKey", fields)
}

pub(super) fn layer_totals<'py>(py: Python<'py>, layer: &LayerTotals) -> PyResult<Bound<'py, PyAny>> {
    made(py, "_telemetry", "LayerTotals", tuple![py, layer.packets, layer.bytes, layer.frames])
}

pub(super) fn track_totals<'py>(py: Python<'py>, totals: &TrackTotals) -> PyResult<Bound<'py, PyAny>> {
    let layers = totals.layers.iter().map(|layer| layer_totals(py, layer));
    let fields = tuple![
        py,
        totals.primary_packets,
        totals.primary_bytes,
        totals.retransmit_packets,
        totals.retransmit_bytes,
        totals.padding_packets,
        totals.padding_bytes,
        totals.fec_packets,
        totals.packets_out_of_order,
        totals.packets_duplicate,
        totals.frames,
        totals.nacks,
        totals.plis,
        totals.firs,
        totals.messages,
        totals.packets_lost,
        PyTuple::new(py, layers.collect::<PyResult<Vec<_>>>()?)?,
    ];
    made(py, "_telemetry", "TrackTotals", fields)
}

pub(super) fn stat<'py>(py: Python<'py>, stat: &Stat) -> PyResult<Bound<'py, PyAny>> {
    let key = &stat.key;
    let key_fields = tuple![
        py,
        &key.room_id,
        &key.room_name,
        &key.participant,
        &key.track,
        direction_name(key.direction),
        key.kind.code(),
        role_name(key.role),
        &key.source,
        &key.mime,
        &key.country,
    ];
    let scores = |scores: &Scores| {
        made(py, "_telemetry", "Scores", tuple![py, scores.mean, scores.min, scores.median, scores.count])
    };
    let data = |data: &DataSummary| {
        let fields = tuple![
            py,
            data.duration_us,
            data.packets,
            data.packets_lost,
            data.packets_out_of_order,
            data.packets_duplicate,
            data.frames,
            data.frame_rate,
        ];
        made(py, "_telemetry", "DataSummary", fields)
    };
    let fields = tuple![
        py,
        made(py, "_telemetry", "StatsKey", key_fields)?,
        stat.time_us,
        stat.interval.start_us,
        stat.interval.end_us,
        track_totals(py, &stat.totals)?,
        stat.packets_lost_to_report,
        stat.packets_lost_held_back,
        stat.rtt_us,
        stat.jitter_us,
        stat.scores.as_ref().map(scores).transpose()?,
        stat.layer.map(|(layer, _)| layer),
        stat.layer.as_ref().map(|(_, totals)| layer_totals(py, totals)).transpose()?,
        stat.last,
        stat.merged_intervals,
        stat.tracks,
        stat.data.as_ref().map(data).transpose()?,
    ];
    made(py, "_telemetry", "Stat", fields)
}
