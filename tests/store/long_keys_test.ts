/**
 * Names of the greatest length: all keys of an atomic write take at most 81,920 bytes, however few its mutations.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import { ALL_GUARDS, Chain } from "../../store/checkpoint/chain.ts";
import { exportSavepoint, importSavepoint } from "../../store/savepoint/savepoint.ts";
import { assertEquals, assertRejects } from "../../std/assert.ts";

const clock: Clock = { now: () => 1_700_000_000_000, sleep: () => new Promise(() => {}) };
const keys = [..."aäß€"].flatMap((letter) =>
  Array.from({ length: 900 }, (_, i) => ["window", 60_000, letter.repeat(128), i, true])
);

async function count(kv: Deno.Kv): Promise<number> {
  let entries = 0;
  for await (const _ of kv.list({ prefix: ["window"] }, { batchSize: 500 })) entries++;
  return entries;
}

Deno.test("Chain.write() and importSavepoint() take the longest names that there may be", async () => {
  using kv = await Deno.openKv(":memory:"), copy = await Deno.openKv(":memory:");
  let together = kv.atomic();
  for (const key of keys.slice(0, 900)) together = together.set(key, 1);
  await assertRejects(() => together.commit(), TypeError, "Total key size too large");
  let ids = 0;
  const options = { clock, freshId: () => `id-${++ids}`, deadlineMs: 10_000, guards: ALL_GUARDS };
  const chain = await Chain.claim(kv, "p", options);
  await chain.write(keys.map((key) => ({ key, value: 1, bytes: 100 })));
  assertEquals(await count(kv), keys.length);
  await importSavepoint(copy, exportSavepoint(kv, { clock }));
  assertEquals(await count(copy), keys.length);
  const cut = new Uint8Array(await new Response(exportSavepoint(kv, { clock })).arrayBuffer()).slice(0, -100);
  using empty = await Deno.openKv(":memory:");
  await assertRejects(() => importSavepoint(empty, new Blob([cut]).stream()));
  assertEquals(await count(empty), 0, "what was written is removed again");
});
