//! Time series: a window over the latest samples, rollups at several resolutions, mergeable
//! quantile sketches, and downsampling for charts.
//!
//! Samples are a time and a finite value; anything else is rejected and counted. All of it is
//! bounded, and what merges gives the same result in any order.

mod downsample;
mod rollup;
mod sketch;
mod window;

pub use downsample::{DownsampleConfig, downsample};
pub use rollup::{
    Bucket, BucketParts, Level, Rollup, RollupColumns, RollupConfig, RollupCounts, RollupParts,
};
pub use sketch::{Bin, Sketch, SketchConfig, SketchParts};
pub use window::{Pushed, SameTime, Window, WindowConfig, WindowCounts};
