//! OTLP metrics, to send with HTTP or gRPC: `ExportMetricsServiceRequest` of opentelemetry-proto 1.x
//! as protobuf and JSON.
//!
//! Counts of every direction, role and kind are `streamgauge.bytes` and so on, those of the tracks
//! with the most bytes `streamgauge.track.bytes` and so on: cardinality is bounded, sums are
//! complete. Counters are monotonic sums, the loss (signed) a sum that is not monotonic. What was
//! not measured has no data point.

mod audience;
#[cfg(feature = "serde")]
mod json;
mod message;

pub use audience::otlp_summaries;

use super::counters::{COUNTERS, LOST, largest};
use super::{direction_code, role_code};
use crate::ledger::Totals;
use crate::telemetry::{Account, Group, Report, Stat, TrackKey, TrackKind, TrackTotals};
use crate::time::{Interval, Micros};
use message::{
    AnyValue, Data, ExportMetricsServiceRequest, Gauge, InstrumentationScope, KeyValue, Metric,
    NumberDataPoint, Resource, ResourceMetrics, ScopeMetrics, Sum, Temporality, Text, Value,
};
use prost::Message;
use std::collections::BTreeMap;

/// What OTLP metrics say beside the counts.
#[derive(Clone, Debug)]
pub struct OtlpConfig {
    /// Attributes of the resource, such as `service.name` and `service.instance.id`. OTLP wants one
    /// that tells this node from others.
    pub resource: Vec<(String, String)>,
    /// How many tracks of each direction, role and kind have series of their own.
    pub top_tracks: usize,
}

impl Default for OtlpConfig {
    fn default() -> OtlpConfig {
        OtlpConfig { resource: vec![("service.name".into(), "streamgauge".into())], top_tracks: 100 }
    }
}

/// The metrics of one export.
#[derive(Clone, Debug, PartialEq)]
pub struct OtlpMetrics(ExportMetricsServiceRequest);

impl OtlpMetrics {
    /// As protobuf (`application/x-protobuf`); no bytes when there is nothing to say.
    pub fn to_protobuf(&self) -> Vec<u8> {
        self.0.encode_to_vec()
    }

    /// As OTLP/JSON (`application/json`): 64-bit integers are strings, enumerations numbers.
    #[cfg(feature = "serde")]
    pub fn to_json(&self) -> String {
        json::request(&self.0).to_string()
    }

    /// How many data points there are.
    pub fn point_count(&self) -> usize {
        let metrics = self.0.resource_metrics.iter().flat_map(|r| &r.scope_metrics).flat_map(|s| &s.metrics);
        metrics
            .map(|metric| match &metric.data {
                Some(Data::Sum(sum)) => sum.data_points.len(),
                Some(Data::Gauge(gauge)) => gauge.data_points.len(),
                Some(Data::Summary(summary)) => summary.data_points.len(),
                None => 0,
            })
            .sum()
    }
}

/// What a report adds, with delta temporality. The intervals of a track abut, and so do those of the
/// groups as long as reports are acknowledged before the next is taken; what was restored comes in
/// the next. A track, or group, that did nothing has no point, and goes on from the report before.
///
/// Round-trip time, jitter and score are gauges of the named tracks.
pub fn otlp_delta(report: &Report, config: &OtlpConfig) -> OtlpMetrics {
    let mut metrics = Metrics::new(Temporality::Delta);
    let whole = Interval::new(report.start_us, report.time_us.max(report.start_us));
    let mut groups: BTreeMap<(Group, bool), TrackTotals> = BTreeMap::new();
    for stat in &report.stats {
        // A participant's tracks are of different kinds.
        groups.entry((group_of(stat), stat.tracks > 1)).or_default().add(&stat.totals);
    }
    for ((group, mixed), totals) in &groups {
        let kind = (!mixed).then_some(group.kind);
        metrics.counts("streamgauge", &attributes(group, kind), kind, whole, totals);
    }
    let tracks = largest(&report.stats, config.top_tracks, |stat| {
        (group_of(stat), stat.totals.primary_bytes, (&stat.key.participant, &stat.key.track))
    });
    for (group, stat) in tracks.iter().flat_map(|(group, named, _)| named.iter().map(move |s| (group, s))) {
        let kind = (stat.tracks == 1).then_some(group.kind);
        let key = &stat.key;
        let named = attributes(group, kind).into_iter().chain(texts([
            ("room.id", &key.room_id),
            ("room.name", &key.room_name),
            ("participant.id", &key.participant),
            ("track.id", &key.track),
            ("track.source", &key.source),
            ("track.mime", &key.mime),
            ("country", &key.country),
        ]));
        let named: Vec<KeyValue> = named.collect();
        metrics.counts("streamgauge.track", &named, kind, stat.interval, &stat.totals);
        let seconds = |us: Option<u32>| us.map(|us| f64::from(us) / 1e6);
        for (name, help, unit, value) in [
            ("rtt", "The largest round-trip time of the interval.", "s", seconds(stat.rtt_us)),
            ("jitter", "The largest jitter of the interval.", "s", seconds(stat.jitter_us)),
            ("score", "The mean quality score.", "1", stat.scores.map(|scores| f64::from(scores.mean))),
        ] {
            metrics.gauge(&format!("streamgauge.track.{name}"), help, unit, &named, stat.interval, value);
        }
    }
    metrics.finish(config)
}

/// Everything counted so far, with cumulative temporality: groups since their first track was opened,
/// tracks since they were. Attributes that may change while a track lives (its room, its codec) are
/// left out: with them one series would become another that counts the same again.
pub fn otlp_cumulative(account: &Account, now_us: Micros, config: &OtlpConfig) -> OtlpMetrics {
    let mut metrics = Metrics::new(Temporality::Cumulative);
    let since = |start_us: Micros| Interval::new(start_us, now_us.max(start_us));
    for row in &account.groups {
        let kind = Some(row.group.kind);
        metrics.counts("streamgauge", &attributes(&row.group, kind), kind, since(row.start_us), &row.totals);
    }
    let tracks = largest(&account.tracks, config.top_tracks, |track| {
        (Group::of(&track.key), track.totals.primary_bytes, (&track.key.participant, &track.key.track))
    });
    for (group, track) in tracks.iter().flat_map(|(group, named, _)| named.iter().map(move |t| (group, t))) {
        let TrackKey { participant, track: id, source, country, .. } = &track.key;
        let kind = Some(group.kind);
        let named = attributes(group, kind).into_iter().chain(texts([
            ("participant.id", participant),
            ("track.id", id),
            ("track.source", source),
            ("country", country),
        ]));
        let named: Vec<KeyValue> = named.collect();
        metrics.counts("streamgauge.track", &named, kind, since(track.start_us), &track.totals);
    }
    metrics.finish(config)
}

fn group_of(stat: &Stat) -> Group {
    Group { direction: stat.key.direction, role: stat.key.role, kind: stat.key.kind }
}

fn attributes(group: &Group, kind: Option<TrackKind>) -> Vec<KeyValue> {
    let kind = kind.map_or("", TrackKind::code);
    texts([("direction", direction_code(group.direction)), ("role", role_code(group.role)), ("kind", kind)])
        .collect()
}

/// What is not known is left out.
fn texts<'a, S: AsRef<str> + ?Sized, const N: usize>(
    pairs: [(&'a str, &'a S); N],
) -> impl Iterator<Item = KeyValue> {
    let known = pairs.into_iter().filter(|(_, value)| !value.as_ref().is_empty());
    known.map(|(key, value)| key_value(key, value.as_ref()))
}

fn key_value(key: &str, value: &str) -> KeyValue {
    let value = AnyValue { value: Some(Text::String(value.to_owned())) };
    KeyValue { key: key.to_owned(), value: Some(value) }
}

/// Metrics in the order of their first data point; those without one are left out.
struct Metrics {
    temporality: Temporality,
    all: Vec<Metric>,
    by_name: BTreeMap<String, usize>,
}

impl Metrics {
    fn new(temporality: Temporality) -> Metrics {
        Metrics { temporality, all: Vec::new(), by_name: BTreeMap::new() }
    }

    fn metric(&mut self, name: &str, help: &str, unit: &str, data: impl FnOnce() -> Data) -> &mut Metric {
        let next = self.all.len();
        let index = *self.by_name.entry(name.to_owned()).or_insert(next);
        if index == next {
            self.all.push(Metric {
                name: name.to_owned(),
                description: help.to_owned(),
                unit: unit.to_owned(),
                data: Some(data()),
            });
        }
        &mut self.all[index]
    }

    /// A point of every counter that a track of this kind has, and of the loss.
    fn counts(
        &mut self,
        prefix: &str,
        attributes: &[KeyValue],
        kind: Option<TrackKind>,
        interval: Interval,
        totals: &TrackTotals,
    ) {
        for counter in &COUNTERS {
            if let Some(value) = counter.of(kind, totals) {
                let name = format!("{prefix}.{}", counter.name);
                let value = point(attributes, interval, count(value));
                self.sum(&name, counter.help, counter.unit, true, value);
            }
        }
        let lost = point(attributes, interval, totals.packets_lost);
        self.sum(&format!("{prefix}.{}", LOST.0), LOST.1, "{packet}", false, lost);
    }

    fn sum(&mut self, name: &str, help: &str, unit: &str, is_monotonic: bool, point: NumberDataPoint) {
        let aggregation_temporality = self.temporality as i32;
        let empty = || Data::Sum(Sum { data_points: Vec::new(), aggregation_temporality, is_monotonic });
        if let Some(Data::Sum(sum)) = &mut self.metric(name, help, unit, empty).data {
            sum.data_points.push(point);
        }
    }

    fn gauge(
        &mut self,
        name: &str,
        help: &str,
        unit: &str,
        attributes: &[KeyValue],
        interval: Interval,
        value: Option<f64>,
    ) {
        let Some(value) = value.filter(|value| value.is_finite()) else { return };
        let empty = || Data::Gauge(Gauge { data_points: Vec::new() });
        if let Some(Data::Gauge(gauge)) = &mut self.metric(name, help, unit, empty).data {
            let value = Some(Value::Double(value));
            gauge.data_points.push(NumberDataPoint { value, ..point(attributes, interval, 0) });
        }
    }

    fn finish(self, config: &OtlpConfig) -> OtlpMetrics {
        if self.all.is_empty() {
            return OtlpMetrics(ExportMetricsServiceRequest::default());
        }
        let resource = config.resource.iter().map(|(key, value)| key_value(key, value)).collect();
        let scope = InstrumentationScope {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        OtlpMetrics(ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: Some(Resource { attributes: resource }),
                scope_metrics: vec![ScopeMetrics { scope: Some(scope), metrics: self.all }],
            }],
        })
    }
}

/// OTLP counts in signed integers.
fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn point(attributes: &[KeyValue], interval: Interval, value: i64) -> NumberDataPoint {
    NumberDataPoint {
        start_time_unix_nano: nanos(interval.start_us),
        time_unix_nano: nanos(interval.end_us),
        value: Some(Value::Int(value)),
        attributes: attributes.to_vec(),
    }
}

/// OTLP has no time before 1970; that of year 2554 is its last.
fn nanos(us: Micros) -> u64 {
    u64::try_from(us).unwrap_or(0).saturating_mul(1000)
}
