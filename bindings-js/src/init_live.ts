import type { WasmSource } from "./engine.js";
import { engine } from "./live_engine.js";

/**
 * Loads the wasm module of `streamgauge/rtp` and `streamgauge/telemetry`; everything else there needs
 * it. Later calls wait for the first, also those of the other entry.
 *
 * @param source Where the wasm is; by default beside this file.
 */
export function init(source?: WasmSource): Promise<void> {
  return engine.start(() => source);
}
