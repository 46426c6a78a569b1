/**
 * Snapshots of one partition among others on a server.
 *
 * @module
 */
import { judgingSchema } from "../../../actors/config.ts";
import { encodeSnapshot } from "../../../actors/sensor/snapshot.ts";
import { KvCheckpointStore } from "../../../store/checkpoint/store.ts";
import { KEYS } from "../../../store/keys.ts";
import { assertEquals } from "../../../std/assert.ts";
import { PATIENT } from "../../actors/harness.ts";
import { ActorInHand } from "../../actors/sensor/in_hand.ts";
import { MemoryKv } from "../../memory_kv.ts";
import { open, OPTIONS, Server } from "../nodes/fleet_servers.ts";

let ids = 0;
const freshId = () => `id-${++ids}`;
const { actor } = new ActorInHand(judgingSchema.parse({ detectors: "rules" }), "pump", ["a"]);

/** Notes which sensors were asked for by name. */
class WatchedKv extends MemoryKv {
  readonly asked: string[] = [];

  override getMany(keys: readonly Deno.KvKey[]): Promise<Deno.KvEntryMaybe<unknown>[]> {
    this.asked.push(...keys.filter(([kind]) => kind === KEYS.sensors()[0]).map(([, name]) => String(name)));
    return super.getMany(keys);
  }
}

function storeOver(kv: MemoryKv, isShared = true): KvCheckpointStore {
  const fleet = isShared ? { fleet: { servers: [kv], of: () => kv } } : {};
  return new KvCheckpointStore(kv, { clock: PATIENT, freshId, deadlineMs: 1_000, historyChunks: 1, ...fleet });
}

async function write(store: KvCheckpointStore, partition: string, names: readonly string[], deleted: string[] = []) {
  const snapshots = names.map((name, sensor) => ({ sensor, name, bytes: encodeSnapshot(actor, 0) }));
  await (await store.claim(partition)).writeSnapshots(snapshots, deleted);
}

const namesIn = (store: KvCheckpointStore, partition: string) =>
  Array.fromAsync(store.snapshots(partition), ({ name }) => name);
const many = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, i) => prefix + String(i).padStart(3, "0"));

Deno.test("KvCheckpointStore.snapshots() of a partition reads those of its sensors alone", async () => {
  const kv = new WatchedKv(), mine = many(187, "a"), others = many(30, "b");
  await write(storeOver(kv), "p-0", mine);
  await write(storeOver(kv), "p-1", others);
  const store = storeOver(kv);
  assertEquals(await namesIn(store, "p-0"), mine);
  assertEquals(kv.asked, mine);
  assertEquals(await namesIn(store, "p-1"), others);
});

Deno.test("KvCheckpointStore.snapshots() finds a sensor that another owner has deleted and this one made again", async () => {
  const kv = new MemoryKv(), first = storeOver(kv), second = storeOver(kv);
  await write(first, "p-0", ["s0", "s1"]);
  await write(second, "p-0", [], ["s1"]);
  assertEquals(await namesIn(first, "p-0"), ["s0"]);
  await write(first, "p-0", ["s1"]);
  assertEquals(await namesIn(second, "p-0"), ["s0", "s1"]);
});

Deno.test("KvCheckpointStore.snapshots() of a partition reads all where nobody was told of its sensors", async () => {
  const kv = new MemoryKv();
  await write(storeOver(kv, false), "p-0", ["s0", "s1"]);
  assertEquals(await namesIn(storeOver(kv), "p-0"), ["s0", "s1"]);
});

Deno.test("KvCheckpointStore.snapshots() reads large ones from their own server, though another one is away", async () => {
  const servers = [new Server(), new Server()], fleet = await open(...servers);
  const partition = many(40, "p-").find((one) => fleet.of(one).name === "kv0")!;
  const store = () => new KvCheckpointStore(fleet, { ...OPTIONS, fleet, historyChunks: 1 });
  const small = encodeSnapshot(actor, 0), large = new Uint8Array(150_000);
  large.set(small); // it begins like one
  const snapshots = [{ sensor: 0, name: "a", bytes: large }, { sensor: 1, name: "b", bytes: small }];
  await (await store().claim(partition)).writeSnapshots(snapshots);
  servers[1].left = 0;
  const later = store(), names = (of?: string) => Array.fromAsync(later.snapshots(of), ({ name }) => name);
  assertEquals(await names(), ["a", "b"]);
  assertEquals(await names(partition), ["a", "b"]);
  assertEquals((await later.claim(partition)).overtaken, false);
});

Deno.test("Claim.overtaken is said where the snapshots of a server were not read to their end", async () => {
  const servers = [new Server(), new Server()], fleet = await open(...servers);
  const partition = many(40, "p-").find((one) => fleet.of(one).name === "kv0")!, { kv } = servers[0];
  const store = () => new KvCheckpointStore(fleet, { ...OPTIONS, fleet, historyChunks: 1 });
  await write(store(), partition, ["a"]);
  const later = store(), list = kv.list.bind(kv);
  kv.list = (selector, options) => {
    if (String("prefix" in selector && selector.prefix) === "sensor") throw new Error("cut off");
    return list(selector, options);
  };
  assertEquals(await Array.fromAsync(later.snapshots()), []);
  kv.list = list;
  assertEquals((await later.claim(partition)).overtaken, true);
});
