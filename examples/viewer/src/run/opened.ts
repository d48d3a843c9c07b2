/** The runs that are open on the page. */

import type { RemoteRun } from "streamgauge/worker";

import { number } from "../ui/format";
import type { RunView } from "./view";

/** Which side of the comparison a run is on. */
export type Side = "A" | "B" | "";

/** A run that was read. */
export interface Opened {
  run: RemoteRun;
  /** Its name, told apart from others of that name. */
  label: string;
  hue: number;
  side: Side;
  shown: boolean;
  bytes: number;
  view: RunView;
}

/** A label for a run called `name`: numbered where another has it. */
export function labelFor(name: string, runs: readonly Opened[]): string {
  const taken = new Set(runs.map(({ label }) => label));
  let label = name;
  for (let n = 2; taken.has(label); n++) label = `${name} #${n}`;
  return label;
}

/** The first hue that no run has. */
export function freeHue(runs: readonly Opened[]): number {
  let hue = 0;
  while (runs.some((run) => run.hue === hue)) hue++;
  return hue;
}

/** The runs of a side. */
export function onSide(runs: readonly Opened[], side: Side): Opened[] {
  return runs.filter((run) => run.side === side);
}

/** Problems of one file, for one reason. */
export interface ProblemRow {
  file: string;
  /** What is wrong, and what came of it. */
  what: string;
  /** Rows; `null` where the file is missing. */
  rows: number | null;
  /** The first lines. */
  lines: number[];
}

/** What the files of a run held that could not be used. */
export function problemRows({ problems }: RunView): ProblemRow[] {
  return Object.entries(problems).flatMap(([file, found]) => {
    const rows = (counts: Record<string, number>, effect: string): ProblemRow[] =>
      Object.entries(counts).map(([reason, count]) => ({
        file,
        what: `${inWords(reason)}, ${effect}`,
        rows: count,
        lines: found.first.filter((one) => one.reason === reason).map(({ line }) => line),
      }));
    const missing = { file, what: "the file is missing", rows: null, lines: [] };
    return [
      ...(found.missing ? [missing] : []),
      ...rows(found.dropped, "not used"),
      ...rows(found.kept, "used in part"),
    ];
  });
}

/** Says why there is nothing to see in a run; `null` where there is something. */
export function unusable(view: RunView): string | null {
  const files = Object.entries(view.problems).filter(([file]) => /^(frames|prom)/.test(file));
  const dropped = (counts: Record<string, number>): number =>
    Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (files.some(([, { missing, rows, dropped: bad }]) => !missing && rows > dropped(bad)))
    return null;
  const sentences = files
    .filter(([, { missing }]) => !missing)
    .map(([file, { rows, first }]) => {
      const [one] = first;
      if (one === undefined) return `${file} is empty`;
      const some =
        rows === 1 ? "its one row cannot be used" : `none of its ${number(rows)} rows can be used`;
      return `${file}, line ${one.line}: ${inWords(one.reason)}; ${some}`;
    });
  return sentences.length > 0
    ? sentences.join(". ")
    : "there is neither a frames.csv nor a prom.tsv in it";
}

/** The name of a reason as words. */
function inWords(reason: string): string {
  return reason.replaceAll("_", " ");
}
