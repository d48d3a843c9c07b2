import { h } from "../ui/dom";
import type { ChartGroup } from "./group";

/** Buttons that move and zoom a group of charts. */
export function zoomButtons(group: ChartGroup): HTMLElement {
  const button = (name: string, sign: string, act: () => void): HTMLElement =>
    h(
      "button",
      { type: "button", class: "tool", "aria-label": name, title: name, onclick: act },
      sign,
    );
  return h(
    "div",
    { class: "tools", role: "group", "aria-label": "Time shown" },
    button("Earlier", "◀", () => group.panBy(-0.25)),
    button("Zoom in", "+", () => group.zoomBy(0.5)),
    button("Zoom out", "−", () => group.zoomBy(2)),
    button("Later", "▶", () => group.panBy(0.25)),
    button("All of the time", "All", () => group.reset()),
  );
}
