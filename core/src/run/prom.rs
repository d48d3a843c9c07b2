//! `prom.tsv` and raw exposition text: polled Prometheus samples, into one column pair a series.

use super::input::BYTE_ORDER_MARK;
use super::labels::{self, Metric};
use super::number;
use super::problems::{FileProblems, Reason};
use crate::time::Micros;
use std::collections::HashMap;

/// More label sets than this are not kept: a hostile file must not fill the memory.
const SERIES_MAX: usize = 1_000_000;

/// One label set of a family with its samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The metric's name.
    pub family: String,
    /// `(label, value)`, sorted by label.
    pub labels: Vec<(String, String)>,
    /// The text between the braces as it stands in the file, for the script's substring filter.
    pub raw_labels: String,
    /// When each sample was polled, strictly increasing. Of two samples of one time the later one
    /// in the file counts; under two spellings of one label set, that of the spelling seen later.
    pub t_us: Vec<Micros>,
    /// The samples; may hold NaN and infinities.
    pub values: Vec<f64>,
}

/// The samples of a series as the script sees them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ScriptSeries {
    pub(super) family: String,
    pub(super) raw_labels: String,
    pub(super) samples: ScriptSamples,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum ScriptSamples {
    /// Those of [`Prom::series`] at this index.
    Same(usize),
    /// Its own: out of order, repeated, or in a series the script splits or reads differently.
    Own(Vec<Micros>, Vec<f64>),
}

/// All samples of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prom {
    pub(super) series: Vec<Series>,
    pub(super) script: Vec<ScriptSeries>,
}

impl Prom {
    /// Every series, by family in order of first appearance, then by first appearance.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// The names of all families, in order of first appearance.
    pub fn families(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.series.iter().map(|series| series.family.as_str()).collect();
        names.dedup();
        names
    }

    /// Whether a family is there.
    pub fn has_family(&self, family: &str) -> bool {
        self.series.iter().any(|series| series.family == family)
    }

    /// Number of samples.
    pub fn sample_count(&self) -> usize {
        self.series.iter().map(|series| series.t_us.len()).sum()
    }

    /// The script's series of a family with their samples in file order.
    pub(super) fn script_series(&self, family: &str) -> impl Iterator<Item = (&str, &[Micros], &[f64])> {
        self.script.iter().filter(move |series| series.family == family).map(|series| match &series.samples {
            ScriptSamples::Same(index) => {
                let same = &self.series[*index];
                (series.raw_labels.as_str(), &same.t_us[..], &same.values[..])
            }
            ScriptSamples::Own(t_us, values) => (series.raw_labels.as_str(), &t_us[..], &values[..]),
        })
    }
}

/// What one metric text stands for.
#[derive(Debug)]
struct RawSeries {
    /// The metric as it stands in the file, with a tab behind it.
    key: Vec<u8>,
    /// The series that came next in the last poll.
    next: usize,
    metric: Option<Metric>,
    raw_labels: String,
    script_family: Option<String>,
    t_us: Vec<Micros>,
    values: Vec<f64>,
}

/// Reads blocks of whole lines.
#[derive(Debug, Default)]
pub(super) struct PromParser {
    raw: Vec<RawSeries>,
    by_key: HashMap<Vec<u8>, usize>,
    problems: FileProblems,
    line: u64,
    /// The series of the line before.
    last: usize,
    last_time: TimeText,
    /// The series whose first sample stands behind a byte order mark, which the script cannot read.
    marked: Option<usize>,
}

/// The time of the last line and the text it was written in.
#[derive(Debug, Default)]
struct TimeText {
    /// 16 digits, and a tab.
    digits: [u8; 17],
    t_us: Micros,
}

/// Bytes that the fast path may look at beyond the start of a value.
const LOOKAHEAD: usize = 48;

impl PromParser {
    /// Takes in one block.
    pub(super) fn feed(&mut self, block: &[u8]) {
        let mut at = 0;
        if self.line == 0 && block.starts_with(BYTE_ORDER_MARK) {
            let end = memchr::memchr(b'\n', block).map_or(block.len(), |step| step + 1);
            self.any_line(&block[BYTE_ORDER_MARK.len()..end]);
            self.marked = (!self.raw.is_empty()).then_some(0);
            at = end;
        }
        while at < block.len() {
            at = self.predicted_lines(block, at);
            if at < block.len() {
                let end = memchr::memchr(b'\n', &block[at..]).map_or(block.len(), |step| at + step + 1);
                self.any_line(&block[at..end]);
                at = end;
            }
        }
    }

    /// Takes lines whose series is the one that followed in the last poll, until one is not, and
    /// gives where it begins.
    fn predicted_lines(&mut self, block: &[u8], mut at: usize) -> usize {
        if self.raw.is_empty() {
            return at;
        }
        let mut lines = 0;
        let mut last = self.last;
        while let Some(time) = block[at..].first_chunk::<17>() {
            if *time != self.last_time.digits {
                match number::sixteen_digits(time, 0) {
                    Some(t_us) if time[16] == b'\t' => self.last_time = TimeText { digits: *time, t_us },
                    _ => break,
                }
            }
            let next = self.raw[last].next;
            let series = &mut self.raw[next];
            let value_at = at + 17 + series.key.len();
            if block.get(at + 17..value_at) != Some(&series.key[..]) || series.metric.is_none() {
                break;
            }
            let Some((value, length)) = block[value_at..].first_chunk().and_then(plain_value) else { break };
            series.t_us.push(self.last_time.t_us);
            series.values.push(value);
            last = next;
            at = value_at + length;
            lines += 1;
        }
        self.last = last;
        self.line += lines;
        self.problems.rows += lines;
        at
    }

    fn any_line(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        for text in line.split(|byte| *byte == b'\r') {
            self.line += 1;
            self.problems.rows += 1;
            if let Err(reason) = self.sample(text) {
                self.problems.add(self.line, reason);
            }
        }
    }

    /// Takes `time TAB metric TAB value`.
    fn sample(&mut self, text: &[u8]) -> Result<(), Reason> {
        if text.is_empty() {
            return Err(Reason::Blank);
        }
        let mut fields = text.split(|byte| *byte == b'\t');
        let (Some(time), Some(metric), Some(value), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(Reason::FieldCount);
        };
        let t_us = number::int(time).map_err(number::NotInt::time_reason)?;
        let value = number::float(value).ok_or(Reason::ValueNotNumber)?;
        // Every series is known by its text with the tab behind it.
        let key = &text[time.len() + 1..][..metric.len() + 1];
        let index = self.intern(key)?;
        self.push(index, t_us, value)
    }

    fn push(&mut self, index: usize, t_us: Micros, value: f64) -> Result<(), Reason> {
        if self.last < self.raw.len() {
            self.raw[self.last].next = index;
        }
        self.last = index;
        let series = &mut self.raw[index];
        series.t_us.push(t_us);
        series.values.push(value);
        // The script keeps what our grammar refuses; it is a problem all the same.
        series.metric.as_ref().map(|_| ()).ok_or(Reason::MetricMalformed)
    }

    /// The index of a metric text with a tab behind it; an error where neither the grammar nor the
    /// script reads it.
    fn intern(&mut self, key: &[u8]) -> Result<usize, Reason> {
        if let Some(index) = self.by_key.get(key) {
            return Ok(*index);
        }
        let text = String::from_utf8_lossy(&key[..key.len() - 1]);
        let script = script_metric(&text);
        let parsed = labels::parse_metric(text.trim()).ok();
        if script.is_none() && parsed.is_none() {
            return Err(Reason::MetricMalformed);
        }
        if self.raw.len() >= SERIES_MAX {
            return Err(Reason::TooManySeries);
        }
        let inside = || text.split_once('{').map_or("", |(_, rest)| rest.strip_suffix('}').unwrap_or(rest));
        let index = self.raw.len();
        self.raw.push(RawSeries {
            key: key.to_vec(),
            next: index,
            raw_labels: script.map_or_else(inside, |(_, labels)| labels).to_owned(),
            script_family: script.map(|(family, _)| family.to_owned()),
            metric: parsed,
            t_us: Vec::new(),
            values: Vec::new(),
        });
        self.by_key.insert(key.to_vec(), index);
        Ok(index)
    }

    /// Takes one raw exposition (Prometheus text 0.0.4 or OpenMetrics) that was polled at `t_us`.
    /// A timestamp or an exemplar behind a value is not taken for the value.
    pub(super) fn feed_exposition(&mut self, t_us: Micros, text: &[u8]) {
        for line in text.split(|byte| *byte == b'\n') {
            self.line += 1;
            let line = String::from_utf8_lossy(line.trim_ascii());
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            self.problems.rows += 1;
            if let Err(reason) = self.exposed_sample(t_us, &line) {
                self.problems.add(self.line, reason);
            }
        }
    }

    fn exposed_sample(&mut self, t_us: Micros, line: &str) -> Result<(), Reason> {
        let (_, rest) = labels::parse_metric_prefix(line).map_err(|_| Reason::MetricMalformed)?;
        let metric = line[..line.len() - rest.len()].trim_end();
        let value = rest.split_ascii_whitespace().next().ok_or(Reason::ValueNotNumber)?;
        let value = number::float(value.as_bytes()).ok_or(Reason::ValueNotNumber)?;
        let index = self.intern(format!("{metric}\t").as_bytes())?;
        self.push(index, t_us, value)
    }

    /// Takes over what the parser of the next part of the file found.
    #[cfg(feature = "sync")]
    pub(super) fn append(&mut self, later: PromParser) {
        self.problems.append(&later.problems, self.line);
        self.line += later.line;
        for series in later.raw {
            match self.by_key.get(&series.key) {
                Some(index) => {
                    let known = &mut self.raw[*index];
                    known.t_us.extend_from_slice(&series.t_us);
                    known.values.extend_from_slice(&series.values);
                }
                None => {
                    self.by_key.insert(series.key.clone(), self.raw.len());
                    self.raw.push(series);
                }
            }
        }
    }

    /// The series, sorted and unique, beside what the script would see.
    pub(super) fn finish(self) -> (Prom, FileProblems) {
        let mut prom = Prom::default();
        let mut by_labels: HashMap<Metric, usize> = HashMap::new();
        let mut merged = Vec::new();
        for (index, raw) in self.raw.into_iter().enumerate() {
            let unread = usize::from(self.marked == Some(index));
            let RawSeries { metric, raw_labels, script_family, t_us, values, .. } = raw;
            let Some(metric) = metric else {
                if let Some(family) = script_family {
                    prom.script.push(ScriptSeries {
                        family,
                        raw_labels,
                        samples: ScriptSamples::Own(t_us, values),
                    });
                }
                continue;
            };
            let in_order = t_us.is_sorted_by(|a, b| a < b);
            let known = by_labels.get(&metric).copied();
            let index = known.unwrap_or(prom.series.len());
            if let Some(family) = script_family {
                let samples = match in_order && known.is_none() && unread == 0 {
                    true => ScriptSamples::Same(index),
                    false => ScriptSamples::Own(t_us[unread..].to_vec(), values[unread..].to_vec()),
                };
                prom.script.push(ScriptSeries { family, raw_labels: raw_labels.clone(), samples });
            }
            match known {
                Some(index) => {
                    let series = &mut prom.series[index];
                    let first = prom.script.iter_mut().find(|s| s.samples == ScriptSamples::Same(index));
                    if let Some(first) = first {
                        first.samples = ScriptSamples::Own(series.t_us.clone(), series.values.clone());
                    }
                    series.t_us.extend(t_us);
                    series.values.extend(values);
                    merged.push(index);
                }
                None => {
                    by_labels.insert(metric.clone(), index);
                    let Metric { name: family, labels } = metric;
                    if !in_order {
                        merged.push(index);
                    }
                    prom.series.push(Series { family, labels, raw_labels, t_us, values });
                }
            }
        }
        for index in merged {
            prom.series[index].sort();
        }
        prom.group_families();
        (prom, self.problems)
    }
}

impl Prom {
    /// Adds the samples of another file or poll.
    pub(super) fn merge(&mut self, later: Prom) {
        let own = |series: &[Series], script: Vec<ScriptSeries>| -> Vec<ScriptSeries> {
            let own = |script: ScriptSeries| match script.samples {
                ScriptSamples::Same(index) => {
                    let samples =
                        ScriptSamples::Own(series[index].t_us.clone(), series[index].values.clone());
                    ScriptSeries { samples, ..script }
                }
                ScriptSamples::Own(..) => script,
            };
            script.into_iter().map(own).collect()
        };
        self.script = own(&self.series, std::mem::take(&mut self.script));
        for added in own(&later.series, later.script) {
            let known =
                self.script.iter_mut().find(|s| s.family == added.family && s.raw_labels == added.raw_labels);
            match (known, &added.samples) {
                (
                    Some(ScriptSeries { samples: ScriptSamples::Own(t_us, values), .. }),
                    ScriptSamples::Own(t, v),
                ) => {
                    t_us.extend_from_slice(t);
                    values.extend_from_slice(v);
                }
                _ => self.script.push(added),
            }
        }
        for added in later.series {
            let known = self.series.iter_mut().find(|s| s.family == added.family && s.labels == added.labels);
            match known {
                Some(series) => {
                    series.t_us.extend_from_slice(&added.t_us);
                    series.values.extend_from_slice(&added.values);
                    series.sort();
                }
                None => self.series.push(added),
            }
        }
        self.group_families();
    }

    /// Brings the series of a family together, families in order of first appearance.
    fn group_families(&mut self) {
        let mut first: HashMap<&str, usize> = HashMap::new();
        for series in &self.series {
            let order = first.len();
            first.entry(&series.family).or_insert(order);
        }
        let rank: Vec<usize> = self.series.iter().map(|series| first[series.family.as_str()]).collect();
        if rank.is_sorted() {
            return;
        }
        let mut order: Vec<usize> = (0..self.series.len()).collect();
        order.sort_by_key(|index| rank[*index]);
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(new, old)| place[*old] = new);
        let mut taken: Vec<Option<Series>> = std::mem::take(&mut self.series).into_iter().map(Some).collect();
        self.series = order.iter().map(|old| taken[*old].take().expect("each index once")).collect();
        for script in &mut self.script {
            if let ScriptSamples::Same(index) = &mut script.samples {
                *index = place[*index];
            }
        }
    }
}

impl Series {
    /// Sorts by time; of one time the last sample counts.
    fn sort(&mut self) {
        let mut samples: Vec<(Micros, f64)> =
            self.t_us.iter().copied().zip(self.values.iter().copied()).collect();
        samples.sort_by_key(|(t_us, _)| *t_us);
        samples.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 = later.1;
            }
            same
        });
        (self.t_us, self.values) = samples.into_iter().unzip();
    }
}

/// A value that a newline ends; its length counts the newline. Gives nothing for what is better
/// left to the general way.
#[inline(always)]
fn plain_value(text: &[u8; LOOKAHEAD]) -> Option<(f64, usize)> {
    let (count, digits) = number::leading_digits(number::load(text, 0));
    match text[count] {
        b'\n' if count > 0 => Some((digits as f64, count + 1)),
        _ => decimal_value(text),
    }
}

/// Digits, a point, digits, an exponent of two digits, as exporters print them. Exact: a mantissa
/// below 2^53 and a power of ten up to 22 are floats as they are, so that one rounding is made.
#[inline]
fn decimal_value(text: &[u8; LOOKAHEAD]) -> Option<(f64, usize)> {
    let (mut mantissa, mut at) = digits(text, 0);
    if at == 0 {
        return None;
    }
    let mut exponent = 0;
    if text[at] == b'.' {
        let (fraction, count) = digits(text, at + 1);
        if count == 0 || at + count > 17 {
            return None;
        }
        mantissa = mantissa * number::POWERS_OF_TEN[count] + fraction;
        exponent = -(count as i32);
        at += 1 + count;
    }
    if text[at] == b'e' {
        let (count, power) = number::leading_digits(number::load(text, at + 2));
        if count != 2 {
            return None;
        }
        exponent += match text[at + 1] {
            b'+' => power as i32,
            b'-' => -(power as i32),
            _ => return None,
        };
        at += 4;
    }
    if text[at] != b'\n' || mantissa >= 1 << 53 || exponent.abs() > 22 {
        return None;
    }
    let power = POWERS[exponent.unsigned_abs() as usize];
    let value = if exponent < 0 { mantissa as f64 / power } else { mantissa as f64 * power };
    Some((value, at + 1))
}

/// The value of up to 16 digits at `at`, and how many there are.
#[inline(always)]
fn digits(text: &[u8; LOOKAHEAD], at: usize) -> (u64, usize) {
    let (count, value) = number::leading_digits(number::load(text, at));
    if count < 8 {
        return (value, count);
    }
    let (more, rest) = number::leading_digits(number::load(text, at + 8));
    (value * number::POWERS_OF_TEN[more] + rest, 8 + more)
}

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Family and label text as the script's regular expression takes them: a word, then anything in
/// braces.
fn script_metric(text: &str) -> Option<(&str, &str)> {
    let word = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let (family, rest) = text.split_at(word);
    let labels = match rest {
        "" => "",
        rest => rest.strip_prefix('{')?.strip_suffix('}')?,
    };
    (word > 0).then_some((family, labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_on_the_fast_path_are_those_of_the_general_one() {
        let wholes =
            ["0", "7", "123", "00123", "99999999", "123456789", "9007199254740991", "12345678901234567"];
        let fractions = ["", ".0", ".5", ".125", ".686", ".12345678", ".123456789012", ".1234567890123456"];
        let exponents =
            ["", "e+00", "e+05", "e-05", "e+22", "e-22", "e+23", "e5", "e+5", "e+308", "E+05", "e"];
        let mut taken = 0;
        for text in
            wholes.iter().flat_map(|whole| fractions.iter().map(move |fraction| format!("{whole}{fraction}")))
        {
            for exponent in exponents {
                let text = format!("{text}{exponent}");
                let mut padded = [b'9'; LOOKAHEAD];
                padded[..text.len()].copy_from_slice(text.as_bytes());
                padded[text.len()] = b'\n';
                if let Some((value, length)) = plain_value(&padded) {
                    taken += 1;
                    assert_eq!(length, text.len() + 1, "{text}");
                    assert_eq!(
                        Some(value.to_bits()),
                        number::float(text.as_bytes()).map(f64::to_bits),
                        "{text}"
                    );
                }
            }
        }
        assert!(taken > 150, "{taken}");
        for text in ["", ".5", "5.", "-1", "NaN", "1 ", "1\r", "1e+0x", "1.2.3"] {
            let mut padded = [b'9'; LOOKAHEAD];
            padded[..text.len()].copy_from_slice(text.as_bytes());
            padded[text.len()] = b'\n';
            assert_eq!(plain_value(&padded), None, "{text:?}");
        }
    }
}
