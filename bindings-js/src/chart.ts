import { StreamgaugeError } from "./errors.js";

/**
 * Columns as uPlot and other chart libraries take them: times in seconds, then each column with `null`,
 * which is a gap, for what is absent.
 *
 * @throws StreamgaugeError `invalid_argument` where lengths differ.
 */
export function chartData(
  timesUs: Float64Array,
  ...columns: readonly Float64Array[]
): [number[], ...(number | null)[][]] {
  const other = columns.findIndex((column) => column.length !== timesUs.length);
  if (other >= 0) {
    const message = `column ${other} has ${columns[other]?.length} items, expected ${timesUs.length}`;
    throw new StreamgaugeError("invalid_argument", message);
  }
  const drawn = (value: number) => (Number.isFinite(value) ? value : null);
  return [
    Array.from(timesUs, (us) => us / 1e6),
    ...columns.map((column) => Array.from(column, drawn)),
  ];
}
