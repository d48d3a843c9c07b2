//! What each second of a run counted: the blocks that are resampled.

use crate::run::bursts::{Burst, Part as Spans};
use crate::run::counters::Steps;
use crate::run::exact::{self, Counters};
use crate::run::{Mode, Run};
use crate::time::{Interval, Micros, SECOND_US};
use std::collections::BTreeMap;

/// A run with more seconds than this is not resampled: its window is garbage, and a day has 86,400.
const BLOCKS_MAX: i64 = 200_000;

/// Which part of the window.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Part {
    Whole,
    InBursts,
    OutsideBursts,
}

impl Part {
    pub(super) const ALL: [Part; 3] = [Part::Whole, Part::InBursts, Part::OutsideBursts];
}

/// What is counted in each block.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Count {
    Seconds,
    FramesReceived,
    FramesLost,
    FramesExpected,
    Gaps,
    Freezes,
    FreezeMs,
    LatencyMs,
    Latencies,
    /// By the index of [`Counters::fec`].
    Fec(usize),
    /// By the index of [`Counters::nack`].
    Nack(usize),
    /// By the index of [`Counters::loss`].
    Loss(usize),
    OutOfOrder,
    ResidualLost,
    PacketsSent,
    PacketsOriginal,
    Recoverable,
}

/// One run in blocks of a second.
pub(super) struct Blocks {
    pub(super) len: usize,
    /// One number a block; a count that was not measured in the run is absent.
    pub(super) counts: BTreeMap<(Part, Count), Vec<f64>>,
    /// Latencies with the block each was received in, by [`Part::ALL`].
    pub(super) latency: [Vec<(f64, u32)>; 3],
}

impl Blocks {
    /// The blocks of a run; `None` where its window has no length or too many seconds.
    pub(super) fn new(run: &Run) -> Option<Blocks> {
        let window = run.window(Mode::Exact).interval;
        let seconds = window.duration_us() / SECOND_US + i64::from(window.duration_us() % SECOND_US > 0);
        if seconds == 0 || seconds > BLOCKS_MAX {
            return None;
        }
        let len = seconds as usize;
        let mut blocks = Blocks { len, counts: BTreeMap::new(), latency: Default::default() };
        let counters = Counters::new(run);
        let bursts = run.bursts(Mode::Exact);
        let whole = Burst { start_us: window.start_us, end_us: window.end_us, open: false };
        let spans = [Spans::inside(&[whole]), Spans::inside(&bursts), Spans::outside(&bursts, &window)];
        for (part, spans) in Part::ALL.into_iter().zip(spans) {
            // As in the summary: without a burst there is no inside and no outside.
            if spans.duration_us() == 0 || (part != Part::Whole && bursts.is_empty()) {
                continue;
            }
            let in_blocks = (0..seconds).map(|second| in_block(&spans, &window, second)).collect();
            let mut filler = Filler { window, part, spans, in_blocks, blocks: &mut blocks };
            filler.frames(run);
            filler.counters(&counters);
        }
        Some(blocks)
    }
}

/// What of some spans lies in a second of the window.
fn in_block(spans: &Spans, window: &Interval, second: i64) -> Spans {
    let start_us = window.start_us + second * SECOND_US;
    let block = Interval::new(start_us, start_us.saturating_add(SECOND_US)).intersection(window);
    let cut = |span: &Interval| {
        let shared = span.intersection(&block);
        Burst { start_us: shared.start_us, end_us: shared.end_us, open: false }
    };
    Spans::inside(&spans.meeting(&block).map(cut).collect::<Vec<_>>())
}

/// Fills in one part of the window.
struct Filler<'a> {
    window: Interval,
    part: Part,
    spans: Spans,
    /// What of the spans lies in each block.
    in_blocks: Vec<Spans>,
    blocks: &'a mut Blocks,
}

impl Filler<'_> {
    fn column(&mut self, count: Count) -> &mut Vec<f64> {
        let len = self.blocks.len;
        self.blocks.counts.entry((self.part, count)).or_insert_with(|| vec![0.0; len])
    }

    fn get(&self, count: Count) -> Option<&Vec<f64>> {
        self.blocks.counts.get(&(self.part, count))
    }

    fn index(&self, at_us: Micros) -> usize {
        let index = at_us.saturating_sub(self.window.start_us) / SECOND_US;
        index.clamp(0, self.blocks.len as i64 - 1) as usize
    }

    fn frames(&mut self, run: &Run) {
        for index in 0..self.blocks.len {
            let covered_us = self.in_blocks[index].duration_us();
            self.column(Count::Seconds)[index] = covered_us as f64 / 1e6;
        }
        if run.problems.frames.missing {
            return;
        }
        let rows = run.rows_in_window(Mode::Exact);
        self.column(Count::FramesReceived);
        for at_us in &run.frames.recv_us[rows.clone()] {
            self.add(Count::FramesReceived, *at_us, 1.0);
        }
        if !rows.is_empty() {
            self.freezes(run);
        }
        self.sequence(run);
        let latency = run.latency(Mode::Exact);
        let part = self.part as usize;
        for (at_us, ms) in latency.t_us.iter().zip(&latency.latency_ms) {
            if self.spans.contains(*at_us) {
                let index = self.index(*at_us);
                self.column(Count::Latencies)[index] += 1.0;
                self.column(Count::LatencyMs)[index] += ms;
                self.blocks.latency[part].push((*ms, index as u32));
            }
        }
    }

    /// Adds to the block of a moment, where that lies in the part.
    fn add(&mut self, count: Count, at_us: Micros, amount: f64) {
        if self.spans.contains(at_us) {
            let index = self.index(at_us);
            self.column(count)[index] += amount;
        }
    }

    fn freezes(&mut self, run: &Run) {
        let freezes = run.freezes();
        self.column(Count::Freezes);
        self.column(Count::FreezeMs);
        for (start_us, length_us) in freezes.start_us.iter().zip(&freezes.duration_us) {
            self.add(Count::Freezes, *start_us, 1.0);
            let span = Interval::new(*start_us, start_us.saturating_add(*length_us));
            for index in self.index(span.start_us)..=self.index(span.end_us) {
                let frozen = self.in_blocks[index].overlap_us(&span);
                self.column(Count::FreezeMs)[index] += frozen as f64 / 1e3;
            }
        }
    }

    fn sequence(&mut self, run: &Run) {
        let sequence = run.frame_sequence();
        if sequence.segments.is_empty() {
            return;
        }
        for count in [Count::FramesLost, Count::FramesExpected, Count::Gaps] {
            self.column(count);
        }
        for segment in &sequence.segments {
            for (_, at_us) in &segment.ids {
                self.add(Count::FramesExpected, *at_us, 1.0);
            }
        }
        for hole in sequence.holes() {
            self.add(Count::Gaps, hole.after.1, 1.0);
            let (low, high) = (hole.before.1.min(hole.after.1), hole.before.1.max(hole.after.1));
            for index in self.index(low)..=self.index(high) {
                let missing = hole.missing_in(&self.in_blocks[index]) as f64;
                self.column(Count::FramesLost)[index] += missing;
                self.column(Count::FramesExpected)[index] += missing;
            }
        }
        for at_us in &sequence.without_id_us {
            self.add(Count::FramesLost, *at_us, -1.0);
        }
    }

    fn counters(&mut self, counters: &Counters) {
        for (index, steps) in counters.fec.iter().enumerate() {
            self.spread(Count::Fec(index), steps);
        }
        for (index, (nack, loss)) in counters.nack.iter().zip(&counters.loss).enumerate() {
            self.spread(Count::Nack(index), nack);
            self.spread(Count::Loss(index), loss);
        }
        self.spread(Count::OutOfOrder, &counters.out_of_order);
        let zeros = vec![0.0; self.blocks.len];
        let received = self.per_block(&counters.packets_received);
        let retransmitted = self.per_block(&counters.packets_retransmitted).unwrap_or_else(|| zeros.clone());
        let recovered = self.get(Count::Fec(exact::RECOVERED)).cloned();
        let failed = self.get(Count::Fec(exact::FAILED)).cloned();
        let lost = self.get(Count::Loss(exact::INCOMING)).cloned();
        let both = |a: &[f64], b: &[f64], f: fn(f64, f64) -> f64| -> Vec<f64> {
            a.iter().zip(b).map(|(a, b)| f(*a, *b)).collect()
        };
        if let (Some(recovered), Some(failed)) = (&recovered, &failed) {
            *self.column(Count::Recoverable) = both(recovered, failed, |a, b| a + b);
        }
        let originals = received.map(|received| both(&received, &retransmitted, |a, b| a - b));
        if let Some(lost) = &lost {
            let repaired = both(&retransmitted, recovered.as_ref().unwrap_or(&zeros), |a, b| a + b);
            *self.column(Count::ResidualLost) = both(lost, &repaired, |a, b| a - b);
        }
        if let Some(originals) = originals {
            if let Some(lost) = &lost {
                *self.column(Count::PacketsSent) = both(&originals, lost, |a, b| a + b);
            }
            *self.column(Count::PacketsOriginal) = originals;
        }
    }

    fn spread(&mut self, count: Count, steps: &Option<Steps>) {
        if let Some(amounts) = self.per_block(steps) {
            *self.column(count) = amounts;
        }
    }

    /// What a counter counted in each block, each step spread over its time.
    fn per_block(&self, steps: &Option<Steps>) -> Option<Vec<f64>> {
        let mut amounts = vec![0.0; self.blocks.len];
        for step in &steps.as_ref()?.steps {
            let length_us = step.interval.duration_us();
            let (first, last) = (self.index(step.interval.start_us), self.index(step.interval.end_us));
            for (offset, amount) in amounts[first..=last].iter_mut().enumerate() {
                let covered = self.in_blocks[first + offset].overlap_us(&step.interval);
                *amount += step.amount * (covered as f64 / length_us as f64);
            }
        }
        Some(amounts)
    }
}
