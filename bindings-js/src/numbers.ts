import { StreamgaugeError } from "./errors.js";

/** `value`, a safe integer. */
export function safe(value: number, what: string): number {
  if (!Number.isSafeInteger(value)) {
    throw new StreamgaugeError("out_of_range", `${what} is ${value}: expected a safe integer`);
  }
  return value;
}

/** `value`, a safe integer from 0 up to `most`. */
export function whole(value: number, what: string, most = Number.MAX_SAFE_INTEGER): number {
  if (safe(value, what) < 0 || value > most) {
    const expected = most < Number.MAX_SAFE_INTEGER ? `0 to ${most}` : "0 or more";
    throw new StreamgaugeError("out_of_range", `${what} is ${value}: expected ${expected}`);
  }
  return value;
}

/** What fits into 32 bits. */
export const u32 = (value: number, what: string): number => whole(value, what, 0xffff_ffff);

/** What fits into 8 bits. */
export const u8 = (value: number, what: string): number => whole(value, what, 0xff);

/** A limit that may be left out: NaN. */
export const limit = (value: number | undefined, what: string): number =>
  value === undefined ? NaN : whole(value, what);

/** A span of time that may be left out, NaN, or have no bound, infinite. */
export const span = (us: number | undefined, what: string): number =>
  us === undefined ? NaN : us === Infinity ? us : safe(us, what);

/** A number that may be left out: NaN; which itself is no number here. */
export function fraction(value: number | undefined, what: string): number {
  if (value === undefined) return NaN;
  if (Number.isNaN(float(value, what))) {
    throw new StreamgaugeError("invalid_argument", `${what} is NaN`);
  }
  return value;
}

/** The time given, or the clock's. */
export const now = (nowUs: number | undefined): number => safe(nowUs ?? Date.now() * 1000, "nowUs");

/** `value`, any number. */
export function float(value: unknown, what: string): number {
  if (typeof value !== "number") {
    throw new StreamgaugeError("invalid_argument", `${what} is no number`);
  }
  return value;
}

/** `value`, a text. */
export function text(value: unknown, what: string): string {
  if (typeof value !== "string") {
    throw new StreamgaugeError("invalid_argument", `${what} is no string`);
  }
  return value;
}

/** `value`, bytes. */
export function bytes(value: unknown, what: string): Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw new StreamgaugeError("invalid_argument", `${what} is no Uint8Array`);
  }
  return value;
}

/** `column`, an instance of `type`. */
export function typed<T>(column: unknown, type: new (of: number[]) => T, what: string): T {
  if (!(column instanceof type)) {
    throw new StreamgaugeError("invalid_argument", `${what} is no ${type.name}`);
  }
  return column;
}

/** `value`, an instance of `type`. */
export function instance<T>(value: T, type: Function & { prototype: T }, what: string): T {
  if (!(value instanceof type)) {
    throw new StreamgaugeError("invalid_argument", `${what} is no ${type.name}`);
  }
  return value;
}

/** Numbers as a column. */
export function floatColumn(values: unknown, what: string): Float64Array {
  if (values instanceof Float64Array) return values;
  if (!Array.isArray(values)) {
    throw new StreamgaugeError("invalid_argument", `${what} is no Float64Array and no array`);
  }
  return Float64Array.from(values, (value) => float(value, what));
}

/** `column`, in which no integer was rounded; NaN is for absent. */
export function exact(column: Float64Array, what: string): Float64Array {
  const rounded = column.find((value) => Math.abs(value) > Number.MAX_SAFE_INTEGER);
  if (rounded !== undefined) throw tooLarge(rounded, what);
  return column;
}

function tooLarge(value: number, what: string): StreamgaugeError {
  const limit = `a number is exact up to ${Number.MAX_SAFE_INTEGER} only`;
  return new StreamgaugeError("out_of_range", `${what} is about ${value}: ${limit}`);
}

/** `column`, a Float64Array of safe integers. */
export function integers(column: unknown, what: string): Float64Array {
  const checked = typed(column, Float64Array, what);
  for (let i = 0; i < checked.length; i++) {
    if (!Number.isSafeInteger(checked[i])) safe(checked[i] ?? NaN, `${what}[${i}]`);
  }
  return checked;
}

/** Says that a column must be as long as another. */
export function sameLength(length: number, column: { length: number }, what: string): void {
  if (column.length !== length) {
    const message = `${what} has ${column.length} items, expected ${length}`;
    throw new StreamgaugeError("invalid_argument", message);
  }
}

/**
 * The rate in Hz of payload types: one at 90,000 is video, at another rate audio, unless the kind is
 * said. Types that are left out keep the usual ones.
 */
export type Clocks = Record<number, number | { clockHz: number; kind: "audio" | "video" }>;

/** As `rust/columns.rs` takes them. */
export function flatClocks(clocks: Clocks | undefined): Float64Array {
  const flat = Object.entries(clocks ?? {}).flatMap(([payloadType, clock]) => {
    const { clockHz, kind } = typeof clock === "number" ? { clockHz: clock, kind: null } : clock;
    if (kind !== null && kind !== "audio" && kind !== "video") {
      throw new StreamgaugeError("invalid_argument", `clocks: kind is ${JSON.stringify(kind)}`);
    }
    const known = kind === null ? NaN : kind === "audio" ? 0 : 1;
    return [u8(Number(payloadType), "payload type"), u32(clockHz, "clockHz"), known];
  });
  return Float64Array.from(flat);
}

/** Takes flat numbers apart, in the order of the Rust files; absent ones are NaN. */
export class Numbers {
  #at = 0;
  constructor(readonly values: Float64Array) {}

  get done(): boolean {
    return this.#at >= this.values.length;
  }

  /** A float. */
  float(): number {
    return this.values[this.#at++] ?? NaN;
  }

  /** A float that may be absent. */
  floatOrNull(): number | null {
    const value = this.float();
    return Number.isNaN(value) ? null : value;
  }

  /** An integer; one that was rounded is out of range. */
  whole(what: string): number {
    const value = this.float();
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) throw tooLarge(value, what);
    return value;
  }

  /** An integer that may be absent. */
  wholeOrNull(what: string): number | null {
    const value = this.whole(what);
    return Number.isNaN(value) ? null : value;
  }

  /** Integers by name. */
  record<K extends string>(names: readonly K[]): Record<K, number> {
    return Object.fromEntries(names.map((name) => [name, this.whole(name)])) as Record<K, number>;
  }

  /** Integers that may be absent, by name. */
  optional<K extends string>(names: readonly K[]): Record<K, number | null> {
    const entries = names.map((name) => [name, this.wholeOrNull(name)]);
    return Object.fromEntries(entries) as Record<K, number | null>;
  }

  /** Floats that may be absent, by name. */
  floats<K extends string>(names: readonly K[]): Record<K, number | null> {
    const entries = names.map((name) => [name, this.floatOrNull()]);
    return Object.fromEntries(entries) as Record<K, number | null>;
  }

  /** What `one` reads, until nothing is left. */
  all<T>(one: (numbers: Numbers) => T): T[] {
    const list = [];
    while (!this.done) list.push(one(this));
    return list;
  }
}
