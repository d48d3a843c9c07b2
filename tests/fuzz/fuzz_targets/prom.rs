#![no_main]
use streamgauge::run::Files;

// prom.tsv. A carriage return before each newline takes every line off the fast path: the same
// series must come out.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let plain = streamgauge_fuzz::check(&Files { prom: Some(bytes), ..Files::default() });
    if !bytes.contains(&b'\r') {
        let crlf: Vec<u8> = bytes
            .iter()
            .flat_map(|byte| if *byte == b'\n' { &b"\r\n"[..] } else { std::slice::from_ref(byte) })
            .copied()
            .collect();
        let general = streamgauge_fuzz::check(&Files { prom: Some(&crlf), ..Files::default() });
        assert_eq!(format!("{:?}", plain.prom), format!("{:?}", general.prom));
        assert_eq!(plain.problems, general.problems);
    }
});
