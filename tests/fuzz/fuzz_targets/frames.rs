#![no_main]
use streamgauge::run::Files;

// frames.csv: any bytes, and the same behind a good header, so that rows are reached at once.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    streamgauge_fuzz::check(&Files { frames: Some(bytes), ..Files::default() });
    let mut text = b"recv_wall_us,frame_id,user_timestamp_us,width,height\n".to_vec();
    text.extend_from_slice(bytes);
    let plain = streamgauge_fuzz::check(&Files { frames: Some(&text), ..Files::default() });
    // The fast path and the general one: a header in another order takes the general one.
    if !bytes.contains(&b'"') && !bytes.contains(&b'\r') {
        let mut other = b"recv_wall_us,frame_id,user_timestamp_us,width,height,more\n".to_vec();
        other.extend_from_slice(bytes);
        let general = streamgauge_fuzz::check(&Files { frames: Some(&other), ..Files::default() });
        assert_eq!((plain.frames, plain.problems), (general.frames, general.problems));
    }
});
