export type { WasmSource } from "./engine.js";
export { type ErrorCode, StreamgaugeError } from "./errors.js";
export { init } from "./init_live.js";
export type { Clocks } from "./numbers.js";
export * from "./counter.js";
export { type PacketColumns, PacketFlag } from "./packets.js";
export * from "./telemetry_api.js";
