//! A handle to a track: what records into it.

use super::shared::{Data, Shared, State, TrackPeaks};
use super::sync::AtomicBool;
use super::totals::{MAX_LAYERS, TrackTotals};
use super::{TrackKey, TrackKind, lock};
use crate::rtp::{Packet, PayloadMap, Receiver};
use crate::time::Micros;
use crate::webrtc::{Metric, TrackDelta};
use std::sync::Arc;
use std::sync::atomic::Ordering;

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
    /// Downstream, where they are sent, gaps are no loss and their spacing is no jitter: that is for
    /// [`Track::record_rtcp`].
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

    /// Counts what RTCP said. Of a track that is received, [`Track::record`] counts loss and jitter: who
    /// gives the loss here as well counts it twice.
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

    /// Counts what a browser's getStats said of a track, as [`crate::webrtc::Monitor::take`] gives it:
    /// packets and bytes without what was sent again, which counts apart. Who records the packets of the
    /// track as well counts them twice.
    pub fn record_webrtc(&self, delta: &TrackDelta) {
        self.with(1, |state| {
            state.touch(delta.interval.end_us);
            let count = |metric: Metric| delta.counts.get(metric).unwrap_or(0);
            let (again, again_bytes) =
                (count(Metric::RetransmittedPackets), count(Metric::RetransmittedBytes));
            let header_bytes = if state.counts_wire() { count(Metric::HeaderBytes) } else { 0 };
            let primary_packets = count(Metric::Packets).saturating_sub(again);
            state.ledger.record(&TrackTotals {
                primary_packets,
                primary_bytes: (count(Metric::PayloadBytes) + header_bytes).saturating_sub(again_bytes),
                retransmit_packets: again,
                retransmit_bytes: again_bytes,
                fec_packets: count(Metric::FecPackets).min(primary_packets),
                frames: count(Metric::Frames),
                nacks: count(Metric::Nacks),
                plis: count(Metric::Plis),
                firs: count(Metric::Firs),
                packets_lost: delta.counts.packets_lost().unwrap_or(0),
                ..TrackTotals::default()
            });
            state.ledger.record_peak(&TrackPeaks { rtt_us: delta.rtt_us, jitter_us: delta.jitter_us });
            if !delta.mime.is_empty() && *state.mime != *delta.mime {
                state.mime = delta.mime.as_str().into();
            }
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
