/** Monitors as series that can be drawn. */

import type { Monitor } from "streamgauge/webrtc";

/** What was measured of one track, or of a whole connection, report by report. */
export interface CallSeries {
  /** What stands in the legend. */
  label: string;
  hue: number;
  flow: "inbound" | "outbound" | "connection";
  /** Seconds since the first report. */
  t: Float64Array;
  /** By name; `NaN` where nothing was measured. */
  columns: Readonly<Record<string, Float64Array>>;
}

/** A moment of a call. */
export interface CallMark {
  atS: number;
  name: string;
}

/** The series of the monitors of one call, each with the prefix of its labels. */
export function seriesOf(monitors: readonly (readonly [prefix: string, Monitor])[]): CallSeries[] {
  const zeroUs = zeroOf(monitors.map(([, monitor]) => monitor));
  const hues = new Map<string, number>();
  const hueOf = (label: string): number => {
    const hue = hues.get(label) ?? hues.size;
    hues.set(label, hue);
    return hue;
  };
  const seconds = (timeUs: Float64Array): Float64Array => timeUs.map((us) => (us - zeroUs) / 1e6);
  return monitors.flatMap(([prefix, monitor]) => {
    const seen = new Map<string, number>();
    const tracks = monitor.tracks().map(({ place, flow, kind }): CallSeries => {
      const number = (seen.get(flow + kind) ?? 0) + 1;
      seen.set(flow + kind, number);
      // What one end sends the other receives: the same number has the same hue.
      const label = `${prefix}${kind} ${number}`;
      const { timeUs, columns } = monitor.history(place);
      return { label, hue: hueOf(label), flow, t: seconds(timeUs), columns: { ...columns } };
    });
    const { timeUs, columns } = monitor.history();
    const label = `${prefix}connection`;
    const connection: CallSeries = {
      label,
      hue: hueOf(label),
      flow: "connection",
      t: seconds(timeUs),
      columns: { ...columns },
    };
    return [...tracks, connection];
  });
}

/** The time of the first report, in microseconds. */
export function zeroOf(monitors: readonly Monitor[]): number {
  const first = monitors.flatMap((monitor) => monitor.history().timeUs[0] ?? []);
  return Math.min(...first);
}
