//! `meta.env`: `KEY=value` lines.

use super::problems::{FileProblems, Reason};

/// Run parameters in file order; of a repeated key the last counts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Meta {
    entries: Vec<(String, String)>,
}

impl Meta {
    /// Reads the lines. A line without `=` is counted, a blank one is not.
    pub(super) fn parse(bytes: &[u8], problems: &mut FileProblems) -> Meta {
        let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        let mut meta = Meta::default();
        for (index, line) in text.split('\n').enumerate() {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            problems.rows += 1;
            match line.split_once('=') {
                Some((key, value)) => meta.set(key, value),
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
        assert_eq!(meta.get("B"), Some("x=y"));
        assert_eq!(problems.first[0].line, 4);
        assert_eq!(problems.rows, 4);
    }
}
