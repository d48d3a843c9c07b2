export * from "./common.js";
export { init } from "./live_engine.js";
export type { Clocks } from "./numbers.js";
export * from "./counter.js";
export { type PacketColumns, PacketFlag } from "./packets.js";
export * from "./telemetry_api.js";
