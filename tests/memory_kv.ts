/**
 * A key-value database in memory with Deno KV's order of keys and atomic writes: fast enough for thousands of histories.
 *
 * @module
 */
import type { KvAtomic, KvPort } from "../store/kv.ts";

interface Stored {
  readonly key: Deno.KvKey;
  readonly value: unknown;
  readonly version: number;
}

/** One atomic write as it was asked for. */
export interface Write {
  readonly checks: readonly Deno.AtomicCheck[];
  readonly mutations: readonly { readonly key: Deno.KvKey; readonly value?: unknown; readonly set: boolean }[];
}

/** Bytes of the keys that one atomic write sets, and of a key, at most, as Deno KV and its servers have them. */
const KEYS_BYTES = 81_920, KEY_BYTES = 2_048;

/** The database. */
export class MemoryKv implements KvPort {
  readonly entries = new Map<string, Stored>();
  private sorted?: string[];
  private version = 0;

  get<T = unknown>(key: Deno.KvKey): Promise<Deno.KvEntryMaybe<T>> {
    return Promise.resolve(this.read(key) as Deno.KvEntryMaybe<T>);
  }

  getMany(keys: readonly Deno.KvKey[]): Promise<Deno.KvEntryMaybe<unknown>[]> {
    return Promise.resolve(keys.map((key) => this.read(key)));
  }

  async *list<T = unknown>(
    selector: Deno.KvListSelector,
    options: Deno.KvListOptions = {},
  ): AsyncIterable<Deno.KvEntry<T>> {
    const prefix = "prefix" in selector ? encode(selector.prefix) : "";
    const start = "start" in selector && selector.start ? encode(selector.start) : prefix;
    const end = "end" in selector && selector.end ? encode(selector.end) : prefix + "\uffff";
    if (start > end) throw new TypeError("Start key is greater than end key");
    this.sorted ??= [...this.entries.keys()].sort();
    const keys = this.sorted.filter((key) => key >= start && key < end && key.startsWith(prefix) && key !== prefix);
    if (options.reverse) keys.reverse();
    for (const key of keys.slice(0, options.limit)) {
      const stored = this.entries.get(key);
      if (stored) yield await Promise.resolve(this.entry(stored) as Deno.KvEntry<T>);
    }
  }

  atomic(): KvAtomic {
    return this.atomicFor((write) => this.commit(write));
  }

  /** An atomic write that is handed to `commit` once it is put together. */
  atomicFor(commit: (write: Write) => Promise<Deno.KvCommitResult | Deno.KvCommitError>): KvAtomic {
    const checks: Deno.AtomicCheck[] = [], mutations: { key: Deno.KvKey; value?: unknown; set: boolean }[] = [];
    const write: KvAtomic = {
      check: (...more) => (checks.push(...more), write),
      set: (key, value) => (mutations.push({ key, value: copied(value), set: true }), write),
      delete: (key) => (mutations.push({ key, set: false }), write),
      commit: () => commit({ checks, mutations }),
    };
    return write;
  }

  /** Applies a write; overridden where faults are wanted. */
  commit(write: Write): Promise<Deno.KvCommitResult | Deno.KvCommitError> {
    return Promise.try(() => this.apply(write));
  }

  close(): void {}

  /** Applies a write at once. */
  apply({ checks, mutations }: Write): Deno.KvCommitResult | Deno.KvCommitError {
    refuseLongKeys(mutations);
    for (const { key, versionstamp } of checks) if (this.read(key).versionstamp !== versionstamp) return { ok: false };
    this.version++;
    for (const { key, value, set } of mutations) {
      const text = encode(key);
      if (set !== this.entries.has(text)) this.sorted = undefined;
      if (set) this.entries.set(text, { key, value, version: this.version });
      else this.entries.delete(text);
    }
    return { ok: true, versionstamp: stamp(this.version) };
  }

  private read(key: Deno.KvKey): Deno.KvEntryMaybe<unknown> {
    const stored = this.entries.get(encode(key));
    return stored ? this.entry(stored) : { key, value: null, versionstamp: null };
  }

  private entry({ key, value, version }: Stored): Deno.KvEntry<unknown> {
    return { key, value: copied(value), versionstamp: stamp(version) };
  }
}

/** @throws {TypeError} as the real one does; keys that are deleted or checked do not count */
function refuseLongKeys(mutations: Write["mutations"]): void {
  if (mutations.length * KEY_BYTES <= KEYS_BYTES) return; // most writes, at no cost
  let size = 0;
  for (const { key, set } of mutations) if (set) size += sizeOf(key);
  if (size > KEYS_BYTES) throw new TypeError(`Total key size too large (max ${KEYS_BYTES} bytes)`);
}

const utf8 = new TextEncoder();

/** Bytes of a key of texts and numbers: a text has a byte before and behind it, and each 0 in it takes two. */
function sizeOf(key: Deno.KvKey): number {
  return key.reduce<number>((size, part) => {
    if (typeof part !== "string") return size + 9;
    const isPlain = /^[ -~]*$/.test(part);
    return size + 2 + (isPlain ? part.length : utf8.encode(part.replaceAll("\0", "\0\0")).length);
  }, 0);
}

/** A deep copy, as a database gives it: `structuredClone` for what is stored here, at a tenth of its cost. */
function copied(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array || value instanceof Float64Array) return value.slice();
  if (Array.isArray(value)) return value.map(copied);
  if (Object.getPrototypeOf(value) !== Object.prototype) return structuredClone(value);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copied(one)]));
}

function stamp(version: number): string {
  return String(version).padStart(20, "0");
}

const buffer = new DataView(new ArrayBuffer(8));

/** A text whose UTF-16 code units sort as the bytes of the text in UTF-8 do: characters above the first plane come last. */
function byCodePoint(text: string): string {
  if (!/[\ud800-\uffff]/.test(text)) return text;
  let sorted = "";
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    sorted += String.fromCharCode(unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);
  }
  return sorted;
}

/** A key as a text that sorts as Deno KV sorts keys of texts and numbers. */
function encode(key: Deno.KvKey): string {
  return key.map((part) => {
    if (typeof part === "string") return `\u0002${byCodePoint(part)}\u0000`;
    buffer.setFloat64(0, Number(part));
    const high = buffer.getUint32(0), low = buffer.getUint32(4), negative = high >>> 31 === 1;
    const flip = (word: number, mask: number) => ((negative ? ~word : word ^ mask) >>> 0).toString(16).padStart(8, "0");
    return `\u0003${flip(high, 0x80000000)}${flip(low, 0)}\u0000`;
  }).join("");
}
