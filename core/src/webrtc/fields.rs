//! What of a getStats report is looked at: the types of its objects, and of each the members that are
//! numbers and those that are texts, by their names in W3C webrtc-stats.
//!
//! Members of a nested dictionary have a dot in their name. An address is never read.

/// Declares the types; each gets a module with an index of its numbers and of its texts.
macro_rules! stat_types {
    ($(
        $(#[$doc:meta])*
        $type:ident $module:ident = $code:literal {
            numbers: $($number:ident = $number_name:literal),*;
            texts: $($text:ident = $text_name:literal),*;
        }
    )*) => {
        /// The type of an object in a report.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[repr(u8)]
        pub enum StatType {
            $($(#[$doc])* $type,)*
        }

        impl StatType {
            /// Every type that is looked at, in the order of their numbers.
            pub const ALL: &[StatType] = &[$(StatType::$type),*];

            /// The name in W3C webrtc-stats.
            pub const fn code(self) -> &'static str {
                match self {
                    $(StatType::$type => $code,)*
                }
            }

            /// The members that are numbers; true is 1, false is 0.
            pub const fn numbers(self) -> &'static [&'static str] {
                match self {
                    $(StatType::$type => &[$($number_name),*],)*
                }
            }

            /// The members that are texts; the first is the `id`.
            pub const fn texts(self) -> &'static [&'static str] {
                match self {
                    $(StatType::$type => &["id", $($text_name),*],)*
                }
            }
        }

        $(
            #[allow(dead_code)]
            pub(super) mod $module {
                #[derive(Clone, Copy)]
                pub(in crate::webrtc) enum Number { $($number),* }
                #[derive(Clone, Copy)]
                pub(in crate::webrtc) enum Text { Id, $($text),* }

                impl From<Number> for usize {
                    fn from(number: Number) -> usize {
                        number as usize
                    }
                }

                impl From<Text> for usize {
                    fn from(text: Text) -> usize {
                        text as usize
                    }
                }
            }
        )*
    };
}

stat_types! {
    /// A received RTP stream.
    Inbound inbound = "inbound-rtp" {
        numbers:
            Timestamp = "timestamp",
            Ssrc = "ssrc",
            PacketsReceived = "packetsReceived",
            BytesReceived = "bytesReceived",
            HeaderBytesReceived = "headerBytesReceived",
            PacketsLost = "packetsLost",
            Jitter = "jitter",
            RetransmittedPacketsReceived = "retransmittedPacketsReceived",
            RetransmittedBytesReceived = "retransmittedBytesReceived",
            FecPacketsReceived = "fecPacketsReceived",
            FecPacketsDiscarded = "fecPacketsDiscarded",
            PacketsDiscarded = "packetsDiscarded",
            NackCount = "nackCount",
            PliCount = "pliCount",
            FirCount = "firCount",
            FramesReceived = "framesReceived",
            FramesDecoded = "framesDecoded",
            KeyFramesDecoded = "keyFramesDecoded",
            FramesDropped = "framesDropped",
            FramesPerSecond = "framesPerSecond",
            FrameWidth = "frameWidth",
            FrameHeight = "frameHeight",
            QpSum = "qpSum",
            TotalDecodeTime = "totalDecodeTime",
            TotalProcessingDelay = "totalProcessingDelay",
            FreezeCount = "freezeCount",
            TotalFreezesDuration = "totalFreezesDuration",
            PauseCount = "pauseCount",
            TotalPausesDuration = "totalPausesDuration",
            JitterBufferDelay = "jitterBufferDelay",
            JitterBufferTargetDelay = "jitterBufferTargetDelay",
            JitterBufferEmittedCount = "jitterBufferEmittedCount",
            TotalSamplesReceived = "totalSamplesReceived",
            ConcealedSamples = "concealedSamples",
            SilentConcealedSamples = "silentConcealedSamples",
            ConcealmentEvents = "concealmentEvents",
            InsertedSamplesForDeceleration = "insertedSamplesForDeceleration",
            RemovedSamplesForAcceleration = "removedSamplesForAcceleration";
        texts: Kind = "kind", TrackIdentifier = "trackIdentifier", Mid = "mid", CodecId = "codecId",
            RemoteId = "remoteId", TransportId = "transportId", Implementation = "decoderImplementation";
    }
    /// A sent RTP stream.
    Outbound outbound = "outbound-rtp" {
        numbers:
            Timestamp = "timestamp",
            Ssrc = "ssrc",
            PacketsSent = "packetsSent",
            BytesSent = "bytesSent",
            HeaderBytesSent = "headerBytesSent",
            RetransmittedPacketsSent = "retransmittedPacketsSent",
            RetransmittedBytesSent = "retransmittedBytesSent",
            NackCount = "nackCount",
            PliCount = "pliCount",
            FirCount = "firCount",
            FramesSent = "framesSent",
            FramesEncoded = "framesEncoded",
            KeyFramesEncoded = "keyFramesEncoded",
            HugeFramesSent = "hugeFramesSent",
            FramesPerSecond = "framesPerSecond",
            FrameWidth = "frameWidth",
            FrameHeight = "frameHeight",
            QpSum = "qpSum",
            TotalEncodeTime = "totalEncodeTime",
            TotalPacketSendDelay = "totalPacketSendDelay",
            TargetBitrate = "targetBitrate",
            Active = "active",
            QualityLimitationResolutionChanges = "qualityLimitationResolutionChanges",
            LimitedNone = "qualityLimitationDurations.none",
            LimitedBandwidth = "qualityLimitationDurations.bandwidth",
            LimitedCpu = "qualityLimitationDurations.cpu",
            LimitedOther = "qualityLimitationDurations.other";
        texts: Kind = "kind", Mid = "mid", Rid = "rid", MediaSourceId = "mediaSourceId", CodecId = "codecId",
            RemoteId = "remoteId", TransportId = "transportId", Implementation = "encoderImplementation",
            QualityLimitationReason = "qualityLimitationReason", ScalabilityMode = "scalabilityMode";
    }
    /// What the receiver said of a sent stream, in RTCP.
    RemoteInbound remote_inbound = "remote-inbound-rtp" {
        numbers:
            Timestamp = "timestamp",
            Ssrc = "ssrc",
            PacketsLost = "packetsLost",
            FractionLost = "fractionLost",
            Jitter = "jitter",
            RoundTripTime = "roundTripTime",
            TotalRoundTripTime = "totalRoundTripTime",
            RoundTripTimeMeasurements = "roundTripTimeMeasurements";
        texts: Kind = "kind", LocalId = "localId";
    }
    /// What the sender said of a received stream, in RTCP.
    RemoteOutbound remote_outbound = "remote-outbound-rtp" {
        numbers:
            Timestamp = "timestamp",
            Ssrc = "ssrc",
            PacketsSent = "packetsSent",
            BytesSent = "bytesSent",
            RoundTripTime = "roundTripTime",
            TotalRoundTripTime = "totalRoundTripTime",
            RoundTripTimeMeasurements = "roundTripTimeMeasurements";
        texts: Kind = "kind", LocalId = "localId";
    }
    /// What a sent stream is encoded from.
    MediaSource media_source = "media-source" {
        numbers: Timestamp = "timestamp", FramesPerSecond = "framesPerSecond", Width = "width",
            Height = "height", AudioLevel = "audioLevel";
        texts: Kind = "kind", TrackIdentifier = "trackIdentifier";
    }
    /// A codec.
    Codec codec = "codec" {
        numbers: Timestamp = "timestamp", ClockRate = "clockRate", PayloadType = "payloadType";
        texts: MimeType = "mimeType";
    }
    /// A transport: DTLS over the selected candidate pair.
    Transport transport = "transport" {
        numbers:
            Timestamp = "timestamp",
            BytesSent = "bytesSent",
            BytesReceived = "bytesReceived",
            PacketsSent = "packetsSent",
            PacketsReceived = "packetsReceived",
            SelectedCandidatePairChanges = "selectedCandidatePairChanges";
        texts: SelectedCandidatePairId = "selectedCandidatePairId", DtlsState = "dtlsState",
            IceState = "iceState";
    }
    /// A pair of candidates.
    CandidatePair candidate_pair = "candidate-pair" {
        numbers:
            Timestamp = "timestamp",
            BytesSent = "bytesSent",
            BytesReceived = "bytesReceived",
            PacketsSent = "packetsSent",
            PacketsReceived = "packetsReceived",
            CurrentRoundTripTime = "currentRoundTripTime",
            TotalRoundTripTime = "totalRoundTripTime",
            ResponsesReceived = "responsesReceived",
            AvailableOutgoingBitrate = "availableOutgoingBitrate",
            AvailableIncomingBitrate = "availableIncomingBitrate",
            Nominated = "nominated",
            Selected = "selected";
        texts: TransportId = "transportId", LocalCandidateId = "localCandidateId",
            RemoteCandidateId = "remoteCandidateId", State = "state";
    }
    /// A candidate of this side.
    LocalCandidate local_candidate = "local-candidate" {
        numbers: Timestamp = "timestamp";
        texts: CandidateType = "candidateType", Protocol = "protocol", RelayProtocol = "relayProtocol",
            NetworkType = "networkType";
    }
    /// A candidate of the other side.
    RemoteCandidate remote_candidate = "remote-candidate" {
        numbers: Timestamp = "timestamp";
        texts: CandidateType = "candidateType", Protocol = "protocol";
    }
    /// A data channel.
    DataChannel data_channel = "data-channel" {
        numbers:
            Timestamp = "timestamp",
            BytesSent = "bytesSent",
            BytesReceived = "bytesReceived",
            MessagesSent = "messagesSent",
            MessagesReceived = "messagesReceived";
        texts: Label = "label", State = "state";
    }
}

impl StatType {
    /// The type of this name in W3C webrtc-stats; `None` for one that is not looked at.
    pub fn of(code: &str) -> Option<StatType> {
        StatType::ALL.iter().copied().find(|stat_type| stat_type.code() == code)
    }

    /// Whether the other side measured it, and when it did so last is no news of this report.
    pub(super) const fn is_remote(self) -> bool {
        matches!(self, StatType::RemoteInbound | StatType::RemoteOutbound)
    }

    /// The place of a number, `None` for a member that is not looked at.
    pub fn number(self, name: &str) -> Option<usize> {
        self.numbers().iter().position(|known| *known == name)
    }

    /// The place of a text, `None` for a member that is not looked at. Older reports name the kind
    /// `mediaType`.
    pub fn text(self, name: &str) -> Option<usize> {
        let name = if name == "mediaType" { "kind" } else { name };
        self.texts().iter().position(|known| *known == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_places() {
        assert_eq!(StatType::of("inbound-rtp"), Some(StatType::Inbound));
        assert_eq!(StatType::of("certificate"), None);
        assert_eq!(StatType::Inbound.number("packetsLost"), Some(inbound::Number::PacketsLost.into()));
        assert_eq!(StatType::Inbound.text("mediaType"), Some(inbound::Text::Kind.into()));
        for stat_type in StatType::ALL {
            assert_eq!(stat_type.numbers()[0], "timestamp");
            assert_eq!(stat_type.texts()[0], "id");
            for names in [stat_type.numbers(), stat_type.texts()] {
                let mut sorted = names.to_vec();
                sorted.sort_unstable();
                sorted.dedup();
                assert_eq!(sorted.len(), names.len(), "{stat_type:?} names a member twice");
            }
        }
    }
}
