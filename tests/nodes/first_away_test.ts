/**
 * A node that starts while the first KV server is away: partitions of the other one run, and the rest comes when it does.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { until } from "../process.ts";
import { kafkaBroker } from "../servers/kafka.ts";
import { KV_TOKEN, kvServer } from "../servers/kv.ts";
import { need, testWith } from "../servers/needed.ts";
import { ServerMissing } from "../servers/server.ts";
import { freshTopic, makeTopic, put } from "../sources/kafka/topics.ts";
import { Cluster } from "./cluster.ts";

const PARTITIONS = 16, ROUNDS = 5;
const kvMissing = await kvServer("probe-first").then(() => undefined, (error) => {
  if (error instanceof ServerMissing) return { missing: `no real KV server on this machine: ${error.message}` };
  throw error;
});

testWith(kvMissing ?? await need("Kafka", kafkaBroker), "a node starts without the first KV server", async (broker) => {
  const topic = await makeTopic(broker, freshTopic("first"), PARTITIONS);
  await using cluster = await Cluster.start(broker, { nodes: 1, servers: 2 }, { topic, sessionMs: 3_000 });
  const [node] = cluster.nodes;
  let rounds = 0;
  const more = async () => {
    const values = Array.from({ length: ROUNDS * PARTITIONS }, (_, i) => ({
      partition: i % PARTITIONS,
      value: {
        sensor: `pump-${i % PARTITIONS}`,
        time: 1_790_000_000_000 + 1_000 * (rounds + Math.floor(i / PARTITIONS)),
        type: "pump",
        values: { x: 3 },
      },
    }));
    rounds += ROUNDS;
    await put(broker, topic, values);
  };
  const judged = async () => (await node.partitions()).filter(({ readings }) => readings === rounds);
  await more();
  await cluster.ready(PARTITIONS);
  await until("all is judged", async () => (await judged()).length === PARTITIONS);
  await node.end("SIGTERM");

  Deno.env.set("DENO_KV_ACCESS_TOKEN", KV_TOKEN);
  using kv = await Deno.openKv(cluster.servers[0].url);
  const id = (await kv.get<string>(["meta", "server"])).value;
  const map = (await kv.get<{ servers: string[] }>(["meta", "partition_map"])).value;
  const at = map?.servers[0] === id ? 0 : 1, host = new URL(cluster.proxies[at].url).host;
  await cluster.servers[at].kill();
  node.start();
  await more();
  const there = await until("partitions of the other server run", async () => {
    const run = await judged();
    return run.length > 0 && run.length < PARTITIONS && run;
  });
  assertEquals(new Set(there.map(({ state }) => state)), new Set(["running"]));
  const ready = await fetch(`${node.url}/readyz`), labels = await fetch(`${node.url}/labels`);
  assertEquals([ready.status, labels.status], [503, 503]);
  assertStringIncludes(await ready.text(), `the KV server ${host} does not answer`);
  assertStringIncludes(await labels.text(), `The KV server ${host} does not answer now: ask again.`);

  await cluster.servers[at].again();
  await until("all is well, and labels are there", async () => {
    const answers = await Promise.all(["readyz", "labels"].map((path) => fetch(`${node.url}/${path}`)));
    await Promise.all(answers.map(({ body }) => body?.cancel()));
    return answers.every(({ ok }) => ok) && (await judged()).length === PARTITIONS;
  });
});
