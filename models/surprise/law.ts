/**
 * How often a surprise of a given size comes in real signals.
 *
 * A surprise is meant as −log10 of a probability, but beyond about 4 real signals do not keep to that: something never
 * seen before comes more often than any tail fitted to what was seen can say, and the more often the less was seen.
 * Measured over labelled recordings: 3 · 10^−s + 9 · s^−1.5 / age.
 *
 * @module
 */

/**
 * Probability that a normal reading is at least as surprising.
 *
 * @param surprise 0 or greater
 * @param age readings that the signal was seen for, at least 1
 * @returns 0..1
 */
export function surpriseLaw(surprise: number, age: number): number {
  if (!(surprise > 0)) return 1;
  return Math.min(1, 3 * 10 ** -surprise + 9 * surprise ** -1.5 / age);
}
