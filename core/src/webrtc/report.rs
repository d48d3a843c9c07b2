//! One getStats report: its objects with the members that are looked at.

use super::fields::StatType;
use crate::error::{Error, ErrorKind, Result};
use crate::time::Micros;

/// How many objects of a report are read; what is beyond is counted in [`ReportCounts::over_limit`].
pub const MAX_OBJECTS: usize = 8_192;

/// How many problems a report describes; all are counted.
const MAX_PROBLEMS: usize = 16;

/// What stands for a member that is no text.
const NO_TEXT: &str = "\u{1}";

/// Bytes that all texts of a report may have.
const MAX_TEXT_BYTES: usize = 16 << 20;

/// What could not be used of a report.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ReportCounts {
    /// Objects of types that are not looked at, such as certificates.
    pub other_types: u64,
    /// Objects without a type or an id.
    pub unidentified: u64,
    /// Objects beyond [`MAX_OBJECTS`].
    pub over_limit: u64,
    /// Members that are no number where one is expected, or no text.
    pub invalid_members: u64,
}

/// A member that could not be used, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MemberProblem {
    /// The id of the object.
    pub object: String,
    /// The member, or empty for the object itself.
    pub member: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// The value of a member, as JSON has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Member<'a> {
    /// A number.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// A text.
    Text(&'a str),
    /// Nothing: the member is absent.
    Null,
}

/// The objects of one getStats report. Absent is not zero: a member that is not there has no value.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub(super) time_us: Micros,
    pub(super) monotonic_us: Option<Micros>,
    objects: Vec<Entry>,
    numbers: Vec<f64>,
    text: String,
    /// Where each text ends; it starts where the one before does.
    text_ends: Vec<usize>,
    counts: ReportCounts,
    problems: Vec<MemberProblem>,
}

#[derive(Clone, Debug)]
struct Entry {
    stat_type: StatType,
    numbers_at: usize,
    texts_at: usize,
    inferred: bool,
    boundary: bool,
}

impl Report {
    /// An empty report that was asked for at `time_us` by the wall clock.
    pub fn new(time_us: Micros) -> Report {
        Report { time_us, ..Report::default() }
    }

    /// The same moment by a clock that never steps, such as `performance.now()`, in microseconds
    /// since anything: rates are taken over it, and steps of the wall clock are noticed.
    #[must_use]
    pub fn with_monotonic_us(mut self, monotonic_us: Micros) -> Report {
        self.monotonic_us = Some(monotonic_us);
        self
    }

    #[cfg(feature = "dumps")]
    pub(super) fn set_time_us(&mut self, time_us: Micros) {
        self.time_us = time_us;
    }

    #[cfg(feature = "dumps")]
    pub(super) fn set_monotonic_us(&mut self, monotonic_us: Micros) {
        self.monotonic_us = Some(monotonic_us);
    }

    /// Empties the report for another one; its memory is kept.
    pub fn reset(&mut self, time_us: Micros, monotonic_us: Option<Micros>) {
        self.time_us = time_us;
        self.monotonic_us = monotonic_us;
        self.objects.clear();
        self.numbers.clear();
        self.text.clear();
        self.text_ends.clear();
        self.counts = ReportCounts::default();
        self.problems.clear();
    }

    /// Adds an object, to be filled with [`ObjectMut::set`]; `None`, and counted, beyond
    /// [`MAX_OBJECTS`].
    ///
    /// ```
    /// use streamgauge::webrtc::{Member, Report, StatType};
    /// let mut report = Report::new(1_000_000);
    /// let mut object = report.push(StatType::Inbound, "IT01").unwrap();
    /// object.set("packetsReceived", Member::Number(10.0)).set("kind", Member::Text("video"));
    /// assert_eq!(report.len(), 1);
    /// ```
    pub fn push(&mut self, stat_type: StatType, id: &str) -> Option<ObjectMut<'_>> {
        if self.objects.len() >= MAX_OBJECTS || self.text.len() + id.len() > MAX_TEXT_BYTES {
            self.counts.over_limit += 1;
            return None;
        }
        let (numbers_at, texts_at) = (self.numbers.len(), self.text_ends.len());
        self.numbers.resize(numbers_at + stat_type.numbers().len(), f64::NAN);
        self.text.push_str(id);
        self.text_ends.resize(texts_at + stat_type.texts().len(), self.text.len());
        self.objects.push(Entry { stat_type, numbers_at, texts_at, inferred: false, boundary: false });
        Some(ObjectMut { report: self })
    }

    /// Adds an object by the name that its type has in W3C webrtc-stats, as [`Report::push`]; `None`, and
    /// counted, without a type or an id and for a type that is not looked at.
    pub fn push_named(&mut self, code: &str, id: &str) -> Option<ObjectMut<'_>> {
        if code.is_empty() || id.is_empty() {
            self.count_unidentified();
            return None;
        }
        let Some(stat_type) = StatType::of(code) else {
            self.count_other_type();
            return None;
        };
        self.push(stat_type, id)
    }

    /// Takes objects in columns, as a binding hands them over: a type each by its place in
    /// [`StatType::ALL`], their numbers one object after another in the order of
    /// [`StatType::numbers`] (NaN for an absent one, an infinity for one that is no number), their
    /// texts in the order of [`StatType::texts`], each ended by U+0000, U+0001 alone for one that is no
    /// text.
    ///
    /// # Errors
    /// `InvalidArgument` when the columns do not fit together; the report is empty then.
    pub fn fill_packed(&mut self, types: &[u8], numbers: &[f64], texts: &str) -> Result<()> {
        let filled = self.try_fill(types, numbers, texts);
        if filled.is_err() {
            self.reset(self.time_us, self.monotonic_us);
        }
        filled
    }

    fn try_fill(&mut self, types: &[u8], numbers: &[f64], texts: &str) -> Result<()> {
        let refuse = |what: String| Err(Error::new(ErrorKind::InvalidArgument, what));
        if texts.len() > MAX_TEXT_BYTES {
            return refuse(format!("{} bytes of texts, at most {MAX_TEXT_BYTES}", texts.len()));
        }
        let (mut number_at, mut text_at) = (0, 0);
        for (i, stat_type) in types.iter().enumerate() {
            let Some(stat_type) = StatType::ALL.get(usize::from(*stat_type)).copied() else {
                return refuse(format!("object {i} is of type {stat_type}, below {}", StatType::ALL.len()));
            };
            let Some(values) = numbers.get(number_at..number_at + stat_type.numbers().len()) else {
                return refuse(format!("{} numbers, too few for object {i}", numbers.len()));
            };
            number_at += values.len();
            let (numbers_at, texts_at) = (self.numbers.len(), self.text_ends.len());
            let keep = self.objects.len() < MAX_OBJECTS;
            let mut no_text = false;
            for _ in stat_type.texts() {
                let rest = &texts[text_at..];
                let Some(length) = memchr::memchr(0, rest.as_bytes()) else {
                    return refuse(format!("too few texts for object {i}"));
                };
                if keep {
                    let text = Some(&rest[..length]).filter(|text| *text != NO_TEXT);
                    self.text.push_str(text.unwrap_or(""));
                    self.text_ends.push(self.text.len());
                    no_text |= text.is_none();
                }
                text_at += length + 1;
            }
            if !keep {
                self.counts.over_limit += 1;
                continue;
            }
            self.numbers.extend_from_slice(values);
            self.objects.push(Entry { stat_type, numbers_at, texts_at, inferred: false, boundary: false });
            if values.iter().any(|value| value.is_infinite()) {
                self.drop_infinite();
            }
            if no_text {
                self.problem("", "a text is none");
            }
        }
        if number_at != numbers.len() || text_at != texts.len() {
            return refuse("more numbers or texts than objects have".into());
        }
        Ok(())
    }

    /// Replaces the infinite numbers of the last object by absent ones, counted.
    fn drop_infinite(&mut self) {
        let Some(entry) = self.objects.last() else { return };
        let (stat_type, at) = (entry.stat_type, entry.numbers_at);
        for (place, name) in stat_type.numbers().iter().enumerate() {
            if self.numbers[at + place].is_infinite() {
                self.numbers[at + place] = f64::NAN;
                self.problem(name, "it is no finite number");
            }
        }
    }

    /// Counts an object that has no type or id.
    pub fn count_unidentified(&mut self) {
        self.counts.unidentified += 1;
    }

    /// Counts an object of a type that is not looked at.
    pub fn count_other_type(&mut self) {
        self.counts.other_types += 1;
    }

    /// Notes a problem of the last object.
    fn problem(&mut self, member: &'static str, reason: &'static str) {
        self.counts.invalid_members += 1;
        if self.problems.len() < MAX_PROBLEMS {
            let object = self.objects().last().map_or_else(String::new, |object| object.id().to_owned());
            self.problems.push(MemberProblem { object, member, reason });
        }
    }

    /// When it was asked for, by the wall clock.
    pub fn time_us(&self) -> Micros {
        self.time_us
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// What could not be used.
    pub fn counts(&self) -> ReportCounts {
        self.counts
    }

    /// The first members that could not be used.
    pub fn problems(&self) -> &[MemberProblem] {
        &self.problems
    }

    /// The objects, in their order.
    pub(super) fn objects(&self) -> impl DoubleEndedIterator<Item = Object<'_>> + Clone {
        self.objects.iter().map(|entry| Object { report: self, entry })
    }
}

/// An object that is being filled.
#[derive(Debug)]
pub struct ObjectMut<'a> {
    report: &'a mut Report,
}

impl ObjectMut<'_> {
    /// Sets a member by its name; one that is not looked at is left out, one of the wrong type is
    /// counted.
    pub fn set(&mut self, name: &str, value: Member<'_>) -> &mut Self {
        let Some(entry) = self.report.objects.last() else { return self };
        let stat_type = entry.stat_type;
        if let Some(place) = stat_type.number(name) {
            self.set_number(place, value);
        } else if let Some(place) = stat_type.text(name)
            && place > 0
        {
            self.set_text(place, value);
        }
        self
    }

    /// Sets a number by its place in [`StatType::numbers`].
    pub(super) fn set_number(&mut self, place: usize, value: Member<'_>) {
        let Some(entry) = self.report.objects.last() else { return };
        let (at, name) = (entry.numbers_at + place, entry.stat_type.numbers()[place]);
        let number = match value {
            Member::Number(number) => number,
            Member::Bool(flag) => f64::from(u8::from(flag)),
            Member::Null => return self.report.numbers[at] = f64::NAN,
            Member::Text(_) => return self.report.problem(name, "it is a text, not a number"),
        };
        if !number.is_finite() {
            return self.report.problem(name, "it is no finite number");
        }
        self.report.numbers[at] = number;
    }

    /// Sets a text by its place in [`StatType::texts`]; each may be set once.
    pub(super) fn set_text(&mut self, place: usize, value: Member<'_>) {
        let report = &mut *self.report;
        let Some(entry) = report.objects.last() else { return };
        let name = entry.stat_type.texts()[place];
        let text = match value {
            Member::Text(text) => text,
            Member::Null => return,
            Member::Number(_) | Member::Bool(_) => return report.problem(name, "it is no text"),
        };
        if report.text.len() + text.len() > MAX_TEXT_BYTES {
            return report.problem(name, "the texts of the report are too long");
        }
        let (at, count) = (entry.texts_at, entry.stat_type.texts().len());
        let start = report.text_ends[at + place - 1];
        if report.text_ends[at + place] == start {
            // Those after it, if any were set before, move on.
            report.text.insert_str(start, text);
            report.text_ends[at + place..at + count].iter_mut().for_each(|end| *end += text.len());
        }
    }

    /// Says that its values were put in their place by a guess.
    #[cfg(feature = "dumps")]
    pub(super) fn mark_inferred(&mut self) {
        if let Some(entry) = self.report.objects.last_mut() {
            entry.inferred = true;
        }
    }

    /// Says that its counters restarted since the report before, even where they grew.
    pub fn mark_boundary(&mut self) {
        if let Some(entry) = self.report.objects.last_mut() {
            entry.boundary = true;
        }
    }
}

/// An object of a report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object<'a> {
    report: &'a Report,
    entry: &'a Entry,
}

impl<'a> Object<'a> {
    pub(super) fn stat_type(self) -> StatType {
        self.entry.stat_type
    }

    pub(super) fn id(self) -> &'a str {
        self.text(0usize)
    }

    /// A number of the module of its type.
    pub(super) fn number(self, place: impl Into<usize>) -> Option<f64> {
        let value = self.report.numbers[self.entry.numbers_at + place.into()];
        (!value.is_nan()).then_some(value)
    }

    /// A text of the module of its type; empty when absent.
    pub(super) fn text(self, place: impl Into<usize>) -> &'a str {
        let at = self.entry.texts_at + place.into();
        let start = if at == 0 { 0 } else { self.report.text_ends[at - 1] };
        &self.report.text[start..self.report.text_ends[at]]
    }

    /// When it was measured, in microseconds; every type has its timestamp (in milliseconds) first.
    pub(super) fn timestamp_us(self) -> Option<Micros> {
        let ms = self.number(0usize)?;
        (ms.abs() < 9e12).then_some((ms * 1e3).round() as Micros)
    }

    pub(super) fn is_inferred(self) -> bool {
        self.entry.inferred
    }

    pub(super) fn is_boundary(self) -> bool {
        self.entry.boundary
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::{inbound, outbound};
    use super::*;

    #[test]
    fn members_by_name() {
        let mut report = Report::new(0);
        let mut object = report.push(StatType::Outbound, "O1").unwrap();
        object
            .set("rid", Member::Text("f"))
            .set("kind", Member::Text("video"))
            .set("mid", Member::Text(""))
            .set("active", Member::Bool(true))
            .set("timestamp", Member::Number(1_795_230_279_057.483))
            .set("nackCount", Member::Text("3"))
            .set("bytesSent", Member::Number(f64::INFINITY))
            .set("firCount", Member::Number(f64::NAN))
            .set("nobodyKnowsThis", Member::Number(1.0))
            .set("qualityLimitationDurations.cpu", Member::Number(0.5));
        report.push(StatType::Inbound, "I2").unwrap().set("kind", Member::Text("audio"));
        let objects: Vec<Object> = report.objects().collect();
        assert_eq!((objects[0].id(), objects[0].text(outbound::Text::Kind)), ("O1", "video"));
        assert_eq!((objects[0].text(outbound::Text::Mid), objects[0].text(outbound::Text::Rid)), ("", "f"));
        assert_eq!(objects[0].number(outbound::Number::Active), Some(1.0));
        assert_eq!(objects[0].number(outbound::Number::LimitedCpu), Some(0.5));
        assert_eq!(objects[0].number(outbound::Number::NackCount), None);
        assert_eq!(objects[0].timestamp_us(), Some(1_795_230_279_057_483));
        assert_eq!((objects[1].id(), objects[1].text(inbound::Text::Kind)), ("I2", "audio"));
        assert_eq!(report.counts(), ReportCounts { invalid_members: 3, ..ReportCounts::default() });
        let members: Vec<&str> = report.problems().iter().map(|problem| problem.member).collect();
        assert_eq!(
            (members, &*report.problems()[0].object),
            (vec!["nackCount", "bytesSent", "firCount"], "O1")
        );
    }

    #[test]
    fn objects_by_the_name_of_their_type() {
        let mut report = Report::new(0);
        assert!(report.push_named("inbound-rtp", "I1").is_some());
        for (code, id) in [("certificate", "C1"), ("", "C1"), ("inbound-rtp", "")] {
            assert!(report.push_named(code, id).is_none());
        }
        let counts = ReportCounts { other_types: 1, unidentified: 2, ..ReportCounts::default() };
        assert_eq!((report.len(), report.counts()), (1, counts));
    }

    #[test]
    fn packed_is_checked() {
        let codec = StatType::Codec as u8;
        let mut report = Report::new(0);
        report.fill_packed(&[codec], &[1.0, 48_000.0, f64::NAN], "C1\0\u{1}\0").unwrap();
        assert_eq!((report.counts().invalid_members, report.objects().next().unwrap().text(1usize)), (1, ""));
        report.reset(0, None);
        report.fill_packed(&[codec], &[1.0, 48_000.0, f64::INFINITY], "C1\0audio/opus\0").unwrap();
        let object = report.objects().next().unwrap();
        assert_eq!(
            (object.id(), object.text(1usize), object.number(1usize)),
            ("C1", "audio/opus", Some(48_000.0))
        );
        assert_eq!((report.counts().invalid_members, report.problems()[0].member), (1, "payloadType"));
        for (types, numbers, texts) in [
            (&[200][..], &[0.0; 3][..], "C1\0a\0"),
            (&[codec], &[0.0; 2], "C1\0a\0"),
            (&[codec], &[0.0; 4], "C1\0a\0"),
            (&[codec], &[0.0; 3], "C1\0a"),
            (&[codec], &[0.0; 3], "C1\0a\0b\0"),
        ] {
            report.reset(0, None);
            let refused = report.fill_packed(types, numbers, texts).unwrap_err();
            assert_eq!((refused.kind(), report.len()), (ErrorKind::InvalidArgument, 0));
        }
    }

    #[test]
    fn a_flood_of_objects_is_bounded() {
        let mut report = Report::new(0);
        let pushed = (0..10_000).filter(|i| report.push(StatType::Codec, &i.to_string()).is_some()).count();
        assert_eq!((pushed, report.counts().over_limit), (MAX_OBJECTS, 10_000 - MAX_OBJECTS as u64));
    }
}
