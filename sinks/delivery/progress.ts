/**
 * How far one sink is with each of its streams, as the store has it, and what waits behind.
 *
 * @module
 */
import type { Cursor, Outbox, OutboxChunk, Place, SetAside, Stream } from "./outbox.ts";

/** What waits. */
export interface Backlog {
  readonly items: number;
  /** When the oldest of them was written, epoch ms; absent where nothing waits. */
  readonly oldest?: number;
}

/** Cursors and backlogs of one sink. */
export class Progress {
  private readonly cursors = new Map<string, Cursor | undefined>();
  private readonly backlogs = new Map<string, Backlog>();

  constructor(private readonly sink: string, private readonly outbox: Outbox) {}

  /** The place that the sink has reached, as far as this process knows. */
  place(stream: Stream): Place | undefined {
    return this.cursors.get(keyOf(stream))?.place;
  }

  /** The cursor; read from the store when it is not known yet. */
  async cursor(stream: Stream): Promise<Cursor | undefined> {
    const key = keyOf(stream);
    if (!this.cursors.has(key)) this.cursors.set(key, await this.outbox.cursor(this.sink, stream));
    return this.cursors.get(key);
  }

  /** Number of the item that comes next: of a sink that is new, the first that is still there. */
  async next(stream: Stream): Promise<number> {
    const cursor = await this.cursor(stream);
    if (cursor) return cursor.next;
    const { chunks, total } = await this.outbox.read(stream, undefined, 1);
    return chunks[0]?.first ?? total;
  }

  /** Moves the cursor behind these chunks, in the store first. */
  async move(
    stream: Stream,
    chunks: readonly OutboxChunk[],
    aside: readonly SetAside[],
    spent: readonly Place[],
  ): Promise<void> {
    const before = await this.cursor(stream), { place } = chunks[chunks.length - 1];
    let next = before?.next ?? 0, missed = before?.missed ?? 0, items = 0;
    for (const chunk of chunks) {
      missed += Math.max(0, chunk.first - next); // what comes again after a crash has lower numbers: no gap
      next = chunk.first + chunk.items.length;
      items += chunk.items.length;
    }
    const cursor: Cursor = {
      place,
      next,
      delivered: (before?.delivered ?? 0) + items - aside.length,
      aside: (before?.aside ?? 0) + aside.length,
      missed,
    };
    // When somebody else has moved it, it is read again: from where they are.
    if (await this.outbox.save(this.sink, stream, before, cursor, aside, spent)) {
      this.cursors.set(keyOf(stream), cursor);
    } else this.cursors.delete(keyOf(stream));
  }

  /** Reads behind the cursor, and notes how much waits there. */
  async read(stream: Stream, items: number): Promise<readonly OutboxChunk[]> {
    const cursor = await this.cursor(stream), { chunks, total } = await this.outbox.read(stream, cursor?.place, items);
    const waiting = chunks.length === 0 ? 0 : Math.max(1, total - (cursor?.next ?? 0));
    this.backlogs.set(keyOf(stream), { items: waiting, ...(chunks.length === 0 ? {} : { oldest: chunks[0].at }) });
    return chunks;
  }

  /** All streams together; what waits in those that another process delivers by now is its own business. */
  sum(mine: readonly Stream[]): Backlog & Pick<Cursor, "delivered" | "aside" | "missed"> {
    let items = 0, oldest: number | undefined, delivered = 0, aside = 0, missed = 0;
    for (const stream of mine) {
      const backlog = this.backlogs.get(keyOf(stream));
      items += backlog?.items ?? 0;
      if (backlog?.oldest !== undefined) oldest = Math.min(oldest ?? Infinity, backlog.oldest);
    }
    for (const cursor of this.cursors.values()) {
      delivered += cursor?.delivered ?? 0;
      aside += cursor?.aside ?? 0;
      missed += cursor?.missed ?? 0;
    }
    return { items, ...(oldest === undefined ? {} : { oldest }), delivered, aside, missed };
  }
}

function keyOf({ partition, kind }: Stream): string {
  return `${kind}/${partition}`;
}
