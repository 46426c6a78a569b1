/**
 * The heads of partitions on KV servers, as other processes follow them.
 *
 * @module
 */
import { StoreAwayError } from "../../../actors/checkpoint.ts";
import { judgingSchema } from "../../../actors/config.ts";
import type { Clock } from "../../../actors/ports.ts";
import type { PartitionView } from "../../../actors/views.ts";
import { encodeSnapshot } from "../../../actors/sensor/snapshot.ts";
import { KvCheckpointStore } from "../../../store/checkpoint/store.ts";
import { FleetKv } from "../../../store/nodes/fleet.ts";
import { followHeads } from "../../../store/nodes/heads.ts";
import { KEYS } from "../../../store/keys.ts";
import { TimedKv } from "../../../store/nodes/timed_kv.ts";
import { assert, assertEquals, assertRejects } from "../../../std/assert.ts";
import { PATIENT, runSource } from "../../actors/harness.ts";
import { ActorInHand } from "../../actors/sensor/in_hand.ts";
import { MemoryKv } from "../../memory_kv.ts";

let ids = 0;
const freshId = () => `id-${++ids}`;
const BROKEN = new TypeError("error reading a body from connection");
const OUTPUTS = { cut: 7, sinks: {}, counts: { readings: 7, refused: 0, refusedHash: 0, future: 0, foreign: 0 } };

/** A server whose watches break, but for the last; that one says the heads as they are, once. */
async function server(breaks: number): Promise<TimedKv> {
  const kv = new MemoryKv();
  await kv.atomic().set(KEYS.fence("p-0"), "node-1 x").set(KEYS.outputs("p-0"), { ...OUTPUTS, sourceTime: 5 }).commit();
  const watch = (keys: readonly Deno.KvKey[]) =>
    new ReadableStream({
      async start(controller) {
        if (breaks-- > 0) controller.error(BROKEN);
        else controller.enqueue(await kv.getMany(keys));
      },
    });
  const port = Object.assign(kv, { watch: watch as Deno.Kv["watch"] });
  return new TimedKv(port, "kv0", PATIENT, 1_000);
}

/** Waits pass at once, but let others have their turn. */
const QUICK: Clock = { now: () => 0, sleep: () => new Promise((resolve) => setTimeout(resolve, 0)) };

Deno.test("TimedKv.changes() says that a server is away whose watch breaks, whatever it breaks with", async () => {
  const kv = await server(1), changes = () => Array.fromAsync(kv.changes([["a"]], new AbortController().signal));
  const error = await assertRejects(changes, StoreAwayError);
  assertEquals(error.message, `the KV server kv0 does not answer: ${BROKEN.message}`);
  assertEquals(kv.problem, "the KV server kv0 does not answer");
});

Deno.test("Snapshots tell other nodes which sensors there are, and which one was deleted", async () => {
  const kv = new MemoryKv(), fleet = { servers: [kv], of: () => kv };
  const store = () =>
    new KvCheckpointStore(kv, { clock: PATIENT, freshId, deadlineMs: 1_000, historyChunks: 1, fleet });
  const told = async () => {
    const listed = await Array.fromAsync(kv.list({ prefix: KEYS.sensorsOf("p-0") }), ({ key }) => String(key[2]));
    return { listed, version: (await kv.get(KEYS.sensorsVersion("p-0"))).value };
  };
  const { actor } = new ActorInHand(judgingSchema.parse({ detectors: "rules" }), "pump", ["a"]);
  const snapshots = ["s0", "s1"].map((name, sensor) => ({ sensor, name, bytes: encodeSnapshot(actor, 0) }));
  const first = await store().claim("p-0");
  await first.writeSnapshots(snapshots);
  const before = await told();
  assertEquals(before.listed, ["s0", "s1"]);
  await first.writeSnapshots(snapshots);
  assertEquals(await told(), before, "nothing new");
  const next = await store().claim("p-0"); // another process, which has written neither
  await next.writeSnapshots([], ["s1"]);
  const after = await told();
  assertEquals([after.listed, after.version === before.version], [["s0"], false]);
});

Deno.test("Supervisor.heard() knows the sensors of another process's partition, and forgets who is not told of any more", async () => {
  const none = { name: "none", open: () => Promise.resolve([]), close: () => Promise.resolve() };
  const { supervisor } = await runSource(none), { directory } = supervisor;
  const view = { partition: "p-0", source: "p", position: 1, readings: 1, refused: 0, future: 0 };
  const heard = (sensors?: { name: string; type?: string }[]) =>
    supervisor.heard({ ...view, state: "elsewhere" }, sensors);
  const stored = () => directory.entries.filter(({ stored }) => stored).map(({ name, type }) => [name, type]);
  assert(heard([{ name: "s0", type: "pump" }, { name: "s1" }]));
  assertEquals(stored(), [["s0", "pump"], ["s1", undefined]]);
  assert(heard());
  assertEquals(directory.count, 2);
  assert(heard([{ name: "s0" }]));
  assertEquals(stored(), [["s0", undefined]]);
});

Deno.test("followHeads() goes on behind watches that break", async () => {
  const fleet = await FleetKv.open([await server(3)], freshId), stop = new AbortController();
  const told: PartitionView[] = [];
  const changed = (view: PartitionView) => {
    told.push(view);
    stop.abort();
    return Promise.resolve(true);
  };
  await followHeads(fleet, { clock: QUICK, changed }, stop.signal);
  assertEquals(told.map(({ partition, position, owner, state }) => [partition, position, owner, state]), [
    ["p-0", 7, "node-1", "elsewhere"],
  ]);
});
