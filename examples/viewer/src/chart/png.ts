import { css } from "../ui/dom";
import { hueColour } from "./draw";
import type { ChartGroup } from "./group";
import { isStrip } from "./panel";

/** What stands above the charts in a picture. */
export interface Caption {
  title: string;
  subtitle: string;
  legend: readonly { label: string; hue: number }[];
}

const MARGIN = 24;
const HEAD = 84;
const TITLE = 26;

/** The charts below one another as one picture, in the page's colours. */
export async function pngOf(group: ChartGroup, caption: Caption): Promise<Blob> {
  const charts = group.charts;
  const scale = devicePixelRatio;
  const width = Math.max(...charts.map(({ canvas }) => canvas.width / scale), 320) + 2 * MARGIN;
  const heights = charts.map(({ canvas }) => canvas.height / scale + TITLE);
  const height = HEAD + heights.reduce((sum, one) => sum + one, 0) + MARGIN;
  const canvas = document.createElement("canvas");
  canvas.width = width * scale;
  canvas.height = height * scale;
  const ctx = canvas.getContext("2d");
  if (ctx === null) throw new Error("the browser gives no canvas to draw on");
  ctx.scale(scale, scale);
  ctx.fillStyle = css("--paper");
  ctx.fillRect(0, 0, width, height);
  const text = (what: string, x: number, y: number, font: string, colour: string): number => {
    ctx.font = `${font} system-ui, sans-serif`;
    ctx.fillStyle = colour;
    ctx.fillText(what, x, y);
    return ctx.measureText(what).width;
  };
  text(caption.title, MARGIN, 32, "600 18px", css("--ink"));
  text(caption.subtitle, MARGIN, 52, "13px", css("--faint"));
  let x = MARGIN;
  for (const { label, hue } of caption.legend) {
    ctx.fillStyle = hueColour(hue);
    ctx.fillRect(x, 69, 18, 4);
    x += 24 + text(label, x + 24, 75, "13px", css("--ink")) + 20;
  }
  let y = HEAD;
  for (const [i, { canvas: drawn, panel }] of charts.entries()) {
    const size = isStrip(panel) ? "13px" : "600 13.5px";
    text(panel.title, MARGIN, y + 18, size, css(isStrip(panel) ? "--faint" : "--ink"));
    ctx.drawImage(drawn, MARGIN, y + TITLE, drawn.width / scale, drawn.height / scale);
    y += heights[i] ?? 0;
  }
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error("the picture is too large for the browser"));
      else resolve(blob);
    }, "image/png"),
  );
}
