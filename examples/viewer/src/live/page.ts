/** The tab for calls: one from the page to itself, or a dump of one. */

import { StreamgaugeError } from "streamgauge/webrtc";

import { panelBox } from "../chart/chart";
import { ChartGroup } from "../chart/group";
import type { Scene } from "../chart/panel";
import { pngOf } from "../chart/png";
import { zoomButtons } from "../chart/toolbar";
import { byId, download, fill, h } from "../ui/dom";
import { number } from "../ui/format";
import type { Messages } from "../ui/messages";
import { inWords } from "../ui/words";
import { LoopbackCall } from "./call";
import type { DumpView } from "./dump";
import { camera, type Source, testPicture } from "./media";
import { nowTiles } from "./now";
import { callPanels } from "./panels";
import type { CallMark, CallSeries } from "./series";
import { Watch } from "./watch";

/** Milliseconds from report to report. */
const EVERY_MS = 1000;
/** More video tracks than this are not sent. */
const VIDEOS_MAX = 4;
/** The hue of what was done to the call: grey. */
const MARK_HUE = 6;

const FORMATS: Record<string, string> = {
  rtcstats: "a dump of rtcstats",
  rtcstats_legacy: "a dump of rtcstats, of the older form",
  webrtc_internals: "a dump of chrome://webrtc-internals",
  reports: "a list of getStats reports",
};

/** The call and its charts. */
export class LivePage {
  readonly #messages: Messages;
  readonly #group = new ChartGroup("call", (atS) => {
    byId("call-time").textContent = atS === null ? "" : `${atS.toFixed(1)} s`;
  });
  #call: LoopbackCall | undefined;
  #watch: Watch | undefined;
  #reporting = false;
  /** When the first report came. */
  #beganMs: number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** What was done to the call, and when. */
  #marks: CallMark[] = [];
  /** The lines that are drawn. */
  #drawn = "";

  constructor(messages: Messages) {
    this.#messages = messages;
    byId("call-zoom").append(zoomButtons(this.#group));
    byId("call-png").addEventListener("click", () => void this.#savePng());
    byId("call-toggle").addEventListener("click", () => {
      if (this.#call === undefined) void this.#start();
      else this.#stop();
    });
    const on = (id: string, event: string, act: (call: LoopbackCall) => Promise<string>): void => {
      byId(id).addEventListener(event, () => void this.#change(act));
    };
    on("call-add", "click", async (call) => {
      await call.addVideo();
      return "video added";
    });
    on("call-remove", "click", async (call) => {
      await call.removeVideo();
      return "video removed";
    });
    on("call-limit", "change", async (call) => {
      await call.limitVideo(limitBps());
      return limitBps() === null ? "no limit" : `limit ${Number(limitBps()) / 1000} kbit/s`;
    });
    on("call-sound", "change", async (call) => {
      await call.sendAudio(soundIsOn());
      return soundIsOn() ? "sound on" : "sound off";
    });
  }

  /** Draws again in the colours that the page has now. */
  recolour(): void {
    this.#group.recolour();
  }

  /** Shows a recording. */
  show(dump: DumpView): void {
    this.#stop();
    const lines = dump.problems.map(({ line, reason }) =>
      h("li", {}, line === null ? reason : `line ${line}: ${reason}`),
    );
    const more = dump.problemCount - dump.problems.length;
    if (more > 0) lines.push(h("li", {}, `and ${number(more)} more`));
    if (dump.truncated) lines.unshift(h("li", {}, "a part of it was cut off"));
    const about = `${dump.name}: ${FORMATS[dump.format] ?? dump.format}`;
    const unread =
      lines.length === 0 ? null : h("ul", { class: "notes", id: "dump-problems" }, lines);
    fill(byId("call-about"), about, unread);
    this.#marks = dump.marks;
    this.#draw(dump.series);
    this.#group.reset();
  }

  /** Does something to the call, and marks when. */
  async #change(act: (call: LoopbackCall) => Promise<string>): Promise<void> {
    const call = this.#call;
    if (call === undefined) return;
    try {
      const name = await act(call);
      this.#marks.push({ atS: this.#nowS(), name });
    } catch (error) {
      this.#messages.say("error", "The call could not be changed:", inWords(error));
    }
    this.#buttons();
  }

  async #start(): Promise<void> {
    const toggle = byId<HTMLButtonElement>("call-toggle");
    toggle.disabled = true;
    try {
      this.#watch?.free();
      this.#watch = undefined;
      this.#watch = await Watch.start();
      this.#marks = [];
      this.#beganMs = undefined;
      fill(byId("call-about"));
      const call = await LoopbackCall.start(await this.#source(), showTracks);
      this.#call = call;
      await call.limitVideo(limitBps());
      await call.sendAudio(soundIsOn());
      this.#timer = setInterval(() => void this.#report(call), EVERY_MS);
      toggle.textContent = "End the call";
    } catch (error) {
      this.#messages.say("error", "The call could not be started:", inWords(error));
      this.#stop();
    }
    toggle.disabled = false;
    this.#buttons();
  }

  async #source(): Promise<Source> {
    if (byId<HTMLSelectElement>("call-source").value === "picture") return testPicture();
    try {
      return await camera();
    } catch (error) {
      const why = `${inWords(error)} A test picture and a tone are sent.`;
      this.#messages.say("note", "There is no camera to be had:", why);
      return testPicture();
    }
  }

  async #report(call: LoopbackCall): Promise<void> {
    // A machine that is busy may take longer than a second for it.
    if (this.#reporting) return;
    this.#reporting = true;
    try {
      const reports = await call.reports();
      if (call !== this.#call || this.#watch === undefined) return;
      this.#watch.record(reports);
      this.#beganMs ??= performance.now();
      this.#draw(this.#watch.series());
    } catch (error) {
      // The clock was set back: what this report counted is in the next one.
      if (error instanceof StreamgaugeError && error.code === "time_went_back") return;
      this.#messages.say("error", "The call is no longer watched:", inWords(error));
      this.#stop();
    } finally {
      this.#reporting = false;
    }
  }

  /** Ends the call; what was measured stays. */
  #stop(): void {
    clearInterval(this.#timer);
    this.#call?.stop();
    this.#call = undefined;
    byId("call-toggle").textContent = "Start the call";
    showTracks([]);
    this.#buttons();
  }

  async #savePng(): Promise<void> {
    const title = byId("call-about").textContent || "A call from a page to itself";
    try {
      download(await pngOf(this.#group, { title, subtitle: "", legend: [] }), "call.png");
    } catch (error) {
      this.#messages.say("error", "The picture could not be made:", inWords(error));
    }
  }

  #nowS(): number {
    return this.#beganMs === undefined ? 0 : (performance.now() - this.#beganMs) / 1000;
  }

  #buttons(): void {
    const videos = this.#call?.videos ?? 0;
    byId<HTMLButtonElement>("call-add").disabled = this.#call === undefined || videos >= VIDEOS_MAX;
    byId<HTMLButtonElement>("call-remove").disabled = videos === 0;
  }

  #draw(series: readonly CallSeries[]): void {
    byId("call-results").hidden = false;
    fill(byId("call-now"), nowTiles(series));
    const panels = callPanels(series);
    const last = Math.max(...series.map(({ t }) => t.at(-1) ?? 0), 1);
    const marks = this.#marks.map((mark) => ({ ...mark, hue: MARK_HUE }));
    const scene: Scene = { from: 0, to: last, bursts: [], marks };
    // Charts stay as long as their lines do: a new one would lose the focus and the cursor.
    const lines = panels.map((panel) => panel.lines.map(({ label }) => label).join()).join(";");
    if (lines === this.#drawn) {
      const drawn = panels.filter((panel) => panel.lines.length > 0);
      this.#group.charts.forEach((chart, i) => drawn[i] !== undefined && chart.update(drawn[i]));
      this.#group.show(scene);
      return;
    }
    this.#drawn = lines;
    this.#group.clear();
    fill(byId("call-charts"));
    for (const panel of panels) {
      const { box, place } = panelBox(panel);
      byId("call-charts").append(box);
      if (place !== null) this.#group.add(panel, place);
    }
    this.#group.show(scene);
  }
}

function limitBps(): number | null {
  const { value } = byId<HTMLSelectElement>("call-limit");
  return value === "" ? null : Number(value) * 1000;
}

function soundIsOn(): boolean {
  return byId<HTMLInputElement>("call-sound").checked;
}

/** Plays what arrives, without its sound: the microphone would hear it. */
function showTracks(tracks: readonly MediaStreamTrack[]): void {
  const videos = tracks
    .filter(({ kind }) => kind === "video")
    .map((track, i) => {
      const video = h("video", {
        autoplay: true,
        playsinline: true,
        "aria-label": `Video ${i + 1}`,
      });
      video.muted = true;
      video.srcObject = new MediaStream([track]);
      return video;
    });
  const none = h("p", { class: "none" }, "No video is received.");
  fill(byId("call-videos"), videos.length > 0 ? videos : none);
}
