//! Statistics of one SSRC at a receiver.

use super::clock::PayloadMap;
use super::timing::{Pace, Timing};
use super::totals::{StreamPeaks, StreamTotals, Unvalidated};
use super::{Packet, PacketClass};
use crate::ledger::Ledger;
use crate::time::Micros;

/// A step forward over this many sequence numbers is no loss but a jump (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3000;
/// A duplicate further behind than this may be a restarted sender (RFC 3550 A.1).
const MAX_MISORDER: u16 = 100;
/// How many sequence numbers behind the highest are told apart: late, duplicate.
const WINDOW: u16 = 1024;
const WORDS: usize = WINDOW as usize / 64;
/// So many packets at a time, so that their sequence numbers fit the window.
const MAX_RUN: usize = WINDOW as usize;
const _: () = assert!(MAX_RUN <= Pace::MAX_STEPS);
/// How many packets are held until two in sequence make a stream of them.
const MAX_HELD: usize = 8;
/// Sequence numbers are extended from the second cycle on, so that one before the first is not
/// below zero.
const FIRST_CYCLE: u64 = 1 << 16;
/// Bins of the histogram of consecutive losses: 1 to 10, 11 to 100, more.
pub(super) const BINS: usize = 12;

/// One SSRC. A stream exists from two packets in sequence on (RFC 3550 A.1); what came before is
/// held, and counted once it does.
///
/// What every packet touches comes first, in as few cache lines as can be.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Receiver {
    pub(super) ssrc: u32,
    pub(super) payload_type: u8,
    state: State,
    /// For [`super::RtpStats`]: its place is not free, and something came since eviction passed by.
    pub(super) live: bool,
    pub(super) heard: bool,
    /// The highest sequence number, extended.
    highest: u64,
    pub(super) last_arrival_us: Micros,
    pub(super) timing: Timing,
    pub(super) ledger: Ledger<StreamTotals, StreamPeaks>,
    /// Bit `sequence % 1024`: it arrived; valid for the 1024 up to the highest.
    window: [u64; WORDS],
    /// The lowest of the current segment.
    base: u64,
    pub(super) first_arrival_us: Micros,
    pub(super) arrivals_went_back: u32,
    pub(super) bursts: [u32; BINS],
    /// The packet that may be a restart, in [`State::Suspect`]; room for it from the start on.
    suspect: Option<Box<Packet>>,
    /// What came before the stream and did not become part of it (yet).
    early: Option<Box<Early>>,
}

#[derive(Clone, Debug, Default)]
struct Early {
    held: Vec<Packet>,
    dropped: Unvalidated,
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
            ssrc,
            payload_type: u8::MAX,
            state: State::Probation,
            live: true,
            heard: true,
            highest: 0,
            last_arrival_us: 0,
            timing: Timing::new(),
            ledger: Ledger::new(start_us),
            window: [0; WORDS],
            base: 0,
            first_arrival_us: 0,
            arrivals_went_back: 0,
            bursts: [0; BINS],
            suspect: None,
            early: None,
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
        let mut sum = Unvalidated::default();
        if let Some(early) = &self.early {
            sum = early.dropped;
            early.held.iter().for_each(|packet| sum.add(packet));
        }
        if let Some(suspect) = self.suspect.as_ref().filter(|_| self.state == State::Suspect) {
            sum.add(suspect);
        }
        sum
    }

    /// The extended highest sequence number, counted from 65,536 in the first cycle so that a packet
    /// before the first cannot fall below zero; absent before there is a stream.
    pub fn extended_highest(&self) -> Option<u64> {
        self.is_validated().then_some(self.highest)
    }

    /// Counts a packet of this SSRC. No allocation once the stream is validated.
    #[inline(always)]
    pub fn record(&mut self, packet: &Packet, payloads: &PayloadMap) {
        if self.record_plain(std::slice::from_ref(packet)) == 0 {
            self.record_any(packet, payloads);
        }
    }

    /// Counts packets from the first on, which is of this SSRC, and gives how many: one at least.
    pub(super) fn record_run(&mut self, packets: &[Packet], payloads: &PayloadMap) -> usize {
        let counted = match packets {
            [first, second, ..] if first.ssrc == second.ssrc => {
                self.record_plain(&packets[..packets.len().min(MAX_RUN)])
            }
            // The same without what a loop takes.
            _ => self.record_plain(&packets[..1]),
        };
        if counted == 0 {
            self.record_any(&packets[0], payloads);
        }
        counted.max(1)
    }

    /// Counts packets for as long as they are what nearly all are: next in sequence, media of the
    /// same type without padding, and in time; those after the first of the same SSRC. Gives how
    /// many, perhaps none.
    #[inline(always)]
    fn record_plain(&mut self, packets: &[Packet]) -> usize {
        if self.state != State::Running || packets[0].arrival_us < self.last_arrival_us {
            return 0;
        }
        let (_, peak) = self.ledger.hot_mut();
        let Some(mut pace) = self.timing.pace(peak.jitter) else { return 0 };
        let (ssrc, type_and_padding) = (packets[0].ssrc, [self.payload_type, 0]);
        let mut sequence = self.highest as u16;
        let (mut count, mut wire_bytes, mut header_bytes) = (0, 0, 0);
        for packet in packets {
            sequence = sequence.wrapping_add(1);
            let plain = packet.ssrc == ssrc
                && packet.sequence == sequence
                && [packet.payload_type, packet.padding_bytes] == type_and_padding
                && packet.flags & (Packet::RTX | Packet::FEC | Packet::KEYFRAME) == 0
                && packet.header_bytes <= packet.wire_bytes;
            if !plain || !self.timing.step(&mut pace, packet.arrival_us, packet.rtp_timestamp) {
                break;
            }
            wire_bytes += u64::from(packet.wire_bytes);
            header_bytes += u64::from(packet.header_bytes);
            count += 1;
        }
        if count == 0 {
            return 0;
        }
        self.set_arrived_run(self.highest + 1, count);
        self.highest += count as u64;
        self.last_arrival_us = packets[count - 1].arrival_us;
        self.timing.finish(&pace, count);
        let (totals, peak) = self.ledger.hot_mut();
        totals.wire_bytes += wire_bytes;
        totals.header_bytes += header_bytes;
        if pace.frames > 0 && self.timing.is_video() {
            totals.frames += pace.frames;
        }
        // The maximum is never below the peak, so it need not be looked at before.
        if pace.max_jitter > peak.jitter {
            peak.jitter = pace.max_jitter;
            self.timing.raise_max_jitter(pace.max_jitter);
        }
        totals.packets += count as u64;
        count
    }

    fn record_any(&mut self, packet: &Packet, payloads: &PayloadMap) {
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
                match self.suspect.as_deref().copied() {
                    Some(suspect) if packet.sequence == suspect.sequence.wrapping_add(1) => {
                        self.restart(suspect.sequence);
                        self.count(&suspect, payloads, true);
                        self.state = State::Running;
                    }
                    _ => self.dismiss_suspect(),
                }
                self.record(packet, payloads);
            }
            State::Probation => {
                let early = self.early.get_or_insert_default();
                if !packet.may_start() {
                    early.dropped.add(packet);
                    return;
                }
                let in_sequence =
                    early.held.last().is_some_and(|last| packet.sequence == last.sequence.wrapping_add(1));
                if early.held.len() == MAX_HELD {
                    let oldest = early.held.remove(0);
                    early.dropped.add(&oldest);
                }
                early.held.push(*packet);
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
        self.suspect = Some(Box::default());
        self.first_arrival_us = packet.arrival_us;
        self.last_arrival_us = packet.arrival_us;
        self.highest = FIRST_CYCLE + u64::from(packet.sequence);
        self.base = self.highest;
        self.set_arrived(self.highest);
        self.count(packet, payloads, true);
    }

    /// Counts what was held, less what lies far from the two packets in sequence.
    fn validate(&mut self, sequence: u16, payloads: &PayloadMap) {
        let Some(mut early) = self.early.take() else { return };
        let mut started = false;
        for packet in &std::mem::take(&mut early.held) {
            let behind = sequence.wrapping_sub(packet.sequence);
            if behind >= MAX_DROPOUT && behind <= MAX_MISORDER.wrapping_neg() {
                early.dropped.add(packet);
            } else if started {
                self.record(packet, payloads);
            } else {
                started = true;
                self.start(packet, payloads);
            }
        }
        if early.dropped.packets > 0 {
            self.early = Some(early);
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
        **self.suspect.get_or_insert_default() = *packet;
        self.state = State::Suspect;
    }

    /// The packet held was no restart: it counts as what it is on its own.
    fn dismiss_suspect(&mut self) {
        self.state = State::Running;
        let Some(packet) = self.suspect.as_deref().copied() else { return };
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

    /// The same for so many sequence numbers from `first` on, at most [`MAX_RUN`].
    #[inline(always)]
    fn set_arrived_run(&mut self, first: u64, count: usize) {
        if count == 1 {
            return self.set_arrived(first);
        }
        let (mut at, mut left) = (first, count as u64);
        while left > 0 {
            let here = left.min(64 - at % 64);
            self.window[word(at)] |= (u64::MAX >> (64 - here)) << (at % 64);
            at += here;
            left -= here;
        }
    }

    fn touch(&mut self, arrival_us: Micros) {
        if arrival_us < self.last_arrival_us {
            self.arrivals_went_back = self.arrivals_went_back.saturating_add(1);
        }
        self.last_arrival_us = arrival_us;
    }

    /// Bytes, class, time and frames of an arrival whose sequence number was dealt with.
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
            if self.timing.set_format(payloads.get(packet.payload_type)) {
                // The maximum starts anew, and the peak is never above it.
                self.ledger.fold_peak();
            }
        }
        let keyframe = packet.flags & Packet::KEYFRAME != 0;
        let timed = self.timing.record(packet.arrival_us, packet.rtp_timestamp, keyframe, advances);
        if timed.new_frame || timed.new_keyframe {
            let totals = self.ledger.total_mut();
            totals.frames += u64::from(timed.new_frame);
            totals.keyframes += u64::from(timed.new_keyframe);
        }
        let jitter = self.timing.jitter().now;
        let (_, peak) = self.ledger.hot_mut();
        peak.jitter = peak.jitter.max(jitter);
    }

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
        let suspect = self.suspect.as_ref().map_or(0, |_| size_of::<Packet>());
        let early = self
            .early
            .as_ref()
            .map_or(0, |early| size_of::<Early>() + early.held.capacity() * size_of::<Packet>());
        size_of::<Receiver>() + self.ledger.heap_bytes() + suspect + early
    }
}

const fn word(sequence: u64) -> usize {
    (sequence as usize / 64) % WORDS
}

const fn bit(sequence: u64) -> u64 {
    1 << (sequence % 64)
}
