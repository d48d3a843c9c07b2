// A call from one peer connection of Chromium to another, with fake devices: what the monitor says of it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, serve } from "./chromium.mjs";

const SECONDS = 30;

let server, browser, page;

before(async () => {
  server = await serve(import.meta.dirname, {
    pages: { "/": "<!doctype html><title>call</title>" },
  });
  browser = await launch([
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
  ]);
  page = await browser.page();
  await page.goto(`${server.origin}/`);
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** In the page: the call, a report of both ends a second; every report with what the monitors made of it. */
async function call(seconds) {
  const api = await import("/node_modules/streamgauge/dist/webrtc.js");
  await api.init();
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
  a.onicecandidate = ({ candidate }) => candidate && b.addIceCandidate(candidate);
  b.onicecandidate = ({ candidate }) => candidate && a.addIceCandidate(candidate);
  const negotiate = async () => {
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription);
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription);
  };
  const camera = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const senders = camera.getTracks().map((track) => a.addTrack(track, camera));
  const video = senders.find((sender) => sender.track.kind === "video");
  a.createDataChannel("d").onopen = ({ target }) => target.send("hello");
  await negotiate();
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  const draw = canvas.getContext("2d");
  setInterval(() => {
    draw.fillStyle = `hsl(${Math.random() * 360} 80% 50%)`;
    draw.fillRect(Math.random() * 300, Math.random() * 200, 60, 60);
  }, 50);
  const monitors = {
    a: new api.Monitor({ fromStart: true }),
    b: new api.Monitor({ fromStart: true }),
  };
  const kept = [];
  for (let second = 0; second < seconds; second++) {
    if (second === 8) {
      const parameters = video.getParameters();
      parameters.encodings[0].maxBitrate = 150_000;
      await video.setParameters(parameters);
    }
    if (second === 16) {
      a.removeTrack(video);
      a.addTrack(canvas.captureStream(20).getVideoTracks()[0], camera);
      await negotiate();
    }
    for (const [peer, pc] of Object.entries({ a, b })) {
      const report = await pc.getStats();
      const flags = monitors[peer].record(report);
      kept.push({
        peer,
        flags,
        stats: [...report.values()].filter((object) => /^(in|out)bound-rtp$/.test(object.type)),
        tracks: monitors[peer].tracks(),
        connection: monitors[peer].connection(),
        totals: [monitors[peer].totals("inbound"), monitors[peer].totals("outbound")],
      });
    }
    await new Promise((done) => setTimeout(done, 1000));
  }
  const histories = monitors.a
    .tracks()
    .map((track) => monitors.a.history(track.place).timeUs.length);
  const counts = { a: monitors.a.counts(), b: monitors.b.counts() };
  for (const monitor of Object.values(monitors)) monitor.free();
  a.close();
  b.close();
  return { kept, counts, histories };
}

const values = (record) => Object.entries(record).filter(([, value]) => value !== null);

test("a call of 30 s with a track removed, one added and a bitrate changed", async () => {
  const { kept, counts, histories } = await page.evaluate(`(${call})(${SECONDS})`);
  assert.equal(kept.length, 2 * SECONDS);
  for (const peer of ["a", "b"]) {
    const reports = kept.filter((report) => report.peer === peer);
    let compared = 0;
    const before = new Map();
    for (const [i, { tracks, totals, connection }] of reports.entries()) {
      const sums = totals.map((total, flow) => [`sum ${flow}`, total]);
      const all = [
        ...sums,
        ...tracks.map((track) => [`${track.flow} ${track.name}`, track.totals]),
      ];
      for (const [name, total] of [...all, ["connection", connection.totals]]) {
        for (const [metric, value] of values(total)) {
          const then = before.get(`${name} ${metric}`) ?? 0;
          assert.ok(
            metric === "packetsLost" || value >= then,
            `${name} ${metric} fell from ${then} to ${value}`,
          );
          before.set(`${name} ${metric}`, value);
        }
      }
      const rows = [connection.latest, ...tracks.map((track) => track.latest)];
      for (const row of rows) {
        for (const [column, value] of values(row.values)) {
          const signed = ["packetsLost", "lossRatio", "clockSkewUs"].includes(column);
          assert.ok(Number.isFinite(value) && (signed || value >= 0), `${column} is ${value}`);
        }
      }
      // By hand: bytes over the time between timestamps, of tracks that one stream carried all along.
      for (const track of tracks.filter(() => i > 0)) {
        const mine = (object) =>
          `${object.type.split("-")[0]} ${object.trackIdentifier && track.flow === "inbound" ? object.trackIdentifier : object.mid}` ===
          `${track.flow} ${track.name}`;
        const [now, then] = [reports[i].stats.filter(mine), reports[i - 1].stats.filter(mine)];
        if (now.length !== 1 || then.length !== 1 || now[0].id !== then[0].id) continue;
        const bytes = (object) => object.bytesReceived ?? object.bytesSent;
        const took = now[0].timestamp - then[0].timestamp;
        const byHand = ((bytes(now[0]) - bytes(then[0])) * 8e3) / took;
        const ours = track.latest.values.payloadBitrateBps;
        assert.ok(Math.abs(ours - byHand) <= byHand * 0.01, `${ours} by us, ${byHand} by hand`);
        compared++;
      }
    }
    assert.ok(compared > SECONDS, `${compared} bitrates compared`);
    assert.equal(counts[peer].rejectedReports, 0);
    assert.equal(counts[peer].invalidMembers, 0);
  }
  const last = kept.findLast((report) => report.peer === "a");
  assert.equal(last.tracks.filter((track) => track.kind === "video").length, 2);
  assert.equal(last.connection.selectedPair.state, "succeeded");
  assert.ok(last.connection.totals.bytesSent > 100_000);
  assert.ok(histories.every((rows) => rows >= SECONDS - 17));
});
