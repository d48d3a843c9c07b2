// What runs in the worker: keeps the runs and answers about them.
import { compare, keys } from "./compare.js";
import { init } from "./full_engine.js";
import { Run } from "./full_run.js";
import { type Answer, packError, type Request } from "./worker_protocol.js";

/** Progress is told at most this often, so that the page can draw in between. */
const TELL_EVERY_MS = 50;

/** As far as both kinds of workers have it. */
interface Port {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
}

const runs = new Map<number, Run>();
const reading = new Map<number, AbortController>();

function run(id: number): Run {
  const found = runs.get(id);
  // What was freed is not asked any more: the page sees to it.
  if (found === undefined) throw new Error(`there is no run ${id}`);
  return found;
}

async function answer(request: Exclude<Request, { op: "cancel" | "free" }>, port: Port) {
  const { id } = request;
  switch (request.op) {
    case "init":
      return init(request.wasm);
    case "open": {
      const abort = new AbortController();
      reading.set(id, abort);
      let told = performance.now();
      const onProgress = (progress: { bytes: number; totalBytes: number }) => {
        const now = performance.now();
        if (now - told < TELL_EVERY_MS && progress.bytes < progress.totalBytes) return;
        told = now;
        port.postMessage({ id, progress } satisfies Answer, []);
      };
      const { files, name = "run" } = request;
      try {
        runs.set(id, await Run.fromFiles(files, { name, onProgress, signal: abort.signal }));
      } finally {
        reading.delete(id);
      }
      return id;
    }
    case "ask": {
      const { [request.asked]: asked } = run(request.run) as unknown as Record<string, unknown>;
      return typeof asked === "function" ? asked.apply(run(request.run), request.args) : asked;
    }
    case "keys":
      return keys();
    case "compare":
      return compare(request.a.map(run), request.b.map(run), request.options);
  }
}

/** The columns of a value, which are handed over and not copied. */
function columns(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.values(value).flatMap(columns);
}

async function handle(request: Request, port: Port): Promise<void> {
  if (request.op === "cancel") {
    reading.get(request.id)?.abort();
    return;
  }
  if (request.op === "free") {
    runs.get(request.run)?.free();
    runs.delete(request.run);
    return;
  }
  const { id } = request;
  try {
    const value = await answer(request, port);
    port.postMessage({ id, value } satisfies Answer, columns(value));
  } catch (error) {
    port.postMessage({ id, error: packError(error) } satisfies Answer, []);
  }
}

const node =
  typeof process === "undefined"
    ? undefined
    : process.getBuiltinModule?.("node:worker_threads").parentPort;
if (node) {
  node.on("message", (request: Request) => void handle(request, node));
} else {
  addEventListener("message", (event: MessageEvent<Request>) => {
    void handle(event.data, globalThis as unknown as Port);
  });
}
