// Memory of the wasm modules over many cycles: what is freed is used again.
import assert from "node:assert/strict";
import test from "node:test";

import * as full from "streamgauge";
import * as audience from "streamgauge/audience";
import * as rtp from "streamgauge/rtp";
import * as series from "streamgauge/series";
import * as telemetry from "streamgauge/telemetry";
import * as webrtc from "streamgauge/webrtc";

import { FILES } from "./cases.mjs";

await Promise.all([full.init(), rtp.init(), series.init(), webrtc.init()]);

/** The bytes of a module's memory, which never shrinks. */
async function memory(module) {
  const glue = `./node_modules/streamgauge/dist/wasm/${module}/streamgauge.js`;
  const { default: started } = await import(new URL(glue, import.meta.url).href);
  const { memory } = await started();
  return () => memory.buffer.byteLength;
}

/** Runs `cycle` until memory has its size, then ten times as often. */
async function flat(module, cycle, times = 300) {
  const size = await memory(module);
  for (let i = 0; i < times; i++) await cycle(i);
  const before = size();
  for (let i = 0; i < 10 * times; i++) await cycle(i);
  assert.equal(size(), before);
}

const times = Float64Array.from({ length: 500 }, (_, i) => i * 10_000);

test("runs", () =>
  flat("full", () => {
    const run = full.Run.fromBytes(FILES);
    run.summary();
    run.frames;
    run.free();
  }));

test("runs from files, good and cancelled", () =>
  flat(
    "full",
    async (i) => {
      const abort = new AbortController();
      if (i % 2) abort.abort();
      const reading = full.Run.fromFiles(FILES, { signal: abort.signal });
      const run = await reading.catch((error) => assert.equal(error.code, "cancelled"));
      run?.free();
    },
    100,
  ));

test("runs compared", () => {
  const [a, b] = [full.Run.fromBytes(FILES), full.Run.fromBytes(FILES)];
  return flat("full", () => full.compare(a, [b, b], { resamples: 0 }));
});

test("rings", () =>
  flat("full", () => {
    const ring = new full.ChunkRing({ maxChunks: 8, maxBytes: 10_000 });
    const cursor = ring.cursor();
    for (let i = 0; i < 20; i++) ring.publish(new Uint8Array(1000));
    cursor.read();
    cursor.free();
    ring.free();
  }));

test("packets and tracks", () =>
  flat("live", () => {
    const stats = new rtp.RtpStats();
    const reader = stats.reader(0);
    const sequence = Uint16Array.from(times, (_, i) => i);
    const packets = { arrivalUs: times, ssrc: 7, sequence, payloadType: 96, wireBytes: 1000 };
    stats.record(packets);
    reader.flush(9e6);
    stats.free();
    const node = new telemetry.Telemetry();
    const key = { participant: "PA", track: "TR", direction: "upstream", kind: "video" };
    const track = node.open(key, { nowUs: 0 });
    track.record(packets);
    const report = node.flush(9e6);
    report.toOtlp();
    for (const held of [report, track, node]) held.free();
  }));

test("a report after the other of one telemetry", () => {
  const node = new telemetry.Telemetry();
  node.identify("PA", { roomId: "RM" }, { nowUs: 0 });
  const key = { participant: "PA", track: "TR", direction: "upstream", kind: "data" };
  const track = node.open(key, { nowUs: 0 });
  let at = 0;
  return flat("live", () => {
    track.recordMessage((at += 1000), 100);
    node.flush(at).free();
  });
});

/** A report of 30 streams. */
const stats = (i) =>
  Array.from({ length: 30 }, (_, k) => ({
    id: `I${k}-${i % 7}`,
    type: "inbound-rtp",
    kind: "video",
    trackIdentifier: `t${k}`,
    timestamp: i * 1000,
    ssrc: k,
    packetsReceived: i,
    bytesReceived: i * 1000,
  }));

test("10,000 reports", () => {
  const monitor = new webrtc.Monitor({ maxRows: 50 });
  let at = 0;
  return flat(
    "webrtc",
    () => {
      monitor.record(stats(++at), { timeUs: at * 1e6 });
      if (at % 10 === 0) monitor.take(at * 1e6);
    },
    1000,
  );
});

test("monitors and dumps", () => {
  const text = JSON.stringify([0, 1, 2].map((i) => ({ t: i * 1000, stats: stats(i) })));
  return flat(
    "webrtc",
    () => {
      const monitor = new webrtc.Monitor();
      monitor.record(stats(0), { timeUs: 0 });
      monitor.free();
      webrtc.readDump(text).free();
      assert.throws(() => webrtc.readDump(text.slice(0, 40)), { code: "malformed" });
    },
    100,
  );
});

test("series and audiences", () =>
  flat("series", () => {
    const window = new series.SampleWindow();
    window.recordMany(times, times);
    const rollup = new series.Rollup({ relativeError: 0.01 });
    rollup.recordMany(times, times);
    const other = series.Rollup.fromBytes(rollup.toBytes());
    other.merge(rollup);
    other.merge(other);
    other.buckets(0, { quantiles: [0.5] });
    const viewers = new audience.Audience();
    viewers.join("a", 0);
    const summary = viewers.summary(5e6);
    const startup = summary.startupUs();
    summary.toPrometheus();
    const streams = new audience.Streams();
    streams.record("a", { timesUs: times, sizesBytes: new Uint32Array(times.length) });
    const { latencyUs } = streams.snapshot("a");
    for (const held of [window, rollup, other, viewers, summary, startup, streams, latencyUs])
      held.free();
  }));

test("what is refused keeps nothing", () =>
  flat("series", () => {
    assert.throws(() => series.Rollup.fromBytes(new Uint8Array(200).fill(7)), {
      code: "malformed",
    });
    assert.throws(() => series.downsample(Float64Array.of(2, 1), Float64Array.of(1, 1), 3));
  }));
