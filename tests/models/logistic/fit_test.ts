import fc from "fast-check";
import { fitLogistic, sigmoid } from "../../../models/logistic/fit.ts";
import { fitScales, scaleRows } from "../../../models/logistic/scaler.ts";
import { foldSplit, stratifiedFolds, stratifiedSplit } from "../../../models/logistic/split.ts";
import { joinTables, positives, rowsAt } from "../../../models/logistic/table.ts";
import { expandRows, termsOf } from "../../../models/logistic/terms.ts";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "../../../std/assert.ts";
import { drawTable } from "./tables.ts";

const ones = (count: number) => new Float64Array(count).fill(1);

Deno.test("fitLogistic() ends where the penalised likelihood has no slope, whatever the data", () => {
  const cell = fc.double({ min: -5, max: 5, noNaN: true });
  const rows = fc.array(fc.tuple(cell, cell, fc.boolean(), fc.double({ min: 0.1, max: 9, noNaN: true })), {
    minLength: 4,
    maxLength: 60,
  });
  fc.assert(fc.property(rows, fc.constantFrom(0.1, 1, 100), (rows, l2) => {
    const labels = Uint8Array.from(rows, ([, , label], at) => at < 2 ? at : Number(label)); // both labels, also divisible
    const terms = Float64Array.from(rows.flatMap(([a, b]) => [a, b])),
      weights = Float64Array.from(rows, (row) => row[3]);
    const fit = fitLogistic({ terms, width: 2, labels, weights, l2 });
    assert(fit.converged);
    const slope = [0, l2 * fit.coefficients[0], l2 * fit.coefficients[1]];
    rows.forEach(([a, b], at) => {
      const p = sigmoid(fit.intercept + fit.coefficients[0] * a + fit.coefficients[1] * b);
      [1, a, b].forEach((term, i) => slope[i] += weights[at] * (p - labels[at]) * term);
    });
    const scale = weights.reduce((sum, weight) => sum + weight, 0);
    for (const one of slope) assertAlmostEquals(one / scale, 0, 1e-4);
  }));
});

Deno.test("fitLogistic() finds the coefficients that labels were drawn with", () => {
  const table = drawTable(20_000, 2, 1, ([a, b]) => -1 + 2 * a - 0.5 * b);
  const fit = fitLogistic({ terms: table.rows, width: 2, labels: table.labels, weights: ones(20_000), l2: 1e-3 });
  // The standard errors are about 0.02 and 0.03: four of them.
  assertAlmostEquals(fit.intercept, -1, 0.1);
  assertAlmostEquals(fit.coefficients[0], 2, 0.13);
  assertAlmostEquals(fit.coefficients[1], -0.5, 0.1);
  const warm = fitLogistic(
    { terms: table.rows, width: 2, labels: table.labels, weights: ones(20_000), l2: 1e-3 },
    Float64Array.of(fit.intercept, ...fit.coefficients),
  );
  assert(warm.iterations <= 2 && warm.iterations < fit.iterations);
  assertAlmostEquals(warm.coefficients[0], fit.coefficients[0], 1e-6);
});

Deno.test("fitLogistic() counts a row of weight 2 as two rows", () => {
  const table = drawTable(200, 2, 5, ([a]) => a);
  const twice = rowsAt(table, [...table.labels.keys(), 0, 1, 2]);
  const weights = ones(200).map((one, at) => at < 3 ? 2 : one);
  const fit = (terms: Float64Array, labels: Uint8Array, weights: Float64Array) =>
    fitLogistic({ terms, width: 2, labels, weights, l2: 1 }).coefficients;
  const [weighed, doubled] = [fit(table.rows, table.labels, weights), fit(twice.rows, twice.labels, ones(203))];
  weighed.forEach((one, at) => assertAlmostEquals(one, doubled[at], 1e-9));
});

Deno.test("fitLogistic() refuses a penalty that is none", () => {
  const input = { terms: new Float64Array(2), width: 1, labels: Uint8Array.of(0, 1), weights: ones(2), l2: 0 };
  assertThrows(() => fitLogistic(input), RangeError, "l2 must be above 0 and finite, not 0");
});

Deno.test("scaleRows() brings every column to mean 0 and deviation 1, and a constant one to 0", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 50 }),
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      (column, constant) => {
        const rows = Float64Array.from(column.flatMap((value) => [value, constant]));
        scaleRows(rows, fitScales(rows, 2));
        const [scaled, flat] = [0, 1].map((at) => column.map((_, row) => rows[2 * row + at]));
        const mean = scaled.reduce((sum, value) => sum + value, 0) / scaled.length;
        const variance = scaled.reduce((sum, value) => sum + value * value, 0) / scaled.length - mean * mean;
        // A deviation that is rounding of the mean counts as none.
        const spread = Math.max(...column) - Math.min(...column);
        if (spread > 1e-3) {
          [[mean, 0], [variance, 1]].forEach(([seen, wanted]) => assertAlmostEquals(seen, wanted, 1e-6));
        }
        for (const value of flat) assertAlmostEquals(value, 0, 1e-6);
      },
    ),
  );
});

Deno.test("expandRows() gives features, squares and products, as termsOf() names them", () => {
  assertEquals(termsOf("linear", 2), [[0], [1]]);
  assertEquals(termsOf("squares", 2), [[0], [1], [0, 0], [1, 1]]);
  assertEquals(termsOf("products", 2), [[0], [1], [0, 0], [0, 1], [1, 1]]);
  assertEquals(termsOf("products", 5).length, 20);
  const expanded = expandRows(Float64Array.of(2, 3, -1, 4), 2, termsOf("products", 2));
  assertEquals([...expanded], [2, 3, 4, 6, 9, -1, 4, 1, -4, 16]);
});

const labelled = fc.array(fc.boolean(), { minLength: 40, maxLength: 200 })
  .map((labels) => Uint8Array.from(labels, (label, at) => at < 12 ? at % 2 : Number(label)));

Deno.test("stratifiedFolds() deals either label out evenly, and foldSplit() parts the rows", () => {
  fc.assert(fc.property(labelled, fc.integer({ min: 2, max: 6 }), fc.nat(), (labels, folds, seed) => {
    const fold = stratifiedFolds(labels, folds, seed);
    assertEquals(stratifiedFolds(labels, folds, seed), fold);
    for (const label of [0, 1]) {
      const counts = Array.from({ length: folds }, () => 0);
      labels.forEach((one, at) => one === label && counts[fold[at]]++);
      assert(Math.max(...counts) - Math.min(...counts) <= 1, counts.join());
    }
    const { train, test } = foldSplit(fold, 1);
    assertEquals([...train, ...test].sort((a, b) => a - b), [...labels.keys()]);
    assert(test.every((place) => fold[place] === 1));
  }));
});

Deno.test("stratifiedSplit() sets the share of either label aside, and refuses where a part would have one label", () => {
  fc.assert(fc.property(labelled, fc.constantFrom(0.2, 0.5), fc.nat(), (labels, share, seed) => {
    const { train, test } = stratifiedSplit(labels, share, seed), count = positives(labels);
    assertEquals([...train, ...test].sort((a, b) => a - b), [...labels.keys()]);
    const ones = test.filter((place) => labels[place] === 1).length;
    assertEquals([ones, test.length - ones], [Math.round(share * count), Math.round(share * (labels.length - count))]);
  }));
  assertThrows(() => stratifiedSplit(Uint8Array.of(0, 0, 0, 0, 0, 1), 0.2, 1), RangeError, "of 1 rows with label 1");
});

Deno.test("joinTables() puts one behind the other, with its weight, and refuses other features", () => {
  const one = drawTable(3, 2, 1, () => 0), other = drawTable(2, 2, 2, () => 0), both = joinTables(one, other, 5);
  assertEquals([...both.rows], [...one.rows, ...other.rows]);
  assertEquals([...both.labels], [...one.labels, ...other.labels]);
  assertEquals([...both.weights ?? []], [1, 1, 1, 5, 5]);
  assertEquals([...joinTables(both, other, 2).weights ?? []], [1, 1, 1, 5, 5, 2, 2]);
  assertThrows(() => joinTables(one, { ...other, features: ["a", "b"] }), RangeError, "the other a, b");
  assertThrows(() => joinTables(one, other, 0), RangeError, "a weight must be above 0");
});
