//! RTP packets, and what their payload types stand for.

use sg_core::rtp::{MediaKind, Packet, PayloadFormat, PayloadMap, fraction_lost, rtcp};
use sg_core::{Error, ErrorKind};

use crate::buf::{output, slice};
use crate::guard::{Fault, guard};
use crate::{sg_error, sg_status};

/// Packet flag: the marker bit.
pub const SG_PACKET_MARKER: u8 = 1;
/// Packet flag: part of a key frame.
pub const SG_PACKET_KEYFRAME: u8 = 2;
/// Packet flag: a retransmission on its own SSRC.
pub const SG_PACKET_RTX: u8 = 4;
/// Packet flag: forward error correction.
pub const SG_PACKET_FEC: u8 = 8;

/// Kind of media: audio if the clock is not 90 kHz, else video; a format that the payload type has with that
/// clock stays.
pub const SG_MEDIA_BY_CLOCK: i32 = 0;
/// Kind of media: sound, a packet is no frame.
pub const SG_MEDIA_AUDIO: i32 = 1;
/// Kind of media: pictures, a frame is a distinct timestamp.
pub const SG_MEDIA_VIDEO: i32 = 2;

/// One RTP packet as the statistics see it, 32 bytes. The payload is what is left of `wire_bytes` after
/// header and padding.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_packet {
    /// When it arrived (or was sent), microseconds since the Unix epoch.
    pub arrival_us: i64,
    /// Synchronisation source.
    pub ssrc: u32,
    /// RTP timestamp, in ticks of the payload type's clock.
    pub rtp_timestamp: u32,
    /// RTP sequence number.
    pub sequence: u16,
    /// The whole UDP payload.
    pub wire_bytes: u16,
    /// Fixed header, CSRCs and extensions.
    pub header_bytes: u16,
    /// Payload type, 0 to 127.
    pub payload_type: u8,
    /// Padding at the end, its count byte included.
    pub padding_bytes: u8,
    /// Sum of `SG_PACKET_...`.
    pub flags: u8,
    /// Not read.
    pub reserved: [u8; 7],
}

// A batch of packets goes to the core as it is.
const _: () = {
    assert!(size_of::<sg_packet>() == 32 && size_of::<Packet>() == 32);
    assert!(align_of::<sg_packet>() == align_of::<Packet>());
    macro_rules! same_place {
        ($($field:ident),*) => {
            $(assert!(std::mem::offset_of!(sg_packet, $field) == std::mem::offset_of!(Packet, $field));)*
        };
    }
    same_place!(
        arrival_us,
        ssrc,
        rtp_timestamp,
        sequence,
        wire_bytes,
        header_bytes,
        payload_type,
        padding_bytes,
        flags
    );
    assert!(Packet::MARKER == SG_PACKET_MARKER && Packet::KEYFRAME == SG_PACKET_KEYFRAME);
    assert!(Packet::RTX == SG_PACKET_RTX && Packet::FEC == SG_PACKET_FEC);
};

/// What a payload type stands for.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_payload_format {
    /// Payload type, 0 to 127.
    pub payload_type: u32,
    /// Ticks of the RTP timestamp per second, 1 to 10,000,000.
    pub clock_hz: u32,
    /// `SG_MEDIA_...`
    pub kind: i32,
}

/// Reads the header of the raw packet `data` that arrived at `arrival_us`; `flags` (`SG_PACKET_...`) adds
/// what the bytes do not tell. `SG_MALFORMED` when the packet is shorter than what it announces, no RTP of
/// version 2, or longer than a datagram can be. May be called from any thread.
///
/// # Safety
/// `data` points to `len` bytes, `out` to a packet, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_packet_parse(
    data: *const u8,
    len: usize,
    arrival_us: i64,
    flags: u8,
    out: *mut sg_packet,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let packet = Packet::parse(slice(data, len, "data")?, arrival_us, flags)?;
            out.write(sg_packet {
                arrival_us: packet.arrival_us,
                ssrc: packet.ssrc,
                rtp_timestamp: packet.rtp_timestamp,
                sequence: packet.sequence,
                wire_bytes: packet.wire_bytes,
                header_bytes: packet.header_bytes,
                payload_type: packet.payload_type,
                padding_bytes: packet.padding_bytes,
                flags: packet.flags,
                reserved: [0; 7],
            });
            Ok(())
        })
    }
}

/// Fraction lost as a receiver report has it, in 256ths (RFC 3550 A.3): of the packets expected in an
/// interval, those not received; 0 when more came than were expected, at most 255. May be called from any
/// thread.
#[unsafe(no_mangle)]
pub extern "C" fn sg_fraction_lost(expected: i64, received: i64) -> u8 {
    fraction_lost(expected, received)
}

/// Cumulative loss as a receiver report can show it: 24 bits with sign, clamped. May be called from any
/// thread.
#[unsafe(no_mangle)]
pub extern "C" fn sg_clamp_lost(lost: i64) -> i32 {
    rtcp::clamp_lost(lost)
}

/// Whether a datagram is RTCP rather than RTP, when both share a port (RFC 5761 section 4). `false` for
/// NULL. May be called from any thread.
///
/// # Safety
/// `data` points to `len` bytes or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_is_rtcp(data: *const u8, len: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { slice(data, len, "data") }.is_ok_and(rtcp::is_rtcp)
}

/// The caller's packets as the core has them.
///
/// # Safety
/// `packets` is NULL or points to `n` packets that stay unchanged during the call.
pub(crate) unsafe fn packet_slice<'a>(packets: *const sg_packet, n: usize) -> Result<&'a [Packet], Fault> {
    // SAFETY: both structs have the same layout, and any bits are a packet; the rest is the caller's promise.
    unsafe { slice(packets.cast::<Packet>(), n, "packets") }
}

/// The default formats, and the caller's beside or instead of them.
///
/// # Safety
/// `formats` is NULL or points to `count` formats.
pub(crate) unsafe fn payload_map(
    formats: *const sg_payload_format,
    count: usize,
) -> Result<PayloadMap, Fault> {
    let mut map = PayloadMap::default();
    // SAFETY: the caller's promise.
    for format in unsafe { slice(formats, count, "formats") }? {
        let payload_type = u8::try_from(format.payload_type).map_err(|_| {
            let message = format!("payload type {}, at most 127", format.payload_type);
            Error::new(ErrorKind::InvalidArgument, message)
        })?;
        let clock_hz = format.clock_hz;
        match format.kind {
            SG_MEDIA_BY_CLOCK => map.set_clock(payload_type, clock_hz)?,
            SG_MEDIA_AUDIO => map.set(payload_type, PayloadFormat { clock_hz, kind: MediaKind::Audio })?,
            SG_MEDIA_VIDEO => map.set(payload_type, PayloadFormat { clock_hz, kind: MediaKind::Video })?,
            other => return Err(Fault::invalid(format!("kind is {other}: expected 0 to 2"))),
        }
    }
    Ok(map)
}
