import type { Comparison, KeyComparison } from "streamgauge/worker";

import { h } from "../ui/dom";
import { number, percent } from "../ui/format";
import { EFFECTS } from "./comparison";
import type { Opened } from "./opened";

/** The numbers that a reader wants first: key, name, unit. */
const FIGURES: readonly (readonly [key: string, name: string, unit: string])[] = [
  ["frames_lost", "Frames lost", ""],
  ["latency_p50_ms", "Latency p50", "ms"],
  ["latency_p95_ms", "Latency p95", "ms"],
  ["freeze_total_ms", "Frozen", "ms"],
  ["frame_rate_mean_per_s", "Mean frame rate", "1/s"],
  ["nack_total", "NACKs", ""],
];

/** The first numbers of each run, with what the comparison says of them. */
export function headline(runs: readonly Opened[], compared: Comparison | null): HTMLElement {
  const tiles = FIGURES.map(([key, name, unit]) => {
    const rows = runs.map(({ label, hue, view }) => {
      const value = view.summary[key];
      const known = typeof value === "number" ? value : null;
      // Frames without an id may stand for lost ones.
      const bound = key === "frames_lost" && view.summary["frames_lost_is_lower_bound"] === true;
      return h(
        "li",
        {},
        h("span", { class: `swatch hue-${hue}`, "aria-hidden": "true" }),
        h("span", { class: "who" }, label),
        h("b", {}, (bound ? "≥ " : "") + number(known)),
      );
    });
    return h(
      "section",
      { class: "tile" },
      h("h3", {}, name, unit !== "" && h("small", {}, ` ${unit}`)),
      h("ul", {}, rows),
      verdict(compared?.keys[key]),
    );
  });
  return h("div", { class: "tiles" }, tiles);
}

function verdict(key: KeyComparison | undefined): HTMLElement | null {
  if (key === undefined || key.difference === null) return null;
  const by = key.relative === null ? number(key.difference, true) : percent(key.relative, true);
  const { kind, sign } = EFFECTS[key.effect];
  return h("p", { class: `verdict ${kind}` }, `B ${by}`, h("span", {}, sign));
}
