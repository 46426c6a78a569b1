import { z } from "zod";
import { makeApp } from "../../routes/app.ts";
import { assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { wholeDeps } from "./api_fakes.ts";
import { NOON } from "./fakes.ts";

const SINK = {
  sink: "postgres",
  state: "failing",
  error: "no PostgreSQL answers at db:5432",
  failing_since: new Date(NOON).toISOString(),
  backlog_items: 7,
  backlog_age_seconds: 1.5,
  delivered: 100,
  set_aside: 1,
  missed: 2,
  retries: 3,
  last_delivery: new Date(NOON - 1_000).toISOString(),
};
const readySchema = z.object({ status: z.string(), sinks: z.array(z.unknown()).optional() });

Deno.test("sinks() shows what waits for each sink, and why", async () => {
  const app = makeApp(await wholeDeps());
  assertEquals(await (await app.request("/sinks")).json(), { items: [SINK] });
  assertEquals((await app.request("/sinks?a=1")).status, 400);
  const wrong = await app.request("/sinks", { method: "DELETE" });
  assertEquals([wrong.status, wrong.headers.get("allow")?.includes("GET")], [405, true]);
});

Deno.test("sinks() is an empty list where there is none, and nothing of them is in /readyz and /metrics", async () => {
  const app = makeApp(await wholeDeps({ sinks: undefined }));
  assertEquals(await (await app.request("/sinks")).json(), { items: [] });
  assertEquals(readySchema.parse(await (await app.request("/readyz")).json()).sinks, undefined);
  assertEquals((await (await app.request("/metrics")).text()).includes("sensorium_sink"), false);
});

Deno.test("probes() show a sink that is away, and are ready all the same", async () => {
  const answer = await makeApp(await wholeDeps()).request("/readyz");
  assertEquals(answer.status, 200);
  assertEquals(readySchema.parse(await answer.json()), { status: "ready", sinks: [SINK] });
});

Deno.test("sinkMetrics() has a line for each count of a sink, in base units", async () => {
  const text = await (await makeApp(await wholeDeps()).request("/metrics")).text();
  for (
    const [name, value] of [
      ["up", 0],
      ["backlog_items", 7],
      ["backlog_seconds", 1.5],
      ["delivered_total", 100],
      ["set_aside_total", 1],
      ["missed_total", 2],
      ["retries_total", 3],
    ]
  ) assertStringIncludes(text, `sensorium_sink_${name}{sink="postgres"} ${value}\n`);
});
