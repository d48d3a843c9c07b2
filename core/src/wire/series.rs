//! Sketches and rollups as protobuf, to be kept or merged elsewhere. Equal values give equal bytes.

use crate::error::{Error, ErrorKind, Result};
use crate::series::{
    Bin, BucketParts, Level, Rollup, RollupConfig, RollupCounts, RollupParts, Sketch, SketchConfig,
    SketchParts,
};
use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(super) struct SketchMessage {
    #[prost(double, tag = "1")]
    relative_error: f64,
    #[prost(message, optional, tag = "2")]
    positive: Option<BinsMessage>,
    #[prost(message, optional, tag = "3")]
    negative: Option<BinsMessage>,
    #[prost(uint64, tag = "4")]
    zeros: u64,
    #[prost(uint64, tag = "5")]
    rejected: u64,
    #[prost(double, tag = "6")]
    sum: f64,
    #[prost(double, tag = "7")]
    sum_rest: f64,
    #[prost(double, tag = "8")]
    min: f64,
    #[prost(double, tag = "9")]
    max: f64,
}

/// Bins by ascending index.
#[derive(Clone, PartialEq, Message)]
pub(super) struct BinsMessage {
    /// The first index.
    #[prost(sint32, tag = "1")]
    first: i32,
    /// How much further each index is than the one before; one less than there are bins.
    #[prost(uint32, repeated, tag = "2")]
    steps: Vec<u32>,
    #[prost(uint64, repeated, tag = "3")]
    counts: Vec<u64>,
    #[prost(bool, tag = "4")]
    collapsed: bool,
}

#[derive(Clone, PartialEq, Message)]
struct RollupMessage {
    #[prost(message, repeated, tag = "1")]
    levels: Vec<LevelMessage>,
    #[prost(int64, tag = "2")]
    late_us: i64,
    /// The relative error of the buckets' sketches, where they have any.
    #[prost(double, optional, tag = "3")]
    relative_error: Option<f64>,
    #[prost(int64, optional, tag = "4")]
    newest_us: Option<i64>,
    #[prost(uint64, tag = "5")]
    accepted: u64,
    #[prost(uint64, tag = "6")]
    too_late: u64,
    #[prost(uint64, tag = "7")]
    not_finite: u64,
}

#[derive(Clone, PartialEq, Message)]
struct LevelMessage {
    #[prost(int64, tag = "1")]
    width_us: i64,
    #[prost(uint64, tag = "2")]
    keep: u64,
    #[prost(message, repeated, tag = "3")]
    buckets: Vec<BucketMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct BucketMessage {
    #[prost(int64, tag = "1")]
    start_us: i64,
    #[prost(uint64, tag = "2")]
    count: u64,
    #[prost(double, tag = "3")]
    sum: f64,
    #[prost(double, tag = "4")]
    sum_rest: f64,
    #[prost(double, tag = "5")]
    min: f64,
    #[prost(double, tag = "6")]
    max: f64,
    #[prost(int64, tag = "7")]
    last_us: i64,
    #[prost(double, tag = "8")]
    last: f64,
    #[prost(message, optional, tag = "9")]
    sketch: Option<SketchMessage>,
}

/// The bytes of a sketch.
pub fn encode_sketch(sketch: &Sketch) -> Vec<u8> {
    SketchMessage::from(sketch.parts()).encode_to_vec()
}

/// A sketch from its bytes, which may come from anywhere.
///
/// # Errors
/// `Malformed` when they are not those of a sketch.
pub fn decode_sketch(bytes: &[u8]) -> Result<Sketch> {
    Sketch::from_parts(&SketchMessage::decode(bytes).map_err(|error| malformed("sketch", error))?.parts()?)
}

/// The bytes of a rollup.
pub fn encode_rollup(rollup: &mut Rollup) -> Vec<u8> {
    let parts = rollup.parts();
    let levels = parts.config.levels.iter().zip(parts.levels).map(|(level, buckets)| LevelMessage {
        width_us: level.width_us,
        keep: level.keep as u64,
        buckets: buckets.into_iter().map(BucketMessage::from).collect(),
    });
    RollupMessage {
        levels: levels.collect(),
        late_us: parts.config.late_us,
        relative_error: parts.config.sketch.map(|sketch| sketch.relative_error),
        newest_us: parts.newest_us,
        accepted: parts.counts.accepted,
        too_late: parts.counts.too_late,
        not_finite: parts.counts.not_finite,
    }
    .encode_to_vec()
}

/// A rollup from its bytes, which may come from anywhere.
///
/// # Errors
/// `Malformed` when they are not those of a rollup.
pub fn decode_rollup(bytes: &[u8]) -> Result<Rollup> {
    let message = RollupMessage::decode(bytes).map_err(|error| malformed("rollup", error))?;
    let level = |level: &LevelMessage| Level {
        width_us: level.width_us,
        keep: usize::try_from(level.keep).unwrap_or(usize::MAX),
    };
    let config = RollupConfig {
        levels: message.levels.iter().map(level).collect(),
        late_us: message.late_us,
        sketch: message.relative_error.map(|relative_error| SketchConfig { relative_error }),
    };
    let buckets = |level: LevelMessage| level.buckets.into_iter().map(BucketMessage::parts).collect();
    Rollup::from_parts(RollupParts {
        config,
        newest_us: message.newest_us,
        counts: RollupCounts {
            accepted: message.accepted,
            too_late: message.too_late,
            not_finite: message.not_finite,
        },
        levels: message.levels.into_iter().map(buckets).collect::<Result<_>>()?,
    })
}

impl From<SketchParts> for SketchMessage {
    fn from(parts: SketchParts) -> SketchMessage {
        SketchMessage {
            relative_error: parts.relative_error,
            positive: BinsMessage::new(&parts.positive, parts.collapsed_positive),
            negative: BinsMessage::new(&parts.negative, parts.collapsed_negative),
            zeros: parts.zeros,
            rejected: parts.rejected,
            sum: parts.sum,
            sum_rest: parts.sum_rest,
            min: parts.min,
            max: parts.max,
        }
    }
}

impl SketchMessage {
    pub(super) fn parts(self) -> Result<SketchParts> {
        let bins = |bins: &Option<BinsMessage>| bins.as_ref().map_or(Ok(Vec::new()), BinsMessage::bins);
        let collapsed = |bins: &Option<BinsMessage>| bins.as_ref().is_some_and(|bins| bins.collapsed);
        Ok(SketchParts {
            relative_error: self.relative_error,
            positive: bins(&self.positive)?,
            negative: bins(&self.negative)?,
            zeros: self.zeros,
            rejected: self.rejected,
            sum: self.sum,
            sum_rest: self.sum_rest,
            min: self.min,
            max: self.max,
            collapsed_positive: collapsed(&self.positive),
            collapsed_negative: collapsed(&self.negative),
        })
    }
}

impl BinsMessage {
    fn new(bins: &[Bin], collapsed: bool) -> Option<BinsMessage> {
        let first = bins.first()?.index;
        let steps = bins.windows(2).map(|pair| pair[1].index.abs_diff(pair[0].index)).collect();
        Some(BinsMessage { first, steps, counts: bins.iter().map(|bin| bin.count).collect(), collapsed })
    }

    fn bins(&self) -> Result<Vec<Bin>> {
        if self.counts.len() != self.steps.len() + 1 {
            let (counts, steps) = (self.counts.len(), self.steps.len());
            return Err(malformed("sketch", format!("{counts} counts and {steps} steps of bins")));
        }
        let mut index = self.first;
        let mut bins = Vec::with_capacity(self.counts.len());
        for (&step, &count) in [0].iter().chain(&self.steps).zip(&self.counts) {
            index = index
                .checked_add_unsigned(step)
                .ok_or_else(|| malformed("sketch", "the index of a bin leaves 32 bits"))?;
            bins.push(Bin { index, count });
        }
        Ok(bins)
    }
}

impl From<BucketParts> for BucketMessage {
    fn from(parts: BucketParts) -> BucketMessage {
        BucketMessage {
            start_us: parts.start_us,
            count: parts.count,
            sum: parts.sum,
            sum_rest: parts.sum_rest,
            min: parts.min,
            max: parts.max,
            last_us: parts.last_us,
            last: parts.last,
            sketch: parts.sketch.map(SketchMessage::from),
        }
    }
}

impl BucketMessage {
    fn parts(self) -> Result<BucketParts> {
        Ok(BucketParts {
            start_us: self.start_us,
            count: self.count,
            sum: self.sum,
            sum_rest: self.sum_rest,
            min: self.min,
            max: self.max,
            last_us: self.last_us,
            last: self.last,
            sketch: self.sketch.map(SketchMessage::parts).transpose()?,
        })
    }
}

pub(super) fn malformed(what: &str, why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Malformed, format!("{what}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollup() -> Rollup {
        let levels = vec![Level { width_us: 10, keep: 50 }, Level { width_us: 100, keep: 5 }];
        let config = RollupConfig { levels, late_us: 40, sketch: Some(SketchConfig::default()) };
        let mut rollup = Rollup::new(config).unwrap();
        for i in 0..40_i64 {
            rollup.push(i * 37 % 530, (i as f64 - 20.0) * 0.3);
        }
        rollup
    }

    #[test]
    fn what_was_written_is_read() {
        let mut before = rollup();
        let bytes = encode_rollup(&mut before);
        let mut after = decode_rollup(&bytes).unwrap();
        assert_eq!(after.parts(), before.parts());
        assert_eq!(encode_rollup(&mut after), bytes);
        let sketch = before.buckets(1).unwrap().next().unwrap().sketch.unwrap();
        let bytes = encode_sketch(&sketch);
        assert_eq!(decode_sketch(&bytes).unwrap(), sketch);
        assert_eq!(encode_sketch(&decode_sketch(&bytes).unwrap()), bytes);
    }

    #[test]
    fn spoiled_bytes_are_refused_or_good() {
        let bytes = encode_rollup(&mut rollup());
        let mut refused = 0;
        for i in 0..bytes.len() {
            for flip in [1, 0x80] {
                let mut spoiled = bytes.clone();
                spoiled[i] ^= flip;
                match decode_rollup(&spoiled) {
                    Ok(mut rollup) => assert!(rollup.merge(&rollup.clone()).is_ok()),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Malformed);
                        refused += 1;
                    }
                }
            }
            // Whatever was cut off, what is left is whole or refused.
            let _ = decode_rollup(&bytes[..i]);
        }
        assert!(refused > bytes.len() / 2, "{refused} of {}", bytes.len());
    }
}
