import type { Engine } from "./engine.js";
import { Held } from "./held.js";
import type { RawRun, RunGlue } from "./raw_run.js";

/**
 * By which definitions to compute: `"exact"` (the default) is right, `"plot_fec"` is what the
 * plotting script computes, its known defects included.
 */
export type Mode = "exact" | "plot_fec";

export {
  type Progress,
  type ReadOptions,
  type RunBlobs,
  type RunFiles,
  runFiles,
} from "./reading.js";

/** A value of a summary; `null` is: not measured, or undefined. */
export type SummaryValue = number | boolean | string | string[] | Record<string, number> | null;

/** The values of one run by key, in documented order. */
export type Summary = Record<string, SummaryValue>;

/** What one file held that could not be used. */
export interface FileProblems {
  /** The file does not exist. */
  missing: boolean;
  /** Data rows seen. */
  rows: number;
  /** Rows not used, by reason. */
  dropped: Record<string, number>;
  /** Rows used in part, by reason. */
  kept: Record<string, number>;
  /** The first hundred. */
  first: { line: number; reason: string }[];
}

/** By file name. */
export type Problems = Record<string, FileProblems>;

/** Where a window's edge comes from. */
export type WindowEdge = "meta" | "data" | "default";

/** The span of time that a run is computed over; times are microseconds since the Unix epoch. */
export interface Window {
  startUs: number;
  endUs: number;
  /** Whether a sample at `endUs` counts. */
  endInclusive: boolean;
  start: WindowEdge;
  end: WindowEdge;
}

/** Received frames in order of receipt; `NaN` where a row has no value. */
export interface Frames {
  recvUs: Float64Array;
  frameId: Float64Array;
  userTimestampUs: Float64Array;
  width: Float64Array;
  height: Float64Array;
}

/** The same with columns of 64-bit integers, for those that a number cannot hold exactly. */
export interface FramesInt64 {
  recvUs: BigInt64Array;
  /** 0 where `hasFrameId` is. */
  frameId: BigInt64Array;
  hasFrameId: Uint8Array;
  /** 0 where `hasUserTimestamp` is. */
  userTimestampUs: BigInt64Array;
  hasUserTimestamp: Uint8Array;
  width: Float64Array;
  height: Float64Array;
}

/** Asks for columns of 64-bit integers, for those that a number cannot hold exactly. */
export interface Int64 {
  int64: true;
}

/** One-way delay per frame. */
export interface Latency<Integers = Float64Array> {
  tUs: Integers;
  latencyMs: Float64Array;
}

/** Missing frame ids: how many, and when that showed. */
export interface Gaps<Integers = Float64Array> {
  tUs: Integers;
  missing: Integers;
}

/** Freezes as libwebrtc counts them. */
export interface Freezes<Integers = Float64Array> {
  startUs: Integers;
  durationUs: Integers;
  /** The last one was still open at the window's end. */
  lastOpen: boolean;
}

/** A rate in buckets of one second. */
export interface Buckets {
  startUs: Float64Array;
  perS: Float64Array;
  /** How much of the bucket lies in the window. */
  coveredUs: Float64Array;
  lastPartial: boolean;
  /** There are more than a million seconds; the rest is cut off. */
  truncated: boolean;
}

/** Growth of counters over the window. */
export interface CounterTotal {
  total: number;
  /** Series that the selector matched. */
  series: number;
  /** How often one of them started again. */
  resets: number;
  /** Series that appeared inside the window, and so started from 0. */
  born: number;
}

/** A span in which the channel lost packets on purpose. */
export interface Burst {
  startUs: number;
  endUs: number;
  /** It was not switched off before the run ended. */
  open: boolean;
}

/** A labelled moment of the run. */
export interface Mark {
  tUs: number;
  name: string;
}

/** How to choose and count series. */
export interface CounterOptions {
  mode?: Mode;
  /** Only series whose label text, as it stands in the file, contains this. */
  contains?: string;
}

/** What the `Run` of every entry point can do. */
export abstract class BaseRun extends Held<RawRun, RunGlue> {
  /** The name given with the files. */
  readonly name: string;

  /** @internal */
  protected constructor(engine: Engine<RunGlue>, name: string, make: (glue: RunGlue) => RawRun) {
    super(engine, make);
    this.name = name;
  }

  /**
   * All values of the run by key.
   *
   * @throws StreamgaugeError `out_of_range` when a count is no safe integer.
   */
  summary(mode: Mode = "exact"): Summary {
    const entries = pairs(this.call((raw) => raw.summary(mode))).map(([key, value]) => {
      // Counts by name come as an array within an array.
      const counts = Array.isArray(value) && Array.isArray(value[0]) ? value[0] : undefined;
      return [key, counts === undefined ? value : Object.fromEntries(pairs(counts))];
    });
    return Object.fromEntries(entries) as Summary;
  }

  /** What the files held that could not be used. */
  get problems(): Problems {
    const files = this.call((raw) => raw.problems()).map((values) => {
      const [name, missing, rows, dropped, kept, first] = values as [
        string,
        boolean,
        number,
        unknown[],
        unknown[],
        unknown[],
      ];
      const problems: FileProblems = {
        missing,
        rows,
        dropped: Object.fromEntries(pairs(dropped)) as Record<string, number>,
        kept: Object.fromEntries(pairs(kept)) as Record<string, number>,
        first: pairs<number>(first).map(([line, reason]) => ({ line, reason: String(reason) })),
      };
      return [name, problems] as const;
    });
    return Object.fromEntries(files);
  }

  /** `meta.env` by key. */
  get meta(): Record<string, string> {
    return Object.fromEntries(pairs(this.call((raw) => raw.meta()))) as Record<string, string>;
  }

  /** The span of time that `mode` computes over. */
  window(mode: Mode = "exact"): Window {
    const values = this.call((raw) => raw.window(mode));
    const [startUs, endUs, endInclusive, start, end] = values as [
      number,
      number,
      boolean,
      WindowEdge,
      WindowEdge,
    ];
    return { startUs, endUs, endInclusive, start, end };
  }

  /** The received frames. */
  get frames(): Frames {
    const columns = this.call((raw) => raw.frames());
    const [recvUs, frameId, userTimestampUs, width, height] = columns as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    return { recvUs, frameId, userTimestampUs, width, height };
  }

  /** The received frames with columns of 64-bit integers. */
  framesInt64(): FramesInt64 {
    const columns = this.call((raw) => raw.framesInt64());
    const [recvUs, frameId, hasFrameId, userTimestampUs, hasUserTimestamp, width, height] =
      columns as [
        BigInt64Array,
        BigInt64Array,
        Uint8Array,
        BigInt64Array,
        Uint8Array,
        Float64Array,
        Float64Array,
      ];
    return { recvUs, frameId, hasFrameId, userTimestampUs, hasUserTimestamp, width, height };
  }

  /** One-way delay per frame, in milliseconds. */
  latency(mode?: Mode): Latency;
  latency(mode: Mode | undefined, options: Int64): Latency<BigInt64Array>;
  latency<I>(mode: Mode = "exact", options?: Int64): Latency<I> {
    const columns = this.call((raw) => raw.latency(mode, options?.int64 ?? false));
    const [tUs, latencyMs] = columns as [I, Float64Array];
    return { tUs, latencyMs };
  }

  /** Missing frame ids. */
  gaps(mode?: Mode): Gaps;
  gaps(mode: Mode | undefined, options: Int64): Gaps<BigInt64Array>;
  gaps<I>(mode: Mode = "exact", options?: Int64): Gaps<I> {
    const columns = this.call((raw) => raw.gaps(mode, options?.int64 ?? false));
    const [tUs, missing] = columns as [I, I];
    return { tUs, missing };
  }

  /** Freezes as libwebrtc counts them. */
  freezes(): Freezes;
  freezes(options: Int64): Freezes<BigInt64Array>;
  freezes<I>(options?: Int64): Freezes<I> {
    const columns = this.call((raw) => raw.freezes(options?.int64 ?? false));
    const [startUs, durationUs, lastOpen] = columns as [I, I, boolean];
    return { startUs, durationUs, lastOpen };
  }

  /** The selector behind each total of counters in the exact summary, by key. */
  get counterSelectors(): Record<string, string> {
    const selectors = pairs(this.call((raw) => raw.counterSelectors()));
    return Object.fromEntries(selectors) as Record<string, string>;
  }

  /** Frames per second. */
  frameRate(mode: Mode = "exact"): Buckets {
    return buckets(this.call((raw) => raw.frameRate(mode)));
  }

  /**
   * The rate of the counters that `selector` chooses, summed: a family with label matchers as in
   * Prometheus, `nack_total{direction="incoming",kind!~"rtx.*"}`.
   */
  counterRate(selector: string, options: CounterOptions = {}): Buckets {
    const { contains, mode = "exact" } = options;
    return buckets(this.call((raw) => raw.counterRate(selector, contains, mode)));
  }

  /** The growth of the counters that `selector` chooses; `null` when no series matches. */
  counterTotal(selector: string, options: CounterOptions = {}): CounterTotal | null {
    const { contains, mode = "exact" } = options;
    const values = this.call((raw) => raw.counterTotal(selector, contains, mode));
    if (values === undefined) {
      return null;
    }
    const [total, series, resets, born] = values as [number, number, number, number];
    return { total, series, resets, born };
  }

  /** Spans of loss made on purpose. */
  bursts(mode: Mode = "exact"): Burst[] {
    return this.call((raw) => raw.bursts(mode)).map((values) => {
      const [startUs, endUs, open] = values as [number, number, boolean];
      return { startUs, endUs, open };
    });
  }

  /** Events other than the edges of bursts. */
  get marks(): Mark[] {
    return this.call((raw) => raw.marks()).map((values) => {
      const [tUs, name] = values as [number, string];
      return { tUs, name };
    });
  }
}

/** What stands in turn in a flat array. */
function pairs<K = string>(flat: unknown[]): [K, unknown][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] as K, flat[2 * i + 1]]);
}

function buckets(columns: unknown[]): Buckets {
  const [startUs, perS, coveredUs, lastPartial, truncated] = columns as [
    Float64Array,
    Float64Array,
    Float64Array,
    boolean,
    boolean,
  ];
  return { startUs, perS, coveredUs, lastPartial, truncated };
}
