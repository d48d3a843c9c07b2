/** Recordings of calls, read away from the page. */

import { type ErrorCode, StreamgaugeError } from "streamgauge/worker";

import type { CallMark, CallSeries } from "./series";

/** A recording of one call or several. */
export interface DumpView {
  name: string;
  /** Who wrote it. */
  format: string;
  truncated: boolean;
  series: CallSeries[];
  marks: CallMark[];
  problemCount: number;
  /** The first problems; a line is counted from 1. */
  problems: { line: number | null; reason: string }[];
}

/** What the worker answers: errors lose their class on the way. */
export type DumpReply =
  | { view: DumpView }
  | { failure: [code: ErrorCode, message: string, file: string, line: number | undefined] };

/** Reads `file` in a worker of its own, which ends with it; rejects with a `StreamgaugeError`. */
export function readDumpFile(file: File): Promise<DumpView> {
  const worker = new Worker(new URL("./dump_worker.ts", import.meta.url), { type: "module" });
  return new Promise<DumpView>((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<DumpReply>) => {
      if ("view" in data) resolve(data.view);
      else reject(new StreamgaugeError(...data.failure));
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      const message = event.message || "the worker could not be loaded";
      reject(new StreamgaugeError("internal", message));
    });
    worker.postMessage(file);
  }).finally(() => worker.terminate());
}
