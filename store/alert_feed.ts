/**
 * The feed of alerts: every transition that was stored, in order of position within each partition, then new ones as they
 * are committed.
 *
 * Transitions stay in the store until retention takes them, so a follower goes on from any cursor since then. The last
 * ones are in memory too: a follower reads the store only to catch up.
 *
 * @module
 */
import { z } from "zod";
import { placeOf } from "../actors/alerts/ids.ts";
import type { AlertTransition, FeedItem } from "../actors/views.ts";
import { Waiters } from "../actors/waiters.ts";
import { CursorError, readCursor, writeCursor } from "./cursor.ts";
import { KEYS } from "./keys.ts";
import type { KvPort } from "./kv.ts";

/** Transitions kept in memory for followers who are up to date. */
const RING = 4096;

/** Place of a transition in its partition: position, and the place there. */
type Place = readonly [number, string];
const cursorSchema: z.ZodType<Record<string, Place>> = z.record(
  z.string().max(256),
  z.tuple([z.number().int().min(-1), z.string().max(4200)]), // names of 128 and 64 characters, each spelt as up to 9
);

/** Transitions of alerts, from any place on. */
export class AlertFeed {
  private readonly latest = new Map<string, Place>();
  /** Positions before which everything is stored: the last transitions there may have gone with a deleted sensor. */
  private readonly reached = new Map<string, number>();
  private readonly ring: AlertTransition[] = [];
  /** Number of the ring's first transition since the start. */
  private ringStart = 0;
  private readonly waiters = new Waiters();

  constructor(private readonly kv: KvPort) {}

  /**
   * Learns where the feeds of these partitions stand: at the start, and again when another process has written to one
   * since. Followers are given what is new.
   */
  async load(partitions: Iterable<string>): Promise<void> {
    for (const partition of partitions) {
      const selector = { prefix: KEYS.transitions(partition) };
      for await (const { key } of this.kv.list(selector, { reverse: true, limit: 1 })) {
        this.latest.set(partition, [Number(key[2]), String(key[3])]);
      }
      const progress = this.kv.list<{ readonly cut: number }>({ prefix: [...KEYS.partitions(), partition] });
      for await (const { key, value } of progress) if (key[2] === "outputs") this.reached.set(partition, value.cut);
    }
    // Nobody is up to date with the ring any more: everybody reads the store once.
    this.ringStart += this.ring.length + 1;
    this.ring.length = 0;
    this.waiters.wake();
  }

  /** Tells followers of what another process has stored of a partition since. */
  async catchUp(partition: string): Promise<void> {
    const place = this.latest.get(partition), prefix = KEYS.transitions(partition);
    const selector = place ? { prefix, start: KEYS.transition(partition, place[0], place[1]) } : { prefix };
    const fresh: AlertTransition[] = [];
    for await (const { value } of this.kv.list<AlertTransition>(selector)) {
      if (isAfter(value, place)) fresh.push(value);
      if (fresh.length === RING) this.publish(partition, fresh.splice(0));
    }
    this.publish(partition, fresh);
  }

  /** Where the feed stands: a follower that has this cursor has missed nothing so far. */
  get cursor(): string {
    return writeCursor(Object.fromEntries(this.latest));
  }

  /** Whether a follower with this cursor was given everything that is known here; not with one that is none. */
  isAtEnd(cursor: string): boolean {
    const had = placesIn(cursor);
    return had !== undefined && this.latest.entries().every(([partition, [position, place]]) => {
      const [mine, there] = had[partition] ?? [-1, ""];
      return mine > position || (mine === position && there >= place);
    });
  }

  /** Tells followers of transitions that were just stored, in order. */
  publish(partition: string, transitions: readonly AlertTransition[]): void {
    if (transitions.length === 0) return;
    for (const transition of transitions) {
      // What was stored without being told of, before a crash, comes again: that does not set the feed back.
      if (isAfter(transition, this.latest.get(partition))) {
        this.latest.set(partition, [transition.position, placeOf(transition)]);
      }
      this.ring.push(transition);
    }
    const over = this.ring.length - RING;
    if (over > 0) {
      this.ring.splice(0, over);
      this.ringStart += over;
    }
    this.waiters.wake();
  }

  /**
   * Follows from a cursor on; without one, from now on. Ends when `signal` is aborted.
   *
   * A cursor that retention has overtaken, or that is none, gives one `resync` and goes on from now.
   */
  async *follow(cursor: string | undefined, signal: AbortSignal): AsyncGenerator<FeedItem<AlertTransition>> {
    const resumed = cursor === undefined ? undefined : await this.resume(cursor);
    const had = resumed ?? new Map(this.latest);
    let next = this.ringStart + this.ring.length;
    if (cursor !== undefined && resumed === undefined) yield { resync: writeCursor(Object.fromEntries(had)) };
    let behind = resumed !== undefined;
    while (!signal.aborted) {
      if (behind || next < this.ringStart) {
        next = this.ringStart + this.ring.length;
        behind = false;
        yield* this.stored(had, signal);
      } else if (next === this.ringStart + this.ring.length) await this.waiters.wait(signal);
      else {
        const transition = this.ring[next++ - this.ringStart];
        if (isAfter(transition, had.get(transition.partition))) yield give(transition, had);
      }
    }
  }

  /** What the store holds behind the follower's places. */
  private async *stored(had: Map<string, Place>, signal: AbortSignal): AsyncGenerator<FeedItem<AlertTransition>> {
    for (const partition of [...this.latest.keys()].sort()) {
      const prefix = KEYS.transitions(partition), place = had.get(partition);
      const selector = place ? { prefix, start: KEYS.transition(partition, place[0], place[1]) } : { prefix };
      for await (const { value } of this.kv.list<AlertTransition>(selector)) {
        if (signal.aborted) return;
        const last = this.latest.get(partition);
        // What is stored but not published yet comes from the ring, in its time.
        if (last && isAfter(value, last)) break;
        if (isAfter(value, had.get(partition))) yield give(value, had);
      }
    }
  }

  private async resume(cursor: string): Promise<Map<string, Place> | undefined> {
    const places = placesIn(cursor), had = new Map(Object.entries(places ?? {}));
    if (places === undefined) return undefined;
    for (const [partition, [position]] of had) {
      const isAhead = () =>
        position > Math.max(this.latest.get(partition)?.[0] ?? -1, this.reached.get(partition) ?? -1);
      if (isAhead()) await this.catchUp(partition); // another process has told of it before this one
      if (isAhead()) return undefined; // from another data directory
    }
    // Also of partitions that the follower had nothing of: their beginning may be gone.
    for (const partition of this.latest.keys()) {
      const { value: trimmed } = await this.kv.get<number>(KEYS.trimmed(partition));
      if (trimmed !== null && (had.get(partition)?.[0] ?? -1) < trimmed) return undefined;
    }
    return had;
  }
}

/** By partition the place of a cursor; undefined for one that was not made here. */
function placesIn(cursor: string): Record<string, Place> | undefined {
  try {
    return readCursor(cursor, cursorSchema);
  } catch (error) {
    if (error instanceof CursorError) return undefined;
    throw error;
  }
}

function isAfter(transition: AlertTransition, place: Place | undefined): boolean {
  if (!place) return true;
  return transition.position > place[0] || (transition.position === place[0] && placeOf(transition) > place[1]);
}

function give(transition: AlertTransition, had: Map<string, Place>): FeedItem<AlertTransition> {
  had.set(transition.partition, [transition.position, placeOf(transition)]);
  return { id: writeCursor(Object.fromEntries(had)), data: transition };
}
