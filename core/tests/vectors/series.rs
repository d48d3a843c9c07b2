//! Windows, rollups, sketches, downsampling and quantiles for the vectors.

use super::{Answer, bad, int, ints, text};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use streamgauge::math::{QuantileMethod, quantile_checked};
use streamgauge::series::{
    DownsampleConfig, Level, Pushed, Rollup, RollupConfig, SameTime, Sketch, SketchConfig, Window,
    WindowConfig, downsample,
};
use streamgauge::wire::{decode_rollup, decode_sketch, encode_rollup, encode_sketch};
use streamgauge::{Micros, Result};

pub(crate) fn knows(op: &str) -> bool {
    [
        "quantile",
        "downsample",
        "downsample.keeps",
        "window.new",
        "window.record",
        "window.expire",
        "window.state",
        "rollup.new",
        "rollup.record",
        "rollup.merge",
        "rollup.columns",
        "rollup.counts",
        "rollup.round_trip",
        "rollup.decode",
        "sketch.new",
        "sketch.record",
        "sketch.merge",
        "sketch.state",
        "sketch.quantile",
        "sketch.within",
        "sketch.bytes",
        "sketch.decode",
    ]
    .contains(&op)
}

/// What one vector made, by id.
#[derive(Default)]
pub(crate) struct Adapter {
    windows: BTreeMap<String, Window>,
    rollups: BTreeMap<String, Rollup>,
    sketches: BTreeMap<String, Sketch>,
}

impl Adapter {
    pub(crate) fn run(&mut self, op: &str, args: &Value) -> Answer {
        knows(op).then(|| self.answer(op, args))
    }

    fn answer(&mut self, op: &str, args: &Value) -> Result<Value> {
        match op {
            "quantile" => quantile(args),
            "downsample" => Ok(json!({ "indices": drawn(args)?.1 })),
            "downsample.keeps" => keeps(args),
            _ if op.starts_with("window.") => self.window(op, args),
            _ if op.starts_with("rollup.") => self.rollup(op, args),
            _ => self.sketch(op, args),
        }
    }

    fn window(&mut self, op: &str, args: &Value) -> Result<Value> {
        let id = text(args, "id")?;
        if op == "window.new" {
            self.windows.insert(id.to_owned(), new_window(args)?);
            return Ok(Value::Null);
        }
        let window = self.windows.get_mut(id).ok_or_else(|| bad("id"))?;
        Ok(match op {
            "window.record" => {
                let pushed = match window.push(int(args, "at_us")?, float(&args["value"])?) {
                    Pushed::InOrder => "in_order",
                    Pushed::Late => "late",
                    Pushed::TooLate => "too_late",
                    Pushed::Repeated => "repeated",
                    Pushed::NotFinite => "not_finite",
                };
                json!({ "pushed": pushed })
            }
            "window.expire" => {
                window.expire(int(args, "now_us")?);
                Value::Null
            }
            _ => window_state(window),
        })
    }

    fn rollup(&mut self, op: &str, args: &Value) -> Result<Value> {
        let id = text(args, "id")?;
        match op {
            "rollup.new" => {
                self.rollups.insert(id.to_owned(), new_rollup(args)?);
                return Ok(Value::Null);
            }
            "rollup.decode" => {
                self.rollups.insert(id.to_owned(), decode_rollup(&hex(text(args, "hex")?)?)?);
                return Ok(Value::Null);
            }
            "rollup.merge" => {
                let other = self.rollups.get(text(args, "other")?).cloned().ok_or_else(|| bad("other"))?;
                self.rollups.get_mut(id).ok_or_else(|| bad("id"))?.merge(&other)?;
                return Ok(Value::Null);
            }
            _ => {}
        }
        let rollup = self.rollups.get_mut(id).ok_or_else(|| bad("id"))?;
        match op {
            "rollup.record" => {
                let pairs = args["samples"].as_array().ok_or_else(|| bad("samples"))?;
                let times = pairs.iter().map(|pair| number(&pair[0])).collect::<Result<Vec<_>>>()?;
                let values = pairs.iter().map(|pair| float(&pair[1])).collect::<Result<Vec<_>>>()?;
                rollup.record(&times, &values).map(|()| Value::Null)
            }
            "rollup.round_trip" => {
                let bytes = encode_rollup(rollup);
                self.rollups.insert(text(args, "into")?.to_owned(), decode_rollup(&bytes)?);
                Ok(Value::Null)
            }
            "rollup.counts" => {
                let counts = rollup.counts();
                Ok(Value::Object(ints([
                    ("accepted", Some(counts.accepted.into())),
                    ("too_late", Some(counts.too_late.into())),
                    ("not_finite", Some(counts.not_finite.into())),
                ])))
            }
            _ => rollup_columns(rollup, int(args, "level")?, &floats(args, "quantiles")?),
        }
    }

    fn sketch(&mut self, op: &str, args: &Value) -> Result<Value> {
        let id = text(args, "id")?;
        match op {
            "sketch.new" => {
                let config = SketchConfig { relative_error: float(&args["relative_error"])? };
                self.sketches.insert(id.to_owned(), Sketch::new(config)?);
                return Ok(Value::Null);
            }
            "sketch.decode" => {
                self.sketches.insert(id.to_owned(), decode_sketch(&hex(text(args, "hex")?)?)?);
                return Ok(Value::Null);
            }
            "sketch.merge" => {
                let other = self.sketches.get(text(args, "other")?).cloned().ok_or_else(|| bad("other"))?;
                self.sketches.get_mut(id).ok_or_else(|| bad("id"))?.merge(&other)?;
                return Ok(Value::Null);
            }
            _ => {}
        }
        let sketch = self.sketches.get_mut(id).ok_or_else(|| bad("id"))?;
        Ok(match op {
            "sketch.record" => {
                floats(args, "values")?.into_iter().for_each(|value| sketch.record(value));
                Value::Null
            }
            "sketch.quantile" => json!({ "value": sketch.quantile_checked(float(&args["q"])?)? }),
            "sketch.within" => {
                let (found, exact) = (sketch.quantile_checked(float(&args["q"])?)?, float(&args["exact"])?);
                let bound = sketch.relative_error() * exact.abs() * (1.0 + 1e-9);
                json!({ "within": found.is_some_and(|found| (found - exact).abs() <= bound) })
            }
            "sketch.bytes" => {
                let hex: String = encode_sketch(sketch).iter().map(|byte| format!("{byte:02x}")).collect();
                json!({ "hex": hex })
            }
            _ => {
                let mut state = ints([
                    ("count", Some(sketch.count().into())),
                    ("zeros", Some(sketch.zeros().into())),
                    ("rejected", Some(sketch.rejected().into())),
                ]);
                state.extend(optional([
                    ("min", sketch.min()),
                    ("max", sketch.max()),
                    ("sum", sketch.sum()),
                    ("mean", sketch.mean()),
                ]));
                state.insert("is_collapsed".into(), sketch.is_collapsed().into());
                Value::Object(state)
            }
        })
    }
}

fn new_window(args: &Value) -> Result<Window> {
    let default = WindowConfig::default();
    let span_us = match &args["span_us"] {
        Value::Null if args.get("span_us").is_some() => None,
        Value::Null => default.span_us,
        given => Some(number(given)?),
    };
    Window::new(WindowConfig {
        span_us,
        max_samples: if args["max_samples"].is_null() {
            default.max_samples
        } else {
            int(args, "max_samples")?
        },
        late_us: if args["late_us"].is_null() { default.late_us } else { int(args, "late_us")? },
        same_time: match args["same_time"].as_str() {
            None | Some("keep") => SameTime::Keep,
            Some("reject") => SameTime::Reject,
            Some(_) => return Err(bad("same_time")),
        },
    })
}

fn window_state(window: &Window) -> Value {
    let counts = window.counts();
    let mut state = ints([
        ("len", Some(window.len() as i128)),
        ("first_us", window.first().map(|sample| sample.0.into())),
        ("last_us", window.last().map(|sample| sample.0.into())),
        ("accepted", Some(counts.accepted.into())),
        ("late", Some(counts.late.into())),
        ("too_late", Some(counts.too_late.into())),
        ("repeated", Some(counts.repeated.into())),
        ("not_finite", Some(counts.not_finite.into())),
        ("evicted", Some(counts.evicted.into())),
    ]);
    state.extend(optional([
        ("min", window.min()),
        ("max", window.max()),
        ("sum", window.sum()),
        ("mean", window.mean()),
        ("first", window.first().map(|sample| sample.1)),
        ("last", window.last().map(|sample| sample.1)),
        ("rate_per_s", window.rate_per_s()),
    ]));
    Value::Object(state)
}

fn new_rollup(args: &Value) -> Result<Rollup> {
    let levels = args["levels"].as_array().ok_or_else(|| bad("levels"))?;
    let level = |given: &Value| Ok(Level { width_us: number(&given[0])?, keep: number(&given[1])? });
    Rollup::new(RollupConfig {
        levels: levels.iter().map(level).collect::<Result<_>>()?,
        late_us: int(args, "late_us")?,
        sketch: args["relative_error"].as_f64().map(|relative_error| SketchConfig { relative_error }),
    })
}

fn rollup_columns(rollup: &mut Rollup, level: usize, quantiles: &[f64]) -> Result<Value> {
    let columns = rollup.columns(level, quantiles)?;
    let present = |i: usize, value: f64| {
        if columns.count[i] > 0 && value.is_finite() { json!(value) } else { Value::Null }
    };
    let shown = |column: &[f64]| -> Value {
        column.iter().enumerate().map(|(i, &value)| present(i, value)).collect()
    };
    Ok(json!({
        "start_us": columns.start_us.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "count": columns.count.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "sum": columns.sum.iter().map(|sum| sum.is_finite().then_some(*sum)).collect::<Vec<_>>(),
        "mean": shown(&columns.mean),
        "min": shown(&columns.min),
        "max": shown(&columns.max),
        "last_us": columns.last_us.iter().zip(&columns.count)
            .map(|(at_us, &count)| (count > 0).then(|| at_us.to_string())).collect::<Vec<_>>(),
        "last": shown(&columns.last),
        "quantiles": columns.quantiles.iter().map(|column| shown(column)).collect::<Vec<_>>(),
    }))
}

fn quantile(args: &Value) -> Result<Value> {
    let method: QuantileMethod = text(args, "method")?.parse()?;
    Ok(json!({ "value": quantile_checked(&floats(args, "values")?, float(&args["q"])?, method)? }))
}

fn drawn(args: &Value) -> Result<(usize, Vec<String>)> {
    let times = args["times_us"].as_array().ok_or_else(|| bad("times_us"))?;
    let times = times.iter().map(number).collect::<Result<Vec<Micros>>>()?;
    let gap_us = if args["gap_us"].is_null() { None } else { Some(int(args, "gap_us")?) };
    let points = int(args, "points")?;
    let indices = downsample(&times, &floats(args, "values")?, DownsampleConfig { points, gap_us })?;
    if !indices.is_sorted_by(|a, b| a < b) {
        return Err(bad("points are not ascending"));
    }
    Ok((points, indices.iter().map(ToString::to_string).collect()))
}

fn keeps(args: &Value) -> Result<Value> {
    let (points, indices) = drawn(args)?;
    let must = args["must"].as_array().ok_or_else(|| bad("must"))?;
    let all = must.iter().all(|index| index.as_str().is_some_and(|index| indices.iter().any(|i| i == index)));
    let number = indices.len() <= points && indices.len() * 2 >= points;
    Ok(json!({ "keeps": all && number }))
}

fn number<T: std::str::FromStr>(value: &Value) -> Result<T> {
    value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| bad("a whole number"))
}

/// A number, or a text for what JSON has no number for.
fn float(value: &Value) -> Result<f64> {
    let text = value.as_str().map(|text| text.parse().map_err(|_| bad("a number")));
    text.unwrap_or_else(|| value.as_f64().ok_or_else(|| bad("a number")))
}

fn floats(args: &Value, key: &str) -> Result<Vec<f64>> {
    args[key].as_array().ok_or_else(|| bad(key))?.iter().map(float).collect()
}

fn optional<const N: usize>(fields: [(&str, Option<f64>); N]) -> Map<String, Value> {
    fields.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect()
}

fn hex(text: &str) -> Result<Vec<u8>> {
    let byte = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..text.len()).step_by(2).map(|at| byte(at).ok_or_else(|| bad("hex"))).collect()
}
