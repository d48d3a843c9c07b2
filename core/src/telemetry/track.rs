//! One track: what records into it, and what a report takes of it.

use super::stat::{DataSummary, Scores, Stat, StatsKey};
use super::sync::{AtomicBool, AtomicU64, Mutex};
use super::totals::{LayerTotals, MAX_LAYERS, TrackTotals};
use super::{ByteView, Room, TelemetryConfig, TrackKey, TrackKind, lock};
use crate::error::{Error, ErrorKind, Result};
use crate::ledger::{Ledger, Peak, Reader, Totals};
use crate::rtp::{Packet, PayloadMap, Receiver, RtpConfig, RtpReader, RtpStats, StreamTotals};
use crate::time::Micros;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Scores of one interval that are kept for the median; further ones replace the oldest.
const MAX_SCORES: usize = 256;

/// What RTCP said of a track in one direction; add what is known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RtcpSample {
    /// Round-trip time in microseconds; a report shows the largest of its interval.
    pub rtt_us: Option<u32>,
    /// Jitter in microseconds; a report shows the largest of its interval.
    pub jitter_us: Option<u32>,
    /// Packets newly lost; negative when a late packet corrects a loss.
    pub lost: i64,
    /// NACKs.
    pub nacks: u32,
    /// Picture loss indications.
    pub plis: u32,
    /// Full intra requests.
    pub firs: u32,
}

/// One packet of a data track, after marshalling.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DataPacket {
    /// When it arrived or was sent.
    pub at_us: Micros,
    /// Its 16-bit sequence number.
    pub sequence: u16,
    /// Bytes on the wire.
    pub bytes: u32,
    /// Whether it begins a frame.
    pub starts_frame: bool,
}

/// What a track takes to another node: its totals, which are reported already (or in its last
/// interval here) and are not reported again there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TrackSeed {
    /// Everything counted so far.
    pub totals: TrackTotals,
}

/// A handle to a track. May be used from many threads. Closing is idempotent; a handle that is
/// dropped unclosed closes at the time of the last record.
#[derive(Debug)]
pub struct Track {
    /// `None`: a recorder of nothing.
    shared: Option<Arc<Shared>>,
    closed: AtomicBool,
}

/// The largest values of an interval.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct TrackPeaks {
    rtt_us: Option<u32>,
    jitter_us: Option<u32>,
}

impl Peak for TrackPeaks {
    fn merge(&mut self, other: &TrackPeaks) {
        self.rtt_us = self.rtt_us.max(other.rtt_us);
        self.jitter_us = self.jitter_us.max(other.jitter_us);
    }
}

/// What all handles of a track share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) key: TrackKey,
    pub(super) opened_us: Micros,
    /// What was counted on another node; absent for a track that began here.
    seed: Option<Box<TrackTotals>>,
    state: Mutex<State>,
    rejected: AtomicU64,
}

#[derive(Debug)]
struct State {
    handles: usize,
    ledger: Ledger<TrackTotals, TrackPeaks>,
    reader: Reader,
    bytes: ByteView,
    payloads: Arc<PayloadMap>,
    max_streams: usize,
    start_us: Micros,
    last_us: Micros,
    rtp: Option<Box<(RtpStats, RtpReader)>>,
    data: Option<Box<Data>>,
    /// Cumulative packets and bytes by SSRC, as they were observed last.
    pulled: BTreeMap<u32, (u64, u64)>,
    layers: BTreeMap<u32, u8>,
    /// Frames of each layer since the last take, as far as they are in the ledger.
    layer_frames: [u64; MAX_LAYERS],
    mime: Arc<str>,
    scores: Vec<f32>,
    scores_in_flight: Vec<f32>,
    /// Corrections that no positive count has made up for yet; 0 or less.
    held_back: i64,
    held_back_before: i64,
    /// Intervals whose report failed and that are part of what is pending.
    merged: u32,
    in_flight: bool,
}

#[derive(Debug)]
struct Data {
    receiver: Receiver,
    reader: Reader,
    frames: u64,
}

impl Shared {
    pub(super) fn new(
        config: &TelemetryConfig,
        key: TrackKey,
        now_us: Micros,
        seed: TrackSeed,
    ) -> Result<Shared> {
        let mut ledger = Ledger::seeded(now_us, seed.totals);
        let reader = ledger.reader_from_now(now_us)?;
        let state = State {
            handles: 0,
            ledger,
            reader,
            bytes: config.bytes,
            payloads: config.payloads.clone(),
            max_streams: config.max_streams_per_track,
            start_us: now_us,
            last_us: now_us,
            rtp: None,
            data: None,
            pulled: BTreeMap::new(),
            layers: BTreeMap::new(),
            layer_frames: [0; MAX_LAYERS],
            mime: key.mime.as_str().into(),
            scores: Vec::new(),
            scores_in_flight: Vec::new(),
            held_back: 0,
            held_back_before: 0,
            merged: 0,
            in_flight: false,
        };
        let seed = (!seed.totals.is_zero()).then(|| Box::new(seed.totals));
        Ok(Shared { key, opened_us: now_us, seed, state: Mutex::new(state), rejected: AtomicU64::new(0) })
    }

    /// Runs `record` unless the track is closed.
    fn with(&self, records: u64, record: impl FnOnce(&mut State)) {
        let mut state = lock(&self.state);
        if state.ledger.is_closed() {
            self.rejected.fetch_add(records, Ordering::Relaxed);
        } else {
            record(&mut state);
        }
    }

    pub(super) fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    pub(super) fn totals(&self) -> TrackTotals {
        let state = lock(&self.state);
        let mut totals = *state.ledger.total();
        totals.add(&state.unfolded());
        totals
    }

    /// The totals less what was counted on another node.
    pub(super) fn counted_here(&self) -> TrackTotals {
        let totals = self.totals();
        self.seed.as_ref().map_or(totals, |seed| totals.since(seed))
    }

    fn close(&self, now_us: Micros) {
        let mut state = lock(&self.state);
        state.handles -= 1;
        if state.handles == 0 {
            if let Some(rtp) = &mut state.rtp {
                rtp.0.settle();
            }
            if let Some(data) = &mut state.data {
                data.receiver.settle();
            }
            state.fold(now_us);
            state.ledger.close(now_us);
        }
    }

    /// What is pending as a stat; `None` when there is nothing to say.
    pub(super) fn take(&self, now_us: Micros, room: &Room, config: &TelemetryConfig) -> Result<Option<Stat>> {
        let mut state = lock(&self.state);
        let state = &mut *state;
        if !state.ledger.is_closed() {
            state.fold(now_us);
        }
        let Some(delta) = state.ledger.take(state.reader, now_us)? else { return Ok(None) };
        state.in_flight = true;
        state.layer_frames = [0; MAX_LAYERS];
        state.held_back_before = state.held_back;
        state.scores_in_flight = std::mem::take(&mut state.scores);
        let data = state
            .data
            .as_ref()
            .filter(|_| delta.last)
            .map(|data| DataSummary::new(&data.receiver, data.frames));
        let idle = delta.value.is_zero()
            && delta.peak == TrackPeaks::default()
            && state.scores_in_flight.is_empty()
            && data.is_none();
        if idle && !config.emit_idle {
            return Ok(None);
        }
        let lost = delta.value.packets_lost.saturating_add(state.held_back);
        state.held_back = lost.min(0);
        let layer = delta.value.layers.iter().rposition(|layer| layer.packets > 0);
        Ok(Some(Stat {
            key: StatsKey {
                room_id: room.id.clone(),
                room_name: room.name.clone(),
                participant: self.key.participant.clone(),
                track: self.key.track.clone(),
                direction: self.key.direction,
                role: self.key.role,
                kind: self.key.kind,
                source: self.key.source.clone(),
                mime: state.mime.to_string(),
                country: self.key.country.clone(),
            },
            time_us: now_us,
            interval: delta.interval,
            totals: delta.value,
            packets_lost_to_report: lost.max(0) as u64,
            packets_lost_held_back: state.held_back,
            rtt_us: delta.peak.rtt_us,
            jitter_us: delta.peak.jitter_us,
            scores: Scores::of(&state.scores_in_flight),
            layer: layer.map(|layer| (layer as u8, delta.value.layers[layer])),
            last: delta.last,
            merged_intervals: state.merged,
            tracks: 1,
            data,
        }))
    }

    /// What was taken has arrived. Whether nothing more will come.
    pub(super) fn ack(&self) -> bool {
        let mut state = lock(&self.state);
        let reader = state.reader;
        // The reader is the ledger's own and was never removed.
        let _ = state.ledger.ack(reader);
        state.in_flight = false;
        state.scores_in_flight.clear();
        state.merged = 0;
        state.ledger.is_drained()
    }

    /// What was taken is pending again. Whether there was anything in it.
    pub(super) fn restore(&self) -> bool {
        let mut state = lock(&self.state);
        let state = &mut *state;
        if !std::mem::take(&mut state.in_flight) {
            return false;
        }
        let something =
            matches!(state.ledger.in_flight(state.reader), Ok(Some(delta)) if !delta.value.is_zero());
        let _ = state.ledger.restore(state.reader);
        state.held_back = state.held_back_before;
        let later = std::mem::take(&mut state.scores);
        state.scores = std::mem::take(&mut state.scores_in_flight);
        later.into_iter().for_each(|score| state.score(score));
        state.merged = state.merged.saturating_add(1);
        something
    }
}

impl State {
    fn touch(&mut self, at_us: Micros) {
        self.last_us = self.last_us.max(at_us);
    }

    fn score(&mut self, score: f32) {
        if self.scores.len() >= MAX_SCORES {
            self.scores.remove(0);
        }
        self.scores.push(score);
    }

    /// What the streams counted since the last fold, as counts of the track.
    fn unfolded(&self) -> TrackTotals {
        let mut sum = TrackTotals::default();
        if let Some(rtp) = &self.rtp {
            let pending = rtp.0.pending(rtp.1).unwrap_or_default();
            sum.add(&self.combine(pending.into_iter()));
        }
        if let Some(data) = &self.data
            && let Ok(pending) = data.receiver.ledger().pending(data.reader)
        {
            sum.add(&self.of_stream(&pending));
        }
        sum
    }

    /// Takes the streams' counts over into the track's ledger.
    fn fold(&mut self, now_us: Micros) {
        let mut sum = TrackTotals::default();
        let mut jitter_us: Option<u32> = None;
        if let Some(mut rtp) = self.rtp.take() {
            // The reader is the statistics' own, and nothing is ever held in flight.
            let deltas = rtp.0.flush(rtp.1, now_us).unwrap_or_default();
            for peak in deltas.iter().filter_map(|delta| delta.max_jitter_us) {
                jitter_us = jitter_us.max(Some(peak as u32));
            }
            let streams = self.combine(deltas.iter().map(|delta| (delta.ssrc, delta.delta.value)));
            self.layer_frames.iter_mut().zip(&streams.layers).for_each(|(n, layer)| *n += layer.frames);
            sum.add(&streams);
            self.rtp = Some(rtp);
        }
        if let Some(data) = &mut self.data
            && let Ok(Some(delta)) = data.receiver.ledger_mut().flush(data.reader, now_us)
        {
            let of_data = self.of_stream(&delta.value);
            sum.add(&of_data);
        }
        self.ledger.record(&sum);
        self.ledger.record_peak(&TrackPeaks { rtt_us: None, jitter_us });
    }

    /// The sum of streams. Frames of simulcast layers do not add up: the best layer counts.
    fn combine(&self, streams: impl Iterator<Item = (Option<u32>, StreamTotals)>) -> TrackTotals {
        let mut sum = TrackTotals::default();
        for (ssrc, totals) in streams {
            let mut counts = self.of_stream(&totals);
            if let Some(&layer) = ssrc.and_then(|ssrc| self.layers.get(&ssrc)) {
                let frames = std::mem::take(&mut counts.frames);
                counts.layers[usize::from(layer)].add(&LayerTotals {
                    packets: counts.primary_packets,
                    bytes: counts.primary_bytes,
                    frames,
                });
            }
            sum.add(&counts);
        }
        let best = self.best_layer_frames(&sum.layers);
        sum.frames += best - self.best_layer_frames(&Default::default());
        sum
    }

    /// Frames of the best layer in this interval, with those of `more`.
    fn best_layer_frames(&self, more: &[LayerTotals; MAX_LAYERS]) -> u64 {
        self.layer_frames.iter().zip(more).map(|(frames, more)| frames + more.frames).max().unwrap_or(0)
    }

    fn of_stream(&self, stream: &StreamTotals) -> TrackTotals {
        let (primary_bytes, retransmit_bytes, padding_bytes) = match self.bytes {
            ByteView::Wire => (
                stream.media_wire_bytes() + stream.fec_wire_bytes,
                stream.rtx_wire_bytes,
                stream.padding_packet_wire_bytes,
            ),
            ByteView::Payload => (
                stream.media_payload_bytes() + stream.fec_wire_bytes - stream.fec_overhead_bytes,
                stream.rtx_wire_bytes - stream.rtx_overhead_bytes,
                stream.padding_bytes,
            ),
        };
        TrackTotals {
            primary_packets: stream.media_packets() + stream.fec_packets,
            primary_bytes,
            retransmit_packets: stream.rtx_packets,
            retransmit_bytes,
            padding_packets: stream.padding_packets,
            padding_bytes,
            fec_packets: stream.fec_packets,
            packets_out_of_order: stream.out_of_order,
            packets_duplicate: stream.duplicates,
            frames: stream.frames,
            packets_lost: stream.lost(),
            ..TrackTotals::default()
        }
    }

    fn rtp(&mut self) -> Result<&mut RtpStats> {
        if self.rtp.is_none() {
            let mut stats = RtpStats::new(RtpConfig {
                payloads: self.payloads.clone(),
                max_streams: self.max_streams,
                // Fewer, or a flood of SSRCs would drive out the streams of the track.
                max_unvalidated: (self.max_streams / 4).max(1),
            })?;
            let reader = stats.reader(self.start_us)?;
            self.rtp = Some(Box::new((stats, reader)));
        }
        match &mut self.rtp {
            Some(rtp) => Ok(&mut rtp.0),
            None => Err(Error::new(ErrorKind::NotFound, "no statistics")),
        }
    }
}

impl Track {
    /// A recorder of nothing, for where telemetry is switched off: every record is a no-op.
    #[cfg(not(loom))]
    pub const fn disabled() -> Track {
        Track { shared: None, closed: AtomicBool::new(false) }
    }

    /// A recorder of nothing. loom's atomics cannot be constants.
    #[cfg(loom)]
    pub fn disabled() -> Track {
        Track { shared: None, closed: AtomicBool::new(false) }
    }

    pub(super) fn first(shared: &Arc<Shared>) -> Track {
        lock(&shared.state).handles = 1;
        Track { shared: Some(shared.clone()), closed: AtomicBool::new(false) }
    }

    /// One more handle; `None` when the track is closed.
    pub(super) fn join(shared: &Arc<Shared>) -> Option<Track> {
        let mut state = lock(&shared.state);
        if state.ledger.is_closed() {
            return None;
        }
        state.handles += 1;
        Some(Track { shared: Some(shared.clone()), closed: AtomicBool::new(false) })
    }

    /// Runs `record` while the track is open and this handle is.
    fn with(&self, records: u64, record: impl FnOnce(&mut State)) {
        let Some(shared) = &self.shared else { return };
        if self.closed.load(Ordering::Acquire) {
            shared.rejected.fetch_add(records, Ordering::Relaxed);
        } else {
            shared.with(records, record);
        }
    }

    /// Counts RTP packets, in order of arrival. After the close they are rejected and counted.
    pub fn record(&self, packets: &[Packet]) {
        let Some(last) = packets.last() else { return };
        self.with(packets.len() as u64, |state| {
            state.touch(last.arrival_us);
            // Limits were checked when the telemetry was made.
            if let Ok(stats) = state.rtp() {
                stats.record(packets);
            }
        });
    }

    /// Counts a message of a data or signal channel, after marshalling. A message of no bytes is
    /// one.
    pub fn record_message(&self, at_us: Micros, bytes: u64) {
        self.with(1, |state| {
            state.touch(at_us);
            let delta = TrackTotals { primary_bytes: bytes, messages: 1, ..TrackTotals::default() };
            state.ledger.record(&delta);
        });
    }

    /// Counts packets of a data track, in order of arrival.
    pub fn record_data(&self, packets: &[DataPacket]) {
        let Some(last) = packets.last() else { return };
        self.with(packets.len() as u64, |state| {
            state.touch(last.at_us);
            let (start_us, payloads) = (state.start_us, PayloadMap::empty());
            if state.data.is_none() {
                let mut receiver = Receiver::trusted(0, start_us);
                // A new ledger has room for a reader.
                let Ok(reader) = receiver.ledger_mut().reader_from_start(start_us) else { return };
                state.data = Some(Box::new(Data { receiver, reader, frames: 0 }));
            }
            let Some(data) = &mut state.data else { return };
            for packet in packets {
                let before = data.receiver.ledger().total().unique();
                let wire = packet.bytes.min(u32::from(u16::MAX));
                data.receiver.record(
                    &Packet {
                        arrival_us: packet.at_us,
                        sequence: packet.sequence,
                        wire_bytes: wire as u16,
                        ..Packet::default()
                    },
                    &payloads,
                );
                let more = u64::from(packet.bytes - wire);
                let frame = packet.starts_frame && data.receiver.ledger().total().unique() > before;
                data.frames += u64::from(frame);
                if more > 0 || frame {
                    state.ledger.record(&TrackTotals {
                        primary_bytes: more,
                        frames: u64::from(frame),
                        ..TrackTotals::default()
                    });
                }
            }
        });
    }

    /// Takes an SFU's own cumulative counters of an SSRC, which began at 0 when the SSRC was added.
    /// A count that falls restarted from 0. Past the limit of streams the SSRC is rejected and
    /// counted.
    pub fn observe_totals(&self, ssrc: u32, packets: u64, bytes: u64) {
        let mut full = false;
        self.with(1, |state| {
            if !state.pulled.contains_key(&ssrc) && state.pulled.len() >= state.max_streams {
                full = true;
                return;
            }
            let mark = state.pulled.entry(ssrc).or_default();
            if packets < mark.0 || bytes < mark.1 {
                *mark = (0, 0);
            }
            let delta = TrackTotals {
                primary_packets: packets - mark.0,
                primary_bytes: bytes - mark.1,
                ..TrackTotals::default()
            };
            *mark = (packets, bytes);
            state.ledger.record(&delta);
        });
        if full && let Some(shared) = &self.shared {
            shared.rejected.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The SSRC went away: what it counted stays, and should it come back it starts from 0.
    pub fn remove_ssrc(&self, ssrc: u32) {
        self.with(0, |state| {
            state.pulled.remove(&ssrc);
            // What the stream has pending would lose its layer.
            let last_us = state.last_us;
            state.fold(last_us);
            state.layers.remove(&ssrc);
            if let Some(rtp) = &mut state.rtp {
                rtp.0.remove(ssrc);
            }
        });
    }

    /// Counts what RTCP said. Loss is counted here for packets that were sent, and by
    /// [`Track::record`] for those received: who does both for one track counts it twice.
    pub fn record_rtcp(&self, at_us: Micros, sample: &RtcpSample) {
        self.with(1, |state| {
            state.touch(at_us);
            state.ledger.record(&TrackTotals {
                packets_lost: sample.lost,
                nacks: sample.nacks.into(),
                plis: sample.plis.into(),
                firs: sample.firs.into(),
                ..TrackTotals::default()
            });
            state.ledger.record_peak(&TrackPeaks { rtt_us: sample.rtt_us, jitter_us: sample.jitter_us });
        });
    }

    /// Notes a quality score. One that is not above 0, or not finite, is no score.
    pub fn record_score(&self, score: f32) {
        if score.is_finite() && score > 0.0 {
            self.with(1, |state| state.score(score));
        }
    }

    /// Says which simulcast layer an SSRC is, 0 the lowest; see [`MAX_LAYERS`]. What the SSRC has
    /// counted so far belongs to no layer.
    pub fn set_layer(&self, ssrc: u32, layer: u8) {
        self.with(0, |state| {
            let last_us = state.last_us;
            state.fold(last_us);
            if state.layers.len() < state.max_streams || state.layers.contains_key(&ssrc) {
                state.layers.insert(ssrc, layer.min(MAX_LAYERS as u8 - 1));
            }
        });
    }

    /// The codec or content changed; a report shows the latest.
    pub fn set_mime(&self, mime: &str) {
        self.with(0, |state| state.mime = mime.into());
    }

    /// Everything counted, whether reported or not; absent for a recorder of nothing.
    pub fn totals(&self) -> Option<TrackTotals> {
        self.shared.as_ref().map(|shared| shared.totals())
    }

    /// Which track this is; absent for a recorder of nothing.
    pub fn key(&self) -> Option<&TrackKey> {
        self.shared.as_ref().map(|shared| &shared.key)
    }

    /// What the track carries; absent for a recorder of nothing.
    pub fn kind(&self) -> Option<TrackKind> {
        self.key().map(|key| key.kind)
    }

    /// Closes this handle, and with the last one the track: what is left comes in one last stat.
    /// `false` when the handle was closed already.
    pub fn close(&self, now_us: Micros) -> bool {
        if self.closed.swap(true, Ordering::AcqRel) {
            return false;
        }
        if let Some(shared) = &self.shared {
            shared.close(now_us);
        }
        true
    }

    /// Closes this handle and gives what another node needs to go on; see
    /// [`super::Telemetry::open_seeded`].
    pub fn export(&self, now_us: Micros) -> TrackSeed {
        self.close(now_us);
        TrackSeed { totals: self.totals().unwrap_or_default() }
    }
}

impl Drop for Track {
    fn drop(&mut self) {
        let last_us = self.shared.as_ref().map(|shared| lock(&shared.state).last_us);
        if let Some(last_us) = last_us {
            self.close(last_us);
        }
    }
}
