//! The wasm modules behind the npm package: conversions only, the TypeScript facade is the API.
//!
//! Errors are thrown as an array `[code, message, file, line]`, which the facade turns into a
//! `StreamgaugeError`. Columns are `Float64Array`s; an integer that a number cannot hold is an error.

#[cfg(feature = "series")]
mod audience;
#[cfg(feature = "live")]
mod columns;
#[cfg(feature = "full")]
mod compare;
mod convert;
#[cfg(feature = "live")]
mod counter;
#[cfg(any(feature = "full", feature = "series"))]
mod quantile;
#[cfg(any(feature = "live", feature = "series"))]
mod rate;
#[cfg(feature = "full")]
mod ring;
#[cfg(feature = "live")]
mod rtp;
#[cfg(feature = "runs")]
mod run;
#[cfg(feature = "series")]
mod series;
#[cfg(feature = "live")]
mod telemetry;
#[cfg(feature = "webrtc")]
mod webrtc;

#[cfg(feature = "series")]
pub use audience::{RawAudience, RawCdn, RawExposition, RawStreams, RawSummary};
#[cfg(feature = "full")]
pub use compare::{RawSides, keys};
#[cfg(feature = "live")]
pub use counter::RawCounter;
#[cfg(any(feature = "full", feature = "series"))]
pub use quantile::quantile;
#[cfg(any(feature = "live", feature = "series"))]
pub use rate::rate;
#[cfg(feature = "full")]
pub use ring::{RawCursor, RawRing};
#[cfg(feature = "live")]
pub use rtp::{RawRtcp, RawRtp, clamp_lost, fraction_lost, parse_packet};
#[cfg(feature = "runs")]
pub use run::{RawReader, RawRun};
#[cfg(feature = "series")]
pub use series::{RawRollup, RawSketch, RawWindow, downsample};
#[cfg(feature = "live")]
pub use telemetry::{RawReport, RawTelemetry, RawTrack};
#[cfg(feature = "webrtc")]
pub use webrtc::{RawDump, RawMonitor};
