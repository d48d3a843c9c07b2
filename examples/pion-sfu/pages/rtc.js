// Offers what the connection has to the SFU and takes its answer; gives the address of the session.
export async function negotiate(connection, url) {
  await connection.setLocalDescription(await connection.createOffer());
  await new Promise((done) => {
    const check = () => connection.iceGatheringState === "complete" && done();
    connection.addEventListener("icegatheringstatechange", check);
    check();
  });
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/sdp" },
    body: connection.localDescription.sdp,
  });
  if (!response.ok) throw new Error(await response.text());
  await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
  return response.headers.get("Location");
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Tells the SFU every second what this browser counted of streams of a type ("outbound-rtp",
// "inbound-rtp"), as long as the SFU knows the session.
export async function tell(connection, type, session) {
  const participant = session.split("/").pop();
  for (let ok = true; ok; await sleep(1000)) {
    const report = await connection.getStats();
    const body = JSON.stringify([...report.values()].filter((stats) => stats.type === type));
    ({ ok } = await fetch(`/browser/${participant}`, { method: "POST", body }));
  }
}
