import { Engine, type WasmSource } from "./engine.js";
import * as glue from "./wasm/slim/streamgauge.js";

/** What wasm-bindgen generates for the module. */
export type SlimGlue = typeof glue;

/** @internal */
export const engine: Engine<SlimGlue> = new Engine(
  glue,
  new URL("./wasm/slim/streamgauge_bg.wasm", import.meta.url),
);

/**
 * Loads the wasm module of `streamgauge/slim`; everything else there needs it. Later calls wait for the first.
 *
 * @param source Where the wasm is; by default beside this file.
 * @throws StreamgaugeError `unsupported` where it cannot be compiled, also when a content security policy
 * forbids it; `not_found` when it cannot be fetched.
 */
export function init(source?: WasmSource): Promise<void> {
  return engine.start(source);
}
