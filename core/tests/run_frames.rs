//! Frame ids in `exact`: losses are neither invented nor hidden (T45).

use streamgauge::run::{Files, Mode, Options, Run};

/// A run of frames a 30th of a second apart, with these ids; `None` is a row without one.
fn run(ids: &[Option<i64>]) -> Run {
    let mut frames = String::from("recv_wall_us,frame_id,user_timestamp_us\n");
    for (n, id) in ids.iter().enumerate() {
        let at = 1_000_000_000 + n as i64 * 33_333;
        let id = id.map(|id| id.to_string()).unwrap_or_default();
        frames += &format!("{at},{id},{}\n", at - 20_000);
    }
    let files = Files { frames: Some(frames.as_bytes()), ..Files::default() };
    Run::from_bytes("test", &files, &Options::default()).unwrap()
}

fn some(ids: impl IntoIterator<Item = i64>) -> Vec<Option<i64>> {
    ids.into_iter().map(Some).collect()
}

/// expected, lost, duplicate, reordered, outlier, discontinuities, gap events
fn counts(ids: &[Option<i64>]) -> [f64; 7] {
    let summary = run(ids).summary(Mode::Exact);
    [
        "frames_expected",
        "frames_lost",
        "frames_duplicate",
        "frames_reordered",
        "frames_outlier",
        "discontinuities",
        "gap_events",
    ]
    .map(|key| summary.number(key).unwrap())
}

#[test]
fn reordered_and_repeated_frames_are_not_lost() {
    assert_eq!(counts(&some([1, 2, 4, 3, 5])), [5.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(counts(&some([1, 2, 2, 3, 1])), [3.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(counts(&some([1, 5, 3, 3, 2])), [5.0, 1.0, 1.0, 2.0, 0.0, 0.0, 1.0]);
    assert_eq!(run(&some([1, 2, 4, 3, 5])).summary(Mode::PlotFec).number("frames_lost"), Some(2.0));
}

#[test]
fn a_jump_that_comes_back_is_an_outlier() {
    let mut ids: Vec<i64> = (1..=60).collect();
    ids[30] += 1_000_000_000_000;
    assert_eq!(counts(&some(ids.clone())), [60.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    *ids.last_mut().unwrap() = i64::MIN;
    assert_eq!(counts(&some(ids)), [59.0, 0.0, 0.0, 0.0, 2.0, 2.0, 1.0]);
}

#[test]
fn a_jump_that_stays_is_a_new_segment() {
    let ids = (1..=40).chain(1_000_000..1_000_040).chain(1..=40);
    assert_eq!(counts(&some(ids)), [120.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0]);
}

#[test]
fn rows_without_an_id_are_received_frames() {
    let mut ids = some(1..=30);
    ids[9] = None;
    ids.remove(19);
    let summary = run(&ids).summary(Mode::Exact);
    // Two ids are missing, one of which may be that of the row without one.
    assert_eq!(summary.number("frames_expected"), Some(30.0));
    assert_eq!(summary.number("frames_lost"), Some(1.0));
    assert_eq!(summary.number("frames_unidentified"), Some(1.0));
    assert_eq!(summary.get("frames_lost_is_lower_bound"), Some(&streamgauge::run::Value::Bool(true)));
}

#[test]
fn freezes_as_libwebrtc_counts_them() {
    let at = |n: i64| 1_000_000 + n * 33_333;
    let mut times: Vec<i64> = (0..60).map(at).collect();
    times.iter_mut().skip(40).for_each(|t| *t += 400_000);
    let mut frames = String::from("recv_wall_us,frame_id\n");
    times.iter().enumerate().for_each(|(id, t)| frames += &format!("{t},{id}\n"));
    let end = times[59] + 900_000;
    let meta = format!("T0_US=1000000\nT1_US={end}\n");
    let files = Files { frames: Some(frames.as_bytes()), meta: Some(meta.as_bytes()), ..Files::default() };
    let run = Run::from_bytes("test", &files, &Options::default()).unwrap();
    let freezes = run.freezes();
    assert_eq!(freezes.start_us, [times[39], times[59]]);
    assert_eq!(freezes.duration_us, [433_333, 900_000]);
    assert!(freezes.last_open);
    // A gap before the fifth frame tells nothing: there is no mean yet.
    let early = b"recv_wall_us,frame_id\n0,1\n33333,2\n2000000,3\n2033333,4\n2066666,5\n";
    let early =
        Run::from_bytes("test", &Files { frames: Some(early), ..Files::default() }, &Options::default());
    assert!(early.unwrap().freezes().start_us.is_empty());
}

#[test]
fn frame_rate_shows_empty_seconds() {
    let frames = b"recv_wall_us,frame_id\n100000,1\n200000,2\n2500000,3\n3200000,4\n";
    let files = Files { frames: Some(frames), meta: Some(b"T0_US=0\nT1_US=3500000\n"), ..Files::default() };
    let run = Run::from_bytes("test", &files, &Options::default()).unwrap();
    let rate = run.frame_rate(Mode::Exact);
    assert_eq!(rate.per_s, [2.0, 0.0, 1.0, 2.0]);
    assert_eq!(rate.covered_us, [1_000_000, 1_000_000, 1_000_000, 500_000]);
    assert!(rate.last_partial);
    assert_eq!(run.frame_rate(Mode::PlotFec).per_s, [2.0, 1.0, 1.0]);
}
