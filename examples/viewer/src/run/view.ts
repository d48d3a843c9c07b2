/** What is drawn of a run: times in seconds from the start of its window, gaps where nothing was measured. */

import type { Buckets, Problems, RemoteRun, Summary } from "streamgauge/worker";

/** Points in order of time. */
export interface Series {
  /** Seconds. */
  t: Float64Array;
  /** `NaN` where nothing was measured. */
  v: Float64Array;
}

/** A rate per second: one value a bucket, at the middle of the bucket. */
export interface Rate extends Series {
  /** The last bucket is shorter than a second. */
  partial: boolean;
}

/** One run as it is shown. */
export interface RunView {
  meta: Record<string, string>;
  summary: Summary;
  problems: Problems;
  durationS: number;
  /** Milliseconds. */
  latency: Series;
  /** Missing frames at each gap. */
  gaps: Series;
  /** Seconds that each freeze took. */
  freezes: Series;
  bursts: [startS: number, endS: number][];
  marks: [tS: number, name: string][];
  frameRate: Rate;
  /** By key of the summary; a counter that the run does not have is not in it. */
  rates: Record<string, Rate>;
}

/** States of FEC packets that are drawn, and the word for each. */
export const FEC_KEYS = {
  fec_received: "received",
  fec_recovered: "recovered",
  fec_recovery_failed: "recovery failed",
  fec_unused: "unused",
  fec_discarded: "discarded",
} as const;

/** NACKs and loss, and the word for each. */
export const LOSS_KEYS = { nack_total: "NACKs", packet_loss_total: "packets lost" } as const;

const SECOND_US = 1e6;

/** Takes from `run` what is shown of it. */
export async function viewOf(run: RemoteRun): Promise<RunView> {
  const [{ startUs, endUs }, selectors] = await Promise.all([run.window(), run.counterSelectors()]);
  const seconds = (tUs: Float64Array) => tUs.map((t) => (t - startUs) / SECOND_US);
  const rateOfKey = async (key: string): Promise<[string, Rate][]> => {
    const selector = selectors[key];
    if (selector === undefined) return [];
    return [[key, rateOf(await run.counterRate(selector), startUs, endUs)]];
  };
  const keys = [...Object.keys(FEC_KEYS), ...Object.keys(LOSS_KEYS)];
  const rates = (await Promise.all(keys.map(rateOfKey))).flat();
  const [latency, gaps, freezes] = await Promise.all([run.latency(), run.gaps(), run.freezes()]);
  const [bursts, marks] = await Promise.all([run.bursts(), run.marks()]);
  return {
    meta: await run.meta(),
    summary: await run.summary(),
    problems: await run.problems(),
    durationS: (endUs - startUs) / SECOND_US,
    latency: { t: seconds(latency.tUs), v: latency.latencyMs },
    gaps: { t: seconds(gaps.tUs), v: gaps.missing },
    freezes: { t: seconds(freezes.startUs), v: freezes.durationUs.map((us) => us / SECOND_US) },
    bursts: bursts.map((burst) => [
      (burst.startUs - startUs) / SECOND_US,
      (burst.endUs - startUs) / SECOND_US,
    ]),
    marks: marks
      .filter((mark) => startUs <= mark.tUs && mark.tUs < endUs)
      .map((mark) => [(mark.tUs - startUs) / SECOND_US, mark.name]),
    frameRate: rateOf(await run.frameRate(), startUs, endUs),
    rates: Object.fromEntries(rates),
  };
}

function rateOf(buckets: Buckets, startUs: number, endUs: number): Rate {
  const t = new Float64Array(buckets.startUs.length);
  const v = new Float64Array(buckets.startUs.length);
  for (const [i, bucketUs] of buckets.startUs.entries()) {
    const lengthUs = Math.min(Math.max(endUs - bucketUs, 1), SECOND_US);
    const coveredUs = Math.min(buckets.coveredUs[i] ?? 0, lengthUs);
    t[i] = (bucketUs - startUs + lengthUs / 2) / SECOND_US;
    // The core's rate is over the whole bucket; what is shown is the rate while it was measured. Of
    // less than half a bucket no rate of it can be told.
    v[i] = coveredUs * 2 >= lengthUs ? ((buckets.perS[i] ?? NaN) * lengthUs) / coveredUs : NaN;
  }
  return { t, v, partial: buckets.lastPartial };
}

/** Whether any frame was received in the window. */
export function hasFrames(view: RunView): boolean {
  return view.frameRate.v.some((perS) => perS > 0);
}

/** The loss that was injected, and the codec, in words. */
export function profileOf({ meta }: RunView): string {
  const codec = meta["CODEC"] ? `, codec ${meta["CODEC"]}` : "";
  return lossProfile(meta) + codec;
}

function lossProfile(meta: Record<string, string>): string {
  const drop = meta["DEBUG_DROP"] ?? "0";
  if (drop !== "0" && drop !== "") return `uniform ${drop} % loss injected at SFU receive`;
  if (meta["SHAPING"] === "0") return "no loss injected";
  if (meta["BASE_LOSS"] === undefined && meta["BURST_LOSS"] === undefined) {
    return "loss profile not stated";
  }
  const [base, burst, length, every] = ["BASE_LOSS", "BURST_LOSS", "BURST_LEN", "BURST_EVERY"].map(
    (key) => meta[key] ?? "?",
  );
  return `base loss ${base} / burst ${burst} for ${length} s every ${every} s`;
}

/** Lower and upper end of the axis of latencies. */
export interface LatencyLimits {
  low: number;
  high: number;
  /** Values lie above it: they would flatten the rest. */
  clipped: boolean;
}

/** Of more values than this the quantiles are taken of a part, evenly spread: an axis needs no more. */
const SORTED_MAX = 50_000;

/**
 * The axis ends half the spread (p5 to p99.5) above p99.5 where that makes it less than half as long.
 * `null` for no values.
 */
export function latencyLimits(all: readonly Series[]): LatencyLimits | null {
  const count = all.reduce((sum, { v }) => sum + v.length, 0);
  if (count === 0) return null;
  let [least, largest] = [Infinity, -Infinity];
  const every = Math.ceil(count / SORTED_MAX);
  const part: number[] = [];
  for (const { v } of all) {
    for (let i = 0; i < v.length; i++) {
      const value = v[i] ?? NaN;
      if (value < least) least = value;
      if (value > largest) largest = value;
      if (i % every === 0) part.push(value);
    }
  }
  const sorted = Float64Array.from(part).sort();
  const at = (q: number): number => sorted[Math.round(q * (sorted.length - 1))] ?? NaN;
  const [p5, p995] = [at(0.05), at(0.995)];
  // Where nearly all are the same there is no spread: then a twentieth of them, or 1 ms.
  const top = p995 + Math.max((p995 - p5) / 2, Math.abs(p995) / 20, 1);
  const low = least < 0.4 * Math.abs(top) ? Math.min(0, least) : least;
  const clipped = low < top && largest - low > 2 * (top - low);
  const high = clipped ? top : largest;
  const margin = 0.04 * (high - low || 1);
  return {
    low: low === 0 ? 0 : low - margin,
    high: clipped ? high : high + margin,
    clipped,
  };
}
