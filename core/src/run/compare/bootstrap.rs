//! The bootstrap: runs drawn with replacement, then one-second blocks within them.

use super::blocks::{Blocks, Count, Part};
use crate::math::{QuantileMethod, Sum, quantile};
use crate::run::exact;
use crate::run::random::Random;
use std::collections::BTreeMap;

/// What a key is, in terms of blocks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Statistic {
    /// A quantile of the latencies.
    Latency(f64),
    /// One count per another.
    Ratio(Count, Count),
    /// A count, mean over runs.
    Total(Count),
}

/// The part and the statistic of a key of the `exact` summary; `None` where it cannot be had from
/// blocks.
pub(super) fn statistic(key: &str) -> Option<(Part, Statistic)> {
    use Statistic::{Latency, Ratio, Total};
    let (part, base) = match (key.strip_suffix("_in_bursts"), key.strip_suffix("_outside_bursts")) {
        (Some(base), _) => (Part::InBursts, base),
        (_, Some(base)) => (Part::OutsideBursts, base),
        _ => (Part::Whole, key),
    };
    let statistic = match base {
        "latency_p50_ms" => Latency(0.5),
        "latency_p95_ms" => Latency(0.95),
        "latency_p99_ms" => Latency(0.99),
        "latency_p999_ms" => Latency(0.999),
        "latency_mean_ms" => Ratio(Count::LatencyMs, Count::Latencies),
        "loss_ratio" => Ratio(Count::FramesLost, Count::FramesExpected),
        "frame_rate_mean_per_s" => Ratio(Count::FramesReceived, Count::Seconds),
        "residual_loss_ratio" => Ratio(Count::ResidualLost, Count::PacketsSent),
        "recovery_probability" => Ratio(Count::Fec(exact::RECOVERED), Count::Recoverable),
        "fec_overhead_ratio" => Ratio(Count::Fec(exact::RECEIVED), Count::PacketsOriginal),
        "frames_received" => Total(Count::FramesReceived),
        "frames_lost" => Total(Count::FramesLost),
        "gap_events" => Total(Count::Gaps),
        "freeze_count" => Total(Count::Freezes),
        "freeze_total_ms" => Total(Count::FreezeMs),
        "fec_recovered" => Total(Count::Fec(exact::RECOVERED)),
        "fec_recovery_failed" => Total(Count::Fec(exact::FAILED)),
        "fec_invalid" => Total(Count::Fec(5)),
        "nack_total" => Total(Count::Nack(0)),
        "nack_incoming" => Total(Count::Nack(1)),
        "nack_outgoing" => Total(Count::Nack(2)),
        "packet_loss_total" => Total(Count::Loss(0)),
        "packet_loss_incoming" => Total(Count::Loss(1)),
        "packet_loss_outgoing" => Total(Count::Loss(2)),
        "packets_out_of_order" => Total(Count::OutOfOrder),
        _ => return None,
    };
    Some((part, statistic))
}

/// The value over all blocks of the runs that have what it is made of.
pub(super) fn pooled(runs: &[Blocks], part: Part, statistic: Statistic) -> Option<f64> {
    match statistic {
        Statistic::Latency(q) => {
            let all = runs.iter().flat_map(|run| &run.latency[part as usize]);
            let mut all: Vec<f64> = all.map(|(ms, _)| *ms).collect();
            quantile(&mut all, q, QuantileMethod::Linear)
        }
        Statistic::Ratio(numerator, denominator) => {
            let both = |run: &Blocks| {
                let sum = |count| -> Option<f64> {
                    Some(run.counts.get(&(part, count))?.iter().copied().collect::<Sum>().value())
                };
                Some((sum(numerator)?, sum(denominator)?))
            };
            let sums: Vec<(f64, f64)> = runs.iter().filter_map(both).collect();
            let top = sums.iter().map(|sum| sum.0).collect::<Sum>().value();
            let bottom = sums.iter().map(|sum| sum.1).collect::<Sum>().value();
            share(numerator, top, bottom)
        }
        Statistic::Total(_) => None,
    }
}

/// A ratio by the rules of the summary: frame loss is not below 0, packet loss below 0 is unknown.
fn share(numerator: Count, top: f64, bottom: f64) -> Option<f64> {
    let top = if numerator == Count::FramesLost { top.max(0.0) } else { top };
    let known = bottom > 0.0 && !(numerator == Count::ResidualLost && top < 0.0);
    known.then(|| top / bottom)
}

/// The quantiles that are taken of each resample.
const QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];

/// All blocks of one side.
pub(super) struct Side {
    /// Where each run's blocks begin, and their number behind the last.
    starts: Vec<usize>,
    counts: BTreeMap<(Part, Count), Vec<f64>>,
    /// Ascending, with the block.
    latency: [Vec<(f64, u32)>; 3],
}

impl Side {
    pub(super) fn new(runs: &[Blocks]) -> Side {
        let mut side = Side { starts: vec![0], counts: BTreeMap::new(), latency: Default::default() };
        // A count that a run lacks cannot be resampled.
        let common: Vec<(Part, Count)> = match runs {
            [] => Vec::new(),
            [first, rest @ ..] => {
                let of_all = |key: &&(Part, Count)| rest.iter().all(|run| run.counts.contains_key(key));
                first.counts.keys().filter(of_all).copied().collect()
            }
        };
        for run in runs {
            let start = side.starts[side.starts.len() - 1];
            side.starts.push(start + run.len);
            for key in &common {
                side.counts.entry(*key).or_default().extend_from_slice(&run.counts[key]);
            }
            for (all, own) in side.latency.iter_mut().zip(&run.latency) {
                all.extend(own.iter().map(|(ms, block)| (*ms, block + start as u32)));
            }
        }
        side.latency.iter_mut().for_each(|all| all.sort_by(|a, b| a.0.total_cmp(&b.0)));
        side
    }

    /// Whether a statistic can be taken of resamples: every run has what it is made of.
    pub(super) fn has(&self, part: Part, statistic: Statistic) -> bool {
        let has = |count| self.counts.contains_key(&(part, count));
        match statistic {
            Statistic::Latency(q) => QUANTILES.contains(&q) && has(Count::Latencies),
            Statistic::Ratio(numerator, denominator) => has(numerator) && has(denominator),
            Statistic::Total(count) => has(count),
        }
    }

    /// How often each block is drawn.
    fn draw(&self, random: &mut Random, weights: &mut Vec<u32>) {
        let runs = self.starts.len() - 1;
        weights.clear();
        weights.resize(self.starts[runs], 0);
        for _ in 0..runs {
            let run = random.below(runs as u64) as usize;
            let (start, len) = (self.starts[run], self.starts[run + 1] - self.starts[run]);
            for _ in 0..len {
                weights[start + random.below(len as u64) as usize] += 1;
            }
        }
    }

    fn sum(&self, part: Part, count: Count, weights: &[u32]) -> f64 {
        let column = &self.counts[&(part, count)];
        column.iter().zip(weights).map(|(amount, weight)| amount * f64::from(*weight)).sum()
    }

    /// [`QUANTILES`] of the latencies, each counted as often as its block was drawn.
    fn quantiles(&self, part: Part, weights: &[u32]) -> Option<[f64; 3]> {
        let sorted = &self.latency[part as usize];
        let weight = |index: usize| u64::from(weights[sorted[index].1 as usize]);
        let n = self.sum(part, Count::Latencies, weights) as u64;
        if n == 0 {
            return None;
        }
        let (mut index, mut before) = (0, 0);
        Some(QUANTILES.map(|q| {
            let at = q * (n - 1) as f64;
            let low = at.floor() as u64;
            while before + weight(index) <= low {
                before += weight(index);
                index += 1;
            }
            let (value, share) = (sorted[index].0, at - at.floor());
            if share == 0.0 || before + weight(index) > low + 1 {
                return value;
            }
            let next = (index + 1..sorted.len()).find(|next| weight(*next) > 0).unwrap_or(index);
            value + (sorted[next].0 - value) * share
        }))
    }

    /// The statistics of one resample.
    fn values(&self, wanted: &[(Part, Statistic)], weights: &[u32]) -> Vec<Option<f64>> {
        let quantiles = Part::ALL.map(|part| {
            let needed = wanted.iter().any(|(of, what)| *of == part && matches!(what, Statistic::Latency(_)));
            if needed { self.quantiles(part, weights) } else { None }
        });
        let runs = (self.starts.len() - 1) as f64;
        let value = |(part, statistic): &(Part, Statistic)| match statistic {
            Statistic::Latency(q) => {
                let index = QUANTILES.iter().position(|known| known == q)?;
                quantiles[*part as usize].map(|values| values[index])
            }
            Statistic::Ratio(numerator, denominator) => share(
                *numerator,
                self.sum(*part, *numerator, weights),
                self.sum(*part, *denominator, weights),
            ),
            Statistic::Total(count) => {
                let sum = self.sum(*part, *count, weights);
                Some(if *count == Count::FramesLost { sum.max(0.0) } else { sum } / runs)
            }
        };
        wanted.iter().map(value).collect()
    }
}

/// What the resamples of a statistic's difference, B minus A, say.
pub(super) enum Resampled {
    /// The central 95 % of them.
    Interval(f64, f64),
    /// In so many resamples the statistic did not exist.
    Undefined(usize),
}

/// A statistic that does not exist in more of the resamples than this share has no interval.
const UNDEFINED_MAX: f64 = 0.01;

/// Percentile intervals of the differences of `wanted`, from the same resamples for all.
pub(super) fn intervals(
    a: &Side,
    b: &Side,
    wanted: &[(Part, Statistic)],
    resamples: u32,
    seed: u64,
) -> Vec<Resampled> {
    let mut random = Random::new(seed);
    let mut differences = vec![Vec::with_capacity(resamples as usize); wanted.len()];
    let (mut weights_a, mut weights_b) = (Vec::new(), Vec::new());
    for _ in 0..resamples {
        a.draw(&mut random, &mut weights_a);
        b.draw(&mut random, &mut weights_b);
        let values = a.values(wanted, &weights_a).into_iter().zip(b.values(wanted, &weights_b));
        for (differences, (value_a, value_b)) in differences.iter_mut().zip(values) {
            if let (Some(value_a), Some(value_b)) = (value_a, value_b) {
                differences.push(value_b - value_a);
            }
        }
    }
    let summarise = |mut found: Vec<f64>| {
        let undefined = resamples as usize - found.len();
        if undefined as f64 > UNDEFINED_MAX * f64::from(resamples) {
            return Resampled::Undefined(undefined);
        }
        let mut at = |q| quantile(&mut found, q, QuantileMethod::Linear).unwrap_or(f64::NAN);
        Resampled::Interval(at(0.025), at(0.975))
    };
    differences.into_iter().map(summarise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(latencies: &[&[f64]]) -> Side {
        let mut blocks =
            Blocks { len: latencies.len(), counts: BTreeMap::new(), latency: Default::default() };
        let counts = latencies.iter().map(|block| block.len() as f64).collect();
        blocks.counts.insert((Part::Whole, Count::Latencies), counts);
        for (index, block) in latencies.iter().enumerate() {
            blocks.latency[0].extend(block.iter().map(|ms| (*ms, index as u32)));
        }
        Side::new(&[blocks])
    }

    #[test]
    fn weighted_quantiles_are_those_of_the_repeated_values() {
        let latencies: [&[f64]; 4] = [&[5.0, 1.0, 9.0], &[2.0], &[7.0, 7.0, 3.0, -4.0], &[]];
        let side = side(&latencies);
        let mut random = Random::new(3);
        let mut weights = Vec::new();
        for _ in 0..200 {
            side.draw(&mut random, &mut weights);
            assert_eq!(weights.iter().sum::<u32>(), 4);
            let repeated = |index: usize| std::iter::repeat_n(latencies[index], weights[index] as usize);
            let mut all: Vec<f64> = (0..4).flat_map(repeated).flatten().copied().collect();
            let expected = (!all.is_empty())
                .then(|| QUANTILES.map(|q| quantile(&mut all, q, QuantileMethod::Linear).unwrap()));
            assert_eq!(side.quantiles(Part::Whole, &weights), expected);
        }
    }
}
