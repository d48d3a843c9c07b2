//! Statistics core for media servers, test harnesses and browser tools.
//!
//! Nothing lost, nothing counted twice, the same answer everywhere. The crate reads no clock, no
//! socket and (outside feature `fs`) no file: time is an argument, I/O is the caller's.
//!
//! - [`error`]: one error type, one numbered kind for every language.
//! - [`time`]: microseconds since the Unix epoch, and half-open intervals.
//! - [`math`]: the one door for floating-point functions, sums and quantiles.
//! - [`counter`]: cumulative counters into deltas: wrap, reset, origin, epoch; rates by name.
//! - [`ledger`]: totals with independent readers, and sums over children that come and go.
//! - [`rtp`]: packets, receiver statistics per SSRC, RTCP.
//! - [`ring`]: one live stream to many readers, with exact lag and a policy for slow ones.
//! - [`series`]: windows, rollups, quantile sketches, downsampling.
//! - [`audience`]: viewers and how many at once, streams, CDN edges; summaries that merge.
//! - [`webrtc`]: peer connections through getStats reports and dumps of them.
//! - [`run`]: test-run directories: read, derive, summarise, compare, sweep, simulate.
//! - [`telemetry`]: rooms, participants, tracks: deltas to report, delivered exactly once.
//! - [`wire`] (feature `proto`): protobuf that LiveKit's services take.
//! - [`export`]: Prometheus and OpenMetrics text, JSON, OTLP metrics (feature `proto`).

pub mod audience;
pub mod counter;
pub mod error;
pub mod export;
pub mod ledger;
pub mod math;
pub mod ring;
pub mod rtp;
pub mod run;
pub mod series;
pub mod telemetry;
pub mod time;
pub mod webrtc;
#[cfg(feature = "proto")]
pub mod wire;

pub use error::{Error, ErrorKind, Result};
pub use time::{Interval, Micros};
