/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * What tests of views have in common: a browser, a plant with everything that learns, and the view in front of it.
 *
 * @module
 */
import type { Browser, Page } from "playwright-core";
import { assertEquals } from "../../std/assert.ts";
import { openPage, startBrowser } from "./browser.ts";
import { FakeBacktests } from "./backtests.ts";
import type { FakePlant } from "./fake.ts";
import { learningDeps } from "./learning.ts";
import { badHour } from "./scene.ts";
import { servePlant } from "./server.ts";

/** A multiple of 2,000 near the present, so that ages are small. */
export const now = () => Math.floor(Date.now() / 2_000) * 2_000;

/** One for all tests of a file, once it has {@linkcode started}. */
export let browser: Browser;
/** When it has. */
export const started = startBrowser().then((one) => browser = one);
globalThis.addEventListener("unload", () => void browser?.close());

/** What a test has before it. */
export interface Scene {
  readonly page: Page;
  readonly backtests: FakeBacktests;
  readonly plant: FakePlant;
  /** What the API answers. */
  // deno-lint-ignore no-explicit-any -- answers of many shapes, compared as they are
  ask(path: string): Promise<any>;
}

/** A test of the view at `hash`, over a plant with everything that learns. */
export function onView(
  name: string,
  hash: string,
  act: (scene: Scene) => Promise<void>,
  { make = () => badHour(now()), learning = true } = {},
): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await started;
      const plant = make();
      const backtests = new FakeBacktests();
      const server = servePlant(plant, 0, learning ? { ...await learningDeps(plant), backtests } : {});
      const { page, errors, foreign, close } = await openPage(browser, `${server.url}/${hash}`);
      try {
        await act({ page, plant, backtests, ask: async (path) => await (await fetch(`${server.url}${path}`)).json() });
        // A browser notes by itself that something is refused or not there; pages say so where it belongs.
        assertEquals(errors.filter((error) => !/status of 40[04]/.test(error)), []);
        assertEquals(foreign, []);
      } finally {
        await close();
        await server.stop();
      }
    },
  });
}

/** Waits until a key figure has a value. */
export async function figure(page: Page, id: string, value: number): Promise<void> {
  await page.waitForFunction(
    ([id, value]) => document.getElementById(String(id))?.dataset.value === String(value),
    [id, value],
  );
}

/** The texts of a table's column, header cells included. */
export function column(page: Page, caption: string, at: number): Promise<string[]> {
  return page.$$eval(
    `[aria-label="${caption}"] tbody tr`,
    (rows, at) => rows.map((row) => row.children[at].textContent ?? ""),
    at,
  );
}
