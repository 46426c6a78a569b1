/**
 * Topics of a real broker, for tests: made, filled, grown, emptied.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Admin, Producer } from "@platformatic/kafka";
import type { KafkaBroker } from "../../servers/kafka.ts";

/** A message to put into a topic. */
export interface Put {
  readonly key?: string;
  /** A text as it is, anything else as JSON; null for none. */
  readonly value: unknown;
  readonly partition?: number;
  readonly timestamp?: number;
}

/** A name that no topic has yet. */
export function freshTopic(word = "readings"): string {
  return `${word}-${crypto.randomUUID().slice(0, 8)}`;
}

/** Brokers, as far as topics go. */
type Reached = Pick<KafkaBroker, "cluster">;

function connection(broker: Reached) {
  return { bootstrapBrokers: [...broker.cluster().brokers], clientId: "tests", retries: 40, retryDelay: 250 };
}

async function withAdmin<T>(broker: Reached, run: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin(connection(broker));
  try {
    return await run(admin);
  } finally {
    await admin.close();
  }
}

/** Makes a topic, and waits until a broker knows it: a while after the controller. */
export async function makeTopic(broker: Reached, topic: string, partitions = 1, replicas = 1): Promise<string> {
  await withAdmin(broker, async (admin) => {
    await admin.createTopics({ topics: [topic], partitions, replicas });
    await admin.metadata({ topics: [topic], forceUpdate: true });
  });
  return topic;
}

/** Deletes it. */
export function deleteTopic(broker: KafkaBroker, topic: string): Promise<void> {
  return withAdmin(broker, (admin) => admin.deleteTopics({ topics: [topic] }));
}

/** Gives it one more partition, or so many. */
export function growTopic(broker: KafkaBroker, topic: string, from: number, more = 1): Promise<void> {
  const assignments = Array.from({ length: more }, () => ({ brokerIds: [1] }));
  return withAdmin(
    broker,
    (admin) => admin.createPartitions({ topics: [{ name: topic, count: from + more, assignments }] }),
  );
}

/** Deletes everything before an offset, as retention would. */
export async function cutTopic(broker: KafkaBroker, topic: string, partition: number, offset: number): Promise<void> {
  await withAdmin(
    broker,
    (admin) => admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition, offset: BigInt(offset) }] }] }),
  );
}

/** Puts messages into a topic, in order for each partition (0 where none is named). */
export async function put(broker: KafkaBroker, topic: string, messages: readonly Put[]): Promise<void> {
  const producer = new Producer(connection(broker));
  try {
    for (const [partition, list] of Map.groupBy(messages, ({ partition = 0 }) => partition)) {
      await producer.send({
        acks: -1,
        messages: list.map(({ key, value, timestamp }) => ({
          topic,
          partition,
          ...(key === undefined ? {} : { key: Buffer.from(key) }),
          ...(value === null ? {} : { value: Buffer.from(typeof value === "string" ? value : JSON.stringify(value)) }),
          ...(timestamp === undefined ? {} : { timestamp: BigInt(timestamp) }),
        })),
      });
    }
  } finally {
    await producer.close();
  }
}

/** The offset that a group has committed; −1 for none. */
export function committedOffset(broker: KafkaBroker, group: string, topic: string, partition: number): Promise<number> {
  return withAdmin(broker, async (admin) => {
    const groups = await admin.listConsumerGroupOffsets({
      groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: [partition] }] }],
    });
    return Number(groups[0]?.topics[0]?.partitions[0]?.committedOffset ?? -1);
  });
}
