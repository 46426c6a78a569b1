/**
 * Membership in a consumer group: which partitions are this process's, from join to join.
 *
 * The classic protocol, because it lets a member finish before the others go on: what is taken away is given up (drained
 * and checkpointed, by whoever awaits {@linkcode MembershipEvents.revoked}) before the group is joined again. Positions
 * are not Kafka's here, and the store's fence, not the group, keeps a member that was too slow from writing.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { KafkaCluster } from "./address.ts";
import { asked, closeQuietly, makeConsumer, type RawConsumer } from "./client.ts";
import { explainKafka } from "./errors.ts";
import type { WriteProgress } from "./progress.ts";

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A group, and how it is joined. */
export interface GroupOptions {
  readonly group: string;
  /** A name of its own and stable makes a static member: its restart within the session moves nothing. */
  readonly instance?: string;
  /** So long the broker waits for a sign of life, ms; default {@linkcode SESSION_MS}. */
  readonly sessionMs?: number;
  /** So long it waits for members to give up partitions, ms; default three sessions. */
  readonly rebalanceMs?: number;
  /** Whether members keep what stays theirs while others move (cooperative-sticky); default true. */
  readonly cooperative?: boolean;
}

/** Session of a member that names none, ms. */
export const SESSION_MS = 10_000;

/** What a member is told. */
export interface MembershipEvents {
  /** These are this member's from now on. */
  readonly assigned: (partitions: readonly TopicPartition[]) => void;
  /** These are to be given up; awaited, up to half the time that the group gives its members. */
  readonly revoked: (partitions: readonly TopicPartition[]) => Promise<void>;
  /** Something went wrong that may pass; one sentence. */
  readonly report: (sentence: string) => void;
}

/** Attempts of the client itself: practically for ever, since only an end of the process ends a membership. */
const RETRIES = 1_000_000, RETRY_MS = 500;
/** Longest wait to be let in at the start, ms. */
const JOIN_MS = 60_000;

type Assigned = readonly { readonly topic: string; readonly partitions: readonly number[] }[];

const nameOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`;

/** A member of a group; see the module. */
export class Membership {
  readonly #consumer: RawConsumer;
  readonly #held = new Map<string, TopicPartition>();
  readonly #rebalanceMs: number;
  #leaving = false;

  constructor(
    private readonly cluster: KafkaCluster,
    private readonly options: GroupOptions,
    topics: readonly string[],
    private readonly events: MembershipEvents,
  ) {
    const { group, instance, sessionMs = SESSION_MS, cooperative = true } = options;
    this.#rebalanceMs = options.rebalanceMs ?? 3 * sessionMs;
    this.#consumer = makeConsumer(cluster, group, {
      groupProtocol: "classic",
      ...(instance === undefined ? {} : { groupInstanceId: instance }),
      sessionTimeout: sessionMs,
      rebalanceTimeout: this.#rebalanceMs,
      heartbeatInterval: Math.max(100, Math.floor(sessionMs / 5)),
      protocols: [cooperative ? { name: "cooperative-sticky", version: 3 } : { name: "roundrobin", version: 0 }],
      retries: RETRIES,
      retryDelay: RETRY_MS,
      protocolsMetadata: async () => {
        await this.#beforeJoin(cooperative);
        return Buffer.alloc(0);
      },
    });
    for (const topic of topics) this.#consumer.topics.trackAll(topic);
    this.#consumer.on("consumer:group:join", ({ assignments }) => this.#joined(assignments ?? []));
    this.#consumer.on("error", (error: Error) => this.#failed(error));
  }

  /** Joins the group. @throws {KafkaError} if that is not allowed or nobody answers */
  async join(): Promise<void> {
    await asked(() => this.#consumer.joinGroup(), this.#attempt(), JOIN_MS);
  }

  /** Has the group share out its partitions again, since there are more. */
  rejoin(): Promise<void> {
    return this.join();
  }

  /** Writes offsets for lag tools, as a member may. */
  readonly progress: WriteProgress = async (progress) => {
    const mine = progress.filter((one) => this.#held.has(nameOf(one)));
    if (mine.length === 0 || this.#leaving) return;
    const offsets = mine.map((one) => ({
      topic: one.topic,
      partition: one.partition,
      offset: BigInt(one.offset),
      leaderEpoch: -1,
    }));
    await this.#consumer.commit({ offsets });
  };

  /** Leaves the group; everything must have been given up. */
  async leave(): Promise<void> {
    this.#leaving = true;
    this.#held.clear();
    await closeQuietly(this.#consumer);
  }

  #attempt() {
    return { cluster: this.cluster, action: `join the consumer group ${JSON.stringify(this.options.group)}` };
  }

  /** Gives up what has to be before the group may be joined: all of it, or under the cooperative protocol what moves. */
  async #beforeJoin(cooperative: boolean): Promise<void> {
    const keep = cooperative ? new Set(partitionsOf(this.#consumer.assignments ?? []).map(nameOf)) : new Set<string>();
    await this.#giveUp([...this.#held.values()].filter((one) => !keep.has(nameOf(one))));
  }

  async #giveUp(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    for (const one of partitions) this.#held.delete(nameOf(one));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.events.report(
          `giving up ${partitions.length} partitions takes too long: the group goes on without waiting`,
        );
        resolve();
      }, this.#rebalanceMs / 2);
    });
    await Promise.race([this.events.revoked(partitions), late]).catch((error) => this.#failed(error));
    clearTimeout(timer);
  }

  #joined(assignments: Assigned): void {
    if (this.#leaving) return;
    const mine = partitionsOf(assignments), names = new Set(mine.map(nameOf));
    const lost = [...this.#held.values()].filter((one) => !names.has(nameOf(one)));
    const gained = mine.filter((one) => !this.#held.has(nameOf(one)));
    void this.#giveUp(lost); // the session had ended: others have them already, and the fence holds
    for (const one of gained) this.#held.set(nameOf(one), one);
    if (gained.length > 0) this.events.assigned(gained);
  }

  /** The client has given up joining; this member does not. */
  #failed(error: unknown): void {
    if (this.#leaving) return;
    this.events.report(`${explainKafka(error, this.#attempt()).message}; it is tried again`);
    setTimeout(() => {
      if (!this.#leaving) this.#consumer.joinGroup().catch((error) => this.#failed(error));
    }, RETRY_MS);
  }
}

function partitionsOf(assigned: Assigned): TopicPartition[] {
  return assigned.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}
