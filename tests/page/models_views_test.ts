/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Federation and Predict in a real Chromium, over the real routes: what they show is what the API says.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { GROUP, ROUNDS } from "./learning.ts";
import { column, onView } from "./on_view.ts";

onView("federationView() shows rounds, both evaluations, and rolls a model back and pins it", "#/federation", async (
  { page, ask },
) => {
  const { items: rounds } = await ask(`/federation/rounds?group=${GROUP}`);
  await page.waitForFunction((n) => document.querySelector("#fed-round")?.textContent === n, String(ROUNDS));
  assertEquals(await column(page, "Table of rounds", 1), rounds.map(({ round }: { round: number }) => String(round)));
  assertEquals(await column(page, "Table of participants", 0), [`office-${GROUP}`, `warehouse-${GROUP}`]);
  const [streaming] = await column(page, "Table of evaluations", 3),
    [batch] = await column(page, "Table of evaluations", 8);
  assertEquals(streaming, batch);
  const state = async () => {
    const { active, pinned } = await ask(`/models/network:${GROUP}`);
    return [active, pinned];
  };
  await page.focus('[aria-label="Roll back to version 2"]');
  await page.keyboard.press("Enter");
  await page.waitForFunction(() =>
    document.querySelector("#model-said")?.textContent === "Roll back to version 2: done."
  );
  assertEquals(await state(), [2, false]);
  await page.click('[aria-label="Pin version 1"]');
  await page.waitForSelector('[aria-label="Unpin version 1"]');
  assertEquals(await state(), [1, true]);
  await page.click('[aria-label="Unpin version 1"]');
  await page.waitForSelector('[aria-label="Pin version 1"]');
  assertEquals(await state(), [ROUNDS, false]);
});

onView("federationView() and detectionView() say what an instance does not have", "#/detection", async ({ page }) => {
  await page.waitForFunction(() => document.querySelector("#agreement")?.textContent?.includes("does not count it"));
  await page.click("nav >> text=Federation");
  await page.waitForFunction(() => document.querySelector("#view-note")?.textContent?.includes("does not have it"));
  assertEquals(await page.isVisible("#rounds, .figure-plot"), false);
}, { learning: false });

onView("predictView() answers as the API does, as one types, and gives the line to copy", "#/predict", async (
  { page, ask },
) => {
  assertEquals(await Promise.all(["temperature", "humidity", "sound_volume"].map((id) => page.inputValue(`#${id}`))), [
    "30",
    "70",
    "65",
  ]);
  const origin = new URL(page.url()).origin;
  const predict = async (item: object) => {
    const headers = { "content-type": "application/json" };
    return await (await fetch(`${origin}/predict`, { method: "POST", headers, body: JSON.stringify(item) })).json();
  };
  const says = async (item: object) => {
    const { score, prediction } = await predict(item);
    await page.waitForFunction(
      (score) => document.querySelector<HTMLElement>("#prediction")?.dataset.score === score,
      String(score),
    );
    assertStringIncludes(await page.textContent("#prediction") ?? "", prediction === 1 ? "1 · abnormal" : "0 · normal");
    return prediction;
  };
  const first = { temperature: 30, humidity: 70, sound_volume: 65 };
  assertEquals(await says(first), 0);
  assertEquals(
    await page.textContent("#curl"),
    `curl -X POST ${origin}/predict -H 'content-type: application/json' -d '${JSON.stringify(first)}'`,
  );
  await page.fill("#temperature", "46.5");
  assertEquals(await says({ ...first, temperature: 46.5 }), 1);
  assertEquals(new URL(page.url()).hash, "#/predict?temperature=46.5");
  await page.fill("#humidity", "900");
  await page.waitForFunction(() => document.querySelector("#predict-note")?.textContent?.includes("humidity"));
  await page.fill("#humidity", "");
  await page.waitForFunction(() =>
    document.querySelector("#predict-note")?.textContent === "Humidity must be a number."
  );
  assertEquals(await page.getAttribute("#humidity", "aria-invalid"), "true");
  await ask("/summary");
});
