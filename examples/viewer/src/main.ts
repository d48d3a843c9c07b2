import "uplot/dist/uPlot.min.css";
import "./style.css";

import { readDumpFile } from "./live/dump";
import { LivePage } from "./live/page";
import { chosen, dropped, type PathFile, sortOut } from "./run/files";
import { RunsPage } from "./run/page";
import { sampleRuns } from "./run/sample";
import { byId } from "./ui/dom";
import { listing } from "./ui/format";
import { Messages, Status } from "./ui/messages";
import { tabs } from "./ui/tabs";
import { theme } from "./ui/theme";
import { inWords } from "./ui/words";

const messages = new Messages(byId("messages"));
const status = new Status(byId("status"));
const runs = new RunsPage(messages, status);

const live = new LivePage(messages);

const choose = tabs(byId("tabs"));
theme(byId<HTMLButtonElement>("theme"), () => {
  runs.recolour();
  live.recolour();
});

async function take(files: () => PathFile[] | Promise<PathFile[]>): Promise<void> {
  messages.clear();
  try {
    const { runs: folders, dumps, unknown } = sortOut(await files());
    const [dump] = dumps;
    if (folders.length > 0) {
      choose("runs");
      await runs.open(folders);
    } else if (dump !== undefined) {
      await openDump(dump);
    } else {
      const found = unknown.length > 0 ? ` Found: ${listing(unknown)}.` : "";
      const expected =
        "Expected frames.csv, prom.tsv, events.csv or meta.env; each may end in .gz.";
      messages.say("error", "There is no run and no recording in this.", expected + found);
    }
  } catch (error) {
    messages.say("error", "This could not be opened:", inWords(error));
  }
}

async function openDump(file: File): Promise<void> {
  status.show(`Reading ${file.name} …`);
  try {
    const dump = await readDumpFile(file);
    choose("live");
    live.show(dump);
  } catch (error) {
    messages.say("error", `${file.name} could not be read:`, inWords(error));
  }
  status.show(null);
}

for (const [button, picker] of [
  ["choose-folder", "pick-folder"],
  ["choose-files", "pick-files"],
  ["add", "pick-folder"],
  ["choose-dump", "pick-files"],
] as const) {
  byId(button).addEventListener("click", () => byId(picker).click());
}
for (const picker of [
  byId<HTMLInputElement>("pick-folder"),
  byId<HTMLInputElement>("pick-files"),
]) {
  picker.addEventListener("change", () => {
    const files = picker.files === null ? [] : chosen(picker.files);
    // The same folder can be chosen again.
    picker.value = "";
    if (files.length > 0) void take(() => files);
  });
}
byId("sample").addEventListener("click", async () => {
  messages.clear();
  try {
    await runs.open(await sampleRuns());
  } catch (error) {
    messages.say("error", "The sample could not be loaded:", inWords(error));
  }
});

let depth = 0;
const dragging = (by: number): void => {
  depth = Math.max(depth + by, 0);
  document.body.classList.toggle("dragging", depth > 0);
};
addEventListener("dragenter", () => dragging(1));
addEventListener("dragleave", () => dragging(-1));
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  dragging(-depth);
  const data = event.dataTransfer;
  if (data !== null) void take(() => dropped(data));
});

document.documentElement.dataset["ready"] = "";
