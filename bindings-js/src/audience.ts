import { Held, mergeInto } from "./held.js";
import {
  bytes,
  fraction,
  instance,
  integers,
  limit,
  Numbers,
  safe,
  sameLength,
  span,
  text,
  typed,
  whole,
} from "./numbers.js";
import { Sketch } from "./series.js";
import { engine, type SeriesGlue } from "./series_engine.js";
import type {
  RawAudience,
  RawCdn,
  RawSketch,
  RawStreams,
  RawSummary,
} from "./wasm/series/streamgauge.js";

export * from "./common.js";
export { init } from "./series_engine.js";
export { Sketch, type SketchBins, type SketchState } from "./series.js";

/** Limits of an `Audience`. */
export interface AudienceOptions {
  /** A viewer not heard of for so long has left, at the time of its last event; an hour without it. */
  idleTimeoutUs?: number;
  /** One who comes back within it goes on with the view it had; 30 s without it. */
  reconnectUs?: number;
  /** How long who left is remembered; an hour without it. Its figures stay in the sums. */
  keepUs?: number;
  /** So many viewers are remembered; 2^20 without it. */
  maxViewers?: number;
  /** So many changes of concurrency are kept for intervals and charts; 1,000 without it. */
  maxChanges?: number;
  /** Of quantiles of startup times; 0.01 without it. */
  relativeError?: number;
}

/** One viewer up to a moment. */
export interface ViewerStats {
  watching: boolean;
  /** When it came first. */
  firstUs: number;
  /** Its last event. */
  lastUs: number;
  /** The current one included. */
  views: number;
  /** The current span included. */
  watchedUs: number;
  /** From the join of the latest view to its first picture; `null` before it. */
  startupUs: number | null;
  rebuffers: number;
  rebufferUs: number;
  /** Weighted by time; `null` when none was told. */
  meanBitrateBps: number | null;
  switches: number;
  location: string | null;
  userAgent: string | null;
}

/** How many watched in an interval. */
export interface ConcurrencyStats {
  /** What was asked, or the earliest that is kept. */
  startUs: number;
  endUs: number;
  peak: number;
  /** When that was reached first. */
  peakUs: number;
  /** The sum of time over all of them. */
  areaUs: number;
  /** Weighted by time; `null` for an interval of no time. */
  mean: number | null;
}

/**
 * The viewers of one stream, or of whatever shares an audience. Events may come more than once and out of
 * order: a second join of one viewer is a reconnect, an event of a viewer who is not there is counted and
 * does nothing. Free it, or let `using` do so.
 */
export class Audience extends Held<RawAudience, SeriesGlue> {
  /** @throws StreamgaugeError `invalid_argument` for a negative time or a limit of 0. */
  constructor(options: AudienceOptions = {}) {
    const limits = [
      span(options.idleTimeoutUs, "idleTimeoutUs"),
      span(options.reconnectUs, "reconnectUs"),
      span(options.keepUs, "keepUs"),
      limit(options.maxViewers, "maxViewers"),
      limit(options.maxChanges, "maxChanges"),
      fraction(options.relativeError, "relativeError"),
    ] as const;
    super(engine, (glue) => new glue.RawAudience(...limits));
  }

  /**
   * A viewer begins to watch, or its connection does again.
   *
   * @throws StreamgaugeError `capacity_exceeded` when there is no room for one more.
   */
  join(
    viewer: string,
    atUs: number,
    info: { location?: string; userAgent?: string } = {},
  ): "new" | "reconnected" {
    const told = (value: string | undefined, what: string) =>
      value === undefined ? undefined : text(value, what);
    const [location, userAgent] = [
      told(info.location, "location"),
      told(info.userAgent, "userAgent"),
    ];
    const event = this.#event(viewer, atUs, (raw, at) => raw.join(viewer, at, location, userAgent));
    return event ? "new" : "reconnected";
  }

  /** A viewer stops watching. `false` when it was not there, which is counted, as by all that follow. */
  leave(viewer: string, atUs: number): boolean {
    return this.#event(viewer, atUs, (raw, at) => raw.leave(viewer, at));
  }

  /** A viewer is still there. */
  heartbeat(viewer: string, atUs: number): boolean {
    return this.#event(viewer, atUs, (raw, at) => raw.heartbeat(viewer, at));
  }

  /** The first picture of a view is shown; later ones change nothing. */
  started(viewer: string, atUs: number): boolean {
    return this.#event(viewer, atUs, (raw, at) => raw.started(viewer, at));
  }

  /** Playing stalls from here on. */
  rebufferBegins(viewer: string, atUs: number): boolean {
    return this.#event(viewer, atUs, (raw, at) => raw.rebufferBegins(viewer, at));
  }

  /** Playing goes on. */
  rebufferEnds(viewer: string, atUs: number): boolean {
    return this.#event(viewer, atUs, (raw, at) => raw.rebufferEnds(viewer, at));
  }

  /** Playing stalled for `durationUs` and goes on. */
  rebuffered(viewer: string, atUs: number, durationUs: number): boolean {
    const duration = whole(durationUs, "durationUs");
    return this.#event(viewer, atUs, (raw, at) => raw.rebuffered(viewer, at, duration));
  }

  /** A viewer gets `bitrateBps` from here on. */
  bitrate(viewer: string, atUs: number, bitrateBps: number): boolean {
    const bitrate = whole(bitrateBps, "bitrateBps");
    return this.#event(viewer, atUs, (raw, at) => raw.bitrate(viewer, at, bitrate));
  }

  /** Time is `nowUs`: who was not heard of for too long has left. Every event does the same. */
  handleTime(nowUs: number): void {
    safe(nowUs, "nowUs");
    this.call((raw) => raw.handleTime(nowUs));
  }

  /** Everything up to `nowUs`, which is not before any event. */
  summary(nowUs: number): AudienceSummary {
    safe(nowUs, "nowUs");
    return new AudienceSummary(() => this.call((raw) => raw.summary(nowUs)));
  }

  /** One viewer up to `nowUs`; `null` when it is not known, or no longer. */
  viewer(viewer: string, nowUs: number): ViewerStats | null {
    const [id, now] = [text(viewer, "viewer"), safe(nowUs, "nowUs")];
    const found = this.call((raw) => raw.viewer(id, now));
    if (found === undefined) return null;
    const [numbers, location, userAgent] = found as [Float64Array, string?, string?];
    const n = new Numbers(numbers);
    return {
      watching: n.float() === 1,
      ...n.record(["firstUs", "lastUs", "views", "watchedUs"]),
      startupUs: n.wholeOrNull("startupUs"),
      ...n.record(["rebuffers", "rebufferUs"]),
      meanBitrateBps: n.floatOrNull(),
      switches: n.whole("switches"),
      location: location ?? null,
      userAgent: userAgent ?? null,
    };
  }

  /** How many watched in an interval, as far back as changes are kept; `null` where nothing is. */
  concurrency(startUs: number, endUs: number): ConcurrencyStats | null {
    const [start, end] = [safe(startUs, "startUs"), safe(endUs, "endUs")];
    const found = this.call((raw) => raw.concurrency(start, end));
    if (found === undefined) return null;
    const n = new Numbers(found);
    return {
      ...n.record(["startUs", "endUs", "peak", "peakUs", "areaUs"]),
      mean: n.floatOrNull(),
    };
  }

  /** The changes of concurrency that are kept: `viewers` from each `tUs` on. */
  steps(): { tUs: Float64Array; viewers: Float64Array } {
    const [tUs, viewers] = this.call((raw) => raw.steps()) as [Float64Array, Float64Array];
    return { tUs, viewers };
  }

  /** Viewers remembered, watching or not. */
  get length(): number {
    return this.call((raw) => raw.length);
  }

  #event(
    viewer: string,
    atUs: number,
    record: (raw: RawAudience, atUs: number) => boolean,
  ): boolean {
    text(viewer, "viewer");
    safe(atUs, "atUs");
    return this.call((raw) => record(raw, atUs));
  }
}

const TOTALS = [
  "viewers",
  "views",
  "reconnects",
  "unknown",
  "timedOut",
  "rejected",
  "wentBack",
  "started",
  "ended",
  "endedBeforeStart",
  "rebuffers",
  "rebufferUs",
  "watchedUs",
  "switchesUp",
  "switchesDown",
  "bitrateUs",
] as const;

/** Counts of an audience; times of spans that go on included. */
export interface ViewerTotals {
  /** Viewers that were new. */
  viewers: number;
  /** Views that began: joins but for reconnects. */
  views: number;
  /** Joins of viewers who were there or had left a moment ago. */
  reconnects: number;
  /** Events of viewers who were not there. */
  unknown: number;
  /** Viewers who left because nothing was heard of them. */
  timedOut: number;
  /** Joins refused for want of room. */
  rejected: number;
  /** Events before the one they follow on; they count as if at its time. */
  wentBack: number;
  /** Views whose first picture was reported. */
  started: number;
  /** Views that are over for good. */
  ended: number;
  /** Of these, views that never started. */
  endedBeforeStart: number;
  /** Times that playing stalled. */
  rebuffers: number;
  rebufferUs: number;
  /** Time watched, stalls included. */
  watchedUs: number;
  switchesUp: number;
  switchesDown: number;
  /** Time of a known bitrate. */
  bitrateUs: number;
}

/** An audience in a few numbers. */
export interface AudienceSummaryState {
  /** The first event; `null` when there was none. */
  startUs: number | null;
  /** Up to when it is. */
  endUs: number | null;
  watching: number;
  /** The highest concurrency was not lower than this; exact for one node. */
  peakAtLeast: number;
  /** Nor higher than this. */
  peakAtMost: number;
  /** When it was; `null` without viewers, and for several nodes. */
  peakUs: number | null;
  /** Time watched by all viewers, stalls included. */
  watchedUs: number;
  /** Weighted by time; `null` over no time. */
  meanConcurrency: number | null;
  /** Stalled time of the time watched; `null` when nothing was watched. */
  rebufferRatio: number | null;
  /** Weighted by time; `null` when none was told. */
  meanBitrateBps: number | null;
  /** Views that ended before their first picture, of those that ended. */
  exitBeforeStartRatio: number | null;
  totals: ViewerTotals;
}

/**
 * An audience in a few numbers, from `Audience.summary`. Those of several nodes merge: counts and times
 * exactly, the peak between two bounds, since nodes peak at different times. Free it, or let `using` do so.
 */
export class AudienceSummary extends Held<RawSummary, SeriesGlue> {
  /** @internal */
  constructor(make: (glue: SeriesGlue) => RawSummary) {
    super(engine, make);
  }

  /**
   * A summary from its bytes, which may come from anywhere and from any language.
   *
   * @throws StreamgaugeError `malformed`.
   */
  static fromBytes(data: Uint8Array): AudienceSummary {
    const given = bytes(data, "data");
    return new AudienceSummary((glue) => glue.RawSummary.fromBytes(given));
  }

  /** Its bytes: protobuf, the same in every language. */
  toBytes(): Uint8Array {
    return this.call((raw) => raw.toBytes());
  }

  /** Another with the same in it. */
  copy(): AudienceSummary {
    return new AudienceSummary(() => this.call((raw) => raw.copy()));
  }

  /** Whether everything is the same. */
  equals(other: AudienceSummary): boolean {
    instance(other, AudienceSummary, "other");
    return this.call((raw) => other.call((theirs) => raw.equals(theirs)));
  }

  /**
   * Adds the audience of another node.
   *
   * @throws StreamgaugeError `invalid_argument` when relative errors differ.
   */
  merge(other: AudienceSummary): void {
    mergeInto(this, instance(other, AudienceSummary, "other"), (from) =>
      this.call((raw) => from.call((theirs) => raw.merge(theirs))),
    );
  }

  /** All numbers. */
  snapshot(): AudienceSummaryState {
    const n = new Numbers(this.call((raw) => raw.state()));
    return {
      ...n.optional(["startUs", "endUs"]),
      ...n.record(["watching", "peakAtLeast", "peakAtMost"]),
      peakUs: n.wholeOrNull("peakUs"),
      watchedUs: n.whole("watchedUs"),
      ...n.floats(["meanConcurrency", "rebufferRatio", "meanBitrateBps", "exitBeforeStartRatio"]),
      totals: n.record(TOTALS),
    };
  }

  /** From join to first picture, in microseconds; a copy, to be freed. */
  startupUs(): Sketch {
    return new Sketch(undefined, undefined, () => this.call((raw) => raw.startupUs()));
  }

  /**
   * In the Prometheus text format, each sample with these labels: counters
   * `streamgauge_audience_views_total` and so on, gauges for what can fall. What was not measured has no
   * sample. Keep labels few: no viewer belongs there.
   */
  toPrometheus(options: { labels?: Labels; openmetrics?: boolean } = {}): string {
    return AudienceSummary.manyToPrometheus([[options.labels ?? {}, this]], options);
  }

  /** Several summaries, each with its labels, as one text: a family must not come twice in a scrape. */
  static manyToPrometheus(
    summaries: Iterable<readonly [labels: Labels, summary: AudienceSummary]>,
    options: { openmetrics?: boolean } = {},
  ): string {
    const given = Array.from(summaries, ([labels, summary]) => {
      return [flat(labels), instance(summary, AudienceSummary, "summary")] as const;
    });
    const exposition = engine.call((glue) => new glue.RawExposition());
    try {
      for (const [labels, summary] of given) summary.call((raw) => exposition.add(labels, raw));
      return engine.call(() => exposition.text(options.openmetrics ?? false));
    } finally {
      engine.call(() => exposition.free());
    }
  }

  /**
   * As OTLP metrics with cumulative temporality: an `ExportMetricsServiceRequest` as protobuf, empty when
   * there was no event. Those of several summaries may be put one after the other. `attributes`: of each
   * data point; `resource`: of the node, instead of `{"service.name": "streamgauge"}`.
   */
  toOtlp(options: { attributes?: Labels; resource?: Labels } = {}): Uint8Array {
    const [attributes, resource] = [flat(options.attributes ?? {}), flat(options.resource ?? {})];
    return this.call((raw) => raw.toOtlp(attributes, resource));
  }
}

/** Names and values. */
export type Labels = Readonly<Record<string, string>>;

const flat = (labels: Labels): string[] =>
  Object.entries(labels).flatMap(([name, value]) => [name, text(value, name)]);

/** What packets carry. */
export type MediaClass = "video" | "audio" | "metadata";

/** Packets of one class in order of arrival: columns of one length. */
export interface MediaColumns {
  /** When each came. */
  timesUs: Float64Array;
  sizesBytes: Uint32Array;
  /** `"video"` without it. */
  media?: MediaClass;
  /** How much media each holds; one of 0 has no bitrate of its own. */
  durationsUs?: Uint32Array;
  /** 1 where a frame begins in it. */
  frames?: Uint8Array;
  /** 1 where that is a key frame. */
  keyframes?: Uint8Array;
  /** From capture to here; negative where clocks differ. */
  latenciesUs?: Float64Array;
}

/** Counts of one class. */
export interface ClassTotals {
  packets: number;
  bytes: number;
  /** Bytes of the packets that hold media of a known duration. */
  timedBytes: number;
  /** That duration. */
  durationUs: number;
  /** Bits for a second of media; `null` when no packet had a duration. */
  mediaBitrateBps: number | null;
}

/** Counts of a stream, or of many added up. Only grow. */
export interface MediaTotals {
  video: ClassTotals;
  audio: ClassTotals;
  /** Captions, cues, tables. */
  metadata: ClassTotals;
  /** Video frames begun. */
  frames: number;
  /** Of these, key frames. */
  keyframes: number;
  framesDropped: number;
  packetsLost: number;
  /** Packets lost of those sent; `null` when there were none. */
  lossRatio: number | null;
  /** Frames dropped of all frames; `null` when there were none. */
  dropRatio: number | null;
}

/** One stream of `Streams`. */
export interface MediaStats {
  /** Its first packet. */
  startUs: number | null;
  /** Its last packet. */
  endUs: number | null;
  /** Bits per second that came, from the first to the last packet; `null` where no time passed. */
  videoBps: number | null;
  audioBps: number | null;
  metadataBps: number | null;
  /** Video frames per second, from the first to the last; `null` where no time passed. */
  frameRate: number | null;
  /** The median of the latest intervals between key frames. */
  keyframeIntervalUs: number | null;
  totals: MediaTotals;
  /** Latencies, as far as they were given; to be freed. */
  latencyUs: Sketch;
}

/** What many streams carry, by id. Free it, or let `using` do so. */
export class Streams extends Held<RawStreams, SeriesGlue> {
  /** At most 65,536 streams without `maxStreams`; `relativeError` is of quantiles of latency. */
  constructor(options: { maxStreams?: number; relativeError?: number } = {}) {
    const most = whole(options.maxStreams ?? 65_536, "maxStreams");
    const error = fraction(options.relativeError, "relativeError");
    super(engine, (glue) => new glue.RawStreams(most, error));
  }

  /**
   * Counts packets of one class.
   *
   * @throws StreamgaugeError `capacity_exceeded` when there is no room for one more stream,
   * `invalid_argument` where lengths differ.
   */
  record(stream: string, packets: MediaColumns): void {
    const { media = "video" } = packets;
    const timesUs = integers(packets.timesUs, "timesUs");
    const column = <T extends { length: number }>(
      given: T | undefined,
      type: new (of: number[]) => T,
      what: string,
    ): T => {
      if (given === undefined) return new type([]);
      sameLength(timesUs.length, typed(given, type, what), what);
      return given;
    };
    const sizes = column(
      typed(packets.sizesBytes, Uint32Array, "sizesBytes"),
      Uint32Array,
      "sizesBytes",
    );
    const durations = column(packets.durationsUs, Uint32Array, "durationsUs");
    const frames = column(packets.frames, Uint8Array, "frames");
    const keyframes = column(packets.keyframes, Uint8Array, "keyframes");
    const latencies = integers(
      column(packets.latenciesUs, Float64Array, "latenciesUs"),
      "latenciesUs",
    );
    const [id, of] = [text(stream, "stream"), text(media, "media")];
    this.call((raw) => raw.record(id, of, timesUs, sizes, durations, frames, keyframes, latencies));
  }

  /** Frames that were dropped before they were sent or shown. */
  recordDroppedFrames(stream: string, frames: number): void {
    const [id, count] = [text(stream, "stream"), whole(frames, "frames")];
    this.call((raw) => raw.recordDroppedFrames(id, count));
  }

  /** Packets that never came. */
  recordLostPackets(stream: string, packets: number): void {
    const [id, count] = [text(stream, "stream"), whole(packets, "packets")];
    this.call((raw) => raw.recordLostPackets(id, count));
  }

  /** A stream as it is; `null` when there is none. */
  snapshot(stream: string): MediaStats | null {
    const id = text(stream, "stream");
    return mediaStats(this.call((raw) => raw.snapshot(id)));
  }

  /** Ends a stream; its counts stay in the totals. What it was, or `null`. */
  remove(stream: string): MediaStats | null {
    const id = text(stream, "stream");
    return mediaStats(this.call((raw) => raw.remove(id)));
  }

  /** The ids of all streams. */
  ids(): string[] {
    return this.call((raw) => raw.ids());
  }

  /** All streams that are or were there. */
  totals(): MediaTotals {
    return mediaTotals(new Numbers(this.call((raw) => raw.totals())));
  }
}

function mediaStats(found: unknown[] | undefined): MediaStats | null {
  if (found === undefined) return null;
  const [numbers, latencies] = found as [Float64Array, RawSketch];
  const n = new Numbers(numbers);
  return {
    ...n.optional(["startUs", "endUs"]),
    ...n.floats(["videoBps", "audioBps", "metadataBps", "frameRate", "keyframeIntervalUs"]),
    totals: mediaTotals(n),
    latencyUs: new Sketch(undefined, undefined, () => latencies),
  };
}

function mediaTotals(n: Numbers): MediaTotals {
  const ofClass = (): ClassTotals => ({
    ...n.record(["packets", "bytes", "timedBytes", "durationUs"]),
    mediaBitrateBps: n.floatOrNull(),
  });
  return {
    video: ofClass(),
    audio: ofClass(),
    metadata: ofClass(),
    ...n.record(["frames", "keyframes", "framesDropped", "packetsLost"]),
    ...n.floats(["lossRatio", "dropRatio"]),
  };
}

/** Requests that an edge answered. */
export interface EdgeTotals {
  /** Requests answered from the cache. */
  hits: number;
  /** Requests that went to the origin. */
  misses: number;
  hitBytes: number;
  missBytes: number;
  /** Hits of all requests; `null` without requests. */
  hitRatio: number | null;
  /** Bytes of hits of all bytes; `null` without bytes. */
  byteHitRatio: number | null;
}

/** A `Cdn` at a moment. */
export interface CdnState {
  /** The first request. */
  startUs: number | null;
  /** The last request. */
  endUs: number | null;
  /** Bits per second from the first to the last request; `null` where no time passed between. */
  bandwidthBps: number | null;
  /** All edges together. */
  total: EdgeTotals;
  /** Those beyond the bound together. */
  others: EdgeTotals;
  /** Every edge that is told apart. */
  edges: Map<string, EdgeTotals>;
}

/**
 * Requests by edge. The number of edges is bounded: those beyond are counted together. Free it, or let
 * `using` do so.
 */
export class Cdn extends Held<RawCdn, SeriesGlue> {
  /** 1,024 edges are told apart without `maxEdges`. */
  constructor(options?: { maxEdges?: number });
  /** @internal */
  constructor(options: undefined, make: (glue: SeriesGlue) => RawCdn);
  constructor(options: { maxEdges?: number } = {}, make?: (glue: SeriesGlue) => RawCdn) {
    const most = whole(options.maxEdges ?? 1024, "maxEdges");
    super(engine, make ?? ((glue) => new glue.RawCdn(most)));
  }

  /** A request that an edge answered. */
  record(edge: string, atUs: number, request: { hit: boolean; sizeBytes: number }): void {
    const [id, at] = [text(edge, "edge"), safe(atUs, "atUs")];
    const [hit, size] = [request.hit, whole(request.sizeBytes, "sizeBytes")];
    this.call((raw) => raw.record(id, at, hit, size));
  }

  /** Adds everything of another node. */
  merge(other: Cdn): void {
    mergeInto(this, instance(other, Cdn, "other"), (from) =>
      this.call((raw) => from.call((theirs) => raw.merge(theirs))),
    );
  }

  /** Another with the same in it. */
  copy(): Cdn {
    return new Cdn(undefined, () => this.call((raw) => raw.copy()));
  }

  /** All numbers. */
  snapshot(): CdnState {
    const names = this.call((raw) => raw.edges());
    const n = new Numbers(this.call((raw) => raw.state()));
    const ofEdge = (): EdgeTotals => ({
      ...n.record(["hits", "misses", "hitBytes", "missBytes"]),
      ...n.floats(["hitRatio", "byteHitRatio"]),
    });
    return {
      ...n.optional(["startUs", "endUs"]),
      bandwidthBps: n.floatOrNull(),
      total: ofEdge(),
      others: ofEdge(),
      edges: new Map(names.map((name) => [name, ofEdge()])),
    };
  }
}
