//! RTCP: a parser for compound packets. RFC 3550 (SR, RR, SDES, BYE, APP), RFC 4585 (NACK, PLI),
//! RFC 5104 (FIR), RFC 3611 (XR: RRTR and DLRR).

use crate::error::{Error, ErrorKind, Result};

/// One packet of a compound.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Rtcp {
    /// Sender report.
    SenderReport {
        /// Who sends it.
        ssrc: u32,
        /// NTP time of the sender: seconds since 1900 in the high half, fraction in the low.
        ntp: u64,
        /// The same moment in the stream's clock.
        rtp_timestamp: u32,
        /// Packets sent, as it shows it: modulo 2^32.
        packets: u32,
        /// Payload bytes sent, modulo 2^32.
        bytes: u32,
        /// What it receives.
        reports: Vec<ReportBlock>,
    },
    /// Receiver report.
    ReceiverReport {
        /// Who sends it.
        ssrc: u32,
        /// What it receives.
        reports: Vec<ReportBlock>,
    },
    /// Goodbye.
    Bye {
        /// Sources that leave.
        ssrcs: Vec<u32>,
    },
    /// Generic NACK.
    Nack {
        /// Who asks.
        sender: u32,
        /// For packets of this SSRC.
        media: u32,
        /// How many packets are asked for.
        packets: u32,
    },
    /// Picture loss indication.
    Pli {
        /// Who asks.
        sender: u32,
        /// For a picture of this SSRC.
        media: u32,
    },
    /// Full intra request.
    Fir {
        /// Who asks.
        sender: u32,
        /// SSRC and command sequence number of each entry; a repeated number is a repeat.
        entries: Vec<(u32, u8)>,
    },
    /// Extended report: receiver reference time and delays since earlier ones.
    Extended {
        /// Who sends it.
        sender: u32,
        /// Receiver reference time, as `ntp` of a sender report.
        reference_ntp: Option<u64>,
        /// Answers to reference times of others.
        delays: Vec<Dlrr>,
    },
    /// Well-formed, and not counted: SDES, APP, transport-wide feedback, REMB and the like.
    Other {
        /// Packet type.
        packet_type: u8,
        /// Count or format field, 0 to 31.
        format: u8,
    },
}

/// What somebody receives of one source.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReportBlock {
    /// The source reported on.
    pub ssrc: u32,
    /// Fraction lost since the report before, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost in all, 24 bits with sign: negative when repeats outnumber losses.
    pub cumulative_lost: i32,
    /// Extended highest sequence number, modulo 2^32.
    pub extended_highest: u32,
    /// Interarrival jitter in ticks.
    pub jitter_ticks: u32,
    /// Middle 32 bits of the NTP time of the last sender report received; 0: none yet.
    pub last_sr: u32,
    /// Time since then, in 65,536ths of a second.
    pub delay_since_last_sr: u32,
}

impl ReportBlock {
    /// The 24 bytes of a report; cumulative lost is clamped to what 24 bits with sign can hold.
    pub fn encode(&self) -> [u8; 24] {
        let mut out = [0; 24];
        out[0..4].copy_from_slice(&self.ssrc.to_be_bytes());
        out[4..8].copy_from_slice(&clamp_lost(i64::from(self.cumulative_lost)).to_be_bytes());
        out[4] = self.fraction_lost;
        out[8..12].copy_from_slice(&self.extended_highest.to_be_bytes());
        out[12..16].copy_from_slice(&self.jitter_ticks.to_be_bytes());
        out[16..20].copy_from_slice(&self.last_sr.to_be_bytes());
        out[20..24].copy_from_slice(&self.delay_since_last_sr.to_be_bytes());
        out
    }
}

/// Cumulative loss as a report can show it: 24 bits with sign, clamped.
pub const fn clamp_lost(lost: i64) -> i32 {
    if lost > 0x7f_ffff {
        0x7f_ffff
    } else if lost < -0x80_0000 {
        -0x80_0000
    } else {
        lost as i32
    }
}

/// One answer in a DLRR block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Dlrr {
    /// Whose reference time is answered.
    pub ssrc: u32,
    /// Middle 32 bits of that time; 0: none yet.
    pub last_rr: u32,
    /// Time since then, in 65,536ths of a second.
    pub delay_since_last_rr: u32,
}

/// What a compound packet holds: everything up to its end or up to the first malformed part.
#[derive(Clone, Debug, PartialEq)]
pub struct Compound {
    /// The packets before anything malformed.
    pub packets: Vec<Rtcp>,
    /// What was wrong with the rest.
    pub error: Option<Error>,
}

/// Whether a datagram is RTCP rather than RTP, when both share a port (RFC 5761 section 4).
pub const fn is_rtcp(bytes: &[u8]) -> bool {
    bytes.len() >= 4 && bytes[0] >> 6 == 2 && bytes[1] >= 192 && bytes[1] <= 223
}

/// Parses a compound packet, or a reduced-size one (RFC 5506). A malformed part does not take away
/// what stands before it.
pub fn parse(bytes: &[u8]) -> Compound {
    let mut compound = Compound { packets: Vec::new(), error: None };
    let mut rest = bytes;
    if rest.is_empty() {
        compound.error = Some(malformed("empty rtcp packet"));
    }
    while !rest.is_empty() {
        match parse_one(rest) {
            Ok((packet, after)) => {
                compound.packets.push(packet);
                rest = after;
            }
            Err(error) => {
                compound.error = Some(error);
                break;
            }
        }
    }
    compound
}

fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Malformed, message)
}

fn parse_one(bytes: &[u8]) -> Result<(Rtcp, &[u8])> {
    let Some((&[first, packet_type, l0, l1], _)) = bytes.split_first_chunk::<4>() else {
        return Err(malformed(format!("{} bytes left, an rtcp header needs 4", bytes.len())));
    };
    if first >> 6 != 2 {
        return Err(malformed(format!("rtcp version is {}, not 2", first >> 6)));
    }
    let length = 4 + usize::from(u16::from_be_bytes([l0, l1])) * 4;
    let Some((whole, after)) = bytes.split_at_checked(length) else {
        return Err(malformed(format!("rtcp packet announces {length} bytes, {} left", bytes.len())));
    };
    let mut body = &whole[4..];
    if first & 0x20 != 0 {
        let padding = usize::from(body.last().copied().unwrap_or(0));
        if padding == 0 || padding > body.len() || padding % 4 != 0 {
            return Err(malformed(format!("rtcp padding of {padding} bytes in {}", body.len())));
        }
        body = &body[..body.len() - padding];
    }
    let format = first & 0x1f;
    let mut words = Words(body);
    let packet = match (packet_type, format) {
        (200, count) => Rtcp::SenderReport {
            ssrc: words.u32()?,
            ntp: u64::from(words.u32()?) << 32 | u64::from(words.u32()?),
            rtp_timestamp: words.u32()?,
            packets: words.u32()?,
            bytes: words.u32()?,
            reports: words.reports(count)?,
        },
        (201, count) => Rtcp::ReceiverReport { ssrc: words.u32()?, reports: words.reports(count)? },
        (203, count) => Rtcp::Bye { ssrcs: (0..count).map(|_| words.u32()).collect::<Result<_>>()? },
        (205, 1) => {
            let (sender, media) = (words.u32()?, words.u32()?);
            let mut packets = 0;
            while !words.0.is_empty() {
                // A packet id and a mask of 16 that follow it.
                packets += 1 + (words.u32()? & 0xffff).count_ones();
            }
            Rtcp::Nack { sender, media, packets }
        }
        (206, 1) => Rtcp::Pli { sender: words.u32()?, media: words.u32()? },
        (206, 4) => {
            let sender = words.u32()?;
            words.u32()?;
            let mut entries = Vec::with_capacity(words.0.len() / 8);
            while !words.0.is_empty() {
                entries.push((words.u32()?, (words.u32()? >> 24) as u8));
            }
            Rtcp::Fir { sender, entries }
        }
        (207, _) => extended(&mut words)?,
        _ => Rtcp::Other { packet_type, format },
    };
    Ok((packet, after))
}

fn extended(words: &mut Words<'_>) -> Result<Rtcp> {
    let sender = words.u32()?;
    let (mut reference_ntp, mut delays) = (None, Vec::new());
    while !words.0.is_empty() {
        let head = words.u32()?;
        let length = (head & 0xffff) as usize * 4;
        let Some((block, rest)) = words.0.split_at_checked(length) else {
            return Err(malformed(format!("xr block announces {length} bytes, {} left", words.0.len())));
        };
        words.0 = rest;
        let mut block = Words(block);
        match head >> 24 {
            4 => reference_ntp = Some(u64::from(block.u32()?) << 32 | u64::from(block.u32()?)),
            5 => {
                while !block.0.is_empty() {
                    delays.push(Dlrr {
                        ssrc: block.u32()?,
                        last_rr: block.u32()?,
                        delay_since_last_rr: block.u32()?,
                    });
                }
            }
            _ => {}
        }
    }
    Ok(Rtcp::Extended { sender, reference_ntp, delays })
}

/// Reads 32-bit words from what is left of a packet.
struct Words<'a>(&'a [u8]);

impl Words<'_> {
    fn u32(&mut self) -> Result<u32> {
        let Some((word, rest)) = self.0.split_first_chunk::<4>() else {
            return Err(malformed("rtcp packet ends within a field"));
        };
        self.0 = rest;
        Ok(u32::from_be_bytes(*word))
    }

    fn reports(&mut self, count: u8) -> Result<Vec<ReportBlock>> {
        (0..count)
            .map(|_| {
                let ssrc = self.u32()?;
                let loss = self.u32()?;
                Ok(ReportBlock {
                    ssrc,
                    fraction_lost: (loss >> 24) as u8,
                    // Sign-extends the low 24 bits.
                    cumulative_lost: (loss << 8) as i32 >> 8,
                    extended_highest: self.u32()?,
                    jitter_ticks: self.u32()?,
                    last_sr: self.u32()?,
                    delay_since_last_sr: self.u32()?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(lost: i32) -> ReportBlock {
        ReportBlock {
            ssrc: 9,
            fraction_lost: 200,
            cumulative_lost: lost,
            extended_highest: 70_000,
            jitter_ticks: 55,
            last_sr: 0x1234_5678,
            delay_since_last_sr: 65_536,
        }
    }

    fn receiver_report(lost: i32) -> Vec<u8> {
        let mut bytes = vec![0x81, 201, 0, 7, 0, 0, 0, 1];
        bytes.extend(block(lost).encode());
        bytes
    }

    #[test]
    fn loss_has_a_sign_in_and_is_clamped_out() {
        for (lost, shown) in [(-1, -1), (5, 5), (i32::MAX, 0x7f_ffff), (i32::MIN, -0x80_0000)] {
            let compound = parse(&receiver_report(lost));
            let expected = ReportBlock { cumulative_lost: shown, ..block(0) };
            assert_eq!(compound.packets, [Rtcp::ReceiverReport { ssrc: 1, reports: vec![expected] }]);
        }
    }

    #[test]
    fn a_compound_of_everything() {
        let mut bytes = vec![0x80, 200, 0, 6, 0, 0, 0, 1, 1, 0, 0, 0, 2, 0, 0, 0];
        bytes.extend([0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5]);
        bytes.extend([0x81, 202, 0, 2, 0, 0, 0, 1, 1, 1, b'a', 0]);
        bytes.extend([0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 7, 0x80, 1]);
        bytes.extend([0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]);
        bytes.extend([0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 9, 0, 0, 0]);
        bytes.extend([0x80, 207, 0, 8, 0, 0, 0, 1, 4, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]);
        bytes.extend([5, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 6, 0, 1, 0, 0]);
        bytes.extend([0xa1, 203, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4]);
        let compound = parse(&bytes);
        assert_eq!(compound.error, None);
        let dlrr = Dlrr { ssrc: 1, last_rr: 6, delay_since_last_rr: 65_536 };
        assert_eq!(
            compound.packets,
            [
                Rtcp::SenderReport {
                    ssrc: 1,
                    ntp: 0x0100_0000_0200_0000,
                    rtp_timestamp: 3,
                    packets: 4,
                    bytes: 5,
                    reports: vec![],
                },
                Rtcp::Other { packet_type: 202, format: 1 },
                Rtcp::Nack { sender: 1, media: 2, packets: 3 },
                Rtcp::Pli { sender: 1, media: 2 },
                Rtcp::Fir { sender: 1, entries: vec![(2, 9)] },
                Rtcp::Extended { sender: 1, reference_ntp: Some(0x1_0000_0002), delays: vec![dlrr] },
                Rtcp::Bye { ssrcs: vec![1] },
            ]
        );
        // Whatever is cut off, what stood before stays.
        for n in 0..bytes.len() {
            let cut = parse(&bytes[..n]);
            assert!(compound.packets.starts_with(&cut.packets), "{n}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_once() {
        for bytes in [
            &[][..],
            &[0x80, 200, 0],
            &[0x40, 200, 0, 0],
            &[0x80, 201, 0, 9, 0, 0, 0, 0],
            &[0x82, 201, 0, 1, 0, 0, 0, 0],
            &[0xa0, 201, 0, 1, 0, 0, 0, 7],
            &[0x80, 207, 0, 2, 0, 0, 0, 1, 4, 0, 0, 9],
        ] {
            let compound = parse(bytes);
            assert!(compound.packets.is_empty());
            assert_eq!(compound.error.unwrap().kind(), ErrorKind::Malformed, "{bytes:?}");
        }
    }
}
