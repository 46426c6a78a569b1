/**
 * Atomic writes of one partition, one after the other, by its owner only.
 *
 * Every write checks the partition's fence, which a new owner raises, and its chain key, which each write sets to a fresh
 * id: so a write that was given up and comes late cannot undo what came after it. When an answer is ambiguous (an error,
 * no answer in time, `ok: false` after a lost reply) the keys are read: they say whether the write is there.
 *
 * @module
 */
import { FencedError, StoreAwayError } from "../../actors/checkpoint.ts";
import type { Clock } from "../../actors/ports.ts";
import { keySize } from "../bytes.ts";
import { within } from "../deadline.ts";
import { KEYS } from "../keys.ts";
import { KV_LIMITS, type KvAtomic, type KvPort } from "../kv.ts";
import { DiskError } from "../trouble.ts";

/** What protects a partition's writes. All of them, always; a test takes one away to see that it is needed. */
export interface Guards {
  readonly fence: boolean;
  readonly chain: boolean;
  /** Outputs before snapshots before the position. */
  readonly order: boolean;
}

/** All of them. */
export const ALL_GUARDS: Guards = { fence: true, chain: true, order: true };

/** What a chain is made with. */
export interface ChainOptions {
  readonly clock: Clock;
  /** A fresh id at each call: of an owner, of a write. */
  readonly freshId: () => string;
  /** How long a call to the database may take, ms. */
  readonly deadlineMs: number;
  /** Mutations of one atomic write; default and greatest {@linkcode KV_LIMITS}'s. Fewer make more writes of the same. */
  readonly mutationsMost?: number;
  readonly guards: Guards;
  /** Name of the owner, as the fence shows it. */
  readonly owner?: string;
  /** Whether a partition that is being moved may be taken over: by the command that moves it. */
  readonly moving?: boolean;
}

/** Owner of a partition that is being moved, or was moved from this database: nobody may take it over here. */
export const MOVED = "moved";

/** Owner of a partition that an export holds (`nodes/hold.ts`): nobody takes it over while its fence is renewed. */
export const HELD = "held";
/** Owner of a partition that an export has let go of: anybody may take it over. */
export const RELEASED = "released";
/** An export renews the fences that it holds so often, ms. */
export const HOLD_RENEWED_MS = 5_000;
/** Fences that were not renewed for so long are those of an export that has died, ms. */
const HOLD_DEAD_MS = 4 * HOLD_RENEWED_MS;
/** Looks at a fence that is held, ms. */
const HOLD_LOOK_MS = 1_000;

/** Whether a fence is that of a move or an export, and of no owner. */
export function isHeld(fence: unknown): boolean {
  return typeof fence === "string" && [MOVED, HELD, RELEASED].includes(ownerIn(fence));
}

/** The name in a fence's value; empty where the owner had none. */
export function ownerIn(fence: string): string {
  return fence.slice(0, Math.max(0, fence.lastIndexOf(" ")));
}

/** Something cannot be stored, or what is stored cannot be read. */
export class StoreError extends Error {
  override name = "StoreError";
}

/** One mutation, and about how many bytes it takes. */
export interface Mutation {
  readonly key: Deno.KvKey;
  /** Absent: the key is deleted. */
  readonly value?: unknown;
  readonly bytes: number;
}

const TRIES = 6;

/** The writes of a partition's owner. */
export class Chain {
  private fence: string | null = null;
  private link: string | null = null;
  /** The last write under way. */
  private tail: Promise<void> = Promise.resolve();

  private constructor(
    private readonly kv: KvPort,
    private readonly partition: string,
    private readonly options: ChainOptions,
  ) {}

  /** Version of the last write that this owner knows of; null if there never was one. */
  get version(): string | null {
    return this.link;
  }

  /**
   * Raises the fence: from now on writes of earlier owners fail.
   *
   * @throws {StoreAwayError} if the partition is being moved, or the database does not take it
   */
  static async claim(kv: KvPort, partition: string, options: ChainOptions): Promise<Chain> {
    const chain = new Chain(kv, partition, options), name = options.owner === undefined ? "" : `${options.owner} `;
    const owner = `${name}${options.freshId()}`;
    let cause: unknown;
    for (let tries = 0; tries < TRIES; tries++) {
      const key = KEYS.fence(partition), old = await chain.unheld();
      if (!options.moving && isMoved(old.value)) throw moved(partition);
      if (old.value !== owner) {
        try {
          await chain.call(kv.atomic().check(old).set(key, owner).commit());
        } catch (error) {
          cause = error; // whether it is there is read below
        }
      }
      const [fence, link] = await chain.call(kv.getMany([key, KEYS.chain(partition)]));
      if (fence.value === owner) {
        chain.fence = fence.versionstamp;
        chain.link = link.versionstamp;
        return chain;
      }
    }
    if (cause instanceof DiskError) throw cause;
    throw new StoreAwayError(`partition ${partition} cannot be taken over: others do so at the same time`);
  }

  /**
   * The fence, once no export holds the partition.
   *
   * @throws {StoreAwayError} while one does; one that has died does not
   */
  private async unheld(): Promise<Deno.KvEntryMaybe<string>> {
    const key = KEYS.fence(this.partition), found = await this.call(this.kv.get<string>(key));
    if (ownerIn(found.value ?? "") !== HELD) return found;
    for (let waited = 0; waited < HOLD_DEAD_MS; waited += HOLD_LOOK_MS) {
      await this.options.clock.sleep(HOLD_LOOK_MS);
      const now = await this.call(this.kv.get<string>(key));
      if (now.versionstamp === found.versionstamp) continue;
      if (ownerIn(now.value ?? "") === HELD) throw held(this.partition);
      return now;
    }
    return found;
  }

  /**
   * Writes mutations in as many atomic writes as they need, in order; `last` is in the last of them.
   *
   * @throws {FencedError} if another owner has taken over
   * @throws {StoreAwayError} if the database does not say what happened
   * @throws {StoreError} for a value over its limits, before it is tried
   */
  async write(mutations: Iterable<Mutation>, last: readonly Mutation[] = []): Promise<void> {
    let group: Mutation[] = [], bytes = 0, keys = 0;
    const most = Math.min(this.options.mutationsMost ?? KV_LIMITS.mutations, KV_LIMITS.mutations);
    const full = (mutation: Mutation) =>
      group.length >= most || bytes + mutation.bytes > KV_LIMITS.atomicBytes ||
      keys + keySize(mutation.key) > KV_LIMITS.keysBytes;
    for (const mutation of mutations) {
      if (mutation.bytes > KV_LIMITS.valueBytes) {
        throw new StoreError(
          `cannot store ${JSON.stringify(mutation.key)}: ${mutation.bytes} bytes, at most ${KV_LIMITS.valueBytes}`,
        );
      }
      if (full(mutation)) {
        await this.commit(group);
        group = [];
        bytes = keys = 0;
      }
      group.push(mutation);
      bytes += mutation.bytes;
      keys += keySize(mutation.key);
    }
    for (const mutation of last) {
      bytes += mutation.bytes;
      keys += keySize(mutation.key);
    }
    const isOver = bytes > KV_LIMITS.atomicBytes || keys > KV_LIMITS.keysBytes;
    if (group.length + last.length > most || isOver) {
      await this.commit(group);
      group = [];
    }
    group.push(...last);
    if (group.length > 0) await this.commit(group);
  }

  /** One after the other: each checks the one before. */
  private commit(mutations: readonly Mutation[]): Promise<void> {
    const mine = this.tail.then(() => this.attempt(mutations));
    this.tail = mine.catch(() => {});
    return mine;
  }

  private async attempt(mutations: readonly Mutation[]): Promise<void> {
    const { kv, partition, options } = this, attempted = new Set<string>();
    let cause: unknown;
    for (let tries = 0; tries < TRIES; tries++) {
      const id = options.freshId();
      attempted.add(id);
      try {
        const result = await this.call(this.prepare(mutations, id).commit());
        if (result.ok) {
          this.link = result.versionstamp;
          return;
        }
      } catch (error) {
        cause = error; // ambiguous: it may be there or may still come
      }
      const [fence, link] = await this.call(kv.getMany([KEYS.fence(partition), KEYS.chain(partition)]));
      if (fence.versionstamp !== this.fence && options.guards.fence) {
        if (isMoved(fence.value)) throw moved(partition);
        if (isHeld(fence.value)) throw held(partition);
        throw fenced(partition, ownerIn(String(fence.value ?? "")), options.owner);
      }
      this.link = link.versionstamp;
      if (typeof link.value === "string" && attempted.has(link.value)) return;
      await options.clock.sleep(10 * 2 ** tries);
    }
    if (cause instanceof DiskError) throw cause;
    throw new StoreAwayError(`partition ${partition}: the database did not take a write in ${TRIES} tries`, { cause });
  }

  private prepare(mutations: readonly Mutation[], id: string): KvAtomic {
    const { partition, options: { guards } } = this;
    let write = this.kv.atomic();
    if (guards.fence) write = write.check({ key: KEYS.fence(partition), versionstamp: this.fence });
    if (guards.chain) write = write.check({ key: KEYS.chain(partition), versionstamp: this.link });
    write = write.set(KEYS.chain(partition), id);
    for (const { key, value } of mutations) write = value === undefined ? write.delete(key) : write.set(key, value);
    return write;
  }

  private call<T>(answer: Promise<T>): Promise<T> {
    return within(this.options.clock, this.options.deadlineMs, answer);
  }
}

/** Whether a fence says that the partition was moved from this database, or is being moved. */
export function isMoved(fence: unknown): boolean {
  return typeof fence === "string" && ownerIn(fence) === MOVED;
}

/** Who has taken it, as far as names tell: two processes of one name would take it from each other for ever. */
function fenced(partition: string, by: string, own: string | undefined): FencedError {
  const who = by === "" ? "" : by === own ? ` that is called ${by}, too,` : ` (${by})`;
  const what = by !== "" && by === own ? ": give each process a name of its own (--instance)" : "";
  return new FencedError(`another process${who} has taken ${partition} over${what}`);
}

function moved(partition: string): StoreAwayError {
  return new StoreAwayError(
    `partition ${partition} is being moved to another KV server (was that cut off? partitions move finishes it)`,
  );
}

function held(partition: string): StoreAwayError {
  return new StoreAwayError(`partition ${partition} is held while everything is exported`);
}
