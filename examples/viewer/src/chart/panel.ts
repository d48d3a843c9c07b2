import type { Series } from "../run/view";

/** One line of a panel. */
export interface Line {
  /** What stands in the legend. */
  label: string;
  /** The number of its hue. */
  hue: number;
  /** Lengths of dashes and gaps in CSS pixels; none is a solid line. */
  dash?: readonly number[];
  series: Series;
  /** The last value stands for less than the others: it gets a marker. */
  partial?: boolean;
}

/**
 * How values are drawn: as `points`, as `lines`, or in a row for each line as `ticks` whose height
 * grows with the value or as `spans` that last as long as the value says.
 */
export type Kind = "points" | "lines" | "ticks" | "spans";

/** A chart before it is drawn. */
export interface Panel {
  id: string;
  title: string;
  /** A remark beside the title. */
  note?: string;
  kind: Kind;
  unit: string;
  /** CSS pixels. */
  height: number;
  /** Values this near to the cursor, in seconds, are meant by it. */
  reachS: number;
  lines: readonly Line[];
  /** The axis ends here; what is above it is drawn as arrows at its end. */
  limit?: number;
  /** The labels of time stand under it. */
  timeAxis?: boolean;
  /** The names of marks stand in it. */
  namesMarks?: boolean;
  /** What is said in place of a chart without lines. */
  nothing: string;
}

/** What a group of charts shows besides their lines. */
export interface Scene {
  /** Seconds. */
  from: number;
  to: number;
  /** Shaded spans, in order and apart. */
  bursts: readonly (readonly [fromS: number, toS: number])[];
  marks: readonly { atS: number; name: string; hue: number }[];
}

/** Spans of several runs as spans that do not overlap. */
export function merged(spans: (readonly [number, number])[]): [number, number][] {
  const result: [number, number][] = [];
  for (const [from, to] of spans.sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

/** Whether the panel has a row for each line in place of an axis. */
export function isStrip({ kind }: Panel): boolean {
  return kind === "ticks" || kind === "spans";
}
