/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Live, Windows and CSV in a real Chromium, over the real routes: what they show is what the API says.
 *
 * @module
 */
import type { SensorView, WindowView } from "../../actors/views.ts";
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { column, figure, onView } from "./on_view.ts";

onView("liveView() shows the API's key figures and latest readings", "#/live?refresh=off", async ({ page, ask }) => {
  const summary = await ask("/summary"), { items: sensors } = await ask("/sensors?limit=2000");
  await figure(page, "live-readings", summary.partitions[0].readings);
  await figure(page, "live-anomalies", sensors.reduce((sum: number, { anomalies }: SensorView) => sum + anomalies, 0));
  await figure(page, "live-sensors", summary.sensors - summary.silent - summary.failed);
  await figure(page, "live-locations", 5);
  await figure(page, "live-rate", summary.readings_per_second);
  await figure(page, "live-alerts", summary.active_alerts);
  const caption = "Table of the latest readings of all sensors";
  await page.waitForSelector(`[aria-label="${caption}"] tbody tr`);
  const names = new Set(await column(page, caption, 1));
  assert(names.has("server-room-temperature") && !names.has("warehouse-pressure"), "the silent one has no new reading");
});

onView(
  "liveView() filters by location and type of the address, and keeps them from view to view",
  "#/live?location=office&type=co2",
  async (
    { page },
  ) => {
    const caption = "Table of the latest readings of all sensors";
    await page.waitForSelector(`[aria-label="${caption}"] tbody tr`);
    assertEquals([...new Set(await column(page, caption, 1))], ["office-co2"]);
    assertEquals(await page.inputValue("#location"), "office");
    await page.selectOption("#type", "humidity");
    await page.waitForFunction(
      (caption) => document.querySelector(`[aria-label="${caption}"] tbody a`)?.textContent === "office-humidity",
      caption,
    );
    await page.click("nav >> text=Detection");
    await page.waitForFunction(() =>
      document.querySelector("#det-of")?.textContent?.includes(" readings of 1 sensors")
    );
    assertEquals(new URL(page.url()).hash, "#/detection?location=office&type=humidity");
    assertEquals(
      await page.getAttribute("nav a[aria-current=page]", "href"),
      "#/detection?location=office&type=humidity",
    );
  },
);

onView("liveView() takes readings as they come", "#/live?sensor=office-humidity", async ({ page, plant }) => {
  const selector = '[aria-label="Table of the latest readings of all sensors"] tbody tr';
  await page.waitForSelector(selector);
  // It stands, whatever the sinks do.
  await page.waitForFunction(() => document.querySelector("#connection")?.textContent === "Sink failing");
  plant.tick({ "office-humidity": 68.25 });
  await page.waitForFunction(
    (selector) => [...document.querySelectorAll(selector)].some((row) => row.textContent?.includes("68.25 %")),
    selector,
  );
});

onView(
  "windowsView() counts and lists the windows of the API",
  "#/windows?records=200&type=co2",
  async ({ page, ask }) => {
    const { items } = await ask("/windows?limit=200&type=co2") as { items: WindowView[] };
    const sum = (what: "count" | "anomalies") =>
      items.flatMap(({ channels }) => Object.values(channels)).reduce((total, one) => total + one[what], 0);
    await figure(page, "win-count", items.length);
    await figure(page, "win-hour", (await ask("/analytics/summary")).total.windows);
    await figure(page, "win-readings", sum("count"));
    await figure(page, "win-mean", sum("count") / items.length);
    await figure(page, "win-anomalies", sum("anomalies"));
    await figure(page, "win-revised", 0);
    const names = await column(page, "Table of the latest windows of all sensors", 1);
    assertEquals(names, items.slice(0, 50).map(({ sensor }) => sensor));
  },
);

onView("csvButton() saves what is shown", "#/windows?records=100", async ({ page, ask }) => {
  const { items } = await ask("/windows?limit=100") as { items: WindowView[] };
  await figure(page, "win-count", items.length);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.click('[aria-label="Save windows as CSV"]'),
  ]);
  assertEquals(download.suggestedFilename(), "windows.csv");
  const lines = (await Deno.readTextFile(await download.path())).trimEnd().split("\r\n");
  assertEquals(lines.length, 1 + items.length);
  assertStringIncludes(lines[1], items[0].sensor);
});

/** Every view by its address, and what tells that it is there. */
