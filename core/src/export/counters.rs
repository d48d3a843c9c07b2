//! The counters of a track, as Prometheus and OTLP name them.

use crate::telemetry::{Group, TrackKind, TrackTotals};

/// One counter of [`TrackTotals`].
pub(super) struct Counter {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    /// In UCUM, as OTLP wants it.
    #[cfg_attr(not(feature = "proto"), allow(dead_code))]
    pub(super) unit: &'static str,
    /// What can have it.
    of: Kinds,
    pub(super) value: fn(&TrackTotals) -> u64,
}

#[derive(Clone, Copy, PartialEq)]
enum Kinds {
    All,
    Media,
    Frames,
    Messages,
}

impl Counter {
    /// The value; absent where a track of this kind has no such thing. A kind that is not known has
    /// everything.
    pub(super) fn of(&self, kind: Option<TrackKind>, totals: &TrackTotals) -> Option<u64> {
        use TrackKind::{Audio, Data, Signal, Video};
        let value = (self.value)(totals);
        let measured = match self.of {
            Kinds::All => true,
            Kinds::Media => matches!(kind, None | Some(Audio | Video)),
            Kinds::Frames => matches!(kind, None | Some(Video | Data)),
            Kinds::Messages => matches!(kind, None | Some(Data | Signal)),
        };
        (measured || value > 0).then_some(value)
    }
}

const fn counter(
    name: &'static str,
    help: &'static str,
    unit: &'static str,
    of: Kinds,
    value: fn(&TrackTotals) -> u64,
) -> Counter {
    Counter { name, help, unit, of, value }
}

use Kinds::{All, Frames, Media, Messages};

pub(super) const COUNTERS: [Counter; 14] = [
    counter("packets", "Media packets, FEC included.", "{packet}", All, |t| t.primary_packets),
    counter("bytes", "Their bytes.", "By", All, |t| t.primary_bytes),
    counter("retransmit_packets", "Retransmitted packets.", "{packet}", Media, |t| t.retransmit_packets),
    counter("retransmit_bytes", "Their bytes.", "By", Media, |t| t.retransmit_bytes),
    counter("padding_packets", "Packets of padding alone.", "{packet}", Media, |t| t.padding_packets),
    counter("padding_bytes", "Padding bytes.", "By", Media, |t| t.padding_bytes),
    counter("fec_packets", "Of the media packets, those of FEC.", "{packet}", Media, |t| t.fec_packets),
    counter("packets_out_of_order", "Packets out of order.", "{packet}", All, |t| t.packets_out_of_order),
    counter("packets_duplicate", "Packets that came again.", "{packet}", All, |t| t.packets_duplicate),
    counter("frames", "Frames; of simulcast those of the best layer.", "{frame}", Frames, |t| t.frames),
    counter("nacks", "NACKs.", "{nack}", Media, |t| t.nacks),
    counter("plis", "Picture loss indications.", "{request}", Media, |t| t.plis),
    counter("firs", "Full intra requests.", "{request}", Media, |t| t.firs),
    counter("messages", "Messages of data and signal tracks.", "{message}", Messages, |t| t.messages),
];

/// Name and help of the loss, which is signed and so no counter.
pub(super) const LOST: (&str, &str) = ("packets_lost", "Packets lost; falls when one comes late.");

/// The `top` rows with the most bytes of each group, and with every group what is left of it.
pub(super) fn largest<T>(
    rows: &[T],
    top: usize,
    describe: impl Fn(&T) -> (Group, u64, (&str, &str)),
) -> Vec<(Group, Vec<&T>, Vec<&T>)> {
    let mut sorted: Vec<&T> = rows.iter().collect();
    sorted.sort_by(|a, b| {
        let ((group_a, bytes_a, name_a), (group_b, bytes_b, name_b)) = (describe(a), describe(b));
        group_a.cmp(&group_b).then(bytes_b.cmp(&bytes_a)).then_with(|| name_a.cmp(&name_b))
    });
    let groups = sorted.chunk_by(|a, b| describe(a).0 == describe(b).0);
    groups
        .map(|rows| {
            let (named, rest) = rows.split_at(top.min(rows.len()));
            (describe(rows[0]).0, named.to_vec(), rest.to_vec())
        })
        .collect()
}
