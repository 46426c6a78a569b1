/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * What every view does alike, in a real Chromium: it fits, and it says that the server is away.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import { freePort } from "../process.ts";
import { openPage } from "./browser.ts";
import { FakeBacktests } from "./backtests.ts";
import { FakePlant } from "./fake.ts";
import { learningDeps } from "./learning.ts";
import { browser, now, onView, started } from "./on_view.ts";
import { badHour } from "./scene.ts";
import { servePlant } from "./server.ts";

const VIEWS = {
  "#/": ".card",
  "#/sensors/server-room-temperature": ".plot.big canvas",
  "#/live": "#latest table",
  "#/windows": "#windows table",
  "#/detection": "#anomalies table",
  "#/analytics": "#ana-types table",
  "#/federation": "#versions table",
  "#/predict": "#prediction[data-score]",
  "#/backtest": "#begin",
};

onView("every view fits a phone, a screen and a wall", "#/", async ({ page }) => {
  for (const [hash, ready] of Object.entries(VIEWS)) {
    await page.evaluate((hash) => void (location.hash = hash), hash);
    await page.waitForSelector(ready);
    for (const [width, height] of [[360, 740], [1920, 1080], [3840, 2160]]) {
      await page.setViewportSize({ width, height });
      // Charts follow the size a frame later.
      await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth)
        .catch(() => Promise.reject(new Error(`${hash} is too wide for ${width} px`)));
    }
  }
});

Deno.test({
  name: "every view says that the server is away, and comes back with it",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await started;
    const plant = badHour(now()), deps = await learningDeps(plant);
    const backtests = new FakeBacktests();
    let server = servePlant(plant, freePort(), { ...deps, backtests });
    const { page, close } = await openPage(browser, `${server.url}/#/live`);
    await page.waitForSelector(VIEWS["#/live"]);
    await server.stop();
    await page.waitForFunction(() => document.querySelector("#connection")?.textContent === "Disconnected");
    const hashes = Object.keys(VIEWS);
    for (const hash of hashes) {
      await page.evaluate((hash) => void (location.hash = hash), hash);
      await page.waitForFunction(() => {
        const main = document.querySelector("main")?.textContent ?? "";
        return main.includes("cannot be reached") || main.includes("Not known: disconnected");
      });
    }
    server = servePlant(plant, server.port, { ...deps, backtests });
    // The last one comes back by itself; the others are there when they are gone to.
    await page.waitForFunction(() => document.querySelector("#connection")?.textContent !== "Disconnected");
    for (const [hash, ready] of Object.entries(VIEWS).reverse()) {
      await page.evaluate((hash) => void (location.hash = hash), hash);
      await page.waitForSelector(ready);
      await page.waitForFunction(() => document.querySelector("#view-note")?.hasAttribute("hidden") ?? true);
    }
    await close();
    await server.stop();
  },
});

Deno.test({
  name: "a page that is opened while a KV server is away says so in every view, and goes on by itself",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await started;
    const plant = badHour(now()), why = "the KV server kv-2:4512 does not answer";
    const away = () => Promise.reject(new StoreAwayError(why));
    Object.assign(plant, { sensors: away, alerts: away });
    const server = servePlant(plant);
    const { page, close } = await openPage(browser, `${server.url}/#/live`);
    const says = (selector: string, text: string) =>
      page.waitForFunction(([selector, text]) => document.querySelector(selector)?.textContent?.includes(text), [
        selector,
        text,
      ]);
    await says("#connection", "Not all is known");
    await says("#view-note", "KV server kv-2:4512 does not answer");
    await page.evaluate(() => void (location.hash = "#/"));
    await says("#verdict", "Not all is known");
    await says("#verdict-detail", "KV server kv-2:4512 does not answer");
    for (const part of ["#worst-note", ".panel.alerts", "[aria-label='Last 3 hours']", "[data-figure^=alarms-per]"]) {
      await says(part, "does not answer now: ask again. Trying again.");
    }
    const { sensors, alerts } = FakePlant.prototype;
    Object.assign(plant, { sensors, alerts });
    await page.evaluate(() => void document.dispatchEvent(new Event("visibilitychange"))); // as one who looks again
    await says("#verdict", "need attention");
    await page.waitForSelector(".card");
    await page.waitForFunction(() => document.querySelector("#connection")?.textContent !== "Not all is known");
    await close();
    await server.stop();
  },
});
