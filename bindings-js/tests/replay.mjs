// The operations of vectors on this package: names with underscores and integers as text there, names
// in camel case and numbers here.

import { webrtcOperations } from "./replay_webrtc.mjs";

const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
/** The fields of a record under their names in vectors. */
const fields = (record) =>
  Object.fromEntries(Object.entries(record ?? {}).map(([name, value]) => [snake(name), value]));
/** The arguments that are there, as numbers. */
const numbers = (args, ...names) =>
  Object.fromEntries(
    names.filter((name) => args[name] != null).map((name) => [camel(name), Number(args[name])]),
  );
const bytes = (word) => new TextEncoder().encode(word);
const word = (of) => new TextDecoder().decode(of);

const lagOf = (name, lag) => ({
  [`${name}_chunks`]: lag.chunks,
  [`${name}_bytes`]: lag.bytes,
  [`${name}_us`]: lag.timeUs,
});

const readOf = (read) => ({
  chunks: read.chunks.map((chunk) => word(chunk.bytes)),
  next: read.next.sequence,
  behind_chunks: read.behind.chunks,
  lag_chunks: read.lag.chunks,
  skipped: read.skip?.reason ?? null,
  skipped_chunks: read.skip?.skipped.chunks ?? 0,
  skipped_bytes: read.skip?.skipped.bytes ?? 0,
  warning: read.warning,
  closed: read.closed?.kind ?? null,
});

/** A number, or a text for what JSON has no number for. */
const float = (value) =>
  value === "inf" ? Infinity : value === "-inf" ? -Infinity : Number(value);
const floats = (values) => Float64Array.from(values, float);
const integers = (values) => Float64Array.from(values, Number);
/** NaN is for absent; `null` is what a vector expects. */
const absent = (column) => Array.from(column, (value) => (Number.isNaN(value) ? null : value));
const hexOf = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
const fromHex = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
/** A bound past what is exact here is none. */
const late = (a) => {
  if (a.late_us == null) return {};
  return { lateUs: Number.isSafeInteger(+a.late_us) ? +a.late_us : Infinity };
};

const streamOf = (stats) => stats && { ...fields(stats.totals), ...fields(stats) };

/** Rows of texts as columns. */
function packets(rows) {
  const column = (type, i) => type.from(rows, (row) => Number(row[i]));
  return {
    arrivalUs: column(Float64Array, 0),
    ssrc: column(Uint32Array, 1),
    rtpTimestamp: column(Uint32Array, 2),
    sequence: column(Uint16Array, 3),
    wireBytes: column(Uint16Array, 4),
    headerBytes: column(Uint16Array, 5),
    payloadType: column(Uint8Array, 6),
    paddingBytes: column(Uint8Array, 7),
    flags: column(Uint8Array, 8),
  };
}

function statOf({ key, totals, layer, ...rest }) {
  return {
    ...fields(totals),
    ...fields(key),
    ...fields(rest),
    layer: layer && layer.layer,
    layer_packets: layer && layer.packets,
    layer_bytes: layer && layer.bytes,
    layer_frames: layer && layer.frames,
  };
}

const statsOf = (report) => report.stats.map(statOf);

function operations(api) {
  const [made, readers, tracks, kinds] = [new Map(), new Map(), new Map(), new Map()];
  const summaries = new Map();
  const of = (a) => made.get(a.id);
  const reader = (a) => readers.get(`${a.id} ${a.reader}`);
  const track = (a) => tracks.get(`${a.id} ${a.handle}`);
  return {
    ...webrtcOperations(api, made),
    "counter.new": (a) => {
      const options = { kind: a.kind, ...numbers(a, "width_bits", "max_per_s") };
      kinds.set(a.id, a.kind);
      made.set(a.id, new api.Counter({ ...options, originKnown: a.origin_known ?? false }));
    },
    "counter.record": (a) => {
      return of(a).record(Number(a.at_us), float(a.value), { boundary: a.hint === "boundary" });
    },
    "counter.end": (a) => of(a).end(),
    "counter.totals": (a) => ({ ...of(a).counts, total: of(a).total }),
    "counter.rate": (a) => {
      const times = Float64Array.from(a.samples, ([at]) => Number(at));
      const values = Float64Array.from(a.samples, ([, value]) => Number(value));
      const window = { startUs: Number(a.start_us), endUs: Number(a.end_us) };
      const found = api.rate(times, values, window, a.mode);
      return { rate: found && found.perS, increase: found && found.increase };
    },
    "rtp.new": (a) => {
      const clocks = Object.entries(a.clocks ?? {}).map(([type, [hz, kind]]) => {
        return [type, { clockHz: Number(hz), kind }];
      });
      made.set(a.id, new api.RtpStats({ clocks: Object.fromEntries(clocks) }));
    },
    "rtp.record": (a) => of(a).record(packets(a.packets)),
    "rtp.snapshot": (a) => streamOf(of(a).snapshot(Number(a.ssrc))),
    "rtp.totals": (a) => fields(of(a).totals()),
    "rtp.unvalidated": (a) => {
      const { unvalidatedPackets, unvalidatedWireBytes } = of(a).counts();
      return { packets: unvalidatedPackets, wire_bytes: unvalidatedWireBytes };
    },
    "rtp.remove": (a) => of(a).remove(Number(a.ssrc)),
    "rtp.reader": (a) => {
      readers.set(`${a.id} ${a.reader}`, of(a).reader(Number(a.now_us)));
    },
    "rtp.flush": (a) => reader(a).flush(Number(a.now_us)).map(streamOf),
    "rtp.take": (a) => reader(a).take(Number(a.now_us)).map(streamOf),
    "rtp.ack": (a) => reader(a).ack(),
    "rtp.restore": (a) => reader(a).restore(),
    "rtp.settle": (a) => of(a).settle(),
    "rtp.fraction_lost": (a) => api.fractionLost(Number(a.expected), Number(a.received)),
    "rtcp.new": (a) => {
      made.set(a.id, new api.RtcpStats());
    },
    "rtcp.record": (a) => {
      of(a).record(Number(a.at_us), fromHex(a.hex));
    },
    "rtcp.source": (a) => {
      const source = of(a).source(Number(a.ssrc));
      return (
        source && { ...fields(source), cumulative_lost: source.remote?.cumulativeLost ?? null }
      );
    },
    "rtcp.totals": (a) => fields(of(a).totals()),
    "rtcp.clamp_lost": (a) => api.clampLost(Number(a.lost)),
    "telemetry.new": (a) => {
      const { emit_idle: emitIdle = false, level = "track" } = a;
      made.set(a.id, new api.Telemetry({ emitIdle, level }));
    },
    "telemetry.identify": (a) => {
      const room = { roomId: a.room_id, roomName: a.room_name };
      of(a).identify(a.participant, room, { nowUs: Number(a.now_us) });
    },
    "telemetry.open": (a) => {
      tracks.set(`${a.id} ${a.handle}`, of(a).open(a.key, { nowUs: Number(a.now_us) }));
    },
    "telemetry.flush": (a) => statsOf(of(a).flush(Number(a.now_us))),
    "telemetry.take": (a) => statsOf(of(a).take(Number(a.now_us))),
    "telemetry.ack": (a) => of(a).ack(Number(a.now_us)),
    "telemetry.restore": (a) => of(a).restore(),
    "telemetry.totals": (a) => fields(of(a).totals(a.direction ?? "upstream", a.role ?? "edge")),
    "telemetry.counts": (a) => fields(of(a).counts()),
    "track.record": (a) => track(a).record(packets(a.packets)),
    "track.message": (a) => track(a).recordMessage(Number(a.at_us), Number(a.bytes)),
    "track.rtcp": (a) => {
      const names = ["rtt_us", "jitter_us", "lost", "nacks", "plis", "firs"];
      track(a).recordRtcp(Number(a.at_us), numbers(a.sample, ...names));
    },
    "track.set_layer": (a) => track(a).setLayer(Number(a.ssrc), Number(a.layer)),
    "track.set_mime": (a) => track(a).setMime(a.mime),
    "track.observe_totals": (a) =>
      track(a).observeTotals(Number(a.ssrc), Number(a.packets), Number(a.bytes)),
    "track.remove_ssrc": (a) => track(a).removeSsrc(Number(a.ssrc)),
    "track.close": (a) => track(a).close(Number(a.now_us)),
    "ring.new": (a) => {
      const bounds = numbers(a, "max_chunks", "max_bytes", "epoch", "max_age_us", "max_held_bytes");
      made.set(a.id, new api.ChunkRing(bounds));
    },
    "ring.publish": (a) => {
      const options = { nowUs: Number(a.now_us), randomAccess: a.random_access ?? false };
      return { sequence: of(a).publish(bytes(a.data), options) };
    },
    "ring.close": (a) => ({ first: of(a).close(a.kind) }),
    "ring.expire": (a) => of(a).expire(Number(a.now_us)),
    "ring.join": (a) => {
      const { position, satisfied } = of(a).join(a.join, Number(a.value ?? 0));
      return { sequence: position.sequence, satisfied };
    },
    "ring.read": (a) => {
      const at = { timeUs: null, ...numbers(a, "epoch", "sequence", "offset_bytes", "time_us") };
      return readOf(of(a).read(at, numbers(a, "max_chunks", "max_bytes")));
    },
    "ring.snapshot": (a) => {
      const s = of(a).snapshot();
      return {
        ...fields(s),
        oldest: s.oldest.sequence,
        next: s.next.sequence,
        buffered_bytes: s.buffered.bytes,
        buffered_us: s.buffered.timeUs,
      };
    },
    "cursor.new": (a) => {
      const options = { join: a.join, joinAmount: Number(a.value ?? 0), policy: a.policy };
      for (const name of ["soft", "hard"]) {
        if (a[`${name}_chunks`] != null) options[name] = { chunks: Number(a[`${name}_chunks`]) };
      }
      Object.assign(options, numbers(a, "max_read_chunks"));
      made.set(a.id, made.get(a.ring).cursor(options));
    },
    "cursor.read": (a) => readOf(of(a).read()),
    "cursor.status": (a) => {
      const { lag, account } = of(a).status();
      return {
        ...fields(account),
        ...lagOf("lag", lag),
        ...lagOf("delivered", account.delivered),
        ...lagOf("skipped", account.skipped),
        ...lagOf("worst", account.worstLag),
        end: Object.entries(account.ended).find(([, count]) => count > 0)?.[0] ?? null,
      };
    },
    quantile: (a) => ({ value: api.quantile(floats(a.values), Number(a.q), a.method) }),
    downsample: (a) => ({ indices: Array.from(drawn(api, a)) }),
    "downsample.keeps": (a) => {
      const [indices, points] = [Array.from(drawn(api, a)), Number(a.points)];
      const all = a.must.every((index) => indices.includes(Number(index)));
      return { keeps: all && indices.length <= points && points <= 2 * indices.length };
    },
    "window.new": (a) => {
      const options = { ...numbers(a, "max_samples"), ...late(a) };
      if ("span_us" in a) options.spanUs = a.span_us === null ? null : Number(a.span_us);
      if (a.same_time != null) options.sameTime = a.same_time;
      made.set(a.id, new api.SampleWindow(options));
    },
    "window.record": (a) => ({ pushed: of(a).record(Number(a.at_us), float(a.value)) }),
    "window.expire": (a) => of(a).expire(Number(a.now_us)),
    "window.state": (a) => {
      const { length, first, last, counts, ...values } = of(a).snapshot();
      const ends = {
        first_us: first?.tUs ?? null,
        first: first?.value ?? null,
        last_us: last?.tUs ?? null,
        last: last?.value ?? null,
      };
      return { len: length, ...fields(values), ...ends, ...fields(counts) };
    },
    "audience.new": (a) => {
      const limits = ["idle_timeout_us", "reconnect_us", "keep_us", "max_viewers", "max_changes"];
      made.set(a.id, new api.Audience(numbers(a, ...limits)));
    },
    "audience.event": (a) => {
      if (a.event === "time") {
        of(a).handleTime(Number(a.at_us));
        return { answer: true };
      }
      const value = ["rebuffered", "bitrate"].includes(a.event) ? [Number(a.value)] : [];
      return { answer: of(a)[camel(a.event)](a.viewer, Number(a.at_us), ...value) };
    },
    "audience.summary": (a) => {
      summaries.set(a.into, of(a).summary(Number(a.now_us)));
    },
    "summary.state": (a) => {
      const { totals, ...state } = summaries.get(a.id).snapshot();
      return { ...fields(state), ...fields(totals) };
    },
    "summary.merge": (a) => summaries.get(a.id).merge(summaries.get(a.other)),
    "summary.round_trip": (a) => {
      summaries.set(a.into, api.AudienceSummary.fromBytes(summaries.get(a.id).toBytes()));
    },
    "summary.decode": (a) => {
      summaries.set(a.id, api.AudienceSummary.fromBytes(fromHex(a.hex)));
    },
    "cdn.new": (a) => {
      made.set(a.id, new api.Cdn(numbers(a, "max_edges")));
    },
    "cdn.record": (a) => {
      const request = { hit: a.hit, sizeBytes: Number(a.bytes) };
      of(a).record(a.edge, Number(a.at_us), request);
    },
    "cdn.merge": (a) => of(a).merge(made.get(a.other)),
    "cdn.state": (a) => {
      const { edges, others, total, ...state } = of(a).snapshot();
      const byEdge = Array.from(edges, ([edge, totals]) => [edge, fields(totals)]);
      const all = { edges: Object.fromEntries(byEdge), others: fields(others) };
      return { ...all, ...fields(state), ...fields(total) };
    },
    "rollup.new": (a) => {
      const levels = a.levels.map(([width, keep]) => ({ widthUs: +width, keep: +keep }));
      const error = a.relative_error == null ? {} : { relativeError: a.relative_error };
      made.set(a.id, new api.Rollup({ levels, ...late(a), ...error }));
    },
    "rollup.record": (a) => {
      of(a).recordMany(integers(a.samples.map(([at]) => at)), floats(a.samples.map(([, v]) => v)));
    },
    "rollup.merge": (a) => of(a).merge(made.get(a.other)),
    "rollup.columns": (a) => {
      const { quantiles, ...columns } = of(a).buckets(Number(a.level), { quantiles: a.quantiles });
      const shown = Object.entries(columns).map(([name, column]) => [snake(name), absent(column)]);
      return { ...Object.fromEntries(shown), quantiles: quantiles.map(absent) };
    },
    "rollup.counts": (a) => fields(of(a).snapshot().counts),
    "rollup.round_trip": (a) => {
      made.set(a.into, api.Rollup.fromBytes(of(a).toBytes()));
    },
    "rollup.decode": (a) => {
      made.set(a.id, api.Rollup.fromBytes(fromHex(a.hex)));
    },
    "sketch.new": (a) => {
      made.set(a.id, new api.Sketch([], { relativeError: a.relative_error }));
    },
    "sketch.record": (a) => of(a).recordMany(floats(a.values)),
    "sketch.merge": (a) => of(a).merge(made.get(a.other)),
    "sketch.state": (a) => fields(of(a).snapshot()),
    "sketch.quantile": (a) => ({ value: of(a).quantile(Number(a.q)) }),
    "sketch.within": (a) => {
      const bound = of(a).snapshot().relativeError * Math.abs(a.exact) * (1 + 1e-9);
      return { within: Math.abs(of(a).quantile(a.q) - a.exact) <= bound };
    },
    "sketch.bytes": (a) => ({ hex: hexOf(of(a).toBytes()) }),
    "sketch.decode": (a) => {
      made.set(a.id, api.Sketch.fromBytes(fromHex(a.hex)));
    },
    "run.summary": (a) => runOf(api, a.files, (run) => run.summary(a.mode)),
    "run.selector": (a) => {
      const escape = (value) => value.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n");
      const labels = Object.entries(a.labels).map(([name, value]) => `${name}="${escape(value)}"`);
      const metric = `${a.text.split("{")[0]}{${labels.join()}}`;
      const files = { "prom.tsv": `1\t${metric}\t1\n`, "meta.env": "T0_US=0\nT1_US=9\n" };
      return runOf(api, files, (run) => run.counterTotal(a.text) !== null);
    },
  };
}

function drawn(api, a) {
  const gap = a.gap_us == null ? {} : { gapUs: Number(a.gap_us) };
  const indices = api.downsample(integers(a.times_us), floats(a.values), Number(a.points), gap);
  if (indices.some((index, i) => i > 0 && index <= indices[i - 1]))
    throw new Error("not ascending");
  return indices;
}

function runOf(api, files, ask) {
  const file = (name) => (files[name] === undefined ? undefined : bytes(files[name]));
  const names = { frames: "frames.csv", prom: "prom.tsv", events: "events.csv", meta: "meta.env" };
  const given = Object.entries(names).map(([key, name]) => [key, file(name)]);
  const run = api.Run.fromBytes(Object.fromEntries(given.filter(([, data]) => data)));
  try {
    return ask(run);
  } finally {
    run.free();
  }
}

/**
 * Runs a vector on `api`, the package, and throws where an answer is another than expected. Of an object
 * only the expected keys are compared; integers are decimal strings, floats are compared by their bits.
 */
export function replay(api, vector) {
  const ops = operations(api);
  if (vector.ops.length !== vector.expected.length || vector.ops.length === 0) {
    throw new Error(`${vector.ops.length} operations, ${vector.expected.length} answers`);
  }
  vector.ops.forEach(({ op, args }, step) => {
    const at = `op ${step}, ${op}`;
    if (!Object.hasOwn(ops, op)) throw new Error(`${at}: unknown`);
    const expected = vector.expected[step];
    const got = answer(api, () => ops[op](args));
    if (expected !== null) same(got, expected, at);
    else if (Object.hasOwn(got, "err")) throw new Error(`${at}: ${got.err}`);
  });
}

function answer(api, run) {
  try {
    return { ok: run() };
  } catch (error) {
    if (!(error instanceof api.StreamgaugeError)) throw error;
    return { err: error.code };
  }
}

function same(got, expected, at) {
  if (Array.isArray(expected)) {
    if (got.length !== expected.length) throw new Error(`${at}: ${got.length} items`);
    expected.forEach((item, i) => same(got[i], item, `${at}[${i}]`));
  } else if (expected !== null && typeof expected === "object") {
    for (const [key, item] of Object.entries(expected)) {
      if (!Object.hasOwn(got, key)) throw new Error(`${at}.${key} is not there`);
      same(got[key], item, `${at}.${key}`);
    }
  } else {
    const exact = typeof got === "number" && typeof expected === "string";
    const equal = exact
      ? Number.isSafeInteger(got) && `${got}` === expected
      : Object.is(got, expected);
    if (!equal) throw new Error(`${at} is ${JSON.stringify(got)}, expected ${expected}`);
  }
}

/** Whether every operation is known and every integer of its arguments exact here. */
export function runnable({ ops }) {
  const known = Object.keys(operations({}));
  return ops.every(({ op, args }) => known.includes(op) && !holds(args) && exact(args));
}

// Chunks are copies here: nothing is held from one read to the next, and no limit on it is reached.
const holds = (args) => args.max_held_bytes != null;

function exact(value, key) {
  if (typeof value === "string") {
    return key === "late_us" || !/^-?\d+$/.test(value) || Number.isSafeInteger(+value);
  }
  if (value === null || typeof value !== "object") return true;
  return Object.entries(value).every(([key, item]) => exact(item, key));
}
