import { Held } from "./held.js";
import { bytes, float, limit, now, Numbers, safe } from "./numbers.js";
import { Packing, type StatsReport } from "./packing.js";
import { engine, type WebrtcGlue } from "./webrtc_engine.js";
import {
  CONNECTION_TOTALS,
  CONNECTION_VALUES,
  type ConnectionValues,
  FLAGS,
  METRICS,
  type Metrics,
  MONITOR_COUNTS,
  TRACK_VALUES,
  type TrackValues,
} from "./webrtc_tables.js";
import type { RawDump, RawMonitor } from "./wasm/webrtc/streamgauge.js";

export * from "./common.js";
export { chartData } from "./chart.js";
export type { StatsObject, StatsReport } from "./packing.js";
export { init } from "./webrtc_engine.js";
export type { ConnectionValues, Metrics, TrackValues } from "./webrtc_tables.js";

/** Limits and choices of a `Monitor`. */
export interface MonitorOptions {
  /**
   * Whether the connection is watched from its beginning, so that what the first report shows was counted
   * from zero. What is new in a later report always was.
   */
  fromStart?: boolean;
  /** So many rows of each track, and of the connection, are kept; 3,600 without it. */
  maxRows?: number;
  /** So many tracks, those that are gone included; 256 without it. */
  maxTracks?: number;
  /** So many RTP streams, those that are gone included; 1,024 without it. */
  maxStreams?: number;
  /** By how much clocks may move apart between two reports without a flag; a second without it. */
  maxSkewUs?: number;
}

/** When a report was asked for. */
export interface ReportTime {
  /** By the wall clock, in microseconds since the Unix epoch; `Date.now()` without it. */
  timeUs?: number;
  /**
   * By a clock that never steps, in microseconds since anything: rates are taken over it. It is
   * `performance.now()` where neither is given, and none where only `timeUs` is.
   */
  monotonicUs?: number;
}

/**
 * What to know of a row: `"first"` (counters began at an unknown value), `"reset"` (one fell: what came
 * after counts in full), `"boundary"` (the stream was replaced), `"gap"` (more time than usual since the
 * report before), `"skew"` (clocks moved apart), `"truncated"` (something was cut off), `"inferred"` (the
 * values of a dump were put in their place by counting from the end), `"absent"` (the track is not in the
 * report).
 */
export type Flag = (typeof FLAGS)[number];

/** What a connection counted; `null` for what no report had. */
export type ConnectionTotals = Record<(typeof CONNECTION_TOTALS)[number], number | null>;

/** What happened to a monitor. */
export type MonitorCounts = Record<(typeof MONITOR_COUNTS)[number], number>;

/** A report of a track or a connection. */
export interface Row<V> {
  timeUs: number;
  flags: Flag[];
  values: V;
}

/** Many reports in columns, NaN for what was not measured. */
export interface History<V> {
  timeUs: Float64Array;
  /** The bits of the flags of each row; see `flagsOf`. */
  flags: Uint16Array;
  columns: V;
}

/** How a measured quantity was distributed, within 1 %; `null` where nothing was measured. */
export interface Distribution {
  count: number;
  median: number | null;
  p95: number | null;
  max: number | null;
}

/** A track up to the latest report. */
export interface MonitoredTrack {
  /** Its place in the monitor; for `Monitor.history`. */
  place: number;
  /** Which way it goes, seen from the browser. */
  flow: "inbound" | "outbound";
  kind: "audio" | "video";
  /** Of a received track its `trackIdentifier`, of a sent one its `mid`. */
  name: string;
  /** Its codec, such as `video/VP8`; empty when unknown. */
  mime: string;
  /** Its decoder or encoder; empty when unknown. */
  implementation: string;
  /** Every flag that any row had. */
  flags: Flag[];
  /** Microseconds that reports cover. */
  measuredUs: number;
  /** Payload bits per second over the time measured. */
  meanBitrateBps: number | null;
  /** Frames per second over the time measured. */
  meanFrameRatePerS: number | null;
  /** RTCP round-trip times, in microseconds. */
  rttUs: Distribution;
  /** Jitter, in microseconds. */
  jitterUs: Distribution;
  /** Everything counted since the monitor began; no counter ever falls. */
  totals: Metrics;
  /** The latest report. */
  latest: Row<TrackValues> | null;
}

/** A connection up to the latest report. */
export interface MonitoredConnection {
  totals: ConnectionTotals;
  latest: Row<ConnectionValues> | null;
  /** The candidate pair in use; no address is kept. */
  selectedPair: SelectedPair | null;
}

/** A pair of candidates; texts are empty where unknown. */
export interface SelectedPair {
  id: string;
  /** `host`, `srflx`, `prflx` or `relay`. */
  localType: string;
  remoteType: string;
  /** `udp` or `tcp`. */
  protocol: string;
  /** The protocol to the TURN server. */
  relayProtocol: string;
  networkType: string;
  /** `succeeded`, `in-progress`... */
  state: string;
}

/** What a track added since it was taken last; `Track.recordWebrtc` of `streamgauge/telemetry` takes it. */
export interface TrackDelta {
  flow: "inbound" | "outbound";
  kind: "audio" | "video";
  name: string;
  mime: string;
  startUs: number;
  endUs: number;
  /** The largest RTCP round-trip time. */
  rttUs: number | null;
  /** The largest jitter. */
  jitterUs: number | null;
  /** Whether the monitor is closed and this is all that is left. */
  last: boolean;
  counts: Metrics;
}

/** A member of a report that could not be used. */
export interface MemberProblem {
  /** The id of its object. */
  object: string;
  /** Its name; empty where it is not known which. */
  member: string;
  reason: string;
}

/**
 * Watches one peer connection through its getStats reports. Totals never fall, not when an object leaves
 * the report nor when its counters restart; what was not measured is `null`. Free it, or let `using` do so.
 */
export class Monitor extends Held<RawMonitor, WebrtcGlue> {
  readonly #packing = new Packing();

  /** @throws StreamgaugeError `invalid_argument` for a limit of 0. */
  constructor(options?: MonitorOptions);
  /** @internal */
  constructor(options: MonitorOptions | undefined, raw: () => RawMonitor);
  constructor(options: MonitorOptions = {}, raw?: () => RawMonitor) {
    const limits = [
      limit(options.maxRows, "maxRows"),
      limit(options.maxTracks, "maxTracks"),
      limit(options.maxStreams, "maxStreams"),
      limit(options.maxSkewUs, "maxSkewUs"),
    ] as const;
    super(engine, raw ?? ((glue) => new glue.RawMonitor(options.fromStart ?? false, ...limits)));
  }

  /**
   * Takes a report and gives the flags of its row. Members that cannot be used are counted and described
   * in `problems`; the rest is kept.
   *
   * @throws StreamgaugeError `invalid_argument` or, with the line, `malformed` for what is no report;
   * `time_went_back` for one no later than the one before, which loses nothing: its counters are in the
   * next one.
   */
  record(report: StatsReport, time: ReportTime = {}): Flag[] {
    const timeUs = now(time.timeUs);
    const monotonicUs =
      time.monotonicUs ?? (time.timeUs === undefined ? performance.now() * 1000 : NaN);
    const steady = float(monotonicUs, "monotonicUs");
    if (typeof report === "string") {
      return flagsOf(this.call((raw) => raw.recordJson(timeUs, steady, report)));
    }
    const p = this.#packing;
    p.pack(report);
    const types = p.types.subarray(0, p.objects);
    const numbers = p.numbers.subarray(0, p.length);
    const texts = p.texts.subarray(0, p.textLength);
    const unused = Uint32Array.of(p.otherTypes, p.unidentified);
    return flagsOf(this.call((raw) => raw.record(timeUs, steady, types, numbers, texts, unused)));
  }

  /** The tracks, in the order in which they appeared. */
  tracks(): MonitoredTrack[] {
    return Array.from({ length: this.call((raw) => raw.trackCount()) }, (_, place) =>
      trackOf(place, this.call((raw) => raw.track(place)) as RawTrackParts),
    );
  }

  /** What is under the tracks. */
  connection(): MonitoredConnection {
    const [totals, latest, pair] = this.#connection();
    const n = new Numbers(totals);
    return {
      totals: n.optional(CONNECTION_TOTALS),
      latest: rowOf<ConnectionValues>(latest, CONNECTION_VALUES),
      selectedPair: pair === undefined ? null : pairOf(pair),
    };
  }

  /** What happened so far. */
  counts(): MonitorCounts {
    return new Numbers(this.#connection()[3]).record(MONITOR_COUNTS);
  }

  #connection(): RawConnectionParts {
    return this.call((raw) => raw.connection()) as RawConnectionParts;
  }

  /** What all tracks of a flow counted, also those that are gone; no counter ever falls. */
  totals(flow: "inbound" | "outbound"): Metrics {
    return metricsOf(new Numbers(this.call((raw) => raw.totals(flow === "inbound"))));
  }

  /** The rows of a track by its place, or without one those of the connection. */
  history(): History<ConnectionValues<Float64Array>>;
  history(place: number): History<TrackValues<Float64Array>>;
  history(place?: number): History<unknown> {
    const parts = this.call((raw) => raw.history(place)) as [Float64Array, Uint16Array];
    const [timeUs, flags, ...columns] = parts;
    const names = place === undefined ? CONNECTION_VALUES : TRACK_VALUES;
    return {
      timeUs,
      flags,
      columns: Object.fromEntries(names.map((name, i) => [name, columns[i]])),
    };
  }

  /**
   * A value of all tracks that have it as a chart takes it: times in seconds, then a column a track, with
   * `null` for gaps; and their names.
   */
  chart(
    value: keyof TrackValues,
    choose: (track: MonitoredTrack) => boolean = () => true,
  ): { names: string[]; data: [number[], ...(number | null)[][]] } {
    const times = Array.from(this.history().timeUs);
    const at = new Map(times.map((timeUs, i) => [timeUs, i]));
    const names: string[] = [];
    const columns: (number | null)[][] = [];
    for (const track of this.tracks().filter(choose)) {
      const history = this.history(track.place);
      const values = history.columns[value];
      if (values.every(Number.isNaN)) continue;
      const column = new Array<number | null>(times.length).fill(null);
      values.forEach((y, i) => {
        const place = at.get(history.timeUs[i] ?? NaN);
        if (place !== undefined && !Number.isNaN(y)) column[place] = y;
      });
      names.push(`${track.flow} ${track.kind} ${track.name.slice(0, 8)}`);
      columns.push(column);
    }
    return { names, data: [times.map((us) => us / 1e6), ...columns] };
  }

  /** What each track added since this was called last; tracks that added nothing are left out. */
  take(nowUs?: number): TrackDelta[] {
    const deltas = this.call((raw) => raw.take(now(nowUs))) as [string[], Float64Array][];
    return deltas.map(deltaOf);
  }

  /** Ends the monitor: `take` gives the last delta of each track, once. `false` when it was closed. */
  close(nowUs?: number): boolean {
    return this.call((raw) => raw.close(now(nowUs)));
  }

  /** The first members that could not be used; `counts` has their number. */
  problems(): MemberProblem[] {
    const problems = this.call((raw) => raw.problems()) as [string, string, string][];
    return problems.map(([object, member, reason]) => ({ object, member, reason }));
  }
}

/** Something in a dump that could not be read. */
export interface DumpProblem {
  /** Counted from 1; `null` where it is not known. */
  line: number | null;
  reason: string;
}

/** A connection of a dump. */
export interface DumpConnection {
  /** Its id in the dump. */
  id: string;
  /** What its reports gave; it is closed. */
  monitor: Monitor;
  /** What else happened to it. */
  events: { timeUs: number; name: string }[];
  /** Objects whose type the dump does not say. */
  unclassifiedObjects: number;
  /** Members of the wrong type. */
  invalidMembers: number;
}

/** A dump of getStats reports, read. Free it, or let `using` do so: that frees its monitors. */
export interface Dump {
  /** Who wrote it; `"reports"` is an array of reports with their times. */
  format: "rtcstats" | "rtcstats_legacy" | "webrtc_internals" | "reports";
  /** Whether its end, or the beginning of its series, was cut off. */
  truncated: boolean;
  /** How many things could not be read. */
  problemCount: number;
  /** The first of them. */
  problems: DumpProblem[];
  connections: DumpConnection[];
  free(): void;
  [Symbol.dispose](): void;
}

/**
 * Reads a dump of rtcstats, of `chrome://webrtc-internals`, or an array of reports
 * (`[{"t": ms, "peer": "a", "stats": [...]}, ...]`), which is told by its contents.
 *
 * @throws StreamgaugeError `malformed`, with the line where it is known, for what is none of these.
 */
export function readDump(dump: Uint8Array | string): Dump {
  const given = typeof dump === "string" ? new TextEncoder().encode(dump) : bytes(dump, "dump");
  const raw = engine.call((glue) => new glue.RawDump(given));
  try {
    return dumpOf(raw);
  } finally {
    raw.free();
  }
}

/** The flags whose bits are set in `bits`. */
export function flagsOf(bits: number): Flag[] {
  return FLAGS.filter((_, i) => (bits >> i) & 1);
}

type RawTrackParts = [string[], Float64Array, Float64Array, Float64Array | undefined];
type RawConnectionParts = [
  Float64Array,
  Float64Array | undefined,
  string[] | undefined,
  Float64Array,
];

function trackOf(place: number, [texts, numbers, totals, latest]: RawTrackParts): MonitoredTrack {
  const [flow, kind, name, mime, implementation] = texts as Texts<5>;
  const n = new Numbers(numbers);
  return {
    place,
    flow: flow as "inbound",
    kind: kind as "audio",
    name,
    mime,
    implementation,
    flags: flagsOf(n.float()),
    measuredUs: n.whole("measuredUs"),
    meanBitrateBps: n.floatOrNull(),
    meanFrameRatePerS: n.floatOrNull(),
    rttUs: distributionOf(n),
    jitterUs: distributionOf(n),
    totals: metricsOf(new Numbers(totals)),
    latest: rowOf<TrackValues>(latest, TRACK_VALUES),
  };
}

type Texts<N extends number> = N extends 5
  ? [string, string, string, string, string]
  : [string, string, string, string];

function distributionOf(n: Numbers): Distribution {
  return {
    count: n.whole("count"),
    median: n.floatOrNull(),
    p95: n.floatOrNull(),
    max: n.floatOrNull(),
  };
}

const metricsOf = (n: Numbers): Metrics => n.optional(METRICS) as Metrics;

function rowOf<V>(row: Float64Array | undefined, names: readonly string[]): Row<V> | null {
  if (row === undefined) return null;
  const n = new Numbers(row);
  const [timeUs, bits] = [n.whole("timeUs"), n.float()];
  return { timeUs, flags: flagsOf(bits), values: n.floats(names) as V };
}

function pairOf(texts: string[]): SelectedPair {
  const [id = "", localType = "", remoteType = "", protocol = "", relayProtocol = "", ...more] =
    texts;
  const [networkType = "", state = ""] = more;
  return { id, localType, remoteType, protocol, relayProtocol, networkType, state };
}

function deltaOf([texts, numbers]: [string[], Float64Array]): TrackDelta {
  const [flow, kind, name, mime] = texts as Texts<4>;
  const n = new Numbers(numbers);
  return {
    flow: flow as "inbound",
    kind: kind as "audio",
    name,
    mime,
    startUs: safe(n.float(), "startUs"),
    endUs: safe(n.float(), "endUs"),
    rttUs: n.wholeOrNull("rttUs"),
    jitterUs: n.wholeOrNull("jitterUs"),
    last: n.float() === 1,
    counts: metricsOf(n),
  };
}

function dumpOf(raw: RawDump): Dump {
  const [format, truncated, problemCount, problems] = engine.call(() => raw.about()) as [
    Dump["format"],
    boolean,
    number,
    [number | undefined, string][],
  ];
  const places = Array.from({ length: engine.call(() => raw.connectionCount()) }, (_, i) => i);
  const connections = places.map((place): DumpConnection => {
    const [id, unclassifiedObjects, invalidMembers, times, names] = engine.call(() =>
      raw.connectionAbout(place),
    ) as [string, number, number, Float64Array, string[]];
    return {
      id,
      monitor: new Monitor(undefined, () => raw.takeMonitor(place)),
      events: names.map((name, i) => ({ timeUs: times[i] ?? NaN, name })),
      unclassifiedObjects,
      invalidMembers,
    };
  });
  const free = () => connections.forEach((connection) => connection.monitor.free());
  return {
    format,
    truncated,
    problemCount,
    problems: problems.map(([line, reason]) => ({ line: line ?? null, reason })),
    connections,
    free,
    [Symbol.dispose]: free,
  };
}
