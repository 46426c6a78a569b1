/**
 * Stuck: a channel that has been flat for much longer than it ever was.
 *
 * A run is a stretch of equal values; one single other value within a long run is a dropout and does not end it. A run
 * is stuck once it is several times as long as the longest finished one, and long at all. A channel that never changed,
 * or that is flat most of the time (a count, a switch), has long runs and is not stuck in one more of them. What was
 * stuck is a finished run like any other, and forgotten as `longest.ts` says.
 *
 * A slice of doubles, all 0 at first; O(1), nothing is allocated.
 *
 * @module
 */
import { longest, LONGEST_DOUBLES, longestTake } from "./longest.ts";

const VALUE = 0, RUN = 1, SINCE = 2, CHANGES = 3, STUCK = 4;
/** Whether the last value was another one than the run's, that value, and its time. */
const AWAY = 5, OTHER = 6, OTHER_TIME = 7;
const FINISHED = 8;

/** Readings that a stuck run has at least. */
const LEAST = 20;
/** Finished runs to be seen before anything is stuck. */
const CHANGES_LEAST = 20;
/** A stuck run is so many times as long as the longest finished one. */
const TIMES = 3;
/** A run of so many readings goes on over one other value. */
const BRIDGED = 10;
/** Readings that the longest run looks back on, at least. */
const MEMORY = 10_000;

/** Doubles of a channel. */
export const STUCK_DOUBLES: number = FINISHED + LONGEST_DOUBLES;

/**
 * Takes the channel's next value in.
 *
 * @param value finite
 * @param time epoch ms, not before that of the value before
 * @returns whether the channel is stuck now
 */
export function stuckStep(state: Float64Array, at: number, value: number, time: number): boolean {
  const run = state[at + RUN];
  if (run > 0 && value === state[at + VALUE]) {
    state[at + RUN] = run + 1;
    state[at + AWAY] = 0;
    if (state[at + STUCK] === 0 && run + 1 > stuckAfter(state, at)) state[at + STUCK] = 1;
    return state[at + STUCK] === 1;
  }
  if (run >= BRIDGED && state[at + AWAY] === 0) {
    state[at + AWAY] = 1;
    state[at + OTHER] = value;
    state[at + OTHER_TIME] = time;
    return state[at + STUCK] === 1;
  }
  if (run > 0) finish(state, at, run);
  const second = state[at + AWAY] === 1, again = second && value === state[at + OTHER];
  state[at + VALUE] = value;
  state[at + RUN] = again ? 2 : 1;
  state[at + SINCE] = again ? state[at + OTHER_TIME] : time;
  state[at + AWAY] = 0;
  return false;
}

/** The run is over: it is one of those that the next ones are measured by. */
function finish(state: Float64Array, at: number, run: number): void {
  state[at + CHANGES]++;
  state[at + STUCK] = 0;
  longestTake(state, at + FINISHED, run, run, MEMORY);
}

/** Readings that a run must exceed to be stuck; infinite while too little was seen. */
export function stuckAfter(state: Float64Array, at: number): number {
  if (state[at + CHANGES] < CHANGES_LEAST) return Infinity;
  return Math.max(LEAST, TIMES * longest(state, at + FINISHED));
}

/** Whether the channel is stuck. */
export function isStuck(state: Float64Array, at: number): boolean {
  return state[at + STUCK] === 1;
}

/** Time of the first reading of the present run, epoch ms; 0 before the first reading. */
export function flatSince(state: Float64Array, at: number): number {
  return state[at + SINCE];
}
