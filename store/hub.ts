/**
 * A feed in memory: the last items in a ring, and any number of followers who read it at their own pace.
 *
 * A follower has no queue of its own, only a place in the ring; so its backlog is bounded by the ring, and one that does
 * not take its items costs nothing and delays nobody. When the ring has gone over its place it is cut off with a
 * {@linkcode LagError}; it comes again with its last cursor and is told to resync if that is too old.
 *
 * @module
 */
import { z } from "zod";
import type { FeedItem } from "../actors/views.ts";
import { Waiters } from "../actors/waiters.ts";
import { CursorError, readCursor, writeCursor } from "./cursor.ts";

/** A follower was too slow: what it should have had next is gone. */
export class LagError extends Error {
  override name = "LagError";
}

/** What a hub has to know of its items. */
export interface HubOptions<T> {
  /** Name of the item's partition. */
  partitionOf(item: T): string;
  /** Position in the partition; one item a position. */
  positionOf(item: T): number;
  /** Items kept, at least 1: what a follower may be behind, and how far back a cursor may lie. */
  readonly capacity: number;
  /**
   * By partition the greatest position published in earlier runs: cursors up to there that are not the newest are too
   * old, and what comes again at or before it is not published again.
   */
  readonly start?: Readonly<Record<string, number>>;
}

const cursorSchema = z.record(z.string().max(256), z.number().int().min(-1));

/** Committed items, in order of position within each partition. */
export class Hub<T> {
  readonly #options: HubOptions<T>;
  readonly #ring: (T | undefined)[];
  /** Items ever published; item `n` stands at `n % capacity`. */
  #published = 0;
  /** By partition the greatest position published. */
  readonly #latest: Map<string, number>;
  /** By partition the greatest position that is not in the ring any more. */
  readonly #gone: Map<string, number>;
  readonly #waiters = new Waiters();
  #followers = 0;

  /**
   * Makes an empty hub.
   *
   * @throws {RangeError} for a capacity below 1
   */
  constructor(options: HubOptions<T>) {
    if (!(options.capacity >= 1)) throw new RangeError(`A hub keeps at least 1 item, not ${options.capacity}.`);
    this.#options = options;
    this.#ring = new Array(options.capacity).fill(undefined);
    this.#latest = new Map(Object.entries(options.start ?? {}));
    this.#gone = new Map(this.#latest);
  }

  /** Followers at this moment. */
  get followers(): number {
    return this.#followers;
  }

  /** Where the feed stands: a follower that has this cursor has missed nothing so far. */
  get cursor(): string {
    return write(this.#latest);
  }

  /**
   * Publishes items, by partition in order of position. What is not after the last one published of its partition
   * comes again after a crash and is left out. O(1) an item; never waits.
   */
  publish(items: Iterable<T>): void {
    const { partitionOf, positionOf, capacity } = this.#options;
    for (const item of items) {
      const partition = partitionOf(item), position = positionOf(item);
      if (position <= (this.#latest.get(partition) ?? -1)) continue;
      this.#latest.set(partition, position);
      const slot = this.#published % capacity;
      const old = this.#ring[slot];
      if (old !== undefined) this.#gone.set(partitionOf(old), positionOf(old));
      this.#ring[slot] = item;
      this.#published++;
    }
    this.#waiters.wake();
  }

  /** Says that what a partition has up to a position is published nowhere: cursors before it are too old. */
  skip(partition: string, position: number): void {
    for (const known of [this.#latest, this.#gone]) {
      known.set(partition, Math.max(position, known.get(partition) ?? -1));
    }
  }

  /**
   * Follows: what came after `cursor`, then what comes. Ends when `signal` is aborted.
   *
   * A cursor that is too old or not from here gives one `resync` with the present cursor, and goes on from there.
   *
   * @param cursor undefined for what comes from now on
   * @throws {LagError} when the ring went over what would have been next
   */
  async *follow(cursor: string | undefined, signal: AbortSignal): AsyncGenerator<FeedItem<T>> {
    this.#followers++;
    try {
      const resumed = cursor === undefined ? undefined : this.#resume(cursor);
      const had = new Map(resumed ?? this.#latest);
      let next = resumed === undefined ? this.#published : this.#oldest();
      if (cursor !== undefined && resumed === undefined) yield { resync: write(had) };
      while (!signal.aborted) {
        if (next < this.#oldest()) throw new LagError("The follower was too slow and is cut off; it may come again.");
        if (next === this.#published) {
          await this.#waiters.wait(signal);
          continue;
        }
        const item = this.#ring[next++ % this.#options.capacity] as T;
        const partition = this.#options.partitionOf(item), position = this.#options.positionOf(item);
        if (position <= (had.get(partition) ?? -1)) continue; // had before it came again
        had.set(partition, position);
        yield { id: write(had), data: item };
      }
    } finally {
      this.#followers--;
    }
  }

  #oldest(): number {
    return Math.max(0, this.#published - this.#options.capacity);
  }

  /** What a cursor's owner has had; undefined if it cannot go on from there. */
  #resume(cursor: string): Map<string, number> | undefined {
    let had: Map<string, number>;
    try {
      had = new Map(Object.entries(readCursor(cursor, cursorSchema)));
    } catch (error) {
      if (error instanceof CursorError) return undefined;
      throw error;
    }
    // Ahead of what was ever published here: from another data directory.
    for (const [partition, position] of had) if (position > (this.#latest.get(partition) ?? -1)) return undefined;
    for (const [partition, gone] of this.#gone) if (gone > (had.get(partition) ?? -1)) return undefined;
    return had;
  }
}

function write(positions: ReadonlyMap<string, number>): string {
  return writeCursor(Object.fromEntries(positions));
}
