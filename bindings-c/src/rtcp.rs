//! What RTCP says: round-trip times, remote loss, feedback.

use std::sync::Mutex;

use sg_core::rtp::{RtcpConfig, RtcpStats, RtcpTotals, SourceReport};
use sg_core::{Error, ErrorKind};

use crate::buf::{output, slice};
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::sized::{self, Output, Plain, fitted};
use crate::{sg_error, sg_status};

/// RTCP of any number of sources, bounded, in both directions as it passes one point. One thread at a time:
/// others get `SG_BUSY`.
#[repr(transparent)]
pub struct sg_rtcp(Handle<Mutex<RtcpStats>>);

/// Limits. All zero is the defaults.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_rtcp_config {
    /// How many sources are kept; 0 for 1,024. When there are more, the one not heard of for longest goes.
    pub max_sources: u64,
}

// SAFETY: a number.
unsafe impl Plain for sg_rtcp_config {}

/// What RTCP said about one source of media, or its reports. What was not said is 0, and its `has_` is false.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_rtcp_report {
    /// The source.
    pub ssrc: u32,
    /// Of the latest report block about it: fraction lost since the block before, in 256ths.
    pub fraction_lost: u32,
    /// Of that block: packets lost in all; negative when repeats outnumber losses.
    pub cumulative_lost: i32,
    /// Of that block: extended highest sequence number, modulo 2^32.
    pub extended_highest: u32,
    /// Of that block: interarrival jitter in ticks.
    pub jitter_ticks: u32,
    /// Of its latest sender report: RTP timestamp.
    pub sender_rtp_timestamp: u32,
    /// Of its latest sender report: NTP time, seconds since 1900 in the high half, fraction in the low.
    pub sender_ntp: u64,
    /// When it was last heard of, microseconds.
    pub heard_us: i64,
    /// The latest round-trip time by a report block about it (SR, then LSR and DLSR), microseconds.
    pub rtt_us: i64,
    /// The largest so far, microseconds.
    pub max_rtt_us: i64,
    /// The sum of all, microseconds.
    pub total_rtt_us: u64,
    /// How many were measured.
    pub rtt_measurements: u64,
    /// The latest round-trip time by its receiver reference time (XR: RRTR, then DLRR), microseconds.
    pub xr_rtt_us: i64,
    /// NACK messages about it.
    pub nacks: u64,
    /// Packets that these asked for.
    pub nack_packets: u64,
    /// Picture loss indications about it.
    pub plis: u64,
    /// Full intra requests about it; a repeated command sequence number is the same request.
    pub firs: u64,
    /// Sender reports from it.
    pub sender_reports: u64,
    /// Packets that it says it sent, extended past 32 bits.
    pub sent_packets: u64,
    /// Payload bytes that it says it sent, extended past 32 bits.
    pub sent_bytes: u64,
    /// Whether there was a report block about it.
    pub has_block: bool,
    /// Whether there was a sender report from it: `sender_...` and `sent_...` are there.
    pub has_sender: bool,
    /// Whether a round-trip time was measured: `rtt_us` and `max_rtt_us` are there.
    pub has_rtt: bool,
    /// Whether a round-trip time by XR was measured.
    pub has_xr_rtt: bool,
    /// Whether it said goodbye.
    pub left: bool,
}

impl sg_rtcp_report {
    fn of(ssrc: u32, source: &SourceReport) -> sg_rtcp_report {
        let (sender_ntp, sender_rtp_timestamp) = source.sender_time.unwrap_or((0, 0));
        sg_rtcp_report {
            ssrc,
            fraction_lost: source.remote.map_or(0, |block| block.fraction_lost.into()),
            cumulative_lost: source.remote.map_or(0, |block| block.cumulative_lost),
            extended_highest: source.remote.map_or(0, |block| block.extended_highest),
            jitter_ticks: source.remote.map_or(0, |block| block.jitter_ticks),
            sender_rtp_timestamp,
            sender_ntp,
            heard_us: source.heard_us,
            rtt_us: source.rtt_us.unwrap_or(0),
            max_rtt_us: source.max_rtt_us.unwrap_or(0),
            total_rtt_us: source.total_rtt_us,
            rtt_measurements: source.rtt_measurements,
            xr_rtt_us: source.xr_rtt_us.unwrap_or(0),
            nacks: source.nacks,
            nack_packets: source.nack_packets,
            plis: source.plis,
            firs: source.firs,
            sender_reports: source.sender_reports,
            sent_packets: source.sent_packets().unwrap_or(0),
            sent_bytes: source.sent_bytes().unwrap_or(0),
            has_block: source.remote.is_some(),
            has_sender: source.sender_reports > 0,
            has_rtt: source.rtt_us.is_some(),
            has_xr_rtt: source.xr_rtt_us.is_some(),
            left: source.left,
        }
    }
}

/// What came of each kind, over all sources. Never falls.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_rtcp_counts {
    /// Compound packets.
    pub compounds: u64,
    /// Compound packets with a malformed part.
    pub malformed: u64,
    /// Sender reports.
    pub sender_reports: u64,
    /// Report blocks in sender and receiver reports.
    pub report_blocks: u64,
    /// NACK messages.
    pub nacks: u64,
    /// Packets that NACK messages asked for.
    pub nack_packets: u64,
    /// Picture loss indications.
    pub plis: u64,
    /// Full intra requests.
    pub firs: u64,
    /// Round-trip times measured.
    pub rtt_measurements: u64,
    /// Round-trip times that came out negative, not used.
    pub rtt_negative: u64,
    /// Goodbyes.
    pub byes: u64,
    /// Sources evicted.
    pub evicted: u64,
}

impl sg_rtcp_counts {
    fn of(totals: &RtcpTotals) -> sg_rtcp_counts {
        sg_rtcp_counts {
            compounds: totals.compounds,
            malformed: totals.malformed,
            sender_reports: totals.sender_reports,
            report_blocks: totals.report_blocks,
            nacks: totals.nacks,
            nack_packets: totals.nack_packets,
            plis: totals.plis,
            firs: totals.firs,
            rtt_measurements: totals.rtt_measurements,
            rtt_negative: totals.rtt_negative,
            byes: totals.byes,
            evicted: totals.evicted,
        }
    }
}

/// Makes statistics of nothing yet. `config_size` is `sizeof(sg_rtcp_config)`; NULL with 0 is all zero. May be
/// called from any thread.
///
/// # Safety
/// `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtcp_new(
    config: *const sg_rtcp_config,
    config_size: usize,
    out: *mut *mut sg_rtcp,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let config = sized::input(config, config_size, "config")?;
            let default = RtcpConfig::default().max_sources;
            let max_sources = fitted(config.max_sources, default, "max_sources")?;
            let stats = RtcpStats::new(RtcpConfig { max_sources })?;
            out.write(Box::into_raw(Box::new(sg_rtcp(Handle::new(Mutex::new(stats))))));
            Ok(())
        })
    }
}

/// Frees statistics. NULL is allowed.
///
/// # Safety
/// `rtcp` is NULL or statistics that were not freed, and no other thread uses them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtcp_free(rtcp: *mut sg_rtcp) {
    // SAFETY: made by `sg_rtcp_new`, `sg_rtcp` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(rtcp.cast::<Handle<Mutex<RtcpStats>>>()) }
}

/// Takes the compound packet `data` that passed at `at_us`, sent or received. `SG_MALFORMED` for a malformed
/// part, which is counted; what stood before it counts. One thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `rtcp` is statistics that were not freed, `data` points to `len` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtcp_record(
    rtcp: *const sg_rtcp,
    at_us: i64,
    data: *const u8,
    len: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let data = slice(data, len, "data")?;
            alive(rtcp)?.exclusive(|stats| Ok(stats.record(at_us, data)?))
        })
    }
}

/// What was said about one source. `SG_NOT_FOUND` when nothing was. `out_size` is `sizeof(sg_rtcp_report)`. One
/// thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `rtcp` is statistics that were not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtcp_source(
    rtcp: *const sg_rtcp,
    ssrc: u32,
    out: *mut sg_rtcp_report,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            let none = || Error::new(ErrorKind::NotFound, format!("nothing was said about ssrc {ssrc}"));
            let report = alive(rtcp)?
                .exclusive(|stats| Ok(sg_rtcp_report::of(ssrc, stats.get(ssrc).ok_or_else(none)?)))?;
            out.write(report);
            Ok(())
        })
    }
}

/// Writes what was said about all sources, by SSRC, to the array `out` of `capacity` elements of `report_size`
/// (`sizeof(sg_rtcp_report)`) bytes. `*out_count` is how many sources there are; those beyond the capacity are
/// left out. One thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `rtcp` is statistics that were not freed, `out` points to `capacity` times `report_size` bytes (or is NULL
/// with capacity 0), `out_count` to a number, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtcp_sources(
    rtcp: *const sg_rtcp,
    out: *mut sg_rtcp_report,
    report_size: usize,
    capacity: usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            let count = alive(rtcp)?.exclusive(|stats| {
                let reports = stats.sources().map(|(ssrc, source)| sg_rtcp_report::of(ssrc, source));
                sized::write_array(out, report_size, capacity, reports)?;
                Ok(stats.sources().count())
            })?;
            out_count.write(count);
            Ok(())
        })
    }
}

/// Counts over all sources, those evicted included. `out_size` is `sizeof(sg_rtcp_counts)`. One thread at a
/// time: others get `SG_BUSY`.
///
/// # Safety
/// `rtcp` is statistics that were not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtcp_totals(
    rtcp: *const sg_rtcp,
    out: *mut sg_rtcp_counts,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            out.write(alive(rtcp)?.exclusive(|stats| Ok(sg_rtcp_counts::of(stats.totals())))?);
            Ok(())
        })
    }
}

/// The largest round-trip time since this was last asked, microseconds. `SG_NOT_FOUND` when none was measured.
/// One thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `rtcp` is statistics that were not freed, `out` points to a number, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtcp_take_max_rtt_us(
    rtcp: *const sg_rtcp,
    out: *mut i64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let rtt_us = alive(rtcp)?.exclusive(|stats| Ok(stats.take_max_rtt_us()))?;
            out.write(rtt_us.ok_or_else(|| Error::new(ErrorKind::NotFound, "no round-trip time"))?);
            Ok(())
        })
    }
}

/// # Safety
/// `rtcp` is NULL or statistics that were not freed.
unsafe fn alive<'a>(rtcp: *const sg_rtcp) -> Result<&'a Handle<Mutex<RtcpStats>>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { rtcp.as_ref() }.map(|rtcp| &rtcp.0).ok_or_else(|| Fault::invalid("rtcp is NULL".to_string()))
}
