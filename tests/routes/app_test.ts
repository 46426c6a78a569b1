import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../std/assert.ts";
import { StoreAwayError } from "../../actors/checkpoint.ts";
import { makeApp } from "../../routes/app.ts";
import { DeadlineError } from "../../store/deadline.ts";
import { fakeDeps, sensorView } from "./fakes.ts";

/** A problem as it comes over the wire. */
interface Wire {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  errors: { field: string; message: string }[];
}

async function problem(response: Response, status: number): Promise<Wire> {
  assertEquals(response.status, status);
  assertEquals(response.headers.get("content-type"), "application/problem+json");
  const body = await response.json() as Wire;
  assertEquals(body.status, status);
  assert(body.title !== "" && body.detail !== "" && Array.isArray(body.errors));
  return body;
}

Deno.test("makeApp() answers every listing with items, and times as ISO 8601 in UTC", async () => {
  const app = makeApp(fakeDeps());
  const sensors = await (await app.request("/sensors")).json();
  assertEquals(sensors.items.map((item: { sensor: string }) => item.sensor), ["a", "a/b ü%2F", "c"]);
  assertEquals(sensors.items[0].last_time, "2026-01-31T12:00:00.000Z");
  assertEquals("next" in sensors, false);
  const readings = await (await app.request("/sensors/a/readings")).json();
  assertEquals(readings.items[0].time, "2026-01-31T12:00:00.003Z");
  const windows = await (await app.request("/windows")).json();
  assertEquals([windows.items[0].start, windows.items[0].end], [
    "2026-01-31T12:00:00.000Z",
    "2026-01-31T12:01:00.000Z",
  ]);
  const alerts = await (await app.request("/alerts")).json();
  assertEquals(alerts.items[0].raised_at, "2026-01-31T12:00:00.007Z");
  assertEquals("cleared_at" in alerts.items[0], false);
  const summary = await (await app.request("/summary")).json();
  assertEquals(summary.partitions[0].source_time, "2026-01-31T12:00:00.000Z");
  assertEquals(await (await app.request("/quarantine")).json(), { items: [] });
});

Deno.test("makeApp() hands filters, limits and cursors to the queries as they were asked for", async () => {
  const deps = fakeDeps();
  const app = makeApp(deps);
  await app.request("/sensors?type=room&location=server%20room&state=silent&limit=2000");
  await app.request("/windows?sensor=a&length_ms=60000&from=2026-01-31T12:00:00%2B01:00&to=1769860800000");
  await app.request("/alerts?state=active&condition=limit&limit=1&cursor=1");
  await app.request("/quarantine?limit=5");
  assertEquals(deps.queries.asked, [
    ["sensors", { type: "room", location: "server room", state: "silent" }, 2000, undefined],
    ["windows", { sensor: "a", lengthMs: 60000, from: Date.UTC(2026, 0, 31, 11), to: 1769860800000 }, 100, undefined],
    ["alerts", { state: "active", condition: "limit" }, 1, "1"],
    ["quarantine", 5, undefined],
  ]);
});

Deno.test("makeApp() pages through a listing with `next`", async () => {
  const app = makeApp(fakeDeps());
  const seen: string[] = [];
  for (let path: string | undefined = "/sensors?limit=2"; path !== undefined;) {
    const page: { items: { sensor: string }[]; next?: string } = await (await app.request(path)).json();
    seen.push(...page.items.map(({ sensor }) => sensor));
    path = page.next === undefined ? undefined : `/sensors?limit=2&cursor=${encodeURIComponent(page.next)}`;
  }
  assertEquals(seen, ["a", "a/b ü%2F", "c"]);
});

Deno.test("makeApp() finds sensors and alerts by percent-encoded names", async () => {
  const deps = fakeDeps();
  const app = makeApp(deps);
  for (const name of ["a/b ü%2F", "<b>", "a:b", "a?b#c", "a+b", "日本"]) {
    deps.queries.sensorViews = [sensorView(name)];
    for (const what of ["", "/readings", "/windows"]) {
      const response = await app.request(`/sensors/${encodeURIComponent(name)}${what}`);
      assertEquals(response.status, 200, `${name}${what}`);
      const body = await response.json();
      assertEquals((what === "" ? body : body.items[0]).sensor, name);
    }
  }
  const id = "http-0:8:a/b ü%2F:limit:temperature";
  assertEquals((await (await app.request(`/alerts/${encodeURIComponent(id)}`)).json()).id, id);
});

Deno.test("makeApp() answers 404 as a problem, for what is not there and for paths it does not know", async () => {
  const app = makeApp(fakeDeps());
  for (const path of ["/sensors/nobody", "/sensors/nobody/readings", "/sensors/nobody/windows", "/alerts/none"]) {
    assertStringIncludes((await problem(await app.request(path), 404)).detail, "There is no");
  }
  for (const path of ["/nothing", "/sensors/", "/sensors/a/b", "/admin/stop", "/sensors/%zz"]) {
    assertEquals((await problem(await app.request(path), 404)).instance, path);
  }
});

Deno.test("makeApp() answers 405 with Allow, and OPTIONS with 204", async () => {
  const app = makeApp(fakeDeps({ ingest: { take: () => Promise.reject(new Error("not asked")) } }));
  for (const path of ["/sensors", "/sensors/a", "/windows", "/alerts", "/summary", "/livez", "/alerts/stream"]) {
    const response = await app.request(path, { method: "DELETE" });
    assertEquals(response.headers.get("allow"), "GET, HEAD, OPTIONS");
    await problem(response, 405);
  }
  const post = await app.request("/readings", { method: "PUT" });
  assertEquals(post.headers.get("allow"), "GET, HEAD, POST, OPTIONS");
  await problem(post, 405);
  const options = await app.request("/sensors", { method: "OPTIONS" });
  assertEquals([options.status, options.headers.get("allow")], [204, "GET, HEAD, OPTIONS"]);
  assertEquals(options.headers.get("access-control-allow-origin"), null);
});

Deno.test("makeApp() refuses query parameters by name, and says what is allowed", async () => {
  const app = makeApp(fakeDeps());
  const cases: [path: string, field: string, message: RegExp][] = [
    ["/sensors?colour=red", "colour", /allowed are type, location, state, limit, cursor/],
    ["/summary?x=1", "x", /none is allowed/],
    ["/sensors?limit=0", "limit", /from 1 to 2000, not "0"/],
    ["/sensors?limit=2001", "limit", /from 1 to 2000/],
    ["/sensors?limit=1e2", "limit", /from 1 to 2000/],
    ["/sensors?limit=1&limit=2", "limit", /once/],
    ["/sensors?state=red", "state", /warming_up, ok, silent, stuck, dirty, failed/],
    ["/alerts?condition=x", "condition", /condition must be one of limit, warning/],
    ["/windows?from=2026-01-31T12:00:00", "from", /zone/],
    ["/windows?length_ms=5", "length_ms", /1000 to 86400000/],
    ["/sensors?cursor=nonsense", "cursor", /earlier answer/],
    ["/readings/stream?max_per_second=0", "max_per_second", /1 to 1000/],
  ];
  for (const [path, field, message] of cases) {
    const { errors } = await problem(await app.request(path), 400);
    assertEquals(errors.map((error) => error.field), [field], path);
    assertMatch(errors[0].message, message);
  }
  const several = await problem(await app.request("/alerts?limit=x&state=y&z=1"), 400);
  assertEquals(several.errors.map(({ field }) => field).sort(), ["limit", "state", "z"]);
});

Deno.test("makeApp() answers 503 while a KV server is away, and reports it", async () => {
  const away = { "The KV server kv1": new StoreAwayError("the KV server kv1 does not answer: it is not there") };
  for (const [who, error] of Object.entries({ ...away, "The store": new DeadlineError("not within 30 s") })) {
    const deps = fakeDeps();
    deps.queries.summary = () => Promise.reject(error);
    const response = await makeApp(deps).request("/summary");
    assertEquals(response.headers.get("retry-after"), "5");
    assertEquals((await problem(response, 503)).detail, `${who} does not answer now: ask again.`);
    assertEquals(deps.reported, [error]);
  }
});

Deno.test("makeApp() answers 500 without a word of the inside, and reports it", async () => {
  const deps = fakeDeps();
  deps.queries.summary = () => Promise.reject(new Error("secret at /home/somebody"));
  const response = await makeApp(deps).request("/summary");
  assertEquals(JSON.stringify(await problem(response, 500)).includes("secret"), false);
  assertEquals(String(deps.reported[0]), "Error: secret at /home/somebody");
});

Deno.test("makeApp() sets the same safe headers on answers and on problems", async () => {
  const app = makeApp(fakeDeps());
  for (const path of ["/sensors", "/nothing", "/sensors?x=1"]) {
    const { headers } = await app.request(path);
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertStringIncludes(headers.get("content-security-policy") ?? "", "default-src 'none'");
    assertEquals(headers.get("access-control-allow-origin"), null);
    assertEquals(headers.get("cache-control"), "no-store");
  }
});

Deno.test("makeApp() tells apart that it lives and that it is ready", async () => {
  const deps = fakeDeps();
  const app = makeApp(deps);
  assertEquals(await (await app.request("/livez")).json(), { status: "alive", version: "0.0.0-test" });
  for (const path of ["/readyz", "/healthz"]) {
    const response = await app.request(path);
    assertEquals(response.status, 200);
    assertEquals((await response.json()).status, "ready");
  }
  deps.down.abort();
  const response = await app.request("/readyz");
  assertEquals(response.status, 503);
  assertEquals((await response.json()).reasons, ["The instance is going down."]);
  assertEquals((await app.request("/livez")).status, 200);
});

Deno.test("makeApp() is not ready where the instance says why, fails to say it, or says nothing in time", async () => {
  const bad = { ready: false, reasons: ["Partition http-0 failed."], partitions: [], lock: true, kv: true };
  const said = await makeApp(fakeDeps({ health: () => bad })).request("/readyz");
  assertEquals([said.status, (await said.json()).reasons], [503, ["Partition http-0 failed."]]);
  const failed = await makeApp(fakeDeps({ health: () => Promise.reject(new Error("secret")) })).request("/readyz");
  assertEquals(failed.status, 503);
  assertEquals((await failed.text()).includes("secret"), false);
  const deps = fakeDeps({ health: () => new Promise(() => {}) });
  const pending = makeApp(deps).request("/readyz");
  await deps.clock.advance(2_000);
  assertEquals((await pending).status, 503);
});
