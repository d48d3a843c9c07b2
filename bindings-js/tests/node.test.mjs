import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";
import { promisify } from "node:util";

import * as full from "streamgauge";
import * as audience from "streamgauge/audience";
import * as ring from "streamgauge/ring";
import * as rtp from "streamgauge/rtp";
import * as runs from "streamgauge/run";
import * as series from "streamgauge/series";
import * as slim from "streamgauge/slim";
import * as telemetry from "streamgauge/telemetry";
import * as webrtc from "streamgauge/webrtc";
import * as worker from "streamgauge/worker";

import { fullCases, runCases } from "./cases.mjs";
import { liveCases } from "./live_cases.mjs";
import { seriesCases } from "./series_cases.mjs";
import { webrtcCases } from "./webrtc_cases.mjs";
import { workerCases } from "./worker_cases.mjs";

const early = (() => {
  try {
    full.quantile([1], 0.5);
  } catch (error) {
    return error;
  }
})();

test("a call before init() says so", () => {
  assert.equal(early.code, "closed");
  assert.match(early.message, /init/);
});

test("init is once, and again for nothing", async () => {
  const entries = [full, full, slim, rtp, telemetry, series, audience, webrtc];
  await Promise.all(entries.map((entry) => entry.init()));
  await full.init();
});

for (const [name, run] of Object.entries({ ...runCases, ...fullCases })) {
  test(`full: ${name}`, () => run(full, assert));
}
for (const [name, run] of Object.entries(runCases)) {
  test(`slim: ${name}`, () => run(slim, assert));
}

for (const [name, run] of Object.entries(liveCases)) {
  test(`live: ${name}`, () => run({ ...rtp, ...telemetry }, assert));
}

for (const [name, run] of Object.entries(seriesCases)) {
  test(`series: ${name}`, () => run({ ...series, ...audience }, assert));
}

for (const [name, run] of Object.entries(webrtcCases)) {
  test(`webrtc: ${name}`, () => run(webrtc, assert));
}

test("deltas of a monitor become telemetry", () => {
  const monitor = new webrtc.Monitor({ fromStart: true });
  const report = {
    I: {
      id: "I",
      type: "inbound-rtp",
      kind: "video",
      trackIdentifier: "t",
      packetsReceived: 100,
      bytesReceived: 90_000,
      retransmittedPacketsReceived: 4,
      retransmittedBytesReceived: 3000,
      packetsLost: 2,
      nackCount: 3,
      codecId: "C",
    },
    C: { id: "C", type: "codec", mimeType: "video/VP8" },
  };
  monitor.record(report, { timeUs: 1e6 });
  const node = new telemetry.Telemetry();
  node.identify("PA", { roomId: "RM", roomName: "room" });
  const key = { participant: "PA", track: "TR", direction: "downstream", kind: "video" };
  const track = node.open(key, { nowUs: 0 });
  monitor.take(2e6).forEach((delta) => track.recordWebrtc(delta));
  const [{ totals, key: found }] = node.flush(2e6).stats;
  assert.deepEqual(
    [totals.primaryPackets, totals.primaryBytes, totals.retransmitPackets, totals.packetsLost],
    [96, 87_000, 4, 2],
  );
  assert.deepEqual([totals.nacks, found.mime], [3, "video/VP8"]);
  for (const held of [monitor, track, node]) held.free();
});

for (const [name, run] of Object.entries(workerCases)) {
  test(`worker: ${name}`, () => run(worker, assert));
}

test("a worker whose wasm is not there says so, and all that waits with it", async () => {
  const held = worker.createWorker({ wasm: new URL("file:///no/such.wasm") });
  await assert.rejects(held.ready, { code: "not_found" });
  await assert.rejects(held.openRun({}), { code: "not_found" });
  held.terminate();
});

test("a worker takes the wasm as bytes", async () => {
  const wasm = await readFile("node_modules/streamgauge/dist/wasm/full/streamgauge_bg.wasm");
  const held = worker.createWorker({ wasm });
  const run = await held.openRun({});
  assert.equal((await run.problems())["frames.csv"].missing, true);
  held.terminate();
});

test("entries over one module share it, and all share the errors", () => {
  assert.equal(rtp.init, telemetry.init);
  assert.equal(series.init, audience.init);
  assert.equal(full.init, runs.init);
  assert.equal(full.init, ring.init);
  assert.equal(full.Run, runs.Run);
  assert.equal(full.ChunkRing, ring.ChunkRing);
  for (const entry of [slim, rtp, series])
    assert.equal(entry.StreamgaugeError, full.StreamgaugeError);
  assert.equal(rtp.Telemetry ?? telemetry.RtpStats ?? ring.Run ?? runs.ChunkRing, undefined);
});

test("a load that failed can be tried again", async () => {
  const { Engine } = await import(internal("engine.js"));
  const glue = { default: async (options) => assert.equal(options.module_or_path, "right") };
  const engine = new Engine(glue, new URL("https://example.org/x.wasm"));
  await assert.rejects(engine.start("wrong"), { code: "not_found" });
  await engine.start("right");
  assert.equal(
    engine.call(() => 7),
    7,
  );
});

test("after a trap the module is dead", async () => {
  const { Engine } = await import(internal("engine.js"));
  const engine = new Engine({ default: async () => {} }, new URL("https://example.org/x.wasm"));
  await engine.start();
  // (module (func (export "f") unreachable))
  const bytes = "0061736d01000000010401600000030201000705010166000 00a05010300000b".replace(
    " ",
    "",
  );
  const { instance } = await WebAssembly.instantiate(Buffer.from(bytes, "hex"));
  assert.throws(() => engine.call(() => instance.exports.f()), { code: "internal" });
  assert.throws(() => engine.call(() => 7), { code: "internal" });
});

test("every code of the table but io and busy, which cannot happen here, is typed", async () => {
  const root = process.env.STREAMGAUGE_ROOT;
  const table = await readFile(path.join(root, "core/src/error.rs"), "utf8");
  const codes = [...table.matchAll(/ErrorKind::\w+ => "(\w+)"/g)].map((match) => match[1]);
  assert.equal(codes.length, 18);
  const types = await readFile(internal("errors.d.ts").replace("file://", ""), "utf8");
  for (const code of codes) {
    assert.equal(types.includes(`"${code}"`), !["io", "busy"].includes(code), code);
  }
  assert.ok(types.includes('"internal"'));
});

test("the README's examples run as written and print what they say", async () => {
  const readme = await readFile("node_modules/streamgauge/README.md", "utf8");
  const blocks = [...readme.matchAll(/```js\n(.*?)```/gs)].map((match) => match[1]);
  assert.ok(blocks.length >= 4);
  for (const [i, block] of blocks.entries()) {
    const file = path.resolve(`readme_${i}.mjs`);
    await writeFile(file, block);
    const options = { cwd: process.env.STREAMGAUGE_ROOT };
    const { stdout } = await promisify(execFile)(process.execPath, [file], options);
    const told = [...block.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map(
      (match) => match[1],
    );
    const lines = stdout.trimEnd().split("\n");
    assert.deepEqual(
      lines.filter((line) => told.includes(line)),
      told,
    );
  }
});

test("the tarball holds what it needs and nothing else", async () => {
  const files = await readdir("node_modules/streamgauge", { recursive: true });
  const kinds = new Set(files.filter((f) => f.includes(".")).map((f) => path.extname(f)));
  assert.deepEqual([...kinds].sort(), [".js", ".json", ".md", ".ts", ".wasm"]);
});

function internal(file) {
  return new URL(`./node_modules/streamgauge/dist/${file}`, import.meta.url).href;
}
