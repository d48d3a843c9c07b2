//! The values of the `exact` summary; each key's definition stands in [`super::keys`].

use super::bursts::{Burst, Part};
use super::counters::Steps;
use super::drift;
use super::sequence::FrameSequence;
use super::summary::Value;
use super::{Freezes, Latency, Mode, Run, Selector, Window};
use crate::math::{QuantileMethod, Sum, quantiles};
use crate::time::{Interval, Micros};
use std::collections::BTreeMap;

/// Everything the values are made from, computed once.
struct Parts<'a> {
    run: &'a Run,
    window: Window,
    /// When each frame in the window was received, ascending.
    recv_us: &'a [Micros],
    sequence: FrameSequence,
    latency: Latency,
    freezes: Freezes,
    bursts: Vec<Burst>,
    counters: Counters,
}

/// The counters the summary looks for; `None` where the metric is absent from the window.
pub(super) struct Counters {
    /// By state: received, recovery_attempt, recovered, recovery_failed, unused, invalid, discarded.
    pub(super) fec: [Option<Steps>; 7],
    pub(super) nack: [Option<Steps>; 3],
    pub(super) loss: [Option<Steps>; 3],
    pub(super) out_of_order: Option<Steps>,
    pub(super) packets_received: Option<Steps>,
    pub(super) packets_retransmitted: Option<Steps>,
    /// The selectors that had samples, by the key of their total.
    used: Vec<(&'static str, String)>,
    /// Resets by family, without those that had none.
    resets: BTreeMap<String, i128>,
}

pub(super) const RECEIVED: usize = 0;
pub(super) const RECOVERED: usize = 2;
pub(super) const FAILED: usize = 3;
const STATES: [&str; 7] =
    ["received", "recovery_attempt", "recovered", "recovery_failed", "unused", "invalid", "discarded"];
const FEC_KEYS: [&str; 7] = [
    "fec_received",
    "fec_recovery_attempts",
    "fec_recovered",
    "fec_recovery_failed",
    "fec_unused",
    "fec_invalid",
    "fec_discarded",
];
const NACK_KEYS: [&str; 3] = ["nack_total", "nack_incoming", "nack_outgoing"];
const LOSS_KEYS: [&str; 3] = ["packet_loss_total", "packet_loss_incoming", "packet_loss_outgoing"];

/// All label sets together, and the two directions.
const ALL: usize = 0;
pub(super) const INCOMING: usize = 1;

impl Counters {
    pub(super) fn new(run: &Run) -> Counters {
        let names = &run.names;
        let mut used = Vec::new();
        let mut steps = |key: &'static str, selector: Selector| {
            let steps = run.counter_steps(&selector);
            let found = steps.total.series > 0;
            if found {
                used.push((key, selector.to_string()));
            }
            found.then_some(steps)
        };
        let old_naming = run.prom.has_family(&names.fec_packets);
        let fec = std::array::from_fn(|i| {
            let selector = match old_naming {
                true => Selector::new(&names.fec_packets).equal(&names.fec_state_label, STATES[i]),
                false => Selector::new(&names.fec_packets_new)
                    .equal("direction", "incoming")
                    .equal("type", STATES[i]),
            };
            steps(FEC_KEYS[i], selector)
        });
        let mut by_direction = |keys: [&'static str; 3], family: &str| {
            let of = |direction: &str| Selector::new(family).equal("direction", direction);
            let [all, incoming, outgoing] = keys;
            [
                steps(all, Selector::new(family)),
                steps(incoming, of("incoming")),
                steps(outgoing, of("outgoing")),
            ]
        };
        let nack = by_direction(NACK_KEYS, &names.nack);
        let loss = by_direction(LOSS_KEYS, &names.packet_loss);
        let incoming = |transmission: &str| {
            Selector::new(&names.packets).equal("direction", "incoming").equal("transmission", transmission)
        };
        let out_of_order = steps("packets_out_of_order", Selector::new(&names.out_of_order));
        let packets_received = steps("packets_received", incoming("initial"));
        let packets_retransmitted = steps("packets_retransmitted", incoming("retransmit"));
        let fec_family = if old_naming { &names.fec_packets } else { &names.fec_packets_new };
        // Each series once: the two directions are part of all label sets together.
        let counted = fec.iter().map(|steps| (fec_family, steps)).chain([
            (&names.nack, &nack[ALL]),
            (&names.packet_loss, &loss[ALL]),
            (&names.out_of_order, &out_of_order),
            (&names.packets, &packets_received),
            (&names.packets, &packets_retransmitted),
        ]);
        let mut resets = BTreeMap::new();
        for (family, steps) in counted {
            let found = steps.as_ref().map_or(0, |steps| steps.total.resets);
            if found > 0 {
                *resets.entry(family.clone()).or_insert(0) += i128::from(found);
            }
        }
        Counters { fec, nack, loss, out_of_order, packets_received, packets_retransmitted, used, resets }
    }
}

impl Run {
    /// The selector behind each total of counters in an exact summary, by key; without those that
    /// have no samples in the window.
    pub fn counter_selectors(&self) -> Vec<(&'static str, String)> {
        Counters::new(self).used
    }
}

/// A share with what it is a share of.
#[derive(Clone, Copy, Default)]
struct Ratio {
    numerator: Option<f64>,
    denominator: Option<f64>,
}

impl Ratio {
    fn value(self) -> Option<f64> {
        match (self.numerator, self.denominator) {
            (Some(numerator), Some(denominator)) if denominator > 0.0 => Some(numerator / denominator),
            _ => None,
        }
    }
}

/// The four shares over some part of the window.
struct Shares {
    loss: Ratio,
    residual_loss: Ratio,
    recovery: Ratio,
    fec_overhead: Ratio,
}

impl Counters {
    /// The shares of what `amount` gives for each counter: all of it, or what lies in the bursts.
    fn shares(&self, loss: Ratio, amount: impl Fn(&Steps) -> f64) -> Shares {
        let of = |steps: &Option<Steps>| steps.as_ref().map(&amount);
        let (lost, received) = (of(&self.loss[INCOMING]), of(&self.packets_received));
        let (retransmitted, recovered) = (of(&self.packets_retransmitted), of(&self.fec[RECOVERED]));
        // `initial` includes what was retransmitted where a retransmit counter stands beside it.
        let originals = received.map(|received| received - retransmitted.unwrap_or(0.0));
        let repaired = retransmitted.unwrap_or(0.0) + recovered.unwrap_or(0.0);
        // More repairs than losses: packets were sent again that had not been lost, and how many of
        // the lost ones are among them cannot be known.
        let residual = lost.map(|lost| lost - repaired).filter(|residual| *residual >= 0.0);
        let sum = |a: Option<f64>, b: Option<f64>| Some(a? + b?);
        Shares {
            loss,
            residual_loss: Ratio { numerator: residual, denominator: sum(originals, lost) },
            recovery: Ratio { numerator: recovered, denominator: sum(recovered, of(&self.fec[FAILED])) },
            fec_overhead: Ratio { numerator: of(&self.fec[RECEIVED]), denominator: originals },
        }
    }
}

/// The values of [`super::keys::KEYS`], in their order.
pub(super) fn values(run: &Run) -> Vec<(&'static str, Value)> {
    let window = run.window(Mode::Exact);
    let parts = Parts {
        run,
        window,
        recv_us: &run.frames.recv_us[run.rows_in_window(Mode::Exact)],
        sequence: run.frame_sequence(),
        latency: run.latency(Mode::Exact),
        freezes: run.freezes(),
        bursts: run.bursts(Mode::Exact),
        counters: Counters::new(run),
    };
    let mut out = Vec::new();
    parts.window_and_frames(&mut out);
    parts.freezes_and_latency(&mut out);
    parts.counters(&mut out);
    parts.in_and_outside_bursts(&mut out);
    parts.about_the_data(&mut out);
    out
}

type Out = Vec<(&'static str, Value)>;

impl Parts<'_> {
    fn frames_lost(&self) -> Option<i128> {
        let without_id = i128::from(self.sequence.unidentified + self.sequence.outliers);
        let any = !self.sequence.segments.is_empty();
        any.then(|| (self.sequence.missing() - without_id).max(0))
    }

    fn frame_loss(&self) -> Ratio {
        Ratio {
            numerator: self.frames_lost().map(|lost| lost as f64),
            denominator: self.frames_lost().map(|_| self.sequence.expected() as f64),
        }
    }

    fn window_and_frames(&self, out: &mut Out) {
        let interval = self.window.interval;
        let duration_s = interval.duration_us() as f64 / 1e6;
        let sequence = &self.sequence;
        let any = !sequence.segments.is_empty();
        let count = |count: u64| Value::Int(i128::from(count));
        let has_frames_file = !self.run.problems.frames.missing;
        let of_file = |count: u64| Value::from(has_frames_file.then_some(i128::from(count)));
        let loss = self.frame_loss();
        out.extend([
            ("window_start_us", Value::Int(i128::from(interval.start_us))),
            ("window_end_us", Value::Int(i128::from(interval.end_us))),
            ("window_start_from", Value::Text(self.window.start.name().into())),
            ("window_end_from", Value::Text(self.window.end.name().into())),
            ("duration_s", Value::Float(duration_s)),
            ("frames_received", of_file(self.recv_us.len() as u64)),
            ("frames_expected", Value::from(any.then(|| sequence.expected()))),
            ("frames_lost", Value::from(self.frames_lost())),
            ("frames_lost_is_lower_bound", Value::Bool(sequence.unidentified + sequence.outliers > 0)),
            ("gap_events", Value::from(any.then(|| sequence.holes().count() as i128))),
            ("frames_unidentified", of_file(sequence.unidentified)),
            ("frames_duplicate", of_file(sequence.duplicates())),
            ("frames_reordered", of_file(sequence.reordered())),
            ("frames_outlier", of_file(sequence.outliers)),
            ("discontinuities", of_file(sequence.discontinuities)),
            ("segments", count(sequence.segments.len() as u64)),
            ("loss_ratio", loss.value().into()),
            ("loss_ratio_numerator", loss.numerator.into()),
            ("loss_ratio_denominator", loss.denominator.into()),
            ("frame_rate_nominal_per_s", Value::from(any.then_some(sequence.nominal_rate_per_s))),
            (
                "frame_rate_mean_per_s",
                Value::from(
                    (has_frames_file && duration_s > 0.0).then(|| self.recv_us.len() as f64 / duration_s),
                ),
            ),
        ]);
    }

    fn freezes_and_latency(&self, out: &mut Out) {
        let freezes = &self.freezes;
        let measured = !self.recv_us.is_empty();
        let ms = |us: Micros| Value::from(measured.then_some(us as f64 / 1e3));
        out.extend([
            ("freeze_count", Value::from(measured.then_some(freezes.start_us.len() as i128))),
            ("freeze_total_ms", ms(freezes.total_us())),
            ("freeze_longest_ms", ms(freezes.duration_us.iter().copied().max().unwrap_or(0))),
        ]);
        let drift = drift::clock_drift(&self.latency);
        let mut ms = self.latency.latency_ms.clone();
        let n = ms.len();
        let some = |value: f64| Value::from((n > 0).then_some(value));
        let mean = ms.iter().copied().collect::<Sum>().value() / n as f64;
        let squares: Sum = ms.iter().map(|x| (x - mean) * (x - mean)).collect();
        let stdev = (n > 1).then(|| (squares.value() / (n - 1) as f64).sqrt());
        let (min, max) =
            ms.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
        let at = quantiles(&mut ms, [0.5, 0.95, 0.99, 0.999], QuantileMethod::Linear);
        let [p50, p95, p99, p999] = [0, 1, 2, 3].map(|index| Value::from(at.map(|at| at[index])));
        out.extend([
            ("latency_count", Value::Int(n as i128)),
            ("latency_mean_ms", some(mean)),
            ("latency_min_ms", some(min)),
            ("latency_p50_ms", p50),
            ("latency_p95_ms", p95),
            ("latency_p99_ms", p99),
            ("latency_p999_ms", p999),
            ("latency_max_ms", some(max)),
            ("latency_stdev_ms", stdev.into()),
            ("quantile_method", Value::Text("linear".into())),
            ("clock_drift_ppm", drift.map(|drift| drift.ppm).into()),
            ("clock_drift_bound_ppm", drift.map(|drift| drift.bound_ppm).into()),
        ]);
    }

    fn counters(&self, out: &mut Out) {
        let counters = &self.counters;
        let total = |steps: &Option<Steps>| Value::from(steps.as_ref().map(|steps| steps.total.total));
        out.extend(FEC_KEYS.into_iter().zip(counters.fec.iter().map(total)));
        out.extend(NACK_KEYS.into_iter().zip(counters.nack.iter().map(total)));
        out.extend(LOSS_KEYS.into_iter().zip(counters.loss.iter().map(total)));
        out.extend([
            ("packets_out_of_order", total(&counters.out_of_order)),
            ("packets_received", total(&counters.packets_received)),
            ("packets_retransmitted", total(&counters.packets_retransmitted)),
        ]);
        let shares = counters.shares(self.frame_loss(), |steps| steps.total.total);
        let ratio = |names: [&'static str; 3], ratio: Ratio| {
            names.into_iter().zip([ratio.value().into(), ratio.numerator.into(), ratio.denominator.into()])
        };
        out.extend(ratio(
            ["residual_loss_ratio", "residual_loss_ratio_numerator", "residual_loss_ratio_denominator"],
            shares.residual_loss,
        ));
        out.extend(ratio(
            ["recovery_probability", "recovery_probability_numerator", "recovery_probability_denominator"],
            shares.recovery,
        ));
        out.extend(ratio(
            ["fec_overhead_ratio", "fec_overhead_ratio_numerator", "fec_overhead_ratio_denominator"],
            shares.fec_overhead,
        ));
    }

    fn in_and_outside_bursts(&self, out: &mut Out) {
        let parts = [Part::inside(&self.bursts), Part::outside(&self.bursts, &self.window.interval)];
        out.push(("burst_count", Value::Int(self.bursts.len() as i128)));
        out.push(("burst_s", Value::Float(parts[0].duration_us() as f64 / 1e6)));
        for (part, names) in parts.iter().zip(BURST_KEYS) {
            out.extend(names.into_iter().zip(self.part_values(part)));
        }
    }

    /// The values of one part of the window: null where it has no length.
    fn part_values(&self, part: &Part) -> [Value; 14] {
        if self.bursts.is_empty() || part.duration_us() == 0 {
            return std::array::from_fn(|_| Value::Null);
        }
        let before = |at: Micros| self.recv_us.partition_point(|recv_us| *recv_us < at);
        let received: usize =
            part.intervals().iter().map(|span| before(span.end_us) - before(span.start_us)).sum();
        let sequence = &self.sequence;
        let any = !sequence.segments.is_empty();
        let missing: i128 = sequence.holes().map(|hole| hole.missing_in(part)).sum();
        let without_id = sequence.without_id_us.iter().filter(|at| part.contains(**at)).count() as i128;
        let ids = sequence.segments.iter().flat_map(|segment| &segment.ids);
        let unique = ids.filter(|(_, at)| part.contains(*at)).count();
        let lost = (missing - without_id).max(0);
        let expected = missing + unique as i128;
        let frame = |value: i128| any.then_some(value as f64);
        let freeze_count = self.freezes.start_us.iter().filter(|at| part.contains(**at)).count();
        let latency = self.latency.t_us.iter().zip(&self.latency.latency_ms);
        let mut ms: Vec<f64> = latency.filter(|(at, _)| part.contains(**at)).map(|(_, ms)| *ms).collect();
        let at = quantiles(&mut ms, [0.5, 0.95, 0.99], QuantileMethod::Linear);
        let [p50, p95, p99] = [0, 1, 2].map(|index| Value::from(at.map(|at| at[index])));
        let loss = Ratio { numerator: frame(lost), denominator: frame(expected) };
        let shares = self.counters.shares(loss, |steps| steps.amount_in(part));
        let amount = |steps: &Option<Steps>| Value::from(steps.as_ref().map(|steps| steps.amount_in(part)));
        let measured = !self.recv_us.is_empty();
        [
            Value::Float(self.covered_us(part) as f64 / 1e6),
            Value::Int(received as i128),
            Value::from(any.then_some(lost)),
            shares.loss.value().into(),
            Value::from(measured.then_some(freeze_count as i128)),
            Value::from(measured.then(|| self.freezes.overlap_us(part) as f64 / 1e3)),
            p50,
            p95,
            p99,
            amount(&self.counters.nack[ALL]),
            amount(&self.counters.loss[ALL]),
            shares.residual_loss.value().into(),
            shares.recovery.value().into(),
            shares.fec_overhead.value().into(),
        ]
    }

    /// How much of a part of the window the counters' samples cover.
    fn covered_us(&self, part: &Part) -> Micros {
        let all = self.counters.fec.iter().chain(&self.counters.nack).chain(&self.counters.loss);
        let all = all.chain([&self.counters.packets_received]).flatten().flat_map(|steps| &steps.steps);
        let span = all.fold(Interval::new(Micros::MAX, Micros::MIN), |span, step| {
            Interval::new(span.start_us.min(step.interval.start_us), span.end_us.max(step.interval.end_us))
        });
        part.overlap_us(&span)
    }

    fn about_the_data(&self, out: &mut Out) {
        let dropped =
            self.run.problems.files().map(|(name, file)| (name.to_owned(), i128::from(file.dropped())));
        out.extend([
            ("counter_resets", Value::Counts(self.counters.resets.clone().into_iter().collect())),
            ("rows_dropped", Value::Counts(dropped.to_vec())),
            (
                "labels_used",
                Value::List(self.counters.used.iter().map(|(_, selector)| selector.clone()).collect()),
            ),
            ("notes", Value::List(self.notes())),
        ]);
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for (edge, from) in [("T0_US", self.window.start), ("T1_US", self.window.end)] {
            if from != super::WindowEdge::Meta {
                notes.push(format!(
                    "{edge} of meta.env is missing or unusable: the data's own extent was taken"
                ));
            }
        }
        if self.sequence.unidentified + self.sequence.outliers > 0 {
            notes.push("frames without a usable id were received: frames_lost is a lower bound".into());
        }
        let shares = self.counters.shares(Ratio::default(), |steps| steps.total.total);
        if shares.residual_loss.numerator.is_none() && self.counters.loss[INCOMING].is_some() {
            notes.push(
                "more packets were retransmitted or recovered than lost: residual_loss_ratio cannot be known"
                    .into(),
            );
        }
        if self.latency.latency_ms.iter().any(|ms| *ms < 0.0) {
            notes.push(
                "frames were received before they were sent: the receiver's clock is behind the sender's by at least -latency_min_ms, so latencies show change, not delay"
                    .into(),
            );
        }
        notes
    }
}

/// The keys of [`Parts::part_values`], inside and outside the bursts.
const BURST_KEYS: [[&str; 14]; 2] = [
    [
        "covered_s_in_bursts",
        "frames_received_in_bursts",
        "frames_lost_in_bursts",
        "loss_ratio_in_bursts",
        "freeze_count_in_bursts",
        "freeze_total_ms_in_bursts",
        "latency_p50_ms_in_bursts",
        "latency_p95_ms_in_bursts",
        "latency_p99_ms_in_bursts",
        "nack_total_in_bursts",
        "packet_loss_total_in_bursts",
        "residual_loss_ratio_in_bursts",
        "recovery_probability_in_bursts",
        "fec_overhead_ratio_in_bursts",
    ],
    [
        "covered_s_outside_bursts",
        "frames_received_outside_bursts",
        "frames_lost_outside_bursts",
        "loss_ratio_outside_bursts",
        "freeze_count_outside_bursts",
        "freeze_total_ms_outside_bursts",
        "latency_p50_ms_outside_bursts",
        "latency_p95_ms_outside_bursts",
        "latency_p99_ms_outside_bursts",
        "nack_total_outside_bursts",
        "packet_loss_total_outside_bursts",
        "residual_loss_ratio_outside_bursts",
        "recovery_probability_outside_bursts",
        "fec_overhead_ratio_outside_bursts",
    ],
];
