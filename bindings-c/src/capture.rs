//! RTP in capture files.

use std::ffi::c_char;

use sg_core::rtp::capture::{CaptureStream, read_capture};

use crate::buf::{json, output, slice};
use crate::guard::guard;
use crate::packet::{payload_map, sg_payload_format};
use crate::rtp::sg_stream_stats;
use crate::sized;
use crate::{sg_buf, sg_error, sg_status};

/// One RTP stream of a capture: an SSRC from one address and port to another. What RTCP did not say is 0, and
/// its `has_` is false.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_capture_stream {
    /// Everything counted of it.
    pub stats: sg_stream_stats,
    /// The latest round-trip time that RTCP gave between the capturing point and its receiver, microseconds.
    pub rtt_us: i64,
    /// Packets that its sender reported sent last.
    pub sender_packets: u64,
    /// Cumulative loss as its receiver reported last.
    pub remote_packets_lost: i32,
    /// Whether there is a round-trip time.
    pub has_rtt_us: bool,
    /// Whether its sender reported.
    pub has_sender_packets: bool,
    /// Whether its receiver reported.
    pub has_remote_packets_lost: bool,
    /// Address and port it came from, NUL-terminated.
    pub source: [c_char; 64],
    /// Address and port it went to, NUL-terminated.
    pub destination: [c_char; 64],
}

impl sg_capture_stream {
    fn of(stream: &CaptureStream) -> sg_capture_stream {
        sg_capture_stream {
            stats: sg_stream_stats::of(&stream.stats),
            rtt_us: stream.rtt_us.unwrap_or(0),
            sender_packets: stream.sender_packets.unwrap_or(0),
            remote_packets_lost: stream.remote_packets_lost.unwrap_or(0),
            has_rtt_us: stream.rtt_us.is_some(),
            has_sender_packets: stream.sender_packets.is_some(),
            has_remote_packets_lost: stream.remote_packets_lost.is_some(),
            source: terminated(&stream.source.to_string()),
            destination: terminated(&stream.destination.to_string()),
        }
    }
}

/// The text, cut where it would leave no room for its end.
fn terminated<const N: usize>(text: &str) -> [c_char; N] {
    let mut out = [0; N];
    out.iter_mut().zip(text.bytes().take(N - 1)).for_each(|(to, byte)| *to = byte as c_char);
    out
}

/// Reads the bytes `data` of a capture file, pcap or pcapng, and writes what it holds to `*out`, a JSON
/// object: `streams`, one object for each RTP stream (an SSRC from one address and port to another) with
/// values that are null where nothing was measured, `counts` of the file, and `rtcp`. `formats` say what
/// payload types stand for, beside the defaults. `SG_MALFORMED` when it is no capture file; what is malformed
/// within it is counted. May be called from any thread.
///
/// # Safety
/// `data` points to `len` bytes, `formats` to `format_count` formats (NULL when 0), `out` to a buffer,
/// `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_capture_json(
    data: *const u8,
    len: usize,
    formats: *const sg_payload_format,
    format_count: usize,
    out: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let payloads = payload_map(formats, format_count)?;
            out.write(json(&read_capture(slice(data, len, "data")?, &payloads)?)?);
            Ok(())
        })
    }
}

/// Reads the bytes `data` of a capture file, pcap or pcapng, and writes its RTP streams, by SSRC, source and
/// destination, to the array `out` of `capacity` elements of `stream_size` (`sizeof(sg_capture_stream)`) bytes.
/// `*out_count` is how many there are; those beyond the capacity are left out. `formats` and errors as for
/// `sg_capture_json`. May be called from any thread.
///
/// # Safety
/// `data` points to `len` bytes, `formats` to `format_count` formats (NULL when 0), `out` to `capacity` times
/// `stream_size` bytes (or is NULL with capacity 0), `out_count` to a number, `out_err` to a pointer or is
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_capture_streams(
    data: *const u8,
    len: usize,
    formats: *const sg_payload_format,
    format_count: usize,
    out: *mut sg_capture_stream,
    stream_size: usize,
    capacity: usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            let payloads = payload_map(formats, format_count)?;
            let streams = read_capture(slice(data, len, "data")?, &payloads)?.streams;
            sized::write_array(out, stream_size, capacity, streams.iter().map(sg_capture_stream::of))?;
            out_count.write(streams.len());
            Ok(())
        })
    }
}
