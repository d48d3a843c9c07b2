//! Packets in columns, and records as flat numbers: whole ones rounded, so that the facade can tell
//! by their size those that are not exact, absent ones NaN.

use streamgauge::rtp::{MediaKind, Packet, PayloadFormat, PayloadMap};
use streamgauge::{Error, ErrorKind, Result};

use crate::convert::given;

/// How many packets are put together at a time.
const BATCH: usize = 256;

/// Columns of packets. One of length 0 is all zero, one of length 1 the same for all.
pub(crate) struct Packets<'a> {
    pub(crate) arrival_us: &'a [f64],
    pub(crate) ssrc: &'a [u32],
    pub(crate) rtp_timestamp: &'a [u32],
    pub(crate) sequence: &'a [u16],
    pub(crate) wire_bytes: &'a [u16],
    pub(crate) header_bytes: &'a [u16],
    pub(crate) payload_type: &'a [u8],
    pub(crate) padding_bytes: &'a [u8],
    pub(crate) flags: &'a [u8],
}

impl Packets<'_> {
    /// Hands `len` packets out, some at a time.
    pub(crate) fn each_batch(&self, len: usize, mut record: impl FnMut(&[Packet])) {
        let mut batch = [Packet::default(); BATCH];
        for start in (0..len).step_by(BATCH) {
            let batch = &mut batch[..BATCH.min(len - start)];
            for (offset, packet) in batch.iter_mut().enumerate() {
                let at = start + offset;
                *packet = Packet {
                    arrival_us: item(self.arrival_us, at) as i64,
                    ssrc: item(self.ssrc, at),
                    rtp_timestamp: item(self.rtp_timestamp, at),
                    sequence: item(self.sequence, at),
                    wire_bytes: item(self.wire_bytes, at),
                    header_bytes: item(self.header_bytes, at),
                    payload_type: item(self.payload_type, at),
                    padding_bytes: item(self.padding_bytes, at),
                    flags: item(self.flags, at),
                };
            }
            record(batch);
        }
    }
}

/// An item of a column; see [`Packets`].
pub(crate) fn item<T: Copy + Default>(column: &[T], at: usize) -> T {
    let at = if column.len() == 1 { 0 } else { at };
    column.get(at).copied().unwrap_or_default()
}

/// The default formats with those of `clocks` instead: payload type, rate, and NaN, 0 (audio) or 1
/// (video), one after another.
pub(crate) fn payloads(clocks: &[f64]) -> Result<PayloadMap> {
    let mut payloads = PayloadMap::default();
    for clock in clocks.as_chunks::<3>().0 {
        let [payload_type, clock_hz, kind] = *clock;
        if payload_type > 255.0 {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("payload type {payload_type}, at most 127"),
            ));
        }
        let (payload_type, clock_hz) = (payload_type as u8, clock_hz as u32);
        match given(kind) {
            None => payloads.set_clock(payload_type, clock_hz)?,
            Some(kind) => {
                let kind = if kind == 0.0 { MediaKind::Audio } else { MediaKind::Video };
                payloads.set(payload_type, PayloadFormat { clock_hz, kind })?;
            }
        }
    }
    Ok(payloads)
}
