/**
 * Kafka, broker included: messages sent, read, and taken through features, windows and checkpoints.
 *
 *     deno run -A --config tests/deno.json bench/kafka.ts [--messages=300000] [--sensors=1000] [--partitions=4] [--array=100]
 *         [--shards=1] [--detectors=full]
 *
 * A real broker is started on this machine (Java and Maven are needed) and shares its cores; its time of the processor is
 * not in what is said of ours. Each way is measured with one reading a message, then with arrays.
 *
 * @module
 */
import { judgingSchema } from "../actors/config.ts";
import type { SourcePartition } from "../actors/ports.ts";
import { systemClock as clock } from "../commands/process/clock.ts";
import { Engine } from "../commands/instance/engine.ts";
import { makeAdmin } from "../sources/kafka/client.ts";
import { partitionOfKey } from "../sources/kafka/partitioner.ts";
import { KafkaProducer, type OutgoingMessage } from "../sources/kafka/producer.ts";
import { KafkaSource } from "../sources/kafka/source.ts";
import { kafkaBroker } from "../tests/servers/kafka.ts";
import { flag, measure, residentMiB, say } from "./_measure.ts";

const messages = Number(flag("messages", "300000")), sensors = Number(flag("sensors", "1000"));
const partitions = Number(flag("partitions", "4")), array = Number(flag("array", "100"));
const shards = Number(flag("shards", "1")), detectors = flag("detectors", "full");
/** Readings of one call of the producer. */
const SENT_TOGETHER = 10_000;

const broker = await kafkaBroker(), cluster = broker.cluster();
const memory = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
const first = Date.now() - messages / sensors * 1000;

/** Reading `i`: the sensors take turns, a second apart, four channels. */
function reading(i: number): object {
  const sensor = `sensor-${i % sensors}`, time = first + Math.floor(i / sensors) * 1000, x = i % 997;
  return {
    sensor,
    time,
    values: { temperature: 20 + x / 100, humidity: 40 + x / 50, pressure: 1000 + x / 10, flow: x / 7 },
  };
}

async function topicOf(name: string): Promise<string> {
  const topic = `${name}-${crypto.randomUUID().slice(0, 8)}`, admin = makeAdmin(cluster);
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 });
  await admin.close();
  return topic;
}

/** Messages of readings from `from` on: one each, or arrays of one partition's sensors under one key. */
function* sent(size: number): Generator<OutgoingMessage[]> {
  for (let from = 0; from < messages; from += SENT_TOGETHER) {
    const some = Array.from({ length: Math.min(SENT_TOGETHER, messages - from) }, (_, i) => reading(from + i));
    if (size === 1) yield some.map((one) => ({ key: (one as { sensor: string }).sensor, value: JSON.stringify(one) }));
    else {
      // an array holds sensors of one gateway, whose name is the key: so a sensor stays in one partition
      const gateways = Map.groupBy(
        some.map((one, i) => [one, (from + i) % sensors % 16] as const),
        ([, gateway]) => gateway,
      );
      yield [...gateways].flatMap(([gateway, list]) => {
        const arrays: OutgoingMessage[] = [];
        for (let at = 0; at < list.length; at += size) {
          arrays.push({
            key: `gateway-${gateway}`,
            value: JSON.stringify(list.slice(at, at + size).map(([one]) => one)),
          });
        }
        return arrays;
      });
    }
  }
}

/** Reads everything that is in a topic, without judging it. */
async function readTopic(topic: string): Promise<void> {
  const source = new KafkaSource({ cluster, topics: [topic], clock }), stop = new AbortController();
  let readings = 0;
  const drain = async (partition: SourcePartition) => {
    for await (const chunk of partition.read(0, stop.signal)) {
      if (chunk.kind === "readings") readings += chunk.items.length;
      if (readings >= messages) stop.abort();
    }
  };
  await Promise.all((await source.open(memory)).map(drain));
  await source.close();
}

/** How long a message takes from being sent to being read, one at a time; sorted, ms. */
async function delays(count: number): Promise<number[]> {
  const topic = await topicOf("delay"), producer = new KafkaProducer(cluster), stop = new AbortController();
  const source = new KafkaSource({ cluster, topics: [topic], clock });
  await producer.open([topic]);
  const [partition] = await source.open(memory),
    key = keyOf(0),
    chunks = partition.read(0, stop.signal)[Symbol.asyncIterator]();
  const taken: number[] = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now(), next = chunks.next();
    await producer.send(topic, [{ key, value: JSON.stringify(reading(i)) }]);
    await next;
    taken.push(performance.now() - begun);
  }
  stop.abort();
  await chunks.return?.(undefined);
  await Promise.all([source.close(), producer.close()]);
  return taken.sort((a, b) => a - b);
}

/** A key that goes to a partition. */
function keyOf(partition: number): string {
  const encoder = new TextEncoder();
  for (let i = 0;; i++) if (partitionOfKey(encoder.encode(`key-${i}`), partitions) === partition) return `key-${i}`;
}

/** Takes everything that is in a topic through the sensors, to the last checkpoint. */
async function judgeTopic(topic: string): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "sensorium-bench-" }), stop = new AbortController();
  const engine = await Engine.open({
    dataDir,
    judging: judgingSchema.parse({ detectors }),
    shards,
    clock,
    failed: (_, error) => console.error(error),
  });
  const running = engine.run(new KafkaSource({ cluster, topics: [topic], clock }), stop.signal);
  const count = () => engine.supervisor.runs.reduce((sum, run) => sum + run.readings + run.counts.refused, 0);
  while (count() < messages) await clock.sleep(5);
  stop.abort();
  await running;
  await engine.close();
  await Deno.remove(dataDir, { recursive: true });
}

for (const size of [1, array]) {
  const topic = await topicOf("bench"),
    producer = new KafkaProducer(cluster),
    what = size === 1 ? "one a message" : `arrays of ${size}`;
  await producer.open([topic]);
  say(
    `sent, ${what}`,
    messages,
    await measure(async () => {
      for (const some of sent(size)) await producer.send(topic, some);
    }),
  );
  await producer.close();
  say(`read, ${what}`, messages, await measure(() => readTopic(topic)));
  say(`judged and stored, ${what}`, messages, await measure(() => judgeTopic(topic)));
}
const taken = await delays(300);
console.log(`sent to read: p50 ${taken[150].toFixed(1)} ms, p99 ${taken[297].toFixed(1)} ms`);
console.log(
  `${messages.toLocaleString("en")} readings of ${sensors} sensors in ${partitions} partitions, ${shards} shards, ${
    residentMiB().toFixed(0)
  } MiB resident`,
);
Deno.exit();
