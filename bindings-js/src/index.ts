import { engine } from "./full_engine.js";
import { type Quantile, quantileOf } from "./quantile.js";

export * from "./ring.js";
export * from "./run.js";
export type { Quantile, QuantileMethod } from "./quantile.js";

/**
 * The `q` quantile (0 to 1) of `values`; `null` for no values.
 *
 * @throws StreamgaugeError `invalid_argument` when `q` is outside 0 to 1 or a value is NaN.
 */
export const quantile: Quantile = quantileOf(engine);
