/**
 * Drift of a model: the features that it is given now against those that it was trained on.
 *
 * A fingerprint is taken of the training sample and kept with the model: for each feature the edges of ten bins and
 * their shares. Later samples are compared with it by the stability index, less what it is in 95 of 100 cases without
 * any drift: then it is a chi-squared variable times the sum of the reciprocal sample sizes (B. Yurdakul, Statistical
 * properties of population stability index, 2018). Where a sample covers less than a day,
 * features that follow the hour differ for that reason.
 *
 * @module
 */
import { binOf, BINS, EDGES, placeEdges, stabilityIndex } from "./psi.ts";

/** Doubles of a feature in a fingerprint: edges, shares, and the number of rows. */
export const FINGERPRINT_DOUBLES = EDGES + BINS + 1;
const SHARES = EDGES, ROWS = EDGES + BINS;

/** Rows that a sample has at least to be compared: below that chance alone looks like drift. */
export const FINGERPRINT_ROWS_LEAST = 200;

/** 95 of 100 chi-squared variables with a degree of freedom for each edge are below this. */
const CHANCE = 16.92;

/** Numbers of a sample, row behind row. */
type Rows = Float64Array | Float32Array;

/**
 * Takes the fingerprint of a training sample.
 *
 * @param rows finite values, row by row
 * @param width features of a row, at least 1
 * @returns {@linkcode FINGERPRINT_DOUBLES} a feature; all 0 where there are no rows
 */
export function fingerprint(rows: Rows, width: number): Float64Array {
  const count = Math.floor(rows.length / width), print = new Float64Array(width * FINGERPRINT_DOUBLES);
  if (count === 0) return print;
  const sorted = new Float64Array(count);
  for (let feature = 0; feature < width; feature++) {
    const at = feature * FINGERPRINT_DOUBLES;
    for (let row = 0; row < count; row++) sorted[row] = rows[row * width + feature];
    placeEdges(sorted.sort(), 0, count, print, at);
    for (let row = 0; row < count; row++) print[at + SHARES + binOf(print, at, sorted[row])] += 1 / count;
    print[at + ROWS] = count;
  }
  return print;
}

/**
 * The stability index of each feature of a sample against a fingerprint, less what chance makes of it.
 *
 * @param print made of as many features
 * @param rows finite values, row by row
 * @param width features of a row
 * @returns 0 or more for each feature; compare with `PSI_STEADY` and `PSI_DRIFTED`. 0 where either has fewer than
 *   {@linkcode FINGERPRINT_ROWS_LEAST} rows
 * @throws RangeError if the fingerprint is of another number of features
 */
export function fingerprintDrift(print: Float64Array, rows: Rows, width: number): Float64Array {
  if (print.length !== width * FINGERPRINT_DOUBLES) {
    throw new RangeError(
      `comparing a sample: the fingerprint is of ${print.length / FINGERPRINT_DOUBLES} features, not of ${width}`,
    );
  }
  const count = Math.floor(rows.length / width), drift = new Float64Array(width), now = new Float64Array(BINS);
  for (let feature = 0; feature < width; feature++) {
    const at = feature * FINGERPRINT_DOUBLES, trained = print[at + ROWS];
    if (count < FINGERPRINT_ROWS_LEAST || trained < FINGERPRINT_ROWS_LEAST) continue;
    now.fill(0);
    for (let row = 0; row < count; row++) now[binOf(print, at, rows[row * width + feature])]++;
    const chance = CHANCE * (1 / count + 1 / trained);
    drift[feature] = Math.max(0, stabilityIndex(print, at + SHARES, now, 0) - chance);
  }
  return drift;
}
