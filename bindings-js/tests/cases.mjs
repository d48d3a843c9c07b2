// The cases that run both in Node and in a browser: `run(api, check)`, where `api` is the package.

const text = (lines) => new TextEncoder().encode(lines.join("\n") + "\n");

const T0 = 1_700_000_000_000_000;
/** 100 frames at 50 per second, ids 40 to 44 missing, delay 30 ms, and one row that is no row. */
export const FILES = {
  frames: text([
    "recv_wall_us,frame_id,user_timestamp_us,width,height",
    ...Array.from({ length: 100 }, (_, i) => i)
      .filter((i) => i < 40 || i > 44)
      .map((i) => `${T0 + i * 20_000},${i},${T0 + i * 20_000 - 30_000},640,480`),
    "no,row",
  ]),
  prom: text([
    `${T0}\tlivekit_nack_total{dir="in",kind="rtx"}\t5`,
    `${T0}\tlivekit_nack_total{dir="out"}\t1`,
    `${T0 + 1_000_000}\tlivekit_nack_total{dir="in",kind="rtx"}\t15`,
    `${T0 + 1_000_000}\tlivekit_nack_total{dir="out"}\t2`,
  ]),
  events: text([
    `${T0 + 500_000},burst_on`,
    `${T0 + 900_000},burst_off`,
    `${T0 + 950_000},keyframe`,
  ]),
  meta: text([`T0_US=${T0}`, `T1_US=${T0 + 2_000_000}`, "CODEC=vp8"]),
};

const thrown = (body) => {
  try {
    body();
  } catch (error) {
    return error;
  }
  return undefined;
};

export const runCases = {
  "summary of a run": (api, check) => {
    const run = api.Run.fromBytes(FILES, { name: "made" });
    const exact = run.summary();
    check.equal(run.name, "made");
    check.equal(exact.frames_received, 95);
    check.equal(exact.frames_expected, 100);
    check.equal(exact.frames_lost, 5);
    const script = run.summary("plot_fec");
    check.equal(Object.keys(script).length, 16);
    check.equal(script.frames_lost, 5);
    check.equal(script.nack_total, 11);
    check.equal(run.meta.CODEC, "vp8");
    run.free();
  },
  "columns are Float64Arrays": (api, check) => {
    const run = api.Run.fromBytes(FILES);
    const latency = run.latency();
    check.equal(latency.latencyMs.constructor.name, "Float64Array");
    check.equal(latency.latencyMs.length, 95);
    check.equal(latency.latencyMs[0], 30);
    check.equal(latency.tUs[0], T0);
    check.equal([...run.gaps().missing].join(), "5");
    check.equal(run.frames.frameId.length, 95);
    const rate = run.frameRate();
    check.equal(rate.startUs[0], T0);
    check.equal([...rate.perS].join(), "45,50");
    check.equal(run.freezes().startUs.length, run.freezes().durationUs.length);
    check.equal(run.window().startUs, T0);
    check.equal(run.window().start, "meta");
    run.free();
  },
  "counters by selector": (api, check) => {
    const run = api.Run.fromBytes(FILES);
    check.equal(run.counterTotal('livekit_nack_total{dir="in"}').total, 10);
    check.equal(run.counterTotal('livekit_nack_total{kind=~"rt.*"}').series, 1);
    check.equal(run.counterTotal("livekit_nack_total", { contains: 'dir="out"' }).total, 1);
    check.equal(run.counterTotal("no_such_total"), null);
    const rate = run.counterRate("livekit_nack_total");
    check.equal(Math.round(rate.perS[0] * 1e6) / 1e6, 11);
    run.free();
  },
  "the selectors behind the totals": (api, check) => {
    const run = api.Run.fromBytes(FILES);
    const { counterSelectors } = run;
    check.equal(Object.keys(counterSelectors).includes("fec_received"), false);
    const total = run.counterTotal(counterSelectors.nack_total).total;
    check.equal(total, run.summary().nack_total);
    run.free();
  },
  "bursts and marks": (api, check) => {
    const run = api.Run.fromBytes(FILES);
    check.equal(
      JSON.stringify(run.bursts()),
      JSON.stringify([{ startUs: T0 + 500_000, endUs: T0 + 900_000, open: false }]),
    );
    check.equal(
      JSON.stringify(run.marks),
      JSON.stringify([{ tUs: T0 + 950_000, name: "keyframe" }]),
    );
    run.free();
  },
  "problems are counted and listed": (api, check) => {
    const run = api.Run.fromBytes({ frames: FILES.frames });
    const problems = run.problems;
    check.equal(problems["frames.csv"].rows, 96);
    check.equal(Object.values(problems["frames.csv"].dropped).join(), "1");
    check.equal(problems["frames.csv"].first[0].line, 97);
    check.equal(problems["prom.tsv"].missing, true);
    check.equal(problems["frames.csv"].missing, false);
    run.free();
  },
  "files of a browser, gzipped or not": async (api, check) => {
    const packed = new Blob([FILES.frames]).stream().pipeThrough(new CompressionStream("gzip"));
    const frames = new Uint8Array(await new Response(packed).arrayBuffer());
    const run = await api.Run.fromFiles({ frames, meta: new Blob([FILES.meta]) });
    check.equal(run.summary().frames_lost, 5);
    check.equal(run.meta.CODEC, "vp8");
    run.free();
    check.equal(thrown(() => api.Run.fromBytes({ frames })).code, "unsupported");
    const damaged = api.Run.fromFiles({ frames: frames.slice(0, 40) });
    check.equal(await damaged.then(undefined, (error) => error.code), "malformed");
  },
  "files in pieces, with progress, and until they are cancelled": async (api, check) => {
    const long = new Uint8Array(3_000_000).fill(10);
    const files = { ...FILES, events: new Blob([FILES.events]), prom: long };
    const told = [];
    const run = await api.Run.fromFiles(files, { name: "a", onProgress: (p) => told.push(p) });
    check.equal(run.name, "a");
    check.equal(run.bursts().length, 1);
    check.equal(run.summary().frames_lost, 5);
    const total = FILES.frames.length + FILES.events.length + FILES.meta.length + long.length;
    check.equal(told.at(-1).bytes, total);
    check.equal(told.length > 4 && told.every((p) => p.totalBytes === total), true);
    run.free();
    const abort = new AbortController();
    const onProgress = () => abort.abort();
    const cancelled = api.Run.fromFiles(files, { onProgress, signal: abort.signal });
    check.equal(await cancelled.then(undefined, (error) => error.code), "cancelled");
    const wrong = api.Run.fromFiles({ frames: "text" });
    check.equal(await wrong.then(undefined, (error) => error.code), "invalid_argument");
  },
  "files of a folder are told by their names": (api, check) => {
    const file = (name) => new File(["x"], name);
    const found = api.runFiles([file("frames.csv.gz"), file("meta.env"), file("notes.txt")]);
    check.equal(Object.keys(found).join(), "frames,meta");
    check.equal(found.frames.name, "frames.csv.gz");
  },
  "no files, and bytes of any kind": (api, check) => {
    for (const frames of [undefined, new Uint8Array(), new Uint8Array(5000).fill(255)]) {
      const run = api.Run.fromBytes({ frames });
      check.equal(run.summary().frames_received ?? 0, 0);
      run.free();
    }
  },
  "errors have a code": (api, check) => {
    const run = api.Run.fromBytes(FILES);
    const error = thrown(() => run.summary("best"));
    check.equal(error instanceof api.StreamgaugeError, true);
    check.equal(error.code, "invalid_argument");
    check.equal(error.message.includes('"best"'), true);
    check.equal(thrown(() => run.counterTotal('a{b=~"("}')).code, "invalid_argument");
    check.equal(thrown(() => api.Run.fromBytes({ frames: "text" })).code, "invalid_argument");
    run.free();
    check.equal(thrown(() => run.summary()).code, "closed");
    run.free();
  },
  "integers past 2^53 are refused, or come as 64-bit ones": (api, check) => {
    const at = 9_007_199_254_740_993n;
    const run = api.Run.fromBytes({
      frames: text([
        "recv_wall_us,frame_id,user_timestamp_us,width,height",
        `${at},1,${at},640,480`,
      ]),
    });
    check.equal(thrown(() => run.frames).code, "out_of_range");
    check.equal(thrown(() => run.latency()).code, "out_of_range");
    const frames = run.framesInt64();
    check.equal(frames.recvUs[0], at);
    check.equal(
      [frames.frameId[0], frames.hasFrameId[0], frames.userTimestampUs[0]].join(),
      `1,1,${at}`,
    );
    check.equal(frames.width[0], 640);
    check.equal(run.latency("exact", { int64: true }).tUs[0], at);
    run.free();
    const made = api.Run.fromBytes(FILES);
    const gaps = made.gaps("exact", { int64: true });
    check.equal([gaps.tUs.constructor.name, gaps.missing.join()].join(), "BigInt64Array,5");
    check.equal(made.freezes({ int64: true }).durationUs.length, made.freezes().durationUs.length);
    made.free();
  },
  "free in a loop keeps memory bounded": (api, check) => {
    for (let i = 0; i < 200; i++) {
      const run = api.Run.fromBytes(FILES);
      run[Symbol.dispose ?? "free"]();
    }
    check.equal(
      thrown(() => api.Run.fromBytes(FILES).free()),
      undefined,
    );
  },
};

export const fullCases = {
  "two runs compared": (api, check) => {
    const latencies = (late) =>
      text([
        "recv_wall_us,frame_id,user_timestamp_us,width,height",
        ...Array.from({ length: 500 }, (_, i) => {
          const sent = T0 + i * 40_000;
          return `${sent + late + (i % 7)},${i},${sent},640,480`;
        }),
      ]);
    const [fast, slow] = [20_000, 70_000].map((late, i) =>
      api.Run.fromBytes({ frames: latencies(late) }, { name: `run ${i}` }),
    );
    const compared = api.compare(fast, [slow], { seed: 7, resamples: 200 });
    const p95 = compared.keys.latency_p95_ms;
    check.equal(Math.round(p95.difference), 50);
    check.equal(p95.effect, "worse");
    check.equal(p95.better, "lower");
    check.equal(p95.interval[0] <= p95.difference && p95.difference <= p95.interval[1], true);
    check.equal(compared.keys.frames_lost.effect, "no evidence");
    check.equal(compared.keys.nack_total.a, null);
    check.equal(compared.keys.nack_total.noInterval, "A has no value");
    check.equal(compared.b.runs.join(), "run 1");
    check.equal(Math.round(compared.a.durationS[0]), 20);
    check.equal(compared.confidence, 0.95);
    check.equal(compared.notes.length > 0, true);
    check.equal(
      JSON.stringify(api.compare([fast], slow, { seed: 7, resamples: 200 })),
      JSON.stringify(compared),
    );
    check.equal(api.compare(fast, [slow, fast]).keys.loss_ratio.runsB, 2);
    const code = (body) => thrown(body).code;
    check.equal(
      code(() => api.compare(fast, [])),
      "invalid_argument",
    );
    check.equal(
      code(() => api.compare(fast, {})),
      "invalid_argument",
    );
    check.equal(
      code(() => api.compare(fast, slow, { resamples: 7 })),
      "invalid_argument",
    );
    check.equal(
      code(() => api.compare(fast, slow, { seed: 0.5 })),
      "out_of_range",
    );
    fast.free();
    check.equal(
      code(() => api.compare(fast, slow)),
      "closed",
    );
    slow.free();
  },
  "every key is explained": (api, check) => {
    const run = api.Run.fromBytes(FILES);
    const about = api.keys();
    check.equal(about.map((key) => key.name).join(), Object.keys(run.summary()).join());
    const lost = about.find((key) => key.name === "frames_lost");
    check.equal(lost.better, "lower");
    check.equal(lost.denominator, "frames_expected");
    check.equal(lost.unit, "frames");
    run.free();
  },
  "ring: publish, read, close": (api, check) => {
    const bytes = (word) => new TextEncoder().encode(word);
    const ring = new api.ChunkRing({ maxChunks: 4, maxBytes: 100, epoch: 7 });
    const cursor = ring.cursor({ policy: "skip_to_random_access", hard: { chunks: 3 } });
    check.equal(ring.publish(bytes("one"), { nowUs: 1_000_000 }), 0);
    check.equal(ring.publish(bytes("")), null);
    const preamble = bytes("PAT");
    check.equal(ring.publish(bytes("two"), { nowUs: 2_000_000, randomAccess: true, preamble }), 1);
    const read = cursor.read();
    check.equal(read.chunks.map((c) => new TextDecoder().decode(c.bytes)).join(), "one,two");
    check.equal(new TextDecoder().decode(read.chunks[1].preamble), "PAT");
    check.equal(read.next.offsetBytes, 6);
    check.equal(read.requested.timeUs, null);
    check.equal(ring.lag(read.requested).timeUs, 1_000_000);
    check.equal(cursor.read().chunks.length, 0);
    for (let i = 0; i < 6; i++) ring.publish(bytes("more"), { nowUs: 3_000_000 });
    check.equal(cursor.read().skip.reason, "evicted");
    check.equal(ring.snapshot().heldChunks, 0);
    check.equal(ring.close("failed", "cable cut"), true);
    check.equal(ring.close(), false);
    check.equal(cursor.read().closed.message, "cable cut");
    check.equal(thrown(() => ring.publish(bytes("x"))).code, "closed");
    check.equal(thrown(() => ring.lag({ ...read.next, epoch: 6 })).code, "stale_cursor");
    check.equal(thrown(() => ring.publish("text")).code, "invalid_argument");
    check.equal(thrown(() => ring.cursor({ maxReadBytes: -1 })).code, "out_of_range");
    check.equal(
      thrown(() => new api.ChunkRing({ maxChunks: 0, maxBytes: 1 })).code,
      "invalid_argument",
    );
    check.equal(ring.cursors()[0].account.skipEvents, 1);
    check.equal(cursor.finish("write_failed").ended.drained, 1);
    check.equal(thrown(() => cursor.read()).code, "closed");
    cursor.free();
    ring.free();
  },
  quantile: (api, check) => {
    check.equal(api.quantile([4, 1, 3, 2], 0.5), 2.5);
    check.equal(api.quantile(Float64Array.of(4, 1, 3, 2), 0.5, "floor_index"), 3);
    check.equal(api.quantile([], 0.5), null);
    check.equal(thrown(() => api.quantile([1], 2)).code, "invalid_argument");
    check.equal(thrown(() => api.quantile([1, NaN], 0.5)).code, "invalid_argument");
    check.equal(thrown(() => api.quantile([1], 0.5, "median")).code, "invalid_argument");
  },
};
