//! The wasm module behind the npm package: conversions only, the TypeScript facade is the API.
//!
//! Errors are thrown as an array `[code, message, file, line]`, which the facade turns into a
//! `StreamgaugeError`. Columns are `Float64Array`s; an integer that a number cannot hold is an error.

mod convert;
#[cfg(feature = "full")]
mod quantile;
#[cfg(feature = "full")]
mod ring;
mod run;

#[cfg(feature = "full")]
pub use quantile::quantile;
#[cfg(feature = "full")]
pub use ring::{RawCursor, RawRing};
