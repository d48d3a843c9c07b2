import { h } from "../ui/dom";
import { bytes, counted, number } from "../ui/format";
import { type Opened, problemRows, type Side } from "./opened";
import { swatch } from "./tables";
import { profileOf } from "./view";

/** What can be done with a run of the list. */
export interface ListActions {
  chooseSide(run: Opened, side: Side): void;
  show(run: Opened, shown: boolean): void;
  remove(run: Opened): void;
}

/** The open runs, with their sides. */
export function runList(runs: readonly Opened[], actions: ListActions): HTMLElement {
  return h(
    "ul",
    { class: "runs" },
    runs.map((run) => runRow(run, actions)),
  );
}

function runRow(run: Opened, actions: ListActions): HTMLElement {
  const { label, hue, view, side, shown } = run;
  const box = h("input", {
    type: "checkbox",
    checked: shown,
    onchange: (event: Event) => actions.show(run, (event.target as HTMLInputElement).checked),
  });
  const sides: readonly (readonly [Side, string])[] = [
    ["A", "A"],
    ["B", "B"],
    ["", "not compared"],
  ];
  const select = h(
    "select",
    {
      "aria-label": `Side of ${label} in the comparison`,
      onchange: (event: Event) =>
        actions.chooseSide(run, (event.target as HTMLSelectElement).value as Side),
    },
    sides.map(([value, text]) => h("option", { value, selected: value === side }, text)),
  );
  const problems = problemRows(view).reduce((sum, { rows }) => sum + (rows ?? 0), 0);
  return h(
    "li",
    { "data-run": label },
    h("label", { class: "run-name" }, box, swatch(hue), h("b", {}, label)),
    h(
      "span",
      { class: "faint run-about" },
      `${profileOf(view)} · ${number(Math.round(view.durationS * 10) / 10)} s · ${bytes(run.bytes)}`,
    ),
    problems > 0 &&
      h(
        "a",
        { href: "#problems-title", class: "badge unclear" },
        `⚠ ${counted(problems, "row")} with problems`,
      ),
    h("label", { class: "side" }, "Side ", select),
    h(
      "button",
      {
        type: "button",
        class: "tool",
        "aria-label": `Remove ${label}`,
        title: `Remove ${label}`,
        onclick: () => actions.remove(run),
      },
      "✕",
    ),
  );
}
