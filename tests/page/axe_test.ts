/**
 * Accessibility of every view, light and dark, judged by axe-core.
 *
 * @module
 */
import { assertEquals } from "../../std/assert.ts";
import { openPage, startBrowser } from "./browser.ts";
import { FakeBacktests } from "./backtests.ts";
import { FakePlant } from "./fake.ts";
import { learningDeps } from "./learning.ts";
import { badHour } from "./scene.ts";
import { servePlant } from "./server.ts";

/** What is used of axe-core. */
interface Axe {
  readonly source: string;
}

/** What is used of its answer. */
interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
}

const { default: axe }: { default: Axe } = await import("axe-core");
const now = Math.floor(Date.now() / 2_000) * 2_000;

Deno.test({
  name: "no view violates a rule of axe-core, light or dark",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(t) {
    const browser = await startBrowser();
    const plant = badHour(now);
    const backtests = new FakeBacktests(), settings = { format: "csv", baselines: true } as const;
    for (const name of ["facility", "factory"]) {
      await backtests.submit({ kind: "scenario", name, hours: 1, seed: 1 }, settings);
    }
    backtests.finish("b1");
    const bad = servePlant(plant, 0, { ...await learningDeps(plant), backtests });
    const empty = servePlant(new FakePlant({ now, places: 0 }));
    const views = [
      { name: "overview", url: `${bad.url}/#/`, ready: ".plot canvas" },
      { name: "sensor", url: `${bad.url}/#/sensors/server-room-temperature`, ready: "table" },
      { name: "live", url: `${bad.url}/#/live`, ready: "#latest table" },
      { name: "windows", url: `${bad.url}/#/windows`, ready: "#windows table" },
      { name: "detection", url: `${bad.url}/#/detection`, ready: "#anomalies table" },
      { name: "analytics", url: `${bad.url}/#/analytics`, ready: "#ana-types table" },
      { name: "analytics-week", url: `${bad.url}/#/analytics?days=week`, ready: '[data-figure^="profile-by-weekday"]' },
      { name: "federation", url: `${bad.url}/#/federation`, ready: "#versions table" },
      { name: "predict", url: `${bad.url}/#/predict`, ready: "#prediction[data-score]" },
      { name: "backtest", url: `${bad.url}/#/backtest?id=b1`, ready: "#report table" },
      { name: "empty", url: `${empty.url}/#/`, ready: "#empty pre" },
    ];
    for (const { name, url, ready } of views) {
      await t.step(name, async () => {
        const { page, close } = await openPage(browser, url, { colorScheme: "light" });
        await page.waitForSelector(ready);
        await page.evaluate(axe.source);
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          const violations: Violation[] = await page.evaluate("axe.run().then((result) => result.violations)");
          const found = violations.flatMap(({ id, nodes }) =>
            nodes.map(({ target, failureSummary }) => `${colorScheme}, ${id}: ${target.join(" ")}: ${failureSummary}`)
          );
          assertEquals(found, []);
        }
        await close();
      });
    }
    await browser.close();
    await Promise.all([bad.stop(), empty.stop()]);
  },
});
