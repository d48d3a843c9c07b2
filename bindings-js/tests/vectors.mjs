// The vectors of `tests/vectors` that this package can run, and those that it need not.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(process.env.STREAMGAUGE_ROOT ?? "../..", "tests");
const read = (...name) => JSON.parse(readFileSync(path.join(root, ...name), "utf8"));

export const vector = (name) => read("vectors", `${name}.json`);
export const skips = read("skips.json").js ?? {};
export const names = readdirSync(path.join(root, "vectors"))
  .filter((file) => file.endsWith(".json"))
  .map((file) => file.slice(0, -".json".length));
