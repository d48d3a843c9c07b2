//! The wasm module behind the npm package: conversions only, the TypeScript facade is the API.
//!
//! Errors are thrown as an array `[code, message, file, line]`, which the facade turns into a
//! `StreamgaugeError`. Columns are `Float64Array`s; an integer that a number cannot hold is an error.

#[cfg(feature = "live")]
mod columns;
#[cfg(feature = "full")]
mod compare;
mod convert;
#[cfg(feature = "live")]
mod counter;
#[cfg(feature = "full")]
mod quantile;
#[cfg(feature = "full")]
mod ring;
#[cfg(feature = "live")]
mod rtp;
#[cfg(feature = "runs")]
mod run;
#[cfg(feature = "live")]
mod telemetry;

#[cfg(feature = "full")]
pub use compare::{RawSides, keys};
#[cfg(feature = "live")]
pub use counter::{RawCounter, rate};
#[cfg(feature = "full")]
pub use quantile::quantile;
#[cfg(feature = "full")]
pub use ring::{RawCursor, RawRing};
#[cfg(feature = "live")]
pub use rtp::{RawRtcp, RawRtp, clamp_lost, fraction_lost, parse_packet};
#[cfg(feature = "live")]
pub use telemetry::{RawReport, RawTelemetry, RawTrack};
