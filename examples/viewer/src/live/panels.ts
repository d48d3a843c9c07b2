/** The charts of a call: one line a track in each. */

import type { Line, Panel } from "../chart/panel";
import type { CallSeries } from "./series";

/** What one kind of series adds to a chart: a column, its factor to the chart's unit, a word. */
interface Source {
  flow: CallSeries["flow"];
  column: string;
  factor: number;
  word?: string;
  dash?: readonly number[];
}

const SENT = [6, 4];

const CHARTS: readonly (Pick<Panel, "id" | "title" | "note" | "unit" | "nothing"> & {
  sources: readonly Source[];
})[] = [
  {
    id: "bitrate",
    title: "Bitrate",
    note: "kbit/s with headers",
    unit: "kbit/s",
    nothing: "No bitrate was measured yet.",
    sources: [
      { flow: "inbound", column: "wireBitrateBps", factor: 1e-3, word: "received" },
      { flow: "outbound", column: "wireBitrateBps", factor: 1e-3, word: "sent", dash: SENT },
    ],
  },
  {
    id: "call-loss",
    title: "Packet loss",
    note: "% of each interval; below 0 where lost packets came late",
    unit: "%",
    nothing: "No loss was measured yet.",
    sources: [
      { flow: "inbound", column: "lossRatio", factor: 100, word: "received" },
      { flow: "outbound", column: "lossRatio", factor: 100, word: "reported", dash: SENT },
    ],
  },
  {
    id: "delay",
    title: "Jitter and round trips",
    note: "ms; round trips of RTCP and of STUN apart",
    unit: "ms",
    nothing: "Neither jitter nor a round trip was measured yet.",
    sources: [
      { flow: "inbound", column: "jitterUs", factor: 1e-3, word: "jitter" },
      { flow: "outbound", column: "rttUs", factor: 1e-3, word: "RTCP round trip", dash: SENT },
      {
        flow: "connection",
        column: "stunRttUs",
        factor: 1e-3,
        word: "STUN round trip",
        dash: [2, 3],
      },
    ],
  },
  {
    id: "call-rate",
    title: "Frame rate",
    note: "frames/s",
    unit: "/s",
    nothing: "No frame rate was measured yet.",
    sources: [
      { flow: "inbound", column: "frameRatePerS", factor: 1, word: "decoded" },
      { flow: "outbound", column: "frameRatePerS", factor: 1, word: "encoded", dash: SENT },
    ],
  },
  {
    id: "call-freezes",
    title: "Frozen",
    note: "ms, when a freeze has ended",
    unit: "ms",
    nothing: "No freeze was measured yet.",
    sources: [{ flow: "inbound", column: "freezeUs", factor: 1e-3 }],
  },
];

/** The charts of `series`, in their order. */
export function callPanels(series: readonly CallSeries[]): Panel[] {
  return CHARTS.map(({ sources, ...chart }, i) => ({
    ...chart,
    kind: "lines",
    height: i === 0 ? 220 : 150,
    reachS: 1,
    timeAxis: i === CHARTS.length - 1,
    namesMarks: i === 0,
    lines: sources.flatMap((source) =>
      series
        .filter(({ flow, columns }) => flow === source.flow && isMeasured(columns[source.column]))
        .map((one) => lineOf(one, source)),
    ),
  }));
}

function lineOf({ label, hue, t, columns }: CallSeries, source: Source): Line {
  const { column, factor, word, dash } = source;
  const v = (columns[column] ?? new Float64Array()).map((value) => value * factor);
  const line = { label: word === undefined ? label : `${label} ${word}`, hue, series: { t, v } };
  return dash === undefined ? line : { ...line, dash };
}

function isMeasured(column: Float64Array | undefined): column is Float64Array {
  return column?.some((value) => !Number.isNaN(value)) ?? false;
}
