//! The metric names a run is summarised by: they differ between SFU versions.

use super::selector::Selector;
use crate::error::{Error, ErrorKind, Quoted, Result};

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

impl MetricNames {
    /// Each name and its value, `signed` not among them.
    pub fn fields(&self) -> [(&'static str, &str); 7] {
        [
            ("fec_packets", &self.fec_packets),
            ("fec_state_label", &self.fec_state_label),
            ("fec_packets_new", &self.fec_packets_new),
            ("nack", &self.nack),
            ("packet_loss", &self.packet_loss),
            ("out_of_order", &self.out_of_order),
            ("packets", &self.packets),
        ]
    }

    /// Sets one name: of `signed` to any number of selectors, of the others to one metric name.
    ///
    /// # Errors
    /// `InvalidArgument` where there is no such name, or not one value, or a selector that cannot be
    /// read.
    pub fn set(&mut self, field: &str, values: &[impl AsRef<str>]) -> Result<()> {
        let wrong =
            |why: &str| Error::new(ErrorKind::InvalidArgument, format!("names: {} {why}", Quoted(field)));
        let place = match field {
            "fec_packets" => &mut self.fec_packets,
            "fec_state_label" => &mut self.fec_state_label,
            "fec_packets_new" => &mut self.fec_packets_new,
            "nack" => &mut self.nack,
            "packet_loss" => &mut self.packet_loss,
            "out_of_order" => &mut self.out_of_order,
            "packets" => &mut self.packets,
            "signed" => {
                self.signed =
                    values.iter().map(|text| Selector::parse(text.as_ref())).collect::<Result<_>>()?;
                return Ok(());
            }
            _ => {
                return Err(wrong(
                    "is none of fec_packets, fec_state_label, fec_packets_new, nack, packet_loss, \
                     out_of_order, packets, signed",
                ));
            }
        };
        match values {
            [value] if !value.as_ref().is_empty() => *place = value.as_ref().to_owned(),
            _ => return Err(wrong("needs one name that is not empty")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_can_be_set_and_no_other() {
        let mut names = MetricNames::default();
        let fields: Vec<&str> = names.fields().iter().map(|(field, _)| *field).collect();
        fields.iter().for_each(|field| names.set(field, &[format!("my_{field}")]).unwrap());
        assert!(names.fields().iter().all(|(field, value)| *value == format!("my_{field}")));
        names.set("signed", &["a{b=\"c\"}", "d"]).unwrap();
        assert_eq!(names.signed[0].to_string(), "a{b=\"c\"}");
        for (field, values) in
            [("nacks", &["x"][..]), ("nack", &["x", "y"]), ("nack", &[""]), ("signed", &["{"])]
        {
            assert_eq!(names.set(field, values).unwrap_err().kind(), ErrorKind::InvalidArgument, "{field}");
        }
    }
}
