//! What all handles of a track share: its counts, and what a report takes of them.

use super::stat::{DataSummary, Scores, Stat, StatsKey};
use super::sync::{AtomicU64, Mutex};
use super::totals::{LayerTotals, MAX_LAYERS, TrackTotals};
use super::track::TrackSeed;
use super::{ByteView, Direction, Room, TelemetryConfig, TrackKey, lock};
use crate::error::{Error, ErrorKind, Result};
use crate::ledger::{Delta, Ledger, Peak, Reader, Totals};
use crate::rtp::{PayloadMap, Receiver, RtpConfig, RtpReader, RtpStats, StreamTotals};
use crate::time::Micros;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Scores of one interval that are kept for the median; further ones replace the oldest.
const MAX_SCORES: usize = 256;

/// The largest values of an interval.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct TrackPeaks {
    pub(super) rtt_us: Option<u32>,
    pub(super) jitter_us: Option<u32>,
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
    pub(super) state: Mutex<State>,
    pub(super) rejected: AtomicU64,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) handles: usize,
    pub(super) ledger: Ledger<TrackTotals, TrackPeaks>,
    reader: Reader,
    /// Whether its packets are sent, not received.
    sent: bool,
    bytes: ByteView,
    payloads: Arc<PayloadMap>,
    pub(super) max_streams: usize,
    pub(super) start_us: Micros,
    pub(super) last_us: Micros,
    pub(super) rtp: Option<Box<(RtpStats, RtpReader)>>,
    pub(super) data: Option<Box<Data>>,
    /// Cumulative packets and bytes by SSRC, as they were observed last.
    pub(super) pulled: BTreeMap<u32, (u64, u64)>,
    pub(super) layers: BTreeMap<u32, u8>,
    /// Frames of each layer since the last take, as far as they are in the ledger.
    layer_frames: [u64; MAX_LAYERS],
    pub(super) mime: Arc<str>,
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
pub(super) struct Data {
    pub(super) receiver: Receiver,
    pub(super) reader: Reader,
    pub(super) frames: u64,
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
            sent: key.direction == Direction::Downstream,
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
    pub(super) fn with(&self, records: u64, record: impl FnOnce(&mut State)) {
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

    pub(super) fn close(&self, now_us: Micros) {
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

    /// What is pending as a stat, `None` when there is nothing to say, and whether nothing more will
    /// come. Unless it is `delivered` with that, it waits for [`Shared::ack`] or [`Shared::restore`].
    pub(super) fn take(
        &self,
        now_us: Micros,
        room: &Room,
        config: &TelemetryConfig,
        delivered: bool,
    ) -> Result<(Option<Stat>, bool)> {
        let mut state = lock(&self.state);
        let state = &mut *state;
        if !state.ledger.is_closed() {
            state.fold(now_us);
        }
        let delta = match delivered {
            true => state.ledger.flush(state.reader, now_us),
            false => state.ledger.take(state.reader, now_us),
        };
        let drained = state.ledger.is_drained();
        let Some(delta) = delta? else { return Ok((None, drained)) };
        let scores = std::mem::take(&mut state.scores);
        let stat = self.stat(state, now_us, room, config, &delta, &scores);
        state.layer_frames = [0; MAX_LAYERS];
        state.in_flight = !delivered;
        if delivered {
            state.merged = 0;
        } else {
            state.scores_in_flight = scores;
        }
        Ok((stat, drained))
    }

    fn stat(
        &self,
        state: &mut State,
        now_us: Micros,
        room: &Room,
        config: &TelemetryConfig,
        delta: &Delta<TrackTotals, TrackPeaks>,
        scores: &[f32],
    ) -> Option<Stat> {
        state.held_back_before = state.held_back;
        let data = state
            .data
            .as_ref()
            .filter(|_| delta.last)
            .map(|data| DataSummary::new(&data.receiver, data.frames));
        let idle = delta.value.is_zero()
            && delta.peak == TrackPeaks::default()
            && scores.is_empty()
            && data.is_none();
        if idle && !config.emit_idle {
            return None;
        }
        let lost = delta.value.packets_lost.saturating_add(state.held_back);
        state.held_back = lost.min(0);
        let layer = delta.value.layers.iter().rposition(|layer| layer.packets > 0);
        Some(Stat {
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
            scores: Scores::of(scores),
            layer: layer.map(|layer| (layer as u8, delta.value.layers[layer])),
            last: delta.last,
            merged_intervals: state.merged,
            tracks: 1,
            data,
        })
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
    /// Whether the whole UDP payload counts.
    pub(super) fn counts_wire(&self) -> bool {
        self.bytes == ByteView::Wire
    }

    pub(super) fn touch(&mut self, at_us: Micros) {
        self.last_us = self.last_us.max(at_us);
    }

    pub(super) fn score(&mut self, score: f32) {
        if self.scores.len() >= MAX_SCORES {
            self.scores.remove(0);
        }
        self.scores.push(score);
    }

    /// What the streams counted since the last fold, as counts of the track.
    fn unfolded(&self) -> TrackTotals {
        let mut sum = TrackTotals::default();
        if let Some(rtp) = &self.rtp {
            for (ssrc, totals) in rtp.0.pending(rtp.1).unwrap_or_default() {
                self.add_stream(&mut sum, ssrc, &totals);
            }
        }
        self.add_best_layer(&mut sum);
        if let Some(data) = &self.data
            && let Ok(pending) = data.receiver.ledger().pending(data.reader)
        {
            sum.add(&self.of_stream(&pending));
        }
        sum
    }

    /// Takes the streams' counts over into the track's ledger.
    pub(super) fn fold(&mut self, now_us: Micros) {
        let mut sum = TrackTotals::default();
        let mut jitter_us: Option<u32> = None;
        if let Some(mut rtp) = self.rtp.take() {
            // The reader is the statistics' own, and nothing is ever held in flight.
            let _ = rtp.0.each_delta(rtp.1, now_us, false, |stream| {
                let peak = stream.max_jitter_us.filter(|_| !self.sent);
                jitter_us = jitter_us.max(peak.map(|peak| peak as u32));
                self.add_stream(&mut sum, stream.ssrc, &stream.delta.value);
            });
            self.add_best_layer(&mut sum);
            self.layer_frames.iter_mut().zip(&sum.layers).for_each(|(n, layer)| *n += layer.frames);
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

    /// Adds a stream. Frames of simulcast layers do not add up: they wait for
    /// [`State::add_best_layer`].
    fn add_stream(&self, sum: &mut TrackTotals, ssrc: Option<u32>, totals: &StreamTotals) {
        let mut counts = self.of_stream(totals);
        if self.sent {
            // What did not come from the publisher, or is held back, was not lost on the way.
            counts.packets_lost = 0;
        }
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

    /// Adds the frames by which the best layer is ahead of what was counted.
    fn add_best_layer(&self, sum: &mut TrackTotals) {
        let best = self.best_layer_frames(&sum.layers);
        sum.frames += best - self.best_layer_frames(&Default::default());
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

    pub(super) fn rtp(&mut self) -> Result<&mut RtpStats> {
        if self.rtp.is_none() {
            let mut stats = RtpStats::new(RtpConfig {
                payloads: self.payloads.clone(),
                max_streams: self.max_streams,
                // Fewer, or a flood of SSRCs would drive out the streams of the track.
                max_unvalidated: (self.max_streams / 4).max(1),
                // Retransmissions go out with gaps: two in sequence may never come.
                trusted: self.sent,
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
