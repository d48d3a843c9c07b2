//! What streams are made of.

use std::ffi::c_char;

use sg_core::audience::{ClassTotals, MediaClass, MediaPacket, StreamMetrics, StreamTotals, Streams};
use sg_core::{Error, ErrorKind};

use crate::buf::{output, slice, text};
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::series::sketch_config;
use crate::sized::{self, Output, Plain, fitted};
use crate::{sg_error, sg_sketch, sg_status, sg_str};

/// Class: pictures.
pub const SG_CLASS_VIDEO: i32 = 1;
/// Class: sound.
pub const SG_CLASS_AUDIO: i32 = 2;
/// Class: anything else: captions, cues, tables.
pub const SG_CLASS_METADATA: i32 = 3;

/// Streams there may be where no limit is given.
const MAX_STREAMS: usize = 1 << 16;

/// What many streams carry, by id. Any number of threads may use it at once: recording locks one stream. Freeing it
/// must wait for all of them.
#[repr(transparent)]
pub struct sg_streams(Handle<Streams>);

/// The ids of streams as they were. They never change: any number of threads may use them at once, but freeing them
/// must wait for all of those.
#[repr(transparent)]
pub struct sg_stream_ids(Handle<Vec<String>>);

/// Limits of streams. All zero is the defaults.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_streams_config {
    /// How many there may be; 0 for 65,536.
    pub max_streams: u64,
    /// The largest relative error of quantiles of latency, 0.0001 to 0.5; with `has_relative_error` only, else 0.01.
    pub relative_error: f64,
    /// Not 0 when `relative_error` is given.
    pub has_relative_error: u8,
}

// SAFETY: numbers.
unsafe impl Plain for sg_streams_config {}

/// One packet of a stream, 32 bytes.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_media_packet {
    /// When it came, microseconds.
    pub at_us: i64,
    /// From capture to here, microseconds; with `has_latency` only. May be negative where clocks differ.
    pub latency_us: i64,
    /// Its bytes.
    pub bytes: u32,
    /// How much media it holds, microseconds; one of 0 has no bitrate of its own.
    pub duration_us: u32,
    /// What it carries: `SG_CLASS_...`.
    pub media: i32,
    /// Not 0 when a frame begins in it.
    pub frame: u8,
    /// Not 0 when that is a key frame.
    pub keyframe: u8,
    /// Not 0 when `latency_us` is given.
    pub has_latency: u8,
    /// Not read.
    pub reserved: u8,
}

impl sg_media_packet {
    fn to_core(self) -> Result<MediaPacket, Fault> {
        Ok(MediaPacket {
            at_us: self.at_us,
            class: match self.media {
                SG_CLASS_VIDEO => MediaClass::Video,
                SG_CLASS_AUDIO => MediaClass::Audio,
                SG_CLASS_METADATA => MediaClass::Metadata,
                other => return Err(Fault::invalid(format!("media is {other}: expected 1 to 3"))),
            },
            bytes: self.bytes,
            duration_us: Some(self.duration_us),
            frame: self.frame != 0,
            keyframe: self.keyframe != 0,
            latency_us: (self.has_latency != 0).then_some(self.latency_us),
        })
    }
}

/// Counts of one class. Only grow.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_class_totals {
    /// Packets.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of the packets that hold media of a known duration.
    pub timed_bytes: u64,
    /// That duration, microseconds.
    pub duration_us: u64,
    /// Bits for a second of media.
    pub media_bitrate_bps: f64,
    /// Whether any packet had a duration, and so there is a bitrate.
    pub has_media_bitrate: bool,
}

impl sg_class_totals {
    fn of(totals: &ClassTotals) -> sg_class_totals {
        sg_class_totals {
            packets: totals.packets,
            bytes: totals.bytes,
            timed_bytes: totals.timed_bytes,
            duration_us: totals.duration_us,
            media_bitrate_bps: totals.media_bitrate_bps().unwrap_or(0.0),
            has_media_bitrate: totals.media_bitrate_bps().is_some(),
        }
    }
}

/// Counts of a stream, or of many. Only grow.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_media_totals {
    /// Pictures.
    pub video: sg_class_totals,
    /// Sound.
    pub audio: sg_class_totals,
    /// Anything else.
    pub metadata: sg_class_totals,
    /// Video frames begun.
    pub frames: u64,
    /// Of these, key frames.
    pub keyframes: u64,
    /// Frames that were dropped.
    pub frames_dropped: u64,
    /// Packets that were lost.
    pub packets_lost: u64,
    /// Packets lost of those sent.
    pub loss_ratio: f64,
    /// Frames dropped of all frames.
    pub drop_ratio: f64,
    /// Whether any packet was sent.
    pub has_loss_ratio: bool,
    /// Whether there was any frame.
    pub has_drop_ratio: bool,
}

impl sg_media_totals {
    fn of(totals: &StreamTotals) -> sg_media_totals {
        sg_media_totals {
            video: sg_class_totals::of(&totals.video),
            audio: sg_class_totals::of(&totals.audio),
            metadata: sg_class_totals::of(&totals.metadata),
            frames: totals.frames,
            keyframes: totals.keyframes,
            frames_dropped: totals.frames_dropped,
            packets_lost: totals.packets_lost,
            loss_ratio: totals.loss_ratio().unwrap_or(0.0),
            drop_ratio: totals.drop_ratio().unwrap_or(0.0),
            has_loss_ratio: totals.loss_ratio().is_some(),
            has_drop_ratio: totals.drop_ratio().is_some(),
        }
    }
}

/// A stream as it is. What is absent is 0, and its `has_` is false.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_media_stats {
    /// All counts.
    pub totals: sg_media_totals,
    /// The first packet, microseconds.
    pub start_us: i64,
    /// The last packet, microseconds.
    pub end_us: i64,
    /// Bits of video per second that came, from the first to the last packet of the stream.
    pub video_bitrate_bps: f64,
    /// The same of audio.
    pub audio_bitrate_bps: f64,
    /// The same of metadata.
    pub metadata_bitrate_bps: f64,
    /// Video frames per second, from the first to the last.
    pub frame_rate: f64,
    /// The median of the latest intervals between key frames, microseconds.
    pub keyframe_interval_us: f64,
    /// Whether there was a packet.
    pub has_interval: bool,
    /// Whether there are bitrates: not where no time passed from the first to the last packet.
    pub has_bitrate: bool,
    /// Whether there is a frame rate: not where no time passed from the first to the last frame.
    pub has_frame_rate: bool,
    /// Whether there were two key frames.
    pub has_keyframe_interval: bool,
}

impl sg_media_stats {
    fn of(stream: &StreamMetrics) -> sg_media_stats {
        let bitrate = |class| stream.bitrate_bps(class).unwrap_or(0.0);
        sg_media_stats {
            totals: sg_media_totals::of(stream.totals()),
            start_us: stream.span().map_or(0, |span| span.start_us),
            end_us: stream.span().map_or(0, |span| span.end_us),
            video_bitrate_bps: bitrate(MediaClass::Video),
            audio_bitrate_bps: bitrate(MediaClass::Audio),
            metadata_bitrate_bps: bitrate(MediaClass::Metadata),
            frame_rate: stream.frame_rate().unwrap_or(0.0),
            keyframe_interval_us: stream.keyframe_interval_us().unwrap_or(0.0),
            has_interval: stream.span().is_some(),
            has_bitrate: stream.bitrate_bps(MediaClass::Video).is_some(),
            has_frame_rate: stream.frame_rate().is_some(),
            has_keyframe_interval: stream.keyframe_interval_us().is_some(),
        }
    }
}

/// Makes streams, none yet. `config_size` is `sizeof(sg_streams_config)`; NULL with 0 is all zero.
/// `SG_INVALID_ARGUMENT` for a relative error out of its range. May be called from any thread.
///
/// # Safety
/// `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_streams_new(
    config: *const sg_streams_config,
    config_size: usize,
    out: *mut *mut sg_streams,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let config = sized::input(config, config_size, "config")?;
            let max_streams = fitted(config.max_streams, MAX_STREAMS, "max_streams")?;
            let sketch = sketch_config(config.relative_error, config.has_relative_error);
            let streams = Streams::new(max_streams, sketch)?;
            out.write(Box::into_raw(Box::new(sg_streams(Handle::new(streams)))));
            Ok(())
        })
    }
}

/// Frees streams. NULL is allowed.
///
/// # Safety
/// `streams` is NULL or streams that were not freed, and no other thread uses them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_streams_free(streams: *mut sg_streams) {
    // SAFETY: made by `sg_streams_new`, `sg_streams` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(streams.cast::<Handle<Streams>>()) }
}

/// Counts `n` packets of the stream `stream` (UTF-8), which begins with the first. `SG_CAPACITY_EXCEEDED` when there
/// is no room for one more stream, `SG_INVALID_ARGUMENT` for a class that is none; nothing is counted then. May be
/// called from many threads at once.
///
/// # Safety
/// `streams` was not freed, `stream` points to `stream_len` bytes, `packets` to `n` packets (NULL when 0), `out_err`
/// to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_streams_record(
    streams: *const sg_streams,
    stream: *const c_char,
    stream_len: usize,
    packets: *const sg_media_packet,
    n: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let stream = text(stream, stream_len, "stream")?;
            let packets = slice(packets, n, "packets")?.iter().map(|packet| packet.to_core());
            let packets: Vec<MediaPacket> = packets.collect::<Result<_, _>>()?;
            alive(streams)?.call(|streams| Ok(streams.record(stream, &packets)?))
        })
    }
}

/// Counts frames of a stream that were dropped before they were sent or shown. Errors as for `sg_streams_record`.
/// May be called from many threads at once.
///
/// # Safety
/// `streams` was not freed, `stream` points to `stream_len` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_streams_record_dropped_frames(
    streams: *const sg_streams,
    stream: *const c_char,
    stream_len: usize,
    frames: u64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let stream = text(stream, stream_len, "stream")?;
            let record = |stream: &mut StreamMetrics| stream.record_dropped_frames(frames);
            alive(streams)?.call(|streams| Ok(streams.with(stream, record)?))
        })
    }
}

/// Counts packets of a stream that never came. Errors as for `sg_streams_record`. May be called from many threads at
/// once.
///
/// # Safety
/// As for `sg_streams_record_dropped_frames`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_streams_record_lost_packets(
    streams: *const sg_streams,
    stream: *const c_char,
    stream_len: usize,
    packets: u64,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let stream = text(stream, stream_len, "stream")?;
            let record = |stream: &mut StreamMetrics| stream.record_lost_packets(packets);
            alive(streams)?.call(|streams| Ok(streams.with(stream, record)?))
        })
    }
}

/// A stream as it is. `out_size` is `sizeof(sg_media_stats)`; its latencies in microseconds go to `*out_latency`, a
/// sketch of the caller's own (may be NULL). `SG_NOT_FOUND` when there is no such stream. May be called from many
/// threads at once.
///
/// # Safety
/// `streams` was not freed, `stream` points to `stream_len` bytes, `out` to `out_size` bytes (or is NULL with 0),
/// `out_latency` to a pointer or is NULL, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_streams_snapshot(
    streams: *const sg_streams,
    stream: *const c_char,
    stream_len: usize,
    out: *mut sg_media_stats,
    out_size: usize,
    out_latency: *mut *mut sg_sketch,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let out = Output::optional(out, out_size, "out")?;
            let stream = text(stream, stream_len, "stream")?;
            show(out, out_latency, || alive(streams)?.call(|streams| Ok(streams.snapshot(stream))))
        })
    }
}

/// Ends a stream; its counts stay in the totals. What it was is written as by `sg_streams_snapshot`.
///
/// # Safety
/// As for `sg_streams_snapshot`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_streams_remove(
    streams: *const sg_streams,
    stream: *const c_char,
    stream_len: usize,
    out: *mut sg_media_stats,
    out_size: usize,
    out_latency: *mut *mut sg_sketch,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let out = Output::optional(out, out_size, "out")?;
            let stream = text(stream, stream_len, "stream")?;
            show(out, out_latency, || alive(streams)?.call(|streams| Ok(streams.remove(stream))))
        })
    }
}

/// All streams that are or were there. `out_size` is `sizeof(sg_media_totals)`. May be called from many threads at
/// once.
///
/// # Safety
/// `streams` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_streams_totals(
    streams: *const sg_streams,
    out: *mut sg_media_totals,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            out.write(sg_media_totals::of(&alive(streams)?.call(|streams| Ok(streams.totals()))?));
            Ok(())
        })
    }
}

/// Copies the ids of all streams that are there. May be called from many threads at once.
///
/// # Safety
/// `streams` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_streams_ids(
    streams: *const sg_streams,
    out: *mut *mut sg_stream_ids,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let ids = alive(streams)?.call(|streams| Ok(streams.ids()))?;
            out.write(Box::into_raw(Box::new(sg_stream_ids(Handle::new(ids)))));
            Ok(())
        })
    }
}

/// Shows ids from number `first` on in the array `out` of `capacity` texts, which live as long as the ids; further
/// ones are left out. `*out_count` is how many there are in all. In order. May be called from many threads at once.
///
/// # Safety
/// `ids` was not freed, `out` points to `capacity` texts (or is NULL with 0), `out_count` to a number, `out_err` to a
/// pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_stream_ids_read(
    ids: *const sg_stream_ids,
    first: usize,
    out: *mut sg_str,
    capacity: usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            let missing = || Fault::invalid("ids is NULL".to_string());
            let ids = ids.as_ref().ok_or_else(missing)?.0.get()?;
            let texts = ids.iter().skip(first).map(|id| sg_str::of(id));
            sized::write_array(out, size_of::<sg_str>(), capacity, texts)?;
            out_count.write(ids.len());
            Ok(())
        })
    }
}

/// Frees ids. NULL is allowed.
///
/// # Safety
/// `ids` is NULL or ids that were not freed, and no other thread uses them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_stream_ids_free(ids: *mut sg_stream_ids) {
    // SAFETY: made by `sg_streams_ids`, `sg_stream_ids` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(ids.cast::<Handle<Vec<String>>>()) }
}

/// Writes what `find` finds of a stream.
///
/// # Safety
/// As for `sg_streams_snapshot`.
unsafe fn show(
    out: Output<sg_media_stats>,
    out_latency: *mut *mut sg_sketch,
    find: impl FnOnce() -> Result<Option<StreamMetrics>, Fault>,
) -> Result<(), Fault> {
    // SAFETY: the caller's promises, passed on; each place was checked before it is written.
    unsafe {
        let latency = Output::maybe(out_latency, "out_latency")?;
        let stream = find()?.ok_or_else(|| Error::new(ErrorKind::NotFound, "no such stream"))?;
        out.write(sg_media_stats::of(&stream));
        if !out_latency.is_null() {
            latency.write(sg_sketch::boxed(stream.latency_us().clone()));
        }
        Ok(())
    }
}

/// # Safety
/// `streams` is NULL or streams that were not freed.
unsafe fn alive<'a>(streams: *const sg_streams) -> Result<&'a Handle<Streams>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { streams.as_ref() }
        .map(|streams| &streams.0)
        .ok_or_else(|| Fault::invalid("streams is NULL".to_string()))
}

// Many threads may record into one.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Streams>();
};
