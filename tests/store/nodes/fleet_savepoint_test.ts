/**
 * Savepoints of several KV servers, and into several.
 *
 * @module
 */
import { StoreAwayError } from "../../../actors/checkpoint.ts";
import { assert, assertEquals, assertRejects } from "../../../std/assert.ts";
import { ALL_GUARDS, Chain, HELD, ownerIn } from "../../../store/checkpoint/chain.ts";
import { KvCheckpointStore } from "../../../store/checkpoint/store.ts";
import type { FleetKv } from "../../../store/nodes/fleet.ts";
import { learnSensors, whileHeld } from "../../../store/nodes/hold.ts";
import { KEYS } from "../../../store/keys.ts";
import type { KvPort } from "../../../store/kv.ts";
import { movePartition, partitionsByServer } from "../../../store/nodes/move.ts";
import { ownerOf, placeOf, SERVER_KEYS } from "../../../store/nodes/places.ts";
import { checkImported, exportSavepoint, type Imported, importSavepoint } from "../../../store/savepoint/savepoint.ts";
import { SavepointError } from "../../../store/savepoint/reader.ts";
import { sensorsOfSavepoint } from "../../../store/savepoint/sensors.ts";
import { PATIENT, runSource, storedOutputs } from "../../actors/harness.ts";
import { MemoryKv } from "../../memory_kv.ts";
import { makeWorld, PARTITION, TextSource } from "../../simulation/world.ts";
import { freshId, open, OPTIONS, Server } from "./fleet_servers.ts";

type Bytes = Uint8Array<ArrayBuffer>;

async function exported(kv: KvPort, paused?: (work: () => Promise<void>) => Promise<void>): Promise<Bytes> {
  const stream = exportSavepoint(kv, { clock: PATIENT, ...(paused ? { paused } : {}) });
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function imported(fleet: FleetKv, bytes: Bytes): Promise<Imported> {
  const sensors = await sensorsOfSavepoint(new Blob([bytes]).stream());
  fleet.partitionOf = (sensor) => sensors.get(sensor);
  return await importSavepoint(fleet, new Blob([bytes]).stream());
}

const world = makeWorld(200, 120, { forestMs: 40_000, alike: 4 }), { judging } = world;

/** The world's readings; the run is stopped after so many chunks. @param at before each of them */
function source(stopAfter = Infinity, at = (_chunk: number): void | Promise<void> => {}) {
  const stop = new AbortController();
  let chunks = 0;
  const before = async () => {
    await at(++chunks);
    if (chunks > stopAfter) stop.abort();
  };
  return { source: new TextSource(world.text, { asLines: false, records: () => 9, before }), signal: stop.signal };
}

/** Runs the world to its end. */
async function ended(kv: KvPort): Promise<[string, Map<string, unknown>]> {
  const { digest } = await runSource(source().source, { judging, kv });
  return [digest, await storedOutputs(kv)];
}

async function half(kv: KvPort): Promise<void> {
  const { source: first, signal } = source(6);
  await runSource(first, { judging, kv, signal });
}

Deno.test("a run that goes on from a savepoint of one server on two, of two on one, of two on three, ends the same", async () => {
  const expected = await ended(new MemoryKv()), one = new MemoryKv(), two = await open(new Server(), new Server());
  await half(one);
  await imported(two, await exported(one));
  const [to] = two.map.servers.filter((id) => id !== placeOf(two.map, PARTITION));
  assertEquals((await exported(two)).length > 0, true);
  const three = await open(new Server(), new Server(), new Server()), back = new MemoryKv();
  await imported(three, await exported(two));
  await importSavepoint(back, new Blob([await exported(two)]).stream());
  await movePartition(two, PARTITION, to, OPTIONS);
  const moved = await open(new Server(), new Server());
  await imported(moved, await exported(two));
  for (const kv of [one, two, three, back, moved]) assertEquals(await ended(kv), expected);
});

Deno.test("importSavepoint() puts each entry on the server of its partition, and leaves the servers' ids and map alone", async () => {
  const one = new MemoryKv(), servers = [new Server(), new Server(), new Server()];
  const partitions = ["p-0", "p-1", "p-2", "p-3", "p-4", "p-5"], { text } = world;
  for (const id of partitions) {
    const lines = text.replaceAll('"sensor":"', `"sensor":"${id}-`);
    const run = new TextSource(lines, { asLines: false, records: () => 9 });
    const [{ read }] = await run.open();
    await runSource({ name: "world", open: () => Promise.resolve([{ id, read }]), close: () => run.close() }, {
      judging,
      kv: one,
    });
  }
  await one.atomic().set(["sensor_of_none", "x"], 1).set(KEYS.readingsChunk("begun", 0), 1)
    .set(SERVER_KEYS.id, "of another server").set(KEYS.fence("p-2"), "moved x").commit();
  const fleet = await open(...servers), { map } = fleet;
  const { leftOut } = await imported(fleet, await exported(one));
  assertEquals(leftOut, 1, "of the sensor that has no snapshot");
  const used = new Set<string>();
  for (const { kv } of servers) {
    const id = (await kv.get<string>(SERVER_KEYS.id)).value ?? "";
    for await (const { key } of kv.list({ prefix: [] })) {
      const owner = ownerOf(key);
      if (key[0] === "meta") continue;
      const partition = typeof owner === "string"
        ? undefined
        : "sensor" in owner
        ? owner.sensor.slice(0, 3)
        : owner.partition;
      assertEquals(partition === undefined ? map.servers[0] : placeOf(map, partition), id, key.join());
      used.add(id);
    }
  }
  assertEquals(used, new Set(map.servers));
  assertEquals((await fleet.get(KEYS.fence("p-2"))).value, "", "held elsewhere, it would be held here for ever");
  const entries = await Array.fromAsync(one.list({ prefix: [] })),
    copy = await Array.fromAsync(fleet.list({ prefix: [] }));
  const shown = (all: typeof entries) =>
    all.filter(({ key }) => key[0] !== "meta" && String(key) !== String(KEYS.fence("p-2")) && key[1] !== "begun")
      .map(({ key, value }) => [key, value]);
  const isTold = ({ key }: { key: Deno.KvKey }) => key[0] === KEYS.sensorsOf("")[0];
  assertEquals(shown(copy.filter((entry) => !isTold(entry))), shown(entries));
  const sensors = entries.filter(({ key }) => key[0] === KEYS.sensors()[0]).map(({ key }) => key[1]);
  assertEquals(copy.filter(isTold).map(({ key }) => key[2]), sensors, "nodes are told of all");
});

Deno.test("importSavepoint() into several servers is noticed as interrupted, at any write, and done again", async () => {
  const one = new MemoryKv();
  await half(one);
  const bytes = await exported(one), expected = await ended(one);
  for (let commits = 0, finished = false; !finished; commits++) {
    const servers = [new Server(), new Server()], fleet = await open(...servers), weak = servers[commits % 2];
    weak.left = Math.floor(commits / 2);
    const failed = await imported(fleet, bytes).then(() => false, (error) => error instanceof StoreAwayError);
    weak.left = Infinity;
    finished = !failed && commits % 2 === 1;
    const again = await open(...servers);
    const held = (await Array.fromAsync(again.list({ prefix: ["sensor"] }))).length;
    if (failed && held > 0) await assertRejects(() => checkImported(again), SavepointError, "import again, then start");
    if (failed) await imported(again, bytes);
    await checkImported(again);
    assertEquals(await ended(again), expected, `after ${commits} commits`);
  }
});

Deno.test("importSavepoint() refuses servers that hold something, and says which", async () => {
  const one = new MemoryKv(), fleet = await open(new Server(), new Server());
  await half(one);
  await fleet.servers[1].atomic().set(["label", 1], 1).commit();
  const error = await assertRejects(async () => await imported(fleet, await exported(one)), SavepointError);
  assertEquals(
    error.message,
    'a savepoint is read into empty KV servers only; kv1 holds ["label",1]: give it a fresh file',
  );
});

Deno.test("whileHeld() gives one cut of partitions that run, and they go on; whoever goes on from the cut ends the same", async () => {
  const expected = await ended(new MemoryKv());
  const servers = [new Server(), new Server()], mine = await open(...servers), theirs = await open(...servers);
  const { kv } = servers[mine.servers.indexOf(mine.of(PARTITION))];
  let file: Bytes | undefined, cut = -1;
  const exporting = async (chunk: number) => {
    if (chunk !== 8) return;
    file = await exported(theirs, (work) =>
      whileHeld(theirs, OPTIONS, async () => {
        await learnSensors(theirs);
        assertEquals(ownerIn(String((await kv.get(KEYS.fence(PARTITION))).value)), HELD);
        await work();
      }));
    cut = (await kv.get<{ cut: number }>(KEYS.outputs(PARTITION))).value?.cut ?? -1;
  };
  const { source: readings } = source(Infinity, exporting);
  const { digest } = await runSource(readings, { judging, kv: mine, storeAwayMs: 0, checkpointReadings: 20 });
  assertEquals([digest, await storedOutputs(mine)], expected, "its owner went on");
  assert(cut > 0 && file !== undefined);
  const copy = await open(new Server(), new Server(), new Server());
  await imported(copy, file);
  assertEquals((await copy.get<{ cut: number }>(KEYS.outputs(PARTITION))).value?.cut, cut);
  assertEquals(await ended(copy), expected);
});
Deno.test("whileHeld() fails if a partition is taken, begun or moved meanwhile, and lets the others go", async () => {
  const claim = (fleet: FleetKv, partition: string, owner: string) =>
    Chain.claim(fleet.of(partition), partition, { ...OPTIONS, guards: ALL_GUARDS, owner });
  const deeds: Record<string, (fleet: FleetKv) => Promise<unknown>> = {
    "did not stay as it was": (fleet) => fleet.of("p-1").atomic().set(KEYS.fence("p-1"), "x y").commit(),
    "partition p-9 began": (fleet) => claim(fleet, "p-9", "node-1"),
  };
  for (const [why, deed] of Object.entries(deeds)) {
    const servers = [new Server(), new Server()], fleet = await open(...servers);
    for (const partition of ["p-0", "p-1", "p-2"]) await claim(fleet, partition, "node-1");
    await assertRejects(
      () => whileHeld(fleet, OPTIONS, async () => void await deed(await open(...servers))),
      StoreAwayError,
      why,
    );
    for (const { partition } of await partitionsByServer(fleet)) await claim(fleet, partition, "node-2"); // at once
  }
});

Deno.test("Chain.claim() waits for an export that goes on, and takes over from one that has died", async () => {
  const servers = [new Server()], fleet = await open(...servers);
  const claim = (owner: string, sleep = PATIENT.sleep) =>
    Chain.claim(fleet.of("p"), "p", { ...OPTIONS, clock: { ...PATIENT, sleep }, guards: ALL_GUARDS, owner });
  const chain = await claim("node-1"), held = await claim(HELD);
  await assertRejects(
    () => chain.write([{ key: ["x"], value: 1, bytes: 1 }]),
    StoreAwayError,
    "is held while everything",
  );
  let slept = 0;
  const renewing = (ms: number, signal?: AbortSignal) => {
    if (signal === undefined && (slept += ms) === 5_000) {
      void fleet.atomic().set(KEYS.fence("p"), `${HELD} ${freshId()}`).commit();
    }
    return PATIENT.sleep(ms, signal);
  };
  await assertRejects(() => claim("node-1", renewing), StoreAwayError, "is held while everything is exported");
  assertEquals(slept, 5_000);
  await claim("node-1");
  await assertRejects(
    () => held.write([{ key: ["x"], value: 1, bytes: 1 }]),
    Error,
    "another process (node-1) has taken p over",
  );
});

Deno.test("importSavepoint() has what is stored of sensors without a snapshot, where nodes were told of them", async () => {
  const [one, two] = [await open(new Server(), new Server()), await open(new Server(), new Server(), new Server())];
  const store = new KvCheckpointStore(one, { ...OPTIONS, fleet: one, historyChunks: 10 }),
    claim = await store.claim("p");
  const chunk = { sensor: "new", chunk: 0, channels: ["a"], rows: new Float64Array(8) };
  await claim.writeOutputs({
    cut: 5,
    windows: [],
    history: [chunk],
    alerts: [],
    quarantine: [],
    sinks: {},
    counts: { readings: 5, refused: 0, refusedHash: 0, future: 0, foreign: 0 },
    sourceTime: 1,
    samples: [],
  });
  assertEquals((await imported(two, await exported(one))).leftOut, 0);
  assertEquals((await two.get(KEYS.readingsChunk("new", 0))).value !== null, true);
});
