import { init, Monitor } from "streamgauge/webrtc";

import { type CallSeries, seriesOf } from "./series";

/** Watches both ends of a call. */
export class Watch {
  readonly #sending = new Monitor({ fromStart: true });
  readonly #receiving = new Monitor({ fromStart: true });

  /** Loads the module first. */
  static async start(): Promise<Watch> {
    await init();
    return new Watch();
  }

  private constructor() {}

  /** Takes a report of each end. */
  record(reports: { sending: RTCStatsReport; receiving: RTCStatsReport }): void {
    this.#sending.record(reports.sending);
    this.#receiving.record(reports.receiving);
  }

  /** Everything measured so far. */
  series(): CallSeries[] {
    const all = seriesOf([
      ["", this.#receiving],
      ["", this.#sending],
    ]);
    // Both ends measure the same connection: the last one, of the sending end, is enough.
    return all.filter((one, i) => one.flow !== "connection" || i === all.length - 1);
  }

  free(): void {
    this.#sending.free();
    this.#receiving.free();
  }
}
