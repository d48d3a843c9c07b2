//! Dumps of getStats reports: what a browser or a library wrote of whole calls.

use super::internals;
use super::json::{Json, Scalar, Value};
use super::monitor::{Monitor, MonitorConfig};
use super::report::Report;
use super::rtcstats;
use super::transport::newest_timestamp_us;
use crate::error::{Error, ErrorKind, Result};
use crate::time::Micros;
use std::borrow::Cow;

/// Who wrote a dump.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DumpFormat {
    /// rtcstats, with its first line: events with times relative to one another.
    Rtcstats,
    /// rtcstats in its older form, a JSON array a line.
    RtcstatsLegacy,
    /// `chrome://webrtc-internals`.
    WebrtcInternals,
    /// A JSON array of reports with their times: `[{"t": ms, "peer": "a", "stats": [...]}, ...]`.
    Reports,
}

impl DumpFormat {
    /// The stable name.
    pub const fn code(self) -> &'static str {
        match self {
            DumpFormat::Rtcstats => "rtcstats",
            DumpFormat::RtcstatsLegacy => "rtcstats_legacy",
            DumpFormat::WebrtcInternals => "webrtc_internals",
            DumpFormat::Reports => "reports",
        }
    }
}

/// Something that could not be read, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DumpProblem {
    /// The line, counted from 1; absent where the file has but one.
    pub line: Option<u64>,
    /// What is wrong.
    pub reason: String,
}

/// Something that happened to a connection besides its reports.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DumpEvent {
    /// When.
    pub time_us: Micros,
    /// What: the name of a method or an event, such as `onconnectionstatechange`.
    pub name: String,
}

/// A connection of a dump.
#[derive(Clone, Debug)]
pub struct DumpConnection {
    /// Its id in the dump.
    pub id: String,
    /// What its reports gave; it is closed.
    pub monitor: Monitor,
    /// What else happened to it, at most [`MAX_EVENTS`].
    pub events: Vec<DumpEvent>,
    /// Objects whose type the dump does not say.
    pub unclassified_objects: u64,
    /// Members of the wrong type.
    pub invalid_members: u64,
    /// Time by the order of the reports, and what it was taken from last: timestamp and wall clock.
    steady: Option<(Micros, Option<Micros>, Micros)>,
}

/// A dump, read.
#[derive(Clone, Debug)]
pub struct Dump {
    /// Who wrote it.
    pub format: DumpFormat,
    /// Its connections, in order of appearance.
    pub connections: Vec<DumpConnection>,
    /// Whether its end, or the beginning of its series, was cut off.
    pub truncated: bool,
    /// The first things that could not be read.
    pub problems: Vec<DumpProblem>,
    /// How many there were.
    pub problem_count: u64,
}

/// How many connections of a dump are read.
pub const MAX_CONNECTIONS: usize = 256;

/// How many events of a connection are kept.
pub const MAX_EVENTS: usize = 10_000;

/// How many bytes a gzipped dump may have when it is decompressed.
pub const MAX_DUMP_BYTES: usize = 1 << 30;

/// How many problems are described; all are counted.
const MAX_PROBLEMS: usize = 100;

/// Reads a dump file, see [`read_dump`], into memory as a whole.
///
/// # Errors
/// `NotFound` or `Io` when it cannot be read, else those of [`read_dump`], with the file.
#[cfg(feature = "fs")]
pub fn read_dump_file(path: &std::path::Path) -> Result<Dump> {
    let named = |error: Error| error.in_file(path.display().to_string());
    let bytes = std::fs::read(path).map_err(|why| match why.kind() {
        std::io::ErrorKind::NotFound => named(Error::new(ErrorKind::NotFound, "no such file")),
        _ => named(Error::new(ErrorKind::Io, why.to_string())),
    })?;
    read_dump(&bytes).map_err(named)
}

/// Reads a dump of any [`DumpFormat`], which is told by its contents, gzipped or not.
///
/// Lines and series that cannot be used are counted and the first of them described; the rest is kept.
///
/// # Errors
/// `Malformed` for what is none of these formats, or has no connection in it, with the line where
/// that is known. `CapacityExceeded` for more than [`MAX_CONNECTIONS`], and past [`MAX_DUMP_BYTES`] of
/// gzip. `Unsupported` for gzip without feature `gzip`.
///
/// ```
/// let text = br#"[{"t": 0, "stats": [{"id": "I1", "type": "inbound-rtp", "kind": "audio"}]}]"#;
/// let dump = streamgauge::webrtc::read_dump(text)?;
/// assert_eq!(dump.connections[0].monitor.tracks().len(), 1);
/// # Ok::<(), streamgauge::Error>(())
/// ```
pub fn read_dump(text: &[u8]) -> Result<Dump> {
    let mut reader = DumpReader::new();
    let text = if text.starts_with(b"\x1f\x8b") {
        gunzip(text, MAX_DUMP_BYTES, &mut reader)?
    } else {
        Cow::Borrowed(text)
    };
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    match detect(text) {
        Some(DumpFormat::Reports) => read_reports(text, &mut reader)?,
        Some(DumpFormat::WebrtcInternals) => internals::read(text, &mut reader)?,
        Some(DumpFormat::Rtcstats | DumpFormat::RtcstatsLegacy) => rtcstats::read(text, &mut reader)?,
        None => {
            let what = "no dump: neither rtcstats nor webrtc-internals nor an array of reports";
            let what = reader.problems.first().map_or(what, |problem| &problem.reason);
            return Err(Error::new(ErrorKind::Malformed, what).at_line(1));
        }
    }
    reader.finish()
}

/// Decompresses; what comes before damage is kept.
#[cfg(feature = "gzip")]
fn gunzip<'a>(bytes: &[u8], max_bytes: usize, reader: &mut DumpReader) -> Result<Cow<'a, [u8]>> {
    use std::io::Read;
    let mut text = Vec::new();
    let decoder = flate2::read::MultiGzDecoder::new(bytes);
    if decoder.take(max_bytes as u64 + 1).read_to_end(&mut text).is_err() {
        reader.truncated = true;
        reader.problem_without_line("the gzip data are damaged or cut off");
    }
    if text.len() > max_bytes {
        let message = format!("more than {max_bytes} bytes when decompressed");
        return Err(Error::new(ErrorKind::CapacityExceeded, message));
    }
    Ok(text.into())
}

/// Says that this build cannot.
#[cfg(not(feature = "gzip"))]
fn gunzip<'a>(_: &[u8], _: usize, _: &mut DumpReader) -> Result<Cow<'a, [u8]>> {
    let message = "the dump is gzipped and this build has no gzip: decompress it first";
    Err(Error::new(ErrorKind::Unsupported, message))
}

/// By the first characters: see the formats.
fn detect(text: &[u8]) -> Option<DumpFormat> {
    if text.starts_with(rtcstats::MAGIC) {
        return Some(DumpFormat::Rtcstats);
    }
    let text = text.trim_ascii_start();
    let second = text.get(1..).map(|rest| rest.trim_ascii_start().first().copied());
    match (text.first()?, second?) {
        (b'[', Some(b'{' | b']')) => Some(DumpFormat::Reports),
        (b'[', Some(_)) => Some(DumpFormat::RtcstatsLegacy),
        (b'{', _) => {
            // A line about the recorder, then events; or one object over the whole file.
            let next = text.iter().position(|byte| *byte == b'\n').map(|at| text[at..].trim_ascii_start());
            let events = next.is_some_and(|next| next.first() == Some(&b'['));
            Some(if events { DumpFormat::RtcstatsLegacy } else { DumpFormat::WebrtcInternals })
        }
        _ => None,
    }
}

/// An array of objects with a time in milliseconds (`t` or `timestamp`), the reports (`stats`) and,
/// for several connections, a name (`peer` or `id`), in that order or another.
fn read_reports(text: &[u8], reader: &mut DumpReader) -> Result<()> {
    reader.format = DumpFormat::Reports;
    let mut json = Json::new(text);
    let array = json.value()?;
    debug_assert!(matches!(array, Some(Value::Array)));
    let mut number = 0u64;
    loop {
        let item = match json.value() {
            Ok(Some(item)) => item,
            Ok(None) => return json.end(),
            Err(error) => return reader.cut_off_by(error, number > 0),
        };
        number += 1;
        let read = match item {
            Value::Object => read_report(&mut json),
            other => json.skip(&other).map(|()| None),
        };
        match read {
            Ok(Some((report, peer))) => reader.connection(&peer)?.record(report),
            Ok(None) => reader.problem_without_line(&format!("item {number} is no report with a time")),
            Err(error) => return reader.cut_off_by(error, number > 1),
        }
    }
}

fn read_report(json: &mut Json<'_>) -> Result<Option<(Report, String)>> {
    let mut report = Report::new(0);
    let (mut time_ms, mut peer, mut found) = (None, String::new(), false);
    while let Some(key) = json.key()? {
        let Some(value) = json.value()? else { break };
        match (&*key, value) {
            ("stats" | "report", value) => found |= report.read_value(json, value)?,
            ("t" | "timestamp" | "time", Value::Scalar(Scalar::Number(ms))) => time_ms = Some(ms),
            ("peer" | "id", Value::Scalar(Scalar::Text(name))) => peer = name.into_owned(),
            (_, other) => json.skip(&other)?,
        }
    }
    let time_us = time_ms.filter(|ms| ms.abs() < 9e12).map(|ms| (ms * 1e3).round() as Micros);
    Ok(time_us.filter(|_| found).map(|time_us| {
        report.set_time_us(time_us);
        (report, peer)
    }))
}

/// A dump being read.
#[derive(Debug)]
pub(super) struct DumpReader {
    pub(super) format: DumpFormat,
    connections: Vec<DumpConnection>,
    truncated: bool,
    problems: Vec<DumpProblem>,
    problem_count: u64,
}

impl DumpReader {
    fn new() -> DumpReader {
        DumpReader {
            format: DumpFormat::Reports,
            connections: Vec::new(),
            truncated: false,
            problems: Vec::new(),
            problem_count: 0,
        }
    }

    /// The connection of this id.
    ///
    /// # Errors
    /// `CapacityExceeded` when there are too many.
    pub(super) fn connection(&mut self, id: &str) -> Result<&mut DumpConnection> {
        let place = match self.connections.iter().position(|connection| connection.id == id) {
            Some(place) => place,
            None if self.connections.len() < MAX_CONNECTIONS => {
                // A dump is read as a whole; its rows are bounded by its size.
                let config = MonitorConfig { max_rows: usize::MAX, ..MonitorConfig::default() };
                self.connections.push(DumpConnection {
                    id: id.to_owned(),
                    monitor: Monitor::new(config)?,
                    events: Vec::new(),
                    unclassified_objects: 0,
                    invalid_members: 0,
                    steady: None,
                });
                self.connections.len() - 1
            }
            None => {
                let message = format!("more than {MAX_CONNECTIONS} connections");
                return Err(Error::new(ErrorKind::CapacityExceeded, message));
            }
        };
        Ok(&mut self.connections[place])
    }

    pub(super) fn problem(&mut self, line: u64, reason: &str) {
        self.note(Some(line), reason);
    }

    pub(super) fn problem_without_line(&mut self, reason: &str) {
        self.note(None, reason);
    }

    fn note(&mut self, line: Option<u64>, reason: &str) {
        self.problem_count += 1;
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(DumpProblem { line, reason: reason.to_owned() });
        }
    }

    /// The file ends in the middle of this line.
    pub(super) fn cut_off(&mut self, line: u64) {
        self.truncated = true;
        self.problem(line, "the file ends in the middle of this line");
    }

    /// The rest cannot be read: an error where nothing was read before.
    fn cut_off_by(&mut self, error: Error, something_read: bool) -> Result<()> {
        if !something_read {
            return Err(error);
        }
        self.truncated = true;
        self.note(error.line(), &format!("the rest cannot be read: {}", error.message()));
        Ok(())
    }

    /// Series that were cut at their beginning.
    pub(super) fn truncated(&mut self) {
        self.truncated = true;
    }

    fn finish(mut self) -> Result<Dump> {
        if self.connections.is_empty() {
            let first = self.problems.first();
            let reason = first.map_or("there is no connection in it", |problem| &problem.reason);
            let error = Error::new(ErrorKind::Malformed, format!("no dump: {reason}"));
            return Err(first
                .and_then(|problem| problem.line)
                .map_or(error.clone(), |line| error.at_line(line)));
        }
        for connection in &mut self.connections {
            let end_us = connection.monitor.latest().map_or(0, |row| row.time_us);
            connection.monitor.close(end_us);
        }
        let DumpReader { format, connections, truncated, problems, problem_count } = self;
        Ok(Dump { format, connections, truncated, problems, problem_count })
    }
}

impl DumpConnection {
    /// Takes the next report. Reports are in order, whatever clocks say.
    pub(super) fn record(&mut self, mut report: Report) {
        let timestamp_us = newest_timestamp_us(&report);
        let steady_us = match self.steady {
            None => 0,
            Some((steady_us, before_us, wall_us)) => {
                let step = timestamp_us.zip(before_us).map(|(now, before)| now.saturating_sub(before));
                // The same timestamps are the same report; a clock that stepped back tells nothing.
                let step = step
                    .filter(|step| *step >= 0)
                    .unwrap_or_else(|| report.time_us().saturating_sub(wall_us).max(1));
                steady_us.saturating_add(step)
            }
        };
        self.steady = Some((steady_us, timestamp_us, report.time_us()));
        report.set_monotonic_us(steady_us);
        // What is not taken is counted there.
        let _ = self.monitor.record(&report);
    }

    pub(super) fn event(&mut self, time_us: Micros, name: &str) {
        if self.events.len() < MAX_EVENTS {
            self.events.push(DumpEvent { time_us, name: name.to_owned() });
        }
    }

    /// Counts an object that was not read, for a type that is not looked at or for want of one.
    pub(super) fn count_unread(&mut self, has_type: bool) {
        self.unclassified_objects += u64::from(!has_type);
    }

    pub(super) fn count_invalid_member(&mut self) {
        self.invalid_members += 1;
    }
}

#[cfg(all(test, feature = "gzip"))]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzipped(text: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn what_comes_before_damage_is_kept() {
        let line = |second: u32| {
            let second = second + 1;
            format!(r#"{{"t": {second}000, "stats": [{{"id": "I{second}", "type": "inbound-rtp"}}]}}"#)
        };
        let text = format!("[{}]", (0..200).map(line).collect::<Vec<_>>().join(","));
        let whole = gzipped(text.as_bytes());
        let dump = read_dump(&whole).unwrap();
        assert_eq!((dump.truncated, dump.connections[0].monitor.counts().reports), (false, 200));
        let cut = read_dump(&whole[..whole.len() / 2]).unwrap();
        assert!(cut.truncated && cut.problem_count == 2, "{:?}", cut.problems);
        assert!((1..200).contains(&cut.connections[0].monitor.counts().reports));
        let error = read_dump(&whole[..12]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(error.message().contains("gzip"), "{error}");
    }

    #[test]
    fn a_bomb_is_refused() {
        let text = b"[]".repeat(500);
        let mut reader = DumpReader::new();
        assert_eq!(gunzip(&gzipped(&text), 1_000, &mut reader).unwrap(), text);
        let error = gunzip(&gzipped(&text), 999, &mut reader).unwrap_err();
        assert_eq!((error.kind(), reader.truncated), (ErrorKind::CapacityExceeded, false));
    }
}
