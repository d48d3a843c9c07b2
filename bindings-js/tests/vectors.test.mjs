// The vectors of `tests/vectors`: operations in, results compared. Of an object only the expected keys
// are compared; integers are decimal strings, floats are compared by their bits.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import * as main from "streamgauge";
import * as rtp from "streamgauge/rtp";
import * as telemetry from "streamgauge/telemetry";

import { OPERATIONS, replay } from "./replay.mjs";

await Promise.all([main.init(), rtp.init(), telemetry.init()]);

/** Fewer than these would be an empty folder, or one that is not the folder. */
const AT_LEAST = 80;

const root = path.join(process.env.STREAMGAUGE_ROOT ?? "../..", "tests");
const read = (...name) => JSON.parse(readFileSync(path.join(root, ...name), "utf8"));
const skips = read("skips.json").js ?? {};
const names = readdirSync(path.join(root, "vectors"))
  .filter((file) => file.endsWith(".json"))
  .map((file) => file.slice(0, -".json".length));

test("there are vectors, and every skip is needed", () => {
  assert.ok(names.length - Object.keys(skips).length >= AT_LEAST, `${names.length} vectors`);
  for (const name of Object.keys(skips)) {
    assert.ok(names.includes(name), `${name} does not exist`);
    assert.ok(!runnable(read("vectors", `${name}.json`)), `${name} can be run`);
  }
});

/** Whether every operation is known and every integer of its arguments exact here. */
function runnable({ ops }) {
  return ops.every(({ op, args }) => OPERATIONS.includes(op) && !holds(args) && exact(args));
}

// Chunks are copies here: nothing is held from one read to the next, and no limit on it is reached.
const holds = (args) => args.max_held_bytes != null;

function exact(value) {
  if (typeof value === "string") return !/^-?\d+$/.test(value) || Number.isSafeInteger(+value);
  return value === null || typeof value !== "object" || Object.values(value).every(exact);
}

function same(got, expected, at) {
  if (Array.isArray(expected)) {
    assert.equal(got.length, expected.length, at);
    expected.forEach((item, i) => same(got[i], item, `${at}[${i}]`));
  } else if (expected !== null && typeof expected === "object") {
    for (const [key, item] of Object.entries(expected)) {
      assert.ok(Object.hasOwn(got, key), `${at}.${key} is not there`);
      same(got[key], item, `${at}.${key}`);
    }
  } else if (typeof got === "number" && typeof expected === "string") {
    assert.ok(Number.isSafeInteger(got), at);
    assert.equal(String(got), expected, at);
  } else {
    assert.ok(Object.is(got, expected), `${at} is ${JSON.stringify(got)}, expected ${expected}`);
  }
}

for (const name of names.filter((name) => !(name in skips))) {
  test(name, () => {
    const vector = read("vectors", `${name}.json`);
    assert.equal(vector.name, name);
    assert.ok(vector.ops.length === vector.expected.length && vector.ops.length > 0);
    const run = replay({ ...main, ...rtp, ...telemetry });
    vector.ops.forEach(({ op, args }, step) => {
      const at = `op ${step}, ${op}`;
      const expected = vector.expected[step];
      assert.ok(OPERATIONS.includes(op), `${at}: unknown`);
      let got;
      try {
        got = { ok: run(op, args) };
      } catch (error) {
        if (!(error instanceof main.StreamgaugeError)) throw error;
        got = { err: error.code };
      }
      if (expected === null) assert.ok(!("err" in got), `${at}: ${got.err}`);
      else same(got, expected, at);
    });
  });
}
