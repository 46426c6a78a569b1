/**
 * One node against two over KV servers and a broker, all on this machine: readings/s, bytes to the KV servers, processor
 * time of nodes, broker and servers apart, and how long from a reading to its alert.
 *
 *     deno task bench nodes --readings=100000
 *
 * @module
 */
import { KafkaProducer } from "../sources/kafka/producer.ts";
import { until } from "../tests/process.ts";
import { Cluster, JUDGING } from "../tests/nodes/cluster.ts";
import { sensorsOf } from "../tests/nodes/feed.ts";
import { kafkaBroker } from "../tests/servers/kafka.ts";
import { freshTopic, makeTopic } from "../tests/sources/kafka/topics.ts";
import { flag } from "./_measure.ts";

const readings = Number(flag("readings", "100000")), liveRounds = Number(flag("rounds", "600"));
const PARTITIONS = 12, START = 1_790_000_000_000, PATIENCE_MS = 600_000;
/** Rounds above the limit, then as many below it; and the time between two rounds, ms. */
const STRETCH = 50, ROUND_MS = 50;

const broker = await kafkaBroker();

/** Epochs of shared models as usual: in the chaos they are shorter. */
const USUAL = { ...JUDGING, forest: { everyMs: 300_000 }, federation: { everyMs: 1_800_000 } };

/** Processor time of a process so far, s. */
function processorOf(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100; // user and system, in hundredths
}

function messagesOf(round: number, names: readonly string[][]) {
  const x = Math.floor(round / STRETCH) % 2 === 0 ? 40 + round % 7 : 95;
  return names.map((mine) => {
    const sensor = mine[round % mine.length];
    const value = JSON.stringify({ sensor, time: START + round * 1_000, type: "pump", values: { x } });
    return { key: sensor, value };
  });
}

/** Notes the time from each alert's reading to the alert at a follower, ms; until the process ends. */
async function follow(url: string, sentAt: ReadonlyMap<number, number>, taken: number[]): Promise<void> {
  const answer = await fetch(`${url}/alerts/stream`);
  let text = "";
  for await (const some of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const frames = (text + some).split("\n\n");
    text = frames.pop() ?? "";
    for (const [, json] of frames.flatMap((frame) => [/^data: (\{.*\})$/m.exec(frame) ?? []])) {
      const { transition, time } = JSON.parse(json ?? "{}") as { transition?: string; time?: string | number };
      const sent = transition === "raised" ? sentAt.get(new Date(time ?? 0).getTime()) : undefined;
      if (sent !== undefined) taken.push(performance.now() - sent);
    }
  }
}

async function measure(nodes: number): Promise<void> {
  const topic = await makeTopic(broker, freshTopic("bench"), PARTITIONS), names = sensorsOf(PARTITIONS, 9);
  await using cluster = await Cluster.start(broker, { nodes, servers: 2 }, {
    topic,
    sessionMs: 10_000,
    judging: USUAL,
  });
  const producer = new KafkaProducer(broker.cluster()), rounds = Math.floor(readings / PARTITIONS);
  await producer.open([topic]);
  for (let from = 0; from < rounds; from += 500) {
    const count = Math.min(500, rounds - from);
    await producer.send(topic, Array.from({ length: count }, (_, i) => messagesOf(from + i, names)).flat());
  }
  const processor = () => ({
    nodes: cluster.nodes.reduce((sum, { pid }) => sum + processorOf(pid), 0),
    broker: processorOf(broker.pid),
    servers: cluster.servers.reduce((sum, { pid }) => sum + processorOf(pid), 0),
  });
  const judged = async () => (await cluster.shown()).reduce((sum, one) => sum + one.readings, 0);
  for (const node of cluster.nodes) node.start();
  await until("the first readings are judged", async () => await judged() > 0, PATIENCE_MS);
  const begun = performance.now(), from = await judged(), before = processor();
  const sent = () => cluster.proxies.reduce((sum, one) => sum + one.sent, 0), sentBefore = sent();
  await until("all are judged", async () => await judged() === rounds * PARTITIONS, PATIENCE_MS);
  const seconds = (performance.now() - begun) / 1_000, after = processor(), count = rounds * PARTITIONS - from;
  const micros = (key: keyof typeof after) => (1e6 * (after[key] - before[key]) / count).toFixed(1);
  console.log(
    `${nodes} node(s): ${Math.round(count / seconds)} readings/s, ` +
      `${((sent() - sentBefore) / seconds / 1e6).toFixed(2)} MB/s to the KV servers; processor time of a reading: ` +
      `nodes ${micros("nodes")}, broker ${micros("broker")}, KV servers ${micros("servers")} µs`,
  );
  const sentAt = new Map<number, number>(), taken: number[] = [];
  follow(cluster.nodes[0].url, sentAt, taken).catch(() => {}); // the node is ended
  for (let round = rounds; round < rounds + liveRounds; round++) {
    sentAt.set(START + round * 1_000, performance.now());
    await producer.send(topic, messagesOf(round, names));
    await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
  }
  await until("all are judged", async () => await judged() === (rounds + liveRounds) * PARTITIONS, PATIENCE_MS);
  await new Promise((resolve) => setTimeout(resolve, 3_000)); // the last ones are committed and told
  taken.sort((a, b) => a - b);
  const at = (share: number) => Math.round(taken[Math.floor(share * taken.length)] ?? NaN);
  console.log(
    `${nodes} node(s): reading to alert ${at(0.5)} ms (half), ${at(0.99)} ms (99 of 100), ${taken.length} alerts`,
  );
  await producer.close();
}

for (const nodes of [1, 2]) await measure(nodes);
