// The same cases in headless Chromium, with the package as a plain web server serves it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { fullCases, runCases } from "./cases.mjs";
import { launch, serve } from "./chromium.mjs";
import { liveCases } from "./live_cases.mjs";
import { seriesCases } from "./series_cases.mjs";
import { names, skips, vector } from "./vectors.mjs";
import { webrtcCases } from "./webrtc_cases.mjs";
import { workerCases } from "./worker_cases.mjs";

let server, browser, page;

before(async () => {
  const pages = { "/": "<!doctype html><title>test</title>" };
  server = await serve(import.meta.dirname, { pages });
  browser = await launch();
  page = await browser.page();
  await page.goto(`${server.origin}/`);
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** Runs `body` in the page with the entries, loaded, as one; an exception there fails the test here. */
async function inPage(entries, body, ...args) {
  const load = `Promise.all(${JSON.stringify(entries)}.map(async (entry) => {
    const module = await import("/node_modules/streamgauge/dist/" + entry + ".js");
    await module.init?.();
    return module;
  })).then((modules) => Object.assign({}, ...modules))`;
  const all = args.map((arg) => JSON.stringify(arg)).join();
  return page.evaluate(`${load}.then((api) => (${body})(api, ${all}))`);
}

async function runCase(api, file, group, name) {
  const cases = await import(`/${file}.mjs`);
  const equal = (a, b) => {
    if (!Object.is(a, b)) throw new Error(`${String(a)} is not ${String(b)}`);
  };
  await cases[group][name](api, { equal });
  return "done";
}

const groups = [
  ["full", ["index"], "cases", "runCases", runCases],
  ["slim", ["slim"], "cases", "runCases", runCases],
  ["full", ["index"], "cases", "fullCases", fullCases],
  ["live", ["rtp", "telemetry"], "live_cases", "liveCases", liveCases],
  ["series", ["series", "audience"], "series_cases", "seriesCases", seriesCases],
  ["webrtc", ["webrtc"], "webrtc_cases", "webrtcCases", webrtcCases],
  ["worker", ["worker"], "worker_cases", "workerCases", workerCases],
];
for (const [title, entries, file, group, cases] of groups) {
  for (const name of Object.keys(cases)) {
    test(`${title}: ${name}`, async () => {
      assert.equal(await inPage(entries, runCase, file, group, name), "done");
    });
  }
}

async function runVectors(api, vectors) {
  const { replay } = await import("/replay.mjs");
  return vectors.map((vector) => {
    try {
      return replay(api, vector) ?? "done";
    } catch (error) {
      return `${vector.name}: ${error.message}`;
    }
  });
}

test("the vectors", async () => {
  const vectors = names.filter((name) => !(name in skips)).map(vector);
  const entries = ["index", "rtp", "telemetry", "series", "audience", "webrtc"];
  const done = await inPage(entries, runVectors, vectors);
  assert.deepEqual(
    done.filter((result) => result !== "done"),
    [],
  );
  assert.equal(done.length, vectors.length);
});
