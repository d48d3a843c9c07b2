//! Which series of a family: label matchers as in Prometheus, and the script's substring filter.

use super::labels;
use crate::error::{Error, ErrorKind, Quoted, Result};
use regex_lite::Regex;
use std::fmt;

/// How a label is compared. An absent label is the empty string, as in Prometheus.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, anchored at both ends
    Regex,
    /// `!~`, anchored at both ends
    NotRegex,
}

/// One comparison of a label.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// The label's name.
    pub label: String,
    /// The comparison.
    pub op: MatchOp,
    /// The value or the regular expression.
    pub value: String,
    regex: Option<Regex>,
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Matcher) -> bool {
        (&self.label, self.op, &self.value) == (&other.label, other.op, &other.value)
    }
}

impl Eq for Matcher {}

impl Matcher {
    /// A matcher; an `InvalidArgument` error where the regular expression cannot be read.
    pub fn new(label: impl Into<String>, op: MatchOp, value: impl Into<String>) -> Result<Matcher> {
        let (label, value) = (label.into(), value.into());
        let regex = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => {
                let anchored = format!("^(?s:{value})$");
                let read = Regex::new(&anchored).map_err(|why| {
                    let (label, value) = (Quoted(&label), Quoted(&value));
                    let text = format!("matcher of label {label}: {value} is no regular expression: {why}");
                    Error::new(ErrorKind::InvalidArgument, text)
                })?;
                Some(read)
            }
        };
        Ok(Matcher { label, op, value, regex })
    }

    fn matches(&self, value: &str) -> bool {
        let found = match &self.regex {
            Some(regex) => regex.is_match(value),
            None => self.value == value,
        };
        found == matches!(self.op, MatchOp::Equal | MatchOp::Regex)
    }
}

/// A family and what its labels must satisfy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Selector {
    /// The metric's name.
    pub family: String,
    /// All of them must match.
    pub matchers: Vec<Matcher>,
    /// The text between the braces, as it stands in the file, must contain this.
    pub contains: Option<String>,
}

impl Selector {
    /// Every series of `family`.
    pub fn new(family: impl Into<String>) -> Selector {
        Selector { family: family.into(), matchers: Vec::new(), contains: None }
    }

    /// Only series whose `label` is `value`.
    #[must_use]
    pub fn equal(mut self, label: impl Into<String>, value: impl Into<String>) -> Selector {
        let (label, value) = (label.into(), value.into());
        self.matchers.push(Matcher { label, op: MatchOp::Equal, value, regex: None });
        self
    }

    /// Only series that `matcher` accepts.
    #[must_use]
    pub fn matching(mut self, matcher: Matcher) -> Selector {
        self.matchers.push(matcher);
        self
    }

    /// Only series whose label text contains `text`: the script's filter.
    #[must_use]
    pub fn containing(mut self, text: impl Into<String>) -> Selector {
        self.contains = Some(text.into());
        self
    }

    /// Reads `family`, `family{a="b",c=~"x.*"}` or `{__name__="family"}`; an `InvalidArgument`
    /// error says at which byte the text went wrong.
    pub fn parse(text: &str) -> Result<Selector> {
        let wrong =
            |why: String| Error::new(ErrorKind::InvalidArgument, format!("selector {}: {why}", Quoted(text)));
        let (mut name, found) = labels::parse_selector(text.trim()).map_err(wrong)?;
        let mut matchers = Vec::new();
        for (label, op, value) in found {
            if label == "__name__" && op == MatchOp::Equal && name.is_empty() {
                name = value;
            } else {
                matchers.push(Matcher::new(label, op, value)?);
            }
        }
        if name.is_empty() {
            return Err(wrong("no metric name".into()));
        }
        Ok(Selector { family: name, matchers, contains: None })
    }

    /// Whether a series of the family with these labels is selected.
    pub fn matches(&self, labels: &[(String, String)], raw_labels: &str) -> bool {
        let value =
            |name: &str| labels.iter().find(|(label, _)| label == name).map_or("", |(_, v)| v.as_str());
        self.matchers.iter().all(|matcher| matcher.matches(value(&matcher.label)))
            && self.contains.as_deref().is_none_or(|text| raw_labels.contains(text))
    }
}

impl fmt::Display for Selector {
    /// As in PromQL; a substring filter stands behind it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.family)?;
        for (index, matcher) in self.matchers.iter().enumerate() {
            let op = match matcher.op {
                MatchOp::Equal => "=",
                MatchOp::NotEqual => "!=",
                MatchOp::Regex => "=~",
                MatchOp::NotRegex => "!~",
            };
            let value = matcher.value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            write!(f, "{}{}{op}\"{value}\"", if index == 0 { '{' } else { ',' }, matcher.label)?;
        }
        f.write_str(if self.matchers.is_empty() { "" } else { "}" })?;
        self.contains.iter().try_for_each(|text| write!(f, " containing {}", Quoted(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
    }

    #[test]
    fn matchers_follow_prometheus() {
        let set = labels(&[("direction", "incoming"), ("state", "recovered")]);
        let hit = |text: &str| Selector::parse(text).unwrap().matches(&set, "");
        assert!(hit(r#"m{direction="incoming"}"#));
        assert!(hit(r#"m{state=~"recover.*|x"}"#));
        assert!(!hit(r#"m{state=~"recover"}"#), "anchored at both ends");
        assert!(hit(r#"m{state!~"recover"}"#));
        assert!(hit(r#"m{absent="",state!="x",}"#), "an absent label is empty");
        assert!(!hit(r#"m{direction="incoming",state="x"}"#));
        let text = r#"m{a="x\\\"y",b!~"z"}"#;
        assert_eq!(Selector::parse(text).unwrap().to_string(), text);
        assert!(hit("m") && hit("m{}") && hit(r#"{__name__="m"}"#));
        assert!(Selector::new("m").containing("=\"b").matches(&[], "a=\"b\""));
        assert!(!Selector::new("m").containing("=\"c").matches(&[], "a=\"b\""));
    }

    #[test]
    fn bad_selectors_say_where() {
        for (text, part) in [
            ("m{a=~\"(\"}", "no regular expression"),
            ("m{a=b}", "byte 4"),
            ("{a=\"b\"}", "no metric name"),
            ("m{a=\"b\"} x", "byte 8"),
        ] {
            let message = Selector::parse(text).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
