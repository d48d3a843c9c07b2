//! Monitors of peer connections and dumps: numbers in and out in columns, NaN where absent.

use js_sys::{Array, Uint16Array};
use streamgauge::rtp::MediaKind;
use streamgauge::webrtc::{
    Counts, DumpConnection, Flow, History, Monitor, MonitorConfig, Report, Row, Track, TrackDelta, read_dump,
};
use streamgauge::{Error, ErrorKind};
use wasm_bindgen::prelude::*;

use crate::convert::{Thrown, array, floats, given, or_nan, thrown};

/// A monitor. The facade's `Monitor` holds it, and checks that times and limits are safe integers.
#[wasm_bindgen]
pub struct RawMonitor {
    monitor: Monitor,
    report: Report,
}

#[wasm_bindgen]
impl RawMonitor {
    /// Rows, tracks, streams and skew may be NaN.
    #[wasm_bindgen(constructor)]
    pub fn new(
        from_start: bool,
        max_rows: f64,
        max_tracks: f64,
        max_streams: f64,
        max_skew_us: f64,
    ) -> Thrown<RawMonitor> {
        let default = MonitorConfig::default();
        let most = |most: f64, default: usize| given(most).map_or(default, |most| most as usize);
        let config = MonitorConfig {
            from_start,
            max_rows: most(max_rows, default.max_rows),
            max_tracks: most(max_tracks, default.max_tracks),
            max_streams: most(max_streams, default.max_streams),
            max_skew_us: given(max_skew_us).map_or(default.max_skew_us, |us| us as i64),
        };
        Monitor::new(config).map(RawMonitor::of).map_err(thrown)
    }

    /// Takes a packed report; see `Report::fill_packed`. `unused`: how many objects were of other types, and
    /// how many without a type or id. Gives the bits of the flags.
    pub fn record(
        &mut self,
        time_us: f64,
        monotonic_us: f64,
        types: &[u8],
        numbers: &[f64],
        texts: &[u8],
        unused: &[u32],
    ) -> Thrown<u16> {
        self.report.reset(time_us as i64, given(monotonic_us).map(|us| us as i64));
        let texts = str::from_utf8(texts)
            .map_err(|_| thrown(Error::new(ErrorKind::InvalidArgument, "texts are no UTF-8")))?;
        self.report.fill_packed(types, numbers, texts).map_err(thrown)?;
        let [other_types, unidentified] = [0, 1].map(|i| unused.get(i).copied().unwrap_or(0));
        (0..other_types).for_each(|_| self.report.count_other_type());
        (0..unidentified).for_each(|_| self.report.count_unidentified());
        self.monitor.record(&self.report).map(|flags| flags.bits()).map_err(thrown)
    }

    /// Takes a report in JSON.
    #[wasm_bindgen(js_name = recordJson)]
    pub fn record_json(&mut self, time_us: f64, monotonic_us: f64, text: &str) -> Thrown<u16> {
        let mut report = Report::from_json(text.as_bytes(), time_us as i64).map_err(thrown)?;
        if let Some(us) = given(monotonic_us) {
            report = report.with_monotonic_us(us as i64);
        }
        self.monitor.record(&report).map(|flags| flags.bits()).map_err(thrown)
    }

    /// Of each track that added something: texts (flow, kind, name, mime) and numbers (start, end, largest
    /// round-trip time and jitter, last, counters).
    pub fn take(&mut self, now_us: f64) -> Vec<Array> {
        self.monitor.take(now_us as i64).iter().map(delta).collect()
    }

    /// Whether this was the first close.
    pub fn close(&mut self, now_us: f64) -> bool {
        self.monitor.close(now_us as i64)
    }

    /// How many tracks there are.
    #[wasm_bindgen(js_name = trackCount)]
    pub fn track_count(&self) -> usize {
        self.monitor.tracks().len()
    }

    /// Texts of a track (flow, kind, name, mime, implementation), numbers (flags of all rows, microseconds
    /// measured, mean bitrate, mean frame rate, and count, median, p95 and largest of round-trip time and of
    /// jitter), counters, and the latest row.
    pub fn track(&self, place: usize) -> Thrown<Array> {
        let track = self.track_at(place)?;
        let key = track.key();
        let texts = [key.flow.code(), key.kind_code(), &key.name, track.mime(), track.implementation()];
        let mut numbers = vec![
            f64::from(track.flags().bits()),
            track.measured_us() as f64,
            or_nan(track.mean_bitrate_bps()),
            or_nan(track.mean_frame_rate_per_s()),
        ];
        for sketch in [track.rtt_us(), track.jitter_us()] {
            let quantile = |q| or_nan(sketch.quantile(q));
            numbers.extend([sketch.count() as f64, quantile(0.5), quantile(0.95), or_nan(sketch.max())]);
        }
        let latest = track.latest().map_or(JsValue::UNDEFINED, row);
        Ok(array([strings(&texts), floats(&numbers), floats(&counters(track.totals())), latest]))
    }

    /// Times, flags and columns of the rows of a track, or of the connection for no place.
    pub fn history(&self, place: Option<usize>) -> Thrown<Array> {
        Ok(match place {
            Some(place) => history(self.track_at(place)?.history()),
            None => history(self.monitor.history()),
        })
    }

    /// What all tracks of a flow counted.
    pub fn totals(&self, inbound: bool) -> Vec<f64> {
        counters(self.monitor.totals(if inbound { Flow::Inbound } else { Flow::Outbound }))
    }

    /// Of the connection: totals, the latest row, the selected pair in texts, what happened in numbers.
    pub fn connection(&self) -> Array {
        let totals = self.monitor.connection_totals().fields();
        let totals: Vec<f64> = totals.map(|(_, count)| count.map_or(f64::NAN, |n| n as f64)).to_vec();
        let latest = self.monitor.latest().map_or(JsValue::UNDEFINED, row);
        let pair = self.monitor.selected_pair().map_or(JsValue::UNDEFINED, |pair| {
            strings(&[
                &pair.id,
                &pair.local_type,
                &pair.remote_type,
                &pair.protocol,
                &pair.relay_protocol,
                &pair.network_type,
                &pair.state,
            ])
        });
        let counts = self.monitor.counts().fields().map(|(_, count)| count as f64);
        array([floats(&totals), latest, pair, floats(&counts)])
    }

    /// Object, member and reason of each problem.
    pub fn problems(&self) -> Vec<Array> {
        let problems = self.monitor.problems().iter();
        problems.map(|p| array([p.object.as_str().into(), p.member.into(), p.reason.into()])).collect()
    }

    fn of(monitor: Monitor) -> RawMonitor {
        RawMonitor { monitor, report: Report::new(0) }
    }

    fn track_at(&self, place: usize) -> Thrown<&Track> {
        let none = || thrown(Error::new(ErrorKind::NotFound, format!("there is no track {place}")));
        self.monitor.tracks().get(place).ok_or_else(none)
    }
}

/// A dump, read. Its monitors are taken out one by one.
#[wasm_bindgen]
pub struct RawDump {
    about: Array,
    connections: Vec<Option<DumpConnection>>,
}

#[wasm_bindgen]
impl RawDump {
    /// Reads a dump.
    #[wasm_bindgen(constructor)]
    pub fn new(bytes: &[u8]) -> Thrown<RawDump> {
        let dump = read_dump(bytes).map_err(thrown)?;
        let problems = dump.problems.iter().map(|problem| {
            let line = problem.line.map_or(JsValue::UNDEFINED, |line| (line as f64).into());
            JsValue::from(array([line, problem.reason.as_str().into()]))
        });
        let about = array([
            dump.format.code().into(),
            dump.truncated.into(),
            (dump.problem_count as f64).into(),
            problems.collect::<Array>().into(),
        ]);
        Ok(RawDump { about, connections: dump.connections.into_iter().map(Some).collect() })
    }

    /// Format, truncated, how many problems, the first of them (line, reason).
    pub fn about(&self) -> Array {
        self.about.clone()
    }

    /// How many connections there are.
    #[wasm_bindgen(js_name = connectionCount)]
    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }

    /// Id, unclassified objects, invalid members, times and names of the events of a connection whose
    /// monitor is still here.
    #[wasm_bindgen(js_name = connectionAbout)]
    pub fn connection_about(&self, place: usize) -> Option<Array> {
        let connection = self.connections.get(place)?.as_ref()?;
        let times: Vec<f64> = connection.events.iter().map(|event| event.time_us as f64).collect();
        let names = connection.events.iter().map(|event| JsValue::from_str(&event.name));
        Some(array([
            connection.id.as_str().into(),
            (connection.unclassified_objects as f64).into(),
            (connection.invalid_members as f64).into(),
            floats(&times),
            names.collect::<Array>().into(),
        ]))
    }

    /// Takes the monitor of a connection out.
    #[wasm_bindgen(js_name = takeMonitor)]
    pub fn take_monitor(&mut self, place: usize) -> Thrown<RawMonitor> {
        let taken = self.connections.get_mut(place).and_then(Option::take);
        let none = || thrown(Error::new(ErrorKind::NotFound, format!("there is no connection {place}")));
        taken.map(|connection| RawMonitor::of(connection.monitor)).ok_or_else(none)
    }
}

/// Counters in their order and the packets lost, absent ones NaN; rounded, so that the facade can tell by
/// their size those that are not exact.
fn counters(counts: &Counts) -> Vec<f64> {
    let lost = counts.packets_lost().map_or(f64::NAN, |lost| lost as f64);
    let counters = counts.fields().map(|(_, count)| count.map_or(f64::NAN, |count| count as f64));
    counters.chain([lost]).collect()
}

fn delta(delta: &TrackDelta) -> Array {
    let kind = if delta.key.kind == MediaKind::Audio { "audio" } else { "video" };
    let texts = [delta.key.flow.code(), kind, &delta.key.name, &delta.mime];
    let mut numbers = vec![
        delta.interval.start_us as f64,
        delta.interval.end_us as f64,
        delta.rtt_us.map_or(f64::NAN, f64::from),
        delta.jitter_us.map_or(f64::NAN, f64::from),
        f64::from(u8::from(delta.last)),
    ];
    numbers.extend(counters(&delta.counts));
    array([strings(&texts), floats(&numbers)])
}

/// Time, flags and values.
fn row<const N: usize>(row: &Row<N>) -> JsValue {
    let mut numbers = vec![row.time_us as f64, f64::from(row.flags.bits())];
    numbers.extend_from_slice(row.values());
    floats(&numbers)
}

fn history<const N: usize>(history: &History<N>) -> Array {
    let times: Vec<f64> = history.time_us().iter().map(|us| *us as f64).collect();
    let columns = (0..N).map(|column| floats(history.column(column)));
    [floats(&times), Uint16Array::from(history.flags()).into()].into_iter().chain(columns).collect()
}

fn strings(texts: &[&str]) -> JsValue {
    texts.iter().map(|text| JsValue::from_str(text)).collect::<Array>().into()
}
