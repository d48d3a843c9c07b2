#![no_main]
use streamgauge::rtp::PayloadMap;
use streamgauge::rtp::capture::read_capture;
use streamgauge::rtp::pcap::Capture;

// pcap and pcapng: every packet is counted as one kind, datagrams lie within the file.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(mut capture) = Capture::new(bytes) else {
        assert!(read_capture(bytes, &PayloadMap::default()).is_err());
        return;
    };
    let within = bytes.as_ptr_range();
    let mut datagrams = 0;
    for datagram in &mut capture {
        datagrams += 1;
        let payload = datagram.payload.as_ptr_range();
        assert!(datagram.payload.is_empty() || within.start <= payload.start && payload.end <= within.end);
        assert!(datagram.payload.len() <= usize::from(datagram.wire_bytes));
    }
    let counts = capture.counts();
    assert_eq!(counts.datagrams, datagrams);
    assert_eq!(counts.datagrams + counts.other + counts.fragments + counts.malformed, counts.packets);
    let report = read_capture(bytes, &PayloadMap::default()).unwrap();
    for stream in &report.streams {
        let row = stream.row();
        assert!(row.packets_received <= counts.datagrams);
        assert!(row.packets_expected >= row.packets_lost);
    }
});
