/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Analytics and Backtest in a real Chromium, over the real routes: what they show is what the API says.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { column, figure, onView } from "./on_view.ts";

onView("analyticsView() shows the statistics, the correlation and the profile of the API", "#/analytics", async (
  { page, ask },
) => {
  const { total, by_location: [office] } = await ask("/analytics/summary");
  await figure(page, "ana-sensors", total.sensors);
  await figure(page, "ana-readings", total.readings);
  await figure(page, "ana-anomalies", total.anomalies);
  await figure(page, "ana-ratio", total.anomaly_ratio);
  assertEquals(await column(page, "Table of anomalies by location", 2), [
    office.readings.toLocaleString("en"),
    "1,000",
  ]);
  assertEquals(await column(page, "Table of anomalies by location", 0), ["office", "none given"]);
  assertEquals((await column(page, "Table of statistics by location", 3))[0], String(office.channels[0].mean));
  assertStringIncludes(await page.textContent("#ana-of") ?? "", "There is more than is looked at");
  const { matrix, series } = await ask("/analytics/correlation");
  assertEquals(
    await page.textContent("#ana-strong"),
    "Strongest: office-co2 and office-humidity (0.82); office-humidity and office-temperature (−0.64).",
  );
  await page.click('[data-figure="correlation"] summary');
  await page.waitForSelector('[aria-label="Table of Correlation"] tbody tr');
  assertEquals(await column(page, "Table of Correlation", 0), series.map(({ sensor }: { sensor: string }) => sensor));
  assertEquals(await column(page, "Table of Correlation", 2), ["0.82", "1", "−0.64"]);
  assertEquals(matrix[1], [0.82, 1, -0.64]);
  const { channels: [{ channel, cells }] } = await ask("/analytics/profile");
  await page.click('[data-figure="profile-by-hour-of-day"] summary');
  await page.waitForSelector('[aria-label="Table of Profile by hour of day"] tbody tr');
  const means = await column(page, "Table of Profile by hour of day", 3);
  assertEquals(means, cells.map(({ mean }: { mean: number | null }) => mean === null ? "" : String(mean)));
  assertEquals(await page.inputValue("#channel"), channel);
  await page.selectOption("#source", "live");
  await page.waitForFunction(() =>
    document.querySelector("#ana-strong")?.textContent?.includes("co2 and humidity (0.4)")
  );
  await page.selectOption("#days", "week");
  await page.waitForFunction(() =>
    document.querySelector('[data-figure="profile-by-weekday-and-hour"]')?.textContent?.includes("mean co2")
  );
  assertEquals(new URL(page.url()).hash, "#/analytics?source=live&days=week");
});

onView(
  "analyticsView() asks for the sensors and the period of the address, and they are chosen by keyboard",
  "#/analytics?period=chosen&from=2026-03-01T00:00&to=2026-03-02T00:00",
  async ({ page }) => {
    await page.waitForSelector("#ana-types table");
    await page.focus("#sensor-choice summary");
    await page.keyboard.press("Enter");
    const asked = page.waitForRequest((request) => request.url().includes("/correlation"));
    await page.focus('#sensor-choice input[value="office-co2"]');
    await page.keyboard.press("Space");
    const query = new URL((await asked).url()).searchParams;
    assertEquals(query.get("sensors"), "office-co2");
    assertEquals(Number(query.get("to")) - Number(query.get("from")), 86_400_000);
    assertEquals(new URL(page.url()).hash.endsWith("&sensors=office-co2"), true);
    assertEquals(await page.textContent("#sensor-choice summary"), "Sensors: 1 chosen");
  },
);

onView("backtestView() begins one on a scenario, follows it, and shows its report", "#/backtest", async (
  { page, ask, backtests },
) => {
  await page.selectOption("#input-kind", "scenario");
  await page.selectOption("#input-scenario", "factory");
  await page.fill("#input-hours", "6");
  await page.fill("#first-budget", "3/day");
  await page.fill("#first-judging", "{ 1");
  await page.focus("#begin");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#backtest-said")?.textContent?.includes("JSON object"));
  await page.fill("#first-judging", '{"zone":"UTC"}');
  await page.check("#compare");
  await page.selectOption("#second-detectors", "rules");
  await page.focus("#begin");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#backtests [data-key=b1] .bar");
  const { settings, input } = backtests.asked[0];
  assertEquals(input, { kind: "scenario", name: "factory", hours: 6, seed: 1 });
  assertEquals([settings.budget, settings.judging], ["3/day", { zone: "UTC" }]);
  assertEquals(settings.compare, { budget: "1/week", detectors: "rules", direction: "both" });
  assertEquals(new URL(page.url()).hash, "#/backtest?id=b1");
  await page.waitForFunction(() => document.querySelector("#report")?.textContent?.includes("when it is done"));
  backtests.advance("b1", 0.42, 1_680);
  await page.waitForFunction(() =>
    document.querySelector("#backtests .backtest-state")?.textContent === " 42 %, 1,680 readings"
  );
  backtests.finish("b1");
  await page.waitForSelector('[aria-label="Table of what each configuration found"]');
  const { report: { configurations: [first, second] } } = await ask("/backtests/b1");
  assertEquals(await column(page, "Table of what each configuration found", 1), [
    String(first.total.alarms),
    String(second.total.alarms),
  ]);
  assertEquals(await column(page, "Table of Each detector by itself: first", 0), [
    "combined",
    "isolation forest",
    "last value",
  ]);
  const why = await column(page, "Table of Strongest alarms: second", 4);
  assertEquals(why.length, second.alarms.length);
  assertStringIncludes(why[0], second.alarms[0].explanation);
  assertStringIncludes(await page.textContent("#report") ?? "", "Not judged: 3 late.");
});

onView("backtestView() takes a file, cancels one, removes one, and compares two", "#/backtest", async (
  { page, ask, backtests },
) => {
  const buffer = Buffer.from("time,force\n2026-01-01T00:00:00Z,5\n");
  for (const name of ["one.csv", "two.csv", "three.csv"]) {
    await page.setInputFiles("#input-file", { name, mimeType: "text/csv", buffer });
    const id = `b${backtests.asked.length + 1}`;
    await page.click("#begin");
    await page.waitForFunction((id) => location.hash === `#/backtest?id=${id}`, id);
    if (name !== "three.csv") backtests.finish(id);
  }
  assertEquals(backtests.asked.map(({ body }) => body), Array(3).fill(buffer.toString()));
  await page.click('[aria-label="Cancel three.csv"]');
  await page.waitForSelector('#backtests [data-key=b3][data-state="cancelled"]');
  await page.click('[aria-label="Remove three.csv"]');
  await page.waitForFunction(() => !document.querySelector("#backtests [data-key=b3]"));
  await page.selectOption("#a", "b1");
  await page.selectOption("#b", "b2");
  await page.waitForSelector("#compare-said");
  const { measures, alarms } = await ask("/backtests/compare?a=b1&b=b2");
  const differences = await column(page, "Table of two backtests against each other", 3);
  assertEquals(differences.length, measures.length);
  assertEquals(differences[measures.findIndex(({ measure }: { measure: string }) => measure === "alarms")], "+1");
  assertStringIncludes(await page.textContent("#compare-said") ?? "", `${alarms.both} alarms in both`);
  await page.reload();
  await page.waitForSelector("#compare-said"); // the address holds it
});
