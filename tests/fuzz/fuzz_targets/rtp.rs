#![no_main]
use streamgauge::ledger::Totals;
use streamgauge::rtp::{Header, Packet, RtpConfig, RtpStats, StreamTotals};
use streamgauge_fuzz::datagrams;

// Raw packets into statistics with few places: what was parsed is counted once, and two readers of
// different cadence get all of it.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut stats = RtpStats::new(RtpConfig { max_streams: 4, max_unvalidated: 2, ..RtpConfig::default() }).unwrap();
    let readers = [stats.reader(0).unwrap(), stats.reader(0).unwrap()];
    let mut taken = [StreamTotals::default(); 2];
    let mut take = |stats: &mut RtpStats, which: usize, at_us| {
        for delta in stats.flush(readers[which], at_us).unwrap() {
            taken[which].add(&delta.delta.value);
        }
        taken[which]
    };
    let (mut parsed, mut wire_bytes) = (0, 0);
    for (n, (at_us, packet)) in datagrams(bytes).enumerate() {
        let header = Header::parse(packet);
        // The prefix of a packet reads as the packet does, but for its padding.
        let prefix = Header::parse_prefix(packet);
        assert!(prefix.is_ok() || header.is_err());
        if let Ok(header) = header {
            let length = header.header_bytes() + header.payload().len() + usize::from(header.padding_bytes());
            assert_eq!(length, packet.len());
            assert_eq!(header.sequence.to_be_bytes(), packet[2..4]);
            assert_eq!(header.ssrc.to_be_bytes(), packet[8..12]);
            assert_eq!(header.csrcs().count(), usize::from(packet[0] & 0x0f));
            let (_, raw) = header.raw_extension().unwrap_or_default();
            assert!(header.extensions().map(|e| e.data.len()).sum::<usize>() <= raw.len());
            parsed += 1;
            wire_bytes += packet.len() as u64;
        }
        let flags = [0, 0, 0, Packet::RTX, Packet::FEC, Packet::KEYFRAME][n % 6];
        assert_eq!(stats.record_raw(at_us, packet, flags).is_ok(), header.is_ok());
        if n % 5 == 0 {
            take(&mut stats, 0, at_us);
        }
        assert!(stats.len() <= 4);
    }
    stats.settle();
    let (totals, unvalidated) = (stats.totals(), stats.unvalidated());
    assert_eq!(totals.packets + unvalidated.packets, parsed);
    assert_eq!(totals.wire_bytes + unvalidated.wire_bytes, wire_bytes);
    assert!(totals.expected() >= totals.unique() as i64);
    assert!(totals.header_bytes + totals.padding_bytes <= totals.wire_bytes);
    for which in [0, 1] {
        assert_eq!(take(&mut stats, which, i64::MAX), totals);
    }
    for stream in stats.snapshots() {
        assert!(stream.jitter_us.is_none_or(f64::is_finite) && stream.max_jitter_us.is_none_or(f64::is_finite));
    }
});
