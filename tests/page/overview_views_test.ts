/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The overview and what is done on it in a real Chromium, over the real routes.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { FakePlant } from "./fake.ts";
import { column, now, onView } from "./on_view.ts";

onView("overview() keeps what is not judged apart, with the progress of a warm-up", "#/", async ({ page }) => {
  await page.waitForSelector("#apart .apart-row[data-state=warming_up]");
  const row = await page.textContent("#apart .apart-row[data-state=warming_up] .apart-why");
  assertEquals(row, "35 %, about 4 min left");
});

onView("overview() tells floods, sinks that fail, and who is under maintenance", "#/", async ({ page, ask }) => {
  const { items: [flood] } = await ask("/alerts/floods");
  await page.waitForSelector("#floods a");
  assertStringIncludes(await page.textContent("#floods li") ?? "", `office, ${flood.count} since`);
  assertEquals(await page.getAttribute("#floods a", "href"), "#/?location=office");
  assertEquals(await page.textContent("#connection"), "Sink failing");
  assert(!await page.isVisible("footer summary"), "one node has said all");
  const { items: [, failing] } = await ask("/sinks");
  const line = await page.textContent('footer [data-sink="webhook"].wrong') ?? "";
  assertStringIncludes(line, `${failing.backlog_items} waiting for 4 min, failing: ${failing.error}`);
  const { maintenance, retired } = await ask("/summary");
  assertEquals([await page.textContent("#sensors-maintenance"), maintenance], ["1", 1]);
  assert(retired === 0 && !await page.isVisible("#sensors-retired"));
  assertStringIncludes(await page.textContent("#apart [data-state=maintenance]") ?? "", "Planned until");
});

onView("worst() labels an alarm by keyboard", "#/", async ({ page, ask, plant }) => {
  const button = page.locator("#worst .row:first-child >> text=False alarm");
  await button.waitFor();
  await button.focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() =>
    document.querySelector("#worst .actions [role=status]")?.textContent?.startsWith("Noted")
  );
  const { items: [label] } = await ask("/labels");
  assertEquals([label.sensor, label.label], ["server-room-temperature", 0]);
  assert(plant.alertsById.has(label.alert));
});

onView("worst() acknowledges by keyboard and shelves by mouse, and shows what becomes of it", "#/", async (
  { page, plant },
) => {
  const asked: [string, unknown][] = [];
  // The plant takes no commands of itself: the test does what a partition would.
  await page.route(/\/(acknowledge|shelve|unshelve)$/, async (route) => {
    const path = decodeURIComponent(new URL(route.request().url()).pathname), body = route.request().postDataJSON();
    asked.push([path, body]);
    await route.fulfill({ status: 202, json: { partition: "main", position: 1 } });
  });
  const row = page.locator("#worst .row:first-child");
  await row.locator("button[aria-label^=Acknowledge]").focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() =>
    document.querySelector("#worst .actions [role=status]")?.textContent === "Acknowledged."
  );
  const [alert] = [...plant.alertsById.values()].filter(({ priority }) => priority === "critical");
  assertEquals(asked, [[`/alerts/${alert.id}/acknowledge`, {}]]);
  plant.step(alert.id, { transition: "acknowledged", by: "ann" });
  await page.waitForSelector("#worst .row[data-acknowledged=true]");
  assertStringIncludes(await row.locator(".row-ack").textContent() ?? "", "acknowledged by ann");
  await page.waitForFunction(() => document.querySelector("#unacknowledged-critical")?.textContent === "0 new");
  await row.locator("button[aria-label^=Shelve]").click();
  await page.waitForFunction(() =>
    document.querySelector("#worst .actions [role=status]")?.textContent?.startsWith("Shelved")
  );
  const { condition, channel } = alert;
  assertEquals(asked[1], [`/sensors/${alert.sensor}/shelve`, { condition, channel, for_ms: 3_600_000 }]);
  plant.step(alert.id, { transition: "shelved", shelved_until: plant.now + 3_600_000, by: "ann" });
  await page.waitForFunction(() => document.querySelector("#alerts-critical")?.textContent === "0");
  await page.click("#aside summary");
  await page.click("#aside button");
  await page.waitForFunction(() => document.querySelector("#aside li")?.textContent?.includes("Taken back."));
  plant.step(alert.id, { transition: "unshelved", by: "ann" });
  await page.waitForFunction(() => document.querySelector("#alerts-critical")?.textContent === "1");
});

onView("lanes() and alarms per 10 minutes hold what the API has, as tables too", "#/", async ({ page, ask }) => {
  await page.click('[data-figure="alarms-per-10-minutes"] summary');
  const { items: alerts } = await ask("/alerts?limit=2000");
  await page.waitForFunction((n) => {
    const cells = [
      ...document.querySelectorAll<HTMLDataElement>('[aria-label="Table of Alarms per 10 minutes"] td data'),
    ];
    return cells.reduce((sum, cell) => sum + Number(cell.value), 0) === n;
  }, alerts.length);
  await page.locator("section[aria-label='Last 3 hours'] summary").click();
  await page.waitForSelector('[aria-label="Table of the last 3 hours"] tbody tr');
  const names = await column(page, "Table of the last 3 hours", 0);
  assertEquals(names.length, 25);
  assert(names.slice(0, 4).includes("server-room-temperature"), "those with alerts come first");
});

onView("counts() says which partition cannot go on, instead of that all is well", "#/", async ({ page, plant }) => {
  await page.waitForFunction(() => document.querySelector("#verdict")?.textContent === "All is well");
  const summary = await plant.summary(), error = "the KV server kv-2:4512 does not answer";
  plant.summary = () =>
    Promise.resolve({ ...summary, partitions: summary.partitions.map((one) => ({ ...one, error })) });
  await page.waitForFunction(() => document.querySelector("#verdict")?.textContent === "Not all is known");
  assertStringIncludes(await page.textContent("#verdict-detail") ?? "", `main cannot go on now: ${error}`);
  await page.waitForSelector("footer .wrong");
}, { make: () => new FakePlant({ now: now() }) });

onView("footer() says which node has which partitions, on which KV server, and which of them wait", "#/live", async (
  { page, plant },
) => {
  const [base] = (await plant.summary()).partitions, error = "the KV server kv-2:4512 does not answer";
  const partition = (n: number, more: object) => ({ ...base, partition: `kafka-plant-${n}`, readings: 1_000, ...more });
  const elsewhere = { state: "elsewhere", owner: "node-2" } as const;
  const partitions = [
    partition(0, { server: "kv-2:4512", error }),
    partition(2, { ...elsewhere, server: "kv-2:4512", error }),
    partition(1, { ...elsewhere, server: "kv-1:4512" }),
  ];
  const summary = await plant.summary();
  plant.summary = () => Promise.resolve({ ...summary, node: "node-1", partitions });
  await page.waitForSelector("footer [data-node]");
  const lines = await page.$$eval(
    "footer [data-node]",
    (all) => all.map((one) => one.textContent?.replace(/data \d+ \w+ old$/, "data some time old")),
  );
  assertEquals(lines, [
    "This node, node-1 kafka-plant-0: 1,000 readings, 0 refused, data some time old",
    "node-2 kafka-plant-1, kafka-plant-2: 2,000 readings, 0 refused, data some time old",
  ]);
  assertEquals(await page.textContent("footer .wrong"), `kafka-plant-0, kafka-plant-2: ${error}`);
  await page.click("footer summary");
  const rows = "Table of partitions";
  await page.waitForSelector(`[aria-label="${rows}"] tbody tr`);
  assertEquals(await column(page, rows, 1), ["This node, node-1", "node-2", "node-2"]);
  assertEquals(await column(page, rows, 2), ["kv-2:4512", "kv-1:4512", "kv-2:4512"]);
  assertEquals(await column(page, rows, 7), [error, "", error]);
  // What a node reads is not what all of them read.
  await page.waitForFunction(() =>
    document.querySelector("#live-rate")?.parentElement?.querySelector("dt")?.textContent === "readings/s on this node"
  );
}, { make: () => new FakePlant({ now: now(), places: 1 }), learning: false });
