export type { WasmSource } from "./engine.js";
export { type ErrorCode, StreamgaugeError } from "./errors.js";
export { init } from "./init_live.node.js";
export type { Clocks } from "./numbers.js";
export * from "./counter.js";
export { type PacketColumns, PacketFlag } from "./packets.js";
export * from "./rtp_api.js";
