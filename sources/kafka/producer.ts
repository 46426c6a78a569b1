/**
 * Sends messages: each once and in order for its key, also where a broker goes away meanwhile.
 *
 * Messages are sorted to partitions as the Java clients do it, and each partition's go in a request of their own: one
 * that waits for its leader holds up no other, and is repeated alone.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { KafkaCluster } from "./address.ts";
import { asked, closeQuietly, describeTopics, makeProducer, type RawProducer } from "./client.ts";
import { partitionOfKey } from "./partitioner.ts";

/** A message to send. */
export interface OutgoingMessage {
  readonly key: string;
  /** Its value, as text. */
  readonly value: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Epoch ms; default: when it is sent. */
  readonly timestamp?: number;
  /** Number of its partition; default: where its key goes. */
  readonly partition?: number;
}

/** Where messages are sent to. */
export interface MessageSender {
  /**
   * Resolves once every in-sync replica has them.
   *
   * @throws {KafkaError} if they could not be sent in the time that the sender has for it
   */
  send(topic: string, messages: readonly OutgoingMessage[]): Promise<void>;
}

/** Bytes of one request at the most, but for a single message that is larger; brokers take 1 MiB by default. */
const REQUEST_BYTES = 768 << 10;
/** Longer than a broker takes to come back, ms. */
const PATIENCE_MS = 30_000;
/** Longest wait for the answer to one attempt, ms, on top of the patience. */
const ANSWER_MS = 30_000;
/** Bytes of a message beside its key, value and headers, generously. */
const OVERHEAD_BYTES = 64;

type Prepared = Parameters<RawProducer["send"]>[0]["messages"][number];

/** A producer of one cluster. */
export class KafkaProducer implements MessageSender {
  readonly #client: RawProducer;
  readonly #partitions = new Map<string, number>();

  /** @param patienceMs a request is tried again for about so long, when a broker is away; default 30,000 */
  constructor(private readonly cluster: KafkaCluster, private readonly patienceMs: number = PATIENCE_MS) {
    this.#client = makeProducer(cluster, patienceMs);
  }

  /**
   * Looks at topics before anything is sent: a client that cannot reach or log in to a broker would not say so by itself.
   *
   * @throws {KafkaError} one sentence: a wrong address or password, a topic that is missing
   */
  async open(topics: readonly string[]): Promise<void> {
    for (const [topic, { partitions }] of await describeTopics(this.#client, this.cluster, topics)) {
      this.#partitions.set(topic, partitions);
    }
  }

  async send(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    if (!this.#partitions.has(topic)) await this.open([topic]);
    const partitions = this.#partitions.get(topic) ?? 1;
    const sorted = Map.groupBy(messages.map(prepare(topic, partitions)), ({ partition }) => partition);
    const results = await Promise.allSettled([...sorted.values()].map((list) => this.#sendAll(topic, list)));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  /** Sends one partition's messages in order, request after request. */
  async #sendAll(topic: string, messages: readonly Prepared[]): Promise<void> {
    const attempt = { cluster: this.cluster, action: `write to the topic ${JSON.stringify(topic)}`, topic };
    for (const part of parts(messages)) {
      await asked(() => this.#client.send({ messages: part, acks: -1 }), attempt, this.patienceMs + ANSWER_MS);
    }
  }

  /** Ends the connection. */
  close(): Promise<void> {
    return closeQuietly(this.#client);
  }
}

function prepare(topic: string, partitions: number): (message: OutgoingMessage) => Prepared {
  return ({ key, value, headers, timestamp, partition }) => {
    const name = Buffer.from(key);
    return {
      topic,
      partition: partition ?? partitionOfKey(name, partitions),
      key: name,
      value: Buffer.from(value),
      ...(headers === undefined ? {} : { headers: headersOf(headers) }),
      ...(timestamp === undefined ? {} : { timestamp: BigInt(timestamp) }),
    };
  };
}

function headersOf(headers: Readonly<Record<string, string>>): Map<Buffer, Buffer> {
  return new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)]));
}

/** Cuts messages into requests that brokers take. */
function* parts(messages: readonly Prepared[]): Generator<Prepared[]> {
  let part: Prepared[] = [], bytes = 0;
  for (const message of messages) {
    const size = (message.value?.length ?? 0) + (message.key?.length ?? 0) + headerBytes(message) + OVERHEAD_BYTES;
    if (part.length > 0 && bytes + size > REQUEST_BYTES) {
      yield part;
      part = [], bytes = 0;
    }
    part.push(message);
    bytes += size;
  }
  if (part.length > 0) yield part;
}

function headerBytes({ headers }: Prepared): number {
  if (!(headers instanceof Map)) return 0;
  return [...headers].reduce((sum, [name, text]) => sum + name.length + text.length + 4, 0);
}
