//! Frame ids in order of receipt: segments, duplicates, reordering, discontinuities, gaps.

use super::bursts::Part;
use super::timeline::Gaps;
use super::{Mode, Run};
use crate::math::{QuantileMethod, quantile};
use crate::time::{Interval, Micros};
use std::collections::HashSet;
use std::ops::Range;

/// Frame rate that is assumed where a run is too short to tell.
const DEFAULT_RATE_PER_S: f64 = 30.0;
/// No camera is slower or faster: a rate outside would come from garbage.
const RATE_MIN_PER_S: f64 = 0.1;
const RATE_MAX_PER_S: f64 = 1000.0;
/// A step of the id up to this many frames is plausible at any time.
const STEP_SLACK: f64 = 30.0;
/// A step of the id is plausible up to this many times what the elapsed time allows.
const STEP_FACTOR: f64 = 3.0;

/// What the ids of the frames in the window tell.
#[derive(Clone, Debug, Default)]
pub(super) struct FrameSequence {
    /// Runs of ids without a discontinuity.
    pub(super) segments: Vec<Segment>,
    /// Rows without an id.
    pub(super) unidentified: u64,
    /// Rows whose id is a discontinuity that the next frame does not confirm.
    pub(super) outliers: u64,
    /// Steps of the id that are not plausible.
    pub(super) discontinuities: u64,
    /// The rate that plausibility was judged by.
    pub(super) nominal_rate_per_s: f64,
    /// When each row without a believable id was received.
    pub(super) without_id_us: Vec<Micros>,
}

/// A run of ids.
#[derive(Clone, Debug, Default)]
pub(super) struct Segment {
    /// Unique ids, ascending, with the time each was first received.
    pub(super) ids: Vec<(i64, Micros)>,
    pub(super) duplicates: u64,
    pub(super) reordered: u64,
}

impl Segment {
    /// Last id - first id + 1.
    pub(super) fn expected(&self) -> i128 {
        match (self.ids.first(), self.ids.last()) {
            (Some(first), Some(last)) => i128::from(last.0) - i128::from(first.0) + 1,
            _ => 0,
        }
    }

    /// From ids in order of receipt.
    fn new(received: Vec<(i64, Micros)>) -> Segment {
        if received.is_sorted_by(|a, b| a.0 < b.0) {
            return Segment { ids: received, ..Segment::default() };
        }
        let mut highest = i64::MIN;
        let mut late = Vec::new();
        let mut ids = Vec::with_capacity(received.len());
        for (id, at_us) in received {
            if ids.is_empty() || id > highest {
                highest = id;
                ids.push((id, at_us));
            } else {
                late.push((id, at_us));
            }
        }
        // Ids that were in order are sorted: what came late is either one of them, or new.
        let mut seen = HashSet::new();
        let mut duplicates = 0;
        late.retain(|(id, _)| {
            let new = ids.binary_search_by_key(id, |(known, _)| *known).is_err() && seen.insert(*id);
            duplicates += u64::from(!new);
            new
        });
        let reordered = late.len() as u64;
        ids.append(&mut late);
        ids.sort_by_key(|(id, _)| *id);
        Segment { ids, duplicates, reordered }
    }
}

impl FrameSequence {
    pub(super) fn expected(&self) -> i128 {
        self.segments.iter().map(Segment::expected).sum()
    }

    /// Expected frames whose id never arrived, before frames without an id are taken off.
    pub(super) fn missing(&self) -> i128 {
        self.expected() - self.segments.iter().map(|segment| segment.ids.len() as i128).sum::<i128>()
    }

    pub(super) fn duplicates(&self) -> u64 {
        self.segments.iter().map(|segment| segment.duplicates).sum()
    }

    pub(super) fn reordered(&self) -> u64 {
        self.segments.iter().map(|segment| segment.reordered).sum()
    }

    /// Where ids are missing, in order of time.
    pub(super) fn gaps(&self) -> Gaps {
        let mut found: Vec<(Micros, i128)> =
            self.holes().map(|hole| (hole.after.1, hole.missing())).collect();
        found.sort_by_key(|(at_us, _)| *at_us);
        let (t_us, missing) = found.into_iter().unzip();
        Gaps { t_us, missing }
    }

    /// Neighbouring ids with others missing between them.
    pub(super) fn holes(&self) -> impl Iterator<Item = Hole> {
        let pairs = self.segments.iter().flat_map(|segment| segment.ids.windows(2));
        pairs.map(|pair| Hole { before: pair[0], after: pair[1] }).filter(|hole| hole.missing() > 0)
    }
}

/// Missing ids between two received ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hole {
    pub(super) before: (i64, Micros),
    pub(super) after: (i64, Micros),
}

impl Hole {
    pub(super) fn missing(&self) -> i128 {
        i128::from(self.after.0) - i128::from(self.before.0) - 1
    }

    /// How many of the missing frames would have been received in a part of the window, had they
    /// come evenly between their neighbours.
    pub(super) fn missing_in(&self, part: &Part) -> i128 {
        let steps = self.missing() + 1;
        let span =
            Interval::new(self.before.1.min(self.after.1), self.before.1.max(self.after.1).saturating_add(1));
        let length = i128::from(span.end_us) - i128::from(span.start_us) - 1;
        if length == 0 {
            return if part.contains(span.start_us) { self.missing() } else { 0 };
        }
        // Frame k of 1..steps comes at start + floor(length k / steps), which is at or after `at`
        // from this k on. The products fit: times have 64 bits, and plausible steps far fewer.
        let first_from = |at: Micros| {
            let ahead = (i128::from(at) - i128::from(span.start_us)).clamp(0, length);
            ((ahead * steps + length - 1) / length).clamp(1, steps)
        };
        part.meeting(&span).map(|interval| first_from(interval.end_us) - first_from(interval.start_us)).sum()
    }
}

impl Run {
    /// Ids of the frames in the window, by the definitions of `exact`.
    pub(super) fn frame_sequence(&self) -> FrameSequence {
        let rows = self.rows_in_window(Mode::Exact);
        let nominal_rate_per_s = self.nominal_rate(rows.clone());
        let mut sequence = FrameSequence { nominal_rate_per_s, ..FrameSequence::default() };
        let plausible = |from: (i64, Micros), to: (i64, Micros)| {
            // Nearly every step: no need of floats.
            if to.0.checked_sub(from.0).is_some_and(|step| step.unsigned_abs() <= STEP_SLACK as u64) {
                return true;
            }
            let step = (i128::from(to.0) - i128::from(from.0)).unsigned_abs() as f64;
            let elapsed_s = to.1.saturating_sub(from.1) as f64 / 1e6;
            step <= STEP_FACTOR * elapsed_s * nominal_rate_per_s + STEP_SLACK
        };
        let mut segment: Vec<(i64, Micros)> = Vec::with_capacity(rows.len());
        // A frame whose id jumped: the next one tells whether a new segment began.
        let mut doubtful: Option<(i64, Micros)> = None;
        for row in rows {
            let at_us = self.frames.recv_us[row];
            let Some(id) = self.frames.frame_id.get(row) else {
                sequence.unidentified += 1;
                sequence.without_id_us.push(at_us);
                continue;
            };
            let frame = (id, at_us);
            if let Some(jumped) = doubtful.take() {
                if plausible(jumped, frame) {
                    sequence.segments.push(Segment::new(std::mem::take(&mut segment)));
                    segment.extend([jumped, frame]);
                    continue;
                }
                sequence.outliers += 1;
                sequence.without_id_us.push(jumped.1);
            }
            match segment.last() {
                Some(last) if !plausible(*last, frame) => {
                    sequence.discontinuities += 1;
                    doubtful = Some(frame);
                }
                _ => segment.push(frame),
            }
        }
        if let Some(jumped) = doubtful {
            sequence.outliers += 1;
            sequence.without_id_us.push(jumped.1);
        }
        if !segment.is_empty() {
            sequence.segments.push(Segment::new(segment));
        }
        sequence
    }

    /// Frames per second at the sender: the median time per id between rows that follow one
    /// another, by user timestamps where both rows have one, else by receive times.
    fn nominal_rate(&self, rows: Range<usize>) -> f64 {
        const SAMPLE_MAX: usize = 4096;
        let frame = |row: usize| {
            let sent = self.frames.user_timestamp_us.get(row).filter(|sent| *sent != 0);
            Some((self.frames.frame_id.get(row)?, sent, self.frames.recv_us[row]))
        };
        let mut per_id = Vec::new();
        let stride = rows.len().div_ceil(SAMPLE_MAX).max(1);
        for row in (rows.start..rows.end.saturating_sub(1)).step_by(stride) {
            let (Some((id_a, sent_a, recv_a)), Some((id_b, sent_b, recv_b))) = (frame(row), frame(row + 1))
            else {
                continue;
            };
            let elapsed = match (sent_a, sent_b) {
                (Some(a), Some(b)) => i128::from(b) - i128::from(a),
                _ => i128::from(recv_b) - i128::from(recv_a),
            };
            let steps = i128::from(id_b) - i128::from(id_a);
            if steps > 0 && elapsed > 0 {
                per_id.push(elapsed as f64 / steps as f64);
            }
        }
        let median_us = quantile(&mut per_id, 0.5, QuantileMethod::Linear);
        median_us.map_or(DEFAULT_RATE_PER_S, |us| (1e6 / us).clamp(RATE_MIN_PER_S, RATE_MAX_PER_S))
    }
}
