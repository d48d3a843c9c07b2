#![no_main]
use streamgauge::rtp::rtcp::{self, Rtcp};
use streamgauge::rtp::{RtcpConfig, RtcpStats};
use streamgauge_fuzz::datagrams;

// Compound packets into statistics with few places.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut stats = RtcpStats::new(RtcpConfig { max_sources: 4 }).unwrap();
    let (mut compounds, mut malformed, mut blocks) = (0, 0, 0);
    for (at_us, packet) in datagrams(bytes) {
        let compound = rtcp::parse(packet);
        compounds += 1;
        malformed += u64::from(compound.error.is_some());
        // A packet of RTCP has 4 bytes or more, a report block 24.
        assert!(compound.packets.len() <= packet.len() / 4);
        for part in &compound.packets {
            let (Rtcp::SenderReport { reports, .. } | Rtcp::ReceiverReport { reports, .. }) = part else { continue };
            blocks += reports.len() as u64;
            for block in reports {
                let encoded = block.encode();
                assert!(packet.windows(24).any(|window| window == encoded), "{block:?}");
            }
        }
        assert_eq!(stats.record(at_us, packet).is_err(), compound.error.is_some());
        assert!(stats.sources().count() <= 4);
    }
    let totals = stats.totals();
    assert_eq!((totals.compounds, totals.malformed, totals.report_blocks), (compounds, malformed, blocks));
    for (_, source) in stats.sources() {
        assert!(source.rtt_us.is_none_or(|us| us >= 0) && source.rtt_us <= source.max_rtt_us);
        let _ = (source.sent_packets(), source.sent_bytes());
    }
});
