import { openDeployment } from "../../commands/deploy.ts";
import { openKv } from "../../commands/instance/database.ts";
import { systemClock } from "../../commands/process/clock.ts";
import { UsageError } from "../../commands/process/errors.ts";
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "../../std/assert.ts";
import { variables } from "../deploy/plant.ts";
import { Receiver } from "../sinks/webhook_receiver.ts";

/** A deployment over a store in memory, with settings as variables. */
async function deployment(
  further: Readonly<Record<string, string>> = {},
): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const judging = { detectors: "rules", types: { press: { channels: { pressure: { high: 8 } } } } };
  const settings: Readonly<Record<string, string>> = {
    SENSORIUM_REQUIRE_KEYS: "false",
    SENSORIUM_LOG_PARTITIONS: "2",
    SENSORIUM_JUDGING: JSON.stringify(judging),
    ...further,
  };
  const world = { clock: systemClock, settings: variables(settings), open: () => openKv(":memory:") };
  const { fetch, minute } = await openDeployment(world);
  const info = {
    remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
    completed: Promise.resolve(),
  } as const;
  return async (path, init) => {
    if (path !== "minute") return await fetch(new Request(`http://127.0.0.1${path}`, init), info);
    await minute();
    return new Response();
  };
}

Deno.test("openDeployment() says which variable is wrong, and what of it", async () => {
  const cases = [
    [
      { SENSORIUM_JUDGING: '{"latenesMs": 1}' },
      /judging in SENSORIUM_JUDGING is refused: .*latenesMs/,
    ],
    [{ SENSORIUM_JUDGING: "{" }, /SENSORIUM_JUDGING must be .* as JSON, not "\{"/],
    [{ SENSORIUM_KV: "http://kv1:4512,http://kv2:4512" }, /SENSORIUM_KV must be .* the URL of one KV server/],
  ] as const;
  for (const [wrong, says] of cases) {
    assertMatch((await assertRejects(() => deployment(wrong), UsageError)).message, says);
  }
});

/** Sends readings of one sensor, one a second from `start` on. */
function post(ask: Awaited<ReturnType<typeof deployment>>, start: number, pressures: readonly number[]) {
  const body = pressures.map((pressure, i) => ({
    sensor: "press",
    type: "press",
    time: start + 1_000 * i,
    values: { pressure },
  }));
  const headers = { "content-type": "application/json" };
  return ask("/readings", { method: "POST", headers, body: JSON.stringify(body) });
}

Deno.test("openDeployment() answers for readings, alerts, commands and the page without anything in the background", async () => {
  const ask = await deployment(), start = Date.now() - 3_600_000;
  assertEquals((await post(ask, start, [5, 5, 9, 9, 9, 9])).status, 202);
  const alerts = await (await ask("/alerts")).json() as { items: { id: string; acknowledged: boolean }[] };
  assertEquals(alerts.items.length, 1);
  const [{ id }] = alerts.items;
  const acknowledged = await ask(`/alerts/${encodeURIComponent(id)}/acknowledge`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ by: "somebody" }),
  });
  assert(acknowledged.ok, await acknowledged.text());
  assertStringIncludes(await (await ask(`/alerts/${encodeURIComponent(id)}`)).text(), "somebody");
  assertStringIncludes(await (await ask("/")).text(), "<html");
  assertEquals((await ask("/readyz")).status, 200);
  const { partitions } = await (await ask("/summary")).json();
  assertEquals(partitions.map(({ state }: { state: string }) => state), ["running"], "between requests, too");
});

Deno.test("Deployment.minute() lets time pass for sensors that are silent, and closes their windows", async () => {
  const ask = await deployment(), start = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
  assertEquals((await post(ask, start, [5, 5, 5])).status, 202);
  const windows = async () =>
    ((await (await ask("/sensors/press/windows")).json()) as { items: unknown[] }).items.length;
  assertEquals(await windows(), 0);
  const real = Date.now;
  Date.now = () => real() + 60_000; // a minute in which nothing comes
  try {
    await ask("minute");
    await ask("minute"); // as of another process
  } finally {
    Date.now = real;
  }
  assertEquals(await windows(), 1);
});

Deno.test("Deployment.minute() posts open alerts again to an Alertmanager, which would take them for resolved", async () => {
  await using receiver = new Receiver();
  const token = "token-of-an-administrator", url = receiver.url;
  const ask = await deployment({ SENSORIUM_TOKEN: token, SENSORIUM_ALLOW_HOSTS: `127.0.0.1:${receiver.port}` });
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const body = JSON.stringify({ name: "am", format: "alertmanager_api", url });
  assertEquals((await ask("/webhooks", { method: "POST", headers, body })).status, 201);
  assertEquals((await post(ask, Date.now() - 60_000, [5, 5, 9, 9, 9, 9])).status, 202);
  await receiver.came(1);
  await ask("minute");
  const [first, again] = (await receiver.came(2)).map(({ body }) => JSON.parse(body)[0]);
  assertEquals(again.labels, first.labels);
});
