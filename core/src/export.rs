//! For other systems: Prometheus exposition and OTLP metrics with bounded cardinality, JSON.

mod audience;
mod counters;
#[cfg(feature = "serde")]
mod json;
#[cfg(feature = "proto")]
mod otlp;
mod prometheus;

pub use audience::summaries_text;
#[cfg(feature = "serde")]
pub use audience::summary_json;
#[cfg(feature = "serde")]
pub use json::stats_json;
#[cfg(feature = "proto")]
pub use otlp::{OtlpConfig, OtlpMetrics, otlp_cumulative, otlp_delta, otlp_summaries};
pub use prometheus::{Exposition, account_text, escape_label, tracks_text};

use crate::telemetry::{Direction, Role};

const fn direction_code(direction: Direction) -> &'static str {
    match direction {
        Direction::Upstream => "upstream",
        Direction::Downstream => "downstream",
    }
}

const fn role_code(role: Role) -> &'static str {
    match role {
        Role::Edge => "edge",
        Role::Relay => "relay",
    }
}
