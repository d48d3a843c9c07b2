//! Dumps of `chrome://webrtc-internals`: a series of values for each member of each object, without
//! the times of the values.
//!
//! The series of an object's timestamps gives the times. A member that came later than its object has
//! fewer values; where the times of its first and last do not tell the place, it is counted from the
//! end and its rows are marked as inferred. The page keeps 1,000 values of a series: one of that
//! length has lost its beginning.

use super::dump::{DumpConnection, DumpFormat, DumpReader};
use super::fields::StatType;
use super::json::{Json, Scalar, Value};
use super::report::{Member, Report};
use crate::error::{Error, ErrorKind, Result};
use crate::time::Micros;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// How many values of a series the page keeps.
const KEPT: usize = 1_000;

/// How far apart two times may be that are the same, rounded to milliseconds, in milliseconds.
const SLACK_MS: f64 = 1.5;

/// The values of one member.
#[derive(Debug, Default)]
struct Series {
    values: Vec<Scalar<'static>>,
    start_ms: Option<f64>,
    end_ms: Option<f64>,
}

/// The series of one object.
#[derive(Debug, Default)]
struct Object {
    stat_type: Option<StatType>,
    members: BTreeMap<String, Series>,
}

type Objects = BTreeMap<String, Object>;

/// Reads a dump.
pub(super) fn read(text: &[u8], reader: &mut DumpReader) -> Result<()> {
    reader.format = DumpFormat::WebrtcInternals;
    let mut json = Json::new(text);
    json.value()?;
    while let Some(key) = json.key()? {
        match json.value()? {
            Some(Value::Object) if key == "PeerConnections" => {
                while let Some(id) = json.key()? {
                    match json.value()? {
                        Some(Value::Object) => read_connection(&mut json, &id, reader)?,
                        Some(other) => json.skip(&other)?,
                        None => {}
                    }
                }
            }
            // Dumps of long ago have the connections at the top.
            Some(Value::Object) => read_connection(&mut json, &key, reader)?,
            Some(other) => json.skip(&other)?,
            None => {}
        }
    }
    json.end()
}

fn read_connection(json: &mut Json<'_>, id: &str, reader: &mut DumpReader) -> Result<()> {
    let mut objects = None;
    while let Some(key) = json.key()? {
        match json.value()? {
            Some(Value::Object) if key == "stats" => objects = Some(read_stats(json, reader)?),
            Some(other) => json.skip(&other)?,
            None => {}
        }
    }
    let Some(objects) = objects else { return Ok(()) };
    if objects.values().any(|object| object.members.values().any(|series| series.values.len() >= KEPT)) {
        reader.truncated();
    }
    replay(&objects, reader.connection(id)?);
    Ok(())
}

fn read_stats(json: &mut Json<'_>, reader: &mut DumpReader) -> Result<Objects> {
    let mut objects = Objects::new();
    while let Some(name) = json.key()? {
        let mut series = Series::default();
        let mut stat_type = None;
        match json.value()? {
            Some(Value::Object) => read_series(json, &name, &mut series, &mut stat_type, reader)?,
            Some(other) => json.skip(&other)?,
            None => {}
        }
        // Rates that the page worked out have brackets around their name.
        let Some((id, member)) = name.rsplit_once('-').filter(|_| !name.contains("-[")) else { continue };
        let object = objects.entry(id.to_owned()).or_default();
        let by_value = || series.values.last().filter(|_| member == "type").and_then(text);
        let code = stat_type.as_deref().or_else(by_value);
        object.stat_type = object.stat_type.or_else(|| code.and_then(StatType::of));
        object.members.insert(member.to_owned(), series);
    }
    Ok(objects)
}

fn read_series(
    json: &mut Json<'_>,
    name: &str,
    series: &mut Series,
    stat_type: &mut Option<String>,
    reader: &mut DumpReader,
) -> Result<()> {
    while let Some(key) = json.key()? {
        match (&*key, json.value()?) {
            ("values", Some(Value::Scalar(Scalar::Text(values)))) => {
                let mut json = Json::new(values.as_bytes());
                let read = match json.value() {
                    Ok(Some(Value::Array)) => read_values(&mut json),
                    Ok(_) => Err(Error::new(ErrorKind::Malformed, "no array")),
                    Err(error) => Err(error),
                };
                match read {
                    Ok(values) => series.values = values,
                    Err(error) => {
                        reader.problem_without_line(&format!("values of {name}: {}", error.message()))
                    }
                }
            }
            ("values", Some(Value::Array)) => series.values = read_values(json)?,
            ("startTime", Some(Value::Scalar(Scalar::Text(time)))) => series.start_ms = parse_time_ms(&time),
            ("endTime", Some(Value::Scalar(Scalar::Text(time)))) => series.end_ms = parse_time_ms(&time),
            ("statsType", Some(Value::Scalar(Scalar::Text(code)))) => *stat_type = Some(code.into_owned()),
            (_, Some(other)) => json.skip(&other)?,
            (_, None) => {}
        }
    }
    Ok(())
}

fn read_values(json: &mut Json<'_>) -> Result<Vec<Scalar<'static>>> {
    let mut values = Vec::new();
    while let Some(value) = json.value()? {
        values.push(match value {
            Value::Scalar(Scalar::Number(number)) => Scalar::Number(number),
            Value::Scalar(Scalar::Bool(flag)) => Scalar::Bool(flag),
            Value::Scalar(Scalar::Text(text)) => Scalar::Text(Cow::Owned(text.into_owned())),
            Value::Scalar(Scalar::Null) => Scalar::Null,
            other => {
                json.skip(&other)?;
                Scalar::Null
            }
        });
    }
    Ok(values)
}

/// An object with the time of each sample and, for each member that is looked at, what its place in
/// the samples is.
struct Placed<'a> {
    id: &'a str,
    stat_type: StatType,
    /// When each sample was taken, by the page; never falling.
    polls_us: Vec<Micros>,
    inferred: bool,
    members: Vec<PlacedMember<'a>>,
    next: usize,
}

struct PlacedMember<'a> {
    name: &'a str,
    values: &'a [Scalar<'static>],
    /// The sample of the first value.
    from: usize,
    inferred: bool,
}

/// Makes the reports again and has the monitor take them.
fn replay(objects: &Objects, dumped: &mut DumpConnection) {
    let mut placed: Vec<Placed<'_>> = Vec::new();
    for (id, object) in objects {
        let Some(stat_type) = object.stat_type else {
            dumped.count_unread(object.members.contains_key("type"));
            continue;
        };
        let Some((times_ms, inferred)) = object.times_ms() else { continue };
        let read = |name: &str| stat_type.number(name).is_some() || stat_type.text(name).is_some();
        let members = object.members.iter().filter(|(name, _)| read(name));
        let members = members.map(|(name, series)| series.place(name, &times_ms)).collect();
        let polls_us = times_ms.iter().map(|ms| (ms * 1e3).round() as Micros).collect();
        placed.push(Placed { id, stat_type, polls_us, inferred, members, next: 0 });
    }
    place_remote(&mut placed);
    let polls_us: BTreeSet<Micros> =
        placed.iter().flat_map(|object| object.polls_us.iter().copied()).collect();
    for poll_us in polls_us {
        let mut report = Report::new(poll_us);
        for object in &mut placed {
            object.add_to(poll_us, &mut report);
        }
        dumped.record(report);
    }
}

impl Object {
    /// The times of the samples in milliseconds, and whether they are guessed: evenly from the first to
    /// the last, for a dump that does not say them.
    fn times_ms(&self) -> Option<(Vec<f64>, bool)> {
        if let Some(series) = self.members.get("timestamp") {
            let mut latest = f64::NEG_INFINITY;
            let times = series.values.iter().map(|value| {
                latest = number(value).filter(|ms| ms.abs() < 9e12).unwrap_or(latest).max(latest);
                latest
            });
            let times: Vec<f64> = times.collect();
            return times.first().is_some_and(|first| first.is_finite()).then_some((times, false));
        }
        let longest = self.members.values().max_by_key(|series| series.values.len())?;
        let (start_ms, end_ms) = longest.start_ms.zip(longest.end_ms)?;
        let steps = longest.values.len().checked_sub(1)?.max(1) as f64;
        let time = |i: usize| start_ms + (end_ms - start_ms).max(0.0) * i as f64 / steps;
        Some(((0..longest.values.len()).map(time).collect(), true))
    }
}

impl Series {
    /// Its place among the samples of its object.
    fn place<'a>(&'a self, name: &'a str, times_ms: &[f64]) -> PlacedMember<'a> {
        let (count, samples) = (self.values.len(), times_ms.len());
        if count >= samples {
            let values = &self.values[count - samples..];
            return PlacedMember { name, values, from: 0, inferred: count > samples };
        }
        // The times of its first and last value must fit one place only: what the other side says has
        // the same time in many samples, and a member may be missing in between.
        let is = |sample: usize, time: Option<f64>| {
            time.zip(times_ms.get(sample)).is_some_and(|(time, sample)| (sample - time).abs() <= SLACK_MS)
        };
        let known = (0..=samples - count).filter(|_| count > 0).find(|from| {
            let (first, last) = (*from, from + count - 1);
            is(first, self.start_ms)
                && is(last, self.end_ms)
                && !is(last + 1, self.end_ms)
                && (first == 0 || !is(first - 1, self.start_ms))
        });
        let (from, inferred) = known.map_or((samples - count, true), |from| (from, false));
        PlacedMember { name, values: &self.values, from, inferred }
    }
}

impl Placed<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        let member = self.members.iter().find(|member| member.name == name)?;
        member.values.iter().rev().find_map(text)
    }

    /// Adds what it was at a poll, if it was there.
    fn add_to(&mut self, poll_us: Micros, report: &mut Report) {
        let mut sample = None;
        while self.polls_us.get(self.next) == Some(&poll_us) {
            sample = Some(self.next);
            self.next += 1;
        }
        let Some(sample) = sample else { return };
        let Some(mut object) = report.push(self.stat_type, self.id) else { return };
        let mut inferred = self.inferred;
        for member in &self.members {
            inferred |= member.inferred;
            if let Some(value) = sample.checked_sub(member.from).and_then(|at| member.values.get(at)) {
                object.set(member.name, value.as_member());
            }
        }
        if inferred {
            object.mark_inferred();
        }
    }
}

/// Puts what the other side said to the polls at which it was read: its own timestamps say when it
/// arrived. It is there until its stream goes, so its samples are counted from the end; that is
/// confirmed where each change came between two polls.
fn place_remote(placed: &mut [Placed<'_>]) {
    for i in 0..placed.len() {
        if !placed[i].stat_type.is_remote() {
            continue;
        }
        let local_id = placed[i].text("localId");
        let local = local_id.and_then(|id| placed.iter().find(|object| object.id == id));
        // Without its stream, all that was ever polled.
        let polls_us: Vec<Micros> = match local {
            Some(local) => local.polls_us.clone(),
            None => {
                let local = placed.iter().filter(|object| !object.stat_type.is_remote());
                local
                    .flat_map(|object| object.polls_us.iter().copied())
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect()
            }
        };
        let object = &mut placed[i];
        let excess = object.polls_us.len().saturating_sub(polls_us.len());
        object.next = 0;
        let arrived_us = object.polls_us.split_off(excess);
        for member in &mut object.members {
            member.from = member.from.saturating_sub(excess);
        }
        let from = polls_us.len() - arrived_us.len();
        let slack_us = (SLACK_MS * 1e3) as Micros;
        let confirmed = arrived_us.windows(2).enumerate().all(|(j, pair)| {
            let (before, poll) = (polls_us[from + j], polls_us[from + j + 1]);
            pair[0] == pair[1] || (before - slack_us < pair[1] && pair[1] <= poll + slack_us)
        });
        object.inferred |= !confirmed || excess > 0;
        object.polls_us = polls_us[from..].to_vec();
    }
}

fn number(value: &Scalar<'static>) -> Option<f64> {
    match value.as_member() {
        Member::Number(number) => Some(number),
        _ => None,
    }
}

fn text<'a>(value: &'a Scalar<'static>) -> Option<&'a str> {
    match value.as_member() {
        Member::Text(text) => Some(text),
        _ => None,
    }
}

/// Milliseconds since the epoch of a time such as `2026-11-20T00:04:09.057Z`.
fn parse_time_ms(time: &str) -> Option<f64> {
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<u32>().ok();
    let punctuated = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")];
    if !punctuated.into_iter().all(|(at, mark)| time.get(at..at + 1) == Some(mark)) || !time.ends_with('Z') {
        return None;
    }
    let (year, month, day) = (i64::from(number(0, 4)?), i64::from(number(5, 7)?), i64::from(number(8, 10)?));
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since the epoch, with years that begin in March so that the leap day is the last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 1
        - 719_468;
    let seconds: f64 = time.get(17..time.len() - 1)?.parse().ok()?;
    let minutes = days as f64 * 1440.0 + f64::from(number(11, 13)?) * 60.0 + f64::from(number(14, 16)?);
    Some(minutes * 60_000.0 + seconds * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(parse_time_ms("1970-01-01T00:00:00.000Z"), Some(0.0));
        assert_eq!(parse_time_ms("2026-11-21T03:04:09.057Z"), Some(1_795_230_249_057.0));
        assert_eq!(parse_time_ms("2024-02-29T23:59:59Z"), Some(1_709_251_199_000.0));
        for bad in
            ["", "2026-11-21", "2026-13-21T03:04:09.057Z", "2026-11-21T03:04:09.057", "2026-11-21T03:04:é9Z"]
        {
            assert_eq!(parse_time_ms(bad), None, "{bad}");
        }
    }
}
