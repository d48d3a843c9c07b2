/** Runs in the package's worker. */

import {
  type Comparison,
  createWorker,
  type Key,
  type Progress,
  type RemoteRun,
  type RunBlobs,
  StreamgaugeError,
  type StreamgaugeWorker,
} from "streamgauge/worker";

import { type RunView, viewOf } from "./view";

/** Reads runs. A worker that broke down is replaced, and `lost` is told: its runs are gone. */
export class Reader {
  readonly #lost: () => void;
  #worker: StreamgaugeWorker | undefined;

  constructor(lost: () => void) {
    this.#lost = lost;
  }

  /** Reads the files of a run; it stays in the worker until it is freed. */
  open(
    files: RunBlobs,
    name: string,
    onProgress: (progress: Progress) => void,
  ): Promise<{ run: RemoteRun; view: RunView }> {
    return this.#work(async (worker) => {
      const run = await worker.openRun(files, { name, onProgress });
      try {
        return { run, view: await viewOf(run) };
      } catch (error) {
        run.free();
        throw error;
      }
    });
  }

  /** Compares runs that are open. */
  compare(a: readonly RemoteRun[], b: readonly RemoteRun[]): Promise<Comparison> {
    return this.#work((worker) => worker.compare(a, b));
  }

  /** What the keys of a summary are. */
  keys(): Promise<Key[]> {
    return this.#work((worker) => worker.keys());
  }

  async #work<T>(body: (worker: StreamgaugeWorker) => Promise<T>): Promise<T> {
    const worker = (this.#worker ??= createWorker());
    try {
      return await body(worker);
    } catch (error) {
      const dead = error instanceof StreamgaugeError && error.code === "internal";
      if (dead && worker === this.#worker) {
        worker.terminate();
        this.#worker = undefined;
        this.#lost();
      }
      throw error;
    }
  }
}
