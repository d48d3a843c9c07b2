//! Totals and rates of polled counters.

use super::bursts::Part;
use super::timeline::Buckets;
use super::{Mode, Run, Selector, Series};
use crate::math::Sum;
use crate::time::{Interval, Micros, SECOND_US};
use std::collections::BTreeMap;

/// What the counters of a family did over the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CounterTotal {
    /// Sum over the selected series of what each counted.
    pub total: f64,
    /// Selected series with a usable sample in the window.
    pub series: usize,
    /// How often a series fell, that is, began anew.
    pub resets: u64,
    /// Series that appeared within the window and so began at 0.
    pub born: u64,
}

/// What one counter counted between two polls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) interval: Interval,
    pub(super) amount: f64,
}

/// What the selected series counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    pub(super) steps: Vec<Step>,
    pub(super) total: CounterTotal,
}

impl Steps {
    /// What was counted within a part of the window, each step spread over its time.
    pub(super) fn amount_in(&self, part: &Part) -> f64 {
        let share = |step: &Step| {
            step.amount * (part.overlap_us(&step.interval) as f64 / step.interval.duration_us() as f64)
        };
        self.steps.iter().map(share).collect::<Sum>().value()
    }
}

impl Run {
    /// What the counters that `selector` names counted over the window; `None` where no such series
    /// has a sample in it.
    ///
    /// `exact`: every step up counts, after a reset the new value counts in full, NaN and infinite
    /// samples are skipped, and a series that an earlier poll of the window did not have began at 0.
    /// A family that [`super::MetricNames::signed`] names is last minus first. `plot_fec`: last minus
    /// first of each label set with two samples or more, and 0 where there is none.
    pub fn counter_total(&self, selector: &Selector, mode: Mode) -> Option<CounterTotal> {
        match mode {
            Mode::Exact => {
                let total = self.counter_steps(selector).total;
                (total.series > 0).then_some(total)
            }
            Mode::PlotFec => Some(self.script_counter_total(selector)),
        }
    }

    /// Rate of the counters that `selector` names, summed over its series.
    ///
    /// `exact`: buckets of one second over the window; a step is spread evenly over the time between
    /// its two polls, so that the integral of the rate is the total. `plot_fec`: each step's rate is
    /// added to the whole second of its later poll.
    pub fn counter_rate(&self, selector: &Selector, mode: Mode) -> Buckets {
        match mode {
            Mode::Exact => self.exact_counter_rate(selector),
            Mode::PlotFec => self.script_counter_rate(selector),
        }
    }

    pub(super) fn counter_steps(&self, selector: &Selector) -> Steps {
        let window = self.window(Mode::Exact).interval;
        let polls = Polls::new(self, window);
        let mut all = Steps::default();
        let mut sum = Sum::default();
        for series in self.selected(selector) {
            let signed = self
                .names
                .signed
                .iter()
                .any(|s| s.family == series.family && s.matches(&series.labels, &series.raw_labels));
            all.add_series(series, &window, &polls, signed, &mut sum);
        }
        all.total.total = sum.value();
        all
    }

    fn selected<'a>(&'a self, selector: &'a Selector) -> impl Iterator<Item = &'a Series> {
        self.prom.series().iter().filter(|series| {
            series.family == selector.family && selector.matches(&series.labels, &series.raw_labels)
        })
    }

    fn exact_counter_rate(&self, selector: &Selector) -> Buckets {
        let window = self.window(Mode::Exact).interval;
        let mut buckets = Buckets::empty(&window);
        let mut covered = Interval::new(Micros::MAX, Micros::MIN);
        for step in self.counter_steps(selector).steps {
            covered.start_us = covered.start_us.min(step.interval.start_us);
            covered.end_us = covered.end_us.max(step.interval.end_us);
            buckets.spread(&window, &step);
        }
        for index in 0..buckets.start_us.len() {
            let bucket = buckets.interval(&window, index);
            buckets.covered_us[index] = bucket.intersection(&covered).duration_us();
        }
        buckets.divide_by_length(&window);
        buckets
    }

    /// The script's series of the selector's family within the script's window.
    fn script_samples<'a>(&'a self, selector: &'a Selector) -> impl Iterator<Item = Vec<(Micros, f64)>> + 'a {
        let window = self.window(Mode::PlotFec);
        let series = self.prom.script_series(&selector.family);
        let chosen = series.filter(|(raw_labels, ..)| {
            let labels = || super::labels::parse_labels(raw_labels).unwrap_or_default();
            let labels = if selector.matchers.is_empty() { Vec::new() } else { labels() };
            selector.matches(&labels, raw_labels)
        });
        chosen.map(move |(_, t_us, values)| {
            let samples = t_us.iter().copied().zip(values.iter().copied());
            samples.filter(|(t_us, _)| window.contains(*t_us)).collect()
        })
    }

    fn script_counter_total(&self, selector: &Selector) -> CounterTotal {
        let mut total = CounterTotal::default();
        for samples in self.script_samples(selector) {
            total.series += usize::from(!samples.is_empty());
            if let [first, .., last] = &samples[..] {
                total.total += last.1 - first.1;
            }
        }
        total
    }

    fn script_counter_rate(&self, selector: &Selector) -> Buckets {
        let window = self.window(Mode::PlotFec);
        let mut sums: BTreeMap<i64, f64> = BTreeMap::new();
        for samples in self.script_samples(selector) {
            for pair in samples.windows(2) {
                let ((before_us, before), (at_us, value)) = (pair[0], pair[1]);
                let elapsed_s = (i128::from(at_us) - i128::from(before_us)) as f64 / 1e6;
                if elapsed_s > 0.0 {
                    let step = value - before;
                    // What is not above 0, NaN included, is 0 to the script.
                    let step = if step > 0.0 { step } else { 0.0 };
                    *sums.entry(window.relative_s(at_us) as i64).or_insert(0.0) += step / elapsed_s;
                }
            }
        }
        Buckets::of_script(&window.interval, sums)
    }
}

impl Steps {
    fn add_series(
        &mut self,
        series: &Series,
        window: &Interval,
        polls: &Polls<'_>,
        signed: bool,
        sum: &mut Sum,
    ) {
        let inside = series.t_us.partition_point(|at| *at < window.start_us)
            ..series.t_us.partition_point(|at| *at < window.end_us);
        // A sample that is no number still says that the series was there.
        let known_before =
            inside.start > 0 || series.values.get(inside.start).is_some_and(|value| !value.is_finite());
        let samples = series.t_us[inside.clone()].iter().copied().zip(series.values[inside].iter().copied());
        let mut samples = samples.filter(|(_, value)| value.is_finite()).peekable();
        let Some(&(first_us, _)) = samples.peek() else { return };
        self.total.series += 1;
        let mut before = None;
        if !known_before
            && !signed
            && let Some(poll_us) = polls.before(first_us, series)
        {
            self.total.born += 1;
            before = Some((poll_us, 0.0));
        }
        for (at_us, value) in samples {
            if let Some((before_us, before)) = before {
                let fell = value < before && !signed;
                self.total.resets += u64::from(fell);
                let amount = if fell { value.max(0.0) } else { value - before };
                sum.add(amount);
                self.steps.push(Step { interval: Interval::new(before_us, at_us), amount });
            }
            before = Some((at_us, value));
        }
    }
}

/// When the exporters were polled in the window.
struct Polls<'a> {
    run: &'a Run,
    first_us: Micros,
}

impl Polls<'_> {
    fn new(run: &Run, window: Interval) -> Polls<'_> {
        let first = |series: &Series| {
            series.t_us.get(series.t_us.partition_point(|at| *at < window.start_us)).copied()
        };
        let first_us = run.prom.series().iter().filter_map(first).min().unwrap_or(window.end_us);
        Polls { run, first_us }
    }

    /// The poll before `first_us` that did not have the series yet, if there was one. Another
    /// exporter that is polled a moment earlier is none: it must be half an interval earlier.
    fn before(&self, first_us: Micros, series: &Series) -> Option<Micros> {
        if first_us <= self.first_us {
            return None;
        }
        let interval_us = shortest_interval(series)
            .or_else(|| self.run.prom.series().iter().filter_map(shortest_interval).min());
        let latest_us = first_us.saturating_sub(interval_us.unwrap_or(0) / 2).min(first_us.saturating_sub(1));
        let poll = |series: &Series| {
            let index = series.t_us.partition_point(|at| *at <= latest_us).checked_sub(1)?;
            Some(series.t_us[index]).filter(|at| *at >= self.first_us)
        };
        self.run.prom.series().iter().filter_map(poll).max()
    }
}

fn shortest_interval(series: &Series) -> Option<Micros> {
    series.t_us.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).min()
}

impl Buckets {
    fn interval(&self, window: &Interval, index: usize) -> Interval {
        let start_us = self.start_us[index];
        Interval::new(start_us, start_us + self.length_us(window, index))
    }

    /// Adds a step's amount to the buckets that its time meets.
    fn spread(&mut self, window: &Interval, step: &Step) {
        let index = |at_us: Micros| (at_us.saturating_sub(window.start_us) / SECOND_US) as usize;
        let last = index(step.interval.end_us - 1).min(self.per_s.len().saturating_sub(1));
        for index in index(step.interval.start_us)..=last {
            if index < self.per_s.len() {
                let meeting = self.interval(window, index).intersection(&step.interval).duration_us();
                self.per_s[index] += step.amount * (meeting as f64 / step.interval.duration_us() as f64);
            }
        }
    }
}
