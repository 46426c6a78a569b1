/**
 * Takes the pictures in `docs/screenshots`: `deno task screenshots`.
 *
 * @module
 */
import { openPage, startBrowser } from "./browser.ts";
import { badHour } from "./scene.ts";
import { servePlant } from "./server.ts";

const FOLDER = new URL("../../docs/screenshots/", import.meta.url).pathname;
const WIDE = { width: 1440, height: 1100 };
const PHONE = { width: 390, height: 844 };

/** Name, view, size and theme of each picture. */
const SHOTS = [
  { name: "overview", hash: "#/", viewport: WIDE, colorScheme: "light" },
  { name: "overview-dark", hash: "#/", viewport: WIDE, colorScheme: "dark" },
  { name: "sensor", hash: "#/sensors/server-room-temperature", viewport: WIDE, colorScheme: "light" },
  { name: "sensor-dark", hash: "#/sensors/server-room-temperature", viewport: WIDE, colorScheme: "dark" },
  { name: "overview-phone", hash: "#/", viewport: PHONE, colorScheme: "light" },
  { name: "sensor-phone", hash: "#/sensors/server-room-temperature", viewport: PHONE, colorScheme: "dark" },
] as const;

if (import.meta.main) {
  await Deno.mkdir(FOLDER, { recursive: true });
  const server = servePlant(badHour(Math.floor(Date.now() / 2000) * 2000));
  const browser = await startBrowser();
  for (const { name, hash, viewport, colorScheme } of SHOTS) {
    const options = { viewport, colorScheme, timezoneId: "Europe/Berlin", isMobile: viewport === PHONE };
    const { page, errors, close } = await openPage(browser, `${server.url}/${hash}`, options);
    await page.waitForSelector(viewport === PHONE && hash === "#/" ? ".row" : ".plot canvas");
    await page.waitForTimeout(1_500); // charts are drawn when their turn comes; nothing on the page tells
    await page.screenshot({ path: `${FOLDER}${name}.png` });
    console.log(`${name}.png`, errors.length === 0 ? "" : errors.join("\n"));
    await close();
  }
  await browser.close();
  await server.stop();
}
