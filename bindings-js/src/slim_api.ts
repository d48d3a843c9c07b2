import { Engine } from "./engine.js";
import { BaseRun, readFiles, type RunBlobs, type RunFiles } from "./run.js";
import * as glue from "./wasm/slim/streamgauge.js";

export type { WasmSource } from "./engine.js";
export { type ErrorCode, StreamgaugeError } from "./errors.js";
export type * from "./run.js";

/** @internal */
export const engine: Engine<typeof glue> = new Engine(glue);

/** A test run: the files of a run directory, parsed. Free it, or let `using` do so. */
export class Run extends BaseRun {
  /**
   * Parses the files of a run. Rows that cannot be used are counted in `problems`.
   *
   * @throws StreamgaugeError `unsupported` when a file is gzipped: `fromFiles` decompresses.
   */
  static fromBytes(files: RunFiles, options: { name?: string } = {}): Run {
    return new Run(engine, files, options.name ?? "run");
  }

  /**
   * Reads files, such as those of an `<input type="file">`, and parses them; gzipped ones are
   * decompressed by the platform.
   *
   * @throws StreamgaugeError `malformed` when a gzip stream is damaged.
   */
  static async fromFiles(files: RunBlobs, options: { name?: string } = {}): Promise<Run> {
    return Run.fromBytes(await readFiles(files), options);
  }
}
