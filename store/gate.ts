/**
 * A gate before the writes of a store: while it is closed they wait, so that somebody can read one consistent cut.
 *
 * What is read then is what a process that was killed at this instant would have left: recovery knows how to go on from
 * it. Writes that wait longer than their callers' patience count as ambiguous, as with a slow database.
 *
 * Since every write passes here, it is also known here whether the disk takes them.
 *
 * @module
 */
import { Waiters } from "../actors/waiters.ts";
import type { KvAtomic, KvPort } from "./kv.ts";
import { DiskError, troubleOf } from "./trouble.ts";

/** A database whose writes can be held back. */
export class GatedKv implements KvPort {
  private closed = false;
  private underWay = 0;
  private readonly changed = new Waiters();
  /** Why the last write failed, where it was the disk's fault; undefined since one has succeeded. */
  trouble?: DiskError;

  constructor(private readonly kv: KvPort) {}

  get<T = unknown>(key: Deno.KvKey): Promise<Deno.KvEntryMaybe<T>> {
    return this.kv.get<T>(key);
  }

  getMany(keys: readonly Deno.KvKey[]): Promise<Deno.KvEntryMaybe<unknown>[]> {
    return this.kv.getMany(keys);
  }

  list<T = unknown>(selector: Deno.KvListSelector, options?: Deno.KvListOptions): AsyncIterable<Deno.KvEntry<T>> {
    return this.kv.list<T>(selector, options);
  }

  atomic(): KvAtomic {
    const inner = this.kv.atomic();
    const outer: KvAtomic = {
      check: (...checks) => (inner.check(...checks), outer),
      set: (key, value) => (inner.set(key, value), outer),
      delete: (key) => (inner.delete(key), outer),
      commit: () => this.pass(() => inner.commit()),
    };
    return outer;
  }

  close(): void {
    this.kv.close();
  }

  /** Closes the gate, waits for writes under way, does the work, and opens it again. One at a time. */
  async paused(work: () => Promise<void>): Promise<void> {
    while (this.closed) await this.changed.wait();
    this.closed = true;
    try {
      while (this.underWay > 0) await this.changed.wait();
      await work();
    } finally {
      this.closed = false;
      this.changed.wake();
    }
  }

  private async pass<T>(write: () => Promise<T>): Promise<T> {
    while (this.closed) await this.changed.wait();
    this.underWay++;
    try {
      const written = await write();
      this.trouble = undefined;
      return written;
    } catch (thrown) {
      const error = troubleOf(thrown);
      if (error instanceof DiskError) this.trouble = error;
      throw error;
    } finally {
      this.underWay--;
      this.changed.wake();
    }
  }
}
