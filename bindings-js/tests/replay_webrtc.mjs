// The operations of vectors on `streamgauge/webrtc`; see replay.mjs.

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const fields = (record) =>
  Object.fromEntries(Object.entries(record ?? {}).map(([name, value]) => [snake(name), value]));

const trackOf = (track) => ({
  name: track.name,
  flow: track.flow,
  kind: track.kind,
  mime: track.mime,
  flags: track.latest && track.latest.flags,
  all_flags: track.flags,
  row: fields(track.latest?.values),
  totals: fields(track.totals),
});

const connectionOf = ({ id, monitor, events, unclassifiedObjects, invalidMembers }) => ({
  id,
  tracks: monitor.tracks().map((track) => {
    const { timeUs, columns } = monitor.history(track.place);
    const rates = Array.from(columns.payloadBitrateBps, (y) => (Number.isNaN(y) ? null : y));
    return { ...trackOf(track), rows: timeUs.length, payload_bitrate_bps: rates };
  }),
  counts: fields(monitor.counts()),
  unclassified_objects: unclassifiedObjects,
  invalid_members: invalidMembers,
  events: events.map((event) => event.name),
});

/** `made` has the monitors by id. */
export function webrtcOperations(api, made) {
  const of = (a) => made.get(a.id);
  return {
    "monitor.new": (a) => {
      const limits = a.max_tracks == null ? {} : { maxTracks: Number(a.max_tracks) };
      made.set(a.id, new api.Monitor({ fromStart: a.from_start ?? false, ...limits }));
    },
    "monitor.record": (a) => {
      const time = { timeUs: Number(a.time_us) };
      if (a.monotonic_us != null) time.monotonicUs = Number(a.monotonic_us);
      const report = typeof a.report === "object" ? a.report : JSON.stringify(a.report);
      return of(a).record(report, time);
    },
    "monitor.track": (a) => {
      const track = of(a)
        .tracks()
        .find((track) => track.flow === a.flow && track.name === a.name);
      return { ...trackOf(track), rows: of(a).history(track.place).timeUs.length };
    },
    "monitor.totals": (a) => fields(of(a).totals(a.flow)),
    "monitor.connection": (a) => {
      const { totals, latest, selectedPair } = of(a).connection();
      return {
        flags: latest.flags,
        row: fields(latest.values),
        totals: fields(totals),
        local_type: selectedPair?.localType ?? null,
        counts: fields(of(a).counts()),
        tracks: of(a).tracks().length,
      };
    },
    "monitor.take": (a) =>
      of(a)
        .take(Number(a.now_us))
        .map(({ counts, ...delta }) => ({ ...fields(delta), counts: fields(counts) })),
    "monitor.close": (a) => of(a).close(Number(a.now_us)),
    "dump.read": (a) => {
      const dump = api.readDump(a.text);
      const { format, truncated, problemCount, problems, connections } = dump;
      const read = connections.map(connectionOf);
      dump.free();
      const lines = problems.map((problem) => problem.line);
      return { format, truncated, problem_count: problemCount, lines, connections: read };
    },
  };
}
