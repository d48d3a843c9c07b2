// A plain web server and a headless Chromium, for the tests.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};
const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
];

/** A development tool of the package, not installed beside it. */
export const tool = (file) =>
  import(pathToFileURL(path.join(process.env.STREAMGAUGE_JS_TOOLS, file)).href);

/** Serves the files under `root`, `pages` and other `texts` by their paths; `headers` come with everything. */
export async function serve(root, { pages = {}, texts = {}, headers = {} } = {}) {
  const server = http.createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    try {
      const made = pages[pathname] ?? texts[pathname];
      const body = made ?? (await readFile(path.join(root, path.normalize(pathname))));
      const extension = pathname in pages ? ".html" : path.extname(pathname);
      const type = TYPES[extension] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type, ...headers }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((done) => {
        server.close(done);
        // Chromium opens some that it may never use; waiting for these takes minutes.
        server.closeAllConnections();
      }),
  };
}

/** A browser with a profile of its own; `flags` and `options` beside those that all tests have. */
export async function launch(flags = [], options = {}) {
  const { chromium } = await tool("playwright-core/index.mjs");
  const profile = await mkdtemp(path.join(os.tmpdir(), "streamgauge-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    headless: true,
    chromiumSandbox: false,
    args: [...FLAGS, ...flags],
    ...options,
  });
  return {
    context,
    page: async () => context.newPage(),
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Opens a page whose script sets `answer`, and gives it; what is not caught there fails here. */
export async function answerOf(browser, url) {
  const page = await browser.page();
  try {
    const failed = new Promise((_, reject) => {
      page.on("pageerror", (error) => reject(new Error(`${url}: ${error.message}`)));
    });
    await page.goto(url);
    const answer = page.waitForFunction(() => globalThis.answer !== undefined, null, {
      timeout: 60_000,
    });
    await Promise.race([answer, failed]);
    return await page.evaluate(() => globalThis.answer);
  } finally {
    await page.close();
  }
}
