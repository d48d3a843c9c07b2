import type { Series } from "../run/view";

/** Points for display. */
export interface Drawn extends Series {
  /** They stand for more. */
  thinned: boolean;
}

/**
 * At most about `points` of what lies between `from` and `to`, and one point on either side: the least
 * and the largest value of each stretch of time, so that no peak is lost. For display only.
 */
export function thin(series: Series, from: number, to: number, points: number): Drawn {
  const { t, v } = series;
  const first = Math.max(firstAtOrAfter(t, from) - 1, 0);
  const end = Math.min(firstAtOrAfter(t, to) + 1, t.length);
  const count = end - first;
  if (count <= points) {
    return { t: t.subarray(first, end), v: v.subarray(first, end), thinned: false };
  }
  const width = Math.ceil((count * 2) / points);
  const kept: number[] = [];
  for (let start = first; start < end; start += width) {
    // A stretch without any value is a gap, and stays one: its first point.
    let [low, high] = [start, start];
    for (let i = start + 1; i < Math.min(start + width, end); i++) {
      const value = v[i] ?? NaN;
      if (!(value >= (v[low] ?? NaN))) low = Number.isNaN(value) ? low : i;
      if (!(value <= (v[high] ?? NaN))) high = Number.isNaN(value) ? high : i;
    }
    kept.push(...(low === high ? [low] : low < high ? [low, high] : [high, low]));
  }
  const at = new Uint32Array(kept);
  return {
    t: Float64Array.from(at, (i) => t[i] ?? NaN),
    v: Float64Array.from(at, (i) => v[i] ?? NaN),
    thinned: true,
  };
}

/** The index of the first time that is not before `at`. */
function firstAtOrAfter(t: Float64Array, at: number): number {
  let [low, high] = [0, t.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((t[middle] ?? Infinity) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
