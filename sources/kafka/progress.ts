/**
 * Offsets written back to Kafka, so that its lag tools show how far a group is. Nothing is ever read from them: the
 * positions that count are those of the checkpoints.
 *
 * @module
 */
import type { KafkaCluster } from "./address.ts";
import { closeQuietly, makeAdmin } from "./client.ts";
import { explainKafka } from "./errors.ts";

/** An offset up to which a partition was stored. */
export interface Progress {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Writes offsets for a group; rejects if it cannot. */
export type WriteProgress = (progress: readonly Progress[]) => Promise<void>;

/** Least time between two writes, ms. */
const WRITE_MS = 5_000;

/** Gathers offsets and writes the latest of each partition, now and then. */
export class ProgressWriter {
  readonly #latest = new Map<string, Progress>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #said = false;

  /** @param report told once, if it cannot be written: that disturbs nothing but the lag tools */
  constructor(private readonly write: WriteProgress, private readonly report: (sentence: string) => void) {}

  /** Takes an offset; it is written with the next ones. */
  note(progress: Progress): void {
    this.#latest.set(`${progress.topic}/${progress.partition}`, progress);
    this.#timer ??= setTimeout(() => this.flush(), WRITE_MS);
  }

  /** Writes what is gathered, now. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const due = [...this.#latest.values()];
    this.#latest.clear();
    if (due.length === 0) return this.#writing;
    return this.#writing = this.#writing.then(() => this.write(due)).catch((error) => {
      if (!this.#said) this.report(`Kafka's lag tools do not see this group: ${error.message}`);
      this.#said = true;
    });
  }
}

/** Writes offsets of a group that nobody has joined, and closes its connection. */
export function groupProgress(cluster: KafkaCluster, groupId: string): WriteProgress & { close(): Promise<void> } {
  let admin: ReturnType<typeof makeAdmin> | undefined;
  const write: WriteProgress = async (progress) => {
    admin ??= makeAdmin(cluster);
    const topics = [...Map.groupBy(progress, ({ topic }) => topic)].map(([name, list]) => ({
      name,
      partitionOffsets: list.map(({ partition, offset }) => ({ partition, offset: BigInt(offset) })),
    }));
    try {
      await admin.alterConsumerGroupOffsets({ groupId, topics });
    } catch (error) {
      throw explainKafka(error, { cluster, action: `write the offsets of the group ${JSON.stringify(groupId)}` });
    }
  };
  return Object.assign(write, {
    close: async () => {
      if (admin !== undefined) await closeQuietly(admin);
    },
  });
}
