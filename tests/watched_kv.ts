/**
 * The database in memory, with Deno KV's watches.
 *
 * @module
 */
import { MemoryKv, type Write } from "./memory_kv.ts";

/** A database that tells who watches. */
export class WatchedKv extends MemoryKv {
  readonly #watchers = new Set<() => void>();

  override apply(write: Write): Deno.KvCommitResult | Deno.KvCommitError {
    const result = super.apply(write);
    if (result.ok) { for (const tell of this.#watchers) tell(); }
    return result;
  }

  watch(keys: readonly Deno.KvKey[]): ReadableStream<Deno.KvEntryMaybe<unknown>[]> {
    let last: string | undefined, tell = () => {};
    return new ReadableStream({
      start: (controller) => {
        tell = () =>
          void this.getMany(keys).then((entries) => {
            const now = entries.map(({ versionstamp }) => versionstamp).join();
            if (now !== last) controller.enqueue(entries);
            last = now;
          }).catch(() => {}); // nobody reads any more
        this.#watchers.add(tell);
        tell();
      },
      cancel: () => void this.#watchers.delete(tell),
    });
  }
}
