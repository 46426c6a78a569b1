/** @module */
import { assertAlmostEquals, assertEquals, assertLess } from "../../../std/assert.ts";
import { followErrors, judgeErrors } from "../../../models/network/usual_errors.ts";
import { normalAt } from "../../../models/random.ts";

const FEATURES = 5;

/** An error of every feature. */
const of = (error: (feature: number) => number) => Float64Array.from({ length: FEATURES }, (_, i) => error(i));

Deno.test("judgeErrors() takes each error in its own usual deviation, once it is known", () => {
  const usual = new Float32Array(FEATURES).fill(1),
    contributions = new Float64Array(2 + FEATURES),
    scaled = of(() => 0);
  for (let i = 1; i <= 4_000; i++) followErrors(of((k) => 10 ** -k * normalAt(1, i, k)), scaled, usual, 0, i, 1);
  const judged = (errors: Float64Array) => judgeErrors(errors, scaled, usual, 0, contributions);
  assertAlmostEquals(judged(of((k) => k === 0 ? 3 : 0)), 3 / Math.sqrt(1.4), 0.2);
  assertAlmostEquals(judged(of((k) => k === 1 ? 0.3 : 0)), 3 * Math.sqrt(0.1 / 1.4), 0.2);
  assertLess(judged(of((k) => k === 4 ? 1e-3 : 0)), 0.1); // the least usual error keeps tiny ones small
});

Deno.test("judgeErrors() and followErrors() pass over what is missing", () => {
  const usual = new Float32Array(FEATURES).fill(1), contributions = new Float64Array(2 + FEATURES).fill(9);
  const missing = of(() => NaN), errors = of(() => 5);
  assertEquals(judgeErrors(errors, missing, usual, 0, contributions), 0);
  assertEquals([...contributions.subarray(2)], [0, 0, 0, 0, 0]);
  followErrors(errors, missing, usual, 0, 10, 1);
  assertEquals(usual, new Float32Array(FEATURES).fill(1));
});
