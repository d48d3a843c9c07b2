import type { Engine, Glue } from "./engine.js";
import { integers, Numbers, safe, sameLength, typed } from "./numbers.js";

/** How an increase is taken from samples that do not lie on the ends of the window. */
export type RateMode = "raw" | "prometheus" | "anchored" | "smoothed";

/** An increase over a window. */
export interface Rate {
  /** What was added, resets accounted for. */
  increase: number;
  /** What `perS` divides by; above 0. */
  seconds: number;
  resets: number;
  perS: number;
}

/**
 * Increase and rate of a counter over a window, both ends included, from samples in order of time;
 * `null` when there is nothing to measure. `"prometheus"`, the mode without one, is as `rate()` there.
 */
export type RateOver = (
  timesUs: Float64Array,
  values: Float64Array,
  window: { startUs: number; endUs: number },
  mode?: RateMode,
) => Rate | null;

/** The generated module, as far as rates need it. */
interface RateGlue extends Glue {
  rate(
    timesUs: Float64Array,
    values: Float64Array,
    startUs: number,
    endUs: number,
    mode: string,
  ): Float64Array | undefined;
}

/** The function on a module. */
export function rateOf(engine: Engine<RateGlue>): RateOver {
  return (timesUs, values, window, mode = "prometheus") => {
    sameLength(
      integers(timesUs, "timesUs").length,
      typed(values, Float64Array, "values"),
      "values",
    );
    const [startUs, endUs] = [safe(window.startUs, "startUs"), safe(window.endUs, "endUs")];
    const found = engine.call((glue) => glue.rate(timesUs, values, startUs, endUs, `${mode}`));
    if (found === undefined) return null;
    const n = new Numbers(found);
    return {
      increase: n.float(),
      seconds: n.float(),
      resets: n.whole("resets"),
      perS: n.float(),
    };
  };
}
