// Cases of `streamgauge/rtp` and `streamgauge/telemetry` for Node and a browser: `run(api, check)`, where
// `api` is both together.

const thrown = (body) => {
  try {
    body();
  } catch (error) {
    return error;
  }
  return undefined;
};

/** `n` video packets in sequence, 10 ms apart, but those in `without`. */
function video(n, { first = 0, ssrc = 7, without = [] } = {}) {
  const i = Array.from({ length: n }, (_, i) => first + i).filter((i) => !without.includes(i));
  return {
    arrivalUs: Float64Array.from(i, (i) => i * 10_000),
    ssrc,
    rtpTimestamp: Uint32Array.from(i, (i) => i * 900),
    sequence: Uint16Array.from(i),
    wireBytes: 1012,
    headerBytes: 12,
    payloadType: 96,
  };
}

function raw(sequence) {
  const data = new DataView(new ArrayBuffer(19));
  data.setUint16(0, 0x80e0);
  data.setUint16(2, sequence);
  data.setUint32(8, 0xffff_ffff);
  return new Uint8Array(data.buffer);
}

const KEY = {
  participant: "PA_1",
  track: "TR_1",
  direction: "upstream",
  kind: "video",
  mime: "video/VP8",
};

function opened(api, options) {
  const telemetry = new api.Telemetry(options);
  telemetry.identify("PA_1", { roomId: "RM_1", roomName: "a room" }, { nowUs: 0 });
  return [telemetry, telemetry.open(KEY, { nowUs: 0 })];
}

const MAX = Number.MAX_SAFE_INTEGER;

export const liveCases = {
  "counter: single steps and batches": (api, check) => {
    const counter = new api.Counter({ originKnown: true });
    check.equal(counter.last, null);
    check.equal(counter.record(0, 500).delta, 500);
    const step = counter.record(1_000_000, 700);
    check.equal([step.kind, step.delta, step.startUs, step.endUs].join(), "advance,200,0,1000000");
    check.equal(counter.record(2_000_000, 900, { boundary: true }).kind, "boundary");
    const steps = counter.recordMany(Float64Array.of(3e6, 4e6, 4e6), Float64Array.of(30, 40, 41));
    check.equal(steps.deltas.join(), "30,10,0");
    const kinds = Array.from(steps.kinds, (kind) => api.STEP_KINDS[kind]);
    check.equal(kinds.join(), "reset,advance,rejected");
    const epochs = { boundaries: Uint8Array.of(1) };
    check.equal(
      counter.recordMany(Float64Array.of(5e6), Float64Array.of(50), epochs).deltas[0],
      50,
    );
    check.equal(counter.total, 500 + 200 + 900 + 30 + 10 + 50);
    check.equal(Object.values(counter.counts).join(), "1,0,2,1");
    check.equal(counter.last.value, 50);
    counter.end();
    check.equal(counter.record(6e6, 1).kind, "first");
    counter.free();
    check.equal(thrown(() => counter.total).code, "closed");
  },
  "counter: what is refused": (api, check) => {
    const counter = new api.Counter();
    for (const value of [-1, 0.5, NaN, Infinity, 2 ** 53, "5"]) {
      check.equal(thrown(() => counter.record(0, value)).code, "out_of_range");
      check.equal(thrown(() => counter.record(value === -1 ? NaN : value, 0)).code, "out_of_range");
    }
    check.equal(counter.record(0, MAX).kind, "first");
    const [one, two] = [Float64Array.of(1), Float64Array.of(1, 2)];
    for (const args of [
      [one, two],
      [one, [1]],
      [[1], one],
      [one, one, { boundaries: two }],
    ]) {
      check.equal(thrown(() => counter.recordMany(...args)).code, "invalid_argument");
    }
    for (const options of [
      { kind: "u32" },
      { widthBits: 65 },
      { widthBits: 0 },
      { maxPerS: NaN },
      { maxPerS: 0 },
    ]) {
      check.equal(thrown(() => new api.Counter(options)).code, "invalid_argument");
    }
    counter.free();
    const floats = new api.Counter({ kind: "f64" });
    const kinds = [1.5, NaN, Infinity, -1, 2.25].map((value, i) => floats.record(i, value).kind);
    check.equal(kinds.join(), "first,rejected,rejected,rejected,advance");
    check.equal(floats.total, 0.75);
    floats.free();
    const full = new api.Counter({ originKnown: true });
    full.record(0, MAX);
    full.record(1, 5);
    check.equal(thrown(() => full.total).code, "out_of_range");
    full.free();
  },
  rate: (api, check) => {
    const times = Float64Array.from({ length: 6 }, (_, i) => 5e6 + 15e6 * i);
    const values = times.map((_, i) => 100 + 15 * i);
    const window = { startUs: 0, endUs: 60e6 };
    check.equal(api.rate(times, values, window).perS, 1);
    check.equal(api.rate(times, values, window, "raw").increase, 45);
    check.equal(api.rate(new Float64Array(), new Float64Array(), window), null);
    check.equal(thrown(() => api.rate(times, values, window, "mean")).code, "invalid_argument");
    check.equal(thrown(() => api.rate(times, values.subarray(1), window)).code, "invalid_argument");
  },
  "rtp: loss, late and repeated": (api, check) => {
    const stats = new api.RtpStats();
    stats.record(video(600, { without: [540, 541, 542, 560] }));
    const found = stats.snapshot(7);
    check.equal(
      [found.totals.packets, found.totals.expected, found.totals.lost].join(),
      "596,600,4",
    );
    check.equal(found.lossBursts.filter((burst) => burst.count > 0).length, 2);
    check.equal([found.frames, found.clockHz, found.payloadType].join(), "596,90000,96");
    check.equal(found.jitterUs, 0);
    stats.record({ ...video(1, { first: 560 }), rtpTimestamp: 504_000 });
    stats.record({ ...video(1, { first: 560 }), rtpTimestamp: 504_000 });
    const { lost, duplicates, recoveredLate } = stats.snapshot(7).totals;
    check.equal([lost, duplicates, recoveredLate].join(), "3,1,1");
    check.equal(stats.snapshot(8), null);
    check.equal(stats.snapshots().length, 1);
    check.equal(stats.totals().packets, 598);
    check.equal(stats.counts().ssrcs, 1);
    check.equal(stats.counts().memoryBytes > 0, true);
    check.equal(stats.remove(7), true);
    check.equal(stats.remove(7), false);
    check.equal(stats.totals().packets, 598);
    stats.free();
    check.equal(thrown(() => stats.totals()).code, "closed");
  },
  "rtp: raw packets": (api, check) => {
    const stats = new api.RtpStats({
      clocks: { 96: { clockHz: 8000, kind: "video" }, 97: 48_000 },
    });
    for (const sequence of [1, 2, 4]) stats.recordRaw(sequence, raw(sequence));
    check.equal(stats.snapshot(0xffff_ffff).totals.lost, 1);
    check.equal(stats.snapshot(0xffff_ffff).clockHz, 8000);
    const packet = api.parsePacket(raw(5), 9, api.PacketFlag.KEYFRAME);
    check.equal([packet.ssrc, packet.wireBytes, packet.flags].join(), `${0xffff_ffff},19,3`);
    for (const data of [new Uint8Array(), raw(1).subarray(1), new Uint8Array(70_000).fill(128)]) {
      check.equal(thrown(() => stats.recordRaw(0, data)).code, "malformed");
      check.equal(thrown(() => api.parsePacket(data, 0)).code, "malformed");
    }
    check.equal(thrown(() => stats.recordRaw(0, "text")).code, "invalid_argument");
    check.equal(thrown(() => stats.recordRaw(0, raw(1), 256)).code, "out_of_range");
    check.equal(thrown(() => stats.recordRaw(0.5, raw(1))).code, "out_of_range");
    stats.free();
    check.equal([api.fractionLost(4, 3), api.fractionLost(10, 0)].join(), "64,255");
    check.equal([api.clampLost(2 ** 40), api.clampLost(-(2 ** 40))].join(), "8388607,-8388608");
    check.equal(thrown(() => api.fractionLost(2 ** 53, 0)).code, "out_of_range");
  },
  "rtp: columns that are refused": (api, check) => {
    const stats = new api.RtpStats();
    const of = (more) => ({ ...video(2), ...more });
    for (const [columns, code] of [
      [{ arrivalUs: [0, 1] }, "invalid_argument"],
      [{ arrivalUs: new Float32Array(2) }, "invalid_argument"],
      [{ arrivalUs: Float64Array.of(0, 0.5) }, "out_of_range"],
      [{ arrivalUs: Float64Array.of(NaN, 0) }, "out_of_range"],
      [{ arrivalUs: Float64Array.of(0, 2 ** 53) }, "out_of_range"],
      [{ ssrc: new Int32Array(2) }, "invalid_argument"],
      [{ ssrc: -1 }, "out_of_range"],
      [{ ssrc: 2 ** 32 }, "out_of_range"],
      [{ ssrc: new Uint32Array(1) }, "invalid_argument"],
      [{ sequence: new Uint16Array(3) }, "invalid_argument"],
      [{ sequence: 5 }, "invalid_argument"],
      [{ wireBytes: 65_536 }, "out_of_range"],
      [{ flags: new Uint16Array(2) }, "invalid_argument"],
    ]) {
      check.equal(thrown(() => stats.record(of(columns))).code, code);
    }
    check.equal(stats.totals().packets + stats.counts().unvalidatedPackets, 0);
    stats.record(video(0));
    const most = { wireBytes: 0, headerBytes: 65_535, paddingBytes: 255, payloadType: 255 };
    stats.record({ ...video(300, { ssrc: 1 }), ...most, flags: 255 });
    stats.record({ ...video(2, { ssrc: 2 }), arrivalUs: Float64Array.of(-MAX, MAX) });
    check.equal(stats.totals().packets + stats.counts().unvalidatedPackets, 302);
    stats.free();
    for (const options of [
      { maxStreams: 0 },
      { maxStreams: 2 ** 24 + 1 },
      { clocks: { 128: 1 } },
    ]) {
      check.equal(thrown(() => new api.RtpStats(options)).code, "invalid_argument");
    }
    check.equal(thrown(() => new api.RtpStats({ maxStreams: -1 })).code, "out_of_range");
    check.equal(thrown(() => new api.RtpStats({ clocks: { opus: 48_000 } })).code, "out_of_range");
  },
  "rtp: readers": (api, check) => {
    const stats = new api.RtpStats();
    const [first, second] = [stats.reader(0), stats.reader(0)];
    stats.record(video(20, { without: [15] }));
    const [delta] = first.take(1_000_000);
    const { ssrc, totals, startUs, endUs, last } = delta;
    check.equal([ssrc, totals.packets, totals.lost].join(), "7,19,1");
    check.equal([startUs, endUs, last].join(), "0,1000000,false");
    check.equal(thrown(() => first.flush(1_000_001)).code, "already_pending");
    first.restore();
    stats.record(video(1, { first: 15 }));
    check.equal(first.flush(2_000_000)[0].totals.lost, 0);
    check.equal(first.flush(3_000_000).length, 0);
    stats.remove(7);
    check.equal(second.pending().at(-1).totals.packets, 20);
    check.equal(second.take(4_000_000)[0].ssrc, null);
    second.ack();
    for (let i = 2; i < 16; i++) stats.reader(0);
    check.equal(thrown(() => stats.reader(0)).code, "capacity_exceeded");
    stats.free();
    check.equal(thrown(() => first.flush()).code, "closed");
  },
  rtcp: (api, check) => {
    const stats = new api.RtcpStats();
    const report = new DataView(new ArrayBuffer(28));
    report.setUint32(0, 0x80c8_0006);
    report.setUint32(4, 1);
    report.setBigUint64(8, 0xffff_0002_0003_0004n);
    report.setUint32(20, 10);
    stats.record(1_000_000, new Uint8Array(report.buffer));
    const source = stats.source(1);
    check.equal(source.ntp, 0xffff_0002_0003_0004n);
    check.equal(
      [source.sentPackets, source.rttUs, source.remote, source.left].join(),
      "10,,,false",
    );
    check.equal(stats.sources().length, 1);
    check.equal(stats.source(2), null);
    check.equal(stats.takeMaxRttUs(), null);
    check.equal(thrown(() => stats.record(0, Uint8Array.of(0x81))).code, "malformed");
    check.equal(stats.totals().malformed, 1);
    check.equal(thrown(() => new api.RtcpStats({ maxSources: 0 })).code, "invalid_argument");
    stats.free();
  },
  "telemetry: a stat, once": (api, check) => {
    const [telemetry, track] = opened(api);
    track.record(video(100, { without: [50] }));
    track.recordRtcp(1, { rttUs: 300, nacks: 2 });
    track.recordRtcp(2, { rttUs: 100, jitterUs: 5, lost: -1 });
    [4, 3, NaN, -1].forEach((score) => track.recordScore(score));
    const report = telemetry.flush(5_000_000);
    const [stat] = report.stats;
    check.equal([report.sequence, report.startUs, report.timeUs].join(), "1,0,5000000");
    check.equal(
      Object.values(stat.key).join(),
      "RM_1,a room,PA_1,TR_1,upstream,video,edge,,video/VP8,",
    );
    check.equal([stat.startUs, stat.endUs, stat.last, stat.tracks].join(), "0,5000000,false,1");
    const { primaryPackets, primaryBytes, packetsLost, nacks } = stat.totals;
    check.equal([primaryPackets, primaryBytes, packetsLost, nacks].join(), "99,99000,0,2");
    check.equal([stat.rttUs, stat.layer, stat.data].join(), "300,,");
    check.equal(Object.values(stat.scores).join(), "3.5,3,3.5,2");
    check.equal(telemetry.flush(6_000_000).stats.length, 0);
    check.equal(telemetry.totals("upstream").primaryPackets, 99);
    check.equal(telemetry.participantTotals("PA_1", "upstream").primaryPackets, 99);
    check.equal(telemetry.participantTotals("PA_2", "upstream"), null);
    check.equal(telemetry.snapshot()[0].key.track, track.key.track);
    check.equal(telemetry.toPrometheus({ openmetrics: true }).endsWith("# EOF\n"), true);
    check.equal(telemetry.toPrometheus({ top: 0 }).includes("TR_1"), false);
    report.free();
    check.equal(thrown(() => report.toLivekit()).code, "closed");
    track.free();
    check.equal(telemetry.flush().stats.length, 0);
    check.equal(telemetry.counts().tracksDropped, 1);
    telemetry.free();
    check.equal(thrown(() => telemetry.flush()).code, "closed");
  },
  "telemetry: protobuf": (api, check) => {
    const [telemetry, track] = opened(api);
    track.recordMessage(0, 5);
    const report = telemetry.flush(1);
    const text = (of) => new TextDecoder("latin1").decode(of);
    const encoded = text(report.toLivekit("ND_1", () => "AS_7"));
    for (const part of ["ND_1", "RM_1", "PA_1", "TR_1", "AS_7"]) {
      check.equal(encoded.includes(part), true);
    }
    check.equal(text(report.toLivekit()) === text(report.toLivekit()), false);
    const failing = () => {
      throw new RangeError("no ids left");
    };
    check.equal(thrown(() => report.toLivekit("", failing)).message, "no ids left");
    check.equal(thrown(() => report.toLivekit("", () => 5)).code, "invalid_argument");
    check.equal(text(report.toLivekit("", () => "AS_8")).includes("AS_8"), true);
    const named = { resource: { "service.name": "n1" } };
    check.equal(text(report.toOtlp(named)).includes("n1"), true);
    check.equal(text(report.toOtlp()).includes("TR_1"), true);
    check.equal(text(telemetry.toOtlp({ nowUs: 2 })).includes("TR_1"), true);
    check.equal(text(telemetry.toOtlp({ nowUs: 2, top: 0 })).includes("TR_1"), false);
    check.equal(thrown(() => report.toOtlp({ resource: { a: 5 } })).code, "invalid_argument");
    [report, track, telemetry].forEach((handle) => handle.free());
  },
  "telemetry: delivery": async (api, check) => {
    const [telemetry, track] = opened(api);
    track.recordMessage(0, 5);
    const failed = telemetry.deliver(() => Promise.reject(new TypeError("offline")), 1);
    check.equal(await failed.then(undefined, (error) => error.message), "offline");
    track.recordMessage(1, 6);
    const stats = await telemetry.deliver(({ stats }) => {
      check.equal(thrown(() => telemetry.flush(2)).code, "already_pending");
      return stats;
    }, 2);
    check.equal([stats[0].totals.primaryBytes, stats[0].mergedIntervals].join(), "11,1");
    check.equal(telemetry.flush(3).stats.length, 0);
    check.equal([telemetry.ack(), telemetry.restore()].join(), "false,false");
    check.equal(telemetry.counts().intervalsMerged, 1);
    telemetry.free();
  },
  "telemetry: close, and on elsewhere": (api, check) => {
    const [telemetry, track] = opened(api);
    const other = telemetry.open(KEY, { nowUs: 0 });
    track.setLayer(7, 2);
    track.setMime("video/AV1");
    track.record(video(10));
    check.equal(track.close(1), true);
    check.equal(track.close(2), false);
    track.record(video(3));
    const seed = other.export(3);
    check.equal([seed.primaryPackets, seed.layers[2].packets].join(), "10,10");
    check.equal(thrown(() => telemetry.open(KEY)).code, "already_pending");
    const [stat] = telemetry.flush(4).stats;
    check.equal(
      [stat.last, stat.layer.layer, stat.layer.packets, stat.key.mime].join(),
      "true,2,10,video/AV1",
    );
    check.equal(telemetry.counts().rejectedAfterClose, 3);
    const node = new api.Telemetry();
    node.identify("PA_1", { roomId: "RM_1" });
    const moved = node.open(KEY, { nowUs: 5, seed: JSON.parse(JSON.stringify(seed)) });
    check.equal(JSON.stringify(moved.totals()), JSON.stringify(seed));
    moved.record(video(10, { first: 10 }));
    check.equal(node.flush(6).stats[0].totals.primaryPackets, 10);
    check.equal(moved.totals().primaryPackets, 20);
    check.equal(
      thrown(() => node.open(KEY, { seed: { ...seed, frames: -1 } })).code,
      "out_of_range",
    );
    const layers = Array(5).fill(seed.layers[0]);
    check.equal(
      thrown(() => node.open(KEY, { seed: { ...seed, layers } })).code,
      "invalid_argument",
    );
    node.free();
    telemetry.free();
  },
  "telemetry: data tracks, and none": (api, check) => {
    const [telemetry, track] = opened(api);
    const data = {
      timesUs: Float64Array.of(0, 100_000, 200_000),
      sequences: Uint16Array.of(1, 3, 3),
      sizesBytes: Uint32Array.of(70_000, 70_000, 70_000),
    };
    track.recordData({ ...data, startsFrame: Uint8Array.of(1, 1, 0) });
    for (const wrong of [{ sequences: [1, 2, 3] }, { sizesBytes: new Uint32Array(2) }]) {
      check.equal(thrown(() => track.recordData({ ...data, ...wrong })).code, "invalid_argument");
    }
    track.observeTotals(1, 5, 50);
    track.removeSsrc(1);
    track.close(300_000);
    const [stat] = telemetry.flush(300_000).stats;
    check.equal(stat.totals.primaryBytes, 210_050);
    check.equal(Object.values(stat.data).join(), "200000,3,1,0,1,2,10");
    const none = api.Track.disabled();
    none.record(video(5));
    none.recordRaw(0, raw(1));
    check.equal([none.totals(), none.key, none.close()].join(), ",,true");
    none.free();
    telemetry.free();
  },
  "telemetry: what is refused": (api, check) => {
    const [telemetry, track] = opened(api, { maxTracks: 1, maxParticipants: 1, graceUs: 0 });
    for (const wrong of [{ direction: "up" }, { kind: "text" }, { role: "core" }, { track: 5 }]) {
      check.equal(thrown(() => telemetry.open({ ...KEY, ...wrong })).code, "invalid_argument");
    }
    check.equal(thrown(() => telemetry.open({ ...KEY, track: "2" })).code, "capacity_exceeded");
    check.equal(
      thrown(() => telemetry.identify("PA_2", { roomId: "R" })).code,
      "capacity_exceeded",
    );
    check.equal(thrown(() => telemetry.identify("PA_1", {})).code, "invalid_argument");
    for (const body of [
      () => track.recordMessage(0, -1),
      () => track.recordMessage(2 ** 53, 1),
      () => track.observeTotals(2 ** 32, 0, 0),
      () => track.observeTotals(0, 2 ** 53, 0),
      () => track.recordRtcp(0, { rttUs: 2 ** 32 }),
      () => track.recordRtcp(0, { nacks: 0.5 }),
      () => track.setLayer(0, 256),
      () => telemetry.flush(NaN),
      () => telemetry.toPrometheus({ top: -1 }),
      () => new api.Telemetry({ graceUs: -1 }),
    ]) {
      check.equal(thrown(body).code, "out_of_range");
    }
    for (const options of [{ maxTracks: 0 }, { level: "room" }, { bytes: 5 }]) {
      check.equal(thrown(() => new api.Telemetry(options)).code, "invalid_argument");
    }
    track.observeTotals(1, MAX, MAX);
    track.recordMessage(0, 5);
    check.equal(thrown(() => track.totals()).code, "out_of_range");
    check.equal(thrown(() => telemetry.flush(1).stats).code, "out_of_range");
    telemetry.free();
  },
  "free in a loop keeps memory bounded": (api, check) => {
    for (let i = 0; i < 300; i++) {
      const [telemetry, track] = opened(api);
      track.record(video(50));
      const report = telemetry.flush(1);
      check.equal(report.stats.length, 1);
      for (const handle of [report, track, telemetry]) handle[Symbol.dispose ?? "free"]();
    }
  },
};
