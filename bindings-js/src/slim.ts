import { BaseRun } from "./base_run.js";
import { fromBytes, readFiles, type ReadOptions, type RunBlobs, type RunFiles } from "./reading.js";
import { engine } from "./slim_engine.js";

export * from "./common.js";
export type * from "./base_run.js";
export { runFiles } from "./reading.js";
export { init } from "./slim_engine.js";

/** A test run: the files of a run directory, parsed. Free it, or let `using` do so. */
export class Run extends BaseRun {
  /**
   * Parses the files of a run. Rows that cannot be used are counted in `problems`.
   *
   * @throws StreamgaugeError `unsupported` when a file is gzipped: `fromFiles` decompresses.
   */
  static fromBytes(files: RunFiles, options: { name?: string } = {}): Run {
    const { name = "run" } = options;
    return new Run(engine, name, fromBytes(files, name));
  }

  /**
   * Reads files, such as those of an `<input type="file">`, piece by piece, so that none is in memory as a
   * whole; gzipped ones are decompressed by the platform.
   *
   * @throws StreamgaugeError `malformed` when a gzip stream is damaged, `not_found` when a file cannot be
   * read any more, `cancelled` by the signal.
   */
  static async fromFiles(files: RunBlobs, options: ReadOptions = {}): Promise<Run> {
    const raw = await readFiles(engine, files, options);
    return new Run(engine, options.name ?? "run", () => raw);
  }
}
