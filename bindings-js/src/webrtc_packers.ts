// Made from core/src/webrtc by: STREAMGAUGE_WRITE_DOCS=1 cargo test --test webrtc_tables
import { number as n, type Packing, type StatsObject, text as t } from "./packing.js";

/** For each type that is looked at, what puts an object of it into columns. @internal */
export const PACKERS: Record<string, (object: StatsObject, to: Packing) => void> = {
  "inbound-rtp"(o, to) {
    const v = to.room(0, 38);
    const i = to.length;
    v[i] = n(o.timestamp);
    v[i + 1] = n(o.ssrc);
    v[i + 2] = n(o.packetsReceived);
    v[i + 3] = n(o.bytesReceived);
    v[i + 4] = n(o.headerBytesReceived);
    v[i + 5] = n(o.packetsLost);
    v[i + 6] = n(o.jitter);
    v[i + 7] = n(o.retransmittedPacketsReceived);
    v[i + 8] = n(o.retransmittedBytesReceived);
    v[i + 9] = n(o.fecPacketsReceived);
    v[i + 10] = n(o.fecPacketsDiscarded);
    v[i + 11] = n(o.packetsDiscarded);
    v[i + 12] = n(o.nackCount);
    v[i + 13] = n(o.pliCount);
    v[i + 14] = n(o.firCount);
    v[i + 15] = n(o.framesReceived);
    v[i + 16] = n(o.framesDecoded);
    v[i + 17] = n(o.keyFramesDecoded);
    v[i + 18] = n(o.framesDropped);
    v[i + 19] = n(o.framesPerSecond);
    v[i + 20] = n(o.frameWidth);
    v[i + 21] = n(o.frameHeight);
    v[i + 22] = n(o.qpSum);
    v[i + 23] = n(o.totalDecodeTime);
    v[i + 24] = n(o.totalProcessingDelay);
    v[i + 25] = n(o.freezeCount);
    v[i + 26] = n(o.totalFreezesDuration);
    v[i + 27] = n(o.pauseCount);
    v[i + 28] = n(o.totalPausesDuration);
    v[i + 29] = n(o.jitterBufferDelay);
    v[i + 30] = n(o.jitterBufferTargetDelay);
    v[i + 31] = n(o.jitterBufferEmittedCount);
    v[i + 32] = n(o.totalSamplesReceived);
    v[i + 33] = n(o.concealedSamples);
    v[i + 34] = n(o.silentConcealedSamples);
    v[i + 35] = n(o.concealmentEvents);
    v[i + 36] = n(o.insertedSamplesForDeceleration);
    v[i + 37] = n(o.removedSamplesForAcceleration);
    to.length = i + 38;
    to.text(t(o.id));
    to.text(t(o.kind ?? o.mediaType));
    to.text(t(o.trackIdentifier));
    to.text(t(o.mid));
    to.text(t(o.codecId));
    to.text(t(o.remoteId));
    to.text(t(o.transportId));
    to.text(t(o.decoderImplementation));
  },
  "outbound-rtp"(o, to) {
    const v = to.room(1, 27);
    const i = to.length;
    const q = o.qualityLimitationDurations as StatsObject | undefined;
    v[i] = n(o.timestamp);
    v[i + 1] = n(o.ssrc);
    v[i + 2] = n(o.packetsSent);
    v[i + 3] = n(o.bytesSent);
    v[i + 4] = n(o.headerBytesSent);
    v[i + 5] = n(o.retransmittedPacketsSent);
    v[i + 6] = n(o.retransmittedBytesSent);
    v[i + 7] = n(o.nackCount);
    v[i + 8] = n(o.pliCount);
    v[i + 9] = n(o.firCount);
    v[i + 10] = n(o.framesSent);
    v[i + 11] = n(o.framesEncoded);
    v[i + 12] = n(o.keyFramesEncoded);
    v[i + 13] = n(o.hugeFramesSent);
    v[i + 14] = n(o.framesPerSecond);
    v[i + 15] = n(o.frameWidth);
    v[i + 16] = n(o.frameHeight);
    v[i + 17] = n(o.qpSum);
    v[i + 18] = n(o.totalEncodeTime);
    v[i + 19] = n(o.totalPacketSendDelay);
    v[i + 20] = n(o.targetBitrate);
    v[i + 21] = n(o.active);
    v[i + 22] = n(o.qualityLimitationResolutionChanges);
    v[i + 23] = n(q?.none);
    v[i + 24] = n(q?.bandwidth);
    v[i + 25] = n(q?.cpu);
    v[i + 26] = n(q?.other);
    to.length = i + 27;
    to.text(t(o.id));
    to.text(t(o.kind ?? o.mediaType));
    to.text(t(o.mid));
    to.text(t(o.rid));
    to.text(t(o.mediaSourceId));
    to.text(t(o.codecId));
    to.text(t(o.remoteId));
    to.text(t(o.transportId));
    to.text(t(o.encoderImplementation));
    to.text(t(o.qualityLimitationReason));
    to.text(t(o.scalabilityMode));
  },
  "remote-inbound-rtp"(o, to) {
    const v = to.room(2, 8);
    const i = to.length;
    v[i] = n(o.timestamp);
    v[i + 1] = n(o.ssrc);
    v[i + 2] = n(o.packetsLost);
    v[i + 3] = n(o.fractionLost);
    v[i + 4] = n(o.jitter);
    v[i + 5] = n(o.roundTripTime);
    v[i + 6] = n(o.totalRoundTripTime);
    v[i + 7] = n(o.roundTripTimeMeasurements);
    to.length = i + 8;
    to.text(t(o.id));
    to.text(t(o.kind ?? o.mediaType));
    to.text(t(o.localId));
  },
  "remote-outbound-rtp"(o, to) {
    const v = to.room(3, 7);
    const i = to.length;
    v[i] = n(o.timestamp);
    v[i + 1] = n(o.ssrc);
    v[i + 2] = n(o.packetsSent);
    v[i + 3] = n(o.bytesSent);
    v[i + 4] = n(o.roundTripTime);
    v[i + 5] = n(o.totalRoundTripTime);
    v[i + 6] = n(o.roundTripTimeMeasurements);
    to.length = i + 7;
    to.text(t(o.id));
    to.text(t(o.kind ?? o.mediaType));
    to.text(t(o.localId));
  },
  "media-source"(o, to) {
    const v = to.room(4, 5);
    const i = to.length;
    v[i] = n(o.timestamp);
    v[i + 1] = n(o.framesPerSecond);
    v[i + 2] = n(o.width);
    v[i + 3] = n(o.height);
    v[i + 4] = n(o.audioLevel);
    to.length = i + 5;
    to.text(t(o.id));
    to.text(t(o.kind ?? o.mediaType));
    to.text(t(o.trackIdentifier));
  },
  codec(o, to) {
    const v = to.room(5, 3);
    const i = to.length;
    v[i] = n(o.timestamp);
    v[i + 1] = n(o.clockRate);
    v[i + 2] = n(o.payloadType);
    to.length = i + 3;
    to.text(t(o.id));
    to.text(t(o.mimeType));
  },
  transport(o, to) {
    const v = to.room(6, 6);
    const i = to.length;
    v[i] = n(o.timestamp);
    v[i + 1] = n(o.bytesSent);
    v[i + 2] = n(o.bytesReceived);
    v[i + 3] = n(o.packetsSent);
    v[i + 4] = n(o.packetsReceived);
    v[i + 5] = n(o.selectedCandidatePairChanges);
    to.length = i + 6;
    to.text(t(o.id));
    to.text(t(o.selectedCandidatePairId));
    to.text(t(o.dtlsState));
    to.text(t(o.iceState));
  },
  "candidate-pair"(o, to) {
    const v = to.room(7, 12);
    const i = to.length;
    v[i] = n(o.timestamp);
    v[i + 1] = n(o.bytesSent);
    v[i + 2] = n(o.bytesReceived);
    v[i + 3] = n(o.packetsSent);
    v[i + 4] = n(o.packetsReceived);
    v[i + 5] = n(o.currentRoundTripTime);
    v[i + 6] = n(o.totalRoundTripTime);
    v[i + 7] = n(o.responsesReceived);
    v[i + 8] = n(o.availableOutgoingBitrate);
    v[i + 9] = n(o.availableIncomingBitrate);
    v[i + 10] = n(o.nominated);
    v[i + 11] = n(o.selected);
    to.length = i + 12;
    to.text(t(o.id));
    to.text(t(o.transportId));
    to.text(t(o.localCandidateId));
    to.text(t(o.remoteCandidateId));
    to.text(t(o.state));
  },
  "local-candidate"(o, to) {
    const v = to.room(8, 1);
    const i = to.length;
    v[i] = n(o.timestamp);
    to.length = i + 1;
    to.text(t(o.id));
    to.text(t(o.candidateType));
    to.text(t(o.protocol));
    to.text(t(o.relayProtocol));
    to.text(t(o.networkType));
  },
  "remote-candidate"(o, to) {
    const v = to.room(9, 1);
    const i = to.length;
    v[i] = n(o.timestamp);
    to.length = i + 1;
    to.text(t(o.id));
    to.text(t(o.candidateType));
    to.text(t(o.protocol));
  },
  "data-channel"(o, to) {
    const v = to.room(10, 5);
    const i = to.length;
    v[i] = n(o.timestamp);
    v[i + 1] = n(o.bytesSent);
    v[i + 2] = n(o.bytesReceived);
    v[i + 3] = n(o.messagesSent);
    v[i + 4] = n(o.messagesReceived);
    to.length = i + 5;
    to.text(t(o.id));
    to.text(t(o.label));
    to.text(t(o.state));
  },
};
