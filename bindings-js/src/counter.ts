import { StreamgaugeError } from "./errors.js";
import { engine, type LiveGlue } from "./live_engine.js";
import { Held } from "./held.js";
import { float, integers, Numbers, safe, sameLength, typed, whole } from "./numbers.js";
import { type RateOver, rateOf } from "./rate.js";
import type { RawCounter } from "./wasm/live/streamgauge.js";

export type { Rate, RateMode, RateOver } from "./rate.js";

/** How a counter reads its samples. */
export interface CounterOptions {
  /** `"u64"`, the usual one, counts whole numbers (exact up to 2^53 here), `"f64"` floats. */
  kind?: "u64" | "f64";
  /** It began at 0 within what is observed: the first sample counts in full. */
  originKnown?: boolean;
  /** Its width, 1 to 64: a fall may be a wrap. */
  widthBits?: number;
  /** Its fastest plausible growth: a fall is a wrap when the wrapped step is within it. */
  maxPerS?: number;
}

/** The kinds of steps, at the places that `Steps.kinds` gives. */
export const STEP_KINDS = [
  "first",
  "advance",
  "wrap",
  "reset",
  "boundary",
  "repeat",
  "rejected",
] as const;

/** What kind of step a sample was. */
export type StepKind = (typeof STEP_KINDS)[number];

/** What one sample added; no interval for a first, a repeated and a rejected one. */
export interface Step {
  kind: StepKind;
  /** Never negative. */
  delta: number;
  startUs: number | null;
  endUs: number | null;
}

/** What many samples added. */
export interface Steps {
  deltas: Float64Array;
  /** Places in `STEP_KINDS`. */
  kinds: Uint8Array;
}

/**
 * Turns samples of a cumulative counter into deltas and a total that never falls: what falls was reset,
 * or wrapped where a width is declared. Free it, or let `using` do so.
 */
export class Counter extends Held<RawCounter, LiveGlue> {
  readonly #whole: boolean;

  /** @throws StreamgaugeError `invalid_argument` for a width or a growth out of range. */
  constructor(options: CounterOptions = {}) {
    const { kind = "u64", originKnown = false, widthBits, maxPerS } = options;
    if (kind !== "u64" && kind !== "f64") {
      throw new StreamgaugeError("invalid_argument", `kind is ${JSON.stringify(kind)}`);
    }
    const bits = widthBits === undefined ? NaN : whole(widthBits, "widthBits");
    if (Number.isNaN(maxPerS)) {
      throw new StreamgaugeError("invalid_argument", "maxPerS is NaN, not a number above 0");
    }
    super(engine, (glue) => new glue.RawCounter(kind === "u64", originKnown, bits, maxPerS ?? NaN));
    this.#whole = kind === "u64";
  }

  /**
   * Takes a sample. `boundary`: the epoch changed (a new SSRC, codec or process), so the value counts in
   * full even when it grew. A sample that cannot be is `"rejected"` and counted.
   */
  record(atUs: number, value: number, options: { boundary?: boolean } = {}): Step {
    const checked = this.#whole ? whole(value, "value") : float(value, "value");
    const n = this.#record(
      Float64Array.of(safe(atUs, "atUs")),
      Float64Array.of(checked),
      Uint8Array.of(options.boundary ? 1 : 0),
    );
    const [kind, delta] = [STEP_KINDS[n.float()] ?? "rejected", this.#value(n, "delta")];
    return { kind, delta, startUs: n.floatOrNull(), endUs: n.floatOrNull() };
  }

  /** As `record`, many at a time; `boundaries` is 1 where a sample is one. */
  recordMany(
    timesUs: Float64Array,
    values: Float64Array,
    options: { boundaries?: Uint8Array } = {},
  ): Steps {
    const { boundaries = new Uint8Array() } = options;
    const n = this.#record(integers(timesUs, "timesUs"), values, boundaries);
    const [deltas, kinds] = [new Float64Array(timesUs.length), new Uint8Array(timesUs.length)];
    for (let i = 0; i < timesUs.length; i++) {
      kinds[i] = n.float();
      deltas[i] = this.#value(n, "delta");
      n.float();
      n.float();
    }
    return { deltas, kinds };
  }

  /** Everything that was added. Never falls. */
  get total(): number {
    return this.#value(this.#state(), "total");
  }

  /** Time and value of the last sample taken. */
  get last(): { atUs: number; value: number } | null {
    const n = this.#state();
    n.float();
    const atUs = n.floatOrNull();
    return atUs === null ? null : { atUs, value: this.#value(n, "last") };
  }

  /** How many samples were of a kind. */
  get counts(): { resets: number; wraps: number; boundaries: number; rejected: number } {
    const n = new Numbers(this.call((raw) => raw.state()).subarray(3));
    return n.record(["resets", "wraps", "boundaries", "rejected"]);
  }

  /** Ends the series: the next sample is a first one. For a field that vanished. */
  end(): void {
    this.call((raw) => raw.end());
  }

  #record(timesUs: Float64Array, values: Float64Array, boundaries: Uint8Array): Numbers {
    if (this.#whole) {
      integers(values, "values").forEach((value) => whole(value, "value"));
    }
    sameLength(timesUs.length, typed(values, Float64Array, "values"), "values");
    if (typed(boundaries, Uint8Array, "boundaries").length > 0) {
      sameLength(timesUs.length, boundaries, "boundaries");
    }
    return new Numbers(this.call((raw) => raw.record(timesUs, values, boundaries)));
  }

  #state(): Numbers {
    return new Numbers(this.call((raw) => raw.state()));
  }

  #value(n: Numbers, what: string): number {
    return this.#whole ? n.whole(what) : n.float();
  }
}

/**
 * Increase and rate of a counter over a window, both ends included, from samples in order of time;
 * `null` when there is nothing to measure. `"prometheus"`, the mode without one, is as `rate()` there.
 */
export const rate: RateOver = rateOf(engine);
