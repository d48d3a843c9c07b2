import { StreamgaugeError } from "./errors.js";
import type { Mode } from "./base_run.js";
import { engine } from "./full_engine.js";
import { Run } from "./full_run.js";
import { u32, whole } from "./numbers.js";

/** Which direction of change is an improvement. */
export type Better = "lower" | "higher" | "neutral";

/** What a key of the exact summary is. */
export interface Key {
  /** The key, with its unit where it has one. */
  name: string;
  unit: string;
  /** How it is computed. */
  formula: string;
  /** When it is `null`. */
  nullWhen: string;
  better: Better;
  /** The key that a percentage of it is a share of. */
  denominator: string | null;
}

/** How to compare. */
export interface CompareOptions {
  /** Intervals are made in `"exact"` only. */
  mode?: Mode;
  /** The same seed gives the same intervals on every machine and in every language; 1 by default. */
  seed?: number;
  /** How many resamples the intervals come from: 0 makes none, else 100 to 100,000; 2,000 by default. */
  resamples?: number;
}

/** One key of the summary in A and in B. */
export interface KeyComparison {
  unit: string;
  better: Better;
  /** The value of A; `null` where no run has one. */
  a: number | null;
  /** The value of B. */
  b: number | null;
  /** Runs of A with a value. */
  runsA: number;
  /** Runs of B with a value. */
  runsB: number;
  /** How several runs became one value: of their frames and counts together, or the mean of theirs. */
  combined: "pooled" | "mean";
  /** B - A. */
  difference: number | null;
  /** (B - A) / |A|; `null` where A is 0. */
  relative: number | null;
  /** Ends of the bootstrap interval of the difference. */
  interval: [low: number, high: number] | null;
  /** Why there is no interval. */
  noInterval: string | null;
  /** What follows: an effect only where the interval excludes 0. */
  effect: "better" | "worse" | "no evidence";
}

/** The runs of one side. */
export interface ComparedRuns {
  /** The name of each. */
  runs: string[];
  /** Length of each one's window in seconds. */
  durationS: number[];
}

/** A compared with B. */
export interface Comparison {
  mode: Mode;
  a: ComparedRuns;
  b: ComparedRuns;
  seed: number;
  resamples: number;
  /** The generator behind the resamples. */
  prng: string;
  /** The confidence of every interval. */
  confidence: number;
  /** By key, in the order of the summary. */
  keys: Record<string, KeyComparison>;
  /** What a reader should know before believing a number. */
  notes: string[];
}

/**
 * Compares A with B, each one run or repeats of one. Every numeric key gets its difference B - A;
 * where it can be counted second by second also a bootstrap interval over runs and one-second blocks.
 * Only an interval that excludes 0 is called an effect.
 *
 * @throws StreamgaugeError `invalid_argument` where a side has no run or `resamples` is out of its
 * range; `closed` for a run that was freed.
 */
export function compare(
  a: Run | readonly Run[],
  b: Run | readonly Run[],
  options: CompareOptions = {},
): Comparison {
  const [runsA, runsB] = [runsOf(a, "a"), runsOf(b, "b")];
  const { mode = "exact" } = options;
  const seed = whole(options.seed ?? 1, "seed");
  const resamples = u32(options.resamples ?? 2000, "resamples");
  const sides = engine.call((glue) => new glue.RawSides());
  try {
    for (const run of runsA) run.lend((raw) => sides.addA(raw));
    for (const run of runsB) run.lend((raw) => sides.addB(raw));
    const flat = engine.call(() => sides.compare(mode, seed, resamples));
    const [sideA, sideB, prng, confidence, keys, notes] = flat as [
      unknown[],
      unknown[],
      string,
      number,
      unknown[][],
      string[],
    ];
    const rows = Object.fromEntries(keys.map(row));
    const [one, other] = [side(sideA), side(sideB)];
    return { mode, a: one, b: other, seed, resamples, prng, confidence, keys: rows, notes };
  } finally {
    engine.call(() => sides.free());
  }
}

/** What each key of the exact summary is, in its order. */
export function keys(): Key[] {
  return engine
    .call((glue) => glue.keys())
    .map((flat) => {
      const [name, unit, formula, nullWhen, better, denominator] = flat as [
        string,
        string,
        string,
        string,
        Better,
        string | null,
      ];
      return { name, unit, formula, nullWhen, better, denominator };
    });
}

function runsOf(runs: Run | readonly Run[], what: string): readonly Run[] {
  const list = runs instanceof Run ? [runs] : runs;
  if (!Array.isArray(list) || !list.every((run) => run instanceof Run)) {
    throw new StreamgaugeError("invalid_argument", `${what} is no Run of this entry, nor several`);
  }
  return list;
}

function side(flat: unknown[]): ComparedRuns {
  const [runs, durationS] = flat as [string[], Float64Array];
  return { runs, durationS: [...durationS] };
}

function row(flat: unknown[]): [string, KeyComparison] {
  const [key, unit, better, a, b, runsA, runsB, combined, difference, relative, low, high] =
    flat as [
      string,
      string,
      Better,
      number | null,
      number | null,
      number,
      number,
      KeyComparison["combined"],
      number | null,
      number | null,
      number | null,
      number | null,
    ];
  const [noInterval, effect] = flat.slice(12) as [string | null, KeyComparison["effect"]];
  const interval: [number, number] | null = low === null || high === null ? null : [low, high];
  const values = { unit, better, a, b, runsA, runsB, combined, difference, relative };
  return [key, { ...values, interval, noInterval, effect }];
}
