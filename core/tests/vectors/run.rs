//! Runs for the vectors.

use super::{Answer, bad, text};
use serde_json::{Map, Value as Json};
use streamgauge::Result;
use streamgauge::run::{Files, Mode, Options, Run, Selector, Value, parse_metric};

pub(crate) fn knows(op: &str) -> bool {
    matches!(op, "run.summary" | "run.metric" | "run.selector")
}

pub(crate) fn answer(op: &str, args: &Json) -> Answer {
    match op {
        "run.summary" => Some(summary(args)),
        "run.metric" => Some(metric(args)),
        "run.selector" => Some(selector(args)),
        _ => None,
    }
}

/// `files` by name, `mode`; gives the summary.
fn summary(args: &Json) -> Result<Json> {
    let file = |name: &str| args["files"][name].as_str().map(str::as_bytes);
    let files = Files {
        frames: file("frames.csv"),
        prom: file("prom.tsv"),
        events: file("events.csv"),
        meta: file("meta.env"),
    };
    let run = Run::from_bytes("vector", &files, &Options::default())?;
    let mode: Mode = text(args, "mode")?.parse()?;
    let values = run.summary(mode).values;
    Ok(Json::Object(values.into_iter().map(|(key, value)| (key.to_owned(), json(&value))).collect()))
}

fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Int(count) => Json::String(count.to_string()),
        // A number that is none has no JSON: null.
        Value::Float(value) => Json::from(*value),
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Text(text) => Json::String(text.clone()),
        Value::List(texts) => Json::from(texts.clone()),
        Value::Counts(counts) => {
            counts.iter().map(|(name, count)| (name.clone(), Json::String(count.to_string()))).collect()
        }
    }
}

/// `text`; gives the name and the labels.
fn metric(args: &Json) -> Result<Json> {
    let metric = parse_metric(text(args, "text")?)
        .map_err(|why| streamgauge::Error::new(streamgauge::ErrorKind::Malformed, why))?;
    let labels: Map<String, Json> =
        metric.labels.into_iter().map(|(label, value)| (label, Json::String(value))).collect();
    Ok(serde_json::json!({"name": metric.name, "labels": labels}))
}

/// `text`, `labels`; gives whether the selector takes them.
fn selector(args: &Json) -> Result<Json> {
    let selector = Selector::parse(text(args, "text")?)?;
    let labels = args["labels"].as_object().ok_or_else(|| bad("labels"))?;
    let labels: Vec<(String, String)> = labels
        .iter()
        .map(|(label, value)| Ok((label.clone(), value.as_str().ok_or_else(|| bad("labels"))?.to_owned())))
        .collect::<Result<_>>()?;
    Ok(Json::Bool(selector.matches(&labels, "")))
}
