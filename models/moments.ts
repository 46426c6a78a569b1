/**
 * Statistics of one channel in one window: count, mean, squared deviations, least, greatest and flagged readings, in six
 * doubles of somebody else's buffer.
 *
 * Stable for long streams and large offsets, which sums of squares are not.
 * Source: B. P. Welford, Technometrics 4(3), 1962. Every function is O(1) and allocates nothing.
 *
 * @module
 */

/** Doubles that one accumulator takes. */
export const MOMENTS_LENGTH = 6;

/** Offsets into an accumulator. */
export const MOMENT = { count: 0, mean: 1, squares: 2, least: 3, greatest: 4, flagged: 5 } as const;

/** Makes the accumulator at `at` empty. */
export function clearMoments(state: Float64Array, at: number): void {
  state[at] = 0;
  state[at + 1] = 0;
  state[at + 2] = 0;
  state[at + 3] = 0;
  state[at + 4] = 0;
  state[at + 5] = 0;
}

/**
 * Adds `value` to the accumulator at `at`.
 *
 * @param value finite; the caller has refused anything else
 * @param flagged 1 if the value was flagged, else 0
 */
export function addMoment(state: Float64Array, at: number, value: number, flagged: number): void {
  const count = ++state[at];
  const delta = value - state[at + 1];
  const mean = state[at + 1] += delta / count;
  state[at + 2] += delta * (value - mean); // uses the new mean: this is what keeps it stable
  if (count === 1) {
    state[at + 3] = value;
    state[at + 4] = value;
  } else if (value < state[at + 3]) state[at + 3] = value;
  else if (value > state[at + 4]) state[at + 4] = value;
  state[at + 5] += flagged;
}

/**
 * Puts `value` in the place of `old` in mean and deviation. Least and greatest keep both: the old one was seen.
 *
 * @param old a value that was added before; an empty accumulator, which was begun anew since then, stays empty
 */
export function replaceMoment(state: Float64Array, at: number, old: number, value: number): void {
  const count = state[at], mean = state[at + 1];
  if (count === 0) return;
  const next = mean + (value - old) / count;
  state[at + 1] = next;
  state[at + 2] = Math.max(0, state[at + 2] + (value - old) * (value - next + old - mean));
  if (value < state[at + 3]) state[at + 3] = value;
  if (value > state[at + 4]) state[at + 4] = value;
}

/**
 * Adds what another accumulator has counted to the one at `at`.
 *
 * Source: T. F. Chan, G. H. Golub, R. J. LeVeque, Updating formulae and a pairwise algorithm for computing sample
 * variances, 1979. The result is that of all values one by one, but for rounding.
 */
export function mergeMoments(state: Float64Array, at: number, from: Float64Array, fromAt: number): void {
  const more = from[fromAt], before = state[at], count = before + more;
  if (more === 0) return;
  const delta = from[fromAt + 1] - state[at + 1];
  state[at] = count;
  state[at + 1] = before === 0 ? from[fromAt + 1] : state[at + 1] + delta * more / count;
  state[at + 2] += from[fromAt + 2] + (before === 0 ? 0 : delta * delta * before * more / count);
  state[at + 3] = before === 0 ? from[fromAt + 3] : Math.min(state[at + 3], from[fromAt + 3]);
  state[at + 4] = before === 0 ? from[fromAt + 4] : Math.max(state[at + 4], from[fromAt + 4]);
  state[at + 5] += from[fromAt + 5];
}

/** Population standard deviation, in the unit of the values; NaN before the first one. */
export function deviation(state: Float64Array, at: number): number {
  return Math.sqrt(state[at + 2] / state[at]);
}
