//! Gates: conditions on a comparison under which a test fails, `frames_lost > 1%`.

use super::Comparison;
use super::keys::{KEYS, Key};
use crate::error::{Error, ErrorKind, Result};
use std::fmt;
use std::str::FromStr;

/// How a gate compares.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Op {
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Equal,
    NotEqual,
}

/// Longer ones first: `>` begins `>=`.
const OPS: [(&str, Op); 6] = [
    (">=", Op::GreaterEqual),
    ("<=", Op::LessEqual),
    ("==", Op::Equal),
    ("!=", Op::NotEqual),
    (">", Op::Greater),
    ("<", Op::Less),
];

impl Op {
    fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Op::Greater => value > threshold,
            Op::GreaterEqual => value >= threshold,
            Op::Less => value < threshold,
            Op::LessEqual => value <= threshold,
            Op::Equal => value == threshold,
            Op::NotEqual => value != threshold,
        }
    }
}

/// A condition under which a test fails.
///
/// `KEY OP NUMBER` speaks of the value of B, `delta(KEY) OP NUMBER` of the change, B minus A. `OP`
/// is `>`, `>=`, `<`, `<=`, `==` or `!=`. A number with `%` is a share: of the key's denominator
/// ([`Key::denominator`]) for a count, 1/100 for a ratio, of the size of A's value for a delta.
///
/// ```
/// use streamgauge::run::Gate;
/// let gate: Gate = "delta(latency_p95_ms) > 50".parse()?;
/// assert_eq!(gate.to_string(), "delta(latency_p95_ms) > 50");
/// let error = "frames_lots > 1%".parse::<Gate>().unwrap_err();
/// assert!(error.message().contains("did you mean frames_lost"));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gate {
    text: String,
    key: &'static Key,
    delta: bool,
    op: Op,
    threshold: f64,
    percent: bool,
}

/// What a gate found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum GateOutcome {
    /// The condition does not hold.
    Passed,
    /// The condition holds.
    Failed,
    /// A value that the condition needs is not there.
    Unknown,
}

impl GateOutcome {
    /// `"passed"`, `"failed"` or `"unknown"`.
    pub const fn name(self) -> &'static str {
        match self {
            GateOutcome::Passed => "passed",
            GateOutcome::Failed => "failed",
            GateOutcome::Unknown => "unknown",
        }
    }
}

/// A gate's outcome with what it rests on.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct GateResult {
    /// The condition as given.
    pub gate: String,
    /// What was found.
    pub outcome: GateOutcome,
    /// What the condition was tested on, in percent where it speaks of percent.
    pub actual: Option<f64>,
    /// A sentence for people: the value, or why there is none.
    pub reason: String,
}

impl FromStr for Gate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Gate> {
        Gate::parse(text)
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Gate {
    /// Reads a condition.
    ///
    /// # Errors
    /// `InvalidArgument` where it does not follow the form, where a key is no number or takes no
    /// percentage; `NotFound` where there is no such key, naming the nearest ones.
    pub fn parse(text: &str) -> Result<Gate> {
        let text = text.trim();
        let wrong = |why: String| Error::new(ErrorKind::InvalidArgument, format!("gate {text:?}: {why}"));
        let at = text.find(['>', '<', '=', '!']).ok_or_else(|| {
            wrong(
                "no comparison: expected a form like \"frames_lost > 1%\" or \"delta(loss_ratio) >= 10%\""
                    .into(),
            )
        })?;
        let (subject, rest) = (text[..at].trim(), &text[at..]);
        let (op, number) = OPS
            .iter()
            .find_map(|(sign, op)| rest.strip_prefix(sign).map(|number| (*op, number.trim())))
            .ok_or_else(|| wrong("expected one of > >= < <= == !=".into()))?;
        let inner = subject.strip_prefix("delta").map(str::trim_start).and_then(|s| s.strip_prefix('('));
        let (name, delta) = match inner {
            Some(inner) => {
                let name = inner.strip_suffix(')').ok_or_else(|| wrong("delta( is not closed".into()))?;
                (name.trim(), true)
            }
            None => (subject, false),
        };
        let key = KEYS.iter().find(|key| key.name == name).ok_or_else(|| unknown_key(text, name))?;
        if !is_number(key) {
            return Err(wrong(format!("{name} is no number that can be compared")));
        }
        let (number, percent) = match number.strip_suffix('%') {
            Some(number) => (number.trim_end(), true),
            None => (number, false),
        };
        let threshold = number.parse::<f64>().ok().filter(|number| number.is_finite());
        let threshold = threshold.ok_or_else(|| wrong(format!("{number:?} is no number")))?;
        if percent && !delta && key.unit != "ratio" && key.denominator.is_none() {
            return Err(wrong(format!(
                "{name} is not a share of anything, so a percentage of it means nothing: give a number in its unit ({}), or use delta({name}) for a change in percent of A",
                key.unit
            )));
        }
        Ok(Gate { text: text.to_owned(), key, delta, op, threshold, percent })
    }

    /// Tests the condition.
    pub fn evaluate(&self, comparison: &Comparison) -> GateResult {
        let (outcome, actual, reason) = match self.actual(comparison) {
            Ok((actual, reason)) => {
                let failed = self.op.holds(actual, self.threshold);
                (if failed { GateOutcome::Failed } else { GateOutcome::Passed }, Some(actual), reason)
            }
            Err(why) => (GateOutcome::Unknown, None, format!("cannot be evaluated: {why}")),
        };
        GateResult { gate: self.text.clone(), outcome, actual, reason }
    }

    /// The number that stands against the threshold, and a sentence about it; or why there is none.
    fn actual(&self, comparison: &Comparison) -> std::result::Result<(f64, String), String> {
        let name = self.key.name;
        let absent = || format!("mode {} has no {name}", comparison.mode.name());
        let compared = comparison.get(name).ok_or_else(absent)?;
        let value = |side: &str, value: Option<f64>| {
            value.ok_or_else(|| format!("{name} of {side} is null ({})", self.key.null_when))
        };
        let b = value("B", compared.b)?;
        if !self.delta {
            return match (self.percent, self.key.denominator) {
                (false, _) => Ok((b, format!("{name} is {b}"))),
                (true, Some(whole)) => {
                    let of = comparison.get(whole).and_then(|whole| whole.b).filter(|of| *of > 0.0);
                    let of = of.ok_or_else(|| format!("{whole} of B is 0 or null"))?;
                    let percent = 100.0 * b / of;
                    Ok((percent, format!("{name} is {b} of {of} {whole}: {percent:.3}%")))
                }
                (true, None) => Ok((100.0 * b, format!("{name} is {:.3}%", 100.0 * b))),
            };
        }
        let a = value("A", compared.a)?;
        let change = b - a;
        if !self.percent {
            return Ok((change, format!("{name} went from {a} to {b}: {change:+}")));
        }
        if a == 0.0 {
            return Err(format!("{name} of A is 0, so no change is a percentage of it"));
        }
        let percent = 100.0 * change / a.abs();
        Ok((percent, format!("{name} went from {a} to {b}: {percent:+.3}%")))
    }
}

/// Whether a key of the summary is a number that a comparison has.
pub(super) fn is_number(key: &Key) -> bool {
    // The ends of the window are moments, and the last two are tables.
    let other = ["window_start_us", "window_end_us", "counter_resets", "rows_dropped"];
    !matches!(key.unit, "text" | "flag") && !other.contains(&key.name)
}

#[cold]
fn unknown_key(gate: &str, name: &str) -> Error {
    let mut near: Vec<(usize, &str)> =
        KEYS.iter().filter(|key| is_number(key)).map(|key| (distance(name, key.name), key.name)).collect();
    near.sort();
    let limit = name.len() / 2;
    let part = |key: &Key| name.len() > 3 && is_number(key) && key.name.contains(name);
    let mut names: Vec<&str> =
        near.iter().filter(|(far, _)| *far <= limit).map(|(_, key)| *key).take(3).collect();
    names.extend(KEYS.iter().filter(|key| part(key)).map(|key| key.name).take(3));
    names.dedup();
    let hint = match names.is_empty() {
        true => "see the table of keys".to_owned(),
        false => format!("did you mean {}?", names.join(", ")),
    };
    Error::new(ErrorKind::NotFound, format!("gate {gate:?}: no key {name:?}: {hint}"))
}

/// How many letters must be put in, left out or changed to get from one to the other.
fn distance(from: &str, to: &str) -> usize {
    // A name from outside may be of any length; none is near a key that is much shorter.
    if from.len() > 100 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, a) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, b) in to.bytes().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_documents() {
        for text in
            ["frames_lost > 1%", "frames_lost>1 %", " delta( loss_ratio ) >= 10% ", "latency_p95_ms != 5e2"]
        {
            Gate::parse(text).unwrap();
        }
        for (text, part) in [
            ("", "no comparison"),
            ("frames_lost", "no comparison"),
            ("frames_lost = 1", "expected one of"),
            ("frames_lost > ", "\"\" is no number"),
            ("frames_lost > nan", "is no number"),
            ("frames_lost > 1 2", "is no number"),
            ("delta(frames_lost > 1", "not closed"),
            ("latency_p95_ms > 5%", "not a share of anything"),
            ("quantile_method == 1", "no number that can be compared"),
            ("frame_lost > 1", "did you mean frames_lost"),
            ("delta(p95_ms) > 1", "latency_p95_ms"),
            ("zzz > 1", "table of keys"),
        ] {
            let message = Gate::parse(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text:?}: {message}");
        }
    }

    #[test]
    fn distance_is_that_of_levenshtein() {
        for (a, b, far) in [("", "abc", 3), ("kitten", "sitting", 3), ("same", "same", 0), ("ab", "ba", 2)] {
            assert_eq!(distance(a, b), far);
        }
    }
}
