//! Statistics of one SSRC at a receiver.

use super::clock::PayloadMap;
use super::timing::Timing;
use super::{Packet, PacketClass};
use crate::ledger::{Ledger, Peak, totals};
use crate::time::Micros;

/// A step forward over this many sequence numbers is no loss but a jump (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3000;
/// A duplicate further behind than this may be a restarted sender (RFC 3550 A.1).
const MAX_MISORDER: u16 = 100;
/// How many sequence numbers behind the highest are told apart: late, duplicate.
const WINDOW: u16 = 1024;
const WORDS: usize = WINDOW as usize / 64;
/// How many packets are held until two in sequence make a stream of them.
const MAX_HELD: usize = 8;
/// Sequence numbers are extended from the second cycle on, so that one before the first is not
/// below zero.
const FIRST_CYCLE: u64 = 1 << 16;
/// Bins of the histogram of consecutive losses: 1 to 10, 11 to 100, more.
pub(super) const BINS: usize = 12;

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
    /// Distinct timestamps of video.
    pub frames: u64,
    /// Of these, frames with a packet flagged as key frame.
    pub keyframes: u64,
}

totals!(StreamTotals {
    counters: packets, wire_bytes, header_bytes, padding_bytes, rtx_packets, rtx_wire_bytes,
        rtx_overhead_bytes, fec_packets, fec_wire_bytes, fec_overhead_bytes, padding_packets,
        padding_packet_wire_bytes, missing, recovered_late, duplicates, out_of_order, too_old,
        implausible, discontinuities, frames, keyframes;
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

/// One SSRC. A stream exists from two packets in sequence on (RFC 3550 A.1); what came before is
/// held, and counted once it does.
#[derive(Clone, Debug)]
pub struct Receiver {
    pub(super) ledger: Ledger<StreamTotals, StreamPeaks>,
    /// The highest sequence number, extended.
    highest: u64,
    /// The lowest of the current segment.
    base: u64,
    /// Bit `sequence % 1024`: it arrived; valid for the 1024 up to the highest.
    window: [u64; WORDS],
    pub(super) timing: Timing,
    pub(super) first_arrival_us: Micros,
    pub(super) last_arrival_us: Micros,
    pub(super) payload_type: u8,
    state: State,
    pub(super) arrivals_went_back: u32,
    pub(super) bursts: [u32; BINS],
    /// Before the stream: packets held. After: the one that may be a restart.
    held: Vec<Packet>,
    pub(super) unvalidated: Unvalidated,
    pub(super) ssrc: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Not yet two packets in sequence.
    Probation,
    /// Not yet a packet, and the first will do.
    Trusted,
    Running,
    /// Running, and the packet before may have been the first after a restart.
    Suspect,
}

impl Receiver {
    /// A stream that has seen nothing; its readers count from `start_us`.
    pub fn new(ssrc: u32, start_us: Micros) -> Receiver {
        Receiver {
            ledger: Ledger::new(start_us),
            highest: 0,
            base: 0,
            window: [0; WORDS],
            timing: Timing::new(),
            first_arrival_us: 0,
            last_arrival_us: 0,
            payload_type: u8::MAX,
            state: State::Probation,
            arrivals_went_back: 0,
            bursts: [0; BINS],
            held: Vec::new(),
            unvalidated: Unvalidated::default(),
            ssrc,
        }
    }

    /// A stream that counts from its first packet on: for a channel whose sender is known, where
    /// nothing needs to be validated.
    pub fn trusted(ssrc: u32, start_us: Micros) -> Receiver {
        Receiver { state: State::Trusted, ..Receiver::new(ssrc, start_us) }
    }

    /// The SSRC.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Whether two packets in sequence have made a stream of it.
    pub fn is_validated(&self) -> bool {
        !matches!(self.state, State::Probation | State::Trusted)
    }

    /// Counts, to be read by any number of readers.
    pub fn ledger(&self) -> &Ledger<StreamTotals, StreamPeaks> {
        &self.ledger
    }

    /// The same, to add readers and take deltas.
    pub fn ledger_mut(&mut self) -> &mut Ledger<StreamTotals, StreamPeaks> {
        &mut self.ledger
    }

    /// Packets that are not in the totals (yet): held, or dropped before there was a stream.
    pub fn unvalidated(&self) -> Unvalidated {
        let mut sum = self.unvalidated;
        self.held.iter().for_each(|packet| sum.add(packet));
        sum
    }

    /// The extended highest sequence number, counted from 65,536 in the first cycle so that a packet
    /// before the first cannot fall below zero; absent before there is a stream.
    pub fn extended_highest(&self) -> Option<u64> {
        self.is_validated().then_some(self.highest)
    }

    /// Counts a packet of this SSRC. No allocation once the stream is validated.
    #[inline]
    pub fn record(&mut self, packet: &Packet, payloads: &PayloadMap) {
        if self.state != State::Running {
            return self.record_unsettled(packet, payloads);
        }
        if packet.sequence.wrapping_sub(self.highest as u16) == 1 {
            self.advance(1);
            self.count(packet, payloads, true);
        } else {
            self.record_other(packet, payloads);
        }
    }

    /// Takes the stream into a state without anything held: at the end of its input.
    pub fn settle(&mut self) {
        if self.state == State::Suspect {
            self.dismiss_suspect();
        }
    }

    fn record_unsettled(&mut self, packet: &Packet, payloads: &PayloadMap) {
        match self.state {
            State::Suspect => {
                let suspect = self.held[0];
                if packet.sequence == suspect.sequence.wrapping_add(1) {
                    self.held.clear();
                    self.restart(suspect.sequence);
                    self.count(&suspect, payloads, true);
                    self.state = State::Running;
                } else {
                    self.dismiss_suspect();
                }
                self.record(packet, payloads);
            }
            State::Probation => {
                if packet.is_padding_only() {
                    self.unvalidated.add(packet);
                    return;
                }
                let in_sequence =
                    self.held.last().is_some_and(|last| packet.sequence == last.sequence.wrapping_add(1));
                if self.held.len() == MAX_HELD {
                    let oldest = self.held.remove(0);
                    self.unvalidated.add(&oldest);
                }
                self.held.push(*packet);
                if in_sequence {
                    self.validate(packet.sequence, payloads);
                }
            }
            State::Trusted => self.start(packet, payloads),
            State::Running => {}
        }
    }

    fn start(&mut self, packet: &Packet, payloads: &PayloadMap) {
        self.state = State::Running;
        self.first_arrival_us = packet.arrival_us;
        self.last_arrival_us = packet.arrival_us;
        self.highest = FIRST_CYCLE + u64::from(packet.sequence);
        self.base = self.highest;
        self.set_arrived(self.highest);
        self.count(packet, payloads, true);
    }

    /// Counts what was held, less what lies far from the two packets in sequence.
    fn validate(&mut self, sequence: u16, payloads: &PayloadMap) {
        let held = std::mem::take(&mut self.held);
        let mut started = false;
        for packet in &held {
            let behind = sequence.wrapping_sub(packet.sequence);
            if behind >= MAX_DROPOUT && behind <= MAX_MISORDER.wrapping_neg() {
                self.unvalidated.add(packet);
            } else if started {
                self.record(packet, payloads);
            } else {
                started = true;
                self.start(packet, payloads);
            }
        }
    }

    /// Any sequence number but the next.
    fn record_other(&mut self, packet: &Packet, payloads: &PayloadMap) {
        let ahead = packet.sequence.wrapping_sub(self.highest as u16);
        if ahead != 0 && ahead < MAX_DROPOUT {
            let skipped = u64::from(ahead) - 1;
            self.ledger.total_mut().missing += skipped;
            let bin = match skipped {
                0..=10 => skipped as usize - 1,
                11..=100 => 10,
                _ => 11,
            };
            self.bursts[bin] = self.bursts[bin].saturating_add(1);
            self.advance(ahead);
            return self.count(packet, payloads, true);
        }
        let behind = ahead.wrapping_neg();
        if behind < WINDOW {
            let sequence = self.highest - u64::from(behind);
            let arrived = self.window[word(sequence)] & bit(sequence) != 0;
            if arrived && behind <= MAX_MISORDER {
                self.ledger.total_mut().duplicates += 1;
                return self.count(packet, payloads, false);
            }
            if !arrived && sequence >= self.base {
                self.set_arrived(sequence);
                self.ledger.total_mut().recovered_late += 1;
                self.ledger.total_mut().out_of_order += 1;
                return self.count(packet, payloads, false);
            }
            if !arrived && self.base - sequence <= u64::from(MAX_MISORDER) {
                self.set_arrived(sequence);
                self.ledger.total_mut().missing += self.base - sequence - 1;
                self.ledger.total_mut().out_of_order += 1;
                self.base = sequence;
                return self.count(packet, payloads, false);
            }
        }
        self.held.push(*packet);
        self.state = State::Suspect;
    }

    /// The packet held was no restart: it counts as what it is on its own.
    fn dismiss_suspect(&mut self) {
        self.state = State::Running;
        let Some(packet) = self.held.pop() else { return };
        let behind = (self.highest as u16).wrapping_sub(packet.sequence);
        let totals = self.ledger.total_mut();
        if behind >= 1 << 15 {
            totals.implausible += 1;
        } else if behind < WINDOW && u64::from(behind) <= self.highest - self.base {
            totals.duplicates += 1;
        } else {
            totals.too_old += 1;
        }
        self.count_bytes(&packet);
        self.touch(packet.arrival_us);
    }

    /// A new segment that begins at `sequence`, in a later cycle than all before.
    fn restart(&mut self, sequence: u16) {
        self.highest = (self.highest & !0xffff) + FIRST_CYCLE + u64::from(sequence);
        self.base = self.highest;
        self.window = [0; WORDS];
        self.set_arrived(self.highest);
        self.timing.restart();
        self.ledger.total_mut().discontinuities += 1;
    }

    #[inline]
    fn advance(&mut self, by: u16) {
        if by >= WINDOW {
            self.window = [0; WORDS];
        } else {
            for skipped in 1..u64::from(by) {
                self.window[word(self.highest + skipped)] &= !bit(self.highest + skipped);
            }
        }
        self.highest += u64::from(by);
        self.set_arrived(self.highest);
    }

    #[inline]
    fn set_arrived(&mut self, sequence: u64) {
        self.window[word(sequence)] |= bit(sequence);
    }

    #[inline]
    fn touch(&mut self, arrival_us: Micros) {
        if arrival_us < self.last_arrival_us {
            self.arrivals_went_back = self.arrivals_went_back.saturating_add(1);
        }
        self.last_arrival_us = arrival_us;
    }

    /// Bytes, class, time and frames of an arrival whose sequence number was dealt with.
    #[inline]
    fn count(&mut self, packet: &Packet, payloads: &PayloadMap, advances: bool) {
        self.touch(packet.arrival_us);
        self.count_bytes(packet);
        if packet.flags & (Packet::RTX | Packet::FEC) != 0 || packet.is_padding_only() {
            if self.payload_type == u8::MAX {
                self.payload_type = packet.payload_type;
            }
            return;
        }
        if packet.payload_type != self.payload_type {
            self.payload_type = packet.payload_type;
            self.timing.set_format(payloads.get(packet.payload_type));
        }
        let keyframe = packet.flags & Packet::KEYFRAME != 0;
        let timed = self.timing.record(packet.arrival_us, packet.rtp_timestamp, keyframe, advances);
        if timed.new_frame || timed.new_keyframe {
            let totals = self.ledger.total_mut();
            totals.frames += u64::from(timed.new_frame);
            totals.keyframes += u64::from(timed.new_keyframe);
        }
        let jitter = self.timing.jitter().now;
        let peak = self.ledger.peak_mut();
        peak.jitter = peak.jitter.max(jitter);
    }

    #[inline]
    fn count_bytes(&mut self, packet: &Packet) {
        let wire = u64::from(packet.wire_bytes);
        let header = u64::from(packet.header_bytes.min(packet.wire_bytes));
        let padding = u64::from(packet.padding_bytes).min(wire - header);
        let totals = self.ledger.total_mut();
        totals.packets += 1;
        totals.wire_bytes += wire;
        totals.header_bytes += header;
        totals.padding_bytes += padding;
        match packet.class() {
            PacketClass::Media => {
                if packet.is_padding_only() {
                    totals.padding_packets += 1;
                    totals.padding_packet_wire_bytes += wire;
                }
            }
            PacketClass::Rtx => {
                totals.rtx_packets += 1;
                totals.rtx_wire_bytes += wire;
                totals.rtx_overhead_bytes += header + padding;
            }
            PacketClass::Fec => {
                totals.fec_packets += 1;
                totals.fec_wire_bytes += wire;
                totals.fec_overhead_bytes += header + padding;
            }
        }
    }

    /// The memory of this stream in bytes, the struct itself included.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Receiver>() + self.ledger.heap_bytes() + self.held.capacity() * size_of::<Packet>()
    }
}

const fn word(sequence: u64) -> usize {
    (sequence as usize / 64) % WORDS
}

const fn bit(sequence: u64) -> u64 {
    1 << (sequence % 64)
}
