#![no_main]
use streamgauge::run::Files;

// A whole run: the four files, one behind the other, with a byte 0x1e between them.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(4, |byte| *byte == 0x1e);
    let mut next = || parts.next();
    streamgauge_fuzz::check(&Files { frames: next(), prom: next(), events: next(), meta: next() });
});
