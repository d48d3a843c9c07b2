/** The tab for runs: what is open, what is drawn of it, and the tables. */

import type { Comparison, Key, Progress, RemoteRun } from "streamgauge/worker";

import { panelBox } from "../chart/chart";
import { HUES } from "../chart/draw";
import { ChartGroup } from "../chart/group";
import { pngOf } from "../chart/png";
import { zoomButtons } from "../chart/toolbar";
import { byId, download, fill, h } from "../ui/dom";
import { listing } from "../ui/format";
import type { Messages, Status } from "../ui/messages";
import { inWords } from "../ui/words";
import { comparisonTable } from "./comparison";
import { jsonOf } from "./export";
import type { RunFolder } from "./files";
import { headline } from "./headline";
import { runList } from "./list";
import { freeHue, labelFor, onSide, type Opened, type Side, unusable } from "./opened";
import { panelsOf, sceneOf } from "./panels";
import { Reader } from "./reader";
import { notesOf, problemsTable, summaryTable } from "./tables";
import { profileOf } from "./view";

/** The runs and everything about them. */
export class RunsPage {
  readonly #messages: Messages;
  readonly #status: Status;
  readonly #reader = new Reader(() => this.#lost());
  readonly #group = new ChartGroup("runs", (atS) => {
    byId("cursor-time").textContent = atS === null ? "" : `${atS.toFixed(2)} s`;
  });
  #runs: Opened[] = [];
  #keys: Key[] = [];
  #compared: Comparison | null = null;
  /** Which comparison is the last that was asked for. */
  #asked = 0;
  #comparing: Promise<unknown> = Promise.resolve();
  #queue: Promise<void> = Promise.resolve();

  constructor(messages: Messages, status: Status) {
    this.#messages = messages;
    this.#status = status;
    byId("zoom").append(zoomButtons(this.#group));
    byId("save-png").addEventListener("click", () => void this.#savePng());
    byId("save-json").addEventListener("click", () => this.#saveJson());
    byId("clear").addEventListener("click", () => this.#removeAll());
  }

  /** Opens runs one after another; one that cannot be read is said, and the others go on. */
  open(folders: readonly RunFolder[]): Promise<void> {
    this.#queue = this.#queue.then(() => this.#openAll(folders));
    return this.#queue;
  }

  /** Draws again in the colours that the page has now. */
  recolour(): void {
    this.#group.recolour();
  }

  async #openAll(folders: readonly RunFolder[]): Promise<void> {
    const before = this.#runs.length;
    for (const folder of folders) {
      if (this.#runs.length >= HUES) {
        const why = `${HUES} runs can be told apart at a time. Remove one first.`;
        this.#messages.say("error", `${folder.name} was not opened.`, why);
        continue;
      }
      await this.#openOne(folder);
    }
    this.#status.show(null);
    if (this.#runs.length > before) this.#changed();
  }

  async #openOne({ name, files, bytes }: RunFolder): Promise<void> {
    const label = labelFor(name, this.#runs);
    const told = ({ bytes, totalBytes }: Progress): void => {
      if (bytes < totalBytes) this.#status.show(`Reading ${label} …`, bytes / totalBytes);
      else this.#status.show(`Computing ${label} …`);
    };
    try {
      if (this.#keys.length === 0) this.#keys = await this.#reader.keys();
      const { run, view } = await this.#reader.open(files, label, told);
      const why = unusable(view);
      if (why !== null) {
        run.free();
        this.#messages.say("error", `${label} is no run that can be read:`, `${why}.`);
        return;
      }
      const side: Side = onSide(this.#runs, "A").length === 0 ? "A" : "B";
      const hue = freeHue(this.#runs);
      this.#runs.push({ run, label, hue, side, shown: true, bytes, view });
    } catch (error) {
      this.#messages.say("error", `${label} could not be read:`, inWords(error));
    }
  }

  /** Everything anew: runs came or went. */
  #changed(): void {
    const any = this.#runs.length > 0;
    byId("intro").hidden = any;
    byId("results").hidden = !any;
    this.#compared = null;
    this.#list();
    this.#draw();
    fill(byId("summary-host"), summaryTable(this.#runs, this.#keys));
    fill(byId("problems-host"), problemsTable(this.#runs));
    fill(byId("notes-host"), notesOf(this.#runs));
    void this.#compare();
  }

  #list(): void {
    const list = runList(this.#runs, {
      chooseSide: (run, side) => {
        run.side = side;
        void this.#compare();
      },
      show: (run, shown) => {
        run.shown = shown;
        for (const chart of this.#group.charts) chart.toggle(run.hue, shown);
        this.#group.show(sceneOf(this.#runs));
      },
      remove: (run) => {
        this.#runs = this.#runs.filter((other) => other !== run);
        run.run.free();
        this.#changed();
        byId(this.#runs.length > 0 ? "add" : "choose-folder").focus();
      },
    });
    fill(byId("run-list"), list);
  }

  #draw(): void {
    this.#group.clear();
    const host = byId("charts");
    fill(host);
    if (this.#runs.length === 0) return;
    for (const panel of panelsOf(this.#runs)) {
      const { box, place } = panelBox(panel);
      host.append(box);
      if (place !== null) this.#group.add(panel, place);
    }
    for (const { hue, shown } of this.#runs) {
      if (!shown) for (const chart of this.#group.charts) chart.toggle(hue, false);
    }
    this.#group.show(sceneOf(this.#runs));
    this.#group.reset();
    byId("burst-legend").hidden = this.#group.scene.bursts.length === 0;
  }

  async #compare(): Promise<void> {
    const asked = ++this.#asked;
    const host = byId("comparison-host");
    const [a, b] = [onSide(this.#runs, "A"), onSide(this.#runs, "B")];
    this.#compared = null;
    fill(byId("headline"), headline(this.#runs, null));
    if (a.length === 0 || b.length === 0) {
      const why = "Two runs are needed: add another, and put one on side A and one on side B.";
      fill(host, h("p", { class: "faint" }, why));
      return;
    }
    fill(host, h("p", { class: "faint", role: "status" }, "Resampling …"));
    // One at a time, and then only the last that was asked for: of long runs each takes a while.
    await this.#comparing;
    if (asked !== this.#asked) return;
    try {
      const remote = (side: Opened[]): RemoteRun[] => side.map(({ run }) => run);
      const work = this.#reader.compare(remote(a), remote(b));
      this.#comparing = work.catch(() => {});
      const compared = await work;
      if (asked !== this.#asked) return;
      this.#compared = compared;
      fill(host, comparisonTable(compared));
      fill(byId("headline"), headline(this.#runs, compared));
    } catch (error) {
      if (asked === this.#asked) fill(host, h("p", { role: "alert" }, inWords(error)));
    }
  }

  #removeAll(): void {
    for (const { run } of this.#runs) run.free();
    this.#runs = [];
    this.#messages.clear();
    this.#changed();
    byId("choose-folder").focus();
  }

  /** The worker broke down, and with it went its runs. */
  #lost(): void {
    if (this.#runs.length === 0) return;
    this.#runs = [];
    this.#changed();
    this.#messages.say("error", "The open runs are gone:", "the worker had to be started again.");
  }

  async #savePng(): Promise<void> {
    try {
      const labels = this.#runs.map(({ label }) => label);
      const profiles = [...new Set(this.#runs.map(({ view }) => profileOf(view)))];
      const picture = await pngOf(this.#group, {
        title: listing(labels, 6),
        subtitle: listing(profiles, 2),
        legend: this.#runs.filter(({ shown }) => shown),
      });
      download(picture, `${labels.join("-")}.png`);
    } catch (error) {
      this.#messages.say("error", "The picture could not be made:", inWords(error));
    }
  }

  #saveJson(): void {
    const name = this.#runs.map(({ label }) => label).join("-");
    download(jsonOf(this.#runs, this.#compared), `${name}.json`);
  }
}
