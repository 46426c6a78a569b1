/**
 * Rhythm: when a sensor that says nothing is silent, from the times of its readings.
 *
 * A sensor is silent after many of its usual intervals, and only after much longer than the longest gap that it had
 * lately: one that reports in bursts, or rests at night, is not silent in between. A gap that was longer than that
 * counts in part: an outage makes the sensor's rhythm no longer than a few times what it was. What is long past is
 * forgotten as `longest.ts` says.
 *
 * A slice of doubles, all 0 at first; O(1), nothing is allocated.
 *
 * @module
 */
import { INTERVAL_DOUBLES, intervalLearn, intervalMs } from "../budget/interval.ts";
import { longest, LONGEST_DOUBLES, longestTake } from "./longest.ts";

const LAST = 0, COUNT = 1, INTERVAL = 2, GAPS = INTERVAL + INTERVAL_DOUBLES;

/** Intervals to be seen before silence means anything. */
const INTERVALS_LEAST = 20;
/** Silent after more than so many usual intervals, … */
const INTERVALS = 12;
/** … after more than so many times the longest gap, … */
const GAP_TIMES = 2;
/** … and after at least so long, ms. */
const LEAST_MS = 10_000;
/** An outage counts as a gap of so many times what silence was at that time. */
const OUTAGE = 4;
/** Usual intervals that the longest gap looks back on, at least. */
const MEMORY = 1_000;
/** A time that never comes. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** Doubles of a sensor. */
export const RHYTHM_DOUBLES: number = GAPS + LONGEST_DOUBLES;

/**
 * Takes a reading's time in.
 *
 * @param time epoch ms; one that is not after the last one teaches nothing
 */
export function rhythmLearn(state: Float64Array, at: number, time: number): void {
  const last = state[at + LAST];
  if (!(time > last)) return;
  state[at + LAST] = time;
  if (last > 0) {
    const passed = time - last, silent = silentAfter(state, at);
    state[at + COUNT]++;
    const gap = silent === NEVER ? passed : Math.min(passed, OUTAGE * silent);
    longestTake(state, at + GAPS, gap, passed, MEMORY * intervalMs(state, at + INTERVAL));
  }
  intervalLearn(state, at + INTERVAL, time);
}

/** How long after its last reading the sensor is silent, ms; the greatest safe integer while its rhythm is unknown. */
export function silentAfter(state: Float64Array, at: number): number {
  if (state[at + COUNT] < INTERVALS_LEAST) return NEVER;
  const usual = INTERVALS * intervalMs(state, at + INTERVAL), gap = GAP_TIMES * longest(state, at + GAPS);
  return Math.min(NEVER, Math.ceil(Math.max(LEAST_MS, usual, gap)));
}

/** The sensor's usual interval, ms; 0 while it is unknown. */
export function usualIntervalMs(state: Float64Array, at: number): number {
  return intervalMs(state, at + INTERVAL);
}
