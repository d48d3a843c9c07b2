import { css } from "../ui/dom";
import { hueColour } from "./draw";
import type { ChartGroup } from "./group";
import { isStrip, type Panel } from "./panel";

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
  // Where the style of a line tells the quantity, each line is named; from the right.
  const lineKey = ({ lines }: Panel, right: number, y: number): void => {
    let end = right;
    for (const { label, hue, dash = [] } of [...lines].reverse()) {
      ctx.font = "12px system-ui, sans-serif";
      end -= ctx.measureText(label).width;
      text(label, end, y, "12px", css("--faint"));
      ctx.strokeStyle = hueColour(hue);
      ctx.lineWidth = 2;
      ctx.setLineDash([...dash]);
      ctx.beginPath();
      ctx.moveTo(end - 26, y - 4);
      ctx.lineTo(end - 6, y - 4);
      ctx.stroke();
      end -= 40;
    }
  };
  let y = HEAD;
  for (const [i, { canvas: drawn, panel }] of charts.entries()) {
    const size = isStrip(panel) ? "13px" : "600 13.5px";
    const colour = css(isStrip(panel) ? "--faint" : "--ink");
    const title = text(panel.title, MARGIN, y + 18, size, colour);
    text(panel.note ?? "", MARGIN + title + 10, y + 18, "12px", css("--faint"));
    if (panel.lines.some(({ dash }) => dash !== undefined)) lineKey(panel, width - MARGIN, y + 18);
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
