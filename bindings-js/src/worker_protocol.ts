import type { CompareOptions } from "./compare.js";
import type { WasmSource } from "./engine.js";
import { type ErrorCode, StreamgaugeError } from "./errors.js";
import type { Progress, RunBlobs } from "./reading.js";

/** What of a run can be asked from afar. */
export type Asked =
  | "summary"
  | "problems"
  | "meta"
  | "window"
  | "frames"
  | "framesInt64"
  | "latency"
  | "gaps"
  | "freezes"
  | "counterSelectors"
  | "frameRate"
  | "counterRate"
  | "counterTotal"
  | "bursts"
  | "marks";

/** What goes to the worker. */
export type Request =
  | { op: "init"; id: number; wasm: WasmSource | undefined }
  | { op: "open"; id: number; files: RunBlobs; name: string | undefined }
  | { op: "ask"; id: number; run: number; asked: Asked; args: unknown[] }
  | { op: "compare"; id: number; a: number[]; b: number[]; options: CompareOptions }
  | { op: "keys"; id: number }
  | { op: "cancel"; id: number }
  | { op: "free"; run: number };

/** What comes back. */
export type Answer =
  | { id: number; progress: Progress }
  | { id: number; value: unknown }
  | { id: number; error: PackedError };

/** An error on its way. */
export type PackedError = [
  code: ErrorCode,
  message: string,
  file: string | undefined,
  line: number | undefined,
];

/** `error` as it goes to the page; what is no `StreamgaugeError` is a defect. */
export function packError(error: unknown): PackedError {
  return error instanceof StreamgaugeError
    ? [error.code, error.message, error.file, error.line]
    : ["internal", String(error), undefined, undefined];
}

/** The same one on the other side. */
export function unpackError([code, message, file, line]: PackedError): StreamgaugeError {
  return new StreamgaugeError(code, message, file, line);
}
