//! Columns and counters of a monitor.

use std::fmt::Write;
use streamgauge::webrtc::{ConnectionColumn as C, Metric, StatType, TrackColumn as T};

pub(crate) fn tables() -> [(&'static str, String); 3] {
    let track = T::ALL.iter().map(|c| (c.code(), c.doc(), shown(parsed(track_sources(*c)))));
    let connection = C::ALL.iter().map(|c| (c.code(), c.doc(), shown(parsed(connection_sources(*c)))));
    let lost = "inbound-rtp.packetsLost, remote-inbound-rtp.packetsLost";
    let lost = ("packets_lost", "Packets lost: signed, what comes late is taken back.", shown(parsed(lost)));
    let counters = Metric::ALL.iter().map(|m| (m.code(), m.doc(), shown(m.sources())));
    [
        ("track columns", table(track, "column")),
        ("connection columns", table(connection, "column")),
        ("counters", table(counters.chain([lost]), "counter")),
    ]
}

fn track_sources(column: T) -> &'static str {
    match column {
        T::Seconds => "inbound-rtp.timestamp, outbound-rtp.timestamp",
        T::PayloadBitrate => "inbound-rtp.bytesReceived, outbound-rtp.bytesSent",
        T::WireBitrate => {
            "inbound-rtp.bytesReceived, inbound-rtp.headerBytesReceived, outbound-rtp.bytesSent, \
             outbound-rtp.headerBytesSent"
        }
        T::PacketRate | T::Packets => "inbound-rtp.packetsReceived, outbound-rtp.packetsSent",
        T::PacketsLost => "inbound-rtp.packetsLost, remote-inbound-rtp.packetsLost",
        T::LossRatio => {
            "inbound-rtp.packetsLost, inbound-rtp.packetsReceived, remote-inbound-rtp.packetsLost, \
             outbound-rtp.packetsSent"
        }
        T::Jitter => "inbound-rtp.jitter, remote-inbound-rtp.jitter",
        T::Rtt => "remote-inbound-rtp.roundTripTime, remote-outbound-rtp.roundTripTime",
        T::RttMean => {
            "remote-inbound-rtp.totalRoundTripTime, remote-inbound-rtp.roundTripTimeMeasurements, \
             remote-outbound-rtp.totalRoundTripTime, remote-outbound-rtp.roundTripTimeMeasurements"
        }
        T::FrameRate | T::Frames => "inbound-rtp.framesDecoded, outbound-rtp.framesEncoded",
        T::FramesDropped => "inbound-rtp.framesDropped",
        T::KeyFrames => "inbound-rtp.keyFramesDecoded, outbound-rtp.keyFramesEncoded",
        T::Freezes => "inbound-rtp.freezeCount",
        T::FreezeTime => "inbound-rtp.totalFreezesDuration",
        T::Nacks => "inbound-rtp.nackCount, outbound-rtp.nackCount",
        T::Plis => "inbound-rtp.pliCount, outbound-rtp.pliCount",
        T::Firs => "inbound-rtp.firCount, outbound-rtp.firCount",
        T::JitterBuffer => "inbound-rtp.jitterBufferDelay, inbound-rtp.jitterBufferEmittedCount",
        T::Concealment => "inbound-rtp.concealedSamples, inbound-rtp.totalSamplesReceived",
        T::Retransmit => {
            "inbound-rtp.retransmittedPacketsReceived, inbound-rtp.packetsReceived, \
             outbound-rtp.retransmittedPacketsSent, outbound-rtp.packetsSent"
        }
        T::FecPackets => "inbound-rtp.fecPacketsReceived",
        T::PacketsDiscarded => "inbound-rtp.packetsDiscarded",
        T::CodecTime => {
            "inbound-rtp.totalDecodeTime, inbound-rtp.framesDecoded, outbound-rtp.totalEncodeTime, \
             outbound-rtp.framesEncoded"
        }
        T::Qp => {
            "inbound-rtp.qpSum, inbound-rtp.framesDecoded, outbound-rtp.qpSum, outbound-rtp.framesEncoded"
        }
        T::Width => "inbound-rtp.frameWidth, outbound-rtp.frameWidth",
        T::Height => "inbound-rtp.frameHeight, outbound-rtp.frameHeight",
        T::TargetBitrate => "outbound-rtp.targetBitrate",
        T::Limited => {
            "outbound-rtp.qualityLimitationDurations.none, outbound-rtp.qualityLimitationDurations.bandwidth, \
             outbound-rtp.qualityLimitationDurations.cpu, outbound-rtp.qualityLimitationDurations.other"
        }
        T::Limitation => "outbound-rtp.qualityLimitationReason",
    }
}

fn connection_sources(column: C) -> &'static str {
    match column {
        C::Seconds => "transport.timestamp",
        C::SentBitrate => "transport.bytesSent, candidate-pair.bytesSent",
        C::ReceivedBitrate => "transport.bytesReceived, candidate-pair.bytesReceived",
        C::OutboundPayloadBitrate => "outbound-rtp.bytesSent",
        C::InboundPayloadBitrate => "inbound-rtp.bytesReceived",
        C::AvailableOutgoing => "candidate-pair.availableOutgoingBitrate",
        C::AvailableIncoming => "candidate-pair.availableIncomingBitrate",
        C::StunRtt => "candidate-pair.currentRoundTripTime",
        C::StunRttMean => "candidate-pair.totalRoundTripTime, candidate-pair.responsesReceived",
        C::PairChanges => "transport.selectedCandidatePairChanges, transport.selectedCandidatePairId",
        C::Tracks => "inbound-rtp.id, outbound-rtp.id",
        C::MessagesSent => "data-channel.messagesSent",
        C::MessagesReceived => "data-channel.messagesReceived",
        C::MessageBytesSent => "data-channel.bytesSent",
        C::MessageBytesReceived => "data-channel.bytesReceived",
        C::ClockSkew => "inbound-rtp.timestamp, outbound-rtp.timestamp",
    }
}

fn unit(name: &str) -> &'static str {
    let units = [
        ("_bps", "bit/s"),
        ("_us", "us"),
        ("_us_per_frame", "us/frame"),
        ("_per_s", "1/s"),
        ("_ratio", "ratio"),
        ("_bytes", "bytes"),
        ("bytes_sent", "bytes"),
        ("bytes_received", "bytes"),
    ];
    match name {
        "seconds" => "s",
        "width" | "height" => "pixels",
        "limitation" => "code",
        _ => units.iter().find(|(end, _)| name.ends_with(end)).map_or("1", |(_, unit)| unit),
    }
}

/// Members as the page shows them: those of one type together.
fn shown<'a>(sources: impl Iterator<Item = (StatType, &'a str)>) -> String {
    let mut all: Vec<(StatType, Vec<&str>)> = Vec::new();
    for (stat_type, member) in sources {
        assert!(
            stat_type.number(member).is_some() || stat_type.text(member).is_some(),
            "{stat_type:?} has no {member}"
        );
        match all.iter_mut().find(|(known, _)| *known == stat_type) {
            Some((_, members)) => members.push(member),
            None => all.push((stat_type, vec![member])),
        }
    }
    let one = |(stat_type, members): &(StatType, Vec<&str>)| {
        format!("{}: `{}`", stat_type.code(), members.join("`, `"))
    };
    all.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn parsed(sources: &str) -> impl Iterator<Item = (StatType, &str)> {
    sources.split(", ").map(|source| {
        let (code, member) = source.split_once('.').unwrap();
        (StatType::of(code).unwrap_or_else(|| panic!("no type {code}")), member)
    })
}

fn table(rows: impl Iterator<Item = (&'static str, &'static str, String)>, head: &str) -> String {
    let mut table = format!("| {head} | unit | what | read from |\n|---|---|---|---|\n");
    for (name, meaning, sources) in rows {
        writeln!(table, "| `{name}` | {} | {meaning} | {sources} |", unit(name)).unwrap();
    }
    table
}
