//! What RTCP said: per source, round-trip times, remote loss and feedback.

use super::rtcp::{ReportBlock, Rtcp, parse};
use crate::counter::{Counter, CounterConfig, Hint};
use crate::error::{Error, ErrorKind, Result};
use crate::ledger::totals;
use crate::time::Micros;
use std::collections::BTreeMap;

/// How many sent reports are remembered a source, to be answered.
const REMEMBERED: usize = 8;

/// Limits of an [`RtcpStats`].
#[derive(Clone, Copy, Debug)]
pub struct RtcpConfig {
    /// How many sources are kept; when there are more, the one not heard of for longest goes.
    pub max_sources: usize,
}

impl Default for RtcpConfig {
    fn default() -> RtcpConfig {
        RtcpConfig { max_sources: 1024 }
    }
}

/// What came of each kind, over all sources. Never falls.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RtcpTotals {
    /// Compound packets.
    pub compounds: u64,
    /// Compound packets with a malformed part.
    pub malformed: u64,
    /// Sender reports.
    pub sender_reports: u64,
    /// Report blocks in sender and receiver reports.
    pub report_blocks: u64,
    /// NACK messages.
    pub nacks: u64,
    /// Packets that NACK messages asked for.
    pub nack_packets: u64,
    /// Picture loss indications.
    pub plis: u64,
    /// Full intra requests; a repeated command sequence number is the same request.
    pub firs: u64,
    /// Round-trip times measured.
    pub rtt_measurements: u64,
    /// Round-trip times that came out negative, not used.
    pub rtt_negative: u64,
    /// Goodbyes.
    pub byes: u64,
    /// Sources evicted.
    pub evicted: u64,
}

totals!(RtcpTotals {
    counters: compounds, malformed, sender_reports, report_blocks, nacks, nack_packets, plis, firs,
        rtt_measurements, rtt_negative, byes, evicted;
    signed:
});

/// What RTCP said about one source of media (or its reports). What was not said is absent.
#[derive(Clone, Debug)]
pub struct SourceReport {
    /// When it was last heard of.
    pub heard_us: Micros,
    /// The latest report block about it.
    pub remote: Option<ReportBlock>,
    /// The latest round-trip time by a report block about it (SR, then LSR and DLSR).
    pub rtt_us: Option<i64>,
    /// The largest so far.
    pub max_rtt_us: Option<i64>,
    /// The sum of all, and their number.
    pub total_rtt_us: u64,
    /// How many were measured.
    pub rtt_measurements: u64,
    /// The latest round-trip time by its receiver reference time (XR: RRTR, then DLRR).
    pub xr_rtt_us: Option<i64>,
    /// NACK messages about it.
    pub nacks: u64,
    /// Packets these asked for.
    pub nack_packets: u64,
    /// Picture loss indications about it.
    pub plis: u64,
    /// Full intra requests about it.
    pub firs: u64,
    /// NTP and RTP timestamp of its latest sender report.
    pub sender_time: Option<(u64, u32)>,
    /// Sender reports from it.
    pub sender_reports: u64,
    /// Whether it said goodbye.
    pub left: bool,
    sent_packets: Counter<u64>,
    sent_bytes: Counter<u64>,
    last_fir: Option<(u32, u8)>,
    reports: Ring,
    references: Ring,
}

impl SourceReport {
    fn new(now_us: Micros) -> Result<SourceReport> {
        let modulo_32 = CounterConfig { origin_known: true, width_bits: Some(32), max_per_s: None };
        Ok(SourceReport {
            heard_us: now_us,
            remote: None,
            rtt_us: None,
            max_rtt_us: None,
            total_rtt_us: 0,
            rtt_measurements: 0,
            xr_rtt_us: None,
            nacks: 0,
            nack_packets: 0,
            plis: 0,
            firs: 0,
            sender_time: None,
            sender_reports: 0,
            left: false,
            sent_packets: Counter::new(modulo_32)?,
            sent_bytes: Counter::new(modulo_32)?,
            last_fir: None,
            reports: Ring::default(),
            references: Ring::default(),
        })
    }

    /// Packets it says it sent, extended past 32 bits; absent without a sender report.
    pub fn sent_packets(&self) -> Option<u64> {
        (self.sender_reports > 0).then(|| self.sent_packets.total())
    }

    /// Payload bytes it says it sent, extended past 32 bits; absent without a sender report.
    pub fn sent_bytes(&self) -> Option<u64> {
        (self.sender_reports > 0).then(|| self.sent_bytes.total())
    }
}

/// The latest reference times of a source and when they passed here.
#[derive(Clone, Debug, Default)]
struct Ring {
    entries: [(u32, Micros); REMEMBERED],
    next: usize,
    len: usize,
}

impl Ring {
    fn push(&mut self, ntp: u64, at_us: Micros) {
        self.entries[self.next] = (middle(ntp), at_us);
        self.next = (self.next + 1) % REMEMBERED;
        self.len = (self.len + 1).min(REMEMBERED);
    }

    /// When the report with this time passed; the latest one, when a time occurs twice.
    fn find(&self, middle: u32) -> Option<Micros> {
        (1..=self.len)
            .map(|back| self.entries[(self.next + REMEMBERED - back) % REMEMBERED])
            .find(|entry| entry.0 == middle)
            .map(|entry| entry.1)
    }
}

/// The middle 32 bits of an NTP time: 16 bits of seconds, 16 of fraction.
const fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// Reads RTCP in both directions as it passes one point. A round-trip time is measured from where a
/// sender report passed here to where its answer did, so it needs no clock but that of the caller;
/// an answer to a report that was not seen gives none.
#[derive(Clone, Debug)]
pub struct RtcpStats {
    config: RtcpConfig,
    sources: BTreeMap<u32, SourceReport>,
    totals: RtcpTotals,
    /// Round-trip times since [`RtcpStats::drain_rtts`], bounded.
    max_rtt_us: Option<i64>,
}

impl RtcpStats {
    /// Nothing heard yet.
    ///
    /// # Errors
    /// `InvalidArgument` when `max_sources` is 0.
    pub fn new(config: RtcpConfig) -> Result<RtcpStats> {
        if config.max_sources == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, "max_sources is 0, at least 1"));
        }
        Ok(RtcpStats { config, sources: BTreeMap::new(), totals: RtcpTotals::default(), max_rtt_us: None })
    }

    /// Takes a compound packet that passed at `at_us`, sent or received. A malformed part is counted
    /// and comes back as the error; what stood before it counts.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn record(&mut self, at_us: Micros, bytes: &[u8]) -> Result<()> {
        let compound = parse(bytes);
        self.totals.compounds += 1;
        for packet in &compound.packets {
            self.record_packet(at_us, packet)?;
        }
        match compound.error {
            None => Ok(()),
            Some(error) => {
                self.totals.malformed += 1;
                Err(error)
            }
        }
    }

    fn record_packet(&mut self, at_us: Micros, packet: &Rtcp) -> Result<()> {
        match packet {
            Rtcp::SenderReport { ssrc, ntp, rtp_timestamp, packets, bytes, reports } => {
                self.totals.sender_reports += 1;
                let source = self.source(*ssrc, at_us)?;
                source.reports.push(*ntp, at_us);
                source.sender_time = Some((*ntp, *rtp_timestamp));
                source.sender_reports += 1;
                source.sent_packets.record(at_us, u64::from(*packets), Hint::None);
                source.sent_bytes.record(at_us, u64::from(*bytes), Hint::None);
                self.record_reports(at_us, reports)?;
            }
            Rtcp::ReceiverReport { reports, .. } => self.record_reports(at_us, reports)?,
            Rtcp::Nack { media, packets, .. } => {
                self.totals.nacks += 1;
                self.totals.nack_packets += u64::from(*packets);
                let source = self.source(*media, at_us)?;
                source.nacks += 1;
                source.nack_packets += u64::from(*packets);
            }
            Rtcp::Pli { media, .. } => {
                self.totals.plis += 1;
                self.source(*media, at_us)?.plis += 1;
            }
            Rtcp::Fir { sender, entries } => {
                for &(ssrc, number) in entries {
                    let source = self.source(ssrc, at_us)?;
                    if source.last_fir != Some((*sender, number)) {
                        source.last_fir = Some((*sender, number));
                        source.firs += 1;
                        self.totals.firs += 1;
                    }
                }
            }
            Rtcp::Extended { sender, reference_ntp, delays } => {
                if let Some(ntp) = reference_ntp {
                    self.source(*sender, at_us)?.references.push(*ntp, at_us);
                }
                for delay in delays {
                    let source = self.source(delay.ssrc, at_us)?;
                    let rtt = round_trip(&source.references, at_us, delay.last_rr, delay.delay_since_last_rr);
                    if let Some(rtt_us) = rtt.filter(|rtt_us| *rtt_us >= 0) {
                        source.xr_rtt_us = Some(rtt_us);
                    }
                    self.totals.rtt_negative += u64::from(rtt.is_some_and(|rtt_us| rtt_us < 0));
                }
            }
            Rtcp::Bye { ssrcs } => {
                for ssrc in ssrcs {
                    self.totals.byes += 1;
                    self.source(*ssrc, at_us)?.left = true;
                }
            }
            Rtcp::Other { .. } => {}
        }
        Ok(())
    }

    fn record_reports(&mut self, at_us: Micros, reports: &[ReportBlock]) -> Result<()> {
        for report in reports {
            self.totals.report_blocks += 1;
            let source = self.source(report.ssrc, at_us)?;
            source.remote = Some(*report);
            match round_trip(&source.reports, at_us, report.last_sr, report.delay_since_last_sr) {
                Some(rtt_us) if rtt_us >= 0 => {
                    source.rtt_us = Some(rtt_us);
                    source.max_rtt_us = source.max_rtt_us.max(Some(rtt_us));
                    source.total_rtt_us = source.total_rtt_us.saturating_add(rtt_us as u64);
                    source.rtt_measurements += 1;
                    self.totals.rtt_measurements += 1;
                    self.max_rtt_us = self.max_rtt_us.max(Some(rtt_us));
                }
                Some(_) => self.totals.rtt_negative += 1,
                None => {}
            }
        }
        Ok(())
    }

    fn source(&mut self, ssrc: u32, at_us: Micros) -> Result<&mut SourceReport> {
        if !self.sources.contains_key(&ssrc) {
            if self.sources.len() >= self.config.max_sources {
                let oldest =
                    self.sources.iter().min_by_key(|(_, source)| source.heard_us).map(|(ssrc, _)| *ssrc);
                if let Some(oldest) = oldest {
                    self.sources.remove(&oldest);
                    self.totals.evicted += 1;
                }
            }
            self.sources.insert(ssrc, SourceReport::new(at_us)?);
        }
        let source =
            self.sources.get_mut(&ssrc).ok_or_else(|| Error::new(ErrorKind::NotFound, "no source"))?;
        source.heard_us = source.heard_us.max(at_us);
        Ok(source)
    }

    /// What was said about one source.
    pub fn get(&self, ssrc: u32) -> Option<&SourceReport> {
        self.sources.get(&ssrc)
    }

    /// All sources, by SSRC.
    pub fn sources(&self) -> impl Iterator<Item = (u32, &SourceReport)> {
        self.sources.iter().map(|(ssrc, source)| (*ssrc, source))
    }

    /// Counts over all sources, those evicted included.
    pub fn totals(&self) -> &RtcpTotals {
        &self.totals
    }

    /// The largest round-trip time since this was last asked; absent when none was measured.
    pub fn take_max_rtt_us(&mut self) -> Option<i64> {
        self.max_rtt_us.take()
    }
}

/// The time from where a report passed to where its answer did, less the time it lay with the
/// answerer; `None` when it says it had none, or the report was not seen.
fn round_trip(sent: &Ring, at_us: Micros, last: u32, delay: u32) -> Option<i64> {
    if last == 0 {
        return None;
    }
    let delay_us = (i64::from(delay) * 1_000_000 + 32_768) >> 16;
    Some(at_us.saturating_sub(sent.find(last)?).saturating_sub(delay_us))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender_report(ssrc: u8, ntp: u64, packets: u32) -> Vec<u8> {
        let mut bytes = vec![0x80, 200, 0, 6, 0, 0, 0, ssrc];
        bytes.extend(ntp.to_be_bytes());
        bytes.extend([0, 0, 0, 0]);
        bytes.extend(packets.to_be_bytes());
        bytes.extend([0, 0, 0, 0]);
        bytes
    }

    fn receiver_report(about: u32, last_sr: u32, delay: u32) -> Vec<u8> {
        let mut bytes = vec![0x81, 201, 0, 7, 0, 0, 0, 99];
        let block = ReportBlock {
            ssrc: about,
            fraction_lost: 0,
            cumulative_lost: -3,
            extended_highest: 0,
            jitter_ticks: 0,
            last_sr,
            delay_since_last_sr: delay,
        };
        bytes.extend(block.encode());
        bytes
    }

    #[test]
    fn round_trip_times_of_reports_that_passed() {
        let mut stats = RtcpStats::new(RtcpConfig::default()).unwrap();
        stats.record(1_000_000, &sender_report(1, 0x0001_0002_0003_0004, 10)).unwrap();
        stats.record(1_600_000, &receiver_report(1, 0x0002_0003, 32_768)).unwrap();
        let source = stats.get(1).unwrap();
        assert_eq!((source.rtt_us, source.remote.unwrap().cumulative_lost), (Some(100_000), -3));
        // None asked, none seen, and one that cannot be.
        stats.record(1_700_000, &receiver_report(1, 0, 0)).unwrap();
        stats.record(1_700_000, &receiver_report(1, 77, 0)).unwrap();
        stats.record(1_700_000, &receiver_report(1, 0x0002_0003, 6_553_600)).unwrap();
        assert_eq!(stats.get(1).unwrap().rtt_measurements, 1);
        assert_eq!(stats.totals().rtt_negative, 1);
        assert_eq!((stats.take_max_rtt_us(), stats.take_max_rtt_us()), (Some(100_000), None));
    }

    #[test]
    fn senders_counts_are_extended() {
        let mut stats = RtcpStats::new(RtcpConfig::default()).unwrap();
        for (i, packets) in [u32::MAX - 5, 4, 14].into_iter().enumerate() {
            stats.record(i as i64 * 1_000_000, &sender_report(1, i as u64, packets)).unwrap();
        }
        assert_eq!(stats.get(1).unwrap().sent_packets(), Some(u64::from(u32::MAX) + 15));
    }

    #[test]
    fn feedback_is_counted_and_a_repeated_fir_is_one() {
        let mut stats = RtcpStats::new(RtcpConfig::default()).unwrap();
        let fir = [0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 9, 0, 0, 0];
        stats.record(0, &fir).unwrap();
        stats.record(1, &fir).unwrap();
        stats.record(2, &[0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]).unwrap();
        assert!(stats.record(3, &[0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 7, 0x80, 1, 0x80]).is_err());
        let source = stats.get(2).unwrap();
        assert_eq!((source.firs, source.plis, source.nacks, source.nack_packets), (1, 1, 1, 3));
        assert_eq!((stats.totals().malformed, stats.totals().compounds), (1, 4));
    }

    #[test]
    fn sources_are_bounded() {
        let mut stats = RtcpStats::new(RtcpConfig { max_sources: 2 }).unwrap();
        for ssrc in 0..5 {
            stats.record(i64::from(ssrc), &sender_report(ssrc, 1, 1)).unwrap();
        }
        assert_eq!((stats.sources().count(), stats.totals().evicted), (2, 3));
        assert!(RtcpStats::new(RtcpConfig { max_sources: 0 }).is_err());
    }
}
