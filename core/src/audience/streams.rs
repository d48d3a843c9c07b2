//! What a stream is made of: packets, frames, bitrates, losses, latency.

use super::Summary;
use crate::error::{Error, ErrorKind, Result};
use crate::ledger::{Totals, totals};
use crate::math::{QuantileMethod, quantile};
use crate::series::{Sketch, SketchConfig};
use crate::time::{Interval, Micros, SECOND_US};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Latest key frame intervals that are kept for their median.
const MAX_INTERVALS: usize = 64;

/// What a packet carries.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum MediaClass {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
    /// Anything else: captions, cues, tables.
    Metadata,
}

/// One packet of a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MediaPacket {
    /// When it came.
    pub at_us: Micros,
    /// What it carries.
    pub class: MediaClass,
    /// Its bytes.
    pub bytes: u32,
    /// How much media it holds; a packet of none has no bitrate of its own.
    pub duration_us: Option<u32>,
    /// Whether a frame begins in it.
    pub frame: bool,
    /// Whether that is a key frame.
    pub keyframe: bool,
    /// From capture to here; may be negative where clocks differ.
    pub latency_us: Option<Micros>,
}

/// Counts of one class. Only grow.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ClassTotals {
    /// Packets.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of the packets that hold media of a known duration.
    pub timed_bytes: u64,
    /// That duration, in microseconds.
    pub duration_us: u64,
}

totals!(ClassTotals { counters: packets, bytes, timed_bytes, duration_us; signed: });

impl ClassTotals {
    /// Bits for a second of media; absent when no packet had a duration.
    pub fn media_bitrate_bps(&self) -> Option<f64> {
        (self.duration_us > 0)
            .then(|| self.timed_bytes as f64 * 8.0 * (SECOND_US as f64 / self.duration_us as f64))
    }
}

/// Counts of a stream. Only grow.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(missing_docs)]
pub struct StreamTotals {
    pub video: ClassTotals,
    pub audio: ClassTotals,
    pub metadata: ClassTotals,
    /// Video frames begun.
    pub frames: u64,
    /// Of these, key frames.
    pub keyframes: u64,
    /// Frames that were dropped.
    pub frames_dropped: u64,
    /// Packets that were lost.
    pub packets_lost: u64,
}

impl StreamTotals {
    /// Adds those of another stream, or of the same elsewhere.
    pub fn merge(&mut self, other: &StreamTotals) {
        self.video.add(&other.video);
        self.audio.add(&other.audio);
        self.metadata.add(&other.metadata);
        for (own, theirs) in [
            (&mut self.frames, other.frames),
            (&mut self.keyframes, other.keyframes),
            (&mut self.frames_dropped, other.frames_dropped),
            (&mut self.packets_lost, other.packets_lost),
        ] {
            *own = own.saturating_add(theirs);
        }
    }

    /// Packets of every class.
    pub const fn packets(&self) -> u64 {
        self.video.packets.saturating_add(self.audio.packets).saturating_add(self.metadata.packets)
    }

    /// Packets lost of those sent; absent when there were none.
    pub fn loss_ratio(&self) -> Option<f64> {
        let sent = self.packets().saturating_add(self.packets_lost);
        (sent > 0).then(|| self.packets_lost as f64 / sent as f64)
    }

    /// Frames dropped of all frames; absent when there were none.
    pub fn drop_ratio(&self) -> Option<f64> {
        let frames = self.frames.saturating_add(self.frames_dropped);
        (frames > 0).then(|| self.frames_dropped as f64 / frames as f64)
    }
}

/// One stream.
#[derive(Clone, Debug)]
pub struct StreamMetrics {
    totals: StreamTotals,
    span: Option<Interval>,
    /// The first and the last video frame.
    frames: Option<Interval>,
    keyframe_us: Option<Micros>,
    keyframe_intervals: Vec<f64>,
    next_interval: usize,
    latency_us: Sketch,
}

impl StreamMetrics {
    /// A stream of nothing yet, whose latency quantiles promise what `sketch` says.
    ///
    /// # Errors
    /// `InvalidArgument` as [`Sketch::new`].
    pub fn new(sketch: SketchConfig) -> Result<StreamMetrics> {
        Ok(StreamMetrics {
            totals: StreamTotals::default(),
            span: None,
            frames: None,
            keyframe_us: None,
            keyframe_intervals: Vec::new(),
            next_interval: 0,
            latency_us: Sketch::new(sketch)?,
        })
    }

    /// Counts packets.
    pub fn record(&mut self, packets: &[MediaPacket]) {
        for packet in packets {
            let class = match packet.class {
                MediaClass::Video => &mut self.totals.video,
                MediaClass::Audio => &mut self.totals.audio,
                MediaClass::Metadata => &mut self.totals.metadata,
            };
            let duration_us = packet.duration_us.filter(|&duration_us| duration_us > 0);
            class.add(&ClassTotals {
                packets: 1,
                bytes: packet.bytes.into(),
                timed_bytes: duration_us.map_or(0, |_| packet.bytes.into()),
                duration_us: duration_us.unwrap_or(0).into(),
            });
            let at = Some(Interval::new(packet.at_us, packet.at_us));
            self.span = Summary::spans(self.span, at);
            if packet.frame && packet.class == MediaClass::Video {
                self.totals.frames += 1;
                self.frames = Summary::spans(self.frames, at);
                if packet.keyframe {
                    self.keyframe(packet.at_us);
                }
            }
            if let Some(latency_us) = packet.latency_us {
                self.latency_us.record(latency_us as f64);
            }
        }
    }

    fn keyframe(&mut self, at_us: Micros) {
        self.totals.keyframes += 1;
        if let Some(before_us) = self.keyframe_us.filter(|&before_us| before_us <= at_us) {
            let interval_us = at_us.saturating_sub(before_us) as f64;
            match self.keyframe_intervals.get_mut(self.next_interval) {
                Some(oldest) => *oldest = interval_us,
                None => self.keyframe_intervals.push(interval_us),
            }
            self.next_interval = (self.next_interval + 1) % MAX_INTERVALS;
        }
        self.keyframe_us = self.keyframe_us.max(Some(at_us));
    }

    /// Frames that were dropped before they were sent or shown.
    pub fn record_dropped_frames(&mut self, frames: u64) {
        self.totals.frames_dropped = self.totals.frames_dropped.saturating_add(frames);
    }

    /// Packets that never came.
    pub fn record_lost_packets(&mut self, packets: u64) {
        self.totals.packets_lost = self.totals.packets_lost.saturating_add(packets);
    }

    /// All counts.
    pub fn totals(&self) -> &StreamTotals {
        &self.totals
    }

    /// From the first to the last packet.
    pub fn span(&self) -> Option<Interval> {
        self.span
    }

    /// Bits per second that came of a class, from the first to the last packet of the stream; absent
    /// where no time passed between.
    pub fn bitrate_bps(&self, class: MediaClass) -> Option<f64> {
        let bytes = match class {
            MediaClass::Video => self.totals.video.bytes,
            MediaClass::Audio => self.totals.audio.bytes,
            MediaClass::Metadata => self.totals.metadata.bytes,
        };
        let duration_us = self.span?.duration_us();
        (duration_us > 0).then(|| bytes as f64 * 8.0 * (SECOND_US as f64 / duration_us as f64))
    }

    /// Video frames per second, from the first to the last; absent where no time passed between.
    pub fn frame_rate(&self) -> Option<f64> {
        let duration_us = self.frames?.duration_us();
        (duration_us > 0).then(|| (self.totals.frames - 1) as f64 * (SECOND_US as f64 / duration_us as f64))
    }

    /// The median of the latest intervals between key frames, in microseconds.
    pub fn keyframe_interval_us(&self) -> Option<f64> {
        quantile(&mut self.keyframe_intervals.clone(), 0.5, QuantileMethod::Linear)
    }

    /// Latencies in microseconds.
    pub fn latency_us(&self) -> &Sketch {
        &self.latency_us
    }
}

/// Many streams, by id, for many threads: recording locks one stream.
#[derive(Debug)]
pub struct Streams {
    max_streams: usize,
    sketch: SketchConfig,
    registry: Mutex<Registry>,
}

/// `None` once the stream was removed, so that who still held it begins a new one.
type Shared = Arc<Mutex<Option<StreamMetrics>>>;

#[derive(Debug, Default)]
struct Registry {
    streams: BTreeMap<String, Shared>,
    removed: StreamTotals,
}

impl Streams {
    /// No streams yet, at most `max_streams`.
    ///
    /// # Errors
    /// `InvalidArgument` when that is 0 or the sketch's relative error is bad.
    pub fn new(max_streams: usize, sketch: SketchConfig) -> Result<Streams> {
        if max_streams == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, "max_streams is 0, at least 1"));
        }
        Sketch::new(sketch)?;
        Ok(Streams { max_streams, sketch, registry: Mutex::default() })
    }

    /// Counts packets of a stream, which begins with the first.
    ///
    /// # Errors
    /// `CapacityExceeded` when there is no room for one more stream.
    pub fn record(&self, id: &str, packets: &[MediaPacket]) -> Result<()> {
        self.with(id, |stream| stream.record(packets))
    }

    /// Runs `change` on a stream, which is made if there is none.
    ///
    /// # Errors
    /// `CapacityExceeded` when there is no room for one more stream.
    pub fn with<R>(&self, id: &str, change: impl FnOnce(&mut StreamMetrics) -> R) -> Result<R> {
        loop {
            let stream = self.open(id)?;
            if let Some(stream) = &mut *lock(&stream) {
                return Ok(change(stream));
            }
        }
    }

    fn open(&self, id: &str) -> Result<Shared> {
        let mut registry = lock(&self.registry);
        if let Some(stream) = registry.streams.get(id) {
            return Ok(stream.clone());
        }
        if registry.streams.len() >= self.max_streams {
            return Err(Error::new(
                ErrorKind::CapacityExceeded,
                format!("there are {} streams, the limit", self.max_streams),
            ));
        }
        let stream = Arc::new(Mutex::new(Some(StreamMetrics::new(self.sketch)?)));
        registry.streams.insert(id.to_owned(), stream.clone());
        Ok(stream)
    }

    /// A copy of a stream as it is.
    pub fn snapshot(&self, id: &str) -> Option<StreamMetrics> {
        let stream = lock(&self.registry).streams.get(id).cloned()?;
        lock(&stream).clone()
    }

    /// The ids of all streams.
    pub fn ids(&self) -> Vec<String> {
        lock(&self.registry).streams.keys().cloned().collect()
    }

    /// Ends a stream; its counts stay in the totals. What it was, or `None`.
    pub fn remove(&self, id: &str) -> Option<StreamMetrics> {
        let mut registry = lock(&self.registry);
        let stream = registry.streams.remove(id)?;
        let metrics = lock(&stream).take()?;
        registry.removed.merge(&metrics.totals);
        Some(metrics)
    }

    /// All streams that are or were there.
    pub fn totals(&self) -> StreamTotals {
        let registry = lock(&self.registry);
        let mut totals = registry.removed;
        for stream in registry.streams.values() {
            if let Some(stream) = &*lock(stream) {
                totals.merge(&stream.totals);
            }
        }
        totals
    }
}

/// A lock that a panic elsewhere does not take away: every critical section leaves its data whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(at_us: Micros, class: MediaClass, bytes: u32) -> MediaPacket {
        let frame = class == MediaClass::Video;
        MediaPacket { at_us, class, bytes, duration_us: None, frame, keyframe: false, latency_us: None }
    }

    #[test]
    fn bitrates_and_frames_are_measured() {
        let mut stream = StreamMetrics::new(SketchConfig::default()).unwrap();
        for i in 0..=50_i64 {
            let video = packet(i * 40_000, MediaClass::Video, 5_000);
            let latency_us = Some(i * 1_000 - 10_000);
            stream.record(&[MediaPacket { keyframe: i % 25 == 0, latency_us, ..video }]);
            let audio = packet(i * 40_000, MediaClass::Audio, 500);
            stream.record(&[MediaPacket { duration_us: (i % 2 == 0).then_some(20_000), ..audio }]);
        }
        assert_eq!(stream.frame_rate(), Some(25.0));
        assert_eq!(stream.keyframe_interval_us(), Some(1e6));
        assert_eq!(stream.bitrate_bps(MediaClass::Video), Some(51.0 * 5_000.0 * 8.0 / 2.0));
        assert_eq!(stream.bitrate_bps(MediaClass::Metadata), Some(0.0));
        assert_eq!(stream.totals().audio.media_bitrate_bps(), Some(200_000.0));
        assert_eq!(stream.totals().video.media_bitrate_bps(), None);
        assert_eq!(stream.latency_us().min(), Some(-10_000.0));
        stream.record_lost_packets(102);
        stream.record_dropped_frames(51);
        assert_eq!(stream.totals().loss_ratio(), Some(0.5));
        assert_eq!(stream.totals().drop_ratio(), Some(0.5));
    }

    #[test]
    fn nothing_measured_is_absent() {
        let mut stream = StreamMetrics::new(SketchConfig::default()).unwrap();
        assert_eq!((stream.totals().loss_ratio(), stream.totals().drop_ratio()), (None, None));
        stream.record(&[packet(7, MediaClass::Video, 1), packet(7, MediaClass::Video, 1)]);
        assert_eq!((stream.frame_rate(), stream.bitrate_bps(MediaClass::Video)), (None, None));
        assert_eq!(stream.keyframe_interval_us(), None);
    }

    #[cfg(not(target_family = "wasm"))]
    #[test]
    fn streams_that_go_stay_in_the_totals() {
        let streams = Streams::new(2, SketchConfig::default()).unwrap();
        let packets = [packet(0, MediaClass::Audio, 10)];
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for i in 0..1_000 {
                        streams.record(["a", "b"][i % 2], &packets).unwrap();
                    }
                });
            }
            for _ in 0..200 {
                streams.remove("a");
            }
        });
        assert_eq!(streams.totals().audio.packets, 4_000);
        streams.record("a", &packets).unwrap();
        let error = streams.record("c", &packets).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CapacityExceeded);
        assert_eq!(streams.ids(), ["a", "b"]);
    }
}
