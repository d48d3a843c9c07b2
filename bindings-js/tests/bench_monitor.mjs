// A getStats report of 200 objects into the monitor, against the same in plain JavaScript, in Node and in
// Chromium. Prints a table.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { gunzipSync } from "node:zlib";

import { launch, serve } from "./chromium.mjs";
import { measured } from "./measure_monitor.mjs";

const recording = path.join(
  process.env.STREAMGAUGE_ROOT,
  "tests/data/webrtc/getstats_loopback.json.gz",
);
const reports = JSON.parse(gunzipSync(await readFile(recording)));
// Both ends of a real call as they were after a while, with all their objects.
const objects = ["a", "b"].flatMap((peer) => reports.findLast((r) => r.peer === peer).stats);

const load = (module) => import(`./node_modules/streamgauge/dist/${module}.js`);
const inNode = await measured(await load("webrtc"), objects);
const server = await serve(import.meta.dirname, {
  pages: { "/": "<!doctype html><title>bench</title>" },
});
const browser = await launch();
let inChromium;
try {
  const page = await browser.page();
  await page.goto(server.origin);
  inChromium = await page.evaluate(async (objects) => {
    const { measured } = await import("/measure_monitor.mjs");
    return measured(await import("/node_modules/streamgauge/dist/webrtc.js"), objects);
  }, objects);
} finally {
  await browser.close();
  await server.close();
}
console.log("## A getStats report of 200 objects into a monitor, microseconds\n");
console.log("| | Node | Chromium |\n|---|---|---|");
const row = (name, of) =>
  console.log(`| ${name} | ${of(inNode).toFixed(0)} | ${of(inChromium).toFixed(0)} |`);
row("`Monitor.record`", (us) => us.ours);
row("plain JavaScript", (us) => us.plain);
const times = (us) => (us.plain / us.ours).toFixed(2);
console.log(`| plain / ours | ${times(inNode)} | ${times(inChromium)} |`);
