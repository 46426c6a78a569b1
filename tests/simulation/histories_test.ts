/**
 * Histories over a failing database: with all guards none diverges, without any one of them some do.
 *
 * @module
 */
import { assert, assertEquals } from "../../std/assert.ts";
import { playHistory } from "./history.ts";
import { UNPROTECTED } from "./unprotected.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
/** Histories without a guard until one must have diverged; about one in ten does. */
const UNPROTECTED_HISTORIES = 400;

Deno.test("playHistory() gives the same history for the same seed", async () => {
  const { fence } = UNPROTECTED;
  let diverged = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const first = await playHistory(seed, fence);
    assertEquals(await playHistory(seed, fence), first, `seed ${seed}`);
    if (first !== undefined) diverged++;
  }
  assert(diverged > 0, "there was nothing to repeat");
});

Deno.test("playHistory() ends as a run that nothing disturbed, whatever the database does", async () => {
  const count = Math.max(1, Math.round(6_000 * SCALE)), diverged: string[] = [];
  for (let seed = 1; seed <= count; seed++) {
    const difference = await playHistory(seed);
    if (difference !== undefined) diverged.push(`deno task histories --count 1 --seed ${seed}: ${difference}`);
  }
  assertEquals(diverged, []);
});

for (const [guard, protection] of Object.entries(UNPROTECTED)) {
  Deno.test(`playHistory() diverges without the ${guard}`, async () => {
    for (let seed = 1; seed <= UNPROTECTED_HISTORIES; seed++) {
      if (await playHistory(seed, protection) !== undefined) return;
    }
    throw new Error(`${UNPROTECTED_HISTORIES} histories without the ${guard} all ended as they should`);
  });
}
