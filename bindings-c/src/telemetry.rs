//! Telemetry of an SFU: participants, their tracks, and what each reports.

mod report;
mod structs;
mod track;

use std::ffi::c_char;

pub(crate) use report::otlp;
pub use report::*;
use sg_core::export::{account_text, otlp_cumulative};
use sg_core::telemetry::{Telemetry, TrackSeed};
use sg_core::{Error, ErrorKind};
pub use structs::*;
pub use track::*;

use crate::buf::{output, text};
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::sized::{self, Output};
use crate::{sg_buf, sg_error, sg_status};

/// Telemetry of one node. Any number of threads may use it at once, but freeing it must wait for all of them.
/// Its tracks and reports may outlive it.
#[repr(transparent)]
pub struct sg_telemetry(Handle<Telemetry>);

/// Makes telemetry of nothing yet. `config_size` is `sizeof(sg_telemetry_config)`; NULL with 0 is all zero.
/// `SG_INVALID_ARGUMENT` for a choice or limit that makes no sense. May be called from any thread.
///
/// # Safety
/// `config` points to `config_size` bytes, its `formats` to as many as it says, `out` to a pointer, `out_err`
/// to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_telemetry_new(
    config: *const sg_telemetry_config,
    config_size: usize,
    out: *mut *mut sg_telemetry,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let telemetry = Telemetry::new(sized::input(config, config_size, "config")?.to_core()?)?;
            out.write(Box::into_raw(Box::new(sg_telemetry(Handle::new(telemetry)))));
            Ok(())
        })
    }
}

/// Frees the handle; tracks, reports and snapshots stay good. What was not taken is lost: take a last report
/// before. NULL is allowed.
///
/// # Safety
/// `telemetry` is NULL or telemetry that was not freed, and no other thread uses the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_telemetry_free(telemetry: *mut sg_telemetry) {
    // SAFETY: made by `sg_telemetry_new`, `sg_telemetry` is a transparent handle; the rest is the caller's
    // promise.
    unsafe { handle::free_guarded(telemetry.cast::<Handle<Telemetry>>()) }
}

/// Opens a track, or one more handle to a track that is open; it closes when every handle has been closed.
/// `key_size` is `sizeof(sg_track_key)`; the texts are copied. `SG_CAPACITY_EXCEEDED` past the limits,
/// `SG_ALREADY_PENDING` while a closed track of the same key has not delivered its last interval. May be
/// called from many threads at once.
///
/// # Safety
/// `telemetry` was not freed, `key` points to `key_size` bytes, its texts to as many as they say, `out` to a
/// pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_telemetry_open(
    telemetry: *const sg_telemetry,
    key: *const sg_track_key,
    key_size: usize,
    now_us: i64,
    out: *mut *mut sg_track,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe { sg_telemetry_open_seeded(telemetry, key, key_size, now_us, std::ptr::null(), 0, out, out_err) }
}

/// As `sg_telemetry_open` for a track that comes from another node: its totals go on from `seed`, which
/// `sg_track_export` gave there, and which is not reported again here. `seed_size` is `sizeof(sg_track_seed)`;
/// NULL with 0 starts from nothing. A seed for a track that is open is ignored.
///
/// # Safety
/// As for `sg_telemetry_open`; `seed` points to `seed_size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_telemetry_open_seeded(
    telemetry: *const sg_telemetry,
    key: *const sg_track_key,
    key_size: usize,
    now_us: i64,
    seed: *const sg_track_seed,
    seed_size: usize,
    out: *mut *mut sg_track,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            if key.is_null() {
                return Err(Fault::invalid("key is NULL".to_string()));
            }
            let key = sized::input(key, key_size, "key")?.to_core()?;
            let seed = TrackSeed { totals: sized::input(seed, seed_size, "seed")?.totals.to_core() };
            let track = alive(telemetry)?.call(|telemetry| Ok(telemetry.open_seeded(key, now_us, seed)?))?;
            out.write(sg_track::boxed(track));
            Ok(())
        })
    }
}

/// Says in which room a participant is (UTF-8); may come before its first track or after its bytes began.
/// Until then its tracks record and are not reported. `SG_CAPACITY_EXCEEDED` past the limit of participants.
/// May be called from many threads at once.
///
/// # Safety
/// `telemetry` was not freed, each text points to as many bytes as its length says, `out_err` to a pointer or
/// is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_telemetry_identify(
    telemetry: *const sg_telemetry,
    participant: *const c_char,
    participant_len: usize,
    room_id: *const c_char,
    room_id_len: usize,
    room_name: *const c_char,
    room_name_len: usize,
    now_us: i64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let participant = text(participant, participant_len, "participant")?;
            let room_id = text(room_id, room_id_len, "room_id")?;
            let room_name = text(room_name, room_name_len, "room_name")?;
            alive(telemetry)?
                .call(|telemetry| Ok(telemetry.identify(participant, room_id, room_name, now_us)?))
        })
    }
}

/// Takes what is pending of all tracks and counts it as delivered; each track is one consistent cut. Threads
/// may record meanwhile. `SG_ALREADY_PENDING` while a report of `sg_telemetry_take` is in flight. May be
/// called from any thread.
///
/// # Safety
/// `telemetry` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_telemetry_flush(
    telemetry: *const sg_telemetry,
    now_us: i64,
    out: *mut *mut sg_report,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let report = alive(telemetry)?.call(|telemetry| Ok(telemetry.flush(now_us)?))?;
            out.write(sg_report::boxed(report));
            Ok(())
        })
    }
}

/// As `sg_telemetry_flush`, but holds what was taken until `sg_telemetry_ack` or `sg_telemetry_restore`.
///
/// # Safety
/// As for `sg_telemetry_flush`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_telemetry_take(
    telemetry: *const sg_telemetry,
    now_us: i64,
    out: *mut *mut sg_report,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let report = alive(telemetry)?.call(|telemetry| Ok(telemetry.take(now_us)?))?;
            out.write(sg_report::boxed(report));
            Ok(())
        })
    }
}

/// The report in flight has arrived: tracks that are closed and delivered are dropped, and participants whose
/// grace period is over. `*out_acked` (may be NULL) is false when there was none. May be called from any
/// thread.
///
/// # Safety
/// `telemetry` was not freed, `out_acked` points to a bool or is NULL, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_telemetry_ack(
    telemetry: *const sg_telemetry,
    now_us: i64,
    out_acked: *mut bool,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::maybe(out_acked, "out_acked")?;
            out.write(alive(telemetry)?.call(|telemetry| Ok(telemetry.ack(now_us)))?);
            Ok(())
        })
    }
}

/// The report in flight was not delivered: all of it is pending again, and comes merged with the next
/// interval. `*out_restored` (may be NULL) is false when there was none. May be called from any thread.
///
/// # Safety
/// `telemetry` was not freed, `out_restored` points to a bool or is NULL, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_telemetry_restore(
    telemetry: *const sg_telemetry,
    out_restored: *mut bool,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::maybe(out_restored, "out_restored")?;
            out.write(alive(telemetry)?.call(|telemetry| Ok(telemetry.restore()))?);
            Ok(())
        })
    }
}

/// Totals over all tracks of a direction (`SG_DIRECTION_...`) and role (`SG_ROLE_...`) that are or were there,
/// reported or not. Never falls, but for the loss. `out_size` is `sizeof(sg_track_counts)`. May be called from
/// many threads at once.
///
/// # Safety
/// `telemetry` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_telemetry_totals(
    telemetry: *const sg_telemetry,
    direction: i32,
    role: i32,
    out: *mut sg_track_counts,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            let (direction, role) = (direction_of(direction)?, role_of(role)?);
            let totals = alive(telemetry)?.call(|telemetry| Ok(telemetry.totals(direction, role)))?;
            out.write(sg_track_counts::of(&totals));
            Ok(())
        })
    }
}

/// The same for one participant (UTF-8). `SG_NOT_FOUND` when it is not, or no longer, known.
///
/// # Safety
/// As for `sg_telemetry_totals`; `participant` points to `participant_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_telemetry_participant_totals(
    telemetry: *const sg_telemetry,
    participant: *const c_char,
    participant_len: usize,
    direction: i32,
    role: i32,
    out: *mut sg_track_counts,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            let participant = text(participant, participant_len, "participant")?;
            let (direction, role) = (direction_of(direction)?, role_of(role)?);
            let totals = alive(telemetry)?
                .call(|telemetry| Ok(telemetry.participant_totals(participant, direction, role)))?
                .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("no participant {participant}")))?;
            out.write(sg_track_counts::of(&totals));
            Ok(())
        })
    }
}

/// Copies everything counted on this node, by track and by group, less what tracks brought from other nodes,
/// where that is counted. May be called from many threads at once.
///
/// # Safety
/// `telemetry` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_telemetry_snapshot(
    telemetry: *const sg_telemetry,
    out: *mut *mut sg_snapshot,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let account = alive(telemetry)?.call(|telemetry| Ok(telemetry.account()))?;
            out.write(sg_snapshot::boxed(account));
            Ok(())
        })
    }
}

/// Writes the same to `*out` as Prometheus text, or as OpenMetrics when `openmetrics` is not 0: every
/// direction, role and kind (`streamgauge_bytes_total` and so on), which never fall, and the `top` tracks with
/// the most bytes in each (`streamgauge_track_bytes_total` and so on). May be called from many threads at once.
///
/// # Safety
/// `telemetry` was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_telemetry_exposition(
    telemetry: *const sg_telemetry,
    top: usize,
    openmetrics: u8,
    out: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let text = alive(telemetry)?
                .call(|telemetry| Ok(account_text(&telemetry.account(), top, openmetrics != 0)))?;
            out.write(sg_buf::of(text.into_bytes()));
            Ok(())
        })
    }
}

/// Writes the same to `*out` as OTLP metrics with cumulative temporality; empty when there is nothing to say.
/// `config_size` is `sizeof(sg_otlp_config)`; NULL with 0 is all zero. May be called from many threads at once.
///
/// # Safety
/// `telemetry` was not freed, `config` points to `config_size` bytes, its attributes to what they say, `out` to
/// a buffer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_telemetry_otlp(
    telemetry: *const sg_telemetry,
    now_us: i64,
    config: *const sg_otlp_config,
    config_size: usize,
    out: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let telemetry = alive(telemetry)?;
            out.write(report::otlp(config, config_size, |config| {
                telemetry.call(|telemetry| Ok(otlp_cumulative(&telemetry.account(), now_us, config)))
            })?);
            Ok(())
        })
    }
}

/// How many tracks and participants are kept, and what telemetry says of itself. `out_size` is
/// `sizeof(sg_telemetry_state)`. May be called from many threads at once.
///
/// # Safety
/// `telemetry` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_telemetry_status(
    telemetry: *const sg_telemetry,
    out: *mut sg_telemetry_state,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            out.write(alive(telemetry)?.call(|telemetry| Ok(sg_telemetry_state::of(telemetry)))?);
            Ok(())
        })
    }
}

/// # Safety
/// `telemetry` is NULL or telemetry that was not freed.
unsafe fn alive<'a>(telemetry: *const sg_telemetry) -> Result<&'a Handle<Telemetry>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { telemetry.as_ref() }
        .map(|telemetry| &telemetry.0)
        .ok_or_else(|| Fault::invalid("telemetry is NULL".to_string()))
}

// Many threads may call into one telemetry.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Telemetry>();
};

#[cfg(test)]
mod tests {
    use std::ptr::{null, null_mut};

    use super::*;
    use crate::handle::reclaim;
    use crate::{SG_OK, sg_packet, sg_str};

    fn packet(sequence: u16) -> sg_packet {
        sg_packet {
            arrival_us: 0,
            ssrc: 7,
            rtp_timestamp: 0,
            sequence,
            wire_bytes: 112,
            header_bytes: 12,
            payload_type: 96,
            padding_bytes: 0,
            flags: 0,
            reserved: [0xff; 7],
        }
    }

    /// For Miri: packets go to the core as they are, structs and texts come back.
    #[test]
    fn packets_in_and_stats_out() {
        let (mut telemetry, mut track, mut report) = (null_mut(), null_mut(), null_mut());
        let key = sg_track_key {
            participant: sg_str::of("PA_1"),
            track: sg_str::of("TR_1"),
            source: sg_str { data: null(), len: 0 },
            mime: sg_str::of(""),
            country: sg_str::of(""),
            direction: SG_DIRECTION_UPSTREAM,
            role: SG_ROLE_EDGE,
            kind: SG_TRACK_VIDEO,
        };
        let packets = [packet(65_535), packet(0), packet(2)];
        let data = [sg_data_packet { at_us: 5, bytes: 9, sequence: 1, starts_frame: 7, reserved: 0 }; 70];
        let mut stats = [std::mem::MaybeUninit::<sg_stat>::uninit(); 2];
        let mut count = 0;
        let size = size_of::<sg_stat>();
        // SAFETY: every pointer is to a local of the length that is given, and each handle is freed once.
        unsafe {
            assert_eq!(sg_telemetry_new(null(), 0, &mut telemetry, null_mut()), SG_OK);
            let room = sg_str::of("RM_1");
            assert_eq!(
                sg_telemetry_identify(
                    telemetry,
                    key.participant.data,
                    4,
                    room.data,
                    4,
                    null(),
                    0,
                    0,
                    null_mut()
                ),
                SG_OK
            );
            let opened = sg_telemetry_open(telemetry, &key, size_of_val(&key), 0, &mut track, null_mut());
            assert_eq!(opened, SG_OK);
            assert_eq!(sg_track_record(track, packets.as_ptr(), 3, null_mut()), SG_OK);
            assert_eq!(sg_track_record(track, null(), 0, null_mut()), SG_OK);
            assert_eq!(sg_track_record_data(track, data.as_ptr(), 70, null_mut()), SG_OK);
            assert_eq!(sg_telemetry_flush(telemetry, 9, &mut report, null_mut()), SG_OK);
            let out = stats.as_mut_ptr().cast();
            assert_eq!(sg_report_stats(report, 0, out, size, 2, &mut count, null_mut()), SG_OK);
            assert_eq!(count, 1);
            let stat = stats[0].assume_init();
            assert_eq!((stat.totals.primary_packets, stat.totals.packets_lost), (73, 1));
            assert_eq!((stat.key.track.text(), stat.room_name.text()), ("TR_1", ""));
            sg_report_free(report);
            sg_track_free(track);
            sg_telemetry_free(telemetry);
            reclaim(report.cast::<Handle<sg_core::telemetry::Report>>());
            reclaim(track.cast::<Handle<sg_core::telemetry::Track>>());
            reclaim(telemetry.cast::<Handle<Telemetry>>());
        }
    }
}
