// For a page and for Node: microseconds a report takes in the monitor and in plain JavaScript.
import { PlainMonitor } from "./plain_monitor.mjs";

const OBJECTS = 200;
const REPORTS = 400;
const REPEATS = 7;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** `objects` again and again under other ids until there are enough, a second and some traffic later each time. */
function reportAt(objects, second) {
  const report = new Map();
  for (let copy = 0; report.size < OBJECTS; copy++) {
    for (const object of objects.slice(0, OBJECTS - report.size)) {
      const of = (id) => (typeof id === "string" && copy > 0 ? `${id}_${copy}` : id);
      const made = { ...object, id: of(object.id), timestamp: object.timestamp + 1000 * second };
      for (const name of [
        "localId",
        "remoteId",
        "codecId",
        "mediaSourceId",
        "trackIdentifier",
        "mid",
      ])
        if (name in made) made[name] = of(made[name]);
      if ("ssrc" in made) made.ssrc += copy;
      for (const name of ["packetsReceived", "packetsSent", "framesDecoded", "framesEncoded"])
        if (name in made) made[name] += 50 * second;
      for (const name of ["bytesReceived", "bytesSent"])
        if (name in made) made[name] += 60_000 * second;
      report.set(made.id, made);
    }
  }
  return report;
}

export async function measured(api, objects) {
  await api.init();
  const reports = Array.from({ length: REPORTS }, (_, second) => reportAt(objects, second));
  const ways = {
    ours: () => {
      const monitor = new api.Monitor();
      reports.forEach((report, second) => monitor.record(report, { timeUs: second * 1e6 }));
      const bytes = monitor.totals("inbound").payloadBytes;
      monitor.free();
      return bytes;
    },
    plain: () => {
      const monitor = new PlainMonitor();
      reports.forEach((report, second) => monitor.record(report, second * 1e6));
      const inbound = [...monitor.tracks.values()].filter((track) => track.key.startsWith("in"));
      return inbound.reduce((sum, track) => sum + track.totals.payloadBytes, 0);
    },
  };
  const times = { ours: [], plain: [] };
  const found = {};
  for (let i = 0; i < REPEATS; i++) {
    for (const [name, way] of Object.entries(ways)) {
      const start = performance.now();
      found[name] = way();
      times[name].push(((performance.now() - start) * 1e3) / REPORTS);
    }
  }
  if (found.ours !== found.plain) throw new Error(JSON.stringify(found));
  return { ours: median(times.ours), plain: median(times.plain) };
}
