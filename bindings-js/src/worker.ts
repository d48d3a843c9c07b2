import type {
  Buckets,
  Burst,
  CounterOptions,
  CounterTotal,
  Frames,
  FramesInt64,
  Freezes,
  Gaps,
  Int64,
  Latency,
  Mark,
  Mode,
  Problems,
  Summary,
  Window,
} from "./base_run.js";
import type { CompareOptions, Comparison, Key } from "./compare.js";
import type { WasmSource } from "./engine.js";
import { StreamgaugeError } from "./errors.js";
import { instance } from "./numbers.js";
import type { Progress, ReadOptions, RunBlobs } from "./reading.js";
import { type Answer, type Asked, type Request, unpackError } from "./worker_protocol.js";

export * from "./common.js";
export { runFiles } from "./reading.js";
export type * from "./base_run.js";
export type * from "./compare.js";

/** How to make a worker. */
export interface WorkerOptions {
  /** Where the wasm is, if not where the worker looks: an address, bytes, or a compiled module. */
  wasm?: string | URL | BufferSource | WebAssembly.Module;
  /**
   * A module worker that runs `streamgauge/worker_main`, where the bundler does not find it by itself or the
   * package comes from another origin than the page.
   */
  worker?: Worker;
}

/** What both kinds of workers are to the page. */
interface Port {
  post(request: Request): void;
  /** Whether something is waited for: a process of Node may end while nothing is. */
  busy(waiting: boolean): void;
  end(): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  onProgress: ((progress: Progress) => void) | undefined;
}

/** Starts a worker; it loads the wasm at once. Safe to import where there are no workers, not to call. */
export function createWorker(options: WorkerOptions = {}): StreamgaugeWorker {
  return new StreamgaugeWorker(options);
}

/**
 * A worker that reads runs and keeps them, so that the page stays usable. Its errors are those of the
 * functions it stands for. `terminate` it, or let `using` do so.
 */
export class StreamgaugeWorker {
  readonly #port: Port;
  readonly #waiting = new Map<number, Waiting>();
  #id = 0;
  #ended: StreamgaugeError | undefined;
  /** Once the wasm is loaded; rejects when it cannot be, as does all else then. */
  readonly ready: Promise<void>;

  /** @internal */
  constructor(options: WorkerOptions) {
    const { wasm, worker } = options;
    const message = (answer: Answer) => this.#answer(answer);
    const failed = (why: unknown) => {
      const reason = why instanceof Error ? why.message : String(why);
      this.#end(new StreamgaugeError("internal", `the worker failed: ${reason}`));
    };
    this.#port =
      worker === undefined && typeof Worker === "undefined"
        ? nodeWorker(message, failed)
        : webWorker(worker, message, failed);
    const source: WasmSource | undefined = wasm instanceof URL ? wasm.href : wasm;
    this.ready = this.#ask((id) => ({ op: "init", id, wasm: source }));
    // Whoever asks for something is told; nobody need wait for this alone.
    this.ready.catch(() => {});
  }

  /**
   * Reads the files of a run piece by piece, gzipped or not; `Blob`s are not copied.
   *
   * @throws StreamgaugeError `malformed` when a gzip stream is damaged, `not_found` when a file cannot be
   * read any more, `cancelled` by the signal.
   */
  async openRun(files: RunBlobs, options: ReadOptions = {}): Promise<RemoteRun> {
    const { name = "run", onProgress, signal } = options;
    await this.ready;
    if (signal?.aborted) throw new StreamgaugeError("cancelled", "reading was cancelled");
    let cancel = () => {};
    const opened = this.#ask<number>((id) => {
      cancel = () => this.#port.post({ op: "cancel", id });
      return { op: "open", id, files, name };
    }, onProgress);
    signal?.addEventListener("abort", cancel);
    try {
      return new RemoteRun(this, await opened, name);
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  /**
   * Compares A with B, each one run or repeats of one, all of this worker.
   *
   * @throws StreamgaugeError `invalid_argument` where a side has no run.
   */
  compare(
    a: RemoteRun | readonly RemoteRun[],
    b: RemoteRun | readonly RemoteRun[],
    options: CompareOptions = {},
  ): Promise<Comparison> {
    const side = (runs: RemoteRun | readonly RemoteRun[]) =>
      (Array.isArray(runs) ? runs : [runs]).map((run: RemoteRun) =>
        instance(run, RemoteRun, "a run").idIn(this),
      );
    return this.#ask((id) => ({ op: "compare", id, a: side(a), b: side(b), options }));
  }

  /** What each key of the exact summary is, in its order. */
  async keys(): Promise<Key[]> {
    await this.ready;
    return this.#ask((id) => ({ op: "keys", id }));
  }

  /** Ends the worker with all its runs; what is waited for throws `closed`. */
  terminate(): void {
    this.#end(new StreamgaugeError("closed", "the worker was terminated"));
  }

  /** The same as `terminate`, for `using`. */
  [Symbol.dispose](): void {
    this.terminate();
  }

  /** @internal */
  ask<T>(run: number, asked: Asked, args: unknown[]): Promise<T> {
    return this.#ask((id) => ({ op: "ask", id, run, asked, args }));
  }

  /** @internal */
  release(run: number): void {
    if (this.#ended === undefined) this.#port.post({ op: "free", run });
  }

  async #ask<T>(
    request: (id: number) => Request,
    onProgress?: (progress: Progress) => void,
  ): Promise<T> {
    if (this.#ended !== undefined) throw this.#ended;
    const id = this.#id++;
    const message = request(id);
    const answer = new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onProgress });
    });
    this.#port.busy(true);
    try {
      this.#port.post(message);
    } catch (error) {
      // An argument that cannot be sent, such as a function.
      this.#waiting.delete(id);
      throw new StreamgaugeError("invalid_argument", `not for a worker: ${String(error)}`);
    }
    return answer as Promise<T>;
  }

  #answer(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    if ("progress" in answer) {
      waiting.onProgress?.(answer.progress);
      return;
    }
    this.#waiting.delete(answer.id);
    this.#port.busy(this.#waiting.size > 0);
    if ("error" in answer) waiting.reject(unpackError(answer.error));
    else waiting.resolve(answer.value);
  }

  #end(error: StreamgaugeError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#port.end();
    this.#waiting.forEach((waiting) => waiting.reject(error));
    this.#waiting.clear();
  }
}

/** A run that a worker keeps: what `Run` has, as promises. Free it when it is no longer needed. */
export class RemoteRun {
  readonly #worker: StreamgaugeWorker;
  readonly #id: number;
  #freed = false;
  /** The name given with the files. */
  readonly name: string;

  /** @internal */
  constructor(worker: StreamgaugeWorker, id: number, name: string) {
    this.#worker = worker;
    this.#id = id;
    this.name = name;
  }

  /** All values of the run by key. */
  summary(mode?: Mode): Promise<Summary> {
    return this.#ask("summary", mode);
  }

  /** What the files held that could not be used. */
  problems(): Promise<Problems> {
    return this.#ask("problems");
  }

  /** `meta.env` by key. */
  meta(): Promise<Record<string, string>> {
    return this.#ask("meta");
  }

  /** The span of time that `mode` computes over. */
  window(mode?: Mode): Promise<Window> {
    return this.#ask("window", mode);
  }

  /** The received frames. */
  frames(): Promise<Frames> {
    return this.#ask("frames");
  }

  /** The received frames with columns of 64-bit integers. */
  framesInt64(): Promise<FramesInt64> {
    return this.#ask("framesInt64");
  }

  /** One-way delay per frame, in milliseconds. */
  latency(mode?: Mode): Promise<Latency>;
  latency(mode: Mode | undefined, options: Int64): Promise<Latency<BigInt64Array>>;
  latency<I>(mode?: Mode, options?: Int64): Promise<Latency<I>> {
    return this.#ask("latency", mode, options);
  }

  /** Missing frame ids. */
  gaps(mode?: Mode): Promise<Gaps>;
  gaps(mode: Mode | undefined, options: Int64): Promise<Gaps<BigInt64Array>>;
  gaps<I>(mode?: Mode, options?: Int64): Promise<Gaps<I>> {
    return this.#ask("gaps", mode, options);
  }

  /** Freezes as libwebrtc counts them. */
  freezes(): Promise<Freezes>;
  freezes(options: Int64): Promise<Freezes<BigInt64Array>>;
  freezes<I>(options?: Int64): Promise<Freezes<I>> {
    return this.#ask("freezes", options);
  }

  /** The selector behind each total of counters in the exact summary, by key. */
  counterSelectors(): Promise<Record<string, string>> {
    return this.#ask("counterSelectors");
  }

  /** Frames per second. */
  frameRate(mode?: Mode): Promise<Buckets> {
    return this.#ask("frameRate", mode);
  }

  /** The rate of the counters that `selector` chooses, summed; see `Run.counterRate`. */
  counterRate(selector: string, options?: CounterOptions): Promise<Buckets> {
    return this.#ask("counterRate", selector, options);
  }

  /** The growth of the counters that `selector` chooses; `null` when no series matches. */
  counterTotal(selector: string, options?: CounterOptions): Promise<CounterTotal | null> {
    return this.#ask("counterTotal", selector, options);
  }

  /** Spans of loss made on purpose. */
  bursts(mode?: Mode): Promise<Burst[]> {
    return this.#ask("bursts", mode);
  }

  /** Events other than the edges of bursts. */
  marks(): Promise<Mark[]> {
    return this.#ask("marks");
  }

  /** Gives the memory back; later calls throw `closed`. */
  free(): void {
    if (!this.#freed) this.#worker.release(this.#id);
    this.#freed = true;
  }

  /** The same as `free`, for `using`. */
  [Symbol.dispose](): void {
    this.free();
  }

  /** @internal */
  idIn(worker: StreamgaugeWorker): number {
    if (this.#freed) throw new StreamgaugeError("closed", `the run ${this.name} was freed`);
    if (worker !== this.#worker) {
      throw new StreamgaugeError("invalid_argument", `the run ${this.name} is another worker's`);
    }
    return this.#id;
  }

  async #ask<T>(asked: Asked, ...args: unknown[]): Promise<T> {
    return this.#worker.ask(this.idIn(this.#worker), asked, args);
  }
}

function webWorker(
  given: Worker | undefined,
  message: (answer: Answer) => void,
  failed: (why: unknown) => void,
): Port {
  // As bundlers want to see it.
  const worker =
    given ?? new Worker(new URL("./worker_main.js", import.meta.url), { type: "module" });
  worker.onmessage = (event: MessageEvent<Answer>) => message(event.data);
  worker.onerror = (event) => failed(event.message ?? "its script cannot be loaded");
  worker.onmessageerror = () => failed("a message could not be read");
  return {
    post: (request) => worker.postMessage(request),
    busy: () => {},
    end: () => worker.terminate(),
  };
}

function nodeWorker(message: (answer: Answer) => void, failed: (why: unknown) => void): Port {
  const threads = process.getBuiltinModule("node:worker_threads");
  // Not for bundlers, which would take the file for data here.
  const main = "./worker_main.js";
  const worker = new threads.Worker(new URL(main, import.meta.url));
  worker.on("message", message);
  worker.on("error", failed);
  worker.on("messageerror", failed);
  worker.unref();
  return {
    post: (request) => worker.postMessage(request),
    busy: (waiting) => (waiting ? worker.ref() : worker.unref()),
    end: () => void worker.terminate(),
  };
}
