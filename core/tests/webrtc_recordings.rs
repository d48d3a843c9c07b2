//! Recorded calls, as plain reports and as dumps: what a script that shares no code says of them.

#![cfg(all(feature = "dumps", feature = "gzip", feature = "serde"))]

use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::Read;
use std::path::PathBuf;
use streamgauge::ledger::Totals;
use streamgauge::webrtc::{
    ConnectionColumn, Counts, Dump, Flags, Flow, Monitor, MonitorConfig, Report, Track, TrackColumn,
    read_dump,
};

fn data(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/webrtc").join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if !name.ends_with(".gz") {
        return bytes;
    }
    let mut plain = Vec::new();
    GzDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap();
    plain
}

fn dump(name: &str) -> Dump {
    let dump = read_dump(&data(name)).unwrap();
    assert_eq!((dump.problem_count, dump.truncated), (0, false), "{name}: {:?}", dump.problems);
    dump
}

fn find<'a>(monitor: &'a Monitor, expected: &Value) -> &'a Track {
    let flow = if expected["flow"] == "inbound" { Flow::Inbound } else { Flow::Outbound };
    monitor.track(flow, expected["name"].as_str().unwrap()).unwrap_or_else(|| panic!("no track {expected}"))
}

fn count(counts: &Counts, name: &str) -> Option<i64> {
    if name == "packets_lost" {
        return counts.packets_lost();
    }
    let (_, value) = counts.fields().find(|(known, _)| *known == name).unwrap();
    value.map(|value| value as i64)
}

/// `close`: within rounding of times that a dump has in whole milliseconds.
fn check(name: &str, dump: &Dump, bitrate_error: f64) {
    let expected: Value = serde_json::from_slice(&data("expected.json")).unwrap();
    for (peer, tracks) in expected[name].as_object().unwrap() {
        let connection =
            dump.connections.iter().find(|c| c.id.trim_start_matches(['P', 'C', '_', '1', '-']) == *peer);
        let monitor = &connection.unwrap_or_else(|| panic!("no connection {peer}")).monitor;
        assert_eq!(monitor.tracks().len(), tracks.as_array().unwrap().len());
        assert_eq!(monitor.counts().resets, 0);
        let (wire, shown) = (&expected["wire_bytes"][name][peer], monitor.connection_totals());
        assert_eq!(shown.bytes_sent, wire["bytes_sent"].as_u64(), "{name} {peer}");
        assert_eq!(shown.bytes_received, wire["bytes_received"].as_u64(), "{name} {peer}");
        for expected in tracks.as_array().unwrap() {
            let track = find(monitor, expected);
            for (metric, value) in expected["totals"].as_object().unwrap() {
                let shown = count(track.totals(), metric);
                assert_eq!(shown, value.as_i64(), "{name} {peer} {:?} {metric}", track.key());
            }
            let ours = track.history().column(TrackColumn::PayloadBitrate);
            let present: Vec<f64> = ours
                .iter()
                .zip(track.history().flags())
                .filter(|(_, f)| **f & Flags::ABSENT.bits() == 0)
                .map(|x| *x.0)
                .collect();
            let theirs = expected["payload_bitrate_bps"].as_array().unwrap();
            assert_eq!(present.len(), theirs.len(), "{name} {peer} {:?}", track.key());
            for (i, (ours, theirs)) in present.iter().zip(theirs).enumerate() {
                match theirs.as_f64() {
                    None => assert!(ours.is_nan(), "{name} {:?} row {i}: {ours}", track.key()),
                    Some(theirs) => {
                        let error = (ours - theirs).abs();
                        assert!(
                            error <= theirs * bitrate_error,
                            "{name} {:?} row {i}: {ours} {theirs}",
                            track.key()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn reports_are_what_the_script_says() {
    for name in ["loopback", "simulcast", "firefox"] {
        // The script divides by float milliseconds, we by whole microseconds.
        check(name, &dump(&format!("getstats_{name}.json.gz")), 1e-6);
    }
}

#[test]
fn a_dump_of_rtcstats_gives_the_same() {
    for name in ["loopback", "simulcast", "firefox"] {
        check(name, &dump(&format!("{name}.rtcstats.gz")), 1e-6);
    }
    let dump = dump("loopback.rtcstats.gz");
    let names: Vec<&str> = dump.connections[0].events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["create", "close"]);
    assert_eq!(dump.connections[0].unclassified_objects, 0);
}

#[test]
fn a_dump_of_webrtc_internals_gives_the_same() {
    for name in ["loopback", "simulcast"] {
        let dump = dump(&format!("{name}.internals.json.gz"));
        check(name, &dump, 1e-6);
        let tracks = || dump.connections.iter().flat_map(|connection| connection.monitor.tracks());
        assert!(tracks().any(|track| !track.flags().has(Flags::INFERRED)), "times place every value");
    }
}

#[test]
fn rows_of_the_three_forms_are_one() {
    let plain = dump("getstats_loopback.json.gz");
    // In rtcstats a member that leaves an object that stays cannot be told: its value sticks.
    for (name, sticks) in [("loopback.rtcstats.gz", true), ("loopback.internals.json.gz", false)] {
        let other = dump(name);
        for (plain, other) in plain.connections.iter().zip(&other.connections) {
            assert_eq!(plain.monitor.tracks().len(), other.monitor.tracks().len());
            for a in plain.monitor.tracks() {
                let b = other.monitor.track(a.key().flow, &a.key().name).unwrap();
                for column in TrackColumn::ALL {
                    // internals leaves nested dictionaries out.
                    if matches!(column, TrackColumn::Limited) {
                        continue;
                    }
                    let flags = b.history().flags();
                    let (a, b) = (a.history().column(*column), b.history().column(*column));
                    let same = a.len() == b.len()
                        && a.iter().zip(b).zip(flags).all(|((a, b), flags)| {
                            a.to_bits() == b.to_bits()
                                || (a - b).abs() <= a.abs() * 1e-9
                                || sticks && a.is_nan()
                                || flags & Flags::INFERRED.bits() != 0
                        });
                    assert!(same, "{column:?}\n{a:?}\n{b:?}");
                }
            }
        }
    }
}

#[test]
fn what_firefox_leaves_out_is_absent() {
    let dump = dump("getstats_firefox.json.gz");
    let connection =
        |id: &str| &dump.connections.iter().find(|connection| connection.id == id).unwrap().monitor;
    let (a, b) = (connection("a"), connection("b"));
    let pair = a.selected_pair().unwrap();
    assert_eq!((&*pair.local_type, &*pair.protocol, &*pair.network_type), ("host", "udp", ""));
    let sent = a.track(Flow::Outbound, "1").unwrap();
    assert_eq!((sent.mime(), sent.implementation()), ("video/VP8", ""));
    let column = |track: &Track, column| track.history().column(column).iter().any(|value| !value.is_nan());
    for (there, name) in [
        (true, TrackColumn::WireBitrate),
        (true, TrackColumn::Rtt),
        (true, TrackColumn::Qp),
        (false, TrackColumn::TargetBitrate),
        (false, TrackColumn::Limited),
        (false, TrackColumn::Limitation),
    ] {
        assert_eq!(column(sent, name), there, "{name:?}");
    }
    let received = b.tracks().iter().find(|track| track.key().kind_code() == "video").unwrap();
    assert!(received.key().name.starts_with('{') && received.mime() == "video/VP8");
    assert!(column(received, TrackColumn::Freezes) && !column(received, TrackColumn::Rtt));
    assert_eq!(received.rtt_us().count(), 0);
}

/// The shape of WebKit: the ids of its own classes, no `mediaType`, remote objects by `localId`.
#[test]
fn a_report_of_safari_is_read() {
    let report = |second: u64| {
        let (ms, n) = (1_700_000_000_000.123 + 1e3 * second as f64, second);
        serde_json::json!([
            {"id": "RTCInboundRTPVideoStream_123", "type": "inbound-rtp", "timestamp": ms, "kind": "video",
             "ssrc": 123, "codecId": "RTCCodec_1_Inbound_96", "transportId": "RTCTransport_0_1", "trackId":
             "RTCMediaStreamTrack_receiver_2", "trackIdentifier": "cam", "packetsReceived": 100 * n,
             "bytesReceived": 100_000 * n, "headerBytesReceived": 2_400 * n, "packetsLost": n,
             "framesDecoded": 30 * n, "jitter": 0.004},
            {"id": "RTCOutboundRTPAudioStream_456", "type": "outbound-rtp", "timestamp": ms, "kind": "audio",
             "ssrc": 456, "mediaSourceId": "RTCAudioSource_1", "remoteId": "RTCRemoteInboundRtpAudioStream_456",
             "packetsSent": 50 * n, "bytesSent": 4_000 * n},
            {"id": "RTCRemoteInboundRtpAudioStream_456", "type": "remote-inbound-rtp", "timestamp": ms - 300.0,
             "kind": "audio", "ssrc": 456, "localId": "RTCOutboundRTPAudioStream_456", "packetsLost": 2 * n,
             "jitter": 0.002, "roundTripTime": 0.05},
            {"id": "RTCAudioSource_1", "type": "media-source", "timestamp": ms, "kind": "audio",
             "trackIdentifier": "mic"},
            {"id": "RTCMediaStreamTrack_receiver_2", "type": "track", "timestamp": ms, "trackIdentifier": "cam"},
            {"id": "RTCCodec_1_Inbound_96", "type": "codec", "timestamp": ms, "mimeType": "video/H264",
             "payloadType": 96, "clockRate": 90_000},
            {"id": "RTCTransport_0_1", "type": "transport", "timestamp": ms, "bytesSent": 5_000 * n,
             "bytesReceived": 110_000 * n, "selectedCandidatePairId": "RTCIceCandidatePair_a_b"},
            {"id": "RTCIceCandidatePair_a_b", "type": "candidate-pair", "timestamp": ms, "state": "succeeded",
             "nominated": true, "currentRoundTripTime": 0.03, "bytesSent": 5_000 * n, "bytesReceived": 110_000 * n,
             "localCandidateId": "RTCIceCandidate_a", "remoteCandidateId": "RTCIceCandidate_b"},
            {"id": "RTCIceCandidate_a", "type": "local-candidate", "timestamp": ms, "candidateType": "srflx",
             "protocol": "udp"},
        ])
    };
    let mut monitor = Monitor::new(MonitorConfig::default()).unwrap();
    for second in 1..4 {
        let text = report(second).to_string();
        monitor.record(&Report::from_json(text.as_bytes(), second as i64 * 1_000_000).unwrap()).unwrap();
    }
    let cam = monitor.track(Flow::Inbound, "cam").unwrap();
    let get = |track: &Track, column| track.latest().unwrap().get(column);
    assert_eq!((cam.mime(), get(cam, TrackColumn::Jitter)), ("video/H264", Some(4_000.0)));
    assert_eq!(get(cam, TrackColumn::PayloadBitrate), Some(800_000.0));
    assert_eq!(get(cam, TrackColumn::WireBitrate), Some(819_200.0));
    assert_eq!((get(cam, TrackColumn::FrameRate), cam.totals().packets_lost()), (Some(30.0), Some(2)));
    let mic = monitor.track(Flow::Outbound, "mic").unwrap();
    assert_eq!((get(mic, TrackColumn::PacketsLost), get(mic, TrackColumn::Rtt)), (Some(2.0), Some(50_000.0)));
    assert_eq!((get(mic, TrackColumn::WireBitrate), mic.mime()), (None, ""));
    assert_eq!(monitor.latest().unwrap().get(ConnectionColumn::StunRtt), Some(30_000.0));
    assert_eq!(
        monitor.connection_totals().bytes_received,
        Some(220_000),
        "by transport, not by pair as well"
    );
    assert_eq!(monitor.selected_pair().unwrap().local_type, "srflx");
    assert_eq!((monitor.counts().other_types, monitor.counts().invalid_members), (3, 0));
}

#[test]
fn totals_never_fall_and_deltas_add_up() {
    let recording: Value = serde_json::from_slice(&data("getstats_loopback.json.gz")).unwrap();
    for peer in ["a", "b"] {
        let mut monitor = Monitor::new(MonitorConfig::default()).unwrap();
        let mut sums: Vec<(String, Counts)> = Vec::new();
        let mut before = Counts::default();
        for (i, report) in recording.as_array().unwrap().iter().filter(|r| r["peer"] == peer).enumerate() {
            let time_us = (report["t"].as_f64().unwrap() * 1e3) as i64;
            monitor
                .record(&Report::from_json(report["stats"].to_string().as_bytes(), time_us).unwrap())
                .unwrap();
            let row = monitor.latest().unwrap();
            assert!(ConnectionColumn::ALL.iter().filter_map(|c| row.get(*c)).all(|v| v.is_finite()));
            for flow in [Flow::Inbound, Flow::Outbound] {
                let total = monitor.totals(flow);
                assert!(!total.fell_below(&before) || flow == Flow::Outbound);
            }
            before = *monitor.totals(Flow::Inbound);
            if i % 4 == 0 {
                take(&mut monitor, time_us, &mut sums);
            }
        }
        monitor.close(i64::MAX);
        take(&mut monitor, i64::MAX, &mut sums);
        assert!(monitor.take(i64::MAX).is_empty());
        assert_eq!(sums.len(), monitor.tracks().len());
        for (name, sum) in &sums {
            let track = monitor.tracks().iter().find(|t| &t.key().name == name).unwrap();
            assert_eq!(sum, track.totals());
        }
    }
}

fn take(monitor: &mut Monitor, now_us: i64, sums: &mut Vec<(String, Counts)>) {
    for delta in monitor.take(now_us) {
        match sums.iter_mut().find(|(name, _)| *name == delta.key.name) {
            Some((_, sum)) => sum.add(&delta.counts),
            None => sums.push((delta.key.name, delta.counts)),
        }
    }
}
