import { Engine, type WasmSource } from "./engine.js";
import * as glue from "./wasm/webrtc/streamgauge.js";

/** What wasm-bindgen generates for the module. */
export type WebrtcGlue = typeof glue;

/** @internal */
export const engine: Engine<WebrtcGlue> = new Engine(
  glue,
  new URL("./wasm/webrtc/streamgauge_bg.wasm", import.meta.url),
);

/**
 * Loads the wasm module of `streamgauge/webrtc`; everything else there needs it. Later calls wait for the
 * first.
 *
 * @param source Where the wasm is; by default beside this file.
 */
export function init(source?: WasmSource): Promise<void> {
  return engine.start(source);
}
