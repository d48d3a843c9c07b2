import { h } from "../ui/dom";
import type { CallSeries } from "./series";

/** What a tile says of a track: column, factor to the unit, name, unit. */
const FIGURES: readonly (readonly [column: string, factor: number, name: string, unit: string])[] =
  [
    ["wireBitrateBps", 1e-3, "Bitrate", "kbit/s"],
    ["frameRatePerS", 1, "Frame rate", "/s"],
    ["lossRatio", 100, "Lost", "%"],
    ["jitterUs", 1e-3, "Jitter", "ms"],
    ["rttUs", 1e-3, "Round trip", "ms"],
  ];

/** The latest values of each track. */
export function nowTiles(series: readonly CallSeries[]): HTMLElement[] {
  return series
    .filter(({ flow }) => flow !== "connection")
    .map(({ label, hue, flow, columns }) => {
      const rows = FIGURES.flatMap(([column, factor, name, unit]) => {
        const value = columns[column]?.at(-1) ?? NaN;
        if (Number.isNaN(value)) return [];
        const rounded = Number((value * factor).toPrecision(3)).toLocaleString("en");
        const amount = h("b", {}, rounded, h("small", {}, ` ${unit}`));
        return [h("li", {}, h("span", { class: "who" }, name), amount)];
      });
      const mark = h("span", { class: `swatch hue-${hue}`, "aria-hidden": "true" });
      const way = flow === "inbound" ? "received" : "sent";
      const none = h("li", { class: "faint" }, "not in the last report");
      return h(
        "section",
        { class: "tile" },
        h("h3", {}, mark, ` ${label}, ${way}`),
        h("ul", {}, rows.length > 0 ? rows : none),
      );
    });
}
