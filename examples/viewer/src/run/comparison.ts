import type { Comparison, KeyComparison } from "streamgauge/worker";

import { type Child, h } from "../ui/dom";
import { counted, NONE, number, percent } from "../ui/format";

/** What is compared first; the rest is one click away. */
const HEADLINE_KEYS = new Set([
  "frames_received",
  "frames_lost",
  "loss_ratio",
  "loss_ratio_in_bursts",
  "freeze_count",
  "freeze_total_ms",
  "latency_p50_ms",
  "latency_p95_ms",
  "latency_p99_ms",
  "frame_rate_mean_per_s",
  "nack_total",
  "packet_loss_total",
  "residual_loss_ratio",
  "fec_received",
  "fec_recovered",
  "recovery_probability",
  "fec_overhead_ratio",
]);

/** How an effect is shown. */
export const EFFECTS: Record<KeyComparison["effect"], { kind: string; sign: string }> = {
  better: { kind: "better", sign: "▲ better" },
  worse: { kind: "worse", sign: "▼ worse" },
  "no evidence": { kind: "unclear", sign: "· no evidence" },
};

/** The table of a comparison, and what it says in all. */
export function comparisonTable(compared: Comparison): HTMLElement {
  // A key without a value on either side compares nothing.
  const rows = Object.entries(compared.keys).filter(([, row]) => row.a !== null || row.b !== null);
  const isFirst = ([key, row]: [string, KeyComparison]): boolean =>
    HEADLINE_KEYS.has(key) || row.effect !== "no evidence";
  const [first, rest] = [rows.filter(isFirst), rows.filter((row) => !isFirst(row))];
  return h(
    "div",
    { id: "comparison" },
    h("p", { class: "verdict-line" }, verdictOf(rows.map(([, row]) => row))),
    h(
      "p",
      { class: "faint" },
      h("b", {}, "A"),
      ` ${compared.a.runs.join(", ")} · `,
      h("b", {}, "B"),
      ` ${compared.b.runs.join(", ")} · difference is B − A, with its `,
      `${percent(compared.confidence)} bootstrap interval (${number(compared.resamples)} resamples `,
      `of runs and one-second blocks, seed ${compared.seed}). Better or worse is said only where `,
      "the interval excludes 0.",
    ),
    table(
      first,
      percent(compared.confidence),
      "The keys that matter most, and those with an effect",
    ),
    rest.length > 0 &&
      h(
        "details",
        {},
        h("summary", {}, counted(rest.length, "more key")),
        table(rest, percent(compared.confidence), "All other keys"),
      ),
    compared.notes.length > 0 &&
      h(
        "ul",
        { class: "notes" },
        compared.notes.map((note) => h("li", {}, note)),
      ),
  );
}

function verdictOf(rows: readonly KeyComparison[]): HTMLElement[] {
  return (["better", "worse", "no evidence"] as const).map((effect) => {
    const count = rows.filter((row) => row.effect === effect).length;
    const words = {
      better: `B is better in ${counted(count, "key")}`,
      worse: `worse in ${counted(count, "key")}`,
      "no evidence": `no evidence in ${counted(count, "key")}`,
    };
    return h("span", { class: `badge ${EFFECTS[effect].kind}` }, words[effect]);
  });
}

function table(
  rows: readonly (readonly [string, KeyComparison])[],
  confidence: string,
  caption: string,
): HTMLElement {
  const heads = [
    "Key",
    "A",
    "B",
    "Difference",
    "Relative",
    `${confidence} interval`,
    "",
    "Effect of B",
  ];
  return h(
    "div",
    { class: "scroll", role: "region", tabindex: 0, "aria-label": caption },
    h(
      "table",
      { class: "numbers comparison", role: "table" },
      h("caption", { class: "hidden" }, caption),
      h("thead", {}, h("tr", {}, heads.map(head))),
      h(
        "tbody",
        {},
        rows.map(([key, row]) => tableRow(key, row)),
      ),
    ),
  );
}

function head(name: string): HTMLElement {
  if (name === "") return h("td", { "aria-hidden": "true" });
  return h("th", { scope: "col" }, name);
}

function tableRow(key: string, row: KeyComparison): HTMLElement {
  const { kind, sign } = EFFECTS[row.effect];
  const interval = row.interval?.map((end) => number(end, true)).join(" … ");
  return h(
    "tr",
    { "data-key": key, role: "row" },
    h("th", { scope: "row", role: "rowheader" }, key, h("small", {}, ` ${row.unit}`)),
    cell("A", number(row.a)),
    cell("B", number(row.b)),
    cell("Difference", number(row.difference, true)),
    cell("Relative", percent(row.relative, true)),
    cell("Interval", interval ?? h("span", { class: "faint", title: row.noInterval ?? "" }, NONE)),
    h("td", { class: "bar", role: "cell" }, intervalBar(row, kind)),
    h("td", { class: `effect ${kind}`, role: "cell" }, sign),
  );
}

/** A cell that says what it is where the heads of the columns are not shown. */
function cell(name: string, value: Child): HTMLElement {
  return h("td", { "data-name": name, role: "cell" }, value);
}

/** The interval as a bar around a line at 0, scaled to itself. */
function intervalBar(row: KeyComparison, kind: string): SVGElement | null {
  if (row.interval === null) return null;
  const [low, high] = row.interval;
  const point = row.difference ?? 0;
  const size = Math.max(Math.abs(low), Math.abs(high), Math.abs(point)) || 1;
  const x = (value: number): number => 50 + (45 * value) / size;
  const draw = (
    tag: string,
    attributes: Record<string, string | number>,
    ...inside: SVGElement[]
  ) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes))
      element.setAttribute(name, String(value));
    element.append(...inside);
    return element;
  };
  return draw(
    "svg",
    { class: `interval ${kind}`, width: 100, height: 14, "aria-hidden": "true" },
    draw("line", { class: "zero", x1: 50, x2: 50, y1: 0, y2: 14 }),
    draw("line", { class: "span", x1: x(low), x2: x(high), y1: 7, y2: 7 }),
    draw("circle", { class: "point", cx: x(point), cy: 7, r: 3 }),
  );
}
