/**
 * Events in order with cursors, for the feeds of a fake plant.
 *
 * @module
 */
import type { FeedItem } from "../../actors/views.ts";

/** A list that can be followed; it outlives the servers that serve it, as a store does. */
export class EventLog<T> {
  readonly #items: T[] = [];
  #first = 0;
  #changed = Promise.withResolvers<void>();

  /** Adds one and wakes the followers. */
  push(item: T): void {
    this.#items.push(item);
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }

  /** Forgets everything so far: who resumes from it is told to ask again. */
  forget(): void {
    this.#first = this.#items.length;
  }

  /** Events after `cursor`, or new ones. */
  async *follow(cursor: string | undefined, signal: AbortSignal): AsyncGenerator<FeedItem<T>> {
    let at = cursor === undefined ? this.#items.length : Number(cursor) + 1;
    if (at < this.#first) {
      at = this.#first;
      yield { resync: String(at - 1) };
    }
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    while (!signal.aborted) {
      if (at < this.#items.length) {
        yield { id: String(at), data: this.#items[at] };
        at++;
      } else await Promise.race([this.#changed.promise, aborted]);
    }
  }
}
