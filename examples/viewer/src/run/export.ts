import type { Comparison } from "streamgauge/worker";

import type { Opened } from "./opened";

/**
 * What is on the page as JSON: the runs as `streamgauge summary --json` prints them, the comparison as
 * `streamgauge compare --json` does.
 */
export function jsonOf(runs: readonly Opened[], compared: Comparison | null): Blob {
  const summaries = runs.map(({ label, view: { summary, problems } }) => ({
    run: label,
    mode: "exact",
    summary,
    problems,
  }));
  const comparison = compared === null ? null : snakeCased(compared);
  const text = JSON.stringify({ runs: summaries, comparison }, null, 1);
  return new Blob([text, "\n"], { type: "application/json" });
}

/** Names as the other languages write them; the keys of a summary are so already. */
function snakeCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCased);
  if (typeof value !== "object" || value === null) return value;
  const name = (key: string): string =>
    key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [name(key), snakeCased(inner)]),
  );
}
