//! A run directory's files in, columns and JSON out.

use std::rc::Rc;

use js_sys::{Array, BigInt64Array, Uint8Array};
use streamgauge::Result;
use streamgauge::run::{Buckets, Column, Files, Mode, Options, Run, RunFile, RunReader, Selector, Value};
use wasm_bindgen::prelude::*;

use crate::convert::{Thrown, array, bigints, floats, integers, number, thrown};

/// One run. The facade's `Run` holds it; a comparison shares it.
#[wasm_bindgen]
pub struct RawRun(pub(crate) Rc<Run>);

/// A run in the making. The facade reads files with it.
#[wasm_bindgen]
pub struct RawReader(RunReader);

#[wasm_bindgen]
impl RawReader {
    /// Nothing yet.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str) -> RawReader {
        RawReader(RunReader::new(name, &Options::default()))
    }

    /// The next piece of a file: frames, prom, events, meta.
    pub fn push(&mut self, file: u8, piece: &[u8]) -> Thrown<()> {
        let file = match file {
            0 => RunFile::Frames,
            1 => RunFile::Prom,
            2 => RunFile::Events,
            _ => RunFile::Meta,
        };
        self.0.push(file, piece).map_err(thrown)
    }

    /// The run, once all is pushed.
    pub fn finish(self) -> Thrown<RawRun> {
        self.0.finish().map(|run| RawRun(Rc::new(run))).map_err(thrown)
    }
}

#[wasm_bindgen]
impl RawRun {
    /// Parses the files; undefined where one does not exist.
    #[wasm_bindgen(constructor)]
    pub fn new(
        name: &str,
        frames: Option<Vec<u8>>,
        prom: Option<Vec<u8>>,
        events: Option<Vec<u8>>,
        meta: Option<Vec<u8>>,
    ) -> Thrown<RawRun> {
        let files = Files {
            frames: frames.as_deref(),
            prom: prom.as_deref(),
            events: events.as_deref(),
            meta: meta.as_deref(),
        };
        let run = Run::from_bytes(name, &files, &Options::default());
        run.map(|run| RawRun(Rc::new(run))).map_err(thrown)
    }

    /// Keys and values in turn, see `summary_value`.
    pub fn summary(&self, mode: &str) -> Thrown<Array> {
        let flat = || {
            let flat = Array::new();
            for (key, value) in &self.0.summary(mode.parse()?).values {
                flat.push(&JsValue::from_str(key));
                flat.push(&summary_value(key, value)?);
            }
            Ok(flat)
        };
        flat().map_err(thrown)
    }

    /// For each file `[name, missing, rows, dropped, kept, first]`: the reasons and their counts in
    /// turn, the lines and their reasons in turn.
    pub fn problems(&self) -> Thrown<Vec<Array>> {
        let files = self.0.problems.files().into_iter().map(|(name, problems)| {
            let (dropped, kept, first) = (Array::new(), Array::new(), Array::new());
            for (reason, count) in &problems.counts {
                let counts = if reason.keeps_row() { &kept } else { &dropped };
                counts.push(&JsValue::from_str(reason.name()));
                counts.push(&number(*count, reason.name())?.into());
            }
            for problem in &problems.first {
                first.push(&number(problem.line, "line")?.into());
                first.push(&JsValue::from_str(problem.reason.name()));
            }
            let rows = number(problems.rows, "rows")?.into();
            Ok(array([name.into(), problems.missing.into(), rows, dropped.into(), kept.into(), first.into()]))
        });
        files.collect::<Result<_>>().map_err(thrown)
    }

    /// `meta.env` as an array of keys and values in turn.
    pub fn meta(&self) -> Array {
        self.0.meta.iter().flat_map(|(key, value)| [JsValue::from(key), JsValue::from(value)]).collect()
    }

    /// `[start_us, end_us, end_inclusive, start_from, end_from]`
    pub fn window(&self, mode: &str) -> Thrown<Array> {
        let window = || {
            let window = self.0.window(mode.parse()?);
            Ok(array([
                number(window.interval.start_us, "start_us")?.into(),
                number(window.interval.end_us, "end_us")?.into(),
                window.end_inclusive.into(),
                window.start.name().into(),
                window.end.name().into(),
            ]))
        };
        window().map_err(thrown)
    }

    /// `[recv_us, frame_id, whether there is one, user_timestamp_us, whether there is one, width, height]`,
    /// integers of 64 bits; where there is none 0, but NaN for width and height.
    #[wasm_bindgen(js_name = framesInt64)]
    pub fn frames_int64(&self) -> Thrown<Array> {
        let columns = || {
            let frames = &self.0.frames;
            let ints = |column: &Column<i64>| BigInt64Array::from(column.values.as_slice()).into();
            let valid = |column: &Column<i64>| {
                let valid: Vec<u8> = column.iter().map(|value| u8::from(value.is_some())).collect();
                Uint8Array::from(valid.as_slice()).into()
            };
            Ok(array([
                BigInt64Array::from(frames.recv_us.as_slice()).into(),
                ints(&frames.frame_id),
                valid(&frames.frame_id),
                ints(&frames.user_timestamp_us),
                valid(&frames.user_timestamp_us),
                column(&frames.width, "width")?,
                column(&frames.height, "height")?,
            ]))
        };
        columns().map_err(thrown)
    }

    /// `[recv_us, frame_id, user_timestamp_us, width, height]`, NaN where a row has no value.
    pub fn frames(&self) -> Thrown<Array> {
        let columns = || {
            let frames = &self.0.frames;
            Ok(array([
                integers(&frames.recv_us, "recv_us")?,
                column(&frames.frame_id, "frame_id")?,
                column(&frames.user_timestamp_us, "user_timestamp_us")?,
                column(&frames.width, "width")?,
                column(&frames.height, "height")?,
            ]))
        };
        columns().map_err(thrown)
    }

    /// `[t_us, latency_ms]`; as the two that follow with columns of 64-bit integers where `int64`.
    pub fn latency(&self, mode: &str, int64: bool) -> Thrown<Array> {
        let columns = || {
            let latency = self.0.latency(mode.parse()?);
            Ok(array([times(&latency.t_us, "t_us", int64)?, floats(&latency.latency_ms)]))
        };
        columns().map_err(thrown)
    }

    /// `[t_us, missing]`
    pub fn gaps(&self, mode: &str, int64: bool) -> Thrown<Array> {
        let columns = || {
            let gaps = self.0.gaps(mode.parse()?);
            let missing = match int64 {
                true => bigints(&gaps.missing, "missing")?,
                false => integers(&gaps.missing, "missing")?,
            };
            Ok(array([times(&gaps.t_us, "t_us", int64)?, missing]))
        };
        columns().map_err(thrown)
    }

    /// `[start_us, duration_us, last_open]`
    pub fn freezes(&self, int64: bool) -> Thrown<Array> {
        let columns = || {
            let freezes = self.0.freezes();
            let start = times(&freezes.start_us, "start_us", int64)?;
            Ok(array([start, times(&freezes.duration_us, "duration_us", int64)?, freezes.last_open.into()]))
        };
        columns().map_err(thrown)
    }

    /// `[start_us, per_s, covered_us, last_partial, truncated]`
    #[wasm_bindgen(js_name = frameRate)]
    pub fn frame_rate(&self, mode: &str) -> Thrown<Array> {
        mode.parse().and_then(|mode| buckets(&self.0.frame_rate(mode))).map_err(thrown)
    }

    /// As `frame_rate`, of the counters that `selector` and `contains` choose.
    #[wasm_bindgen(js_name = counterRate)]
    pub fn counter_rate(&self, selector: &str, contains: Option<String>, mode: &str) -> Thrown<Array> {
        let columns = || {
            let (selector, mode) = chosen(selector, contains, mode)?;
            buckets(&self.0.counter_rate(&selector, mode))
        };
        columns().map_err(thrown)
    }

    /// `[total, series, resets, born]`, undefined when no series matches.
    #[wasm_bindgen(js_name = counterTotal)]
    pub fn counter_total(
        &self,
        selector: &str,
        contains: Option<String>,
        mode: &str,
    ) -> Thrown<Option<Array>> {
        let total = || {
            let (selector, mode) = chosen(selector, contains, mode)?;
            let Some(total) = self.0.counter_total(&selector, mode) else { return Ok(None) };
            Ok(Some(array([
                total.total.into(),
                number(total.series as u64, "series")?.into(),
                number(total.resets, "resets")?.into(),
                number(total.born, "born")?.into(),
            ])))
        };
        total().map_err(thrown)
    }

    /// Keys of the summary and the selectors behind them in turn.
    #[wasm_bindgen(js_name = counterSelectors)]
    pub fn counter_selectors(&self) -> Array {
        let selectors = self.0.counter_selectors();
        selectors.iter().flat_map(|(key, selector)| [JsValue::from(*key), JsValue::from(selector)]).collect()
    }

    /// `[start_us, end_us, open]` of each burst.
    pub fn bursts(&self, mode: &str) -> Thrown<Vec<Array>> {
        let bursts = || {
            let burst = |b: streamgauge::run::Burst| {
                let start = number(b.start_us, "start_us")?.into();
                Ok(array([start, number(b.end_us, "end_us")?.into(), b.open.into()]))
            };
            self.0.bursts(mode.parse()?).into_iter().map(burst).collect::<Result<Vec<_>>>()
        };
        bursts().map_err(thrown)
    }

    /// `[t_us, name]` of each event that is no burst's edge.
    pub fn marks(&self) -> Thrown<Vec<Array>> {
        let mark = |e: &streamgauge::run::Event| {
            Ok(array([number(e.t_us, "t_us")?.into(), JsValue::from_str(&e.name)]))
        };
        self.0.marks().map(mark).collect::<Result<_>>().map_err(thrown)
    }
}

/// Null, a number, a flag, a text, an array of texts, or an array of an array: names and counts in turn.
fn summary_value(key: &str, value: &Value) -> Result<JsValue> {
    Ok(match value {
        Value::Null => JsValue::NULL,
        Value::Int(count) => number(*count, key)?.into(),
        Value::Float(value) if !value.is_finite() => JsValue::NULL,
        Value::Float(value) => JsValue::from_f64(*value),
        Value::Bool(flag) => JsValue::from_bool(*flag),
        Value::Text(text) => JsValue::from_str(text),
        Value::List(texts) => texts.iter().map(|text| JsValue::from_str(text)).collect::<Array>().into(),
        Value::Counts(counts) => {
            let flat = Array::new();
            for (name, count) in counts {
                flat.push(&JsValue::from_str(name));
                flat.push(&number(*count, name)?.into());
            }
            Array::of1(&flat).into()
        }
    })
}

fn chosen(selector: &str, contains: Option<String>, mode: &str) -> Result<(Selector, Mode)> {
    let selector = Selector::parse(selector)?;
    let selector = match contains {
        Some(text) => selector.containing(text),
        None => selector,
    };
    Ok((selector, mode.parse()?))
}

fn column<T: Copy + Default + Into<i128>>(column: &Column<T>, what: &str) -> Result<JsValue> {
    let value = |value: Option<T>| value.map_or(Ok(f64::NAN), |v| number(v, what));
    let numbers: Result<Vec<f64>> = column.iter().map(value).collect();
    Ok(floats(&numbers?))
}

fn times(times: &[i64], what: &str, int64: bool) -> Result<JsValue> {
    if int64 { Ok(BigInt64Array::from(times).into()) } else { integers(times, what) }
}

fn buckets(buckets: &Buckets) -> Result<Array> {
    Ok(array([
        integers(&buckets.start_us, "start_us")?,
        floats(&buckets.per_s),
        integers(&buckets.covered_us, "covered_us")?,
        buckets.last_partial.into(),
        buckets.truncated.into(),
    ]))
}
