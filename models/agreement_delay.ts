/**
 * The delay of a detector: how long after the first reading of a labelled stretch of anomalies it flags one of them.
 *
 * What a detector is in the midst of is a slice for each sensor; the totals are another one, which is merged by adding
 * up (see `addCounts`). Both are all 0 at first; O(1), nothing is allocated.
 *
 * @module
 */

/** Doubles of one detector's delay on one sensor. */
export const DELAY_DOUBLES = 3;
/** Doubles of a detector's totals of delays, over any number of sensors. */
export const DELAYS_DOUBLES = 3;

const BEGUN = 0, INSIDE = 1, FOUND = 2;
const STRETCHES = 0, FOUND_STRETCHES = 1, DELAY_SUM = 2;

/**
 * Takes a reading in. One without a label ends no stretch and begins none.
 *
 * @param state of this detector and sensor, all 0 at first
 * @param totals that a stretch adds to when it begins and when it is found
 * @param label 1 if it is known to be anomalous, 0 if known to be normal, anything else if nobody knows
 * @param time epoch ms, not before that of the reading before
 */
export function delayStep(
  state: Float64Array,
  at: number,
  totals: Float64Array,
  totalsAt: number,
  flag: boolean,
  label: number,
  time: number,
): void {
  if (label === 0) state[at + INSIDE] = 0;
  if (label !== 1) return;
  if (state[at + INSIDE] === 0) {
    state[at + INSIDE] = 1;
    state[at + FOUND] = 0;
    state[at + BEGUN] = time;
    totals[totalsAt + STRETCHES]++;
  }
  if (!flag || state[at + FOUND] === 1) return;
  state[at + FOUND] = 1;
  totals[totalsAt + FOUND_STRETCHES]++;
  totals[totalsAt + DELAY_SUM] += Math.max(0, time - state[at + BEGUN]);
}

/** What totals of delays say. */
export interface Delays {
  /** Stretches labelled as anomalies, and those of which the detector flagged a reading. */
  readonly stretches: number;
  readonly found: number;
  /** Mean delay of those found, ms; NaN if none was. */
  readonly meanMs: number;
}

/** Reads totals of delays. */
export function delaysOf(totals: Float64Array, at: number): Delays {
  const found = totals[at + FOUND_STRETCHES];
  return {
    stretches: totals[at + STRETCHES],
    found,
    meanMs: totals[at + DELAY_SUM] / found,
  };
}
