//! What is counted of a stream.

use super::Packet;
use crate::ledger::{Peak, totals};

/// Cumulative counts of one or more streams. All but the derived ones only grow. Bytes come in
/// three views: wire (UDP payload), header, and payload = wire - header - padding.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct StreamTotals {
    /// All arrivals: late, repeated, padding, RTX and FEC included.
    pub packets: u64,
    /// Wire bytes of all arrivals.
    pub wire_bytes: u64,
    /// Header bytes of all arrivals.
    pub header_bytes: u64,
    /// Padding bytes of all arrivals, of padding-only packets too.
    pub padding_bytes: u64,
    /// Distinct timestamps of video.
    pub frames: u64,
    /// Arrivals of class RTX.
    pub rtx_packets: u64,
    /// Their wire bytes.
    pub rtx_wire_bytes: u64,
    /// Their header and padding bytes.
    pub rtx_overhead_bytes: u64,
    /// Arrivals of class FEC.
    pub fec_packets: u64,
    /// Their wire bytes.
    pub fec_wire_bytes: u64,
    /// Their header and padding bytes.
    pub fec_overhead_bytes: u64,
    /// Arrivals with padding and no payload, of class media.
    pub padding_packets: u64,
    /// Their wire bytes.
    pub padding_packet_wire_bytes: u64,
    /// Sequence numbers that were skipped when a later one arrived. What comes late is in
    /// `recovered_late` as well.
    pub missing: u64,
    /// Arrivals of sequence numbers that had been counted missing.
    pub recovered_late: u64,
    /// Arrivals of sequence numbers that had arrived before.
    pub duplicates: u64,
    /// First arrivals after a later sequence number.
    pub out_of_order: u64,
    /// Arrivals too far behind to tell late from repeated; they correct no loss.
    pub too_old: u64,
    /// Single arrivals too far ahead, which nothing confirmed.
    pub implausible: u64,
    /// Restarts: two packets in sequence far from what came before. No loss is counted for them.
    pub discontinuities: u64,
    /// Of the frames, those with a packet flagged as key frame.
    pub keyframes: u64,
}

totals!(StreamTotals {
    counters: packets, wire_bytes, header_bytes, padding_bytes, frames, rtx_packets, rtx_wire_bytes,
        rtx_overhead_bytes, fec_packets, fec_wire_bytes, fec_overhead_bytes, padding_packets,
        padding_packet_wire_bytes, missing, recovered_late, duplicates, out_of_order, too_old,
        implausible, discontinuities, keyframes;
    signed:
});

impl StreamTotals {
    /// Sequence numbers that never arrived. Falls when one comes late, so as a delta it can be
    /// negative.
    pub const fn lost(&self) -> i64 {
        self.missing.wrapping_sub(self.recovered_late) as i64
    }

    /// First arrivals: all but the repeated, too old and implausible ones.
    pub const fn unique(&self) -> u64 {
        self.packets
            .saturating_sub(self.duplicates)
            .saturating_sub(self.too_old)
            .saturating_sub(self.implausible)
    }

    /// Sequence numbers from the lowest to the highest of each segment between restarts.
    pub const fn expected(&self) -> i64 {
        (self.unique() as i64).wrapping_add(self.lost())
    }

    /// RFC 3550's cumulative lost: expected less received, where repeated packets are received.
    pub const fn lost_rfc3550(&self) -> i64 {
        self.lost().wrapping_sub(self.duplicates as i64)
    }

    /// Arrivals that are neither RTX, FEC nor padding alone.
    pub const fn media_packets(&self) -> u64 {
        self.packets
            .saturating_sub(self.rtx_packets)
            .saturating_sub(self.fec_packets)
            .saturating_sub(self.padding_packets)
    }

    /// Wire bytes of [`StreamTotals::media_packets`].
    pub const fn media_wire_bytes(&self) -> u64 {
        self.wire_bytes
            .saturating_sub(self.rtx_wire_bytes)
            .saturating_sub(self.fec_wire_bytes)
            .saturating_sub(self.padding_packet_wire_bytes)
    }

    /// Payload bytes of all arrivals.
    pub const fn payload_bytes(&self) -> u64 {
        self.wire_bytes.saturating_sub(self.header_bytes).saturating_sub(self.padding_bytes)
    }

    /// Payload bytes of [`StreamTotals::media_packets`].
    pub const fn media_payload_bytes(&self) -> u64 {
        self.payload_bytes()
            .saturating_sub(self.rtx_wire_bytes.saturating_sub(self.rtx_overhead_bytes))
            .saturating_sub(self.fec_wire_bytes.saturating_sub(self.fec_overhead_bytes))
    }
}

/// The largest values within a reader's interval.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct StreamPeaks {
    /// The highest jitter, in sixteenths of millionths of a tick.
    pub(super) jitter: u64,
}

impl Peak for StreamPeaks {
    fn merge(&mut self, other: &StreamPeaks) {
        self.jitter = self.jitter.max(other.jitter);
    }
}

/// Arrivals that never became a stream: too few in sequence, or padding before the start.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Unvalidated {
    /// Packets.
    pub packets: u64,
    /// Their wire bytes.
    pub wire_bytes: u64,
}

impl Unvalidated {
    pub(super) fn add(&mut self, packet: &Packet) {
        self.packets += 1;
        self.wire_bytes += u64::from(packet.wire_bytes);
    }
}
