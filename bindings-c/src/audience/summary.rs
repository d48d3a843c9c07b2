//! Audiences in a few numbers, which merge.

use std::sync::Mutex;

use sg_core::audience::{Summary, ViewerTotals};
use sg_core::export::{otlp_summaries, summaries_text, summary_json};
use sg_core::wire::{decode_summary, encode_summary};

use crate::buf::{output, slice, text};
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::sized::Output;
use crate::telemetry::otlp;
use crate::{sg_attribute, sg_buf, sg_error, sg_otlp_config, sg_sketch, sg_status};

/// What an audience was, up to a moment. Those of several nodes add up: counts and times exactly, the peak between
/// two bounds, since nodes peak at different times. Any number of threads may use it, in turn.
#[repr(transparent)]
pub struct sg_audience_summary(Handle<Mutex<Summary>>);

/// Counts and times over all viewers that are or were there.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_viewer_totals {
    /// Viewers that were new.
    pub viewers: u64,
    /// Views that began: joins but for reconnects.
    pub views: u64,
    /// Joins of viewers who were there or had left a moment ago.
    pub reconnects: u64,
    /// Leaves, heartbeats and other events of viewers who were not there.
    pub unknown: u64,
    /// Viewers who left because nothing was heard of them.
    pub timed_out: u64,
    /// Joins refused for want of room.
    pub rejected: u64,
    /// Events before the one they follow on; they count as if at its time.
    pub went_back: u64,
    /// Views whose first picture was reported.
    pub started: u64,
    /// Views that are over for good: left, and not come back within the reconnect time.
    pub ended: u64,
    /// Of these, views that never started.
    pub ended_before_start: u64,
    /// Times that playing stalled.
    pub rebuffers: u64,
    /// How long it did, microseconds.
    pub rebuffer_us: u64,
    /// Time watched, stalls included, microseconds.
    pub watched_us: u64,
    /// Switches to a higher bitrate.
    pub switches_up: u64,
    /// Switches to a lower bitrate.
    pub switches_down: u64,
    /// Time of a known bitrate, microseconds.
    pub bitrate_us: u64,
}

impl sg_viewer_totals {
    fn of(totals: &ViewerTotals) -> sg_viewer_totals {
        sg_viewer_totals {
            viewers: totals.viewers,
            views: totals.views,
            reconnects: totals.reconnects,
            unknown: totals.unknown,
            timed_out: totals.timed_out,
            rejected: totals.rejected,
            went_back: totals.went_back,
            started: totals.started,
            ended: totals.ended,
            ended_before_start: totals.ended_before_start,
            rebuffers: totals.rebuffers,
            rebuffer_us: totals.rebuffer_us,
            watched_us: totals.watched_us,
            switches_up: totals.switches_up,
            switches_down: totals.switches_down,
            bitrate_us: totals.bitrate_us,
        }
    }
}

/// The numbers of a summary. What is absent is 0, and its `has_` is false.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_audience_summary_state {
    /// The first event, microseconds.
    pub start_us: i64,
    /// Up to when it is, microseconds.
    pub end_us: i64,
    /// Counts and times, spans that go on included.
    pub totals: sg_viewer_totals,
    /// Viewers watching.
    pub watching: u64,
    /// The highest concurrency was not lower than this; exact for one node.
    pub peak_at_least: u64,
    /// Nor higher than this.
    pub peak_at_most: u64,
    /// When it was, microseconds.
    pub peak_us: i64,
    /// The mean concurrency weighted by time.
    pub mean_concurrency: f64,
    /// Stalled time of the time watched.
    pub rebuffer_ratio: f64,
    /// The mean bitrate weighted by time, in bits per second.
    pub mean_bitrate_bps: f64,
    /// Views that ended before their first picture, of those that ended.
    pub exit_before_start_ratio: f64,
    /// Whether there was an event.
    pub has_interval: bool,
    /// Whether it is known when the peak was: not without viewers, nor for several nodes.
    pub has_peak_us: bool,
    /// Whether there is a mean concurrency: not over no time.
    pub has_mean_concurrency: bool,
    /// Whether anything was watched.
    pub has_rebuffer_ratio: bool,
    /// Whether a bitrate was told.
    pub has_mean_bitrate: bool,
    /// Whether a view ended, and the first picture of any was reported.
    pub has_exit_before_start_ratio: bool,
}

impl sg_audience_summary_state {
    fn of(summary: &Summary) -> sg_audience_summary_state {
        let (mean_concurrency, rebuffer_ratio) = (summary.mean_concurrency(), summary.rebuffer_ratio());
        let (mean_bitrate_bps, exits) = (summary.mean_bitrate_bps(), summary.exit_before_start_ratio());
        sg_audience_summary_state {
            start_us: summary.interval.map_or(0, |interval| interval.start_us),
            end_us: summary.interval.map_or(0, |interval| interval.end_us),
            totals: sg_viewer_totals::of(&summary.totals),
            watching: summary.watching,
            peak_at_least: summary.peak_at_least,
            peak_at_most: summary.peak_at_most,
            peak_us: summary.peak_us.unwrap_or(0),
            mean_concurrency: mean_concurrency.unwrap_or(0.0),
            rebuffer_ratio: rebuffer_ratio.unwrap_or(0.0),
            mean_bitrate_bps: mean_bitrate_bps.unwrap_or(0.0),
            exit_before_start_ratio: exits.unwrap_or(0.0),
            has_interval: summary.interval.is_some(),
            has_peak_us: summary.peak_us.is_some(),
            has_mean_concurrency: mean_concurrency.is_some(),
            has_rebuffer_ratio: rebuffer_ratio.is_some(),
            has_mean_bitrate: mean_bitrate_bps.is_some(),
            has_exit_before_start_ratio: exits.is_some(),
        }
    }
}

/// A summary and what tells it from others, such as its stream. Keep labels few: no viewer belongs there.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_labelled_summary {
    /// The summary.
    pub summary: *const sg_audience_summary,
    /// Its labels or attributes; NULL when there are none.
    pub labels: *const sg_attribute,
    /// How many.
    pub label_count: usize,
}

impl sg_audience_summary {
    pub(super) fn boxed(summary: Summary) -> *mut sg_audience_summary {
        Box::into_raw(Box::new(sg_audience_summary(Handle::new(Mutex::new(summary)))))
    }
}

/// Makes a summary of bytes of `sg_audience_summary_encode`, which may come from anywhere: `SG_MALFORMED` when they
/// are not those of a summary. May be called from any thread.
///
/// # Safety
/// `data` points to `len` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_summary_decode(
    data: *const u8,
    len: usize,
    out: *mut *mut sg_audience_summary,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            out.write(sg_audience_summary::boxed(decode_summary(slice(data, len, "data")?)?));
            Ok(())
        })
    }
}

/// Makes a copy of a summary as it is. May be called from many threads at once.
///
/// # Safety
/// `summary` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_summary_copy(
    summary: *const sg_audience_summary,
    out: *mut *mut sg_audience_summary,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            out.write(sg_audience_summary::boxed(alive(summary, "summary")?.copied()?));
            Ok(())
        })
    }
}

/// Frees a summary. NULL is allowed.
///
/// # Safety
/// `summary` is NULL or a summary that was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_summary_free(summary: *mut sg_audience_summary) {
    // SAFETY: made by `boxed`, `sg_audience_summary` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(summary.cast::<Handle<Mutex<Summary>>>()) }
}

/// Adds the audience `other` of another node as it is. `SG_INVALID_ARGUMENT` when startup times differ in relative
/// error; nothing is added then. May be called from many threads at once.
///
/// # Safety
/// `summary` and `other` were not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_summary_merge(
    summary: *const sg_audience_summary,
    other: *const sg_audience_summary,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let other = alive(other, "other")?.copied()?;
            alive(summary, "summary")?.in_turn(|summary| Ok(summary.merge(&other)?))
        })
    }
}

/// The numbers of a summary. `out_size` is `sizeof(sg_audience_summary_state)`. May be called from many threads at
/// once.
///
/// # Safety
/// `summary` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_summary_snapshot(
    summary: *const sg_audience_summary,
    out: *mut sg_audience_summary_state,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            let summary = alive(summary, "summary")?;
            out.write(summary.in_turn(|summary| Ok(sg_audience_summary_state::of(summary)))?);
            Ok(())
        })
    }
}

/// Copies the times from join to first picture, in microseconds. May be called from many threads at once.
///
/// # Safety
/// `summary` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_summary_startup(
    summary: *const sg_audience_summary,
    out: *mut *mut sg_sketch,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let startup = alive(summary, "summary")?.in_turn(|summary| Ok(summary.startup_us.clone()))?;
            out.write(sg_sketch::boxed(startup));
            Ok(())
        })
    }
}

/// Writes the bytes of a summary to `*out`: protobuf, the same in every language. May be called from many threads
/// at once.
///
/// # Safety
/// `summary` was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_summary_encode(
    summary: *const sg_audience_summary,
    out: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let bytes = alive(summary, "summary")?.in_turn(|summary| Ok(encode_summary(summary)))?;
            out.write(sg_buf::of(bytes));
            Ok(())
        })
    }
}

/// Writes a summary to `*out` as a JSON object; what was not measured is null. May be called from many threads at
/// once.
///
/// # Safety
/// `summary` was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_summary_json(
    summary: *const sg_audience_summary,
    out: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let json = alive(summary, "summary")?.in_turn(|summary| Ok(summary_json(summary)))?;
            out.write(sg_buf::of(json.into_bytes()));
            Ok(())
        })
    }
}

/// Writes `n` summaries, each with its labels, to `*out` as Prometheus text, or as OpenMetrics when `openmetrics` is
/// not 0: all of them as one text, since a family must not come twice in a scrape. May be called from many threads
/// at once.
///
/// # Safety
/// `summaries` points to `n` elements (NULL when 0), whose summaries were not freed and whose labels are as many as
/// they say, `out` points to a buffer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_summary_exposition(
    summaries: *const sg_labelled_summary,
    n: usize,
    openmetrics: u8,
    out: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let summaries = labelled(summaries, n)?;
            let text = summaries_text(&borrowed(&summaries), openmetrics != 0);
            out.write(sg_buf::of(text.into_bytes()));
            Ok(())
        })
    }
}

/// Writes `n` summaries, each with its attributes, to `*out` as OTLP metrics with cumulative temporality; empty when
/// there was no event. `config_size` is `sizeof(sg_otlp_config)`; NULL with 0 is all zero, and its `top_tracks` is
/// not read. May be called from many threads at once.
///
/// # Safety
/// `summaries` points to `n` elements (NULL when 0), whose summaries were not freed and whose labels are as many as
/// they say, `config` to `config_size` bytes, its attributes to what they say, `out` to a buffer, `out_err` to a
/// pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_audience_summary_otlp(
    summaries: *const sg_labelled_summary,
    n: usize,
    config: *const sg_otlp_config,
    config_size: usize,
    out: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let summaries = labelled(summaries, n)?;
            out.write(otlp(config, config_size, |config| Ok(otlp_summaries(&borrowed(&summaries), config)))?);
            Ok(())
        })
    }
}

/// A copy of a summary with its labels.
type Labelled<'a> = (Vec<(&'a str, &'a str)>, Summary);

/// The caller's summaries, each as it is.
///
/// # Safety
/// As for `sg_audience_summary_exposition`.
unsafe fn labelled<'a>(summaries: *const sg_labelled_summary, n: usize) -> Result<Vec<Labelled<'a>>, Fault> {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        let label = |label: &sg_attribute| {
            let name = text(label.name.data, label.name.len, "name")?;
            Ok((name, text(label.value.data, label.value.len, "value")?))
        };
        let copied = |item: &sg_labelled_summary| {
            let labels = slice(item.labels, item.label_count, "labels")?.iter().map(label);
            Ok((labels.collect::<Result<_, Fault>>()?, alive(item.summary, "summary")?.copied()?))
        };
        slice(summaries, n, "summaries")?.iter().map(copied).collect()
    }
}

fn borrowed<'a>(summaries: &'a [Labelled<'a>]) -> Vec<(Vec<(&'a str, &'a str)>, &'a Summary)> {
    summaries.iter().map(|(labels, summary)| (labels.clone(), summary)).collect()
}

/// # Safety
/// `summary` is NULL or a summary that was not freed.
unsafe fn alive<'a>(
    summary: *const sg_audience_summary,
    name: &str,
) -> Result<&'a Handle<Mutex<Summary>>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { summary.as_ref() }
        .map(|summary| &summary.0)
        .ok_or_else(|| Fault::invalid(format!("{name} is NULL")))
}
