/** @module */
import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals, assertLess, assertThrows } from "../../../std/assert.ts";
import { aggregate, AGGREGATIONS, joinWeights } from "../../../models/federation/aggregate.ts";
import { type LocalUpdate, UpdateError } from "../../../models/federation/update.ts";
import { normalAt, Random } from "../../../models/random.ts";

function update(id: string, weights: readonly number[], readings = 100, loss = 0.5): LocalUpdate {
  return { id, weights: Float32Array.from(weights), readings, loss };
}

/** Rounds of 1 to 12 participants with 1 to 600 weights: more than one block. */
const rounds = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 600 }), fc.nat(1e6)).map(
  ([participants, weights, seed]) =>
    Array.from(
      { length: participants },
      (_, p) =>
        update(`s${p}`, Array.from({ length: weights }, (_, w) => normalAt(seed, p, w)), 1 + (seed + 7 * p) % 1_000, p),
    ),
);

Deno.test("aggregate() says the same in whatever order updates come", () => {
  fc.assert(
    fc.property(rounds, fc.constantFrom(...AGGREGATIONS), fc.nat(1e6), (updates, method, seed) => {
      const shuffled = [...updates];
      new Random(seed).shuffle(shuffled);
      assertEquals(aggregate(shuffled, { method }), aggregate(updates, { method }));
    }),
    { numRuns: 40 },
  );
});

Deno.test("aggregate() stays between the least and the greatest weight, and changes no update", () => {
  fc.assert(
    fc.property(rounds, fc.constantFrom(...AGGREGATIONS), (updates, method) => {
      const before = updates.map((one) => one.weights.slice()), { weights } = aggregate(updates, { method });
      weights.forEach((weight, at) => {
        const all = updates.map((one) => one.weights[at]), near = 1e-6;
        assert(weight >= Math.min(...all) - near && weight <= Math.max(...all) + near, `weight ${at}: ${weight}`);
      });
      assertEquals(updates.map((one) => one.weights), before);
    }),
    { numRuns: 40 },
  );
});

Deno.test("aggregate() weighs the average by readings, the others not", () => {
  const updates = [update("a", [0, 4], 300, 0.2), update("b", [4, 0], 100, 0.6), update("c", [5, 1], 1, 0.4)];
  const pair = updates.slice(0, 2);
  assertEquals([...aggregate(pair).weights], [1, 3]);
  assertAlmostEquals(aggregate(pair).loss ?? NaN, 0.3, 1e-12);
  assertEquals(aggregate(pair).readings, 400);
  assertEquals([...aggregate(updates, { method: "median" }).weights], [4, 1]);
  assertEquals([...aggregate(pair, { method: "median" }).weights], [2, 2]);
  assertEquals([...aggregate(pair, { method: "trimmed", trim: 0.5 }).weights], [2, 2]);
});

Deno.test("aggregate() trims so much of each end, in whole participants", () => {
  const updates = [1, 2, 3, 4, 100].map((value, i) => update(`s${i}`, [value]));
  const trimmed = (trim: number) => aggregate(updates, { method: "trimmed", trim }).weights[0];
  assertEquals([trimmed(0), trimmed(0.1), trimmed(0.2), trimmed(0.4), trimmed(0.5)], [22, 3, 3, 3, 3]);
});

Deno.test("aggregate() by median or trimmed mean bears with one participant that sends anything, by average not", () => {
  const honest = Array.from({ length: 9 }, (_, p) => update(`s${p}`, [1 + 0.01 * p]));
  fc.assert(
    fc.property(
      fc.float({ min: -1_000, max: 1_000, noNaN: true }),
      fc.integer({ min: 1, max: 1e9 }),
      (weight, readings) => {
        const updates = [...honest, update("poisoned", [weight], readings)];
        for (const method of ["median", "trimmed"] as const) {
          assertLess(Math.abs(aggregate(updates, { method }).weights[0] - 1.04), 0.05);
        }
      },
    ),
  );
  const moved = aggregate([...honest, update("poisoned", [1_000], 1e6)]);
  assert(moved.weights[0] > 900);
});

Deno.test("aggregate() tells the norm, and the loss of those that have one", () => {
  const { norm, loss } = aggregate([update("a", [3, 4], 1, 0.4), { ...update("b", [3, 4]), loss: undefined }]);
  assertEquals([norm, loss], [5, 0.4]);
  assertEquals(Object.hasOwn(aggregate([{ id: "b", weights: Float32Array.of(1), readings: 1 }]), "loss"), false);
});

Deno.test("joinWeights() takes what was judged before, in the order given", () => {
  const rows = [Float32Array.of(1, 8), Float32Array.of(3, 4)];
  assertEquals([...joinWeights(rows, [3, 1])], [1.5, 7]);
  assertEquals([...joinWeights(rows, [3, 1], "median")], [2, 6]);
});

Deno.test("aggregate() refuses what it cannot join", () => {
  const good = update("a", [1, 2]);
  assertThrows(() => aggregate([]), UpdateError, "cannot join 0 updates: there must be at least 1");
  assertThrows(() => aggregate([good, update("b", [1])]), UpdateError, `of "b": there must be 2 weights, not 1`);
  assertThrows(() => aggregate([good, good]), UpdateError, `of "a": it came twice in this round`);
  assertThrows(
    () => aggregate([good], { trim: 0.6 }),
    RangeError,
    "cannot trim 0.6 of each end: it must be from 0 to 0.5",
  );
});
