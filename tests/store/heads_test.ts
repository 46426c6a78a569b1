/**
 * The heads of partitions on KV servers, as other processes follow them.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import type { Clock } from "../../actors/ports.ts";
import type { PartitionView } from "../../actors/views.ts";
import { FleetKv } from "../../store/fleet.ts";
import { followHeads } from "../../store/heads.ts";
import { KEYS } from "../../store/keys.ts";
import { TimedKv } from "../../store/timed_kv.ts";
import { assertEquals, assertRejects } from "../../std/assert.ts";
import { PATIENT } from "../actors/harness.ts";
import { MemoryKv } from "../memory_kv.ts";

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

Deno.test("followHeads() goes on behind watches that break", async () => {
  const fleet = await FleetKv.open([await server(3)], () => "id"), stop = new AbortController();
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
