/**
 * Partitions spread over more KV servers, and over fewer.
 *
 * @module
 */
import fc from "fast-check";
import { StoreAwayError } from "../../../actors/checkpoint.ts";
import { assert, assertEquals, assertRejects } from "../../../std/assert.ts";
import { ALL_GUARDS, Chain, StoreError } from "../../../store/checkpoint/chain.ts";
import type { FleetKv } from "../../../store/nodes/fleet.ts";
import { KEYS } from "../../../store/keys.ts";
import { movePartition, partitionsByServer } from "../../../store/nodes/move.ts";
import { placeOf } from "../../../store/nodes/places.ts";
import { planMoves, spreadOver } from "../../../store/nodes/rebalance.ts";
import { sizesByPartition } from "../../../store/nodes/sizes.ts";
import { open, OPTIONS, Server } from "./fleet_servers.ts";

const PARTITIONS = Array.from({ length: 7 }, (_, i) => `kafka-t-${i}`);

/** Something of every partition, written by its owner. */
async function fill(fleet: FleetKv): Promise<void> {
  for (const partition of PARTITIONS) {
    const chain = await Chain.claim(fleet.of(partition), partition, {
      ...OPTIONS,
      guards: ALL_GUARDS,
      owner: "node-1",
    });
    await chain.write([5, 7].map((at) => ({ key: KEYS.quarantine(partition, at, "late"), value: at, bytes: 100 })));
  }
  await fleet.atomic().set(KEYS.label(1, "s"), "of no partition").commit();
}

/** What is stored but for whose it is. */
async function stored(fleet: FleetKv): Promise<unknown[]> {
  const entries = await Array.fromAsync(fleet.list({ prefix: [] }), ({ key, value }) => [key, value] as const);
  return entries.filter(([key]) => key[0] !== "partition" && key[0] !== "meta");
}

async function counts(fleet: FleetKv): Promise<number[]> {
  const places = (await partitionsByServer(fleet)).map(({ id }) => id);
  return fleet.servers.map(({ name }) => places.filter((id) => id === fleet.idOf(name)).length);
}

function ids(fleet: FleetKv, ...left: number[]): string[] {
  return fleet.servers.flatMap(({ name }, i) => left.includes(i) ? [] : fleet.idOf(name) ?? []);
}

Deno.test("planMoves() makes no server have two more than another, in as few moves as that takes", () => {
  const name = fc.constantFrom<string[]>("a", "b", "c", "d", "e");
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { minLength: 1 }),
      fc.dictionary(fc.string({ minLength: 1 }), name),
      (servers, moved) => {
        const map = { version: 1, servers, moved }, partitions = Object.keys(moved), moves = planMoves(map, partitions);
        const after = { ...map, moved: { ...moved } };
        for (const { partition, to } of moves) after.moved[partition] = to;
        const on = (id: string, map: typeof after) =>
          partitions.filter((partition) => placeOf(map, partition) === id).length;
        const there = servers.map((id) => on(id, after));
        assert(Math.max(...there) - Math.min(...there) < 2, String(there));
        assertEquals(there.reduce((sum, count) => sum + count), partitions.length, "nothing is left on another server");
        assertEquals(new Set(moves.map(({ partition }) => partition)).size, moves.length, "none is moved twice");
        const most = Math.ceil(partitions.length / servers.length),
          least = Math.floor(partitions.length / servers.length);
        const surplus = servers.reduce((sum, id) => sum + Math.max(0, on(id, map) - most), 0);
        const missing = servers.reduce((sum, id) => sum + Math.max(0, least - on(id, map)), 0);
        const left = partitions.length - servers.reduce((sum, id) => sum + on(id, map), 0);
        assertEquals(moves.length, Math.max(surplus + left, missing));
      },
    ),
  );
});

Deno.test("spreadOver() takes a new server in, and lets one go, interrupted at any write and done again", async () => {
  let finished = 0;
  for (let commits = 0; finished < 3; commits++) {
    const servers = [new Server(), new Server(), new Server()], two = await open(...servers.slice(0, 2));
    await fill(two);
    const expected = await stored(two), weak = servers[commits % 3], [first] = two.map.servers;
    const interrupted = async (work: (fleet: FleetKv) => Promise<unknown>) => {
      const fleet = await open(...servers);
      weak.left = Math.floor(commits / 3);
      const isCutOff = await work(fleet).then(() => false, (error) => {
        if (!(error instanceof StoreAwayError)) throw error;
        return true;
      });
      weak.left = Infinity;
      if (isCutOff) await work(await open(...servers));
      return isCutOff;
    };
    const grown = await interrupted((fleet) => spreadOver(fleet, ids(fleet), OPTIONS));
    const three = await open(...servers);
    assertEquals((await counts(three)).toSorted(), [2, 2, 3]);
    assertEquals(await stored(three), expected, `after ${commits} commits`);
    const gone = three.servers.findIndex(({ name }) => three.idOf(name) !== first);
    const shrunk = await interrupted((fleet) => spreadOver(fleet, ids(fleet, gone), OPTIONS));
    const left = await open(...servers);
    assertEquals((await counts(left)).toSorted(), [0, 3, 4]);
    assertEquals((await counts(left))[gone], 0);
    assertEquals(await stored(left), expected);
    const rest = await open(...servers.filter((_, i) => i !== gone)); // it may be taken away
    assertEquals(await stored(rest), expected);
    for (const partition of PARTITIONS) {
      await Chain.claim(rest.of(partition), partition, { ...OPTIONS, guards: ALL_GUARDS, owner: "node-2" });
    }
    finished = grown || shrunk ? 0 : finished + 1;
  }
});

Deno.test("spreadOver() finds a partition where it is, whatever an interrupted move of it has left elsewhere", async () => {
  for (let commits = 0, finished = false; !finished; commits++) {
    const servers = [new Server(), new Server(), new Server()], two = await open(...servers.slice(0, 2));
    await fill(two);
    const expected = await stored(two), weak = servers[commits % 2];
    weak.left = Math.floor(commits / 2);
    const mover = await open(...servers.slice(0, 2));
    weak.left = Math.floor(commits / 2);
    finished = true;
    for (const partition of PARTITIONS) {
      const [to] = mover.map.servers.filter((id) => id !== placeOf(mover.map, partition));
      await movePartition(mover, partition, to, OPTIONS).catch(() => finished = false);
    }
    weak.left = Infinity;
    const three = await open(...servers);
    await spreadOver(three, ids(three), OPTIONS);
    assertEquals(await stored(await open(...servers)), expected, `after ${commits} commits`);
  }
});

Deno.test("spreadOver() keeps the server of what belongs to no partition, and does nothing where nothing is to be done", async () => {
  const fleet = await open(new Server(), new Server());
  await fill(fleet);
  const first = fleet.servers.findIndex(({ name }) => fleet.idOf(name) === fleet.map.servers[0]);
  await assertRejects(
    () => spreadOver(fleet, ids(fleet, first), OPTIONS),
    StoreError,
    `kv${first} holds what belongs to no partition (keys of the API, labels, webhooks) and stays`,
  );
  await spreadOver(fleet, ids(fleet), OPTIONS);
  const { map } = fleet, moves: string[] = [];
  await spreadOver(fleet, ids(fleet), OPTIONS, { moved: ({ partition }) => moves.push(partition) });
  assertEquals([moves, fleet.map], [[], map]);
});

Deno.test("spreadOver() finishes the move under way when it is told to stop, and says how many are left", async () => {
  const servers = [new Server(), new Server(), new Server()], two = await open(...servers.slice(0, 2));
  await fill(two);
  const three = await open(...servers), stop = new AbortController(), told: string[] = [];
  const left = await spreadOver(three, ids(three), OPTIONS, {
    signal: stop.signal,
    begins: (_move, nth, of) => {
      told.push(`${nth} of ${of}`);
      stop.abort();
    },
    moved: () => told.push("moved"),
  });
  assertEquals([told, left], [["1 of 2", "moved"], 1]);
  assertEquals(await spreadOver(three, ids(three), OPTIONS), 0);
  assertEquals((await counts(three)).toSorted(), [2, 2, 3]);
});

Deno.test("sizesByPartition() counts every key once, by its partition", async () => {
  const fleet = await open(new Server(), new Server());
  await fill(fleet);
  const sizes = await sizesByPartition(fleet);
  assertEquals([...sizes.keys()].filter((partition) => partition !== "").toSorted(), PARTITIONS);
  for (const partition of PARTITIONS) assertEquals(sizes.get(partition)?.keys, 4, "fence, chain, two records");
  assert((sizes.get("")?.bytes ?? 0) > 0);
});
