/** What uPlot does not draw by itself: shades, marks, arrows and strips. */

import type uPlot from "uplot";

import { css } from "../ui/dom";
import type { Panel, Scene } from "./panel";

/** The colour of a hue in the page's theme. */
export function hueColour(hue: number): string {
  return css(`--hue-${hue % HUES}`);
}

/** As many hues can be told apart. */
export const HUES = 7;

/** Shades the bursts. */
export function drawBursts(u: uPlot, { bursts }: Scene): void {
  inPlot(u, (ctx, { left, top, width, height }) => {
    ctx.fillStyle = css("--burst");
    for (const [from, to] of bursts) {
      const start = Math.max(left, u.valToPos(from, "x", true));
      const end = Math.min(left + width, u.valToPos(to, "x", true));
      if (end > start) ctx.fillRect(start, top, end - start, height);
    }
  });
}

/** Draws the marks as dotted lines, with their names when `named`. */
export function drawMarks(u: uPlot, { marks }: Scene, named: boolean): void {
  inPlot(u, (ctx, { left, top, width, height }) => {
    const scale = devicePixelRatio;
    ctx.font = `${11 * scale}px system-ui, sans-serif`;
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    // Names stand in rows; where every row is taken the line has to do.
    const free = [-Infinity, -Infinity, -Infinity];
    for (const { atS, name, hue } of marks) {
      const x = u.valToPos(atS, "x", true);
      if (x < left || x > left + width) continue;
      ctx.strokeStyle = ctx.fillStyle = hueColour(hue);
      ctx.setLineDash([2 * scale, 3 * scale]);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
      ctx.stroke();
      const row = free.findIndex((from) => x >= from);
      if (!named || row < 0) continue;
      const text = name.length > 24 ? `${name.slice(0, 23)}…` : name;
      ctx.fillText(text, x + 4 * scale, top + (2 + 13 * row) * scale);
      free[row] = x + ctx.measureText(text).width + 8 * scale;
    }
  });
}

/** An arrow at the upper end for each value above the panel's limit. */
export function drawClipped(u: uPlot, { lines, limit }: Panel): void {
  if (limit === undefined) return;
  inPlot(u, (ctx, { left, top, width }) => {
    const size = 4 * devicePixelRatio;
    eachPoint(u, (index, at, value) => {
      const x = u.valToPos(at, "x", true);
      if (value <= limit || x < left || x > left + width) return;
      ctx.fillStyle = hueColour(lines[index]?.hue ?? 0);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x - size, top + 1.6 * size);
      ctx.lineTo(x + size, top + 1.6 * size);
      ctx.fill();
    });
  });
}

/** A row for each line, with ticks or spans. */
export function drawStrip(u: uPlot, { lines, kind }: Panel): void {
  inPlot(u, (ctx, { top, height }) => {
    const row = height / lines.length;
    eachPoint(u, (index, at, value) => {
      const left = u.valToPos(at, "x", true);
      const right = kind === "spans" ? u.valToPos(at + value, "x", true) : left;
      // One missing frame is a third of the row, seven and more all of it.
      const share = kind === "spans" ? 0.8 : Math.min(1, Math.max(1 / 3, Math.log2(1 + value) / 3));
      const tall = 0.88 * share * row;
      ctx.fillStyle = hueColour(lines[index]?.hue ?? 0);
      const bottom = top + row * (index + 0.94);
      ctx.fillRect(left, bottom - tall, Math.max(right - left, 1.3 * devicePixelRatio), tall);
    });
  });
}

/** Every value of the lines that are shown. */
function eachPoint(u: uPlot, each: (line: number, at: number, value: number) => void): void {
  const times = u.data[0];
  for (let line = 0; line + 1 < u.data.length; line++) {
    if (u.series[line + 1]?.show === false) continue;
    const values = u.data[line + 1] ?? [];
    for (let i = 0; i < times.length; i++) {
      const value = values[i];
      if (value !== null && value !== undefined) each(line, times[i] ?? NaN, value);
    }
  }
}

function inPlot(u: uPlot, draw: (ctx: CanvasRenderingContext2D, box: uPlot.BBox) => void): void {
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(left, top, width, height);
  u.ctx.clip();
  draw(u.ctx, u.bbox);
  u.ctx.restore();
}
