/** @module */
import { BacktestRefused } from "../../actors/backtests/port.ts";
import { makeApp } from "../../routes/app.ts";
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { FakeBacktests } from "./backtest_fakes.ts";
import { fakeDeps } from "./fakes.ts";

function opened() {
  const backtests = new FakeBacktests(), app = makeApp({ ...fakeDeps(), backtests });
  const post = (body: BodyInit, type: string, query = "") =>
    app.request(`/backtests${query}`, { method: "POST", body, headers: { "content-type": type } });
  const json = (body: unknown) => post(JSON.stringify(body), "application/json");
  return { backtests, app, post, json };
}

Deno.test("backtests() takes a recording with settings in the query, and a name with settings in the body", async () => {
  const { backtests, post, json } = opened();
  const judging = encodeURIComponent('{"latenessMs":0}');
  const taken = await post("a,b\n", "text/csv; charset=utf-8", `?name=h.csv&budget=1/day&step=5&judging=${judging}`);
  assertEquals([taken.status, taken.headers.get("location")], [202, "/backtests/new"]);
  const given = backtests.asked ?? [];
  assertEquals([given[0]?.kind, given[0]?.name], ["upload", "h.csv"]);
  const settings = { format: "csv" as const, baselines: false, budget: "1/day", step: 5, judging: { latenessMs: 0 } };
  assertEquals(given[1], settings);
  assertEquals((await json({ file: "a.csv", format: "parquet", baselines: true })).status, 202);
  assertEquals(backtests.asked, [{ kind: "file", name: "a.csv" }, { format: "parquet", baselines: true }]);
  assertEquals((await json({ scenario: "facility", hours: 1, compare: { detectors: "rules" } })).status, 202);
  assertEquals(backtests.asked?.[0], { kind: "scenario", name: "facility", hours: 1, seed: 1 });
  assertEquals(backtests.asked?.[1].compare, { detectors: "rules" });
});

Deno.test("backtests() refuses with the field and a status that fits", async () => {
  const { backtests, post, json } = opened();
  const of = async (response: Response) => [response.status, (await response.json()).errors[0]?.field];
  assertEquals(await of(await post("x", "text/plain")), [415, undefined]);
  assertEquals(await of(await post("x", "text/csv", "?format=xml")), [400, "format"]);
  assertEquals(await of(await post("x", "text/csv", "?judging={")), [400, "judging"]);
  assertEquals(await of(await post("x", "text/csv", "?step=-1")), [400, "step"]);
  assertEquals(await of(await json({})), [400, "file"]);
  assertEquals(await of(await json({ file: "a", scenario: "b" })), [400, "file"]);
  assertEquals(await of(await json({ file: "a", hours: 0 })), [400, "hours"]);
  assertEquals(await of(await json({ file: "a", more: 1 })), [400, ""]);
  for (const [kind, status] of [["invalid", 400], ["unknown", 404], ["too_large", 413], ["slow", 408], ["busy", 503]]) {
    backtests.refusal = new BacktestRefused(kind as "invalid", "it is so", "budget");
    const response = await json({ file: "a" });
    assertEquals([response.status, response.headers.has("retry-after")], [status, kind === "busy"]);
  }
});

Deno.test("backtests() shows one, follows it, gives its files and lets it go", async () => {
  const { backtests, app } = opened();
  const one = await (await app.request("/backtests/one")).json();
  assertEquals([one.created, one.report.configurations[0].alarms[0].time], Array(2).fill("2026-01-31T12:00:00.000Z"));
  const events = await app.request("/backtests/one/events"), text = await events.text();
  assertEquals([...text.matchAll(/event: (\w+)/g)].map(([, name]) => name), ["progress", "state"]);
  assertStringIncludes(text, 'data: {"progress":1,"readings":1500,"readings_per_second":10000}');
  const csv = await app.request("/backtests/one/report"),
    page = await app.request("/backtests/one/report", {
      headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" },
    });
  assertEquals([csv.headers.get("content-type"), await csv.text()], ["text/csv", "a,b\n"]);
  assertEquals(csv.headers.get("content-disposition"), 'attachment; filename="a__x.csv"');
  assertEquals(page.headers.get("content-type"), "text/html; charset=utf-8");
  assert(/default-src 'none'.*sandbox/.test(page.headers.get("content-security-policy") ?? ""), "it may run nothing");
  await page.body?.cancel();
  assertEquals((await app.request("/backtests/one", { method: "DELETE" })).status, 204);
  assertEquals(backtests.removed, ["one"]);
  backtests.state = "running";
  for (const path of ["/backtests/one/report", "/backtests/compare?a=a&b=b"]) {
    assertEquals((await app.request(path)).status, 409);
  }
  for (const path of ["", "/report", "/events"]) {
    assertEquals((await app.request(`/backtests/none${path}`)).status, 404);
  }
});

Deno.test("backtests() sets two side by side", async () => {
  const { app } = opened();
  const compared = await (await app.request("/backtests/compare?a=a&b=b")).json();
  assertEquals([compared.a.id, compared.b.id], ["a", "b"]);
  assertEquals(compared.measures[1], { measure: "alarms", a: 2, b: 2, difference: 0 });
  assertEquals(compared.measures.at(-1), { measure: "delay_ms", a: null, b: null, difference: null });
  const { both, only_a, only_b } = compared.alarms;
  assertEquals([both, only_a.length, only_b.length], [0, 1, 1]);
  const same = await (await app.request("/backtests/compare?a=a&b=a")).json();
  assertEquals(same.alarms, { both: 1, only_a: [], only_b: [] });
});
