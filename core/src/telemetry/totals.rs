//! The counts of a track.

use crate::ledger::{Totals, totals};

/// Simulcast layers that are told apart: 0 to 3; higher ones count as 3.
pub const MAX_LAYERS: usize = 4;

/// Counts of one simulcast layer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LayerTotals {
    /// Media packets.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Frames.
    pub frames: u64,
}

totals!(LayerTotals { counters: packets, bytes, frames; signed: });

/// Counts of one track, or of many added up. All only grow but `packets_lost`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TrackTotals {
    /// Media packets, FEC included, retransmissions and padding apart.
    pub primary_packets: u64,
    /// Their bytes; of data and signal tracks all bytes.
    pub primary_bytes: u64,
    /// Retransmitted packets.
    pub retransmit_packets: u64,
    /// Their bytes.
    pub retransmit_bytes: u64,
    /// Packets of padding alone.
    pub padding_packets: u64,
    /// Padding bytes, those at the end of other packets included.
    pub padding_bytes: u64,
    /// Of the primary packets, those of FEC.
    pub fec_packets: u64,
    /// Packets out of order.
    pub packets_out_of_order: u64,
    /// Packets that came again.
    pub packets_duplicate: u64,
    /// Frames; of simulcast those of the best layer of each interval.
    pub frames: u64,
    /// NACKs.
    pub nacks: u64,
    /// Picture loss indications.
    pub plis: u64,
    /// Full intra requests.
    pub firs: u64,
    /// Messages of data and signal tracks, those of no bytes included.
    pub messages: u64,
    /// Sequence numbers lost. Falls when a packet comes late.
    pub packets_lost: i64,
    /// By simulcast layer, where layers were set.
    pub layers: [LayerTotals; MAX_LAYERS],
}

impl Totals for TrackTotals {
    fn add(&mut self, delta: &Self) {
        self.add_flat(delta);
        self.layers.iter_mut().zip(&delta.layers).for_each(|(layer, delta)| layer.add(delta));
    }

    fn since(&self, mark: &Self) -> Self {
        let mut delta = self.since_flat(mark);
        for (i, layer) in delta.layers.iter_mut().enumerate() {
            *layer = self.layers[i].since(&mark.layers[i]);
        }
        delta
    }

    fn fell_below(&self, mark: &Self) -> bool {
        self.flat_fell_below(mark)
            || self.layers.iter().zip(&mark.layers).any(|(layer, mark)| layer.fell_below(mark))
    }
}

macro_rules! flat {
    ($($counter:ident),*) => {
        impl TrackTotals {
            fn add_flat(&mut self, delta: &Self) {
                $(self.$counter = self.$counter.saturating_add(delta.$counter);)*
                self.packets_lost = self.packets_lost.wrapping_add(delta.packets_lost);
            }

            fn since_flat(&self, mark: &Self) -> Self {
                TrackTotals {
                    $($counter: self.$counter.saturating_sub(mark.$counter),)*
                    packets_lost: self.packets_lost.wrapping_sub(mark.packets_lost),
                    layers: Default::default(),
                }
            }

            fn flat_fell_below(&self, mark: &Self) -> bool {
                false $(|| self.$counter < mark.$counter)*
            }
        }
    };
}

flat!(
    primary_packets,
    primary_bytes,
    retransmit_packets,
    retransmit_bytes,
    padding_packets,
    padding_bytes,
    fec_packets,
    packets_out_of_order,
    packets_duplicate,
    frames,
    nacks,
    plis,
    firs,
    messages
);
