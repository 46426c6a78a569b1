/**
 * What people do beside sending readings, at one process and seen at another: names, configuration, webhooks, floods; what
 * there is not; and that none of it needs more than the network.
 *
 * @module
 */
import { z } from "zod";
import { assert, assertEquals, assertMatch } from "../../std/assert.ts";
import { ask, until } from "../process.ts";
import { Fleet } from "./fleet.ts";
import { testStore } from "./store.ts";

const TOKEN = "token-of-an-administrator";
const START = 1_760_000_000_000, LOCATION = "hall";
const JUDGING = { types: { press: { channels: { pressure: { high: 8 } } } } };
const sensorSchema = z.looseObject({ sensor: z.string(), name: z.string().optional() });
const readingsSchema = z.object({ items: z.array(z.looseObject({ time: z.string() })) });
const alertsSchema = z.object({ items: z.array(z.looseObject({ sensor: z.string(), condition: z.string() })) });
const floodsSchema = z.object({ items: z.array(z.looseObject({ location: z.string(), state: z.string() })) });
const versionsSchema = z.object({
  items: z.array(z.looseObject({ version: z.number(), places: z.array(z.unknown()) })),
});
const webhooksSchema = z.object({ items: z.array(z.looseObject({ name: z.string(), delivered: z.number() })) });

/** Asks for a change; its status and answer. */
async function send(url: string, method: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(url, {
    method,
    headers: { "content-type": "application/json", authorization: `Bearer ${TOKEN}`, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, text: await answer.text() };
}

/** Sends a reading for each sensor. */
async function post(url: string, second: number, pressure: number, ...sensors: readonly string[]): Promise<void> {
  const time = START + second * 1_000, type = "press", location = LOCATION;
  const body = sensors.map((sensor) => ({ sensor, type, location, time, values: { pressure } }));
  const { status, text } = await send(`${url}/readings`, "POST", body);
  assertEquals(status, 202, text);
}

Deno.test("`deno serve` processes share names, configuration, webhooks and floods over the network alone", async () => {
  const events: { readonly type: string; readonly subject: string }[] = [];
  await using receiver = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    events.push(await request.json());
    return new Response();
  });
  const host = `127.0.0.1:${receiver.addr.port}`;
  await using store = await testStore("deploy-parts");
  const env = {
    SENSORIUM_JUDGING: JSON.stringify(JUDGING),
    SENSORIUM_ALLOW_HOSTS: host,
    SENSORIUM_TOKEN: TOKEN,
    SENSORIUM_LOG_PARTITIONS: "2",
  };
  await using fleet = await Fleet.start({ processes: 2, kv: store.kv, env });
  const [one, other] = fleet.urls;

  await post(one, 0, 5, "press-0", "press-1");
  assertEquals((await send(`${one}/sensors/press-0/rename`, "POST", { name: "left" })).status, 200);
  await post(other, 1, 5, "left");
  assertEquals((await ask(`${other}/sensors/left`, sensorSchema)).sensor, "press-0");
  assertEquals((await ask(`${one}/sensors/left/readings`, readingsSchema)).items.length, 2);

  const hook = { name: "plant", url: `http://${host}/` };
  assertEquals((await send(`${one}/webhooks`, "POST", hook)).status, 201);
  for (let second = 2; second < 8; second++) await post(other, second, 7, "press-1");
  assertEquals((await ask(`${one}/alerts`, alertsSchema)).items, []);
  const patch = { types: { press: { channels: { pressure: { high: 6 } } } } };
  const patched = await send(`${one}/config/judging`, "PATCH", patch, { "if-match": "*" });
  assertEquals(patched.status, 200, patched.text);
  const [latest] = (await ask(`${other}/config/versions`, versionsSchema)).items;
  assertEquals(latest.version, 2);
  assert(latest.places.length > 0, "partitions have taken it");
  for (let second = 8; second < 14; second++) await post(other, second, 7, "press-1");
  const alerts = (await ask(`${one}/alerts`, alertsSchema)).items;
  assertEquals(alerts.map(({ sensor, condition }) => [sensor, condition]), [["press-1", "limit"]]);
  await until("the webhook's event", () => events.length > 0);
  assertEquals(events[0].type, "io.sensorium.alert.raised");
  const hooks = async (url: string) =>
    webhooksSchema.parse(JSON.parse((await send(`${url}/webhooks`, "GET")).text)).items;
  const delivered = async () => (await hooks(other))[0].delivered > 0;
  await until("what was delivered is known", delivered);
  assertEquals((await send(`${other}/webhooks/plant/test`, "POST")).status, 200);
  assertEquals((await send(`${other}/webhooks/plant`, "DELETE")).status, 204);
  assertEquals(await hooks(one), []);

  const many = Array.from({ length: 48 }, (_, i) => `press-${i + 10}`);
  for (let second = 20; second < 26; second++) await post(other, second, second < 22 ? 5 : 9, ...many);
  const floods = (await ask(`${one}/alerts/floods`, floodsSchema)).items;
  assertEquals([...new Set(floods.map(({ location }) => location))], [LOCATION]);

  for (const path of ["/backtests", "/evaluations", "/admin/export", "/analytics/correlation/live"]) {
    const { status, text } = await send(one + path, "GET");
    assertEquals(status, 501, path);
    assertMatch(text, /"detail":"[A-Z][^"]{30,}\."/);
  }
  const page = await send(`${other}/`, "GET"),
    parts = [...page.text.matchAll(/(?:href|src)="(\/(?:static|vendor)\/[^"]+)"/g)];
  assertEquals([page.status, parts.some(([, path]) => path.startsWith("/vendor/"))], [200, true], "the page");
  for (const [, path] of parts) assertEquals([path, (await send(other + path, "GET")).status], [path, 200]);
  assertEquals(fleet.said.match(/.*(legacy|deprecated).*/g), null, "Deno warns of nothing");
  if (Deno.build.os === "linux") { for (const pid of fleet.pids) assertEquals(workersOf(pid), []); }
});

/** Names of the workers' threads of a process. */
function workersOf(pid: number): string[] {
  const threads = [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => `/proc/${pid}/task/${name}/comm`);
  return threads.map((path) => Deno.readTextFileSync(path).trim()).filter((name) => /^worker/.test(name));
}
