import { Engine } from "./engine.js";
import * as glue from "./wasm/live/streamgauge.js";

/** What wasm-bindgen generates for the live module. */
export type LiveGlue = typeof glue;

/** @internal */
export const engine: Engine<LiveGlue> = new Engine(glue);
