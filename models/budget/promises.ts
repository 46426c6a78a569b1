/**
 * Virtual budgets: how well a sensor's own predictions were kept, and what to correct the next ones by.
 *
 * For each of a few rates it is counted how often a reading came that was predicted to be as rare. If 10 came where 2
 * were promised, the next prediction at that rate is multiplied by about 5. A small budget that was hardly tested
 * believes what the next greater one says, the less the farther that is. A slice of doubles, all 0 at first.
 *
 * @module
 */

/** Virtual budgets 10^−2, 10^−2.5, … readings. */
const BUDGETS = 8, FIRST = 0.01, STEP = 10 ** -0.5;
/** Weight, in broken promises, of what the next greater budget says; the exponent that fades it. */
const CHAIN = 4, FADE = 0.9;
/** Bounds of a correction. */
const LEAST = 0.05, MOST = 3;
/** Readings for which corrections stay as they are if nothing happens. */
const STALE = 64;

const READINGS = 0, CORRECTED = 1, BROKEN = 2, COUNTED = BROKEN + BUDGETS, CORRECTIONS = COUNTED + BUDGETS;

/** Doubles that the promises take. */
export const PROMISES_DOUBLES = CORRECTIONS + BUDGETS;

/** Counts a reading for which the promises held or were broken. */
export function promisesAge(state: Float64Array, at: number): void {
  state[at + READINGS]++;
}

/**
 * Counts the promises that a reading breaks, each at most once a rest.
 *
 * @param predicted rate that was predicted for what came, not corrected
 * @param weight what a break counts: less if it may be a true anomaly
 * @param rest readings
 */
export function promisesWatch(
  state: Float64Array,
  at: number,
  predicted: number,
  weight: number,
  rest: number,
): void {
  const reading = state[at + READINGS];
  for (let k = 0, budget = FIRST; k < BUDGETS && predicted <= budget; k++, budget *= STEP) {
    const counted = state[at + COUNTED + k];
    if (counted > 0 && reading - counted <= rest) continue;
    state[at + BROKEN + k] += weight;
    state[at + COUNTED + k] = reading;
    state[at + CORRECTED] = 0;
  }
}

/** The predicted rate, corrected by how such predictions were kept. */
export function promisesCorrect(state: Float64Array, at: number, predicted: number, rest: number): number {
  const reading = state[at + READINGS], corrected = state[at + CORRECTED];
  if (corrected === 0 || reading - corrected >= STALE) correctAll(state, at, rest);
  const place = Math.min(BUDGETS - 1, Math.max(0, -2 * (2 + Math.log10(predicted)))), k = Math.floor(place);
  const here = state[at + CORRECTIONS + k];
  if (k === BUDGETS - 1) return predicted * here;
  return predicted * (here + (place - k) * (state[at + CORRECTIONS + k + 1] - here));
}

function correctAll(state: Float64Array, at: number, rest: number): void {
  const readings = state[at + CORRECTED] = state[at + READINGS];
  let correction = 1;
  for (let k = 0, budget = FIRST; k < BUDGETS; k++, budget *= STEP) {
    const promised = budget * Math.exp(-budget * rest) * readings; // counted once a rest
    if (correction < 1) correction **= FADE;
    correction = (CHAIN * correction + state[at + BROKEN + k]) / (CHAIN + promised);
    state[at + CORRECTIONS + k] = correction = Math.min(MOST, Math.max(LEAST, correction));
  }
}
