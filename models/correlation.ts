/**
 * Pearson's correlation of every pair of several series, in one pass; what is old can be forgotten on the way.
 *
 * A pair has weight, both means, both sums of squares and that of products, in six doubles of one buffer: its own means,
 * because series have gaps and only moments at which both have a value count. Stable for long streams and large offsets.
 * Source: B. P. Welford, Technometrics 4(3), 1962, for the update; with weights as in D. H. D. West, CACM 22(9), 1979.
 *
 * @module
 */

const PAIR = 6, WEIGHT = 0, MEAN_X = 1, MEAN_Y = 2, SQUARES_X = 3, SQUARES_Y = 4, PRODUCTS = 5;
/** Moments below which a correlation says nothing: any two points lie on a line. */
export const PAIRS_LEAST = 3;

/** Correlations of a fixed number of series. */
export class Correlations {
  readonly #pairs: Float64Array;

  /** @param series how many there are; a moment costs the square of it */
  constructor(readonly series: number) {
    this.#pairs = new Float64Array(PAIR * series * (series + 1) / 2);
  }

  /**
   * Takes the series' values at one moment.
   *
   * @param values one of each series; NaN where it has none
   * @param keep what all earlier moments count from now on, 0 to 1; 1 forgets nothing
   */
  add(values: Float64Array, keep = 1): void {
    const { series } = this, pairs = this.#pairs;
    let at = 0;
    for (let i = 0; i < series; i++) {
      for (let j = 0; j <= i; j++, at += PAIR) {
        if (keep < 1) forget(pairs, at, keep);
        if (!Number.isNaN(values[i]) && !Number.isNaN(values[j])) count(pairs, at, values[i], values[j]);
      }
    }
  }

  /** Moments at which both series had a value; fewer than there were where some are forgotten. */
  weight(i: number, j: number): number {
    return this.#pairs[place(i, j) + WEIGHT];
  }

  /** The correlation of two series, −1 to 1; NaN for fewer than {@linkcode PAIRS_LEAST} moments, or one that never changed. */
  of(i: number, j: number): number {
    const at = place(i, j), pairs = this.#pairs;
    const x = pairs[at + SQUARES_X], y = pairs[at + SQUARES_Y];
    if (!(pairs[at + WEIGHT] >= PAIRS_LEAST && x > 0 && y > 0)) return NaN;
    if (i === j) return 1;
    return Math.max(-1, Math.min(1, pairs[at + PRODUCTS] / (Math.sqrt(x) * Math.sqrt(y))));
  }
}

/** Pairs lie row by row, the later series first: below the diagonal, and on it. */
function place(i: number, j: number): number {
  const [high, low] = i > j ? [i, j] : [j, i];
  return PAIR * (high * (high + 1) / 2 + low);
}

function forget(pairs: Float64Array, at: number, keep: number): void {
  pairs[at + WEIGHT] *= keep;
  pairs[at + SQUARES_X] *= keep;
  pairs[at + SQUARES_Y] *= keep;
  pairs[at + PRODUCTS] *= keep;
}

function count(pairs: Float64Array, at: number, x: number, y: number): void {
  const weight = pairs[at + WEIGHT] += 1, dx = x - pairs[at + MEAN_X], dy = y - pairs[at + MEAN_Y];
  pairs[at + MEAN_X] += dx / weight;
  pairs[at + MEAN_Y] += dy / weight;
  pairs[at + SQUARES_X] += dx * (x - pairs[at + MEAN_X]);
  pairs[at + SQUARES_Y] += dy * (y - pairs[at + MEAN_Y]);
  pairs[at + PRODUCTS] += dx * (y - pairs[at + MEAN_Y]);
}
