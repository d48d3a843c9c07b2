//! Receiver statistics by SSRC.

mod structs;

use std::sync::Mutex;

use sg_core::rtp::{RtpReader, RtpStats, StreamDelta};
use sg_core::{Error, ErrorKind, Result};
pub use structs::*;

use crate::buf::{output, slice};
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::packet::packet_slice;
use crate::sized::{self, Output};
use crate::{sg_error, sg_packet, sg_status};

/// Statistics of any number of RTP streams, bounded. One thread at a time: others get `SG_BUSY`.
#[repr(transparent)]
pub struct sg_rtp(Handle<Mutex<Stats>>);

/// What a reader took, one delta a stream. It never changes: any number of threads may use it at once, but
/// freeing it must wait for all of them. It may outlive its statistics.
#[repr(transparent)]
pub struct sg_deltas(Handle<Vec<StreamDelta>>);

struct Stats {
    rtp: RtpStats,
    /// A caller's reader is an index here.
    readers: Vec<RtpReader>,
}

impl Stats {
    fn reader(&self, reader: u32) -> Result<RtpReader> {
        self.readers
            .get(reader as usize)
            .copied()
            .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("no reader {reader} in these statistics")))
    }
}

/// Makes statistics of nothing yet. `config_size` is `sizeof(sg_rtp_config)`; NULL with 0 is all zero.
/// `SG_INVALID_ARGUMENT` for a limit or a format that makes no sense. May be called from any thread.
///
/// # Safety
/// `config` points to `config_size` bytes, its `formats` to as many as it says, `out` to a pointer, `out_err`
/// to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtp_new(
    config: *const sg_rtp_config,
    config_size: usize,
    out: *mut *mut sg_rtp,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let rtp = RtpStats::new(sized::input(config, config_size, "config")?.to_core()?)?;
            let stats = Stats { rtp, readers: Vec::new() };
            out.write(Box::into_raw(Box::new(sg_rtp(Handle::new(Mutex::new(stats))))));
            Ok(())
        })
    }
}

/// Frees statistics. NULL is allowed.
///
/// # Safety
/// `rtp` is NULL or statistics that were not freed, and no other thread uses them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtp_free(rtp: *mut sg_rtp) {
    // SAFETY: made by `sg_rtp_new`, `sg_rtp` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(rtp.cast::<Handle<Mutex<Stats>>>()) }
}

/// Counts `n` packets, in the order of their arrival; they are not copied. One thread at a time: others get
/// `SG_BUSY`, and nothing is counted.
///
/// # Safety
/// `rtp` is statistics that were not freed, `packets` points to `n` packets (NULL when 0), `out_err` to a
/// pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtp_record(
    rtp: *const sg_rtp,
    packets: *const sg_packet,
    n: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let packets = packet_slice(packets, n)?;
            alive(rtp)?.exclusive(|stats| {
                stats.rtp.record(packets);
                Ok(())
            })
        })
    }
}

/// Reads and counts the raw packet `data`; `flags` (`SG_PACKET_...`) adds what the bytes do not tell. Errors
/// as for `sg_packet_parse`; then nothing is counted. One thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `rtp` is statistics that were not freed, `data` points to `len` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtp_record_raw(
    rtp: *const sg_rtp,
    arrival_us: i64,
    data: *const u8,
    len: usize,
    flags: u8,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let data = slice(data, len, "data")?;
            alive(rtp)?.exclusive(|stats| Ok(stats.rtp.record_raw(arrival_us, data, flags)?))
        })
    }
}

/// Resolves what is held as a possible restart, at the end of the input. One thread at a time: others get
/// `SG_BUSY`.
///
/// # Safety
/// `rtp` is statistics that were not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtp_settle(rtp: *const sg_rtp, out_err: *mut *mut sg_error) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            alive(rtp)?.exclusive(|stats| {
                stats.rtp.settle();
                Ok(())
            })
        })
    }
}

/// Ends a stream: its counts stay in the totals, and what readers have pending of it comes under no SSRC.
/// `*out_removed` (may be NULL) says whether there was one. One thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `rtp` is statistics that were not freed, `out_removed` points to a bool or is NULL, `out_err` to a pointer
/// or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtp_remove(
    rtp: *const sg_rtp,
    ssrc: u32,
    out_removed: *mut bool,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::maybe(out_removed, "out_removed")?;
            out.write(alive(rtp)?.exclusive(|stats| Ok(stats.rtp.remove(ssrc)))?);
            Ok(())
        })
    }
}

/// Everything known of one stream. `SG_NOT_FOUND` when there is no stream of that SSRC, or not yet two packets
/// in sequence of it. `out_size` is `sizeof(sg_stream_stats)`. One thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `rtp` is statistics that were not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtp_snapshot(
    rtp: *const sg_rtp,
    ssrc: u32,
    out: *mut sg_stream_stats,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            let found = alive(rtp)?.exclusive(|stats| Ok(stats.rtp.snapshot(ssrc)))?;
            let none = || Error::new(ErrorKind::NotFound, format!("no stream with ssrc {ssrc}"));
            out.write(sg_stream_stats::of(&found.ok_or_else(none)?));
            Ok(())
        })
    }
}

/// Writes everything known of all streams, by SSRC, to the array `out` of `capacity` elements of `stats_size`
/// (`sizeof(sg_stream_stats)`) bytes. `*out_count` is how many streams there are; those beyond the capacity
/// are left out. One thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `rtp` is statistics that were not freed, `out` points to `capacity` times `stats_size` bytes (or is NULL
/// with capacity 0), `out_count` to a number, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtp_snapshots(
    rtp: *const sg_rtp,
    out: *mut sg_stream_stats,
    stats_size: usize,
    capacity: usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            let all = alive(rtp)?.exclusive(|stats| Ok(stats.rtp.snapshots()))?;
            sized::write_array(out, stats_size, capacity, all.iter().map(sg_stream_stats::of))?;
            out_count.write(all.len());
            Ok(())
        })
    }
}

/// Counts of all streams that are or were there. Never falls. `out_size` is `sizeof(sg_stream_totals)`. One
/// thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `rtp` is statistics that were not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtp_totals(
    rtp: *const sg_rtp,
    out: *mut sg_stream_totals,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            out.write(sg_stream_totals::of(&alive(rtp)?.exclusive(|stats| Ok(stats.rtp.totals()))?));
            Ok(())
        })
    }
}

/// How many streams there are, what is not in the totals, and the memory in use. `out_size` is
/// `sizeof(sg_rtp_state)`. One thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `rtp` is statistics that were not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtp_status(
    rtp: *const sg_rtp,
    out: *mut sg_rtp_state,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            out.write(alive(rtp)?.exclusive(|stats| Ok(sg_rtp_state::of(&stats.rtp)))?);
            Ok(())
        })
    }
}

/// Makes a reader of everything from now on: `*out` is its number, good for these statistics.
/// `SG_CAPACITY_EXCEEDED` when there are 16. One thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `rtp` is statistics that were not freed, `out` points to a number, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtp_reader(
    rtp: *const sg_rtp,
    now_us: i64,
    out: *mut u32,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let number = alive(rtp)?.exclusive(|stats| {
                let reader = stats.rtp.reader(now_us)?;
                stats.readers.push(reader);
                Ok(stats.readers.len() as u32 - 1)
            })?;
            out.write(number);
            Ok(())
        })
    }
}

/// Takes what `reader` has pending of every stream and counts it as delivered; streams without anything new
/// are left out. By SSRC, what streams that are gone had pending comes last. `SG_NOT_FOUND` for an unknown
/// reader, `SG_ALREADY_PENDING` while a `sg_rtp_take` is in flight. One thread at a time: others get
/// `SG_BUSY`.
///
/// # Safety
/// `rtp` is statistics that were not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtp_flush(
    rtp: *const sg_rtp,
    reader: u32,
    now_us: i64,
    out: *mut *mut sg_deltas,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let deltas = alive(rtp)?.exclusive(|stats| {
                let reader = stats.reader(reader)?;
                Ok(stats.rtp.flush(reader, now_us)?)
            })?;
            out.write(Box::into_raw(Box::new(sg_deltas(Handle::new(deltas)))));
            Ok(())
        })
    }
}

/// As `sg_rtp_flush`, but holds what was taken until `sg_rtp_ack` or `sg_rtp_restore`.
///
/// # Safety
/// As for `sg_rtp_flush`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtp_take(
    rtp: *const sg_rtp,
    reader: u32,
    now_us: i64,
    out: *mut *mut sg_deltas,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let deltas = alive(rtp)?.exclusive(|stats| {
                let reader = stats.reader(reader)?;
                Ok(stats.rtp.take(reader, now_us)?)
            })?;
            out.write(Box::into_raw(Box::new(sg_deltas(Handle::new(deltas)))));
            Ok(())
        })
    }
}

/// What `reader` took has arrived; nothing when it took nothing. `SG_NOT_FOUND` for an unknown reader. One
/// thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `rtp` is statistics that were not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtp_ack(
    rtp: *const sg_rtp,
    reader: u32,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            alive(rtp)?.exclusive(|stats| {
                let reader = stats.reader(reader)?;
                Ok(stats.rtp.ack(reader)?)
            })
        })
    }
}

/// What `reader` took was not delivered: it is pending again; nothing when it took nothing. `SG_NOT_FOUND` for
/// an unknown reader. One thread at a time: others get `SG_BUSY`.
///
/// # Safety
/// `rtp` is statistics that were not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_rtp_restore(
    rtp: *const sg_rtp,
    reader: u32,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            alive(rtp)?.exclusive(|stats| {
                let reader = stats.reader(reader)?;
                Ok(stats.rtp.restore(reader)?)
            })
        })
    }
}

/// Copies deltas from number `first` on to the array `out` of `capacity` elements of `delta_size`
/// (`sizeof(sg_stream_delta)`) bytes. `*out_count` is how many there are in all. May be called from many
/// threads at once.
///
/// # Safety
/// `deltas` was not freed, `out` points to `capacity` times `delta_size` bytes (or is NULL with capacity 0),
/// `out_count` to a number, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_deltas_read(
    deltas: *const sg_deltas,
    first: usize,
    out: *mut sg_stream_delta,
    delta_size: usize,
    capacity: usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            let deltas =
                deltas.as_ref().ok_or_else(|| Fault::invalid("deltas is NULL".to_string()))?.0.get()?;
            let wanted = deltas.iter().skip(first).map(sg_stream_delta::of);
            sized::write_array(out, delta_size, capacity, wanted)?;
            out_count.write(deltas.len());
            Ok(())
        })
    }
}

/// Frees deltas. NULL is allowed.
///
/// # Safety
/// `deltas` is NULL or deltas that were not freed, and no other thread uses them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_deltas_free(deltas: *mut sg_deltas) {
    // SAFETY: made by `sg_rtp_flush` or `sg_rtp_take`, `sg_deltas` is a transparent handle; the rest is the
    // caller's promise.
    unsafe { handle::free_guarded(deltas.cast::<Handle<Vec<StreamDelta>>>()) }
}

/// # Safety
/// `rtp` is NULL or statistics that were not freed.
unsafe fn alive<'a>(rtp: *const sg_rtp) -> std::result::Result<&'a Handle<Mutex<Stats>>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { rtp.as_ref() }.map(|rtp| &rtp.0).ok_or_else(|| Fault::invalid("rtp is NULL".to_string()))
}

// One thread after another may use statistics, many at once deltas.
const _: () = {
    const fn sent<T: Send>() {}
    const fn shared<T: Send + Sync>() {}
    sent::<Stats>();
    shared::<Vec<StreamDelta>>();
};
