/** Reads runs and compares them, away from the page. */

import { compare, init, keys, Run, type RunFiles, StreamgaugeError } from "streamgauge";
import wasm from "streamgauge/streamgauge_bg.wasm?url";

import { FILE_NAMES, type Role } from "./files";
import type { Failure, Progress, Reply, Request, Work } from "./protocol";
import { viewOf } from "./view";

const runs = new Map<number, Run>();
const ready = init(new URL(wasm, self.location.href));

addEventListener("message", async ({ data }: MessageEvent<Request>) => {
  const { id } = data;
  const tell = (progress: Progress): void => reply({ id, progress });
  try {
    await ready;
    reply({ id, gives: await answer(data, tell) });
  } catch (error) {
    reply({ id, failure: failureOf(error) });
  }
});

async function answer(
  request: Request,
  tell: (progress: Progress) => void,
): Promise<Work[keyof Work]["gives"]> {
  switch (request.work) {
    case "open": {
      const { run: key, name, files } = request.takes;
      const read = await bytesOf(files, (done) => tell({ stage: "reading", done }));
      tell({ stage: "parsing", done: 1 });
      const run = Run.fromBytes(read, { name });
      try {
        const view = viewOf(run);
        runs.set(key, run);
        return view;
      } catch (error) {
        run.free();
        throw error;
      }
    }
    case "compare": {
      const opened = (list: number[]): Run[] =>
        list.flatMap((key) => {
          const run = runs.get(key);
          return run === undefined ? [] : [run];
        });
      return compare(opened(request.takes.a), opened(request.takes.b));
    }
    case "close":
      runs.get(request.takes.run)?.free();
      runs.delete(request.takes.run);
      return null;
    case "keys":
      return keys();
  }
}

/** Reads the files, gzipped or not; `told` gets the share that was read. */
async function bytesOf(
  files: Partial<Record<Role, Blob>>,
  told: (done: number) => void,
): Promise<RunFiles> {
  const blobs = Object.entries(files) as [Role, Blob][];
  const size = blobs.reduce((sum, [, blob]) => sum + blob.size, 0);
  let done = 0;
  const counting = (): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> =>
    new TransformStream({
      transform(chunk, controller) {
        done += chunk.byteLength;
        told(done / size);
        controller.enqueue(chunk);
      },
    });
  const read: RunFiles = {};
  for (const [role, blob] of blobs) {
    const mark = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
    const plain = blob.stream().pipeThrough(counting());
    const packed = mark[0] === 0x1f && mark[1] === 0x8b;
    const stream = packed ? plain.pipeThrough(new DecompressionStream("gzip")) : plain;
    try {
      read[role] = new Uint8Array(await new Response(stream).arrayBuffer());
    } catch (cause) {
      if (!packed) throw cause;
      const message = "the gzip stream is damaged";
      throw new StreamgaugeError("malformed", message, FILE_NAMES[role], undefined, { cause });
    }
  }
  return read;
}

function failureOf(error: unknown): Failure {
  if (error instanceof StreamgaugeError) {
    const { code, message, file, line } = error;
    return { code, message, file, line };
  }
  return { code: "unknown", message: error instanceof Error ? error.message : String(error) };
}

function reply(message: Reply): void {
  const view = "gives" in message ? message.gives : null;
  const columns = view !== null && "latency" in view ? [view.latency, view.gaps, view.freezes] : [];
  const transfer = columns.flatMap(({ t, v }) => [t.buffer, v.buffer]);
  postMessage(message, { transfer });
}
