/**
 * The outbox in the key-value store: committed outputs on their way to the sinks, how far each sink is, and what was set
 * aside.
 *
 * Chunks are written before the checkpoint that they belong to, and read only once it is committed: a chunk counts when
 * the partition's stored cut has reached it. So a crash between the two leaves chunks that nobody reads, or that come a
 * second time under the same ids; a former owner's late write lies under places of its own and takes nothing away.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import { Waiters } from "../../actors/waiters.ts";
import type { Item, ItemKind } from "../../sinks/delivery/item.ts";
import type { Cursor, Outbox, OutboxChunk, OutboxRead, Place, SetAside, Stream } from "../../sinks/delivery/outbox.ts";
import type { OutputsValue } from "../checkpoint/outputs.ts";
import { within } from "../deadline.ts";
import { KEYS } from "../keys.ts";
import type { KvPort } from "../kv.ts";
import { type OutboxValue, packItems, unpackItems } from "./chunks.ts";
import { StoreError } from "../checkpoint/chain.ts";

/** Under this name the checkpoint holds how many items of each kind there were. */
export const OUTBOX_NAME = "outbox";
/** The partition of what comes out of no partition: models. */
export const MODELS_PARTITION = "-models";
/** Items that a sink did not take are kept up to this number for each sink and stream, then the oldest are replaced. */
const ASIDE_KEPT = 100;
/** Characters that are kept of such an item. */
const ASIDE_LENGTH = 4_000;
/** Chunks that are written or removed in one atomic write. */
const AT_ONCE = { writes: 10, deletes: 500 } as const;
/** Chunks that one look for what may be removed takes at the most, about. */
const TRIM_MOST = 10_000;
const TRIM_LIST = 100;
/** A guess at what a chunk holds: it spares the database what is not wanted. */
const CHUNK_ITEMS = 128;
const TRIES = 5;

/** Bounds of a stream in the outbox: what is older or more than this goes, whether it was delivered or not. */
export interface OutboxLimits {
  /** By the clock, ms. */
  readonly ageMs: number;
  readonly items: number;
}

/** A week, and two million items of each kind of a partition (readings of 4 channels: about 0.6 GB). */
const OUTBOX_LIMITS: OutboxLimits = { ageMs: 7 * 86_400_000, items: 2_000_000 };

/** How the outbox works. */
export interface OutboxOptions {
  readonly clock: Clock;
  /** How long a call to the database may take, ms. */
  readonly deadlineMs: number;
  readonly limits?: Partial<OutboxLimits>;
}

/** Items of each kind since a partition began. */
export type Totals = Readonly<Partial<Record<ItemKind, number>>>;

/** What a sink did not take, as it is kept. */
export interface AsideValue {
  readonly id: string;
  readonly at: number;
  readonly reason: string;
  /** The item's JSON, or the beginning of it. */
  readonly item: string;
}

/** The outbox. One for a process. */
export class KvOutbox implements Outbox {
  version = 0;
  private readonly versions = new Map<string, number>();
  private readonly waiters = new Waiters();
  /** Versions of the cursors in the store, as this process wrote or read them. */
  private readonly stamps = new Map<string, string | null>();

  constructor(private readonly kv: KvPort, private readonly options: OutboxOptions) {}

  async changed(seen: number, signal: AbortSignal): Promise<void> {
    while (this.version === seen && !signal.aborted) await this.waiters.wait(signal);
  }

  versionOf({ partition, kind }: Stream): number {
    return this.versions.get(`${kind}/${partition}`) ?? 0;
  }

  /** Tells deliveries that something was committed to these streams. */
  committed(...streams: readonly Stream[]): void {
    this.version++;
    for (const { partition, kind } of streams) this.versions.set(`${kind}/${partition}`, this.version);
    this.waiters.wake();
  }

  /**
   * Writes items before their checkpoint is.
   *
   * @param first number of the first of them
   * @returns number of the item that follows
   * @throws {StoreError} if the store does not take them
   */
  async put(stream: Stream, cut: number, from: number, items: Iterable<Item>, first: number): Promise<number> {
    const { chunks, next } = packItems(items, first, this.options.clock.now());
    for (let at = 0; at < chunks.length; at += AT_ONCE.writes) {
      await this.write(() => {
        const atomic = this.kv.atomic();
        chunks.slice(at, at + AT_ONCE.writes).forEach((chunk, i) =>
          atomic.set(KEYS.outboxChunk(stream.partition, stream.kind, [cut, from, at + i]), chunk)
        );
        return atomic.commit();
      });
    }
    return next;
  }

  /** Adds items that come out of no partition's checkpoint: models. In order of the calls; one process at a time. */
  async append(kind: ItemKind, items: readonly Item[]): Promise<void> {
    const stream = { partition: MODELS_PARTITION, kind };
    // The first number is the place: what a crash left half written is written over, and nobody has read it.
    const { value } = await this.ask(this.kv.get<number>(KEYS.outboxTotal(kind))), first = value ?? 0;
    const next = await this.put(stream, first, first, items, first);
    await this.write(() => this.kv.atomic().set(KEYS.outboxTotal(kind), next).commit());
    this.committed(stream);
  }

  async read(stream: Stream, after: Place | undefined, items: number): Promise<OutboxRead> {
    const { partition, kind } = stream, prefix = KEYS.outbox(partition, kind);
    const { cut, total } = await this.committedOf(stream);
    const selector = after ? { prefix, start: KEYS.outboxChunk(partition, kind, after) } : { prefix };
    const chunks: OutboxChunk[] = [];
    let left = items;
    for (const { key, value } of await this.listed(selector, { limit: 2 + Math.ceil(items / CHUNK_ITEMS) })) {
      const place = placeOf(key);
      if (place[0] > cut || left <= 0) break;
      if (after && place.every((part, i) => part === after[i])) continue;
      chunks.push({ place, first: value.first, at: value.at, items: unpackItems(value) });
      left -= value.count;
    }
    return { chunks, total };
  }

  async cursor(sink: string, { partition, kind }: Stream): Promise<Cursor | undefined> {
    const key = KEYS.delivery(sink, partition, kind),
      { value, versionstamp } = await this.ask(this.kv.get<Cursor>(key));
    this.stamps.set(key.join("\n"), versionstamp);
    return value ?? undefined;
  }

  async save(
    sink: string,
    { partition, kind }: Stream,
    before: Cursor | undefined,
    cursor: Cursor,
    aside: readonly SetAside[],
    spent: readonly Place[],
  ): Promise<boolean> {
    const key = KEYS.delivery(sink, partition, kind), name = key.join("\n");
    const atomic = this.kv.atomic().check({ key, versionstamp: this.stamps.get(name) ?? null }).set(key, cursor);
    // With many there is no room for all: of a hundred in one batch the last ones are the ones to look at.
    aside.slice(-ASIDE_KEPT).forEach((one, i, kept) => {
      const number = (before?.aside ?? 0) + aside.length - kept.length + i;
      atomic.set(KEYS.setAside(sink, partition, kind, number % ASIDE_KEPT), asideValue(one));
    });
    for (const place of spent.slice(0, AT_ONCE.deletes)) atomic.delete(KEYS.outboxChunk(partition, kind, place));
    const result = await this.ask(atomic.commit());
    if (result.ok) {
      this.stamps.set(name, result.versionstamp);
      return true;
    }
    // `ok: false` is ambiguous where the reply to a write that succeeded was lost: the value tells.
    const stored = await this.cursor(sink, { partition, kind });
    return JSON.stringify(stored) === JSON.stringify(cursor);
  }

  async trim(stream: Stream, isSpent: (place: Place) => boolean): Promise<number> {
    const { partition, kind } = stream, { clock, limits } = this.options;
    const { ageMs, items } = { ...OUTBOX_LIMITS, ...limits };
    const { cut, total } = await this.committedOf(stream), tooOld = clock.now() - ageMs;
    const prefix = KEYS.outbox(partition, kind), doomed: Deno.KvKey[] = [];
    // Most times the first one stays: then nothing more is read.
    for (let limit = 1, goesOn = true; goesOn && doomed.length < TRIM_MOST; limit = TRIM_LIST) {
      const last = doomed[doomed.length - 1], selector = last ? { prefix, start: last } : { prefix };
      const listed = await this.listed(selector, { limit });
      for (const { key, value } of listed) {
        if (last && key.every((part, i) => part === last[i])) continue;
        const place = placeOf(key), isBound = value.at < tooOld || total - value.first > items;
        goesOn = place[0] <= cut && (isBound || isSpent(place)); // behind the cut: of a checkpoint under way
        if (!goesOn) break;
        doomed.push(key);
      }
      goesOn &&= listed.length === limit;
    }
    for (let at = 0; at < doomed.length; at += AT_ONCE.deletes) {
      await this.write(() => {
        const atomic = this.kv.atomic();
        for (const key of doomed.slice(at, at + AT_ONCE.deletes)) atomic.delete(key);
        return atomic.commit();
      });
    }
    return doomed.length;
  }

  /** What a sink did not take of a stream, oldest first. */
  async setAside(sink: string, { partition, kind }: Stream): Promise<AsideValue[]> {
    const found: AsideValue[] = [];
    const prefix = KEYS.setAside(sink, partition, kind, 0).slice(0, -1);
    for await (const { value } of this.kv.list<AsideValue>({ prefix })) found.push(value);
    return found.sort((a, b) => a.at - b.at);
  }

  /** Up to which cut a stream is committed, and how many items it had by then. */
  private async committedOf({ partition, kind }: Stream): Promise<{ cut: number; total: number }> {
    if (partition === MODELS_PARTITION) {
      const { value } = await this.ask(this.kv.get<number>(KEYS.outboxTotal(kind))), total = value ?? 0;
      return { cut: total - 1, total };
    }
    const { value } = await this.ask(this.kv.get<OutputsValue>(KEYS.outputs(partition)));
    const totals = (value?.sinks[OUTBOX_NAME] ?? {}) as Totals;
    return { cut: value?.cut ?? -1, total: totals[kind] ?? 0 };
  }

  private listed(
    selector: Deno.KvListSelector,
    options: Deno.KvListOptions,
  ): Promise<Deno.KvEntry<OutboxValue>[]> {
    return this.ask(Array.fromAsync(this.kv.list<OutboxValue>(selector, options)));
  }

  private ask<T>(answer: Promise<T>): Promise<T> {
    return within(this.options.clock, this.options.deadlineMs, answer);
  }

  /** A write that may be made twice: it is, when the answer is none. */
  private async write(commit: () => Promise<Deno.KvCommitResult | Deno.KvCommitError>): Promise<void> {
    for (let tried = 1;; tried++) {
      try {
        const { ok } = await this.ask(commit());
        if (ok) return;
        throw new StoreError("the store did not take a write to the outbox");
      } catch (error) {
        if (tried === TRIES) throw error;
      }
    }
  }
}

function placeOf(key: Deno.KvKey): Place {
  return [Number(key[3]), Number(key[4]), Number(key[5])];
}

function asideValue({ item, reason, at }: SetAside): AsideValue {
  return { id: item.id, at, reason: reason.slice(0, 500), item: JSON.stringify(item).slice(0, ASIDE_LENGTH) };
}
