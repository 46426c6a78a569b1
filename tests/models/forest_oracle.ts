/**
 * The typed face of `ml-isolation-forest`, which ships without types: another implementation to compare ours with.
 *
 * @module
 */
import * as oracle from "ml-isolation-forest";

/** What is used of it. */
interface Forest {
  train(samples: number[][]): void;
  predict(rows: number[][]): number[];
}

/**
 * Scores of its forest of 100 trees. It draws without a seed, and grows each tree on every sample that it is given.
 */
export function oracleScores(samples: number[][], rows: number[][]): number[] {
  const forest: Forest = new oracle.IsolationForest({ nEstimators: 100 });
  forest.train(samples);
  return forest.predict(rows);
}
