/**
 * Several KV servers as one database, and partitions that are moved between them.
 *
 * @module
 */
import fc from "fast-check";
import { StoreAwayError } from "../../../actors/checkpoint.ts";
import { judgingSchema } from "../../../actors/config.ts";
import { KvConfigurations } from "../../../store/configurations.ts";
import { KvCheckpointStore } from "../../../store/checkpoint/store.ts";
import { compareKeys } from "../../../store/key_order.ts";
import { KEYS } from "../../../store/keys.ts";
import type { KvPort } from "../../../store/kv.ts";
import { changeMap, movePartition, partitionsByServer } from "../../../store/nodes/move.ts";
import { ownerOf, type PartitionMap, placeOf, SERVER_KEYS } from "../../../store/nodes/places.ts";
import { ALL_GUARDS, Chain, isMoved, StoreError } from "../../../store/checkpoint/chain.ts";
import { assert, assertEquals, assertRejects } from "../../../std/assert.ts";
import { Written } from "../../../store/retention/written.ts";
import { KvQuarantine } from "../../../store/quarantine.ts";
import { sourceMemory } from "../../../store/source_memory.ts";
import { PATIENT, runSource, storedOutputs } from "../../actors/harness.ts";
import { MemoryKv } from "../../memory_kv.ts";
import { freshId, open, OPTIONS, Server } from "./fleet_servers.ts";
import { makeWorld, PARTITION, TextSource } from "../../simulation/world.ts";

Deno.test("compareKeys() orders keys as Deno KV does", async () => {
  const part = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 3 }),
    fc.integer(),
    fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
    fc.boolean(),
    fc.uint8Array({ maxLength: 2 }),
  );
  using kv = await Deno.openKv(":memory:");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(part, { minLength: 1, maxLength: 3 }), { maxLength: 20 }), async (keys) => {
      for (const key of keys) await kv.set(key, 0);
      const listed = await Array.fromAsync(kv.list({ prefix: [] }), ({ key }) => key);
      assertEquals(listed.toSorted(compareKeys), listed);
      for (const key of listed) await kv.delete(key);
    }),
    { numRuns: 30 },
  );
});

Deno.test("FleetKv gives what one database gives, wherever things are", async () => {
  const partition = fc.constantFrom("kafka-t-0", "kafka-t-1", "kafka-t-2", "kafka-t-3"), number = fc.nat(9);
  const key: fc.Arbitrary<Deno.KvKey> = fc.oneof(
    fc.tuple(fc.constantFrom("transition", "quarantine", "command", "partition"), partition, number),
    fc.tuple(fc.constantFrom("sensor", "readings"), fc.constantFrom("a", "b", "c"), number),
    fc.tuple(fc.constant("model_version"), partition.map((name) => `forest:${name}/pump`), number),
    fc.tuple(fc.constant("model_version"), fc.constantFrom("forest:shared/pump", "pump"), number),
    fc.tuple(fc.constantFrom("label", "api_key"), number),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(key, fc.boolean()), { maxLength: 60 }), async (writes) => {
      const fleet = await open(new Server(), new Server(), new Server()), one = new MemoryKv();
      fleet.partitionOf = (sensor) => `kafka-t-${sensor.charCodeAt(0) % 4}`;
      for (const [i, [key, isSet]] of writes.entries()) {
        for (const kv of [fleet, one]) {
          await (isSet ? kv.atomic().set(key, i) : kv.atomic().delete(key)).commit();
          assertEquals((await kv.get(key)).value, isSet ? i : null);
        }
      }
      for (const selector of [{ prefix: [] }, { prefix: ["transition"] }, { prefix: ["sensor"] }, RANGE]) {
        for (const options of [{}, { reverse: true }, { limit: 3 }, { reverse: true, limit: 5 }]) {
          const listed = async (kv: KvPort) =>
            await Array.fromAsync(kv.list(selector, options), ({ key, value }) => [key, value] as const);
          const found = (await listed(fleet)).filter(([key]) => key[0] !== "meta");
          assertEquals(found, (await listed(one)).slice(0, found.length));
          if (options.limit === undefined) assertEquals(found.length, (await listed(one)).length);
        }
      }
    }),
    { numRuns: 30 },
  );
});
const RANGE = { start: ["transition", "kafka-t-1"], end: ["transition", "kafka-t-3"] };

Deno.test("FleetKv takes what people do to a partition's quarantine, whatever server it is on", async () => {
  const fleet = await open(new Server(), new Server()), quarantine = new KvQuarantine(fleet, new Written());
  const partitions = ["p-0", "p-1", "p-2", "p-3", "p-4", "p-5"];
  for (const partition of partitions) {
    await fleet.atomic().set(KEYS.outputs(partition), { cut: 5 }).commit();
    for (let position = 0; position < 3; position++) {
      const item = { id: `${partition}/${position}`, partition, position, reason: "late", errors: [], sample: "{}" };
      await fleet.atomic().set(KEYS.quarantine(partition, position, "late"), item).commit();
      assertEquals(await quarantine.settle(item.id, "discarded"), "settled");
    }
  }
  assertEquals((await quarantine.counts()).map(({ discarded }) => discarded), partitions.map(() => 3));
});

Deno.test("FleetKv misses a server that is away for its partitions alone, and has it again", async () => {
  const servers = [new Server(), new Server()], fleet = await open(...servers), { map } = fleet;
  const homes = await Promise.all(servers.map(async ({ kv }) => String((await kv.get(["meta", "server"])).value)));
  const [first, second] = homes.map((id) =>
    ["p-0", "p-1", "p-2", "p-3", "p-4"].find((one) => placeOf(map, one) === id)
  );
  assert(first !== undefined && second !== undefined, "these names are spread over both");
  servers[1].left = 0;
  await fleet.atomic().set(["partition", first, "x"], 1).commit();
  const error = await assertRejects(() => fleet.get(["partition", second, "x"]), StoreAwayError);
  assertEquals(error.message, "the KV server kv1 does not answer: The database failed: connection refused");
  assertEquals(fleet.problems(), ["the KV server kv1 does not answer"]);
  await assertRejects(() => Array.fromAsync(fleet.list({ prefix: ["partition"] })), StoreAwayError);
  const later = await open(...servers); // a start does not need it
  assertEquals((await later.get(["partition", first, "x"])).value, 1);
  servers[1].left = Infinity;
  assertEquals((await fleet.get(["partition", second, "x"])).value, null);
  assertEquals(fleet.problems(), []);
});

Deno.test("FleetKv has what a start needs of its first server while that one is away", async () => {
  const servers = [new Server(), new Server(), new Server()], fleet = await open(...servers);
  const judging = judgingSchema.parse({}), other = judgingSchema.parse({ tickMs: 20_000 });
  const ids = await Promise.all(servers.map(async ({ kv }) => (await kv.get(["meta", "server"])).value));
  const first = servers[ids.indexOf(fleet.map.servers[0])], second = servers[(servers.indexOf(first) + 1) % 3];
  await KvConfigurations.open(fleet, PATIENT, other);
  await sourceMemory(fleet, "kafka").save({ topics: 1 });
  await fleet.copy();
  await fleet.atomic().set(KEYS.configurationAt(2, "p-0"), 7).set(KEYS.label(1, "s"), 1).commit();
  second.left = 0; // it misses what comes now
  assertEquals((await KvConfigurations.open(fleet, PATIENT, judging)).latest, 2);
  await fleet.copy();
  second.left = Infinity;
  first.left = 0;
  const without = await open(...servers), opened = await KvConfigurations.open(without, PATIENT, judging);
  assertEquals([opened.latest, opened.replaced, (await opened.judging(1)).tickMs], [2, false, 20_000]);
  assertEquals(await sourceMemory(without, "kafka").load(), { topics: 1 });
  await assertRejects(() => sourceMemory(without, "mqtt").load(), StoreAwayError, "the KV server");
  await assertRejects(() => KvConfigurations.open(without, PATIENT, other), StoreAwayError); // it would be a third one
  await assertRejects(() => Array.fromAsync(without.list({ prefix: KEYS.labels() })), StoreAwayError);
  first.left = Infinity;
  await without.look(freshId);
  const all = await Array.fromAsync(without.list({ prefix: [] }), ({ key }) => key.join());
  assertEquals(all.filter((key) => /^(source|configuration)/.test(key)), [
    "configuration,1",
    "configuration,2",
    "configuration_at,2,p-0",
    "source,kafka",
  ], "copies are not listed");
  assertEquals((await opened.list())[0].places, [{ partition: "p-0", position: 7 }]);
});

Deno.test("FleetKv.open() wants every server at the very first start, and all that the map names ever after", async () => {
  const servers = [new Server(), new Server()];
  servers[1].left = 0;
  await assertRejects(() => open(...servers), StoreAwayError, "at the very first start every KV server must answer");
  servers[1].left = Infinity;
  const fleet = await open(...servers);
  assertEquals((await open(servers[1], servers[0])).map, fleet.map); // in whatever order they are named
  await assertRejects(() => open(servers[0]), StoreError, "partitions are on 1 more KV servers than kv0");
});

/** What a server holds of partitions. */
async function left(server: KvPort): Promise<string[]> {
  const keys = await Array.fromAsync(server.list({ prefix: [] }), ({ key }) => key);
  return keys.filter((key) => typeof ownerOf(key) === "object").map((key) => key.join("/"));
}

Deno.test("movePartition() leaves everything as it was, interrupted at any place and done again", async () => {
  const world = makeWorld(200, 120, { forestMs: 40_000, alike: 4 });
  const source = (stopAfter = Infinity, stop = new AbortController()) => {
    let chunks = 0;
    const before = () => ++chunks > stopAfter ? stop.abort() : undefined;
    return { source: new TextSource(world.text, { asLines: false, records: () => 9, before }), signal: stop.signal };
  };
  const { judging } = world, { digest, kv } = await runSource(source().source, { judging });
  const expected = await storedOutputs(kv);
  let finished = false;
  for (let commits = 0; !finished; commits++) {
    const servers = [new Server(), new Server()], fleet = await open(...servers), half = source(6);
    await runSource(half.source, { judging, kv: fleet, signal: half.signal });
    const from = placeOf(fleet.map, PARTITION), [to] = fleet.map.servers.filter((id) => id !== from);
    const mover = await open(...servers), weak = servers[commits % 2];
    weak.left = Math.floor(commits / 2);
    const interrupted = await movePartition(mover, PARTITION, to, OPTIONS).then(() => false, (error) => {
      assert(error instanceof StoreAwayError, String(error));
      return true;
    });
    weak.left = Infinity;
    if (interrupted) await movePartition(await open(...servers), PARTITION, to, OPTIONS);
    finished = !interrupted && commits % 2 === 1;
    await assertRejects(
      () => runSource(source().source, { judging, kv: fleet }),
      StoreAwayError,
      "is being moved", // whoever has the old map waits
    );
    await fleet.look(freshId);
    assertEquals((await runSource(source().source, { judging, kv: fleet })).digest, digest, `after ${commits} commits`);
    assertEquals(await storedOutputs(fleet), expected);
    assertEquals((await partitionsByServer(fleet)).map(({ id }) => id), [to]);
    assertEquals(await left(fleet.server(from)), [`partition/${PARTITION}/chain`, `partition/${PARTITION}/fence`]);
  }
});

Deno.test("movePartition() moves back, too, and makes a partition whole that is there already", async () => {
  const world = makeWorld(7), servers = [new Server(), new Server()], fleet = await open(...servers);
  const text = () => new TextSource(world.text, { asLines: false, records: () => 9 });
  const { digest } = await runSource(text(), { judging: world.judging, kv: fleet });
  const from = placeOf(fleet.map, PARTITION), [to] = fleet.map.servers.filter((id) => id !== from);
  for (const place of [to, from, from]) await movePartition(fleet, PARTITION, place, OPTIONS);
  assertEquals(placeOf(fleet.map, PARTITION), from);
  assertEquals((await runSource(text(), { judging: world.judging, kv: fleet })).digest, digest);
});

Deno.test("movePartition() takes sensors along that came until its owner could write no more", async () => {
  const world = makeWorld(200, 120, { forestMs: 40_000, alike: 4 }), { judging } = world;
  const text = () => new TextSource(world.text, { asLines: false, records: () => 9 });
  const { digest, kv } = await runSource(text(), { judging });
  const servers = [new Server(), new Server()], fleet = await open(...servers), from = placeOf(fleet.map, PARTITION);
  const old = servers[fleet.servers.indexOf(fleet.server(from))].kv,
    [to] = fleet.map.servers.filter((id) => id !== from);
  const commit = old.commit.bind(old);
  old.commit = async (write) => {
    old.commit = commit;
    await runSource(text(), { judging, kv: fleet }); // all of it, before the fence is raised
    return await commit(write);
  };
  await movePartition(await open(...servers), PARTITION, to, OPTIONS);
  await fleet.look(freshId);
  assertEquals(await left(fleet.server(from)), [`partition/${PARTITION}/chain`, `partition/${PARTITION}/fence`]);
  assertEquals(await storedOutputs(fleet), await storedOutputs(kv));
  assertEquals((await runSource(text(), { judging, kv: fleet })).digest, digest);
});

Deno.test("movePartition() done again gives the map to servers that did not take it", async () => {
  const servers = [new Server(), new Server(), new Server()],
    fleet = await open(...servers),
    [, , { kv: last }] = servers;
  await Chain.claim(fleet.of(PARTITION), PARTITION, { ...OPTIONS, guards: ALL_GUARDS });
  const [to] = fleet.map.servers.filter((id) => id !== placeOf(fleet.map, PARTITION)), commit = last.commit.bind(last);
  const isMap = ({ key }: { key: Deno.KvKey }) => String(key) === String(SERVER_KEYS.map);
  last.commit = (write) => write.mutations.some(isMap) ? Promise.reject(new Error("cut off")) : commit(write);
  await assertRejects(() => movePartition(fleet, PARTITION, to, OPTIONS), StoreAwayError);
  last.commit = commit;
  await movePartition(await open(...servers), PARTITION, to, OPTIONS);
  for (const { kv } of servers) assertEquals((await kv.get<PartitionMap>(SERVER_KEYS.map)).value?.moved[PARTITION], to);
});

Deno.test("changeMap() lets one of two win who change the map at the same time, in whatever order they name the servers", async () => {
  const servers = [new Server(), new Server()], [a, b] = [await open(...servers), await open(...servers.toReversed())];
  const done = await Promise.allSettled([a, b].map((fleet, i) => {
    return changeMap(fleet, { ...fleet.map, moved: { p: fleet.map.servers[i] } });
  }));
  assertEquals(done.filter(({ status }) => status === "fulfilled").length, 1);
  const maps = await Promise.all(servers.map(({ kv }) => kv.get<PartitionMap>(SERVER_KEYS.map)));
  assertEquals(maps[0].value, maps[1].value);
});

Deno.test("movePartition() takes along what is stored of sensors that have no snapshot yet", async () => {
  const servers = [new Server(), new Server()], fleet = await open(...servers), from = fleet.of(PARTITION);
  const store = new KvCheckpointStore(fleet, { ...OPTIONS, fleet, historyChunks: 10 }),
    claim = await store.claim(PARTITION);
  const window = {
    sensor: "new",
    lengthMs: 1,
    hopMs: 1,
    start: 0,
    revision: 0,
    channels: ["a"],
    statistics: new Float64Array(6),
  };
  const chunk = { sensor: "newer", chunk: 0, channels: ["a"], rows: new Float64Array(8) };
  await claim.writeOutputs({
    cut: 5,
    windows: [window],
    history: [chunk],
    alerts: [],
    quarantine: [],
    sinks: {},
    counts: { readings: 5, refused: 0, refusedHash: 0, future: 0, foreign: 0 },
    sourceTime: 1,
    samples: [],
  });
  const [to] = fleet.map.servers.filter((id) => fleet.server(id) !== from);
  await movePartition(fleet, PARTITION, to, OPTIONS);
  assertEquals(await left(from), [`partition/${PARTITION}/chain`, `partition/${PARTITION}/fence`]);
  const there = await left(fleet.server(to));
  assertEquals(there.filter((key) => /^(window|readings)/.test(key)), [
    "readings/newer/0",
    "window/new/1/1/0",
    "window_at/1/0/new/1",
  ]);
});

Deno.test("movePartition() holds no more of a partition at a time than it reads at a time", async () => {
  const servers = [new Server(), new Server()], fleet = await open(...servers), from = fleet.of(PARTITION);
  const chain = await Chain.claim(from, PARTITION, { ...OPTIONS, guards: ALL_GUARDS }),
    { kv } = servers[fleet.servers.indexOf(from)];
  await chain.write(
    Array.from({ length: 5_000 }, (_, i) => ({ key: KEYS.quarantine(PARTITION, i, "late"), value: i, bytes: 100 })),
  );
  const list = kv.list.bind(kv), apply = kv.apply.bind(kv);
  let held = 0, most = 0;
  kv.apply = (write) => {
    held -= write.mutations.filter(({ set }) => !set).length;
    return apply(write);
  };
  kv.list = async function* <T>(selector: Deno.KvListSelector, options?: Deno.KvListOptions) {
    for await (const entry of list<T>(selector, options)) {
      if (entry.key[0] === "quarantine") most = Math.max(most, ++held);
      yield entry;
    }
  };
  await movePartition(fleet, PARTITION, fleet.map.servers.find((id) => fleet.server(id) !== from)!, OPTIONS);
  assertEquals([held, most < 7_000], [5_000, true], "listed once to be copied, and once to be removed");
});

Deno.test("changeMap() refuses a map that fits no value, and changes nothing", async () => {
  const servers = [new Server(), new Server()], fleet = await open(...servers), { map } = fleet;
  const moved = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`kafka-iot_sensors-${i}`, map.servers[0]]));
  const error = await assertRejects(() => changeMap(fleet, { ...map, moved }), StoreError);
  assert(/^cannot keep the map of partitions: 3000 that were moved take \d+ bytes, at most 64512$/.test(error.message));
  assertEquals((await open(...servers)).map, map);
  fleet.learn({ ...map, version: 9, moved });
  await Chain.claim(fleet.of(PARTITION), PARTITION, { ...OPTIONS, guards: ALL_GUARDS });
  const [to] = map.servers.filter((id) => id !== placeOf(fleet.map, PARTITION));
  await assertRejects(() => movePartition(fleet, PARTITION, to, OPTIONS), StoreError, "cannot keep the map");
  assert(!isMoved((await fleet.of(PARTITION).get(KEYS.fence(PARTITION))).value), "its owner has not been stopped");
});
