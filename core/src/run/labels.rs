//! The grammar of Prometheus metrics: `name{label="value", ...}`, quoted UTF-8 names included.
//!
//! Source: the Prometheus text exposition format 0.0.4, OpenMetrics 1.0 and the UTF-8 names of
//! Prometheus 3. Values may hold `,`, `=`, `{`, `}`, `#` and spaces; `\\`, `\"` and `\n` are the
//! escapes.

use super::selector::MatchOp;
use crate::error::Quoted;

/// The longest label name, label value or metric name that is taken, in bytes.
const TEXT_MAX_BYTES: usize = 64 * 1024;

/// A metric's name and labels.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Metric {
    /// The family.
    pub name: String,
    /// `(label, value)`, sorted by label.
    pub labels: Vec<(String, String)>,
}

/// Reads a whole metric; the error says at which byte (from 0) and why.
pub fn parse_metric(text: &str) -> Result<Metric, String> {
    let (metric, rest) = parse_metric_prefix(text)?;
    match rest {
        "" => Ok(metric),
        rest => Err(format!("byte {}: unexpected text after the metric", text.len() - rest.len())),
    }
}

/// Reads the text between the braces; `None` where it does not follow the grammar.
pub(super) fn parse_labels(text: &str) -> Option<Vec<(String, String)>> {
    parse_metric(&format!("m{{{text}}}")).ok().map(|metric| metric.labels)
}

/// Reads the metric at the beginning of `text` and gives what follows it.
pub(super) fn parse_metric_prefix(text: &str) -> Result<(Metric, &str), String> {
    let mut scanner = Scanner { text, at: 0 };
    let (name, found) = scanner.metric(false)?;
    if name.is_empty() {
        return Err("byte 0: no metric name".into());
    }
    let mut labels: Vec<_> = found.into_iter().map(|(label, _, value)| (label, value)).collect();
    labels.sort();
    if let Some(pair) = labels.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("label {} stands twice", Quoted(&pair[0].0)));
    }
    Ok((Metric { name, labels }, &text[scanner.at..]))
}

/// A label, how it is compared, and with what.
type LabelMatch = (String, MatchOp, String);

/// Reads a selector: a metric whose labels may also use `!=`, `=~` and `!~`.
pub(super) fn parse_selector(text: &str) -> Result<(String, Vec<LabelMatch>), String> {
    let mut scanner = Scanner { text, at: 0 };
    let found = scanner.metric(true)?;
    match scanner.at == text.len() {
        true => Ok(found),
        false => Err(scanner.wrong("unexpected text after the selector")),
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    /// `name`, `name{...}` or `{"name", ...}`. The name may be empty only where the braces hold it
    /// as `__name__`.
    fn metric(&mut self, operators: bool) -> Result<(String, Vec<LabelMatch>), String> {
        let mut name =
            self.word(|byte| matches!(byte, b'_' | b':') || byte.is_ascii_alphanumeric()).to_owned();
        if name.starts_with(|first: char| first.is_ascii_digit()) {
            self.at = 0;
            return Err(self.wrong("a metric name cannot begin with a digit"));
        }
        let after_name = self.at;
        self.spaces();
        let mut labels = Vec::new();
        if !self.eat(b'{') {
            self.at = after_name;
            return if name.is_empty() { Err(self.wrong("no metric name")) } else { Ok((name, labels)) };
        }
        loop {
            self.spaces();
            if self.eat(b'}') {
                return Ok((name, labels));
            }
            let quoted = self.peek() == Some(b'"');
            let label = match quoted {
                true => self.quoted()?,
                false => self.word(|byte| byte == b'_' || byte.is_ascii_alphanumeric()).to_owned(),
            };
            if !quoted && (label.is_empty() || label.starts_with(|first: char| first.is_ascii_digit())) {
                return Err(self.wrong("expected a label name or '}'"));
            }
            self.spaces();
            let bare = matches!(self.peek(), Some(b',' | b'}'));
            if quoted && bare && name.is_empty() && labels.is_empty() {
                name = label;
            } else {
                let op = self.operator(operators)?;
                self.spaces();
                labels.push((label, op, self.quoted()?));
            }
            self.spaces();
            if !self.eat(b',') && self.peek() != Some(b'}') {
                return Err(self.wrong("expected ',' or '}'"));
            }
        }
    }

    fn operator(&mut self, all: bool) -> Result<MatchOp, String> {
        let op = match (self.peek(), self.text.as_bytes().get(self.at + 1)) {
            (Some(b'='), Some(b'~')) if all => MatchOp::Regex,
            (Some(b'!'), Some(b'~')) if all => MatchOp::NotRegex,
            (Some(b'!'), Some(b'=')) if all => MatchOp::NotEqual,
            (Some(b'='), _) => MatchOp::Equal,
            _ => return Err(self.wrong("expected '='")),
        };
        self.at += if op == MatchOp::Equal { 1 } else { 2 };
        Ok(op)
    }

    fn quoted(&mut self) -> Result<String, String> {
        if !self.eat(b'"') {
            return Err(self.wrong("expected '\"'"));
        }
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut value = String::new();
        let mut taken = start;
        loop {
            let Some(step) = memchr::memchr2(b'"', b'\\', &bytes[self.at..]) else {
                self.at = start;
                return Err(self.wrong("the quote is never closed"));
            };
            self.at += step;
            value.push_str(&self.text[taken..self.at]);
            if value.len() > TEXT_MAX_BYTES {
                self.at = start;
                return Err(self.wrong("longer than 65536 bytes"));
            }
            if self.eat(b'"') {
                return Ok(value);
            }
            match bytes.get(self.at + 1) {
                Some(b'\\') => value.push('\\'),
                Some(b'"') => value.push('"'),
                Some(b'n') => value.push('\n'),
                // Not an escape: Prometheus keeps the backslash as it stands.
                _ => {
                    value.push('\\');
                    self.at += 1;
                    taken = self.at;
                    continue;
                }
            }
            self.at += 2;
            taken = self.at;
        }
    }

    fn word(&mut self, allowed: impl Fn(u8) -> bool) -> &str {
        let start = self.at;
        while self.peek().is_some_and(&allowed) {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn wrong(&self, why: &str) -> String {
        format!("byte {}: {why}", self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels_of(text: &str) -> Vec<(String, String)> {
        parse_metric(text).unwrap().labels
    }

    fn pair(label: &str, value: &str) -> (String, String) {
        (label.into(), value.into())
    }

    #[test]
    fn values_may_hold_any_punctuation() {
        assert_eq!(
            labels_of(r#"m{b="a,b}c{d \"q\" \\ e=\"1\"", a="x # y\n" ,}"#),
            [pair("a", "x # y\n"), pair("b", "a,b}c{d \"q\" \\ e=\"1\"")]
        );
        assert_eq!(labels_of(r#"m{a="\d"}"#), [pair("a", "\\d")]);
    }

    #[test]
    fn names_with_colons_quotes_and_no_labels() {
        assert_eq!(parse_metric("a:b").unwrap().name, "a:b");
        assert_eq!(parse_metric("m{}").unwrap(), Metric { name: "m".into(), labels: vec![] });
        let quoted = parse_metric(r#"{"http.größe","label.x"="1"}"#).unwrap();
        assert_eq!((quoted.name.as_str(), &quoted.labels[..]), ("http.größe", &[pair("label.x", "1")][..]));
    }

    #[test]
    fn wrong_metrics_say_where() {
        for (text, why) in [
            ("", "byte 0: no metric name"),
            ("9m", "byte 0: a metric name cannot begin with a digit"),
            ("m{a=\"b", "byte 5: the quote is never closed"),
            ("m{a=\"b\"", "byte 7: expected ',' or '}'"),
            ("m{a b=\"\"}", "byte 4: expected '='"),
            ("m{a=\"1\",a=\"2\"}", "label \"a\" stands twice"),
            ("m{a=~\"1\"}", "byte 4: expected '\"'"),
            ("m x", "byte 1: unexpected text after the metric"),
            ("{a=\"b\"}", "byte 0: no metric name"),
        ] {
            assert_eq!(parse_metric(text).unwrap_err(), why, "{text}");
        }
    }
}
