//! UDP datagrams out of capture files: pcap and pcapng, of either byte order, over Ethernet (with
//! VLAN tags), loopback, raw IP and Linux cooked links, IPv4 and IPv6.

use crate::error::{Error, ErrorKind, Result};
use crate::time::Micros;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// One UDP datagram of a capture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Datagram<'a> {
    /// Capture time; 0 where the file has none (simple packets of pcapng).
    pub at_us: Micros,
    /// Where it came from.
    pub source: SocketAddr,
    /// Where it went.
    pub destination: SocketAddr,
    /// The UDP payload as far as it was captured.
    pub payload: &'a [u8],
    /// The UDP payload's length on the wire.
    pub wire_bytes: u16,
}

/// What was in a capture besides UDP datagrams.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CaptureCounts {
    /// Captured packets of any kind.
    pub packets: u64,
    /// UDP datagrams.
    pub datagrams: u64,
    /// Packets of other protocols or link types.
    pub other: u64,
    /// IP fragments; they are not put together.
    pub fragments: u64,
    /// Packets whose headers are cut off or contradict themselves.
    pub malformed: u64,
    /// Whether the file ends within a packet.
    pub truncated: bool,
}

/// Most interfaces that one section of a pcapng file may describe.
const MAX_INTERFACES: usize = 4096;

/// Iterates over the UDP datagrams of a capture held in memory.
#[derive(Clone, Debug)]
pub struct Capture<'a> {
    rest: &'a [u8],
    format: Format,
    counts: CaptureCounts,
}

#[derive(Clone, Debug)]
enum Format {
    Pcap { big_endian: bool, nanos: bool, link: u32 },
    PcapNg { big_endian: bool, interfaces: Vec<Interface> },
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: u32,
    /// Ticks per second of its timestamps.
    ticks_per_s: u64,
    offset_s: i64,
    snap_bytes: u32,
}

impl<'a> Capture<'a> {
    /// Opens a capture file held in memory.
    ///
    /// # Errors
    /// `Malformed` when it is neither pcap nor pcapng.
    pub fn new(bytes: &'a [u8]) -> Result<Capture<'a>> {
        let not_a_capture = || Error::new(ErrorKind::Malformed, "neither a pcap nor a pcapng file");
        let magic = *bytes.first_chunk::<4>().ok_or_else(not_a_capture)?;
        let (rest, format) = if magic == [0x0a, 0x0d, 0x0d, 0x0a] {
            (bytes, Format::PcapNg { big_endian: false, interfaces: Vec::new() })
        } else {
            let (big_endian, nanos) = match magic {
                [0xd4, 0xc3, 0xb2, 0xa1] => (false, false),
                [0xa1, 0xb2, 0xc3, 0xd4] => (true, false),
                [0x4d, 0x3c, 0xb2, 0xa1] => (false, true),
                [0xa1, 0xb2, 0x3c, 0x4d] => (true, true),
                [0x1f, 0x8b, ..] => {
                    return Err(Error::new(ErrorKind::Malformed, "compressed by gzip: decompress it first"));
                }
                _ => return Err(not_a_capture()),
            };
            let header = bytes.first_chunk::<24>().ok_or_else(|| {
                Error::new(
                    ErrorKind::Malformed,
                    format!("pcap file of {} bytes, its header has 24", bytes.len()),
                )
            })?;
            // The upper bits tell about frame check sequences.
            let link = u32_at(header, 20, big_endian).unwrap_or(0) & 0x03ff_ffff;
            (&bytes[24..], Format::Pcap { big_endian, nanos, link })
        };
        Ok(Capture { rest, format, counts: CaptureCounts::default() })
    }

    /// What was read so far.
    pub fn counts(&self) -> CaptureCounts {
        self.counts
    }

    /// The next captured packet: link type, time and bytes. `None` at the end, or where the file
    /// breaks off or stops making sense.
    fn next_packet(&mut self) -> Option<(u32, Micros, &'a [u8])> {
        match &mut self.format {
            Format::Pcap { big_endian, nanos, link } => {
                if self.rest.is_empty() {
                    return None;
                }
                let found = (|| {
                    let seconds = u32_at(self.rest, 0, *big_endian)?;
                    let fraction = u32_at(self.rest, 4, *big_endian)?;
                    let captured = u32_at(self.rest, 8, *big_endian)? as usize;
                    let (bytes, rest) = self.rest.get(16..)?.split_at_checked(captured)?;
                    let fraction_us = if *nanos { fraction / 1000 } else { fraction };
                    Some((i64::from(seconds) * 1_000_000 + i64::from(fraction_us), bytes, rest))
                })();
                let Some((at_us, bytes, rest)) = found else {
                    self.counts.truncated = true;
                    self.rest = &[];
                    return None;
                };
                self.rest = rest;
                Some((*link, at_us, bytes))
            }
            Format::PcapNg { .. } => self.next_block(),
        }
    }

    fn next_block(&mut self) -> Option<(u32, Micros, &'a [u8])> {
        let Format::PcapNg { big_endian, interfaces } = &mut self.format else { return None };
        loop {
            if self.rest.is_empty() {
                return None;
            }
            if self.rest.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
                *big_endian = self.rest.get(8..12) == Some(&[0x1a, 0x2b, 0x3c, 0x4d]);
                interfaces.clear();
            }
            let block = u32_at(self.rest, 4, *big_endian)
                .map(|length| length as usize)
                .filter(|length| *length >= 12 && length % 4 == 0)
                .and_then(|length| self.rest.split_at_checked(length));
            let Some((block, rest)) = block else {
                self.counts.truncated = true;
                self.rest = &[];
                return None;
            };
            self.rest = rest;
            let body = &block[8..block.len() - 4];
            let big = *big_endian;
            let found = match u32_at(block, 0, big)? {
                1 => {
                    if interfaces.len() < MAX_INTERFACES
                        && let Some(interface) = Interface::parse(body, big)
                    {
                        interfaces.push(interface);
                    }
                    continue;
                }
                // Enhanced packet.
                6 => packet_block(body, u32_at(body, 0, big), 20, interfaces, big),
                // Packet, obsolete: a 16-bit interface and a drop count.
                2 => packet_block(body, u16_at(body, 0, big).map(u32::from), 20, interfaces, big),
                // Simple packet: the first interface, no time.
                3 => interfaces.first().and_then(|interface| {
                    let original = u32_at(body, 0, big)?;
                    let limit = if interface.snap_bytes == 0 { u32::MAX } else { interface.snap_bytes };
                    let bytes = body.get(4..)?;
                    Some((interface.link, 0, &bytes[..bytes.len().min(original.min(limit) as usize)]))
                }),
                _ => continue,
            };
            match found {
                Some(found) => return Some(found),
                None => {
                    self.counts.packets += 1;
                    self.counts.malformed += 1;
                }
            }
        }
    }
}

impl<'a> Iterator for Capture<'a> {
    type Item = Datagram<'a>;

    fn next(&mut self) -> Option<Datagram<'a>> {
        loop {
            let (link, at_us, bytes) = self.next_packet()?;
            self.counts.packets += 1;
            let found = network_layer(link, bytes).and_then(|(version, ip)| match version {
                4 => ipv4(ip),
                _ => ipv6(ip),
            });
            match found {
                Ok(udp) => {
                    self.counts.datagrams += 1;
                    return Some(Datagram {
                        at_us,
                        source: udp.source,
                        destination: udp.destination,
                        payload: udp.payload,
                        wire_bytes: udp.wire_bytes,
                    });
                }
                Err(Skip::Other) => self.counts.other += 1,
                Err(Skip::Fragment) => self.counts.fragments += 1,
                Err(Skip::Malformed) => self.counts.malformed += 1,
            }
        }
    }
}

impl Interface {
    fn parse(body: &[u8], big: bool) -> Option<Interface> {
        let mut interface = Interface {
            link: u32::from(u16_at(body, 0, big)?),
            ticks_per_s: 1_000_000,
            offset_s: 0,
            snap_bytes: u32_at(body, 4, big)?,
        };
        let mut options = body.get(8..)?;
        while let (Some(code), Some(length)) = (u16_at(options, 0, big), u16_at(options, 2, big)) {
            let Some(value) = options.get(4..4 + usize::from(length)) else { break };
            match (code, value) {
                (0, _) => break,
                // if_tsresol: a power of ten, or of two with the high bit set.
                (9, &[resolution]) => {
                    let exponent = u32::from(resolution & 0x7f);
                    let base: u64 = if resolution & 0x80 == 0 { 10 } else { 2 };
                    interface.ticks_per_s = base.checked_pow(exponent)?;
                }
                // if_tsoffset, in seconds.
                (14, value) => {
                    if let Some(bytes) = value.first_chunk::<8>() {
                        interface.offset_s =
                            if big { i64::from_be_bytes(*bytes) } else { i64::from_le_bytes(*bytes) };
                    }
                }
                _ => {}
            }
            options = options.get(4 + usize::from(length).next_multiple_of(4)..).unwrap_or(&[]);
        }
        Some(interface)
    }

    fn micros(&self, ticks: u64) -> Micros {
        let us = u128::from(ticks) * 1_000_000 / u128::from(self.ticks_per_s);
        i64::try_from(us).unwrap_or(i64::MAX).saturating_add(self.offset_s.saturating_mul(1_000_000))
    }
}

fn packet_block<'a>(
    body: &'a [u8],
    interface: Option<u32>,
    data_at: usize,
    interfaces: &[Interface],
    big: bool,
) -> Option<(u32, Micros, &'a [u8])> {
    let interface = interfaces.get(interface? as usize)?;
    let ticks = u64::from(u32_at(body, 4, big)?) << 32 | u64::from(u32_at(body, 8, big)?);
    let captured = u32_at(body, 12, big)? as usize;
    let bytes = body.get(data_at..)?.get(..captured)?;
    Some((interface.link, interface.micros(ticks), bytes))
}

/// Why a packet holds no datagram for us.
enum Skip {
    Other,
    Fragment,
    Malformed,
}

/// IP version and bytes behind a link-layer header.
fn network_layer(link: u32, bytes: &[u8]) -> std::result::Result<(u8, &[u8]), Skip> {
    let by_ether_type = |ether_type: u16, rest| match ether_type {
        0x0800 => Ok((4, rest)),
        0x86dd => Ok((6, rest)),
        _ => Err(Skip::Other),
    };
    let by_version = |rest: &'_ [u8]| rest.first().map(|first| first >> 4);
    match link {
        // Ethernet, with any number of VLAN tags.
        1 => {
            let mut at = 12;
            loop {
                let ether_type = u16_at(bytes, at, true).ok_or(Skip::Malformed)?;
                if !matches!(ether_type, 0x8100 | 0x88a8 | 0x9100) {
                    return by_ether_type(ether_type, &bytes[at + 2..]);
                }
                at += 4;
            }
        }
        // BSD loopback: the address family in the byte order of the host, or in network order.
        0 | 108 => {
            let rest = bytes.get(4..).ok_or(Skip::Malformed)?;
            match by_version(rest) {
                Some(version @ (4 | 6)) => Ok((version, rest)),
                _ => Err(Skip::Other),
            }
        }
        // Raw IP, in its several numbers.
        12 | 14 | 101 | 228 | 229 => match by_version(bytes).ok_or(Skip::Malformed)? {
            version @ (4 | 6) => Ok((version, bytes)),
            _ => Err(Skip::Other),
        },
        // Linux cooked, versions 1 and 2.
        113 => {
            let ether_type = u16_at(bytes, 14, true).ok_or(Skip::Malformed)?;
            by_ether_type(ether_type, &bytes[16..])
        }
        276 => {
            let ether_type = u16_at(bytes, 0, true).ok_or(Skip::Malformed)?;
            by_ether_type(ether_type, bytes.get(20..).ok_or(Skip::Malformed)?)
        }
        _ => Err(Skip::Other),
    }
}

struct Udp<'a> {
    source: SocketAddr,
    destination: SocketAddr,
    payload: &'a [u8],
    wire_bytes: u16,
}

fn ipv4(bytes: &[u8]) -> std::result::Result<Udp<'_>, Skip> {
    let header = bytes.first_chunk::<20>().ok_or(Skip::Malformed)?;
    let header_bytes = usize::from(header[0] & 0x0f) * 4;
    if header[0] >> 4 != 4 || header_bytes < 20 {
        return Err(Skip::Malformed);
    }
    if header[9] != 17 {
        return Err(Skip::Other);
    }
    // More fragments, or not the first.
    if u16::from_be_bytes([header[6], header[7]]) & 0x3fff != 0 {
        return Err(Skip::Fragment);
    }
    let address =
        |at: usize| IpAddr::V4(Ipv4Addr::new(header[at], header[at + 1], header[at + 2], header[at + 3]));
    udp(bytes.get(header_bytes..).ok_or(Skip::Malformed)?, address(12), address(16))
}

fn ipv6(bytes: &[u8]) -> std::result::Result<Udp<'_>, Skip> {
    let header = bytes.first_chunk::<40>().ok_or(Skip::Malformed)?;
    if header[0] >> 4 != 6 {
        return Err(Skip::Malformed);
    }
    let address = |at: usize| {
        let mut octets = [0; 16];
        octets.copy_from_slice(&header[at..at + 16]);
        IpAddr::V6(Ipv6Addr::from(octets))
    };
    let (mut next, mut rest) = (header[6], &bytes[40..]);
    loop {
        match next {
            17 => return udp(rest, address(8), address(24)),
            44 => return Err(Skip::Fragment),
            // Hop-by-hop, routing, destination options.
            0 | 43 | 60 => {
                let &[after, length] = rest.first_chunk::<2>().ok_or(Skip::Malformed)?;
                next = after;
                rest = rest.get((usize::from(length) + 1) * 8..).ok_or(Skip::Malformed)?;
            }
            _ => return Err(Skip::Other),
        }
    }
}

fn udp(bytes: &[u8], source: IpAddr, destination: IpAddr) -> std::result::Result<Udp<'_>, Skip> {
    let header = bytes.first_chunk::<8>().ok_or(Skip::Malformed)?;
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let wire_bytes = word(4).checked_sub(8).ok_or(Skip::Malformed)?;
    let captured = &bytes[8..];
    Ok(Udp {
        source: SocketAddr::new(source, word(0)),
        destination: SocketAddr::new(destination, word(2)),
        payload: &captured[..captured.len().min(usize::from(wire_bytes))],
        wire_bytes,
    })
}

fn u16_at(bytes: &[u8], at: usize, big: bool) -> Option<u16> {
    let word = *bytes.get(at..)?.first_chunk::<2>()?;
    Some(if big { u16::from_be_bytes(word) } else { u16::from_le_bytes(word) })
}

fn u32_at(bytes: &[u8], at: usize, big: bool) -> Option<u32> {
    let word = *bytes.get(at..)?.first_chunk::<4>()?;
    Some(if big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An IPv4 packet with one UDP datagram from 10.0.0.1:7 to 10.0.0.2:9.
    fn ipv4_packet(payload: &[u8]) -> Vec<u8> {
        let mut ip =
            vec![0x45, 0, 0, 28 + payload.len() as u8, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        ip.extend([0, 7, 0, 9, 0, 8 + payload.len() as u8, 0, 0]);
        ip.extend(payload);
        ip
    }

    fn ipv6_packet(payload: &[u8]) -> Vec<u8> {
        let mut ip = vec![0x60, 0, 0, 0, 0, 16 + payload.len() as u8, 0, 64];
        ip.extend([0; 15]);
        ip.push(1);
        ip.extend([0; 15]);
        ip.push(2);
        // A hop-by-hop header before the datagram.
        ip.extend([17, 0, 1, 4, 0, 0, 0, 0]);
        ip.extend([0, 7, 0, 9, 0, 8 + payload.len() as u8, 0, 0]);
        ip.extend(payload);
        ip
    }

    fn framed(link: u32, ip: &[u8]) -> Vec<u8> {
        let ether_type: [u8; 2] = if ip[0] >> 4 == 4 { [8, 0] } else { [0x86, 0xdd] };
        let mut bytes = match link {
            1 => [&[0; 12][..], &[0x81, 0, 0, 5], &ether_type].concat(),
            0 => vec![2, 0, 0, 0],
            113 => [&[0; 14][..], &ether_type].concat(),
            276 => [&ether_type[..], &[0; 18]].concat(),
            _ => vec![],
        };
        bytes.extend(ip);
        bytes
    }

    fn pcap(link: u32, packets: &[Vec<u8>]) -> Vec<u8> {
        let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
        file.extend(link.to_le_bytes());
        for (i, packet) in packets.iter().enumerate() {
            file.extend(1u32.to_le_bytes());
            file.extend((i as u32).to_le_bytes());
            file.extend((packet.len() as u32).to_le_bytes());
            file.extend((packet.len() as u32).to_le_bytes());
            file.extend(packet);
        }
        file
    }

    fn block(kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let length = (padded as u32 + 12).to_be_bytes();
        let mut out = [&kind.to_be_bytes()[..], &length, body].concat();
        out.resize(8 + padded, 0);
        out.extend(length);
        out
    }

    fn pcapng(packet: &[u8]) -> Vec<u8> {
        let section = [&[0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0][..], &[0xff; 8]].concat();
        // Link type 101, nanoseconds.
        let interface = [0, 101, 0, 0, 0, 0, 0xff, 0xff, 0, 9, 0, 1, 9, 0, 0, 0, 0, 0, 0, 0];
        let length = (packet.len() as u32).to_be_bytes();
        let ticks = 1_500_000_001_234u64.to_be_bytes();
        let enhanced = [&[0; 4][..], &ticks, &length, &length, packet].concat();
        let simple = [&length[..], packet].concat();
        [
            block(0x0a0d_0d0a, &section),
            block(1, &interface),
            block(6, &enhanced),
            block(5, &[]),
            block(3, &simple),
        ]
        .concat()
    }

    #[test]
    fn every_link_type_and_both_versions() {
        for link in [0, 1, 101, 113, 276] {
            let packets = [framed(link, &ipv4_packet(b"abc")), framed(link, &ipv6_packet(b"defg"))];
            let file = pcap(link, &packets);
            let found: Vec<_> = Capture::new(&file).unwrap().collect();
            assert_eq!(found.len(), 2, "{link}");
            assert_eq!((found[0].payload, found[1].payload), (&b"abc"[..], &b"defg"[..]));
            assert_eq!((found[0].at_us, found[1].at_us), (1_000_000, 1_000_001));
            assert_eq!(found[0].source.to_string(), "10.0.0.1:7");
            assert_eq!(found[1].destination.to_string(), "[::2]:9");
        }
    }

    #[test]
    fn pcapng_with_nanoseconds_and_simple_packets() {
        let file = pcapng(&ipv4_packet(b"abc"));
        let found: Vec<_> = Capture::new(&file).unwrap().map(|d| (d.at_us, d.payload)).collect();
        assert_eq!(found, [(1_500_000_001, &b"abc"[..]), (0, b"abc")]);
    }

    #[test]
    fn what_is_no_datagram_is_counted() {
        let mut tcp = ipv4_packet(b"");
        tcp[9] = 6;
        let mut fragment = ipv4_packet(b"");
        fragment[6] = 0x20;
        let packets = [tcp, fragment, vec![0x45], ipv4_packet(b"x")];
        let file = pcap(101, &packets);
        let mut capture = Capture::new(&file[..file.len() - 1]).unwrap();
        assert_eq!(capture.by_ref().count(), 0);
        let expected =
            CaptureCounts { packets: 3, datagrams: 0, other: 1, fragments: 1, malformed: 1, truncated: true };
        assert_eq!(capture.counts(), expected);
        assert!(Capture::new(b"GIF89a").is_err() && Capture::new(b"").is_err());
        assert!(Capture::new(&file[..23]).is_err());
    }

    #[test]
    fn no_cut_and_no_flipped_byte_panics() {
        for file in [pcap(1, &[framed(1, &ipv6_packet(b"abcdefgh"))]), pcapng(&ipv4_packet(b"abcdefgh"))] {
            for n in 0..file.len() {
                let _ = Capture::new(&file[..n]).map(|capture| capture.count());
                for flip in [0xff, 0x80, 1] {
                    let mut bad = file.clone();
                    bad[n] ^= flip;
                    let _ = Capture::new(&bad).map(|capture| capture.count());
                }
            }
        }
    }
}
