//! Statistics of every RTP stream in a capture file.

use super::pcap::{Capture, CaptureCounts, Datagram};
use super::rtcp::is_rtcp;
use super::{
    Header, Packet, PayloadMap, RtcpConfig, RtcpStats, RtcpTotals, RtpConfig, RtpStats, StreamStats,
};
use crate::error::Result;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// Most pairs of addresses and ports that are told apart; datagrams of further ones are counted.
const MAX_FLOWS: usize = 4096;
/// Most streams between two ports.
const MAX_STREAMS: usize = 1024;

/// One RTP stream of a capture: an SSRC from one address and port to another.
#[derive(Clone, Debug)]
pub struct CaptureStream {
    /// Where it came from.
    pub source: SocketAddr,
    /// Where it went.
    pub destination: SocketAddr,
    /// Everything counted of it.
    pub stats: StreamStats,
    /// The latest round-trip time that RTCP gave between the capturing point and its receiver.
    pub rtt_us: Option<i64>,
    /// Cumulative loss as its receiver reported last.
    pub remote_packets_lost: Option<i32>,
    /// Packets that its sender reported sent last.
    pub sender_packets: Option<u64>,
}

/// What a capture holds. Serialised, each stream is its [`CaptureRow`].
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CaptureReport {
    /// The streams, by SSRC, then source and destination.
    #[cfg_attr(feature = "serde", serde(serialize_with = "as_rows"))]
    pub streams: Vec<CaptureStream>,
    /// Packets and datagrams in the file.
    pub counts: CaptureCounts,
    /// RTP packets that belong to no stream: of SSRCs without two packets in sequence.
    pub unvalidated_packets: u64,
    /// Datagrams past the limit of flows.
    pub datagrams_not_followed: u64,
    /// RTCP in the file.
    pub rtcp: RtcpTotals,
}

#[cfg(feature = "serde")]
fn as_rows<S: serde::Serializer>(
    streams: &[CaptureStream],
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_seq(streams.iter().map(CaptureStream::row))
}

/// Reads a capture file from disk, pcap or pcapng, into memory as a whole.
///
/// # Errors
/// `NotFound` or `Io` when it cannot be read, else those of [`read_capture`], with the file.
#[cfg(feature = "fs")]
pub fn read_capture_file(path: &std::path::Path, payloads: &PayloadMap) -> Result<CaptureReport> {
    use crate::error::{Error, ErrorKind};
    let named = |error: Error| error.in_file(path.display().to_string());
    let bytes = std::fs::read(path).map_err(|why| match why.kind() {
        std::io::ErrorKind::NotFound => named(Error::new(ErrorKind::NotFound, "no such file")),
        _ => named(Error::new(ErrorKind::Io, why.to_string())),
    })?;
    read_capture(&bytes, payloads).map_err(named)
}

/// Reads a capture file held in memory, pcap or pcapng.
///
/// # Errors
/// `Malformed` when it is neither. What is malformed within it is counted.
pub fn read_capture(bytes: &[u8], payloads: &PayloadMap) -> Result<CaptureReport> {
    let mut capture = Capture::new(bytes)?;
    let payloads = Arc::new(payloads.clone());
    let mut flows: BTreeMap<(SocketAddr, SocketAddr), RtpStats> = BTreeMap::new();
    let mut rtcp = RtcpStats::new(RtcpConfig::default())?;
    let mut datagrams_not_followed = 0;
    for datagram in capture.by_ref() {
        if is_rtcp(datagram.payload) {
            // A malformed one is in the counts.
            let _ = rtcp.record(datagram.at_us, datagram.payload);
            continue;
        }
        let Some(packet) = rtp_packet(&datagram) else { continue };
        let key = (datagram.source, datagram.destination);
        if !flows.contains_key(&key) {
            if flows.len() >= MAX_FLOWS {
                datagrams_not_followed += 1;
                continue;
            }
            let config = RtpConfig {
                payloads: payloads.clone(),
                max_streams: MAX_STREAMS,
                max_unvalidated: 256,
                trusted: false,
            };
            flows.insert(key, RtpStats::new(config)?);
        }
        if let Some(stats) = flows.get_mut(&key) {
            stats.record(&[packet]);
        }
    }
    let mut streams = Vec::new();
    let mut unvalidated_packets = 0;
    for ((source, destination), stats) in &mut flows {
        stats.settle();
        unvalidated_packets += stats.unvalidated().packets;
        for stats in stats.snapshots() {
            let said = rtcp.get(stats.ssrc);
            streams.push(CaptureStream {
                source: *source,
                destination: *destination,
                rtt_us: said.and_then(|said| said.rtt_us),
                remote_packets_lost: said.and_then(|said| said.remote).map(|report| report.cumulative_lost),
                sender_packets: said.and_then(|said| said.sent_packets()),
                stats,
            });
        }
    }
    streams.sort_by_key(|stream| (stream.stats.ssrc, stream.source, stream.destination));
    let (counts, rtcp) = (capture.counts(), *rtcp.totals());
    Ok(CaptureReport { streams, counts, unvalidated_packets, datagrams_not_followed, rtcp })
}

/// A datagram as an RTP packet, where it may be one. Of a packet that was not captured whole the
/// padding is unknown and counts as payload.
fn rtp_packet(datagram: &Datagram<'_>) -> Option<Packet> {
    let captured_whole = datagram.payload.len() == usize::from(datagram.wire_bytes);
    if captured_whole {
        return Packet::parse(datagram.payload, datagram.at_us, 0).ok();
    }
    let header = Header::parse_prefix(datagram.payload).ok()?;
    Some(Packet { wire_bytes: datagram.wire_bytes, ..header.packet(datagram.at_us, 0) })
}

/// One line of the table: the flat form of a [`CaptureStream`] that every binding and the command
/// line print. What was not measured is absent.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CaptureRow {
    /// Synchronisation source.
    pub ssrc: u32,
    /// Address and port it came from.
    pub source: String,
    /// Address and port it went to.
    pub destination: String,
    /// Payload type of the latest packet.
    pub payload_type: Option<u8>,
    /// Ticks per second of its timestamps.
    pub clock_hz: Option<u32>,
    /// All arrivals.
    pub packets_received: u64,
    /// Sequence numbers from the lowest to the highest of each segment.
    pub packets_expected: i64,
    /// Sequence numbers that never arrived; a repeated packet refunds nothing.
    pub packets_lost: i64,
    /// Expected less received.
    pub packets_lost_rfc3550: i64,
    /// Arrivals of what had arrived before.
    pub packets_duplicate: u64,
    /// First arrivals after a later sequence number.
    pub packets_out_of_order: u64,
    /// Wire bytes (UDP payload) of all arrivals.
    pub bytes_received: u64,
    /// RFC 3550 A.8 over every packet, at the end.
    pub jitter_us: Option<f64>,
    /// Its mean.
    pub mean_jitter_us: Option<f64>,
    /// Its maximum.
    pub max_jitter_us: Option<f64>,
    /// A.8 over the first packet of each timestamp, at the end.
    pub frame_jitter_us: Option<f64>,
    /// The longest time between two arrivals.
    pub max_delta_us: Option<i64>,
    /// Wire bits per second from the first to the last arrival.
    pub bitrate_bps: Option<f64>,
    /// Distinct timestamps; absent for audio.
    pub frames: Option<u64>,
    /// Restarts of the sequence.
    pub discontinuities: u64,
    /// First arrival.
    pub first_arrival_us: Option<i64>,
    /// Last arrival.
    pub last_arrival_us: Option<i64>,
    /// The latest round-trip time by RTCP.
    pub rtt_us: Option<i64>,
    /// Cumulative loss as its receiver reported last.
    pub remote_packets_lost: Option<i32>,
    /// Packets that its sender reported sent last.
    pub sender_packets: Option<u64>,
}

impl CaptureStream {
    /// The flat form.
    pub fn row(&self) -> CaptureRow {
        let stats = &self.stats;
        let totals = &stats.totals;
        CaptureRow {
            ssrc: stats.ssrc,
            source: self.source.to_string(),
            destination: self.destination.to_string(),
            payload_type: stats.payload_type,
            clock_hz: stats.clock_hz,
            packets_received: totals.packets,
            packets_expected: totals.expected(),
            packets_lost: totals.lost(),
            packets_lost_rfc3550: totals.lost_rfc3550(),
            packets_duplicate: totals.duplicates,
            packets_out_of_order: totals.out_of_order,
            bytes_received: totals.wire_bytes,
            jitter_us: stats.jitter_us,
            mean_jitter_us: stats.mean_jitter_us,
            max_jitter_us: stats.max_jitter_us,
            frame_jitter_us: stats.frame_jitter_us,
            max_delta_us: stats.max_delta_us,
            bitrate_bps: stats.bitrate_bps,
            frames: stats.frames,
            discontinuities: totals.discontinuities,
            first_arrival_us: stats.first_arrival_us,
            last_arrival_us: stats.last_arrival_us,
            rtt_us: self.rtt_us,
            remote_packets_lost: self.remote_packets_lost,
            sender_packets: self.sender_packets,
        }
    }
}
