/**
 * What went wrong, for programs. `"internal"` is a defect of the library: the module is dead after
 * it and every later call throws it again.
 */
export type ErrorCode =
  | "invalid_argument"
  | "out_of_range"
  | "time_went_back"
  | "capacity_exceeded"
  | "malformed"
  | "lease_lost"
  | "unsupported"
  | "closed"
  | "stale_cursor"
  | "lagged"
  | "not_found"
  | "already_pending"
  | "no_sources"
  | "preempted"
  | "cancelled"
  | "timed_out"
  | "internal";

/** Every error that this package throws on its own account. */
export class StreamgaugeError extends Error {
  override readonly name = "StreamgaugeError";

  constructor(
    /** The kind, the same word in every language. */
    readonly code: ErrorCode,
    message: string,
    /** The input file the error speaks of. */
    readonly file?: string,
    /** The line of that file, counted from 1. */
    readonly line?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
