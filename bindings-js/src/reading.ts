import type { Engine } from "./engine.js";
import { StreamgaugeError } from "./errors.js";
import type { RawReader, RawRun, RunGlue } from "./raw_run.js";

/** The bytes of a run's files; leave out those that do not exist. */
export interface RunFiles {
  /** `frames.csv` */
  frames?: Uint8Array | undefined;
  /** `prom.tsv` */
  prom?: Uint8Array | undefined;
  /** `events.csv` */
  events?: Uint8Array | undefined;
  /** `meta.env` */
  meta?: Uint8Array | undefined;
}

/** A run's files as a browser or Node hands them over, gzipped or not. */
export type RunBlobs = { [file in keyof RunFiles]: Blob | Uint8Array | undefined };

/** How far reading has come. */
export interface Progress {
  /** Bytes read of all files, as they are stored. */
  bytes: number;
  /** How many there are. */
  totalBytes: number;
}

/** How to read files. */
export interface ReadOptions {
  /** The run's name; `"run"` without it. */
  name?: string;
  /** Called after each piece, of some ten to hundreds of kilobytes. */
  onProgress?: (progress: Progress) => void;
  /** Stops reading, which then throws `cancelled`. */
  signal?: AbortSignal;
}

/** What the files are called, in the order of the core's `RunFile`. */
const NAMES = {
  frames: "frames.csv",
  prom: "prom.tsv",
  events: "events.csv",
  meta: "meta.env",
} as const;
/** Bytes that are in memory are handed over so many at a time. */
const PIECE_BYTES = 1 << 20;

/** Sorts files as they come from a dropped or chosen folder, by name: `frames.csv`, `prom.tsv.gz` and so on. */
export function runFiles(files: Iterable<File>): RunBlobs {
  const named = Array.from(files, (file) => {
    const plain = file.name.replace(/\.gz$/, "");
    const known = Object.entries(NAMES).find(([, name]) => name === plain);
    return known === undefined ? [] : [known[0], file];
  });
  return Object.fromEntries(named.filter((pair) => pair.length > 0)) as RunBlobs;
}

/** Makes a raw run from bytes in one go. */
export function fromBytes(files: RunFiles, name: string): (glue: RunGlue) => RawRun {
  for (const [file, bytes] of Object.entries(files)) {
    if (bytes !== undefined && !(bytes instanceof Uint8Array)) {
      throw new StreamgaugeError("invalid_argument", `files.${file} is no Uint8Array`);
    }
  }
  return (glue) => new glue.RawRun(name, files.frames, files.prom, files.events, files.meta);
}

/** Reads files piece by piece into a raw run, so that none is in memory as a whole. */
export async function readFiles(
  engine: Engine<RunGlue>,
  files: RunBlobs,
  options: ReadOptions,
): Promise<RawRun> {
  const { name = "run", onProgress, signal } = options;
  const given = Object.entries(NAMES).map(([file, stored], index) => {
    return { file, stored, index, blob: files[file as keyof RunFiles] };
  });
  const progress = { bytes: 0, totalBytes: 0 };
  for (const { file, blob } of given) {
    if (blob !== undefined && !(blob instanceof Uint8Array || blob instanceof Blob)) {
      throw new StreamgaugeError("invalid_argument", `files.${file} is no Blob and no Uint8Array`);
    }
    progress.totalBytes += blob instanceof Blob ? blob.size : (blob?.length ?? 0);
  }
  const reader: RawReader = engine.call((glue) => new glue.RawReader(name));
  const take = (index: number, piece: Uint8Array) => {
    if (signal?.aborted) throw new StreamgaugeError("cancelled", "reading was cancelled");
    engine.call(() => reader.push(index, piece));
  };
  const told = (bytes: number) => {
    progress.bytes += bytes;
    onProgress?.({ ...progress });
  };
  let finished = false;
  try {
    for (const { stored, index, blob } of given) {
      if (blob === undefined) continue;
      take(index, new Uint8Array());
      await pieces(blob, stored, (piece) => take(index, piece), told);
    }
    finished = true;
    return engine.call(() => reader.finish());
  } finally {
    // Finishing takes the reader with it.
    if (!finished) engine.call(() => reader.free());
  }
}

/** Hands out the bytes of `blob`, decompressed where they begin with the mark of gzip. */
async function pieces(
  blob: Blob | Uint8Array,
  file: string,
  take: (piece: Uint8Array) => void,
  told: (bytes: number) => void,
): Promise<void> {
  const head = blob instanceof Blob ? new Uint8Array(await blob.slice(0, 2).arrayBuffer()) : blob;
  const packed = head[0] === 0x1f && head[1] === 0x8b;
  if (blob instanceof Uint8Array && !packed) {
    for (let at = 0; at < blob.length; at += PIECE_BYTES) {
      const piece = blob.subarray(at, at + PIECE_BYTES);
      take(piece);
      told(piece.length);
    }
    return;
  }
  const stored = (blob instanceof Blob ? blob : new Blob([blob as BlobPart])).stream();
  if (!packed) {
    const plain = (piece: Uint8Array) => {
      take(piece);
      told(piece.length);
    };
    await each(stored, plain, (cause) => unreadable(cause, file));
    return;
  }
  const counted = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>({
    transform(piece, controller) {
      controller.enqueue(piece as Uint8Array<ArrayBuffer>);
      told(piece.length);
    },
  });
  await each(
    stored.pipeThrough(counted).pipeThrough(new DecompressionStream("gzip")),
    take,
    (cause) => {
      return new StreamgaugeError("malformed", "the gzip stream is damaged", file, undefined, {
        cause,
      });
    },
  );
}

/** A file that changed or went away since it was chosen. */
function unreadable(cause: unknown, file: string): StreamgaugeError {
  const message = `the file cannot be read: ${String(cause)}`;
  return new StreamgaugeError("not_found", message, file, undefined, { cause });
}

/** Calls `take` with each piece of a stream; `wrong` makes the error of one that breaks off. */
async function each(
  stream: ReadableStream<Uint8Array>,
  take: (piece: Uint8Array) => void,
  wrong: (cause: unknown) => StreamgaugeError,
): Promise<void> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader
        .read()
        .catch((cause: unknown) => Promise.reject(wrong(cause)));
      if (done) return;
      take(value);
    }
  } catch (error) {
    await reader.cancel().catch(() => {});
    throw error;
  }
}
