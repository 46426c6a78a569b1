/**
 * Thinning of a stream for one client: at most so many events a second, the newest of each sensor.
 *
 * @module
 */
import type { Clock } from "../actors/ports.ts";
import type { FeedEvent, FeedItem } from "../actors/views.ts";
import { Waiters } from "../actors/waiters.ts";

/** Events that wait at most, one a key; beyond that the oldest is left out. */
const WAITING_MAX = 4_096;
/** Least time between two bursts, ms. */
const SLOT_MS = 100;

/** How a stream is thinned. */
export interface Thinning<T> {
  /** Only the newest of those with one key waits. */
  keyOf(item: T): string;
  /** Events a second, 1 or more. */
  readonly perSecond: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * The events, thinned; a `resync` passes and drops what waited before it.
 *
 * Takes from `items` as fast as they come, whatever the client does: the slower the client, the more is left out. What
 * comes out is in the order of the stream, so its ids may be resumed from. Memory: {@linkcode WAITING_MAX} references.
 */
export async function* thin<T>(
  items: AsyncIterable<FeedItem<T>>,
  thinning: Thinning<T>,
): AsyncGenerator<FeedItem<T>> {
  const { perSecond, clock, signal } = thinning;
  const slotMs = Math.max(SLOT_MS, 1000 / perSecond);
  const burst = Math.floor(perSecond * slotMs / 1000);
  const intake = new Intake(items, thinning);
  let slotEnds = -Infinity, sent = 0;
  while (!signal.aborted) {
    if (clock.now() >= slotEnds) {
      slotEnds = clock.now() + slotMs;
      sent = 0;
    }
    if (sent === burst) {
      await clock.sleep(slotEnds - clock.now(), signal).catch(() => {});
      continue;
    }
    const item = intake.take();
    if (item !== undefined) {
      sent++;
      yield item;
    } else if (intake.over) return intake.rethrow();
    else await intake.changed.wait(signal);
  }
}

/** What has come and was not sent yet. */
class Intake<T> {
  readonly changed = new Waiters();
  /** Whether nothing more will come. */
  over = false;
  #error: unknown;
  #resync: FeedItem<T> | undefined;
  /** In order of the stream. */
  readonly #newest = new Map<string, FeedEvent<T>>();

  constructor(items: AsyncIterable<FeedItem<T>>, thinning: Thinning<T>) {
    void this.#run(items, thinning);
  }

  take(): FeedItem<T> | undefined {
    const resync = this.#resync;
    if (resync !== undefined) {
      this.#resync = undefined;
      return resync;
    }
    for (const [key, event] of this.#newest) {
      this.#newest.delete(key);
      return event;
    }
    return undefined;
  }

  rethrow(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  async #run(items: AsyncIterable<FeedItem<T>>, { keyOf }: Thinning<T>): Promise<void> {
    try {
      for await (const item of items) {
        if ("resync" in item) {
          this.#newest.clear();
          this.#resync = item;
        } else this.#put(keyOf(item.data), item);
        this.changed.wake();
      }
    } catch (error) {
      this.#error = error;
    }
    this.over = true;
    this.changed.wake();
  }

  #put(key: string, event: FeedEvent<T>): void {
    this.#newest.delete(key); // so that it goes to the end: the map stays in the order of the stream
    this.#newest.set(key, event);
    if (this.#newest.size <= WAITING_MAX) return;
    for (const oldest of this.#newest.keys()) {
      this.#newest.delete(oldest);
      break;
    }
  }
}
