//! What is under the tracks: transports, the selected candidate pair, data channels.

use super::fields::{StatType, candidate_pair, data_channel, local_candidate, remote_candidate, transport};
use super::history::{ConnectionColumn as C, ConnectionRow};
use super::report::{Object, Report};
use super::stream::Moment;
use crate::time::Micros;
use std::collections::HashMap;

/// How many objects with counters are remembered; those not seen for longest are forgotten.
const MAX_METERS: usize = 256;

/// The candidate pair in use. No address is ever kept.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[allow(missing_docs)]
pub struct SelectedPair {
    pub id: String,
    /// `host`, `srflx`, `prflx` or `relay`.
    pub local_type: String,
    pub remote_type: String,
    /// `udp` or `tcp`.
    pub protocol: String,
    /// The protocol to the TURN server; empty without one.
    pub relay_protocol: String,
    pub network_type: String,
    /// `succeeded`, `in-progress`...
    pub state: String,
}

/// Counts of a connection, each absent where no report had it. They only grow.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ConnectionTotals {
    /// Bytes sent over the transport: all of it, without IP and UDP headers.
    pub bytes_sent: Option<u64>,
    /// Bytes received over it.
    pub bytes_received: Option<u64>,
    /// Packets sent.
    pub packets_sent: Option<u64>,
    /// Packets received.
    pub packets_received: Option<u64>,
    /// How often the selected pair changed.
    pub pair_changes: Option<u64>,
    /// Messages sent over data channels.
    pub messages_sent: Option<u64>,
    /// Messages received over them.
    pub messages_received: Option<u64>,
    /// Their bytes.
    pub message_bytes_sent: Option<u64>,
    /// Their bytes.
    pub message_bytes_received: Option<u64>,
}

impl ConnectionTotals {
    /// Every count with its name, in their order.
    pub fn fields(&self) -> [(&'static str, Option<u64>); 9] {
        [
            ("bytes_sent", self.bytes_sent),
            ("bytes_received", self.bytes_received),
            ("packets_sent", self.packets_sent),
            ("packets_received", self.packets_received),
            ("pair_changes", self.pair_changes),
            ("messages_sent", self.messages_sent),
            ("messages_received", self.messages_received),
            ("message_bytes_sent", self.message_bytes_sent),
            ("message_bytes_received", self.message_bytes_received),
        ]
    }
}

/// Counters of objects other than streams: bytes, packets and what else a type has.
const COUNTERS: usize = 5;

type Shown = [Option<f64>; COUNTERS];

#[derive(Clone, Debug)]
struct Meter {
    shown: Shown,
    seen: u64,
}

/// Transport and data channels of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Transports {
    meters: HashMap<Box<str>, Meter>,
    selected: Option<SelectedPair>,
    /// Whether transports have counters of bytes, which then count and not those of pairs.
    by_transport: bool,
    totals: ConnectionTotals,
    pub(super) resets: u64,
}

impl Transports {
    pub(super) fn totals(&self) -> &ConnectionTotals {
        &self.totals
    }

    pub(super) fn selected(&self) -> Option<&SelectedPair> {
        self.selected.as_ref()
    }

    /// Fills the row of a report. `origin_known`: an object that is new began at zero.
    pub(super) fn record(
        &mut self,
        report: &Report,
        number: u64,
        took_us: Option<Micros>,
        origin_known: bool,
        row: &mut ConnectionRow,
    ) {
        let of = |stat_type| report.objects().filter(move |object| object.stat_type() == stat_type);
        let selected = selected_pair(report);
        let mut on_wire = [None; 4];
        for object in of(StatType::Transport) {
            use transport::Number as T;
            let places = [T::BytesSent, T::BytesReceived, T::PacketsSent, T::PacketsReceived];
            let changes = object.number(T::SelectedCandidatePairChanges);
            let [a, b, c, d] = places.map(|place| object.number(place));
            self.by_transport |= a.is_some() || b.is_some();
            let [a, b, c, d, changes] = self.meter(object, number, [a, b, c, d, changes], origin_known);
            add_all(&mut on_wire, [a, b, c, d]);
            row.add(C::PairChanges, changes);
        }
        // Firefox has transports, and counts by pair.
        if !self.by_transport {
            use candidate_pair::Number as P;
            for object in of(StatType::CandidatePair) {
                let places = [P::BytesSent, P::BytesReceived, P::PacketsSent, P::PacketsReceived];
                let [a, b, c, d] = places.map(|place| object.number(place));
                let [a, b, c, d, _] = self.meter(object, number, [a, b, c, d, None], origin_known);
                add_all(&mut on_wire, [a, b, c, d]);
            }
        }
        let mut messages = [None; 4];
        for object in of(StatType::DataChannel) {
            use data_channel::Number as D;
            let places = [D::MessagesSent, D::MessagesReceived, D::BytesSent, D::BytesReceived];
            let [a, b, c, d] = places.map(|place| object.number(place));
            let [a, b, c, d, _] = self.meter(object, number, [a, b, c, d, None], origin_known);
            add_all(&mut messages, [a, b, c, d]);
        }
        let seconds = took_us.map(|us| us as f64 / 1e6);
        let bitrate = |bytes: Option<f64>| Some(bytes? * 8.0 / seconds?);
        row.set(C::Seconds, seconds);
        row.set(C::SentBitrate, bitrate(on_wire[0]));
        row.set(C::ReceivedBitrate, bitrate(on_wire[1]));
        row.set(C::MessagesSent, messages[0]);
        row.set(C::MessagesReceived, messages[1]);
        row.set(C::MessageBytesSent, messages[2]);
        row.set(C::MessageBytesReceived, messages[3]);
        if let Some(pair) = selected {
            self.record_pair(report, pair, number, row);
        }
        let totals = &mut self.totals;
        let sums = [
            (&mut totals.bytes_sent, on_wire[0]),
            (&mut totals.bytes_received, on_wire[1]),
            (&mut totals.packets_sent, on_wire[2]),
            (&mut totals.packets_received, on_wire[3]),
            (&mut totals.pair_changes, row.get(C::PairChanges)),
            (&mut totals.messages_sent, messages[0]),
            (&mut totals.messages_received, messages[1]),
            (&mut totals.message_bytes_sent, messages[2]),
            (&mut totals.message_bytes_received, messages[3]),
        ];
        for (total, delta) in sums {
            if let Some(delta) = delta {
                *total = Some(total.unwrap_or(0).saturating_add(delta as u64));
            }
        }
    }

    fn record_pair(&mut self, report: &Report, pair: Object<'_>, number: u64, row: &mut ConnectionRow) {
        use candidate_pair::{Number as P, Text};
        row.set(C::AvailableOutgoing, pair.number(P::AvailableOutgoingBitrate));
        row.set(C::AvailableIncoming, pair.number(P::AvailableIncomingBitrate));
        let responses = pair.number(P::ResponsesReceived);
        let current = pair.number(P::CurrentRoundTripTime);
        let known = current.filter(|rtt| *rtt > 0.0 || *rtt == 0.0 && responses.is_some_and(|n| n > 0.0));
        row.set(C::StunRtt, known.map(|rtt| rtt * 1e6));
        // Its own marks: the bytes of a pair may be metered too.
        let key = format!("{}/rtt", pair.id());
        let total = pair.number(P::TotalRoundTripTime);
        let [total, responses, ..] = self.meter_by(&key, number, [total, responses, None, None, None], false);
        let mean = total.zip(responses).filter(|(_, n)| *n > 0.0).map(|(total, n)| total * 1e6 / n);
        row.set(C::StunRttMean, mean);
        let changed = self.selected.as_ref().is_some_and(|selected| selected.id != pair.id());
        if row.get(C::PairChanges).is_none() {
            row.set(C::PairChanges, Some(f64::from(u8::from(changed))));
        }
        let find = |stat_type: StatType, id: &str| {
            report.objects().find(|object| object.stat_type() == stat_type && object.id() == id)
        };
        let local = find(StatType::LocalCandidate, pair.text(Text::LocalCandidateId));
        let remote = find(StatType::RemoteCandidate, pair.text(Text::RemoteCandidateId));
        let local_text = |place: local_candidate::Text| local.map_or("", |object| object.text(place));
        use local_candidate::Text as L;
        let now = SelectedPair {
            id: pair.id().to_owned(),
            local_type: local_text(L::CandidateType).to_owned(),
            remote_type: remote.map_or("", |o| o.text(remote_candidate::Text::CandidateType)).to_owned(),
            protocol: local_text(L::Protocol).to_owned(),
            relay_protocol: local_text(L::RelayProtocol).to_owned(),
            network_type: local_text(L::NetworkType).to_owned(),
            state: pair.text(Text::State).to_owned(),
        };
        self.selected = Some(now);
    }

    fn meter(&mut self, object: Object<'_>, number: u64, shown: Shown, origin_known: bool) -> Shown {
        self.meter_by(object.id(), number, shown, origin_known)
    }

    /// What each counter added since its object was seen last; all of it where it fell.
    fn meter_by(&mut self, id: &str, number: u64, shown: Shown, origin_known: bool) -> Shown {
        let shown = shown.map(|value| value.filter(|value| *value >= 0.0 && value.is_finite()));
        if let Some(meter) = self.meters.get_mut(id) {
            let mut added = [None; COUNTERS];
            let mut fell = false;
            for ((added, now), before) in added.iter_mut().zip(shown).zip(meter.shown) {
                let (Some(now), Some(before)) = (now, before) else { continue };
                fell |= now < before;
                *added = Some(if now < before { now } else { now - before });
            }
            self.resets += u64::from(fell);
            *meter = Meter { shown, seen: number };
            return added;
        }
        if self.meters.len() >= MAX_METERS {
            let oldest = self.meters.iter().min_by_key(|(id, meter)| (meter.seen, (*id).clone()));
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                self.meters.remove(&oldest);
            }
        }
        self.meters.insert(id.into(), Meter { shown, seen: number });
        if origin_known { shown } else { [None; COUNTERS] }
    }
}

fn add_all(sums: &mut [Option<f64>; 4], added: [Option<f64>; 4]) {
    for (sum, added) in sums.iter_mut().zip(added) {
        *sum = added.map_or(*sum, |added| Some(sum.unwrap_or(0.0) + added));
    }
}

/// The pair that a transport names; else the one marked `selected` (Firefox); else of those that are
/// nominated and succeeded the one that carried most.
fn selected_pair(report: &Report) -> Option<Object<'_>> {
    use candidate_pair::{Number as P, Text};
    let pairs = || report.objects().filter(|object| object.stat_type() == StatType::CandidatePair);
    let named = report
        .objects()
        .filter(|object| object.stat_type() == StatType::Transport)
        .map(|object| object.text(transport::Text::SelectedCandidatePairId))
        .find(|id| !id.is_empty())
        .and_then(|id| pairs().find(|pair| pair.id() == id));
    let is = |pair: &Object<'_>, place: P| pair.number(place).is_some_and(|value| value != 0.0);
    named.or_else(|| pairs().find(|pair| is(pair, P::Selected))).or_else(|| {
        let carried = |pair: &Object<'_>| {
            pair.number(P::BytesSent).unwrap_or(0.0) + pair.number(P::BytesReceived).unwrap_or(0.0)
        };
        pairs()
            .filter(|pair| is(pair, P::Nominated) && pair.text(Text::State) == "succeeded")
            .max_by(|a, b| carried(a).total_cmp(&carried(b)))
    })
}

/// The latest timestamp of what is measured on this side, at the report.
pub(super) fn newest_timestamp_us(report: &Report) -> Option<Micros> {
    let local = report.objects().filter(|object| !object.stat_type().is_remote());
    local.filter_map(Object::timestamp_us).max()
}

/// How far the clocks of two moments moved apart: the wall clock against the steady one, or else
/// against the timestamps of the reports.
pub(super) fn skew_us(now: &Moment, first: &Moment) -> Option<Micros> {
    let (now_us, first_us) = match (now.monotonic_us, first.monotonic_us) {
        (Some(now), Some(first)) => (now, first),
        _ => (now.timestamp_us?, first.timestamp_us?),
    };
    let wall_us = now.time_us.saturating_sub(first.time_us);
    Some(wall_us.saturating_sub(now_us.saturating_sub(first_us)))
}
