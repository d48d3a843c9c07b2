//! Where a reader stands, how far behind that is, and where a new reader starts.

use crate::time::Micros;

/// A place in a ring's stream: what has gone by before it.
///
/// All three measures count from the start of the ring, so the difference of two positions is exact
/// in chunks, bytes and time, also when what lies between them is no longer buffered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Position {
    /// The epoch of the ring this position belongs to.
    pub epoch: u64,
    /// Sequence number of the next chunk, counted from 0.
    pub sequence: u64,
    /// Bytes published before that chunk.
    pub offset_bytes: u64,
    /// Publish time of the chunk before it; absent at the start of the ring.
    pub time_us: Option<Micros>,
}

/// A distance between two positions, exact in each measure.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Lag {
    /// Chunks in between.
    pub chunks: u64,
    /// Bytes in between.
    pub bytes: u64,
    /// Publish time of the last chunk before the later position, less that of the last chunk before
    /// the earlier one (at the start of the ring: less that of the first chunk).
    pub time_us: Micros,
}

impl Lag {
    /// The larger of each measure.
    #[must_use]
    pub fn max(self, other: Lag) -> Lag {
        Lag {
            chunks: self.chunks.max(other.chunks),
            bytes: self.bytes.max(other.bytes),
            time_us: self.time_us.max(other.time_us),
        }
    }
}

impl std::ops::AddAssign for Lag {
    fn add_assign(&mut self, other: Lag) {
        self.chunks = self.chunks.saturating_add(other.chunks);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.time_us = self.time_us.saturating_add(other.time_us);
    }
}

/// A bound on [`Lag`]: passed when any measure that is set is exceeded. The default has none set.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LagLimit {
    /// At most this many chunks.
    pub chunks: Option<u64>,
    /// At most this many bytes.
    pub bytes: Option<u64>,
    /// At most this long, microseconds.
    pub time_us: Option<Micros>,
}

impl LagLimit {
    /// Whether `lag` is over the limit in any measure that is set.
    pub fn exceeded_by(&self, lag: &Lag) -> bool {
        self.chunks.is_some_and(|limit| lag.chunks > limit)
            || self.bytes.is_some_and(|limit| lag.bytes > limit)
            || self.time_us.is_some_and(|limit| lag.time_us > limit)
    }

    /// Half of each measure: where a warning that was raised is taken back.
    pub(super) fn half(&self) -> LagLimit {
        LagLimit {
            chunks: self.chunks.map(|limit| limit / 2),
            bytes: self.bytes.map(|limit| limit / 2),
            time_us: self.time_us.map(|limit| limit / 2),
        }
    }
}

/// Where a new reader starts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Join {
    /// With the next chunk that is published.
    #[default]
    Live,
    /// At the oldest chunk in the ring.
    Oldest,
    /// At the newest chunk from which at least this many bytes are buffered, else at the oldest
    /// one. 0 or less is [`Join::Live`].
    LagBytes(i64),
    /// At the newest chunk that is at least this many microseconds older than the newest one in
    /// the ring, else at the oldest one. 0 or less is [`Join::Live`].
    LagTime(Micros),
    /// At the latest random-access point. A cursor waits for the next one when there is none.
    RandomAccess,
}

/// Answer to a [`Join`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Joined {
    /// Where to start.
    pub position: Position,
    /// Whether the ring had what was asked for: enough bytes, enough time, a random-access point.
    pub satisfied: bool,
}

/// Why a ring was closed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CloseReason {
    /// The kind, for programs.
    pub kind: CloseKind,
    /// A sentence for people; may be empty.
    pub message: std::sync::Arc<str>,
}

impl CloseReason {
    /// A reason of `kind`, with a sentence for people.
    pub fn new(kind: CloseKind, message: &str) -> CloseReason {
        CloseReason { kind, message: message.into() }
    }
}

/// The kinds of [`CloseReason`]; the numbers cross language boundaries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[repr(i32)]
pub enum CloseKind {
    /// The source came to its end.
    End = 1,
    /// Somebody stopped it.
    Cancelled = 2,
    /// The source failed; the message says how.
    Failed = 3,
}
