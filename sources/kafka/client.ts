/**
 * Connections to a cluster, as the parts of this folder need them: with deadlines, and with errors that a person can read.
 *
 * @module
 */
import { Admin, type BaseOptions, Consumer, type GroupOptions, Producer } from "@platformatic/kafka";
import type { Buffer } from "node:buffer";
import type { KafkaCluster } from "./address.ts";
import { type Attempt, explainKafka, KafkaError } from "./errors.ts";

/** Longest time to connect, ms. */
const CONNECT_MS = 5_000;
/** Longest wait for an answer to one request, ms; a long poll has to fit in. */
const REQUEST_MS = 15_000;

/** Producer of raw bytes. */
export type RawProducer = Producer<Buffer, Buffer, Buffer, Buffer>;
/** Consumer of raw bytes. */
export type RawConsumer = Consumer<Buffer, Buffer, Buffer, Buffer>;
/** What only a consumer is told. */
export type RawConsumerOptions = GroupOptions & Pick<BaseOptions, "retries" | "retryDelay"> & {
  readonly maxWaitTime?: number;
};

/** What every kind of client is told. */
function base({ brokers, tls, login, clientId = "sensorium" }: KafkaCluster) {
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    connectTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    autocreateTopics: false,
    ...(tls === undefined ? {} : { tls: { ...tls } }),
    ...(login === undefined
      ? {}
      : { sasl: { mechanism: login.mechanism, username: login.user, password: login.password } }),
  };
}

/**
 * A consumer.
 *
 * Without options it tries everything once: who waits and how often is its user's to decide.
 */
export function makeConsumer(
  cluster: KafkaCluster,
  groupId: string,
  options: RawConsumerOptions = {},
): RawConsumer {
  return new Consumer<Buffer, Buffer, Buffer, Buffer>({
    ...base(cluster),
    groupId,
    retries: 0,
    autocommit: false,
    ...options,
  });
}

/** A client for questions about topics and groups. */
export function makeAdmin(cluster: KafkaCluster): Admin {
  return new Admin({ ...base(cluster), retries: 2, retryDelay: 250 });
}

/** Time between two attempts of a producer, ms. */
const SEND_DELAY_MS = 250;

/**
 * A producer that sends every message once, also where it has to try again.
 *
 * @param patienceMs it tries again for about so long
 */
export function makeProducer(cluster: KafkaCluster, patienceMs: number): RawProducer {
  return new Producer<Buffer, Buffer, Buffer, Buffer>({
    ...base(cluster),
    idempotent: true,
    retries: Math.ceil(patienceMs / SEND_DELAY_MS),
    retryDelay: SEND_DELAY_MS,
  });
}

/** A topic as the cluster describes it. */
export interface TopicShape {
  /** The cluster's own id of it: another one after it was deleted and made again. */
  readonly id: string;
  readonly partitions: number;
}

/** What a cluster says of topics; any client can ask. */
interface Knows {
  metadata(options: { topics: string[]; forceUpdate?: boolean; retries?: number }): Promise<{
    readonly topics: ReadonlyMap<string, { readonly id: string; readonly partitionsCount: number } | undefined>;
  }>;
}

/**
 * Looks at topics.
 *
 * @throws {KafkaError} if the cluster cannot be reached or logged in to, or a topic is not there
 */
export async function describeTopics(
  client: Knows,
  cluster: KafkaCluster,
  topics: readonly string[],
  deadlineMs = 3 * CONNECT_MS,
): Promise<Map<string, TopicShape>> {
  const shapes = new Map<string, TopicShape>();
  for (const topic of topics) {
    const attempt = { cluster, action: `look at the topic ${JSON.stringify(topic)}`, topic };
    const known = await asked(
      () => client.metadata({ topics: [topic], forceUpdate: true, retries: 0 }),
      attempt,
      deadlineMs,
    );
    const shape = known.topics.get(topic);
    if (shape === undefined) throw explainKafka(new Error(`Unknown topic ${topic}.`), attempt);
    shapes.set(topic, { id: shape.id, partitions: shape.partitionsCount });
  }
  return shapes;
}

/** Looks at a partition whose leader is just being chosen, as in a topic that was just made, and the time between them, ms. */
const LOOKS = 25, LOOK_MS = 200;

/**
 * An offset of a partition.
 *
 * @param place −2 for the first that is there, −1 for the one behind the last, else a time, epoch ms
 * @throws {KafkaError}
 */
export async function offsetAt(
  client: RawConsumer,
  cluster: KafkaCluster,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  place: number,
): Promise<number> {
  const attempt = { cluster, action: `read the topic ${JSON.stringify(topic)}, partition ${partition},`, topic };
  const question = { topics: [topic], partitions: { [topic]: [partition] }, timestamp: BigInt(place) };
  for (let look = 1;; look++) {
    try {
      const offsets = await asked(() => client.listOffsets(question), attempt, 3 * CONNECT_MS);
      return Number(offsets.get(topic)?.[partition] ?? 0);
    } catch (error) {
      if (!(error instanceof KafkaError) || error.trouble !== "moving" || look >= LOOKS) throw error;
      client.clearMetadata();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

/**
 * The answer, or a sentence why there is none.
 *
 * @param deadlineMs longest wait; a client that cannot log in may never settle by itself
 * @throws {KafkaError}
 */
export async function asked<T>(ask: () => Promise<T>, attempt: Attempt, deadlineMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer: timed out after ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    const answer = ask();
    answer.catch(() => {}); // its late failure is nobody's
    return await Promise.race([answer, late]);
  } catch (error) {
    throw explainKafka(error, attempt);
  } finally {
    clearTimeout(timer);
  }
}

/** Closes a client; what it says then is of no use any more. */
export async function closeQuietly(client: Admin | RawConsumer | RawProducer): Promise<void> {
  // A consumer and a producer end what is under way only when they are told to.
  const closing = client instanceof Admin ? client.close() : client.close(true);
  await closing.catch(() => {});
}
