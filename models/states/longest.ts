/**
 * The longest stretch of a kind lately: of a run of equal values, of a gap between readings.
 *
 * Two spans of time are kept, the one before and the one that goes on, and a span lasts many times as long as the longest
 * stretch itself. So what comes back every day or every week is never forgotten, and an outage is, some hundred times its
 * own length later. A slice of doubles, all 0 at first; O(1), nothing is allocated.
 *
 * @module
 */

const BEFORE = 0, NOW = 1, PASSED = 2;
/** A span lasts so many times its longest stretch, at least. */
const SPAN = 64;

/** Doubles that it takes. */
export const LONGEST_DOUBLES = 3;

/**
 * Takes a stretch in.
 *
 * @param length of the stretch, 0 or more
 * @param passed since the stretch before, in the same unit as `length`
 * @param least what a span lasts at least, in that unit
 */
export function longestTake(state: Float64Array, at: number, length: number, passed: number, least: number): void {
  if (length > state[at + NOW]) state[at + NOW] = length;
  const span = state[at + PASSED] += passed;
  if (span < least || span < SPAN * longest(state, at)) return;
  state[at + BEFORE] = state[at + NOW];
  state[at + NOW] = state[at + PASSED] = 0;
}

/** The longest stretch of the span before and of this one; 0 while there was none. */
export function longest(state: Float64Array, at: number): number {
  return Math.max(state[at + BEFORE], state[at + NOW]);
}
