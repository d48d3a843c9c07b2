import { StreamgaugeError } from "./errors.js";
import { engine, type FullGlue } from "./full_engine.js";
import { Held } from "./held.js";
import { safe, whole } from "./numbers.js";
import type { RawCursor, RawRing } from "./wasm/full/streamgauge.js";

export * from "./common.js";
export { init } from "./full_engine.js";

/** Bounds of a ring. Every number is a safe integer. */
export interface RingOptions {
  /** At most so many chunks; at least 1. */
  maxChunks: number;
  /** At most so many bytes; at least 1. A single larger chunk is kept alone. */
  maxBytes: number;
  /** At most so old, microseconds; no bound without it. */
  maxAgeUs?: number;
  /** Reads are refused once readers hold so many bytes; as many as `maxBytes` without it. */
  maxHeldBytes?: number;
  /** At most so many cursors at a time; 65,536 without it. */
  maxCursors?: number;
  /** Tells this ring's positions from those of another. */
  epoch?: number;
  /** Expected chunk size: buffers are made ahead of time. */
  payloadHintBytes?: number;
}

/** Where a reader starts; `amount` is bytes or microseconds. */
export type JoinMode = "live" | "oldest" | "lag_bytes" | "lag_time" | "random_access";

/** A distance, exact in each measure. */
export interface Lag {
  chunks: number;
  bytes: number;
  timeUs: number;
}

/** A place in a ring's stream: what has gone by before it; `timeUs` is `null` at the start. */
export interface Position {
  epoch: number;
  sequence: number;
  offsetBytes: number;
  timeUs: number | null;
}

/** How a cursor joins and what it puts up with. */
export interface CursorOptions {
  join?: JoinMode;
  joinAmount?: number;
  /** What happens when it is too slow: `"skip"` without it. */
  policy?: "skip" | "skip_to_random_access" | "disconnect";
  /** Over this it is warned. */
  soft?: Partial<Lag>;
  /** Over this the policy acts; being overtaken by the ring is always over it. */
  hard?: Partial<Lag>;
  /** At most so many chunks a read; 64 without it. */
  maxReadChunks?: number;
  /** At most so many bytes a read, but always one chunk; 1 MiB without it. */
  maxReadBytes?: number;
}

/** A copy of one chunk. */
export interface Chunk {
  /** Counted from 0 per epoch. */
  sequence: number;
  timeUs: number;
  /** Whether a decoder can start here. */
  randomAccess: boolean;
  bytes: Uint8Array;
  /** At a random-access point: what a decoder must see before it. */
  preamble: Uint8Array | null;
}

/** Why a ring was closed. */
export interface CloseReason {
  kind: "end" | "cancelled" | "failed";
  message: string;
}

/** Why a cursor jumped, and what that left out. */
export interface Skip {
  reason: "evicted" | "hard_limit" | "awaited_random_access";
  skipped: Lag;
}

/** Answer to a read. No chunks and `closed` null: nothing new yet. */
export interface Read {
  chunks: Chunk[];
  requested: Position;
  next: Position;
  /** How far `requested` was behind the first chunk that could be read. */
  behind: Lag;
  /** How far `next` is behind the newest chunk. */
  lag: Lag;
  oldest: number;
  newest: number | null;
  bufferedChunks: number;
  bufferedBytes: number;
  skip: Skip | null;
  /** Whether the cursor is over its soft limit. */
  warning: boolean;
  /** Once everything was read. */
  closed: CloseReason | null;
}

/** Why a cursor is at its end. */
export type EndReason = "left" | "drained" | "lagged" | "write_timeout" | "write_failed";

/** What a cursor did, or all cursors of a ring. */
export interface Account {
  delivered: Lag;
  skipped: Lag;
  worstLag: Lag;
  skipEvents: number;
  warnings: number;
  refusedReads: number;
  blockedWriteUs: number;
  writeTimeouts: number;
  /** How many cursors are at an end. */
  ended: Record<EndReason, number>;
}

/** A cursor as its ring sees it. */
export interface CursorStatus {
  id: number;
  joined: Position;
  position: Position;
  lag: Lag;
  warning: boolean;
  account: Account;
}

/** One consistent look at a ring. */
export interface RingSnapshot {
  oldest: Position;
  next: Position;
  buffered: Lag;
  randomAccessPoints: number;
  latestRandomAccess: number | null;
  heldChunks: number;
  heldBytes: number;
  evictedHeldChunks: number;
  evictedHeldBytes: number;
  pooledBytes: number;
  timesWentBack: number;
  cursors: number;
  cursorsOpened: number;
  account: Account;
  closed: CloseReason | null;
}

/** A bounded ring of chunks: one live stream to many readers, who poll. Free it, or let `using` do so. */
export class ChunkRing extends Held<RawRing, FullGlue> {
  /** An empty ring; `invalid_argument` for a bound below 1. */
  constructor(options: RingOptions) {
    const o = options;
    const bounds = [
      whole(o.maxChunks, "maxChunks"),
      whole(o.maxBytes, "maxBytes"),
      o.maxAgeUs === undefined ? NaN : whole(o.maxAgeUs, "maxAgeUs"),
      whole(o.maxHeldBytes ?? o.maxBytes, "maxHeldBytes"),
      whole(o.maxCursors ?? 65_536, "maxCursors"),
      whole(o.epoch ?? 0, "epoch"),
      whole(o.payloadHintBytes ?? 0, "payloadHintBytes"),
    ];
    super(engine, (glue) => new glue.RawRing(Float64Array.from(bounds)));
  }

  /**
   * Copies `bytes` in as one chunk and gives its sequence number; `null` for no bytes. `nowUs` is the
   * clock's time without one; a preamble (at most 64 KiB) needs `randomAccess`.
   *
   * @throws StreamgaugeError `closed` after `close`.
   */
  publish(
    bytes: Uint8Array,
    options: { nowUs?: number; randomAccess?: boolean; preamble?: Uint8Array } = {},
  ): number | null {
    if (!(bytes instanceof Uint8Array)) {
      throw new StreamgaugeError("invalid_argument", "bytes is no Uint8Array");
    }
    const nowUs = safe(options.nowUs ?? Date.now() * 1000, "nowUs");
    const { randomAccess = false, preamble } = options;
    return this.call((raw) => raw.publish(nowUs, bytes, randomAccess, preamble)) ?? null;
  }

  /** Ends publishing; readers see the reason once they have read what is left. Says whether it was the first. */
  close(kind: CloseReason["kind"] = "end", message = ""): boolean {
    return this.call((raw) => raw.close(kind, message));
  }

  /** Evicts what is older than `maxAgeUs`; publishing does so too. */
  expire(nowUs: number): void {
    safe(nowUs, "nowUs");
    this.call((raw) => raw.expire(nowUs));
  }

  /** Where a reader that joins in this way starts, and whether the ring had what was asked for. */
  join(join: JoinMode = "live", amount = 0): { position: Position; satisfied: boolean } {
    safe(amount, "amount");
    const [numbers, satisfied] = this.call((raw) => raw.join(join, amount)) as [
      Float64Array,
      boolean,
    ];
    return { position: new Numbers(numbers).position(), satisfied };
  }

  /** How far a position is behind the newest chunk; `stale_cursor` for one of another epoch. */
  lag(position: Position): Lag {
    return new Numbers(this.call((raw) => raw.lag(place(position)))).lag();
  }

  /** Reads from a position without a cursor, from the oldest chunk on when it was evicted. */
  read(position: Position, options: { maxChunks?: number; maxBytes?: number } = {}): Read {
    const maxChunks = whole(options.maxChunks ?? 64, "maxChunks");
    const maxBytes = whole(options.maxBytes ?? 1 << 20, "maxBytes");
    return readOf(this.call((raw) => raw.read(place(position), maxChunks, maxBytes)));
  }

  /** One consistent look at everything but the single cursors. */
  snapshot(): RingSnapshot {
    const [numbers, kind, message] = this.call((raw) => raw.snapshot()) as [
      Float64Array,
      number,
      string,
    ];
    const n = new Numbers(numbers);
    return {
      oldest: n.position(),
      next: n.position(),
      buffered: n.lag(),
      randomAccessPoints: n.one(),
      latestRandomAccess: n.orNull(),
      heldChunks: n.one(),
      heldBytes: n.one(),
      evictedHeldChunks: n.one(),
      evictedHeldBytes: n.one(),
      pooledBytes: n.one(),
      timesWentBack: n.one(),
      cursors: n.one(),
      cursorsOpened: n.one(),
      account: n.account(),
      closed: closedOf(kind, message),
    };
  }

  /** Every cursor there is, in the order in which they came. */
  cursors(): CursorStatus[] {
    return this.call((raw) => raw.cursors()).map(statusOf);
  }

  /** A new reader; `capacity_exceeded` when the ring has its `maxCursors`. */
  cursor(options: CursorOptions = {}): Cursor {
    const o = options;
    const limit = (of: Partial<Lag> | undefined) =>
      [of?.chunks, of?.bytes, of?.timeUs].map((n) => (n === undefined ? NaN : whole(n, "a limit")));
    const limits = Float64Array.from([
      safe(o.joinAmount ?? 0, "joinAmount"),
      ...limit(o.soft),
      ...limit(o.hard),
      whole(o.maxReadChunks ?? 64, "maxReadChunks"),
      whole(o.maxReadBytes ?? 1 << 20, "maxReadBytes"),
    ]);
    const make = () => this.call((raw) => raw.cursor(o.join ?? "live", o.policy ?? "skip", limits));
    return new Cursor(make);
  }
}

/** A reader of a ring, from `ChunkRing.cursor`. */
export class Cursor extends Held<RawCursor, FullGlue> {
  /** @internal */
  constructor(make: () => RawCursor) {
    super(engine, make);
  }

  /**
   * Reads what is there, as copies, without waiting.
   *
   * @throws StreamgaugeError `lagged` when it is too slow and its policy is to disconnect.
   */
  read(): Read {
    return readOf(this.call((raw) => raw.read()));
  }

  /** Where it is, how far behind, and what it did. */
  status(): CursorStatus {
    return statusOf(this.call((raw) => raw.status()));
  }

  /** Puts a write that was blocked for so long into the account. */
  recordBlockedWrite(blockedUs: number, timedOut = false): void {
    whole(blockedUs, "blockedUs");
    this.call((raw) => raw.recordBlockedWrite(blockedUs, timedOut));
  }

  /** Leaves the ring and gives the final account; later calls throw `closed`. */
  finish(reason: EndReason = "left"): Account {
    return new Numbers(this.call((raw) => raw.finish(reason))).account();
  }
}

/** Takes a flat column apart, in the order of `rust/ring.rs`. */
class Numbers {
  #at = 0;
  constructor(readonly values: Float64Array) {}

  one(): number {
    return this.values[this.#at++] ?? NaN;
  }
  orNull(): number | null {
    const value = this.one();
    return Number.isNaN(value) ? null : value;
  }
  lag(): Lag {
    return { chunks: this.one(), bytes: this.one(), timeUs: this.one() };
  }
  position(): Position {
    const [epoch, sequence, offsetBytes] = [this.one(), this.one(), this.one()];
    return { epoch, sequence, offsetBytes, timeUs: this.orNull() };
  }
  account(): Account {
    return {
      delivered: this.lag(),
      skipped: this.lag(),
      worstLag: this.lag(),
      skipEvents: this.one(),
      warnings: this.one(),
      refusedReads: this.one(),
      blockedWriteUs: this.one(),
      writeTimeouts: this.one(),
      ended: {
        left: this.one(),
        drained: this.one(),
        lagged: this.one(),
        write_timeout: this.one(),
        write_failed: this.one(),
      },
    };
  }
}

const SKIPS = [undefined, "evicted", "hard_limit", "awaited_random_access"] as const;
const KINDS = [undefined, "end", "cancelled", "failed"] as const;

function closedOf(index: number, message: string): CloseReason | null {
  const kind = KINDS[index];
  return kind === undefined ? null : { kind, message };
}

function statusOf(raw: unknown[]): CursorStatus {
  const [numbers, warning] = raw as [Float64Array, boolean];
  const n = new Numbers(numbers);
  const [id, joined, position, lag] = [n.one(), n.position(), n.position(), n.lag()];
  return { id, joined, position, lag, warning, account: n.account() };
}

function readOf(raw: unknown[]): Read {
  const [numbers, skip, warning, kind, message, list] = raw as [
    Float64Array,
    number,
    boolean,
    number,
    string,
    [number, number, boolean, Uint8Array, Uint8Array | undefined][],
  ];
  const n = new Numbers(numbers);
  const read = {
    requested: n.position(),
    next: n.position(),
    behind: n.lag(),
    lag: n.lag(),
    oldest: n.one(),
    newest: n.orNull(),
    bufferedChunks: n.one(),
    bufferedBytes: n.one(),
  };
  const [reason, skipped] = [SKIPS[skip], n.lag()];
  const chunks = list.map(([sequence, timeUs, randomAccess, bytes, preamble]) => {
    return { sequence, timeUs, randomAccess, bytes, preamble: preamble ?? null };
  });
  return {
    ...read,
    chunks,
    skip: reason === undefined ? null : { reason, skipped },
    warning,
    closed: closedOf(kind, message),
  };
}

function place(at: Position): Float64Array {
  const timeUs = at.timeUs === null ? NaN : safe(at.timeUs, "timeUs");
  return Float64Array.of(
    whole(at.epoch, "epoch"),
    whole(at.sequence, "sequence"),
    whole(at.offsetBytes, "offsetBytes"),
    timeUs,
  );
}
