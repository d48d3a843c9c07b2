import type { Engine, Glue } from "./engine.js";
import { StreamgaugeError } from "./errors.js";

/**
 * By which definitions to compute: `"exact"` (the default) is right, `"plot_fec"` is what the
 * plotting script computes, its known defects included.
 */
export type Mode = "exact" | "plot_fec";

/** The bytes of a run's files; leave out those that do not exist. */
export interface RunFiles {
  /** `frames.csv` */
  frames?: Uint8Array | undefined;
  /** `prom.tsv` */
  prom?: Uint8Array | undefined;
  /** `events.csv` */
  events?: Uint8Array | undefined;
  /** `meta.env` */
  meta?: Uint8Array | undefined;
}

/** A run's files as a browser or Node hands them over, gzipped or not. */
export type RunBlobs = { [file in keyof RunFiles]: Blob | Uint8Array | undefined };

/** The bytes of `blobs`, decompressed where they begin with the mark of gzip. */
export async function readFiles(blobs: RunBlobs): Promise<RunFiles> {
  const read = async ([file, blob]: [string, Blob | Uint8Array | undefined]) => {
    if (blob === undefined) {
      return [file, undefined] as const;
    }
    const bytes = blob instanceof Uint8Array ? blob : new Uint8Array(await blob.arrayBuffer());
    return [file, isGzip(bytes) ? await gunzip(bytes, file) : bytes] as const;
  };
  return Object.fromEntries(await Promise.all(Object.entries(blobs).map(read)));
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function gunzip(bytes: Uint8Array, file: string): Promise<Uint8Array> {
  try {
    const plain = new Blob([bytes as BlobPart])
      .stream()
      .pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(plain).arrayBuffer());
  } catch (cause) {
    throw new StreamgaugeError("malformed", "the gzip stream is damaged", file, undefined, {
      cause,
    });
  }
}

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

/** One-way delay per frame. */
export interface Latency {
  tUs: Float64Array;
  latencyMs: Float64Array;
}

/** Missing frame ids: how many, and when that showed. */
export interface Gaps {
  tUs: Float64Array;
  missing: Float64Array;
}

/** Freezes as libwebrtc counts them. */
export interface Freezes {
  startUs: Float64Array;
  durationUs: Float64Array;
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

/** The generated class, see `rust/run.rs`. */
export interface RawRun {
  free(): void;
  [Symbol.dispose](): void;
  summary(mode: string): unknown[];
  problems(): unknown[][];
  meta(): unknown[];
  window(mode: string): unknown[];
  frames(): unknown[];
  latency(mode: string): unknown[];
  gaps(mode: string): unknown[];
  freezes(): unknown[];
  frameRate(mode: string): unknown[];
  counterSelectors(): unknown[];
  counterRate(selector: string, contains: string | undefined, mode: string): unknown[];
  counterTotal(selector: string, contains: string | undefined, mode: string): unknown[] | undefined;
  bursts(mode: string): unknown[][];
  marks(): unknown[][];
}

/** The generated module, as far as runs need it. */
export interface RunGlue extends Glue {
  RawRun: new (
    name: string,
    frames?: Uint8Array,
    prom?: Uint8Array,
    events?: Uint8Array,
    meta?: Uint8Array,
  ) => RawRun;
}

/**
 * The raw run behind `run`, for what takes several runs.
 *
 * @internal
 */
export let withRaw: <T>(run: BaseRun, body: (raw: RawRun) => T) => T;

/** What the `Run` of every entry point can do. */
export abstract class BaseRun {
  static {
    withRaw = (run, body) => run.#call(body);
  }

  readonly #engine: Engine<RunGlue>;
  #raw: RawRun | undefined;
  /** The name given with the files. */
  readonly name: string;

  /** @internal */
  protected constructor(engine: Engine<RunGlue>, files: RunFiles, name: string) {
    for (const [file, bytes] of Object.entries(files)) {
      if (bytes !== undefined && !(bytes instanceof Uint8Array)) {
        throw new StreamgaugeError("invalid_argument", `files.${file} is no Uint8Array`);
      }
    }
    this.#engine = engine;
    this.name = name;
    this.#raw = engine.call(
      (glue) => new glue.RawRun(name, files.frames, files.prom, files.events, files.meta),
    );
  }

  /**
   * All values of the run by key.
   *
   * @throws StreamgaugeError `out_of_range` when a count is no safe integer.
   */
  summary(mode: Mode = "exact"): Summary {
    const entries = pairs(this.#call((raw) => raw.summary(mode))).map(([key, value]) => {
      // Counts by name come as an array within an array.
      const counts = Array.isArray(value) && Array.isArray(value[0]) ? value[0] : undefined;
      return [key, counts === undefined ? value : Object.fromEntries(pairs(counts))];
    });
    return Object.fromEntries(entries) as Summary;
  }

  /** What the files held that could not be used. */
  get problems(): Problems {
    const files = this.#call((raw) => raw.problems()).map((values) => {
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
    return Object.fromEntries(pairs(this.#call((raw) => raw.meta()))) as Record<string, string>;
  }

  /** The span of time that `mode` computes over. */
  window(mode: Mode = "exact"): Window {
    const values = this.#call((raw) => raw.window(mode));
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
    const columns = this.#call((raw) => raw.frames());
    const [recvUs, frameId, userTimestampUs, width, height] = columns as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    return { recvUs, frameId, userTimestampUs, width, height };
  }

  /** One-way delay per frame, in milliseconds. */
  latency(mode: Mode = "exact"): Latency {
    const columns = this.#call((raw) => raw.latency(mode));
    const [tUs, latencyMs] = columns as [Float64Array, Float64Array];
    return { tUs, latencyMs };
  }

  /** Missing frame ids. */
  gaps(mode: Mode = "exact"): Gaps {
    const columns = this.#call((raw) => raw.gaps(mode));
    const [tUs, missing] = columns as [Float64Array, Float64Array];
    return { tUs, missing };
  }

  /** Freezes as libwebrtc counts them. */
  freezes(): Freezes {
    const columns = this.#call((raw) => raw.freezes());
    const [startUs, durationUs, lastOpen] = columns as [Float64Array, Float64Array, boolean];
    return { startUs, durationUs, lastOpen };
  }

  /** Frames per second. */
  frameRate(mode: Mode = "exact"): Buckets {
    return buckets(this.#call((raw) => raw.frameRate(mode)));
  }

  /** The selector behind each total of counters in the exact summary, by key. */
  get counterSelectors(): Record<string, string> {
    const selectors = pairs(this.#call((raw) => raw.counterSelectors()));
    return Object.fromEntries(selectors) as Record<string, string>;
  }

  /**
   * The rate of the counters that `selector` chooses, summed: a family with label matchers as in
   * Prometheus, `nack_total{direction="incoming",kind!~"rtx.*"}`.
   */
  counterRate(selector: string, options: CounterOptions = {}): Buckets {
    const { contains, mode = "exact" } = options;
    return buckets(this.#call((raw) => raw.counterRate(selector, contains, mode)));
  }

  /** The growth of the counters that `selector` chooses; `null` when no series matches. */
  counterTotal(selector: string, options: CounterOptions = {}): CounterTotal | null {
    const { contains, mode = "exact" } = options;
    const values = this.#call((raw) => raw.counterTotal(selector, contains, mode));
    if (values === undefined) {
      return null;
    }
    const [total, series, resets, born] = values as [number, number, number, number];
    return { total, series, resets, born };
  }

  /** Spans of loss made on purpose. */
  bursts(mode: Mode = "exact"): Burst[] {
    return this.#call((raw) => raw.bursts(mode)).map((values) => {
      const [startUs, endUs, open] = values as [number, number, boolean];
      return { startUs, endUs, open };
    });
  }

  /** Events other than the edges of bursts. */
  get marks(): Mark[] {
    return this.#call((raw) => raw.marks()).map((values) => {
      const [tUs, name] = values as [number, string];
      return { tUs, name };
    });
  }

  /** Gives the memory back at once; a garbage-collected run gives it back some time. */
  free(): void {
    const raw = this.#raw;
    this.#raw = undefined;
    if (raw !== undefined) {
      this.#engine.call(() => raw.free());
    }
  }

  /** The same as `free`, for `using run = ...`. */
  [Symbol.dispose](): void {
    this.free();
  }

  #call<T>(body: (raw: RawRun) => T): T {
    const raw = this.#raw;
    if (raw === undefined) {
      throw new StreamgaugeError("closed", `the run ${this.name} was freed`);
    }
    return this.#engine.call(() => body(raw));
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
