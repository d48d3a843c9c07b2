// Cases of `streamgauge/worker` for Node and a browser: `run(api, check)`, where `api` is the entry.
import { FILES } from "./cases.mjs";

const blobs = Object.fromEntries(
  Object.entries(FILES).map(([file, bytes]) => [file, new Blob([bytes])]),
);
const failed = (promise) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

/** Runs `body` with a worker, and ends it. */
const withWorker = (body) => async (api, check) => {
  const worker = api.createWorker();
  try {
    await body(api, check, worker);
  } finally {
    worker.terminate();
  }
};

export const workerCases = {
  "a run is read and asked": withWorker(async (api, check, worker) => {
    const told = [];
    const run = await worker.openRun(blobs, { name: "made", onProgress: (p) => told.push(p) });
    check.equal(run.name, "made");
    check.equal(told.at(-1).bytes, told.at(-1).totalBytes);
    const [summary, script] = await Promise.all([run.summary(), run.summary("plot_fec")]);
    check.equal(summary.frames_lost, 5);
    check.equal(script.nack_total, 11);
    check.equal((await run.frames()).recvUs.length, 95);
    check.equal((await run.framesInt64()).frameId[1], 1n);
    check.equal((await run.latency()).latencyMs[0], 30);
    check.equal(
      (await run.latency("exact", { int64: true })).tUs.constructor.name,
      "BigInt64Array",
    );
    check.equal((await run.gaps()).missing.join(), "5");
    check.equal((await run.freezes()).startUs.constructor.name, "Float64Array");
    check.equal((await run.frameRate()).perS.join(), "45,50");
    check.equal(Math.round((await run.counterRate("livekit_nack_total")).perS[0]), 11);
    check.equal((await run.counterTotal('livekit_nack_total{dir="in"}')).total, 10);
    check.equal(await run.counterTotal("no_such_total"), null);
    check.equal((await run.bursts())[0].open, false);
    check.equal((await run.marks())[0].name, "keyframe");
    check.equal((await run.meta()).CODEC, "vp8");
    check.equal((await run.window()).start, "meta");
    const { nack_total: selector } = await run.counterSelectors();
    check.equal((await run.counterTotal(selector)).total, 11);
    check.equal((await run.problems())["frames.csv"].first[0].line, 97);
    run.free();
    check.equal((await failed(run.summary())).code, "closed");
  }),
  "the keys are explained": withWorker(async (api, check, worker) => {
    const run = await worker.openRun({ frames: FILES.frames });
    const names = (await worker.keys()).map((key) => key.name);
    check.equal(names.join(), Object.keys(await run.summary()).join());
  }),
  "errors arrive as they were thrown": withWorker(async (api, check, worker) => {
    const run = await worker.openRun({ frames: FILES.frames });
    const error = await failed(run.summary("best"));
    check.equal(error instanceof api.StreamgaugeError, true);
    check.equal([error.code, error.message.includes('"best"')].join(), "invalid_argument,true");
    const packed = new Blob([FILES.frames]).stream().pipeThrough(new CompressionStream("gzip"));
    const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
    const damaged = await failed(worker.openRun({ frames: new Blob([bytes.slice(0, 40)]) }));
    check.equal([damaged.code, damaged.file].join(), "malformed,frames.csv");
    check.equal((await failed(worker.openRun({ frames: "text" }))).code, "invalid_argument");
    check.equal((await failed(run.summary(() => {}))).code, "invalid_argument");
    check.equal((await run.summary()).frames_lost, 5);
  }),
  "runs are compared": withWorker(async (api, check, worker) => {
    const [a, b] = [await worker.openRun(blobs), await worker.openRun(blobs)];
    const compared = await worker.compare(a, [b], { resamples: 100 });
    check.equal(compared.keys.frames_lost.difference, 0);
    check.equal((await failed(worker.compare([], b))).code, "invalid_argument");
    const other = api.createWorker();
    check.equal((await failed(other.compare(a, b))).code, "invalid_argument");
    check.equal((await failed(other.compare({}, b))).code, "invalid_argument");
    other.terminate();
  }),
  "reading is cancelled, and a worker ended": withWorker(async (api, check, worker) => {
    await worker.ready;
    const abort = new AbortController();
    const large = { prom: new Blob([new Uint8Array(30_000_000).fill(10)]) };
    const reading = failed(worker.openRun(large, { signal: abort.signal }));
    abort.abort();
    check.equal((await reading).code, "cancelled");
    check.equal((await failed(worker.openRun({}, { signal: abort.signal }))).code, "cancelled");
    const run = await worker.openRun(blobs);
    const waiting = failed(run.summary());
    worker.terminate();
    check.equal((await waiting).code, "closed");
    check.equal((await failed(run.frames())).code, "closed");
    check.equal((await failed(worker.openRun({}))).code, "closed");
    run.free();
    worker.terminate();
  }),
};
