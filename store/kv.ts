/**
 * What the store needs of a key-value database: a part of Deno KV, so that a test can put another one in its place.
 *
 * @module
 */

/** A database with ordered keys and atomic writes, as Deno KV defines them. */
export interface KvPort {
  get<T = unknown>(key: Deno.KvKey): Promise<Deno.KvEntryMaybe<T>>;
  /** At most 10 keys. */
  getMany(keys: readonly Deno.KvKey[]): Promise<Deno.KvEntryMaybe<unknown>[]>;
  list<T = unknown>(selector: Deno.KvListSelector, options?: Deno.KvListOptions): AsyncIterable<Deno.KvEntry<T>>;
  atomic(): KvAtomic;
  close(): void;
}

/** Writes that happen together or not at all. Only check, set and delete are used: `sum` is not atomic on error. */
export interface KvAtomic {
  check(...checks: Deno.AtomicCheck[]): KvAtomic;
  set(key: Deno.KvKey, value: unknown): KvAtomic;
  delete(key: Deno.KvKey): KvAtomic;
  commit(): Promise<Deno.KvCommitResult | Deno.KvCommitError>;
}

/** Limits of Deno KV, with room to spare for its own encoding. */
export const KV_LIMITS = {
  /** Bytes of a value (64 KiB less the encoding's overhead). */
  valueBytes: 63 * 1024,
  /** Mutations of one atomic write (1,000 less those of the fence, the chain and the position). */
  mutations: 900,
  /** Bytes of one atomic write (800 KiB less overhead). */
  atomicBytes: 640 * 1024,
  /** Bytes of the keys of one atomic write, as `keySize()` has them (81,920 less those of the fence and the chain). */
  keysBytes: 72 * 1024,
  /** Keys of one getMany. */
  getMany: 10,
} as const;
