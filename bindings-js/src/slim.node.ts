import { readFile } from "node:fs/promises";

import { engine, type WasmSource } from "./slim_api.js";

export { Run, StreamgaugeError } from "./slim_api.js";
export type * from "./slim_api.js";

/**
 * Loads the wasm module; everything else needs it. Later calls wait for the first.
 *
 * @param source Where the wasm is; by default the file beside this one.
 */
export function init(source?: WasmSource): Promise<void> {
  const file = new URL("./wasm/slim/streamgauge_bg.wasm", import.meta.url);
  return engine.start(() => source ?? readFile(file));
}
