/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The page in a real Chromium, over the real routes and a plant in memory.
 *
 * @module
 */
import type { Browser, Page } from "playwright-core";
import { assert, assertEquals } from "../../std/assert.ts";
import { freePort } from "../process.ts";
import { openPage, startBrowser, type Watched } from "./browser.ts";
import { FakePlant } from "./fake.ts";
import { badHour } from "./scene.ts";
import { type PageServer, servePlant } from "./server.ts";

/** A multiple of 2,000 near the present, so that ages are small. */
const now = () => Math.floor(Date.now() / 2_000) * 2_000;

let browser: Browser;
const started = startBrowser().then((one) => browser = one);
globalThis.addEventListener("unload", () => void browser?.close());

interface Scene {
  readonly plant: FakePlant;
  server: PageServer;
  readonly watched: Watched;
  readonly page: Page;
}

/** A test over a plant, with the page open at `hash`. */
function onPage(
  name: string,
  make: () => FakePlant,
  act: (scene: Scene) => Promise<void>,
  options: { hash?: string; colorScheme?: "light" | "dark" } = {},
): void {
  // The browser outlives each test, and with it what it holds open.
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await started;
      const plant = make();
      const server = servePlant(plant, freePort());
      const { hash = "#/", ...rest } = options;
      const watched = await openPage(browser, `${server.url}/${hash}`, rest);
      const scene: Scene = { plant, server, watched, page: watched.page };
      try {
        await act(scene);
      } finally {
        await watched.close();
        await scene.server.stop();
      }
    },
  });
}

/** Waits until an element's text is this. */
async function says(page: Page, selector: string, text: string): Promise<void> {
  await page.waitForFunction(([selector, text]) => document.querySelector(selector)?.textContent === text, [
    selector,
    text,
  ]);
}

/** The pixels of a canvas, to tell whether it was drawn anew. */
function pixels(page: Page, selector: string): Promise<string> {
  return page.evaluate((selector) => {
    const canvas = document.querySelector(selector);
    return canvas instanceof HTMLCanvasElement ? canvas.toDataURL() : "";
  }, selector);
}

const small = () => new FakePlant({ now: now(), places: 1 });

onPage("overview() shows the figures of the API", () => badHour(now()), async ({ page, plant, server, watched }) => {
  const summary = await (await fetch(`${server.url}/summary`)).json();
  await says(page, "#sensors-anomalous", String(summary.anomalous));
  await says(page, "#sensors-silent", String(summary.silent));
  await says(page, "#sensors-failed", String(summary.failed));
  await says(page, "#sensors-warming_up", String(summary.warming_up));
  for (const priority of ["critical", "high", "medium", "low"]) await says(page, `#alerts-${priority}`, "1");
  const sensors = (await (await fetch(`${server.url}/sensors?limit=2000`)).json()).items;
  await page.waitForFunction((n) => document.querySelectorAll(".card").length === n, sensors.length);
  const shown = await page.$$eval(
    ".card",
    (cards) => cards.map((card) => [(card as HTMLElement).dataset.sensor, card.querySelector("data")?.value]),
  );
  const wanted = sensors.map((sensor: { sensor: string; channels: { value: number }[] }) => [
    sensor.sensor,
    String(sensor.channels[0].value),
  ]);
  assertEquals(shown.sort(), wanted.sort());
  assertEquals(await page.textContent("#worst .row:first-child .name"), "server-room-temperature");
  assertEquals(
    await page.textContent("#worst .row:first-child .seen"),
    "temperature 34.1 °C, expected 10 to 30 °C",
  );
  const active = (await (await fetch(`${server.url}/alerts?state=active&limit=2000`)).json()).items;
  const wrong = active.filter(({ condition }: { condition: string }) => condition !== "silent")
    .map(({ sensor }: { sensor: string }) => sensor);
  const names = (selector: string) => page.$$eval(selector, (links) => links.map((link) => link.textContent));
  assertEquals((await names("#worst .row .name")).sort(), [...new Set(wrong)].sort());
  const apart = sensors.filter(({ state }: { state: string }) => state !== "ok");
  assertEquals(
    (await names("#apart .name")).sort(),
    apart.map(({ sensor }: { sensor: string }) => sensor).sort(),
  );
  assertEquals(watched.errors, []);
  assertEquals(watched.foreign, []);
  assertEquals(plant.alertsById.size, await page.$$eval("#alerts .entry", (entries) => entries.length));
});

onPage("Card.read() draws readings as they come", small, async ({ page, plant }) => {
  const card = '.card[data-sensor="server-room-humidity"]';
  await page.waitForSelector(`${card} canvas`);
  await page.waitForFunction(() => document.querySelector("#connection")?.textContent === "Live");
  const before = await pixels(page, `${card} canvas`);
  plant.tick({ "server-room-humidity": 67.25 });
  await page.waitForFunction(
    (selector) => document.querySelector<HTMLDataElement>(`${selector} data`)?.value === "67.25",
    card,
  );
  await page.waitForFunction(([selector, before]) => {
    const canvas = document.querySelector(`${selector} canvas`);
    return canvas instanceof HTMLCanvasElement && canvas.toDataURL() !== before;
  }, [card, before]);
});

onPage("counts() and worst() answer that all is well, with single anomalous readings in a quiet line", small, async (
  { page, plant },
) => {
  await says(page, "#verdict", "All is well");
  await page.waitForFunction(() => document.querySelector("#worst-note")?.textContent?.includes("no alert so far"));
  const name = "server-room-co2";
  plant.tick({ [name]: 1_500 });
  plant.tick();
  await page.waitForFunction(() => document.querySelector("#odd summary")?.textContent?.includes("single anomalous"));
  await page.click("#odd summary");
  await page.waitForSelector(`#odd a[href="#/sensors/${name}"]`);
  assertEquals([await page.textContent("#verdict"), await page.$("#worst .row")], ["All is well", null]);
  const id = plant.raise(name, { priority: "high", condition: "limit", message: "co2 is high." });
  await page.waitForSelector("#worst .row");
  await page.waitForSelector(".counts[data-worst=high]");
  plant.clear(id);
  await page.waitForFunction((name) => {
    const note = document.querySelector("#worst-note")?.textContent;
    return note?.startsWith("Nothing is wrong since") && note.includes(`on ${name}`);
  }, name);
  assertEquals(await page.getAttribute(".counts", "data-worst"), "none");
});

onPage("counts() says nothing of what it cannot know", small, async (scene) => {
  const { page, plant, server } = scene;
  await says(page, "#verdict", "All is well");
  await server.stop();
  await says(page, "#verdict", "Not known: disconnected");
  scene.server = servePlant(plant, server.port);
  await says(page, "#verdict", "All is well");
});

onPage("alertLog() shows and says an alert as it is raised, and marks it cleared", small, async ({ page, plant }) => {
  await says(page, "#verdict", "All is well");
  const name = "server-room-co2";
  const id = plant.raise(name, { priority: "high", condition: "limit", message: "co2 is high.", value: 1100 });
  await says(page, "#verdict", "1 needs attention");
  await page.waitForSelector(`#alerts .entry[data-state="active"]`);
  await says(page, "#alert-voice", "New high alert: co2 is high.");
  await page.waitForSelector(`.card[data-sensor="${name}"][data-look="high"]`);
  plant.clear(id);
  await page.waitForSelector(`#alerts .entry[data-state="cleared"]`);
  await says(page, "#verdict", "All is well");
  // What comes again and again can be set aside though nothing is active.
  for (let n = 0; n < 2; n++) {
    plant.clear(plant.raise(name, { priority: "high", condition: "limit", message: "Again." }));
  }
  await page.waitForFunction(() =>
    document.querySelector("#alerts .again:not([hidden])")?.textContent?.startsWith("3 times within an hour")
  );
  await page.route(/\/shelve$/, (route) => route.fulfill({ status: 202, json: {} }));
  const asked = page.waitForRequest((request) => request.url().endsWith("/shelve"));
  await page.focus("#alerts .again button");
  await page.keyboard.press("Enter");
  assertEquals((await asked).postDataJSON().condition, "limit");
});

onPage("Stream resumes after a restart of the server and misses no alert", small, async (scene) => {
  const { page, plant, server } = scene;
  const raise = (n: number) =>
    plant.raise("server-room-co2", { priority: "low", condition: "zscore", message: `Alert ${n}.` });
  await page.waitForFunction(() => document.querySelector("#connection")?.textContent === "Live");
  const ids = [raise(1)];
  await page.waitForSelector("#alerts .entry");
  await server.stop();
  await page.waitForFunction(() => document.querySelector("#connection")?.textContent === "Disconnected");
  ids.push(raise(2), raise(3));
  plant.clear(ids[1]);
  scene.server = servePlant(plant, server.port);
  await page.waitForFunction(() => document.querySelectorAll("#alerts .entry").length === 3);
  await page.waitForFunction(() => document.querySelector("#connection")?.textContent === "Live");
  const shown = await page.$$eval(
    "#alerts .entry",
    (entries) => entries.map((entry) => [(entry as HTMLElement).dataset.alert, (entry as HTMLElement).dataset.state]),
  );
  const wanted = ids.map((id) => [id, plant.alertsById.get(id)?.state]);
  assertEquals(shown.sort(), wanted.sort());
});

onPage("Sync.refresh() asks again after a resync", small, async (scene) => {
  const { page, plant, server } = scene;
  await page.waitForFunction(() => document.querySelector("#connection")?.textContent === "Live");
  const first = plant.raise("server-room-co2", { priority: "low", condition: "zscore", message: "One." });
  await page.waitForSelector("#alerts .entry[data-state=active]");
  await server.stop();
  plant.clear(first);
  plant.raise("server-room-humidity", { priority: "low", condition: "zscore", message: "Two." });
  plant.alertLog.forget();
  scene.server = servePlant(plant, server.port);
  await page.waitForFunction(() =>
    document.querySelectorAll("#alerts .entry[data-state=active]").length === 1 &&
    document.querySelectorAll("#alerts .entry[data-state=cleared]").length === 1
  );
});

const NASTY = `<img src=x onerror="document.title='owned'">/?#%&"'`;

onPage("h() shows names and messages as text, whatever they hold", () => {
  const plant = small();
  plant.add(NASTY, "<b>place</b>", { type: "<i>t</i>", channel: "<u>c</u>", unit: "<s>", base: 1, swing: 0, noise: 1 });
  plant.raise(NASTY, { priority: "high", condition: "limit", message: "<script>document.title='owned'</script>" });
  return plant;
}, async ({ page, watched }) => {
  await page.waitForSelector("#worst .row");
  assertEquals(await page.textContent("#worst .row .name"), NASTY);
  assertEquals(await page.$$eval("main img, main script, main b, main u, main s, main i", (found) => found.length), 0);
  await page.click("#worst .row .name");
  await says(page, "#sensor-name", NASTY);
  await page.waitForSelector(".plot.big canvas");
  assertEquals(await page.$$eval("main img, main script, main b, main u, main s, main i", (found) => found.length), 0);
  assert((await page.title()).startsWith(NASTY));
  // A browser notes by itself what is not there: this plant has no federation.
  assertEquals(watched.errors.filter((text) => !text.includes("404")), []);
});

onPage(
  "sensorView() shows features, readings and windows of the API by a deep link",
  small,
  async ({ page, server }) => {
    await page.waitForSelector(".plot.big canvas");
    const name = "server-room-temperature";
    const sensor = await (await fetch(`${server.url}/sensors/${name}`)).json();
    const [channel] = sensor.channels;
    const row = await page.$$eval(
      "[aria-label='Table of features by channel'] tbody td data",
      (cells) => cells.map((cell) => Number((cell as HTMLDataElement).value)),
    );
    const { value, rate, mean, std, range, z, count, low, high } = channel;
    assertEquals(row, [value, rate, mean, std, range, z, count, low, high]);
    const { items: [window] } = await (await fetch(`${server.url}/sensors/${name}/windows?limit=1`)).json();
    const statistics = window.channels.temperature;
    await page.waitForSelector("[aria-label='Table of the latest windows'] tbody td data");
    const first = await page.$$eval(
      "[aria-label='Table of the latest windows'] tbody tr:first-child td data",
      (cells) => cells.map((cell) => Number((cell as HTMLDataElement).value)),
    );
    const { count: n, mean: m, min, max, std: s, anomalies } = statistics;
    assertEquals(first, [n, m, min, max, s, anomalies]);
    const { items: readings } = await (await fetch(`${server.url}/sensors/${name}/readings?limit=20`)).json();
    const values = await page.$$eval(
      "[aria-label='Table of the latest readings'] tbody td data",
      (cells) => cells.map((cell) => Number((cell as HTMLDataElement).value)),
    );
    assertEquals(
      values,
      readings.flatMap((reading: { values: { temperature: number }; score: number }) => [
        reading.values.temperature,
        reading.score,
      ]),
    );
  },
  { hash: "#/sensors/server-room-temperature" },
);

onPage("sensorView() says that there is no such sensor", small, async ({ page }) => {
  await page.waitForFunction(() => document.querySelector("#sensor-note")?.textContent?.includes("nowhere"));
}, { hash: "#/sensors/nowhere" });

onPage("grid() takes its filters from the address and keeps them there", () => badHour(now()), async ({ page }) => {
  await page.waitForFunction(() => document.querySelectorAll(".card").length === 5);
  assertEquals(await page.$eval("#location", (select) => (select as HTMLSelectElement).value), "office");
  await page.selectOption("#state", "failed");
  await page.waitForFunction(() => document.querySelectorAll(".card").length === 1);
  assert(new URL(page.url()).hash.includes("state=failed"));
}, { hash: "#/?location=office&range=6h" });

onPage(
  "grid() draws only what is on the screen of 1,000 sensors",
  () => new FakePlant({ now: now(), places: 200, pastMs: 120_000 }),
  async ({ page }) => {
    await page.waitForSelector(".card");
    await page.locator("#sensors").scrollIntoViewIfNeeded();
    await page.waitForSelector(".card canvas");
    const [cards, charts] = await page.evaluate(() => [
      document.querySelectorAll(".card").length,
      document.querySelectorAll(".card canvas").length,
    ]);
    assertEquals(cards, 60);
    assert(charts < 40, `${charts} charts are drawn`);
    await page.click("#more");
    await page.waitForFunction(() => document.querySelectorAll(".card").length === 120);
  },
);

onPage(
  "emptyState() tells how to send a first reading, and nothing waits for what nobody sends",
  () => new FakePlant({ now: now(), places: 0 }),
  async ({ page, server }) => {
    await page.waitForSelector("#empty pre");
    assert((await page.textContent("#empty pre"))?.includes(`${server.url}/readings`));
    for (const part of ["[aria-label='Last 3 hours']", "[data-figure=alarms-per-10-minutes]"]) {
      await page.waitForFunction(
        (part) => document.querySelector(part)?.textContent?.includes("Nothing to watch yet."),
        part,
      );
    }
    await page.click("[data-figure=alarms-per-10-minutes] summary");
    assert(!/NaN|Loading/.test(await page.textContent("main") ?? ""));
  },
);

onPage("themeButton() changes the colours by keyboard and keeps the choice", small, async ({ page }) => {
  await page.waitForSelector(".card canvas");
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await background();
  await page.focus("#theme");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.waitForSelector('#theme[aria-label="Theme: dark"]');
  const dark = await background();
  assert(dark !== light);
  await page.reload();
  await page.waitForSelector('#theme[aria-label="Theme: dark"]');
  assertEquals(await background(), dark);
}, { colorScheme: "light" });
