//! Monitors against brute force: streams that come, go, restart and come back.

use proptest::prelude::*;
use std::collections::BTreeMap;
use streamgauge::ledger::Totals;
use streamgauge::webrtc::{
    Counts, Flow, Member, Metric, Monitor, MonitorConfig, Report, StatType, TrackColumn,
};

/// What happens to one stream between two reports.
#[derive(Clone, Debug)]
enum Event {
    /// It carries so many packets; so many more are lost than before, or fewer.
    Carry(u64, i64),
    /// Its counters restart, and it carries so many packets.
    Restart(u64),
    /// It is not in the report, and carries so many packets meanwhile.
    Hide(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..50u64, -3..5i64).prop_map(|(packets, lost)| Event::Carry(packets, lost)),
        1 => (0..50u64).prop_map(Event::Restart),
        2 => (0..50u64).prop_map(Event::Hide),
    ]
}

#[derive(Clone, Copy, Default)]
struct Truth {
    shown: u64,
    lost: i64,
    /// What it had shown when the monitor saw it last; absent before that.
    seen: Option<(u64, i64)>,
    packets: u64,
    total_lost: i64,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn totals_are_those_of_brute_force(
        rounds in proptest::collection::vec(proptest::collection::vec(event(), 3), 1..30),
        take in proptest::collection::vec(any::<bool>(), 30),
        from_start in any::<bool>(),
    ) {
        let mut monitor = Monitor::new(MonitorConfig { from_start, ..MonitorConfig::default() }).unwrap();
        let mut truth = [Truth::default(); 3];
        let mut taken: BTreeMap<String, Counts> = BTreeMap::new();
        let mut before = [Counts::default(); 3];
        for (round, events) in rounds.iter().enumerate() {
            let time_us = round as i64 * 1_000_000;
            let mut report = Report::new(time_us);
            for (i, event) in events.iter().enumerate() {
                let stream = &mut truth[i];
                match *event {
                    Event::Carry(packets, lost) => {
                        stream.shown += packets;
                        stream.lost += lost;
                    }
                    Event::Restart(packets) => {
                        // One that shows no less than before cannot be told from one that went on.
                        let packets = packets.min(stream.seen.map_or(u64::MAX, |(seen, _)| seen.saturating_sub(1)));
                        if stream.seen.is_some_and(|(seen, _)| seen > packets) {
                            (stream.shown, stream.lost) = (packets, 0);
                        }
                    }
                    Event::Hide(packets) => {
                        stream.shown += packets;
                        continue;
                    }
                }
                let id = format!("I{i}");
                let mut object = report.push(StatType::Inbound, &id).unwrap();
                object
                    .set("kind", Member::Text("video"))
                    .set("trackIdentifier", Member::Text(&id))
                    .set("packetsReceived", Member::Number(stream.shown as f64))
                    .set("packetsLost", Member::Number(stream.lost as f64));
                let (packets, lost) = match stream.seen {
                    None if round == 0 && !from_start => (0, 0),
                    None => (stream.shown, stream.lost),
                    Some((seen, _)) if stream.shown < seen => (stream.shown, stream.lost),
                    Some((seen, lost)) => (stream.shown - seen, stream.lost - lost),
                };
                stream.seen = Some((stream.shown, stream.lost));
                stream.packets += packets;
                stream.total_lost += lost;
            }
            monitor.record(&report).unwrap();
            for (i, stream) in truth.iter().enumerate() {
                let Some(track) = monitor.track(Flow::Inbound, &format!("I{i}")) else {
                    prop_assert!(stream.seen.is_none());
                    continue;
                };
                prop_assert_eq!(track.totals().get(Metric::Packets).unwrap_or(0), stream.packets);
                prop_assert_eq!(track.totals().packets_lost().unwrap_or(0), stream.total_lost);
                prop_assert!(!track.totals().fell_below(&before[i]));
                before[i] = *track.totals();
                let row = track.latest().unwrap();
                for column in TrackColumn::ALL {
                    let value = row.get(*column).unwrap_or(0.0);
                    let signed = matches!(column, TrackColumn::PacketsLost | TrackColumn::LossRatio);
                    prop_assert!(value.is_finite() && (signed || value >= 0.0), "{:?} {}", column, value);
                }
            }
            let sum: u64 = truth.iter().map(|stream| stream.packets).sum();
            prop_assert_eq!(monitor.totals(Flow::Inbound).get(Metric::Packets).unwrap_or(0), sum);
            if take[round] {
                add(&mut taken, &mut monitor, time_us);
            }
        }
        monitor.close(i64::MAX);
        add(&mut taken, &mut monitor, i64::MAX);
        for track in monitor.tracks() {
            let sum = taken.get(&track.key().name).copied().unwrap_or_default();
            prop_assert_eq!(sum.get(Metric::Packets).unwrap_or(0), track.totals().get(Metric::Packets).unwrap_or(0));
            prop_assert_eq!(sum.packets_lost().unwrap_or(0), track.totals().packets_lost().unwrap_or(0));
        }
    }
}

fn add(taken: &mut BTreeMap<String, Counts>, monitor: &mut Monitor, now_us: i64) {
    for delta in monitor.take(now_us) {
        taken.entry(delta.key.name).or_default().add(&delta.counts);
    }
}
