//! A receiver against the plainest possible account of the same packets, through loss, reordering,
//! repeats and wraps; and statistics of many SSRCs that come and go, with readers.
//!
//! `cargo xtask properties` runs a million cases.

use proptest::prelude::*;
use std::collections::BTreeSet;
use streamgauge::ledger::Totals;
use streamgauge::rtp::{
    Header, Packet, PayloadMap, Receiver, RtcpConfig, RtcpStats, RtpConfig, RtpStats, StreamTotals, rtcp,
};

fn cases() -> ProptestConfig {
    let cases = std::env::var("STREAMGAUGE_PROPERTY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(2000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// What the network does to one packet.
#[derive(Clone, Copy, Debug)]
struct Fate {
    lost: bool,
    /// Places it falls back by.
    delay: u8,
    /// Places after which it comes again, if it does.
    repeat: Option<u8>,
    new_frame: bool,
    padding_only: bool,
}

const AS_SENT: Fate = Fate { lost: false, delay: 0, repeat: None, new_frame: true, padding_only: false };

fn fate() -> impl Strategy<Value = Fate> {
    (
        prop::bool::weighted(0.1),
        prop_oneof![6 => Just(0u8), 1 => 1..40u8],
        prop::option::weighted(0.05, 0..40u8),
        prop::bool::weighted(0.4),
        prop::bool::weighted(0.05),
    )
        .prop_map(|(lost, delay, repeat, new_frame, padding_only)| Fate {
            lost,
            delay,
            repeat,
            new_frame,
            padding_only,
        })
}

/// The packets in order of arrival, and which of them arrived as number so-and-so of the sender.
fn network(start: u16, start_timestamp: u32, fates: &[Fate]) -> Vec<(u64, Packet)> {
    let (mut timestamp, mut since_frame) = (start_timestamp, 0);
    let mut arrivals: Vec<(u64, u64, Packet)> = Vec::new();
    for (n, fate) in fates.iter().enumerate() {
        // The first two come as sent, so that there is a stream.
        let plain = n < 2;
        // At least 3 packets a frame, so that the latest packet is less than 16 frames late.
        since_frame += 1;
        if fate.new_frame && since_frame >= 3 {
            timestamp = timestamp.wrapping_add(3600);
            since_frame = 0;
        }
        let padding_only = fate.padding_only && !plain;
        let packet = Packet {
            arrival_us: 0,
            ssrc: 7,
            rtp_timestamp: timestamp,
            sequence: start.wrapping_add(n as u16),
            wire_bytes: if padding_only { 112 } else { 1012 },
            header_bytes: 12,
            payload_type: 96,
            padding_bytes: if padding_only { 100 } else { 0 },
            flags: 0,
        };
        let place = 2 * n as u64 + if plain { 0 } else { 2 * u64::from(fate.delay) };
        if plain || !fate.lost {
            arrivals.push((place, n as u64, packet));
        }
        if let Some(repeat) = fate.repeat.filter(|_| !plain && !fate.lost) {
            arrivals.push((place + 1 + 2 * u64::from(repeat), n as u64, packet));
        }
    }
    arrivals.sort_by_key(|arrival| arrival.0);
    let timed = arrivals.into_iter().enumerate();
    timed.map(|(i, (_, n, packet))| (n, Packet { arrival_us: i as i64 * 5000, ..packet })).collect()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_receiver_counts_as_a_list_would(
        start in any::<u16>(),
        start_timestamp in any::<u32>(),
        // Now and then more packets than the receiver tells apart.
        run_in in prop_oneof![9 => Just(0), 1 => 1000..1200usize],
        fates in prop::collection::vec(fate(), 2..300),
        cuts in prop::collection::vec(1..40usize, 0..40),
    ) {
        let fates = [vec![AS_SENT; run_in], fates].concat();
        let arrivals = network(start, start_timestamp, &fates);
        let mut receiver = Receiver::new(7, 0);
        let payloads = PayloadMap::default();
        let often = receiver.ledger_mut().reader_from_start(0).unwrap();
        let once = receiver.ledger_mut().reader_from_start(0).unwrap();
        let (mut seen, mut frames) = (BTreeSet::new(), BTreeSet::new());
        let (mut duplicates, mut out_of_order, mut padding) = (0, 0, 0);
        let mut taken = StreamTotals::default();
        let mut next_cut = cuts.iter().scan(0, |at, step| { *at += step; Some(*at) }).peekable();
        for (i, (n, packet)) in arrivals.iter().enumerate() {
            receiver.record(packet, &payloads);
            if seen.last().is_some_and(|last| n < last) && !seen.contains(n) {
                out_of_order += 1;
            }
            duplicates += u64::from(!seen.insert(*n));
            if packet.is_padding_only() {
                padding += 1;
            } else {
                frames.insert(packet.rtp_timestamp);
            }
            if next_cut.peek() == Some(&i) {
                next_cut.next();
                let delta = receiver.ledger_mut().flush(often, packet.arrival_us).unwrap().unwrap();
                taken.add(&delta.value);
            }
            if i > 0 {
                let expected = seen.last().unwrap() - seen.first().unwrap() + 1;
                let totals = receiver.ledger().total();
                prop_assert_eq!(totals.expected(), expected as i64);
                prop_assert_eq!(totals.lost(), expected as i64 - seen.len() as i64);
                prop_assert_eq!(totals.packets, i as u64 + 1);
                prop_assert_eq!(totals.lost_rfc3550(), expected as i64 - i as i64 - 1);
                let pending = receiver.ledger().pending(often).unwrap();
                let mut sum = taken;
                sum.add(&pending);
                prop_assert_eq!(sum, *totals);
                prop_assert_eq!(receiver.ledger().pending(once).unwrap(), *totals);
            }
        }
        let totals = *receiver.ledger().total();
        prop_assert_eq!(totals.duplicates, duplicates);
        prop_assert_eq!(totals.out_of_order, out_of_order);
        prop_assert_eq!(totals.padding_packets, padding);
        prop_assert_eq!(totals.padding_packet_wire_bytes, padding * 112);
        prop_assert_eq!(totals.wire_bytes, arrivals.iter().map(|a| u64::from(a.1.wire_bytes)).sum::<u64>());
        prop_assert_eq!(totals.payload_bytes(), (arrivals.len() as u64 - padding) * 1000);
        prop_assert_eq!((totals.discontinuities, totals.too_old, totals.implausible), (0, 0, 0));
        prop_assert_eq!(totals.frames, frames.len() as u64);
        let snapshot = receiver.snapshot();
        prop_assert!(snapshot.max_jitter_us.unwrap_or(0.0) < 10e6);
        prop_assert_eq!(snapshot.timestamp_discontinuities, 0);
    }

    /// Packets in sequence and in step are counted by a shorter way, several at a time. A key frame
    /// flag keeps a packet off it and changes nothing else.
    #[test]
    fn the_short_way_and_batches_change_nothing(
        start in any::<u16>(),
        start_timestamp in any::<u32>(),
        fates in prop::collection::vec(fate(), 2..300),
        streams in prop::collection::vec((0..3usize, 1..80usize), 1..60),
        steps in prop::collection::vec(
            prop_oneof![30 => -2_000..30_000i64, 1 => -5_000_000..2_000_000_000i64, 1 => Just(50_000_000_000)],
            1..50,
        ),
        // Frames out of order, as B-frames are, and other timelines.
        shifts in prop::collection::vec(
            prop_oneof![12 => Just(0u32), 2 => Just(0u32.wrapping_sub(7200)), 1 => Just(1 << 30)],
            1..50,
        ),
        batches in prop::collection::vec(1..90usize, 1..30),
    ) {
        let one = network(start, start_timestamp, &fates);
        let (mut next, mut packets) = ([0; 3], Vec::new());
        for (stream, burst) in streams {
            for (_, packet) in one.iter().skip(next[stream]).take(burst) {
                packets.push(Packet { ssrc: stream as u32, ..*packet });
            }
            next[stream] += burst;
        }
        let mut now = 0i64;
        for ((packet, step), shift) in packets.iter_mut().zip(steps.iter().cycle()).zip(shifts.iter().cycle()) {
            now += step;
            packet.arrival_us = now;
            packet.rtp_timestamp = packet.rtp_timestamp.wrapping_add(*shift);
        }
        let stats = || {
            let mut stats = RtpStats::new(RtpConfig::default()).unwrap();
            let reader = stats.reader(0).unwrap();
            (stats, reader)
        };
        let ((mut single, single_reader), (mut batched, batched_reader), (mut long, long_reader)) =
            (stats(), stats(), stats());
        let mut rest = &packets[..];
        for size in batches.iter().cycle() {
            let (batch, after) = rest.split_at(rest.len().min(*size));
            rest = after;
            batched.record(batch);
            for packet in batch {
                single.record(std::slice::from_ref(packet));
                long.record(&[Packet { flags: Packet::KEYFRAME, ..*packet }]);
            }
            let deltas = single.flush(single_reader, now).unwrap();
            prop_assert_eq!(&deltas, &batched.flush(batched_reader, now).unwrap());
            let mut expected = long.flush(long_reader, now).unwrap();
            expected.iter_mut().for_each(|delta| delta.delta.value.keyframes = 0);
            prop_assert_eq!(&deltas, &expected);
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(single.snapshots(), batched.snapshots());
        let mut expected = long.snapshots();
        expected.iter_mut().for_each(|stream| stream.totals.keyframes = 0);
        prop_assert_eq!(single.snapshots(), expected);
    }

    #[test]
    fn streams_that_come_and_go_lose_nothing(
        ops in prop::collection::vec((0..12u32, 1..6u16, 0..10u8), 1..200),
    ) {
        let config = RtpConfig { max_streams: 4, max_unvalidated: 2, ..RtpConfig::default() };
        let mut stats = RtpStats::new(config).unwrap();
        let readers = [stats.reader(0).unwrap(), stats.reader(0).unwrap()];
        let mut acknowledged = [StreamTotals::default(); 2];
        let mut in_flight: [Option<StreamTotals>; 2] = [None; 2];
        let (mut sent, mut next, mut high_water) = (0u64, [65_530u16; 12], 0);
        for (now, &(ssrc, burst, action)) in ops.iter().enumerate() {
            let now = now as i64 * 1000;
            for _ in 0..burst {
                let sequence = next[ssrc as usize];
                next[ssrc as usize] = sequence.wrapping_add(1);
                sent += 1;
                stats.record(&[Packet { arrival_us: now, ssrc, sequence, wire_bytes: 100, ..Packet::default() }]);
            }
            let reader = usize::from(action % 2);
            let sum = |deltas: Vec<streamgauge::rtp::StreamDelta>| {
                let mut sum = StreamTotals::default();
                deltas.iter().for_each(|delta| sum.add(&delta.delta.value));
                sum
            };
            match action {
                0 | 1 => match (stats.take(readers[reader], now), &mut in_flight[reader]) {
                    (Ok(deltas), held @ None) => *held = Some(sum(deltas)),
                    (result, held) => prop_assert!(result.is_err() && held.is_some()),
                },
                2 | 3 => {
                    stats.ack(readers[reader]).unwrap();
                    if let Some(held) = in_flight[reader].take() {
                        acknowledged[reader].add(&held);
                    }
                }
                4 | 5 => {
                    stats.restore(readers[reader]).unwrap();
                    in_flight[reader] = None;
                }
                6 => {
                    stats.remove(ssrc);
                }
                _ => {}
            }
            prop_assert!(stats.len() <= 4);
            let totals = stats.totals();
            prop_assert!(totals.packets >= high_water, "a total fell");
            high_water = totals.packets;
            prop_assert_eq!(totals.packets + stats.unvalidated().packets, sent);
        }
        for (i, reader) in readers.into_iter().enumerate() {
            stats.restore(reader).unwrap();
            for delta in stats.flush(reader, i64::MAX).unwrap() {
                acknowledged[i].add(&delta.delta.value);
            }
            prop_assert_eq!(acknowledged[i], stats.totals());
        }
    }

    #[test]
    fn any_packets_in_any_order_conserve_packets_and_bytes(
        packets in prop::collection::vec(
            (any::<i64>(), 0..3u32, any::<u32>(), any::<u16>(), any::<u16>(), any::<u16>(), any::<u8>(),
             any::<u8>(), any::<u8>()),
            0..200,
        ),
    ) {
        let mut stats = RtpStats::new(RtpConfig::default()).unwrap();
        let mut wire = 0;
        for (arrival_us, ssrc, rtp_timestamp, sequence, wire_bytes, header_bytes, payload_type, padding_bytes,
             flags) in &packets
        {
            wire += u64::from(*wire_bytes);
            stats.record(&[Packet {
                arrival_us: *arrival_us,
                ssrc: *ssrc,
                rtp_timestamp: *rtp_timestamp,
                // Few different ones, so that streams come about.
                sequence: sequence % 7 * 9000 + sequence / 7 % 40,
                wire_bytes: *wire_bytes,
                header_bytes: *header_bytes,
                payload_type: *payload_type,
                padding_bytes: *padding_bytes,
                flags: *flags,
            }]);
        }
        stats.settle();
        let (totals, unvalidated) = (stats.totals(), stats.unvalidated());
        prop_assert_eq!(totals.packets + unvalidated.packets, packets.len() as u64);
        prop_assert_eq!(totals.wire_bytes + unvalidated.wire_bytes, wire);
        for snapshot in stats.snapshots() {
            prop_assert!(snapshot.jitter_us.is_none_or(f64::is_finite));
            prop_assert!(snapshot.totals.expected() >= snapshot.totals.unique() as i64);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), first in 0..8usize) {
        let mut bytes = bytes;
        if let Some(byte) = bytes.first_mut() {
            *byte = (*byte & 0x3f) | 0x80;
        }
        if let Some(byte) = bytes.get_mut(1) {
            *byte = 200 + first as u8;
        }
        if let Ok(header) = Header::parse(&bytes) {
            let length = header.header_bytes() + header.payload().len() + usize::from(header.padding_bytes());
            prop_assert_eq!(length, bytes.len());
            prop_assert!(header.extensions().count() <= bytes.len());
        }
        let mut stats = RtcpStats::new(RtcpConfig { max_sources: 8 }).unwrap();
        let compound = rtcp::parse(&bytes);
        prop_assert_eq!(stats.record(0, &bytes).is_err(), compound.error.is_some());
        prop_assert!(stats.sources().count() <= 8);
    }
}
