import { Engine } from "./engine.js";
import { BaseRing, type RingOptions } from "./ring.js";
import { BaseRun, readFiles, type RunBlobs, type RunFiles } from "./run.js";
import * as glue from "./wasm/full/streamgauge.js";

export type { WasmSource } from "./engine.js";
export { type ErrorCode, StreamgaugeError } from "./errors.js";
export { Cursor } from "./ring.js";
export type * from "./ring.js";
export type * from "./run.js";

/** @internal */
export const engine: Engine<typeof glue> = new Engine(glue);

/** A bounded ring of chunks: one live stream to many readers, who poll. Free it, or let `using` do so. */
export class ChunkRing extends BaseRing {
  /** An empty ring; `invalid_argument` for a bound below 1. */
  constructor(options: RingOptions) {
    super(engine, options);
  }
}

/** A test run: the files of a run directory, parsed. Free it, or let `using` do so. */
export class Run extends BaseRun {
  /**
   * Parses the files of a run. Rows that cannot be used are counted in `problems`.
   *
   * @throws StreamgaugeError `unsupported` when a file is gzipped: `fromFiles` decompresses.
   */
  static fromBytes(files: RunFiles, options: { name?: string } = {}): Run {
    return new Run(engine, files, options.name ?? "run");
  }

  /**
   * Reads files, such as those of an `<input type="file">`, and parses them; gzipped ones are
   * decompressed by the platform.
   *
   * @throws StreamgaugeError `malformed` when a gzip stream is damaged.
   */
  static async fromFiles(files: RunBlobs, options: { name?: string } = {}): Promise<Run> {
    return Run.fromBytes(await readFiles(files), options);
  }
}

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
export function quantile(
  values: Float64Array | readonly number[],
  q: number,
  method: QuantileMethod = "linear",
): number | null {
  const column = values instanceof Float64Array ? values : Float64Array.from(values);
  return engine.call((glue) => glue.quantile(column, q, method)) ?? null;
}
