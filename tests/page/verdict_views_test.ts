/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Detection and one sensor in a real Chromium, over the real routes: what they show is what the API says.
 *
 * @module
 */
import type { ContributionView, ReadingView } from "../../actors/views.ts";
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { GROUP } from "./learning.ts";
import { column, figure, onView } from "./on_view.ts";

onView("detectionView() shows what the readings of the API say, and the reason", "#/detection?records=1000", async (
  { page, ask },
) => {
  const { items: readings } = await ask("/readings?limit=1000") as { items: ReadingView[] };
  const { items: odd } = await ask("/readings?limit=200&is_anomaly=true") as { items: ReadingView[] };
  assert(odd.length > 0);
  await figure(page, "det-readings", readings.length);
  await figure(page, "det-anomalies", readings.filter(({ is_anomaly }) => is_anomaly).length);
  await figure(
    page,
    "det-rules",
    readings.filter(({ flags }) => flags.some(({ detector }) => detector === "limit")).length,
  );
  const reasons = await column(page, "Table of the latest anomalies", 5);
  assertEquals(reasons.length, Math.min(50, odd.length));
  for (const text of reasons) assert(odd.some(({ explanation = "" }) => text.startsWith(explanation)), text);
  const { items: [all] } = await ask("/analytics/agreement");
  assertEquals((await column(page, "Table of agreement by group", 2))[0], String(all.both));
  const [{ channel, index }] = (await ask("/drift")).channels;
  assertEquals(await column(page, "Table of drifted channels", 1), [channel]);
  assertEquals(await column(page, "Table of drifted channels", 3), [String(index)]);
  assertEquals(await column(page, "Table of drifted models", 3), ["0.31"]);
  const { precision, recall } = all.machine_learning;
  assertEquals((await column(page, "Table of precision and recall", 2))[0], `${Math.round(100 * precision)} %`);
  assertEquals((await column(page, "Table of precision and recall", 3))[0], `${Math.round(100 * recall)} %`);
  await page.selectOption("#detector", "logistic");
  await page.waitForFunction(() => document.querySelector("#agreement")?.textContent === "Nothing was compared yet.");
  await page.selectOption("#score", "network");
  await page.click('[data-figure="distribution-of-scores"] summary');
  await page.waitForFunction((counts) => {
    const cells = document.querySelectorAll<HTMLDataElement>('[aria-label="Table of Distribution of scores"] td data');
    return [...cells].reduce((sum, { value }) => sum + Number(value), 0) === counts;
  }, readings.filter(({ scores }) => scores?.network !== undefined).length);
  assertEquals(new URL(page.url()).hash, "#/detection?records=1000&detector=logistic&score=network");
  await page.click('[data-figure="flags-by-detector"] summary');
  await page.waitForSelector('[aria-label="Table of Flags by detector"] tbody tr');
  const words = await column(page, "Table of Flags by detector", 0);
  assert(words.includes("limit"), words.join());
});

onView(
  "sensorView() shows the verdict of the API: sentence, contributions, scores, versions",
  "#/sensors/server-room-temperature",
  async (
    { page, ask },
  ) => {
    const { explanation, scores, contributions } = await ask("/sensors/server-room-temperature");
    await page.waitForFunction(
      (text) => document.querySelector("#sensor-explanation")?.textContent === text,
      explanation,
    );
    const shown = await page.$$eval(
      "#verdict-now .scores data",
      (all) => all.map((one) => Number((one as HTMLDataElement).value)),
    );
    assertEquals(shown, Object.values(scores));
    const parts = await page.$$eval(
      "#verdict-now .parts:not(#sensor-forest) strong",
      (all) => all.map((one) => one.textContent),
    );
    assertEquals(parts, contributions.map(({ channel }: ContributionView) => channel));
    assertStringIncludes(await page.textContent("#verdict-now .scores") ?? "", "isolation forest v3");
    const { forest_contributions } = await ask("/sensors/server-room-temperature");
    assertEquals(
      await page.$$eval("#sensor-forest strong", (all) => all.map((one) => one.textContent)),
      forest_contributions.map(({ feature }: { feature: string }) => feature),
    );
    // What can be done about it stands here, too.
    const press = page.locator(".alarm.critical button[aria-label^=Acknowledge]");
    await page.route(/\/acknowledge$/, (route) => route.fulfill({ status: 202, json: {} }));
    const asked = page.waitForRequest((request) => request.url().endsWith("/acknowledge"));
    await press.focus();
    await page.keyboard.press("Enter");
    await asked;
    await page.evaluate(() => void (location.hash = "#/sensors/office-co2"));
    await page.waitForSelector('[data-drift="co2"]');
    await page.evaluate((group) => void (location.hash = `#/sensors/office-${group}`), GROUP);
    await page.click('[data-figure="loss-of-its-network-by-round"] summary');
    const { items: rounds } = await ask(`/federation/rounds?group=${GROUP}`);
    const own = rounds.map(({ participants }: { participants: { id: string; loss: number }[] }) =>
      participants.find(({ id }) => id === `office-${GROUP}`)?.loss
    );
    await page.waitForFunction((losses) => {
      const cells = document.querySelectorAll<HTMLDataElement>(
        '[aria-label="Table of Loss of its network by round"] tr td:nth-child(2) data',
      );
      return JSON.stringify([...cells].map(({ value }) => Number(value))) === losses;
    }, JSON.stringify(own));
  },
);
