/**
 * Sending to a real broker: the Java clients' partitions, order, headers, large amounts, a broker that goes away.
 *
 * @module
 */
import { systemClock } from "../../../commands/process/clock.ts";
import { partitionOfKey } from "../../../sources/kafka/partitioner.ts";
import { KafkaProducer, type OutgoingMessage } from "../../../sources/kafka/producer.ts";
import { type ReadMessage, TopicReader } from "../../../sources/kafka/reader.ts";
import { assertEquals } from "../../../std/assert.ts";
import { type KafkaBroker, kafkaBroker } from "../../servers/kafka.ts";
import { need, testWith } from "../../servers/needed.ts";
import { freshTopic, makeTopic } from "./topics.ts";

const needed = await need("Kafka", kafkaBroker);
const text = new TextDecoder();

/** Everything that is in a topic. */
async function contents(broker: KafkaBroker, topic: string): Promise<ReadMessage[]> {
  const reader = new TopicReader(broker.cluster(), topic, { begin: "earliest", follow: false, clock: systemClock });
  return await Array.fromAsync(reader.read(new AbortController().signal));
}

testWith(
  needed,
  "KafkaProducer.send() keeps each key's order, in the partition of the Java clients",
  async (broker) => {
    const topic = await makeTopic(broker, freshTopic(), 3), producer = new KafkaProducer(broker.cluster());
    const messages: OutgoingMessage[] = Array.from({ length: 300 }, (_, i) => ({
      key: `sensor-${i % 17}`,
      value: `{"i":${i},"pad":"${"x".repeat(10_000)}"}`, // 3 MB: several requests a partition
      headers: { ce_id: `id-${i}` },
      timestamp: 1_790_000_000_000 + i,
    }));
    await producer.open([topic]);
    await producer.send(topic, messages.slice(0, 150));
    await producer.send(topic, messages.slice(150));
    await producer.close();
    const found = await contents(broker, topic);
    assertEquals(found.length, messages.length);
    for (const { partition, message: { key } } of found) {
      assertEquals(
        partitionOfKey(key ?? new Uint8Array(), 3),
        partition,
      );
    }
    const byKey = Map.groupBy(found, ({ message }) => text.decode(message.key ?? undefined));
    for (const [key, list] of byKey) {
      const sent = messages.filter((message) => message.key === key);
      assertEquals(list.map(({ message }) => text.decode(message.value ?? undefined)), sent.map(({ value }) => value));
      assertEquals(list.map(({ message }) => message.timestamp), sent.map(({ timestamp }) => timestamp));
      assertEquals(
        list.map(({ message }) =>
          (message.headers ?? []).map(([name, id]) => [text.decode(name ?? undefined), text.decode(id ?? undefined)])
        ),
        sent.map(({ headers }) => Object.entries(headers ?? {})),
      );
    }
  },
);
