/** What was dropped or chosen, sorted into runs. */

import type { RunBlobs } from "streamgauge/worker";

/** A file with its path from the folder that was dropped. */
export interface PathFile {
  path: string;
  file: File;
}

/** The files of a run that the package knows. */
export type Role = keyof RunBlobs;

/** A run directory, not read yet. */
export interface RunFolder {
  name: string;
  files: Partial<Record<Role, File>>;
  bytes: number;
}

/** What was found. */
export interface Sorted {
  runs: RunFolder[];
  /** Files that may be recordings of calls. */
  dumps: File[];
  /** Names of files that are neither. */
  unknown: string[];
}

/** By what a run's files are called. */
export const FILE_NAMES: Record<Role, string> = {
  frames: "frames.csv",
  prom: "prom.tsv",
  events: "events.csv",
  meta: "meta.env",
};

/** What recordings of calls are called; some have no ending at all. */
const RECORDING = /^[^.]+$|\.(json|jsonl|ndjson|txt|log|rtcstats|dump)(\.gz)?$/i;

/** More files than this are not looked at: somebody dropped the wrong folder. */
const FILES_MAX = 5_000;

/** The files of a drop, those in folders too. */
export async function dropped(data: DataTransfer): Promise<PathFile[]> {
  // The entries must be asked for before the first await: the browser empties the list after it.
  const entries = [...data.items]
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  if (entries.length === 0) return [...data.files].map((file) => ({ path: file.name, file }));
  const found: PathFile[] = [];
  const pending = entries;
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    if (found.length > FILES_MAX) {
      throw new Error(
        `there are more than ${FILES_MAX} files in it: drop the folders of runs only`,
      );
    }
    if (entry.isFile) {
      found.push({ path: entry.fullPath, file: await fileOf(entry as FileSystemFileEntry) });
    } else {
      pending.push(...(await entriesOf(entry as FileSystemDirectoryEntry)));
    }
  }
  return found;
}

/** The files of an `<input type="file">`. */
export function chosen(list: FileList): PathFile[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** Puts the files of one folder into one run, and says what is left. */
export function sortOut(files: readonly PathFile[]): Sorted {
  const folders = new Map<string, RunFolder>();
  const dumps: File[] = [];
  const unknown: string[] = [];
  for (const { path, file } of files) {
    const parts = path.split("/").filter((part) => part !== "");
    const role = roleOf(file.name);
    if (role !== undefined) {
      const folder = parts.slice(0, -1).join("/");
      const name = parts.at(-2) ?? "files";
      const run = folders.get(folder) ?? { name, files: {}, bytes: 0 };
      // As from a directory: of both, the file that is not packed is read.
      const other = run.files[role];
      if (other === undefined || other.name.endsWith(".gz")) {
        run.bytes += file.size - (other?.size ?? 0);
        run.files[role] = file;
      }
      folders.set(folder, run);
    } else if (RECORDING.test(file.name)) {
      dumps.push(file);
    } else if (!file.name.startsWith(".")) {
      unknown.push(file.name);
    }
  }
  const runs = [...folders].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, run]) => run);
  // A report or a summary beside a run is no recording of a call.
  return { runs, dumps: runs.length === 0 ? dumps : [], unknown };
}

function roleOf(name: string): Role | undefined {
  const plain = name.replace(/\.gz$/, "");
  return (Object.keys(FILE_NAMES) as Role[]).find((role) => FILE_NAMES[role] === plain);
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    // A reader gives a hundred at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}
