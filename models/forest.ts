/**
 * Isolation forest: how few random cuts set a row apart from the others.
 *
 * A row far from the rest ends up alone after few cuts. The score is 2 to the power of minus the mean path over what is
 * usual: towards 1 for what is set apart at once, about 0.5 and less for the midst. (F. T. Liu, K. M. Ting, Z.-H. Zhou,
 * Isolation Forest, ICDM 2008.) The same samples and seed give the same forest, and a row the same score in any batch.
 *
 * | file | holds |
 * |---|---|
 * | `forest_train.ts` | growing the trees from samples |
 * | `forest_trees.ts` | the trees, path lengths |
 * | `forest_codes.ts`, `forest_walk.ts` | rows as ranks, and the loop over them |
 * | `forest_bytes.ts` | the forest as bytes |
 * | `forest_features.ts` | the row of a sensor's reading |
 *
 * @module
 */
import { codeOf, makeRanks, NEVER, rankOf, type Ranks, writeCodes } from "./forest_codes.ts";
import { expectedPaths, type ForestTrees, meanPath, pathLengths, TREE_NODES } from "./forest_trees.ts";
import { addPaths, DEPTH, LANES, LEAVES } from "./forest_walk.ts";

/** Rows that are ranked and walked at a time: a multiple of the lanes, and their words stay in the second cache. */
const BLOCK = 512;

/** A forest that scores. */
export class IsolationForest {
  /** Words of the nodes: see `forest_codes.ts`. */
  private readonly nodes: Int32Array;
  private readonly lengths: Float64Array;
  private readonly ranks: readonly Ranks[];
  private readonly codes: Int32Array;
  /** Minus one over the number of trees and the usual path: from a sum of paths to the exponent. */
  private readonly perPath: number;
  private expected?: Float64Array;

  /** Makes grown trees ready to score. @param trees as they were grown or read; not changed afterwards */
  constructor(readonly trees: ForestTrees) {
    const { features, thresholds, splits } = trees;
    const cuts = features.map((): number[] => []);
    for (let at = 0; at < thresholds.length; at++) if (thresholds[at] < Infinity) cuts[splits[at]].push(thresholds[at]);
    this.ranks = cuts.map((own) => makeRanks(Float64Array.from(own)));
    this.nodes = new Int32Array(thresholds.length);
    for (let at = 0; at < thresholds.length; at++) {
      this.nodes[at] = thresholds[at] < Infinity
        ? codeOf(splits[at], rankOf(this.ranks[splits[at]], thresholds[at]))
        : codeOf(0, NEVER);
    }
    this.lengths = pathLengths(trees);
    this.codes = new Int32Array(BLOCK * features.length);
    this.perPath = -1 / (trees.trees * meanPath(trees.subsample));
  }

  /** Names of the features, in the order of a row. */
  get features(): readonly string[] {
    return this.trees.features;
  }

  /** A score above it is anomalous: the contamination's share of the samples is. */
  get threshold(): number {
    return this.trees.threshold;
  }

  /**
   * Scores rows. Allocates nothing; 1 µs a row in batches of 100 and more.
   *
   * @param rows one feature after the other, row by row; NaN is missing and counts as the median
   * @param scores gets `count` scores in 0..1 from its beginning
   */
  score(rows: Float64Array, count: number, scores: Float64Array): void {
    const { features: { length: width }, codes, nodes, lengths, perPath } = this;
    if (count * width > rows.length || count > scores.length) {
      throw new RangeError(
        `cannot score ${count} rows of ${width} features: rows holds ${rows.length} numbers, scores ${scores.length}`,
      );
    }
    scores.fill(0, 0, count);
    for (let from = 0; from < count; from += BLOCK) {
      const some = Math.min(BLOCK, count - from);
      this.rank(rows, from * width, some);
      addPaths(nodes, lengths, codes, width, some, scores.subarray(from, from + some));
    }
    for (let row = 0; row < count; row++) scores[row] = Math.pow(2, scores[row] * perPath);
  }

  /**
   * What each feature did to a row's score: by how much the cuts on it shortened the paths, in usual paths.
   *
   * At each cut the path to expect changes; the change belongs to the feature that was cut. So the contributions' sum is
   * the path to expect of any sample less this row's, and a feature that says nothing gets about 0.
   *
   * @param row as for {@linkcode score}, from `at` on
   * @param contributions gets one number a feature; above 0 where it makes the row more anomalous
   */
  contribute(row: Float64Array, at: number, contributions: Float64Array): void {
    const { trees: forest, nodes, codes } = this;
    const expected = this.expected ??= expectedPaths(forest, this.lengths);
    this.rank(row, at, 1);
    contributions.fill(0, 0, forest.features.length);
    for (let tree = 0; tree < forest.trees; tree++) {
      for (let node = 1, k = 0; k < DEPTH; k++) {
        const word = nodes[tree * LEAVES + node], place = word >>> 16;
        const next = 2 * node + (codes[place] >= word ? 1 : 0);
        contributions[place / LANES] -= expected[tree * TREE_NODES + next] - expected[tree * TREE_NODES + node];
        node = next;
      }
    }
    for (let feature = 0; feature < forest.features.length; feature++) contributions[feature] *= -this.perPath;
  }

  /** Writes the codes of rows. */
  private rank(rows: Float64Array, from: number, count: number): void {
    const { ranks, codes, trees: { medians } } = this, width = ranks.length;
    for (let feature = 0; feature < width; feature++) {
      writeCodes(ranks[feature], feature, rows, from + feature, width, count, medians[feature], codes);
    }
  }
}
