/** @module */
import { makeApp } from "../../routes/app.ts";
import { assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { FakeAnalytics } from "./analytics_fakes.ts";
import { fakeDeps } from "./fakes.ts";

function opened() {
  const analytics = new FakeAnalytics();
  return { analytics, app: makeApp({ ...fakeDeps(), analytics }) };
}

Deno.test("statistics() hands filters over as they were asked for", async () => {
  const { analytics, app } = opened();
  const query = "?type=room&location=hall&channel=t&from=2026-01-31T12:00:00Z&to=1769864400000&length_ms=300000";
  const period = { from: Date.UTC(2026, 0, 31, 12), to: 1_769_864_400_000 };
  const filter = { type: "room", location: "hall", channel: "t", lengthMs: 300_000, ...period };
  assertEquals((await app.request(`/analytics/summary${query}`)).status, 200);
  assertEquals(analytics.asked, filter);
  assertEquals((await app.request(`/analytics/profile${query}&zone=Europe/Berlin&weekday=true`)).status, 200);
  assertEquals(analytics.asked, { ...filter, zone: "Europe/Berlin", weekday: true });
  const names = encodeURIComponent("a,b%2Cc,100%25");
  assertEquals((await app.request(`/analytics/correlation${query}&sensors=${names}&by=type`)).status, 200);
  assertEquals(analytics.asked, { ...filter, sensors: ["a", "b,c", "100%"], by: "type", source: "windows" });
});

Deno.test("statistics() says which parameter is wrong", async () => {
  const { app } = opened();
  for (
    const [path, field] of [
      ["summary?from=tomorrow", "from"],
      ["summary?from=2&to=1", "from"],
      ["summary?bins=3", "bins"],
      ["correlation?sensors=a,,b", "sensors"],
      [`correlation?sensors=${Array(25).fill("a").join(",")}`, "sensors"],
      ["correlation?sensors=%25", "sensors"],
      ["correlation?by=moon", "by"],
      ["profile?zone=Mars/Base", "zone"],
      ["profile?weekday=1", "weekday"],
      ["profile?length_ms=7200000", "length_ms"],
      ["distribution?bins=1", "bins"],
    ]
  ) {
    const response = await app.request(`/analytics/${path}`), problem = await response.json();
    assertEquals([response.status, problem.errors[0].field], [400, field], path);
  }
});

Deno.test("statistics() writes times as text, and lists what is live as CSV, too", async () => {
  const { app } = opened();
  const summary = await (await app.request("/analytics/summary")).json();
  assertEquals(summary.period.from, "2026-01-31T12:00:00.000Z");
  const csv = await app.request("/analytics/correlation/live", { headers: { accept: "text/csv" } });
  assertStringIncludes(await csv.text(), "hall,60000,21600000,19,");
});
