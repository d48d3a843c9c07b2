//! RTP: packet headers, receiver statistics per SSRC, RTCP.
//!
//! - [`Header`] reads a raw packet; [`Packet`] is what the statistics need of it, 32 bytes.
//! - [`Receiver`] counts one SSRC: RFC 3550 A.1 validation and restart, extended sequence numbers,
//!   loss that can be corrected, jitter by A.8, frames, bytes by class.
//! - [`RtpStats`] counts any number of SSRCs, bounded, with independent readers.
//! - [`rtcp`] parses compound RTCP; [`RtcpStats`] keeps what it said: RTT, remote loss, feedback.
//! - `pcap` and `capture` (feature `pcap`) read capture files.

#[cfg(feature = "pcap")]
pub mod capture;
mod clock;
mod header;
mod index;
#[cfg(feature = "pcap")]
pub mod pcap;
mod receiver;
pub mod rtcp;
mod rtcp_stats;
mod snapshot;
mod stats;
mod timing;
mod totals;

pub use clock::{MediaKind, PayloadFormat, PayloadMap};
pub use header::{Extension, Extensions, Header};
pub use receiver::Receiver;
pub use rtcp_stats::{RtcpConfig, RtcpStats, RtcpTotals, SourceReport};
pub use snapshot::{BURST_BINS, StreamStats, fraction_lost};
pub use stats::{RtpConfig, RtpReader, RtpStats, StreamDelta};
pub use totals::{StreamPeaks, StreamTotals, Unvalidated};

use crate::error::Result;
use crate::time::Micros;

/// What a packet is for.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum PacketClass {
    /// Media, RED included.
    #[default]
    Media,
    /// A retransmission on its own SSRC (RFC 4588).
    Rtx,
    /// Forward error correction.
    Fec,
}

/// One RTP packet as the statistics see it. The payload is what is left of `wire_bytes` after
/// header and padding.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Packet {
    /// When it arrived (or was sent), microseconds since the Unix epoch.
    pub arrival_us: Micros,
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
    /// [`Packet::MARKER`], [`Packet::KEYFRAME`], and the class ([`Packet::RTX`], [`Packet::FEC`]).
    pub flags: u8,
}

impl Packet {
    /// Flag: the marker bit.
    pub const MARKER: u8 = 1;
    /// Flag: part of a key frame.
    pub const KEYFRAME: u8 = 2;
    /// Flag: a retransmission on its own SSRC.
    pub const RTX: u8 = 4;
    /// Flag: forward error correction.
    pub const FEC: u8 = 8;

    /// Reads a raw packet that arrived at `arrival_us`; `flags` adds what the bytes do not tell.
    ///
    /// # Errors
    /// `Malformed` as [`Header::parse`].
    pub fn parse(bytes: &[u8], arrival_us: Micros, flags: u8) -> Result<Packet> {
        Header::parse(bytes).map(|header| header.packet(arrival_us, flags))
    }

    /// The class that the flags name; both flags together are FEC.
    pub const fn class(&self) -> PacketClass {
        if self.flags & Packet::FEC != 0 {
            PacketClass::Fec
        } else if self.flags & Packet::RTX != 0 {
            PacketClass::Rtx
        } else {
            PacketClass::Media
        }
    }

    /// Bytes of payload; 0 where header and padding claim more than there is.
    pub const fn payload_bytes(&self) -> u16 {
        self.wire_bytes.saturating_sub(self.header_bytes).saturating_sub(self.padding_bytes as u16)
    }

    /// Whether a stream may begin with it. Padding alone tells nothing of media; on the SSRC of
    /// retransmissions senders probe the path before there is one.
    pub(crate) const fn may_start(&self) -> bool {
        !self.is_padding_only() || self.flags & Packet::RTX != 0
    }

    /// Whether there is padding and nothing else: a probe, not media.
    pub const fn is_padding_only(&self) -> bool {
        self.padding_bytes > 0 && self.payload_bytes() == 0
    }
}
