/** Two real runs that come with the page: VP8 over a lossy relay, without and with FlexFEC. */

import { FILE_NAMES, type Role, type RunFolder } from "./files";

const FOLDER = "../../../../tests/data/runs_real";
const ADDRESSES = import.meta.glob<string>(
  ["../../../../tests/data/runs_real/baseline-1/*", "../../../../tests/data/runs_real/fec-1/*"],
  { query: "?url", import: "default", eager: true },
);

/** Fetches the sample runs from beside the page. */
export async function sampleRuns(): Promise<RunFolder[]> {
  return Promise.all(["baseline-1", "fec-1"].map(sampleRun));
}

async function sampleRun(name: string): Promise<RunFolder> {
  const run: RunFolder = { name, files: {}, bytes: 0 };
  for (const [role, file] of Object.entries(FILE_NAMES) as [Role, string][]) {
    const address = ADDRESSES[`${FOLDER}/${name}/${file}`];
    if (address === undefined) continue;
    const response = await fetch(address);
    if (!response.ok) throw new Error(`the sample's ${file} is not there (${response.status})`);
    const blob = await response.blob();
    run.files[role] = new File([blob], file);
    run.bytes += blob.size;
  }
  return run;
}
