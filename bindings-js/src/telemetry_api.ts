import { StreamgaugeError } from "./errors.js";
import { Held } from "./held.js";
import { engine, type LiveGlue } from "./live_engine.js";
import {
  bytes,
  type Clocks,
  flatClocks,
  float,
  integers,
  limit,
  now,
  Numbers,
  safe,
  sameLength,
  text,
  typed,
  u32,
  u8,
  whole,
} from "./numbers.js";
import { columns, type PacketColumns } from "./packets.js";
import type { TrackDelta } from "./webrtc.js";
import { METRICS } from "./webrtc_tables.js";
import type { RawReport, RawTelemetry, RawTrack } from "./wasm/live/streamgauge.js";

/** From a publisher to the server, or from the server to a subscriber. */
export type Direction = "upstream" | "downstream";
/** A client, or another server: the latter is never added to edge traffic. */
export type Role = "edge" | "relay";
/** What a track carries. */
export type TrackKind = "audio" | "video" | "data" | "signal";

/** Limits and choices of a `Telemetry`. */
export interface TelemetryOptions {
  /** One stat a track (without it), or one a participant and direction. */
  level?: "track" | "participant";
  /** Which bytes of RTP packets count: `"payload"` without it. */
  bytes?: "payload" | "wire";
  /** A track without anything new gives zeros. */
  emitIdle?: boolean;
  /** How long a participant without tracks is remembered; 180 s without it. */
  graceUs?: number;
  /** At most so many tracks, closed ones not yet delivered included; 2^20 without it. */
  maxTracks?: number;
  /** At most so many participants; 2^20 without it. */
  maxParticipants?: number;
  /** At most so many SSRCs a track; 64 without it. */
  maxStreamsPerTrack?: number;
  clocks?: Clocks;
}

/** Which track of whom. Participant, track, direction and role tell tracks apart; the rest describes. */
export interface TrackKey {
  /** The publisher upstream, the subscriber downstream. */
  participant: string;
  /** The publisher's id in both directions. */
  track: string;
  direction: Direction;
  kind: TrackKind;
  /** `"edge"` without it. */
  role?: Role;
  /** Camera, microphone, screen share. */
  source?: string;
  /** Codec or content. */
  mime?: string;
  country?: string;
}

/** Counts of one simulcast layer. */
export interface LayerTotals {
  packets: number;
  bytes: number;
  frames: number;
}

/**
 * Counts of a track, or of many added up. All only grow but `packetsLost`. From `Track.export` it is
 * the seed of the track on another node.
 */
export interface TrackTotals {
  /** Media packets, FEC included, retransmissions and padding apart. */
  primaryPackets: number;
  /** Their bytes; of data and signal tracks all bytes. */
  primaryBytes: number;
  retransmitPackets: number;
  retransmitBytes: number;
  /** Packets of padding alone. */
  paddingPackets: number;
  /** Padding bytes, those at the end of other packets included. */
  paddingBytes: number;
  /** Of the primary packets, those of FEC. */
  fecPackets: number;
  packetsOutOfOrder: number;
  packetsDuplicate: number;
  /** Of simulcast those of the best layer of each interval. */
  frames: number;
  nacks: number;
  plis: number;
  firs: number;
  /** Messages of data and signal tracks, those of no bytes included. */
  messages: number;
  /** Falls when a packet comes late. */
  packetsLost: number;
  /** By simulcast layer, where layers were set. */
  layers: LayerTotals[];
}

/** What a stat is about. */
export interface StatsKey extends Required<TrackKey> {
  roomId: string;
  roomName: string;
}

/** What one track, or one participant in one direction, did in an interval; `null`: not measured. */
export interface Stat {
  /** `track` is empty where the stat is of a whole participant. */
  key: StatsKey;
  timeUs: number;
  /** The end of the interval before, or the opening. */
  startUs: number;
  endUs: number;
  /** What was added; the loss is negative when late packets corrected more than was lost. */
  totals: TrackTotals;
  /** The loss for a format without signs: corrections are held back against it. */
  packetsLostToReport: number;
  /** Corrections still held back, 0 or less. */
  packetsLostHeldBack: number;
  /** The largest round-trip time. */
  rttUs: number | null;
  /** The largest jitter. */
  jitterUs: number | null;
  /** Quality scores. */
  scores: { mean: number; min: number; median: number; count: number } | null;
  /** The highest simulcast layer that had packets, and its counts. */
  layer: ({ layer: number } & LayerTotals) | null;
  /** The track is closed and this is all that is left. */
  last: boolean;
  /** How many earlier intervals, whose report failed, are part of this one. */
  mergedIntervals: number;
  /** How many tracks this is the sum of. */
  tracks: number;
  /** What a data track was, at its close. */
  data: DataSummary | null;
}

/** What a data track was, at its close. */
export interface DataSummary {
  /** From its first to its last packet. */
  durationUs: number;
  packets: number;
  packetsLost: number;
  packetsOutOfOrder: number;
  packetsDuplicate: number;
  frames: number;
  /** Frames per second; `null` when the duration is 0. */
  frameRate: number | null;
}

/** What telemetry says of itself. */
export interface TelemetryCounts {
  /** Tracks kept, closed ones not delivered included. */
  tracks: number;
  participants: number;
  tracksOpened: number;
  tracksDropped: number;
  participantsDropped: number;
  /** Records that came after their track's close. */
  rejectedAfterClose: number;
  /** Intervals merged into the next one because their report failed. */
  intervalsMerged: number;
}

/** What RTCP said of packets sent; add what is known. */
export interface RtcpSample {
  rttUs?: number;
  jitterUs?: number;
  /** Newly lost; negative as a correction. */
  lost?: number;
  nacks?: number;
  plis?: number;
  firs?: number;
}

/** Packets of a data track in order of arrival, after marshalling. */
export interface DataColumns {
  timesUs: Float64Array;
  sequences: Uint16Array;
  sizesBytes: Uint32Array;
  /** 1 where a packet begins a frame. */
  startsFrame?: Uint8Array;
}

/** What OTLP metrics say beside the counts: an `ExportMetricsServiceRequest` as protobuf. */
export interface OtlpOptions {
  /** Attributes of the resource; `service.name` is `streamgauge` without it. */
  resource?: Record<string, string>;
  /** How many tracks of each direction, role and kind have series of their own; 100 without it. */
  top?: number;
}

const COUNTS = [
  "primaryPackets",
  "primaryBytes",
  "retransmitPackets",
  "retransmitBytes",
  "paddingPackets",
  "paddingBytes",
  "fecPackets",
  "packetsOutOfOrder",
  "packetsDuplicate",
  "frames",
  "nacks",
  "plis",
  "firs",
  "messages",
  "packetsLost",
] as const satisfies readonly (keyof TrackTotals)[];
const LAYER = ["packets", "bytes", "frames"] as const satisfies readonly (keyof LayerTotals)[];
const LAYERS = 4;

function totalsOf(n: Numbers): TrackTotals {
  const layers = () => Array.from({ length: LAYERS }, () => n.record(LAYER));
  return { ...n.record(COUNTS), layers: layers() };
}

/** The other way round. */
function seedOf(seed: TrackTotals): Float64Array {
  const { layers } = seed;
  if (!Array.isArray(layers) || layers.length > LAYERS) {
    throw new StreamgaugeError("invalid_argument", `layers: expected at most ${LAYERS}`);
  }
  const counts = COUNTS.map((name) => (name === "packetsLost" ? safe : whole)(seed[name], name));
  return Float64Array.from([
    ...counts,
    ...layers.flatMap((layer) => LAYER.map((name) => whole(layer[name], name))),
  ]);
}

function keyOf(texts: string[]): Required<TrackKey> {
  const [participant, track, direction, kind, role, source, mime, country] = texts;
  return { participant, track, direction, kind, role, source, mime, country } as Required<TrackKey>;
}

function statOf([texts, numbers]: [string[], Float64Array]): Stat {
  const n = new Numbers(numbers);
  const [roomId = "", roomName = "", ...key] = texts;
  const times = n.record(["timeUs", "startUs", "endUs"]);
  const lost = n.record(["packetsLostToReport", "packetsLostHeldBack"]);
  const peaks = n.optional(["rttUs", "jitterUs"]);
  const last = n.float() === 1;
  const of = n.record(["mergedIntervals", "tracks"]);
  const [mean, min, median] = [n.float(), n.float(), n.float()];
  const count = n.wholeOrNull("count");
  const layer = n.wholeOrNull("layer");
  const layerTotals = n.record(LAYER);
  const summary = n.record([
    "durationUs",
    "packets",
    "packetsLost",
    "packetsOutOfOrder",
    "packetsDuplicate",
    "frames",
  ]);
  const frameRate = n.floatOrNull();
  return {
    key: { roomId, roomName, ...keyOf(key) },
    ...times,
    totals: totalsOf(n),
    ...lost,
    ...peaks,
    scores: count === null ? null : { mean, min, median, count },
    layer: layer === null ? null : { layer, ...layerTotals },
    last,
    ...of,
    data: Number.isNaN(summary.durationUs) ? null : { ...summary, frameRate },
  };
}

/**
 * Telemetry of one node: participants, their tracks, and what each reports. Free it, or let `using` do
 * so. Where a time is left out it is the clock's.
 */
export class Telemetry extends Held<RawTelemetry, LiveGlue> {
  /** @throws StreamgaugeError `invalid_argument` for a limit of 0 or an unknown word. */
  constructor(options: TelemetryOptions = {}) {
    const { level = "track", bytes: view = "payload", emitIdle = false } = options;
    const limits = Float64Array.of(
      limit(options.graceUs, "graceUs"),
      limit(options.maxTracks, "maxTracks"),
      limit(options.maxParticipants, "maxParticipants"),
      limit(options.maxStreamsPerTrack, "maxStreamsPerTrack"),
    );
    const clocks = flatClocks(options.clocks);
    const make = (glue: LiveGlue) =>
      new glue.RawTelemetry(text(level, "level"), text(view, "bytes"), emitIdle, limits, clocks);
    super(engine, make);
  }

  /**
   * Opens a track, or one more handle to it; it closes when every handle has. `seed`: what `Track.export`
   * gave on another node; totals go on from it and it is not reported again.
   *
   * @throws StreamgaugeError `capacity_exceeded` past the limits, `already_pending` while a closed track
   * of the same key has not delivered its last interval.
   */
  open(key: TrackKey, options: { nowUs?: number; seed?: TrackTotals } = {}): Track {
    const { participant, track, direction, kind, role = "edge" } = key;
    const { source = "", mime = "", country = "" } = key;
    const words = { participant, track, direction, kind, role, source, mime, country };
    Object.entries(words).forEach(([name, word]) => text(word, name));
    const nowUs = now(options.nowUs);
    const seed = options.seed === undefined ? undefined : seedOf(options.seed);
    const make = (raw: RawTelemetry) =>
      raw.open(participant, track, direction, kind, role, source, mime, country, nowUs, seed);
    return new Track(() => this.call(make));
  }

  /**
   * Says in which room a participant is, before or after its bytes began. Until then its tracks record
   * and are not reported.
   */
  identify(
    participant: string,
    room: { roomId: string; roomName?: string },
    options: { nowUs?: number } = {},
  ): void {
    const { roomId, roomName = "" } = room;
    const words = { participant, roomId, roomName };
    Object.entries(words).forEach(([name, word]) => text(word, name));
    const nowUs = now(options.nowUs);
    this.call((raw) => raw.identify(participant, roomId, roomName, nowUs));
  }

  /**
   * Takes what is pending of all tracks as delivered.
   *
   * @throws StreamgaugeError `already_pending` while a report of `take` is in flight.
   */
  flush(nowUs?: number): Report {
    return new Report(() => this.call((raw) => raw.take(now(nowUs), false)));
  }

  /** As `flush`, but holds what was taken until `ack` or `restore`. */
  take(nowUs?: number): Report {
    return new Report(() => this.call((raw) => raw.take(now(nowUs), true)));
  }

  /** The report in flight has arrived. `false` when there was none. */
  ack(nowUs?: number): boolean {
    return this.call((raw) => raw.ack(now(nowUs)));
  }

  /** The report in flight was not delivered: it comes merged with the next interval. */
  restore(): boolean {
    return this.call((raw) => raw.restore());
  }

  /**
   * Takes a report and gives it to `send`; acknowledges it when that is done, restores it when that
   * throws, and frees it.
   */
  async deliver<T>(send: (report: Report) => T | Promise<T>, nowUs?: number): Promise<T> {
    const report = this.take(nowUs);
    try {
      const sent = await send(report);
      this.ack(nowUs);
      return sent;
    } catch (error) {
      this.restore();
      throw error;
    } finally {
      report.free();
    }
  }

  /** Totals over all tracks of a direction and role that are or were there. */
  totals(direction: Direction, role: Role = "edge"): TrackTotals {
    const [way, who] = [text(direction, "direction"), text(role, "role")];
    return totalsOf(new Numbers(this.call((raw) => raw.totals(way, who))));
  }

  /** The same for one participant; `null` when it is not, or no longer, known. */
  participantTotals(
    participant: string,
    direction: Direction,
    role: Role = "edge",
  ): TrackTotals | null {
    const [name, way, who] = [text(participant, "participant"), text(direction, "direction"), role];
    const found = this.call((raw) => raw.participantTotals(name, way, text(who, "role")));
    return found === undefined ? null : totalsOf(new Numbers(found));
  }

  /** Every track that is kept, with everything counted of it. */
  snapshot(): { key: Required<TrackKey>; totals: TrackTotals }[] {
    const all = this.call((raw) => raw.snapshot()) as [string[], Float64Array][];
    return all.map(([texts, n]) => ({ key: keyOf(texts), totals: totalsOf(new Numbers(n)) }));
  }

  /** What telemetry says of itself. */
  counts(): TelemetryCounts {
    return new Numbers(this.call((raw) => raw.counts())).record([
      "tracks",
      "participants",
      "tracksOpened",
      "tracksDropped",
      "participantsDropped",
      "rejectedAfterClose",
      "intervalsMerged",
    ]);
  }

  /**
   * Everything counted, in the Prometheus text format: each direction, role and kind, which never
   * falls, and of each the `top` (100) tracks with the most bytes.
   */
  toPrometheus(options: { top?: number; openmetrics?: boolean } = {}): string {
    const { top = 100, openmetrics = false } = options;
    return this.call((raw) => raw.toPrometheus(u32(top, "top"), openmetrics));
  }

  /** The same as OTLP metrics with cumulative temporality. */
  toOtlp(options: OtlpOptions & { nowUs?: number } = {}): Uint8Array {
    const [top, resource] = otlpOf(options);
    return this.call((raw) => raw.toOtlp(now(options.nowUs), top, resource));
  }
}

/**
 * A handle to a track. Freeing it closes it, at the time of its last record. What is recorded after the
 * close is rejected and counted.
 */
export class Track extends Held<RawTrack, LiveGlue> {
  /** @internal */
  constructor(make: () => RawTrack) {
    super(engine, make);
  }

  /** A recorder of nothing, for where telemetry is switched off: every record is a no-op. */
  static disabled(): Track {
    return new Track(() => engine.call((glue) => glue.RawTrack.disabled()));
  }

  /** Counts RTP packets in the order of their arrival. */
  record(packets: PacketColumns): void {
    const checked = columns(packets);
    this.call((raw) => raw.record(...checked));
  }

  /**
   * Reads and counts one raw RTP packet.
   *
   * @throws StreamgaugeError `malformed`.
   */
  recordRaw(arrivalUs: number, data: Uint8Array, flags = 0): void {
    const [at, given] = [safe(arrivalUs, "arrivalUs"), bytes(data, "data")];
    this.call((raw) => raw.recordRaw(at, given, u8(flags, "flags")));
  }

  /** Counts a message of a data or signal channel, after marshalling; one of no bytes is one. */
  recordMessage(atUs: number, sizeBytes: number): void {
    const [at, size] = [safe(atUs, "atUs"), whole(sizeBytes, "sizeBytes")];
    this.call((raw) => raw.recordMessage(at, size));
  }

  /** Counts packets of a data track. */
  recordData(packets: DataColumns): void {
    const timesUs = integers(packets.timesUs, "timesUs");
    const sequences = typed(packets.sequences, Uint16Array, "sequences");
    const sizes = typed(packets.sizesBytes, Uint32Array, "sizesBytes");
    const starts = typed(packets.startsFrame ?? new Uint8Array(), Uint8Array, "startsFrame");
    sameLength(timesUs.length, sequences, "sequences");
    sameLength(timesUs.length, sizes, "sizesBytes");
    if (starts.length > 0) sameLength(timesUs.length, starts, "startsFrame");
    this.call((raw) => raw.recordData(timesUs, sequences, sizes, starts));
  }

  /** Takes an SFU's own cumulative counters of an SSRC, which began at 0; a fall is a restart from 0. */
  observeTotals(ssrc: number, packets: number, sizeBytes: number): void {
    const counts = [whole(packets, "packets"), whole(sizeBytes, "sizeBytes")] as const;
    this.call((raw) => raw.observeTotals(u32(ssrc, "ssrc"), ...counts));
  }

  /** The SSRC went away: what it counted stays, and should it come back it starts from 0. */
  removeSsrc(ssrc: number): void {
    this.call((raw) => raw.removeSsrc(u32(ssrc, "ssrc")));
  }

  /**
   * Counts what RTCP said of packets sent: of an interval the largest round-trip time and jitter, of
   * the rest the sums.
   */
  recordRtcp(atUs: number, sample: RtcpSample): void {
    const { rttUs, jitterUs, lost = 0, nacks = 0, plis = 0, firs = 0 } = sample;
    const peaks = [
      rttUs === undefined ? NaN : u32(rttUs, "rttUs"),
      jitterUs === undefined ? NaN : u32(jitterUs, "jitterUs"),
    ] as const;
    const counts = [u32(nacks, "nacks"), u32(plis, "plis"), u32(firs, "firs")] as const;
    const [at, newly] = [safe(atUs, "atUs"), safe(lost, "lost")];
    this.call((raw) => raw.recordRtcp(at, ...peaks, newly, ...counts));
  }

  /**
   * Counts what a browser's getStats said of a track, as `Monitor.take` of `streamgauge/webrtc` gives it.
   * Who records the packets of the track as well counts them twice.
   */
  recordWebrtc(delta: TrackDelta): void {
    const numbers = [
      safe(delta.endUs, "endUs"),
      delta.rttUs ?? NaN,
      delta.jitterUs ?? NaN,
      ...METRICS.map((metric) => delta.counts[metric] ?? NaN),
    ];
    const mime = text(delta.mime, "mime");
    this.call((raw) => raw.recordWebrtc(mime, Float64Array.from(numbers)));
  }

  /** Notes a quality score; one that is not above 0, or not finite, is no score. */
  recordScore(score: number): void {
    this.call((raw) => raw.recordScore(float(score, "score")));
  }

  /** Says which simulcast layer an SSRC is, 0 the lowest; over 3 is 3. */
  setLayer(ssrc: number, layer: number): void {
    this.call((raw) => raw.setLayer(u32(ssrc, "ssrc"), u8(layer, "layer")));
  }

  /** The codec or content changed; a report shows the latest. */
  setMime(mime: string): void {
    this.call((raw) => raw.setMime(text(mime, "mime")));
  }

  /** Everything counted, reported or not; `null` for a recorder of nothing. */
  totals(): TrackTotals | null {
    const found = this.call((raw) => raw.totals());
    return found === undefined ? null : totalsOf(new Numbers(found));
  }

  /** Which track this is; `null` for a recorder of nothing. */
  get key(): Required<TrackKey> | null {
    const texts = this.call((raw) => raw.key());
    return texts === undefined ? null : keyOf(texts as string[]);
  }

  /**
   * Closes this handle, and with the last one the track: what is left comes in one last stat. `false`
   * when the handle was closed already.
   */
  close(nowUs?: number): boolean {
    return this.call((raw) => raw.close(now(nowUs)));
  }

  /** Closes this handle and gives the `seed` with which another node goes on. */
  export(nowUs?: number): TrackTotals {
    return totalsOf(new Numbers(this.call((raw) => raw.export(now(nowUs)))));
  }
}

/** What was taken of a `Telemetry`. Free it, or let `using` do so. */
export class Report extends Held<RawReport, LiveGlue> {
  /** Consecutive number, from 1. */
  readonly sequence: number;
  /** When the report acknowledged before was taken; for the first, the earliest start of a stat. */
  readonly startUs: number;
  /** When it was taken. */
  readonly timeUs: number;
  #stats: Stat[] | undefined;

  /** @internal */
  constructor(make: () => RawReport) {
    super(engine, make);
    const n = new Numbers(this.call((raw) => raw.about()));
    this.sequence = n.whole("sequence");
    this.startUs = n.whole("startUs");
    this.timeUs = n.whole("timeUs");
  }

  /** One stat a track or participant. */
  get stats(): Stat[] {
    this.#stats ??= (this.call((raw) => raw.stats()) as [string[], Float64Array][]).map(statOf);
    return this.#stats;
  }

  /**
   * `livekit.AnalyticsStats` as protobuf. Relay stats have no place there and are left out. `nextId` gives
   * each stat its unique id; without one it is random.
   */
  toLivekit(node = "", nextId: () => string = randomId): Uint8Array {
    let failed: { error: unknown } | undefined;
    const guarded = () => {
      try {
        return failed === undefined ? text(nextId(), "what nextId gives") : "";
      } catch (error) {
        failed = { error };
        return "";
      }
    };
    const encoded = this.call((raw) => raw.toLivekit(text(node, "node"), guarded));
    if (failed !== undefined) throw failed.error;
    return encoded;
  }

  /** What the report adds as OTLP metrics with delta temporality. */
  toOtlp(options: OtlpOptions = {}): Uint8Array {
    const [top, resource] = otlpOf(options);
    return this.call((raw) => raw.toOtlp(top, resource));
  }
}

function otlpOf(options: OtlpOptions): [number, string[]] {
  const { top = 100, resource = {} } = options;
  const texts = Object.entries(resource).flatMap(([name, value]) => [name, text(value, name)]);
  return [u32(top, "top"), texts];
}

function randomId(): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return `AS_${Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
