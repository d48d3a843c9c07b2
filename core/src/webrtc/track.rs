//! A track: the RTP streams that carry it, which may be several at a time (simulcast) or one after
//! another.

use super::counts::{Counts, Metric as M};
use super::fields::{inbound, outbound};
use super::history::{Flags, History, TrackColumn as C, TrackRow};
use super::report::Object;
use super::stream::{Step, jitter_us, rtt_us};
use crate::error::Result;
use crate::ledger::{Delta, Ledger, Peak, Reader, Totals};
use crate::rtp::MediaKind;
use crate::series::{Sketch, SketchConfig};
use crate::time::{Interval, Micros};

/// Which way a track goes, seen from the browser.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Flow {
    /// Received.
    Inbound,
    /// Sent.
    Outbound,
}

impl Flow {
    /// The stable name: lower case.
    pub const fn code(self) -> &'static str {
        match self {
            Flow::Inbound => "inbound",
            Flow::Outbound => "outbound",
        }
    }
}

/// Which track.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrackKey {
    /// Which way it goes.
    pub flow: Flow,
    /// What it carries.
    pub kind: MediaKind,
    /// Of a received track its `trackIdentifier`, of a sent one its `mid`, which outlives
    /// `replaceTrack`; where a browser gives neither, what tells it from others.
    pub name: String,
}

impl TrackKey {
    /// `"audio"` or `"video"`.
    pub const fn kind_code(&self) -> &'static str {
        match self.kind {
            MediaKind::Audio => "audio",
            MediaKind::Video => "video",
        }
    }
}

/// The largest of what was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Peaks {
    rtt_us: Option<u32>,
    jitter_us: Option<u32>,
}

impl Peak for Peaks {
    fn merge(&mut self, other: &Peaks) {
        self.rtt_us = self.rtt_us.max(other.rtt_us);
        self.jitter_us = self.jitter_us.max(other.jitter_us);
    }
}

/// What a track added since it was taken last.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackDelta {
    /// Which track.
    pub key: TrackKey,
    /// Its codec, such as `video/VP8`; empty when unknown.
    pub mime: String,
    /// From the time it was taken last to now.
    pub interval: Interval,
    /// What was added.
    pub counts: Counts,
    /// The largest RTCP round-trip time; absent when none was measured.
    pub rtt_us: Option<u32>,
    /// The largest jitter; absent when none was measured.
    pub jitter_us: Option<u32>,
    /// Whether the monitor is closed and this is all that is left.
    pub last: bool,
}

/// A track of a monitor.
#[derive(Clone, Debug)]
pub struct Track {
    key: TrackKey,
    mime: String,
    implementation: String,
    ledger: Ledger<Counts, Peaks>,
    reader: Reader,
    history: History<{ C::ALL.len() }>,
    latest: Option<TrackRow>,
    rtt_us: Sketch,
    jitter_us: Sketch,
    measured_us: u64,
    flags: Flags,
    open: Option<Open>,
    /// The number of the last report with it.
    pub(super) seen: u64,
}

/// A row under way.
#[derive(Clone, Debug)]
struct Open {
    row: TrackRow,
    sum: Counts,
    best: Counts,
    took_us: Option<Micros>,
    /// Whether the other side reported since the row before.
    remote_is_new: bool,
}

/// The frames of a simulcast layer are those of the others too: the best layer's count.
const LAYERED: [M; 3] = [M::Frames, M::FramesTransferred, M::KeyFrames];

impl Track {
    pub(super) fn new(key: TrackKey, start_us: Micros, max_rows: usize) -> Result<Track> {
        let mut ledger = Ledger::new(start_us);
        let reader = ledger.reader_from_start(start_us)?;
        Ok(Track {
            key,
            mime: String::new(),
            implementation: String::new(),
            ledger,
            reader,
            history: History::new(max_rows),
            latest: None,
            rtt_us: Sketch::new(SketchConfig::default())?,
            jitter_us: Sketch::new(SketchConfig::default())?,
            measured_us: 0,
            flags: Flags::NONE,
            open: None,
            seen: 0,
        })
    }

    /// Takes a stream of a report into the row of that report.
    pub(super) fn take_stream(
        &mut self,
        time_us: Micros,
        report_flags: Flags,
        object: Object<'_>,
        remote: Option<Object<'_>>,
        step: &Step,
    ) {
        let sent = self.key.flow == Flow::Outbound;
        let open = self.open.get_or_insert_with(|| Open {
            row: TrackRow::new(time_us, report_flags),
            sum: Counts::default(),
            best: Counts::default(),
            took_us: None,
            remote_is_new: false,
        });
        let row = &mut open.row;
        row.flags |= step.flags;
        open.sum.add(&step.delta);
        open.best.keep_largest(&step.delta, &LAYERED);
        if let Some(took_us) = step.took_us {
            let seconds = took_us as f64 / 1e6;
            open.took_us = open.took_us.max(Some(took_us));
            let per_s = |count: Option<u64>| count.map(|count| count as f64 / seconds);
            let bitrate = |count: Option<u64>| per_s(count).map(|bytes| bytes * 8.0);
            let payload = step.delta.get(M::PayloadBytes);
            let wire = payload.zip(step.delta.get(M::HeaderBytes)).map(|(payload, header)| payload + header);
            row.add(C::PayloadBitrate, bitrate(payload));
            row.add(C::WireBitrate, bitrate(wire));
            row.add(C::PacketRate, per_s(step.delta.get(M::Packets)));
            row.set_max(C::FrameRate, per_s(step.delta.get(M::Frames)));
        }
        row.set_max(C::Jitter, jitter_us(sent, object, remote));
        row.set_max(C::Rtt, remote.and_then(|remote| rtt_us(sent, remote)));
        if sent {
            use outbound::{Number as O, Text};
            let active = object.number(O::Active) != Some(0.0);
            row.set_max(C::Width, object.number(O::FrameWidth).filter(|_| active));
            row.set_max(C::Height, object.number(O::FrameHeight).filter(|_| active));
            row.add(C::TargetBitrate, object.number(O::TargetBitrate).filter(|_| active));
            row.set_max(C::Limitation, limitation(object.text(Text::QualityLimitationReason)));
            set_text(&mut self.implementation, object.text(Text::Implementation));
        } else {
            use inbound::{Number as I, Text};
            row.set_max(C::Width, object.number(I::FrameWidth));
            row.set_max(C::Height, object.number(I::FrameHeight));
            set_text(&mut self.implementation, object.text(Text::Implementation));
        }
        open.remote_is_new |= step.remote_is_new;
    }

    /// Ends the row of a report: with `None` where no stream of the track was in it.
    pub(super) fn end_row(&mut self, report: u64, absent: TrackRow) -> Option<Counts> {
        let Some(Open { mut row, sum, best, took_us, remote_is_new }) = self.open.take() else {
            if self.latest.is_some_and(|latest| !latest.flags.has(Flags::ABSENT)) {
                self.latest = Some(absent);
                self.history.push(&absent);
            }
            return None;
        };
        let sent = self.key.flow == Flow::Outbound;
        let count = |metric: M| sum.get(metric).map(|count| count as f64);
        row.set(C::Seconds, took_us.map(|us| us as f64 / 1e6));
        row.set(C::Packets, count(M::Packets));
        row.set(C::PacketsLost, sum.packets_lost().map(|lost| lost as f64));
        row.set(C::LossRatio, sum.loss_ratio(sent));
        row.set(C::RttMean, sum.ratio(M::RttTime, M::RttMeasurements));
        row.set(C::Frames, best.get(M::Frames).map(|count| count as f64));
        row.set(C::KeyFrames, best.get(M::KeyFrames).map(|count| count as f64));
        for (column, metric) in [
            (C::FramesDropped, M::FramesDropped),
            (C::Freezes, M::Freezes),
            (C::FreezeTime, M::FreezeTime),
            (C::Nacks, M::Nacks),
            (C::Plis, M::Plis),
            (C::Firs, M::Firs),
            (C::FecPackets, M::FecPackets),
            (C::PacketsDiscarded, M::PacketsDiscarded),
        ] {
            row.set(column, count(metric));
        }
        row.set(C::JitterBuffer, sum.ratio(M::JitterBufferDelay, M::JitterBufferEmitted));
        row.set(C::Concealment, sum.ratio(M::ConcealedSamples, M::Samples));
        row.set(C::Retransmit, sum.ratio(M::RetransmittedPackets, M::Packets));
        row.set(C::CodecTime, sum.ratio(M::CodecTime, M::Frames));
        row.set(C::Qp, sum.ratio(M::QpSum, M::Frames));
        row.set(C::Limited, limited_ratio(&sum));
        self.measured_us = self.measured_us.saturating_add(took_us.unwrap_or(0) as u64);
        let mut counts = sum;
        counts.replace(&best, &LAYERED);
        if let Some(us) = row.get(C::Jitter).filter(|_| remote_is_new || !sent) {
            self.jitter_us.record(us);
        }
        if let Some(us) = row.get(C::Rtt).filter(|_| remote_is_new) {
            self.rtt_us.record(us);
        }
        let whole = |value: Option<f64>| value.map(|us| us.min(f64::from(u32::MAX)).round() as u32);
        self.ledger.record(&counts);
        self.ledger
            .record_peak(&Peaks { rtt_us: whole(row.get(C::Rtt)), jitter_us: whole(row.get(C::Jitter)) });
        self.flags |= row.flags;
        self.latest = Some(row);
        self.history.push(&row);
        self.seen = report;
        Some(counts)
    }

    pub(super) fn set_mime(&mut self, mime: &str) {
        set_text(&mut self.mime, mime);
    }

    /// What was added since it was taken last; `None` when there is nothing to say.
    pub(super) fn take(&mut self, now_us: Micros) -> Option<TrackDelta> {
        if !self.ledger.has_pending(self.reader) && !self.ledger.is_closed() {
            return None;
        }
        let Delta { value, peak, interval, last } = self.ledger.flush(self.reader, now_us).ok().flatten()?;
        Some(TrackDelta {
            key: self.key.clone(),
            mime: self.mime.clone(),
            interval,
            counts: value,
            rtt_us: peak.rtt_us,
            jitter_us: peak.jitter_us,
            last,
        })
    }

    pub(super) fn close(&mut self, now_us: Micros) {
        self.ledger.close(now_us);
    }

    /// Which track this is.
    pub fn key(&self) -> &TrackKey {
        &self.key
    }

    /// Its codec, such as `video/VP8`; empty when unknown.
    pub fn mime(&self) -> &str {
        &self.mime
    }

    /// Its decoder or encoder; empty when unknown.
    pub fn implementation(&self) -> &str {
        &self.implementation
    }

    /// Everything counted since the monitor began; no counter ever falls. Frames are those of the best
    /// layer of each interval.
    pub fn totals(&self) -> &Counts {
        self.ledger.total()
    }

    /// The row of the latest report; its flags say when the track was not in it.
    pub fn latest(&self) -> Option<&TrackRow> {
        self.latest.as_ref()
    }

    /// The rows of reports.
    pub fn history(&self) -> &History<{ C::ALL.len() }> {
        &self.history
    }

    /// Every flag that any row had.
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// RTCP round-trip times, in microseconds, each counted once.
    pub fn rtt_us(&self) -> &Sketch {
        &self.rtt_us
    }

    /// Jitter at every report, in microseconds.
    pub fn jitter_us(&self) -> &Sketch {
        &self.jitter_us
    }

    /// Microseconds that reports cover.
    pub fn measured_us(&self) -> u64 {
        self.measured_us
    }

    /// Payload bits per second over the time measured; absent over no time.
    pub fn mean_bitrate_bps(&self) -> Option<f64> {
        let bytes = self.totals().get(M::PayloadBytes)?;
        (self.measured_us > 0).then(|| bytes as f64 * 8e6 / self.measured_us as f64)
    }

    /// Frames per second over the time measured; absent over no time and without frames.
    pub fn mean_frame_rate_per_s(&self) -> Option<f64> {
        let frames = self.totals().get(M::Frames)?;
        (self.measured_us > 0).then(|| frames as f64 * 1e6 / self.measured_us as f64)
    }
}

fn set_text(text: &mut String, value: &str) {
    if !value.is_empty() && text != value {
        text.clear();
        text.push_str(value);
    }
}

fn limitation(reason: &str) -> Option<f64> {
    match reason {
        "" => None,
        "none" => Some(0.0),
        "bandwidth" => Some(1.0),
        "cpu" => Some(2.0),
        _ => Some(3.0),
    }
}

fn limited_ratio(sum: &Counts) -> Option<f64> {
    let limited = [M::BandwidthLimitedTime, M::CpuLimitedTime, M::OtherLimitedTime];
    let limited: u64 = limited.iter().filter_map(|metric| sum.get(*metric)).sum();
    let all = limited + sum.get(M::UnlimitedTime)?;
    (all > 0).then(|| limited as f64 / all as f64)
}
