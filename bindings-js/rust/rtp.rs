//! RTP and RTCP statistics; records as flat numbers, see `columns.rs`.

use std::sync::Arc;
use streamgauge::rtp::{
    BURST_BINS, Packet, RtcpConfig, RtcpStats, RtpConfig, RtpReader, RtpStats, SourceReport, StreamStats,
    StreamTotals, rtcp,
};
use streamgauge::{Error, ErrorKind, Result};
use wasm_bindgen::prelude::*;

use crate::columns::{Packets, payloads};
use crate::convert::{Thrown, or_nan, thrown};

/// Statistics by SSRC. The facade's `RtpStats` holds it.
#[wasm_bindgen]
pub struct RawRtp {
    stats: RtpStats,
    readers: Vec<RtpReader>,
}

#[wasm_bindgen]
impl RawRtp {
    /// `clocks` as in `payloads`; a limit may be NaN.
    #[wasm_bindgen(constructor)]
    pub fn new(clocks: &[f64], max_streams: f64, max_unvalidated: f64) -> Thrown<RawRtp> {
        let made = payloads(clocks).and_then(|payloads| {
            let mut config = RtpConfig { payloads: Arc::new(payloads), ..RtpConfig::default() };
            if !max_streams.is_nan() {
                config.max_streams = max_streams as usize;
            }
            if !max_unvalidated.is_nan() {
                config.max_unvalidated = max_unvalidated as usize;
            }
            RtpStats::new(config)
        });
        made.map(|stats| RawRtp { stats, readers: Vec::new() }).map_err(thrown)
    }

    /// Counts `len` packets in columns, see `Packets`.
    #[expect(clippy::too_many_arguments, reason = "a column each")]
    pub fn record(
        &mut self,
        len: usize,
        arrival_us: &[f64],
        ssrc: &[u32],
        rtp_timestamp: &[u32],
        sequence: &[u16],
        wire_bytes: &[u16],
        header_bytes: &[u16],
        payload_type: &[u8],
        padding_bytes: &[u8],
        flags: &[u8],
    ) {
        let packets = Packets {
            arrival_us,
            ssrc,
            rtp_timestamp,
            sequence,
            wire_bytes,
            header_bytes,
            payload_type,
            padding_bytes,
            flags,
        };
        packets.each_batch(len, |batch| self.stats.record(batch));
    }

    /// Reads and counts a raw packet.
    #[wasm_bindgen(js_name = recordRaw)]
    pub fn record_raw(&mut self, arrival_us: f64, bytes: &[u8], flags: u8) -> Thrown<()> {
        self.stats.record_raw(arrival_us as i64, bytes, flags).map_err(thrown)
    }

    /// One validated stream.
    pub fn snapshot(&self, ssrc: u32) -> Option<Vec<f64>> {
        self.stats.snapshot(ssrc).map(|stats| {
            let mut out = Vec::new();
            stream_stats(&mut out, &stats);
            out
        })
    }

    /// All validated streams, one after another.
    pub fn snapshots(&self) -> Vec<f64> {
        let mut out = Vec::new();
        self.stats.snapshots().iter().for_each(|stats| stream_stats(&mut out, stats));
        out
    }

    /// Counts of all streams that are or were there.
    pub fn totals(&self) -> Vec<f64> {
        let mut out = Vec::new();
        stream_totals(&mut out, &self.stats.totals());
        out
    }

    /// Unvalidated packets and their bytes, evictions, streams, memory in bytes.
    pub fn counts(&self) -> Vec<f64> {
        let held = self.stats.unvalidated();
        let (evictions, streams) = (self.stats.evictions(), self.stats.len());
        let memory_bytes = self.stats.memory_bytes();
        let counts = [held.packets, held.wire_bytes, evictions, streams as u64, memory_bytes as u64];
        counts.map(|count| count as f64).to_vec()
    }

    /// Ends a stream.
    pub fn remove(&mut self, ssrc: u32) -> bool {
        self.stats.remove(ssrc)
    }

    /// Resolves what is held as a possible restart.
    pub fn settle(&mut self) {
        self.stats.settle();
    }

    /// The place of a new reader.
    pub fn reader(&mut self, now_us: f64) -> Thrown<usize> {
        let reader = self.stats.reader(now_us as i64).map_err(thrown)?;
        self.readers.push(reader);
        Ok(self.readers.len() - 1)
    }

    /// SSRC or NaN, jitter or NaN, start, end, last, totals, of each delta.
    pub fn take(&mut self, reader: usize, now_us: f64, hold: bool) -> Thrown<Vec<f64>> {
        let take = || {
            let (reader, now_us) = (self.nth(reader)?, now_us as i64);
            if hold { self.stats.take(reader, now_us) } else { self.stats.flush(reader, now_us) }
        };
        let mut out = Vec::new();
        for delta in { take }().map_err(thrown)? {
            let interval = delta.delta.interval;
            out.extend([
                or_nan(delta.ssrc.map(f64::from)),
                or_nan(delta.max_jitter_us),
                interval.start_us as f64,
                interval.end_us as f64,
                f64::from(u8::from(delta.delta.last)),
            ]);
            stream_totals(&mut out, &delta.delta.value);
        }
        Ok(out)
    }

    /// SSRC or NaN, totals, of each stream.
    pub fn pending(&self, reader: usize) -> Thrown<Vec<f64>> {
        let pending = self.nth(reader).and_then(|reader| self.stats.pending(reader)).map_err(thrown)?;
        let mut out = Vec::new();
        for (ssrc, totals) in &pending {
            out.push(or_nan(ssrc.map(f64::from)));
            stream_totals(&mut out, totals);
        }
        Ok(out)
    }

    /// What was taken has arrived.
    pub fn ack(&mut self, reader: usize) -> Thrown<()> {
        self.nth(reader).and_then(|reader| self.stats.ack(reader)).map_err(thrown)
    }

    /// What was taken is pending again.
    pub fn restore(&mut self, reader: usize) -> Thrown<()> {
        self.nth(reader).and_then(|reader| self.stats.restore(reader)).map_err(thrown)
    }

    fn nth(&self, reader: usize) -> Result<RtpReader> {
        self.readers.get(reader).copied().ok_or_else(|| Error::new(ErrorKind::NotFound, "no such reader"))
    }
}

fn stream_totals(out: &mut Vec<f64>, totals: &StreamTotals) {
    let counters = [
        totals.packets,
        totals.wire_bytes,
        totals.header_bytes,
        totals.padding_bytes,
        totals.payload_bytes(),
        totals.media_packets(),
        totals.media_wire_bytes(),
        totals.media_payload_bytes(),
        totals.rtx_packets,
        totals.rtx_wire_bytes,
        totals.rtx_overhead_bytes,
        totals.fec_packets,
        totals.fec_wire_bytes,
        totals.fec_overhead_bytes,
        totals.padding_packets,
        totals.padding_packet_wire_bytes,
        totals.unique(),
        totals.missing,
        totals.recovered_late,
        totals.duplicates,
        totals.out_of_order,
        totals.too_old,
        totals.implausible,
        totals.discontinuities,
        totals.frames,
        totals.keyframes,
    ];
    out.extend(counters.map(|count| count as f64));
    out.extend([totals.expected(), totals.lost(), totals.lost_rfc3550()].map(|count| count as f64));
}

fn stream_stats(out: &mut Vec<f64>, stats: &StreamStats) {
    let float = |value: Option<i64>| value.map(|value| value as f64);
    out.push(f64::from(stats.ssrc));
    let optional = [
        stats.payload_type.map(f64::from),
        stats.clock_hz.map(f64::from),
        stats.frames.map(|frames| frames as f64),
        stats.extended_highest.map(|highest| highest as f64),
        float(stats.extended_timestamp),
        float(stats.first_arrival_us),
        float(stats.last_arrival_us),
        float(stats.max_delta_us),
        stats.jitter_us,
        stats.jitter_ticks,
        stats.mean_jitter_us,
        stats.max_jitter_us,
        stats.frame_jitter_us,
        stats.frame_jitter_ticks,
        stats.bitrate_bps,
    ];
    out.extend(optional.map(or_nan));
    out.extend([stats.timestamp_discontinuities, stats.arrivals_went_back].map(f64::from));
    for (at_least, count) in BURST_BINS.iter().zip(stats.loss_bursts) {
        out.extend([*at_least as f64, f64::from(count)]);
    }
    stream_totals(out, &stats.totals);
}

/// What RTCP said. The facade's `RtcpStats` holds it.
#[wasm_bindgen]
pub struct RawRtcp(RtcpStats);

#[wasm_bindgen]
impl RawRtcp {
    /// The limit may be NaN.
    #[wasm_bindgen(constructor)]
    pub fn new(max_sources: f64) -> Thrown<RawRtcp> {
        let mut config = RtcpConfig::default();
        if !max_sources.is_nan() {
            config.max_sources = max_sources as usize;
        }
        RtcpStats::new(config).map(RawRtcp).map_err(thrown)
    }

    /// Takes a compound packet.
    pub fn record(&mut self, at_us: f64, bytes: &[u8]) -> Thrown<()> {
        self.0.record(at_us as i64, bytes).map_err(thrown)
    }

    /// What was said about a source.
    pub fn source(&self, ssrc: u32) -> Option<Vec<f64>> {
        self.0.get(ssrc).map(|source| {
            let mut out = Vec::new();
            source_report(&mut out, ssrc, source);
            out
        })
    }

    /// The same of all, one after another.
    pub fn sources(&self) -> Vec<f64> {
        let mut out = Vec::new();
        self.0.sources().for_each(|(ssrc, source)| source_report(&mut out, ssrc, source));
        out
    }

    /// What came of each kind.
    pub fn totals(&self) -> Vec<f64> {
        let totals = self.0.totals();
        let counters = [
            totals.compounds,
            totals.malformed,
            totals.sender_reports,
            totals.report_blocks,
            totals.nacks,
            totals.nack_packets,
            totals.plis,
            totals.firs,
            totals.rtt_measurements,
            totals.rtt_negative,
            totals.byes,
            totals.evicted,
        ];
        counters.map(|count| count as f64).to_vec()
    }

    /// The largest round-trip time since this was last asked.
    #[wasm_bindgen(js_name = takeMaxRtt)]
    pub fn take_max_rtt(&mut self) -> Option<f64> {
        self.0.take_max_rtt_us().map(|rtt_us| rtt_us as f64)
    }
}

fn source_report(out: &mut Vec<f64>, ssrc: u32, source: &SourceReport) {
    let (ntp, rtp_timestamp) = source.sender_time.unzip();
    let optional = [
        Some(f64::from(ssrc)),
        source.rtt_us.map(|rtt_us| rtt_us as f64),
        source.max_rtt_us.map(|rtt_us| rtt_us as f64),
        source.xr_rtt_us.map(|rtt_us| rtt_us as f64),
        source.sent_packets().map(|packets| packets as f64),
        source.sent_bytes().map(|bytes| bytes as f64),
        rtp_timestamp.map(f64::from),
        // Two halves, of which the facade makes a bigint.
        ntp.map(|ntp| (ntp >> 32) as f64),
        ntp.map(|ntp| ntp as u32 as f64),
    ];
    out.extend(optional.map(or_nan));
    let counters = [
        source.total_rtt_us,
        source.rtt_measurements,
        source.nacks,
        source.nack_packets,
        source.plis,
        source.firs,
        source.sender_reports,
        u64::from(source.left),
    ];
    out.push(source.heard_us as f64);
    out.extend(counters.map(|count| count as f64));
    out.extend(source.remote.as_ref().map_or([f64::NAN; 7], |block| {
        [
            f64::from(block.ssrc),
            f64::from(block.fraction_lost),
            f64::from(block.cumulative_lost),
            f64::from(block.extended_highest),
            f64::from(block.jitter_ticks),
            f64::from(block.last_sr),
            f64::from(block.delay_since_last_sr),
        ]
    }));
}

/// The fields of a packet.
#[wasm_bindgen(js_name = parsePacket)]
pub fn parse_packet(bytes: &[u8], arrival_us: f64, flags: u8) -> Thrown<Vec<f64>> {
    let packet = Packet::parse(bytes, arrival_us as i64, flags).map_err(thrown)?;
    Ok(vec![
        packet.arrival_us as f64,
        packet.ssrc.into(),
        packet.rtp_timestamp.into(),
        packet.sequence.into(),
        packet.wire_bytes.into(),
        packet.header_bytes.into(),
        packet.payload_type.into(),
        packet.padding_bytes.into(),
        packet.flags.into(),
    ])
}

/// RFC 3550 A.3.
#[wasm_bindgen(js_name = fractionLost)]
pub fn fraction_lost(expected: f64, received: f64) -> u8 {
    streamgauge::rtp::fraction_lost(expected as i64, received as i64)
}

/// 24 bits with sign.
#[wasm_bindgen(js_name = clampLost)]
pub fn clamp_lost(lost: f64) -> i32 {
    rtcp::clamp_lost(lost as i64)
}
