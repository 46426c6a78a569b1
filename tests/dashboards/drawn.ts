/// <reference lib="dom" />
/**
 * Superset's dashboard in a real browser: what became of each chart, and pictures of them.
 *
 * @module
 */
import { join } from "../../std/path.ts";
import { startBrowser } from "../page/browser.ts";
import { freePorts } from "../servers/server.ts";

/** All charts fit: those that cannot be seen are not drawn. */
const VIEWPORT = { width: 1600, height: 3_000 };
const PATIENCE_MS = 120_000;

/**
 * Starts Superset's server, signs in as admin and opens the dashboard.
 *
 * @param superset the program
 * @param folder where pictures are put: one of all, and one a chart
 * @returns by a chart's name "drawn", or what it says instead
 */
export async function drawn(superset: string, folder: string | undefined): Promise<Map<string, string>> {
  const [port] = freePorts(1), base = `http://127.0.0.1:${port}`;
  await using _server = await served(superset, port, base);
  const browser = await startBrowser();
  try {
    const page = await (await browser.newContext({ viewport: VIEWPORT })).newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(`${base}/login/`);
    await page.locator('input[name="username"], #username').first().fill("admin");
    await page.locator('input[name="password"], #password').first().fill("admin");
    await page.locator('button[type="submit"], input[type="submit"]').first().click();
    await page.waitForURL((url) => !url.pathname.startsWith("/login"));
    await page.goto(`${base}/superset/dashboard/sensorium-motes/`);
    const charts = page.locator(".dashboard-chart-id-0, [data-test='dashboard-component-chart-holder']");
    await charts.first().waitFor();
    await page.waitForFunction(() =>
      document.querySelectorAll("[data-test='dashboard-component-chart-holder']").length > 0 &&
      document.querySelectorAll("[data-test='loading-indicator'], .loading").length === 0 &&
      [...document.querySelectorAll("[data-test='dashboard-component-chart-holder']")]
        .every((one) => one.querySelector("canvas, table, .header-line, [role='alert'], .ant-empty") !== null)
    );
    await page.waitForLoadState("networkidle");
    if (folder !== undefined) {
      await Deno.mkdir(folder, { recursive: true });
      await page.screenshot({ path: join(folder, "superset.png"), fullPage: true });
    }
    const found = new Map<string, string>();
    for (const [i, chart] of (await charts.all()).entries()) {
      const name = (await chart.locator("[data-test='editable-title'], .header-title").first().innerText()).trim();
      const bad = chart.locator("[role='alert'], .ant-empty");
      found.set(name, await bad.count() > 0 ? (await bad.first().innerText()).split("\n")[0] : "drawn");
      if (folder !== undefined) await chart.screenshot({ path: join(folder, `superset-${i}.png`) });
    }
    return found;
  } finally {
    await browser.close();
  }
}

/** Superset's own server, once it answers; disposing of it ends it. */
async function served(superset: string, port: number, base: string): Promise<AsyncDisposable> {
  const child = new Deno.Command(superset, {
    args: ["run", "-p", String(port), "--with-threads"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const until = performance.now() + PATIENCE_MS;
  while (!await fetch(`${base}/health`).then((answer) => answer.text(), () => undefined)) {
    if (performance.now() > until) {
      child.kill("SIGKILL");
      throw new Error(`Superset does not answer at ${base}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}
