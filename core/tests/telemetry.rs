//! Telemetry: what each track reports, when, and that nothing is lost or counted twice.

use streamgauge::ErrorKind;
use streamgauge::ledger::Totals;
use streamgauge::rtp::Packet;
use streamgauge::telemetry::{
    ByteView, DataPacket, Direction, Level, Role, RtcpSample, Stat, Telemetry, TelemetryConfig, Track,
    TrackKey, TrackKind, TrackSeed, TrackTotals,
};

const S: i64 = 1_000_000;

fn key(participant: &str, track: &str) -> TrackKey {
    TrackKey {
        participant: participant.into(),
        track: track.into(),
        direction: Direction::Upstream,
        role: Role::Edge,
        kind: TrackKind::Video,
        source: "camera".into(),
        mime: "video/VP8".into(),
        country: String::new(),
    }
}

fn telemetry(config: TelemetryConfig) -> Telemetry {
    let telemetry = Telemetry::new(config).unwrap();
    for participant in ["PA_1", "PA_2"] {
        telemetry.identify(participant, "RM_1", "room", 0).unwrap();
    }
    telemetry
}

fn plain() -> Telemetry {
    telemetry(TelemetryConfig::default())
}

fn packet(n: u64) -> Packet {
    Packet {
        arrival_us: n as i64 * 10_000,
        ssrc: 7,
        rtp_timestamp: (n * 900) as u32,
        sequence: n as u16,
        wire_bytes: 1012,
        header_bytes: 12,
        payload_type: 96,
        ..Packet::default()
    }
}

fn one(stats: Vec<Stat>) -> Stat {
    assert_eq!(stats.len(), 1, "{stats:?}");
    stats.into_iter().next().unwrap()
}

#[test]
fn packets_become_a_stat_once() {
    let telemetry = plain();
    let track = telemetry.open(key("PA_1", "TR_1"), 0).unwrap();
    track.record(&[packet(0), packet(1), packet(3)]);
    let stat = one(telemetry.flush(5 * S).unwrap().stats);
    assert_eq!((stat.totals.primary_packets, stat.totals.primary_bytes), (3, 3000));
    assert_eq!((stat.totals.packets_lost, stat.totals.frames), (1, 3));
    assert_eq!((stat.interval.start_us, stat.interval.end_us), (0, 5 * S));
    assert_eq!((stat.key.room_id.as_str(), stat.rtt_us, stat.scores), ("RM_1", None, None));
    assert!(telemetry.flush(10 * S).unwrap().stats.is_empty(), "an idle track says nothing");
    // A late packet only: bytes are reported and the loss is corrected.
    track.record(&[packet(2)]);
    let stat = one(telemetry.flush(15 * S).unwrap().stats);
    assert_eq!((stat.totals.primary_bytes, stat.totals.packets_lost), (1000, -1));
    assert_eq!((stat.packets_lost_to_report, stat.packets_lost_held_back), (0, -1));
    track.record(&[packet(4), packet(8)]);
    let stat = one(telemetry.flush(20 * S).unwrap().stats);
    assert_eq!((stat.packets_lost_to_report, stat.packets_lost_held_back), (2, 0));
}

#[test]
fn messages_of_no_bytes_count_in_their_own_interval() {
    let telemetry = plain();
    let track = telemetry.open(TrackKey { kind: TrackKind::Data, ..key("PA_1", "TR_DT") }, 0).unwrap();
    track.record_message(1, 0);
    let stat = one(telemetry.flush(S).unwrap().stats);
    assert_eq!((stat.totals.messages, stat.totals.primary_bytes), (1, 0));
    track.record_message(S, 70_000);
    let stat = one(telemetry.flush(2 * S).unwrap().stats);
    assert_eq!((stat.totals.messages, stat.totals.primary_bytes), (1, 70_000));
}

#[test]
fn close_leaves_the_tail_once() {
    let telemetry = plain();
    let track = telemetry.open(key("PA_1", "TR_1"), 0).unwrap();
    let again = telemetry.open(key("PA_1", "TR_1"), 0).unwrap();
    track.record(&[packet(0), packet(1)]);
    assert!(track.close(S) && !track.close(S));
    track.record(&[packet(2)]);
    again.record(&[packet(2)]);
    assert!(!one(telemetry.flush(2 * S).unwrap().stats).last);
    again.record(&[packet(3)]);
    assert!(again.close(3 * S));
    again.record(&[packet(4), packet(5)]);
    assert_eq!(telemetry.open(key("PA_1", "TR_1"), 3 * S).unwrap_err().kind(), ErrorKind::AlreadyPending);
    let stat = one(telemetry.take(5 * S).unwrap().stats);
    assert!(stat.last && stat.totals.primary_packets == 1 && stat.interval.end_us == 3 * S);
    // The report did not arrive: the tail comes again.
    assert!(telemetry.restore());
    let stat = one(telemetry.take(6 * S).unwrap().stats);
    assert!(stat.last && stat.totals.primary_packets == 1 && stat.merged_intervals == 1);
    assert!(telemetry.ack(6 * S));
    assert!(telemetry.take(7 * S).unwrap().stats.is_empty());
    telemetry.ack(7 * S);
    assert_eq!(telemetry.len(), (0, 2));
    assert_eq!(telemetry.counts().rejected_after_close, 3);
    assert_eq!(telemetry.counts().intervals_merged, 1);
    assert_eq!(telemetry.totals(Direction::Upstream, Role::Edge).primary_packets, 4);
    // Participants go after their grace period.
    telemetry.flush(300 * S).unwrap();
    assert_eq!(telemetry.len(), (0, 0));
    assert_eq!(telemetry.totals(Direction::Upstream, Role::Edge).primary_packets, 4);
}

#[test]
fn a_failed_report_is_merged_with_the_next() {
    let telemetry = plain();
    let track = telemetry.open(key("PA_1", "TR_1"), 0).unwrap();
    track.record_rtcp(1, &RtcpSample { rtt_us: Some(9000), lost: 3, nacks: 1, ..RtcpSample::default() });
    track.record_score(4.0);
    assert_eq!(one(telemetry.take(S).unwrap().stats).rtt_us, Some(9000));
    assert_eq!(telemetry.take(S).unwrap_err().kind(), ErrorKind::AlreadyPending);
    track.record_rtcp(
        2,
        &RtcpSample { rtt_us: Some(500), jitter_us: Some(0), lost: -5, plis: 2, firs: 1, nacks: 1 },
    );
    track.record_score(2.0);
    track.record_score(0.0);
    telemetry.restore();
    let stat = one(telemetry.flush(2 * S).unwrap().stats);
    assert_eq!((stat.rtt_us, stat.jitter_us), (Some(9000), Some(0)));
    assert_eq!((stat.totals.nacks, stat.totals.plis, stat.totals.firs), (2, 2, 1));
    assert_eq!((stat.totals.packets_lost, stat.packets_lost_held_back), (-2, -2));
    let scores = stat.scores.unwrap();
    assert_eq!((scores.mean, scores.min, scores.median, scores.count), (3.0, 2.0, 3.0, 2));
    assert_eq!(stat.interval.start_us, 0);
    assert_eq!(stat.merged_intervals, 1);
}

#[test]
fn pulled_totals_survive_an_ssrc_that_goes_and_comes() {
    let telemetry = plain();
    let track = telemetry.open(key("PA_1", "TR_1"), 0).unwrap();
    track.observe_totals(7, 100, 10_000);
    track.observe_totals(8, 5, 500);
    track.remove_ssrc(7);
    track.observe_totals(7, 30, 3000);
    track.observe_totals(8, 2, 100); // restarted without being removed
    let stat = one(telemetry.flush(S).unwrap().stats);
    assert_eq!((stat.totals.primary_packets, stat.totals.primary_bytes), (137, 13_600));
}

#[test]
fn a_participant_without_a_room_waits() {
    let telemetry = plain();
    let track = telemetry.open(key("PA_9", "TR_1"), 0).unwrap();
    track.record(&[packet(0), packet(1)]);
    assert!(telemetry.flush(S).unwrap().stats.is_empty());
    telemetry.identify("PA_9", "RM_2", "later", S).unwrap();
    let stat = one(telemetry.flush(2 * S).unwrap().stats);
    assert_eq!((stat.key.room_id.as_str(), stat.totals.primary_packets), ("RM_2", 2));
}

#[test]
fn relay_traffic_is_not_edge_traffic() {
    let telemetry = plain();
    let edge = telemetry.open(key("PA_1", "TR_1"), 0).unwrap();
    let relay = telemetry.open(TrackKey { role: Role::Relay, ..key("PA_1", "TR_1") }, 0).unwrap();
    edge.record_message(0, 10);
    relay.record_message(0, 1000);
    assert_eq!(telemetry.totals(Direction::Upstream, Role::Edge).primary_bytes, 10);
    assert_eq!(telemetry.totals(Direction::Upstream, Role::Relay).primary_bytes, 1000);
    let stats = telemetry.flush(S).unwrap().stats;
    assert_eq!(stats.iter().map(|stat| stat.key.role).collect::<Vec<_>>(), [Role::Edge, Role::Relay]);
}

#[test]
fn one_stat_for_each_participant_and_direction() {
    let telemetry = telemetry(TelemetryConfig { level: Level::Participant, ..TelemetryConfig::default() });
    let tracks: Vec<Track> = [("PA_1", "TR_1"), ("PA_1", "TR_2"), ("PA_2", "TR_3")]
        .into_iter()
        .map(|(participant, track)| telemetry.open(key(participant, track), 0).unwrap())
        .collect();
    let down = TrackKey { direction: Direction::Downstream, ..key("PA_2", "TR_1") };
    let down = telemetry.open(down, 0).unwrap();
    tracks.iter().for_each(|track| track.record_message(0, 100));
    tracks[0].record_rtcp(0, &RtcpSample { rtt_us: Some(5), ..RtcpSample::default() });
    tracks[1].record_rtcp(0, &RtcpSample { rtt_us: Some(8), ..RtcpSample::default() });
    down.record_message(0, 7);
    let stats = telemetry.flush(S).unwrap().stats;
    let bytes: Vec<u64> = stats.iter().map(|stat| stat.totals.primary_bytes).collect();
    assert_eq!(bytes, [200, 100, 7]);
    assert_eq!((stats[0].rtt_us, stats[0].tracks, stats[0].key.track.as_str()), (Some(8), 2, ""));
    assert_eq!(stats[1].key.track, "TR_3");
}

#[test]
fn gaps_in_what_is_sent_are_no_loss_and_no_jitter() {
    let telemetry = plain();
    let down = TrackKey { direction: Direction::Downstream, ..key("PA_2", "TR_1") };
    let track = telemetry.open(down, 0).unwrap();
    let late = Packet { arrival_us: 400_000, ..packet(9) };
    track.record(&[packet(0), packet(1), packet(4), late]);
    let stat = one(telemetry.flush(S).unwrap().stats);
    assert_eq!((stat.totals.primary_packets, stat.totals.packets_lost, stat.jitter_us), (4, 0, None));
    // The viewer misses what never came to be sent, and one more.
    track.record(&[packet(10)]);
    let seen = RtcpSample { lost: 7, jitter_us: Some(5), ..RtcpSample::default() };
    track.record_rtcp(S, &seen);
    assert_eq!(track.totals().unwrap().packets_lost, 7);
    let stat = one(telemetry.flush(2 * S).unwrap().stats);
    assert_eq!((stat.totals.packets_lost, stat.jitter_us), (7, Some(5)));
}

#[test]
fn what_is_sent_counts_from_the_first_packet() {
    let telemetry = plain();
    let down = TrackKey { direction: Direction::Downstream, ..key("PA_2", "TR_1") };
    let (up, down) = (telemetry.open(key("PA_1", "TR_1"), 0).unwrap(), telemetry.open(down, 0).unwrap());
    // Retransmissions with gaps: of a stranger this could be anything.
    let lone = [3, 70, 2000].map(|n| Packet { ssrc: 99, flags: Packet::RTX, ..packet(n) });
    up.record(&lone);
    down.record(&lone);
    assert_eq!(up.totals().unwrap().retransmit_packets, 0);
    assert_eq!(down.totals().unwrap().retransmit_packets, 3);
}

#[test]
fn frames_of_simulcast_are_those_of_the_best_layer() {
    let telemetry = telemetry(TelemetryConfig { bytes: ByteView::Wire, ..TelemetryConfig::default() });
    let track = telemetry.open(key("PA_1", "TR_1"), 0).unwrap();
    for layer in 0..3u8 {
        let ssrc = 100 + u32::from(layer);
        track.set_layer(ssrc, layer);
        let every = 4 - u64::from(layer);
        let layered: Vec<Packet> =
            (0..60).map(|n| Packet { ssrc, rtp_timestamp: (n / every * 3000) as u32, ..packet(n) }).collect();
        track.record(&layered);
    }
    let stat = one(telemetry.flush(S).unwrap().stats);
    assert_eq!((stat.totals.frames, stat.totals.primary_packets), (30, 180));
    let (layer, counts) = stat.layer.unwrap();
    assert_eq!((layer, counts.packets, counts.bytes, counts.frames), (2, 60, 60 * 1012, 30));
}

#[test]
fn data_tracks_have_sequence_and_a_summary() {
    let telemetry = plain();
    let track = telemetry.open(TrackKey { kind: TrackKind::Data, ..key("PA_1", "TR_D") }, 0).unwrap();
    let data =
        |sequence: u16, at_us, starts_frame| DataPacket { at_us, sequence, bytes: 100_000, starts_frame };
    track.record_data(&[data(65_535, 0, true)]);
    let stat = one(telemetry.flush(S).unwrap().stats);
    assert_eq!((stat.totals.primary_bytes, stat.totals.primary_packets, stat.totals.frames), (100_000, 1, 1));
    track.record_data(&[data(1, S, true), data(0, S, false), data(1, S, true), data(4, 2 * S, true)]);
    track.close(3 * S);
    let stat = one(telemetry.flush(3 * S).unwrap().stats);
    assert_eq!((stat.totals.primary_packets, stat.totals.packets_duplicate), (4, 1));
    assert_eq!((stat.totals.packets_lost, stat.totals.packets_out_of_order, stat.totals.frames), (2, 1, 2));
    let summary = stat.data.unwrap();
    assert_eq!((summary.duration_us, summary.frames, summary.frame_rate), (2 * S, 3, Some(1.5)));
    assert_eq!((summary.packets, summary.packets_lost), (5, 2));
}

#[test]
fn a_track_moves_to_another_node() {
    let (here, there) = (plain(), plain());
    let track = here.open(key("PA_1", "TR_1"), 0).unwrap();
    track.record_message(0, 100);
    here.flush(S).unwrap();
    track.record_message(S, 10);
    let seed: TrackSeed = track.export(2 * S);
    let moved = there.open_seeded(key("PA_1", "TR_1"), 2 * S, seed).unwrap();
    moved.record_message(2 * S, 1);
    assert_eq!(one(here.flush(3 * S).unwrap().stats).totals.primary_bytes, 10);
    assert_eq!(one(there.flush(3 * S).unwrap().stats).totals.primary_bytes, 1);
    assert_eq!(moved.totals().unwrap().primary_bytes, 111);
}

#[test]
fn limits_are_errors_and_nothing_is_a_recorder_of_nothing() {
    let telemetry =
        Telemetry::new(TelemetryConfig { max_tracks: 1, max_participants: 1, ..TelemetryConfig::default() })
            .unwrap();
    let track = telemetry.open(key("PA_1", "TR_1"), 0).unwrap();
    for (participant, name) in [("PA_1", "TR_2"), ("PA_2", "TR_1")] {
        assert_eq!(
            telemetry.open(key(participant, name), 0).unwrap_err().kind(),
            ErrorKind::CapacityExceeded
        );
    }
    assert!(telemetry.identify("PA_2", "r", "r", 0).is_err());
    assert!(Telemetry::new(TelemetryConfig { max_tracks: 0, ..TelemetryConfig::default() }).is_err());
    assert!(Telemetry::new(TelemetryConfig { grace_us: -1, ..TelemetryConfig::default() }).is_err());
    let none = Track::disabled();
    none.record(&[packet(0)]);
    none.record_message(0, 5);
    assert_eq!((none.totals(), none.close(0), none.close(0)), (None, true, false));
    drop(track);
    telemetry.identify("PA_1", "r", "r", 0).unwrap();
    telemetry.flush(S).unwrap();
    assert!(telemetry.is_empty(), "a dropped handle closes");
}

#[test]
fn a_flood_of_ssrcs_does_not_drive_out_the_stream_of_a_track() {
    let telemetry = plain();
    let track = telemetry.open(key("PA_1", "TR_1"), 0).unwrap();
    track.record(&[packet(0), packet(1)]);
    let mut ssrc = 1000;
    for round in 2..200 {
        track.record(&[packet(round)]);
        for _ in 0..200 {
            track.record(&[Packet { ssrc, ..packet(round) }]);
            ssrc += 1;
        }
    }
    assert_eq!(track.totals().unwrap().primary_packets, 200);
}

#[test]
fn an_idle_track_says_zeros_when_asked_to() {
    let telemetry = telemetry(TelemetryConfig { emit_idle: true, ..TelemetryConfig::default() });
    let track = telemetry.open(key("PA_1", "TR_1"), 0).unwrap();
    assert_eq!(one(telemetry.flush(S).unwrap().stats).totals, TrackTotals::default());
    track.set_mime("video/AV1");
    assert_eq!(one(telemetry.flush(2 * S).unwrap().stats).key.mime, "video/AV1");
}

#[test]
fn many_threads_record_while_reports_are_taken() {
    let telemetry = plain();
    let tracks: Vec<Track> =
        (0..64).map(|i| telemetry.open(key("PA_1", &format!("TR_{i}")), 0).unwrap()).collect();
    let mut sum = TrackTotals::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                let tracks = &tracks;
                scope.spawn(move || {
                    for n in 0..2000u64 {
                        let track = &tracks[(n as usize * 7 + worker) % tracks.len()];
                        track.record_message(n as i64, 3);
                        track.record(&[Packet { ssrc: worker as u32, ..packet(n / 64) }]);
                    }
                })
            })
            .collect();
        let mut now = 1;
        while workers.iter().any(|worker| !worker.is_finished()) {
            let report = telemetry.take(now).unwrap();
            if now % 3 == 0 {
                telemetry.restore();
            } else {
                report.stats.iter().for_each(|stat| sum.add(&stat.totals));
                telemetry.ack(now);
            }
            now += 1;
        }
    });
    tracks.iter().for_each(|track| assert!(track.close(S)));
    telemetry.flush(S).unwrap().stats.iter().for_each(|stat| sum.add(&stat.totals));
    assert_eq!(sum.messages, 8000);
    assert_eq!(sum, telemetry.totals(Direction::Upstream, Role::Edge));
    assert!(telemetry.is_empty());
}

#[cfg(feature = "sync")]
#[test]
fn a_reporter_delivers_what_is_left_when_it_stops() {
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
    use std::sync::{Arc, Mutex};
    let telemetry = plain();
    let track = telemetry.open(key("PA_1", "TR_1"), 0).unwrap();
    let (clock, refused) = (Arc::new(AtomicI64::new(0)), AtomicU64::new(0));
    let got = Arc::new(Mutex::new(0u64));
    let sink = got.clone();
    let reporter = streamgauge::telemetry::Reporter::start(
        telemetry.clone(),
        1000,
        move || clock.fetch_add(1000, Ordering::Relaxed),
        move |report| {
            // Every second report does not arrive.
            if refused.fetch_add(1, Ordering::Relaxed) % 2 == 0 && !report.stats.iter().any(|stat| stat.last)
            {
                return false;
            }
            *sink.lock().unwrap() += report.stats.iter().map(|stat| stat.totals.primary_bytes).sum::<u64>();
            true
        },
    )
    .unwrap();
    for n in 0..500 {
        track.record_message(n, 2);
    }
    track.close(i64::MAX);
    reporter.stop();
    assert_eq!(*got.lock().unwrap(), 1000);
}
