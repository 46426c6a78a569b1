/**
 * Moving a partition from one KV server to another while everything else runs on.
 *
 * Its fence is raised in the name of {@linkcode MOVED}, so that its owner can write no more and nobody can take it over; then
 * it is copied, the map is changed, and what was copied is removed. Done again after a failure at any place it comes to the
 * same: until the map has changed the old place holds everything, and the fence there stays for whoever has an old map.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import type { Clock } from "../../actors/ports.ts";
import { readMeta } from "../../actors/sensor/snapshot.ts";
import { Buffer } from "node:buffer";
import { serialize } from "node:v8";
import { keyBytes } from "../bytes.ts";
import { ALL_GUARDS, Chain, MOVED, type Mutation, StoreError } from "../checkpoint/chain.ts";
import { KV_LIMITS } from "../kv.ts";
import { KvCheckpointStore } from "../checkpoint/store.ts";
import type { FleetKv } from "./fleet.ts";
import { KEYS } from "../keys.ts";
import { ownerOf, type PartitionMap, placeOf, SERVER_KEYS } from "./places.ts";
import type { TimedKv } from "./timed_kv.ts";

/** How a partition is moved. */
export interface MoveOptions {
  readonly clock: Clock;
  readonly freshId: () => string;
  /** Longest wait for an answer, ms. */
  readonly deadlineMs: number;
}

/** Entries that are read before they are written. */
const BATCH = 1_000;

/**
 * Moves a partition to the server of this id; to the one where it is already, what an interrupted move left is put right.
 *
 * @returns entries that were copied
 * @throws {StoreAwayError} if a server does not answer; the same again goes on where it stopped
 */
export async function movePartition(
  fleet: FleetKv,
  partition: string,
  to: string,
  options: MoveOptions,
): Promise<number> {
  await agreeOnMap(fleet, options);
  const old = fleet.of(partition), place = fleet.server(to);
  const chain = (kv: TimedKv, owner?: string) =>
    Chain.claim(kv, partition, { ...options, guards: ALL_GUARDS, moving: true, ...(owner ? { owner } : {}) });
  let copied = 0;
  if (old !== place) {
    const map = { ...fleet.map, moved: { ...fleet.map.moved, [partition]: to } };
    checkSize(map); // before anybody has to wait
    const from = await chain(old, MOVED), into = await chain(place);
    const sensors = await sensorsOf(old, partition, options); // no other one can come now
    await remove(place, partition, sensors, into);
    for await (const batch of batches(entriesOf(old, partition, sensors), copyOf)) {
      await into.write(batch);
      copied += batch.length;
    }
    await changeMap(fleet, map);
    await remove(old, partition, sensors, from);
  } else {
    await chain(place);
    const sensors = await sensorsOf(place, partition, options);
    for (const other of fleet.servers) {
      if (other === place) continue;
      for await (const _ of entriesOf(other, partition, sensors)) {
        await remove(other, partition, sensors, await chain(other, MOVED));
        break;
      }
    }
  }
  return copied;
}

/** Reads the map of every server. @throws {StoreAwayError} if one does not answer */
export async function lookAtAll(fleet: FleetKv, { freshId }: Pick<MoveOptions, "freshId">): Promise<void> {
  await fleet.look(freshId);
  if (fleet.problems().length > 0) throw new StoreAwayError(`every KV server must answer: ${fleet.problems()[0]}`);
}

/** The same, and servers that did not take the newest map when it was made are given it. */
export async function agreeOnMap(fleet: FleetKv, options: Pick<MoveOptions, "freshId">): Promise<void> {
  await lookAtAll(fleet, options);
  for (const server of fleet.servers) await giveMap(server, fleet.map);
}

/** Every partition that was ever run, the id of the server that holds it, and its fence, which names its owner. */
export async function partitionsByServer(
  fleet: FleetKv,
): Promise<{ readonly partition: string; readonly id: string; readonly fence: string }[]> {
  const found: { partition: string; id: string; fence: string }[] = [];
  for await (const { key, value } of fleet.list<string>({ prefix: KEYS.partitions() })) {
    if (key[2] === "fence") {
      found.push({ partition: String(key[1]), id: placeOf(fleet.map, String(key[1])), fence: value });
    }
  }
  return found;
}

/**
 * Gives every server the map with the next version. The first one of the map comes first, whoever does it: of two at the
 * same time one gets no further.
 *
 * @throws {StoreAwayError} if one does not take it: the same again goes on
 * @throws {StoreError} if it would fit no value: of about 1,000 partitions it can say that they were moved
 */
export async function changeMap(fleet: FleetKv, map: Omit<PartitionMap, "version">): Promise<void> {
  const next: PartitionMap = { ...map, version: fleet.map.version + 1 }, first = fleet.server(fleet.map.servers[0]);
  checkSize(next);
  for (const server of [first, ...fleet.servers.filter((one) => one !== first)]) {
    if (await giveMap(server, next)) continue;
    throw new StoreAwayError("the map of partitions was changed by somebody else at the same time: try again");
  }
  fleet.learn(next);
}

/** @throws {StoreError} if the map would fit no value */
function checkSize({ version: _, ...map }: PartitionMap): void {
  const bytes = Buffer.byteLength(serialize(map)), { valueBytes } = KV_LIMITS;
  if (bytes <= valueBytes) return;
  const moved = Object.keys(map.moved).length;
  throw new StoreError(
    `cannot keep the map of partitions: ${moved} that were moved take ${bytes} bytes, at most ${valueBytes}`,
  );
}

/** Gives a server this map; false where its own is as new. @throws {StoreAwayError} if it does not take it */
async function giveMap(server: TimedKv, map: PartitionMap): Promise<boolean> {
  const found = await server.get<PartitionMap>(SERVER_KEYS.map);
  if ((found.value?.version ?? 0) >= map.version) return false;
  await server.atomic().check(found).set(SERVER_KEYS.map, map).commit();
  const { value } = await server.get<PartitionMap>(SERVER_KEYS.map);
  if (JSON.stringify(value) === JSON.stringify(map)) return true;
  throw new StoreAwayError(`the KV server ${server.name} did not take the map of partitions: try again`);
}

/** Names of the partition's sensors on a server. */
async function sensorsOf(server: TimedKv, partition: string, options: MoveOptions): Promise<Set<string>> {
  const store = new KvCheckpointStore(server, { ...options, historyChunks: 1 }), names = new Set<string>();
  for await (const { name, bytes } of store.snapshots()) if (readMeta(bytes).partition === partition) names.add(name);
  for await (const { key } of server.list({ prefix: KEYS.sensorsOf(partition) })) names.add(String(key[2])); // new ones, too
  return names;
}

/** Everything of a partition on a server but its fence and chain, which are the server's own. */
async function* entriesOf(
  server: TimedKv,
  partition: string,
  sensors: ReadonlySet<string>,
): AsyncGenerator<Deno.KvEntry<unknown>> {
  const own = [KEYS.fence(partition), KEYS.chain(partition)].map((key) => key.join("\n"));
  for await (const entry of server.list({ prefix: [] }, { batchSize: 100 })) {
    const owner = ownerOf(entry.key);
    if (typeof owner === "string" || own.includes(entry.key.join("\n"))) continue;
    if ("sensor" in owner ? sensors.has(owner.sensor) : owner.partition === partition) yield entry;
  }
}

/** As many at a time as are held in memory. */
async function* batches(
  entries: AsyncIterable<Deno.KvEntry<unknown>>,
  toMutation: (entry: Deno.KvEntry<unknown>) => Mutation,
): AsyncGenerator<Mutation[]> {
  let batch: Mutation[] = [];
  for await (const entry of entries) {
    batch.push(toMutation(entry));
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

function copyOf({ key, value }: Deno.KvEntry<unknown>): Mutation {
  return { key, value, bytes: keyBytes(String(key)) + Buffer.byteLength(serialize(value)) };
}

/** Takes everything of a partition away from a server. */
async function remove(server: TimedKv, partition: string, sensors: ReadonlySet<string>, chain: Chain): Promise<void> {
  const removal = ({ key }: Deno.KvEntry<unknown>): Mutation => ({ key, bytes: keyBytes(String(key)) });
  for await (const batch of batches(entriesOf(server, partition, sensors), removal)) await chain.write(batch);
}
