//! Text for other systems: Prometheus exposition with bounded cardinality, and JSON.

#[cfg(feature = "serde")]
mod json;
mod prometheus;

#[cfg(feature = "serde")]
pub use json::stats_json;
pub use prometheus::{Exposition, escape_label, tracks_text};
