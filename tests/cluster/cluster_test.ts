/**
 * A small cluster in virtual time; the whole size is a command: `deno task cluster`.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "../../std/assert.ts";
import { type ClusterOptions, simulate } from "./cluster.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
const CALM: ClusterOptions = {
  nodes: 1,
  partitions: 24,
  servers: 2,
  sensors: 2,
  storm: 6,
  minutes: 5,
  kills: 0,
  freezes: 0,
  awayMs: 0,
  seed: 1,
};

Deno.test("a disturbed cluster's sensors come to what one node makes of them in peace", async () => {
  const expected = await simulate(CALM);
  assertEquals([expected.digests.size, expected.twice, expected.withoutOwner], [24 * 8, 0, 0]);
  for (let seed = 1; seed <= Math.max(1, Math.round(3 * SCALE)); seed++) {
    const found = await simulate({ ...CALM, nodes: 8, kills: 4, freezes: 2, awayMs: 20_000, seed });
    assertEquals([found.readings, found.digests], [expected.readings, expected.digests], `seed ${seed}`);
    assertGreater(found.twice, 0);
    assert(found.withoutOwner > 0 && found.withoutOwner < 0.5, `${found.withoutOwner}`);
  }
});

Deno.test("a simulated cluster repeats itself, seed for seed", async () => {
  const disturbed = { ...CALM, nodes: 4, partitions: 8, minutes: 3, kills: 2, freezes: 1, awayMs: 10_000 };
  assertEquals(await simulate(disturbed), await simulate(disturbed));
});
