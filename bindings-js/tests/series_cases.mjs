// Cases of `streamgauge/series` and `streamgauge/audience` for Node and a browser: `run(api, check)`, where
// `api` is both together.

const thrown = (body) => {
  try {
    body();
  } catch (error) {
    return error;
  }
  return undefined;
};
const S = 1_000_000;

export const seriesCases = {
  "window: samples in, what they amount to out": (api, check) => {
    const window = new api.SampleWindow({ spanUs: 10 * S, maxSamples: 3, sameTime: "reject" });
    check.equal(window.snapshot().min, null);
    check.equal(window.record(S, 4), "in_order");
    check.equal(window.record(S, 9), "repeated");
    check.equal(window.record(3 * S, NaN), "not_finite");
    window.recordMany(Float64Array.of(3 * S, 2 * S), Float64Array.of(8, 6));
    const state = window.snapshot();
    check.equal([state.length, state.min, state.max, state.sum, state.mean].join(), "3,4,8,18,6");
    check.equal([state.ratePerS, state.first.tUs, state.last.value].join(), `2,${S},8`);
    check.equal(Object.values(state.counts).join(), "3,1,0,1,1,0");
    check.equal(window.samples().value.join(), "4,6,8");
    window.expire(12 * S);
    check.equal(window.samples().tUs.join(), `${3 * S}`);
    window.free();
    check.equal(thrown(() => window.snapshot()).code, "closed");
  },
  "window: a span that is none, and what is refused": (api, check) => {
    const window = new api.SampleWindow({ spanUs: null, lateUs: Infinity });
    window.record(0, 1);
    window.record(Number.MAX_SAFE_INTEGER, 2);
    check.equal(window.snapshot().length, 2);
    const [one, two] = [Float64Array.of(1), Float64Array.of(1, 2)];
    check.equal(thrown(() => window.recordMany(one, two)).code, "invalid_argument");
    check.equal(thrown(() => window.recordMany([1], one)).code, "invalid_argument");
    check.equal(thrown(() => window.recordMany(Float64Array.of(0.5), one)).code, "out_of_range");
    check.equal(thrown(() => window.record(NaN, 1)).code, "out_of_range");
    check.equal(thrown(() => window.record(1, "1")).code, "invalid_argument");
    check.equal(window.snapshot().length, 2);
    for (const options of [
      { maxSamples: 0 },
      { spanUs: 0 },
      { sameTime: "both" },
      { lateUs: -1 },
    ]) {
      check.equal(thrown(() => new api.SampleWindow(options)).code, "invalid_argument");
    }
    check.equal(thrown(() => new api.SampleWindow({ lateUs: 0.5 })).code, "out_of_range");
    window.free();
  },
  "rollup: buckets ready for a chart, bytes, merge": (api, check) => {
    const levels = [
      { widthUs: S, keep: 100 },
      { widthUs: 10 * S, keep: 10 },
    ];
    const rollup = new api.Rollup({ levels, relativeError: 0.01 });
    rollup.recordMany(Float64Array.of(0, 1, 2 * S, 12 * S), Float64Array.of(1, 3, 10, -2));
    check.equal(rollup.record(11 * S, Infinity), false);
    const buckets = rollup.buckets(0, { quantiles: [0, 1] });
    check.equal(buckets.startUs.length, 13);
    check.equal([...buckets.count.subarray(0, 3)].join(), "2,0,1");
    check.equal([...buckets.sum.subarray(0, 3)].join(), "4,0,10");
    for (const column of [
      buckets.mean,
      buckets.min,
      buckets.last,
      buckets.lastUs,
      ...buckets.quantiles,
    ]) {
      check.equal(Number.isNaN(column[1]), true);
    }
    check.equal([buckets.mean[0], buckets.last[0], buckets.lastUs[0]].join(), "2,3,1");
    check.equal(buckets.quantiles[1][0], 3);
    const [times, mean, high] = api.chartData(buckets.startUs, buckets.mean, buckets.quantiles[1]);
    check.equal(
      [times[0], times[12], mean[1], mean[12], high[2]].map(String).join(),
      "0,12,null,-2,10",
    );
    check.equal(
      thrown(() => api.chartData(buckets.startUs, Float64Array.of(1))).code,
      "invalid_argument",
    );
    const copy = api.Rollup.fromBytes(rollup.toBytes());
    copy.merge(rollup);
    copy.merge(copy);
    check.equal(copy.buckets(1).count.join(), "12,4");
    const state = copy.snapshot();
    check.equal(
      [state.levels[1].widthUs, state.levels[1].keep, state.relativeError].join(),
      `${10 * S},10,0.01`,
    );
    check.equal([state.newestUs, state.finalUntilUs].join(), `${12 * S},${12 * S - 60 * S}`);
    check.equal([state.counts.accepted, state.counts.notFinite].join(), "16,4");
    const any = new api.Rollup({ lateUs: Infinity });
    any.record(5, 1);
    check.equal(
      [any.snapshot().lateUs, any.snapshot().finalUntilUs].map(String).join(),
      "Infinity,null",
    );
    const other = new api.Rollup();
    check.equal(other.snapshot().levels.length, 3);
    check.equal(other.snapshot().newestUs, null);
    check.equal(thrown(() => other.merge(rollup)).code, "invalid_argument");
    check.equal(thrown(() => other.merge(null)).code, "invalid_argument");
    check.equal(thrown(() => other.buckets(0, { quantiles: [0.5] })).code, "invalid_argument");
    check.equal(thrown(() => other.buckets(3)).code, "out_of_range");
    check.equal(thrown(() => new api.Rollup({ levels: [] })).code, "invalid_argument");
    check.equal(thrown(() => api.Rollup.fromBytes(Uint8Array.of(8))).code, "malformed");
    [rollup, copy, any, other].forEach((rollup) => rollup.free());
  },
  "sketch: values, bins, bytes, merge": (api, check) => {
    const sketch = new api.Sketch([-8, 0, 0, 3, NaN]);
    sketch.record(5, 2);
    const state = sketch.snapshot();
    check.equal(
      [state.count, state.zeros, state.rejected, state.sum, state.min, state.max].join(),
      "6,2,1,5,-8,5",
    );
    check.equal([state.relativeError, state.isCollapsed].join(), "0.01,false");
    check.equal(sketch.quantile(0), -8);
    check.equal(sketch.quantile(1), 5);
    const bins = sketch.bins();
    check.equal(bins.count.join(), "1,2,1,2");
    check.equal(bins.lower[2] <= 3 && 3 < bins.upper[2], true);
    const again = api.Sketch.fromBytes(sketch.toBytes());
    check.equal(again.equals(sketch), true);
    again.merge(again);
    check.equal(again.snapshot().count, 12);
    check.equal(again.equals(sketch), false);
    const coarse = new api.Sketch(undefined, { relativeError: 0.1 });
    check.equal(thrown(() => coarse.merge(sketch)).code, "invalid_argument");
    check.equal(thrown(() => coarse.merge({})).code, "invalid_argument");
    check.equal(coarse.quantile(0.5), null);
    check.equal(thrown(() => coarse.quantile(1.5)).code, "invalid_argument");
    for (const relativeError of [NaN, 0, 1]) {
      check.equal(thrown(() => new api.Sketch([], { relativeError })).code, "invalid_argument");
    }
    check.equal(thrown(() => coarse.record(1, -1)).code, "out_of_range");
    check.equal(thrown(() => api.Sketch.fromBytes(Uint8Array.of(255))).code, "malformed");
    sketch.clear();
    check.equal(sketch.snapshot().mean, null);
    [sketch, again, coarse].forEach((sketch) => sketch.free());
  },
  "sums past 2^53 are refused, not rounded": (api, check) => {
    const sketch = new api.Sketch();
    sketch.record(1, Number.MAX_SAFE_INTEGER);
    sketch.record(1, Number.MAX_SAFE_INTEGER);
    check.equal(thrown(() => sketch.snapshot()).code, "out_of_range");
    check.equal(thrown(() => sketch.bins()).code, "out_of_range");
    sketch.free();
  },
  "downsample, quantile and rate": (api, check) => {
    const times = Float64Array.from({ length: 1000 }, (_, i) => i * S);
    const values = new Float64Array(1000);
    values[700] = 9;
    const drawn = api.downsample(times, values, 50);
    check.equal(drawn.constructor.name, "Uint32Array");
    check.equal(drawn.length <= 50 && drawn.includes(700) && drawn.includes(0), true);
    check.equal(thrown(() => api.downsample(times.reverse(), values, 50)).code, "time_went_back");
    check.equal(api.quantile([4, 1, 3, 2], 0.5), 2.5);
    check.equal(thrown(() => api.quantile("4", 0.5)).code, "invalid_argument");
    const window = { startUs: 0, endUs: 2 * S };
    check.equal(api.rate(Float64Array.of(0, 2 * S), Float64Array.of(5, 9), window, "raw").perS, 2);
    check.equal(api.rate(Float64Array.of(0), Float64Array.of(5), window), null);
  },
  "audience: viewers, concurrency, summaries that merge": (api, check) => {
    const audience = new api.Audience();
    check.equal(audience.join("a", 0, { location: "Bern" }), "new");
    check.equal(audience.join("a", S), "reconnected");
    check.equal(audience.started("a", S), true);
    check.equal(audience.bitrate("a", S, 1_000_000), true);
    check.equal(audience.rebuffered("a", 2 * S, S / 2), true);
    check.equal(audience.join("b", 2 * S), "new");
    check.equal(audience.leave("a", 4 * S), true);
    check.equal(audience.leave("nobody", 4 * S), false);
    const viewer = audience.viewer("a", 6 * S);
    check.equal(
      [viewer.watching, viewer.watchedUs, viewer.rebufferUs].join(),
      `false,${4 * S},${S / 2}`,
    );
    check.equal([viewer.location, viewer.userAgent, viewer.startupUs].join(), `Bern,,${S}`);
    check.equal(audience.viewer("nobody", 6 * S), null);
    const stats = audience.concurrency(0, 4 * S);
    check.equal(
      [stats.peak, stats.peakUs, stats.areaUs, stats.mean].join(),
      `2,${2 * S},${6 * S},1.5`,
    );
    check.equal(audience.steps().viewers.join(), "1,2,1");
    check.equal(audience.length, 2);
    const summary = audience.summary(6 * S);
    const one = summary.snapshot();
    check.equal(
      [one.totals.views, one.watching, one.watchedUs, one.totals.unknown].join(),
      `2,1,${8 * S},1`,
    );
    check.equal([one.peakAtLeast, one.peakAtMost, one.peakUs].join(), `2,2,${2 * S}`);
    const startup = summary.startupUs();
    check.equal(startup.quantile(1), S);
    startup.free();
    const fleet = api.AudienceSummary.fromBytes(summary.toBytes());
    check.equal(fleet.equals(summary), true);
    fleet.merge(summary);
    fleet.merge(fleet);
    const all = fleet.snapshot();
    check.equal(
      [all.totals.views, all.peakAtLeast, all.peakAtMost, all.peakUs].map(String).join(),
      "8,2,8,null",
    );
    const text = api.AudienceSummary.manyToPrometheus([
      [{ stream: 'a"b' }, summary],
      [{ stream: "c" }, fleet],
    ]);
    check.equal(text.includes('streamgauge_audience_views_total{stream="a\\"b"} 2\n'), true);
    check.equal(text.includes('streamgauge_audience_views_total{stream="c"} 8\n'), true);
    check.equal(api.AudienceSummary.manyToPrometheus([], { openmetrics: true }), "# EOF\n");
    check.equal(
      thrown(() => api.AudienceSummary.manyToPrometheus([[{}, {}]])).code,
      "invalid_argument",
    );
    const labels = { stream: 'a"b' };
    check.equal(text.startsWith("# HELP streamgauge_audience_viewers"), true);
    check.equal(
      summary
        .toPrometheus({ labels })
        .split("\n")
        .every((line) => text.includes(line)),
      true,
    );
    const otlp = new TextDecoder().decode(summary.toOtlp({ attributes: labels }));
    check.equal(otlp.includes("streamgauge.audience.views") && otlp.includes('a"b'), true);
    check.equal(otlp.includes("service.name"), true);
    check.equal(thrown(() => fleet.merge(startup)).code, "invalid_argument");
    check.equal(thrown(() => api.AudienceSummary.fromBytes(new Uint8Array())).code, "malformed");
    check.equal(thrown(() => new api.Audience({ maxViewers: 0 })).code, "invalid_argument");
    check.equal(thrown(() => audience.join(7, 0)).code, "invalid_argument");
    check.equal(thrown(() => audience.heartbeat("b", 0.5)).code, "out_of_range");
    const small = new api.Audience({ maxViewers: 1 });
    small.join("a", 0);
    check.equal(thrown(() => small.join("b", 0)).code, "capacity_exceeded");
    [audience, summary, fleet, small].forEach((held) => held.free());
  },
  "streams: bitrates, frames, latency": (api, check) => {
    const streams = new api.Streams({ maxStreams: 1 });
    check.equal(streams.snapshot("a"), null);
    streams.record("a", {
      timesUs: Float64Array.of(0, S, 2 * S),
      sizesBytes: Uint32Array.of(100, 100, 100),
      durationsUs: Uint32Array.of(S, S, 0),
      frames: Uint8Array.of(1, 1, 1),
      keyframes: Uint8Array.of(1, 0, 1),
      latenciesUs: Float64Array.of(-5, 10, 10),
    });
    streams.record("a", {
      media: "audio",
      timesUs: Float64Array.of(S),
      sizesBytes: Uint32Array.of(7),
    });
    streams.recordDroppedFrames("a", 1);
    streams.recordLostPackets("a", 4);
    const stats = streams.snapshot("a");
    check.equal(
      [stats.videoBps, stats.frameRate, stats.keyframeIntervalUs].join(),
      `1200,1,${2 * S}`,
    );
    check.equal([stats.latencyUs.quantile(0), stats.endUs].join(), `-5,${2 * S}`);
    stats.latencyUs.free();
    const { video, audio, lossRatio, dropRatio } = streams.remove("a").totals;
    check.equal([video.packets, video.timedBytes, video.mediaBitrateBps].join(), "3,200,800");
    check.equal(
      [audio.bytes, audio.mediaBitrateBps, lossRatio, dropRatio].map(String).join(),
      "7,null,0.5,0.25",
    );
    check.equal(streams.totals().framesDropped, 1);
    check.equal(streams.ids().length, 0);
    const column = { timesUs: Float64Array.of(0), sizesBytes: Uint32Array.of(1) };
    streams.record("b", column);
    check.equal(streams.ids().join(), "b");
    check.equal(thrown(() => streams.record("c", column)).code, "capacity_exceeded");
    check.equal(
      thrown(() => streams.record("b", { ...column, media: "smell" })).code,
      "invalid_argument",
    );
    check.equal(
      thrown(() => streams.record("b", { ...column, frames: new Uint8Array(2) })).code,
      "invalid_argument",
    );
    streams.free();
  },
  "cdn: hits by edge, bounded": (api, check) => {
    const cdn = new api.Cdn({ maxEdges: 1 });
    check.equal(cdn.snapshot().bandwidthBps, null);
    cdn.record("zurich", 0, { hit: true, sizeBytes: 300 });
    cdn.record("zurich", 2 * S, { hit: false, sizeBytes: 100 });
    cdn.record("bern", S, { hit: false, sizeBytes: 0 });
    cdn.merge(cdn);
    const state = cdn.snapshot();
    check.equal([state.startUs, state.endUs, state.bandwidthBps].join(), `0,${2 * S},3200`);
    check.equal([...state.edges.keys()].join(), "zurich");
    check.equal(
      [state.edges.get("zurich").hits, state.edges.get("zurich").byteHitRatio].join(),
      "2,0.75",
    );
    check.equal(
      [state.others.misses, state.others.byteHitRatio, state.total.hitRatio].map(String).join(),
      `2,null,${2 / 6}`,
    );
    check.equal(thrown(() => new api.Cdn({ maxEdges: 0 })).code, "invalid_argument");
    check.equal(
      thrown(() => cdn.record("bern", S, { hit: true, sizeBytes: -1 })).code,
      "out_of_range",
    );
    cdn.free();
  },
};
