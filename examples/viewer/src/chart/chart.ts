import uPlot from "uplot";

import { css, h } from "../ui/dom";
import { NONE } from "../ui/format";
import { drawBursts, drawClipped, drawMarks, drawStrip, HUES, hueColour } from "./draw";
import type { ChartGroup } from "./group";
import { isStrip, type Line, type Panel } from "./panel";
import { thin } from "./thin";

/** Of a longer line the least and largest of each stretch are drawn. */
const POINTS_MAX = 4000;

/** One chart of a group. */
export class Chart {
  readonly #group: ChartGroup;
  readonly #host: HTMLElement;
  readonly #plot: uPlot;
  readonly #resized: ResizeObserver;
  #panel: Panel;
  #selecting = false;
  /** By line: there are too many points to draw each. */
  #thinned: boolean[] = [];

  constructor(group: ChartGroup, key: string, panel: Panel, { host, legend }: Place) {
    this.#group = group;
    this.#host = host;
    this.#panel = panel;
    this.#plot = new uPlot(this.#options(key, legend), this.#data(), host);
    host.addEventListener("keydown", this.#onKey);
    this.#plot.over.addEventListener("wheel", this.#onWheel, { passive: false });
    touchZoom(this.#plot, group);
    this.#resized = new ResizeObserver(() => {
      const width = host.clientWidth;
      if (width > 0 && width !== this.#plot.width) {
        this.#plot.setSize({ width, height: this.#plot.height });
      }
    });
    this.#resized.observe(host);
  }

  get panel(): Panel {
    return this.#panel;
  }

  /** What is drawn. */
  get canvas(): HTMLCanvasElement {
    return this.#plot.ctx.canvas;
  }

  /** Takes other values for the same lines; the group draws them. */
  update(panel: Panel): void {
    this.#panel = panel;
  }

  /** Shows the group's range. */
  follow(): void {
    const { min, max } = this.#group.range;
    this.#plot.batch(() => {
      this.#plot.setData(this.#data(), false);
      this.#plot.setScale("x", { min, max });
    });
  }

  /** Shows or hides the lines of a hue. */
  toggle(hue: number, show: boolean): void {
    this.#plot.batch(() => {
      for (const [i, line] of this.#panel.lines.entries()) {
        if (line.hue === hue) this.#plot.setSeries(i + 1, { show });
      }
    });
  }

  redraw(): void {
    this.#plot.redraw(false);
  }

  /** Takes it down; its place can be used again. */
  destroy(): void {
    this.#resized.disconnect();
    this.#host.removeEventListener("keydown", this.#onKey);
    this.#plot.destroy();
  }

  #data(): uPlot.AlignedData {
    const { min, max } = this.#group.range;
    const tables = this.#panel.lines.map(({ series }, line): uPlot.AlignedData => {
      const { t, v, thinned } = thin(series, min, max, POINTS_MAX);
      this.#thinned[line] = thinned;
      // uPlot knows a gap as null.
      return [t, Array.from(v, (value) => (Number.isNaN(value) ? null : value))];
    });
    return tables.length === 1 && tables[0] !== undefined ? tables[0] : uPlot.join(tables);
  }

  #options(key: string, legend: HTMLElement): uPlot.Options {
    const { kind, lines, height, limit, timeAxis = false, namesMarks = false } = this.#panel;
    const strip = isStrip(this.#panel);
    const axis: uPlot.Axis = {
      stroke: () => css("--faint"),
      font: "12px system-ui, sans-serif",
      grid: { stroke: () => css("--line"), width: 1 },
      ticks: { show: false },
    };
    return {
      width: this.#host.clientWidth || 600,
      height,
      padding: [8, 8, timeAxis ? 0 : 6, 0],
      scales: {
        x: { time: false, range: () => [this.#group.range.min, this.#group.range.max] },
        y: {
          range: (_, min, max) => {
            if (strip || min === null || max === null) return [0, 1];
            return [Math.min(0, min * 1.05), Math.min(Math.max(max * 1.06, 1), limit ?? Infinity)];
          },
        },
      },
      axes: [
        {
          ...axis,
          show: timeAxis,
          size: 30,
          values: (_, ticks) => ticks.map((t) => `${t.toLocaleString("en")} s`),
        },
        {
          ...axis,
          size: 46,
          gap: 6,
          grid: { ...axis.grid, show: !strip },
          ...(strip ? { values: () => [] } : {}),
        },
      ],
      series: [{}, ...lines.map((line): uPlot.Series => this.#series(line))],
      legend: {
        mount: (_, table) => legend.append(table),
        markers: { width: 0, fill: (_, i) => legendMark(lines[i - 1]) },
      },
      cursor: {
        sync: { key, scales: ["x", null] },
        drag: { x: true, y: false, dist: 4, setScale: false },
        points: { show: kind !== "points" && !strip, size: 7 },
        dataIdx: (u, index, hovered, at) =>
          index === 0 ? hovered : nearest(u, index, hovered, at, this.#panel.reachS),
        bind: {
          mousedown: (_, __, handler) => (event) => {
            // The other charts show the selection too, but it is this one's.
            this.#selecting = !event.shiftKey;
            if (event.shiftKey) this.#startPan(event);
            else handler(event);
            return null;
          },
          dblclick: () => () => {
            this.#group.reset();
            return null;
          },
        },
      },
      hooks: {
        drawClear: [(u) => drawBursts(u, this.#group.scene)],
        draw: [
          (u) => (strip ? drawStrip(u, this.#panel) : drawClipped(u, this.#panel)),
          (u) => drawMarks(u, this.#group.scene, namesMarks),
        ],
        setSelect: [(u) => this.#zoomToSelection(u)],
        setCursor: [(u) => this.#tellTime(u)],
      },
    };
  }

  #series({ label, hue, dash, partial = false }: Line): uPlot.Series {
    const { kind, unit } = this.#panel;
    const decimals = kind === "spans" ? 2 : 1;
    const number = new Intl.NumberFormat("en", { maximumFractionDigits: decimals });
    const colour = (): string => hueColour(hue);
    const series: uPlot.Series = {
      label,
      stroke: colour,
      width: 1.75,
      value: (u, value: number | null) => {
        if (value === null) return (u.cursor.left ?? -1) < 0 ? "" : NONE;
        return `${number.format(value)} ${unit}`;
      },
      points: { show: false },
    };
    if (dash !== undefined) series.dash = [...dash];
    if (kind !== "lines") series.paths = () => null;
    if (kind === "points") {
      // The least and the largest of each stretch, as dots, would look as if nothing lay between them.
      const thinned = (index: number): boolean => this.#thinned[index - 1] ?? false;
      const linear = uPlot.paths.linear?.();
      series.paths = (u, index, from, to) =>
        thinned(index) ? (linear?.(u, index, from, to) ?? null) : null;
      series.stroke = () => `${colour()}b0`;
      series.points = {
        show: (_, index) => !thinned(index),
        size: 3.6,
        width: 0,
        fill: () => `${colour()}b0`,
      };
    } else if (kind === "lines") {
      const filter = (u: uPlot, index: number) => marked(u, index, partial);
      series.points = { show: true, size: 6, width: 1.6, fill: () => css("--paper"), filter };
    }
    return series;
  }

  #zoomToSelection(u: uPlot): void {
    const { left, width } = u.select;
    if (width <= 0 || !this.#selecting) return;
    this.#selecting = false;
    this.#group.zoomTo(u.posToVal(left, "x"), u.posToVal(left + width, "x"));
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  #tellTime(u: uPlot): void {
    const left = u.cursor.left ?? -1;
    this.#group.cursorAt(left < 0 ? null : u.posToVal(left, "x"));
  }

  /** With Shift, dragging moves. */
  #startPan(event: MouseEvent): void {
    const { min, max } = this.#group.range;
    const perPixel = (max - min) / this.#plot.over.clientWidth;
    const move = (moved: MouseEvent): void => {
      const by = (event.clientX - moved.clientX) * perPixel;
      this.#group.zoomTo(min + by, max + by);
    };
    const ended = new AbortController();
    addEventListener("mousemove", move, { signal: ended.signal });
    addEventListener("mouseup", () => ended.abort(), { signal: ended.signal });
    event.preventDefault();
  }

  readonly #onWheel = (event: WheelEvent): void => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.#group.zoomBy(event.deltaY < 0 ? 0.8 : 1.25, this.#plot.posToVal(event.offsetX, "x"));
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const group = this.#group;
    const actions: Record<string, () => void> = {
      "+": () => group.zoomBy(0.5),
      "=": () => group.zoomBy(0.5),
      "-": () => group.zoomBy(2),
      0: () => group.reset(),
      Escape: () => group.reset(),
      ArrowLeft: () => (event.shiftKey ? group.panBy(-0.2) : this.#moveCursor(-1)),
      ArrowRight: () => (event.shiftKey ? group.panBy(0.2) : this.#moveCursor(1)),
    };
    const action = actions[event.key];
    if (action === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    action();
  };

  #moveCursor(direction: number): void {
    const { cursor, over } = this.#plot;
    const width = over.clientWidth;
    const from = cursor.left ?? -1;
    const left = from >= 0 ? from + (direction * width) / 100 : width / 2;
    const inside = Math.min(Math.max(left, 0), width);
    // The types leave out the last argument, which tells the other charts.
    type Set = (at: { left: number; top: number }, fire: boolean, publish: boolean) => void;
    const setCursor: Set = this.#plot.setCursor;
    setCursor({ left: inside, top: over.clientHeight / 2 }, true, true);
  }
}

/** Where a chart comes. */
export interface Place {
  host: HTMLElement;
  legend: HTMLElement;
}

/** A box with the title of a panel; the place for its chart is in it, unless there is nothing to draw. */
export function panelBox(panel: Panel): { box: HTMLElement; place: Place | null } {
  const { id, title, note, lines, nothing } = panel;
  const strip = isStrip(panel) ? " strip" : "";
  const keys = "Arrow keys move the cursor, + and − zoom, 0 shows everything.";
  const place = {
    host: h("div", {
      class: "chart",
      id: `chart-${id}`,
      tabindex: 0,
      role: "group",
      "aria-label": `${title}, chart. ${keys}`,
    }),
    legend: h("div", { class: "legend" }),
  };
  const aside = note !== undefined && h("span", { class: "faint" }, note);
  const head = h("div", { class: "panel-head" }, h("h3", {}, title), aside, place.legend);
  const drawn = lines.length > 0;
  const body = drawn ? place.host : h("p", { class: "none" }, nothing);
  return { box: h("section", { class: `panel${strip}` }, head, body), place: drawn ? place : null };
}

/** A line's mark in the legend. By custom properties: it follows the theme by itself. */
function legendMark(line: Line | undefined): string {
  const colour = `var(--hue-${(line?.hue ?? 0) % HUES})`;
  const [dash, gap] = line?.dash ?? [];
  if (dash === undefined || gap === undefined) return colour;
  return `repeating-linear-gradient(90deg, ${colour} 0 ${dash}px, transparent 0 ${dash + gap}px)`;
}

/**
 * Joined lines have a hole at each time that is only another's: the value under the cursor is the
 * nearest one of its own, unless that is too far away to be meant.
 */
function nearest(
  u: uPlot,
  series: number,
  index: number,
  at: number,
  reachS: number,
): number | null {
  const times = u.data[0];
  const values = u.data[series] ?? [];
  let [left, right] = [index, index];
  while (left >= 0 && (values[left] ?? null) === null) left--;
  while (right < values.length && (values[right] ?? null) === null) right++;
  const distance = (i: number): number =>
    (values[i] ?? null) === null ? Infinity : Math.abs((times[i] ?? NaN) - at);
  const best = distance(left) <= distance(right) ? left : right;
  const reach = Math.max(reachS, u.posToVal(10, "x") - u.posToVal(0, "x"));
  return distance(best) <= reach ? best : null;
}

/**
 * Points of a line that get a marker: those between two gaps, which have no line, and a last one that
 * stands for less. Holes of the join are undefined, gaps are null.
 */
function marked(u: uPlot, series: number, partial: boolean): number[] {
  const values = u.data[series] ?? [];
  const own = [...values.keys()].filter((i) => values[i] !== undefined);
  const empty = (i: number | undefined): boolean => i === undefined || values[i] === null;
  const last = partial ? own.at(-1) : -1;
  return own.filter(
    (i, n) => !empty(i) && (i === last || (empty(own[n - 1]) && empty(own[n + 1]))),
  );
}

/** Two fingers zoom; one goes on scrolling the page. */
function touchZoom(u: uPlot, group: ChartGroup): void {
  const pinch = (event: TouchEvent): { centre: number; width: number } | null => {
    const [one, two] = [event.touches[0], event.touches[1]];
    if (one === undefined || two === undefined) return null;
    const left = u.over.getBoundingClientRect().left;
    return {
      centre: (one.clientX + two.clientX) / 2 - left,
      width: Math.max(Math.abs(one.clientX - two.clientX), 10),
    };
  };
  let start: { at: number; width: number; min: number; max: number } | null = null;
  u.over.addEventListener(
    "touchstart",
    (event) => {
      const fingers = pinch(event);
      if (fingers === null) return;
      event.preventDefault();
      start = { at: u.posToVal(fingers.centre, "x"), width: fingers.width, ...group.range };
    },
    { passive: false },
  );
  u.over.addEventListener(
    "touchmove",
    (event) => {
      const fingers = pinch(event);
      if (fingers === null || start === null) return;
      event.preventDefault();
      const span = ((start.max - start.min) * start.width) / fingers.width;
      const min = start.at - (fingers.centre / u.over.clientWidth) * span;
      group.zoomTo(min, min + span);
    },
    { passive: false },
  );
  u.over.addEventListener("touchend", () => void (start = null));
}
