/**
 * The port to the outbox: what was committed and waits for its sinks, and how far each of them is.
 *
 * @module
 */
import type { Item, ItemKind } from "./item.ts";

/** Items of one kind of one partition: the unit of order. */
export interface Stream {
  readonly partition: string;
  readonly kind: ItemKind;
}

/** Where a chunk stands in its stream: cut of the checkpoint, cut of the one before, number among its chunks. */
export type Place = readonly [cut: number, from: number, part: number];

/** Some items of a stream. */
export interface OutboxChunk {
  readonly place: Place;
  /** Number of its first item since the stream began; a gap before it is what retention took. */
  readonly first: number;
  /** When it was written, epoch ms. */
  readonly at: number;
  readonly items: readonly Item[];
}

/** How far a sink is with a stream. */
export interface Cursor {
  /** The last chunk that it has. */
  readonly place: Place;
  /** Number of the item that comes next. */
  readonly next: number;
  /** Items that were delivered. */
  readonly delivered: number;
  /** Items that it did not take. */
  readonly aside: number;
  /** Items that retention took before they were delivered. */
  readonly missed: number;
}

/** An item that a sink did not take. */
export interface SetAside {
  readonly item: Item;
  readonly reason: string;
  /** Clock, epoch ms. */
  readonly at: number;
}

/** What was read behind a place. */
export interface OutboxRead {
  /** In order; empty if nothing is committed behind the place. */
  readonly chunks: readonly OutboxChunk[];
  /** Number of the item that the stream's next checkpoint begins with: less the cursor's `next` it is the backlog. */
  readonly total: number;
}

/** The outbox as a delivery sees it. */
export interface Outbox {
  /** Grows whenever something may have been committed. */
  readonly version: number;
  /** Grows whenever something may have been committed to this stream by this process. */
  versionOf(stream: Stream): number;
  /** Resolves once {@linkcode version} is no longer `seen`, or when `signal` is aborted. */
  changed(seen: number, signal: AbortSignal): Promise<void>;
  /** What is committed behind a place: whole chunks of about `items` items in all, at least one chunk if there is any. */
  read(stream: Stream, after: Place | undefined, items: number): Promise<OutboxRead>;
  cursor(sink: string, stream: Stream): Promise<Cursor | undefined>;
  /**
   * Moves a cursor, and writes down what was set aside, together.
   *
   * @param spent places of chunks that no sink needs any more
   * @returns whether it did: not if the stored cursor is another one than was last read, since somebody else delivers too
   */
  save(
    sink: string,
    stream: Stream,
    before: Cursor | undefined,
    cursor: Cursor,
    aside: readonly SetAside[],
    spent: readonly Place[],
  ): Promise<boolean>;
  /**
   * Removes what every sink has, and what is too old or too many.
   *
   * @param isSpent whether all sinks have reached a place
   * @returns how many chunks were removed
   */
  trim(stream: Stream, isSpent: (place: Place) => boolean): Promise<number>;
}

/** Whether a place comes before another one, or is the same. */
export function isReached(place: Place, by: Place): boolean {
  for (let i = 0; i < place.length; i++) {
    if (place[i] !== by[i]) return place[i] < by[i];
  }
  return true;
}
