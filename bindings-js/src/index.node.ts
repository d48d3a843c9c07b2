import { readFile } from "node:fs/promises";

import { engine, type WasmSource } from "./full_api.js";

export {
  ChunkRing,
  Cursor,
  type QuantileMethod,
  quantile,
  Run,
  StreamgaugeError,
} from "./full_api.js";
export type * from "./full_api.js";
export { compare, keys } from "./compare.js";
export type * from "./compare.js";

/**
 * Loads the wasm module; everything else needs it. Later calls wait for the first.
 *
 * @param source Where the wasm is; by default the file beside this one.
 */
export function init(source?: WasmSource): Promise<void> {
  const file = new URL("./wasm/full/streamgauge_bg.wasm", import.meta.url);
  return engine.start(() => source ?? readFile(file));
}
