/**
 * A sensor's usual interval between readings, from the times themselves, also where they are irregular.
 *
 * A running mean in which a gap counts as a few intervals at most: a night without readings does not turn a sensor of
 * every second into one of every minute. A slice of doubles, all 0 at first.
 *
 * @module
 */

const LAST = 0, COUNT = 1, MEAN = 2;
/** A gap counts as so many intervals, once so many were seen. */
const GAP = 10, GAP_AGE = 5;
/** Intervals that the mean looks back on, at most. */
const MEMORY = 1_000;

/** Doubles that an interval takes. */
export const INTERVAL_DOUBLES = 3;

/**
 * Takes a reading's time in.
 *
 * @param time epoch ms; one that is not after the last one teaches nothing
 */
export function intervalLearn(state: Float64Array, at: number, time: number): void {
  const last = state[at + LAST];
  if (last === 0) state[at + LAST] = time;
  if (last === 0 || !(time > last)) return;
  state[at + LAST] = time;
  const count = ++state[at + COUNT], mean = state[at + MEAN];
  const passed = count > GAP_AGE ? Math.min(time - last, GAP * mean) : time - last;
  state[at + MEAN] += (passed - mean) / Math.min(count, MEMORY);
}

/** The usual interval, ms; 0 while it is unknown. */
export function intervalMs(state: Float64Array, at: number): number {
  return state[at + MEAN];
}
