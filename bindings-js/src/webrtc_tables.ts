// Made from core/src/webrtc by: STREAMGAUGE_WRITE_DOCS=1 cargo test --test webrtc_tables

/** Counters of a track; `null` for what was not measured. */
export interface Metrics<T = number | null> {
  /** Packets received or sent, retransmissions included. */
  packets: T;
  /** Their payload bytes, without headers and padding. */
  payloadBytes: T;
  /** The bytes of their RTP headers and padding. */
  headerBytes: T;
  /** Of the packets, those sent again. */
  retransmittedPackets: T;
  /** Their payload bytes. */
  retransmittedBytes: T;
  /** FEC packets received. */
  fecPackets: T;
  /** FEC packets that were of no use. */
  fecPacketsDiscarded: T;
  /** Packets that came too early or too late to be played. */
  packetsDiscarded: T;
  /** NACKs sent (received streams) or received (sent ones). */
  nacks: T;
  /** Picture loss indications, as NACKs. */
  plis: T;
  /** Full intra requests, as NACKs. */
  firs: T;
  /** Frames decoded or encoded. */
  frames: T;
  /** Frames received or sent whole. */
  framesTransferred: T;
  /** Of the frames decoded or encoded, key frames. */
  keyFrames: T;
  /** Frames dropped before or after decoding. */
  framesDropped: T;
  /** Quantiser of every frame, added up. */
  qpSum: T;
  /** Time spent decoding or encoding. */
  codecTimeUs: T;
  /** Of a received stream: from the first packet of a frame to its decoding, added up. Of a sent one: the time packets waited to be sent. */
  delayUs: T;
  /** Freezes, as the browser counts them. */
  freezes: T;
  /** How long they lasted. */
  freezeUs: T;
  /** Pauses, as the browser counts them. */
  pauses: T;
  /** How long they lasted. */
  pauseUs: T;
  /** Time in the jitter buffer of every sample or frame, added up. */
  jitterBufferDelayUs: T;
  /** What the jitter buffer aimed at, added up as its delay. */
  jitterBufferTargetUs: T;
  /** Samples or frames that came out of the jitter buffer. */
  jitterBufferEmitted: T;
  /** Audio samples received or made up. */
  samples: T;
  /** Of these, made up for what was lost. */
  concealedSamples: T;
  /** Of these, silent. */
  silentConcealedSamples: T;
  /** Runs of concealed samples. */
  concealmentEvents: T;
  /** Samples inserted to slow playing down. */
  insertedSamples: T;
  /** Samples removed to speed playing up. */
  removedSamples: T;
  /** How often the resolution changed for a limitation. */
  resolutionChanges: T;
  /** Time without a limitation of the quality. */
  unlimitedUs: T;
  /** Time limited by bandwidth. */
  bandwidthLimitedUs: T;
  /** Time limited by the processor. */
  cpuLimitedUs: T;
  /** Time limited by something else. */
  otherLimitedUs: T;
  /** RTCP round-trip times, added up. */
  rttTotalUs: T;
  /** How many of them were measured. */
  rttMeasurements: T;
  /** Packets lost: signed, for one that comes late is lost no more. */
  packetsLost: T;
}

/** @internal */
export const METRICS = [
  "packets",
  "payloadBytes",
  "headerBytes",
  "retransmittedPackets",
  "retransmittedBytes",
  "fecPackets",
  "fecPacketsDiscarded",
  "packetsDiscarded",
  "nacks",
  "plis",
  "firs",
  "frames",
  "framesTransferred",
  "keyFrames",
  "framesDropped",
  "qpSum",
  "codecTimeUs",
  "delayUs",
  "freezes",
  "freezeUs",
  "pauses",
  "pauseUs",
  "jitterBufferDelayUs",
  "jitterBufferTargetUs",
  "jitterBufferEmitted",
  "samples",
  "concealedSamples",
  "silentConcealedSamples",
  "concealmentEvents",
  "insertedSamples",
  "removedSamples",
  "resolutionChanges",
  "unlimitedUs",
  "bandwidthLimitedUs",
  "cpuLimitedUs",
  "otherLimitedUs",
  "rttTotalUs",
  "rttMeasurements",
  "packetsLost",
] as const satisfies readonly (keyof Metrics)[];

/** Values of one report of a track; `null`, in columns NaN, for what was not measured. Counts are those of the interval since the report before. */
export interface TrackValues<T = number | null> {
  /** Seconds that the rates of the row are taken over. */
  seconds: T;
  /** Payload bits per second. */
  payloadBitrateBps: T;
  /** Bits per second with RTP headers and padding. */
  wireBitrateBps: T;
  /** Packets per second. */
  packetRatePerS: T;
  /** Packets. */
  packets: T;
  /** Packets lost: negative when more came late than were newly lost. */
  packetsLost: T;
  /** Lost of the packets that should have come. */
  lossRatio: T;
  /** Jitter: of a received track our own, of a sent one what its receiver reported. */
  jitterUs: T;
  /** The latest RTCP round-trip time. Not that of STUN, which is the connection's. */
  rttUs: T;
  /** The mean of the RTCP round-trip times of the interval. */
  rttMeanUs: T;
  /** Frames decoded or encoded per second; of simulcast layers the best one's. */
  frameRatePerS: T;
  /** Frames decoded or encoded; of simulcast layers the best one's. */
  frames: T;
  /** Frames dropped. */
  framesDropped: T;
  /** Key frames. */
  keyFrames: T;
  /** Freezes that ended. */
  freezes: T;
  /** How long they were. */
  freezeUs: T;
  /** NACKs. */
  nacks: T;
  /** Picture loss indications. */
  plis: T;
  /** Full intra requests. */
  firs: T;
  /** The mean delay of the jitter buffer. */
  jitterBufferUs: T;
  /** Concealed of all audio samples. */
  concealmentRatio: T;
  /** Packets sent again of all packets. */
  retransmitRatio: T;
  /** FEC packets. */
  fecPackets: T;
  /** Packets too late or too early to be played. */
  packetsDiscarded: T;
  /** The mean time to decode or encode a frame. */
  codecUsPerFrame: T;
  /** The mean quantiser of a frame. */
  qpMean: T;
  /** The width of the picture in pixels; of simulcast layers the largest. */
  width: T;
  /** The height of the picture in pixels. */
  height: T;
  /** What the encoder is to send, in bits per second. */
  targetBitrateBps: T;
  /** The part of the interval in which bandwidth, processor or something else limited the quality. */
  limitedRatio: T;
  /** What limits it: 0 nothing, 1 bandwidth, 2 the processor, 3 something else. */
  limitation: T;
}

/** @internal */
export const TRACK_VALUES = [
  "seconds",
  "payloadBitrateBps",
  "wireBitrateBps",
  "packetRatePerS",
  "packets",
  "packetsLost",
  "lossRatio",
  "jitterUs",
  "rttUs",
  "rttMeanUs",
  "frameRatePerS",
  "frames",
  "framesDropped",
  "keyFrames",
  "freezes",
  "freezeUs",
  "nacks",
  "plis",
  "firs",
  "jitterBufferUs",
  "concealmentRatio",
  "retransmitRatio",
  "fecPackets",
  "packetsDiscarded",
  "codecUsPerFrame",
  "qpMean",
  "width",
  "height",
  "targetBitrateBps",
  "limitedRatio",
  "limitation",
] as const satisfies readonly (keyof TrackValues)[];

/** Values of one report of a connection; `null`, in columns NaN, for what was not measured. Counts are those of the interval since the report before. */
export interface ConnectionValues<T = number | null> {
  /** Seconds that the rates of the row are taken over. */
  seconds: T;
  /** Everything sent over the transport, in bits per second. */
  sentBitrateBps: T;
  /** Everything received over it. */
  receivedBitrateBps: T;
  /** Payload of the tracks sent, in bits per second. */
  outboundPayloadBitrateBps: T;
  /** Payload of the tracks received. */
  inboundPayloadBitrateBps: T;
  /** The bandwidth estimated for sending, in bits per second. */
  availableOutgoingBps: T;
  /** The bandwidth estimated for receiving. */
  availableIncomingBps: T;
  /** The latest STUN round-trip time of the selected pair. Not that of RTCP, which is the tracks'. */
  stunRttUs: T;
  /** The mean of the STUN round-trip times of the interval. */
  stunRttMeanUs: T;
  /** How often the selected pair changed. */
  pairChanges: T;
  /** Tracks in the report. */
  tracks: T;
  /** Messages sent over data channels. */
  messagesSent: T;
  /** Messages received over them. */
  messagesReceived: T;
  /** Their bytes. */
  messageBytesSent: T;
  /** Their bytes. */
  messageBytesReceived: T;
  /** By how much the clocks moved apart since the first report. */
  clockSkewUs: T;
}

/** @internal */
export const CONNECTION_VALUES = [
  "seconds",
  "sentBitrateBps",
  "receivedBitrateBps",
  "outboundPayloadBitrateBps",
  "inboundPayloadBitrateBps",
  "availableOutgoingBps",
  "availableIncomingBps",
  "stunRttUs",
  "stunRttMeanUs",
  "pairChanges",
  "tracks",
  "messagesSent",
  "messagesReceived",
  "messageBytesSent",
  "messageBytesReceived",
  "clockSkewUs",
] as const satisfies readonly (keyof ConnectionValues)[];

/** @internal */
export const CONNECTION_TOTALS = [
  "bytesSent",
  "bytesReceived",
  "packetsSent",
  "packetsReceived",
  "pairChanges",
  "messagesSent",
  "messagesReceived",
  "messageBytesSent",
  "messageBytesReceived",
] as const;

/** @internal */
export const MONITOR_COUNTS = [
  "reports",
  "rejectedReports",
  "resets",
  "boundaries",
  "gaps",
  "skews",
  "truncated",
  "invalidMembers",
  "unidentified",
  "otherTypes",
  "rejectedStreams",
  "forgottenTracks",
] as const;

/** @internal */
export const FLAGS = [
  "first",
  "reset",
  "boundary",
  "gap",
  "skew",
  "truncated",
  "inferred",
  "absent",
] as const;
