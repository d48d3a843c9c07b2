//! OTLP metrics: byte for byte what OpenTelemetry's own messages give (tests/oracle/otlp.py), and
//! deltas that abut and add up to the cumulative counts.
#![cfg(all(feature = "proto", feature = "serde"))]

use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use streamgauge::audience::{Audience, AudienceConfig, ViewerInfo};
use streamgauge::export::{OtlpConfig, OtlpMetrics, otlp_cumulative, otlp_delta, otlp_summaries};
use streamgauge::telemetry::{
    Direction, Level, Role, RtcpSample, Telemetry, TelemetryConfig, Track, TrackKey, TrackKind, TrackSeed,
    TrackTotals,
};

const S: i64 = 1_000_000;

fn key(participant: &str, track: &str, direction: Direction, role: Role, kind: TrackKind) -> TrackKey {
    TrackKey {
        participant: participant.into(),
        track: track.into(),
        direction,
        role,
        kind,
        source: String::new(),
        mime: String::new(),
        country: String::new(),
    }
}

fn is_as_recorded(metrics: &OtlpMetrics, name: &str) {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/otlp");
    let expected = std::fs::read_to_string(data.join(name).with_extension("json")).unwrap();
    let (expected, found): (Value, Value) =
        (serde_json::from_str(&expected).unwrap(), serde_json::from_str(&metrics.to_json()).unwrap());
    assert_eq!(found, expected, "{name}");
    assert_eq!(metrics.to_protobuf(), std::fs::read(data.join(name).with_extension("pb")).unwrap(), "{name}");
}

fn config() -> OtlpConfig {
    OtlpConfig {
        resource: [("service.name", "sfu"), ("service.instance.id", "ND_1")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        top_tracks: 1,
    }
}

#[test]
fn as_opentelemetry_writes_it() {
    use {Direction::*, Role::*, TrackKind::*};
    let telemetry = Telemetry::new(TelemetryConfig::default()).unwrap();
    telemetry.identify("PA_1", "RM_1", "room \"one\"", 0).unwrap();
    telemetry.identify("PA_2", "RM_2", "", 0).unwrap();
    let open = |key, now_us| telemetry.open(key, now_us).unwrap();
    let camera = TrackKey {
        source: "camera".into(),
        mime: "video/VP8".into(),
        country: "NL".into(),
        ..key("PA_1", "TR_V", Upstream, Edge, Video)
    };
    let camera = open(camera, S);
    let data = open(key("PA_1", "TR_D", Upstream, Edge, Data), S);
    let small = open(key("PA_2", "TR_W", Downstream, Edge, Video), S);
    let large = open(key("PA_2", "TR_V", Downstream, Edge, Video), 2 * S);
    let relay = open(key("PA_2", "TR_A", Downstream, Relay, Audio), S);
    camera.observe_totals(7, 100, 10_000);
    camera.record_rtcp(S, &RtcpSample { rtt_us: Some(30_000), lost: -3, nacks: 2, ..RtcpSample::default() });
    camera.record_score(4.5);
    data.record_message(S, 0);
    data.record_message(S, 70);
    small.observe_totals(8, 3, 300);
    large.observe_totals(9, 50, 5000);
    relay.observe_totals(5, 10, 800);
    let config = config();
    let report = telemetry.flush(6 * S).unwrap();
    is_as_recorded(&otlp_delta(&report, &config), "delta");
    camera.observe_totals(7, 105, 10_400);
    is_as_recorded(&otlp_cumulative(&telemetry.account(), 7 * S, &config), "cumulative");
}

#[test]
fn audiences_as_opentelemetry_writes_them() {
    let mut news = Audience::new(AudienceConfig::default()).unwrap();
    let info = ViewerInfo { location: Some("Utrecht".into()), user_agent: Some("Firefox".into()) };
    news.join("anna", S, Some(info)).unwrap();
    news.started("anna", S + S / 2);
    news.bitrate("anna", 2 * S, 4_000_000);
    news.join("ben", 3 * S, None).unwrap();
    news.rebuffered("anna", 4 * S, 250_000);
    news.bitrate("anna", 4 * S, 1_000_000);
    news.leave("ben", 5 * S);
    news.leave("nobody", 5 * S);
    let mut nobody = Audience::new(AudienceConfig::default()).unwrap();
    nobody.leave("nobody", S);
    let mut sport = Audience::new(AudienceConfig::default()).unwrap();
    sport.join("anna", 6 * S, None).unwrap();
    let summaries = [news.summary(6 * S), nobody.summary(6 * S), sport.summary(6 * S)];
    let streams = [("stream", "news \"24\""), ("stream", "empty"), ("stream", "sport")];
    let labelled: Vec<_> =
        streams.into_iter().zip(&summaries).map(|(label, summary)| (vec![label], summary)).collect();
    is_as_recorded(&otlp_summaries(&labelled, &config()), "audience");
    assert_eq!(otlp_summaries(&labelled[1..2], &config()).point_count(), 0);
}

#[test]
fn nothing_is_nothing() {
    let telemetry = Telemetry::new(TelemetryConfig::default()).unwrap();
    let report = telemetry.flush(5).unwrap();
    let none = otlp_delta(&report, &OtlpConfig::default());
    assert_eq!((none.to_protobuf(), none.to_json().as_str(), none.point_count()), (vec![], "{}", 0));
    let none = otlp_cumulative(&telemetry.account(), 5, &OtlpConfig::default());
    assert_eq!(none.point_count(), 0);
}

#[test]
fn extremes_fit() {
    let telemetry = Telemetry::new(TelemetryConfig::default()).unwrap();
    telemetry.identify("PA", "RM", "", 0).unwrap();
    let key = key("PA", "TR", Direction::Upstream, Role::Edge, TrackKind::Signal);
    let track = telemetry.open(key, i64::MIN).unwrap();
    track.record_message(0, u64::MAX);
    let json = otlp_delta(&telemetry.flush(i64::MAX).unwrap(), &OtlpConfig::default()).to_json();
    assert!(
        json.contains(r#""asInt":"9223372036854775807""#) && !json.contains("startTimeUnixNano"),
        "{json}"
    );
    assert!(json.contains(r#""timeUnixNano":"18446744073709551615""#), "{json}");
}

#[test]
fn a_participant_of_mixed_tracks_has_no_kind() {
    let config = TelemetryConfig { level: Level::Participant, ..TelemetryConfig::default() };
    let telemetry = Telemetry::new(config).unwrap();
    telemetry.identify("PA", "RM", "", 0).unwrap();
    for (track, kind) in [("TR_1", TrackKind::Audio), ("TR_2", TrackKind::Data)] {
        let key = key("PA", track, Direction::Upstream, Role::Edge, kind);
        telemetry.open(key, 0).unwrap().record_message(0, 5);
    }
    let metrics = otlp_delta(&telemetry.flush(S).unwrap(), &OtlpConfig::default());
    let points = points(&metrics);
    let sums: Vec<i64> = points
        .iter()
        .filter(|point| point.series.0 == "streamgauge.bytes")
        .map(|point| point.value)
        .collect();
    assert_eq!(sums, [10]);
    assert!(points.iter().all(|point| !point.series.1.contains("kind")));
}

/// Name and attributes.
type Series = (String, String);

struct Point {
    series: Series,
    start_us: i64,
    end_us: i64,
    value: i64,
    monotonic: bool,
}

/// The points of all sums.
fn points(metrics: &OtlpMetrics) -> Vec<Point> {
    let root: Value = serde_json::from_str(&metrics.to_json()).unwrap();
    let mut all = Vec::new();
    for metric in root["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array().into_iter().flatten() {
        for point in metric["sum"]["dataPoints"].as_array().into_iter().flatten() {
            let number = |name: &str| point[name].as_str().map_or(0, |text| text.parse::<i64>().unwrap());
            all.push(Point {
                series: (metric["name"].as_str().unwrap().into(), point["attributes"].to_string()),
                start_us: number("startTimeUnixNano") / 1000,
                end_us: number("timeUnixNano") / 1000,
                value: number("asInt"),
                monotonic: metric["sum"]["isMonotonic"] == true,
            });
        }
    }
    all
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("STREAMGAUGE_PROPERTY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    /// Tracks of two kinds come and go, some from other nodes, while reports are taken, acknowledged
    /// and restored: the deltas that arrived and what is pending are the cumulative counts, group by
    /// group; intervals abut; cumulative counts never fall and their start never moves.
    #[test]
    fn deltas_abut_and_add_up(ops in prop::collection::vec((0..9u8, 0..4usize, 1..50u64), 1..80)) {
        let emit_idle = TelemetryConfig { emit_idle: true, ..TelemetryConfig::default() };
        let telemetry = Telemetry::new(emit_idle).unwrap();
        telemetry.identify("PA", "RM", "", 0).unwrap();
        let mut tracks: [Option<Track>; 4] = Default::default();
        let config = OtlpConfig { top_tracks: 2, ..OtlpConfig::default() };
        let (mut shown, mut in_flight) = ([0; 4], None::<Vec<Point>>);
        let mut sums: BTreeMap<Series, (i64, i64)> = BTreeMap::new();
        let mut cumulative: BTreeMap<Series, (i64, i64)> = BTreeMap::new();
        let mut arrive = |points: Vec<Point>| {
            for point in points.into_iter().filter(|point| !point.series.0.contains(".track.")) {
                assert!(point.start_us <= point.end_us && (point.value >= 0 || !point.monotonic));
                let (sum, end_us) = sums.entry(point.series).or_insert((0, point.start_us));
                assert_eq!(*end_us, point.start_us, "intervals abut");
                (*sum, *end_us) = (*sum + point.value, point.end_us);
            }
            sums.iter().map(|(series, (sum, _))| (series.clone(), *sum)).collect::<BTreeMap<_, _>>()
        };
        // All groups from the first report on, so that all have a point in each.
        for (i, track) in tracks.iter_mut().enumerate() {
            *track = Some(telemetry.open(group_key(i), 0).unwrap());
        }
        let keep: Vec<Track> = (0..2).map(|i| telemetry.open(group_key(10 + i), 0).unwrap()).collect();
        for (now, (op, i, amount)) in ops.into_iter().enumerate() {
            let now = (now as i64 + 1) * 1000;
            match (op, &tracks[i]) {
                (0, None) => {
                    let totals = TrackTotals { primary_bytes: amount, ..TrackTotals::default() };
                    shown[i] = 0;
                    tracks[i] = telemetry.open_seeded(group_key(i), now, TrackSeed { totals }).ok();
                }
                (1..=2, Some(track)) if i % 2 == 1 => track.record_message(now, amount),
                (1..=2, Some(track)) => {
                    shown[i] += amount;
                    track.observe_totals(7, shown[i], shown[i] * 100);
                }
                (3, Some(track)) if i % 2 == 0 => {
                    let lost = amount as i64 - 20;
                    track.record_rtcp(now, &RtcpSample { lost, nacks: 1, ..RtcpSample::default() });
                }
                (4, Some(_)) => {
                    tracks[i].take().unwrap().close(now);
                }
                (5..=6, _) if in_flight.is_none() => {
                    in_flight = Some(points(&otlp_delta(&telemetry.take(now).unwrap(), &config)));
                }
                (7, _) => {
                    telemetry.ack(now);
                    in_flight.take().map(&mut arrive);
                }
                (8, _) => {
                    telemetry.restore();
                    in_flight = None;
                }
                _ => {}
            }
            if now % 8000 != 0 {
                continue;
            }
            let mut named = BTreeMap::<String, usize>::new();
            for point in points(&otlp_cumulative(&telemetry.account(), now, &config)) {
                if point.series.0.contains(".track.") {
                    *named.entry(point.series.0).or_default() += 1;
                    continue;
                }
                let before = cumulative.insert(point.series, (point.start_us, point.value));
                let (start_us, value) = before.unwrap_or((point.start_us, point.value));
                prop_assert_eq!(start_us, point.start_us);
                prop_assert!(point.value >= value || !point.monotonic, "a sum fell");
            }
            prop_assert!(named.values().all(|count| *count <= 4), "2 of each of 2 groups");
        }
        telemetry.restore();
        let last = telemetry.take(1_000_000).unwrap();
        let sums = arrive(points(&otlp_delta(&last, &config)));
        for point in points(&otlp_cumulative(&telemetry.account(), 1_000_000, &config)) {
            if !point.series.0.contains(".track.") {
                prop_assert_eq!(sums[&point.series], point.value, "{:?}", point.series);
            }
        }
        drop(keep);
    }
}

fn group_key(i: usize) -> TrackKey {
    let kind = [TrackKind::Video, TrackKind::Data][i % 2];
    key("PA", &format!("TR_{i}"), Direction::Upstream, Role::Edge, kind)
}
