/**
 * What is learnt of a reading: in full where its error is usual, next to nothing where it is far out, and all of it
 * again once so much was far out that it must be a lasting change.
 *
 * Three doubles of somebody else's buffer, all zero when new.
 *
 * @module
 */

/** Doubles of its state. */
export const GUARD_DOUBLES = 3;
const AGE = 0, USUAL = 1, STRANGE = 2;

/** Errors beyond so many usual ones are far out; and the least usual one, or a still sensor's noise would be. */
const FAR = 2, USUAL_LEAST = 0.25;
/** How much a reading far out counts. */
const FAR_SHARE = 0.1;
/** Errors that the usual one looks back on, at most; and how many it must have seen before it judges. */
const MEMORY = 300, YOUNG = 30;

/** Answer of {@linkcode guardStep} where a change is lasting. */
export const LASTING_CHANGE = 2;

/** Whether enough errors were seen for judging one. */
export function guardWarm(doubles: Float64Array, d: number): boolean {
  return doubles[d + AGE] >= YOUNG;
}

/**
 * How much of a reading is learnt.
 *
 * One that is far out counts up, one that is not counts down to 0 at least; at `patience` the change is lasting: the
 * guard begins anew, and whoever asked should look back on less, too.
 *
 * @param error not negative, finite
 * @param patience whole, at least 1
 * @returns share of the reading that is learnt: 1, 0.1 far out, or {@linkcode LASTING_CHANGE}
 */
export function guardStep(doubles: Float64Array, d: number, error: number, patience: number): number {
  const age = doubles[d + AGE], usual = doubles[d + USUAL], most = FAR * Math.max(usual, USUAL_LEAST);
  const far = age >= YOUNG && error > most;
  const strange = doubles[d + STRANGE] = Math.max(0, doubles[d + STRANGE] + (far ? 1 : -1));
  if (strange >= patience) {
    doubles[d + AGE] = doubles[d + USUAL] = doubles[d + STRANGE] = 0;
    return LASTING_CHANGE;
  }
  doubles[d + AGE] = Math.min(MEMORY, age + 1);
  const counted = far ? most : error; // a bound, so that one error moves the usual one by little
  doubles[d + USUAL] += (far ? FAR_SHARE : 1) * (counted - usual) / doubles[d + AGE];
  return far ? FAR_SHARE : 1;
}
