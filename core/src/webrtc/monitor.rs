//! The monitor of one peer connection.

use super::counts::Counts;
use super::fields::{StatType, codec, inbound, media_source, outbound, remote_inbound, remote_outbound};
use super::history::{ConnectionColumn as C, ConnectionRow, Flags, History, TrackRow};
use super::report::{MemberProblem, Object, Report, ReportCounts};
use super::stream::{Moment, Seen, Step, Stream};
use super::track::{Flow, Track, TrackDelta, TrackKey};
use super::transport::{ConnectionTotals, SelectedPair, Transports, newest_timestamp_us, skew_us};
use crate::error::{Error, ErrorKind, Result};
use crate::ledger::Totals;
use crate::rtp::MediaKind;
use crate::time::{Micros, SECOND_US};
use std::collections::HashMap;

/// Limits and choices of a [`Monitor`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MonitorConfig {
    /// Whether the connection is watched from its beginning, so that what the first report shows was
    /// counted from zero. A stream that is new in a later report always was.
    pub from_start: bool,
    /// How many rows of each track, and of the connection, are kept.
    pub max_rows: usize,
    /// How many tracks there may be, those that are gone included. For a new one the longest gone is
    /// forgotten; where none is gone the new one is not taken, and counted.
    pub max_tracks: usize,
    /// How many RTP streams are remembered, those that are gone included, in the same way.
    pub max_streams: usize,
    /// By how much clocks may move apart from one report to the next without a flag.
    pub max_skew_us: Micros,
}

impl Default for MonitorConfig {
    /// An hour at one report a second, 256 tracks, 1,024 streams, a second.
    fn default() -> MonitorConfig {
        MonitorConfig {
            from_start: false,
            max_rows: 3_600,
            max_tracks: 256,
            max_streams: 1_024,
            max_skew_us: SECOND_US,
        }
    }
}

/// What happened to a monitor. Only grows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct MonitorCounts {
    /// Reports taken.
    pub reports: u64,
    /// Reports that were not: no later than the one before, by any clock.
    pub rejected_reports: u64,
    /// Counters that restarted, of streams and of what is under them.
    pub resets: u64,
    /// Streams that were replaced, or said to have restarted.
    pub boundaries: u64,
    /// Reports after more time than usual.
    pub gaps: u64,
    /// Reports at which clocks had moved apart.
    pub skews: u64,
    /// Reports that were cut off.
    pub truncated: u64,
    /// Members that are no number, no text, negative, or no whole number where one is expected.
    pub invalid_members: u64,
    /// Objects without an id, a type or a kind.
    pub unidentified: u64,
    /// Objects of types that are not looked at.
    pub other_types: u64,
    /// Streams for which there was no room.
    pub rejected_streams: u64,
    /// Tracks that were forgotten; what they counted stays in the totals of the connection.
    pub forgotten_tracks: u64,
}

impl MonitorCounts {
    /// Every count with its name, in their order.
    pub fn fields(&self) -> [(&'static str, u64); 12] {
        [
            ("reports", self.reports),
            ("rejected_reports", self.rejected_reports),
            ("resets", self.resets),
            ("boundaries", self.boundaries),
            ("gaps", self.gaps),
            ("skews", self.skews),
            ("truncated", self.truncated),
            ("invalid_members", self.invalid_members),
            ("unidentified", self.unidentified),
            ("other_types", self.other_types),
            ("rejected_streams", self.rejected_streams),
            ("forgotten_tracks", self.forgotten_tracks),
        ]
    }
}

/// Watches one peer connection through its getStats reports.
///
/// Totals never fall: not when an object leaves the report, nor when its counters restart. What was
/// not measured is absent.
///
/// ```
/// use streamgauge::webrtc::{Member, Metric, Monitor, MonitorConfig, Report, StatType, TrackColumn};
/// let mut monitor = Monitor::new(MonitorConfig::default())?;
/// for (second, bytes) in [(0, 1_000.0), (1, 126_000.0)] {
///     let mut report = Report::new(second * 1_000_000);
///     let mut object = report.push(StatType::Inbound, "IT01").unwrap();
///     object.set("kind", Member::Text("video")).set("bytesReceived", Member::Number(bytes));
///     monitor.record(&report)?;
/// }
/// let track = &monitor.tracks()[0];
/// assert_eq!(track.latest().unwrap().get(TrackColumn::PayloadBitrate), Some(1e6));
/// assert_eq!(track.totals().get(Metric::PayloadBytes), Some(125_000));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Monitor {
    config: MonitorConfig,
    tracks: Vec<Track>,
    streams: HashMap<Box<str>, Stream>,
    transports: Transports,
    /// By flow: what all tracks counted, forgotten ones included.
    sums: [Counts; 2],
    counts: MonitorCounts,
    problems: Vec<MemberProblem>,
    /// Untaken deltas of forgotten tracks.
    departed: Vec<TrackDelta>,
    taken_us: Option<Micros>,
    first: Option<Moment>,
    before: Option<Moment>,
    skew_before_us: Micros,
    cadence: Cadence,
    history: History<{ C::ALL.len() }>,
    latest: Option<ConnectionRow>,
    closed: bool,
}

impl Monitor {
    /// A monitor that has seen nothing.
    ///
    /// # Errors
    /// `InvalidArgument` for a limit of 0 tracks or streams, or a negative skew.
    pub fn new(config: MonitorConfig) -> Result<Monitor> {
        let limits = [("max_tracks", config.max_tracks), ("max_streams", config.max_streams)];
        if let Some((name, _)) = limits.into_iter().find(|(_, limit)| *limit == 0) {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("{name} is 0, at least 1")));
        }
        if config.max_skew_us < 0 {
            let message = format!("max_skew_us is {}, at least 0", config.max_skew_us);
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        Ok(Monitor {
            config,
            tracks: Vec::new(),
            streams: HashMap::new(),
            transports: Transports::default(),
            sums: [Counts::default(); 2],
            counts: MonitorCounts::default(),
            problems: Vec::new(),
            departed: Vec::new(),
            taken_us: None,
            first: None,
            before: None,
            skew_before_us: 0,
            cadence: Cadence::default(),
            history: History::new(config.max_rows),
            latest: None,
            closed: false,
        })
    }

    /// Takes a report. One that is no later than the report before is not taken, which loses nothing:
    /// its counters are in the next one.
    ///
    /// Gives the flags of the connection's row.
    ///
    /// # Errors
    /// `TimeWentBack` for a report no later than the one before, by the steady clock where both have
    /// one; it is counted. `Closed` after [`Monitor::close`].
    pub fn record(&mut self, report: &Report) -> Result<Flags> {
        if self.closed {
            return Err(Error::new(ErrorKind::Closed, "the monitor is closed"));
        }
        let now = Moment {
            monotonic_us: report.monotonic_us,
            timestamp_us: newest_timestamp_us(report),
            time_us: report.time_us,
        };
        let time_us = self.time_of_row(&now)?;
        self.counts.reports += 1;
        let number = self.counts.reports;
        let took_us = self.before.and_then(|before| now.since(&before));
        let mut flags = self.clock_flags(&now, took_us);
        self.count(report.counts(), report.problems());
        flags |= Flags::TRUNCATED.when(report.counts().over_limit > 0);
        let seen = Seen {
            report: number,
            monotonic_us: report.monotonic_us,
            time_us: report.time_us,
            before: self.before,
            origin_known: self.config.from_start || self.before.is_some(),
        };
        let resets = self.counts.resets + self.transports.resets;
        flags |= self.record_streams(report, &seen, time_us, flags);
        let mut row = ConnectionRow::new(time_us, flags);
        for track in &mut self.tracks {
            let added = track.end_row(number, TrackRow::new(time_us, flags | Flags::ABSENT));
            let Some(added) = added else { continue };
            let latest = track.latest().and_then(|row| row.get(super::TrackColumn::PayloadBitrate));
            let (sum, column) = match track.key().flow {
                Flow::Inbound => (&mut self.sums[0], C::InboundPayloadBitrate),
                Flow::Outbound => (&mut self.sums[1], C::OutboundPayloadBitrate),
            };
            sum.add(&added);
            row.add(column, latest);
            row.add(C::Tracks, Some(1.0));
        }
        self.transports.record(report, number, took_us, seen.origin_known, &mut row);
        row.flags |= Flags::RESET.when(self.counts.resets + self.transports.resets > resets);
        row.set(C::ClockSkew, self.first.and_then(|first| skew_us(&now, &first)).map(|us| us as f64));
        self.counts.truncated += u64::from(row.flags.has(Flags::TRUNCATED));
        self.first.get_or_insert(now);
        self.before = Some(now);
        self.latest = Some(row);
        self.history.push(&row);
        Ok(row.flags)
    }

    /// The time that the rows of a report have: its own, or, where the wall clock stepped back, the
    /// latest row's and what the steady clock says has passed.
    fn time_of_row(&mut self, now: &Moment) -> Result<Micros> {
        let (Some(before), Some(latest)) = (self.before, self.latest) else { return Ok(now.time_us) };
        let steady_us =
            now.monotonic_us.zip(before.monotonic_us).map(|(now, before)| now.saturating_sub(before));
        match steady_us {
            Some(passed_us) if passed_us > 0 => {
                let after_us = latest.time_us.saturating_add(passed_us);
                return Ok(if now.time_us > latest.time_us { now.time_us } else { after_us });
            }
            None if now.time_us > before.time_us => return Ok(now.time_us),
            _ => {}
        }
        self.counts.rejected_reports += 1;
        let message = format!("a report at {} is not after the one at {}", now.time_us, before.time_us);
        Err(Error::new(ErrorKind::TimeWentBack, message))
    }

    /// Gaps and clocks that moved apart.
    fn clock_flags(&mut self, now: &Moment, took_us: Option<Micros>) -> Flags {
        let mut flags = Flags::NONE;
        if let Some(skew_us) = self.first.and_then(|first| skew_us(now, &first)) {
            let moved_us = skew_us.saturating_sub(self.skew_before_us).saturating_abs();
            flags |= Flags::SKEW.when(moved_us > self.config.max_skew_us);
            self.skew_before_us = skew_us;
        }
        if let Some(before) = self.before {
            // Of a suspend only the wall clock may know.
            let wall_us = now.time_us.saturating_sub(before.time_us);
            flags |= Flags::GAP.when(self.cadence.is_gap(wall_us.max(took_us.unwrap_or(0))));
        }
        self.counts.gaps += u64::from(flags.has(Flags::GAP));
        self.counts.skews += u64::from(flags.has(Flags::SKEW));
        flags
    }

    fn count(&mut self, counts: ReportCounts, problems: &[MemberProblem]) {
        self.counts.invalid_members += counts.invalid_members;
        self.counts.unidentified += counts.unidentified;
        self.counts.other_types += counts.other_types;
        let room = MAX_PROBLEMS.saturating_sub(self.problems.len());
        self.problems.extend(problems.iter().take(room).cloned());
    }

    /// Takes every RTP stream into the open row of its track; gives flags for the connection's row.
    fn record_streams(&mut self, report: &Report, seen: &Seen, time_us: Micros, flags: Flags) -> Flags {
        let index = Index::new(report);
        let mut found = Flags::NONE;
        let rejected = self.counts.rejected_streams;
        for object in report.objects() {
            let outbound = match object.stat_type() {
                StatType::Inbound => false,
                StatType::Outbound => true,
                _ => continue,
            };
            let remote = index.remote(outbound, object);
            let Some((track, mut step)) = self.step(outbound, object, remote, &index, seen) else { continue };
            let inferred = object.is_inferred() || remote.is_some_and(Object::is_inferred);
            step.flags |= Flags::INFERRED.when(inferred);
            found |= Flags::INFERRED.when(inferred);
            self.counts.invalid_members += step.rejected;
            self.counts.resets += step.resets;
            self.counts.boundaries += u64::from(step.flags.has(Flags::BOUNDARY));
            let track = &mut self.tracks[track];
            track.set_mime(index.mime(outbound, object));
            track.take_stream(time_us, flags, object, remote, &step);
        }
        found | Flags::TRUNCATED.when(self.counts.rejected_streams > rejected)
    }

    /// What a stream added, and the place of its track; `None`, and counted, where there is no room or
    /// it has no kind.
    fn step(
        &mut self,
        outbound: bool,
        object: Object<'_>,
        remote: Option<Object<'_>>,
        index: &Index<'_>,
        seen: &Seen,
    ) -> Option<(usize, Step)> {
        if let Some(stream) = self.streams.get_mut(object.id()) {
            let step = stream.next(outbound, object, remote, seen);
            return Some((stream.track, step));
        }
        let Some(key) = index.key(outbound, object) else {
            self.counts.unidentified += 1;
            return None;
        };
        let track = self.room_for_stream(seen.report).then(|| self.track_of(key, seen)).flatten();
        let Some(track) = track else {
            self.counts.rejected_streams += 1;
            return None;
        };
        let replaces = self.streams.values().any(|stream| stream.track == track && stream.seen < seen.report)
            && !self.streams.values().any(|stream| stream.track == track && stream.seen == seen.report);
        let (stream, mut step) = Stream::first(track, outbound, object, remote, seen);
        step.flags |= Flags::BOUNDARY.when(replaces);
        self.streams.insert(object.id().into(), stream);
        Some((track, step))
    }

    /// Makes room for a stream, at the cost of the one that is gone for longest.
    fn room_for_stream(&mut self, report: u64) -> bool {
        if self.streams.len() < self.config.max_streams {
            return true;
        }
        let gone = self.streams.iter().filter(|(_, stream)| stream.seen + 1 < report);
        let oldest = gone.min_by_key(|(id, stream)| (stream.seen, (*id).clone())).map(|(id, _)| id.clone());
        oldest.is_some_and(|id| self.streams.remove(&id).is_some())
    }

    /// The place of a track, made where there is none; `None` where there is no room.
    fn track_of(&mut self, key: TrackKey, seen: &Seen) -> Option<usize> {
        if let Some(place) = self.tracks.iter().position(|track| *track.key() == key) {
            return Some(place);
        }
        let start_us = self.before.map_or(seen.time_us, |before| before.time_us.min(seen.time_us));
        let track = Track::new(key, start_us, self.config.max_rows).ok()?;
        if self.tracks.len() < self.config.max_tracks {
            self.tracks.push(track);
            return Some(self.tracks.len() - 1);
        }
        let gone = self.tracks.iter().enumerate().filter(|(_, track)| track.seen + 1 < seen.report);
        let place = gone.min_by_key(|(_, track)| track.seen)?.0;
        let mut old = std::mem::replace(&mut self.tracks[place], track);
        self.streams.retain(|_, stream| stream.track != place);
        self.counts.forgotten_tracks += 1;
        if self.taken_us.is_some() {
            old.close(seen.time_us);
            self.departed.extend(old.take(seen.time_us));
        }
        Some(place)
    }

    /// What each track added since this was called last, for telemetry: tracks that added nothing are
    /// left out. The sum of all deltas is the total.
    pub fn take(&mut self, now_us: Micros) -> Vec<TrackDelta> {
        self.taken_us = Some(now_us);
        let mut deltas = std::mem::take(&mut self.departed);
        deltas.extend(self.tracks.iter_mut().filter_map(|track| track.take(now_us)));
        deltas
    }

    /// Ends the monitor: [`Monitor::take`] gives the last delta of each track, once. `false` when it
    /// was closed already.
    pub fn close(&mut self, now_us: Micros) -> bool {
        let closes = !self.closed;
        if closes {
            self.closed = true;
            self.tracks.iter_mut().for_each(|track| track.close(now_us));
        }
        closes
    }

    /// The tracks, in the order in which they appeared.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// The track in `flow` of this name.
    pub fn track(&self, flow: Flow, name: &str) -> Option<&Track> {
        self.tracks.iter().find(|track| track.key().flow == flow && track.key().name == name)
    }

    /// What all tracks of a flow counted since the monitor began, also those that are gone. No counter
    /// ever falls.
    pub fn totals(&self, flow: Flow) -> &Counts {
        match flow {
            Flow::Inbound => &self.sums[0],
            Flow::Outbound => &self.sums[1],
        }
    }

    /// What transports and data channels counted.
    pub fn connection_totals(&self) -> &ConnectionTotals {
        self.transports.totals()
    }

    /// The candidate pair in use; absent before there is one.
    pub fn selected_pair(&self) -> Option<&SelectedPair> {
        self.transports.selected()
    }

    /// The connection's row of the latest report.
    pub fn latest(&self) -> Option<&ConnectionRow> {
        self.latest.as_ref()
    }

    /// The connection's rows.
    pub fn history(&self) -> &History<{ C::ALL.len() }> {
        &self.history
    }

    /// What happened so far.
    pub fn counts(&self) -> MonitorCounts {
        MonitorCounts { resets: self.counts.resets + self.transports.resets, ..self.counts }
    }

    /// The first members that could not be used.
    pub fn problems(&self) -> &[MemberProblem] {
        &self.problems
    }
}

/// How many problems a monitor describes; all are counted.
const MAX_PROBLEMS: usize = 100;

/// How far apart reports usually are.
#[derive(Clone, Debug, Default)]
struct Cadence {
    latest_us: Vec<Micros>,
}

impl Cadence {
    /// How many intervals tell what is usual.
    const MEMORY: usize = 16;

    /// Whether an interval is more than 2.5 times the median of those before, of which there must be
    /// three.
    fn is_gap(&mut self, interval_us: Micros) -> bool {
        let mut sorted = self.latest_us.clone();
        sorted.sort_unstable();
        let usual_us = sorted.get(sorted.len() / 2).copied().filter(|_| sorted.len() >= 3);
        let gap = usual_us.is_some_and(|usual_us| interval_us / 5 > usual_us / 2);
        if !gap {
            if self.latest_us.len() >= Cadence::MEMORY {
                self.latest_us.remove(0);
            }
            self.latest_us.push(interval_us);
        }
        gap
    }
}

/// Objects that others name.
struct Index<'a> {
    /// What the other side said, by the id of the stream here.
    remote_by_local: HashMap<&'a str, Object<'a>>,
    /// The same by whether it is of a sent stream and the SSRC, as the bits of a number.
    remote_by_ssrc: HashMap<(bool, u64), Object<'a>>,
    codecs: HashMap<&'a str, Object<'a>>,
    sources: HashMap<&'a str, Object<'a>>,
}

impl<'a> Index<'a> {
    fn new(report: &'a Report) -> Index<'a> {
        let mut index = Index {
            remote_by_local: HashMap::new(),
            remote_by_ssrc: HashMap::new(),
            codecs: HashMap::new(),
            sources: HashMap::new(),
        };
        for object in report.objects() {
            match object.stat_type() {
                StatType::RemoteInbound => {
                    use remote_inbound::{Number, Text};
                    index.add_remote(true, object, object.text(Text::LocalId), object.number(Number::Ssrc));
                }
                StatType::RemoteOutbound => {
                    use remote_outbound::{Number, Text};
                    index.add_remote(false, object, object.text(Text::LocalId), object.number(Number::Ssrc));
                }
                StatType::Codec => drop(index.codecs.insert(object.id(), object)),
                StatType::MediaSource => drop(index.sources.insert(object.id(), object)),
                _ => {}
            }
        }
        index
    }

    fn add_remote(&mut self, outbound: bool, object: Object<'a>, local: &'a str, ssrc: Option<f64>) {
        if !local.is_empty() {
            self.remote_by_local.insert(local, object);
        }
        if let Some(ssrc) = ssrc {
            self.remote_by_ssrc.insert((outbound, ssrc.to_bits()), object);
        }
    }

    fn remote(&self, outbound: bool, object: Object<'_>) -> Option<Object<'a>> {
        let ssrc = if outbound {
            object.number(outbound::Number::Ssrc)
        } else {
            object.number(inbound::Number::Ssrc)
        };
        let by_ssrc = || self.remote_by_ssrc.get(&(outbound, ssrc?.to_bits()));
        self.remote_by_local.get(object.id()).or_else(by_ssrc).copied()
    }

    fn mime(&self, outbound: bool, object: Object<'_>) -> &'a str {
        let id =
            if outbound { object.text(outbound::Text::CodecId) } else { object.text(inbound::Text::CodecId) };
        self.codecs.get(id).map_or("", |codec| codec.text(codec::Text::MimeType))
    }

    /// Which track a stream belongs to; `None` for a stream of no known kind.
    fn key(&self, outbound: bool, object: Object<'_>) -> Option<TrackKey> {
        let (flow, kind, names) = if outbound {
            use outbound::Text as T;
            let source = self.sources.get(object.text(T::MediaSourceId));
            let source = source.map_or("", |source| source.text(media_source::Text::TrackIdentifier));
            (Flow::Outbound, object.text(T::Kind), [object.text(T::Mid), source])
        } else {
            use inbound::Text as T;
            (Flow::Inbound, object.text(T::Kind), [object.text(T::TrackIdentifier), object.text(T::Mid)])
        };
        let kind = match kind {
            "audio" => MediaKind::Audio,
            "video" => MediaKind::Video,
            _ => return None,
        };
        let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or(object.id());
        Some(TrackKey { flow, kind, name: name.to_owned() })
    }
}
