import { makeApp } from "../../routes/app.ts";
import type { AppDeps } from "../../routes/deps.ts";
import { Buckets } from "../../routes/limits.ts";
import { SensorQuota } from "../../routes/limits_sensors.ts";
import { HttpCounts } from "../../routes/metrics_counts.ts";
import { assert, assertEquals, assertMatch } from "../../std/assert.ts";
import { wholeDeps } from "./api_fakes.ts";
import { FakeClock, fakeDeps, settle } from "./fakes.ts";

/** An app, and a request from an address. */
function appOf(deps: AppDeps) {
  const app = makeApp(deps);
  const ask = (path: string, hostname = "10.0.0.1", init: RequestInit = {}) =>
    app.request(path, init, { remoteAddr: { hostname } });
  return { app, ask };
}

Deno.test("rateLimit() holds each client to its rate, tells it so, and leaves probes alone", async () => {
  const counts = new HttpCounts(), deps = fakeDeps({ counts, limits: { requests: { perSecond: 2, burst: 3 } } });
  const { ask } = appOf(deps);
  const left: (string | null)[] = [];
  for (let i = 0; i < 3; i++) left.push((await ask("/sensors")).headers.get("ratelimit"));
  assertEquals(left, [`"default";r=2;t=1`, `"default";r=1;t=1`, `"default";r=0;t=2`]);
  const refused = await ask("/sensors");
  assertEquals([refused.status, refused.headers.get("retry-after"), refused.headers.get("ratelimit-policy")], [
    429,
    "1",
    `"default";q=3;w=2`,
  ]);
  assertEquals((await refused.json()).title, "Too many requests");
  assertEquals([(await ask("/livez")).status, (await ask("/sensors", "10.0.0.2")).status], [200, 200]);
  await deps.clock.advance(500);
  assertEquals([(await ask("/sensors")).status, (await ask("/sensors")).status, counts.sums.limited], [200, 429, 2]);
});

Deno.test("Buckets remembers a bounded number of clients", () => {
  const buckets = new Buckets({ perSecond: 1, burst: 1, clients: 100, clock: new FakeClock() });
  for (let i = 0; i < 1_000; i++) assertEquals(buckets.take(`c${i}`), undefined);
  assertEquals([buckets.take("c999"), buckets.take("c0")], [1, undefined]);
});

Deno.test("timeOut() answers what takes too long: 503 for a question, 408 for a body that does not come", async () => {
  const deps = await wholeDeps({ limits: { answerMs: 10_000 } });
  deps.queries.summary = () => new Promise(() => {});
  const { ask } = appOf(deps), late = ask("/summary");
  const stalled = new ReadableStream<Uint8Array>({ start: (c) => c.enqueue(new Uint8Array([123])) });
  const slow = ask("/predict", "10.0.0.1", { method: "POST", body: stalled });
  await settle();
  await deps.clock.advance(9_000);
  assertEquals((await ask("/sensors")).status, 200);
  await deps.clock.advance(2_000);
  assertEquals([(await late).status, (await slow).status], [503, 408]);
  deps.down.abort();
});

Deno.test("SensorQuota.admit() lets a client bring so many new names, and knows those that are there", async () => {
  const clock = new FakeClock(), there = new Set(["old"]);
  const known = {
    has: (name: string) => there.has(name),
    get count() {
      return there.size;
    },
  };
  const quota = new SensorQuota({ all: 8, ofClient: 3 }, known, clock);
  const admit = (client: string, ...names: string[]) => names.map((name) => quota.admit(client, name) === undefined);
  assertEquals(admit("a", "old", "a1", "a2", "a1", "a3", "a4", "a1", "old"), [
    true,
    true,
    true,
    true,
    true,
    false,
    true,
    true,
  ]);
  assertMatch(quota.admit("a", "a4") ?? "", /3 new sensors a day/);
  for (const name of ["a1", "a2", "a3"]) there.add(name);
  assertEquals(admit("b", "b1", "b2", "b3", "b4"), [true, true, true, false]);
  assertEquals(admit("c", "c1", "c2"), [true, false]);
  assertMatch(quota.admit("c", "c2") ?? "", /there are 8 sensors already/);
  await clock.advance(86_400_000);
  assertEquals(admit("a", "a5"), [false], "there is no room, whoever asks");
});

Deno.test("POST /readings refuses readings of new sensors over the quota one by one, with the reason", async () => {
  const clock = new FakeClock(), known = { has: () => false, count: 0 };
  const deps = await wholeDeps({ limits: { sensors: new SensorQuota({ all: 100, ofClient: 2 }, known, clock) } });
  const lines = ["a", "b", "c", "a"].map((sensor, i) => JSON.stringify({ sensor, time: i, values: { t: 1 } }));
  const { ask } = appOf(deps);
  const send = (address: string) =>
    ask("/readings", address, {
      method: "POST",
      body: lines.join("\n"),
      headers: { "content-type": "application/x-ndjson" },
    });
  const { accepted, rejected, errors } = await (await send("10.0.0.1")).json();
  assertEquals([accepted, rejected], [3, 1]);
  const message = "sensor is new, and 2 new sensors a day are allowed to one client";
  assertEquals(errors, [{ line: 3, field: "sensor", message }]);
  assertEquals((await (await send("10.0.0.2")).json()).accepted, 3);
});

Deno.test("cors() lets pages of configured origins ask, without cookies, and no others", async () => {
  const { app } = appOf(await wholeDeps({ origins: ["https://plant.example"] }));
  const preflight = (origin: string) =>
    app.request("/readings", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
  const good = await preflight("https://plant.example"), bad = await preflight("https://evil.example");
  assertEquals(good.headers.get("access-control-allow-origin"), "https://plant.example");
  assertEquals(good.headers.get("access-control-allow-credentials"), null);
  assert(good.headers.get("access-control-allow-headers")?.includes("Authorization"));
  assertEquals(bad.headers.get("access-control-allow-origin"), null);
  const send = async (origin: string) =>
    (await app.request("/models/parts/unpin", { method: "POST", body: "{}", headers: { origin } })).status;
  assertEquals([await send("https://plant.example"), await send("https://evil.example")], [200, 403]);
});

Deno.test("requestIds() gives every answer an id, takes a plain one over, and puts it into problems", async () => {
  const { app } = appOf(await wholeDeps());
  const ids = await Promise.all([1, 2].map(async () => (await app.request("/livez")).headers.get("x-request-id")));
  assert(ids[0] !== ids[1] && ids[0] !== null);
  const mine = await app.request("/nothing", { headers: { "x-request-id": "trace-7" } });
  assertEquals([mine.headers.get("x-request-id"), (await mine.json()).request_id], ["trace-7", "trace-7"]);
  const wild = await app.request("/livez", { headers: { "x-request-id": "a b\u00ff".repeat(30) } });
  assertMatch(wild.headers.get("x-request-id") ?? "", /^[\w-]{1,64}$/);
});
