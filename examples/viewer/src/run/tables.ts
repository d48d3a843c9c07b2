import type { Key, SummaryValue } from "streamgauge/worker";

import { type Child, h } from "../ui/dom";
import { NONE, number } from "../ui/format";
import { type Opened, problemRows } from "./opened";

/** Every value of every run, with what it is. */
export function summaryTable(runs: readonly Opened[], keys: readonly Key[]): HTMLElement {
  const inPart = /_(in|outside)_bursts$/;
  const all = keys.filter(({ name }) => name !== "notes" && name !== "labels_used");
  const parts = [
    ["The whole window", all.filter(({ name }) => !inPart.test(name))],
    ["Inside and outside of bursts", all.filter(({ name }) => inPart.test(name))],
  ] as const;
  return h(
    "div",
    { class: "scroll", role: "region", tabindex: 0, "aria-label": "Every value of every run" },
    h(
      "table",
      { class: "numbers", id: "summary" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "Key"),
          runs.map(({ label, hue }) => h("th", { scope: "col" }, swatch(hue), label)),
          h("th", { scope: "col", class: "text" }, "What it is"),
        ),
      ),
      parts.map(([title, keys]) =>
        h(
          "tbody",
          {},
          h(
            "tr",
            { class: "part" },
            h("th", { scope: "rowgroup", colspan: runs.length + 2 }, title),
          ),
          keys.map((key) => summaryRow(runs, key)),
        ),
      ),
    ),
  );
}

function summaryRow(runs: readonly Opened[], { name, unit, formula, nullWhen }: Key): HTMLElement {
  const none = nullWhen === "never" ? "" : `; none when ${nullWhen}`;
  return h(
    "tr",
    { "data-key": name },
    h("th", { scope: "row" }, name, h("small", {}, ` ${unit}`)),
    runs.map(({ view }) => h("td", {}, written(view.summary[name] ?? null, name))),
    h("td", { class: "text faint" }, code(formula + none)),
  );
}

function written(value: SummaryValue, key: string): Child {
  if (value === null) return NONE;
  if (typeof value === "boolean") return value ? "yes" : "no";
  // A point in time is no amount: without separators it can be copied and searched for.
  if (typeof value === "number") return key.startsWith("window_") ? String(value) : number(value);
  if (typeof value === "string") return value;
  const lines = Array.isArray(value)
    ? value
    : Object.entries(value).flatMap(([name, count]) =>
        count === 0 ? [] : [`${name}: ${number(count)}`],
      );
  return lines.length === 0 ? "none" : lines.map((line) => h("div", {}, line));
}

/** Text with what stands between backticks as code. */
function code(text: string): Child {
  return text.split("`").map((part, i) => (i % 2 === 1 ? h("code", {}, part) : part));
}

/** What the files held that could not be used: file, lines, reason. */
export function problemsTable(runs: readonly Opened[]): HTMLElement {
  const rows = runs.flatMap((run) =>
    problemRows(run.view).map(({ file, what, rows, lines }) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, swatch(run.hue), run.label),
        h("td", { class: "text" }, file),
        h("td", { class: "text" }, what),
        h("td", {}, rows === null ? "" : number(rows)),
        h(
          "td",
          { class: "text faint" },
          lines.slice(0, 12).join(", ") + (lines.length > 12 ? ", …" : ""),
        ),
      ),
    ),
  );
  if (rows.length === 0) {
    return h("p", { id: "problems" }, "Every row of every file was used.");
  }
  const heads = ["Run", "File", "What", "Rows", "First lines"].map((name) =>
    h("th", { scope: "col", class: name === "Rows" ? undefined : "text" }, name),
  );
  return h(
    "div",
    { class: "scroll", role: "region", tabindex: 0, "aria-label": "Problems" },
    h(
      "table",
      { class: "numbers", id: "problems" },
      h("thead", {}, h("tr", {}, heads)),
      h("tbody", {}, rows),
    ),
  );
}

/** What a reader should know before believing a number. */
export function notesOf(runs: readonly Opened[]): HTMLElement {
  const texts = runs.flatMap(({ label, view: { summary } }) => {
    const list = (key: string): string[] => {
      const value = summary[key];
      return Array.isArray(value) ? value : [];
    };
    const used = list("labels_used");
    return [
      ...list("notes").map((note) => `${label}: ${note}`),
      ...(used.length > 0 ? [`${label}: counters read from ${used.join("; ")}`] : []),
    ];
  });
  const about = [
    "Rates are one point a second, at the middle of the second. A second of which less than half was " +
      "measured has none; of the others the rate is over what was measured. A last one that is shorter has a ring.",
    "Times are seconds since the start of each run's own window. Long lines are thinned for display: " +
      "the least and largest of each stretch stay. The tables are computed from everything.",
  ];
  return h(
    "ul",
    { class: "notes" },
    [...texts, ...about].map((text) => h("li", {}, text)),
  );
}

/** The colour of a run. */
export function swatch(hue: number): HTMLElement {
  return h("span", { class: `swatch hue-${hue % 7}`, "aria-hidden": "true" });
}
