//! One stat of a report, and how several become one.

use super::totals::{LayerTotals, TrackTotals};
use super::{Direction, Role, TrackKind};
use crate::ledger::Totals;
use crate::rtp::Receiver;
use crate::time::{Interval, Micros};
use std::collections::BTreeMap;

/// What a stat is about. Source, country and role stand here because the LiveKit message has no
/// place for them.
#[derive(Clone, Debug, Eq, PartialEq)]
#[allow(missing_docs)]
pub struct StatsKey {
    pub room_id: String,
    pub room_name: String,
    pub participant: String,
    /// Empty where a stat is of a whole participant.
    pub track: String,
    pub direction: Direction,
    pub role: Role,
    pub kind: TrackKind,
    pub source: String,
    pub mime: String,
    pub country: String,
}

/// Quality scores of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// Their mean.
    pub mean: f32,
    /// The lowest.
    pub min: f32,
    /// The middle one, or the mean of the two middle ones.
    pub median: f32,
    /// How many there were.
    pub count: u32,
}

impl Scores {
    /// Of scores above 0; `None` when there are none.
    pub fn of(scores: &[f32]) -> Option<Scores> {
        let mut sorted = scores.to_vec();
        sorted.sort_unstable_by(f32::total_cmp);
        let (n, min) = (sorted.len(), *sorted.first()?);
        let median = if n % 2 == 1 { sorted[n / 2] } else { (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0 };
        // Summed in order of time, as LiveKit's worker does.
        Some(Scores { mean: scores.iter().sum::<f32>() / n as f32, min, median, count: n as u32 })
    }
}

/// What a data track was, at its close.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DataSummary {
    /// From its first to its last packet.
    pub duration_us: Micros,
    /// Packets, repeated ones included.
    pub packets: u64,
    /// Sequence numbers lost.
    pub packets_lost: i64,
    /// Packets out of order.
    pub packets_out_of_order: u64,
    /// Packets that came again.
    pub packets_duplicate: u64,
    /// Frames begun.
    pub frames: u64,
    /// Frames per second of its duration; absent when that is 0.
    pub frame_rate: Option<f64>,
}

impl DataSummary {
    pub(super) fn new(receiver: &Receiver, frames: u64) -> DataSummary {
        let stats = receiver.snapshot();
        let duration_us = match (stats.first_arrival_us, stats.last_arrival_us) {
            (Some(first), Some(last)) => last.saturating_sub(first).max(0),
            _ => 0,
        };
        DataSummary {
            duration_us,
            packets: stats.totals.packets,
            packets_lost: stats.totals.lost(),
            packets_out_of_order: stats.totals.out_of_order,
            packets_duplicate: stats.totals.duplicates,
            frames,
            frame_rate: (duration_us > 0).then(|| frames as f64 * 1e6 / duration_us as f64),
        }
    }
}

/// What one track, or one participant in one direction, did in an interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Stat {
    /// What it is about.
    pub key: StatsKey,
    /// When it was taken.
    pub time_us: Micros,
    /// What it covers: from the end of the interval before, or the opening.
    pub interval: Interval,
    /// What was added. The loss is signed: negative when late packets corrected more than was lost.
    pub totals: TrackTotals,
    /// The loss for a format without signs: corrections are held back against it.
    pub packets_lost_to_report: u64,
    /// Corrections still held back, 0 or less.
    pub packets_lost_held_back: i64,
    /// The largest round-trip time; absent when none was measured.
    pub rtt_us: Option<u32>,
    /// The largest jitter; absent when none was measured.
    pub jitter_us: Option<u32>,
    /// Quality scores; absent when there were none.
    pub scores: Option<Scores>,
    /// The highest simulcast layer that had packets.
    pub layer: Option<(u8, LayerTotals)>,
    /// Whether the track is closed and this is all that is left.
    pub last: bool,
    /// How many earlier intervals, whose report failed, are part of this one.
    pub merged_intervals: u32,
    /// How many tracks this is the sum of.
    pub tracks: u32,
    /// What a data track was, at its close.
    pub data: Option<DataSummary>,
}

/// One stat for each participant, direction and role: sums of counts, the largest round-trip time
/// and jitter, the earliest start and latest end, the highest layer, means of scores weighted by
/// their number. The median of several tracks is that of their medians.
pub fn coalesce(stats: Vec<Stat>) -> Vec<Stat> {
    let mut groups: BTreeMap<(String, String, Direction, Role), Vec<Stat>> = BTreeMap::new();
    for stat in stats {
        let key = &stat.key;
        let group = (key.room_id.clone(), key.participant.clone(), key.direction, key.role);
        groups.entry(group).or_default().push(stat);
    }
    groups.into_values().filter_map(merge).collect()
}

fn merge(stats: Vec<Stat>) -> Option<Stat> {
    let scores: Vec<Scores> = stats.iter().filter_map(|stat| stat.scores).collect();
    let mut stats = stats.into_iter();
    let mut sum = stats.next()?;
    for stat in stats {
        sum.totals.add(&stat.totals);
        sum.interval.start_us = sum.interval.start_us.min(stat.interval.start_us);
        sum.interval.end_us = sum.interval.end_us.max(stat.interval.end_us);
        sum.packets_lost_to_report = sum.packets_lost_to_report.saturating_add(stat.packets_lost_to_report);
        sum.packets_lost_held_back = sum.packets_lost_held_back.saturating_add(stat.packets_lost_held_back);
        sum.rtt_us = sum.rtt_us.max(stat.rtt_us);
        sum.jitter_us = sum.jitter_us.max(stat.jitter_us);
        sum.layer = match (sum.layer, stat.layer) {
            (Some((a, mut layer)), Some((b, other))) if a == b => {
                layer.add(&other);
                Some((a, layer))
            }
            (a, b) => {
                if b.map(|b| b.0) > a.map(|a| a.0) {
                    b
                } else {
                    a
                }
            }
        };
        sum.last &= stat.last;
        sum.merged_intervals = sum.merged_intervals.max(stat.merged_intervals);
        sum.tracks += stat.tracks;
        if sum.key.mime != stat.key.mime {
            sum.key.mime.clear();
        }
    }
    if sum.tracks > 1 {
        sum.key.track.clear();
        sum.key.source.clear();
        sum.data = None;
    }
    let count: u32 = scores.iter().map(|scores| scores.count).sum();
    let medians: Vec<f32> = scores.iter().map(|scores| scores.median).collect();
    sum.scores = Scores::of(&medians).map(|of_medians| Scores {
        mean: scores.iter().map(|scores| scores.mean * scores.count as f32).sum::<f32>() / count as f32,
        min: scores.iter().map(|scores| scores.min).fold(f32::INFINITY, f32::min),
        median: of_medians.median,
        count,
    });
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores() {
        assert_eq!(Scores::of(&[]), None);
        assert_eq!(Scores::of(&[3.0]), Some(Scores { mean: 3.0, min: 3.0, median: 3.0, count: 1 }));
        let four = Scores::of(&[4.0, 1.0, 2.0, 5.0]).unwrap();
        assert_eq!(four, Scores { mean: 3.0, min: 1.0, median: 3.0, count: 4 });
    }
}
