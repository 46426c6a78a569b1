import { endpointSchema } from "../../actors/alerts/delivery.ts";
import { fingerprint, type OpenAlert, openAlerts, webhookV4 } from "../../sinks/alertmanager.ts";
import { Webhooks, type WebhooksOptions } from "../../sinks/webhook/webhooks.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { KvDeliveryBook } from "../../store/webhooks.ts";
import { systemClock } from "../../commands/process/clock.ts";
import { MemoryKv } from "../memory_kv.ts";
import { freePort } from "../process.ts";
import { FakeClock, settle, until } from "../routes/fakes.ts";
import { Receiver, step, Steps } from "./webhook_receiver.ts";

/** An alert as Alertmanager lists it, as far as it matters here. */
interface Listed {
  readonly labels: Record<string, string>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly fingerprint: string;
}

interface Alertmanager extends AsyncDisposable {
  readonly url: string;
  alerts(): Promise<readonly Listed[]>;
}

/** Debian's package, if it is installed; `SENSORIUM_TEST_ALERTMANAGER` names another program. */
function findAlertmanager(): string | undefined {
  const named = Deno.env.get("SENSORIUM_TEST_ALERTMANAGER");
  if (named !== undefined) return named;
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  for (const folder of folders) {
    for (const name of ["prometheus-alertmanager", "alertmanager"]) {
      try {
        if (Deno.statSync(`${folder}/${name}`).isFile) return `${folder}/${name}`;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }
  return undefined;
}

async function realAlertmanager(program: string, hook: string): Promise<Alertmanager> {
  const folder = await Deno.makeTempDir({ prefix: "sensorium-alertmanager-" }), url = `http://127.0.0.1:${freePort()}`;
  const route = "{receiver: hook, group_by: [alertname], group_wait: 10ms, group_interval: 50ms, repeat_interval: 1h}";
  const config =
    `route: ${route}\nreceivers: [{name: hook, webhook_configs: [{url: "${hook}", send_resolved: true}]}]\n`;
  await Deno.writeTextFile(`${folder}/am.yml`, config);
  const args = [
    `--config.file=${folder}/am.yml`,
    `--storage.path=${folder}`,
    `--web.listen-address=${url.slice(7)}`,
    "--cluster.listen-address=",
  ];
  const child = new Deno.Command(program, { args, stdout: "null", stderr: "null" }).spawn();
  const ready = () => fetch(`${url}/-/ready`).then((answer) => (answer.body?.cancel(), answer.ok), () => false);
  while (!await ready()) await settle(1);
  return {
    url,
    alerts: async () => await (await fetch(`${url}/api/v2/alerts`)).json(),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** What stands in where there is none: the same answers, and its webhook as far as `webhookV4()` has it. */
function lookAlike(hook: string): Alertmanager {
  const kept = new Map<string, Listed>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    if (new URL(request.url).pathname !== "/api/v2/alerts") return new Response("", { status: 404 });
    if (request.method === "GET") {
      return Response.json([...kept.values()].filter(({ endsAt }) => Date.parse(endsAt) > systemClock.now()));
    }
    for (const alert of await request.json()) {
      if (Object.keys(alert.labels).length === 0) return new Response("", { status: 422 });
      if (!(Date.parse(alert.startsAt) < Date.parse(alert.endsAt))) return new Response("", { status: 400 });
      const id = fingerprint(alert.labels), before = kept.get(id);
      kept.set(id, { ...alert, fingerprint: id });
      const over = Date.parse(alert.endsAt) <= systemClock.now();
      if (before === undefined || over) {
        const transition = over ? "cleared" as const : "raised" as const;
        const body = JSON.stringify(webhookV4(step(1, { transition }), systemClock.now(), "hook", "http://am.test"));
        await fetch(hook, { method: "POST", body, headers: { "content-type": "application/json" } })
          .then((answer) => answer.body?.cancel());
      }
    }
    return new Response("");
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  return {
    url,
    alerts: async () => await (await fetch(`${url}/api/v2/alerts`)).json(),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function makeWebhooks(more: Partial<WebhooksOptions> = {}) {
  const feed = new Steps(), ending = new AbortController(), clock = more.clock ?? systemClock;
  const webhooks = new Webhooks({
    book: new KvDeliveryBook(new MemoryKv(), clock),
    feed,
    clock,
    chance: () => 0,
    base: "http://plant.test",
    allowed: ["127.0.0.1"],
    resolve: (host) => Promise.reject(new Error(`nobody looks ${host} up`)),
    random: (bytes) => bytes.fill(7),
    ...more,
  });
  const running = webhooks.run(ending.signal);
  return {
    webhooks,
    feed,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await running;
    },
  };
}

const add = (url: string, format: string) => endpointSchema.parse({ name: "plant", url, format });

Deno.test("Webhooks posts alerts to an Alertmanager, which fires and resolves them", async () => {
  await using hook = new Receiver();
  const program = findAlertmanager(), hookUrl = `http://127.0.0.1:${hook.port}/hook`;
  await using alertmanager = program ? await realAlertmanager(program, hookUrl) : lookAlike(hookUrl);
  await using run = makeWebhooks();
  await run.webhooks.add(add(alertmanager.url, "alertmanager_api"));
  const now = systemClock.now(), raised = step(1, { raised_at: now - 5_000, time: now - 5_000 });
  run.feed.push(raised);
  const [first] = await hook.came(1), fired = JSON.parse(first.body);
  const [listed] = await alertmanager.alerts();
  assertEquals(listed.fingerprint, fingerprint(listed.labels));
  assertEquals([listed.labels.alertname, listed.labels.sensor], ["SensoriumLimit", "pump"]);
  assertEquals([Date.parse(listed.startsAt), fired.status], [raised.raised_at, "firing"]);
  // What Alertmanager itself sends is what endpoints of its format get from here.
  const ours = webhookV4(raised, now, "hook", "http://plant.test");
  assertEquals(Object.keys(ours ?? {}).sort(), Object.keys(fired).sort());
  assertEquals(Object.keys(ours?.alerts[0] ?? {}).sort(), Object.keys(fired.alerts[0]).sort());
  assertEquals([ours?.groupKey, ours?.groupLabels], [fired.groupKey, fired.groupLabels]);
  assertEquals(ours?.alerts[0].labels, fired.alerts[0].labels);
  assertEquals([ours?.alerts[0].fingerprint, ours?.alerts[0].endsAt], [
    fired.alerts[0].fingerprint,
    fired.alerts[0].endsAt,
  ]);
  run.feed.push(step(2, { ...raised, id: `${raised.alert}/cleared`, transition: "cleared", time: now - 1 }));
  const [, second] = await hook.came(2), resolved = JSON.parse(second.body);
  assertEquals([resolved.status, resolved.alerts[0].status], ["resolved", "resolved"]);
  assertEquals(resolved.alerts[0].fingerprint, fired.alerts[0].fingerprint);
  const left = await alertmanager.alerts();
  assertEquals(left.filter(({ endsAt }) => Date.parse(endsAt) > systemClock.now()), []);
});

Deno.test("Webhooks posts open alerts to an Alertmanager every minute, so that they do not end there", async () => {
  await using receiver = new Receiver();
  const clock = new FakeClock(), { id: _, alert: id, transition: _t, raised_at: raised_at = 0, ...said } = step(1);
  const open: OpenAlert = { ...said, id, raised_at, state: "active" };
  let pages: OpenAlert[][] = [[open, { ...open, id: "shelved", shelved_until: clock.now() + 600_000 }], [open]];
  await using run = makeWebhooks({
    clock,
    open: () =>
      openAlerts({
        alerts: (_filter, _limit, cursor) => {
          const at = Number(cursor ?? 0);
          return Promise.resolve({ items: pages[at] ?? [], ...(at + 1 < pages.length ? { next: `${at + 1}` } : {}) });
        },
      }),
  });
  await run.webhooks.add(add(receiver.url, "alertmanager_api"));
  await until(() => clock.sleepers === 1);
  await clock.advance(59_999);
  assertEquals(receiver.received.length, 0);
  await clock.advance(1);
  const posted = await receiver.came(2);
  assertEquals(posted.map(({ body }) => JSON.parse(body).length), [1, 1]);
  assertEquals(JSON.parse(posted[0].body)[0].endsAt, "2026-01-31T12:05:00.000Z");
  assert(posted[0].path.startsWith("/hook/api/v2/alerts"), posted[0].path);
  pages = [];
  await until(() => clock.sleepers === 1);
  await clock.advance(60_000);
  assertEquals(receiver.received.length, 2);
});

Deno.test("Webhooks speaks version 4 of Alertmanager's webhook to endpoints of that format", async () => {
  await using receiver = new Receiver();
  await using run = makeWebhooks({ clock: new FakeClock() });
  await run.webhooks.add(add(receiver.url, "alertmanager"));
  run.feed.push(
    step(1),
    step(2, { transition: "commented", raised_at: undefined }),
    step(3, { transition: "cleared" }),
  );
  const received = await receiver.came(2);
  assertEquals(received.map(({ body }) => JSON.parse(body).status), ["firing", "resolved"]);
  assertEquals(received[0].headers.get("content-type"), "application/json");
  assertEquals((await run.webhooks.test("plant")).outcome, "delivered");
  assertEquals(JSON.parse(receiver.received[2].body).alerts[0].labels.alertname, "SensoriumTest");
});
