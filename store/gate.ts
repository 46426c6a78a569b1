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
import type { KvAtomic } from "./kv.ts";
import { KvBehind } from "./kv_behind.ts";
import { DiskError, troubleOf } from "./trouble.ts";

/** A database whose writes can be held back. */
export class GatedKv extends KvBehind {
  private closed = false;
  private underWay = 0;
  private readonly changed = new Waiters();
  /** Why the last write failed, where it was the disk's fault; undefined since one has succeeded. */
  trouble?: DiskError;

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

  protected override async commit(write: KvAtomic): ReturnType<KvAtomic["commit"]> {
    while (this.closed) await this.changed.wait();
    this.underWay++;
    try {
      const written = await write.commit();
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
