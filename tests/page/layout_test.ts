/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * That nothing an operator needs is cut off, in a real Chromium: measured, not looked at.
 *
 * @module
 */
import type { Page } from "playwright-core";
import { assert, assertEquals } from "../../std/assert.ts";
import { shortened } from "../../static/charts/cells.js";
import { FakePlant } from "./fake.ts";
import { now, onView } from "./on_view.ts";

/** A name as plants have them. */
const LONG = "boiler-house/feedwater-pump-number-4-discharge-side-north";

/** A plant with a sensor of a long name that is in alarm, and readings that many detectors flag. */
function longNames(): FakePlant {
  const plant = new FakePlant({ now: now(), places: 1 });
  plant.add(LONG, "boiler house", { type: "co2", unit: "ppm", base: 520, swing: 120, noise: 9, channel: "co2" });
  plant.tick({ [LONG]: 1_800 });
  plant.raise(LONG, {
    priority: "high",
    condition: "limit",
    value: 1_800,
    expected: [null, 1_000],
    message: "co2 1800 ppm, expected 390 ppm to 1000 ppm (the configured limit)",
  });
  for (const reading of plant.get(LONG).readings.slice(-3)) {
    Object.assign(reading, {
      is_anomaly: true,
      flags: ["limit", "physical", "zscore", "forest", "network", "surprise"].map((detector) => ({ detector })),
    });
  }
  return plant;
}

/** Whether an element's text has its room, and lies within another one. */
const FITS = ([part, box]: readonly string[]) => {
  const room = document.querySelector(box)?.getBoundingClientRect();
  return room !== undefined && [...document.querySelectorAll(part)].every((one) => {
    const { left, right, top, bottom } = one.getBoundingClientRect();
    return left >= room.left - 1 && right <= room.right + 1 && top >= room.top - 1 && bottom <= room.bottom + 1;
  });
};

/** Waits until they have: what is drawn follows a size a frame later. @throws with `what`, if they do not */
async function fits(page: Page, part: string, box: string, what: string): Promise<void> {
  await page.waitForFunction(FITS, [part, box]).catch((cause) => Promise.reject(new Error(what, { cause })));
}

onView("header() has room for every view beside the longest words of its lamp", "#/", async ({ page }) => {
  await page.waitForSelector("#worst .row");
  for (const width of [1_280, 1_400, 1_440]) {
    await page.setViewportSize({ width, height: 900 });
    const cut = await page.evaluate(() => {
      const words = [["Replay finished", "data to 2026-11-21 23:50:02"], ["Disconnected", "retrying, data 59 min old"]];
      return words.flatMap(([word, age]) => {
        const lamp = document.querySelector<HTMLElement>("#lamp");
        const [connection, old] = ["#connection", "#age"].map((id) => document.querySelector(id));
        if (!lamp || !connection || !old) return ["no lamp"];
        [lamp.dataset.state, connection.textContent, old.textContent] = ["lost", word, age];
        const parts = ["nav.views", "#header", "#lamp", "#age"].map((id) => document.querySelector<HTMLElement>(id));
        return parts.filter((one) => !one || one.scrollWidth > one.clientWidth).map((one) => one?.id || one?.className);
      });
    });
    assertEquals(cut, [], `at ${width} px`);
  }
}, { make: longNames, learning: false });

onView("liveView() shows the verdict of a reading, however long names and reasons are", "#/live?refresh=off", async (
  { page },
) => {
  await page.setViewportSize({ width: 1_400, height: 900 });
  await page.waitForSelector("#latest .badge");
  await fits(page, "#latest tr > :last-child", "#latest .scroll", "the verdict is out of sight");
}, { make: longNames, learning: false });

onView("worst() shows the buttons of the worst alarm without scrolling", "#/", async ({ page }) => {
  await page.waitForSelector("#worst .actions button");
  for (const [width, height] of [[1_024, 900], [1_400, 900], [390, 844]]) {
    await page.setViewportSize({ width, height });
    await fits(page, "#worst .row:first-child .actions button", "#worst", `cut off at ${width} px`);
  }
}, { make: longNames, learning: false });

onView("counts() has room for every state and for a whole reason", "#/", async ({ page }) => {
  await page.waitForSelector("#worst .row");
  for (const width of [1_400, 1_024, 390]) {
    await page.setViewportSize({ width, height: 900 });
    const cut = await page.evaluate(() => {
      for (const tile of document.querySelectorAll<HTMLElement>(".tile")) tile.hidden = false;
      const detail = document.querySelector("#verdict-detail");
      if (!detail) return ["no detail"];
      detail.textContent =
        "kafka-plant_readings-11 cannot go on now: the KV server kv-2.plant.example:4512 does not answer";
      return [detail, ...document.querySelectorAll(".tiles")].filter((one) =>
        one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight
      ).map((one) => one.id || one.getAttribute("aria-label"));
    });
    assertEquals(cut, [], `at ${width} px`);
  }
}, { make: longNames, learning: false });

onView("apart() has its columns under each other, and header() its height in trouble", "#/", async ({ page }) => {
  await page.setViewportSize({ width: 1_400, height: 900 });
  await page.waitForSelector("#apart [data-state=maintenance]");
  await page.waitForSelector("#apart [data-state=warming_up]");
  for (const part of [".name", ".apart-why"]) {
    const lefts = await page.$$eval(`#apart ${part}`, (all) => all.map((one) => one.getBoundingClientRect().left));
    assert(lefts.length > 3 && new Set(lefts).size === 1, `${part} at ${lefts}`);
  }
  const [calm, lost] = await page.evaluate(() => {
    const [lamp, header] = ["#lamp", "#header"].map((id) => document.querySelector<HTMLElement>(id));
    return ["live", "lost"].map((state) => {
      if (lamp) lamp.dataset.state = state;
      return header?.getBoundingClientRect().height;
    });
  });
  assertEquals(calm, lost);
}, { learning: false });

onView("lanes() keeps long names beside the picture", "#/", async ({ page }) => {
  await page.waitForSelector(".lane-names a");
  await fits(page, ".lane-names a", ".lane-names", "a name reaches into the picture");
}, { make: longNames, learning: false });

onView(
  "configurationOf() has room for one place in time and for nothing, and figures at a logarithmic axis",
  "#/",
  async ({ page }) => {
    const path = "/static/charts/figure_style.js";
    const { alone, several, quiet, ticks } = await page.evaluate(async (path) => {
      const { configurationOf } = await import(path);
      const axes = (options: object, x: readonly number[]) =>
        configurationOf({ title: "", kind: "lines", x: "", ...options }, { x, series: [] }).options.scales;
      return {
        alone: [axes({ time: true }, [60_000]).x, axes({}, [7]).x].map(({ min, max }) => [min, max]),
        several: [axes({ time: true }, [60_000, 90_000]).x].map(({ min, max }) => [min, max]),
        quiet: axes({ min: 0 }, [1, 2]).y.beginAtZero,
        ticks: [[0.1, 0.3], [0.1, 0.3, 1], [0.7, 1, 2]].map((values) => {
          const { ticks } = axes({ log: true }, [1, 2]).y, all = values.map((value) => ({ value }));
          return values.map((value, at) => ticks.callback(value, at, all));
        }),
      };
    }, path);
    assertEquals([alone, several, quiet], [[[30_000, 90_000], [6.5, 7.5]], [[60_000, 90_000]], true]);
    assertEquals(ticks, [["0.1", "0.3"], ["0.1", "", "1"], ["", "1", "2"]]);
  },
  { make: longNames, learning: false },
);

onView("plainTable() has figures to the right, also shares, and words to the left", "#/", async ({ page }) => {
  const path = "/static/views/tables.js";
  const sides = await page.evaluate(async (path) => {
    const { plainTable } = await import(path);
    const rows = [["1", 4, "78 %", "1,234.5", "–", "12:30", "v 3", ""], ["2", "–", "<1 %", "−3", "–", "–", "–", "x"]];
    const table = plainTable("", rows[0].map(String), rows, "");
    return [...table.querySelectorAll("thead th")].map((one) => one.className === "figure");
  }, path);
  assertEquals(sides, [false, true, true, true, false, false, false, false]);
}, { make: longNames, learning: false });

Deno.test("shortened() leaves a name's two ends, by which series differ", () => {
  const [vibration, pressure] = ["vibration", "pressure"].map((channel) => shortened(`${LONG}: ${channel}`));
  assertEquals([vibration.length, pressure.length], [41, 41]);
  assert(vibration.startsWith("boiler-house/") && vibration.endsWith(": vibration") && vibration !== pressure);
  assertEquals(shortened("office-co2: co2"), "office-co2: co2");
});
