//! The interleavings of a few operations on a track and its reports: `cargo xtask loom`.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use streamgauge::telemetry::{
    Direction, Report, Role, Telemetry, TelemetryConfig, Track, TrackKey, TrackKind,
};

fn telemetry() -> Telemetry {
    let telemetry = Telemetry::new(TelemetryConfig::default()).unwrap();
    telemetry.identify("PA", "RM", "", 0).unwrap();
    telemetry
}

fn open(telemetry: &Telemetry) -> Option<Track> {
    let key = TrackKey {
        participant: "PA".into(),
        track: "TR".into(),
        direction: Direction::Upstream,
        role: Role::Edge,
        kind: TrackKind::Signal,
        source: String::new(),
        mime: String::new(),
        country: String::new(),
    };
    telemetry.open(key, 0).ok()
}

fn messages(report: &Report) -> u64 {
    report.stats.iter().map(|stat| stat.totals.messages).sum()
}

fn lasts(report: &Report) -> usize {
    report.stats.iter().filter(|stat| stat.last).count()
}

#[test]
fn one_of_two_closes_closes() {
    loom::model(|| {
        let telemetry = telemetry();
        let track = Arc::new(open(&telemetry).unwrap());
        track.record_message(0, 1);
        let other = track.clone();
        let closer = thread::spawn(move || other.close(1));
        let here = track.close(2);
        assert!(here != closer.join().unwrap(), "exactly one");
        let report = telemetry.flush(3).unwrap();
        assert_eq!((messages(&report), lasts(&report)), (1, 1));
        assert!(telemetry.is_empty());
    });
}

#[test]
fn what_meets_a_close_is_counted_or_rejected() {
    loom::model(|| {
        let telemetry = telemetry();
        let track = Arc::new(open(&telemetry).unwrap());
        let other = track.clone();
        let recorder = thread::spawn(move || {
            other.record_message(0, 1);
            other.record_message(0, 1);
        });
        track.close(1);
        recorder.join().unwrap();
        let counted = messages(&telemetry.flush(2).unwrap());
        assert_eq!(counted + telemetry.counts().rejected_after_close, 2);
        assert!(telemetry.is_empty());
    });
}

#[test]
fn a_report_cuts_between_records() {
    loom::model(|| {
        let telemetry = telemetry();
        let track = open(&telemetry).unwrap();
        let reporter = telemetry.clone();
        let taker = thread::spawn(move || {
            let report = reporter.take(5).unwrap();
            assert!(reporter.restore());
            let again = reporter.take(6).unwrap();
            assert!(messages(&again) >= messages(&report), "what was restored comes again");
            assert!(reporter.ack(6));
            (messages(&again), lasts(&again))
        });
        track.record_message(0, 1);
        track.record_message(0, 1);
        track.close(7);
        let (there, last_there) = taker.join().unwrap();
        let rest = telemetry.flush(8).unwrap();
        assert_eq!(there + messages(&rest), 2);
        assert!(last_there + lasts(&rest) <= 1);
        assert!(telemetry.is_empty());
    });
}

#[test]
fn handles_that_join_and_leave_do_not_meet_a_closed_track() {
    loom::model(|| {
        let telemetry = telemetry();
        let there = telemetry.clone();
        let other = thread::spawn(move || {
            let Some(track) = open(&there) else { return 0 };
            track.record_message(0, 1);
            1
        });
        let mut recorded = 0;
        if let Some(track) = open(&telemetry) {
            track.record_message(0, 1);
            recorded = 1;
        }
        recorded += other.join().unwrap();
        // Who came between the close and its delivery got no track.
        assert!(recorded >= 1);
        assert_eq!(telemetry.counts().rejected_after_close, 0);
        assert_eq!(messages(&telemetry.flush(2).unwrap()), recorded);
        assert!(telemetry.is_empty());
    });
}
