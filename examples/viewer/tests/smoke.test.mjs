// The built page in headless Chromium: what it shows is what the package computes in Node.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";

import { compare, init, Run } from "streamgauge";
import { init as initWebrtc, readDump } from "streamgauge/webrtc";

import { launch, serve } from "../../../bindings-js/tests/chromium.mjs";

const ROOT = process.env.STREAMGAUGE_ROOT;
const RUNS = path.join(ROOT, "tests/data/runs_real");
const FILES = { frames: "frames.csv", prom: "prom.tsv", events: "events.csv", meta: "meta.env" };

let server, browser, context, page;
const wrong = [];
const addresses = [];

before(async () => {
  await Promise.all([init(), initWebrtc()]);
  server = await serve(path.join(import.meta.dirname, ".."));
  const devices = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];
  const viewport = { width: 1280, height: 900 };
  browser = await launch(devices, { acceptDownloads: true, viewport });
  context = browser.context;
  page = await browser.page();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrong.push(message.text());
  });
  page.on("pageerror", (error) => wrong.push(String(error)));
  context.on("request", (request) => addresses.push(request.url()));
  // Not at the root: the page must work from any path.
  await page.goto(`${server.origin}/dist/index.html`);
  await page.waitForSelector("html[data-ready]");
});

after(async () => {
  await browser?.close();
  await server?.close();
});

async function runOf(name) {
  const files = Object.entries(FILES).map(async ([role, file]) => [
    role,
    await readFile(path.join(RUNS, name, file)),
  ]);
  return Run.fromBytes(Object.fromEntries(await Promise.all(files)), { name });
}

/** A digest of what is drawn in each chart: it differs when anything in it does. */
async function pictures() {
  const all = await page.$$eval("#panel-runs canvas", (all) => all.map((one) => one.toDataURL()));
  return all.map((picture) => createHash("sha256").update(picture).digest("hex"));
}

/** For each chart of `panel`: how many of its pixels have one of the first two hues. */
function coloured(panel) {
  return page.$$eval(`${panel} canvas`, (all) =>
    all.map((canvas) => {
      const hues = ["--hue-0", "--hue-1"].map((hue) => {
        const text = getComputedStyle(document.documentElement).getPropertyValue(hue).trim();
        return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
      });
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
      copy.drawImage(canvas, 0, 0);
      const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        const near = (hue) => hue.every((part, k) => Math.abs(data[i + k] - part) < 12);
        if (data[i + 3] > 100 && hues.some(near)) count++;
      }
      return count;
    }),
  );
}

async function saved(button) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(button)]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

const labels = () => page.$$eval("#run-list li", (rows) => rows.map((row) => row.dataset.run));
const compared = () => page.waitForSelector("#comparison");
const message = () => page.textContent("#messages .message:last-child");
const pick = (...files) => page.setInputFiles("#pick-files", files);
const upload = (name, buffer) => ({ name, mimeType: "text/plain", buffer });

test("the keyboard reaches what there is, in order", async () => {
  const order = [];
  for (let i = 0; i < 6; i++) {
    await page.keyboard.press("Tab");
    order.push(
      await page.evaluate(() => document.activeElement.id || document.activeElement.className),
    );
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(ring, "solid", `no focus is seen on ${order.at(-1)}`);
  }
  assert.deepEqual(order, ["skip", "tab-runs", "theme", "choose-folder", "choose-files", "sample"]);
});

test("tabs answer to arrow keys", async () => {
  const shown = () =>
    page.$$eval("[role=tabpanel]", (all) =>
      all
        .filter((p) => !p.hidden)
        .map((p) => p.id)
        .join(),
    );
  const selected = () => page.getAttribute("#tab-live", "aria-selected");
  await page.focus("#tab-runs");
  await page.keyboard.press("ArrowRight");
  assert.deepEqual([await shown(), await selected()], ["panel-live", "true"]);
  await page.keyboard.press("ArrowRight");
  assert.deepEqual([await shown(), await selected()], ["panel-runs", "false"]);
});

test("the sample's numbers are those of the package", async () => {
  await page.focus("#sample");
  await page.keyboard.press("Enter");
  await compared();
  const runs = await Promise.all(["baseline-1", "fec-1"].map(runOf));
  assert.deepEqual(await labels(), ["baseline-1", "fec-1"]);
  const { name, bytes } = await saved("#save-json");
  assert.equal(name, "baseline-1-fec-1.json");
  const json = JSON.parse(bytes);
  assert.deepEqual(
    json.runs.map(({ summary }) => summary),
    runs.map((run) => JSON.parse(JSON.stringify(run.summary()))),
  );
  const expected = compare(runs[0], runs[1]);
  assert.deepEqual(Object.keys(json.comparison.keys), Object.keys(expected.keys));
  for (const [key, row] of Object.entries(json.comparison.keys)) {
    const { a, b, interval, effect, noInterval } = expected.keys[key];
    assert.deepEqual(
      [row.a, row.b, row.interval, row.effect, row.no_interval],
      [a, b, interval, effect, noInterval],
      key,
    );
  }
  const shown = await page.$$eval("#summary tr[data-key]", (rows) =>
    rows.map((row) => [
      row.dataset.key,
      ...[...row.cells].slice(1, 3).map((cell) => cell.textContent),
    ]),
  );
  const whole = shown.filter(([key]) => !key.startsWith("window_"));
  let compared_ = 0;
  for (const [key, ...texts] of whole) {
    for (const [i, run] of runs.entries()) {
      const value = run.summary()[key];
      if (value === null) assert.equal(texts[i], "–", key);
      if (!Number.isInteger(value)) continue;
      assert.equal(texts[i], value.toLocaleString("en").replace("-", "−"), key);
      compared_++;
    }
  }
  assert.ok(compared_ > 30, `only ${compared_} integers are in the summary`);
  const effect = await page.textContent('#comparison tr[data-key="latency_p95_ms"] .effect');
  assert.match(effect, new RegExp(expected.keys.latency_p95_ms.effect));
  runs.forEach((run) => run.free());
});

test("every chart is drawn, and all follow a zoom", async () => {
  const counts = await coloured("#panel-runs");
  assert.equal(counts.length, 6);
  counts.forEach((count, i) => assert.ok(count > 50, `chart ${i} has ${count} coloured pixels`));
  const before = await pictures();
  await page.focus("#chart-latency");
  await page.keyboard.press("+");
  const zoomed = await pictures();
  before.forEach((picture, i) => assert.notEqual(zoomed[i], picture, `chart ${i} did not zoom`));
  await page.keyboard.press("0");
  assert.deepEqual(await pictures(), before);
  const plot = page.locator("#chart-loss .u-over");
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  await page.mouse.move(box.x + 100, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + 300, box.y + 50, { steps: 4 });
  await page.mouse.up();
  const dragged = await pictures();
  before.forEach((picture, i) =>
    assert.notEqual(dragged[i], picture, `chart ${i} was not dragged`),
  );
  await page.click("[aria-label='All of the time']");
  await page.mouse.move(0, 0);
  assert.deepEqual(await pictures(), before);
});

test("the picture is a PNG of all charts", async () => {
  const { name, bytes } = await saved("#save-png");
  assert.equal(name, "baseline-1-fec-1.png");
  assert.deepEqual([...bytes.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
  const height = bytes.readUInt32BE(20);
  const charts = await page.$$eval("#charts canvas", (all) =>
    all.reduce((sum, c) => sum + c.height, 0),
  );
  assert.ok(height > charts, `${height} rows for ${charts} rows of charts`);
});

test("dark and light", async () => {
  const paper = () => page.$eval(".card", (card) => getComputedStyle(card).backgroundColor);
  const before = await pictures();
  const light = await paper();
  await page.click("#theme");
  await page.click("#theme");
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
  assert.notEqual(await paper(), light);
  assert.notEqual((await pictures())[0], before[0]);
  assert.ok((await coloured("#panel-runs"))[0] > 50);
  await page.click("#theme");
  assert.equal(await page.getAttribute("html", "data-theme"), "light");
});

test("a folder is dropped, and one is chosen", async () => {
  const devtools = await context.newCDPSession(page);
  const data = { items: [], files: [path.join(RUNS, "fec-2")], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await devtools.send("Input.dispatchDragEvent", { type, x: 600, y: 300, data });
  }
  await page.waitForSelector("[data-run='fec-2']");
  await page.setInputFiles("#pick-folder", path.join(RUNS, "baseline-2"));
  await page.waitForSelector("[data-run='baseline-2']");
  await page.selectOption("[data-run='baseline-2'] select", "A");
  await page.waitForFunction(() =>
    document.querySelector("#comparison")?.textContent.includes("A baseline-1, baseline-2"),
  );
  await page.click("[aria-label='Remove fec-2']");
  await page.click("[aria-label='Remove baseline-2']");
  assert.deepEqual(await labels(), ["baseline-1", "fec-1"]);
  await compared();
});

test("what cannot be read is said in words, and the page goes on", async () => {
  const noise = Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 7919) % 251));
  await pick(upload("frames.csv", noise));
  await page.waitForSelector(".message.error");
  assert.match(await message(), /frames\.csv, line \d+: /);
  await pick(upload("frames.csv.gz", gzipSync(noise).subarray(0, 60)));
  await page.waitForFunction(() => document.body.textContent.includes("gzip stream is damaged"));
  assert.match(await message(), /frames\.csv: the gzip stream is damaged \(malformed\)/);
  await pick(upload("holiday.jpg", noise));
  await page.waitForFunction(() =>
    document.body.textContent.includes("no run and no recording in this"),
  );
  assert.match(await message(), /holiday\.jpg/);
  assert.deepEqual(await labels(), ["baseline-1", "fec-1"]);

  // One bad row among good ones: kept, and listed with its line.
  const frames = await readFile(path.join(RUNS, "fec-2/frames.csv"), "utf8");
  await pick(upload("frames.csv.gz", gzipSync(frames.replace("\n", "\nnot,a,row\n"))));
  await page.waitForSelector("[data-run='files']");
  const problems = await page.$$eval("#problems tbody tr", (rows) =>
    rows.map((row) => row.textContent),
  );
  assert.ok(
    problems.some((text) => /filesframes\.csv.*2$/.test(text)),
    problems.join("\n"),
  );
  await page.click("[aria-label='Remove files']");
  await compared();
});

test("a call is watched, second by second", async () => {
  await page.click("#tab-live");
  await page.selectOption("#call-source", "picture");
  await page.click("#call-toggle");
  const rows = () =>
    page.$$eval("#call-now .tile", (tiles) => tiles.map((tile) => tile.textContent));
  const until = (what, ...rest) => page.waitForFunction(what, rest, { timeout: 60_000 });
  // The first row of a rate needs two reports.
  await until(() => {
    const tiles = [...document.querySelectorAll("#call-now .tile")];
    return tiles.length === 4 && tiles.every((tile) => /Bitrate[1-9]/.test(tile.textContent));
  });
  const texts = (await rows()).map((text) => text.trim());
  for (const what of ["audio 1, received", "video 1, received", "audio 1, sent", "video 1, sent"]) {
    const tile = texts.find((text) => text.startsWith(what));
    assert.ok(tile, `${what} is not in ${texts}`);
    if (what.startsWith("video")) assert.match(tile, /Frame rate[1-9]/);
  }
  await page.selectOption("#call-limit", "80");
  await page.click("#call-add");
  await until(() => document.querySelectorAll("#call-now .tile").length === 6);
  await until(() => document.querySelectorAll("#call-videos video").length === 2);
  await page.click("#call-remove");
  await until(() =>
    /video 2, received.*not in the last report/s.test(
      document.querySelector("#call-now").textContent,
    ),
  );
  const counts = await coloured("#call-charts");
  assert.ok(counts.length >= 4, `${counts.length} charts`);
  assert.ok(counts[0] > 50, `the bitrates have ${counts[0]} coloured pixels`);
  await page.click("#call-toggle");
  assert.equal(await page.textContent("#call-toggle"), "Start the call");
  assert.equal(await page.$eval("#messages", (all) => all.children.length), 0);
});

test("a recording of a call shows the same charts", async () => {
  for (const name of ["loopback.rtcstats.gz", "loopback.internals.json.gz"]) {
    const bytes = await readFile(path.join(ROOT, "tests/data/webrtc", name));
    await pick(upload(name, bytes));
    await page.waitForFunction(
      (name) => document.querySelector("#call-about").textContent.includes(name),
      name,
    );
    const dump = readDump(gunzipSync(bytes));
    const latest = dump.connections.flatMap(({ monitor }) =>
      monitor.tracks().map(({ latest }) => latest?.values.wireBitrateBps ?? null),
    );
    const tiles = await page.$$eval("#call-now .tile", (all) =>
      all.map((tile) => tile.textContent),
    );
    assert.equal(tiles.length, latest.length);
    for (const [i, bps] of latest.entries()) {
      if (bps === null) continue;
      const text = Number((bps * 1e-3).toPrecision(3)).toLocaleString("en");
      assert.ok(tiles[i].includes(`Bitrate${text} kbit/s`), `${tiles[i]}: expected ${text}`);
    }
    assert.ok((await coloured("#call-charts"))[0] > 50);
    dump.free();
  }
});

test("a recording that is none is said in words", async () => {
  for (const text of ['{"a": 1', "[1, 2, 3]", "holiday"]) {
    await pick(upload("call.json", Buffer.from(text)));
    await page.waitForFunction(() => document.querySelector(".message.error") !== null);
    assert.match(await message(), /call\.json could not be read: call\.json.*\(malformed\)/);
    await page.click("[aria-label='Dismiss']");
  }
  assert.equal(await page.isVisible("#call-charts"), true);
});

test("at 375 px nothing scrolls sideways", async () => {
  await page.setViewportSize({ width: 375, height: 800 });
  for (const tab of ["live", "runs"]) {
    await page.click(`#tab-${tab}`);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 375, `${tab} is ${width} px wide`);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
});

test("closing all brings the beginning back", async () => {
  await page.click("#clear");
  assert.equal(await page.isVisible("#intro"), true);
  assert.equal(await page.evaluate(() => document.activeElement.id), "choose-folder");
});

test("nothing was asked of another place, and the console is empty", () => {
  assert.ok(addresses.length > 5);
  const elsewhere = addresses.filter(
    (address) => !/^(data|blob):/.test(address) && !address.startsWith(server.origin),
  );
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(wrong, []);
});
