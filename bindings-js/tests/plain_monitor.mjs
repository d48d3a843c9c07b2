// What a front-end developer writes to watch getStats by hand: the same rates, totals and rows as
// `streamgauge/webrtc` gives of tracks, in plain JavaScript, with resets and streams that vanish.

const INBOUND = {
  packets: "packetsReceived", payloadBytes: "bytesReceived", headerBytes: "headerBytesReceived",
  retransmittedPackets: "retransmittedPacketsReceived", retransmittedBytes: "retransmittedBytesReceived",
  fecPackets: "fecPacketsReceived", fecPacketsDiscarded: "fecPacketsDiscarded", packetsDiscarded: "packetsDiscarded",
  nacks: "nackCount", plis: "pliCount", firs: "firCount", frames: "framesDecoded", framesTransferred: "framesReceived",
  keyFrames: "keyFramesDecoded", framesDropped: "framesDropped", qpSum: "qpSum", codecTime: "totalDecodeTime",
  delay: "totalProcessingDelay", freezes: "freezeCount", freezeTime: "totalFreezesDuration", pauses: "pauseCount",
  pauseTime: "totalPausesDuration", jitterBufferDelay: "jitterBufferDelay", jitterBufferTarget: "jitterBufferTargetDelay",
  jitterBufferEmitted: "jitterBufferEmittedCount", samples: "totalSamplesReceived", concealedSamples: "concealedSamples",
  silentConcealedSamples: "silentConcealedSamples", concealmentEvents: "concealmentEvents",
  insertedSamples: "insertedSamplesForDeceleration", removedSamples: "removedSamplesForAcceleration",
  packetsLost: "packetsLost",
}; // prettier-ignore
const OUTBOUND = {
  packets: "packetsSent", payloadBytes: "bytesSent", headerBytes: "headerBytesSent",
  retransmittedPackets: "retransmittedPacketsSent", retransmittedBytes: "retransmittedBytesSent", nacks: "nackCount",
  plis: "pliCount", firs: "firCount", frames: "framesEncoded", framesTransferred: "framesSent",
  keyFrames: "keyFramesEncoded", qpSum: "qpSum", codecTime: "totalEncodeTime", delay: "totalPacketSendDelay",
  resolutionChanges: "qualityLimitationResolutionChanges",
}; // prettier-ignore
const INBOUND_COUNTERS = Object.entries(INBOUND);
const OUTBOUND_COUNTERS = Object.entries(OUTBOUND);
const ratio = (a, b) => (a !== undefined && b > 0 ? a / b : null);

export class PlainMonitor {
  constructor(maxRows = 3600) {
    this.maxRows = maxRows;
    this.streams = new Map();
    this.tracks = new Map();
    this.pair = undefined;
  }

  record(report, timeUs) {
    const remote = new Map();
    const codecs = new Map();
    const sources = new Map();
    const pairs = new Map();
    let selected;
    report.forEach((o) => {
      if (o.type === "remote-inbound-rtp" || o.type === "remote-outbound-rtp")
        remote.set(o.localId, o);
      else if (o.type === "codec") codecs.set(o.id, o);
      else if (o.type === "media-source") sources.set(o.id, o);
      else if (o.type === "candidate-pair") pairs.set(o.id, o);
      else if (o.type === "transport") selected = o.selectedCandidatePairId;
    });
    this.pair = pairs.get(selected);
    const rows = new Map();
    report.forEach((o) => {
      const outbound = o.type === "outbound-rtp";
      if (!outbound && o.type !== "inbound-rtp") return;
      const far = remote.get(o.id);
      const name = outbound
        ? (o.mid ?? sources.get(o.mediaSourceId)?.trackIdentifier)
        : o.trackIdentifier;
      const key = `${o.type} ${o.kind} ${name}`;
      let track = this.tracks.get(key);
      if (track === undefined) {
        track = { key, totals: {}, rows: [], mime: "" };
        this.tracks.set(key, track);
      }
      track.mime = codecs.get(o.codecId)?.mimeType ?? track.mime;
      const counters = outbound ? OUTBOUND_COUNTERS : INBOUND_COUNTERS;
      const shown = {};
      for (const [metric, member] of counters) {
        const value = o[member];
        if (typeof value === "number" && Number.isFinite(value)) shown[metric] = value;
      }
      if (far !== undefined) {
        shown.rttTime = far.totalRoundTripTime;
        shown.rttMeasurements = far.roundTripTimeMeasurements;
        if (outbound) shown.packetsLost = far.packetsLost;
      }
      const mark = this.streams.get(o.id);
      this.streams.set(o.id, { shown, timestamp: o.timestamp, ssrc: o.ssrc });
      if (mark === undefined) return;
      const restarted =
        mark.ssrc !== o.ssrc ||
        shown.packets < mark.shown.packets ||
        shown.payloadBytes < mark.shown.payloadBytes;
      const added = {};
      for (const metric in shown) {
        const before = mark.shown[metric];
        if (before === undefined) continue;
        const step = shown[metric] - before;
        added[metric] = restarted || (step < 0 && metric !== "packetsLost") ? shown[metric] : step;
        track.totals[metric] = (track.totals[metric] ?? 0) + added[metric];
      }
      const seconds = (o.timestamp - mark.timestamp) / 1000;
      const perS = (n) => (seconds > 0 && n !== undefined ? n / seconds : null);
      const row = rows.get(track) ?? {
        timeUs,
        bitrate: 0,
        wire: 0,
        packetRate: 0,
        frameRate: null,
      };
      row.bitrate += 8 * perS(added.payloadBytes);
      row.wire += 8 * perS(added.payloadBytes + added.headerBytes);
      row.packetRate += perS(added.packets);
      row.frameRate = Math.max(row.frameRate ?? 0, perS(added.frames) ?? 0);
      row.packets = added.packets;
      row.lost = added.packetsLost;
      row.lossRatio = ratio(
        added.packetsLost,
        outbound ? added.packets : added.packets + added.packetsLost,
      );
      row.jitterUs = (outbound ? far?.jitter : o.jitter) * 1e6;
      row.rttUs = far?.roundTripTime * 1e6;
      row.rttMeanUs = ratio(added.rttTime * 1e6, added.rttMeasurements);
      row.frames = added.frames;
      row.dropped = added.framesDropped;
      row.freezes = added.freezes;
      row.freezeUs = added.freezeTime * 1e6;
      row.nacks = added.nacks;
      row.plis = added.plis;
      row.firs = added.firs;
      row.jitterBufferUs = ratio(added.jitterBufferDelay * 1e6, added.jitterBufferEmitted);
      row.concealment = ratio(added.concealedSamples, added.samples);
      row.retransmit = ratio(added.retransmittedPackets, added.packets);
      row.codecUs = ratio(added.codecTime * 1e6, added.frames);
      row.qp = ratio(added.qpSum, added.frames);
      row.width = o.frameWidth;
      row.height = o.frameHeight;
      row.target = o.targetBitrate;
      row.limitation = o.qualityLimitationReason;
      rows.set(track, row);
    });
    for (const [track, row] of rows) {
      track.rows.push(row);
      if (track.rows.length > this.maxRows) track.rows.shift();
    }
  }
}
