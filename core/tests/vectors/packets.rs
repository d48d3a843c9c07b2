//! Counters and RTP for the vectors.

use super::{Answer, bad, int, ints, text};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use streamgauge::counter::{Counter, CounterConfig, Hint, RateMode, StepKind, rate};
use streamgauge::rtp::{
    MediaKind, Packet, PayloadFormat, PayloadMap, RtcpConfig, RtcpStats, RtpConfig, RtpReader, RtpStats,
    StreamDelta, StreamTotals, fraction_lost, rtcp,
};
use streamgauge::{Interval, Result};

const KNOWN: [&str; 23] = [
    "counter.end",
    "counter.new",
    "counter.record",
    "counter.totals",
    "counter.rate",
    "rtp.new",
    "rtp.record",
    "rtp.snapshot",
    "rtp.totals",
    "rtp.unvalidated",
    "rtp.remove",
    "rtp.reader",
    "rtp.flush",
    "rtp.take",
    "rtp.ack",
    "rtp.restore",
    "rtp.settle",
    "rtp.fraction_lost",
    "rtcp.new",
    "rtcp.record",
    "rtcp.source",
    "rtcp.totals",
    "rtcp.clamp_lost",
];

pub(crate) fn knows(op: &str) -> bool {
    KNOWN.contains(&op)
}

enum AnyCounter {
    Integer(Counter<u64>),
    Float(Counter<f64>),
}

/// The objects of one vector, by id.
#[derive(Default)]
pub(crate) struct Adapter {
    counters: BTreeMap<String, AnyCounter>,
    rtp: BTreeMap<String, (RtpStats, BTreeMap<String, RtpReader>)>,
    rtcp: BTreeMap<String, RtcpStats>,
}

impl Adapter {
    pub(crate) fn run(&mut self, op: &str, args: &Value) -> Answer {
        knows(op).then(|| self.answer(op, args))
    }

    fn answer(&mut self, op: &str, args: &Value) -> Result<Value> {
        let id = args["id"].as_str().unwrap_or_default();
        match op {
            "counter.new" => {
                let config = CounterConfig {
                    origin_known: args["origin_known"].as_bool().unwrap_or(false),
                    width_bits: args["width_bits"].as_str().and_then(|bits| bits.parse().ok()),
                    max_per_s: args["max_per_s"].as_f64(),
                };
                let counter = match text(args, "kind")? {
                    "u64" => AnyCounter::Integer(Counter::new(config)?),
                    _ => AnyCounter::Float(Counter::new(config)?),
                };
                self.counters.insert(id.to_owned(), counter);
                Ok(Value::Null)
            }
            "counter.record" => {
                let at_us = int(args, "at_us")?;
                let hint = if args["hint"] == "boundary" { Hint::Boundary } else { Hint::None };
                let step = |kind: StepKind, delta: Value| json!({"kind": kind.code(), "delta": delta});
                match self.counters.get_mut(id).ok_or_else(|| bad("id"))? {
                    AnyCounter::Integer(counter) => {
                        let result = counter.record(at_us, int(args, "value")?, hint);
                        Ok(step(result.kind, json!(result.delta.to_string())))
                    }
                    AnyCounter::Float(counter) => {
                        let result = counter.record(at_us, float(&args["value"])?, hint);
                        Ok(step(result.kind, json!(result.delta)))
                    }
                }
            }
            "counter.end" => {
                match self.counters.get_mut(id).ok_or_else(|| bad("id"))? {
                    AnyCounter::Integer(counter) => counter.end(),
                    AnyCounter::Float(counter) => counter.end(),
                }
                Ok(Value::Null)
            }
            "counter.totals" => {
                macro_rules! totals {
                    ($counter:expr, $total:expr) => {{
                        let mut fields = ints([
                            ("resets", Some($counter.resets().into())),
                            ("wraps", Some($counter.wraps().into())),
                            ("boundaries", Some($counter.boundaries().into())),
                            ("rejected", Some($counter.rejected().into())),
                        ]);
                        fields.insert("total".into(), $total);
                        Ok(Value::Object(fields))
                    }};
                }
                match self.counters.get(id).ok_or_else(|| bad("id"))? {
                    AnyCounter::Integer(counter) => totals!(counter, json!(counter.total().to_string())),
                    AnyCounter::Float(counter) => totals!(counter, json!(counter.total())),
                }
            }
            "counter.rate" => {
                let mode = match text(args, "mode")? {
                    "raw" => RateMode::Raw,
                    "prometheus" => RateMode::Prometheus,
                    "anchored" => RateMode::Anchored,
                    _ => RateMode::Smoothed,
                };
                let samples: Vec<(i64, f64)> = args["samples"]
                    .as_array()
                    .ok_or_else(|| bad("samples"))?
                    .iter()
                    .map(|sample| {
                        let at = sample[0]
                            .as_str()
                            .and_then(|at| at.parse().ok())
                            .ok_or_else(|| bad("samples"))?;
                        Ok((at, float(&sample[1])?))
                    })
                    .collect::<Result<_>>()?;
                let window = Interval::new(int(args, "start_us")?, int(args, "end_us")?);
                let found = rate(&samples, window, mode);
                Ok(json!({
                    "rate": found.map(|found| found.per_s()),
                    "increase": found.map(|found| found.increase),
                }))
            }
            _ if op.starts_with("rtcp.") => self.rtcp(op, id, args),
            _ => self.rtp(op, id, args),
        }
    }

    fn rtp(&mut self, op: &str, id: &str, args: &Value) -> Result<Value> {
        match op {
            "rtp.new" => {
                let mut payloads = PayloadMap::default();
                for (payload_type, format) in args["clocks"].as_object().into_iter().flatten() {
                    let kind = if format[1] == "audio" { MediaKind::Audio } else { MediaKind::Video };
                    let clock_hz =
                        format[0].as_str().and_then(|hz| hz.parse().ok()).ok_or_else(|| bad("clocks"))?;
                    let payload_type = payload_type.parse().map_err(|_| bad("clocks"))?;
                    payloads.set(payload_type, PayloadFormat { clock_hz, kind })?;
                }
                let config = RtpConfig { payloads: Arc::new(payloads), ..RtpConfig::default() };
                self.rtp.insert(id.to_owned(), (RtpStats::new(config)?, BTreeMap::new()));
                return Ok(Value::Null);
            }
            "rtp.fraction_lost" => {
                return Ok(json!(fraction_lost(int(args, "expected")?, int(args, "received")?).to_string()));
            }
            _ => {}
        }
        let (stats, readers) = self.rtp.get_mut(id).ok_or_else(|| bad("id"))?;
        let reader = args["reader"].as_str().and_then(|name| readers.get(name)).copied();
        let reader = || reader.ok_or_else(|| bad("reader"));
        match op {
            "rtp.record" => {
                let packets = args["packets"].as_array().ok_or_else(|| bad("packets"))?;
                stats.record(&packets.iter().map(packet).collect::<Result<Vec<_>>>()?);
                Ok(Value::Null)
            }
            "rtp.snapshot" => Ok(stats.snapshot(int(args, "ssrc")?).map_or(Value::Null, |stats| {
                let mut fields = totals(&stats.totals);
                fields.append(&mut ints([
                    ("ssrc", Some(stats.ssrc.into())),
                    ("payload_type", stats.payload_type.map(Into::into)),
                    ("clock_hz", stats.clock_hz.map(Into::into)),
                    ("frames", stats.frames.map(Into::into)),
                    ("extended_highest", stats.extended_highest.map(Into::into)),
                    ("extended_timestamp", stats.extended_timestamp.map(Into::into)),
                    ("max_delta_us", stats.max_delta_us.map(Into::into)),
                    ("timestamp_discontinuities", Some(stats.timestamp_discontinuities.into())),
                    ("arrivals_went_back", Some(stats.arrivals_went_back.into())),
                ]));
                for (key, value) in [
                    ("jitter_us", stats.jitter_us),
                    ("jitter_ticks", stats.jitter_ticks),
                    ("mean_jitter_us", stats.mean_jitter_us),
                    ("max_jitter_us", stats.max_jitter_us),
                    ("frame_jitter_us", stats.frame_jitter_us),
                    ("frame_jitter_ticks", stats.frame_jitter_ticks),
                    ("bitrate_bps", stats.bitrate_bps),
                ] {
                    fields.insert(key.to_owned(), json!(value));
                }
                Value::Object(fields)
            })),
            "rtp.totals" => Ok(Value::Object(totals(&stats.totals()))),
            "rtp.unvalidated" => {
                let held = stats.unvalidated();
                let fields =
                    [("packets", Some(held.packets.into())), ("wire_bytes", Some(held.wire_bytes.into()))];
                Ok(Value::Object(ints(fields)))
            }
            "rtp.remove" => Ok(json!(stats.remove(int(args, "ssrc")?))),
            "rtp.reader" => {
                readers.insert(text(args, "reader")?.to_owned(), stats.reader(int(args, "now_us")?)?);
                Ok(Value::Null)
            }
            "rtp.flush" => Ok(deltas(stats.flush(reader()?, int(args, "now_us")?)?)),
            "rtp.take" => Ok(deltas(stats.take(reader()?, int(args, "now_us")?)?)),
            "rtp.ack" => stats.ack(reader()?).map(|()| Value::Null),
            "rtp.restore" => stats.restore(reader()?).map(|()| Value::Null),
            _ => {
                stats.settle();
                Ok(Value::Null)
            }
        }
    }

    fn rtcp(&mut self, op: &str, id: &str, args: &Value) -> Result<Value> {
        match op {
            "rtcp.new" => {
                self.rtcp.insert(id.to_owned(), RtcpStats::new(RtcpConfig::default())?);
                return Ok(Value::Null);
            }
            "rtcp.clamp_lost" => return Ok(json!(rtcp::clamp_lost(int(args, "lost")?).to_string())),
            _ => {}
        }
        let stats = self.rtcp.get_mut(id).ok_or_else(|| bad("id"))?;
        match op {
            "rtcp.record" => {
                stats.record(int(args, "at_us")?, &hex(text(args, "hex")?)?).map(|()| Value::Null)
            }
            "rtcp.source" => Ok(stats.get(int(args, "ssrc")?).map_or(Value::Null, |source| {
                Value::Object(ints([
                    ("cumulative_lost", source.remote.map(|report| report.cumulative_lost.into())),
                    ("rtt_us", source.rtt_us.map(Into::into)),
                    ("xr_rtt_us", source.xr_rtt_us.map(Into::into)),
                    ("rtt_measurements", Some(source.rtt_measurements.into())),
                    ("sent_packets", source.sent_packets().map(Into::into)),
                    ("sent_bytes", source.sent_bytes().map(Into::into)),
                    ("nacks", Some(source.nacks.into())),
                    ("nack_packets", Some(source.nack_packets.into())),
                    ("plis", Some(source.plis.into())),
                    ("firs", Some(source.firs.into())),
                ]))
            })),
            _ => {
                let totals = stats.totals();
                Ok(Value::Object(ints([
                    ("compounds", Some(totals.compounds.into())),
                    ("malformed", Some(totals.malformed.into())),
                    ("rtt_measurements", Some(totals.rtt_measurements.into())),
                    ("rtt_negative", Some(totals.rtt_negative.into())),
                ])))
            }
        }
    }
}

fn totals(totals: &StreamTotals) -> Map<String, Value> {
    ints([
        ("packets", Some(totals.packets.into())),
        ("wire_bytes", Some(totals.wire_bytes.into())),
        ("header_bytes", Some(totals.header_bytes.into())),
        ("padding_bytes", Some(totals.padding_bytes.into())),
        ("payload_bytes", Some(totals.payload_bytes().into())),
        ("media_packets", Some(totals.media_packets().into())),
        ("media_wire_bytes", Some(totals.media_wire_bytes().into())),
        ("media_payload_bytes", Some(totals.media_payload_bytes().into())),
        ("rtx_packets", Some(totals.rtx_packets.into())),
        ("rtx_wire_bytes", Some(totals.rtx_wire_bytes.into())),
        ("fec_packets", Some(totals.fec_packets.into())),
        ("fec_wire_bytes", Some(totals.fec_wire_bytes.into())),
        ("padding_packets", Some(totals.padding_packets.into())),
        ("padding_packet_wire_bytes", Some(totals.padding_packet_wire_bytes.into())),
        ("expected", Some(totals.expected().into())),
        ("lost", Some(totals.lost().into())),
        ("lost_rfc3550", Some(totals.lost_rfc3550().into())),
        ("missing", Some(totals.missing.into())),
        ("recovered_late", Some(totals.recovered_late.into())),
        ("duplicates", Some(totals.duplicates.into())),
        ("out_of_order", Some(totals.out_of_order.into())),
        ("too_old", Some(totals.too_old.into())),
        ("implausible", Some(totals.implausible.into())),
        ("discontinuities", Some(totals.discontinuities.into())),
    ])
}

fn deltas(deltas: Vec<StreamDelta>) -> Value {
    let object = |delta: &StreamDelta| {
        let mut fields = totals(&delta.delta.value);
        fields.append(&mut ints([("ssrc", delta.ssrc.map(Into::into))]));
        Value::Object(fields)
    };
    Value::Array(deltas.iter().map(object).collect())
}

pub(crate) fn packet(fields: &Value) -> Result<Packet> {
    fn at<T: std::str::FromStr>(fields: &Value, i: usize) -> Result<T> {
        fields[i].as_str().and_then(|text| text.parse().ok()).ok_or_else(|| bad("packets"))
    }
    Ok(Packet {
        arrival_us: at(fields, 0)?,
        ssrc: at(fields, 1)?,
        rtp_timestamp: at(fields, 2)?,
        sequence: at(fields, 3)?,
        wire_bytes: at(fields, 4)?,
        header_bytes: at(fields, 5)?,
        payload_type: at(fields, 6)?,
        padding_bytes: at(fields, 7)?,
        flags: at(fields, 8)?,
    })
}

/// A JSON number, or one of the three that JSON does not have, as text.
fn float(value: &Value) -> Result<f64> {
    match value {
        Value::String(text) => text.parse().map_err(|_| bad("value")),
        value => value.as_f64().ok_or_else(|| bad("value")),
    }
}

fn hex(text: &str) -> Result<Vec<u8>> {
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| bad("hex")))
        .collect()
}
