/**
 * Copies of what belongs to no partition and without which none can be run: which versions of the configuration there
 * are, and what sources recorded. It is written on the first KV server; every other one has a copy, for when the first
 * does not answer. A copy may be older: a node that goes by it takes the latest version when the first is there again.
 *
 * @module
 */
import { compareKeys } from "../key_order.ts";
import type { KvPort } from "../kv.ts";

const KINDS: readonly string[] = ["configuration", "source"];

/** Whether there are copies of a key, or of the keys that begin with it. */
export function isCopied(key: Deno.KvKey): boolean {
  return KINDS.includes(String(key[0]));
}

/** An entry from whichever of these servers has it; undefined if none that answers has. */
export async function copyOf<T>(
  servers: readonly KvPort[],
  key: Deno.KvKey,
): Promise<Deno.KvEntryMaybe<T> | undefined> {
  const found = await Promise.allSettled(servers.map((one) => one.get<T>(key)));
  for (const one of found) if (one.status === "fulfilled" && one.value.value !== null) return one.value;
}

/** What these servers have together, as far as they answer. */
export async function copiesOf<T>(
  servers: readonly KvPort[],
  selector: Deno.KvListSelector,
  { limit = Infinity, reverse = false }: Deno.KvListOptions,
): Promise<Deno.KvEntry<T>[]> {
  const lists = await Promise.allSettled(servers.map((one) => Array.fromAsync(one.list<T>(selector))));
  const all = lists.flatMap((list) => list.status === "fulfilled" ? list.value : [])
    .sort((a, b) => compareKeys(a.key, b.key));
  const entries = all.filter(({ key }, i) => i === 0 || compareKeys(key, all[i - 1].key) !== 0);
  return (reverse ? entries.reverse() : entries).slice(0, limit);
}

/**
 * Gives the others what the first one has.
 *
 * @param others those that do not answer get it the next time
 * @throws {StoreAwayError} if the first does not answer
 */
export async function refreshCopies(first: KvPort, others: readonly KvPort[]): Promise<void> {
  const textOf = ({ value }: Deno.KvEntry<unknown>) => JSON.stringify(value);
  for (const kind of others.length > 0 ? KINDS : []) {
    const entries = await Array.fromAsync(first.list({ prefix: [kind] }));
    await Promise.allSettled(others.map(async (other) => {
      const copies = await Array.fromAsync(other.list({ prefix: [kind] }));
      const there = new Map(copies.map((copy) => [String(copy.key), textOf(copy)]));
      for (const entry of entries) {
        if (there.get(String(entry.key)) !== textOf(entry)) await other.atomic().set(entry.key, entry.value).commit();
      }
    }));
  }
}
