import { Hono } from "hono";
import type { AlertCommand } from "../../actors/alerts/commands.ts";
import { alertsSchema } from "../../actors/alerts/rules.ts";
import { alertCommands } from "../../routes/alert_commands.ts";
import { alertPerformance } from "../../routes/alert_performance.ts";
import { floods } from "../../routes/floods.ts";
import { rename } from "../../routes/rename.ts";
import { upkeep } from "../../routes/upkeep.ts";
import { webhooks } from "../../routes/webhooks.ts";
import { setPrincipal } from "../../routes/auth/principal.ts";
import { alerting } from "../../routes/openapi/alerting.ts";
import { openApiDocument } from "../../routes/openapi.ts";
import { answerProblem, problemOf } from "../../routes/problem.ts";
import { assertEquals } from "../../std/assert.ts";
import { Webhooks } from "../../sinks/webhook/webhooks.ts";
import { KvDeliveryBook } from "../../store/webhooks.ts";
import { MemoryKv } from "../memory_kv.ts";
import { Steps } from "../sinks/webhook_receiver.ts";
import { FakeClock } from "./fakes.ts";
import { alertNamed, sensorNamed } from "./alert_fakes.ts";

const ID = "http-00:7:pump:limit:a";

function makeApp(key?: string) {
  const orders: AlertCommand[] = [], app = new Hono();
  if (key !== undefined) {
    app.use(async (c, next) => {
      setPrincipal(c, { id: "k1", name: key, scopes: ["operate"] });
      await next();
    });
  }
  app.route(
    "/",
    alertCommands({
      queries: {
        alert: (id) => Promise.resolve(id === ID ? alertNamed(id) : undefined),
        sensor: (name) => Promise.resolve(name === "pump" ? sensorNamed(name) : undefined),
      },
      desk: { order: (command) => Promise.resolve({ partition: "http-00", position: orders.push(command) }) },
      alerts: () => alertsSchema.parse({ shelveMostMs: 60_000 }),
    }),
  );
  app.onError((error, c) => answerProblem(c, problemOf(error)));
  const post = (path: string, body?: object) =>
    app.request(path, { method: "POST", ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { orders, app, post };
}

Deno.test("POST /alerts/{id}/acknowledge hands the command over with who said so", async () => {
  const { orders, post } = makeApp();
  const answer = await post(`/alerts/${encodeURIComponent(ID)}/acknowledge`, { by: "ann", comment: "on my way" });
  assertEquals([answer.status, await answer.json()], [202, {
    command: "acknowledge",
    partition: "http-00",
    position: 1,
  }]);
  assertEquals(orders, [{ command: "acknowledge", alert: ID, by: "ann", comment: "on my way" }]);
  assertEquals((await post(`/alerts/${ID}/acknowledge`)).status, 202);
  assertEquals(orders[1].by, "local");
  const keyed = makeApp("panel 3");
  await keyed.post(`/alerts/${ID}/label`, { label: "false_alarm" });
  await keyed.post(`/alerts/${ID}/comment`, { comment: "x", by: "ann" });
  assertEquals(keyed.orders.map(({ by }) => by), ["panel 3", "ann (panel 3)"], "a key cannot speak as somebody else");
});

Deno.test("POST /sensors/{sensor}/shelve and the others make the commands of their names", async () => {
  const { orders, post } = makeApp();
  assertEquals((await post("/sensors/pump/shelve", { condition: "limit", channel: "a", for_ms: 5000 })).status, 202);
  await post("/sensors/pump/shelve", { condition: "limit", one_shot: true });
  for (const verb of ["unshelve", "suppress", "unsuppress", "remove-from-service", "return-to-service"]) {
    assertEquals((await post(`/sensors/pump/${verb}`)).status, 202, verb);
  }
  assertEquals(orders[0], {
    command: "shelve",
    sensor: "pump",
    condition: "limit",
    channel: "a",
    by: "local",
    forMs: 5000,
  });
  assertEquals(orders.slice(2).map(({ command }) => command), [
    "unshelve",
    "suppress",
    "unsuppress",
    "remove_from_service",
    "return_to_service",
  ]);
});

Deno.test("commands to alerts are refused with what is wrong, and nothing is handed over", async () => {
  const { orders, post, app } = makeApp();
  for (
    const [path, body, status] of [
      ["/alerts/none/acknowledge", {}, 404],
      ["/sensors/none/suppress", {}, 404],
      [`/alerts/${ID}/label`, {}, 400],
      [`/alerts/${ID}/label`, { label: "maybe" }, 400],
      [`/alerts/${ID}/acknowledge`, { who: "ann" }, 400],
      ["/sensors/pump/shelve", { condition: "limit" }, 400],
      ["/sensors/pump/shelve", { for_ms: 60_001 }, 400],
      ["/sensors/pump/shelve", { one_shot: true }, 400],
      ["/sensors/pump/suppress", { channel: "a" }, 400],
    ] as const
  ) assertEquals((await post(path, body)).status, status, `${path} ${JSON.stringify(body)}`);
  assertEquals(orders, []);
  assertEquals((await app.request("/sensors/pump/shelve")).status, 405);
});

Deno.test("alerting describes every route of commands, performance and webhooks", async () => {
  const { app } = makeApp(), unused = () => Promise.reject(new Error("not asked"));
  const performance = alertPerformance({ queries: { alerts: unused }, clock: new FakeClock() });
  const deliveries = new Webhooks({
    book: new KvDeliveryBook(new MemoryKv(), new FakeClock()),
    feed: new Steps(),
    clock: new FakeClock(),
    chance: () => 0,
    base: "",
    allowed: [],
    resolve: unused,
    random: () => {},
  });
  await deliveries.list();
  const keeping = upkeep({ queries: { sensor: unused }, desk: { order: unused } });
  const renaming = rename({ queries: { sensor: unused }, names: { rename: unused } });
  const routes = [app, keeping, renaming, performance, floods({ floods: { list: () => [] } }), webhooks({ deliveries })]
    .flatMap((
      one,
    ) => one.routes)
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`);
  const { paths } = openApiDocument(alerting, "0");
  const described = Object.entries(paths).flatMap(([path, of]) => Object.keys(of).map((method) => `${method} ${path}`));
  assertEquals(described.sort(), [...new Set(routes)].sort());
});
