//! Who watches, what they get, and what it costs: viewers, concurrency, streams, CDN edges.
//!
//! Viewers are keyed and events idempotent: a second join of one viewer is a reconnect, an unknown
//! leave is counted and subtracts nothing, and time is weighed by time. Summaries of several nodes
//! merge.

mod cdn;
mod concurrency;
mod streams;
mod summary;
mod viewer;
mod viewers;

pub use cdn::{Cdn, EdgeTotals};
pub use concurrency::{Concurrency, ConcurrencyStats};
pub use streams::{ClassTotals, MediaClass, MediaPacket, StreamMetrics, StreamTotals, Streams};
pub use summary::Summary;
pub use viewer::{ViewerInfo, ViewerStats, ViewerTotals};
pub use viewers::{Audience, AudienceConfig, Joined};
