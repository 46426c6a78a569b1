/**
 * Copies of the models that all partitions share. They are registered on the first KV server; every other one has the
 * latest versions, too: a partition that is taken over while the first one does not answer goes on with those that it had
 * in use. Versions never change, so a copy is never wrong, at most missing.
 *
 * @module
 */
import { KEYS } from "../keys.ts";
import { KV_LIMITS, type KvPort } from "../kv.ts";
import { ownerOf } from "./places.ts";
import type { HeadValue, VersionValue } from "../registry.ts";

/** So many of a model's versions are copied, the newest; beside them the one in use. */
const NEWEST = 4;

/** Whether there may be copies of a key. */
export function isCopiedModel(key: Deno.KvKey): boolean {
  return (key[0] === "model_version" || key[0] === "model_part") && ownerOf(key) === "all";
}

/** A version that is to be copied. */
interface Version {
  readonly name: string;
  readonly version: number;
  readonly value: VersionValue;
}

/**
 * Gives the others what the first one has, and takes from them what is old.
 *
 * @returns whether all of the others answered; those that did not get it the next time
 * @throws {StoreAwayError} if the first does not answer
 */
export async function refreshModelCopies(first: KvPort, others: readonly KvPort[]): Promise<boolean> {
  if (others.length === 0) return true;
  const wanted = new Map((await latest(first)).map((one) => [idOf(one), one]));
  const refreshed = await Promise.allSettled(others.map(async (other) => {
    const there = new Map((await copied(other)).map((one) => [idOf(one), one]));
    for (const [id, one] of wanted) if (!there.has(id)) await copy(first, other, one);
    for (const [id, { name, version }] of there) {
      if (wanted.has(id)) continue;
      await other.atomic().delete(KEYS.modelVersion(name, version)).commit();
      await clear(other, { prefix: KEYS.modelParts(name, version) });
    }
    for (const [name, versions] of Map.groupBy(wanted.values(), ({ name }) => name)) {
      const oldest = Math.min(...versions.map(({ version }) => version));
      // Parts of a copy that was never finished.
      await clear(other, { start: KEYS.modelParts(name), end: KEYS.modelParts(name, oldest) });
    }
  }));
  return refreshed.every(({ status }) => status === "fulfilled");
}

/** One write of a version: a store that was imported anew may call another one so. */
function idOf({ name, version, value: { write } }: Version): string {
  return `${name}\n${version}\n${write}`;
}

/** What is to be copied of the models that belong to no partition. */
async function latest(first: KvPort): Promise<Version[]> {
  const found: Version[] = [];
  for await (const { key, value: { active } } of first.list<HeadValue>({ prefix: KEYS.models() })) {
    if (ownerOf(key) !== "all") continue;
    const name = String(key[1]), options = { reverse: true, limit: NEWEST };
    const newest = await Array.fromAsync(
      first.list<VersionValue>({ prefix: KEYS.modelVersions(name) }, options),
      ({ key, value }) => ({ name, version: Number(key[2]), value }),
    );
    found.push(...newest);
    if (newest.some(({ version }) => version === active)) continue;
    const { value } = await first.get<VersionValue>(KEYS.modelVersion(name, active));
    if (value !== null) found.push({ name, version: active, value });
  }
  return found;
}

/** What a server has copies of. */
async function copied(other: KvPort): Promise<Version[]> {
  const found: Version[] = [];
  for await (const { key, value } of other.list<VersionValue>({ prefix: KEYS.modelVersions() })) {
    if (isCopiedModel(key)) found.push({ name: String(key[1]), version: Number(key[2]), value });
  }
  return found;
}

/** Its parts come first: a version that is there is there as a whole. */
async function copy(first: KvPort, other: KvPort, { name, version, value }: Version): Promise<void> {
  const { write, parts } = value, perWrite = Math.floor(KV_LIMITS.atomicBytes / KV_LIMITS.valueBytes);
  for (let from = 0; from < parts; from += perWrite) {
    const atomic = other.atomic();
    for (let part = from; part < Math.min(parts, from + perWrite); part++) {
      const key = KEYS.modelPart(name, version, write, part), found = (await first.get(key)).value;
      if (found === null) return; // it was taken away meanwhile
      atomic.set(key, found);
    }
    await atomic.commit();
  }
  await other.atomic().set(KEYS.modelVersion(name, version), value).commit();
}

async function clear(other: KvPort, selector: Deno.KvListSelector): Promise<void> {
  const keys = await Array.fromAsync(other.list(selector), ({ key }) => key);
  for (let at = 0; at < keys.length; at += KV_LIMITS.mutations) {
    const atomic = other.atomic();
    for (const key of keys.slice(at, at + KV_LIMITS.mutations)) atomic.delete(key);
    await atomic.commit();
  }
}
