//! The metric names a run is summarised by: they differ between SFU versions.

use super::selector::Selector;

/// Families and labels the summary looks for. The default is today's naming, with the newer
/// `livekit_fec_*` naming recognised where the older family is absent from a run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MetricNames {
    /// FEC packets by state, label [`MetricNames::fec_state_label`].
    pub fec_packets: String,
    /// The label that holds `received`, `recovered`, `recovery_attempt`, `recovery_failed`,
    /// `unused` or `invalid`.
    pub fec_state_label: String,
    /// The newer naming: label `type` with `received`, `recovered`, `discarded`, and `direction`.
    pub fec_packets_new: String,
    /// NACKs, label `direction`.
    pub nack: String,
    /// Lost packets, label `direction`.
    pub packet_loss: String,
    /// Packets that arrived out of order.
    pub out_of_order: String,
    /// Media packets, labels `direction` and `transmission` (`initial`, `retransmit`).
    pub packets: String,
    /// What may fall without a reset, so that its total is last minus first: a browser's
    /// `packetsLost` is signed.
    pub signed: Vec<Selector>,
}

impl Default for MetricNames {
    fn default() -> MetricNames {
        MetricNames {
            fec_packets: "livekit_flexfec_packet_total".into(),
            fec_state_label: "state".into(),
            fec_packets_new: "livekit_fec_packets".into(),
            nack: "livekit_nack_total".into(),
            packet_loss: "livekit_packet_loss_total".into(),
            out_of_order: "livekit_packet_out_of_order_total".into(),
            packets: "livekit_packet_total".into(),
            signed: vec![Selector::new("livekit_packet_loss_total").equal("node_type", "BROWSER")],
        }
    }
}
