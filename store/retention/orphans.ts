/**
 * Parts of large snapshots that no snapshot points to: what a crash left of a generation that was not finished.
 *
 * A generation that is being written looks the same until its pointer is there, so one is removed only when it was seen
 * without a pointer for an hour.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import { KEYS } from "../keys.ts";
import type { KvPort } from "../kv.ts";

/** Time after which parts without a pointer are nobody's, ms; a snapshot is written in minutes or fails. */
export const ORPHAN_MS = 3_600_000;
/** Generations that one sweep looks at: each is a read of up to 63 KB. */
const LOOKS = 100;
/** Orphans that are remembered at a time. */
const REMEMBERED = 10_000;
/** Parts of one generation that one write removes; a snapshot has a few. */
const REMOVED_AT_ONCE = 800;

/** Finds and removes them. */
export class Orphans {
  /** When each was first seen, by name and generation; of this round over the store and of the last. */
  private seen = new Map<string, number>();
  private last = new Map<string, number>();
  private cursor: Deno.KvKey = KEYS.sensorPartsAll();

  constructor(private readonly kv: KvPort, private readonly clock: Clock) {}

  /** Looks at some generations more; returns how many were removed. */
  async sweep(): Promise<number> {
    let removed = 0;
    for (let look = 0; look < LOOKS; look++) {
      const key = await this.next();
      if (!key) {
        this.cursor = KEYS.sensorPartsAll();
        this.last = this.seen;
        this.seen = new Map();
        return removed;
      }
      const name = String(key[1]), generation = String(key[2]);
      if (await this.judge(name, generation)) removed++;
      this.cursor = KEYS.sensorPart(name, generation, Number.MAX_SAFE_INTEGER);
    }
    return removed;
  }

  /** The first part behind the cursor. */
  private async next(): Promise<Deno.KvKey | undefined> {
    const prefix = KEYS.sensorPartsAll(), { cursor } = this;
    const selector = cursor.length === prefix.length ? { prefix } : { prefix, start: cursor };
    for await (const { key } of this.kv.list(selector, { limit: 1 })) return key;
  }

  private async judge(name: string, generation: string): Promise<boolean> {
    const pointer = await this.kv.get<{ readonly generation?: string }>(KEYS.sensor(name));
    if (pointer.value?.generation === generation) return false;
    const id = JSON.stringify([name, generation]), now = this.clock.now();
    const since = this.seen.get(id) ?? this.last.get(id) ?? now;
    if (now - since >= ORPHAN_MS && await this.remove(name, generation, pointer)) return true;
    if (this.seen.size < REMEMBERED) this.seen.set(id, since);
    return false;
  }

  private async remove(name: string, generation: string, pointer: Deno.AtomicCheck): Promise<boolean> {
    let atomic = this.kv.atomic().check(pointer);
    const prefix = KEYS.sensorParts(name, generation);
    for await (const { key } of this.kv.list({ prefix }, { batchSize: 4, limit: REMOVED_AT_ONCE })) {
      atomic = atomic.delete(key);
    }
    return (await atomic.commit()).ok;
  }
}
