//! The summary of one run: an ordered table of named values.

use super::keys::{KEYS, Key};
use super::{Mode, Run, Selector};
use crate::math::{QuantileMethod, Sum, quantiles};

/// One value of a summary. Missing is not zero: what was not measured is [`Value::Null`].
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Not measured, or undefined.
    Null,
    /// A count.
    Int(i128),
    /// A measured number. `plot_fec` may hold NaN here, which JSON prints as null.
    Float(f64),
    /// A flag.
    Bool(bool),
    /// A text.
    Text(String),
    /// Texts.
    List(Vec<String>),
    /// Counts by name, in order of name.
    Counts(Vec<(String, i128)>),
}

impl Value {
    /// The value as a number: `None` where it is null, NaN, or no number.
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Int(count) => Some(*count as f64),
            Value::Float(value) if !value.is_nan() => Some(*value),
            _ => None,
        }
    }
}

impl From<Option<f64>> for Value {
    fn from(value: Option<f64>) -> Value {
        value.map_or(Value::Null, Value::Float)
    }
}

impl From<Option<i128>> for Value {
    fn from(count: Option<i128>) -> Value {
        count.map_or(Value::Null, Value::Int)
    }
}

/// The values of one run in documented order.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// By which definitions.
    pub mode: Mode,
    /// `(key, value)`.
    pub values: Vec<(&'static str, Value)>,
}

impl Summary {
    /// The value of `key`; `None` where there is no such key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// The value of `key` as a number; `None` where there is none.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.get(key).and_then(Value::number)
    }
}

/// The definition of a key of the `exact` summary.
pub fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

impl Run {
    /// The summary by the definitions of `mode`. `exact` holds the keys of [`KEYS`], in order;
    /// `plot_fec` the 16 keys of the script.
    pub fn summary(&self, mode: Mode) -> Summary {
        let values = match mode {
            Mode::Exact => super::exact::values(self),
            Mode::PlotFec => self.script_values(),
        };
        Summary { mode, values }
    }

    fn script_values(&self) -> Vec<(&'static str, Value)> {
        let gaps = self.gaps(Mode::PlotFec);
        let rows = self.frames_in_window(Mode::PlotFec);
        let ids = rows.clone().filter_map(|row| self.frames.frame_id.get(row)).map(i128::from);
        let (first, last) = ids.fold((i128::MAX, i128::MIN), |(low, high), id| (low.min(id), high.max(id)));
        let expected = if first <= last { last - first + 1 } else { 0 };
        let mut latency = self.latency(Mode::PlotFec).latency_ms;
        let mean = latency.iter().copied().collect::<Sum>().value() / latency.len() as f64;
        let quantiles = quantiles(&mut latency, [0.5, 0.95, 0.99], QuantileMethod::FloorIndex);
        let [p50, p95, p99] = quantiles.unwrap_or([f64::NAN; 3]).map(Value::Float);
        let total = |selector: &Selector| {
            Value::Float(self.counter_total(selector, Mode::PlotFec).map_or(0.0, |counted| counted.total))
        };
        let names = &self.names;
        let fec = |state: &str| {
            let filter = format!("{}=\"{state}\"", names.fec_state_label);
            total(&Selector::new(&names.fec_packets).containing(filter))
        };
        vec![
            ("frames_received", Value::Int(rows.count() as i128)),
            ("frames_expected", Value::Int(expected)),
            ("frames_lost", Value::Int(gaps.missing.iter().sum())),
            ("gap_events", Value::Int(gaps.missing.len() as i128)),
            ("latency_mean_ms", Value::Float(mean)),
            ("latency_p50_ms", p50),
            ("latency_p95_ms", p95),
            ("latency_p99_ms", p99),
            ("fec_received", fec("received")),
            ("fec_recovery_attempts", fec("recovery_attempt")),
            ("fec_recovered", fec("recovered")),
            ("fec_recovery_failed", fec("recovery_failed")),
            ("fec_unused", fec("unused")),
            ("fec_invalid", fec("invalid")),
            ("nack_total", total(&Selector::new(&names.nack))),
            ("packet_loss_total", total(&Selector::new(&names.packet_loss))),
        ]
    }
}

#[cfg(feature = "serde")]
mod json {
    use super::{Summary, Value};
    use serde::ser::{Serialize, Serializer};

    impl Serialize for Summary {
        /// One flat object, keys in documented order.
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.values.iter().map(|(key, value)| (key, value)))
        }
    }

    impl Serialize for Value {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self {
                Value::Null => serializer.serialize_none(),
                Value::Int(count) => match i64::try_from(*count) {
                    Ok(count) => serializer.serialize_i64(count),
                    Err(_) => serializer.serialize_i128(*count),
                },
                Value::Float(value) if !value.is_finite() => serializer.serialize_none(),
                Value::Float(value) => serializer.serialize_f64(*value),
                Value::Bool(flag) => serializer.serialize_bool(*flag),
                Value::Text(text) => serializer.serialize_str(text),
                Value::List(texts) => serializer.collect_seq(texts),
                Value::Counts(counts) => {
                    serializer.collect_map(counts.iter().map(|(name, count)| (name, *count as i64)))
                }
            }
        }
    }
}
