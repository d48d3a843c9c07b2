//! What is said of viewers across the boundary, and how it maps to the core.

use sg_core::audience::{AudienceConfig, ConcurrencyStats, ViewerInfo, ViewerStats};

use crate::buf::text;
use crate::guard::Fault;
use crate::series::sketch_config;
use crate::sg_str;
use crate::sized::{Plain, fitted};

/// Joined: a view began.
pub const SG_JOINED_NEW: i32 = 1;
/// Joined: a viewer who was there, or had left a moment ago, goes on with its view.
pub const SG_JOINED_RECONNECTED: i32 = 2;

/// Limits of an audience. All zero is the defaults.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_audience_config {
    /// A viewer not heard of for so long has left, at the time of its last event; microseconds, 0 for an hour.
    pub idle_timeout_us: i64,
    /// A viewer who comes back within this time goes on with the view it had; after it, or once the viewer is
    /// forgotten, the view has ended. Microseconds; with `has_reconnect_us` only, else 30 seconds.
    pub reconnect_us: i64,
    /// How long a viewer who left is remembered, microseconds; with `has_keep_us` only, else an hour. Its figures
    /// stay in the sums.
    pub keep_us: i64,
    /// How many viewers are remembered; 0 for 2^20. For a new one the longest gone are forgotten; where all are
    /// watching it is refused and counted.
    pub max_viewers: u64,
    /// How many changes of concurrency are kept for intervals and charts; 0 for 1,000.
    pub max_changes: u64,
    /// The largest relative error of quantiles of startup times, 0.0001 to 0.5; with `has_relative_error` only,
    /// else 0.01.
    pub relative_error: f64,
    /// Not 0 when `reconnect_us` is given.
    pub has_reconnect_us: u8,
    /// Not 0 when `keep_us` is given.
    pub has_keep_us: u8,
    /// Not 0 when `relative_error` is given.
    pub has_relative_error: u8,
}

// SAFETY: numbers.
unsafe impl Plain for sg_audience_config {}

impl sg_audience_config {
    pub(super) fn to_core(self) -> Result<AudienceConfig, Fault> {
        let defaults = AudienceConfig::default();
        let time =
            |is_given: bool, time_us: i64, default_us: i64| if is_given { time_us } else { default_us };
        Ok(AudienceConfig {
            idle_timeout_us: time(self.idle_timeout_us != 0, self.idle_timeout_us, defaults.idle_timeout_us),
            reconnect_us: time(self.has_reconnect_us != 0, self.reconnect_us, defaults.reconnect_us),
            keep_us: time(self.has_keep_us != 0, self.keep_us, defaults.keep_us),
            max_viewers: fitted(self.max_viewers, defaults.max_viewers, "max_viewers")?,
            max_changes: fitted(self.max_changes, defaults.max_changes, "max_changes")?,
            sketch: sketch_config(self.relative_error, self.has_relative_error),
        })
    }
}

/// What is known of a viewer besides its id. Never part of a metric. Texts are UTF-8; NULL where nothing is known.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_viewer_info {
    /// Where it is, in the caller's words.
    pub location: sg_str,
    /// What it watches with.
    pub user_agent: sg_str,
}

// SAFETY: numbers and pointers.
unsafe impl Plain for sg_viewer_info {}

impl sg_viewer_info {
    /// # Safety
    /// Each text is NULL or points to as many bytes as it says.
    pub(super) unsafe fn to_core(self) -> Result<ViewerInfo, Fault> {
        let told = |given: sg_str, name| {
            // SAFETY: the caller's promise.
            let text = unsafe { text(given.data, given.len, name) }?;
            Ok::<_, Fault>((!given.data.is_null()).then(|| text.to_owned()))
        };
        Ok(ViewerInfo {
            location: told(self.location, "location")?,
            user_agent: told(self.user_agent, "user_agent")?,
        })
    }
}

/// One viewer up to a moment. What is absent is 0, and its `has_` is false.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_viewer_stats {
    /// When it came first, microseconds.
    pub first_us: i64,
    /// Its last event, microseconds.
    pub last_us: i64,
    /// Views, the current one included.
    pub views: u64,
    /// Time watched, the current span included, microseconds.
    pub watched_us: u64,
    /// From the join of the latest view to its first picture, microseconds.
    pub startup_us: u64,
    /// Times that playing stalled.
    pub rebuffers: u64,
    /// How long, a stall that goes on included, microseconds.
    pub rebuffer_us: u64,
    /// Switches to another bitrate.
    pub switches: u64,
    /// The mean bitrate weighted by time, in bits per second.
    pub mean_bitrate_bps: f64,
    /// Whether it is watching.
    pub watching: bool,
    /// Whether the latest view showed its first picture.
    pub has_startup_us: bool,
    /// Whether a bitrate was told.
    pub has_mean_bitrate: bool,
    /// Whether its location was told.
    pub has_location: bool,
    /// Whether it was told what it watches with.
    pub has_user_agent: bool,
}

impl sg_viewer_stats {
    pub(super) fn of(stats: &ViewerStats) -> sg_viewer_stats {
        sg_viewer_stats {
            first_us: stats.first_us,
            last_us: stats.last_us,
            views: stats.views,
            watched_us: stats.watched_us,
            startup_us: stats.startup_us.unwrap_or(0),
            rebuffers: stats.rebuffers,
            rebuffer_us: stats.rebuffer_us,
            switches: stats.switches,
            mean_bitrate_bps: stats.mean_bitrate_bps.unwrap_or(0.0),
            watching: stats.watching,
            has_startup_us: stats.startup_us.is_some(),
            has_mean_bitrate: stats.mean_bitrate_bps.is_some(),
            has_location: stats.info.location.is_some(),
            has_user_agent: stats.info.user_agent.is_some(),
        }
    }
}

/// How many watched in an interval.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_concurrency {
    /// Where the interval begins: as asked, or from where on changes are kept. In microseconds.
    pub start_us: i64,
    /// Where it ends, microseconds.
    pub end_us: i64,
    /// The highest level.
    pub peak: u64,
    /// When it was reached first, microseconds.
    pub peak_us: i64,
    /// The sum of time over all viewers, microseconds: its lower 64 bits.
    pub area_us_low: u64,
    /// Its upper 64 bits.
    pub area_us_high: u64,
    /// The mean weighted by time.
    pub mean: f64,
}

impl sg_concurrency {
    pub(super) fn of(stats: &ConcurrencyStats) -> sg_concurrency {
        sg_concurrency {
            start_us: stats.interval.start_us,
            end_us: stats.interval.end_us,
            peak: stats.peak,
            peak_us: stats.peak_us,
            area_us_low: stats.area_us as u64,
            area_us_high: (stats.area_us >> 64) as u64,
            // An interval of no time is not found.
            mean: stats.mean().unwrap_or(0.0),
        }
    }
}

/// A change of concurrency: so many watch from a time on.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_concurrency_step {
    /// From when on, microseconds.
    pub at_us: i64,
    /// How many watch.
    pub viewers: u64,
}

/// What an audience keeps.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_audience_state {
    /// Viewers remembered, watching or not.
    pub viewers: u64,
}
