/// <reference lib="dom" />
/**
 * Logging in, in a real Chromium on a real instance that asks for keys.
 *
 * @module
 */
import { assert, assertEquals } from "../../std/assert.ts";
import { Folder, run, startInstance } from "../process.ts";
import { openPage, startBrowser } from "./browser.ts";

Deno.test({
  name: "a browser logs in with a key, sees the page live, and is told when the key is wrong",
  sanitizeOps: false, // the browser's pipes outlive single tests
  sanitizeResources: false,
  async fn() {
    await using folder = new Folder();
    const dataDir = ["--data-dir", folder.at("data")];
    const key = (await run(["keys", "create", "screen", "--scopes", "read", ...dataDir])).out.trim();
    const { program, url } = await startInstance(["--port", "0", "--history", "1", "--require-keys", ...dataDir]);
    await using _ = program;
    const browser = await startBrowser();
    try {
      const { page, errors, foreign } = await openPage(browser, url);
      assertEquals(page.url(), `${url}/login`);
      await page.getByLabel("Key").fill("sensorium_wrong");
      await page.getByRole("button", { name: "Log in" }).click();
      await page.getByText("That key is not known").waitFor();
      assertEquals(errors.splice(0).filter((text) => !text.includes("401")), []);
      await page.getByLabel("Key").fill(key);
      await page.getByRole("button", { name: "Log in" }).click();
      await page.locator(".card").first().waitFor();
      assertEquals(page.url(), `${url}/`);
      const seen = await page.evaluate(async () => {
        const post = await fetch("/models/parts/unpin", { method: "POST", body: "{}" });
        const who = await (await fetch("/session")).json();
        return { cookie: document.cookie, post: post.status, name: who.name };
      });
      assertEquals(seen, { cookie: "", post: 403, name: "screen" });
      await page.evaluate(() => void (location.hash = "#/live"));
      await page.waitForSelector("#view-title");
      // The session ends elsewhere: the page goes to the form, and comes back to the same view.
      await page.context().clearCookies();
      await page.waitForURL(`${url}/login`);
      await page.getByLabel("Key").fill(key);
      await page.getByRole("button", { name: "Log in" }).click();
      await page.waitForURL(`${url}/#/live`);
      await page.waitForSelector("#view-title");
      assertEquals(errors.splice(0).filter((text) => !/40[13]/.test(text)), []);
      assert(errors.every((text) => text.includes("403")), errors.join("\n"));
      assertEquals(foreign, []);
    } finally {
      await browser.close();
    }
  },
});
