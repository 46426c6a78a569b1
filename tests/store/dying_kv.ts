/**
 * A database as a process sees it that dies after so many writes.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import type { KvAtomic, KvPort } from "../../store/kv.ts";
import { KvBehind } from "../../store/kv_behind.ts";

/** The same database; all writes fail behind the last one. */
export class DyingKv extends KvBehind {
  /** Writes so far. */
  writes = 0;

  constructor(kv: KvPort, private readonly most: number) {
    super(kv);
  }

  protected override commit(write: KvAtomic): ReturnType<KvAtomic["commit"]> {
    if (this.writes >= this.most) return Promise.reject(new StoreAwayError("it is dead"));
    this.writes++;
    return super.commit(write);
  }
}
