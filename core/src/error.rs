//! One error type: a numbered [`ErrorKind`] for programs and a sentence for people.

use std::fmt::{self, Write};

/// Result of a fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, in the numbers that every language binding uses. A number is never reused.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
#[repr(i32)]
pub enum ErrorKind {
    /// An argument has a value or a combination that makes no sense.
    InvalidArgument = 1,
    /// A number does not fit the range of its destination.
    OutOfRange = 2,
    /// A timestamp lies before one that was already taken into account.
    TimeWentBack = 3,
    /// A stated limit was reached.
    CapacityExceeded = 4,
    /// Input bytes do not follow their format.
    Malformed = 5,
    /// A lease is held by somebody else, or ran out.
    LeaseLost = 6,
    /// The operation does not exist for this input or build.
    Unsupported = 7,
    /// The operating system refused (feature `fs`).
    Io = 8,
    /// The object was closed.
    Closed = 9,
    /// A cursor comes from an earlier epoch.
    StaleCursor = 10,
    /// A reader fell behind its limit and its policy is to disconnect.
    Lagged = 11,
    /// No such item.
    NotFound = 12,
    /// The same operation is already under way.
    AlreadyPending = 13,
    /// There is no source left to serve from.
    NoSources = 14,
    /// Somebody with a higher priority took over.
    Preempted = 15,
    /// The caller cancelled.
    Cancelled = 16,
    /// The time limit ran out.
    TimedOut = 17,
    /// The handle is in use on another thread.
    Busy = 18,
}

impl ErrorKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [ErrorKind; 18] = [
        ErrorKind::InvalidArgument,
        ErrorKind::OutOfRange,
        ErrorKind::TimeWentBack,
        ErrorKind::CapacityExceeded,
        ErrorKind::Malformed,
        ErrorKind::LeaseLost,
        ErrorKind::Unsupported,
        ErrorKind::Io,
        ErrorKind::Closed,
        ErrorKind::StaleCursor,
        ErrorKind::Lagged,
        ErrorKind::NotFound,
        ErrorKind::AlreadyPending,
        ErrorKind::NoSources,
        ErrorKind::Preempted,
        ErrorKind::Cancelled,
        ErrorKind::TimedOut,
        ErrorKind::Busy,
    ];

    /// The number that crosses every language boundary.
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The stable name, as JavaScript's and Python's `code` show it.
    pub const fn code(self) -> &'static str {
        match self {
            ErrorKind::InvalidArgument => "invalid_argument",
            ErrorKind::OutOfRange => "out_of_range",
            ErrorKind::TimeWentBack => "time_went_back",
            ErrorKind::CapacityExceeded => "capacity_exceeded",
            ErrorKind::Malformed => "malformed",
            ErrorKind::LeaseLost => "lease_lost",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Io => "io",
            ErrorKind::Closed => "closed",
            ErrorKind::StaleCursor => "stale_cursor",
            ErrorKind::Lagged => "lagged",
            ErrorKind::NotFound => "not_found",
            ErrorKind::AlreadyPending => "already_pending",
            ErrorKind::NoSources => "no_sources",
            ErrorKind::Preempted => "preempted",
            ErrorKind::Cancelled => "cancelled",
            ErrorKind::TimedOut => "timed_out",
            ErrorKind::Busy => "busy",
        }
    }
}

/// An [`ErrorKind`] and a sentence: lower case, naming the argument, the value and the limit.
///
/// Errors about input also carry the file and the line (counted from 1) where they are known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    file: Option<String>,
    line: Option<u64>,
}

impl Error {
    /// An error without a place.
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), file: None, line: None }
    }

    /// The same error with the file it speaks of.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Error {
        self.file = Some(file.into());
        self
    }

    /// The same error with the line it speaks of, counted from 1.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Error {
        self.line = Some(line);
        self
    }

    /// The kind, for programs.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The sentence, without file and line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The input file the error speaks of.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The line of that file, counted from 1.
    pub fn line(&self) -> Option<u64> {
        self.line
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{file}:{line}: {}", self.message),
            (Some(file), None) => write!(f, "{file}: {}", self.message),
            (None, Some(line)) => write!(f, "line {line}: {}", self.message),
            (None, None) => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}

/// A text between quotes for a message. `{:?}` needs tables of Unicode, a twentieth of a WebAssembly module.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\0' => f.write_str("\\0")?,
                '\t' => f.write_str("\\t")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_consecutive_and_codes_distinct() {
        let codes: std::collections::BTreeSet<_> = ErrorKind::ALL.iter().map(|k| k.code()).collect();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
        for (i, kind) in ErrorKind::ALL.iter().enumerate() {
            assert_eq!(kind.number(), i as i32 + 1);
        }
    }

    #[test]
    fn quoted_texts_are_escaped_as_in_rust() {
        for text in ["", "a b", "\"", "\\", "a\0\t\r\n\u{1b}\u{7f}\u{85}z", "gr\u{fc}n \u{65e5}"] {
            assert_eq!(Quoted(text).to_string(), format!("{text:?}"));
        }
    }

    #[test]
    fn display_names_the_place() {
        let error = Error::new(ErrorKind::Malformed, "not a number").in_file("frames.csv").at_line(7);
        assert_eq!(error.to_string(), "frames.csv:7: not a number");
    }
}
