/**
 * The trees of an isolation forest as they were grown: what is stored, and what everything else is derived from.
 *
 * Perfect trees in flat arrays: node 1 is the root, `2i` and `2i + 1` are the children of `i`, 511 nodes a tree. Where a
 * tree ends early its threshold is infinite, so that every value goes left, and the nodes below hold the same samples.
 *
 * @module
 */
import { DEPTH, LEAVES } from "./forest_walk.ts";

/** Places of a tree's nodes, leaves included; the first is unused. */
export const TREE_NODES = 2 * LEAVES;
/** Features that a forest may have: their number is stored in a byte. */
export const FEATURES_MOST = 255;
/** Trees that a forest may have: a feature's thresholds must be fewer than 65,535. */
export const TREES_MOST = 256;

/** A grown forest. */
export interface ForestTrees {
  /** Names of the features, in the order of a row. */
  readonly features: readonly string[];
  /** How many trees. */
  readonly trees: number;
  /** Samples that each tree was grown on, 2 to 256. */
  readonly subsample: number;
  /** Samples that were there. */
  readonly samples: number;
  /** Share of the samples that was to be called anomalous. */
  readonly contamination: number;
  /** A score above it is anomalous. */
  readonly threshold: number;
  /** Median of each feature in the samples: stands for a missing value. */
  readonly medians: Float64Array;
  /** Feature that a node looks at; {@linkcode LEAVES} a tree. */
  readonly splits: Uint8Array;
  /** Values from it on go right; infinite where the tree has ended; {@linkcode LEAVES} a tree. */
  readonly thresholds: Float64Array;
  /** Samples that came to a node; {@linkcode TREE_NODES} a tree. */
  readonly counts: Uint16Array;
}

/**
 * Mean length of an unsuccessful search in a binary search tree of so many samples: what a path is measured against.
 *
 * F. T. Liu, K. M. Ting, Z.-H. Zhou, Isolation Forest, ICDM 2008, with the harmonic number summed, not approximated.
 */
export function meanPath(samples: number): number {
  let harmonic = 0;
  for (let i = samples - 1; i >= 1; i--) harmonic += 1 / i;
  return samples <= 1 ? 0 : 2 * harmonic - 2 * (samples - 1) / samples;
}

/** What so many samples that were left together would still take. */
const ENDED = Float64Array.from({ length: LEAVES + 1 }, (_, samples) => meanPath(samples));

/**
 * The path length that each leaf stands for: steps to where the tree ended, and what the samples left there would take.
 *
 * @returns {@linkcode LEAVES} a tree
 */
export function pathLengths({ trees, thresholds, counts }: ForestTrees): Float64Array {
  const lengths = new Float64Array(trees * LEAVES), ended = ENDED;
  for (let tree = 0; tree < trees; tree++) {
    const fill = (node: number, depth: number, length: number) => {
      if (node >= LEAVES) {
        lengths[tree * LEAVES + node - LEAVES] = length >= 0 ? length : depth + ended[counts[tree * TREE_NODES + node]];
        return;
      }
      const ends = length < 0 && thresholds[tree * LEAVES + node] === Infinity;
      const here = ends ? depth + ended[counts[tree * TREE_NODES + node]] : length;
      fill(2 * node, depth + 1, here);
      fill(2 * node + 1, depth + 1, here);
    };
    fill(1, 0, -1);
  }
  return lengths;
}

/**
 * The path length to expect at each node, as the samples that came to it went on.
 *
 * @param lengths as {@linkcode pathLengths} gives them
 * @returns {@linkcode TREE_NODES} a tree
 */
export function expectedPaths({ trees, thresholds, counts }: ForestTrees, lengths: Float64Array): Float64Array {
  const expected = new Float64Array(trees * TREE_NODES);
  for (let tree = 0; tree < trees; tree++) {
    const at = tree * TREE_NODES;
    expected.set(lengths.subarray(tree * LEAVES, (tree + 1) * LEAVES), at + LEAVES);
    for (let node = LEAVES - 1; node >= 1; node--) {
      const left = at + 2 * node, right = left + 1;
      const ended = thresholds[tree * LEAVES + node] === Infinity;
      expected[at + node] = ended
        ? expected[left]
        : (counts[left] * expected[left] + counts[right] * expected[right]) / counts[at + node];
    }
  }
  return expected;
}

/** Deepest level that a tree on so many samples is grown to, at most {@linkcode DEPTH}: their mean path. */
export function depthFor(samples: number): number {
  return Math.min(DEPTH, Math.ceil(Math.log2(samples)));
}
