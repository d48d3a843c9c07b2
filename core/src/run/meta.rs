//! `meta.env`: `KEY=value` lines.

use super::input::BYTE_ORDER_MARK;
use super::problems::{FileProblems, Reason};

/// Run parameters in file order; of a repeated key the last counts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Meta {
    pub(super) entries: Vec<(String, String)>,
    /// The key that a byte order mark hides from the script.
    pub(super) hidden: Option<String>,
}

impl Meta {
    /// Reads the lines. A line without `=` is counted, a blank one is not.
    pub(super) fn parse(bytes: &[u8], problems: &mut FileProblems) -> Meta {
        let unmarked = bytes.strip_prefix(BYTE_ORDER_MARK);
        let text = String::from_utf8_lossy(unmarked.unwrap_or(bytes));
        let mut meta = Meta::default();
        for (index, line) in text.split('\n').enumerate() {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            problems.rows += 1;
            match line.split_once('=') {
                Some((key, value)) => {
                    let hidden = index == 0 && unmarked.is_some();
                    meta.hidden =
                        meta.hidden.filter(|hidden| hidden != key).or(hidden.then(|| key.to_owned()));
                    meta.set(key, value);
                }
                None => problems.add(index as u64 + 1, Reason::MetaWithoutEquals),
            }
        }
        meta
    }

    fn set(&mut self, key: &str, value: &str) {
        match self.entries.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value.to_owned(),
            None => self.entries.push((key.to_owned(), value.to_owned())),
        }
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// The value of `key` as the script finds it.
    pub(super) fn script_get(&self, key: &str) -> Option<&str> {
        self.get(key).filter(|_| self.hidden.as_deref() != Some(key))
    }

    /// Every key and value in file order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_values_with_equals_signs_and_counts_the_rest() {
        let mut problems = FileProblems::default();
        let meta = Meta::parse(b"\xef\xbb\xbfA=1\r\nB=x=y\n\nnothing\nA=2", &mut problems);
        assert_eq!(meta.get("A"), Some("2"));
        assert_eq!(meta.script_get("A"), Some("2"), "set again without the mark");
        let hidden = Meta::parse(b"\xef\xbb\xbfA=1\nB=2\n", &mut FileProblems::default());
        assert_eq!((hidden.get("A"), hidden.script_get("A")), (Some("1"), None));
        assert_eq!(meta.get("B"), Some("x=y"));
        assert_eq!(problems.first[0].line, 4);
        assert_eq!(problems.rows, 4);
    }
}
