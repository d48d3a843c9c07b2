//! Viewers, streams and CDN edges: numbers in and out in columns, NaN where absent.

use js_sys::Array;
use streamgauge::audience::{
    Audience, AudienceConfig, Cdn, ClassTotals, EdgeTotals, Joined, MediaClass, MediaPacket, StreamMetrics,
    StreamTotals, Streams, Summary, ViewerInfo,
};
use streamgauge::export::{self, OtlpConfig};
use streamgauge::wire::{decode_summary, encode_summary};
use streamgauge::{Error, ErrorKind, Interval, Result};
use wasm_bindgen::prelude::*;

use crate::convert::{Thrown, array, floats, given, or_nan, thrown};
use crate::series::{RawSketch, sketch_config};

/// An audience. The facade's `Audience` holds it, and checks that times and counts are safe integers.
#[wasm_bindgen]
pub struct RawAudience(Audience);

#[wasm_bindgen]
impl RawAudience {
    /// Idle timeout, reconnect, keep, viewers, changes, relative error; NaN stands for the default.
    #[wasm_bindgen(constructor)]
    pub fn new(
        idle_timeout_us: f64,
        reconnect_us: f64,
        keep_us: f64,
        max_viewers: f64,
        max_changes: f64,
        relative_error: f64,
    ) -> Thrown<RawAudience> {
        let default = AudienceConfig::default();
        let time = |time_us: f64, default: i64| given(time_us).map_or(default, |time_us| time_us as i64);
        let most = |most: f64, default: usize| given(most).map_or(default, |most| most as usize);
        let config = AudienceConfig {
            idle_timeout_us: time(idle_timeout_us, default.idle_timeout_us),
            reconnect_us: time(reconnect_us, default.reconnect_us),
            keep_us: time(keep_us, default.keep_us),
            max_viewers: most(max_viewers, default.max_viewers),
            max_changes: most(max_changes, default.max_changes),
            sketch: sketch_config(relative_error),
        };
        Audience::new(config).map(RawAudience).map_err(thrown)
    }

    /// Whether a view began; else it was a reconnect.
    pub fn join(
        &mut self,
        viewer: &str,
        at_us: f64,
        location: Option<String>,
        user_agent: Option<String>,
    ) -> Thrown<bool> {
        let told = location.is_some() || user_agent.is_some();
        let info = told.then_some(ViewerInfo { location, user_agent });
        self.0.join(viewer, at_us as i64, info).map(|joined| joined == Joined::New).map_err(thrown)
    }

    /// A viewer leaves.
    pub fn leave(&mut self, viewer: &str, at_us: f64) -> bool {
        self.0.leave(viewer, at_us as i64)
    }

    /// A viewer is there.
    pub fn heartbeat(&mut self, viewer: &str, at_us: f64) -> bool {
        self.0.heartbeat(viewer, at_us as i64)
    }

    /// The first picture.
    pub fn started(&mut self, viewer: &str, at_us: f64) -> bool {
        self.0.started(viewer, at_us as i64)
    }

    /// Playing stalls.
    #[wasm_bindgen(js_name = rebufferBegins)]
    pub fn rebuffer_begins(&mut self, viewer: &str, at_us: f64) -> bool {
        self.0.rebuffer_begins(viewer, at_us as i64)
    }

    /// Playing goes on.
    #[wasm_bindgen(js_name = rebufferEnds)]
    pub fn rebuffer_ends(&mut self, viewer: &str, at_us: f64) -> bool {
        self.0.rebuffer_ends(viewer, at_us as i64)
    }

    /// Playing stalled for so long.
    pub fn rebuffered(&mut self, viewer: &str, at_us: f64, duration_us: f64) -> bool {
        self.0.rebuffered(viewer, at_us as i64, duration_us as u64)
    }

    /// A bitrate from here on.
    pub fn bitrate(&mut self, viewer: &str, at_us: f64, bitrate_bps: f64) -> bool {
        self.0.bitrate(viewer, at_us as i64, bitrate_bps as u64)
    }

    /// Time went on.
    #[wasm_bindgen(js_name = handleTime)]
    pub fn handle_time(&mut self, now_us: f64) {
        self.0.handle_time(now_us as i64);
    }

    /// Everything up to now.
    pub fn summary(&mut self, now_us: f64) -> RawSummary {
        RawSummary(self.0.summary(now_us as i64))
    }

    /// `[numbers, location, user agent]`, undefined for one who is not known: whether it watches, first,
    /// last, views, watched, startup, stalls and their time, mean bitrate, switches.
    pub fn viewer(&self, viewer: &str, now_us: f64) -> Option<Array> {
        let stats = self.0.viewer(viewer, now_us as i64)?;
        let numbers = [
            f64::from(u8::from(stats.watching)),
            stats.first_us as f64,
            stats.last_us as f64,
            stats.views as f64,
            stats.watched_us as f64,
            or_nan(stats.startup_us.map(|us| us as f64)),
            stats.rebuffers as f64,
            stats.rebuffer_us as f64,
            or_nan(stats.mean_bitrate_bps),
            stats.switches as f64,
        ];
        Some(array([floats(&numbers), stats.info.location.into(), stats.info.user_agent.into()]))
    }

    /// Start, end, peak and when, area, mean; undefined where nothing is kept.
    pub fn concurrency(&self, start_us: f64, end_us: f64) -> Option<Vec<f64>> {
        let found = self.0.concurrency(Interval::new(start_us as i64, end_us as i64))?;
        let Interval { start_us, end_us } = found.interval;
        Some(vec![
            start_us as f64,
            end_us as f64,
            found.peak as f64,
            found.peak_us as f64,
            found.area_us as f64,
            or_nan(found.mean()),
        ])
    }

    /// `[times, viewers]`
    pub fn steps(&self) -> Array {
        let (times, viewers): (Vec<f64>, Vec<f64>) =
            self.0.steps().map(|(at_us, viewers)| (at_us as f64, viewers as f64)).unzip();
        array([floats(&times), floats(&viewers)])
    }

    /// Viewers remembered.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.0.len()
    }
}

/// A summary. The facade's `AudienceSummary` holds it.
#[wasm_bindgen]
pub struct RawSummary(Summary);

#[wasm_bindgen]
impl RawSummary {
    /// A summary from its bytes.
    #[wasm_bindgen(js_name = fromBytes)]
    pub fn from_bytes(bytes: &[u8]) -> Thrown<RawSummary> {
        decode_summary(bytes).map(RawSummary).map_err(thrown)
    }

    /// Its bytes.
    #[wasm_bindgen(js_name = toBytes)]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_summary(&self.0)
    }

    /// Another with the same in it.
    pub fn copy(&self) -> RawSummary {
        RawSummary(self.0.clone())
    }

    /// Whether everything is the same.
    pub fn equals(&self, other: &RawSummary) -> bool {
        self.0 == other.0
    }

    /// Adds another node's.
    pub fn merge(&mut self, other: &RawSummary) -> Thrown<()> {
        self.0.merge(&other.0).map_err(thrown)
    }

    /// Start, end, watching, peak at least and at most and when, watched, mean concurrency, ratio of
    /// stalls, mean bitrate, ratio of exits before start, then the totals.
    pub fn state(&self) -> Vec<f64> {
        let summary = &self.0;
        let (start_us, end_us) =
            summary.interval.map_or((f64::NAN, f64::NAN), |i| (i.start_us as f64, i.end_us as f64));
        let mut state = vec![
            start_us,
            end_us,
            summary.watching as f64,
            summary.peak_at_least as f64,
            summary.peak_at_most as f64,
            or_nan(summary.peak_us.map(|at_us| at_us as f64)),
            summary.watched_us() as f64,
            or_nan(summary.mean_concurrency()),
            or_nan(summary.rebuffer_ratio()),
            or_nan(summary.mean_bitrate_bps()),
            or_nan(summary.exit_before_start_ratio()),
        ];
        state.extend(summary.totals.fields().map(|(_, count)| count as f64));
        state
    }

    /// OTLP metrics; names and values in turn, no resource for the usual one.
    #[wasm_bindgen(js_name = toOtlp)]
    pub fn to_otlp(&self, attributes: Vec<String>, resource: Vec<String>) -> Vec<u8> {
        let mut config = OtlpConfig::default();
        if !resource.is_empty() {
            config.resource = pairs(&resource).iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
        }
        export::otlp_summaries(&[(pairs(&attributes), &self.0)], &config).to_protobuf()
    }

    /// From join to first picture.
    #[wasm_bindgen(js_name = startupUs)]
    pub fn startup_us(&self) -> RawSketch {
        RawSketch(self.0.startup_us.clone())
    }
}

/// Summaries with their labels, on the way to a text.
#[wasm_bindgen]
#[derive(Default)]
pub struct RawExposition(Vec<(Vec<String>, Summary)>);

#[wasm_bindgen]
impl RawExposition {
    /// None yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> RawExposition {
        RawExposition::default()
    }

    /// `labels` has names and values in turn.
    pub fn add(&mut self, labels: Vec<String>, summary: &RawSummary) {
        self.0.push((labels, summary.0.clone()));
    }

    /// Prometheus or OpenMetrics text.
    pub fn text(&self, openmetrics: bool) -> String {
        let summaries: Vec<_> = self.0.iter().map(|(labels, summary)| (pairs(labels), summary)).collect();
        export::summaries_text(&summaries, openmetrics)
    }
}

fn pairs(texts: &[String]) -> Vec<(&str, &str)> {
    texts.as_chunks::<2>().0.iter().map(|[name, value]| (name.as_str(), value.as_str())).collect()
}

/// Streams by id. The facade's `Streams` holds it, and checks that numbers are safe integers.
#[wasm_bindgen]
pub struct RawStreams(Streams);

#[wasm_bindgen]
impl RawStreams {
    /// `relative_error` NaN is the default.
    #[wasm_bindgen(constructor)]
    pub fn new(max_streams: f64, relative_error: f64) -> Thrown<RawStreams> {
        Streams::new(max_streams as usize, sketch_config(relative_error)).map(RawStreams).map_err(thrown)
    }

    /// Columns of one length; of those after the sizes any may be empty.
    #[expect(clippy::too_many_arguments, reason = "a column each")]
    pub fn record(
        &self,
        stream: &str,
        media: &str,
        times_us: &[f64],
        sizes_bytes: &[u32],
        durations_us: &[u32],
        frames: &[u8],
        keyframes: &[u8],
        latencies_us: &[f64],
    ) -> Thrown<()> {
        let class = media_class(media).map_err(thrown)?;
        let packet = |at: usize| MediaPacket {
            at_us: times_us[at] as i64,
            class,
            bytes: sizes_bytes[at],
            duration_us: durations_us.get(at).copied(),
            frame: frames.get(at).is_some_and(|begins| *begins != 0),
            keyframe: keyframes.get(at).is_some_and(|is| *is != 0),
            latency_us: latencies_us.get(at).map(|latency| *latency as i64),
        };
        let packets: Vec<MediaPacket> = (0..times_us.len()).map(packet).collect();
        self.0.record(stream, &packets).map_err(thrown)
    }

    /// Frames that were dropped.
    #[wasm_bindgen(js_name = recordDroppedFrames)]
    pub fn record_dropped_frames(&self, stream: &str, frames: f64) -> Thrown<()> {
        self.0.with(stream, |stream| stream.record_dropped_frames(frames as u64)).map_err(thrown)
    }

    /// Packets that never came.
    #[wasm_bindgen(js_name = recordLostPackets)]
    pub fn record_lost_packets(&self, stream: &str, packets: f64) -> Thrown<()> {
        self.0.with(stream, |stream| stream.record_lost_packets(packets as u64)).map_err(thrown)
    }

    /// A stream, undefined for one that is not there; see `stream_stats`.
    pub fn snapshot(&self, stream: &str) -> Option<Array> {
        self.0.snapshot(stream).as_ref().map(stream_stats)
    }

    /// Ends a stream; what it was.
    pub fn remove(&self, stream: &str) -> Option<Array> {
        self.0.remove(stream).as_ref().map(stream_stats)
    }

    /// The ids of all.
    pub fn ids(&self) -> Vec<String> {
        self.0.ids()
    }

    /// All streams that are or were there; see `media_totals`.
    pub fn totals(&self) -> Vec<f64> {
        media_totals(&self.0.totals())
    }
}

fn media_class(media: &str) -> Result<MediaClass> {
    match media {
        "video" => Ok(MediaClass::Video),
        "audio" => Ok(MediaClass::Audio),
        "metadata" => Ok(MediaClass::Metadata),
        other => {
            let message = format!("media is {other:?}: expected \"video\", \"audio\" or \"metadata\"");
            Err(Error::new(ErrorKind::InvalidArgument, message))
        }
    }
}

/// `[numbers, latencies]`: start, end, bitrates of video, audio and metadata, frame rate, interval of
/// key frames, then the totals.
fn stream_stats(metrics: &StreamMetrics) -> Array {
    let span = metrics.span().map_or([f64::NAN; 2], |span| [span.start_us as f64, span.end_us as f64]);
    let mut numbers = span.to_vec();
    let classes = [MediaClass::Video, MediaClass::Audio, MediaClass::Metadata];
    numbers.extend(classes.map(|class| or_nan(metrics.bitrate_bps(class))));
    numbers.extend([metrics.frame_rate(), metrics.keyframe_interval_us()].map(or_nan));
    numbers.extend(media_totals(metrics.totals()));
    array([floats(&numbers), RawSketch(metrics.latency_us().clone()).into()])
}

/// Video, audio and metadata (packets, bytes, bytes and time of those with a duration, bitrate), frames,
/// key frames, dropped, lost, ratios of loss and of drops.
fn media_totals(totals: &StreamTotals) -> Vec<f64> {
    let class = |class: &ClassTotals| {
        let ClassTotals { packets, bytes, timed_bytes, duration_us } = *class;
        let [packets, bytes, timed, time] = [packets, bytes, timed_bytes, duration_us].map(|n| n as f64);
        [packets, bytes, timed, time, or_nan(class.media_bitrate_bps())]
    };
    let mut numbers: Vec<f64> =
        [&totals.video, &totals.audio, &totals.metadata].into_iter().flat_map(class).collect();
    let counts = [totals.frames, totals.keyframes, totals.frames_dropped, totals.packets_lost];
    numbers.extend(counts.map(|count| count as f64));
    numbers.extend([totals.loss_ratio(), totals.drop_ratio()].map(or_nan));
    numbers
}

/// Requests by edge. The facade's `Cdn` holds it.
#[wasm_bindgen]
pub struct RawCdn(Cdn);

#[wasm_bindgen]
impl RawCdn {
    /// So many edges are told apart.
    #[wasm_bindgen(constructor)]
    pub fn new(max_edges: f64) -> Thrown<RawCdn> {
        Cdn::new(max_edges as usize).map(RawCdn).map_err(thrown)
    }

    /// A request.
    pub fn record(&mut self, edge: &str, at_us: f64, hit: bool, size_bytes: f64) {
        self.0.record(edge, at_us as i64, hit, size_bytes as u64);
    }

    /// Adds another node's.
    pub fn merge(&mut self, other: &RawCdn) {
        self.0.merge(&other.0);
    }

    /// Another with the same in it.
    pub fn copy(&self) -> RawCdn {
        RawCdn(self.0.clone())
    }

    /// The names of the edges that are told apart.
    pub fn edges(&self) -> Vec<String> {
        self.0.edges().map(|(edge, _)| edge.to_owned()).collect()
    }

    /// Start, end, bandwidth, then hits, misses, their bytes and ratios of all, of the others, and of
    /// each edge.
    pub fn state(&self) -> Vec<f64> {
        let mut state =
            self.0.span().map_or([f64::NAN; 2], |span| [span.start_us as f64, span.end_us as f64]).to_vec();
        state.push(or_nan(self.0.bandwidth_bps()));
        let edges = self.0.edges().map(|(_, totals)| totals);
        for totals in [self.0.total(), self.0.others()].into_iter().chain(edges) {
            let EdgeTotals { hits, misses, hit_bytes, miss_bytes } = *totals;
            state.extend([hits, misses, hit_bytes, miss_bytes].map(|count| count as f64));
            state.extend([totals.hit_ratio(), totals.byte_hit_ratio()].map(or_nan));
        }
        state
    }
}
