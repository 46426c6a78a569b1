/**
 * A KV server that could not be reached when it was to be opened: that is tried again whenever it is asked something.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import type { KvAtomic } from "../kv.ts";
import type { KvConnection } from "./timed_kv.ts";

/** A server that is opened by the first call that reaches it. */
export class LateKv implements KvConnection {
  private opened?: Promise<KvConnection>;

  /** @param open opens it, or rejects */
  constructor(private readonly open: () => Promise<KvConnection>) {}

  async get<T = unknown>(key: Deno.KvKey): Promise<Deno.KvEntryMaybe<T>> {
    return await (await this.kv()).get<T>(key);
  }

  async getMany(keys: readonly Deno.KvKey[]): Promise<Deno.KvEntryMaybe<unknown>[]> {
    return await (await this.kv()).getMany(keys);
  }

  async *list<T = unknown>(
    selector: Deno.KvListSelector,
    options?: Deno.KvListOptions,
  ): AsyncIterable<Deno.KvEntry<T>> {
    yield* (await this.kv()).list<T>(selector, options);
  }

  atomic(): KvAtomic {
    const steps: ((atomic: KvAtomic) => KvAtomic)[] = [];
    const write: KvAtomic = {
      check: (...checks) => (steps.push((atomic) => atomic.check(...checks)), write),
      set: (key, value) => (steps.push((atomic) => atomic.set(key, value)), write),
      delete: (key) => (steps.push((atomic) => atomic.delete(key)), write),
      commit: async () => {
        const kv = await this.kv();
        return await steps.reduce<KvAtomic>((atomic, step) => step(atomic), kv.atomic()).commit();
      },
    };
    return write;
  }

  watch<T extends readonly unknown[]>(
    keys: readonly [...{ [K in keyof T]: Deno.KvKey }],
  ): ReadableStream<{ [K in keyof T]: Deno.KvEntryMaybe<T[K]> }> {
    let reader: ReadableStreamDefaultReader<{ [K in keyof T]: Deno.KvEntryMaybe<T[K]> }> | undefined;
    return new ReadableStream({
      pull: async (controller) => {
        reader ??= (await this.kv()).watch<T>(keys).getReader();
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader?.cancel(reason),
    }, { highWaterMark: 0 });
  }

  close(): void {
    void this.opened?.then((kv) => kv.close(), () => {});
  }

  private kv(): Promise<KvConnection> {
    return this.opened ??= this.open().catch((error) => {
      this.opened = undefined;
      if (error instanceof Deno.errors.NotCapable) throw error;
      throw new StoreAwayError(error instanceof Error ? error.message : String(error), { cause: error });
    });
  }
}
