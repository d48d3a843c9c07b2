//! The RTP header: RFC 3550 section 5.1, extensions by RFC 8285.

use super::Packet;
use crate::error::{Error, ErrorKind, Result};
use crate::time::Micros;

const FIXED_BYTES: usize = 12;
const ONE_BYTE_PROFILE: u16 = 0xBEDE;
const TWO_BYTE_PROFILE: u16 = 0x1000;

/// A parsed header; CSRCs and extensions are borrowed from the packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header<'a> {
    /// Marker bit.
    pub marker: bool,
    /// Payload type, 0 to 127.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// RTP timestamp.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
    csrcs: &'a [u8],
    extension: Option<(u16, &'a [u8])>,
    payload: &'a [u8],
    header_bytes: usize,
    padding_bytes: u8,
}

impl<'a> Header<'a> {
    /// Reads the header at the start of `bytes`, a whole UDP payload.
    ///
    /// # Errors
    /// `Malformed` when the version is not 2, the packet is shorter than what it announces (CSRCs,
    /// extension, padding) or longer than a UDP payload can be.
    pub fn parse(bytes: &'a [u8]) -> Result<Header<'a>> {
        Header::read(bytes, true)
    }

    /// As [`Header::parse`] for the first bytes of a packet whose end is not there: the padding is
    /// unknown and taken for payload.
    ///
    /// # Errors
    /// `Malformed` as [`Header::parse`].
    pub fn parse_prefix(bytes: &'a [u8]) -> Result<Header<'a>> {
        Header::read(bytes, false)
    }

    fn read(bytes: &'a [u8], whole: bool) -> Result<Header<'a>> {
        let short = |what: &str, need: usize| {
            Error::new(
                ErrorKind::Malformed,
                format!("rtp packet of {} bytes, {what} needs {need}", bytes.len()),
            )
        };
        let Some((fixed, rest)) = bytes.split_first_chunk::<FIXED_BYTES>() else {
            return Err(short("the fixed header", FIXED_BYTES));
        };
        if bytes.len() > usize::from(u16::MAX) {
            return Err(Error::new(
                ErrorKind::Malformed,
                format!("rtp packet of {} bytes, a datagram has at most 65535", bytes.len()),
            ));
        }
        if fixed[0] >> 6 != 2 {
            return Err(Error::new(ErrorKind::Malformed, format!("rtp version is {}, not 2", fixed[0] >> 6)));
        }
        let csrc_bytes = usize::from(fixed[0] & 0x0f) * 4;
        let Some((csrcs, mut rest)) = rest.split_at_checked(csrc_bytes) else {
            return Err(short("the csrc list", FIXED_BYTES + csrc_bytes));
        };
        let mut header_bytes = FIXED_BYTES + csrc_bytes;
        let mut extension = None;
        if fixed[0] & 0x10 != 0 {
            let Some((&[p0, p1, l0, l1], after)) = rest.split_first_chunk::<4>() else {
                return Err(short("the extension header", header_bytes + 4));
            };
            let length = usize::from(u16::from_be_bytes([l0, l1])) * 4;
            let Some((data, after)) = after.split_at_checked(length) else {
                return Err(short("the extension", header_bytes + 4 + length));
            };
            extension = Some((u16::from_be_bytes([p0, p1]), data));
            header_bytes += 4 + length;
            rest = after;
        }
        let mut padding_bytes = 0;
        if whole && fixed[0] & 0x20 != 0 {
            padding_bytes = rest.last().copied().unwrap_or(0);
            let padding = usize::from(padding_bytes);
            if padding == 0 || padding > rest.len() {
                return Err(Error::new(
                    ErrorKind::Malformed,
                    format!("rtp padding of {padding} bytes, {} after the header", rest.len()),
                ));
            }
            rest = &rest[..rest.len() - padding];
        }
        Ok(Header {
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7f,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            csrcs,
            extension,
            payload: rest,
            header_bytes,
            padding_bytes,
        })
    }

    /// The contributing sources, at most 15.
    pub fn csrcs(&self) -> impl Iterator<Item = u32> + 'a {
        self.csrcs.chunks_exact(4).map(|c| u32::from_be_bytes([c[0], c[1], c[2], c[3]]))
    }

    /// The payload without padding.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Fixed header, CSRCs and extension.
    pub fn header_bytes(&self) -> usize {
        self.header_bytes
    }

    /// Padding at the end, its count byte included.
    pub fn padding_bytes(&self) -> u8 {
        self.padding_bytes
    }

    /// The extension's profile field and its bytes, if there is one.
    pub fn raw_extension(&self) -> Option<(u16, &'a [u8])> {
        self.extension
    }

    /// The elements of a one-byte or two-byte extension (RFC 8285); none for another profile. An
    /// element that claims more than there is ends the list.
    pub fn extensions(&self) -> Extensions<'a> {
        let (two_byte, rest): (bool, &'a [u8]) = match self.extension {
            Some((ONE_BYTE_PROFILE, data)) => (false, data),
            Some((profile, data)) if profile & 0xfff0 == TWO_BYTE_PROFILE => (true, data),
            _ => (false, &[]),
        };
        Extensions { two_byte, rest }
    }

    /// What the statistics need.
    pub fn packet(&self, arrival_us: Micros, flags: u8) -> Packet {
        let wire = self.header_bytes + self.payload.len() + usize::from(self.padding_bytes);
        Packet {
            arrival_us,
            ssrc: self.ssrc,
            rtp_timestamp: self.timestamp,
            sequence: self.sequence,
            wire_bytes: wire as u16,
            header_bytes: self.header_bytes as u16,
            payload_type: self.payload_type,
            padding_bytes: self.padding_bytes,
            flags: flags | if self.marker { Packet::MARKER } else { 0 },
        }
    }
}

/// One element of a header extension.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Extension<'a> {
    /// The negotiated id: 1 to 14, or 1 to 255 in the two-byte form.
    pub id: u8,
    /// The element's bytes.
    pub data: &'a [u8],
}

/// Iterates over the elements of a header extension.
#[derive(Clone, Debug)]
pub struct Extensions<'a> {
    two_byte: bool,
    rest: &'a [u8],
}

impl<'a> Iterator for Extensions<'a> {
    type Item = Extension<'a>;

    fn next(&mut self) -> Option<Extension<'a>> {
        // Bytes of zero between elements are padding.
        while let Some((0, rest)) = self.rest.split_first() {
            self.rest = rest;
        }
        let (&first, rest) = self.rest.split_first()?;
        let (id, length, rest) = if self.two_byte {
            let (&length, rest) = rest.split_first()?;
            (first, usize::from(length), rest)
        } else {
            // Id 15 means stop reading, whatever follows (RFC 8285 section 4.2).
            if first >> 4 == 15 {
                self.rest = &[];
                return None;
            }
            (first >> 4, usize::from(first & 0x0f) + 1, rest)
        };
        let Some((data, rest)) = rest.split_at_checked(length) else {
            self.rest = &[];
            return None;
        };
        self.rest = rest;
        Some(Extension { id, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(first: u8) -> Vec<u8> {
        vec![first, 0x80 | 96, 0x12, 0x34, 0, 0, 0, 9, 0xde, 0xad, 0xbe, 0xef]
    }

    #[test]
    fn everything_at_once() {
        let mut bytes = header(0x80 | 0x20 | 0x10 | 2);
        bytes.extend([0, 0, 0, 1, 0, 0, 0, 2]);
        bytes.extend([0xbe, 0xde, 0, 2, 0x10, 0xaa, 0, 0x31, 0xb0, 0xb1, 0, 0]);
        bytes.extend([1, 2, 3, 0, 0, 3]);
        let parsed = Header::parse(&bytes).unwrap();
        assert_eq!(parsed.csrcs().collect::<Vec<_>>(), [1, 2]);
        let elements: Vec<_> = parsed.extensions().map(|e| (e.id, e.data.to_vec())).collect();
        assert_eq!(elements, [(1, vec![0xaa]), (3, vec![0xb0, 0xb1])]);
        assert_eq!(parsed.payload(), [1, 2, 3]);
        let packet = parsed.packet(7, Packet::KEYFRAME);
        assert_eq!((packet.wire_bytes, packet.header_bytes, packet.padding_bytes), (38, 32, 3));
        assert_eq!((packet.sequence, packet.ssrc, packet.payload_type), (0x1234, 0xdead_beef, 96));
        assert_eq!(packet.flags, Packet::MARKER | Packet::KEYFRAME);
        assert_eq!(packet.payload_bytes(), 3);
    }

    #[test]
    fn two_byte_extensions_may_be_empty() {
        let mut bytes = header(0x90);
        bytes.extend([0x10, 0, 0, 2, 5, 0, 200, 2, 7, 8, 0, 0]);
        let parsed = Header::parse(&bytes).unwrap();
        let elements: Vec<_> = parsed.extensions().map(|e| (e.id, e.data.to_vec())).collect();
        assert_eq!(elements, [(5, vec![]), (200, vec![7, 8])]);
    }

    #[test]
    fn elements_that_lie_end_the_list() {
        for data in [[0x1f, 1, 2, 3], [0xf0, 1, 2, 3]] {
            let mut bytes = header(0x90);
            bytes.extend([0xbe, 0xde, 0, 1]);
            bytes.extend(data);
            assert_eq!(Header::parse(&bytes).unwrap().extensions().count(), 0);
        }
    }

    #[test]
    fn every_truncation_is_refused_or_shorter() {
        let mut bytes = header(0x80 | 0x20 | 0x10 | 1);
        bytes.extend([0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x10, 1, 0, 0, 9, 9, 2]);
        assert!(Header::parse(&bytes).is_ok());
        for n in 0..24 {
            assert_eq!(Header::parse(&bytes[..n]).unwrap_err().kind(), ErrorKind::Malformed, "{n}");
        }
        let mut no_room = header(0xa0);
        assert!(Header::parse(&no_room).is_err());
        no_room.push(0);
        assert!(Header::parse(&no_room).is_err());
        assert!(Header::parse(&header(0x40)).is_err());
        assert!(Header::parse(&vec![0x80; 70_000]).is_err());
    }
}
