// Compiled, not run: what a strict consumer may write, and what it may not.
import { init, quantile, Run, StreamgaugeError, type Buckets, type ErrorCode } from "streamgauge";
import { init as initSlim, Run as SlimRun } from "streamgauge/slim";

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

const error: unknown = undefined;
if (error instanceof StreamgaugeError) {
  const code: ErrorCode = error.code;
  console.log(code, error.line?.toFixed(0), count, times, total, middle, slim);
}
