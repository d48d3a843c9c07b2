//! Recording into a track: the hot calls of a media server.

use std::ffi::c_char;

use sg_core::telemetry::{DataPacket, Track};
use sg_core::{Error, ErrorKind};

use crate::buf::{slice, text};
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::packet::packet_slice;
use crate::sized::{self, Output};
use crate::telemetry::{sg_data_packet, sg_rtcp_sample, sg_track_counts, sg_track_seed};
use crate::{sg_error, sg_packet, sg_status};

/// A handle to a track. Any number of threads may use it at once, but freeing it must wait for all of them. It
/// may outlive its telemetry. NULL is a recorder of nothing: every call but `sg_track_totals` takes it, does
/// nothing and answers `SG_OK`. What is recorded after the close is rejected and counted, and no error.
#[repr(transparent)]
pub struct sg_track(Handle<Track>);

impl sg_track {
    pub(super) fn boxed(track: Track) -> *mut sg_track {
        Box::into_raw(Box::new(sg_track(Handle::new(track))))
    }
}

/// Data packets that are converted at a time, without an allocation.
const DATA_BATCH: usize = 64;

/// Counts `n` RTP packets, in the order of their arrival; they are not copied. May be called from many threads
/// at once.
///
/// # Safety
/// `track` is NULL or was not freed, `packets` points to `n` packets (NULL when 0), `out_err` to a pointer
/// or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_track_record(
    track: *const sg_track,
    packets: *const sg_packet,
    n: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        with(track, out_err, |track| {
            track.record(packet_slice(packets, n)?);
            Ok(())
        })
    }
}

/// Reads and counts the raw packet `data`; `flags` (`SG_PACKET_...`) adds what the bytes do not tell. Errors as
/// for `sg_packet_parse`; then nothing is counted. May be called from many threads at once.
///
/// # Safety
/// `track` is NULL or was not freed, `data` points to `len` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_track_record_raw(
    track: *const sg_track,
    arrival_us: i64,
    data: *const u8,
    len: usize,
    flags: u8,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        with(track, out_err, |track| {
            let packet = sg_core::rtp::Packet::parse(slice(data, len, "data")?, arrival_us, flags)?;
            track.record(&[packet]);
            Ok(())
        })
    }
}

/// Counts a message of a data or signal channel, after marshalling; one of no bytes is one. May be called from
/// many threads at once.
///
/// # Safety
/// `track` is NULL or was not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_track_record_message(
    track: *const sg_track,
    at_us: i64,
    bytes: u64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        with(track, out_err, |track| {
            track.record_message(at_us, bytes);
            Ok(())
        })
    }
}

/// Counts `n` packets of a data track, in the order of their arrival. May be called from many threads at once;
/// then the packets of two calls may mix.
///
/// # Safety
/// `track` is NULL or was not freed, `packets` points to `n` packets (NULL when 0), `out_err` to a pointer
/// or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_track_record_data(
    track: *const sg_track,
    packets: *const sg_data_packet,
    n: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        with(track, out_err, |track| {
            for some in slice(packets, n, "packets")?.chunks(DATA_BATCH) {
                let mut batch = [DataPacket::default(); DATA_BATCH];
                for (packet, given) in batch.iter_mut().zip(some) {
                    *packet = DataPacket {
                        at_us: given.at_us,
                        sequence: given.sequence,
                        bytes: given.bytes,
                        starts_frame: given.starts_frame != 0,
                    };
                }
                track.record_data(&batch[..some.len()]);
            }
            Ok(())
        })
    }
}

/// Takes an SFU's own cumulative counters of an SSRC, which began at 0 when the SSRC was added. A count that
/// falls restarted from 0. Past the limit of streams the SSRC is rejected and counted. May be called from many
/// threads at once.
///
/// # Safety
/// `track` is NULL or was not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_track_observe_totals(
    track: *const sg_track,
    ssrc: u32,
    packets: u64,
    bytes: u64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        with(track, out_err, |track| {
            track.observe_totals(ssrc, packets, bytes);
            Ok(())
        })
    }
}

/// The SSRC went away: what it counted stays, and should it come back it starts from 0. May be called from many
/// threads at once.
///
/// # Safety
/// `track` is NULL or was not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_track_remove_ssrc(
    track: *const sg_track,
    ssrc: u32,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        with(track, out_err, |track| {
            track.remove_ssrc(ssrc);
            Ok(())
        })
    }
}

/// Counts what RTCP said. Of a track that is received, `sg_track_record` counts loss and jitter: who gives the loss
/// here as well counts it twice. `sample_size` is `sizeof(sg_rtcp_sample)`. May be
/// called from many threads at once.
///
/// # Safety
/// `track` is NULL or was not freed, `sample` points to `sample_size` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_track_record_rtcp(
    track: *const sg_track,
    at_us: i64,
    sample: *const sg_rtcp_sample,
    sample_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        with(track, out_err, |track| {
            track.record_rtcp(at_us, &sized::input(sample, sample_size, "sample")?.to_core());
            Ok(())
        })
    }
}

/// Notes a quality score. One that is not above 0, or not finite, is no score. May be called from many threads
/// at once.
///
/// # Safety
/// `track` is NULL or was not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_track_record_score(
    track: *const sg_track,
    score: f32,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        with(track, out_err, |track| {
            track.record_score(score);
            Ok(())
        })
    }
}

/// Says which simulcast layer an SSRC is, 0 the lowest; 3 and above are one. What the SSRC has counted so far
/// belongs to no layer. May be called from many threads at once.
///
/// # Safety
/// `track` is NULL or was not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_track_set_layer(
    track: *const sg_track,
    ssrc: u32,
    layer: u32,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        with(track, out_err, |track| {
            track.set_layer(ssrc, u8::try_from(layer).unwrap_or(u8::MAX));
            Ok(())
        })
    }
}

/// The codec or content (UTF-8) changed; a report shows the latest. May be called from many threads at once.
///
/// # Safety
/// `track` is NULL or was not freed, `mime` points to `mime_len` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_track_set_mime(
    track: *const sg_track,
    mime: *const c_char,
    mime_len: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        with(track, out_err, |track| {
            track.set_mime(text(mime, mime_len, "mime")?);
            Ok(())
        })
    }
}

/// Everything counted, whether reported or not. `SG_NOT_FOUND` for NULL, a recorder of nothing. `out_size` is
/// `sizeof(sg_track_counts)`. May be called from many threads at once.
///
/// # Safety
/// `track` is NULL or was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_track_totals(
    track: *const sg_track,
    out: *mut sg_track_counts,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            let none = || Error::new(ErrorKind::NotFound, "a recorder of nothing has no totals");
            let track = track.as_ref().ok_or_else(none)?;
            let totals = track.0.call(|track| Ok(track.totals()))?.ok_or_else(none)?;
            out.write(sg_track_counts::of(&totals));
            Ok(())
        })
    }
}

/// Closes this handle, and with the last one the track: what is left comes in one last stat. `*out_first` (may
/// be NULL) is false when the handle was closed already, or is NULL. May be called from many threads at once.
///
/// # Safety
/// `track` is NULL or was not freed, `out_first` points to a bool or is NULL, `out_err` to a pointer or is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_track_close(
    track: *const sg_track,
    now_us: i64,
    out_first: *mut bool,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::maybe(out_first, "out_first")?;
            let first = match track.as_ref() {
                Some(track) => track.0.call(|track| Ok(track.close(now_us)))?,
                None => false,
            };
            out.write(first);
            Ok(())
        })
    }
}

/// Closes this handle and gives what another node needs to go on, see `sg_telemetry_open_seeded`; zeros for
/// NULL. `out_size` is `sizeof(sg_track_seed)`. May be called from many threads at once.
///
/// # Safety
/// `track` is NULL or was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_track_export(
    track: *const sg_track,
    now_us: i64,
    out: *mut sg_track_seed,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            let seed = match track.as_ref() {
                Some(track) => track.0.call(|track| Ok(track.export(now_us)))?,
                None => Default::default(),
            };
            out.write(sg_track_seed { totals: sg_track_counts::of(&seed.totals) });
            Ok(())
        })
    }
}

/// Frees a handle; one that is not closed closes at the time of the last record. NULL is allowed.
///
/// # Safety
/// `track` is NULL or was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_track_free(track: *mut sg_track) {
    // SAFETY: made by `boxed`, `sg_track` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(track.cast::<Handle<Track>>()) }
}

/// A record call: NULL records nothing.
///
/// # Safety
/// `track` is NULL or was not freed, `out_err` points to a pointer or is NULL.
unsafe fn with(
    track: *const sg_track,
    out_err: *mut *mut sg_error,
    record: impl FnOnce(&Track) -> Result<(), Fault>,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || match track.as_ref() {
            Some(track) => track.0.call(record),
            None => Ok(()),
        })
    }
}

// Many threads may record into one track.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Track>();
};
