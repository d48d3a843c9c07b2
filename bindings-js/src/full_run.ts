import { BaseRun } from "./base_run.js";
import { engine } from "./full_engine.js";
import { fromBytes, readFiles, type ReadOptions, type RunBlobs, type RunFiles } from "./reading.js";
import type { RawRun } from "./wasm/full/streamgauge.js";

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
   * whole; gzipped ones are decompressed by the platform. See `streamgauge/worker` for large ones.
   *
   * @throws StreamgaugeError `malformed` when a gzip stream is damaged, `not_found` when a file cannot be
   * read any more, `cancelled` by the signal.
   */
  static async fromFiles(files: RunBlobs, options: ReadOptions = {}): Promise<Run> {
    const raw = await readFiles(engine, files, options);
    return new Run(engine, options.name ?? "run", () => raw);
  }

  /** @internal */
  lend(use: (raw: RawRun) => void): void {
    this.call((raw) => use(raw as RawRun));
  }
}
