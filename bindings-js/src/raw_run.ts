import type { Glue } from "./engine.js";

/** The generated class, see `rust/run.rs`. Times are `BigInt64Array`s where `int64`. */
export interface RawRun {
  free(): void;
  [Symbol.dispose](): void;
  summary(mode: string): unknown[];
  problems(): unknown[][];
  meta(): unknown[];
  window(mode: string): unknown[];
  frames(): unknown[];
  framesInt64(): unknown[];
  latency(mode: string, int64: boolean): unknown[];
  gaps(mode: string, int64: boolean): unknown[];
  freezes(int64: boolean): unknown[];
  frameRate(mode: string): unknown[];
  counterSelectors(): unknown[];
  counterRate(selector: string, contains: string | undefined, mode: string): unknown[];
  counterTotal(selector: string, contains: string | undefined, mode: string): unknown[] | undefined;
  bursts(mode: string): unknown[][];
  marks(): unknown[][];
}

/** See `RawRun`. */
export interface RawReader {
  free(): void;
  push(file: number, piece: Uint8Array): void;
  finish(): RawRun;
}

/** The generated module, as far as runs need it. */
export interface RunGlue extends Glue {
  RawRun: new (
    name: string,
    frames?: Uint8Array,
    prom?: Uint8Array,
    events?: Uint8Array,
    meta?: Uint8Array,
  ) => RawRun;
  RawReader: new (name: string) => RawReader;
}
