//! Random interleavings of everything that can happen to a sum over children, with readers of
//! different cadence: nothing is lost, nothing is counted twice.
//!
//! `cargo xtask properties` runs a million cases.

use proptest::prelude::*;
use streamgauge::counter::{Counter, CounterConfig, Hint, StepKind};
use streamgauge::ledger::{Ledger, Reader, RetiringSum, Tally, Totals};

type Two = Tally<1, 1>;

fn cases() -> ProptestConfig {
    let cases = std::env::var("STREAMGAUGE_PROPERTY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(3000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[derive(Clone, Debug)]
enum Op {
    Record { child: u8, packets: u16, lost: i8 },
    Observe { child: u8 },
    Restart { child: u8 },
    Retire { child: u8 },
    Add { child: u8 },
    Flush { reader: u8 },
    Take { reader: u8 },
    Ack { reader: u8 },
    Restore { reader: u8 },
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    let child = 0..4u8;
    let reader = 0..3u8;
    prop_oneof![
        8 => (child.clone(), any::<u16>(), any::<i8>())
            .prop_map(|(child, packets, lost)| Op::Record { child, packets, lost }),
        4 => child.clone().prop_map(|child| Op::Observe { child }),
        1 => child.clone().prop_map(|child| Op::Restart { child }),
        1 => child.clone().prop_map(|child| Op::Retire { child }),
        2 => child.prop_map(|child| Op::Add { child }),
        2 => reader.clone().prop_map(|reader| Op::Flush { reader }),
        3 => reader.clone().prop_map(|reader| Op::Take { reader }),
        2 => reader.clone().prop_map(|reader| Op::Ack { reader }),
        1 => reader.prop_map(|reader| Op::Restore { reader }),
        1 => Just(Op::Close),
    ]
}

fn plus(a: &Two, b: &Two) -> Two {
    let mut sum = *a;
    sum.add(b);
    sum
}

/// The plainest possible account of the same: a list of everything that ever counted.
#[derive(Default)]
struct Model {
    /// Cumulative totals as a child shows them, and what of them the sum has seen.
    children: [Option<(Two, Two)>; 4],
    total: Two,
    closed: bool,
}

struct ModelReader {
    reader: Reader,
    acknowledged: Two,
    in_flight: Option<(Two, bool)>,
    got_last: bool,
    interval_end: i64,
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn acknowledged_in_flight_and_pending_are_the_total(ops in prop::collection::vec(op(), 1..120)) {
        let mut sum: RetiringSum<u8, Two> = RetiringSum::new(0, 3);
        let mut model = Model::default();
        let mut readers: Vec<ModelReader> = (0..3)
            .map(|_| ModelReader {
                reader: sum.reader_from_start(0).unwrap(),
                acknowledged: Two::default(),
                in_flight: None,
                got_last: false,
                interval_end: 0,
            })
            .collect();
        let mut last_total = 0;
        for (now, op) in ops.iter().enumerate() {
            let now = now as i64;
            match *op {
                Op::Record { child, packets, lost } => {
                    if let Some((shown, _)) = &mut model.children[child as usize] {
                        shown.add(&Tally { counters: [packets.into()], signed: [lost.into()] });
                    }
                }
                Op::Restart { child } => {
                    // Seen below what it was, at once: a restart hidden by growth needs a hint.
                    if let Some((shown, seen)) = &mut model.children[child as usize]
                        && seen.counters[0] > 0
                        && !model.closed
                    {
                        *shown = Tally { counters: [seen.counters[0] - 1], signed: [1] };
                        *seen = *shown;
                        model.total.add(shown);
                        prop_assert!(sum.observe(&child, shown));
                    }
                }
                Op::Observe { child } | Op::Retire { child } => {
                    let retire = matches!(op, Op::Retire { .. });
                    let shown = model.children[child as usize].map(|c| c.0).unwrap_or_default();
                    let known = model.children[child as usize].is_some() && !model.closed;
                    let before = sum.rejected();
                    let ok = if retire { sum.retire(&child, &shown) } else { sum.observe(&child, &shown) };
                    prop_assert_eq!(ok, known);
                    prop_assert_eq!(sum.rejected() - before, u64::from(!known));
                    if let Some((shown, seen)) = &mut model.children[child as usize]
                        && known
                    {
                        model.total.add(&shown.since(seen));
                        // A signed field may have fallen, which `since` shows as negative.
                        *seen = *shown;
                    }
                    if retire && known {
                        model.children[child as usize] = None;
                    }
                }
                Op::Add { child } => {
                    let live = model.children.iter().flatten().count();
                    let free = model.children[child as usize].is_none() && live < 3 && !model.closed;
                    prop_assert_eq!(sum.add(child, Two::default()).is_ok(), free);
                    if free {
                        model.children[child as usize] = Some(Default::default());
                    }
                }
                Op::Flush { reader } | Op::Take { reader } => {
                    let r = &mut readers[reader as usize];
                    let flush = matches!(op, Op::Flush { .. });
                    let result = if flush { sum.flush(r.reader, now) } else { sum.take(r.reader, now) };
                    if r.in_flight.is_some() {
                        prop_assert!(result.is_err());
                    } else if r.got_last {
                        prop_assert!(result.unwrap().is_none());
                    } else {
                        let delta = result.unwrap().unwrap();
                        prop_assert_eq!(delta.last, model.closed);
                        prop_assert_eq!(delta.interval.start_us, r.interval_end, "intervals abut");
                        prop_assert!(delta.interval.end_us >= delta.interval.start_us);
                        if flush {
                            r.acknowledged.add(&delta.value);
                            r.got_last = delta.last;
                            r.interval_end = delta.interval.end_us;
                        } else {
                            r.in_flight = Some((delta.value, delta.last));
                            r.interval_end = delta.interval.start_us;
                        }
                    }
                }
                Op::Ack { reader } => {
                    let r = &mut readers[reader as usize];
                    let held = r.in_flight.take();
                    prop_assert_eq!(sum.ack(r.reader).unwrap(), held.is_some());
                    if let Some((value, last)) = held {
                        r.acknowledged.add(&value);
                        r.got_last = last;
                        // The next interval starts where this one ended, which the sum knows.
                        r.interval_end = sum.flush(r.reader, now).unwrap().map_or(r.interval_end, |next| {
                            r.acknowledged.add(&next.value);
                            r.got_last = next.last;
                            next.interval.end_us
                        });
                    }
                }
                Op::Restore { reader } => {
                    let r = &mut readers[reader as usize];
                    prop_assert_eq!(sum.restore(r.reader).unwrap(), r.in_flight.take().is_some());
                }
                Op::Close => {
                    prop_assert_eq!(sum.close(now), !model.closed);
                    model.closed = true;
                    model.children = Default::default();
                }
            }
            prop_assert_eq!(*sum.total(), model.total);
            prop_assert!(sum.total().counters[0] >= last_total, "a counter fell");
            last_total = sum.total().counters[0];
            for r in &readers {
                let in_flight = r.in_flight.map(|held| held.0).unwrap_or_default();
                let pending = sum.pending(r.reader).unwrap();
                prop_assert_eq!(plus(&plus(&r.acknowledged, &in_flight), &pending), model.total);
            }
        }
        // Close and drain: exactly one last delta a reader, and then nothing more.
        sum.close(1000);
        for r in &mut readers {
            sum.restore(r.reader).unwrap();
            let mut lasts = u32::from(r.got_last);
            while let Some(delta) = sum.flush(r.reader, 2000).unwrap() {
                r.acknowledged.add(&delta.value);
                lasts += u32::from(delta.last);
            }
            prop_assert_eq!(lasts, 1);
            prop_assert_eq!(r.acknowledged, model.total);
        }
    }

    #[test]
    fn peaks_reach_every_reader_once(ops in prop::collection::vec((0..4u8, any::<u16>()), 1..60)) {
        let mut ledger: Ledger<Tally<1, 0>, u64> = Ledger::new(0);
        let readers: Vec<Reader> = (0..3).map(|_| ledger.reader_from_start(0).unwrap()).collect();
        let mut expected = [0u64; 3];
        for (now, &(what, value)) in ops.iter().enumerate() {
            match what {
                3 => {
                    ledger.record_peak(&value.into());
                    expected.iter_mut().for_each(|peak| *peak = (*peak).max(value.into()));
                }
                r => {
                    let delta = ledger.flush(readers[r as usize], now as i64).unwrap().unwrap();
                    prop_assert_eq!(delta.peak, expected[r as usize]);
                    expected[r as usize] = 0;
                }
            }
        }
    }

    /// A true count grows; what is shown of it wraps at 2^16, and restarts when told.
    #[test]
    fn a_counter_follows_the_truth_through_wraps_and_resets(
        steps in prop::collection::vec((0..16_000u64, 0..20u8), 1..80),
    ) {
        let config = CounterConfig { origin_known: true, width_bits: Some(16), max_per_s: None };
        let mut counter = Counter::<u64>::new(config).unwrap();
        let (mut shown, mut truth, mut boundaries) = (0u64, 0u64, 0u64);
        for (i, &(step, kind)) in steps.iter().enumerate() {
            let hint = if kind == 0 && i > 0 {
                shown = 0;
                boundaries += 1;
                Hint::Boundary
            } else {
                Hint::None
            };
            shown = (shown + step) % 65_536;
            truth += step;
            let before = counter.total();
            let result = counter.record(i as i64, shown, hint);
            prop_assert_ne!(result.kind, StepKind::Rejected);
            prop_assert_eq!(before + result.delta, counter.total());
            prop_assert_eq!(counter.total(), truth);
        }
        prop_assert_eq!((counter.boundaries(), counter.resets()), (boundaries, 0));
    }

    /// Readers join from the start or from now, take at their own cadence, restore, leave: each gets
    /// what was recorded while it was there, whatever the others do, and the last delta once.
    #[test]
    fn readers_come_and_go(ops in prop::collection::vec((0..8u8, 0..4usize, any::<u8>()), 1..150)) {
        let seed = Tally { counters: [1000], signed: [-5] };
        let mut ledger: Ledger<Two, u64> = Ledger::seeded(0, seed);
        let mut readers: [Option<Joined>; 4] = Default::default();
        let mut total = seed;
        let mut closed = false;
        for (now, (op, i, amount)) in ops.into_iter().enumerate() {
            let now = now as i64;
            let delta = Tally { counters: [amount.into()], signed: [i64::from(amount) - 100] };
            match (op, &mut readers[i]) {
                (0..=2, _) => {
                    prop_assert_eq!(ledger.record(&delta), !closed);
                    ledger.record_peak(&amount.into());
                    if !closed {
                        total.add(&delta);
                        readers.iter_mut().flatten().for_each(|r| r.peak = r.peak.max(amount.into()));
                    }
                }
                (3, none @ None) => {
                    let from_start = amount % 2 == 0;
                    let joined = if from_start { ledger.reader_from_start(now) } else { ledger.reader_from_now(now) };
                    *none = Some(Joined {
                        reader: joined.unwrap(),
                        taken: if from_start { Two::default() } else { total },
                        peak: 0,
                        in_flight: None,
                        got_last: false,
                        // What peaked before it came is anybody's.
                        sees_peaks: !from_start,
                    });
                }
                (4, Some(r)) if amount < 30 => {
                    let gone = r.reader;
                    ledger.remove_reader(gone).unwrap();
                    readers[i] = None;
                    prop_assert!(ledger.flush(gone, now).is_err() && ledger.pending(gone).is_err());
                    prop_assert!(ledger.ack(gone).is_err() && ledger.restore(gone).is_err());
                }
                (4..=5, Some(r)) if r.in_flight.is_none() => match ledger.take(r.reader, now).unwrap() {
                    None => prop_assert!(r.got_last),
                    Some(delta) => {
                        prop_assert!(!r.got_last);
                        prop_assert_eq!((delta.value, delta.last), (total.since(&r.taken), closed));
                        if r.sees_peaks {
                            prop_assert_eq!(delta.peak, r.peak);
                        }
                        r.sees_peaks = true;
                        r.in_flight = Some((r.taken, delta.peak));
                        r.peak = 0;
                        r.taken = total;
                    }
                },
                (6, Some(r)) => {
                    let held = r.in_flight.take();
                    if amount % 3 == 0 {
                        prop_assert_eq!(ledger.restore(r.reader).unwrap(), held.is_some());
                        if let Some((before, peak)) = held {
                            (r.taken, r.peak) = (before, r.peak.max(peak));
                        }
                    } else {
                        prop_assert_eq!(ledger.ack(r.reader).unwrap(), held.is_some());
                        r.got_last |= held.is_some() && closed && r.taken == total;
                    }
                }
                (7, _) if amount < 8 => {
                    // What is in flight is not the last: that comes after it.
                    readers.iter_mut().flatten().filter(|r| !closed && r.in_flight.is_some()).for_each(|r| {
                        ledger.ack(r.reader).unwrap();
                        r.in_flight = None;
                    });
                    prop_assert_eq!(ledger.close(now), !closed);
                    closed = true;
                }
                _ => {}
            }
            prop_assert_eq!(*ledger.total(), total);
            for r in readers.iter().flatten() {
                prop_assert_eq!(ledger.pending(r.reader).unwrap(), total.since(&r.taken));
            }
            let drained = closed && readers.iter().flatten().all(|r| r.got_last);
            prop_assert_eq!(ledger.is_drained(), drained);
        }
    }

    /// Children of which one sees a counter of 16 bits that wraps, restarts when told, and goes away
    /// and comes back: the sum is the truth, and so is what two readers of different cadence took.
    #[test]
    fn a_sum_over_wrapping_counters_is_the_truth(
        steps in prop::collection::vec((0..3u8, 0..16_000u64, 0..24u8), 1..120),
    ) {
        let config = CounterConfig { origin_known: true, width_bits: Some(16), max_per_s: None };
        let counter = || Counter::<u64>::new(config).unwrap();
        let as_total = |counter: &Counter<u64>| Tally { counters: [counter.total()], signed: [0] };
        let mut sum: RetiringSum<u8, Two> = RetiringSum::new(0, 3);
        let readers = [sum.reader_from_start(0).unwrap(), sum.reader_from_start(0).unwrap()];
        let mut children: [Option<(Counter<u64>, u64)>; 3] = Default::default();
        let (mut truth, mut taken) = (0, [0u64; 2]);
        for (now, (child, step, action)) in steps.into_iter().enumerate() {
            let now = now as i64 + 1;
            let slot = &mut children[child as usize];
            if slot.is_none() {
                sum.add(child, Two::default()).unwrap();
                *slot = Some((counter(), 0));
            }
            if let Some((counter, shown)) = slot {
                let hint = if action == 0 { Hint::Boundary } else { Hint::None };
                *shown = if action == 0 { step } else { (*shown + step) % 65_536 };
                truth += step;
                counter.record(now, *shown, hint);
                let totals = as_total(counter);
                if action == 1 {
                    prop_assert!(sum.retire(&child, &totals));
                    *slot = None;
                } else {
                    prop_assert!(sum.observe(&child, &totals));
                }
            }
            for (i, every) in [(0, 2), (1, 7)] {
                if action % every == 0 {
                    taken[i] += sum.flush(readers[i], now).unwrap().unwrap().value.counters[0];
                }
                let pending = sum.pending(readers[i]).unwrap().counters[0];
                prop_assert_eq!(taken[i] + pending, truth);
            }
        }
        prop_assert_eq!((sum.total().counters[0], sum.resets()), (truth, 0));
    }
}

/// A reader that is there, and what it should have.
struct Joined {
    reader: Reader,
    taken: Two,
    peak: u64,
    /// What it had taken before, and the peak of what is in flight.
    in_flight: Option<(Two, u64)>,
    got_last: bool,
    sees_peaks: bool,
}
