/**
 * The population stability index: how far the shares of two histograms with the same bins lie apart.
 *
 * The sum over bins of (now − then) · ln(now / then): the symmetric Kullback-Leibler divergence (H. Jeffreys, 1946;
 * S. Kullback and R. Leibler, 1951), known under this name from credit scoring (N. Siddiqi, 2006), whose customary
 * thresholds are taken over.
 *
 * @module
 */

/** Below the first a distribution is as it was, from the second on it has drifted. */
export const PSI_STEADY = 0.1, PSI_DRIFTED = 0.25;

/** Bins of a histogram, about a tenth of the values each, and the edges between them. */
export const BINS = 10, EDGES = BINS - 1;

/** Added to each bin, as a share of all: an empty one stays finite. */
const EMPTY = 1e-3;

/**
 * The index of the histogram at `nowAt` against the one at `thenAt`.
 *
 * @param thenAt where {@linkcode BINS} weights start, none of them negative, of any sum
 * @param nowAt likewise
 * @returns 0 or more, below 14; 0 while one of the two is empty
 */
export function stabilityIndex(then: Float64Array, thenAt: number, now: Float64Array, nowAt: number): number {
  let thenSum = 0, nowSum = 0;
  for (let bin = 0; bin < BINS; bin++) {
    thenSum += then[thenAt + bin];
    nowSum += now[nowAt + bin];
  }
  if (!(thenSum > 0 && nowSum > 0)) return 0;
  const all = 1 + BINS * EMPTY;
  let index = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const before = (then[thenAt + bin] / thenSum + EMPTY) / all, after = (now[nowAt + bin] / nowSum + EMPTY) / all;
    index += (after - before) * Math.log(after / before);
  }
  return Math.max(0, index);
}

/**
 * Puts edges between bins of about equal shares, from some values.
 *
 * An edge lies midway between two values, or on a value that many have. The first one lies below all values where the
 * least is so frequent that it would fill the bin below it: then only smaller ones come there.
 *
 * @param sorted finite values in ascending order, from `from` on; at least one
 * @param edgesAt where {@linkcode EDGES} edges go; may be where {@linkcode BINS} or more values start, which are lost then
 */
export function placeEdges(
  sorted: Float64Array,
  from: number,
  count: number,
  edges: Float64Array,
  edgesAt: number,
): void {
  const least = sorted[from];
  // An edge comes from values at its own place or behind it: it overwrites none that is still wanted.
  for (let edge = 0; edge < EDGES; edge++) {
    const place = (edge + 1) * count / BINS, above = Math.min(count - 1, Math.floor(place));
    const low = sorted[from + Math.max(0, Math.ceil(place) - 1)], high = sorted[from + above];
    edges[edgesAt + edge] = low + (high - low) / 2;
  }
  if (edges[edgesAt] <= least) edges[edgesAt] = below(least);
}

/** A value a little less than this one. */
function below(value: number): number {
  return value - Math.max(Math.abs(value) * 1e-9, Number.MIN_VALUE);
}

/** The bin of a value, 0 to {@linkcode BINS} − 1: the number of edges below it. */
export function binOf(edges: Float64Array, edgesAt: number, value: number): number {
  let bin = 0;
  for (let edge = edgesAt; edge < edgesAt + EDGES; edge++) if (value > edges[edge]) bin++;
  return bin;
}
