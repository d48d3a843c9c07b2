/** Reads one recording of calls. */

import { init, readDump, StreamgaugeError } from "streamgauge/webrtc";

import type { DumpReply, DumpView } from "./dump";
import { seriesOf, zeroOf } from "./series";

/** Moments that are drawn. */
const MARKS_MAX = 200;

addEventListener("message", async ({ data: file }: MessageEvent<File>) => {
  try {
    await init();
    postMessage({ view: viewOf(file.name, await bytesOf(file)) } satisfies DumpReply);
  } catch (error) {
    const known = error instanceof StreamgaugeError;
    const [code, line] = known ? [error.code, error.line] : (["internal", undefined] as const);
    const message = error instanceof Error ? error.message : String(error);
    postMessage({ failure: [code, message, file.name, line] } satisfies DumpReply);
  }
});

/** The bytes of a file, gzipped or not. */
async function bytesOf(file: File): Promise<Uint8Array> {
  const mark = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  if (mark[0] !== 0x1f || mark[1] !== 0x8b) return new Uint8Array(await file.arrayBuffer());
  const plain = file.stream().pipeThrough(new DecompressionStream("gzip"));
  try {
    return new Uint8Array(await new Response(plain).arrayBuffer());
  } catch {
    throw new StreamgaugeError("malformed", "the gzip stream is damaged");
  }
}

function viewOf(name: string, bytes: Uint8Array): DumpView {
  // Nothing is freed: the worker ends after this.
  const { format, truncated, connections, problemCount, problems } = readDump(bytes);
  const prefix = (id: string): string => (connections.length > 1 ? `${id} ` : "");
  const zeroUs = zeroOf(connections.map(({ monitor }) => monitor));
  const marks = connections
    .flatMap(({ events }) => events)
    .slice(0, MARKS_MAX)
    .map((event) => ({ atS: (event.timeUs - zeroUs) / 1e6, name: event.name }));
  const series = seriesOf(connections.map(({ id, monitor }) => [prefix(id), monitor]));
  return { name, format, truncated, series, marks, problemCount, problems };
}
