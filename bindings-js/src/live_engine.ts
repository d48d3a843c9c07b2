import { Engine, type WasmSource } from "./engine.js";
import * as glue from "./wasm/live/streamgauge.js";

/** What wasm-bindgen generates for the module. */
export type LiveGlue = typeof glue;

/** @internal */
export const engine: Engine<LiveGlue> = new Engine(
  glue,
  new URL("./wasm/live/streamgauge_bg.wasm", import.meta.url),
);

/**
 * Loads the wasm module of `streamgauge/rtp` and `streamgauge/telemetry`; everything else there needs it. Later calls wait for the first.
 *
 * @param source Where the wasm is; by default beside this file.
 * @throws StreamgaugeError `unsupported` where it cannot be compiled, also when a content security policy
 * forbids it; `not_found` when it cannot be fetched.
 */
export function init(source?: WasmSource): Promise<void> {
  return engine.start(source);
}
