//! Dumps of rtcstats: a JSON array a line, reports as what changed since the one before.
//!
//! After <https://github.com/rtcstats/rtcstats> (file format 3), and the older form without its first
//! line, in which times are absolute and a timestamp of 0 stands for that of the whole report.

use super::dump::{DumpConnection, DumpFormat, DumpReader};
use super::fields::StatType;
use super::json::{Json, Members, Scalar, Value};
use super::report::{Member, Report};
use crate::error::{Error, ErrorKind, Result};
use crate::time::Micros;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The first line of file format 3.
pub(super) const MAGIC: &[u8] = b"RTCStatsDump\n";

/// Times in milliseconds from here on are absolute, smaller ones relative to the event before: a
/// recorder that connects again begins with an absolute one.
const ABSOLUTE_MS: f64 = 1e11;

/// An object as the reports so far have it.
#[derive(Clone, Debug)]
struct Known {
    stat_type: StatType,
    /// In the order of [`StatType::numbers`], NaN for absent ones.
    numbers: Vec<f64>,
    /// In the order of [`StatType::texts`], empty for absent ones.
    texts: Vec<String>,
}

/// An object that changed, `None` for one that is gone.
type Change<'a> = (Cow<'a, str>, Option<Members<'a>>);

/// What is known of a connection.
#[derive(Debug, Default)]
pub(super) struct Delta {
    objects: BTreeMap<String, Known>,
}

/// Reads all lines of a dump.
pub(super) fn read(text: &[u8], reader: &mut DumpReader) -> Result<()> {
    let (body, before) = text.strip_prefix(MAGIC).map_or((text, 0), |body| (body, 1));
    reader.format = if before == 1 { DumpFormat::Rtcstats } else { DumpFormat::RtcstatsLegacy };
    let mut now_ms = 0.0;
    let mut states: BTreeMap<String, Delta> = BTreeMap::new();
    for (i, line) in body.split(|byte| *byte == b'\n').enumerate() {
        let number = i as u64 + 1 + before;
        let ended = line.as_ptr_range().end < body.as_ptr_range().end;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match read_line(line, &mut now_ms, &mut states, reader) {
            Ok(()) => {}
            // The last line of a file that was cut off, or is being written.
            Err(_) if !ended => reader.cut_off(number),
            Err(error) => reader.problem(number, error.message()),
        }
    }
    Ok(())
}

/// The parts of an event that matter: `[method, connection, value, ..., time]`.
fn read_line(
    line: &[u8],
    now_ms: &mut f64,
    states: &mut BTreeMap<String, Delta>,
    reader: &mut DumpReader,
) -> Result<()> {
    let mut json = Json::new(line);
    match json.value()? {
        Some(Value::Array) => {}
        // What the recorder says of itself; its times are not to be relied on.
        Some(object @ Value::Object) => {
            json.skip(&object)?;
            return json.end();
        }
        _ => return Err(malformed("neither an event nor an object")),
    }
    let method = match json.value()? {
        Some(Value::Scalar(Scalar::Text(method))) => method,
        Some(Value::Scalar(Scalar::Number(number))) => Cow::Owned(number.to_string()),
        _ => return Err(malformed("an event without a method")),
    };
    let connection = match json.value()? {
        Some(Value::Scalar(Scalar::Text(connection))) => Some(connection),
        Some(Value::Scalar(_)) => None,
        _ => return Err(malformed("an event without a connection")),
    };
    let is_report = matches!(&*method, "g" | "1" | "getStats" | "getstats");
    let mut members = Members::new();
    let mut changes: Vec<Change<'_>> = Vec::new();
    let mut report_ms = None;
    match json.value()? {
        Some(Value::Object) if is_report => {
            while let Some(id) = json.key()? {
                match json.value()?.ok_or_else(|| malformed("a name without a value"))? {
                    Value::Object => {
                        json.members(&mut members)?;
                        changes.push((id, Some(std::mem::take(&mut members))));
                    }
                    Value::Scalar(Scalar::Null) => changes.push((id, None)),
                    Value::Scalar(Scalar::Number(ms)) if id == "t" || id == "timestamp" => {
                        report_ms = Some(ms);
                    }
                    other => json.skip(&other)?,
                }
            }
        }
        Some(value) if !is_report => json.skip(&value)?,
        _ => return Err(malformed("a report that is no object")),
    }
    let mut time = None;
    while let Some(value) = json.value()? {
        time = match &value {
            Value::Scalar(Scalar::Number(ms)) => Some(*ms),
            _ => None,
        };
        json.skip(&value)?;
    }
    json.end()?;
    let time = time.filter(|ms| ms.abs() < 9e12).ok_or_else(|| malformed("an event without a time"))?;
    *now_ms = if time >= ABSOLUTE_MS { time } else { *now_ms + time };
    let time_us = (*now_ms * 1e3).round() as Micros;
    let Some(connection) = connection else { return Ok(()) };
    let dumped = reader.connection(&connection)?;
    if is_report {
        let state = states.entry(connection.into_owned()).or_default();
        state.apply(&changes, report_ms, dumped);
        dumped.record(state.report(time_us));
    } else {
        dumped.event(time_us, method_name(&method));
    }
    Ok(())
}

impl Known {
    fn new(stat_type: StatType) -> Known {
        Known {
            stat_type,
            numbers: vec![f64::NAN; stat_type.numbers().len()],
            texts: vec![String::new(); stat_type.texts().len()],
        }
    }

    /// Sets a member; `false` when it is of the wrong type.
    fn set(&mut self, name: &str, value: &Scalar<'_>) -> bool {
        if let Some(place) = self.stat_type.number(name) {
            self.numbers[place] = match value {
                Scalar::Number(number) => *number,
                Scalar::Bool(flag) => f64::from(u8::from(*flag)),
                Scalar::Null | Scalar::Text(_) => f64::NAN,
            };
            return !matches!(value, Scalar::Text(_));
        }
        let Some(place) = self.stat_type.text(name) else { return true };
        self.texts[place].clear();
        match value {
            Scalar::Text(text) => self.texts[place].push_str(text),
            // A compressed reference to an object by its number.
            Scalar::Number(number) => self.texts[place].push_str(&number.to_string()),
            Scalar::Null => {}
            Scalar::Bool(_) => return false,
        }
        true
    }
}

impl Delta {
    /// Applies what changed. A null object is gone, a null member too; 0, false and an empty text are
    /// values like any other.
    fn apply(&mut self, changes: &[Change<'_>], report_ms: Option<f64>, dumped: &mut DumpConnection) {
        // A timestamp is left out where it is that of the whole report, and where it did not change:
        // what is measured on this side is measured anew every time, what the other side says is not.
        if let Some(ms) = report_ms {
            let local = self.objects.values_mut().filter(|known| !known.stat_type.is_remote());
            local.for_each(|known| known.numbers[0] = ms);
        }
        for (id, members) in changes {
            let Some(members) = members else {
                self.objects.remove(&**id);
                continue;
            };
            let stat_type = type_of(members);
            let known = self.objects.remove(&**id);
            let known = known.filter(|known| stat_type.is_none_or(|stat_type| stat_type == known.stat_type));
            let known = known.or_else(|| stat_type.map(Known::new));
            let Some(mut known) = known else {
                dumped.count_unread(members.iter().any(|(name, _)| name == "type"));
                continue;
            };
            known.numbers[0] = report_ms.unwrap_or(known.numbers[0]);
            for (name, value) in members {
                let name = property(name);
                let of_report = name == "timestamp" && matches!(value, Scalar::Number(0.0));
                if !of_report && !known.set(name, value) {
                    dumped.count_invalid_member();
                }
            }
            self.objects.insert(id.to_string(), known);
        }
    }

    fn report(&self, time_us: Micros) -> Report {
        let mut report = Report::new(time_us);
        for (id, known) in &self.objects {
            let Some(mut object) = report.push(known.stat_type, id) else { continue };
            for (place, value) in known.numbers.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
                object.set_number(place, Member::Number(*value));
            }
            for (place, value) in known.texts.iter().enumerate().skip(1) {
                object.set_text(place, Member::Text(value));
            }
        }
        report
    }
}

/// The type of an object, by its name or the number that stands for it.
fn type_of(members: &Members<'_>) -> Option<StatType> {
    let (_, value) = members.iter().find(|(name, _)| name == "type")?;
    match value {
        Scalar::Text(code) => StatType::of(code),
        Scalar::Number(number) => Some(match *number as i64 {
            1 => StatType::Inbound,
            2 => StatType::Outbound,
            3 => StatType::RemoteInbound,
            4 => StatType::RemoteOutbound,
            5 => StatType::Transport,
            6 => StatType::CandidatePair,
            7 => StatType::LocalCandidate,
            8 => StatType::RemoteCandidate,
            9 => StatType::DataChannel,
            12 => StatType::MediaSource,
            14 => StatType::Codec,
            _ => return None,
        }),
        _ => None,
    }
}

/// The name of a member that stands there by its number, as far as it is looked at.
fn property(name: &str) -> &str {
    let (number, nested) = name.split_once('.').map_or((name, ""), |(number, nested)| (number, nested));
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return if name == "t" { "timestamp" } else { name };
    }
    match number {
        "4" => "payloadType",
        "5" => "transportId",
        "6" => "mimeType",
        "7" => "clockRate",
        "10" => "ssrc",
        "11" => "kind",
        "12" => "codecId",
        "14" => "packetsReceived",
        "15" => "packetsLost",
        "16" => "jitter",
        "17" => "trackIdentifier",
        "18" => "mid",
        "19" => "remoteId",
        "20" => "framesDecoded",
        "21" => "keyFramesDecoded",
        "22" => "framesDropped",
        "23" => "frameWidth",
        "24" => "frameHeight",
        "25" => "framesPerSecond",
        "26" => "qpSum",
        "27" => "totalDecodeTime",
        "30" => "pauseCount",
        "31" => "totalPausesDuration",
        "32" => "freezeCount",
        "33" => "totalFreezesDuration",
        "35" => "headerBytesReceived",
        "36" => "packetsDiscarded",
        "37" => "fecPacketsReceived",
        "38" => "fecPacketsDiscarded",
        "41" => "bytesReceived",
        "42" => "nackCount",
        "43" => "firCount",
        "44" => "pliCount",
        "45" => "totalProcessingDelay",
        "47" => "jitterBufferDelay",
        "48" => "jitterBufferTargetDelay",
        "49" => "jitterBufferEmittedCount",
        "51" => "totalSamplesReceived",
        "52" => "concealedSamples",
        "53" => "silentConcealedSamples",
        "54" => "concealmentEvents",
        "55" => "insertedSamplesForDeceleration",
        "56" => "removedSamplesForAcceleration",
        "57" => "audioLevel",
        "60" => "framesReceived",
        "61" => "decoderImplementation",
        "68" => "retransmittedPacketsReceived",
        "69" => "retransmittedBytesReceived",
        "74" => "localId",
        "75" => "roundTripTime",
        "76" => "totalRoundTripTime",
        "77" => "fractionLost",
        "78" => "roundTripTimeMeasurements",
        "79" => "packetsSent",
        "80" => "bytesSent",
        "81" => "mediaSourceId",
        "82" => "rid",
        "84" => "headerBytesSent",
        "85" => "retransmittedPacketsSent",
        "86" => "retransmittedBytesSent",
        "87" => "targetBitrate",
        "89" => "framesSent",
        "90" => "hugeFramesSent",
        "91" => "framesEncoded",
        "92" => "keyFramesEncoded",
        "93" => "totalEncodeTime",
        "94" => "totalPacketSendDelay",
        "95" => "qualityLimitationReason",
        "96" => match nested {
            "none" => "qualityLimitationDurations.none",
            "bandwidth" => "qualityLimitationDurations.bandwidth",
            "cpu" => "qualityLimitationDurations.cpu",
            _ => "qualityLimitationDurations.other",
        },
        "97" => "qualityLimitationResolutionChanges",
        "98" => "encoderImplementation",
        "100" => "active",
        "101" => "scalabilityMode",
        "106" => "width",
        "107" => "height",
        "115" => "label",
        "116" => "protocol",
        "118" => "state",
        "119" => "messagesSent",
        "120" => "messagesReceived",
        "123" => "dtlsState",
        "124" => "iceState",
        "125" => "selectedCandidatePairId",
        "132" => "selectedCandidatePairChanges",
        "136" => "candidateType",
        "139" => "relayProtocol",
        "145" => "networkType",
        "148" => "localCandidateId",
        "149" => "remoteCandidateId",
        "150" => "nominated",
        "152" => "currentRoundTripTime",
        "153" => "availableOutgoingBitrate",
        "154" => "availableIncomingBitrate",
        "158" => "responsesReceived",
        _ => "",
    }
}

/// The name of a method that stands there by its number, as far as it says what became of a
/// connection.
fn method_name(method: &str) -> &str {
    match method {
        "4" => "createAnswer",
        "2" => "createOffer",
        "6" => "setLocalDescription",
        "8" => "setRemoteDescription",
        "22" => "ontrack",
        "23" => "onsignalingstatechange",
        "24" => "oniceconnectionstatechange",
        "25" => "onconnectionstatechange",
        "28" => "ondatachannel",
        "30" => "addTrack",
        "32" => "addTransceiver",
        "34" => "removeTrack",
        "35" => "createDataChannel",
        "36" => "close",
        "37" => "restartIce",
        "39" => "create",
        "50" => "setParameters",
        "51" => "replaceTrack",
        "70" => "MediaStreamTrack.stop",
        "72" => "MediaStreamTrack.onended",
        "73" => "MediaStreamTrack.onmute",
        "74" => "MediaStreamTrack.onunmute",
        other => other,
    }
}

fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::Malformed, what)
}
