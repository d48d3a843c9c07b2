export * from "./common.js";
export type * from "./base_run.js";
export * from "./compare.js";
export { init } from "./full_engine.js";
export { Run } from "./full_run.js";
export { runFiles } from "./reading.js";
