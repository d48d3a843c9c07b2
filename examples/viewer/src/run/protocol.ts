/** What the page and its worker say to one another. */

import type { Comparison, Key } from "streamgauge";

import type { Role } from "./files";
import type { RunView } from "./view";

/** Work for the worker, by name: what it takes and what it gives. */
export interface Work {
  /** Reads a run and keeps it under `run`. */
  open: {
    takes: { run: number; name: string; files: Partial<Record<Role, Blob>> };
    gives: RunView;
  };
  /** Compares runs that were opened. */
  compare: { takes: { a: number[]; b: number[] }; gives: Comparison };
  /** Forgets a run. */
  close: { takes: { run: number }; gives: null };
  /** What the keys of a summary are. */
  keys: { takes: null; gives: Key[] };
}

export type Request = {
  [K in keyof Work]: { id: number; work: K; takes: Work[K]["takes"] };
}[keyof Work];

/** How far a piece of work is. */
export interface Progress {
  stage: "reading" | "parsing";
  /** Share of the bytes that were read. */
  done: number;
}

/** What went wrong, for people: a `StreamgaugeError`, or anything else. */
export interface Failure {
  code: string;
  message: string;
  file?: string | undefined;
  line?: number | undefined;
}

export type Reply =
  | { id: number; progress: Progress }
  | { id: number; gives: Work[keyof Work]["gives"] }
  | { id: number; failure: Failure };
