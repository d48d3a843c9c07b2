//! JSON as getStats reports come in it: an array of objects, a map of them by id, or pairs of both.

use super::report::{Member, Report};
use crate::error::{Error, ErrorKind, Result};
use crate::time::Micros;
use json_event_parser::{JsonEvent, SliceJsonParser};
use std::borrow::Cow;

/// A scalar of JSON.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    Number(f64),
    Bool(bool),
    Text(Cow<'a, str>),
    Null,
}

impl Scalar<'_> {
    pub(super) fn as_member(&self) -> Member<'_> {
        match self {
            Scalar::Number(number) => Member::Number(*number),
            Scalar::Bool(flag) => Member::Bool(*flag),
            Scalar::Text(text) => Member::Text(text),
            Scalar::Null => Member::Null,
        }
    }
}

/// The members of an object: those of a nested one with a dot in their name. Arrays are left out.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, Scalar<'a>)>;

/// How deep JSON may be nested.
const MAX_DEPTH: usize = 64;

/// What begins a value.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Object,
    Array,
    Scalar(Scalar<'a>),
}

/// Reads JSON one value after another.
pub(super) struct Json<'a> {
    parser: SliceJsonParser<'a>,
    depth: usize,
}

impl<'a> Json<'a> {
    pub(super) fn new(text: &'a [u8]) -> Json<'a> {
        Json { parser: SliceJsonParser::new(text), depth: 0 }
    }

    fn event(&mut self) -> Result<JsonEvent<'a>> {
        let event = self.parser.parse_next().map_err(|error| {
            let (line, message) = (error.location().start.line + 1, error.message().to_lowercase());
            Error::new(ErrorKind::Malformed, format!("no JSON: {message}")).at_line(line)
        })?;
        match event {
            JsonEvent::StartObject | JsonEvent::StartArray => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    let message = format!("JSON nested deeper than {MAX_DEPTH}");
                    return Err(Error::new(ErrorKind::Malformed, message));
                }
            }
            JsonEvent::EndObject | JsonEvent::EndArray => self.depth -= 1,
            _ => {}
        }
        Ok(event)
    }

    /// The next value; its members or items are to be read. `None` at the end of an array.
    pub(super) fn value(&mut self) -> Result<Option<Value<'a>>> {
        Ok(Some(match self.event()? {
            JsonEvent::StartObject => Value::Object,
            JsonEvent::StartArray => Value::Array,
            JsonEvent::String(text) => Value::Scalar(Scalar::Text(text)),
            // Any text that JSON takes for a number is one for Rust; past the range it is infinite.
            JsonEvent::Number(text) => Value::Scalar(Scalar::Number(text.parse().unwrap_or(f64::NAN))),
            JsonEvent::Boolean(flag) => Value::Scalar(Scalar::Bool(flag)),
            JsonEvent::Null => Value::Scalar(Scalar::Null),
            JsonEvent::EndArray => return Ok(None),
            JsonEvent::Eof => return Err(Error::new(ErrorKind::Malformed, "no JSON: nothing is there")),
            JsonEvent::EndObject | JsonEvent::ObjectKey(_) => return Err(misplaced()),
        }))
    }

    /// The next name of an object; `None` at its end.
    pub(super) fn key(&mut self) -> Result<Option<Cow<'a, str>>> {
        match self.event()? {
            JsonEvent::ObjectKey(key) => Ok(Some(key)),
            JsonEvent::EndObject => Ok(None),
            _ => Err(misplaced()),
        }
    }

    /// Reads over what is left of a value.
    pub(super) fn skip(&mut self, value: &Value<'_>) -> Result<()> {
        if matches!(value, Value::Scalar(_)) {
            return Ok(());
        }
        let outside = self.depth - 1;
        while self.depth > outside {
            self.event()?;
        }
        Ok(())
    }

    /// The scalar members of an object that has begun.
    pub(super) fn members(&mut self, members: &mut Members<'a>) -> Result<()> {
        members.clear();
        self.members_of(members, "")
    }

    fn members_of(&mut self, members: &mut Members<'a>, outer: &str) -> Result<()> {
        while let Some(key) = self.key()? {
            let name = if outer.is_empty() { key } else { Cow::Owned(format!("{outer}.{key}")) };
            match self.value()?.ok_or_else(misplaced)? {
                Value::Scalar(scalar) => members.push((name, scalar)),
                Value::Object => self.members_of(members, &name)?,
                array @ Value::Array => self.skip(&array)?,
            }
        }
        Ok(())
    }

    /// That nothing follows.
    pub(super) fn end(&mut self) -> Result<()> {
        match self.event()? {
            JsonEvent::Eof => Ok(()),
            _ => Err(misplaced()),
        }
    }
}

fn misplaced() -> Error {
    Error::new(ErrorKind::Malformed, "no JSON: a value or name stands where none can")
}

/// The text of a member.
pub(super) fn text_of<'m>(members: &'m Members<'_>, name: &str) -> Option<&'m str> {
    members.iter().find(|(known, _)| known == name).and_then(|(_, value)| match value {
        Scalar::Text(text) => Some(&**text),
        _ => None,
    })
}

impl Report {
    /// Reads a report: an array of stats objects, an object that has them by their ids (what
    /// `Object.fromEntries(report)` gives), an array of pairs of both (`[...report]`), or any of these
    /// in an object as `stats`.
    ///
    /// Objects and members that cannot be used are counted, see [`Report::counts`].
    ///
    /// # Errors
    /// `Malformed`, with the line, for what is no JSON or has no objects in it.
    ///
    /// ```
    /// let json = br#"[{"id": "IT1", "type": "inbound-rtp", "kind": "audio", "packetsReceived": 5}]"#;
    /// assert_eq!(streamgauge::webrtc::Report::from_json(json, 1_000_000)?.len(), 1);
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn from_json(text: &[u8], time_us: Micros) -> Result<Report> {
        let mut report = Report::new(time_us);
        let mut json = Json::new(text);
        let value = json.value()?.ok_or_else(misplaced)?;
        if !report.read_value(&mut json, value)? {
            return Err(Error::new(ErrorKind::Malformed, "no report: neither an array nor an object"));
        }
        json.end()?;
        Ok(report)
    }

    /// Reads a report that has begun with `value`; `false` when it is none.
    pub(super) fn read_value<'a>(&mut self, json: &mut Json<'a>, value: Value<'a>) -> Result<bool> {
        let mut members = Members::new();
        match value {
            Value::Array => {
                while let Some(item) = json.value()? {
                    match item {
                        Value::Object => {
                            json.members(&mut members)?;
                            self.add(text_of(&members, "id").unwrap_or(""), &members);
                        }
                        Value::Array => self.read_pair(json, &mut members)?,
                        Value::Scalar(_) => self.count_unidentified(),
                    }
                }
                Ok(true)
            }
            Value::Object => {
                while let Some(key) = json.key()? {
                    match json.value()?.ok_or_else(misplaced)? {
                        Value::Object => {
                            json.members(&mut members)?;
                            self.add(&key, &members);
                        }
                        array @ Value::Array if key == "stats" => drop(self.read_value(json, array)?),
                        other => json.skip(&other)?,
                    }
                }
                Ok(true)
            }
            Value::Scalar(_) => Ok(false),
        }
    }

    fn read_pair<'a>(&mut self, json: &mut Json<'a>, members: &mut Members<'a>) -> Result<()> {
        let mut id = Cow::Borrowed("");
        let mut found = false;
        while let Some(item) = json.value()? {
            match item {
                Value::Scalar(Scalar::Text(text)) => id = text,
                Value::Object => {
                    json.members(members)?;
                    self.add(&id, members);
                    found = true;
                }
                other => json.skip(&other)?,
            }
        }
        if !found {
            self.count_unidentified();
        }
        Ok(())
    }

    /// Adds an object by its members.
    fn add(&mut self, id: &str, members: &Members<'_>) {
        let code = text_of(members, "type").unwrap_or("");
        if let Some(mut object) = self.push_named(code, id) {
            for (name, value) in members {
                object.set(name, value.as_member());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::{inbound, outbound};
    use super::*;

    #[test]
    fn the_four_forms_are_one_report() {
        let object = r#"{"id": "O\u0031", "type": "outbound-rtp", "mid": "0", "active": false, "more": [1, {"a": 2}],
            "qualityLimitationDurations": {"cpu": 1.5, "none": 2}, "packetsSent": 7}"#;
        for text in [
            format!("[{object}]"),
            format!("{{\"O1\": {object}}}"),
            format!("[[\"O1\", {object}]]"),
            format!("{{\"t\": 5, \"peer\": \"a\", \"stats\": [{object}]}}"),
        ] {
            let report = Report::from_json(text.as_bytes(), 5).unwrap();
            let object = report.objects().next().unwrap();
            assert_eq!((object.id(), object.text(outbound::Text::Mid)), ("O1", "0"), "{text}");
            assert_eq!(object.number(outbound::Number::Active), Some(0.0));
            assert_eq!(object.number(outbound::Number::LimitedCpu), Some(1.5));
            assert_eq!(object.number(outbound::Number::PacketsSent), Some(7.0));
            assert_eq!((report.len(), report.time_us()), (1, 5));
        }
    }

    #[test]
    fn what_cannot_be_used_is_counted() {
        let text = br#"[{"id": "a", "type": "certificate"}, {"type": "inbound-rtp"}, {"id": "b"}, 5, [1],
            {"id": "c", "type": "inbound-rtp", "packetsLost": "3", "jitter": null, "nackCount": 1e999}]"#;
        let report = Report::from_json(text, 0).unwrap();
        let counts = report.counts();
        assert_eq!((counts.other_types, counts.unidentified, counts.invalid_members), (1, 4, 2));
        assert_eq!(report.objects().next().unwrap().number(inbound::Number::Jitter), None);
    }

    #[test]
    fn no_json_has_a_place() {
        for (text, line) in
            [("", Some(1)), ("[\n{\"id\": }]", Some(2)), ("[] []", Some(1)), ("[{\"id\": \"a\"", Some(1))]
        {
            let error = Report::from_json(text.as_bytes(), 0).unwrap_err();
            assert_eq!((error.kind(), error.line()), (ErrorKind::Malformed, line), "{text}: {error}");
        }
        assert_eq!(Report::from_json(b"5", 0).unwrap_err().kind(), ErrorKind::Malformed);
        let deep = "[".repeat(100_000);
        assert_eq!(Report::from_json(deep.as_bytes(), 0).unwrap_err().kind(), ErrorKind::Malformed);
    }
}
