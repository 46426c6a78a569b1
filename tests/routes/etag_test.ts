/** @module */
import { makeApp } from "../../routes/app.ts";
import { isTagged } from "../../routes/etag.ts";
import { assertEquals, assertMatch, assertNotEquals } from "../../std/assert.ts";
import { TOKEN, wholeDeps } from "./api_fakes.ts";

const headers = { authorization: `Bearer ${TOKEN}` };

Deno.test("etags() answers 304 to who has it, in the form that was asked for", async () => {
  const app = makeApp(await wholeDeps());
  const ask = (path: string, more: Record<string, string> = {}) =>
    app.request(path, { headers: { ...headers, ...more } });
  for (
    const path of ["/config", "/config/schema", "/models", "/analytics/summary", "/analytics/profile", "/backtests"]
  ) {
    const first = await ask(path), etag = first.headers.get("etag") ?? "";
    assertMatch(etag, /^"[0-9a-f]{32}"$/, path);
    assertEquals(first.headers.get("cache-control"), "private, no-cache");
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const again = await ask(path, { "if-none-match": known });
      assertEquals([again.status, again.headers.get("etag"), await again.text()], [304, etag, ""]);
    }
    assertEquals((await ask(path, { "if-none-match": '"x"' })).status, 200);
  }
  const csv = await ask("/backtests", { accept: "text/csv" }), json = await ask("/backtests");
  assertNotEquals(csv.headers.get("etag"), json.headers.get("etag"));
});

Deno.test("etags() leaves alone what moves, what fails, and what is changed", async () => {
  const app = makeApp(await wholeDeps());
  for (const path of ["/sensors", "/readings", "/analytics/summary?from=never", "/backtests/none"]) {
    assertEquals((await app.request(path, { headers })).headers.get("etag"), null, path);
  }
  const taken = await app.request("/backtests", {
    method: "POST",
    headers: { ...headers, "content-type": "text/csv" },
    body: "x",
  });
  assertEquals([taken.status, taken.headers.get("etag")], [202, null]);
  assertEquals(["/backtests/1/events", "/backtests/1/report", "/alerts"].some(isTagged), false);
});
