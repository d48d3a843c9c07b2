// Summaries of the shared runs in Node and in Chromium: those that Python gives, to the bit.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";

import * as slim from "streamgauge/slim";
import * as full from "streamgauge";

import { launch, serve } from "./chromium.mjs";
import { answers } from "./summaries.mjs";

const data = path.join(process.env.STREAMGAUGE_ROOT, "tests/data");
// What is NaN in the script's terms is null here.
const expected = JSON.parse(
  (await readFile(path.join(data, "summaries.json"), "utf8")).replaceAll(/\bNaN\b/g, "null"),
);
const FILES = { frames: "frames.csv", prom: "prom.tsv", events: "events.csv", meta: "meta.env" };

async function filesOf(run) {
  const read = async ([file, name]) => [file, await readFile(path.join(data, run, name), "base64")];
  return Object.fromEntries(await Promise.all(Object.entries(FILES).map(read)));
}

/** `deepEqual` of node:assert/strict takes numbers as `Object.is` does: by their bits. */
function same(found, run) {
  for (const [mode, summary] of Object.entries(expected[run])) {
    assert.ok(Object.keys(summary).length > 10);
    for (const [key, value] of Object.entries(summary)) {
      assert.deepStrictEqual(found[mode][key], value, `${run} ${mode} ${key}`);
    }
  }
}

test("in Node", async () => {
  await Promise.all([slim.init(), full.init()]);
  assert.ok(Object.keys(expected).length >= 12);
  for (const run of Object.keys(expected)) {
    for (const api of [slim, full]) same(await answers(api, await filesOf(run)), run);
  }
});

test("in Chromium", async () => {
  const pages = { "/": "<!doctype html><title>summaries</title>" };
  const [server, browser] = [await serve(import.meta.dirname, { pages }), await launch()];
  try {
    const page = await browser.page();
    await page.goto(`${server.origin}/`);
    for (const run of Object.keys(expected)) {
      const found = await page.evaluate(
        async (files) => {
          const { answers } = await import("/summaries.mjs");
          const api = await import("/node_modules/streamgauge/dist/slim.js");
          await api.init();
          return answers(api, files);
        },
        await filesOf(run),
      );
      same(found, run);
    }
  } finally {
    await browser.close();
    await server.close();
  }
});
