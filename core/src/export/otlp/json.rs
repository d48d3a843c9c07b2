//! OTLP/JSON: the proto3 mapping, but enumerations are numbers and names lower camel case.

use super::message::{
    Data, ExportMetricsServiceRequest, KeyValue, Metric, NumberDataPoint, QuantileValue, ResourceMetrics,
    ScopeMetrics, SummaryDataPoint, Text, Value,
};
use serde_json::{Map, Value as Json, json};

pub(super) fn request(request: &ExportMetricsServiceRequest) -> Json {
    object([("resourceMetrics", list(&request.resource_metrics, resource_metrics))])
}

fn resource_metrics(metrics: &ResourceMetrics) -> Json {
    let resource = metrics.resource.as_ref();
    object([
        ("resource", resource.map(|r| object([("attributes", list(&r.attributes, attribute))]))),
        ("scopeMetrics", list(&metrics.scope_metrics, scope_metrics)),
    ])
}

fn scope_metrics(metrics: &ScopeMetrics) -> Json {
    let scope = metrics.scope.as_ref();
    object([
        ("scope", scope.map(|scope| json!({"name": scope.name, "version": scope.version}))),
        ("metrics", list(&metrics.metrics, metric)),
    ])
}

fn metric(metric: &Metric) -> Json {
    let points = |points: &[NumberDataPoint]| list(points, point);
    let (data, value) = match &metric.data {
        Some(Data::Gauge(gauge)) => ("gauge", Some(object([("dataPoints", points(&gauge.data_points))]))),
        Some(Data::Sum(sum)) => (
            "sum",
            Some(object([
                ("dataPoints", points(&sum.data_points)),
                ("aggregationTemporality", Some(json!(sum.aggregation_temporality))),
                ("isMonotonic", sum.is_monotonic.then_some(Json::Bool(true))),
            ])),
        ),
        Some(Data::Summary(summary)) => {
            ("summary", Some(object([("dataPoints", list(&summary.data_points, quantiles))])))
        }
        None => ("gauge", None),
    };
    object([
        ("name", Some(json!(metric.name))),
        ("description", Some(json!(metric.description))),
        ("unit", Some(json!(metric.unit))),
        (data, value),
    ])
}

fn point(point: &NumberDataPoint) -> Json {
    let (name, value) = match point.value {
        Some(Value::Double(value)) => ("asDouble", Some(json!(value))),
        Some(Value::Int(value)) => ("asInt", Some(json!(value.to_string()))),
        None => ("asInt", None),
    };
    object([
        ("startTimeUnixNano", long(point.start_time_unix_nano)),
        ("timeUnixNano", long(point.time_unix_nano)),
        (name, value),
        ("attributes", list(&point.attributes, attribute)),
    ])
}

fn quantiles(point: &SummaryDataPoint) -> Json {
    object([
        ("startTimeUnixNano", long(point.start_time_unix_nano)),
        ("timeUnixNano", long(point.time_unix_nano)),
        ("count", long(point.count)),
        ("sum", double(point.sum)),
        ("quantileValues", list(&point.quantile_values, quantile)),
        ("attributes", list(&point.attributes, attribute)),
    ])
}

fn quantile(value: &QuantileValue) -> Json {
    object([("quantile", double(value.quantile)), ("value", double(value.value))])
}

fn attribute(attribute: &KeyValue) -> Json {
    let text = attribute.value.as_ref().and_then(|any| any.value.as_ref());
    let value = text.map(|Text::String(text)| json!({"stringValue": text}));
    object([("key", Some(json!(attribute.key))), ("value", value)])
}

/// Absent when 0, as the proto3 mapping has it; so are doubles and lists.
fn long(value: u64) -> Option<Json> {
    (value > 0).then(|| json!(value.to_string()))
}

fn double(value: f64) -> Option<Json> {
    (value != 0.0).then(|| json!(value))
}

fn list<T>(items: &[T], one: fn(&T) -> Json) -> Option<Json> {
    (!items.is_empty()).then(|| Json::Array(items.iter().map(one).collect()))
}

fn object<const N: usize>(fields: [(&str, Option<Json>); N]) -> Json {
    let present = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Json::Object(present.collect::<Map<String, Json>>())
}
