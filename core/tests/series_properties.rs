//! Windows, rollups, sketches and downsampling against what brute force finds.

use proptest::prelude::*;
use std::collections::BTreeMap;
use streamgauge::series::{
    DownsampleConfig, Level, Pushed, Rollup, RollupConfig, SameTime, Sketch, SketchConfig, Window,
    WindowConfig, downsample,
};

/// Times that mostly go on, sometimes stand still, and now and then fall far back.
fn samples(longest: usize) -> impl Strategy<Value = Vec<(i64, f64)>> {
    let step = prop_oneof![6 => 0_i64..20, 2 => -30_i64..0, 1 => -200_i64..200];
    let value = prop_oneof![
        8 => (-1000_i32..1000).prop_map(f64::from),
        3 => -1.0..1.0,
        1 => prop_oneof![Just(0.0), Just(-0.0), Just(1e17), Just(-1e17), Just(1e-300), Just(f64::NAN)],
    ];
    proptest::collection::vec((step, value), 0..longest).prop_map(|steps| {
        let mut at_us = 0;
        steps
            .into_iter()
            .map(|(step, value)| {
                at_us += step;
                (at_us, value)
            })
            .collect()
    })
}

/// The samples of a window in a plain list.
#[derive(Default)]
struct Plain {
    kept: Vec<(i64, f64)>,
    now_us: i64,
}

impl Plain {
    fn push(&mut self, config: &WindowConfig, at_us: i64, value: f64) -> Pushed {
        if !value.is_finite() {
            return Pushed::NotFinite;
        }
        let newest = self.kept.last().map(|last| last.0);
        let late = newest.is_some_and(|newest| at_us < newest);
        let repeated = self.kept.iter().any(|kept| kept.0 == at_us);
        if config.span_us.is_some_and(|span_us| at_us <= self.now_us - span_us) {
            return Pushed::TooLate;
        }
        if late {
            let full = self.kept.len() == config.max_samples;
            if newest.unwrap() - at_us > config.late_us || (full && at_us < self.kept[0].0) {
                return Pushed::TooLate;
            }
        }
        if repeated && config.same_time == SameTime::Reject {
            return Pushed::Repeated;
        }
        let at = self.kept.partition_point(|kept| kept.0 <= at_us);
        self.kept.insert(at, (at_us, value));
        self.expire(config, at_us);
        if self.kept.len() > config.max_samples {
            self.kept.remove(0);
        }
        if late { Pushed::Late } else { Pushed::InOrder }
    }

    fn expire(&mut self, config: &WindowConfig, now_us: i64) {
        self.now_us = self.now_us.max(now_us);
        if let Some(span_us) = config.span_us {
            self.kept.retain(|kept| kept.0 > self.now_us - span_us);
        }
    }
}

proptest! {
    #[test]
    fn a_window_is_what_a_list_says(
        samples in samples(200),
        span_us in proptest::option::of(1_i64..300),
        max_samples in 1_usize..40,
        late_us in prop_oneof![Just(0_i64), 1_i64..60, Just(i64::MAX)],
        reject in any::<bool>(),
        expire in any::<u8>(),
    ) {
        let same_time = if reject { SameTime::Reject } else { SameTime::Keep };
        let config = WindowConfig { span_us, max_samples, late_us, same_time };
        let mut window = Window::new(config).unwrap();
        let mut plain = Plain { now_us: i64::MIN / 2, ..Plain::default() };
        for (i, &(at_us, value)) in samples.iter().enumerate() {
            prop_assert_eq!(window.push(at_us, value), plain.push(&config, at_us, value), "sample {}", i);
            if i % 256 == usize::from(expire) {
                window.expire(at_us + 50);
                plain.expire(&config, at_us + 50);
            }
            let kept = &plain.kept;
            prop_assert_eq!(&window.samples().collect::<Vec<_>>(), kept);
            let values = || kept.iter().map(|kept| kept.1);
            prop_assert_eq!(window.min(), values().reduce(f64::min));
            prop_assert_eq!(window.max(), values().reduce(f64::max));
            prop_assert_eq!(window.first(), kept.first().copied());
            prop_assert_eq!(window.last(), kept.last().copied());
            if let Some(largest) = values().map(f64::abs).reduce(f64::max) {
                let exact = exact_sum(values());
                prop_assert!((window.sum().unwrap() - exact).abs() <= largest * f64::EPSILON + exact.abs() * f64::EPSILON);
            } else {
                prop_assert_eq!((window.sum(), window.mean(), window.rate_per_s()), (None, None, None));
            }
        }
        let counts = window.counts();
        let all = counts.accepted + counts.too_late + counts.repeated + counts.not_finite;
        prop_assert_eq!(all, samples.len() as u64);
        prop_assert_eq!(counts.accepted - counts.evicted, window.len() as u64);
    }

    #[test]
    fn a_rollup_is_what_sorting_into_buckets_gives(
        samples in samples(300),
        keep in 1_usize..40,
        split in any::<u64>(),
    ) {
        let levels = vec![Level { width_us: 7, keep }, Level { width_us: 21, keep }, Level { width_us: 84, keep: 3 }];
        let config = RollupConfig { levels: levels.clone(), late_us: i64::MAX, sketch: Some(SketchConfig::default()) };
        let mut whole = Rollup::new(config.clone()).unwrap();
        let mut parts = [Rollup::new(config.clone()).unwrap(), Rollup::new(config).unwrap()];
        for (i, &(at_us, value)) in samples.iter().enumerate() {
            prop_assert_eq!(whole.push(at_us, value), value.is_finite());
            parts[usize::from(split >> (i % 64) & 1 == 1)].push(at_us, value);
        }
        let [mut one, mut other] = parts;
        let mut swapped = other.clone();
        swapped.merge(&one).unwrap();
        one.merge(&other).unwrap();
        other = swapped;
        for (i, level) in levels.iter().enumerate() {
            let mut expected: BTreeMap<i64, Vec<(i64, f64)>> = BTreeMap::new();
            for &(at_us, value) in samples.iter().filter(|sample| sample.1.is_finite()) {
                expected.entry(at_us.div_euclid(level.width_us)).or_default().push((at_us, value));
            }
            let newest = expected.keys().next_back().copied().unwrap_or(0);
            expected.retain(|&at, _| at > newest - level.keep as i64);
            let columns = whole.columns(i, &[0.5]).unwrap();
            let first = expected.keys().next().copied().unwrap_or(newest + 1);
            prop_assert_eq!(columns.start_us.len() as i64, newest + 1 - first);
            for (row, at) in (first..=newest).enumerate() {
                prop_assert_eq!(columns.start_us[row], at * level.width_us);
                let Some(bucket) = expected.get(&at) else {
                    prop_assert_eq!(columns.count[row], 0);
                    continue;
                };
                prop_assert_eq!(columns.count[row], bucket.len() as u64);
                let values = || bucket.iter().map(|sample| sample.1);
                prop_assert_eq!(columns.min[row], values().reduce(f64::min).unwrap());
                prop_assert_eq!(columns.max[row], values().reduce(f64::max).unwrap());
                let last_us = bucket.iter().map(|sample| sample.0).max().unwrap();
                let last = bucket.iter().filter(|sample| sample.0 == last_us).map(|sample| sample.1).reduce(f64::max);
                prop_assert_eq!((columns.last_us[row], columns.last[row]), (last_us, last.unwrap()));
                let (sum, scale) = (exact_sum(values()), values().map(f64::abs).sum::<f64>());
                prop_assert!((columns.sum[row] - sum).abs() <= scale * 1e-15);
            }
            // Merged in either order: the same, but for how sums were rounded.
            for merged in [&mut one, &mut other] {
                let merged = merged.columns(i, &[0.5]).unwrap();
                prop_assert_eq!(&merged.start_us, &columns.start_us);
                prop_assert_eq!(&merged.count, &columns.count);
                prop_assert_eq!(&merged.min, &columns.min);
                prop_assert_eq!(&merged.max, &columns.max);
                prop_assert_eq!(&merged.last, &columns.last);
                prop_assert_eq!(&merged.quantiles, &columns.quantiles);
                for ((a, b), i) in merged.sum.iter().zip(&columns.sum).zip(0..) {
                    let scale = columns.count[i] as f64 * columns.max[i].abs().max(columns.min[i].abs());
                    prop_assert!((a - b).abs() <= scale * 1e-15, "{} and {}", a, b);
                }
            }
        }
    }

    #[test]
    fn a_rollup_takes_late_samples_within_its_bound(samples in samples(300), late_us in 0_i64..100) {
        let levels = vec![Level { width_us: 7, keep: 10_000 }, Level { width_us: 21, keep: 10_000 }];
        let mut rollup = Rollup::new(RollupConfig { levels, late_us, sketch: None }).unwrap();
        let (mut newest_us, mut open) = (None, None);
        let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
        let mut too_late = 0;
        for &(at_us, value) in &samples {
            let bucket = at_us.div_euclid(7);
            let in_time = open == Some(bucket) || newest_us.is_none_or(|newest_us| newest_us - at_us <= late_us);
            prop_assert_eq!(rollup.push(at_us, value), value.is_finite() && in_time);
            if value.is_finite() && in_time {
                open = Some(bucket);
                newest_us = newest_us.max(Some(at_us));
                *counts.entry(bucket * 7).or_default() += 1;
            }
            too_late += u64::from(value.is_finite() && !in_time);
        }
        prop_assert_eq!(rollup.counts().too_late, too_late);
        prop_assert_eq!(rollup.final_until_us(), newest_us.map(|newest_us| newest_us - late_us));
        let full: BTreeMap<i64, u64> =
            rollup.buckets(0).unwrap().filter(|b| b.count > 0).map(|b| (b.start_us, b.count)).collect();
        prop_assert_eq!(&full, &counts);
        let wide: u64 = rollup.buckets(1).unwrap().map(|bucket| bucket.count).sum();
        prop_assert_eq!(wide, counts.values().sum::<u64>());
    }

    #[test]
    fn a_sketch_is_within_its_error(
        values in proptest::collection::vec(any_value(), 1..300),
        relative_error in prop_oneof![Just(0.01), Just(0.001), 0.0001..0.5],
        q in 0.0..=1.0,
    ) {
        let mut sketch = Sketch::new(SketchConfig { relative_error }).unwrap();
        values.iter().for_each(|&value| sketch.record(value));
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        prop_assert_eq!(sketch.min(), sorted.first().map(|v| v + 0.0));
        prop_assert_eq!(sketch.max(), sorted.last().map(|v| v + 0.0));
        for q in [q, 0.0, 0.5, 0.9, 0.99, 1.0] {
            let exact = sorted[(q * (sorted.len() - 1) as f64) as usize];
            let found = sketch.quantile(q).unwrap();
            if !sketch.is_collapsed() {
                prop_assert!((found - exact).abs() <= exact.abs() * relative_error * (1.0 + 1e-9), "{} for {}", found, exact);
            }
        }
    }

    #[test]
    fn sketches_merge_in_any_order(
        values in proptest::collection::vec(any_value(), 0..200),
        split in any::<[u64; 2]>(),
    ) {
        let new = || Sketch::new(SketchConfig { relative_error: 0.001 }).unwrap();
        let mut whole = new();
        let mut parts = [new(), new(), new()];
        for (i, &value) in values.iter().enumerate() {
            whole.record(value);
            let part = (split[0] >> (i % 64) & 1) + (split[1] >> (i % 61) & 1);
            parts[part as usize].record(value);
        }
        let [a, b, c] = parts;
        let merged = |order: [&Sketch; 3]| {
            let mut sum = order[0].clone();
            let mut rest = order[1].clone();
            rest.merge(order[2]).unwrap();
            sum.merge(&rest).unwrap();
            sum
        };
        for order in [[&a, &b, &c], [&c, &b, &a], [&b, &a, &c]] {
            prop_assert_eq!(&merged(order), &whole);
        }
        prop_assert_eq!(&Sketch::from_parts(&whole.parts()).unwrap(), &whole);
        prop_assert_eq!(Sketch::from_parts(&whole.parts()).unwrap().parts(), whole.parts());
    }

    #[test]
    fn what_is_drawn_keeps_ends_extremes_and_gaps(
        mut samples in samples(300),
        points in 0_usize..60,
        gap_us in proptest::option::of(0_i64..200),
    ) {
        samples.sort_by_key(|sample| sample.0);
        let (at_us, values): (Vec<i64>, Vec<f64>) = samples.into_iter().unzip();
        let drawn = downsample(&at_us, &values, DownsampleConfig { points, gap_us }).unwrap();
        let finite: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_finite()).collect();
        prop_assert!(drawn.len() <= points.min(finite.len()));
        prop_assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(drawn.iter().all(|i| finite.contains(i)));
        if points >= 4 && !finite.is_empty() {
            prop_assert_eq!((drawn.first(), drawn.last()), (finite.first(), finite.last()));
            let extremes = |of: &[usize]| {
                let values = || of.iter().map(|&i| values[i]);
                (values().reduce(f64::min), values().reduce(f64::max))
            };
            prop_assert_eq!(extremes(&drawn), extremes(&finite));
        }
        let sides: Vec<usize> = finite.windows(2)
            .filter(|pair| pair[1] - pair[0] > 1 || gap_us.is_some_and(|gap_us| at_us[pair[1]] - at_us[pair[0]] > gap_us))
            .flatten().copied().collect();
        if sides.len() + 4 <= points {
            prop_assert!(sides.iter().all(|side| drawn.contains(side)));
        }
    }
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => 0.001_f64..1e6,
        3 => -1e4_f64..0.0,
        1 => Just(0.0),
        1 => Just(-0.0),
        1 => any::<f64>().prop_filter("finite", |value| value.is_finite()),
    ]
}

/// The sum without any rounding but the last: of values that are multiples of 2^-1074, in big steps
/// from the largest magnitude down this is what compensated sums of sorted values give.
fn exact_sum(values: impl Iterator<Item = f64>) -> f64 {
    // Shewchuk's non-overlapping partial sums.
    let mut partials: Vec<f64> = Vec::new();
    for mut x in values {
        let mut kept = 0;
        for i in 0..partials.len() {
            let mut y = partials[i];
            if x.abs() < y.abs() {
                std::mem::swap(&mut x, &mut y);
            }
            let high = x + y;
            let low = y - (high - x);
            if low != 0.0 {
                partials[kept] = low;
                kept += 1;
            }
            x = high;
        }
        partials.truncate(kept);
        partials.push(x);
    }
    partials.iter().rev().sum()
}
