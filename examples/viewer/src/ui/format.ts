/** Values as people read them. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A dash: there is no value. Missing is not zero. */
export const NONE = "–";

/** A number with as many digits as tell something; `+` before what grew when `signed`. */
export function number(value: number | null, signed = false): string {
  if (value === null || Number.isNaN(value)) return NONE;
  const sign = value < 0 ? "−" : signed && value > 0 ? "+" : "";
  const size = Math.abs(value);
  if (Number.isInteger(size) || size >= 1000) return sign + whole.format(size);
  if (size >= 100) return sign + size.toFixed(1);
  if (size >= 10) return sign + size.toFixed(2);
  return sign + String(Number(size.toPrecision(4)));
}

/** A share in percent, to a tenth, or to a hundredth where it is small. */
export function percent(value: number | null, signed = false): string {
  if (value === null || Number.isNaN(value)) return NONE;
  const decimals = Math.abs(value) < 0.01 ? 2 : 1;
  const text = Number((Math.abs(value) * 100).toFixed(decimals)).toLocaleString("en");
  return `${value < 0 ? "−" : signed && value > 0 ? "+" : ""}${text} %`;
}

/** An amount of data. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let at = 0;
  while (count >= 1000 && at < units.length - 1) {
    count /= 1000;
    at++;
  }
  return `${at === 0 ? count : count.toFixed(count < 10 ? 1 : 0)} ${units[at]}`;
}

/** `1 row`, `2 rows` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** `a, b, c and 4 more` */
export function listing(names: readonly string[], most = 3): string {
  const more = names.length - most;
  return names.slice(0, most).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
