import { Chart, type Place } from "./chart";
import type { Panel, Scene } from "./panel";

/** Charts over one range of time: what one of them is zoomed to, all are. */
export class ChartGroup {
  readonly #charts: Chart[] = [];
  readonly #key: string;
  #scene: Scene = { from: 0, to: 1, bursts: [], marks: [] };
  #full = { min: 0, max: 1 };
  #range = this.#full;
  /** Everything is shown, also what is yet to come. */
  #all = true;
  readonly #told: (atS: number | null) => void;

  /** Charts that share `key` share a cursor; `told` gets the time under it. */
  constructor(key: string, told: (atS: number | null) => void) {
    this.#key = key;
    this.#told = told;
  }

  get charts(): readonly Chart[] {
    return this.#charts;
  }

  get scene(): Scene {
    return this.#scene;
  }

  /** What is shown of the time. */
  get range(): Readonly<{ min: number; max: number }> {
    return this.#range;
  }

  /** Draws `panel`. */
  add(panel: Panel, place: Place): void {
    this.#charts.push(new Chart(this, this.#key, panel, place));
  }

  /** A chart says where its cursor is. */
  cursorAt(atS: number | null): void {
    this.#told(atS);
  }

  /** Takes every chart down. */
  clear(): void {
    for (const chart of this.#charts.splice(0)) chart.destroy();
  }

  /** Shows all of another span of time, or goes on with it where all was shown before. */
  show(scene: Scene): void {
    const all = this.#all;
    const span = scene.to - scene.from || 1;
    this.#scene = scene;
    this.#full = { min: scene.from - 0.005 * span, max: scene.to + 0.005 * span };
    if (all) this.reset();
    else this.zoomTo(this.#range.min, this.#range.max);
  }

  /** Shows everything. */
  reset(): void {
    this.zoomTo(this.#full.min, this.#full.max);
  }

  /** Shows what lies between `min` and `max`, as far as there is something. */
  zoomTo(min: number, max: number): void {
    const width = Math.min(Math.max(max - min, SHORTEST_S), this.#full.max - this.#full.min);
    const from = Math.min(Math.max(min, this.#full.min), this.#full.max - width);
    this.#range = { min: from, max: from + width };
    this.#all = width === this.#full.max - this.#full.min;
    for (const chart of this.#charts) chart.follow();
  }

  /** Zooms around `at`, or the middle. */
  zoomBy(factor: number, at?: number): void {
    const { min, max } = this.#range;
    const centre = at ?? (min + max) / 2;
    this.zoomTo(centre - (centre - min) * factor, centre + (max - centre) * factor);
  }

  /** Moves by a share of what is shown. */
  panBy(share: number): void {
    const by = (this.#range.max - this.#range.min) * share;
    this.zoomTo(this.#range.min + by, this.#range.max + by);
  }

  /** Draws again in the colours that the page has now. */
  recolour(): void {
    for (const chart of this.#charts) chart.redraw();
  }
}

/** No shorter span can be zoomed to. */
const SHORTEST_S = 0.01;
