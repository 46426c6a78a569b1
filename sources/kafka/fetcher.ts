/**
 * Fetches one partition, an answer at a time: over a connection of its own, so that a partition that is paused, or waits
 * for messages, holds up no other one.
 *
 * @module
 */
import type { KafkaCluster } from "./address.ts";
import { type Aborted, type Batch, messagesOf } from "./batches.ts";
import { closeQuietly, makeConsumer, offsetAt, type RawConsumer } from "./client.ts";
import { explainKafka, KafkaError } from "./errors.ts";
import type { RawMessage } from "./messages.ts";
import { safeOffset } from "./positions.ts";

/** A piece of a partition. */
export interface Fetched {
  readonly messages: readonly RawMessage[];
  /** The offset that follows. */
  readonly next: number;
  /** The offset behind the last one that can be read, as of the answer; absent where the broker does not say. */
  readonly end?: number;
}

/** A partition of a topic, and how it is fetched. */
export interface FetchOptions {
  readonly cluster: KafkaCluster;
  readonly topic: string;
  /** The cluster's id of the topic, as it was when the source was opened. */
  readonly topicId: string;
  readonly partition: number;
  /** Longest wait of the broker for a first message, ms. */
  readonly waitMs: number;
  /** Bytes of an answer, but for a batch that is larger. */
  readonly bytes: number;
}

/** Only what is committed: messages of transactions under way wait for their end. */
const COMMITTED = 1;

/** Fetches a partition; see the module. */
export class Fetcher {
  readonly #consumer: RawConsumer;

  constructor(private readonly options: FetchOptions) {
    const { cluster } = options;
    this.#consumer = makeConsumer(cluster, "sensorium", { maxWaitTime: options.waitMs });
    this.#consumer.topics.trackAll(options.topic);
  }

  /**
   * The messages from an offset on; none if there are none after the wait.
   *
   * @throws {KafkaError} of kind `range` if the offset is not there, `topic` if the topic is gone or is another one now,
   * and of other kinds for what may pass
   */
  async fetch(offset: number): Promise<Fetched> {
    const { topic, topicId, partition, waitMs, bytes } = this.options;
    try {
      const { topics } = await this.#consumer.metadata({ topics: [topic] });
      const known = topics.get(topic), node = known?.partitions[partition]?.leader ?? -1;
      if (known === undefined || known.id !== topicId) throw this.#another();
      if (node < 0) throw new Error(`the partition has no leader: closed for now`);
      const answer = await this.#consumer.fetch({
        node,
        maxWaitTime: waitMs,
        minBytes: 1,
        maxBytes: bytes,
        isolationLevel: COMMITTED,
        topics: [{
          topicId,
          partitions: [{
            partition,
            fetchOffset: BigInt(offset),
            partitionMaxBytes: bytes,
            currentLeaderEpoch: -1,
            lastFetchedEpoch: -1,
          }],
        }],
      });
      const found = answer.responses.find((one) => one.topicId === topicId)?.partitions
        .find((one) => one.partitionIndex === partition);
      const batches: readonly Batch[] = found?.records ?? [];
      const aborted: readonly Aborted[] = found?.abortedTransactions ?? [];
      const end = found === undefined ? {} : { end: safeOffset(found.lastStableOffset) };
      return { ...messagesOf(batches, aborted, offset), ...end };
    } catch (error) {
      this.#consumer.clearMetadata();
      throw explainKafka(error, this.#attempt());
    }
  }

  #attempt() {
    const { cluster, topic, partition } = this.options;
    return { cluster, action: `read the topic ${JSON.stringify(topic)}, partition ${partition},`, topic };
  }

  #another(): KafkaError {
    const { topic } = this.options;
    return new KafkaError(`the topic ${JSON.stringify(topic)} was deleted and made again`, "topic");
  }

  /**
   * The least and the greatest offset that can be read from, now.
   *
   * @throws {KafkaError}
   */
  async range(): Promise<{ readonly first: number; readonly end: number }> {
    const { cluster } = this.options;
    const [first, end] = await Promise.all(
      [-2, -1].map((place) => offsetAt(this.#consumer, cluster, this.options, place)),
    );
    return { first, end };
  }

  /** Ends the connection; a fetch under way fails. */
  close(): Promise<void> {
    return closeQuietly(this.#consumer);
  }
}
