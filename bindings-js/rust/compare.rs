//! Runs compared, and what the keys of a summary are.

use std::rc::Rc;

use js_sys::Array;
use streamgauge::Result;
use streamgauge::run::{CONFIDENCE, CompareOptions, ComparedRuns, KEYS, KeyComparison, Run, compare};
use wasm_bindgen::prelude::*;

use crate::convert::{Thrown, array, floats, number, thrown};
use crate::run::RawRun;

/// The runs of both sides, which are added one by one: a list of borrowed runs cannot cross.
#[wasm_bindgen]
#[derive(Default)]
pub struct RawSides {
    a: Vec<Rc<Run>>,
    b: Vec<Rc<Run>>,
}

#[wasm_bindgen]
impl RawSides {
    /// Both sides empty.
    #[wasm_bindgen(constructor)]
    pub fn new() -> RawSides {
        RawSides::default()
    }

    /// Adds `run` to A.
    #[wasm_bindgen(js_name = addA)]
    pub fn add_a(&mut self, run: &RawRun) {
        self.a.push(Rc::clone(&run.0));
    }

    /// Adds `run` to B.
    #[wasm_bindgen(js_name = addB)]
    pub fn add_b(&mut self, run: &RawRun) {
        self.b.push(Rc::clone(&run.0));
    }

    /// `[runs, duration_s]` of each side, the generator, the confidence, `[key, ...]` of each key as in
    /// `row`, the notes. The seed is a whole number.
    pub fn compare(&self, mode: &str, seed: f64, resamples: u32) -> Thrown<Array> {
        let compared = || {
            let options = CompareOptions { mode: mode.parse()?, seed: seed as u64, resamples };
            let [a, b] = [&self.a, &self.b].map(|side| side.iter().map(Rc::as_ref).collect::<Vec<&Run>>());
            let compared = compare(&a, &b, &options)?;
            let keys = compared.keys.iter().map(row).collect::<Result<Array>>()?;
            let (a, b) = (side(&compared.a), side(&compared.b));
            Ok(array([a, b, compared.prng.into(), CONFIDENCE.into(), keys.into(), texts(&compared.notes)]))
        };
        compared().map_err(thrown)
    }
}

/// `[name, unit, formula, null_when, better, denominator]` of each key of a summary.
#[wasm_bindgen]
pub fn keys() -> Vec<Array> {
    let about = |key: &streamgauge::run::Key| {
        let denominator = key.denominator.map_or(JsValue::NULL, JsValue::from);
        let better = key.better.name().into();
        array([
            key.name.into(),
            key.unit.into(),
            key.formula.into(),
            key.null_when.into(),
            better,
            denominator,
        ])
    };
    KEYS.iter().map(about).collect()
}

fn side(side: &ComparedRuns) -> JsValue {
    array([texts(&side.runs), floats(&side.duration_s)]).into()
}

/// `[key, unit, better, a, b, runs_a, runs_b, combined, difference, relative, low, high, no_interval,
/// effect]`
fn row(key: &KeyComparison) -> Result<JsValue> {
    let (low, high) = key.interval.unzip();
    Ok(array([
        key.key.into(),
        key.unit.into(),
        key.better.name().into(),
        finite(key.a),
        finite(key.b),
        number(key.runs_a as u64, "runs_a")?.into(),
        number(key.runs_b as u64, "runs_b")?.into(),
        key.combined.name().into(),
        finite(key.difference),
        finite(key.relative),
        finite(low),
        finite(high),
        key.no_interval.as_ref().map_or(JsValue::NULL, JsValue::from),
        key.effect.name().into(),
    ])
    .into())
}

fn texts(texts: &[String]) -> JsValue {
    texts.iter().map(JsValue::from).collect::<Array>().into()
}

fn finite(value: Option<f64>) -> JsValue {
    value.filter(|value| value.is_finite()).map_or(JsValue::NULL, JsValue::from)
}
