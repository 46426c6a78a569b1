/** @module */
import fc from "fast-check";
import { Correlations, PAIRS_LEAST } from "../../models/correlation.ts";
import { assert, assertAlmostEquals, assertEquals } from "../../std/assert.ts";

const value = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(NaN), fc.constant(3));

/** Pearson's correlation by the book, of the moments at which both have a value. */
function naive(rows: readonly (readonly number[])[], i: number, j: number, weights?: readonly number[]) {
  const both = rows.map((row, r) => ({ x: row[i], y: row[j], w: weights?.[r] ?? 1 }))
    .filter(({ x, y }) => !Number.isNaN(x) && !Number.isNaN(y));
  const sum = (of: (one: { x: number; y: number; w: number }) => number) => both.reduce((s, one) => s + of(one), 0);
  const w = sum((one) => one.w), mx = sum((one) => one.w * one.x) / w, my = sum((one) => one.w * one.y) / w;
  const xx = sum((one) => one.w * (one.x - mx) ** 2), yy = sum((one) => one.w * (one.y - my) ** 2);
  return { weight: w, xx, yy, r: sum((one) => one.w * (one.x - mx) * (one.y - my)) / Math.sqrt(xx * yy) };
}

Deno.test("Correlations agree with the definition on any series with gaps, and are symmetric", () => {
  fc.assert(fc.property(fc.array(fc.array(value, { minLength: 3, maxLength: 3 }), { maxLength: 60 }), (rows) => {
    const correlations = new Correlations(3);
    for (const row of rows) correlations.add(Float64Array.from(row));
    for (const [i, j] of [[0, 0], [0, 1], [0, 2], [1, 2], [2, 2]]) {
      const { weight, xx, yy, r } = naive(rows, i, j);
      assertEquals(correlations.weight(i, j), weight);
      assertEquals(correlations.of(i, j), correlations.of(j, i));
      const spread = 1e-6 * weight;
      if (weight < PAIRS_LEAST) assertEquals(correlations.of(i, j), NaN);
      else if (xx > spread && yy > spread) assertAlmostEquals(correlations.of(i, j), r, 1e-6);
      assert(!(Math.abs(correlations.of(i, j)) > 1));
    }
  }));
});

Deno.test("Correlations forget: each moment counts by its age", () => {
  const keep = 0.9, rows = Array.from({ length: 50 }, (_, k) => [Math.sin(k), Math.cos(k * k), k % 7]);
  const correlations = new Correlations(3), weights = rows.map((_, k) => keep ** (rows.length - 1 - k));
  for (const row of rows) correlations.add(Float64Array.from(row), keep);
  for (const [i, j] of [[0, 1], [0, 2], [1, 2]]) {
    const { weight, r } = naive(rows, i, j, weights);
    assertAlmostEquals(correlations.weight(i, j), weight, 1e-9);
    assertAlmostEquals(correlations.of(i, j), r, 1e-9);
  }
});

Deno.test("Correlations keep their precision at a large offset, and say nothing of a constant", () => {
  const correlations = new Correlations(3);
  for (let k = 0; k < 1_000; k++) correlations.add(Float64Array.of(1e9 + Math.sin(k), 5e8 - Math.sin(k), 7e8));
  assertAlmostEquals(correlations.of(0, 1), -1, 1e-6);
  assertEquals([correlations.of(0, 2), correlations.of(2, 2), correlations.of(0, 0)], [NaN, NaN, 1]);
});
