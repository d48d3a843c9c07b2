// Compiled, not run: what a strict consumer may write, and what it may not.
import { init, quantile, Run, StreamgaugeError, type Buckets, type ErrorCode } from "streamgauge";
import { Audience } from "streamgauge/audience";
import { ChunkRing, type Read } from "streamgauge/ring";
import { init as initLive, PacketFlag, RtpStats, type StreamStats } from "streamgauge/rtp";
import { init as initSlim, Run as SlimRun } from "streamgauge/slim";
import { Rollup, Sketch, type RollupBuckets } from "streamgauge/series";
import { Telemetry, type TrackTotals } from "streamgauge/telemetry";

await init();
await initSlim(new URL("https://example.org/streamgauge_bg.wasm"));

const run: Run = Run.fromBytes({ frames: new Uint8Array() }, { name: "a" });
const lost = run.summary("plot_fec")["frames_lost"];
const count: number = typeof lost === "number" ? lost : 0;
const rate: Buckets = run.counterRate('a_total{b="c"}', { mode: "exact", contains: "x" });
const times: Float64Array = rate.startUs;
const total: number | undefined = run.counterTotal("a_total")?.total;
const middle: number | null = quantile([1, 2], 0.5, "nearest_rank");
const slim: { open: boolean }[] = SlimRun.fromBytes({}).bursts();
run[Symbol.dispose]();

// @ts-expect-error no such mode
run.summary("best");
// @ts-expect-error text is not bytes
Run.fromBytes({ frames: "text" });
// @ts-expect-error the wasm and its glue are private
import("streamgauge/dist/wasm/full/streamgauge.js");

await initLive();
const stats = new RtpStats({ clocks: { 111: { clockHz: 48_000, kind: "audio" } } });
const [arrivalUs, sequence] = [Float64Array.of(1), Uint16Array.of(1)];
stats.record({ arrivalUs, sequence, ssrc: 7, flags: PacketFlag.MARKER });
const stream: StreamStats | null = stats.snapshot(7);
const jitter: number | null = stream?.jitterUs ?? null;
const telemetry = new Telemetry({ level: "participant" });
const key = { participant: "PA", track: "TR", direction: "upstream", kind: "audio" } as const;
const seed: TrackTotals = telemetry.open(key, { nowUs: 0 }).export();
const sent: Promise<number> = telemetry.deliver(async (report) => report.toLivekit().length);

// @ts-expect-error a column of another type
stats.record({ arrivalUs, sequence: Float64Array.of(1), ssrc: 7 });
// @ts-expect-error no such direction
telemetry.totals("sideways");

const buckets: RollupBuckets = new Rollup().buckets(0, { quantiles: [0.5] });
const worst: number | null = Sketch.fromBytes(new Sketch([1]).toBytes()).quantile(1);
const peak: number = new Audience().summary(0).snapshot().peakAtMost;
const read: Read = new ChunkRing({ maxChunks: 1, maxBytes: 1 }).cursor().read();
console.log(buckets.startUs, worst, peak, read.closed);

// @ts-expect-error a plain array is no column
new Rollup().recordMany([1], [2]);

const error: unknown = undefined;
if (error instanceof StreamgaugeError) {
  const code: ErrorCode = error.code;
  console.log(code, error.line?.toFixed(0), count, times, total, middle, slim, jitter, seed, sent);
}
