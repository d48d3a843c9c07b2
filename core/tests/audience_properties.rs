//! Audiences, concurrency and CDN counts against what brute force finds.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use streamgauge::Interval;
use streamgauge::audience::{Audience, AudienceConfig, Cdn, Concurrency, Joined};

#[derive(Clone, Copy, Debug)]
enum Event {
    Join,
    Leave,
    Heartbeat,
    Started,
    RebufferBegins,
    RebufferEnds,
    Rebuffered(u64),
    Bitrate(u64),
    Time,
}

fn events() -> impl Strategy<Value = Vec<(i64, u8, Event)>> {
    let event = prop_oneof![
        4 => Just(Event::Join),
        3 => Just(Event::Leave),
        2 => Just(Event::Heartbeat),
        1 => Just(Event::Started),
        1 => Just(Event::RebufferBegins),
        1 => Just(Event::RebufferEnds),
        1 => (0_u64..50).prop_map(Event::Rebuffered),
        2 => (0_u64..3).prop_map(|n| Event::Bitrate(n * 1000)),
        1 => Just(Event::Time),
    ];
    let step = prop_oneof![8 => 0_i64..15, 1 => -20_i64..0, 1 => 50_i64..400];
    proptest::collection::vec((step, 0_u8..6, event), 0..150).prop_map(|steps| {
        let mut at_us = 1_000;
        steps
            .into_iter()
            .map(|(step, viewer, event)| {
                at_us += step;
                (at_us, viewer, event)
            })
            .collect()
    })
}

const CONFIG: AudienceConfig = AudienceConfig {
    idle_timeout_us: 60,
    reconnect_us: 10,
    keep_us: 100,
    max_viewers: 100,
    max_changes: 10_000,
    sketch: streamgauge::series::SketchConfig { relative_error: 0.01 },
};

/// One viewer as lists of spans.
#[derive(Clone, Debug, Default)]
struct Plain {
    watched: Vec<(i64, i64)>,
    stalled: Vec<(i64, i64)>,
    bitrates: Vec<(i64, i64, u64)>,
    since: Option<i64>,
    stalled_since: Option<i64>,
    bitrate: Option<u64>,
    bitrate_since: Option<i64>,
    last_us: i64,
    /// Of the latest view.
    started: bool,
    over: bool,
}

impl Plain {
    fn stop(&mut self, at_us: i64) {
        self.watched.extend(self.since.take().map(|since| (since, at_us)));
        self.stalled.extend(self.stalled_since.take().map(|since| (since, at_us)));
        self.end_bitrate(at_us);
    }

    fn end_bitrate(&mut self, at_us: i64) {
        self.bitrates.extend(self.bitrate_since.take().map(|since| (since, at_us, self.bitrate.unwrap())));
    }
}

/// All viewers ever, and the counts that a list of spans does not show.
#[derive(Default)]
struct Model {
    known: BTreeMap<u8, Plain>,
    forgotten: Vec<Plain>,
    views: u64,
    reconnects: u64,
    unknown: u64,
    timed_out: u64,
    rebuffers: u64,
    told_us: u64,
    started: u64,
    ended: u64,
    ended_before_start: u64,
}

impl Model {
    fn time(&mut self, now_us: i64) {
        let mut gone = BTreeSet::new();
        for (&id, viewer) in &mut self.known {
            if viewer.since.is_some() && viewer.last_us + CONFIG.idle_timeout_us <= now_us {
                viewer.stop(viewer.last_us);
                self.timed_out += 1;
            }
            let away_us = if viewer.since.is_none() { now_us - viewer.last_us } else { 0 };
            if away_us > CONFIG.reconnect_us && !viewer.over {
                viewer.over = true;
                self.ended += 1;
                self.ended_before_start += u64::from(!viewer.started);
            }
            if viewer.since.is_none() && away_us >= CONFIG.keep_us {
                gone.insert(id);
            }
        }
        self.forgotten.extend(gone.iter().filter_map(|id| self.known.remove(id)));
    }

    fn event(&mut self, at_us: i64, id: u8, event: Event) {
        self.time(at_us);
        if matches!(event, Event::Time) {
            return;
        }
        if matches!(event, Event::Join) {
            let is_new = !self.known.contains_key(&id);
            let viewer = self.known.entry(id).or_insert(Plain { last_us: at_us, ..Plain::default() });
            let at_us = at_us.max(viewer.last_us);
            viewer.last_us = at_us;
            if viewer.since.is_some() {
                self.reconnects += 1;
                return;
            }
            viewer.since = Some(at_us);
            viewer.bitrate_since = viewer.bitrate.map(|_| at_us);
            if is_new || viewer.over {
                self.views += 1;
                (viewer.started, viewer.over) = (false, false);
            } else {
                self.reconnects += 1;
            }
            return;
        }
        let Some(viewer) = self.known.get_mut(&id).filter(|viewer| viewer.since.is_some()) else {
            self.unknown += 1;
            return;
        };
        let at_us = at_us.max(viewer.last_us);
        viewer.last_us = at_us;
        match event {
            Event::Leave => viewer.stop(at_us),
            Event::Started if !viewer.started => {
                viewer.started = true;
                self.started += 1;
            }
            Event::RebufferBegins if viewer.stalled_since.is_none() => {
                viewer.stalled_since = Some(at_us);
                self.rebuffers += 1;
            }
            Event::RebufferEnds => {
                viewer.stalled.extend(viewer.stalled_since.take().map(|since| (since, at_us)));
            }
            Event::Rebuffered(duration_us) => {
                self.rebuffers += 1;
                self.told_us += duration_us;
            }
            Event::Bitrate(bps) => {
                viewer.end_bitrate(at_us);
                viewer.bitrate = Some(bps);
                viewer.bitrate_since = Some(at_us);
            }
            _ => {}
        }
    }

    /// All spans, those that go on up to now.
    fn all(&self, now_us: i64) -> Vec<Plain> {
        let mut all = self.forgotten.clone();
        all.extend(self.known.values().cloned().map(|mut viewer| {
            viewer.stop(now_us);
            viewer
        }));
        all
    }
}

fn apply(audience: &mut Audience, at_us: i64, id: u8, event: Event) {
    let id = id.to_string();
    match event {
        Event::Join => {
            let known = audience.viewer(&id, at_us).is_some();
            let joined = audience.join(&id, at_us, None).unwrap();
            assert!(known || joined == Joined::New);
        }
        Event::Leave => drop(audience.leave(&id, at_us)),
        Event::Heartbeat => drop(audience.heartbeat(&id, at_us)),
        Event::Started => drop(audience.started(&id, at_us)),
        Event::RebufferBegins => drop(audience.rebuffer_begins(&id, at_us)),
        Event::RebufferEnds => drop(audience.rebuffer_ends(&id, at_us)),
        Event::Rebuffered(duration_us) => drop(audience.rebuffered(&id, at_us, duration_us)),
        Event::Bitrate(bps) => drop(audience.bitrate(&id, at_us, bps)),
        Event::Time => audience.handle_time(at_us),
    }
}

/// The highest number of spans at once and when it was first, by looking at every moment.
fn peak(spans: &[(i64, i64)]) -> (u64, Option<i64>) {
    let moments: BTreeSet<i64> = spans.iter().flat_map(|span| [span.0, span.1]).collect();
    let mut best = (0, None);
    for at_us in moments {
        let level = spans.iter().filter(|span| span.0 <= at_us && at_us < span.1).count() as u64;
        if level > best.0 {
            best = (level, Some(at_us));
        }
    }
    best
}

proptest! {
    #[test]
    fn an_audience_is_what_its_spans_say(events in events(), after in 0_i64..200) {
        let mut audience = Audience::new(CONFIG).unwrap();
        let mut model = Model::default();
        let mut now_us = 0;
        for &(at_us, id, event) in &events {
            apply(&mut audience, at_us, id, event);
            model.event(at_us, id, event);
            now_us = now_us.max(at_us);
        }
        now_us += after;
        model.time(now_us);
        let summary = audience.summary(now_us);
        let all = model.all(now_us);
        let time = |spans: &dyn Fn(&Plain) -> i64| all.iter().map(spans).sum::<i64>() as u64;
        let totals = summary.totals;
        prop_assert_eq!(summary.watched_us(), time(&|v| v.watched.iter().map(|s| s.1 - s.0).sum()));
        prop_assert_eq!(totals.rebuffer_us, model.told_us + time(&|v| v.stalled.iter().map(|s| s.1 - s.0).sum()));
        prop_assert_eq!(totals.bitrate_us, time(&|v| v.bitrates.iter().map(|s| s.1 - s.0).sum()));
        let area: u128 = all.iter().flat_map(|v| &v.bitrates).map(|s| (s.1 - s.0) as u128 * u128::from(s.2)).sum();
        prop_assert_eq!(summary.bitrate_area, area);
        prop_assert_eq!((totals.views, totals.reconnects), (model.views, model.reconnects));
        prop_assert_eq!((totals.unknown, totals.timed_out), (model.unknown, model.timed_out));
        prop_assert_eq!(totals.rebuffers, model.rebuffers);
        prop_assert_eq!((totals.started, totals.ended), (model.started, model.ended));
        prop_assert_eq!(totals.ended_before_start, model.ended_before_start);
        let open = model.known.values().filter(|viewer| !viewer.over).count() as u64;
        prop_assert_eq!(totals.ended + open, totals.views);
        prop_assert_eq!(audience.len(), model.known.len());
        let watching = model.known.values().filter(|viewer| viewer.since.is_some()).count() as u64;
        prop_assert_eq!(summary.watching, watching);
        prop_assert_eq!(u128::from(summary.watched_us()), summary.area_us);
        let spans: Vec<(i64, i64)> = all.iter().flat_map(|viewer| viewer.watched.clone()).collect();
        let still: Vec<(i64, i64)> = spans.iter().map(|&(from, to)| (from, if to == now_us { to + 1 } else { to })).collect();
        let (level, at_us) = peak(&still);
        prop_assert!(summary.peak_at_least == level || summary.peak_at_least == peak(&spans).0);
        if level == peak(&spans).0 && level > 0 {
            prop_assert_eq!(summary.peak_us, at_us);
        }
        let window = Interval::new(now_us - 70, now_us);
        if let Some(stats) = audience.concurrency(window) {
            let inside: Vec<(i64, i64)> = spans.iter()
                .map(|s| (s.0.max(stats.interval.start_us), s.1.min(stats.interval.end_us)))
                .filter(|s| s.0 < s.1).collect();
            prop_assert_eq!(stats.peak, peak(&inside).0);
            prop_assert_eq!(stats.area_us, inside.iter().map(|s| (s.1 - s.0) as u128).sum::<u128>());
        }
    }

    #[test]
    fn summaries_of_nodes_add_up(events in events(), nodes in any::<u64>()) {
        let mut whole = Audience::new(CONFIG).unwrap();
        let mut parts = [0, 1, 2].map(|_| Audience::new(CONFIG).unwrap());
        let now_us = events.iter().map(|event| event.0).max().unwrap_or(0);
        for &(at_us, id, event) in &events {
            apply(&mut whole, at_us, id, event);
            // A node's clock goes on without events, too.
            parts.iter_mut().for_each(|part| part.handle_time(at_us));
            apply(&mut parts[(nodes >> (id * 2) & 3) as usize % 3], at_us, id, event);
        }
        let whole = whole.summary(now_us);
        let [a, b, c] = parts.map(|mut part| part.summary(now_us));
        let merged = |order: [&streamgauge::audience::Summary; 3]| {
            let mut right = order[1].clone();
            right.merge(order[2]).unwrap();
            let mut left = order[0].clone();
            left.merge(&right).unwrap();
            left
        };
        for order in [[&a, &b, &c], [&c, &a, &b], [&b, &c, &a]] {
            let merged = merged(order);
            prop_assert_eq!(merged.totals, whole.totals);
            prop_assert_eq!((merged.interval, merged.area_us), (whole.interval, whole.area_us));
            prop_assert_eq!(merged.bitrate_area, whole.bitrate_area);
            prop_assert_eq!(&merged.startup_us, &whole.startup_us);
            prop_assert!(merged.peak_at_least <= whole.peak_at_least && whole.peak_at_most <= merged.peak_at_most);
        }
    }

    #[test]
    fn concurrency_takes_events_in_any_order(
        changes in proptest::collection::vec((0_i64..500, 1_i64..100), 1..60),
        seed in any::<u64>(),
        window in (0_i64..600, 0_i64..600),
    ) {
        let spans: Vec<(i64, i64)> = changes.iter().map(|&(from, length)| (from, from + length)).collect();
        let mut events: Vec<(i64, i64)> = spans.iter().flat_map(|span| [(span.0, 1), (span.1, -1)]).collect();
        events.sort_by_key(|event| (event.0 as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut concurrency = Concurrency::new(10_000).unwrap();
        events.iter().for_each(|&(at_us, delta)| concurrency.record(at_us, delta));
        let total = concurrency.total(700).unwrap();
        prop_assert_eq!((total.peak, Some(total.peak_us)), peak(&spans));
        prop_assert_eq!(total.area_us, spans.iter().map(|s| (s.1 - s.0) as u128).sum::<u128>());
        prop_assert_eq!(concurrency.level(), 0);
        // Few changes kept, in order: what was folded is not lost.
        events.sort_unstable();
        let mut small = Concurrency::new(3).unwrap();
        events.iter().for_each(|&(at_us, delta)| small.record(at_us, delta));
        prop_assert_eq!(small.total(700), concurrency.total(700));
        if let Some(stats) = concurrency.within(Interval::new(window.0, window.1)) {
            let inside: Vec<(i64, i64)> = spans.iter()
                .map(|s| (s.0.max(stats.interval.start_us), s.1.min(stats.interval.end_us)))
                .filter(|s| s.0 < s.1).collect();
            prop_assert_eq!((stats.peak, stats.area_us), (peak(&inside).0, inside.iter().map(|s| (s.1 - s.0) as u128).sum::<u128>()));
        }
    }

    #[test]
    fn cdn_counts_add_up(requests in proptest::collection::vec((0_u8..8, any::<bool>(), 0_u64..1000, 0_i64..1000), 0..80), split in any::<u64>()) {
        let mut whole = Cdn::new(3).unwrap();
        let mut parts = [Cdn::new(3).unwrap(), Cdn::new(3).unwrap()];
        for (i, &(edge, hit, bytes, at_us)) in requests.iter().enumerate() {
            whole.record(&edge.to_string(), at_us, hit, bytes);
            parts[(split >> (i % 64) & 1) as usize].record(&edge.to_string(), at_us, hit, bytes);
        }
        let [mut one, other] = parts;
        one.merge(&other);
        for cdn in [&whole, &one] {
            let total = cdn.total();
            prop_assert_eq!(total.hits + total.misses, requests.len() as u64);
            prop_assert_eq!(total.bytes(), requests.iter().map(|r| r.2).sum::<u64>());
            let apart: u64 = cdn.edges().map(|(_, edge)| edge.bytes()).sum();
            prop_assert_eq!(apart + cdn.others().bytes(), total.bytes());
            prop_assert!(cdn.edges().len() <= 3);
        }
        prop_assert_eq!((one.total(), one.span()), (whole.total(), whole.span()));
    }
}

#[test]
fn an_audience_of_nobody_has_no_interval() {
    let summary = Audience::new(AudienceConfig::default()).unwrap().summary(7);
    assert_eq!((summary.interval, summary.peak_us, summary.mean_concurrency()), (None, None, None));
}
