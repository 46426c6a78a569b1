/**
 * KV servers and a node's way to them, in virtual time: answers take a while, a server goes away, a node freezes or dies.
 *
 * @module
 */
import type { CheckpointStore, Claim } from "../../actors/checkpoint.ts";
import type { Clock } from "../../actors/ports.ts";
import { KvCheckpointStore } from "../../store/checkpoint/store.ts";
import type { KvAtomic, KvPort } from "../../store/kv.ts";
import { MemoryKv } from "../memory_kv.ts";
import type { VirtualTime } from "./time.ts";

/** How long a read takes, and a commit: 44 ms is what one over 1 KB costs on a KV server, ms. */
const READ_MS = 1, COMMIT_MS = 44;
/** How long a node waits for an answer, ms. */
export const DEADLINE_MS = 5_000;

/** One KV server. */
export class SimulatedServer extends MemoryKv {
  /** Resolves when it is back; absent while it is there. */
  private back?: PromiseWithResolvers<void>;
  /** Atomic writes so far. */
  commits = 0;

  /** Nothing is answered from now on. */
  leave(): void {
    this.back ??= Promise.withResolvers<void>();
  }

  /** What waited is answered, and what comes. */
  comeBack(): void {
    this.back?.resolve();
    this.back = undefined;
  }

  /** Waits while it is away. */
  async reach(): Promise<void> {
    while (this.back) await this.back.promise;
  }
}

/** Whether a node can do anything. */
export class Life {
  private state: "running" | "frozen" | "dead" = "running";
  private thawed = Promise.withResolvers<void>();

  get isDead(): boolean {
    return this.state === "dead";
  }

  get isFrozen(): boolean {
    return this.state === "frozen";
  }

  /** Goes on if the node runs, waits while it is frozen, and for ever if it is dead. */
  async pass(): Promise<void> {
    while (this.state === "frozen") await this.thawed.promise;
    if (this.state === "dead") await new Promise<never>(() => {});
  }

  freeze(): void {
    if (this.state === "running") this.state = "frozen";
  }

  thaw(): void {
    if (this.state !== "frozen") return;
    this.state = "running";
    this.thawed.resolve();
    this.thawed = Promise.withResolvers<void>();
  }

  die(): void {
    this.state = "dead";
  }
}

/** A node's connection to one server. */
class Link implements KvPort {
  constructor(
    private readonly server: SimulatedServer,
    private readonly life: Life,
    private readonly time: VirtualTime,
  ) {}

  async get<T = unknown>(key: Deno.KvKey): Promise<Deno.KvEntryMaybe<T>> {
    await this.call(READ_MS);
    const found = await this.server.get<T>(key);
    await this.life.pass();
    return found;
  }

  async getMany(keys: readonly Deno.KvKey[]): Promise<Deno.KvEntryMaybe<unknown>[]> {
    await this.call(READ_MS);
    const found = await this.server.getMany(keys);
    await this.life.pass();
    return found;
  }

  async *list<T = unknown>(
    selector: Deno.KvListSelector,
    options?: Deno.KvListOptions,
  ): AsyncIterable<Deno.KvEntry<T>> {
    await this.call(READ_MS);
    yield* this.server.list<T>(selector, options);
  }

  atomic(): KvAtomic {
    return this.server.atomicFor(async (write) => {
      await this.call(COMMIT_MS);
      this.server.commits++;
      const result = this.server.apply(write);
      await this.life.pass(); // it may have frozen meanwhile: the write is there, the answer comes late
      return result;
    });
  }

  close(): void {}

  private async call(ms: number): Promise<void> {
    await this.life.pass();
    await this.server.reach();
    await this.time.sleep(ms);
  }
}

/** Checkpoints of partitions that lie on several servers. */
export class SpreadStore implements CheckpointStore {
  private readonly stores: KvCheckpointStore[];
  /** Servers of the partitions that were taken over: a node asks no others for snapshots. */
  private readonly asked = new Set<number>();

  constructor(
    servers: readonly SimulatedServer[],
    life: Life,
    time: VirtualTime,
    clock: Clock,
    private readonly serverOf: (partition: string) => number,
    private readonly partitionOf: (sensor: string) => string,
    freshId: () => string,
  ) {
    this.stores = servers.map((server) =>
      new KvCheckpointStore(new Link(server, life, time), { clock, freshId, deadlineMs: DEADLINE_MS, historyChunks: 1 })
    );
  }

  async claim(partition: string): Promise<Claim> {
    const server = this.serverOf(partition);
    this.asked.add(server);
    return { ...await this.stores[server].claim(partition), overtaken: true };
  }

  async *snapshots(partition?: string) {
    const servers = partition === undefined ? this.asked : [this.serverOf(partition)];
    for (const server of servers) yield* this.stores[server].snapshots();
  }

  snapshot(name: string): Promise<Uint8Array | undefined> {
    return this.stores[this.serverOf(this.partitionOf(name))].snapshot(name);
  }
}
