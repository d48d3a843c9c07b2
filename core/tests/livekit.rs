//! LiveKit's own code as the oracle: what it reads in our protobuf, and what its stats worker makes
//! of the same samples. The answers are recorded in tests/oracle/livekit by
//! `cargo xtask oracle livekit --update`, which says how.

#![cfg(all(feature = "proto", feature = "serde"))]

#[path = "livekit/play.rs"]
mod play;

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use streamgauge::rtp::Packet;
use streamgauge::telemetry::{
    Direction, LayerTotals, Role, RtcpSample, Telemetry, TelemetryConfig, TrackKey, TrackKind, TrackTotals,
};
use streamgauge::wire::{self, AnalyticsStat, AnalyticsStream, Timestamp};

/// Where we say something else than LiveKit's worker: case, flush, stat, field, and why. A
/// difference that is not here fails, and so does one here that is gone.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("before_the_join", "0 PA_1 TR_1 UPSTREAM primary_packets", BEFORE_THE_JOIN),
    ("before_the_join", "0 PA_1 TR_1 UPSTREAM primary_bytes", BEFORE_THE_JOIN),
    ("before_the_join", "0 PA_1 TR_1 UPSTREAM frames", BEFORE_THE_JOIN),
    ("before_the_join", "0 PA_1 TR_1 UPSTREAM start_time", BEFORE_THE_JOIN),
    ("counts_over_32_bits", "0 PA_1 TR_1 UPSTREAM primary_packets", OVERFLOW),
    ("data_track", "0 PA_1 TR_D UPSTREAM start_time", NO_TIMES),
    ("data_track", "0 PA_1 TR_D UPSTREAM end_time", NO_TIMES),
    ("data_track", "1 PA_1 TR_D DOWNSTREAM start_time", NO_TIMES),
    ("data_track", "1 PA_1 TR_D DOWNSTREAM end_time", NO_TIMES),
    ("late_corrections", "0 PA_1 TR_1 DOWNSTREAM primary_packets", DROPPED),
    ("late_corrections", "0 PA_1 TR_1 DOWNSTREAM primary_bytes", DROPPED),
    ("late_corrections", "0 PA_1 TR_1 DOWNSTREAM frames", DROPPED),
    ("late_corrections", "0 PA_1 TR_1 DOWNSTREAM packets_lost", DROPPED),
    ("late_corrections", "0 PA_1 TR_1 DOWNSTREAM end_time", DROPPED),
    ("late_corrections", "0 PA_1 TR_1 DOWNSTREAM score", DROPPED),
    ("late_corrections", "0 PA_1 TR_1 DOWNSTREAM min_score", DROPPED),
    ("late_corrections", "0 PA_1 TR_1 DOWNSTREAM median_score", DROPPED),
    ("only_a_correction", "1 PA_1 TR_1 DOWNSTREAM start_time", DROPPED),
    ("only_a_correction", "1 PA_1 TR_1 DOWNSTREAM end_time", DROPPED),
    ("only_a_correction", "2 PA_1 TR_1 DOWNSTREAM packets_lost", DROPPED),
    ("sample_of_zeros", "1 PA_1 TR_1 UPSTREAM", ZEROS),
    ("simulcast", "0 PA_1 TR_1 UPSTREAM frames", SIMULCAST),
    ("simulcast", "1 PA_1 TR_1 UPSTREAM frames", SIMULCAST),
];

const BEFORE_THE_JOIN: &str = "its worker begins at the join, and samples from before it are dropped";
const OVERFLOW: &str = "it adds in 32 bits, which wrap; we split the count over several stats";
const NO_TIMES: &str =
    "its byte counters say no times, and the worker takes that for 1970; we say the interval";
const DROPPED: &str = "it drops a whole sample, bytes and score too, for a correction of the loss, and has the \
     times of year 1 when none is left; we hold the correction back against the next loss";
const ZEROS: &str =
    "a sample in which nothing happened is a stat; with us it is one where emit_idle asks for it";
const SIMULCAST: &str = "it adds the frame rates of simulcast layers; with us the best layer counts";

fn read(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/oracle/livekit").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn parse(name: &str) -> Value {
    serde_json::from_slice(&read(name)).unwrap()
}

/// FNV-1a, as the oracle notes it of its inputs.
fn hash(bytes: &[u8]) -> String {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix))
}

#[test]
fn the_answers_are_to_these_inputs() {
    let answers = parse("answers.json");
    for name in ["cases.json", "encoded.json"] {
        assert_eq!(answers["inputs"][name], hash(&read(name)), "run cargo xtask oracle livekit --update");
    }
}

#[test]
fn livekit_reads_what_we_wrote() {
    let reports = reports();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let encoded: BTreeMap<&str, String> =
        reports.iter().map(|(name, stats)| (*name, hex(&prost::Message::encode_to_vec(stats)))).collect();
    let text = serde_json::to_string_pretty(&encoded).unwrap() + "\n";
    if std::env::var_os("STREAMGAUGE_UPDATE").is_some() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/oracle/livekit/encoded.json");
        std::fs::write(path, &text).unwrap();
        return;
    }
    assert_eq!(String::from_utf8(read("encoded.json")).unwrap(), text, "the bytes that LiveKit was given");
    let answers = parse("answers.json");
    assert_eq!(answers["decoded"].as_object().unwrap().len(), reports.len());
    for (name, stats) in &reports {
        let ours: Vec<Value> = stats.stats.iter().map(stat_json).collect();
        assert_eq!(answers["decoded"][name], Value::Array(ours), "{name}");
    }
}

/// What is encoded: every field with a value of its own, counts that are split, nothing, and what
/// text and time may hold.
fn reports() -> Vec<(&'static str, wire::AnalyticsStats)> {
    let telemetry = Telemetry::new(TelemetryConfig::default()).unwrap();
    let key = |participant: &str, direction, kind| TrackKey {
        participant: participant.into(),
        track: "TR_video".into(),
        direction,
        role: Role::Edge,
        kind,
        source: "camera".into(),
        mime: "video/VP8".into(),
        country: "nz".into(),
    };
    let begin = 1_700_000_000_123_456;
    telemetry.identify("PA_up", "RM_1", "a room", begin).unwrap();
    telemetry.identify("PA_\u{1f3a5}", "", "\u{e9}t\u{e9} \"quoted\"", begin).unwrap();
    let up = telemetry.open(key("PA_up", Direction::Upstream, TrackKind::Video), begin).unwrap();
    up.set_layer(7, 2);
    let packet = |n: u64, more: Packet| Packet {
        arrival_us: begin + n as i64 * 10_000,
        rtp_timestamp: (n * 900) as u32,
        wire_bytes: 1012,
        header_bytes: 12,
        payload_type: 96,
        ..more
    };
    let media = [0, 2, 1, 5].map(|n| packet(n, Packet { ssrc: 7, sequence: n as u16, ..Packet::default() }));
    up.record(&media);
    up.record(
        &[1, 2, 3].map(|n| {
            packet(n, Packet { ssrc: 8, sequence: n as u16, flags: Packet::RTX, ..Packet::default() })
        }),
    );
    up.record(&[packet(
        5,
        Packet { ssrc: 7, sequence: 6, wire_bytes: 212, padding_bytes: 200, ..Packet::default() },
    )]);
    let sample =
        RtcpSample { rtt_us: Some(31_400), jitter_us: Some(70_000), lost: 0, nacks: 3, plis: 2, firs: 1 };
    up.record_rtcp(begin, &sample);
    [4.75, 1.25, 3.5].into_iter().for_each(|score| up.record_score(score));
    let down = telemetry.open(key("PA_\u{1f3a5}", Direction::Downstream, TrackKind::Data), begin).unwrap();
    down.record_message(begin + 1, 70_000);
    let everything = telemetry.flush(begin + 5_000_000).unwrap().stats;
    let mut ids = 0;
    let mut id = || {
        ids += 1;
        format!("AS_{ids}")
    };
    let mut split = everything[0].clone();
    split.totals =
        TrackTotals { primary_packets: 5_000_000_000, primary_bytes: u64::MAX, ..TrackTotals::default() };
    split.layer = Some((1, LayerTotals { packets: 3_000_000_000, bytes: 7, frames: 1 }));
    let mut early = everything[0].clone();
    (early.time_us, early.interval.start_us, early.interval.end_us) =
        (-1, i64::from(i32::MIN) * 1_000_000, -1_500_000);
    vec![
        ("everything", wire::analytics(&everything, "ND_1", &mut id)),
        ("split", wire::analytics(&[split], "ND_1", &mut id)),
        ("before_1970", wire::analytics(&[early], "", &mut id)),
        ("nothing", wire::analytics(&[], "ND_1", &mut id)),
    ]
}

#[test]
fn its_worker_says_the_same() {
    let (cases, answers) = (parse("cases.json"), parse("answers.json"));
    let mut found = BTreeSet::new();
    let mut equal = 0;
    for case in cases.as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let theirs = answers["worker"][name].as_array().unwrap();
        let ours = play::play(case);
        assert_eq!(ours.len(), theirs.len(), "{name}");
        let before = found.len();
        for (i, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
            let (ours, theirs) =
                (by_key(ours.iter().map(stat_json)), by_key(theirs.as_array().unwrap().iter().cloned()));
            for key in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
                let fields = match (ours.get(key), theirs.get(key)) {
                    (Some(ours), Some(theirs)) => differing(ours, theirs),
                    _ => vec![String::new()],
                };
                found.extend(fields.iter().map(|field| {
                    let place = format!("{i} {key} {field}");
                    (name.to_owned(), place.trim_end().to_owned())
                }));
            }
        }
        equal += usize::from(found.len() == before);
    }
    let known: BTreeSet<(String, String)> =
        DIFFERENCES.iter().map(|(case, place, _)| ((*case).to_owned(), (*place).to_owned())).collect();
    assert_eq!(known.len(), DIFFERENCES.len(), "a difference is listed twice");
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(new.is_empty() && gone.is_empty(), "not listed: {new:#?}\nlisted and gone: {gone:#?}");
    assert!(equal >= 10, "only {equal} cases are equal in everything");
}

/// Stats by participant, track and direction. One that was split is put together again.
fn by_key(stats: impl Iterator<Item = Value>) -> BTreeMap<String, Map<String, Value>> {
    let mut all: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for stat in stats {
        let text = |field: &str| stat[field].as_str().unwrap().to_owned();
        let key = [text("participant_id"), text("track_id"), text("kind")].join(" ");
        let mut flat = stat.as_object().unwrap().clone();
        // Our wire gives each stat its id; the worker leaves that to who sends it.
        flat.remove("id");
        let mut streams = flat.remove("streams").unwrap();
        let streams = streams.as_array_mut().unwrap();
        assert_eq!(streams.len(), 1, "{key}");
        flat.append(streams[0].as_object_mut().unwrap());
        match all.get_mut(&key) {
            None => drop(all.insert(key, flat)),
            Some(first) => {
                for (field, value) in flat {
                    let add = |a: &Value, b: &Value| Some(a.as_u64()? + b.as_u64()?);
                    let add_text = |a: &Value, b: &Value| {
                        Some((number(a)? + number(b)?).to_string()).filter(|_| field.ends_with("bytes"))
                    };
                    let sum = add(&first[&field], &value).map(|sum| json!(sum));
                    let sum = sum.or_else(|| add_text(&first[&field], &value).map(|sum| json!(sum)));
                    first.insert(field, sum.unwrap_or(value));
                }
            }
        }
    }
    all
}

fn number(text: &Value) -> Option<u64> {
    text.as_str()?.parse().ok()
}

fn differing(ours: &Map<String, Value>, theirs: &Map<String, Value>) -> Vec<String> {
    let fields: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    fields.into_iter().filter(|field| ours.get(*field) != theirs.get(*field)).cloned().collect()
}

/// As the oracle prints it: 64-bit numbers and times (in microseconds) as text.
fn stat_json(stat: &AnalyticsStat) -> Value {
    json!({
        "analytics_key": stat.analytics_key,
        "kind": if stat.kind == 0 { "UPSTREAM" } else { "DOWNSTREAM" },
        "time_stamp": time(&stat.time_stamp),
        "node": stat.node,
        "room_id": stat.room_id,
        "room_name": stat.room_name,
        "participant_id": stat.participant_id,
        "track_id": stat.track_id,
        "score": float(stat.score),
        "streams": stat.streams.iter().map(stream_json).collect::<Vec<_>>(),
        "mime": stat.mime,
        "min_score": float(stat.min_score),
        "median_score": float(stat.median_score),
        "id": stat.id,
    })
}

fn stream_json(stream: &AnalyticsStream) -> Value {
    let layers = stream.video_layers.iter().map(|layer| {
        json!({
            "layer": layer.layer,
            "packets": layer.packets,
            "bytes": layer.bytes.to_string(),
            "frames": layer.frames,
        })
    });
    json!({
        "ssrc": stream.ssrc,
        "primary_packets": stream.primary_packets,
        "primary_bytes": stream.primary_bytes.to_string(),
        "retransmit_packets": stream.retransmit_packets,
        "retransmit_bytes": stream.retransmit_bytes.to_string(),
        "padding_packets": stream.padding_packets,
        "padding_bytes": stream.padding_bytes.to_string(),
        "packets_lost": stream.packets_lost,
        "frames": stream.frames,
        "rtt": stream.rtt,
        "jitter": stream.jitter,
        "nacks": stream.nacks,
        "plis": stream.plis,
        "firs": stream.firs,
        "video_layers": layers.collect::<Vec<_>>(),
        "start_time": time(&stream.start_time),
        "end_time": time(&stream.end_time),
        "packets_out_of_order": stream.packets_out_of_order,
    })
}

fn time(at: &Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| at.micros().to_string().into())
}

/// The shortest decimal of the 32-bit float, which is what the oracle prints.
fn float(value: f32) -> Value {
    let text = value.to_string();
    text.parse::<u64>().map_or_else(|_| json!(text.parse::<f64>().unwrap()), |whole| json!(whole))
}
