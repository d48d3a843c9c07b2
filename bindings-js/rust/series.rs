//! Windows, rollups, sketches and downsampling: numbers in and out in columns, NaN where absent.

use js_sys::Array;
use streamgauge::series::{
    DownsampleConfig, Level, Pushed, Rollup, RollupConfig, SameTime, Sketch, SketchConfig, Window,
    WindowConfig, downsample as indices_of,
};
use streamgauge::wire::{decode_rollup, decode_sketch, encode_rollup, encode_sketch};
use streamgauge::{Error, ErrorKind, Result};
use wasm_bindgen::prelude::*;

use crate::convert::{Thrown, array, floats, given, or_nan, thrown};

/// A window. The facade's `SampleWindow` holds it, and checks that times are safe integers.
#[wasm_bindgen]
pub struct RawWindow(Window);

#[wasm_bindgen]
impl RawWindow {
    /// NaN stands for the default; `span_us` infinite for no bound.
    #[wasm_bindgen(constructor)]
    pub fn new(span_us: f64, max_samples: f64, late_us: f64, same_time: &str) -> Thrown<RawWindow> {
        let default = WindowConfig::default();
        let span_us = match given(span_us) {
            Some(span_us) => span_us.is_finite().then_some(span_us as i64),
            None => default.span_us,
        };
        let max_samples = given(max_samples).map_or(default.max_samples, |most| most as usize);
        let late_us = given(late_us).map_or(default.late_us, |late_us| late_us as i64);
        let same_time = match same_time {
            "keep" => Ok(SameTime::Keep),
            "reject" => Ok(SameTime::Reject),
            other => {
                let message = format!("sameTime is {other:?}: expected \"keep\" or \"reject\"");
                Err(Error::new(ErrorKind::InvalidArgument, message))
            }
        };
        same_time
            .and_then(|same_time| Window::new(WindowConfig { span_us, max_samples, late_us, same_time }))
            .map(RawWindow)
            .map_err(thrown)
    }

    /// Where the facade has the name of what became of the sample.
    pub fn record(&mut self, at_us: f64, value: f64) -> u8 {
        match self.0.push(at_us as i64, value) {
            Pushed::InOrder => 0,
            Pushed::Late => 1,
            Pushed::TooLate => 2,
            Pushed::Repeated => 3,
            Pushed::NotFinite => 4,
        }
    }

    /// Columns of one length.
    #[wasm_bindgen(js_name = recordMany)]
    pub fn record_many(&mut self, times_us: &[f64], values: &[f64]) {
        for (at_us, value) in times_us.iter().zip(values) {
            self.0.push(*at_us as i64, *value);
        }
    }

    /// Drops what is out of the span.
    pub fn expire(&mut self, now_us: f64) {
        self.0.expire(now_us as i64);
    }

    /// Length, minimum, maximum, sum, mean, rate, time and value of the first and of the last sample,
    /// counts.
    pub fn state(&self) -> Vec<f64> {
        let window = &self.0;
        let ends = [window.first(), window.last()];
        let counts = window.counts();
        let mut state = vec![window.len() as f64];
        let values = [window.min(), window.max(), window.sum(), window.mean(), window.rate_per_s()];
        state.extend(values.map(or_nan));
        state.extend(ends.iter().flat_map(|end| end.map_or([f64::NAN; 2], |(at, value)| [at as f64, value])));
        state.extend(
            [
                counts.accepted,
                counts.late,
                counts.too_late,
                counts.repeated,
                counts.not_finite,
                counts.evicted,
            ]
            .map(|count| count as f64),
        );
        state
    }

    /// `[times, values]`
    pub fn samples(&self) -> Array {
        let (times, values): (Vec<f64>, Vec<f64>) =
            self.0.samples().map(|(at_us, value)| (at_us as f64, value)).unzip();
        array([floats(&times), floats(&values)])
    }
}

/// A sketch. The facade's `Sketch` holds it.
#[wasm_bindgen]
pub struct RawSketch(pub(crate) Sketch);

#[wasm_bindgen]
impl RawSketch {
    /// `relative_error` NaN is the default.
    #[wasm_bindgen(constructor)]
    pub fn new(relative_error: f64) -> Thrown<RawSketch> {
        Sketch::new(sketch_config(relative_error)).map(RawSketch).map_err(thrown)
    }

    /// A sketch from its bytes.
    #[wasm_bindgen(js_name = fromBytes)]
    pub fn from_bytes(bytes: &[u8]) -> Thrown<RawSketch> {
        decode_sketch(bytes).map(RawSketch).map_err(thrown)
    }

    /// Its bytes.
    #[wasm_bindgen(js_name = toBytes)]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_sketch(&self.0)
    }

    /// Another with the same in it.
    pub fn copy(&self) -> RawSketch {
        RawSketch(self.0.clone())
    }

    /// Whether bins and extremes are the same.
    pub fn equals(&self, other: &RawSketch) -> bool {
        self.0 == other.0
    }

    /// Adds a value so many times.
    pub fn record(&mut self, value: f64, count: f64) {
        self.0.record_many(value, count as u64);
    }

    /// Adds values.
    #[wasm_bindgen(js_name = recordMany)]
    pub fn record_many(&mut self, values: &[f64]) {
        values.iter().for_each(|value| self.0.record(*value));
    }

    /// Adds another sketch.
    pub fn merge(&mut self, other: &RawSketch) -> Thrown<()> {
        self.0.merge(&other.0).map_err(thrown)
    }

    /// A quantile, undefined without values.
    pub fn quantile(&self, q: f64) -> Thrown<Option<f64>> {
        self.0.quantile_checked(q).map_err(thrown)
    }

    /// Forgets every value.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Count, zeros, rejected, sum, mean, minimum, maximum, relative error, whether it is collapsed,
    /// memory.
    pub fn state(&self) -> Vec<f64> {
        let sketch = &self.0;
        let mut state = vec![sketch.count() as f64, sketch.zeros() as f64, sketch.rejected() as f64];
        state.extend([sketch.sum(), sketch.mean(), sketch.min(), sketch.max()].map(or_nan));
        let collapsed = f64::from(u8::from(sketch.is_collapsed()));
        state.extend([sketch.relative_error(), collapsed, sketch.memory_bytes() as f64]);
        state
    }

    /// `[lower, upper, count]`
    pub fn bins(&self) -> Array {
        let bins: Vec<(f64, f64, u64)> = self.0.bins().collect();
        let column = |of: fn(&(f64, f64, u64)) -> f64| floats(&bins.iter().map(of).collect::<Vec<_>>());
        array([column(|bin| bin.0), column(|bin| bin.1), column(|bin| bin.2 as f64)])
    }
}

pub(crate) fn sketch_config(relative_error: f64) -> SketchConfig {
    given(relative_error).map_or_else(SketchConfig::default, |relative_error| SketchConfig { relative_error })
}

/// A rollup. The facade's `Rollup` holds it, and checks that times are safe integers.
#[wasm_bindgen]
pub struct RawRollup(Rollup);

#[wasm_bindgen]
impl RawRollup {
    /// `levels` has widths and numbers of buckets in turn; empty, and NaN for `late_us`, is the default,
    /// NaN for `relative_error` no sketches.
    #[wasm_bindgen(constructor)]
    pub fn new(levels: &[f64], late_us: f64, relative_error: f64) -> Thrown<RawRollup> {
        let mut config = RollupConfig {
            sketch: given(relative_error).map(|relative_error| SketchConfig { relative_error }),
            ..RollupConfig::default()
        };
        if !levels.is_empty() {
            let level =
                |[width_us, keep]: &[f64; 2]| Level { width_us: *width_us as i64, keep: *keep as usize };
            config.levels = levels.as_chunks().0.iter().map(level).collect();
        }
        config.late_us = given(late_us).map_or(config.late_us, |late_us| late_us as i64);
        Rollup::new(config).map(RawRollup).map_err(thrown)
    }

    /// A rollup from its bytes.
    #[wasm_bindgen(js_name = fromBytes)]
    pub fn from_bytes(bytes: &[u8]) -> Thrown<RawRollup> {
        decode_rollup(bytes).map(RawRollup).map_err(thrown)
    }

    /// Its bytes.
    #[wasm_bindgen(js_name = toBytes)]
    pub fn to_bytes(&mut self) -> Vec<u8> {
        encode_rollup(&mut self.0)
    }

    /// Another with the same in it.
    pub fn copy(&self) -> RawRollup {
        RawRollup(self.0.clone())
    }

    /// Whether the sample was taken.
    pub fn record(&mut self, at_us: f64, value: f64) -> bool {
        self.0.push(at_us as i64, value)
    }

    /// Columns of one length.
    #[wasm_bindgen(js_name = recordMany)]
    pub fn record_many(&mut self, times_us: &[f64], values: &[f64]) {
        for (at_us, value) in times_us.iter().zip(values) {
            self.0.push(*at_us as i64, *value);
        }
    }

    /// Adds another rollup.
    pub fn merge(&mut self, other: &RawRollup) -> Thrown<()> {
        self.0.merge(&other.0).map_err(thrown)
    }

    /// Start, count, sum, mean, minimum, maximum, time and value of the last, then a column for each
    /// quantile.
    pub fn buckets(&mut self, level: f64, quantiles: &[f64]) -> Thrown<Array> {
        let found = self.0.columns(level as usize, quantiles).map_err(thrown)?;
        // What an empty bucket lacks is absent, as is a sum past the range of f64.
        let values = |values: &[f64]| {
            let shown = |(count, value): (&u64, &f64)| {
                if *count > 0 && value.is_finite() { *value } else { f64::NAN }
            };
            floats(&found.count.iter().zip(values).map(shown).collect::<Vec<_>>())
        };
        let last_us: Vec<f64> = found.last_us.iter().map(|at| *at as f64).collect();
        let sum: Vec<f64> =
            found.sum.iter().map(|sum| if sum.is_finite() { *sum } else { f64::NAN }).collect();
        let columns = array([
            floats(&found.start_us.iter().map(|at| *at as f64).collect::<Vec<_>>()),
            floats(&found.count.iter().map(|count| *count as f64).collect::<Vec<_>>()),
            floats(&sum),
            values(&found.mean),
            values(&found.min),
            values(&found.max),
            values(&last_us),
            values(&found.last),
        ]);
        found.quantiles.iter().for_each(|column| {
            columns.push(&values(column));
        });
        Ok(columns)
    }

    /// How late a sample may be, relative error, newest, up to when all is final, counts, and the levels
    /// as they are given.
    pub fn state(&self) -> Vec<f64> {
        let (config, counts) = (self.0.config(), self.0.counts());
        let time = |at_us: Option<i64>| or_nan(at_us.map(|at_us| at_us as f64));
        // Without a bound it is the largest of all, which is no safe integer, and nothing is ever final.
        let bounded = config.late_us < i64::MAX;
        let mut state = vec![
            if bounded { config.late_us as f64 } else { f64::INFINITY },
            or_nan(config.sketch.map(|sketch| sketch.relative_error)),
            time(self.0.newest_us()),
            time(self.0.final_until_us().filter(|_| bounded)),
            counts.accepted as f64,
            counts.too_late as f64,
            counts.not_finite as f64,
        ];
        state.extend(config.levels.iter().flat_map(|level| [level.width_us as f64, level.keep as f64]));
        state
    }
}

/// Indices of the samples to draw; `gap_us` NaN is no gap in time.
#[wasm_bindgen]
pub fn downsample(times_us: &[f64], values: &[f64], points: f64, gap_us: f64) -> Thrown<Vec<u32>> {
    let times: Vec<i64> = times_us.iter().map(|at_us| *at_us as i64).collect();
    let config = DownsampleConfig { points: points as usize, gap_us: given(gap_us).map(|gap| gap as i64) };
    let indices: Result<Vec<u32>> =
        indices_of(&times, values, config).map(|indices| indices.iter().map(|at| *at as u32).collect());
    indices.map_err(thrown)
}
