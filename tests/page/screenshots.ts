/// <reference lib="dom" />
/**
 * Takes the pictures in `docs/screenshots` of the real program: `deno task screenshots`.
 *
 * The facility of the last day runs, and four pumps post their last hour: one calm, one whose vibration grows beyond its
 * limit, one that went silent, one whose pressure fell to another level.
 *
 * @module
 */
import type { Page } from "playwright-core";
import { openPage, startBrowser } from "./browser.ts";
import { post, type Posted, startProgram } from "./program.ts";

const FOLDER = new URL("../../docs/screenshots/", import.meta.url).pathname;
const WIDE = { width: 1440, height: 1100 };
const PHONE = { width: 390, height: 844 };
const INTERVAL_MS = 2_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** What the program is told of pumps, as a config file. */
const CONFIG = {
  judging: {
    types: {
      pump: {
        channels: {
          vibration: { unit: "mm/s", low: 0, high: 7 },
          temperature: { unit: "°C", low: 5, high: 70 },
          pressure: { unit: "bar", low: 2, high: 9 },
        },
        intervalMs: INTERVAL_MS,
      },
    },
  },
};

/** What a view is asked for besides. */
const CHOSEN: Readonly<Record<string, string>> = {
  live: "?sensor=pump-2&channel=vibration",
  windows: "?sensor=pump-2&channel=vibration&records=1000",
  detection: "?records=2000",
  analytics: "?type=temperature",
};

/** What a view shows when it is there. */
const READY: Readonly<Record<string, string>> = {
  live: "#latest table",
  windows: "#windows table",
  detection: "#anomalies table",
  analytics: "#ana-types table",
  federation: "#versions table",
  backtest: "#report table",
  predict: "#prediction[data-score]",
};

/** Name, view, size and theme of each picture of the bad hour; `calm` is taken before. */
const SHOTS = [
  { name: "overview", hash: "#/", viewport: WIDE, colorScheme: "light" },
  { name: "overview-dark", hash: "#/", viewport: WIDE, colorScheme: "dark" },
  { name: "sensor", hash: "#/sensors/pump-2", viewport: WIDE, colorScheme: "light" },
  { name: "sensor-dark", hash: "#/sensors/pump-2", viewport: WIDE, colorScheme: "dark" },
  { name: "overview-phone", hash: "#/", viewport: PHONE, colorScheme: "light" },
  { name: "sensor-phone", hash: "#/sensors/pump-2", viewport: PHONE, colorScheme: "dark" },
  ...(
    ["live", "windows", "detection", "analytics", "federation", "predict", "backtest"] as const
  ).flatMap((name) => [
    { name, hash: `#/${name}${CHOSEN[name] ?? ""}`, viewport: WIDE, colorScheme: "light" } as const,
    { name: `${name}-dark`, hash: `#/${name}${CHOSEN[name] ?? ""}`, viewport: WIDE, colorScheme: "dark" } as const,
    { name: `${name}-phone`, hash: `#/${name}${CHOSEN[name] ?? ""}`, viewport: PHONE, colorScheme: "light" } as const,
  ]),
] as const;

/** Noise of about a deviation of 1, the same each time. */
function noise(n: number): number {
  const part = (seed: number) => (Math.abs(Math.sin(n * 12.9898 + seed) * 43758.5453)) % 1;
  return (part(1) + part(2) + part(3) - 1.5) * 2;
}

/** What the pumps read at a time, `left` ms before the present. */
function pumps(time: number, left: number): Posted[] {
  const n = time / INTERVAL_MS;
  const grown = 5.4 * Math.max(0, 1 - left / (25 * MINUTE_MS));
  const fallen = left < 35 * MINUTE_MS ? 1.6 : 0;
  const pump = (number: number, vibration: number, pressure: number): Posted => ({
    sensor: `pump-${number}`,
    type: "pump",
    location: "boiler house",
    time,
    values: {
      vibration: vibration + 0.15 * noise(n + number * 1000),
      temperature: 47 + number + 0.4 * noise(n + number * 2000) + (number === 2 ? grown : 0),
      pressure: pressure + 0.05 * noise(n + number * 3000),
    },
  });
  const all = [pump(1, 2.4, 6), pump(2, 2.6 + grown, 6.1), pump(4, 2.2, 6.2 - fallen)];
  return left < 4 * MINUTE_MS ? all : [...all, pump(3, 2.5, 5.9)];
}

/** Waits until the posted past is run through: its last reading is stored with its verdict. */
async function done(url: string, now: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/sensors/pump-1`);
    const sensor = await answer.json();
    const windows = await (await fetch(`${url}/sensors/pump-1/windows?limit=60`)).json();
    if (answer.ok && Date.parse(sensor.last_time) >= now - INTERVAL_MS && windows.items.length > 55) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Judges three hours of the facility by two configurations, for the view of backtests. */
async function backtest(url: string): Promise<void> {
  const response = await fetch(`${url}/backtests`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ scenario: "facility", hours: 3, budget: "1/day", compare: { budget: "10/day" } }),
  });
  const { id } = await response.json();
  for (;;) {
    const { state, error } = await (await fetch(`${url}/backtests/${id}`)).json();
    if (state === "done") return;
    if (state !== "queued" && state !== "running") throw new Error(`the backtest has ${state}: ${error}`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(2_000); // charts are drawn when their turn comes; nothing on the page tells
  await page.screenshot({ path: `${FOLDER}${name}.png` });
  console.log(`${name}.png`);
}

if (import.meta.main) {
  await Deno.mkdir(FOLDER, { recursive: true });
  const dataDir = await Deno.makeTempDir({ prefix: "sensorium-screenshots-" });
  await Deno.writeTextFile(`${dataDir}/config.json`, JSON.stringify(CONFIG));
  const args = ["--port", "0", "--history", "24", "--config", `${dataDir}/config.json`];
  const program = await startProgram(`${dataDir}/data`, args);
  const browser = await startBrowser();
  try {
    const open = (hash: string, viewport: typeof WIDE, colorScheme: "light" | "dark") =>
      openPage(browser, `${program.url}/${hash}`, { viewport, colorScheme, isMobile: viewport === PHONE });
    const calm = await open("#/", WIDE, "light");
    await calm.page.waitForFunction(
      () => /^data [0-5] s old$/.test(document.querySelector("#age")?.textContent ?? ""),
      undefined,
      { timeout: 1_200_000 },
    );
    await calm.page.reload();
    await calm.page.waitForFunction(() => document.querySelector("#verdict")?.textContent === "All is well");
    await calm.page.waitForFunction(() =>
      document.querySelector("#lane-said")?.textContent?.includes("still loading") === false
    );
    await shoot(calm.page, "calm");
    await calm.close();
    const now = Math.floor(Date.now() / INTERVAL_MS) * INTERVAL_MS;
    for (let from = now - HOUR_MS; from < now; from += 5 * MINUTE_MS) {
      const times = Array.from({ length: 5 * MINUTE_MS / INTERVAL_MS }, (_, n) => from + n * INTERVAL_MS);
      await post(program.url, times.flatMap((time) => pumps(time, now - time)));
    }
    await done(program.url, now);
    // The pumps go on, but for the silent one.
    const going = setInterval(() => post(program.url, pumps(Date.now(), 0)), INTERVAL_MS);
    await backtest(program.url);
    for (const { name, hash, viewport, colorScheme } of SHOTS) {
      const { page, errors, close } = await open(hash, viewport, colorScheme);
      const view = hash.slice(2).split("?")[0];
      await page.waitForSelector(READY[view] ?? (viewport === PHONE && hash === "#/" ? ".row" : ".plot canvas"));
      await shoot(page, name);
      if (errors.length > 0) console.error(errors.join("\n"));
      await close();
    }
    clearInterval(going);
  } finally {
    await browser.close();
    await program.kill();
    await Deno.remove(dataDir, { recursive: true });
  }
}
