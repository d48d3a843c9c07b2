//! Real captures against two independent accounts: what the relay in the middle did, and what
//! tshark says.

#![cfg(all(feature = "pcap", feature = "gzip", feature = "serde"))]

use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::Read;
use std::path::PathBuf;
use streamgauge::rtp::capture::{CaptureRow, read_capture};
use streamgauge::rtp::pcap::Capture;
use streamgauge::rtp::{MediaKind, PayloadFormat, PayloadMap};

fn data(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/rtp").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn capture(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(&data(&format!("{name}.pcap.gz"))[..]).read_to_end(&mut bytes).unwrap();
    bytes
}

fn rows(name: &str) -> Vec<CaptureRow> {
    let mut payloads = PayloadMap::default();
    payloads.set(97, PayloadFormat { clock_hz: 48_000, kind: MediaKind::Audio }).unwrap();
    let report = read_capture(&capture(name), &payloads).unwrap();
    assert_eq!(report.unvalidated_packets, 0);
    assert_eq!((report.rtcp.malformed, report.rtcp.sender_reports), (0, 15));
    report.streams.iter().map(|stream| stream.row()).collect()
}

/// SSRC and the relay's input port.
const STREAMS: [(u32, u64); 3] = [(0x1111_1111, 6004), (0x2222_2222, 6006), (0x3333_3333, 6008)];

#[test]
fn every_drop_delay_and_repeat_of_the_relay_is_found() {
    for name in ["clean", "lossy"] {
        let truth: Value = serde_json::from_slice(&data(&format!("{name}.truth.json"))).unwrap();
        let rows = rows(name);
        assert_eq!(rows.len(), STREAMS.len());
        for (row, (ssrc, port)) in rows.iter().zip(STREAMS) {
            assert_eq!(row.ssrc, ssrc);
            let relay = truth.as_array().unwrap().iter().find(|t| t["port"] == port).unwrap();
            let count = |key: &str| relay[key].as_array().unwrap().len() as u64;
            assert_eq!(row.packets_expected, relay["recv"].as_i64().unwrap(), "{name} {ssrc:x}");
            assert_eq!(row.packets_received, relay["sent"].as_u64().unwrap(), "{name} {ssrc:x}");
            assert_eq!(row.packets_lost, count("dropped") as i64, "{name} {ssrc:x}");
            assert_eq!(row.packets_duplicate, count("duplicated"), "{name} {ssrc:x}");
            assert_eq!(row.packets_out_of_order, count("reordered"), "{name} {ssrc:x}");
            assert_eq!(row.discontinuities, 0);
        }
    }
}

/// One line of tshark's table: packets, lost, longest delta, mean and longest jitter.
fn tshark(name: &str, ssrc: u32) -> (u64, i64, f64, f64, f64) {
    let table = String::from_utf8(data(&format!("{name}.rtp_streams.txt"))).unwrap();
    let line = table.lines().find(|line| line.contains(&format!("0x{ssrc:08x}"))).unwrap();
    let fields: Vec<&str> = line.split_whitespace().collect();
    let at = fields.iter().position(|field| field.starts_with("0x")).unwrap();
    let number = |i: usize| fields[at + i].parse::<f64>().unwrap();
    (number(2) as u64, number(3) as i64, number(7), number(9), number(10))
}

#[test]
fn tshark_says_the_same() {
    for name in ["clean", "lossy"] {
        for row in rows(name) {
            let (packets, lost, max_delta_ms, mean_jitter_ms, max_jitter_ms) = tshark(name, row.ssrc);
            assert_eq!(row.packets_received, packets);
            assert_eq!(row.packets_lost_rfc3550, lost);
            let close = |ours_us: f64, theirs_ms: f64| {
                assert!(
                    (ours_us / 1e3 - theirs_ms).abs() < 0.0015,
                    "{name} {:x} {ours_us} {theirs_ms}",
                    row.ssrc
                );
            };
            match row.ssrc {
                // tshark does not analyse audio whose packets are all marked, as ffmpeg's Opus is.
                0x2222_2222 => {}
                // tshark weights the packets of one frame in another way for the mean of video.
                0x1111_1111 => {
                    close(row.max_jitter_us.unwrap(), max_jitter_ms);
                    close(row.max_delta_us.unwrap() as f64, max_delta_ms);
                }
                _ => {
                    close(row.max_jitter_us.unwrap(), max_jitter_ms);
                    close(row.mean_jitter_us.unwrap(), mean_jitter_ms);
                    close(row.max_delta_us.unwrap() as f64, max_delta_ms);
                }
            }
        }
    }
}

#[test]
fn frames_are_the_distinct_timestamps() {
    for name in ["clean", "lossy"] {
        let bytes = capture(name);
        let mut timestamps = std::collections::BTreeSet::new();
        for datagram in Capture::new(&bytes).unwrap() {
            let header = datagram.payload;
            if header.len() >= 12 && header[8..12] == [0x11; 4] && header[1] & 0x7f == 96 {
                timestamps.insert(header[4..8].to_vec());
            }
        }
        let rows = rows(name);
        assert_eq!(rows[0].frames, Some(timestamps.len() as u64), "{name}");
        assert_eq!((rows[1].frames, rows[2].frames), (None, None));
        assert!(rows[0].frame_jitter_us.is_some());
    }
}

#[test]
fn senders_said_how_much_they_sent() {
    for row in rows("clean") {
        let sent = row.sender_packets.unwrap();
        assert!(sent <= row.packets_received && sent > row.packets_received / 2, "{row:?}");
    }
}

#[test]
fn a_report_serialises_as_its_rows() {
    let report = read_capture(&capture("lossy"), &PayloadMap::default()).unwrap();
    let json = serde_json::to_value(&report).unwrap();
    let rows: Vec<CaptureRow> = report.streams.iter().map(|stream| stream.row()).collect();
    assert_eq!(json["streams"], serde_json::to_value(rows).unwrap());
    assert_eq!(json["counts"]["truncated"], false);
    assert_eq!(json["rtcp"]["sender_reports"], 15);
}

#[test]
fn a_gzipped_capture_is_refused_as_such() {
    let error = read_capture(&data("clean.pcap.gz"), &PayloadMap::default()).unwrap_err();
    assert!(error.message().contains("gzip"), "{error}");
}
