import { engine, type LiveGlue } from "./live_engine.js";
import { Held } from "./held.js";
import { bytes, type Clocks, flatClocks, limit, now, Numbers, safe, u32, u8 } from "./numbers.js";
import { columns, type PacketColumns } from "./packets.js";
import type { RawRtcp, RawRtp } from "./wasm/live/streamgauge.js";

/** Formats and limits of an `RtpStats`. */
export interface RtpOptions {
  clocks?: Clocks;
  /** When there are more streams, one not heard of lately goes; 65,536 without it, at most 2^24. */
  maxStreams?: number;
  /** How many of these may be without two packets in sequence; 16,384 without it. */
  maxUnvalidated?: number;
}

/**
 * Cumulative counts of one or more streams, or what was added to them. All only grow but `expected`,
 * `lost` and `lostRfc3550`. Bytes come in three views: wire (UDP payload), header, and payload =
 * wire - header - padding.
 */
export interface StreamTotals {
  /** All arrivals: late, repeated, padding, RTX and FEC included. */
  packets: number;
  wireBytes: number;
  headerBytes: number;
  paddingBytes: number;
  payloadBytes: number;
  /** Arrivals that are neither RTX, FEC nor padding alone. */
  mediaPackets: number;
  mediaWireBytes: number;
  mediaPayloadBytes: number;
  rtxPackets: number;
  rtxWireBytes: number;
  /** Header and padding bytes of RTX. */
  rtxOverheadBytes: number;
  fecPackets: number;
  fecWireBytes: number;
  /** Header and padding bytes of FEC. */
  fecOverheadBytes: number;
  /** Arrivals with padding and no payload, of class media. */
  paddingPackets: number;
  paddingPacketWireBytes: number;
  /** First arrivals: all but the repeated, too old and implausible ones. */
  unique: number;
  /** Sequence numbers that were skipped when a later one arrived. */
  missing: number;
  /** Of these, those that came after all. */
  recoveredLate: number;
  /** Arrivals of sequence numbers that had arrived before. */
  duplicates: number;
  /** First arrivals after a later sequence number. */
  outOfOrder: number;
  /** Arrivals too far behind to tell late from repeated. */
  tooOld: number;
  /** Single arrivals too far ahead, which nothing confirmed. */
  implausible: number;
  /** Restarts of the sequence; no loss is counted for them. */
  discontinuities: number;
  /** Distinct timestamps of video. */
  frames: number;
  /** Of these, frames with a packet flagged as key frame. */
  keyframes: number;
  /** Sequence numbers from the lowest to the highest of each segment between restarts. */
  expected: number;
  /** Sequence numbers that never arrived; falls when one comes late, so a delta may be negative. */
  lost: number;
  /** Expected less received, where repeated packets are received. */
  lostRfc3550: number;
}

const TOTALS = [
  "packets",
  "wireBytes",
  "headerBytes",
  "paddingBytes",
  "payloadBytes",
  "mediaPackets",
  "mediaWireBytes",
  "mediaPayloadBytes",
  "rtxPackets",
  "rtxWireBytes",
  "rtxOverheadBytes",
  "fecPackets",
  "fecWireBytes",
  "fecOverheadBytes",
  "paddingPackets",
  "paddingPacketWireBytes",
  "unique",
  "missing",
  "recoveredLate",
  "duplicates",
  "outOfOrder",
  "tooOld",
  "implausible",
  "discontinuities",
  "frames",
  "keyframes",
  "expected",
  "lost",
  "lostRfc3550",
] as const satisfies readonly (keyof StreamTotals)[];

/** Everything known of one stream; `null`: not measured. */
export interface StreamStats {
  ssrc: number;
  /** Payload type of the latest media packet. */
  payloadType: number | null;
  /** Ticks per second of the timestamps. */
  clockHz: number | null;
  /** Distinct timestamps; `null` for what is not video. */
  frames: number | null;
  /** Extended highest sequence number; the first cycle begins at 65,536. */
  extendedHighest: number | null;
  /** The highest timestamp, extended. */
  extendedTimestamp: number | null;
  firstArrivalUs: number | null;
  lastArrivalUs: number | null;
  /** The longest time between two arrivals of media. */
  maxDeltaUs: number | null;
  /** RFC 3550 A.8 over every media packet, now. */
  jitterUs: number | null;
  jitterTicks: number | null;
  /** Its mean over all steps. */
  meanJitterUs: number | null;
  maxJitterUs: number | null;
  /** A.8 over the first packet of each timestamp. */
  frameJitterUs: number | null;
  frameJitterTicks: number | null;
  /** Wire bits per second from the first to the latest arrival. */
  bitrateBps: number | null;
  /** Timestamps more than 10 s away from what the arrivals say. */
  timestampDiscontinuities: number;
  /** Arrivals with a time before that of the one before. */
  arrivalsWentBack: number;
  /** Runs of consecutive losses of at least so many packets, up to the next. */
  lossBursts: { atLeast: number; count: number }[];
  totals: StreamTotals;
}

/** What a reader took of one stream. */
export interface StreamDelta {
  /** The stream; `null` for what streams had pending when they went. */
  ssrc: number | null;
  /** The highest jitter within the interval. */
  maxJitterUs: number | null;
  startUs: number;
  endUs: number;
  /** The stream is gone and this is all that is left. */
  last: boolean;
  /** What was added in the interval. */
  totals: StreamTotals;
}

const BURST_BINS = 12;

function statsOf(n: Numbers): StreamStats {
  return {
    ssrc: n.whole("ssrc"),
    ...n.optional(["payloadType", "clockHz", "frames", "extendedHighest", "extendedTimestamp"]),
    ...n.optional(["firstArrivalUs", "lastArrivalUs", "maxDeltaUs"]),
    ...n.floats(["jitterUs", "jitterTicks", "meanJitterUs", "maxJitterUs"]),
    ...n.floats(["frameJitterUs", "frameJitterTicks", "bitrateBps"]),
    ...n.record(["timestampDiscontinuities", "arrivalsWentBack"]),
    lossBursts: Array.from({ length: BURST_BINS }, () => n.record(["atLeast", "count"])),
    totals: n.record(TOTALS),
  };
}

/**
 * Receiver statistics of RTP streams by SSRC: RFC 3550 A.1 validation, loss that can be corrected, A.8
 * jitter, frames, bytes by class. Bounded, also under a flood of SSRCs. Free it, or let `using` do so.
 */
export class RtpStats extends Held<RawRtp, LiveGlue> {
  /** @throws StreamgaugeError `invalid_argument` for a limit or a clock out of range. */
  constructor(options: RtpOptions = {}) {
    const clocks = flatClocks(options.clocks);
    const maxStreams = limit(options.maxStreams, "maxStreams");
    const maxUnvalidated = limit(options.maxUnvalidated, "maxUnvalidated");
    super(engine, (glue) => new glue.RawRtp(clocks, maxStreams, maxUnvalidated));
  }

  /** Counts packets in the order of their arrival. */
  record(packets: PacketColumns): void {
    const checked = columns(packets);
    this.call((raw) => raw.record(...checked));
  }

  /**
   * Reads and counts one raw packet, a whole UDP payload; `flags` adds what it does not tell itself.
   *
   * @throws StreamgaugeError `malformed`.
   */
  recordRaw(arrivalUs: number, data: Uint8Array, flags = 0): void {
    const [at, given] = [safe(arrivalUs, "arrivalUs"), bytes(data, "data")];
    this.call((raw) => raw.recordRaw(at, given, u8(flags, "flags")));
  }

  /** Everything known of a stream; `null` while the SSRC has no two packets in sequence. */
  snapshot(ssrc: number): StreamStats | null {
    const found = this.call((raw) => raw.snapshot(u32(ssrc, "ssrc")));
    return found === undefined ? null : statsOf(new Numbers(found));
  }

  /** The same of all streams, by SSRC. */
  snapshots(): StreamStats[] {
    return new Numbers(this.call((raw) => raw.snapshots())).all(statsOf);
  }

  /** Counts of all streams that are or were there. */
  totals(): StreamTotals {
    return new Numbers(this.call((raw) => raw.totals())).record(TOTALS);
  }

  /**
   * Packets that are not in the totals, of SSRCs that are no stream (yet), and their bytes; streams that
   * were evicted or removed; SSRCs kept; the memory that all takes.
   */
  counts(): {
    unvalidatedPackets: number;
    unvalidatedWireBytes: number;
    evictions: number;
    ssrcs: number;
    memoryBytes: number;
  } {
    const n = new Numbers(this.call((raw) => raw.counts()));
    return n.record([
      "unvalidatedPackets",
      "unvalidatedWireBytes",
      "evictions",
      "ssrcs",
      "memoryBytes",
    ]);
  }

  /** Ends a stream: its counts stay in the totals. `false` when there is none. */
  remove(ssrc: number): boolean {
    return this.call((raw) => raw.remove(u32(ssrc, "ssrc")));
  }

  /** Resolves what is held as a possible restart, at the end of the input. */
  settle(): void {
    this.call((raw) => raw.settle());
  }

  /**
   * A reader of everything from now on (the clock's time without one).
   *
   * @throws StreamgaugeError `capacity_exceeded` when there are 16.
   */
  reader(nowUs?: number): RtpReader {
    const place = this.call((raw) => raw.reader(now(nowUs)));
    return new RtpReader(place, (body) => this.call(body));
  }
}

/** A reader of an `RtpStats`: takes deltas, independently of others. Their sum is the total. */
export class RtpReader {
  readonly #place: number;
  readonly #call: <T>(body: (raw: RawRtp) => T) => T;

  /** @internal */
  constructor(place: number, call: <T>(body: (raw: RawRtp) => T) => T) {
    this.#place = place;
    this.#call = call;
  }

  /**
   * Takes what is pending of every stream as delivered; streams without anything new are left out. By
   * SSRC, those that went last.
   *
   * @throws StreamgaugeError `already_pending` while a `take` is in flight.
   */
  flush(nowUs?: number): StreamDelta[] {
    return this.#deltas(nowUs, false);
  }

  /** As `flush`, but holds what was taken until `ack` or `restore`. */
  take(nowUs?: number): StreamDelta[] {
    return this.#deltas(nowUs, true);
  }

  /** What was taken has arrived. */
  ack(): void {
    this.#call((raw) => raw.ack(this.#place));
  }

  /** What was taken was not delivered: it is pending again. */
  restore(): void {
    this.#call((raw) => raw.restore(this.#place));
  }

  /** What was not taken, by SSRC; of streams that went last, under `null`. */
  pending(): { ssrc: number | null; totals: StreamTotals }[] {
    const numbers = new Numbers(this.#call((raw) => raw.pending(this.#place)));
    return numbers.all((n) => ({ ssrc: n.wholeOrNull("ssrc"), totals: n.record(TOTALS) }));
  }

  #deltas(nowUs: number | undefined, hold: boolean): StreamDelta[] {
    const numbers = new Numbers(this.#call((raw) => raw.take(this.#place, now(nowUs), hold)));
    return numbers.all((n) => ({
      ssrc: n.wholeOrNull("ssrc"),
      maxJitterUs: n.floatOrNull(),
      startUs: n.whole("startUs"),
      endUs: n.whole("endUs"),
      last: n.float() === 1,
      totals: n.record(TOTALS),
    }));
  }
}

/** What somebody receives of one source, as an RTCP report has it. */
export interface ReportBlock {
  ssrc: number;
  /** Fraction lost since the report before, in 256ths. */
  fractionLost: number;
  /** Packets lost in all; negative when repeats outnumber losses. */
  cumulativeLost: number;
  /** Modulo 2^32. */
  extendedHighest: number;
  jitterTicks: number;
  /** Middle 32 bits of the NTP time of the last sender report received; 0: none yet. */
  lastSr: number;
  /** Time since then, in 65,536ths of a second. */
  delaySinceLastSr: number;
}

/** What RTCP said about one source; `null`: not said, or not measured. */
export interface SourceReport {
  ssrc: number;
  /** The latest round-trip time by a report block (SR, then LSR and DLSR). */
  rttUs: number | null;
  maxRttUs: number | null;
  /** The latest round-trip time by its receiver reference time (XR: RRTR, then DLRR). */
  xrRttUs: number | null;
  /** Packets it says it sent, extended past 32 bits. */
  sentPackets: number | null;
  /** Payload bytes it says it sent, extended past 32 bits. */
  sentBytes: number | null;
  /** RTP timestamp of its latest sender report. */
  rtpTimestamp: number | null;
  /** The same moment as NTP time, 32.32 bits. */
  ntp: bigint | null;
  /** When it was last heard of. */
  heardUs: number;
  /** The sum of all round-trip times, and how many. */
  totalRttUs: number;
  rttMeasurements: number;
  nacks: number;
  /** Packets that NACKs asked for. */
  nackPackets: number;
  plis: number;
  firs: number;
  senderReports: number;
  /** Whether it said goodbye. */
  left: boolean;
  /** The latest report block about it. */
  remote: ReportBlock | null;
}

/** What RTCP came, by kind. Never falls. */
export interface RtcpTotals {
  compounds: number;
  /** Compound packets with a malformed part. */
  malformed: number;
  senderReports: number;
  reportBlocks: number;
  nacks: number;
  nackPackets: number;
  plis: number;
  firs: number;
  rttMeasurements: number;
  /** Round-trip times that came out negative, not used. */
  rttNegative: number;
  byes: number;
  /** Sources evicted. */
  evicted: number;
}

const RTCP_TOTALS = [
  "compounds",
  "malformed",
  "senderReports",
  "reportBlocks",
  "nacks",
  "nackPackets",
  "plis",
  "firs",
  "rttMeasurements",
  "rttNegative",
  "byes",
  "evicted",
] as const satisfies readonly (keyof RtcpTotals)[];

function sourceOf(n: Numbers): SourceReport {
  const ssrc = n.whole("ssrc");
  const times = n.optional(["rttUs", "maxRttUs", "xrRttUs"]);
  const sent = n.optional(["sentPackets", "sentBytes", "rtpTimestamp"]);
  const [high, low] = [n.floatOrNull(), n.floatOrNull()];
  const ntp = high === null || low === null ? null : (BigInt(high) << 32n) | BigInt(low);
  const counts = n.record(["heardUs", "totalRttUs", "rttMeasurements", "nacks", "nackPackets"]);
  const more = n.record(["plis", "firs", "senderReports"]);
  const left = n.float() === 1;
  const remote = n.record([
    "ssrc",
    "fractionLost",
    "cumulativeLost",
    "extendedHighest",
    "jitterTicks",
    "lastSr",
    "delaySinceLastSr",
  ]);
  const reported = Number.isNaN(remote.ssrc) ? null : remote;
  return { ssrc, ...times, ...sent, ntp, ...counts, ...more, left, remote: reported };
}

/**
 * Reads RTCP in both directions as it passes one point: round-trip times, remote loss, feedback. Free
 * it, or let `using` do so.
 */
export class RtcpStats extends Held<RawRtcp, LiveGlue> {
  /** `maxSources` (1024): when there are more, the one not heard of for longest goes. */
  constructor(options: { maxSources?: number } = {}) {
    const maxSources = limit(options.maxSources, "maxSources");
    super(engine, (glue) => new glue.RawRtcp(maxSources));
  }

  /**
   * Takes a compound packet that passed at `atUs`, sent or received.
   *
   * @throws StreamgaugeError `malformed` for a malformed part; what stood before it counts.
   */
  record(atUs: number, data: Uint8Array): void {
    const [at, given] = [safe(atUs, "atUs"), bytes(data, "data")];
    this.call((raw) => raw.record(at, given));
  }

  /** What was said about a source. */
  source(ssrc: number): SourceReport | null {
    const found = this.call((raw) => raw.source(u32(ssrc, "ssrc")));
    return found === undefined ? null : sourceOf(new Numbers(found));
  }

  /** All sources, by SSRC. */
  sources(): SourceReport[] {
    return new Numbers(this.call((raw) => raw.sources())).all(sourceOf);
  }

  /** Counts over all sources, those evicted included. */
  totals(): RtcpTotals {
    return new Numbers(this.call((raw) => raw.totals())).record(RTCP_TOTALS);
  }

  /** The largest round-trip time since this was last asked; `null` when none was measured. */
  takeMaxRttUs(): number | null {
    return this.call((raw) => raw.takeMaxRtt()) ?? null;
  }
}

/** One RTP packet. */
export interface Packet {
  arrivalUs: number;
  ssrc: number;
  rtpTimestamp: number;
  sequence: number;
  /** The whole UDP payload. */
  wireBytes: number;
  /** Fixed header, CSRCs and extensions. */
  headerBytes: number;
  payloadType: number;
  paddingBytes: number;
  /** A sum of `PacketFlag`s. */
  flags: number;
}

const PACKET = [
  "arrivalUs",
  "ssrc",
  "rtpTimestamp",
  "sequence",
  "wireBytes",
  "headerBytes",
  "payloadType",
  "paddingBytes",
  "flags",
] as const satisfies readonly (keyof Packet)[];

/**
 * Reads the header of a raw packet, a whole UDP payload.
 *
 * @throws StreamgaugeError `malformed`.
 */
export function parsePacket(data: Uint8Array, arrivalUs: number, flags = 0): Packet {
  const [given, at] = [bytes(data, "data"), safe(arrivalUs, "arrivalUs")];
  const fields = engine.call((glue) => glue.parsePacket(given, at, u8(flags, "flags")));
  return new Numbers(fields).record(PACKET);
}

/** Fraction lost as a receiver report has it, in 256ths (RFC 3550 A.3): 0 to 255. */
export function fractionLost(expected: number, received: number): number {
  const [of, got] = [safe(expected, "expected"), safe(received, "received")];
  return engine.call((glue) => glue.fractionLost(of, got));
}

/** Cumulative loss as a receiver report can show it: 24 bits with sign, clamped. */
export function clampLost(lost: number): number {
  return engine.call((glue) => glue.clampLost(safe(lost, "lost")));
}
