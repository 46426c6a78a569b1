/** @module */
import fc from "fast-check";
import { benchmarkScores, windowsOf } from "../../../bench/measure/nab.ts";
import { assertAlmostEquals, assertEquals, assertGreater, assertLess } from "../../../std/assert.ts";

const LENGTH = 4_000, WINDOWS: [number, number][] = [[1_000, 1_199], [3_000, 3_299]];

function scored(...rows: number[]): number[] {
  const alarms = new Uint8Array(LENGTH);
  for (const row of rows) alarms[row] = 1;
  return benchmarkScores([{ alarms, windows: WINDOWS }]);
}

Deno.test("benchmarkScores() is 0 where nothing is raised, and 100 at once in each window", () => {
  for (const score of scored()) assertAlmostEquals(score, 0);
  for (const score of scored(1_000, 3_000)) assertAlmostEquals(score, 100);
  assertAlmostEquals(scored(1_000)[0], 50);
});

Deno.test("benchmarkScores() counts the first alarm of a window alone, and none in the first part", () => {
  assertEquals(scored(1_000, 1_050, 1_100, 3_000), scored(1_000, 3_000));
  assertEquals(scored(10, 599, 1_000), scored(1_000));
  assertLess(scored(700, 1_000)[0], scored(1_000)[0]);
});

Deno.test("benchmarkScores() likes early alarms, and minds false ones more the farther behind a window", () => {
  assertGreater(scored(1_010)[0], scored(1_190)[0]);
  assertGreater(scored(1_000, 1_210)[0], scored(1_000, 1_500)[0]);
  // far behind a window a false alarm weighs 0.11 of a hit, with two windows of which each is worth 50 less nothing
  assertAlmostEquals(scored(1_000)[0] - scored(1_000, 2_900)[0], 100 * 0.11 / 4, 1e-6);
  const [standard, fewFalse, fewMissed] = scored(1_000, 2_900), [alone, , aloneMissed] = scored(1_000);
  assertLess(fewFalse, standard);
  assertLess(aloneMissed - fewMissed, alone - standard);
});

Deno.test("benchmarkScores() never exceeds 100", () => {
  fc.assert(fc.property(fc.array(fc.nat(LENGTH - 1)), (rows) => {
    for (const score of scored(...rows)) assertLess(score, 100 + 1e-9);
  }));
});

Deno.test("windowsOf() is the first and last row of each window", () => {
  assertEquals(windowsOf([-1, 0, 0, -1, 0, 2, -1]), [[1, 4], [5, 5]]);
  assertEquals(windowsOf([-1]), []);
});
