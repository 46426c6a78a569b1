/**
 * One ordered listing of the store that is kept within bounds: what is too old goes, and of what is too many the first.
 *
 * The listing is counted once, in as many sweeps as that takes; from then on what was written and removed is added up, so
 * that a sweep looks at little more than what it removes.
 *
 * @module
 */
import type { KvAtomic, KvPort } from "../kv.ts";

/** An entry of a listing. */
export interface Listed {
  readonly key: Deno.KvKey;
  readonly value: unknown;
}

/** Whether an entry is too old, may go if there are too many, or has to stay. */
export type Judgement = "old" | "spare" | "needed";

/** A listing and its bounds, as of now. */
export interface Listing {
  readonly prefix: Deno.KvKey;
  /** Entries at the most. */
  readonly most: number;
  /** Entries that were written since the process began. */
  readonly written: number;
  judge(entry: Listed): Judgement;
  /** Whether this entry and all behind it are young: none of them goes for its age. */
  isYoung(entry: Listed): boolean;
  /**
   * Adds to an atomic write what removes these entries, at most {@linkcode REMOVED_AT_ONCE}.
   */
  remove(atomic: KvAtomic, entries: readonly Listed[]): Promise<KvAtomic> | KvAtomic;
}

/** What a sweep may still do. */
export interface Budget {
  /** Entries to be removed. */
  removals: number;
  /** Entries to be looked at. */
  looks: number;
}

/** Entries that are removed in one atomic write; each takes up to two mutations. */
export const REMOVED_AT_ONCE = 400;
const LIST_BATCH = 200;

/** Keeps one listing within its bounds. */
export class Series {
  /** Entries, as of the time when `written` was what it is; undefined until all were counted. */
  private counted?: { entries: number; readonly written: number };
  private seen = 0;
  /** Where the last sweep stopped because its budget was used up. */
  private cursor?: Deno.KvKey;
  private isPastOld = false;
  private wasOver = false;

  constructor(private readonly kv: KvPort) {}

  /** Entries there are; undefined until they are counted. */
  estimate({ written }: Pick<Listing, "written">): number | undefined {
    return this.counted && this.counted.entries + written - this.counted.written;
  }

  /**
   * Removes what is too old or too many, as far as the budget goes.
   *
   * @returns how many were removed, and whether there is more to do
   */
  async sweep(listing: Listing, budget: Budget): Promise<{ readonly removed: number; readonly more: boolean }> {
    const before = this.estimate(listing), over = before === undefined ? 0 : Math.max(0, before - listing.most);
    if (over > 0 && !this.wasOver) this.restart(); // what was young enough before may go now
    this.wasOver = over > 0;
    const { removed, ended } = await this.walk(listing, budget, over).catch((error) => {
      this.forget(); // what was seen or removed by then is not known: with a wrong number too much would go
      throw error;
    });
    budget.removals -= removed;
    if (this.counted) this.counted.entries -= removed;
    if (ended) {
      this.restart();
      this.counted ??= { entries: this.seen, written: listing.written };
    }
    const isOver = (this.estimate(listing) ?? 0) > listing.most;
    return { removed, more: !ended || (isOver && (removed > 0 || before === undefined)) };
  }

  private forget(): void {
    this.restart();
    this.counted = undefined;
    this.seen = 0;
  }

  private restart(): void {
    this.cursor = undefined;
    this.isPastOld = false;
  }

  private async walk(listing: Listing, budget: Budget, over: number): Promise<{ removed: number; ended: boolean }> {
    const { prefix } = listing, selector = this.cursor ? { prefix, start: this.cursor } : { prefix };
    let removed = 0, doomed: Listed[] = [];
    const flush = async () => {
      if (doomed.length > 0 && await this.commit(listing, doomed)) removed += doomed.length;
      else if (!this.counted) this.seen += doomed.length;
      doomed = [];
    };
    for await (const { key, value } of this.kv.list(selector, { batchSize: LIST_BATCH })) {
      const entry = { key, value }, chosen = removed + doomed.length;
      if (budget.looks === 0 || chosen === budget.removals) {
        this.cursor = key;
        await flush();
        return { removed, ended: false };
      }
      this.isPastOld ||= listing.isYoung(entry);
      if (this.counted && this.isPastOld && chosen >= over) break;
      budget.looks--;
      const judgement = listing.judge(entry), isOld = judgement === "old" && !this.isPastOld;
      if (judgement !== "needed" && (isOld || chosen < over)) doomed.push(entry);
      else if (!this.counted) this.seen++;
      if (doomed.length === REMOVED_AT_ONCE) await flush();
    }
    await flush();
    return { removed, ended: true };
  }

  private async commit(listing: Listing, entries: readonly Listed[]): Promise<boolean> {
    return (await (await listing.remove(this.kv.atomic(), entries)).commit()).ok;
  }
}
