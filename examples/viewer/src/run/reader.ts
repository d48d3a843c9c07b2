/** The worker as the page sees it. */

import type { Failure, Progress, Reply, Request, Work } from "./protocol";

/** A piece of work that failed. */
export class WorkError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

interface Waiting {
  resolve(gives: never): void;
  reject(error: WorkError): void;
  told: (progress: Progress) => void;
}

/** Reads runs in a worker. One that broke down is replaced, and `lost` is told: its runs are gone. */
export class Reader {
  readonly #waiting = new Map<number, Waiting>();
  readonly #lost: () => void;
  #worker: Worker | undefined;
  #next = 0;

  constructor(lost: () => void) {
    this.#lost = lost;
  }

  /** Does one piece of work; rejects with a `WorkError`. */
  do<K extends keyof Work>(
    work: K,
    takes: Work[K]["takes"],
    told: (progress: Progress) => void = () => {},
  ): Promise<Work[K]["gives"]> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, told });
      this.#started().postMessage({ id, work, takes } as Request);
    });
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => this.#take(data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#replace({
        code: "internal",
        message: event.message || "the worker could not be loaded",
      });
    });
    this.#worker = worker;
    return worker;
  }

  #take(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    if ("progress" in reply) {
      waiting.told(reply.progress);
      return;
    }
    this.#waiting.delete(reply.id);
    if ("gives" in reply) {
      waiting.resolve(reply.gives as never);
      return;
    }
    waiting.reject(new WorkError(reply.failure));
    // After a trap the module is dead.
    if (reply.failure.code === "internal") this.#replace(reply.failure);
  }

  #replace(failure: Failure): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new WorkError(failure));
    this.#lost();
  }
}
