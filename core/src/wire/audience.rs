//! Summaries of audiences as protobuf, to be merged elsewhere. Equal values give equal bytes.

use super::series::{SketchMessage, malformed};
use crate::audience::{Summary, ViewerTotals};
use crate::error::Result;
use crate::series::Sketch;
use crate::time::Interval;
use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct SummaryMessage {
    #[prost(message, optional, tag = "1")]
    interval: Option<IntervalMessage>,
    #[prost(uint64, tag = "2")]
    watching: u64,
    #[prost(uint64, tag = "3")]
    peak_at_least: u64,
    #[prost(uint64, tag = "4")]
    peak_at_most: u64,
    #[prost(int64, optional, tag = "5")]
    peak_us: Option<i64>,
    /// 16 bytes, the least significant first.
    #[prost(bytes = "vec", tag = "6")]
    area_us: Vec<u8>,
    #[prost(bytes = "vec", tag = "7")]
    bitrate_area: Vec<u8>,
    #[prost(message, optional, tag = "8")]
    startup_us: Option<SketchMessage>,
    /// In the order of the fields of `ViewerTotals`.
    #[prost(uint64, repeated, tag = "9")]
    totals: Vec<u64>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct IntervalMessage {
    #[prost(int64, tag = "1")]
    start_us: i64,
    #[prost(int64, tag = "2")]
    end_us: i64,
}

/// The bytes of a summary.
pub fn encode_summary(summary: &Summary) -> Vec<u8> {
    SummaryMessage {
        interval: summary
            .interval
            .map(|interval| IntervalMessage { start_us: interval.start_us, end_us: interval.end_us }),
        watching: summary.watching,
        peak_at_least: summary.peak_at_least,
        peak_at_most: summary.peak_at_most,
        peak_us: summary.peak_us,
        area_us: summary.area_us.to_le_bytes().to_vec(),
        bitrate_area: summary.bitrate_area.to_le_bytes().to_vec(),
        startup_us: Some(summary.startup_us.parts().into()),
        totals: summary.totals.fields().map(|(_, count)| count).to_vec(),
    }
    .encode_to_vec()
}

/// A summary from its bytes, which may come from anywhere. Counts that it lacks, as those of an older
/// version do, are 0.
///
/// # Errors
/// `Malformed` when they are not those of a summary.
pub fn decode_summary(bytes: &[u8]) -> Result<Summary> {
    let message = SummaryMessage::decode(bytes).map_err(|error| malformed("summary", error))?;
    let area = |bytes: Vec<u8>| {
        let length = bytes.len();
        let bytes =
            bytes.try_into().map_err(|_| malformed("summary", format!("an area of {length} bytes")))?;
        Ok(u128::from_le_bytes(bytes))
    };
    let interval = message.interval.map(|interval| Interval::new(interval.start_us, interval.end_us));
    if interval.is_some_and(|interval| interval.end_us < interval.start_us)
        || message.peak_at_least > message.peak_at_most
    {
        return Err(malformed("summary", "an end before its start, or bounds of a peak the wrong way"));
    }
    let startup = message.startup_us.ok_or_else(|| malformed("summary", "no sketch of startup times"))?;
    Ok(Summary {
        interval,
        totals: ViewerTotals::from_fields(&message.totals),
        watching: message.watching,
        peak_at_least: message.peak_at_least,
        peak_at_most: message.peak_at_most,
        peak_us: message.peak_us,
        area_us: area(message.area_us)?,
        bitrate_area: area(message.bitrate_area)?,
        startup_us: Sketch::from_parts(&startup.parts()?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::{Audience, AudienceConfig};
    use crate::error::ErrorKind;

    #[test]
    fn what_was_written_is_read() {
        let mut audience = Audience::new(AudienceConfig::default()).unwrap();
        audience.join("a", 5, None).unwrap();
        audience.started("a", 700_000);
        audience.bitrate("a", 800_000, 3_000_000);
        audience.join("b", 900_000, None).unwrap();
        let summary = audience.summary(2_000_000);
        let bytes = encode_summary(&summary);
        assert_eq!(decode_summary(&bytes).unwrap(), summary);
        for i in 0..bytes.len() {
            let mut spoiled = bytes.clone();
            spoiled[i] ^= 0x55;
            if let Err(error) = decode_summary(&spoiled) {
                assert_eq!(error.kind(), ErrorKind::Malformed);
            }
        }
        assert_eq!(decode_summary(&[]).unwrap_err().kind(), ErrorKind::Malformed);
    }
}
