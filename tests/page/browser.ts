/**
 * Finds and starts a real Chromium, for every test that looks at a page.
 *
 * In order: the path in `SENSORIUM_TEST_CHROMIUM`, Debian's `/usr/bin/chromium`, the one inside npm's
 * `@sparticuz/chromium`, which is unpacked on first use (some seconds) and brings its own libraries.
 *
 * @module
 */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { PATIENCE_MS } from "../process.ts";

/** One that is installed, else undefined. */
async function installed(): Promise<string | undefined> {
  const paths = [Deno.env.get("SENSORIUM_TEST_CHROMIUM"), "/usr/bin/chromium"];
  for (const path of paths) {
    if (path && await Deno.stat(path).then((file) => file.isFile, () => false)) return path;
  }
  return undefined;
}

/** Unpacks npm's one. */
async function packaged(): Promise<string> {
  // Read by the package as it is loaded: only on that system does it unpack its shared libraries.
  Deno.env.set("AWS_EXECUTION_ENV", "AWS_Lambda_nodejs20.x");
  const { default: packed } = await import("@sparticuz/chromium");
  packed.setGraphicsMode = false;
  return await packed.executablePath();
}

/**
 * Starts a browser without a window. Close it when done.
 *
 * @throws if there is none to be had on this system
 */
export async function startBrowser(): Promise<Browser> {
  const executablePath = await installed() ?? await packaged();
  return await chromium.launch({
    executablePath,
    timeout: PATIENCE_MS,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-dev-shm-usage",
      "--hide-scrollbars",
    ],
  });
}

/** A page that gathers what goes wrong in it. */
export interface Watched {
  readonly page: Page;
  /** Errors of scripts, refused loads and messages of the console at level error. */
  readonly errors: string[];
  /** Addresses that were asked for outside of the page's own origin. */
  readonly foreign: string[];
  close(): Promise<void>;
}

/** Opens a page in a context of its own. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE_MS); // one that was disconnected may wait for 30 s until it tries again
  const page = await context.newPage();
  const errors: string[] = [];
  const foreign: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) foreign.push(request.url());
  });
  await page.goto(url);
  return { page, errors, foreign, close: () => context.close() };
}
