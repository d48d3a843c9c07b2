import type { Engine, Glue } from "./engine.js";
import { StreamgaugeError } from "./errors.js";

/** What every handle shares: a raw object until it is freed. */
export abstract class Held<R extends { free(): void }, G extends Glue> {
  readonly #engine: Engine<G>;
  #raw: R | undefined;

  /** @internal */
  protected constructor(engine: Engine<G>, make: (glue: G) => R) {
    this.#engine = engine;
    this.#raw = engine.call(make);
  }

  /** @internal */
  protected call<T>(body: (raw: R) => T): T {
    const raw = this.#raw;
    if (raw === undefined) {
      throw new StreamgaugeError("closed", "it was freed");
    }
    return this.#engine.call(() => body(raw));
  }

  /** Gives the memory back at once; later calls throw `closed`. */
  free(): void {
    const raw = this.#raw;
    this.#raw = undefined;
    if (raw !== undefined) {
      this.#engine.call(() => raw.free());
    }
  }

  /** The same as `free`, for `using`. */
  [Symbol.dispose](): void {
    this.free();
  }
}

/** Adds `other` to `to` with `merge`; what is added to itself is copied first. */
export function mergeInto<T extends { copy(): T; free(): void }>(
  to: T,
  other: T,
  merge: (other: T) => void,
): void {
  if (other !== to) {
    merge(other);
    return;
  }
  const copy = other.copy();
  try {
    merge(copy);
  } finally {
    copy.free();
  }
}
