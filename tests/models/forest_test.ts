import fc from "fast-check";
import { FEATURE_LENGTH, pushValue } from "../../models/features.ts";
import type { IsolationForest } from "../../models/forest.ts";
import { ForestFormatError, readForest, writeForest } from "../../models/forest_bytes.ts";
import { makeRanks, rankOf, writeCodes } from "../../models/forest_codes.ts";
import {
  CHANNEL_FEATURES,
  forestFeatures,
  HOUR_FEATURES,
  writeChannel,
  writeHour,
} from "../../models/forest_features.ts";
import { FOREST_DEFAULTS, type ForestTraining, trainForest } from "../../models/forest_train.ts";
import { meanPath, TREE_NODES } from "../../models/forest_trees.ts";
import { LANES, LEAVES, placeOfRow } from "../../models/forest_walk.ts";
import { Random } from "../../models/random.ts";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "../../std/assert.ts";
import { oracleScores } from "./forest_oracle.ts";

/** Rows of independent normal deviates, with `odd` of them far out in the first feature. */
function normalRows(count: number, width: number, seed: number, odd = 0): Float64Array {
  const random = new Random(seed), rows = new Float64Array(count * width);
  for (let at = 0; at < rows.length; at++) rows[at] = random.normal();
  for (let row = 0; row < odd; row++) rows[row * width] += 8 + random.uniform();
  return rows;
}

const names = (width: number) => Array.from({ length: width }, (_, at) => `f${at}`);

function scoresOf(forest: IsolationForest, rows: Float64Array): Float64Array {
  const count = rows.length / forest.features.length, scores = new Float64Array(count);
  forest.score(rows, count, scores);
  return scores;
}

/** One row through the trees as they were grown, with thresholds compared as they are. */
function naiveScore({ trees: forest }: IsolationForest, row: readonly number[]): number {
  let sum = 0;
  for (let tree = 0; tree < forest.trees; tree++) {
    let node = 1, depth = 0;
    while (node < LEAVES && forest.thresholds[tree * LEAVES + node] < Infinity) {
      const feature = forest.splits[tree * LEAVES + node];
      const value = Number.isNaN(row[feature]) ? forest.medians[feature] : row[feature];
      node = 2 * node + (value >= forest.thresholds[tree * LEAVES + node] ? 1 : 0);
      depth++;
    }
    sum += depth + meanPath(forest.counts[tree * TREE_NODES + node]);
  }
  return Math.pow(2, -sum / forest.trees / meanPath(forest.subsample));
}

const value = fc.oneof(
  fc.double({ min: -1e100, max: 1e100, noNaN: true }),
  fc.integer({ min: -5, max: 5 }).map((n) => n / 2),
  fc.constantFrom(-Infinity, Infinity, -0, 0, 5e-324, 1e308),
);

Deno.test("rankOf() counts the thresholds at or below a value, and writeCodes() writes the same", () => {
  const finite = fc.oneof(fc.double({ min: -1e308, max: 1e308, noNaN: true }), fc.integer({ min: -9, max: 9 }));
  fc.assert(
    fc.property(
      fc.array(finite, { maxLength: 60 }),
      fc.array(value, { minLength: 1, maxLength: 20 }),
      (some, values) => {
        const ranks = makeRanks(Float64Array.from(some)), distinct = [...new Set(some.map((one) => one + 0))];
        const asked = [...values, ...some], codes = new Int32Array(placeOfRow(asked.length + LANES, 3));
        const rows = Float64Array.from(asked.flatMap((one) => [0, one, 0]));
        writeCodes(ranks, 1, rows, 1, 3, asked.length, 0, codes);
        asked.forEach((one, row) => {
          const naive = distinct.filter((threshold) => threshold <= one).length;
          assertEquals([one, rankOf(ranks, one)], [one, naive]);
          const code = codes[placeOfRow(row, 3) + LANES];
          assertEquals([code >>> 16, code & 0xffff], [LANES, naive]);
        });
      },
    ),
  );
});

Deno.test("IsolationForest scores as a naive walk does, and a row the same in every batch", () => {
  const row = fc.array(fc.oneof(value, fc.constant(NaN)), { minLength: 3, maxLength: 3 });
  const sample = fc.array(
    fc.oneof(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.integer({ min: 0, max: 2 }), fc.constant(NaN)),
    { minLength: 3, maxLength: 3 },
  );
  const some = fc.array(sample, { minLength: 2, maxLength: 80 });
  fc.assert(
    fc.property(some, fc.array(row, { minLength: 1, maxLength: 30 }), fc.nat(1e6), (samples, rows, seed) => {
      const forest = trainForest({ features: names(3), samples: Float64Array.from(samples.flat()), seed, trees: 9 });
      const scores = scoresOf(forest, Float64Array.from(rows.flat()));
      rows.forEach((one, at) => {
        assertAlmostEquals(scores[at], naiveScore(forest, one), 1e-12);
        assertEquals(scoresOf(forest, Float64Array.from(one))[0], scores[at]);
        assert(scores[at] > 0 && scores[at] < 1);
      });
    }),
    { numRuns: 60 },
  );
});

Deno.test("IsolationForest scores 1,300 rows at once as it does 1, 7 or 512 at a time, and leaves its input alone", () => {
  const rows = normalRows(1_300, 7, 3, 20), kept = rows.slice();
  const forest = trainForest({ features: names(7), samples: rows.subarray(0, 7_000), seed: 1 });
  const all = scoresOf(forest, rows);
  for (const size of [1, 7, 8, 9, 512]) {
    for (let from = 0; from < 1_300; from += size) {
      const part = scoresOf(forest, rows.subarray(from * 7, Math.min(1_300, from + size) * 7));
      assertEquals(part, all.slice(from, from + size));
    }
  }
  assertEquals(rows, kept);
  assertThrows(() => forest.score(rows, 1_301, new Float64Array(2_000)), RangeError, "rows of 7 features");
});

Deno.test("trainForest() is the same for the same seed, another for another, and has its trees in order", () => {
  const samples = normalRows(1_000, 7, 5, 30), training: ForestTraining = { features: names(7), samples, seed: 42 };
  const bytes = writeForest(trainForest(training));
  assertEquals(writeForest(trainForest({ ...training, samples: samples.slice() })), bytes);
  assert(writeForest(trainForest({ ...training, seed: 43 })).join() !== bytes.join());
  const { trees } = trainForest(training);
  assertEquals([trees.trees, trees.subsample, trees.samples], [100, 256, 1_000]);
  for (let tree = 0; tree < 100; tree++) {
    assertEquals(trees.counts[tree * TREE_NODES + 1], 256);
    for (let node = 1; node < LEAVES; node++) {
      if (trees.thresholds[tree * LEAVES + node] === Infinity) continue;
      const [own, left, right] = [node, 2 * node, 2 * node + 1].map((at) => trees.counts[tree * TREE_NODES + at]);
      assert(left > 0 && right > 0 && left + right === own);
    }
  }
});

Deno.test("trainForest() sets the threshold that the contamination's share of the samples exceeds", () => {
  for (const contamination of [0, 0.01, 0.05, 0.2, 0.5]) {
    for (const count of [FOREST_DEFAULTS.samplesLeast, 333, FOREST_DEFAULTS.samplesMost]) {
      const samples = normalRows(count, 2, count);
      const forest = trainForest({ features: names(2), samples, seed: 1, contamination });
      const over = scoresOf(forest, samples).filter((score) => score > forest.threshold).length;
      // rows that take the same paths share a score: a few less may be above
      assert(
        over <= contamination * count && over >= contamination * count - 3,
        `${over} of ${count}, ${contamination}`,
      );
    }
  }
});

Deno.test("trainForest() takes constant, equal, huge and missing samples", () => {
  const constant = trainForest({ features: names(2), samples: new Float64Array(200).fill(7), seed: 1 });
  const [same, other] = scoresOf(constant, Float64Array.of(7, 7, 9, -9));
  assertEquals([same, other], [constant.threshold, constant.threshold]); // nothing sets anything apart
  assertAlmostEquals(same, 0.5, 1e-12);
  const huge = trainForest({ features: names(1), samples: Float64Array.of(-1e100, 1e100, 0, 1), seed: 1 });
  assert(scoresOf(huge, Float64Array.of(1e100, 0.5)).every((score) => score > 0 && score < 1));
  const missing = normalRows(300, 2, 9).map((one, at) => at % 5 === 0 ? NaN : one);
  const forest = trainForest({ features: names(2), samples: missing, seed: 1 });
  const [withMedian, asMissing] = scoresOf(forest, Float64Array.of(forest.trees.medians[0], 0.3, NaN, 0.3));
  assertEquals(asMissing, withMedian);
  const none = trainForest({ features: names(1), samples: new Float64Array(60).fill(NaN), seed: 1 });
  assertAlmostEquals(scoresOf(none, Float64Array.of(NaN))[0], 0.5, 1e-12);
});

Deno.test("trainForest() names what is outside of its range", () => {
  const good: ForestTraining = { features: names(2), samples: normalRows(60, 2, 1), seed: 1 };
  const cases: [Partial<ForestTraining>, string][] = [
    [{ features: [] }, "features must be a whole number from 1 to 255, not 0"],
    [{ samples: new Float64Array(2) }, "samples must be a whole number from 2 to 65535, not 1"],
    [{ samples: new Float64Array(5) }, "samples must be a whole number from 2 to 65535, not 2.5"],
    [{ trees: 257 }, "trees must be a whole number from 1 to 256, not 257"],
    [{ subsample: 257 }, "subsample must be a whole number from 2 to 256, not 257"],
    [{ contamination: 0.6 }, "contamination must be from 0 to 0.5, not 0.6"],
    [{ contamination: NaN }, "contamination"],
    [{ samples: Float64Array.of(1, 2, 3, Infinity) }, "finite or NaN"],
  ];
  for (const [part, message] of cases) assertThrows(() => trainForest({ ...good, ...part }), RangeError, message);
});

/** Ranks, ties by their mean. */
function ranked(values: readonly number[]): number[] {
  const order = values.map((_, at) => at).sort((a, b) => values[a] - values[b]),
    ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let at = from; at < to; at++) ranks[order[at]] = (from + to - 1) / 2;
    from = to;
  }
  return ranks;
}

/** Spearman's rank correlation. */
function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranked(a), ranked(b)], mean = (a.length - 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  for (let at = 0; at < x.length; at++) {
    xy += (x[at] - mean) * (y[at] - mean);
    xx += (x[at] - mean) ** 2;
    yy += (y[at] - mean) ** 2;
  }
  return xy / Math.sqrt(xx * yy);
}

Deno.test("IsolationForest orders rows as ml-isolation-forest does", () => {
  const samples = normalRows(256, 4, 11, 8), rows = normalRows(400, 4, 12, 40);
  const lists = (flat: Float64Array) =>
    Array.from({ length: flat.length / 4 }, (_, at) => [...flat.slice(4 * at, 4 * at + 4)]);
  const oracle = oracleScores(lists(samples), lists(rows));
  const forest = trainForest({ features: names(4), samples, seed: 1 }), ours = [...scoresOf(forest, rows)];
  const again = [...scoresOf(trainForest({ features: names(4), samples, seed: 2 }), rows)];
  // Two forests of one kind but of two seeds agree so far; the oracle's must, nearly.
  const own = rankCorrelation(ours, again), other = rankCorrelation(ours, oracle);
  assert(own > 0.9 && other > own - 0.06, `with itself ${own}, with the oracle ${other}`);
  const mean = (scores: readonly number[]) => scores.reduce((sum, score) => sum + score, 0) / scores.length;
  assertAlmostEquals(mean(ours), mean(oracle), 0.05);
});

Deno.test("IsolationForest finds what is far out: better than chance, on each of many seeds", () => {
  for (let seed = 0; seed < 10; seed++) {
    const forest = trainForest({ features: names(7), samples: normalRows(500, 7, seed, 5), seed });
    const scores = scoresOf(forest, normalRows(1_000, 7, seed + 100, 50));
    // The share of pairs of an odd row and another that are in the right order: 0.5 is chance.
    let ordered = 0;
    for (let odd = 0; odd < 50; odd++) {
      for (let other = 50; other < 1_000; other++) if (scores[odd] > scores[other]) ordered++;
    }
    assert(ordered / (50 * 950) > 0.9, `seed ${seed}: ${ordered / (50 * 950)}`);
  }
});

Deno.test("contribute() shares out the path, and names the feature that is odd", () => {
  const width = 5, forest = trainForest({ features: names(width), samples: normalRows(1_000, width, 4), seed: 4 });
  const contributions = new Float64Array(width), random = new Random(8);
  let sumOfUsual = 0, named = 0;
  for (let trial = 0; trial < 200; trial++) {
    const row = Float64Array.from({ length: width + 3 }, () => random.normal()), odd = trial % width;
    if (trial >= 100) row[2 + odd] = trial % 2 === 0 ? 6 : -6;
    forest.contribute(row, 2, contributions);
    const sum = contributions.reduce((total, one) => total + one, 0);
    const path = -Math.log2(scoresOf(forest, row.slice(2, 2 + width))[0]);
    if (trial === 0) sumOfUsual = sum + path;
    assertAlmostEquals(sum + path, sumOfUsual, 1e-9); // the path to expect: the same for every row
    if (trial >= 100 && contributions.indexOf(Math.max(...contributions)) === odd) named++;
  }
  assert(named >= 95, `the odd one comes first in ${named} of 100 rows`); // another one is far out by chance now and then
});

Deno.test("readForest() gives back the same forest, wherever its bytes lie", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 300 }), fc.integer({ min: 1, max: 4 }), fc.nat(1e9), (count, width, seed) => {
      const samples = normalRows(count, width, seed).map((one) => Math.round(one * 4));
      const features = names(width).map((name) => `${name} °C`);
      const forest = trainForest({ features, samples, seed, trees: 7 }), bytes = writeForest(forest);
      const elsewhere = new Uint8Array(bytes.length + 3);
      elsewhere.set(bytes, 3);
      const again = readForest(elsewhere.subarray(3));
      assertEquals(again.trees, forest.trees);
      assertEquals(scoresOf(again, samples), scoresOf(forest, samples));
      assertEquals(writeForest(again), bytes);
    }),
    { numRuns: 40 },
  );
});

Deno.test("readForest() refuses what is cut off, damaged or of another version, in one sentence", () => {
  const bytes = writeForest(trainForest({ features: names(2), samples: normalRows(60, 2, 1), seed: 1, trees: 5 }));
  const changed = (at: number, value: number) => bytes.map((byte, index) => index === at ? value : byte);
  const cases: [Uint8Array, string][] = [
    [new Uint8Array(), "do not begin like a forest"],
    [changed(0, 0), "do not begin like a forest"],
    [changed(4, 9), "version 9, this program knows 1"],
    [bytes.slice(0, -1), "not whole"],
    [changed(6, 0), "damaged"],
    [changed(8, 0), "damaged"],
    [changed(10, 1), "damaged"],
  ];
  for (const [some, message] of cases) assertThrows(() => readForest(some), ForestFormatError, message);
  fc.assert(fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
    try {
      const forest = readForest(changed(at, byte));
      assert(scoresOf(forest, normalRows(20, forest.features.length, 1)).every((score) => !(score < 0 || score > 1)));
    } catch (error) {
      assert(error instanceof ForestFormatError, String(error));
    }
  }));
});

Deno.test("forestFeatures() names what writeHour() and writeChannel() write", () => {
  assertEquals(forestFeatures(["t"]).length, 7);
  const channels = ["t", "h"], features = forestFeatures(channels), state = new Float64Array(2 * FEATURE_LENGTH);
  const noon = Date.UTC(2026, 0, 1, 12), row = new Float64Array(1 + features.length).fill(-1);
  [20, 22, 21].forEach((one, at) => pushValue(state, FEATURE_LENGTH, one, noon + 1_000 * at));
  writeHour(row, 1, noon);
  writeChannel(row, 1, 0, NaN, state, 0);
  writeChannel(row, 1, 1, 21, state, FEATURE_LENGTH);
  const of = (name: string) => row[1 + features.indexOf(name)];
  assertAlmostEquals(of("hour_sin"), 0, 1e-12);
  assertAlmostEquals(of("hour_cos"), -1, 1e-12);
  assertEquals(["h value", "h rate", "h mean", "h range"].map(of), [21, -1, 21, 2]);
  assertAlmostEquals(of("h std"), Math.sqrt(2 / 3), 1e-12);
  assertEquals(["t value", "t rate", "t mean", "t std", "t range"].map(of), [NaN, NaN, NaN, NaN, NaN]);
  assertEquals(row[0], -1);
  assertEquals(["hour_cos", "t value", "h value"].map((name) => features.indexOf(name)), [
    HOUR_FEATURES - 1,
    HOUR_FEATURES,
    HOUR_FEATURES + CHANNEL_FEATURES,
  ]);
});
