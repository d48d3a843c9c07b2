//! MPEG-TS packets: where decoding can start, which streams there are, what is damaged.

use std::sync::Arc;

use super::psi::{self, Section, Sections, StreamInfo, StreamKind};

/// Size of a transport stream packet, bytes.
pub const TS_PACKET_BYTES: usize = 188;
pub(super) const SYNC_BYTE: u8 = 0x47;
const NULL_PID: u16 = 0x1fff;
const PIDS: usize = 0x2000;
/// Marks a PID of which no packet was seen; continuity counters have 4 bits.
const UNSEEN: u8 = 0xff;

/// Follows a transport stream packet by packet.
#[derive(Debug)]
pub(super) struct TsTracker {
    counters: Box<[u8; PIDS]>,
    association: Sections,
    programs: Vec<Program>,
    /// All streams, by program in the order of the association table.
    pub(super) streams: Vec<StreamInfo>,
    /// The stream whose random-access points count: the first with video, else with audio.
    lead: Option<StreamInfo>,
    pub(super) continuity_errors: u64,
    pub(super) transport_errors: u64,
    pub(super) table_errors: u64,
}

#[derive(Debug)]
struct Program {
    number: u16,
    pid: u16,
    sections: Sections,
    streams: Vec<StreamInfo>,
}

impl TsTracker {
    pub(super) fn new() -> TsTracker {
        TsTracker {
            counters: Box::new([UNSEEN; PIDS]),
            association: Sections::default(),
            programs: Vec::new(),
            streams: Vec::new(),
            lead: None,
            continuity_errors: 0,
            transport_errors: 0,
            table_errors: 0,
        }
    }

    /// Takes one packet of [`TS_PACKET_BYTES`] and says whether a decoder can start at it.
    pub(super) fn packet(&mut self, packet: &[u8]) -> bool {
        let pid = u16::from_be_bytes([packet[1], packet[2]]) & NULL_PID;
        if pid == NULL_PID {
            return false;
        }
        if packet[1] & 0x80 != 0 {
            self.transport_errors += 1;
            return false;
        }
        let starts = packet[1] & 0x40 != 0;
        let (has_adaptation, has_payload) = (packet[3] & 0x20 != 0, packet[3] & 0x10 != 0);
        let mut flags = 0;
        let mut begin = 4;
        if has_adaptation {
            let length = usize::from(packet[4]);
            begin += 1 + length;
            flags = if length > 0 { packet[5] } else { 0 };
        }
        let payload = if has_payload { packet.get(begin..).unwrap_or_default() } else { &[] };
        self.follow_counter(pid, packet[3] & 0x0f, has_payload, flags & 0x80 != 0);
        if pid == 0 {
            self.take_association(packet, payload, starts);
        } else if let Some(at) = self.programs.iter().position(|program| program.pid == pid) {
            self.take_map(at, packet, payload, starts);
        } else if let Some(lead) = self.lead.as_ref().filter(|lead| lead.pid == pid) {
            let scrambled = packet[3] & 0xc0 != 0;
            return starts && (flags & 0x40 != 0 || (!scrambled && starts_access(lead, payload)));
        }
        false
    }

    /// The packets of the tables in force, which a decoder must see before anything else.
    pub(super) fn preamble(&self) -> Option<Arc<[u8]>> {
        let mut packets = self.association.good_packets.clone();
        for program in &self.programs {
            packets.extend_from_slice(&program.sections.good_packets);
        }
        (!packets.is_empty() && packets.len() <= super::MAX_PREAMBLE_BYTES).then(|| packets.into())
    }

    fn follow_counter(&mut self, pid: u16, counter: u8, has_payload: bool, discontinuity: bool) {
        let last = std::mem::replace(&mut self.counters[usize::from(pid)], counter);
        // A packet may be sent twice, and one without payload does not count.
        let expected = if has_payload { last.wrapping_add(1) & 0x0f } else { last };
        if last != UNSEEN && counter != expected && counter != last && !discontinuity {
            self.continuity_errors += 1;
        }
    }

    fn take_association(&mut self, packet: &[u8], payload: &[u8], starts: bool) {
        match self.association.packet(packet, payload, starts) {
            Section::Incomplete => {}
            Section::Bad => self.table_errors += 1,
            Section::Whole(section) => {
                let Some(programs) = psi::programs(&section) else { return };
                let known = self.programs.iter().map(|program| (program.number, program.pid));
                if known.eq(programs.iter().copied()) {
                    return;
                }
                let mut old = std::mem::take(&mut self.programs);
                for (number, pid) in programs {
                    let kept = old.iter().position(|program| (program.number, program.pid) == (number, pid));
                    self.programs.push(kept.map_or_else(
                        || Program { number, pid, sections: Sections::default(), streams: Vec::new() },
                        |at| old.swap_remove(at),
                    ));
                }
                self.list_streams();
            }
        }
    }

    fn take_map(&mut self, at: usize, packet: &[u8], payload: &[u8], starts: bool) {
        let program = &mut self.programs[at];
        match program.sections.packet(packet, payload, starts) {
            Section::Incomplete => {}
            Section::Bad => self.table_errors += 1,
            Section::Whole(section) => {
                let Some(streams) = psi::streams(&section) else { return };
                if program.streams != streams {
                    program.streams = streams;
                    self.list_streams();
                }
            }
        }
    }

    fn list_streams(&mut self) {
        self.streams = self.programs.iter().flat_map(|program| program.streams.iter().cloned()).collect();
        let first = |kind| self.streams.iter().find(|stream| stream.kind == kind);
        self.lead = first(StreamKind::Video).or_else(|| first(StreamKind::Audio)).cloned();
    }
}

/// Whether a PES packet that begins here begins with something decodable, for multiplexers that do
/// not set the random-access indicator. Only what is in its first packet is seen, which is where
/// parameter sets are.
fn starts_access(stream: &StreamInfo, payload: &[u8]) -> bool {
    if stream.kind == StreamKind::Audio {
        return true;
    }
    let Some(header) = payload.get(8).map(|length| 9 + usize::from(*length)) else { return false };
    let Some(data) = payload.get(header..) else { return false };
    let mut units = data.windows(4).filter(|at| at[..3] == [0, 0, 1]).map(|at| at[3]);
    match stream.codec {
        // Sequence parameter set or IDR slice; a picture of another kind before it decides too.
        "h264" => {
            units.find_map(|unit| match unit & 0x1f {
                5 | 7 => Some(true),
                1..=4 => Some(false),
                _ => None,
            }) == Some(true)
        }
        // Parameter sets or an intra random-access picture.
        "hevc" => {
            units.find_map(|unit| match unit >> 1 & 0x3f {
                16..=23 | 32 | 33 => Some(true),
                0..=15 => Some(false),
                _ => None,
            }) == Some(true)
        }
        "mpeg1video" | "mpeg2video" => units.any(|unit| unit == 0xb3),
        _ => false,
    }
}
