/**
 * Speed of the isolation forest: scores a second on one core, 100 trees of 256 samples, 7 features.
 *
 * Beside it, in the same minute, the plain way: the same trees in perfect arrays, row by row and four rows abreast, with
 * the thresholds compared as they are. Rounds alternate and the best of each counts, so that a busy machine slows all
 * alike. Also: training, contributions, bytes.
 *
 * @module
 */
import type { IsolationForest } from "../models/forest.ts";
import { readForest, writeForest } from "../models/forest_bytes.ts";
import { CHANNEL_FEATURES, forestFeatures, HOUR_FEATURES, writeChannel, writeHour } from "../models/forest_features.ts";
import { trainForest } from "../models/forest_train.ts";
import { meanPath, pathLengths } from "../models/forest_trees.ts";
import { FEATURE_LENGTH, pushValue } from "../models/features.ts";
import { Random } from "../models/random.ts";

const ROWS = 50_000, ROUNDS = 40, SLICE = 10_000, START = 1_700_000_000_000;
const WIDTH = HOUR_FEATURES + CHANNEL_FEATURES;

/** Rows of a sensor's temperature: a daily wave, noise, now and then a jump. */
function makeRows(): Float64Array {
  const rows = new Float64Array(ROWS * WIDTH), state = new Float64Array(FEATURE_LENGTH), random = new Random(1);
  for (let i = 0; i < ROWS; i++) {
    const time = START + 10_000 * i, wave = 3 * Math.sin(2 * Math.PI * time / 86_400_000);
    const value = (21 + wave + 0.4 * random.normal()) * (random.uniform() < 0.01 ? 1.5 + random.uniform() : 1);
    pushValue(state, 0, value, time);
    writeHour(rows, i * WIDTH, time);
    writeChannel(rows, i * WIDTH, 0, value, state, 0);
  }
  return rows;
}

/** The plain way: thresholds as they are, `abreast` rows at a time (1 or 4). */
function plain({ trees }: IsolationForest, abreast: 1 | 4) {
  const { splits, thresholds } = trees, lengths = pathLengths(trees);
  const perPath = -1 / (trees.trees * meanPath(trees.subsample));
  const next = (x: Float64Array, row: number, at: number, i: number) =>
    2 * i + (x[row + splits[at + i]] >= thresholds[at + i] ? 1 : 0);
  return (x: Float64Array, count: number, scores: Float64Array) => {
    scores.fill(0, 0, count);
    for (let at = 0; at < splits.length; at += 256) {
      let r = 0;
      for (; abreast === 4 && r + 3 < count; r += 4) {
        const o = r * WIDTH, p = o + WIDTH, q = p + WIDTH, s = q + WIDTH;
        let i = 1, j = 1, g = 1, h = 1;
        for (let k = 0; k < 8; k++) {
          i = 2 * i + +(x[o + splits[at + i]] >= thresholds[at + i]);
          j = 2 * j + +(x[p + splits[at + j]] >= thresholds[at + j]);
          g = 2 * g + +(x[q + splits[at + g]] >= thresholds[at + g]);
          h = 2 * h + +(x[s + splits[at + h]] >= thresholds[at + h]);
        }
        scores[r] += lengths[at + i - 256];
        scores[r + 1] += lengths[at + j - 256];
        scores[r + 2] += lengths[at + g - 256];
        scores[r + 3] += lengths[at + h - 256];
      }
      for (; r < count; r++) {
        let i = 1;
        for (let k = 0; k < 8; k++) i = next(x, r * WIDTH, at, i);
        scores[r] += lengths[at + i - 256];
      }
    }
    for (let r = 0; r < count; r++) scores[r] = Math.pow(2, scores[r] * perPath);
  };
}

const rows = makeRows();
const training = { features: forestFeatures(["temperature"]), samples: rows.slice(0, 1_000 * WIDTH), seed: 42 };
let begun = performance.now();
let forest = trainForest(training);
for (let i = 0; i < 9; i++) forest = trainForest(training);
console.log(`training on 1,000 samples: ${((performance.now() - begun) / 10).toFixed(1)} ms`);

const bytes = writeForest(forest);
begun = performance.now();
for (let i = 0; i < 20; i++) readForest(bytes);
console.log(`bytes: ${bytes.length}; reading them: ${((performance.now() - begun) / 20).toFixed(1)} ms`);

type Score = (x: Float64Array, count: number, scores: Float64Array) => void;
const ways: readonly (readonly [string, Score])[] = [
  ["IsolationForest.score", (x, count, scores) => forest.score(x, count, scores)],
  ["plain, four abreast", plain(forest, 4)],
  ["plain, row by row", plain(forest, 1)],
];
const scores = new Float64Array(1_000), best = new Map<string, number>();
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, score] of ways) {
    for (const batch of [1, 10, 100, 1_000]) {
      const from = (round * SLICE) % ROWS, count = batch < 100 ? SLICE / 10 : SLICE;
      begun = performance.now();
      for (let i = 0; i < count; i += batch) score(rows.subarray((from + i) * WIDTH), batch, scores);
      const rate = 1000 * count / (performance.now() - begun), key = `${name}, batches of ${batch}`;
      best.set(key, Math.max(best.get(key) ?? 0, rate));
    }
  }
}
const base = best.get("plain, four abreast, batches of 1000") ?? NaN;
for (const [key, rate] of best) {
  console.log(`${key.padEnd(42)} ${(rate / 1e6).toFixed(3)} M scores/s   ${(rate / base).toFixed(2)} of the plain way`);
}

const contributions = new Float64Array(WIDTH);
begun = performance.now();
for (let i = 0; i < 20_000; i++) forest.contribute(rows, i * WIDTH, contributions);
console.log(`contributions: ${((performance.now() - begun) / 20).toFixed(1)} µs a row`);
