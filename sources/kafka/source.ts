/**
 * Kafka as a source: topics whose partitions are source partitions.
 *
 * Without a group this process reads every partition, and those that are added while it runs. In a group it reads those
 * that the group gives it. Positions live with the state in the checkpoint, see `positions.ts`.
 *
 * @module
 */
import {
  type Assignment,
  type Clock,
  type Source,
  SourceError,
  type SourceMemory,
  type SourcePartition,
} from "../../actors/ports.ts";
import type { Mapping } from "../mapping.ts";
import type { KafkaCluster } from "./address.ts";
import { Assignments } from "./assignments.ts";
import { closeQuietly, describeTopics, makeConsumer, offsetAt, type RawConsumer } from "./client.ts";
import { TopicMemory } from "./identity.ts";
import { type GroupOptions, Membership, SESSION_MS, type TopicPartition } from "./membership.ts";
import { KafkaPartition, type LostPolicy } from "./partition.ts";
import { groupProgress, ProgressWriter } from "./progress.ts";

/** What is read, and how. */
export interface KafkaSourceOptions {
  readonly cluster: KafkaCluster;
  /** At least one. */
  readonly topics: readonly string[];
  /** How records become readings, for topics that do not speak for themselves. */
  readonly mapping?: Mapping;
  /** Zone of stamps without one: `UTC`, an IANA name, an offset. */
  readonly zone?: string;
  /** Where a partition that was never read begins; default `earliest`. */
  readonly begin?: "earliest" | "latest";
  /** When messages are gone before they were read; default `skip`: their gap goes to quarantine, and reading goes on. */
  readonly lost?: LostPolicy;
  /** Joined, where given; else every partition is read. */
  readonly group?: GroupOptions;
  /** Under this group's name offsets are written for lag tools; default the group that is joined, or `sensorium`. */
  readonly progressGroup?: string;
  readonly clock: Clock;
  /** Told of problems that may pass, one sentence each. */
  readonly report?: (sentence: string) => void;
  /** While nothing comes, a partition ticks so often, ms; absent: never. */
  readonly tickMs?: number;
  /** Longest wait of the broker for a first message, ms; default 500. */
  readonly waitMs?: number;
  /** Bytes of one answer; two of each partition are held at the most; default 1 MiB. */
  readonly bytes?: number;
  /** Time between two looks for more partitions, ms; default 30,000. */
  readonly watchMs?: number;
}

const DEFAULTS = {
  begin: "earliest",
  lost: "skip",
  waitMs: 500,
  bytes: 1 << 20,
  watchMs: 30_000,
} as const;
type Options = KafkaSourceOptions & Required<Pick<KafkaSourceOptions, keyof typeof DEFAULTS>>;
/** Stand for the first and the end of a partition, as Kafka's protocol has them. */
const EARLIEST = -2, LATEST = -1;

/** Kafka as a source; see the module. */
export class KafkaSource implements Source {
  readonly name = "kafka";
  readonly sharedWithinMs: number | undefined;
  readonly #options: Options;
  readonly #partitions = new Map<string, KafkaPartition>();
  readonly #changes = new Assignments();
  readonly #closing = new AbortController();
  readonly #client: RawConsumer;
  readonly #progress: ProgressWriter;
  readonly #membership: Membership | undefined;
  readonly #closeProgress: () => Promise<void>;
  #memory: TopicMemory | undefined;
  #watching: Promise<void> = Promise.resolve();
  #order: Promise<unknown> = Promise.resolve();

  /** @throws {SourceError} if no topic is named */
  constructor(options: KafkaSourceOptions) {
    if (options.topics.length === 0) throw new SourceError("a Kafka source needs at least one topic");
    this.#options = { ...DEFAULTS, ...options };
    const { cluster, group, topics } = options;
    this.sharedWithinMs = group && (group.sessionMs ?? SESSION_MS);
    this.#client = makeConsumer(cluster, "sensorium");
    for (const topic of topics) this.#client.topics.trackAll(topic);
    if (group === undefined) {
      const progress = groupProgress(cluster, options.progressGroup ?? "sensorium");
      this.#progress = new ProgressWriter(progress, (sentence) => this.#report(sentence));
      this.#closeProgress = () => progress.close();
    } else {
      const membership = this.#membership = new Membership(cluster, group, topics, {
        assigned: (partitions) => void this.#inOrder(() => this.#assigned(partitions)),
        revoked: async (partitions) => {
          // in order is when it is said; how long giving up takes holds up nothing behind it
          const { given } = await this.#inOrder(() => ({ given: this.#changes.revoke(partitions.map(idOf)) }));
          await given;
        },
        report: (sentence) => this.#report(sentence),
      });
      this.#progress = new ProgressWriter(membership.progress, (sentence) => this.#report(sentence));
      this.#closeProgress = () => Promise.resolve();
    }
  }

  /**
   * Opens every partition; of a group none, those come by {@linkcode KafkaSource.assignments}.
   *
   * @throws {SourceError} one sentence: a wrong address, a wrong password, a certificate that is not trusted, a topic that
   * is missing, may not be read, or is not the one that was read before
   */
  async open(memory: SourceMemory): Promise<readonly SourcePartition[]> {
    this.#memory = await TopicMemory.load(memory);
    const all = await this.#look();
    if (this.#membership !== undefined) return [];
    await this.#mayRead(all);
    return all;
  }

  /**
   * Partitions that come and go, from {@linkcode KafkaSource.open} on and until the signal; for one taker. In a group this
   * joins it.
   *
   * @throws {SourceError} if the group may not be joined
   */
  async *assignments(signal: AbortSignal): AsyncGenerator<Assignment> {
    await this.#membership?.join();
    this.#watching = this.#watch(AbortSignal.any([signal, this.#closing.signal]));
    yield* this.#changes.take(signal);
  }

  /** Ids of all partitions, whoever reads them; none before it was opened. */
  get partitionIds(): string[] {
    return [...this.#partitions.keys()];
  }

  /** What is waited for, one sentence for each partition that cannot be read right now. */
  problems(): string[] {
    return [...this.#partitions.values()].flatMap(({ problem }) => problem === undefined ? [] : [problem]);
  }

  /** Position up to which all partitions together were fetched. */
  get takenIn(): number {
    return [...this.#partitions.values()].reduce((sum, { takenIn }) => sum + takenIn, 0);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#watching;
    await this.#progress.flush();
    await this.#closeProgress();
    await this.#membership?.leave();
    await closeQuietly(this.#client);
  }

  #report(sentence: string): void {
    if (!this.#closing.signal.aborted) this.#options.report?.(sentence);
  }

  /** Looks at the topics; the partitions that they have now, new ones made. */
  async #look(): Promise<KafkaPartition[]> {
    const { cluster, topics } = this.#options, memory = this.#memory;
    if (memory === undefined) throw new SourceError("a Kafka source must be opened before it is read");
    const shapes = await describeTopics(this.#client, cluster, topics);
    const partitions: KafkaPartition[] = [];
    for (const [topic, shape] of shapes) {
      const begin = await memory.take(topic, shape, (partition) => this.#beginOf(topic, partition));
      for (const [partition, from] of begin.entries()) {
        partitions.push(this.#partition({ topic, partition }, shape.id, from));
      }
    }
    return partitions;
  }

  #partition({ topic, partition }: TopicPartition, topicId: string, begin: number): KafkaPartition {
    const id = idOf({ topic, partition }), known = this.#partitions.get(id);
    if (known !== undefined) return known;
    const { cluster, mapping, zone, lost, clock, waitMs, bytes, tickMs } = this.#options;
    const made = new KafkaPartition({
      cluster,
      topic,
      topicId,
      partition,
      waitMs,
      bytes,
      messages: { mapping, zone },
      begin,
      lost,
      clock,
      ...(tickMs === undefined ? {} : { tickMs }),
      report: (sentence) => this.#report(sentence),
      done: (offset) => this.#progress.note({ topic, partition, offset }),
    });
    this.#partitions.set(id, made);
    return made;
  }

  /** Where a partition begins that nobody has read yet. */
  async #beginOf(topic: string, partition: number): Promise<number> {
    // One that was added while this ran is read whole: nobody could have known of it.
    if (this.#options.begin === "earliest" || this.#partitions.size > 0) return 0;
    return await offsetAt(this.#client, this.#options.cluster, { topic, partition }, LATEST);
  }

  /** Says at the start what would else show as partitions that wait: no right to read. */
  async #mayRead(partitions: readonly KafkaPartition[]): Promise<void> {
    for (const topic of this.#options.topics) {
      if (partitions.length > 0) await offsetAt(this.#client, this.#options.cluster, { topic, partition: 0 }, EARLIEST);
    }
  }

  /** Now and then looks for more partitions. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { clock, watchMs } = this.#options;
    for (;;) {
      await clock.sleep(watchMs, signal).catch(() => {});
      if (signal.aborted) return;
      const before = new Set(this.#partitions.values());
      try {
        const added = (await this.#look()).filter((partition) => !before.has(partition));
        if (added.length === 0) continue;
        if (this.#membership === undefined) this.#changes.assign(added);
        else await this.#membership.rejoin();
      } catch (error) {
        this.#report(error instanceof Error ? error.message : String(error));
      }
    }
  }

  /** Changes of the group one after the other: what is assigned may have to be looked at first. */
  #inOrder<T>(work: () => T | Promise<T>): Promise<T> {
    const done = this.#order.then(work);
    this.#order = done.catch(() => {});
    return done;
  }

  async #assigned(given: readonly TopicPartition[]): Promise<void> {
    try {
      if (given.some((one) => !this.#partitions.has(idOf(one)))) await this.#look();
      this.#changes.assign(given.flatMap((one) => this.#partitions.get(idOf(one)) ?? []));
    } catch (error) {
      this.#report(error instanceof Error ? error.message : String(error));
    }
  }
}

function idOf({ topic, partition }: TopicPartition): string {
  return `kafka-${topic}-${partition}`;
}
