#![no_main]
use streamgauge::run::{Files, Mode};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let frames = b"recv_wall_us,frame_id\n10,1\n20,2\n30,4\n";
    let run = streamgauge_fuzz::check(&Files { meta: Some(bytes), frames: Some(frames), ..Files::default() });
    let window = run.window(Mode::Exact).interval;
    assert!(window.start_us <= window.end_us);
});
