/** @module */
import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals, assertLess } from "../../../std/assert.ts";
import { binOf, BINS, EDGES, placeEdges, stabilityIndex } from "../../../models/drift/psi.ts";

const weights = fc.array(fc.nat(1_000), { minLength: BINS, maxLength: BINS }).map((counts) =>
  Float64Array.from(counts)
);
const values = fc.array(fc.double({ min: -1e100, max: 1e100, noNaN: true }), { minLength: 1, maxLength: 60 });

Deno.test("stabilityIndex() is the textbook's, within what a thousandth a bin makes", () => {
  const then = Float64Array.from([10, 10, 10, 10, 10, 10, 10, 10, 10, 10]);
  const now = Float64Array.from([5, 5, 5, 5, 10, 10, 15, 15, 15, 15]);
  const plain = 4 * (0.05 - 0.1) * Math.log(0.5) + 4 * (0.15 - 0.1) * Math.log(1.5);
  assertAlmostEquals(stabilityIndex(then, 0, now, 0), plain, 0.03 * plain);
});

Deno.test("stabilityIndex() is 0 for equal shares, symmetric, finite and never negative, for any histograms", () => {
  fc.assert(fc.property(weights, weights, fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (then, now, factor) => {
    const index = stabilityIndex(then, 0, now, 0);
    assert(index >= 0 && index < 14, `${index}`);
    assertAlmostEquals(stabilityIndex(now, 0, then, 0), index, 1e-9);
    assertLess(stabilityIndex(then, 0, then.map((weight) => weight * factor), 0), 1e-12);
    const both = Float64Array.from([NaN, ...then, NaN, ...now, NaN]);
    assertEquals(stabilityIndex(both, 1, both, BINS + 2), index);
  }));
});

Deno.test("binOf() counts the edges below a value", () => {
  const edges = Float64Array.from([NaN, 1, 2, 3, 4, 5, 6, 7, 8, 9, NaN]);
  assertEquals([0, 1, 1.5, 9, 9.5, 1e100].map((value) => binOf(edges, 1, value)), [0, 0, 1, 8, 9, 9]);
});

Deno.test("placeEdges() makes bins of a tenth each of values that differ", () => {
  const sorted = Float64Array.from({ length: 100 }, (_, i) => i * i), edges = new Float64Array(EDGES + 2).fill(7);
  placeEdges(sorted, 0, 100, edges, 1);
  const counts = new Array<number>(BINS).fill(0);
  for (const value of sorted) counts[binOf(edges, 1, value)]++;
  assertEquals(counts, new Array(BINS).fill(10));
  assertEquals([edges[0], edges[EDGES + 1]], [7, 7]);
});

Deno.test("placeEdges() sorts its edges, and tells a constant from all that is smaller or greater", () => {
  fc.assert(fc.property(values, (some) => {
    const sorted = Float64Array.from(some).sort(), edges = new Float64Array(EDGES);
    placeEdges(sorted, 0, sorted.length, edges, 0);
    assert(edges.every((edge, i) => Number.isFinite(edge) && (i === 0 || edge >= edges[i - 1])), `${edges}`);
  }));
  for (const value of [0, 20, -3, 1e100, 1e-300]) {
    const edges = new Float64Array(EDGES);
    placeEdges(new Float64Array(30).fill(value), 0, 30, edges, 0);
    const bins = [value - 1e-3 * Math.max(1, Math.abs(value)), value, value + 1e-3 * Math.max(1, Math.abs(value))]
      .map((one) => binOf(edges, 0, one));
    assertEquals(new Set(bins).size, 3, `${value}: ${bins}`);
  }
});
