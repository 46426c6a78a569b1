/**
 * Reads a topic to look at it: every partition from a beginning to its end, or on and on. Leaves no trace in Kafka.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import type { KafkaCluster } from "./address.ts";
import { closeQuietly, describeTopics, makeConsumer } from "./client.ts";
import { KafkaError } from "./errors.ts";
import { Fetcher } from "./fetcher.ts";
import type { RawMessage } from "./messages.ts";

/** How a topic is read. */
export interface ReadOptions {
  readonly begin: "earliest" | "latest";
  /** Whether to wait for more at the end. */
  readonly follow: boolean;
  readonly clock: Clock;
}

/** Longest wait for a message, ms. */
const WAIT_MS = 500;
/** Bytes of an answer. */
const BYTES = 1 << 20;
/** Time before something that failed is tried again, ms. */
const AGAIN_MS = 500;

/** A message and where it stood. */
export interface ReadMessage {
  readonly partition: number;
  readonly message: RawMessage;
}

/** Reads a topic; see the module. */
export class TopicReader {
  constructor(
    private readonly cluster: KafkaCluster,
    private readonly topic: string,
    private readonly options: ReadOptions,
  ) {}

  /**
   * The messages, partition after partition; followed, in turns.
   *
   * @throws {KafkaError} one sentence: a wrong address or password, a topic that is missing
   */
  async *read(signal: AbortSignal): AsyncGenerator<ReadMessage> {
    const { cluster, topic } = this, client = makeConsumer(cluster, "sensorium");
    const shape = (await describeTopics(client, cluster, [topic]).finally(() => closeQuietly(client))).get(topic);
    if (shape === undefined) return;
    const fetchers = Array.from(
      { length: shape.partitions },
      (_, partition) => new Fetcher({ cluster, topic, topicId: shape.id, partition, waitMs: WAIT_MS, bytes: BYTES }),
    );
    try {
      const ranges = await Promise.all(fetchers.map((fetcher) => fetcher.range()));
      const places = ranges.map(({ first, end }) => this.options.begin === "latest" ? end : first);
      if (this.options.follow) return yield* this.#follow(fetchers, places, signal);
      for (const [partition, fetcher] of fetchers.entries()) {
        for (let at = places[partition]; at < ranges[partition].end && !signal.aborted;) {
          const { messages, next } = await fetcher.fetch(at);
          for (const message of messages) if (message.offset < ranges[partition].end) yield { partition, message };
          at = next;
        }
      }
    } finally {
      await Promise.all(fetchers.map((fetcher) => fetcher.close()));
    }
  }

  /** All partitions at once, each one answer ahead. */
  async *#follow(fetchers: readonly Fetcher[], places: number[], signal: AbortSignal): AsyncGenerator<ReadMessage> {
    const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
    const ask = async (partition: number) => {
      for (;;) {
        try {
          return { partition, ...await fetchers[partition].fetch(places[partition]) };
        } catch (error) {
          if (!(error instanceof KafkaError) || error.trouble === "topic") throw error;
          await this.options.clock.sleep(AGAIN_MS, signal); // a broker that starts again
        }
      }
    };
    const asked = new Map(fetchers.map((_, partition) => [partition, ask(partition)]));
    for (const answer of asked.values()) answer.catch(() => {}); // thrown where it is awaited
    while (!signal.aborted) {
      const answer = await Promise.race([...asked.values(), aborted]).catch((error) => {
        if (!signal.aborted) throw error;
      });
      if (answer === undefined) return;
      const { partition, messages, next } = answer;
      places[partition] = next;
      const again = ask(partition);
      again.catch(() => {});
      asked.set(partition, again);
      for (const message of messages) yield { partition, message };
    }
  }
}
