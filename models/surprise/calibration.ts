/**
 * From any statistic to a score in 0..1 that means the same everywhere: 0.99 is exceeded by one reading in a hundred.
 *
 * The score is the share of earlier readings that were less anomalous, from a histogram of the statistic. Where few
 * or none were as high the counts say little: there a prior belief, worth a few readings, decides. What lies long
 * back counts half as much every {@linkcode MEMORY} readings.
 *
 * Where many readings share one value of the statistic, as counts do, none of them is called rarer than all of them
 * together are: then 0.99 is exceeded less often.
 *
 * A histogram is a slice of somebody else's Float32Array. O(1) where the statistic is 0, as it mostly is, O(bins) else;
 * nothing is allocated.
 *
 * @module
 */

/** Bins between 0 and the greatest value of the statistic. */
const BINS = 64;
/** Floats that a calibration takes: readings, and a count for each bin. */
export const CALIBRATION_FLOATS = 1 + BINS;
/** Readings after which all counts are halved. */
const MEMORY = 5_000;
/** Readings that the prior belief is worth. */
const PRIOR_WEIGHT = 50;

/**
 * Scores a statistic, then learns it.
 *
 * @param part the statistic as a part of its greatest value: 0 is normal, 1 the most anomalous there is; more counts as 1
 * @param prior believed probability that a reading is as anomalous, 0..1
 * @returns 0..1
 */
export function calibrate(state: Float32Array, at: number, part: number, prior: number): number {
  const readings = state[at]++;
  if (state[at] >= MEMORY) halve(state, at);
  if (!(part > 0)) return 0;
  const scaled = Math.min(part, 1) * BINS, bin = Math.min(BINS - 1, Math.floor(scaled));
  const first = at + 1;
  // As if the bin were filled evenly; but at the greatest value there are those, and all beyond, together.
  let above = state[first + bin] * (part < 1 ? bin + 1 - scaled : 1);
  for (let i = first + bin + 1; i < first + BINS; i++) above += state[i];
  state[first + bin]++;
  return Math.max(0, 1 - (above + PRIOR_WEIGHT * prior) / (readings + PRIOR_WEIGHT));
}

function halve(state: Float32Array, at: number): void {
  for (let i = at; i < at + CALIBRATION_FLOATS; i++) state[i] /= 2;
}
