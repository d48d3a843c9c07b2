import { Engine, type WasmSource } from "./engine.js";
import * as glue from "./wasm/series/streamgauge.js";

/** What wasm-bindgen generates for the module. */
export type SeriesGlue = typeof glue;

/** @internal */
export const engine: Engine<SeriesGlue> = new Engine(
  glue,
  new URL("./wasm/series/streamgauge_bg.wasm", import.meta.url),
);

/**
 * Loads the wasm module of `streamgauge/series` and `streamgauge/audience`; everything else there needs it. Later calls wait for the first.
 *
 * @param source Where the wasm is; by default beside this file.
 * @throws StreamgaugeError `unsupported` where it cannot be compiled, also when a content security policy
 * forbids it; `not_found` when it cannot be fetched.
 */
export function init(source?: WasmSource): Promise<void> {
  return engine.start(source);
}
