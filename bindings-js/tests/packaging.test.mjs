// The packed tarball as its users have it: a Vite project, built and served by its development server; a
// plain page with module scripts; a page with a content security policy.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";

import { answerOf, launch, serve, tool } from "./chromium.mjs";
import { FILES } from "./cases.mjs";

const here = import.meta.dirname;
const dist = path.join(here, "node_modules/streamgauge/dist");
const text = JSON.stringify(
  Object.fromEntries(
    Object.entries(FILES).map(([file, bytes]) => [file, new TextDecoder().decode(bytes)]),
  ),
);
const files = `Object.fromEntries(Object.entries(${text}).map(([file, text]) => [file, new Blob([text])]))`;

/** A script for each use, and the wasm modules that it may bring along. */
const USES = {
  series: {
    wasm: ["series"],
    answer: "20,,30",
    script: `
      import { init, Rollup } from "streamgauge/series";
      await init();
      const rollup = new Rollup({ levels: [{ widthUs: 1e6, keep: 10 }] });
      rollup.recordMany(Float64Array.of(0, 2e6), Float64Array.of(20, 30));
      const mean = Array.from(rollup.buckets().mean, (value) => (Number.isNaN(value) ? "" : value));
      globalThis.answer = mean.join();`,
  },
  ring: {
    wasm: ["full"],
    answer: "0",
    script: `
      import { ChunkRing, init } from "streamgauge/ring";
      await init();
      globalThis.answer = String(new ChunkRing({ maxChunks: 1, maxBytes: 9 }).publish(new Uint8Array(3)));`,
  },
  webrtc: {
    wasm: ["webrtc"],
    answer: "20",
    script: `
      import { init, Monitor } from "streamgauge/webrtc";
      await init();
      const monitor = new Monitor();
      for (const [i, packetsReceived] of [10, 30].entries()) {
        const stats = { id: "I", type: "inbound-rtp", kind: "audio", packetsReceived };
        monitor.record([stats], { timeUs: i * 1e6 });
      }
      globalThis.answer = String(monitor.totals("inbound").packets);`,
  },
  slim: {
    wasm: ["slim"],
    answer: "5",
    script: `
      import { init, Run } from "streamgauge/slim";
      await init();
      globalThis.answer = String((await Run.fromFiles(${files})).summary().frames_lost);`,
  },
  worker: {
    wasm: ["full"],
    answer: "5 95 invalid_argument",
    script: `
      import { createWorker } from "streamgauge/worker";
      const worker = createWorker();
      const run = await worker.openRun(${files});
      const { frames_lost } = await run.summary();
      const { latencyMs } = await run.latency();
      const code = await run.summary("best").catch((error) => error.code);
      globalThis.answer = [frames_lost, latencyMs.length, code].join(" ");
      worker.terminate();`,
  },
};

/** The README's chart of a live call, on a call from the page to itself; its imports are for a bundler. */
const readme = await readFile(path.join(here, "node_modules/streamgauge/README.md"), "utf8");
const CHART = {
  wasm: ["webrtc"],
  answer: "outbound video 0",
  script: `${readme.match(/```javascript\n(.*?)```/s)[1]}
      const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
      setInterval(() => canvas.getContext("2d").fillRect(0, 0, 320 * Math.random(), 240), 40);
      const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
      a.onicecandidate = ({ candidate }) => candidate && b.addIceCandidate(candidate);
      b.onicecandidate = ({ candidate }) => candidate && a.addIceCandidate(candidate);
      a.addTrack(canvas.captureStream().getTracks()[0]);
      await a.setLocalDescription();
      await b.setRemoteDescription(a.localDescription);
      await b.setLocalDescription();
      await a.setRemoteDescription(b.localDescription);
      await watch(a, document.body);
      const drawn = () => {
        const labels = Array.from(document.querySelectorAll(".u-legend .u-label"), (l) => l.textContent);
        if (document.querySelector("canvas") && labels.length > 1) globalThis.answer = labels[1];
      };
      setInterval(drawn, 200);`,
};

let browser, vite;

before(async () => {
  [browser, vite] = [await launch(), await tool("vite/dist/node/index.js")];
});

after(() => browser?.close());

/** A Vite project of one page that uses the package, beside its \`node_modules\`. */
async function project(name, script) {
  const root = path.join(here, "vite", name);
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  await writeFile(path.join(root, "main.js"), script);
  const html = `<!doctype html><title>${name}</title><script type="module" src="./main.js"></script>`;
  await writeFile(path.join(root, "index.html"), html);
  return root;
}

for (const [name, { script, wasm, answer }] of Object.entries({ ...USES, chart: CHART })) {
  test(`Vite build: ${name}, with no wasm but what it uses`, async () => {
    const root = await project(name, script);
    const alias = { uplot: path.join(process.env.STREAMGAUGE_JS_TOOLS, "uplot") };
    await vite.build({ root, resolve: { alias }, logLevel: "warn", build: { target: "es2022" } });
    const out = path.join(root, "dist");
    const emitted = (await readdir(out, { recursive: true })).filter((f) => f.endsWith(".wasm"));
    const modules = await Promise.all(emitted.map((file) => moduleOf(path.join(out, file))));
    assert.deepEqual(modules, wasm);
    const server = await serve(out, {
      pages: { "/": await readFile(path.join(out, "index.html")) },
    });
    try {
      assert.equal(await answerOf(browser, `${server.origin}/`), answer);
    } finally {
      await server.close();
    }
  });
}

async function moduleOf(file) {
  const bytes = await readFile(file);
  for (const name of await readdir(path.join(dist, "wasm"))) {
    if (bytes.equals(await readFile(path.join(dist, "wasm", name, "streamgauge_bg.wasm"))))
      return name;
  }
  return `unknown ${file}`;
}

test("Vite's development server, with the package left as it is", async () => {
  const root = await project("dev", USES.worker.script);
  const server = await vite.createServer({
    root,
    logLevel: "warn",
    server: { host: "127.0.0.1", port: 0 },
    optimizeDeps: { exclude: ["streamgauge"] },
  });
  try {
    await server.listen();
    const { port } = server.httpServer.address();
    assert.equal(await answerOf(browser, `http://127.0.0.1:${port}/`), USES.worker.answer);
  } finally {
    await server.close();
  }
});

/** A page without a bundler: where the entries are is said by an import map. */
const plain = (script) => {
  const entries = ["series", "ring", "slim", "webrtc", "worker"].map((entry) => [
    `streamgauge/${entry}`,
    `/node_modules/streamgauge/dist/${entry}.js`,
  ]);
  const map = JSON.stringify({ imports: Object.fromEntries(entries) });
  return `<!doctype html><title>plain</title><script type="importmap">${map}</script>
<script type="module">${script}</script>`;
};

for (const [name, { script, answer }] of Object.entries(USES)) {
  test(`plain page: ${name}`, async () => {
    const server = await serve(here, { pages: { "/": plain(script) } });
    try {
      assert.equal(await answerOf(browser, `${server.origin}/`), answer);
    } finally {
      await server.close();
    }
  });
}

for (const [policy, works] of [
  ["script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'", true],
  ["script-src 'self' 'unsafe-inline'", false],
]) {
  test(`content security policy ${policy}`, async () => {
    const script = `
      import { init, quantile } from "streamgauge/series";
      globalThis.answer = await init().then(() => String(quantile([3], 1)), (error) => error.code);`;
    const headers = { "content-security-policy": policy };
    const server = await serve(here, { pages: { "/": plain(script) }, headers });
    try {
      const answer = await answerOf(browser, `${server.origin}/`);
      assert.equal(answer, works ? "3" : "unsupported");
    } finally {
      await server.close();
    }
  });
}
