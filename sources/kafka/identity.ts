/**
 * What a Kafka source remembers: which topics it reads, and where the very first reading of each partition began.
 *
 * @module
 */
import { z } from "zod";
import { SourceError, type SourceMemory } from "../../actors/ports.ts";
import type { TopicShape } from "./client.ts";

const whole = z.number().int().nonnegative();
const recordSchema = z.object({
  topics: z.record(
    z.string(),
    z.object({
      /** The cluster's own id of the topic. */
      id: z.string(),
      /** By partition: where its very first reading began. */
      begin: z.array(whole),
    }),
  ),
});
type TopicRecord = z.infer<typeof recordSchema>["topics"][string];

/** Remembers topics, in a source's memory. */
export class TopicMemory {
  #topics: Record<string, TopicRecord> = {};

  private constructor(private readonly memory: SourceMemory) {}

  /** Reads what was recorded earlier. */
  static async load(memory: SourceMemory): Promise<TopicMemory> {
    const topics = new TopicMemory(memory), record = await memory.load();
    if (record !== undefined) topics.#topics = { ...recordSchema.parse(record).topics };
    return topics;
  }

  /**
   * Takes a topic as it is now: the same as ever, or new, or with more partitions, which is recorded.
   *
   * @param beginOf where reading begins in a partition that was not there before
   * @returns by partition where its very first reading began
   * @throws {SourceError} if the topic was deleted and made again, or has fewer partitions: its offsets mean other messages
   */
  async take(
    topic: string,
    shape: TopicShape,
    beginOf: (partition: number) => Promise<number>,
  ): Promise<readonly number[]> {
    const known = this.#topics[topic];
    if (known !== undefined && (known.id !== shape.id || known.begin.length > shape.partitions)) {
      throw new SourceError(
        `the topic ${
          JSON.stringify(topic)
        } was deleted and made again since it was last read, so that its offsets mean ` +
          "other messages now: begin with another data directory",
      );
    }
    const begin = [...known?.begin ?? []];
    while (begin.length < shape.partitions) begin.push(await beginOf(begin.length));
    if (known?.begin.length !== begin.length) {
      this.#topics = { ...this.#topics, [topic]: { id: shape.id, begin } };
      await this.memory.save({ topics: this.#topics });
    }
    return begin;
  }
}
