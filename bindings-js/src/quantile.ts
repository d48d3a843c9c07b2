import type { Engine, Glue } from "./engine.js";
import { floatColumn } from "./numbers.js";

/**
 * How a quantile of n sorted values is taken: `"linear"` interpolates at q (n - 1), as numpy does;
 * `"nearest_rank"` is the smallest value with at least q n values at or below it, `"averaged_rank"`
 * the same but the mean of two where q n is whole; `"floor_index"` is element min(n - 1, floor(n q));
 * `"weibull"` interpolates at q (n + 1) - 1, `"median_unbiased"` at q (n + 1/3) - 2/3.
 */
export type QuantileMethod =
  "linear" | "nearest_rank" | "floor_index" | "averaged_rank" | "weibull" | "median_unbiased";

/**
 * The `q` quantile (0 to 1) of `values`; `null` for no values.
 *
 * @throws StreamgaugeError `invalid_argument` when `q` is outside 0 to 1 or a value is NaN.
 */
export type Quantile = (
  values: Float64Array | readonly number[],
  q: number,
  method?: QuantileMethod,
) => number | null;

/** The generated module, as far as quantiles need it. */
interface QuantileGlue extends Glue {
  quantile(values: Float64Array, q: number, method: string): number | undefined;
}

/** The function on a module. */
export function quantileOf(engine: Engine<QuantileGlue>): Quantile {
  return (values, q, method = "linear") => {
    const column = floatColumn(values, "values");
    return engine.call((glue) => glue.quantile(column, q, method)) ?? null;
  };
}
