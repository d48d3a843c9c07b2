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
 * @param source Where the wasm is; by default beside this file.
 */
export function init(source?: WasmSource): Promise<void> {
  return engine.start(() => source);
}
