export type { WasmSource } from "./engine.js";
export { type ErrorCode, StreamgaugeError } from "./errors.js";
