//! What could not be used of a run's files: counted by reason, the first ones listed.

use std::collections::BTreeMap;

/// How many problems of a file are listed one by one; all of them are counted.
pub const LISTED_MAX: usize = 100;

/// Why a row, a field or a file could not be used in full.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Reason {
    /// The line is empty.
    Blank,
    /// The row ends before its receive time.
    ShortRow,
    /// The receive, poll or event time is empty.
    TimeMissing,
    /// The time is not an integer.
    TimeNotInteger,
    /// The time does not fit 64 bits.
    TimeOutOfRange,
    /// Kept without its frame id: it is not an integer.
    FrameIdNotInteger,
    /// Kept without its frame id: it does not fit 64 bits.
    FrameIdOutOfRange,
    /// Kept without its user timestamp: it is not an integer.
    UserTimestampNotInteger,
    /// Kept without its user timestamp: it does not fit 64 bits.
    UserTimestampOutOfRange,
    /// Kept without its width or height: not an integer of 0 to 2^31 - 1.
    SizeNotInteger,
    /// The line of `prom.tsv` does not have three fields.
    FieldCount,
    /// The metric name or its labels do not follow the grammar.
    MetricMalformed,
    /// The sample's value is not a number.
    ValueNotNumber,
    /// The event line has no comma.
    EventWithoutName,
    /// The line of `meta.env` has no `=`.
    MetaWithoutEquals,
    /// A quoted CSV field is never closed; the rest of the file belongs to it.
    QuoteUnclosed,
    /// The header has no `recv_wall_us`.
    HeaderUnusable,
    /// `T0_US` or `T1_US` is not an integer, or `T1_US` is before `T0_US`.
    WindowUnusable,
    /// The gzip stream is damaged; what came before the damage is used.
    GzipDamaged,
    /// The metric's label sets reach the limit of the number of series; the sample is not used.
    TooManySeries,
    /// The row of `manifest.tsv` has no leaf.
    LeafMissing,
    /// The leaf stands in an earlier row of `manifest.tsv`.
    LeafRepeated,
    /// The row of `manifest.tsv` is shown but in no cell: its mode is neither `baseline` nor `fec`.
    ModeUnknown,
    /// Kept: the loss of a row of `manifest.tsv` is no number, so that it is a level of its own.
    LossNotNumber,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 24] = [
        Reason::Blank,
        Reason::ShortRow,
        Reason::TimeMissing,
        Reason::TimeNotInteger,
        Reason::TimeOutOfRange,
        Reason::FrameIdNotInteger,
        Reason::FrameIdOutOfRange,
        Reason::UserTimestampNotInteger,
        Reason::UserTimestampOutOfRange,
        Reason::SizeNotInteger,
        Reason::FieldCount,
        Reason::MetricMalformed,
        Reason::ValueNotNumber,
        Reason::EventWithoutName,
        Reason::MetaWithoutEquals,
        Reason::QuoteUnclosed,
        Reason::HeaderUnusable,
        Reason::WindowUnusable,
        Reason::GzipDamaged,
        Reason::TooManySeries,
        Reason::LeafMissing,
        Reason::LeafRepeated,
        Reason::ModeUnknown,
        Reason::LossNotNumber,
    ];

    /// The reason of a [`Reason::name`].
    pub(super) fn from_name(name: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.name() == name)
    }

    /// The stable name, as results and JSON show it.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Blank => "blank",
            Reason::ShortRow => "short_row",
            Reason::TimeMissing => "time_missing",
            Reason::TimeNotInteger => "time_not_integer",
            Reason::TimeOutOfRange => "time_out_of_range",
            Reason::FrameIdNotInteger => "frame_id_not_integer",
            Reason::FrameIdOutOfRange => "frame_id_out_of_range",
            Reason::UserTimestampNotInteger => "user_timestamp_not_integer",
            Reason::UserTimestampOutOfRange => "user_timestamp_out_of_range",
            Reason::SizeNotInteger => "size_not_integer",
            Reason::FieldCount => "field_count",
            Reason::MetricMalformed => "metric_malformed",
            Reason::ValueNotNumber => "value_not_number",
            Reason::EventWithoutName => "event_without_name",
            Reason::MetaWithoutEquals => "meta_without_equals",
            Reason::QuoteUnclosed => "quote_unclosed",
            Reason::HeaderUnusable => "header_unusable",
            Reason::WindowUnusable => "window_unusable",
            Reason::GzipDamaged => "gzip_damaged",
            Reason::TooManySeries => "too_many_series",
            Reason::LeafMissing => "leaf_missing",
            Reason::LeafRepeated => "leaf_repeated",
            Reason::ModeUnknown => "mode_unknown",
            Reason::LossNotNumber => "loss_not_number",
        }
    }

    /// Whether the row is used in part all the same.
    pub const fn keeps_row(self) -> bool {
        matches!(
            self,
            Reason::FrameIdNotInteger
                | Reason::FrameIdOutOfRange
                | Reason::UserTimestampNotInteger
                | Reason::UserTimestampOutOfRange
                | Reason::SizeNotInteger
                | Reason::WindowUnusable
                | Reason::GzipDamaged
                | Reason::ModeUnknown
                | Reason::LossNotNumber
        )
    }
}

/// One problem with its place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Line of the file, counted from 1.
    pub line: u64,
    /// Why.
    pub reason: Reason,
}

/// The problems of one file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FileProblems {
    /// The file does not exist.
    pub missing: bool,
    /// Rows seen, the header not counted.
    pub rows: u64,
    /// How often, by reason.
    pub counts: BTreeMap<Reason, u64>,
    /// The first [`LISTED_MAX`], by line.
    pub first: Vec<Problem>,
}

impl FileProblems {
    /// Counts a problem, and lists it while there is room.
    #[cold]
    pub(super) fn add(&mut self, line: u64, reason: Reason) {
        *self.counts.entry(reason).or_default() += 1;
        if self.first.len() < LISTED_MAX {
            self.first.push(Problem { line, reason });
        }
    }

    /// Adds what was found in the part of the same file that follows, whose lines were counted
    /// from 0 at `line_offset`.
    pub(super) fn append(&mut self, later: &FileProblems, line_offset: u64) {
        self.rows += later.rows;
        for (reason, count) in &later.counts {
            *self.counts.entry(*reason).or_default() += count;
        }
        let room = LISTED_MAX - self.first.len();
        let moved = |p: &Problem| Problem { line: p.line + line_offset, ..*p };
        self.first.extend(later.first.iter().take(room).map(moved));
    }

    /// Rows that are not used at all.
    pub fn dropped(&self) -> u64 {
        self.counts.iter().filter(|(reason, _)| !reason.keeps_row()).map(|(_, count)| count).sum()
    }
}

/// The problems of a run, by file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Problems {
    /// `frames.csv`
    pub frames: FileProblems,
    /// `prom.tsv`
    pub prom: FileProblems,
    /// `events.csv`
    pub events: FileProblems,
    /// `meta.env`
    pub meta: FileProblems,
}

impl Problems {
    /// Each file's name and problems.
    pub fn files(&self) -> [(&'static str, &FileProblems); 4] {
        [
            ("frames.csv", &self.frames),
            ("prom.tsv", &self.prom),
            ("events.csv", &self.events),
            ("meta.env", &self.meta),
        ]
    }

    /// Whether everything was there and used.
    pub fn is_empty(&self) -> bool {
        self.files().iter().all(|(_, file)| !file.missing && file.counts.is_empty())
    }
}

#[cfg(feature = "serde")]
mod json {
    use super::*;
    use serde::ser::{Serialize, SerializeMap, Serializer};

    impl Serialize for Problems {
        /// An object: each file's name, what was found in it.
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.files())
        }
    }

    impl Serialize for FileProblems {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let by = |kept: bool| -> BTreeMap<&str, u64> {
                let of_kind = self.counts.iter().filter(|(reason, _)| reason.keeps_row() == kept);
                of_kind.map(|(reason, count)| (reason.name(), *count)).collect()
            };
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("missing", &self.missing)?;
            map.serialize_entry("rows", &self.rows)?;
            map.serialize_entry("dropped", &by(false))?;
            map.serialize_entry("kept", &by(true))?;
            map.serialize_entry("first", &self.first)?;
            map.end()
        }
    }

    impl Serialize for Problem {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(2))?;
            map.serialize_entry("line", &self.line)?;
            map.serialize_entry("reason", self.reason.name())?;
            map.end()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_the_first_and_counts_all() {
        let mut file = FileProblems::default();
        (1..=250).for_each(|line| file.add(line, Reason::Blank));
        file.add(251, Reason::SizeNotInteger);
        assert_eq!(file.first.len(), LISTED_MAX);
        assert_eq!(file.counts[&Reason::Blank], 250);
        assert_eq!(file.dropped(), 250);
    }

    #[test]
    fn appending_shifts_lines() {
        let mut file = FileProblems::default();
        file.add(3, Reason::Blank);
        let mut later = FileProblems::default();
        later.add(2, Reason::ShortRow);
        file.append(&later, 10);
        assert_eq!(file.first[1], Problem { line: 12, reason: Reason::ShortRow });
    }
}
