import { StreamgaugeError } from "./errors.js";
import { PACKERS } from "./webrtc_packers.js";

/** An object of a getStats report, whatever members it has. */
export type StatsObject = { readonly [member: string]: unknown };

/**
 * A getStats report: what `getStats()` gives, or any of its likes: a map of objects by id, an array of
 * objects, an object that has them by id, or JSON of these.
 */
export type StatsReport =
  | { forEach(each: (object: unknown) => void): void }
  | readonly StatsObject[]
  | { readonly [id: string]: StatsObject }
  | string;

/** A number as columns have it: NaN for an absent one, an infinity for what is none. */
export const number = (value: unknown): number =>
  typeof value === "number"
    ? value === value
      ? value
      : Infinity
    : value === undefined || value === null
      ? NaN
      : typeof value === "boolean"
        ? +value
        : Infinity;

/** A text as columns have it: empty for an absent one, U+0001 for what is none. */
export const text = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "" : "\u0001";

const ENCODER = new TextEncoder();
const PACKER_OF = new Map(Object.entries(PACKERS));

/**
 * Objects of a report in columns. The numbers cross into the module at once: reading members there, one by
 * one, takes eight times as long.
 */
export class Packing {
  types = new Uint8Array(256);
  objects = 0;
  numbers = new Float64Array(4096);
  /** How many of the numbers are taken. */
  length = 0;
  texts = new Uint8Array(1 << 14);
  /** How many bytes of the texts are taken. */
  textLength = 0;
  otherTypes = 0;
  unidentified = 0;

  /** Begins an object of the type at `place` that has so many numbers. */
  room(place: number, count: number): Float64Array {
    if (this.objects === this.types.length) {
      const types = new Uint8Array(2 * this.objects);
      types.set(this.types);
      this.types = types;
    }
    if (this.length + count > this.numbers.length) {
      const numbers = new Float64Array(2 * this.numbers.length);
      numbers.set(this.numbers);
      this.numbers = numbers;
    }
    this.types[this.objects++] = place;
    return this.numbers;
  }

  /** Adds a text to the object that was begun: as UTF-8, ended by U+0000. */
  text(value: string): void {
    const most = this.textLength + 3 * value.length + 1;
    if (most > this.texts.length) {
      const texts = new Uint8Array(2 * most);
      texts.set(this.texts);
      this.texts = texts;
    }
    // Nearly all texts are short and ASCII: faster than to join and encode them.
    const texts = this.texts;
    let at = this.textLength;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) {
        at = this.textLength + ENCODER.encodeInto(value, texts.subarray(this.textLength)).written;
        break;
      }
      texts[at++] = code;
    }
    texts[at] = 0;
    this.textLength = at + 1;
  }

  /**
   * Packs a report.
   *
   * @throws StreamgaugeError `invalid_argument` for what is no report.
   */
  pack(report: Exclude<StatsReport, string>): void {
    this.objects = this.length = this.textLength = this.otherTypes = this.unidentified = 0;
    if (typeof report !== "object" || report === null) {
      const message = `a report is a map, an array or an object, not ${String(report)}`;
      throw new StreamgaugeError("invalid_argument", message);
    }
    if (typeof report.forEach === "function") {
      report.forEach((object: unknown) => this.#add(object));
    } else {
      Object.values(report).forEach((object) => this.#add(object));
    }
  }

  #add(object: unknown): void {
    const stats = object as StatsObject;
    const type = stats?.type;
    if (typeof type !== "string" || typeof stats.id !== "string" || stats.id === "") {
      this.unidentified++;
      return;
    }
    const pack = PACKER_OF.get(type);
    if (pack === undefined) this.otherTypes++;
    else pack(stats, this);
  }
}
