/** The four panels of a report, from runs. */

import { merged, type Line, type Panel, type Scene } from "../chart/panel";
import { listing, number } from "../ui/format";
import type { Opened } from "./opened";
import { FEC_KEYS, hasFrames, latencyLimits, LOSS_KEYS, type Rate } from "./view";

/** The dashes of a quantity, in CSS pixels; the hue tells the run. */
const DASHES: Record<string, readonly number[]> = {
  fec_recovered: [9, 4],
  fec_recovery_failed: [2, 3],
  fec_unused: [10, 3, 2, 3],
  fec_discarded: [4, 4],
  packet_loss_total: [5, 4],
};

/** Marks of a run that are drawn. */
const MARKS_MAX = 200;

/** What the charts show of `runs`, in their order. */
export function panelsOf(runs: readonly Opened[]): Panel[] {
  return [
    latency(runs),
    lost(runs),
    counters(runs, "fec"),
    counters(runs, "loss"),
    frameRate(runs),
    freezes(runs),
  ];
}

/** The time that `runs` span, their bursts and marks. */
export function sceneOf(runs: readonly Opened[]): Scene {
  return {
    from: 0,
    to: Math.max(...runs.map(({ view }) => view.durationS), 1e-3),
    bursts: merged(runs.filter(({ shown }) => shown).flatMap(({ view }) => view.bursts)),
    marks: runs
      .filter(({ shown }) => shown)
      .flatMap(({ hue, view }) =>
        view.marks.slice(0, MARKS_MAX).map(([atS, name]) => ({ atS, name, hue })),
      )
      .sort((a, b) => a.atS - b.atS),
  };
}

function latency(runs: readonly Opened[]): Panel {
  const limits = latencyLimits(runs.map(({ view }) => view.latency));
  const panel: Panel & { note: string } = {
    id: "latency",
    title: "Frame latency, capture to receive",
    note: "ms",
    kind: "points",
    unit: "ms",
    height: 280,
    namesMarks: true,
    reachS: 0.5,
    lines: runs
      .filter(({ view }) => view.latency.t.length > 0)
      .map(({ label, hue, view }) => ({ label, hue, series: view.latency })),
    nothing: "No frame with a user timestamp in the window.",
  };
  return {
    ...panel,
    ...notMeasured(panel, runs),
    ...(limits?.clipped
      ? { limit: limits.high, note: `ms; ▲ above ${number(Math.round(limits.high))}` }
      : {}),
  };
}

function lost(runs: readonly Opened[]): Panel {
  const any = runs.some(({ view }) => view.gaps.t.length > 0);
  return {
    id: "lost",
    title: "Lost frames",
    note: "a tick a gap, taller the more are missing",
    kind: "ticks",
    unit: "lost",
    height: stripHeight(runs),
    reachS: 0,
    lines: any ? runs.map(({ label, hue, view }) => ({ label, hue, series: view.gaps })) : [],
    nothing: "No gap between the frame ids.",
  };
}

function counters(runs: readonly Opened[], id: "fec" | "loss"): Panel {
  const keys: Record<string, string> = id === "fec" ? FEC_KEYS : LOSS_KEYS;
  const words = Object.entries(keys);
  const found = words.filter(([key]) => runs.some(({ view }) => view.rates[key] !== undefined));
  const lines = runs.flatMap(({ label, hue, view }) =>
    found.flatMap(([key, word]) => {
      const rate = view.rates[key];
      if (rate === undefined) return [];
      return [rateLine(found.length > 1 ? `${label} ${word}` : label, hue, rate, DASHES[key])];
    }),
  );
  const panel: Panel & { note: string } = {
    id,
    title:
      id === "fec"
        ? `FEC packets at the SFU${found.length === 1 ? `, ${found[0]?.[1]}` : ""}`
        : "NACKs and packet loss",
    note: "packets/s",
    kind: "lines",
    unit: "/s",
    height: 170,
    reachS: 0.75,
    lines,
    nothing: `No ${id === "fec" ? "FEC" : "NACK or loss"} counters in these runs.`,
  };
  return { ...panel, ...notMeasured(panel, runs) };
}

function frameRate(runs: readonly Opened[]): Panel {
  const panel: Panel & { note: string } = {
    id: "rate",
    title: "Frame rate at the subscriber",
    note: "frames/s",
    kind: "lines",
    unit: "/s",
    height: 170,
    reachS: 0.75,
    lines: runs
      .filter(({ view }) => hasFrames(view))
      .map(({ label, hue, view }) => rateLine(label, hue, view.frameRate)),
    nothing: "No frame in the window.",
  };
  return { ...panel, ...notMeasured(panel, runs) };
}

function freezes(runs: readonly Opened[]): Panel {
  return {
    id: "freezes",
    title: "Freezes",
    kind: "spans",
    unit: "s",
    height: stripHeight(runs) + 30,
    reachS: 0,
    timeAxis: true,
    // Drawn also where nothing froze: the labels of time stand under it.
    lines: runs.map(({ label, hue, view }) => ({ label, hue, series: view.freezes })),
    nothing: "No freeze.",
  };
}

function rateLine(label: string, hue: number, rate: Rate, dash?: readonly number[]): Line {
  const line = { label, hue, series: rate, partial: rate.partial };
  return dash === undefined ? line : { ...line, dash };
}

/** Which runs a panel does not have, since what it shows was not measured. */
function notMeasured(panel: Panel & { note: string }, runs: readonly Opened[]): { note?: string } {
  const have = new Set(panel.lines.map(({ hue }) => hue));
  const missing = runs.filter(({ hue }) => !have.has(hue)).map(({ label }) => label);
  if (have.size === 0 || missing.length === 0) return {};
  return { note: `${panel.note}; not measured: ${listing(missing)}` };
}

function stripHeight(runs: readonly Opened[]): number {
  return 18 + 16 * runs.length;
}
