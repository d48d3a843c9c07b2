// The operations of vectors on this package: names with underscores and integers as text there, names
// in camel case and numbers here.

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
  const of = (a) => made.get(a.id);
  const reader = (a) => readers.get(`${a.id} ${a.reader}`);
  const track = (a) => tracks.get(`${a.id} ${a.handle}`);
  return {
    "counter.new": (a) => {
      const options = { kind: a.kind, ...numbers(a, "width_bits", "max_per_s") };
      kinds.set(a.id, a.kind);
      made.set(a.id, new api.Counter({ ...options, originKnown: a.origin_known ?? false }));
    },
    "counter.record": (a) => {
      const value = a.value === "inf" ? Infinity : a.value === "-inf" ? -Infinity : Number(a.value);
      return of(a).record(Number(a.at_us), value, { boundary: a.hint === "boundary" });
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
      const data = Uint8Array.from(a.hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
      of(a).record(Number(a.at_us), data);
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
    quantile: (a) => ({
      value: api.quantile(Float64Array.from(a.values, Number), Number(a.q), a.method),
    }),
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

/** The operations that are known here. */
export const OPERATIONS = Object.keys(operations({}));

/** Runs the operations of one vector on `api`, the package. */
export function replay(api) {
  const ops = operations(api);
  return (op, args) => ops[op](args);
}
