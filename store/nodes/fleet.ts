/**
 * Several KV servers as one database: what belongs to a partition is on the server that the map names, the rest on the
 * first one. One that is away is missed by its partitions only, and by questions about all.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import { StoreError } from "../checkpoint/chain.ts";
import { copiesOf, copyOf, isCopied, refreshCopies } from "./copies.ts";
import { checkFormat } from "../format.ts";
import { compareKeys } from "../key_order.ts";
import type { KvAtomic, KvPort } from "../kv.ts";
import { isCopiedModel, refreshModelCopies } from "./model_copies.ts";
import { ownerOf, type PartitionMap, partitionMapSchema, placeOf, SERVER_KEYS } from "./places.ts";
import type { TimedKv } from "./timed_kv.ts";

/** A KV server, as people are told of it: its name, and what is wrong with it, a sentence. */
export type Holder = Pick<TimedKv, "name" | "problem">;

/** The servers, by the ids that they hold. */
export class FleetKv implements KvPort {
  /** Servers whose id is known. */
  private readonly byId = new Map<string, TimedKv>();
  /** The partition of a sensor, where it is known; else all servers are asked. */
  partitionOf: (sensor: string) => string | undefined = () => undefined;

  private constructor(readonly servers: readonly TimedKv[], private known: PartitionMap) {}

  /**
   * Reads the map; where there is none yet it is made, of all servers, each of which must answer then.
   *
   * @param freshId a new server's id
   * @throws {StoreAwayError} if no server answers, or not all do and there is no map yet
   * @throws {StoreError} if a server's layout is another one, or the map names servers that are not among these
   */
  static async open(servers: readonly TimedKv[], freshId: () => string): Promise<FleetKv> {
    const fleet = new FleetKv(servers, { version: 0, servers: [], moved: {} });
    await fleet.look(freshId);
    if (fleet.known.version === 0) await fleet.begin();
    const unknown = [...new Set([...fleet.known.servers, ...Object.values(fleet.known.moved)])]
      .filter((id) => !fleet.byId.has(id));
    if (unknown.length > 0 && fleet.byId.size === servers.length) {
      throw new StoreError(
        `partitions are on ${unknown.length} more KV servers than ${servers.map(({ name }) => name).join(", ")}: ` +
          "name all of them",
      );
    }
    return fleet;
  }

  /** The map as it is known here. */
  get map(): PartitionMap {
    return this.known;
  }

  /** What is wrong, one sentence for each server that does not answer. */
  problems(): string[] {
    return this.servers.flatMap(({ problem }) => problem ?? []);
  }

  /** The server that holds a partition; undefined while it is not known which one that is. */
  holderOf(partition: string): Holder | undefined {
    return this.byId.get(placeOf(this.map, partition));
  }

  /**
   * Asks the servers for their ids and for the map, and takes the newest.
   *
   * @throws {StoreAwayError} if none of them answers
   */
  async look(freshId: () => string): Promise<void> {
    const looks = await Promise.allSettled(this.servers.map(async (server) => {
      await checkFormat(server);
      const [id, map] = await server.getMany([SERVER_KEYS.id, SERVER_KEYS.map]);
      this.byId.set(typeof id.value === "string" ? id.value : await named(server, freshId()), server);
      if (map.value !== null) this.learn(partitionMapSchema.parse(map.value));
    }));
    const failed = looks.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
    for (const error of failed) if (!(error instanceof StoreAwayError)) throw error;
    if (failed.length === this.servers.length) throw failed[0];
  }

  /** Takes a map over, if it is newer. */
  learn(map: PartitionMap): void {
    if (map.version > this.known.version) this.known = map;
  }

  /** Follows the map of every server, so that it is known here when a command has changed it; until the signal. */
  async follow(signal: AbortSignal, pause: (signal: AbortSignal) => Promise<void>): Promise<void> {
    await Promise.all(this.servers.map(async (server) => {
      while (!signal.aborted) {
        try {
          for await (const [{ value }] of server.changes([SERVER_KEYS.map], signal)) {
            if (value !== null) this.learn(partitionMapSchema.parse(value));
            await this.copy().catch(() => {}); // it may have been away
          }
        } catch {
          // It is shown as away.
        }
        await pause(signal);
        if (!this.isKnown(server)) await this.look(() => crypto.randomUUID()).catch(() => {});
      }
    }));
  }

  private isKnown(server: TimedKv): boolean {
    return [...this.byId.values()].includes(server);
  }

  /** The first map: partitions are spread over all servers. */
  private async begin(): Promise<void> {
    if (this.byId.size < this.servers.length) {
      throw new StoreAwayError(`at the very first start every KV server must answer: ${this.problems().join("; ")}`);
    }
    const map: PartitionMap = { version: 1, servers: [...this.byId.keys()].sort(), moved: {} };
    await Promise.all(this.servers.map(async (server) => {
      await server.atomic().check({ key: SERVER_KEYS.map, versionstamp: null }).set(SERVER_KEYS.map, map).commit();
      this.learn(partitionMapSchema.parse((await server.get(SERVER_KEYS.map)).value));
    }));
  }

  /** The server of an id. @throws {StoreAwayError} while it is not known which one that is */
  server(id: string): TimedKv {
    const server = this.byId.get(id);
    if (server === undefined) throw new StoreAwayError(this.unknown());
    return server;
  }

  /** Why the server of an id is not known. */
  private unknown(): string {
    const problems = this.problems();
    return problems.length > 0
      ? `a KV server does not answer: ${problems.join("; ")}`
      : "it is on a KV server that --kv does not name: start again with all of them";
  }

  /** The id of a server that a person calls so; undefined if there is none, or it has not answered yet. */
  idOf(name: string): string | undefined {
    return [...this.byId].find(([, server]) => server.name === name)?.[0];
  }

  /** The server that holds a partition. @throws {StoreAwayError} while it is not known which one that is */
  of(partition: string): TimedKv {
    return this.server(placeOf(this.known, partition));
  }

  /** Where a key is; undefined if that may be on any server. */
  private serverOf(key: Deno.KvKey): TimedKv | undefined {
    const owner = ownerOf(key);
    if (owner === "all") return this.server(this.known.servers[0]);
    if (owner === "several") return undefined;
    const partition = this.partitionOfKey(key);
    return partition === undefined ? undefined : this.of(partition);
  }

  async get<T = unknown>(key: Deno.KvKey): Promise<Deno.KvEntryMaybe<T>> {
    const isThere = isCopied(key) || isCopiedModel(key);
    const copy = isThere && this.isServerAway(this.known.servers[0]) ? await copyOf<T>(this.answering, key) : undefined;
    if (copy !== undefined) return copy;
    const server = this.serverOf(key);
    if (server !== undefined) return await server.get<T>(key);
    const found = await Promise.all(this.servers.map((one) => one.get<T>(key)));
    return found.find(({ value }) => value !== null) ?? found[0];
  }

  async getMany(keys: readonly Deno.KvKey[]): Promise<Deno.KvEntryMaybe<unknown>[]> {
    const server = keys.length > 0 ? this.serverOf(keys[0]) : undefined;
    if (server !== undefined && keys.every((key) => this.serverOf(key) === server)) return await server.getMany(keys);
    return await Promise.all(keys.map((key) => this.get(key)));
  }

  async *list<T = unknown>(
    selector: Deno.KvListSelector,
    options: Deno.KvListOptions = {},
  ): AsyncIterable<Deno.KvEntry<T>> {
    const common = commonOf(selector);
    const copies = isCopied(common) && this.isServerAway(this.known.servers[0])
      ? await copiesOf<T>(this.answering, selector, options)
      : [];
    if (copies.length > 0) return yield* copies;
    const server = this.serverOf(common);
    if (server !== undefined) return yield* server.list<T>(selector, options);
    const sign = options.reverse ? -1 : 1;
    const heads = await Promise.all(this.servers.map((one) => headOf(this.inPlace<T>(one, selector, options))));
    for (let given = 0; given < (options.limit ?? Infinity); given++) {
      const least = heads.reduce<Deno.KvEntry<T> | undefined>((least, { entry }) => {
        if (entry === undefined || least === undefined) return entry ?? least;
        return sign * compareKeys(entry.key, least.key) < 0 ? entry : least;
      }, undefined);
      if (least === undefined) return;
      // A key that is on two servers was copied when its partition moved: the one of its place counts.
      const same = heads.filter(({ entry }) => entry && compareKeys(entry.key, least.key) === 0);
      const place = same.length > 1 ? this.serverOf(least.key) : undefined;
      yield same.find((head) => this.servers[heads.indexOf(head)] === place)?.entry ?? least;
      await Promise.all(same.map((head) => head.next()));
    }
  }

  /** What a server lists, without what a move that was interrupted has not removed yet. */
  private async *inPlace<T>(
    server: TimedKv,
    selector: Deno.KvListSelector,
    { limit: _, ...options }: Deno.KvListOptions,
  ): AsyncGenerator<Deno.KvEntry<T>> {
    const { moved } = this.known, isMoved = Object.keys(moved).length > 0;
    const isFirst = this.byId.get(this.known.servers[0]) === server;
    for await (const entry of server.list<T>(selector, options)) {
      if (!isFirst && (isCopied(entry.key) || isCopiedModel(entry.key))) continue;
      const partition = isMoved ? this.partitionOfKey(entry.key) : undefined;
      if (partition === undefined || !Object.hasOwn(moved, partition) || this.of(partition) === server) yield entry;
    }
  }

  /** Whether the server of a partition did not answer when it was last asked. */
  isAway(partition: string): boolean {
    return this.isServerAway(placeOf(this.known, partition));
  }

  /** Those that answered when they were last asked. */
  private get answering(): readonly TimedKv[] {
    return this.servers.filter(({ problem }) => problem === undefined);
  }

  private isServerAway(id: string): boolean {
    const server = this.byId.get(id);
    return server === undefined || server.problem !== undefined;
  }

  /** Brings the copies on all servers up to date. @throws {StoreAwayError} if the first one does not answer */
  async copy(): Promise<void> {
    const first = this.server(this.known.servers[0]);
    await refreshCopies(first, this.servers.filter((one) => one !== first));
  }

  /**
   * Brings the copies of models on all servers up to date.
   *
   * @returns whether all servers answered
   * @throws {StoreAwayError} if the first one does not answer
   */
  copyModels(): Promise<boolean> {
    const first = this.server(this.known.servers[0]);
    return refreshModelCopies(first, this.servers.filter((one) => one !== first));
  }

  /** The partition that a key belongs to, where it belongs to one and that is known. */
  partitionOfKey(key: Deno.KvKey): string | undefined {
    const owner = ownerOf(key);
    if (typeof owner === "string") return undefined;
    return "sensor" in owner ? this.partitionOf(owner.sensor) : owner.partition;
  }

  /** Whether it is known where a key is to be written: not that of a sensor whose partition nobody knows. */
  isPlaced(key: Deno.KvKey): boolean {
    return this.servers.length === 1 || this.serverOf(key) !== undefined;
  }

  /**
   * A write goes as a whole to where the first key of its checks is; one without checks to wherever its keys are, and is
   * not atomic across servers.
   */
  atomic(): KvAtomic {
    const checks: Deno.AtomicCheck[] = [], mutations: { key: Deno.KvKey; value?: unknown; set: boolean }[] = [];
    const write: KvAtomic = {
      check: (...more) => (checks.push(...more), write),
      set: (key, value) => (mutations.push({ key, value, set: true }), write),
      delete: (key) => (mutations.push({ key, set: false }), write),
      commit: async () => {
        const first = checks[0]?.key, whole = first && this.writable(first);
        const parts = Map.groupBy(mutations, ({ key }) => whole ?? this.writable(key));
        if (whole !== undefined && !parts.has(whole)) parts.set(whole, []);
        let result: Deno.KvCommitResult | Deno.KvCommitError = { ok: false };
        for (const [server, part] of parts) {
          const atomic = part.reduce(
            (atomic, { key, value, set }) => set ? atomic.set(key, value) : atomic.delete(key),
            server.atomic().check(...checks),
          );
          result = await atomic.commit();
          if (!result.ok) return result;
        }
        if (mutations.some(({ key }) => isCopied(key))) void this.copy().catch(() => {}); // else with the next watch
        return result;
      },
    };
    return write;
  }

  private writable(key: Deno.KvKey): TimedKv {
    const server = this.servers.length === 1 ? this.servers[0] : this.serverOf(key);
    if (server === undefined) throw new StoreError(`cannot store ${JSON.stringify(key)}: its partition is not known`);
    return server;
  }

  close(): void {
    for (const server of this.servers) server.close();
  }
}

/** A server's id, made if nobody made one at the same time. */
async function named(server: TimedKv, fresh: string): Promise<string> {
  await server.atomic().check({ key: SERVER_KEYS.id, versionstamp: null }).set(SERVER_KEYS.id, fresh).commit();
  const { value } = await server.get(SERVER_KEYS.id);
  if (typeof value !== "string") throw new StoreAwayError(`the KV server ${server.name} did not take its id`);
  return value;
}

/** The next entry of a list. */
interface Head<T> {
  entry: Deno.KvEntry<T> | undefined;
  next(): Promise<void>;
}

async function headOf<T>(entries: AsyncGenerator<Deno.KvEntry<T>>): Promise<Head<T>> {
  const head: Head<T> = {
    entry: undefined,
    async next() {
      const { done, value } = await entries.next();
      head.entry = done ? undefined : value;
    },
  };
  await head.next();
  return head;
}

/** The parts with which every selected key begins. */
function commonOf(selector: Deno.KvListSelector): Deno.KvKey {
  if ("prefix" in selector) return selector.prefix;
  const { start, end } = selector, differs = start.findIndex((part, i) => part !== end[i]);
  return differs < 0 ? start : start.slice(0, differs);
}
