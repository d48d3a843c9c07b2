// Cases of `streamgauge/webrtc` for Node and a browser: `run(api, check)`.

const thrown = (body) => {
  try {
    body();
  } catch (error) {
    return error;
  }
  return undefined;
};

const inbound = (ms, packets, more = {}) => ({
  id: "I1",
  type: "inbound-rtp",
  kind: "video",
  trackIdentifier: "t",
  ssrc: 7,
  timestamp: ms,
  packetsReceived: packets,
  bytesReceived: packets * 1000,
  ...more,
});

const at = (second) => ({ timeUs: second * 1e6, monotonicUs: second * 1e6 });

export const webrtcCases = {
  "a map, an array, an object and JSON are one report": (api, check) => {
    const forms = [
      (objects) => new Map(objects.map((object) => [object.id, object])),
      (objects) => objects,
      (objects) => Object.fromEntries(objects.map((object) => [object.id, object])),
      (objects) => JSON.stringify(objects),
    ];
    for (const form of forms) {
      const monitor = new api.Monitor();
      monitor.record(form([inbound(0, 10), { id: "C", type: "certificate" }]), at(0));
      monitor.record(form([inbound(1000, 30, { jitter: 0.002 })]), at(1));
      const [track] = monitor.tracks();
      check.equal(track.latest.values.payloadBitrateBps, 160_000);
      check.equal(track.latest.values.jitterUs, 2000);
      check.equal(track.latest.values.rttUs, null);
      check.equal(track.totals.packets, 20);
      check.equal(track.totals.nacks, null);
      check.equal(monitor.counts().otherTypes, 1);
      monitor.free();
    }
  },
  "columns for a chart": (api, check) => {
    const monitor = new api.Monitor();
    monitor.record([inbound(0, 0)], at(0));
    monitor.record([inbound(1000, 10)], at(1));
    monitor.record([], at(2));
    monitor.record([inbound(3000, 30)], at(3));
    const { names, data } = monitor.chart("payloadBitrateBps");
    check.equal(JSON.stringify(names), '["inbound video t"]');
    check.equal(JSON.stringify(data), "[[0,1,2,3],[null,80000,null,80000]]");
    const { timeUs, flags, columns } = monitor.history(0);
    check.equal([...timeUs].join(), "0,1000000,2000000,3000000");
    check.equal(api.flagsOf(flags[2]).join(), "absent");
    check.equal(columns.packets[1], 10);
    check.equal(Number.isNaN(columns.packets[2]), true);
    check.equal(monitor.history().columns.tracks[1], 1);
    monitor.free();
  },
  "members of the wrong type are counted, with their place": (api, check) => {
    const monitor = new api.Monitor();
    monitor.record([inbound(0, 10)], at(0));
    const odd = inbound(1000, 20, { nackCount: "3", pliCount: 4n, jitter: NaN, mid: 5 });
    monitor.record([odd, { type: "inbound-rtp" }, null, 7], at(1));
    check.equal(monitor.counts().invalidMembers, 4);
    check.equal(monitor.counts().unidentified, 3);
    const members = monitor.problems().map((problem) => `${problem.object}.${problem.member}`);
    check.equal(members.join(), "I1.jitter,I1.nackCount,I1.pliCount,I1.");
    check.equal(monitor.tracks()[0].totals.packets, 10);
    monitor.free();
  },
  "a flood of objects is cut off": (api, check) => {
    const monitor = new api.Monitor({ fromStart: true });
    const flood = Array.from({ length: 10_000 }, (_, i) => inbound(0, 1, { id: `I${i}`, ssrc: i }));
    check.equal(monitor.record(flood, at(0)).includes("truncated"), true);
    check.equal(monitor.counts().truncated, 1);
    check.equal(monitor.tracks().length, 1);
    monitor.free();
  },
  "what is no report": (api, check) => {
    const monitor = new api.Monitor();
    for (const [report, code] of [
      [5, "invalid_argument"],
      [null, "invalid_argument"],
      ["[{]", "malformed"],
      ["", "malformed"],
    ]) {
      const error = thrown(() => monitor.record(report, at(0)));
      check.equal(error instanceof api.StreamgaugeError, true);
      check.equal(error.code, code);
    }
    check.equal(thrown(() => monitor.record("[\n{]", at(0))).line, 2);
    check.equal(thrown(() => monitor.record([], { timeUs: 0.5 })).code, "out_of_range");
    const nul = thrown(() => monitor.record([inbound(0, 1, { mid: "a\0b" })], at(0)));
    check.equal(nul.code, "invalid_argument");
    monitor.record([inbound(0, 1)], at(0));
    check.equal(thrown(() => monitor.record([], at(0))).code, "time_went_back");
    check.equal(monitor.counts().rejectedReports, 1);
    monitor.free();
    check.equal(thrown(() => monitor.record([], at(1))).code, "closed");
  },
  "a count past 2^53 is refused, not rounded": (api, check) => {
    const monitor = new api.Monitor({ fromStart: true });
    for (let second = 0; second < 4; second++) {
      monitor.record(
        [inbound(second * 1000, 0, { bytesReceived: 2 ** 52 * (second % 2) })],
        at(second),
      );
    }
    check.equal(thrown(() => monitor.tracks()).code, "out_of_range");
    monitor.free();
  },
  "dumps, whole and broken": (api, check) => {
    const line = (second, packets) =>
      JSON.stringify([
        "g",
        "PC",
        { 0: { type: 1, 11: "video", 14: packets }, t: 1e12 + 1000 * second },
        1000,
      ]);
    const text = `RTCStatsDump\n{}\n${line(0, 5)}\n${line(1, 15)}\n{oops\n${line(2, 20).slice(0, 20)}`;
    const dump = api.readDump(new TextEncoder().encode(text));
    check.equal(dump.format, "rtcstats");
    check.equal(dump.truncated, true);
    check.equal(dump.problems.map((problem) => problem.line).join(), "5,6");
    check.equal(dump.connections[0].monitor.tracks()[0].totals.packets, 10);
    dump.free();
    check.equal(thrown(() => dump.connections[0].monitor.tracks()).code, "closed");
    for (const bad of ["", "nonsense", "\x00\xff\x01", "{", "[]"]) {
      const error = thrown(() => api.readDump(bad));
      check.equal(error.code, "malformed");
    }
    check.equal(thrown(() => api.readDump(5)).code, "invalid_argument");
  },
};
