import type { CoreCounters } from "../../actors/counters.ts";
import { makeApp } from "../../routes/app.ts";
import { HIDDEN, withoutSecrets } from "../../routes/config.ts";
import { MetricsText } from "../../routes/metrics_text.ts";
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { needTool, testWith } from "../servers/needed.ts";
import { ServerMissing } from "../servers/server.ts";
import { wholeDeps } from "./api_fakes.ts";

const LINE =
  /^(# (HELP|TYPE) sensorium_\w+ .+|sensorium_\w+(\{\w+="([^"\\\n]|\\.)*"(,\w+="([^"\\\n]|\\.)*")*\})? (-?[\d.e+-]+|NaN|[+-]Inf))$/;

const CORE: CoreCounters = {
  partitions: [{
    partition: "http-0",
    lag_readings: 7,
    lag_seconds: 1.5,
    paused_seconds: 0,
    quarantined: { future: 2 },
  }],
  mailboxes: [3, 0],
  commits: { bounds: [0.01, 0.1], counts: [4, 9], count: 10, sum: 0.5 },
  restarts: 1,
  alerts: [{ state: "active", priority: "high", count: 2 }],
};

Deno.test("metrics() answers in Prometheus's form, with a type for each name, in base units", async () => {
  const app = makeApp(await wholeDeps({ counters: () => CORE }));
  await app.request("/sensors/nobody");
  const response = await app.request("/metrics"), text = await response.text();
  assertEquals(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const lines = text.trimEnd().split("\n");
  for (const line of lines) assert(LINE.test(line), line);
  const typed = new Map(
    lines.filter((line) => line.startsWith("# TYPE")).map((line) => line.split(" ").slice(2) as [string, string]),
  );
  for (const line of lines.filter((line) => !line.startsWith("#"))) {
    const name = line.split(/[ {]/)[0], family = name.replace(/_(bucket|sum|count)$/, "");
    assert(typed.has(name) || typed.get(family) === "histogram", `${name} has no type`);
    if (typed.get(name) === "counter") assert(name.endsWith("_total"), name);
  }
  assertEquals(new Set(lines).size, lines.length);
  for (
    const line of [
      `sensorium_sensors 3`,
      `sensorium_sensors_in_state{state="silent"} 0`,
      `sensorium_readings_total{partition="http-0",source="http"} 9`,
      `sensorium_lag_seconds{partition="http-0"} 1.5`,
      `sensorium_quarantined_total{partition="http-0",reason="future"} 2`,
      `sensorium_mailbox_depth{shard="0"} 3`,
      `sensorium_commit_duration_seconds_bucket{le="0.1"} 9`,
      `sensorium_commit_duration_seconds_bucket{le="+Inf"} 10`,
      `sensorium_alerts{state="active",priority="high"} 2`,
      `sensorium_model_version{model="parts"} 1`,
      `sensorium_http_requests_total{method="GET",route="/sensors/:sensor",status="404"} 1`,
      `sensorium_sse_clients 0`,
    ]
  ) assertStringIncludes(text, `${line}\n`);
  assertEquals(text.includes("sensor="), false);
});

Deno.test("metrics() makes no series of what clients make up", async () => {
  const app = makeApp(await wholeDeps());
  const count = async () => (await (await app.request("/metrics")).text()).split("\n").length;
  for (const method of ["GET", "BREW"]) await app.request("/sensors/x", { method });
  await app.request("/nothing");
  const before = await count(), again = await count();
  for (let i = 0; i < 200; i++) {
    await app.request(`/sensors/${i}`, { method: i % 2 === 0 ? "GET" : `M${i}` });
    await app.request(`/nothing/${i}?${i}`);
  }
  assertEquals([await count() - again, again - before <= 20], [0, true]);
});

Deno.test("metrics() counts open streams and wrong keys", async () => {
  const deps = await wholeDeps(), app = makeApp(deps);
  const stream = await app.request("/alerts/stream");
  await app.request("/sensors", { headers: { authorization: "Bearer wrong" } });
  const text = await (await app.request("/metrics")).text();
  assertStringIncludes(text, "sensorium_sse_clients 1\n");
  assertStringIncludes(text, "sensorium_http_refused_keys_total 1\n");
  await stream.body?.cancel();
  assertStringIncludes(await (await app.request("/metrics")).text(), "sensorium_sse_clients 0\n");
  deps.down.abort();
});

Deno.test("MetricsText escapes labels, and leaves out a family without a sample", () => {
  const page = new MetricsText();
  page.gauge("empty", "Nothing.", []);
  page.gauge("some", "Some\nthing.", [[{ name: 'a"\\\n' }, Infinity]]);
  assertEquals(
    String(page),
    '# HELP sensorium_some Some thing.\n# TYPE sensorium_some gauge\nsensorium_some{name="a\\"\\\\\\n"} +Inf\n',
  );
});

Deno.test("withoutSecrets() hides what is named like a secret, and users in addresses", () => {
  assertEquals(
    withoutSecrets({
      port: 8000,
      kv: "https://user:pass@kv.example/x",
      mqtt: { password: "p", url: "mqtts://u:p@h:1" },
      apiKey: ["a"],
      none: undefined,
      list: [{ token: "t" }],
    }),
    {
      port: 8000,
      kv: `https://${HIDDEN}@kv.example/x`,
      mqtt: { password: HIDDEN, url: `mqtts://${HIDDEN}@h:1` },
      apiKey: HIDDEN,
      list: [{ token: HIDDEN }],
    },
  );
});

/** A page on which everything is counted. */
async function wholePage(): Promise<string> {
  const one = { partition: "k-0", lag_readings: 1, lag_seconds: 1, watermark_delay_seconds: 1, paused_seconds: 1 };
  const partition = { ...one, fenced: 1, late: 1, duplicates: 1, conflicts: 1, quarantined: { future: 1 } };
  const counters = () => ({
    ...CORE,
    partitions: [{ ...partition, checkpoint_seconds: 1 }],
    state_bytes: 1,
    log_bytes: 1,
    lease_held: true,
    resident: 1,
  });
  const app = makeApp(await wholeDeps({ counters }));
  await app.request("/livez");
  return await (await app.request("/metrics")).text();
}

const promtool = await needTool("promtool", async () => {
  try {
    await new Deno.Command("promtool", { args: ["--version"], stdout: "null", stderr: "null" }).output();
  } catch {
    throw new ServerMissing("it is not on the PATH (Debian: apt-get install prometheus)");
  }
});

testWith(promtool, "metrics() passes promtool check metrics", async () => {
  const child = new Deno.Command("promtool", { args: ["check", "metrics"], stdin: "piped", stderr: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(await wholePage()));
  await writer.close();
  const { code, stderr } = await child.output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
});

Deno.test("docs/dashboards/sensorium.json asks for nothing that is not counted", async () => {
  const text = await wholePage();
  const names = new Set(text.split("\n").map((line) => line.split(/[ {]/)[0]));
  const { panels } = JSON.parse(
    await Deno.readTextFile(new URL("../../docs/dashboards/sensorium.json", import.meta.url)),
  );
  const asked = JSON.stringify(panels).match(/sensorium_\w+/g) ?? [];
  assert(asked.length > 20);
  assertEquals(asked.filter((name) => !names.has(name)), []);
});

Deno.test("GET /config hides the values of secret settings, and keeps where they came from", async () => {
  const { settings } = await (await makeApp(await wholeDeps()).request("/config")).json();
  assertEquals(settings.brokerPassword, { value: HIDDEN, origin: "variable" });
  assertEquals([settings.token, settings.port.value], [{ value: null, origin: "default" }, 8000]);
});

Deno.test("metrics() tells of the partitions that run here alone, so that nodes add up and none is down elsewhere", async () => {
  const deps = await wholeDeps(), { queries } = deps;
  const summary = await queries.summary(), [own] = summary.partitions;
  const partitions = [own, { ...own, partition: "http-1", state: "elsewhere", owner: "node-2" } as const];
  queries.summary = () => Promise.resolve({ ...summary, partitions });
  const text = await (await makeApp(deps).request("/metrics")).text();
  assertStringIncludes(text, 'sensorium_partition_up{partition="http-0",source="http"} 1\n');
  assertEquals(text.includes("http-1"), false);
});
