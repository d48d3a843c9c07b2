// The same cases in headless Chromium, with the package as a plain web server serves it.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { fullCases, runCases } from "./cases.mjs";
import { liveCases } from "./live_cases.mjs";

const TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
];

const tools = path.join(process.env.STREAMGAUGE_JS_TOOLS, "playwright-core/index.mjs");
const { chromium } = await import(pathToFileURL(tools).href);

let server, context, profile, page;

before(async () => {
  server = http.createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (pathname === "/") {
      response
        .writeHead(200, { "content-type": "text/html" })
        .end("<!doctype html><title>test</title>");
      return;
    }
    try {
      const body = await readFile(path.join(import.meta.dirname, path.normalize(pathname)));
      const type = TYPES[path.extname(pathname)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  profile = await mkdtemp(path.join(os.tmpdir(), "streamgauge-"));
  context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    headless: true,
    chromiumSandbox: false,
    args: FLAGS,
  });
  page = context.pages()[0] ?? (await context.newPage());
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
});

after(async () => {
  await context?.close();
  server?.close();
  await rm(profile, { recursive: true, force: true, maxRetries: 3 });
});

/** Runs a case in the page; an exception there fails the test here. */
async function inPage(entries, file, group, name) {
  return page.evaluate(
    async ([entries, file, group, name]) => {
      const modules = entries.map((entry) => import(`/node_modules/streamgauge/dist/${entry}.js`));
      const api = Object.assign({}, ...(await Promise.all(modules)));
      const cases = await import(`/${file}.mjs`);
      await api.init();
      const equal = (a, b) => {
        if (!Object.is(a, b)) {
          throw new Error(`${String(a)} is not ${String(b)}`);
        }
      };
      await cases[group][name](api, { equal });
      return "done";
    },
    [entries, file, group, name],
  );
}

for (const name of Object.keys(runCases)) {
  for (const entry of ["index", "slim"]) {
    test(`${entry}: ${name}`, async () => {
      assert.equal(await inPage([entry], "cases", "runCases", name), "done");
    });
  }
}
for (const name of Object.keys(fullCases)) {
  test(`index: ${name}`, async () => {
    assert.equal(await inPage(["index"], "cases", "fullCases", name), "done");
  });
}
for (const name of Object.keys(liveCases)) {
  test(`live: ${name}`, async () => {
    assert.equal(await inPage(["rtp", "telemetry"], "live_cases", "liveCases", name), "done");
  });
}
