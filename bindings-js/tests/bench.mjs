// A run of 100 MB read and summed up in a page's worker, against the same in plain JavaScript (Papa Parse and
// maths by hand) in a worker too; and what a first load costs. Prints a table.
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { launch, serve } from "./chromium.mjs";

const FRAMES = 1_200_000;
const POLLS = 3_000;
const SERIES = 150;
const REPEATS = 5;
const T0 = 1_790_000_000_000_000;

const here = import.meta.dirname;
const papa = path.join(process.env.STREAMGAUGE_JS_TOOLS, "papaparse/papaparse.min.js");

/** Frames at 50 per second with a loss here and there, and counters that grow. */
function made() {
  const frames = ["recv_wall_us,frame_id,user_timestamp_us,width,height"];
  for (let i = 0, id = 0; i < FRAMES; i++, id += i % 97 === 0 ? 2 : 1) {
    const sent = T0 + id * 20_000;
    frames.push(`${sent + 30_000 + ((i * 7919) % 5000)},${id},${sent},1280,720`);
  }
  const prom = [];
  for (let poll = 0; poll < POLLS; poll++) {
    for (let series = 0; series < SERIES; series++) {
      const labels = `room="room-1",participant="PA_${series % 50}",direction="${series % 2 ? "incoming" : "outgoing"}",kind="video-${series}"`;
      prom.push(`${T0 + poll * 8_000_000}\tlivekit_nack_total{${labels}}\t${poll * (series + 1)}`);
    }
  }
  return { frames: `${frames.join("\n")}\n`, prom: `${prom.join("\n")}\n` };
}

/** The plain way: rows as arrays of text, columns as arrays of numbers. */
const PLAIN = `
importScripts("/papaparse.js");
const parse = (file, delimiter, row) => new Promise((done, failed) => {
  Papa.parse(file, { delimiter, fastMode: delimiter === ",", quoteChar: delimiter === "," ? '"' : "\\0",
    chunk: ({ data }) => data.forEach(row), complete: done, error: failed });
});
onmessage = async ({ data: { frames, prom } }) => {
  const [recv, id, sent] = [[], [], []];
  await parse(frames, ",", (row) => {
    const at = parseInt(row[0], 10);
    if (Number.isNaN(at)) return;
    recv.push(at); id.push(parseInt(row[1], 10)); sent.push(parseInt(row[2], 10));
  });
  const series = new Map();
  await parse(prom, "\\t", (row) => {
    if (row.length < 3) return;
    let samples = series.get(row[1]);
    if (samples === undefined) series.set(row[1], (samples = []));
    samples.push(parseFloat(row[2]));
  });
  const latency = Float64Array.from(recv, (at, i) => (at - sent[i]) / 1000).sort();
  const unique = new Set(id);
  let nack = 0;
  for (const [name, samples] of series) {
    if (!name.startsWith("livekit_nack_total")) continue;
    for (let i = 1; i < samples.length; i++) {
      nack += samples[i] >= samples[i - 1] ? samples[i] - samples[i - 1] : samples[i];
    }
  }
  postMessage({
    frames_lost: id.at(-1) - id[0] + 1 - unique.size,
    latency_p95_ms: latency[Math.floor(latency.length * 0.95)],
    nack_total: nack,
  });
};`;

const PAGE = `<!doctype html><title>bench</title><script type="importmap">{"imports": {
  "streamgauge/worker": "/node_modules/streamgauge/dist/worker.js"}}</script>`;

/** In the page: what each way found, its milliseconds, and the longest that the page stood still. */
async function measured(way) {
  const blob = async (name) => (await fetch(name)).blob();
  const [frames, prom] = [await blob("/frames.csv"), await blob("/prom.tsv")];
  let [still, last] = [0, performance.now()];
  const tick = setInterval(() => {
    const now = performance.now();
    [still, last] = [Math.max(still, now - last), now];
  }, 4);
  const start = performance.now();
  let found;
  if (way === "wasm") {
    const { createWorker } = await import("streamgauge/worker");
    const worker = createWorker();
    const run = await worker.openRun({ frames, prom });
    found = await run.summary();
    worker.terminate();
  } else {
    const worker = new Worker("/plain.js");
    const answer = new Promise((done, failed) => {
      worker.onmessage = ({ data }) => done(data);
      worker.onerror = ({ message }) => failed(new Error(message));
    });
    worker.postMessage({ frames, prom });
    found = await answer;
    worker.terminate();
  }
  const ms = performance.now() - start;
  clearInterval(tick);
  const { frames_lost, nack_total } = found;
  return { ms, still, found: { frames_lost, nack_total } };
}

/** In a new page: from its start until the module can be used. */
async function firstLoad(entry) {
  const { init } = await import(`/node_modules/streamgauge/dist/${entry}.js`);
  await init();
  return performance.now();
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const { frames, prom } = made();
const pages = { "/": PAGE };
const texts = {
  "/frames.csv": frames,
  "/prom.tsv": prom,
  "/plain.js": PLAIN,
  "/papaparse.js": await readFile(papa),
};
const server = await serve(here, { pages, texts });
const browser = await launch();
try {
  const times = { wasm: [], plain: [] };
  const still = { wasm: [], plain: [] };
  const answers = {};
  for (let i = 0; i < REPEATS; i++) {
    for (const way of ["wasm", "plain"]) {
      const page = await browser.page();
      await page.goto(server.origin);
      const one = await page.evaluate(measured, way);
      times[way].push(one.ms);
      still[way].push(one.still);
      answers[way] = one.found;
      await page.close();
    }
  }
  for (const key of ["frames_lost", "nack_total"]) {
    if (answers.wasm[key] !== answers.plain[key]) throw new Error(JSON.stringify(answers));
  }
  const mb = (frames.length + prom.length) / 1e6;
  const [fast, slow] = [median(times.wasm), median(times.plain)];
  console.log(`## A run of ${mb.toFixed(0)} MB in a page's worker, Chromium\n`);
  console.log("| | seconds | times as long | longest pause of the page, ms |\n|---|---|---|---|");
  console.log(
    `| \`createWorker\`, loading included | ${(fast / 1e3).toFixed(2)} | 1 | ${median(still.wasm).toFixed(0)} |`,
  );
  console.log(
    `| Papa Parse, maths by hand | ${(slow / 1e3).toFixed(2)} | ${(slow / fast).toFixed(1)} | ${median(still.plain).toFixed(0)} |`,
  );
  console.log("\n| first load | wasm, kB after gzip | ready after, ms |\n|---|---|---|");
  for (const [entry, module] of [
    ["index", "full"],
    ["slim", "slim"],
    ["rtp", "live"],
    ["series", "series"],
  ]) {
    const ready = [];
    for (let i = 0; i < REPEATS; i++) {
      const page = await browser.page();
      await page.goto(server.origin);
      ready.push(await page.evaluate(firstLoad, entry));
      await page.close();
    }
    const wasm = await readFile(
      path.join(here, "node_modules/streamgauge/dist/wasm", module, "streamgauge_bg.wasm"),
    );
    const kb = gzipSync(wasm, { level: 9 }).length / 1e3;
    console.log(
      `| \`streamgauge${entry === "index" ? "" : `/${entry}`}\` | ${kb.toFixed(0)} | ${median(ready).toFixed(0)} |`,
    );
  }
} finally {
  await browser.close();
  await server.close();
}
