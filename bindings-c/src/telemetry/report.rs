//! What was taken of telemetry, or looked at: stats one by one, and as bytes for others.

use std::ffi::c_char;

use sg_core::export::{OtlpConfig, OtlpMetrics, otlp_delta, stats_json};
use sg_core::telemetry::{Account, Report};
use sg_core::wire;

use crate::buf::{output, slice, text};
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::sized::{self, Output, Plain, fitted};
use crate::telemetry::structs::{direction, kind, role};
use crate::telemetry::{sg_stat, sg_track_counts, sg_track_key};
use crate::{sg_buf, sg_error, sg_status, sg_str};

/// What was taken of telemetry. It never changes: any number of threads may use it at once, but freeing it must
/// wait for all of them. It may outlive its telemetry.
#[repr(transparent)]
pub struct sg_report(Handle<Report>);

/// Everything counted on this node, by track and by group. It never changes: any number of threads may use it
/// at once, but freeing it must wait for all of them. It may outlive its telemetry.
#[repr(transparent)]
pub struct sg_snapshot(Handle<Account>);

/// What a report is.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_report_state {
    /// Consecutive number, from 1.
    pub sequence: u64,
    /// When the report acknowledged before was taken; for the first, the earliest start of a stat. In
    /// microseconds.
    pub start_us: i64,
    /// When it was taken, microseconds.
    pub time_us: i64,
    /// How many stats it has.
    pub stats: u64,
}

/// A track that is kept. The texts live as long as the snapshot.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_track_state {
    /// Which track of whom.
    pub key: sg_track_key,
    /// When it was opened, microseconds.
    pub start_us: i64,
    /// What was counted here since, reported or not.
    pub totals: sg_track_counts,
}

/// All tracks of a direction, role and kind that are or were there.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_group_state {
    /// `SG_DIRECTION_...`
    pub direction: i32,
    /// `SG_ROLE_...`
    pub role: i32,
    /// `SG_TRACK_...`
    pub kind: i32,
    /// When the first of them was opened, microseconds.
    pub start_us: i64,
    /// What was counted here since, reported or not. Never falls, but for the loss.
    pub totals: sg_track_counts,
}

/// OTLP: protobuf, `application/x-protobuf`.
pub const SG_OTLP_PROTOBUF: i32 = 0;
/// OTLP: JSON, `application/json`.
pub const SG_OTLP_JSON: i32 = 1;

/// An attribute: a name and a text, both UTF-8.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_attribute {
    /// Its name.
    pub name: sg_str,
    /// Its value.
    pub value: sg_str,
}

/// What OTLP metrics say beside the counts. All zero is the defaults.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_otlp_config {
    /// Attributes of the resource, such as `service.name` and `service.instance.id`. OTLP wants one that tells
    /// this node from others. NULL with 0 for `service.name` alone, which is then `streamgauge`.
    pub resource: *const sg_attribute,
    /// How many attributes.
    pub resource_count: usize,
    /// How many tracks of each direction, role and kind have series of their own; 0 for 100.
    pub top_tracks: u64,
    /// `SG_OTLP_...`
    pub format: i32,
}

// SAFETY: numbers and a pointer.
unsafe impl Plain for sg_otlp_config {}

impl sg_otlp_config {
    /// # Safety
    /// `resource` is NULL or points to `resource_count` attributes, whose texts are as long as they say.
    unsafe fn to_core(self) -> Result<OtlpConfig, Fault> {
        let mut config = OtlpConfig::default();
        config.top_tracks = fitted(self.top_tracks, config.top_tracks, "top_tracks")?;
        // SAFETY: the caller's promise.
        let resource = unsafe { slice(self.resource, self.resource_count, "resource") }?;
        if !resource.is_empty() {
            // SAFETY: the caller's promise.
            let owned = |s: sg_str, name| unsafe { text(s.data, s.len, name) }.map(str::to_owned);
            config.resource = resource
                .iter()
                .map(|given| Ok((owned(given.name, "name")?, owned(given.value, "value")?)))
                .collect::<Result<_, Fault>>()?;
        }
        Ok(config)
    }
}

/// Metrics made by `make`, in the format that the caller's config names.
///
/// # Safety
/// `config` points to `config_size` bytes, its pointers to what they say.
pub(crate) unsafe fn otlp(
    config: *const sg_otlp_config,
    config_size: usize,
    make: impl FnOnce(&OtlpConfig) -> Result<OtlpMetrics, Fault>,
) -> Result<sg_buf, Fault> {
    // SAFETY: the caller's promises, passed on.
    let (config, core) = unsafe {
        let config = sized::input(config, config_size, "config")?;
        (config, config.to_core()?)
    };
    match config.format {
        SG_OTLP_PROTOBUF => Ok(sg_buf::of(make(&core)?.to_protobuf())),
        SG_OTLP_JSON => Ok(sg_buf::of(make(&core)?.to_json().into_bytes())),
        other => Err(Fault::invalid(format!("format is {other}: expected 0 or 1"))),
    }
}

impl sg_report {
    pub(super) fn boxed(report: Report) -> *mut sg_report {
        Box::into_raw(Box::new(sg_report(Handle::new(report))))
    }
}

impl sg_snapshot {
    pub(super) fn boxed(account: Account) -> *mut sg_snapshot {
        Box::into_raw(Box::new(sg_snapshot(Handle::new(account))))
    }
}

/// Number, time and size of a report. `out_size` is `sizeof(sg_report_state)`. May be called from many threads
/// at once.
///
/// # Safety
/// `report` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_report_status(
    report: *const sg_report,
    out: *mut sg_report_state,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            let report = alive(report)?.get()?;
            out.write(sg_report_state {
                sequence: report.sequence,
                start_us: report.start_us,
                time_us: report.time_us,
                stats: report.stats.len() as u64,
            });
            Ok(())
        })
    }
}

/// Copies stats from number `first` on to the array `out` of `capacity` elements of `stat_size`
/// (`sizeof(sg_stat)`) bytes. `*out_count` is how many there are in all. By key. May be called from many
/// threads at once.
///
/// # Safety
/// `report` was not freed, `out` points to `capacity` times `stat_size` bytes (or is NULL with capacity 0),
/// `out_count` to a number, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_report_stats(
    report: *const sg_report,
    first: usize,
    out: *mut sg_stat,
    stat_size: usize,
    capacity: usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            let stats = &alive(report)?.get()?.stats;
            sized::write_array(out, stat_size, capacity, stats.iter().skip(first).map(sg_stat::of))?;
            out_count.write(stats.len());
            Ok(())
        })
    }
}

/// Writes the stats to `*out` as `livekit.AnalyticsStats`, protobuf that LiveKit's services take. `node` names
/// this node. Each message has the id `id_prefix` and a number, counted from 0 in each report: with a prefix
/// that is unique to the report the ids are unique. Relay stats have no place there and are left out. May be
/// called from many threads at once.
///
/// # Safety
/// `report` was not freed, `node` points to `node_len` and `id_prefix` to `id_prefix_len` bytes, `out` to a
/// buffer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_report_livekit(
    report: *const sg_report,
    node: *const c_char,
    node_len: usize,
    id_prefix: *const c_char,
    id_prefix_len: usize,
    out: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let node = text(node, node_len, "node")?;
            let prefix = text(id_prefix, id_prefix_len, "id_prefix")?;
            let mut ids = (0_u64..).map(|number| format!("{prefix}{number}"));
            let bytes = wire::encode(&alive(report)?.get()?.stats, node, || ids.next().unwrap_or_default());
            out.write(sg_buf::of(bytes));
            Ok(())
        })
    }
}

/// Writes the stats to `*out` as a JSON array, relay stats included. May be called from many threads at once.
///
/// # Safety
/// `report` was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_report_json(
    report: *const sg_report,
    out: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            out.write(sg_buf::of(stats_json(&alive(report)?.get()?.stats).into_bytes()));
            Ok(())
        })
    }
}

/// Writes what a report adds to `*out` as OTLP metrics with delta temporality; empty when there is nothing to
/// say. `config_size` is `sizeof(sg_otlp_config)`; NULL with 0 is all zero. May be called from many threads at
/// once.
///
/// # Safety
/// `report` was not freed, `config` points to `config_size` bytes, its attributes to what they say, `out` to a
/// buffer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_report_otlp(
    report: *const sg_report,
    config: *const sg_otlp_config,
    config_size: usize,
    out: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let report = alive(report)?.get()?;
            out.write(otlp(config, config_size, |config| Ok(otlp_delta(report, config)))?);
            Ok(())
        })
    }
}

/// Frees a report; it stays in flight if it was taken. NULL is allowed.
///
/// # Safety
/// `report` is NULL or a report that was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_report_free(report: *mut sg_report) {
    // SAFETY: made by `boxed`, `sg_report` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(report.cast::<Handle<Report>>()) }
}

/// Copies tracks from number `first` on to the array `out` of `capacity` elements of `track_size`
/// (`sizeof(sg_track_state)`) bytes. `*out_count` is how many there are in all. May be called from many threads
/// at once.
///
/// # Safety
/// `snapshot` was not freed, `out` points to `capacity` times `track_size` bytes (or is NULL with capacity 0),
/// `out_count` to a number, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_snapshot_tracks(
    snapshot: *const sg_snapshot,
    first: usize,
    out: *mut sg_track_state,
    track_size: usize,
    capacity: usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            let tracks = &alive_snapshot(snapshot)?.get()?.tracks;
            let wanted = tracks.iter().skip(first).map(|track| sg_track_state {
                key: sg_track_key::of(&track.key),
                start_us: track.start_us,
                totals: sg_track_counts::of(&track.totals),
            });
            sized::write_array(out, track_size, capacity, wanted)?;
            out_count.write(tracks.len());
            Ok(())
        })
    }
}

/// Copies groups to the array `out` of `capacity` elements of `group_size` (`sizeof(sg_group_state)`) bytes.
/// `*out_count` is how many there are in all, 16 at most. May be called from many threads at once.
///
/// # Safety
/// `snapshot` was not freed, `out` points to `capacity` times `group_size` bytes (or is NULL with capacity 0),
/// `out_count` to a number, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_snapshot_groups(
    snapshot: *const sg_snapshot,
    out: *mut sg_group_state,
    group_size: usize,
    capacity: usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            let groups = &alive_snapshot(snapshot)?.get()?.groups;
            let wanted = groups.iter().map(|account| sg_group_state {
                direction: direction(account.group.direction),
                role: role(account.group.role),
                kind: kind(account.group.kind),
                start_us: account.start_us,
                totals: sg_track_counts::of(&account.totals),
            });
            sized::write_array(out, group_size, capacity, wanted)?;
            out_count.write(groups.len());
            Ok(())
        })
    }
}

/// Frees a snapshot. NULL is allowed.
///
/// # Safety
/// `snapshot` is NULL or a snapshot that was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_snapshot_free(snapshot: *mut sg_snapshot) {
    // SAFETY: made by `boxed`, `sg_snapshot` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(snapshot.cast::<Handle<Account>>()) }
}

/// # Safety
/// `report` is NULL or a report that was not freed.
unsafe fn alive<'a>(report: *const sg_report) -> Result<&'a Handle<Report>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { report.as_ref() }
        .map(|report| &report.0)
        .ok_or_else(|| Fault::invalid("report is NULL".to_string()))
}

/// # Safety
/// `snapshot` is NULL or a snapshot that was not freed.
unsafe fn alive_snapshot<'a>(snapshot: *const sg_snapshot) -> Result<&'a Handle<Account>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { snapshot.as_ref() }
        .map(|snapshot| &snapshot.0)
        .ok_or_else(|| Fault::invalid("snapshot is NULL".to_string()))
}

// Many threads may read one report or snapshot.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Report>();
    shared::<Account>();
};
