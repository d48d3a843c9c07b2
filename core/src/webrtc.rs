//! Peer connections through their getStats reports: per track and per connection, in one shape
//! whatever the browser.
//!
//! A [`Monitor`] takes reports ([`Report`]) of Chromium, Firefox and Safari and gives rows of rates
//! ([`TrackColumn`], [`ConnectionColumn`]), totals that never fall ([`Metric`]), and deltas for
//! telemetry. Names and units follow W3C webrtc-stats, times are microseconds. The round-trip times of
//! STUN and of RTCP are never mixed. No address is kept.
//!
//! With feature `dumps`, reports are read from JSON, and whole calls from dumps of rtcstats and of
//! `chrome://webrtc-internals`.

mod counts;
#[cfg(feature = "dumps")]
mod dump;
mod fields;
mod history;
#[cfg(feature = "dumps")]
mod internals;
#[cfg(feature = "dumps")]
mod json;
mod monitor;
mod report;
#[cfg(feature = "dumps")]
mod rtcstats;
mod stream;
mod track;
mod transport;

pub use counts::{Counts, Metric};
#[cfg(all(feature = "dumps", feature = "fs"))]
pub use dump::read_dump_file;
#[cfg(feature = "dumps")]
pub use dump::{
    Dump, DumpConnection, DumpEvent, DumpFormat, DumpProblem, MAX_CONNECTIONS, MAX_DUMP_BYTES, MAX_EVENTS,
    read_dump,
};
pub use fields::StatType;
pub use history::{ConnectionColumn, ConnectionRow, Flags, History, Row, TrackColumn, TrackRow};
pub use monitor::{Monitor, MonitorConfig, MonitorCounts};
pub use report::{MAX_OBJECTS, Member, MemberProblem, ObjectMut, Report, ReportCounts};
pub use track::{Flow, Track, TrackDelta, TrackKey};
pub use transport::{ConnectionTotals, SelectedPair};
