//! Telemetry against the plainest account of the same: tracks that open, close and open again,
//! counts that are pulled and SSRCs that leave and come back, rooms known late, reports that arrive
//! or do not. Each stat is exactly what was counted since the one acknowledged before; packets that
//! come late or again are corrected in a later one.
//!
//! `cargo xtask properties` runs a million cases.

use proptest::prelude::*;
use std::collections::BTreeMap;
use streamgauge::ErrorKind;
use streamgauge::ledger::Totals;
use streamgauge::rtp::Packet;
use streamgauge::telemetry::{
    Direction, Role, RtcpSample, Stat, Telemetry, TelemetryConfig, Track, TrackKey, TrackKind, TrackSeed,
    TrackTotals,
};

fn cases() -> ProptestConfig {
    let cases = std::env::var("STREAMGAUGE_PROPERTY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

const PARTICIPANTS: [&str; 2] = ["PA_0", "PA_1"];
const TRACKS: usize = 4;

fn key(i: usize) -> TrackKey {
    TrackKey {
        participant: PARTICIPANTS[i / 2].into(),
        track: format!("TR_{}", i % 2),
        direction: Direction::Upstream,
        role: Role::Edge,
        kind: TrackKind::Video,
        source: String::new(),
        mime: String::new(),
        country: String::new(),
    }
}

#[derive(Clone, Debug)]
enum Op {
    Open {
        track: usize,
        seed: u64,
    },
    Close {
        track: usize,
        by_drop: bool,
    },
    Message {
        track: usize,
        bytes: u64,
    },
    Packets {
        track: usize,
        count: u64,
    },
    Observe {
        track: usize,
        ssrc: u32,
        packets: u64,
    },
    /// The SFU's own counter starts again from `packets`, below what it was.
    Restart {
        track: usize,
        ssrc: u32,
        packets: u64,
    },
    Remove {
        track: usize,
        ssrc: u32,
    },
    Rtcp {
        track: usize,
        lost: i64,
        rtt_us: u32,
    },
    Identify {
        participant: usize,
    },
    Take,
    Ack,
    Restore,
}

fn op() -> impl Strategy<Value = Op> {
    let track = 0..TRACKS;
    let ssrc = 1..4u32;
    prop_oneof![
        4 => (track.clone(), 0..3u64).prop_map(|(track, seed)| Op::Open { track, seed: seed * 7 }),
        2 => (track.clone(), any::<bool>()).prop_map(|(track, by_drop)| Op::Close { track, by_drop }),
        2 => (track.clone(), 0..2000u64).prop_map(|(track, bytes)| Op::Message { track, bytes }),
        2 => (track.clone(), 2..9u64).prop_map(|(track, count)| Op::Packets { track, count }),
        4 => (track.clone(), ssrc.clone(), 0..100u64)
            .prop_map(|(track, ssrc, packets)| Op::Observe { track, ssrc, packets }),
        1 => (track.clone(), ssrc.clone(), 0..100u64)
            .prop_map(|(track, ssrc, packets)| Op::Restart { track, ssrc, packets }),
        1 => (track.clone(), ssrc).prop_map(|(track, ssrc)| Op::Remove { track, ssrc }),
        2 => (track, -20..30i64, 0..1000u32).prop_map(|(track, lost, rtt_us)| Op::Rtcp { track, lost, rtt_us }),
        1 => (0..2usize).prop_map(|participant| Op::Identify { participant }),
        4 => Just(Op::Take),
        3 => Just(Op::Ack),
        1 => Just(Op::Restore),
    ]
}

/// A track from its opening to the delivery of its last interval.
#[derive(Default)]
struct Life {
    handles: Vec<Track>,
    seed: TrackTotals,
    /// Counted since the opening, the seed left out.
    total: TrackTotals,
    acknowledged: TrackTotals,
    in_flight: Option<TrackTotals>,
    rtt_us: Option<u32>,
    rtt_in_flight_us: Option<u32>,
    /// To where its acknowledged intervals reach.
    until_us: i64,
    in_flight_until_us: i64,
    /// What the SFU's counters show, by SSRC.
    shown: BTreeMap<u32, u64>,
    sent: u64,
}

impl Life {
    fn take(&mut self, stat: Option<&Stat>, emit_idle: bool, now: i64) -> Result<(), TestCaseError> {
        let closed = self.handles.is_empty();
        let expected = self.total.since(&self.acknowledged);
        match stat {
            None => {
                prop_assert!(!emit_idle);
                prop_assert_eq!((expected, self.rtt_us), (TrackTotals::default(), None));
            }
            Some(stat) => {
                prop_assert_eq!(stat.totals, expected);
                prop_assert_eq!((stat.rtt_us, stat.last), (self.rtt_us, closed));
                prop_assert_eq!(stat.interval.start_us, self.until_us, "intervals abut");
                prop_assert!(stat.interval.end_us <= now.max(stat.interval.start_us));
                self.in_flight_until_us = stat.interval.end_us;
            }
        }
        if stat.is_none() {
            self.in_flight_until_us = now.max(self.until_us);
        }
        self.in_flight = Some(expected);
        self.rtt_in_flight_us = self.rtt_us.take();
        Ok(())
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_stat_is_what_was_counted_since_the_last_one(
        ops in prop::collection::vec(op(), 1..120),
        emit_idle in any::<bool>(),
    ) {
        let telemetry = Telemetry::new(TelemetryConfig { emit_idle, ..TelemetryConfig::default() }).unwrap();
        let mut lives: [Option<Life>; TRACKS] = Default::default();
        let mut identified = [false; 2];
        let mut taken: Option<Vec<usize>> = None;
        let (mut whole, mut arrived, mut high_water) = (TrackTotals::default(), TrackTotals::default(), 0);
        for (n, op) in ops.into_iter().enumerate() {
            let now = n as i64 + 1;
            match op {
                Op::Open { track, seed } => {
                    let totals = TrackTotals { primary_bytes: seed, ..TrackTotals::default() };
                    let opened = telemetry.open_seeded(key(track), now, TrackSeed { totals });
                    match &mut lives[track] {
                        Some(life) if life.handles.is_empty() => {
                            prop_assert_eq!(opened.unwrap_err().kind(), ErrorKind::AlreadyPending);
                        }
                        Some(life) => life.handles.push(opened.unwrap()),
                        none => {
                            whole.add(&totals);
                            *none = Some(Life {
                                handles: vec![opened.unwrap()],
                                seed: totals,
                                until_us: now,
                                ..Life::default()
                            });
                        }
                    }
                }
                Op::Close { track, by_drop } => {
                    if let Some(handle) = lives[track].as_mut().and_then(|life| life.handles.pop()) {
                        if by_drop {
                            drop(handle);
                        } else {
                            prop_assert!(handle.close(now) && !handle.close(now));
                            // After the close: counted nowhere but as rejected.
                            handle.record_message(now, 5);
                        }
                    }
                }
                Op::Take => {
                    let report = telemetry.take(now);
                    if taken.is_some() {
                        prop_assert_eq!(report.unwrap_err().kind(), ErrorKind::AlreadyPending);
                        continue;
                    }
                    let report = report.unwrap();
                    let mut stats: BTreeMap<(String, String), Stat> = BTreeMap::new();
                    for stat in report.stats {
                        let id = (stat.key.participant.clone(), stat.key.track.clone());
                        prop_assert!(stats.insert(id, stat).is_none(), "one stat a track");
                    }
                    let mut with_room = Vec::new();
                    for (i, life) in lives.iter_mut().enumerate() {
                        let id = (key(i).participant, key(i).track);
                        let stat = stats.remove(&id);
                        match life {
                            Some(life) if identified[i / 2] => {
                                life.take(stat.as_ref(), emit_idle, now)?;
                                with_room.push(i);
                            }
                            _ => prop_assert!(stat.is_none()),
                        }
                    }
                    taken = Some(with_room);
                }
                Op::Ack => {
                    prop_assert_eq!(telemetry.ack(now), taken.is_some());
                    for i in taken.take().into_iter().flatten() {
                        let life = lives[i].as_mut().unwrap();
                        let delta = life.in_flight.take().unwrap();
                        life.acknowledged.add(&delta);
                        arrived.add(&delta);
                        life.until_us = life.in_flight_until_us;
                        // Closed before the take: drained, unless the close came in between.
                        let drained = telemetry.open(key(i), now);
                        match drained {
                            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::AlreadyPending),
                            Ok(track) if life.handles.is_empty() => {
                                prop_assert_eq!(life.acknowledged, life.total, "nothing is left behind");
                                lives[i] = Some(Life { handles: vec![track], until_us: now, ..Life::default() });
                            }
                            Ok(track) => {
                                // One more handle of a track that is open.
                                track.close(now);
                            }
                        }
                    }
                }
                Op::Restore => {
                    prop_assert_eq!(telemetry.restore(), taken.is_some());
                    for i in taken.take().into_iter().flatten() {
                        let life = lives[i].as_mut().unwrap();
                        life.in_flight = None;
                        life.rtt_us = life.rtt_us.max(life.rtt_in_flight_us);
                    }
                }
                Op::Identify { participant } => {
                    telemetry.identify(PARTICIPANTS[participant], "RM", "room", now).unwrap();
                    identified[participant] = true;
                }
                Op::Message { track, .. }
                | Op::Packets { track, .. }
                | Op::Observe { track, .. }
                | Op::Restart { track, .. }
                | Op::Remove { track, .. }
                | Op::Rtcp { track, .. } => {
                    if let Some(life) = lives[track].as_mut().filter(|life| !life.handles.is_empty()) {
                        let delta = record(life, &op, now);
                        life.total.add(&delta);
                        whole.add(&delta);
                    }
                }
            }
            let totals = telemetry.totals(Direction::Upstream, Role::Edge);
            prop_assert_eq!(totals, whole);
            prop_assert!(totals.primary_packets >= high_water, "a total fell");
            high_water = totals.primary_packets;
            for life in lives.iter().flatten() {
                let mut total = life.seed;
                total.add(&life.total);
                for handle in &life.handles {
                    prop_assert_eq!(handle.totals(), Some(total));
                }
            }
        }
        // Everybody is known, everything is closed and delivered.
        telemetry.restore();
        (0..2).for_each(|p| telemetry.identify(PARTICIPANTS[p], "RM", "room", 900).unwrap());
        lives.iter_mut().flatten().for_each(|life| life.handles.clear());
        for stat in telemetry.flush(1000).unwrap().stats {
            prop_assert!(stat.last);
            arrived.add(&stat.totals);
        }
        prop_assert!(telemetry.is_empty());
        let account: Vec<_> = telemetry.account().groups.iter().map(|group| group.totals).collect();
        prop_assert!(account.len() <= 1);
        prop_assert_eq!(account.first().copied().unwrap_or_default(), arrived);
    }

    /// Tracks open, record, lose and find packets, close and open again, while reports are taken,
    /// acknowledged and restored: all that was acknowledged is all that was counted.
    #[test]
    fn acknowledged_is_counted(ops in prop::collection::vec((0..12u8, 0..3usize, 0..50u64), 1..150)) {
        let telemetry = Telemetry::new(TelemetryConfig::default()).unwrap();
        telemetry.identify(PARTICIPANTS[0], "RM", "room", 0).unwrap();
        let mut tracks: [Option<Track>; 3] = [None, None, None];
        let mut acknowledged = TrackTotals::default();
        let mut reported_lost = 0u64;
        let mut in_flight: Option<Vec<Stat>> = None;
        let (mut bytes, mut now, mut sequence) = (0u64, 0i64, [0u64; 3]);
        for (op, i, amount) in ops {
            now += 1000;
            let key = TrackKey { track: format!("TR_{i}"), ..key(0) };
            match (op, &tracks[i]) {
                (0..=1, None) => tracks[i] = telemetry.open(key, now).ok(),
                (2, Some(track)) => {
                    track.record_message(now, amount);
                    bytes += amount;
                }
                (3..=5, Some(track)) => {
                    // A number, or a late or repeated one, or one after a gap.
                    let n = match op { 3 => sequence[i] + 1, 4 => sequence[i] + amount % 5, _ => sequence[i].saturating_sub(amount % 9) };
                    sequence[i] = sequence[i].max(n);
                    track.record(&[Packet { arrival_us: now, ..packet(n + 100) }]);
                }
                (6, Some(track)) => track.record_rtcp(now, &RtcpSample { lost: amount as i64 - 20, ..RtcpSample::default() }),
                (7, Some(_)) => {
                    tracks[i].take().unwrap().close(now);
                }
                (8..=9, _) if in_flight.is_none() => in_flight = Some(telemetry.take(now).unwrap().stats),
                (10, _) => {
                    prop_assert_eq!(telemetry.ack(now), in_flight.is_some());
                    for stat in in_flight.take().into_iter().flatten() {
                        acknowledged.add(&stat.totals);
                        reported_lost += stat.packets_lost_to_report;
                    }
                }
                (11, _) => {
                    prop_assert_eq!(telemetry.restore(), in_flight.is_some());
                    in_flight = None;
                }
                _ => {}
            }
        }
        telemetry.restore();
        tracks.iter_mut().filter_map(Option::take).for_each(|track| { track.close(now); });
        let mut held_back = 0;
        for stat in telemetry.flush(now + 1).unwrap().stats {
            acknowledged.add(&stat.totals);
            reported_lost += stat.packets_lost_to_report;
            held_back += stat.packets_lost_held_back;
        }
        prop_assert_eq!(acknowledged, telemetry.totals(Direction::Upstream, Role::Edge));
        prop_assert!(telemetry.is_empty());
        prop_assert!(acknowledged.primary_bytes >= bytes);
        // What was reported without signs exceeds the truth by the corrections that were never made
        // up for, of tracks closed in this or an earlier report.
        prop_assert!(reported_lost as i64 + held_back >= acknowledged.packets_lost);
    }
}

fn packet(n: u64) -> Packet {
    Packet {
        ssrc: 77,
        rtp_timestamp: (n * 900) as u32,
        sequence: (n + 65_500) as u16,
        wire_bytes: 1012,
        header_bytes: 12,
        payload_type: 96,
        ..Packet::default()
    }
}

/// Records through one of the handles; gives what it adds.
fn record(life: &mut Life, op: &Op, now: i64) -> TrackTotals {
    let track = &life.handles[now as usize % life.handles.len()];
    let mut delta = TrackTotals::default();
    match *op {
        Op::Message { bytes, .. } => {
            track.record_message(now, bytes);
            (delta.messages, delta.primary_bytes) = (1, bytes);
        }
        Op::Packets { count, .. } => {
            let packets: Vec<Packet> =
                (life.sent..life.sent + count).map(|n| Packet { arrival_us: now, ..packet(n) }).collect();
            life.sent += count;
            track.record(&packets);
            (delta.primary_packets, delta.primary_bytes, delta.frames) = (count, 1000 * count, count);
        }
        Op::Observe { ssrc, packets, .. } => {
            let shown = life.shown.entry(ssrc).or_default();
            *shown += packets;
            track.observe_totals(ssrc, *shown, *shown * 100);
            (delta.primary_packets, delta.primary_bytes) = (packets, packets * 100);
        }
        Op::Restart { ssrc, packets, .. } => {
            let shown = life.shown.entry(ssrc).or_default();
            let before = std::mem::replace(shown, packets.min(shown.saturating_sub(1)));
            track.observe_totals(ssrc, *shown, *shown * 100);
            if before > 0 {
                (delta.primary_packets, delta.primary_bytes) = (*shown, *shown * 100);
            }
        }
        Op::Remove { ssrc, .. } => {
            track.remove_ssrc(ssrc);
            life.shown.remove(&ssrc);
        }
        Op::Rtcp { lost, rtt_us, .. } => {
            let rtt_us = Some(rtt_us).filter(|us| *us > 0);
            track.record_rtcp(now, &RtcpSample { rtt_us, lost, nacks: 2, ..RtcpSample::default() });
            life.rtt_us = life.rtt_us.max(rtt_us);
            (delta.packets_lost, delta.nacks) = (lost, 2);
        }
        _ => {}
    }
    delta
}
