/**
 * Dirty: a sensor of whose readings too many are bad as such (impossible values, conflicts, steps of its clock).
 *
 * The share of bad readings lately, with less weight the longer ago, decides with hysteresis: a sensor becomes dirty
 * above one share and clean below a lower one. What was before a new sensor's first reading counts as good. A slice of
 * doubles, all 0 at first; O(1), nothing is allocated.
 *
 * @module
 */

const SHARE = 0, DIRTY = 1;
/** Readings that it looks back on: a reading's weight falls by e while so many come. */
const MEMORY = 200;

/** Share of bad readings above which a sensor becomes dirty, and below which it is clean again. */
export const DIRTY_ABOVE = 0.1, CLEAN_BELOW = 0.02;
/** Doubles of a sensor. */
export const DIRTY_DOUBLES = 2;

/**
 * Takes a reading in.
 *
 * A sensor of which all goes bad is dirty after at most 22 readings, and clean at most 800 good readings later.
 *
 * @returns whether the sensor is dirty now
 */
export function dirtyStep(state: Float64Array, at: number, bad: boolean): boolean {
  const share = state[at + SHARE] += ((bad ? 1 : 0) - state[at + SHARE]) / MEMORY;
  if (share > DIRTY_ABOVE) state[at + DIRTY] = 1;
  else if (share < CLEAN_BELOW) state[at + DIRTY] = 0;
  return state[at + DIRTY] === 1;
}

/** Whether the sensor is dirty. */
export function isDirty(state: Float64Array, at: number): boolean {
  return state[at + DIRTY] === 1;
}
