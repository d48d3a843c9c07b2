import assert from "node:assert/strict";
import test from "node:test";

import * as main from "streamgauge";
import * as audience from "streamgauge/audience";
import * as rtp from "streamgauge/rtp";
import * as series from "streamgauge/series";
import * as telemetry from "streamgauge/telemetry";
import * as webrtc from "streamgauge/webrtc";

import { replay, runnable } from "./replay.mjs";
import { names, skips, vector } from "./vectors.mjs";

await Promise.all([main.init(), rtp.init(), series.init(), webrtc.init()]);

/** Fewer than these would be an empty folder, or one that is not the folder. */
const AT_LEAST = 80;

test("there are vectors, and every skip is needed", () => {
  assert.ok(names.length - Object.keys(skips).length >= AT_LEAST, `${names.length} vectors`);
  for (const name of Object.keys(skips)) {
    assert.ok(names.includes(name), `${name} does not exist`);
    assert.ok(!runnable(vector(name)), `${name} can be run`);
  }
});

for (const name of names.filter((name) => !(name in skips))) {
  test(name, () => {
    const found = vector(name);
    assert.equal(found.name, name);
    replay({ ...main, ...rtp, ...telemetry, ...series, ...audience, ...webrtc }, found);
  });
}

test("a wrong answer is found", () => {
  const spoiled = vector("T36_quantile_methods");
  spoiled.expected = spoiled.expected.map(() => ({ ok: { value: 1.5e300 } }));
  assert.throws(() => replay({ ...main, ...series }, spoiled), /op 0, quantile\.ok\.value is/);
});
