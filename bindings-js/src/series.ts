import { StreamgaugeError } from "./errors.js";
import { Held, mergeInto } from "./held.js";
import {
  bytes,
  exact,
  float,
  floatColumn,
  fraction,
  instance,
  integers,
  limit,
  Numbers,
  safe,
  sameLength,
  span,
  typed,
  whole,
} from "./numbers.js";
import { type Quantile, quantileOf } from "./quantile.js";
import { type RateOver, rateOf } from "./rate.js";
import { engine, type SeriesGlue } from "./series_engine.js";
import type { RawRollup, RawSketch, RawWindow } from "./wasm/series/streamgauge.js";

export * from "./chart.js";
export * from "./common.js";
export { init } from "./series_engine.js";
export type { Quantile, QuantileMethod } from "./quantile.js";
export type { Rate, RateMode, RateOver } from "./rate.js";

/** Bounds of a `SampleWindow`. */
export interface SampleWindowOptions {
  /** How far it reaches back from the newest time; 300 s without it, `null` for no bound. */
  spanUs?: number | null;
  /** How many samples it keeps; 1,000 without it. */
  maxSamples?: number;
  /** How far behind the newest sample one may come; any, when it is left out or `Infinity`. */
  lateUs?: number;
  /** Whether a second sample of one time is kept, which it is without it. */
  sameTime?: "keep" | "reject";
}

const PUSHED = ["in_order", "late", "too_late", "repeated", "not_finite"] as const;

/** What became of a sample. */
export type Pushed = (typeof PUSHED)[number];

/** A sample. */
export interface Sample {
  tUs: number;
  value: number;
}

/** What a `SampleWindow` did with all its samples. */
export interface SampleWindowCounts {
  accepted: number;
  /** Of these, sorted in behind the newest. */
  late: number;
  tooLate: number;
  repeated: number;
  /** NaN or infinite values. */
  notFinite: number;
  /** Taken and since gone from the window. */
  evicted: number;
}

/** A `SampleWindow` at a moment; what there is none of is `null`. */
export interface SampleWindowState {
  length: number;
  min: number | null;
  max: number | null;
  /** `null`, too, past the range of numbers. */
  sum: number | null;
  /** Each sample weighs the same. */
  mean: number | null;
  /** From the first to the last sample, the change in a second; `null` where no time passed. */
  ratePerS: number | null;
  first: Sample | null;
  last: Sample | null;
  counts: SampleWindowCounts;
}

/**
 * The samples of the last while, bounded in time and number (`Window` in other languages). In order a
 * sample costs amortised O(1), whatever is asked in between. Free it, or let `using` do so.
 */
export class SampleWindow extends Held<RawWindow, SeriesGlue> {
  /** @throws StreamgaugeError `invalid_argument` for bounds below 1 and a negative `lateUs`. */
  constructor(options: SampleWindowOptions = {}) {
    const { spanUs, sameTime = "keep" } = options;
    const reach = span(spanUs ?? (spanUs === null ? Infinity : undefined), "spanUs");
    const most = limit(options.maxSamples, "maxSamples");
    const late = span(options.lateUs, "lateUs");
    super(engine, (glue) => new glue.RawWindow(reach, most, late, `${sameTime}`));
  }

  /** Takes a sample, drops what it puts out of bounds, and says what became of it. */
  record(atUs: number, value: number): Pushed {
    const [at, of] = [safe(atUs, "atUs"), float(value, "value")];
    return PUSHED[this.call((raw) => raw.record(at, of))] ?? "not_finite";
  }

  /**
   * Takes samples.
   *
   * @throws StreamgaugeError `invalid_argument` where lengths differ, `out_of_range` for a time that is no
   * safe integer; nothing is taken then.
   */
  recordMany(timesUs: Float64Array, values: Float64Array): void {
    const columns = samples(timesUs, values);
    this.call((raw) => raw.recordMany(...columns));
  }

  /** Time went on to `nowUs` without a sample: drops what is out of the span. */
  expire(nowUs: number): void {
    safe(nowUs, "nowUs");
    this.call((raw) => raw.expire(nowUs));
  }

  /** All that can be asked of it. */
  snapshot(): SampleWindowState {
    const n = new Numbers(this.call((raw) => raw.state()));
    const sample = () => {
      const [tUs, value] = [n.wholeOrNull("tUs"), n.float()];
      return tUs === null ? null : { tUs, value };
    };
    return {
      length: n.whole("length"),
      ...n.floats(["min", "max", "sum", "mean", "ratePerS"]),
      first: sample(),
      last: sample(),
      counts: n.record(["accepted", "late", "tooLate", "repeated", "notFinite", "evicted"]),
    };
  }

  /** Every sample by time. */
  samples(): { tUs: Float64Array; value: Float64Array } {
    const [tUs, value] = this.call((raw) => raw.samples()) as [Float64Array, Float64Array];
    return { tUs, value };
  }
}

/** What a `Sketch` has to say; `null` without values. */
export interface SketchState {
  /** Values added. */
  count: number;
  /** Of these, zeros. */
  zeros: number;
  /** Values rejected as NaN or infinite. */
  rejected: number;
  /** `null`, too, past the range of numbers. */
  sum: number | null;
  mean: number | null;
  min: number | null;
  max: number | null;
  relativeError: number;
  /** Magnitudes lay so far apart that the smallest were put together: quantiles among those are too large. */
  isCollapsed: boolean;
  memoryBytes: number;
}

/** Bins of a sketch by value, empty ones left out. A bin has its end nearer to zero; zeros are one of their own. */
export interface SketchBins {
  lower: Float64Array;
  upper: Float64Array;
  count: Float64Array;
}

/**
 * Quantiles of any number of values in bounded memory. One is within `relativeError` of the value at rank
 * `floor(q (n - 1))` of the sorted values; the smallest and the largest value are exact. Merging gives the
 * same bins in any order. Free it, or let `using` do so.
 */
export class Sketch extends Held<RawSketch, SeriesGlue> {
  /**
   * A sketch of `values`; `relativeError` is 0.01 without it.
   *
   * @throws StreamgaugeError `invalid_argument` when it is not 0.0001 to 0.5.
   */
  constructor(values?: Float64Array | readonly number[], options?: { relativeError?: number });
  /** @internal */
  constructor(values: undefined, options: undefined, make: (glue: SeriesGlue) => RawSketch);
  constructor(
    values?: Float64Array | readonly number[],
    options: { relativeError?: number } = {},
    make?: (glue: SeriesGlue) => RawSketch,
  ) {
    const error = fraction(options.relativeError, "relativeError");
    super(engine, make ?? ((glue) => new glue.RawSketch(error)));
    if (values !== undefined) this.recordMany(values);
  }

  /**
   * A sketch from its bytes, which may come from anywhere and from any language.
   *
   * @throws StreamgaugeError `malformed`.
   */
  static fromBytes(data: Uint8Array): Sketch {
    const given = bytes(data, "data");
    return new Sketch(undefined, undefined, (glue) => glue.RawSketch.fromBytes(given));
  }

  /** Its bytes: protobuf, the same in every language. */
  toBytes(): Uint8Array {
    return this.call((raw) => raw.toBytes());
  }

  /** Another with the same in it. */
  copy(): Sketch {
    return new Sketch(undefined, undefined, () => this.call((raw) => raw.copy()));
  }

  /** Whether bins and extremes are the same; sums may differ by the order of adding. */
  equals(other: Sketch): boolean {
    instance(other, Sketch, "other");
    return this.call((raw) => other.call((theirs) => raw.equals(theirs)));
  }

  /** Adds a value, `count` times. NaN and infinities are rejected and counted. */
  record(value: number, count = 1): void {
    const [of, times] = [float(value, "value"), whole(count, "count")];
    this.call((raw) => raw.record(of, times));
  }

  /** Adds values. */
  recordMany(values: Float64Array | readonly number[]): void {
    const column = floatColumn(values, "values");
    this.call((raw) => raw.recordMany(column));
  }

  /**
   * Adds everything of another sketch.
   *
   * @throws StreamgaugeError `invalid_argument` when relative errors differ.
   */
  merge(other: Sketch): void {
    mergeInto(this, instance(other, Sketch, "other"), (from) =>
      this.call((raw) => from.call((theirs) => raw.merge(theirs))),
    );
  }

  /** The `q` quantile (0 to 1, else `invalid_argument`); `null` without values. */
  quantile(q: number): number | null {
    return this.call((raw) => raw.quantile(float(q, "q"))) ?? null;
  }

  /** Forgets every value. */
  clear(): void {
    this.call((raw) => raw.clear());
  }

  /** All that can be asked of it but quantiles. */
  snapshot(): SketchState {
    const n = new Numbers(this.call((raw) => raw.state()));
    return {
      ...n.record(["count", "zeros", "rejected"]),
      ...n.floats(["sum", "mean", "min", "max"]),
      relativeError: n.float(),
      isCollapsed: n.float() === 1,
      memoryBytes: n.float(),
    };
  }

  /** Its bins, such as for a histogram. */
  bins(): SketchBins {
    const columns = this.call((raw) => raw.bins());
    const [lower, upper, count] = columns as [Float64Array, Float64Array, Float64Array];
    return { lower, upper, count: exact(count, "count") };
  }
}

/** One resolution of a `Rollup`. */
export interface Level {
  /** The width of a bucket. Buckets begin at multiples of it. */
  widthUs: number;
  /** How many of the latest buckets are kept, empty ones included. */
  keep: number;
}

/** Resolutions and bounds of a `Rollup`. */
export interface RollupOptions {
  /**
   * From the finest on, each width a multiple of the one before; without them an hour of seconds, six
   * hours of 10 seconds and a day of minutes.
   */
  levels?: readonly Level[];
  /** How far behind the newest sample one may come; 60 s without it, `Infinity` for any. */
  lateUs?: number;
  /** Of a sketch for each bucket, for quantiles; no sketches without it. */
  relativeError?: number;
}

/**
 * The buckets of a level, from the oldest kept on, empty ones included: columns of one length. In an empty
 * bucket `count` and `sum` are 0 and the rest is `NaN`, as is a sum past the range of numbers.
 */
export interface RollupBuckets {
  startUs: Float64Array;
  count: Float64Array;
  sum: Float64Array;
  mean: Float64Array;
  min: Float64Array;
  max: Float64Array;
  lastUs: Float64Array;
  last: Float64Array;
  /** A column for each quantile asked for, in that order. */
  quantiles: Float64Array[];
}

/** A `Rollup` without its buckets. */
export interface RollupState {
  levels: Level[];
  /** `Infinity` for any. */
  lateUs: number;
  /** `null` without sketches. */
  relativeError: number | null;
  /** The time of the newest sample. */
  newestUs: number | null;
  /** Up to when nothing can change any more: buckets that end at or before it are final. */
  finalUntilUs: number | null;
  /** What became of all samples. */
  counts: { accepted: number; tooLate: number; notFinite: number };
}

/**
 * Counts, sums, extremes and, where asked for, quantiles of a series in buckets of several widths, in one
 * pass. Memory is bounded by what the levels keep. Free it, or let `using` do so.
 */
export class Rollup extends Held<RawRollup, SeriesGlue> {
  /** @throws StreamgaugeError `invalid_argument` where the options are not as they say. */
  constructor(options?: RollupOptions);
  /** @internal */
  constructor(options: undefined, make: (glue: SeriesGlue) => RawRollup);
  constructor(options: RollupOptions = {}, make?: (glue: SeriesGlue) => RawRollup) {
    const { levels } = options;
    if (levels?.length === 0) throw new StreamgaugeError("invalid_argument", "levels is empty");
    const flat = (levels ?? []).flatMap(({ widthUs, keep }) => [
      safe(widthUs, "widthUs"),
      whole(keep, "keep"),
    ]);
    const late = span(options.lateUs, "lateUs");
    const error = fraction(options.relativeError, "relativeError");
    super(engine, make ?? ((glue) => new glue.RawRollup(Float64Array.from(flat), late, error)));
  }

  /**
   * A rollup from its bytes, which may come from anywhere and from any language.
   *
   * @throws StreamgaugeError `malformed`.
   */
  static fromBytes(data: Uint8Array): Rollup {
    const given = bytes(data, "data");
    return new Rollup(undefined, (glue) => glue.RawRollup.fromBytes(given));
  }

  /** Its bytes: protobuf, the same in every language. */
  toBytes(): Uint8Array {
    return this.call((raw) => raw.toBytes());
  }

  /** Another with the same in it. */
  copy(): Rollup {
    return new Rollup(undefined, () => this.call((raw) => raw.copy()));
  }

  /** Takes a sample. `false` when it is too late or not finite, which is counted. */
  record(atUs: number, value: number): boolean {
    const [at, of] = [safe(atUs, "atUs"), float(value, "value")];
    return this.call((raw) => raw.record(at, of));
  }

  /**
   * Takes samples.
   *
   * @throws StreamgaugeError `invalid_argument` where lengths differ, `out_of_range` for a time that is no
   * safe integer; nothing is taken then.
   */
  recordMany(timesUs: Float64Array, values: Float64Array): void {
    const columns = samples(timesUs, values);
    this.call((raw) => raw.recordMany(...columns));
  }

  /**
   * Adds everything of another rollup.
   *
   * @throws StreamgaugeError `invalid_argument` where levels or sketches differ.
   */
  merge(other: Rollup): void {
    mergeInto(this, instance(other, Rollup, "other"), (from) =>
      this.call((raw) => from.call((theirs) => raw.merge(theirs))),
    );
  }

  /**
   * The buckets of a level, 0 the finest, with a column for each of `quantiles`; see `chartData`.
   *
   * @throws StreamgaugeError `out_of_range` when there is no such level, `invalid_argument` for quantiles that
   * are not 0 to 1, and for any without sketches.
   */
  buckets(level = 0, options: { quantiles?: readonly number[] } = {}): RollupBuckets {
    const which = whole(level, "level");
    const asked = Float64Array.from(options.quantiles ?? []);
    const columns = this.call((raw) => raw.buckets(which, asked)) as Float64Array[];
    const at = (i: number, name: string) => exact(columns[i] ?? new Float64Array(), name);
    const value = (i: number) => columns[i] ?? new Float64Array();
    return {
      startUs: at(0, "startUs"),
      count: at(1, "count"),
      sum: value(2),
      mean: value(3),
      min: value(4),
      max: value(5),
      lastUs: at(6, "lastUs"),
      last: value(7),
      quantiles: columns.slice(8),
    };
  }

  /** All but its buckets. */
  snapshot(): RollupState {
    const n = new Numbers(this.call((raw) => raw.state()));
    const state = {
      lateUs: n.float(),
      relativeError: n.floatOrNull(),
      ...n.optional(["newestUs", "finalUntilUs"]),
      counts: n.record(["accepted", "tooLate", "notFinite"]),
    };
    return { ...state, levels: n.all((n) => n.record(["widthUs", "keep"])) };
  }
}

/**
 * Indices of at most `points` samples that look the same on a chart (MinMaxLTTB), ascending. First, last,
 * smallest and largest sample are among them, and both sides of gaps: where more than `gapUs` lies between
 * two samples, or a value that is not finite, which itself is never drawn.
 *
 * @throws StreamgaugeError `time_went_back` when times fall, `invalid_argument` where lengths differ.
 */
export function downsample(
  timesUs: Float64Array,
  values: Float64Array,
  points: number,
  options: { gapUs?: number } = {},
): Uint32Array {
  const columns = samples(timesUs, values);
  const [most, gap] = [whole(points, "points"), span(options.gapUs, "gapUs")];
  return engine.call((glue) => glue.downsample(...columns, most, gap));
}

/**
 * The `q` quantile (0 to 1) of `values`; `null` for no values.
 *
 * @throws StreamgaugeError `invalid_argument` when `q` is outside 0 to 1 or a value is NaN.
 */
export const quantile: Quantile = quantileOf(engine);

/**
 * Increase and rate of a counter over a window, both ends included, from samples in order of time;
 * `null` when there is nothing to measure. `"prometheus"`, the mode without one, is as `rate()` there.
 */
export const rate: RateOver = rateOf(engine);

function samples(timesUs: unknown, values: unknown): [Float64Array, Float64Array] {
  const columns = [integers(timesUs, "timesUs"), typed(values, Float64Array, "values")] as const;
  sameLength(columns[0].length, columns[1], "values");
  return [...columns];
}
