/**
 * The feeds of a process among others: while somebody follows, the heads of all partitions are watched, and what others
 * have committed is brought in. With nobody there, nothing runs.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import type { AlertTransition, Feed, FeedItem, ReadingView } from "../../actors/views.ts";
import { Waiters } from "../../actors/waiters.ts";
import type { AlertFeed } from "../../store/alert_feed.ts";
import type { Hub } from "../../store/hub.ts";
import { KEYS } from "../../store/keys.ts";
import type { TimedKv } from "../../store/nodes/timed_kv.ts";

/** Keys that one watch takes. */
const WATCHED = 10;

/** What it is wired to. */
export interface SharedFeedParts {
  readonly kv: Pick<TimedKv, "changes">;
  readonly alerts: AlertFeed;
  readonly readings: Hub<ReadingView>;
  /** Ids of all partitions. */
  readonly partitions: readonly string[];
  readonly clock: Clock;
  /** Looks so often without being told: a KV file tells nobody of other processes' writes (denoland/deno#21640). */
  readonly lookMs: number;
  /** Brings in what others have committed. */
  readonly refresh: () => Promise<void>;
  readonly report: (error: unknown) => void;
}

/** Feeds that others' commits are in, too. */
export class SharedFeed implements Feed {
  #followers = 0;
  #watching?: AbortController;

  constructor(private readonly parts: SharedFeedParts) {}

  /** Whether somebody follows. */
  get isFollowed(): boolean {
    return this.#followers > 0;
  }

  alerts(cursor: string | undefined, signal: AbortSignal): AsyncIterable<FeedItem<AlertTransition>> {
    return this.#following(() => this.parts.alerts.follow(cursor, signal));
  }

  alertsCursor(): string {
    return this.parts.alerts.cursor;
  }

  readings(cursor: string | undefined, signal: AbortSignal): AsyncIterable<FeedItem<ReadingView>> {
    return this.#following(() => this.parts.readings.follow(cursor, signal));
  }

  async *#following<T>(follow: () => AsyncIterable<T>): AsyncGenerator<T> {
    if (this.#followers++ === 0) {
      this.#watching = new AbortController();
      void this.#watch(this.#watching.signal);
    }
    try {
      await this.parts.refresh(); // a cursor may come from a process that knows more
      yield* follow();
    } finally {
      if (--this.#followers === 0) this.#watching?.abort();
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { partitions, clock, lookMs, refresh, report } = this.parts, changed = new Waiters();
    const keys = partitions.map((partition) => KEYS.outputs(partition));
    for (let from = 0; from < keys.length; from += WATCHED) {
      void this.#tell(keys.slice(from, from + WATCHED), changed, signal);
    }
    while (!signal.aborted) {
      const waited = new AbortController(), either = AbortSignal.any([signal, waited.signal]);
      await Promise.race([changed.wait(either), clock.sleep(lookMs, either).catch(() => {})]);
      waited.abort();
      if (!signal.aborted) await refresh().catch(report);
    }
  }

  /** Wakes whoever waits at every change. A watch that breaks is begun again after a look. */
  async #tell(keys: readonly Deno.KvKey[], changed: Waiters, signal: AbortSignal): Promise<void> {
    const { kv, clock, lookMs, report } = this.parts;
    while (!signal.aborted) {
      try {
        for await (const _ of kv.changes(keys, signal)) changed.wake();
      } catch (error) {
        report(error);
      }
      await clock.sleep(lookMs, signal).catch(() => {});
    }
  }
}
