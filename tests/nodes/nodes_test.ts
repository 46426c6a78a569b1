/**
 * Two nodes over two KV servers, as their user has them: each answers for all, alerts are followed from node to node, a
 * partition is moved, a server goes away; and a short chaos.
 *
 * @module
 */
import { z } from "zod";
import { assert, assertEquals, assertMatch } from "../../std/assert.ts";
import { Follower } from "../deploy/follower.ts";
import { Receiver } from "../sinks/webhook_receiver.ts";
import { ask, Folder, run, until } from "../process.ts";
import { type KafkaBroker, kafkaBroker } from "../servers/kafka.ts";
import { KV_TOKEN, kvServer } from "../servers/kv.ts";
import { textOf } from "../stream_text.ts";
import { need, testWith } from "../servers/needed.ts";
import { ServerMissing } from "../servers/server.ts";
import { freshTopic, makeTopic, put } from "../sources/kafka/topics.ts";
import { playChaos } from "./chaos.ts";
import { Cluster, type Node } from "./cluster.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
/** A KV server is built from source, in minutes and from no package: where there is none, only that is said. */
const kvMissing = await kvServer("probe").then(() => undefined, (error) => {
  if (error instanceof ServerMissing) return { missing: `no real KV server on this machine: ${error.message}` };
  throw error;
});
const needed = kvMissing ?? await need("Kafka", kafkaBroker);

const PARTITIONS = 4, START = 1_790_000_000_000;
const pageSchema = z.object({
  items: z.array(z.object({ sensor: z.string() }).loose()),
});
const alertsSchema = z.object({
  items: z.array(z.object({ id: z.string(), sensor: z.string(), raised_at: z.string(), state: z.string() })),
});
const readySchema = z.object({ upkeep: z.object({ held: z.boolean(), holder: z.string().optional() }) });
const statesSchema = z.object({
  sensors: z.number(),
  anomalous: z.number(),
  silent: z.number(),
  warming_up: z.number(),
  retired: z.number(),
  active_alerts: z.number(),
});

/** Readings of one sensor in each partition, beyond its limit in every second minute or so. */
class Rounds {
  count = 0;

  constructor(private readonly broker: KafkaBroker, private readonly topic: string) {}

  async put(rounds: number): Promise<void> {
    const records = this.#records(rounds).map((value, i) => ({ partition: i % PARTITIONS, value }));
    await put(this.broker, this.topic, records);
  }

  /** One round over HTTP, at a node. */
  async post(url: string): Promise<Response> {
    const body = JSON.stringify(this.#records(1));
    return await fetch(`${url}/readings`, { method: "POST", headers: { "content-type": "application/json" }, body });
  }

  #records(rounds: number): unknown[] {
    const from = this.count;
    this.count += rounds;
    return Array.from({ length: rounds * PARTITIONS }, (_, i) => {
      const round = from + Math.floor(i / PARTITIONS), values = { x: Math.floor(round / 50) % 2 === 0 ? 95 : 40 };
      return { sensor: `pump-${i % PARTITIONS}`, time: START + round * 1_000, type: "pump", values };
    });
  }
}

testWith(
  needed,
  "nodes answer for each other, over KV servers that partitions move between and that go away",
  async (broker) => {
    const topic = await makeTopic(broker, freshTopic("nodes"), PARTITIONS), rounds = new Rounds(broker, topic);
    await using cluster = await Cluster.start(broker, { nodes: 2, servers: 2 }, { topic, sessionMs: 3_000 });
    const { nodes: [first, second], servers } = cluster;
    await rounds.put(20);
    await cluster.ready(PARTITIONS);
    const judged = () =>
      until("all is judged", async () => {
        const shown = await cluster.shown();
        return shown.length === PARTITIONS && shown.every(({ readings }) => readings === rounds.count);
      });
    await judged();

    // Webhooks are taken by any node, and delivered by one.
    await using receiver = new Receiver();
    const upkeep = await until("both know who delivers", async () => {
      const all = [first, second].map(async ({ url }) => (await ask(`${url}/readyz`, readySchema)).upkeep);
      const told = await Promise.all(all);
      return told.every(({ holder }) => holder !== undefined) && told;
    });
    const at = upkeep.findIndex(({ held }) => held), deliverer = [first, second][at], heir = [second, first][at];
    assertEquals(upkeep.map(({ held, holder }) => [held, holder]).toSorted(), [
      [false, deliverer.name],
      [true, deliverer.name],
    ]);
    const add = async (node: Node) =>
      await fetch(`${node.url}/webhooks`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${await node.token()}` },
        body: JSON.stringify({ name: "plant", url: receiver.url, filter: { transitions: ["raised"] } }),
      });
    const added = await add(heir), { secret } = await added.json();
    assertEquals([added.status, String(secret).slice(0, 6)], [201, "whsec_"]);
    assertEquals((await add(heir)).status, 409);
    const headers = { authorization: `Bearer ${await heir.token()}` };
    for (const verb of ["test", "stop", "resume"]) {
      const done = await fetch(`${heir.url}/webhooks/plant/${verb}`, { method: "POST", headers });
      assertEquals([verb, done.status], [verb, 200], await done.text());
    }
    // An alert of readings that are still on their way may be among them.
    const tests = receiver.received.filter(({ body }) => body.includes("io.sensorium.test"));
    assertEquals(tests.length, 1, "the test");
    const follower = new Follower(first.url, second.url);
    await follower.begun;
    for (const { url } of [first, second]) {
      const items = await until("it knows all sensors", async () => {
        const { items } = await ask(`${url}/sensors`, pageSchema);
        return items.length === PARTITIONS && items;
      });
      assertEquals(items.map(({ sensor }) => sensor), ["pump-0", "pump-1", "pump-2", "pump-3"]);
    }

    // Readings of all are streamed by both, whoever runs their partitions.
    const live = await Promise.all([first, second].map(async ({ url }) => {
      const seen = new Set<string>(), left = new AbortController();
      const { body } = await fetch(`${url}/readings/stream?max_per_second=1000`);
      assert(body);
      const reading = (async () => {
        for await (const text of textOf(body, left.signal)) {
          for (const [, sensor] of text.matchAll(/"sensor":"([^"]+)"/g)) seen.add(sensor);
        }
      })();
      return { seen, leave: () => (left.abort(), reading) };
    }));
    await until("both give readings of all", async () => {
      await rounds.put(1);
      return live.every(({ seen }) => seen.size === PARTITIONS);
    });
    for (const { leave } of live) await leave();
    await judged();

    // Readings over HTTP are taken by either, for all sensors.
    for (const { url } of [first, second]) {
      const taken = await rounds.post(url);
      assertEquals([taken.status, await taken.json()], [202, { accepted: PARTITIONS, rejected: 0, errors: [] }]);
    }
    await judged();

    // What comes at one node is followed at either, a client going from one to the other.
    await rounds.put(420 - rounds.count % 100); // the last ones are beyond the limit
    await judged();
    const alerts = await until("both give the same alerts", async () => {
      const [here, there] = await Promise.all(
        [first, second].map(({ url }) => ask(`${url}/alerts?limit=500`, alertsSchema)),
      );
      return here.items.length >= PARTITIONS * 3 && JSON.stringify(here) === JSON.stringify(there) && here.items;
    });
    assertEquals(new Set(alerts.map(({ sensor }) => sensor)).size, PARTITIONS);
    const raised = new Set(
      alerts.flatMap(({ id, raised_at }) => Date.parse(raised_at) >= START + 20_000 ? [`${id}/raised`] : []),
    );
    assert(raised.size >= PARTITIONS * 2, `${raised.size} alerts`);
    await until("the follower was given all", () => raised.isSubsetOf(new Set(follower.ids)));
    assert(follower.moves > 0, "it went on at the other node");
    follower.end();

    // Both count the same sensors in the same states.
    await until("both summaries say the same", async () => {
      const [here, there] = await Promise.all([first, second].map(({ url }) => ask(`${url}/summary`, statesSchema)));
      return here.sensors === PARTITIONS && here.active_alerts > 0 && JSON.stringify(here) === JSON.stringify(there);
    });

    // A command is taken at either node: at the other one than runs the sensor it is handed on, and durable when it is answered.
    const [mine] = await first.partitions(), owned = `pump-${mine.partition.at(-1)}`;
    const say = async (node: Node, verb: string) =>
      await fetch(`${node.url}/sensors/${owned}/${verb}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      });
    for (const [verb, retired] of [["retire", "retired"], ["unretire", undefined]] as const) {
      const taken = await say(second, verb), body = await taken.json();
      assertEquals([taken.status, body.partition], [202, mine.partition], JSON.stringify(body));
      await until(`it is ${verb}d where it runs`, async () => {
        const { state } = await ask(`${first.url}/sensors/${owned}`, z.object({ state: z.string() }));
        return (state === "retired") === (retired !== undefined);
      });
    }

    // A partition moves while both run.
    const env = { DENO_KV_ACCESS_TOKEN: KV_TOKEN }, kv = ["--kv", servers.map(({ url }) => url).join(",")];
    const before = await run(["partitions", "list", ...kv], { env });
    const [, server] = new RegExp(`${mine.partition} +(\\S+)`).exec(before.out) ?? [];
    const other = servers.find(({ url }) => !url.endsWith(server))?.url ?? "";
    const moved = await run(["partitions", "move", mine.partition, other, ...kv], { env });
    assertMatch(moved.out, /entries were copied/);
    await rounds.put(20);
    await judged();
    const there = new RegExp(`${mine.partition} +${other.slice("http://".length)} +node-0`);
    await until(
      "its owner goes on there",
      async () => there.test((await run(["partitions", "list", ...kv], { env })).out),
    );
    await judged();

    // Everything is exported while both run: they go on.
    await using folder = new Folder();
    const written = await run(["export", folder.at("all"), ...kv, "--data-dir", folder.at("none")], { env });
    assertMatch(written.out, /written: .*, \d+ entries/, written.error);
    await rounds.put(20);
    await judged();

    // All partitions leave a server, and come back, while both run.
    const placed = async () => {
      const { out } = await run(["partitions", "list", "--sizes", ...kv], { env });
      const rows = out.matchAll(/^ +kafka-\S+ +(\S+) +[\d,]+ keys +[\d.]+ MB/gm);
      return Object.values(Object.groupBy(rows, ([, name]) => name)).map((rows) => rows?.length);
    };
    const drains = await Promise.all(
      servers.map(({ url }) => run(["partitions", "move", "--all-from", url, ...kv], { env })),
    );
    const drained = drains.findIndex(({ code }) => code === 0);
    assertMatch(drains[1 - drained].error, /holds what belongs to no partition/);
    assertEquals(await placed(), [PARTITIONS]);
    await rounds.put(20);
    await judged();
    const spread = await run(["partitions", "rebalance", ...kv], { env });
    assertMatch(spread.out, /Moved: 2 partitions; they are spread over/, spread.error);
    assertEquals(await placed(), [PARTITIONS / 2, PARTITIONS / 2]);
    await rounds.put(20);
    await judged();

    // A server that is away keeps its partitions waiting, and nobody else; both nodes say so.
    const away = servers[drained];
    away?.silence(true);
    await rounds.put(20);
    await until("it is said which server is away", async () => {
      const ready = await fetch(`${first.url}/readyz`);
      return (await ready.text()).includes("does not answer") && ready.status === 503;
    });
    away?.silence(false);
    await judged();
    await until("all is well again", async () => {
      const ready = await fetch(`${first.url}/readyz`);
      await ready.body?.cancel();
      return ready.status === 200;
    });

    // The node that delivered ends: the other one goes on, and no event came from both.
    const ids = () => receiver.received.map(({ headers }) => headers.get("webhook-id") ?? "");
    await until("all were sent", () => raised.isSubsetOf(new Set(ids())));
    await deliverer.end("SIGTERM");
    await rounds.put(200);
    await judged();
    await until("all is told", async () => {
      const { items } = await ask(`${heir.url}/alerts?limit=500`, alertsSchema);
      const later = items.flatMap(({ id, raised_at }) =>
        Date.parse(raised_at) >= START + 20_000 ? [`${id}/raised`] : []
      );
      return later.length > raised.size + PARTITIONS && new Set(later).isSubsetOf(new Set(ids()));
    });
    assertEquals(ids().length, new Set(ids()).size, "none came twice");
  },
);

testWith(needed, "playChaos() ends as one node that was left in peace", async (broker) => {
  const { differences, deeds, epochs = 0 } = await playChaos(broker, {
    seed: 11,
    ms: Math.round(12_000 * SCALE),
    nodes: 2,
    servers: 2,
    partitions: 4,
    sessionMs: 2_000,
    deeds: ["kill a node", "stop a node", "kill a KV server", "answers lost", "cut off", "move a partition"],
    report: () => {},
  });
  assertEquals(differences, []);
  assert(Object.keys(deeds).length > 0);
  assert(epochs > 0, "models that all partitions share are compared, too");
});
