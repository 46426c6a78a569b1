/**
 * A database behind something that looks at what passes.
 *
 * @module
 */
import type { KvAtomic, KvPort } from "./kv.ts";

/** Lets everything through; a subclass changes what it is for. */
export abstract class KvBehind implements KvPort {
  constructor(protected readonly kv: KvPort) {}

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
      commit: () => this.commit(inner),
    };
    return outer;
  }

  close(): void {
    this.kv.close();
  }

  /** Every commit passes here. */
  protected commit(write: KvAtomic): ReturnType<KvAtomic["commit"]> {
    return write.commit();
  }
}
