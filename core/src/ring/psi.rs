//! MPEG-TS tables (ISO/IEC 13818-1, 2.4.4): sections out of packets, PAT and PMT out of sections,
//! and the streams they announce.

/// One elementary stream of a transport stream, as its program's map announces it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct StreamInfo {
    /// Packet identifier, 13 bits.
    pub pid: u16,
    /// Number of the program it belongs to.
    pub program: u16,
    /// `stream_type` as it stands in the map.
    pub stream_type: u8,
    /// What it carries.
    pub kind: StreamKind,
    /// Name of the codec as ffprobe has it, such as `h264` or `aac`; `unknown` when the map does
    /// not say.
    pub codec: &'static str,
    /// ISO 639 language code, if one is given.
    pub language: Option<String>,
}

/// What an elementary stream carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[repr(i32)]
pub enum StreamKind {
    /// Pictures.
    Video = 1,
    /// Sound.
    Audio = 2,
    /// Subtitles or teletext.
    Subtitle = 3,
    /// Anything else.
    Data = 4,
}

/// Association and map sections are not longer: section_length is at most 1021.
const MAX_SECTION_BYTES: usize = 1021 + 3;
/// Header and check sum of the sections that are read here.
const MIN_SECTION_BYTES: usize = 12;
/// Programs beyond these are not looked at, so that a hostile table costs bounded memory.
pub(super) const MAX_PROGRAMS: usize = 32;
/// As above, for the streams of one program.
const MAX_STREAMS: usize = 64;

/// Puts sections of one PID together and keeps the packets that the last good one came in.
#[derive(Debug, Default)]
pub(super) struct Sections {
    section: Vec<u8>,
    packets: Vec<u8>,
    /// The packets of the last section that was whole and right.
    pub(super) good_packets: Vec<u8>,
}

/// What a packet brought.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Section {
    Incomplete,
    Whole(Vec<u8>),
    /// Bad check sum or impossible length.
    Bad,
}

impl Sections {
    /// Takes a packet and its payload; `starts` is its `payload_unit_start_indicator`.
    pub(super) fn packet(&mut self, packet: &[u8], payload: &[u8], starts: bool) -> Section {
        if !starts {
            if self.section.is_empty() {
                return Section::Incomplete;
            }
            self.section.extend_from_slice(payload);
            self.packets.extend_from_slice(packet);
            return self.complete();
        }
        // pointer_field: so many bytes still belong to the section before.
        let begin = 1 + usize::from(payload.first().copied().unwrap_or(0));
        let (Some(rest), Some(next)) = (payload.get(1..begin), payload.get(begin..)) else {
            return Section::Bad;
        };
        let mut before = Section::Incomplete;
        if !self.section.is_empty() && !rest.is_empty() {
            self.section.extend_from_slice(rest);
            self.packets.extend_from_slice(packet);
            before = self.complete();
        }
        self.section.clear();
        self.packets.clear();
        self.section.extend_from_slice(next);
        self.packets.extend_from_slice(packet);
        // Tables are repeated: where two end in one packet, the second is taken the next time.
        if before == Section::Incomplete { self.complete() } else { before }
    }

    fn complete(&mut self) -> Section {
        let Some(length) = self.section.get(1..3) else { return Section::Incomplete };
        let whole = 3 + (usize::from(length[0] & 0x0f) << 8 | usize::from(length[1]));
        if !(MIN_SECTION_BYTES..=MAX_SECTION_BYTES).contains(&whole) {
            self.section.clear();
            return Section::Bad;
        }
        if self.section.len() < whole {
            return Section::Incomplete;
        }
        let mut section = std::mem::take(&mut self.section);
        section.truncate(whole);
        if crc32(&section) != 0 {
            return Section::Bad;
        }
        std::mem::swap(&mut self.good_packets, &mut self.packets);
        Section::Whole(section)
    }
}

/// Programs of a program association section: number and PID of the map. `None` when the section is
/// something else or does not apply yet.
pub(super) fn programs(section: &[u8]) -> Option<Vec<(u16, u16)>> {
    let body = body(section, 0x00)?;
    let entries = body.chunks_exact(4).map(|entry| (be16(entry), be16(&entry[2..]) & 0x1fff));
    // Program 0 names the network information table.
    Some(entries.filter(|(number, _)| *number != 0).take(MAX_PROGRAMS).collect())
}

/// Streams of a program map section.
pub(super) fn streams(section: &[u8]) -> Option<Vec<StreamInfo>> {
    let program = be16(section.get(3..5)?);
    let body = body(section, 0x02)?;
    let info = usize::from(be16(body.get(2..4)?) & 0x0fff);
    let mut rest = body.get(4 + info..)?;
    let mut streams = Vec::new();
    while rest.len() >= 5 && streams.len() < MAX_STREAMS {
        let (stream_type, pid) = (rest[0], be16(&rest[1..]) & 0x1fff);
        let length = usize::from(be16(&rest[3..]) & 0x0fff);
        let descriptors = rest.get(5..5 + length)?;
        let (kind, codec) = codec(stream_type, descriptors);
        streams.push(StreamInfo { pid, program, stream_type, kind, codec, language: language(descriptors) });
        rest = &rest[5 + length..];
    }
    Some(streams)
}

/// What lies between the header of a section of table `table_id` and its check sum, when the
/// section is in force already.
fn body(section: &[u8], table_id: u8) -> Option<&[u8]> {
    let current = section.get(5)? & 1 == 1;
    if section[0] != table_id || !current { None } else { section.get(8..section.len() - 4) }
}

fn be16(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}

/// Tag and body of each descriptor.
fn descriptors(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (tag, length) = (*bytes.first()?, usize::from(*bytes.get(1)?));
        let body = bytes.get(2..2 + length)?;
        bytes = &bytes[2 + length..];
        Some((tag, body))
    })
}

fn language(bytes: &[u8]) -> Option<String> {
    let (_, body) =
        descriptors(bytes).find(|(tag, body)| matches!(tag, 0x0a | 0x59 | 0x56) && body.len() >= 3)?;
    let code = &body[..3];
    code.iter().all(u8::is_ascii_alphabetic).then(|| String::from_utf8_lossy(code).to_ascii_lowercase())
}

/// Stream types of ISO/IEC 13818-1 table 2-34 and ATSC A/53; what is private is told by descriptors
/// (ETSI EN 300 468, and the registered format identifiers).
fn codec(stream_type: u8, bytes: &[u8]) -> (StreamKind, &'static str) {
    use StreamKind::{Audio, Data, Video};
    match stream_type {
        0x01 => (Video, "mpeg1video"),
        0x02 => (Video, "mpeg2video"),
        0x03 | 0x04 => (Audio, "mp2"),
        0x0f => (Audio, "aac"),
        0x10 => (Video, "mpeg4"),
        0x11 => (Audio, "aac_latm"),
        0x15 => (Data, "timed_id3"),
        0x1b => (Video, "h264"),
        0x24 => (Video, "hevc"),
        0x33 => (Video, "vvc"),
        0x42 => (Video, "cavs"),
        0x81 => (Audio, "ac3"),
        0x82 => (Audio, "dts"),
        0x86 => (Data, "scte_35"),
        0x87 => (Audio, "eac3"),
        0xea => (Video, "vc1"),
        0x06 | 0x80.. => descriptors(bytes).find_map(private).unwrap_or((Data, "unknown")),
        _ => (Data, "unknown"),
    }
}

fn private((tag, body): (u8, &[u8])) -> Option<(StreamKind, &'static str)> {
    use StreamKind::{Audio, Data, Subtitle, Video};
    Some(match tag {
        0x05 => match body.get(..4)? {
            b"AC-3" => (Audio, "ac3"),
            b"EAC3" => (Audio, "eac3"),
            b"AC-4" => (Audio, "ac4"),
            b"Opus" => (Audio, "opus"),
            b"BSSD" => (Audio, "s302m"),
            b"DTS1" | b"DTS2" | b"DTS3" => (Audio, "dts"),
            b"HEVC" => (Video, "hevc"),
            b"AV01" => (Video, "av1"),
            b"VC-1" => (Video, "vc1"),
            b"drac" => (Video, "dirac"),
            b"KLVA" => (Data, "klv"),
            b"ID3 " => (Data, "timed_id3"),
            _ => return None,
        },
        0x56 => (Subtitle, "dvb_teletext"),
        0x59 => (Subtitle, "dvb_subtitle"),
        0x6a => (Audio, "ac3"),
        0x7a => (Audio, "eac3"),
        0x7b => (Audio, "dts"),
        0x7c => (Audio, "aac"),
        _ => return None,
    })
}

/// CRC-32/MPEG-2 over `bytes`; 0 over a section with its check sum.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(!0, |crc, byte| (crc << 8) ^ CRC[((crc >> 24) as u8 ^ byte) as usize])
}

const CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut crc = (at as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc >> 31 == 1 { (crc << 1) ^ 0x04c1_1db7 } else { crc << 1 };
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// A section of `table_id` around `body`, with its header and check sum.
    fn section(table_id: u8, id: u16, body: &[u8]) -> Vec<u8> {
        let length = (5 + body.len() + 4) as u16;
        let mut section = vec![table_id, 0xb0 | (length >> 8) as u8, length as u8];
        section.extend(id.to_be_bytes());
        section.extend([0xc1, 0, 0]);
        section.extend_from_slice(body);
        section.extend(crc32(&section).to_be_bytes());
        section
    }

    #[test]
    fn crc_has_its_published_check_value() {
        assert_eq!(crc32(b"123456789"), 0x0376_e6e7);
    }

    #[test]
    fn tables_are_read() {
        let pat = section(0, 1, &[0, 0, 0xe0, 0x10, 0, 1, 0xf0, 0x00]);
        assert_eq!(programs(&pat), Some(vec![(1, 0x1000)]));
        let mut map = vec![0xe1, 0x00, 0xf0, 0x00, 0x1b, 0xe1, 0x00, 0xf0, 0x00];
        map.extend([0x0f, 0xe1, 0x01, 0xf0, 0x06, 0x0a, 0x04, b'D', b'E', b'U', 0]);
        map.extend([0x06, 0xe1, 0x02, 0xf0, 0x06, 0x05, 0x04, b'O', b'p', b'u', b's']);
        let found = streams(&section(2, 7, &map)).unwrap();
        let names: Vec<_> = found.iter().map(|s| (s.pid, s.kind, s.codec, s.language.as_deref())).collect();
        let expected = [
            (0x100, StreamKind::Video, "h264", None),
            (0x101, StreamKind::Audio, "aac", Some("deu")),
            (0x102, StreamKind::Audio, "opus", None),
        ];
        assert_eq!(names, expected);
        assert!(found.iter().all(|stream| stream.program == 7));
    }

    #[test]
    fn a_section_may_span_packets_and_must_check() {
        let mut map = vec![0xe1, 0x00, 0xf0, 0x00];
        for pid in 0..60 {
            map.extend([0x1b, 0xe1, pid, 0xf0, 0x00]);
        }
        let whole = section(2, 1, &map);
        let (first, second) = whole.split_at(183);
        let mut sections = Sections::default();
        let payload = [&[0], first].concat();
        assert_eq!(sections.packet(b"p1", &payload, true), Section::Incomplete);
        assert_eq!(sections.packet(b"p2", second, false), Section::Whole(whole.clone()));
        assert_eq!(sections.good_packets, b"p1p2");

        let mut broken = payload.clone();
        broken[100] ^= 1;
        assert_eq!(sections.packet(b"p1", &broken, true), Section::Incomplete);
        assert_eq!(sections.packet(b"p2", second, false), Section::Bad);
        assert_eq!(sections.good_packets, b"p1p2");
        // The end of a section may come before the next one in a packet.
        assert_eq!(sections.packet(b"p1", &payload, true), Section::Incomplete);
        let joined = [&[second.len() as u8], second, &[2, 0xb0]].concat();
        assert_eq!(sections.packet(b"p2", &joined, true), Section::Whole(whole.clone()));
        assert_eq!(sections.packet(b"p1", &broken, true), Section::Incomplete);
        assert_eq!(sections.packet(b"p2", second, false), Section::Bad);
        assert_eq!(sections.packet(b"p3", second, false), Section::Incomplete, "no start was seen");
        assert_eq!(sections.packet(b"p4", &[200, 1, 2], true), Section::Bad);
        assert_eq!(sections.packet(b"p4", &[], true), Section::Bad);
        assert_eq!(sections.packet(b"p4", &[0, 2, 0xff, 0xff], true), Section::Bad);
    }

    #[test]
    fn tables_cut_anywhere_do_not_panic() {
        let map = [0xe1, 0x00, 0xf0, 0x00, 0x0f, 0xe1, 0x01, 0xf0, 0x06, 0x0a, 0x04, b'D', b'E', b'U', 0];
        let whole = section(2, 1, &map);
        for end in 8..whole.len() {
            streams(&section(2, 1, &whole[8..end]));
            programs(&section(0, 1, &whole[8..end]));
        }
    }
}
