//! Everything counted since the start: by group, where nothing is ever missing, and by track.

use super::{Direction, Role, TrackKey, TrackKind, TrackTotals};
use crate::time::Micros;

/// What tracks are added up by.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Group {
    /// Which way they go.
    pub direction: Direction,
    /// Who is at the other end.
    pub role: Role,
    /// What they carry.
    pub kind: TrackKind,
}

impl Group {
    /// That of a track.
    pub const fn of(key: &TrackKey) -> Group {
        Group { direction: key.direction, role: key.role, kind: key.kind }
    }
}

/// Cumulative counts of one node, less what its tracks brought from other nodes, where that is
/// counted.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Every group there ever was, tracks that are gone included.
    pub groups: Vec<GroupAccount>,
    /// The tracks that are kept.
    pub tracks: Vec<TrackAccount>,
}

/// Counts of all tracks of a group that are or were there.
#[derive(Clone, Copy, Debug)]
pub struct GroupAccount {
    /// Which.
    pub group: Group,
    /// When its first track was opened.
    pub start_us: Micros,
    /// What was counted since.
    pub totals: TrackTotals,
}

/// Counts of one track.
#[derive(Clone, Debug)]
pub struct TrackAccount {
    /// Which.
    pub key: TrackKey,
    /// When it was opened.
    pub start_us: Micros,
    /// What was counted since.
    pub totals: TrackTotals,
}
