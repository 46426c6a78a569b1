/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The page in a real Chromium on the real program: the facility runs, readings are posted, the program is killed.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import { assert, assertEquals } from "../../std/assert.ts";
import { freePort } from "../process.ts";
import { openPage, startBrowser } from "./browser.ts";
import { post, type Posted, startProgram } from "./program.ts";

/** Tabs at once: more than a browser has connections to one server. */
const TABS = 7;

/** What the program is told of presses: a limit, which is judged from the first reading on. */
const CONFIG = {
  judging: { types: { press: { channels: { force: {}, stroke: { low: 0, high: 50 } }, intervalMs: 1000 } } },
};

/** Twenty readings of two channels up to now, quiet but for the last three of `stroke`, which may be far off. */
function press(sensor: string, far: boolean): Posted[] {
  const now = Date.now();
  return Array.from({ length: 20 }, (_, n) => ({
    sensor,
    type: "press",
    location: "press shop",
    time: now - (19 - n) * 20,
    values: { force: 5 + n % 2 * 0.1, stroke: 12 + n % 3 * 0.1 + (far && n >= 17 ? 40 * (n - 16) : 0) },
  }));
}

/** Waits until every card shows the value that the API tells for its sensor. */
async function agrees(page: Page, sensors: number): Promise<void> {
  await page.waitForFunction(async (sensors) => {
    const { items } = await (await fetch("/sensors?limit=2000")).json();
    const cards = [...document.querySelectorAll<HTMLElement>(".card")];
    return items.length === sensors && cards.length === sensors && cards.every((card) => {
      const sensor = items.find((item: { sensor: string }) => item.sensor === card.dataset.sensor);
      return card.querySelector("data")?.value === String(sensor?.channels[0].value);
    });
  }, sensors);
}

/** Waits until the log has an entry of a sensor in a state. */
async function logs(page: Page, sensor: string, state: "active" | "cleared"): Promise<void> {
  await page.waitForFunction(([sensor, state]) => {
    const entries = [...document.querySelectorAll<HTMLElement>("#alerts .entry")];
    return entries.some((entry) =>
      entry.dataset.state === state && entry.querySelector(".name")?.textContent === sensor
    );
  }, [sensor, state]);
}

/** Waits until the log has the alerts of the API that were raised since, in their states. */
async function missesNone(page: Page, since: number): Promise<void> {
  await page.waitForFunction(async (since) => {
    const { items } = await (await fetch(`/alerts?limit=50&from=${since}`)).json();
    const entries = [...document.querySelectorAll<HTMLElement>("#alerts .entry")];
    const shown = new Map(entries.map((entry) => [entry.dataset.alert, entry.dataset.state]));
    return items.length > 0 &&
      items.every((alert: { id: string; state: string }) => shown.get(alert.id) === alert.state);
  }, since);
}

Deno.test({
  name: "the page on the real program",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(t) {
    const dataDir = await Deno.makeTempDir({ prefix: "sensorium-page-" });
    const browser = await startBrowser();
    await Deno.writeTextFile(`${dataDir}/config.json`, JSON.stringify(CONFIG));
    const start = (port: number) =>
      startProgram(`${dataDir}/data`, ["--history", "1", "--port", String(port), "--config", `${dataDir}/config.json`]);
    let program = await start(freePort());
    const { url, port } = program;
    const { page, errors, foreign } = await openPage(browser, `${url}/#/`);
    const since = Date.now();
    try {
      await t.step("shows the values of the API, and goes on to", async () => {
        await agrees(page, 25);
        const value = () => page.textContent(".card data");
        const first = await value();
        await page.waitForFunction((first) => document.querySelector(".card data")?.textContent !== first, first);
        await agrees(page, 25);
      });

      await t.step("draws what comes live", async () => {
        await page.locator("#sensors").scrollIntoViewIfNeeded();
        await page.waitForSelector(".card canvas");
        const drawn = () => page.$eval(".card canvas", (canvas) => (canvas as HTMLCanvasElement).toDataURL());
        const before = await drawn();
        await page.waitForFunction((before) => {
          const canvas = document.querySelector(".card canvas");
          return canvas instanceof HTMLCanvasElement && canvas.toDataURL() !== before;
        }, before);
        assert(await drawn() !== before);
      });

      await t.step("shows an alert of posted readings without a reload, by the channel that is wrong", async () => {
        await page.evaluate(() => void (document.body.dataset.loaded = "once"));
        await post(url, press("press-1", true));
        await logs(page, "press-1", "active");
        await page.waitForFunction(() =>
          /^\d+ needs? attention$/.test(document.querySelector("#verdict")?.textContent ?? "")
        );
        const card = '.card[data-sensor="press-1"]';
        await page.waitForSelector(`${card}[data-look="high"]`);
        await page.waitForFunction(
          (card) => document.querySelector(`${card} .card-values`)?.textContent === "132.1stroke+ 1 more",
          card,
        );
        assertEquals(await page.textContent("#worst .row[data-channel=stroke] .name"), "press-1");
        await post(url, press("press-1", false));
        await logs(page, "press-1", "cleared");
        await page.waitForFunction(
          (card) => document.querySelector<HTMLElement>(card)?.dataset.look !== "high",
          card,
        );
      });

      await t.step("reconnects after kill -9 and a new start, and misses no alert", async () => {
        await post(url, press("press-2", true));
        await program.kill();
        await page.waitForFunction(() => document.querySelector("#verdict")?.textContent === "Not known: disconnected");
        program = await start(port);
        await page.waitForFunction(() => document.querySelector("#connection")?.textContent === "Live");
        await logs(page, "press-2", "active");
        await post(url, press("press-3", true));
        await logs(page, "press-3", "active");
        await missesNone(page, since);
        assertEquals(await page.getAttribute("body", "data-loaded"), "once");
        await agrees(page, 28);
      });

      await t.step("acknowledges by keyboard and shelves by mouse", async () => {
        const row = page.locator('#worst .row[data-key="press-3"]');
        // A command takes effect at the partition's next position: another sensor's readings make one at once.
        const during = async (verb: string, act: () => Promise<void>) => {
          const asked = page.waitForRequest((request) => request.url().endsWith(verb));
          await act();
          await asked;
          await post(url, press("press-1", false));
        };
        const ask = async () => {
          const { items } = await (await fetch(`${url}/alerts?sensor=press-3&state=active`)).json();
          return items.find(({ condition }: { condition: string }) => condition === "limit") ?? {}; // it may be silent, too
        };
        await row.locator("button[aria-label^=Acknowledge]").focus();
        await during("/acknowledge", () => page.keyboard.press("Enter"));
        await page.waitForSelector('#worst .row[data-key="press-3"][data-acknowledged=true]');
        assert((await ask()).acknowledged_at !== undefined);
        await during("/shelve", () => row.locator("button[aria-label^=Shelve]").click());
        await row.waitFor({ state: "detached" });
        assert((await ask()).shelved_until !== undefined);
        await page.click("#aside summary");
        await during("/unshelve", () => page.click("#aside button"));
        await row.waitFor();
        assertEquals((await ask()).shelved_until, undefined);
      });

      await t.step("shows one sensor by a deep link, with every channel", async () => {
        const other = await openPage(browser, `${url}/#/sensors/press-3`);
        await other.page.waitForFunction(() => document.querySelectorAll(".plot.big canvas").length === 2);
        const rows = await other.page.$$eval(
          "[aria-label='Table of features by channel'] tbody tr",
          (rows) => rows.map((row) => [row.querySelector("th")?.textContent, row.querySelector("data")?.value]),
        );
        assertEquals(rows, [["force", "5.1"], ["stroke", "132.1"]]);
        await other.page.waitForSelector(".alarm.high");
        assertEquals(other.errors, []);
        await other.close();
      });

      await t.step(
        "renames a sensor, shows it by its name, with the id beside it, and finds it by the name",
        async () => {
          const first = await openPage(browser, `${url}/#/sensors/press-3`);
          await first.page.click("#rename");
          await first.page.keyboard.type("Press <north>");
          await first.page.keyboard.press("Enter");
          await first.page.waitForSelector("#sensor-name small");
          assertEquals((await (await fetch(`${url}/sensors/press-3`)).json()).name, "Press <north>");
          await first.close();
          const other = await openPage(browser, `${url}/#/sensors/${encodeURIComponent("Press <north>")}`);
          await other.page.waitForSelector("#sensor-name small");
          assertEquals(await other.page.textContent("#sensor-name"), "Press <north> press-3");
          assertEquals(new URL(other.page.url()).hash, "#/sensors/press-3");
          await other.page.goto(`${url}/#/?search=north`);
          await other.page.waitForSelector('.card[data-sensor="press-3"]');
          assertEquals(await other.page.textContent(".card .name"), "Press <north>");
          await other.page.goto(`${url}/#/sensors/press-3`);
          await other.page.click("#rename");
          await other.page.fill(".rename input", "");
          await other.page.keyboard.press("Enter");
          await other.page.waitForFunction(() => document.querySelector("#sensor-name")?.textContent === "press-3");
          assertEquals(other.errors, []);
          await other.close();
        },
      );

      await t.step("shows statistics of a period, and judges a recording that is sent", async () => {
        const other = await openPage(browser, `${url}/#/analytics?type=press&period=1h`);
        await other.page.waitForSelector("#ana-types table");
        // Windows close meanwhile: what the page asked for is asked for again until both are of one moment.
        await other.page.waitForFunction(
          async () => {
            document.querySelector<HTMLElement>("#again")?.click();
            const { total } = await (await fetch("/analytics/summary?type=press")).json();
            const shown = (id: string) => document.querySelector<HTMLElement>(id)?.dataset.value;
            return shown("#ana-sensors") === String(total.sensors) && shown("#ana-readings") === String(total.readings);
          },
          undefined,
          { polling: 500 },
        );
        await other.page.evaluate(() => void (location.hash = "#/backtest"));
        const rows = Array.from({ length: 200 }, (_, n) => {
          const time = new Date(1_790_000_000_000 + n * 1_000).toISOString();
          return `${time},press-9,${n === 150 ? 99 : 12 + n % 3 * 0.1}`;
        });
        const buffer = Buffer.from(["time,sensor,stroke", ...rows].join("\n"));
        await other.page.setInputFiles("#input-file", { name: "press.csv", mimeType: "text/csv", buffer });
        await other.page.fill("#first-budget", "1/day");
        await other.page.focus("#begin");
        await other.page.keyboard.press("Enter");
        await other.page.waitForSelector('[aria-label="Table of what each configuration found"]');
        const { items: [{ id }] } = await (await fetch(`${url}/backtests`)).json();
        const { readings, report } = await (await fetch(`${url}/backtests/${id}`)).json();
        assertEquals(readings, rows.length);
        const cells = await other.page.$$eval(
          '[aria-label="Table of what each configuration found"] tbody td data',
          (all) => all.map((one) => Number((one as HTMLDataElement).value)),
        );
        const { alarms, false_alarms, events, found } = report.configurations[0].total;
        assertEquals(cells, [alarms, false_alarms, events, found]);
        assertEquals(other.errors, []);
        await other.close();
      });

      await t.step(`serves ${TABS} tabs of one browser at once`, async () => {
        const context = page.context();
        const tabs = await Promise.all(Array.from({ length: TABS - 1 }, async () => {
          const tab = await context.newPage();
          await tab.goto(`${url}/#/`);
          return tab;
        }));
        for (const tab of [page, ...tabs]) await logs(tab, "press-3", "active");
        await post(url, press("press-4", true));
        for (const tab of [page, ...tabs]) await logs(tab, "press-4", "active");
        for (const tab of tabs) {
          await tab.waitForFunction(() => document.querySelector("#connection")?.textContent === "Live");
          await tab.close();
        }
      });

      assertEquals(foreign, []);
      const own = errors.filter((error) => !error.includes("net::ERR_"));
      assertEquals(own, [], "beside those of the time when the program was down");
    } finally {
      await browser.close();
      await program.kill();
      await Deno.remove(dataDir, { recursive: true });
    }
  },
});
