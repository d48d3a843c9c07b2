//! Telemetry under real threads: ten thousand tracks record while reports are taken, restored and
//! acknowledged, and others open and close. Nothing is lost and nothing counted twice, track by track.
#![cfg(not(target_family = "wasm"))]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use streamgauge::ledger::Totals;
use streamgauge::rtp::Packet;
use streamgauge::telemetry::{
    Direction, Report, Role, RtcpSample, Telemetry, TelemetryConfig, Track, TrackKey, TrackKind, TrackTotals,
};

const TRACKS: usize = 10_000;
const THREADS: usize = 4;
const ROUNDS: u64 = 6;
const PACKETS: u64 = 4;

fn key(participant: usize, track: usize) -> TrackKey {
    TrackKey {
        participant: format!("PA_{participant}"),
        track: format!("TR_{track}"),
        direction: Direction::Upstream,
        role: Role::Edge,
        kind: TrackKind::Video,
        source: String::new(),
        mime: String::new(),
        country: String::new(),
    }
}

fn packet(n: u64) -> Packet {
    Packet {
        arrival_us: n as i64 * 1000,
        ssrc: 7,
        rtp_timestamp: (n * 900) as u32,
        sequence: n as u16,
        wire_bytes: 1012,
        header_bytes: 12,
        payload_type: 96,
        ..Packet::default()
    }
}

/// What arrived of each track.
#[derive(Default)]
struct Arrived(BTreeMap<(String, String), (TrackTotals, u32)>);

impl Arrived {
    fn add(&mut self, report: &Report) {
        for stat in &report.stats {
            let id = (stat.key.participant.clone(), stat.key.track.clone());
            let (sum, last) = self.0.entry(id).or_default();
            assert_eq!(*last, 0, "nothing comes after the last stat");
            sum.add(&stat.totals);
            *last += u32::from(stat.last);
        }
    }
}

/// Takes reports until all workers are done; every third does not arrive.
fn report_until(telemetry: &Telemetry, done: &AtomicUsize, workers: usize, arrived: &mut Arrived) -> i64 {
    let mut now = 1;
    while done.load(Ordering::Acquire) < workers {
        let report = telemetry.take(now).unwrap();
        if now % 3 == 0 {
            assert!(telemetry.restore());
        } else {
            arrived.add(&report);
            assert!(telemetry.ack(now));
        }
        now += 1;
    }
    now
}

#[test]
fn ten_thousand_tracks_record_while_reports_are_taken() {
    let telemetry = Telemetry::new(TelemetryConfig::default()).unwrap();
    (0..100).for_each(|p| telemetry.identify(&format!("PA_{p}"), "RM", "room", 0).unwrap());
    let tracks: Vec<Track> = (0..TRACKS).map(|i| telemetry.open(key(i % 100, i), 0).unwrap()).collect();
    let (done, mut arrived) = (AtomicUsize::new(0), Arrived::default());
    let now = std::thread::scope(|scope| {
        for worker in 0..THREADS {
            let (tracks, done) = (&tracks, &done);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    // Every track by every thread; packets by one, since another order is another loss.
                    for (i, track) in tracks.iter().enumerate() {
                        track.record_message(1, i as u64);
                        if i % THREADS == worker {
                            let batch = std::array::from_fn::<_, { PACKETS as usize }, _>(|k| {
                                packet(round * PACKETS + k as u64)
                            });
                            track.record(&batch);
                            track.record_rtcp(1, &RtcpSample { lost: 1, nacks: 1, ..RtcpSample::default() });
                        }
                    }
                }
                done.fetch_add(1, Ordering::Release);
            });
        }
        report_until(&telemetry, &done, THREADS, &mut arrived)
    });
    let totals: Vec<TrackTotals> = tracks.iter().map(|track| track.totals().unwrap()).collect();
    assert!(tracks.iter().all(|track| track.close(now)));
    arrived.add(&telemetry.flush(now + 1).unwrap());
    assert!(telemetry.is_empty());
    for (i, total) in totals.iter().enumerate() {
        let messages = ROUNDS * THREADS as u64;
        assert_eq!((total.messages, total.primary_packets), (messages, ROUNDS * PACKETS), "TR_{i}");
        assert_eq!(total.primary_bytes, messages * i as u64 + ROUNDS * PACKETS * 1000);
        assert_eq!((total.packets_lost, total.nacks), (ROUNDS as i64, ROUNDS));
        let (sum, _) = arrived.0[&(format!("PA_{}", i % 100), format!("TR_{i}"))];
        assert_eq!(&sum, total, "TR_{i}");
    }
}

#[test]
fn tracks_open_and_close_on_many_threads_while_reports_are_taken() {
    let telemetry = Telemetry::new(TelemetryConfig::default()).unwrap();
    (0..4).for_each(|p| telemetry.identify(&format!("PA_{p}"), "RM", "room", 0).unwrap());
    let done = AtomicUsize::new(0);
    let mut sum = TrackTotals::default();
    let recorded: u64 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|worker| {
                let (telemetry, done) = (&telemetry, &done);
                scope.spawn(move || {
                    let mut recorded = 0;
                    for n in 0..3000usize {
                        // Shared with other threads, so that handles join and close at once.
                        let id = (n + worker) % 5;
                        // Closed and not delivered: there will be another.
                        let Ok(track) = telemetry.open(key(id % 4, id), 0) else { continue };
                        track.record_message(0, 1);
                        recorded += 1;
                        match n % 3 {
                            0 => drop(track),
                            1 => assert!(track.close(1)),
                            _ => assert!(track.export(1).totals.messages > 0),
                        }
                    }
                    done.fetch_add(1, Ordering::Release);
                    recorded
                })
            })
            .collect();
        let mut now = 1;
        while done.load(Ordering::Acquire) < THREADS {
            let report = telemetry.take(now).unwrap();
            if now % 3 == 0 {
                telemetry.restore();
            } else {
                report.stats.iter().for_each(|stat| sum.add(&stat.totals));
                telemetry.ack(now);
            }
            now += 1;
        }
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    telemetry.restore();
    telemetry.flush(i64::MAX).unwrap().stats.iter().for_each(|stat| sum.add(&stat.totals));
    assert!(telemetry.is_empty() && recorded > 0);
    // A handle that was had counts: none is taken from a track that is closed.
    assert_eq!(sum.messages + telemetry.counts().rejected_after_close, recorded);
    assert_eq!(telemetry.counts().rejected_after_close, 0);
    assert_eq!(telemetry.totals(Direction::Upstream, Role::Edge), sum);
}
