/**
 * How often a sensor's z reaches a height, predicted from the greatest of each hundred readings so far.
 *
 * The greatest block maxima stay, an exponential goes through the upper half of the blocks; a prior belief about its
 * slope steadies it while there are few. Every other one is forgotten now and then. A slice of doubles, all 0 at first.
 *
 * @module
 */

/** Readings of a block. */
export const BLOCK = 100;
/** Block maxima that stay; share of the blocks that the tail goes through, and the least number. */
const KEPT = 100, SHARE = 0.5, LEAST = 8;
/** Readings after which every other one is forgotten. */
const MEMORY = 16_384;
/** Excesses that the prior slope is worth. */
const PRIOR_WEIGHT = 8;

const BLOCKS = 0, IN_BLOCK = 1, GREATEST = 2, FILLED = 3, ODD = 4, FROM = 5, EXCESS = 6, BASE = 7, TOP = 8;

/** Doubles that a tail takes. */
export const BLOCK_TAIL_DOUBLES = TOP + KEPT;

/**
 * Learns one reading's z.
 *
 * @param slope prior mean excess, greater than 0
 */
export function blockTailLearn(state: Float64Array, at: number, z: number, slope: number): void {
  if (z > state[at + GREATEST]) state[at + GREATEST] = z;
  if (++state[at + IN_BLOCK] < BLOCK) return;
  const greatest = state[at + GREATEST];
  state[at + IN_BLOCK] = state[at + GREATEST] = 0;
  state[at + BLOCKS]++;
  insert(state, at, greatest);
  if (state[at + BLOCKS] * BLOCK >= MEMORY) forget(state, at);
  fit(state, at, slope);
}

/** Blocks that were learnt: what its word is worth. */
export function blocksOf(state: Float64Array, at: number): number {
  return state[at + BLOCKS];
}

/** Mean excess of the fitted tail; `slope` before the first block. */
export function excessOf(state: Float64Array, at: number, slope: number): number {
  return state[at + BLOCKS] > 0 ? state[at + EXCESS] : slope;
}

/** Predicted readings with at least this z, as a share; NaN before the first block. */
export function blockTailRate(state: Float64Array, at: number, z: number): number {
  const from = state[at + FROM], base = state[at + BASE];
  if (state[at + BLOCKS] === 0) return NaN;
  return z <= from ? base : base * Math.exp((from - z) / state[at + EXCESS]);
}

function insert(state: Float64Array, at: number, z: number): void {
  const filled = state[at + FILLED], top = at + TOP;
  if (filled === KEPT && z <= state[top + KEPT - 1]) return;
  let place = top + (filled < KEPT ? filled : KEPT - 1);
  if (filled < KEPT) state[at + FILLED] = filled + 1;
  for (; place > top && state[place - 1] < z; place--) state[place] = state[place - 1];
  state[place] = z;
}

function forget(state: Float64Array, at: number): void {
  const filled = state[at + FILLED], top = at + TOP;
  const odd = state[at + ODD] = 1 - state[at + ODD];
  let left = 0;
  for (let i = odd; i < filled; i += 2) state[top + left++] = state[top + i];
  state[at + FILLED] = left;
  state[at + BLOCKS] = Math.floor(state[at + BLOCKS] / 2);
}

function fit(state: Float64Array, at: number, slope: number): void {
  const blocks = state[at + BLOCKS], top = at + TOP;
  const fitted = Math.min(state[at + FILLED], Math.max(LEAST, Math.floor(SHARE * blocks)));
  const from = state[at + FROM] = state[top + fitted - 1];
  let sum = 0;
  for (let i = top; i < top + fitted; i++) sum += state[i] - from;
  state[at + EXCESS] = (sum + PRIOR_WEIGHT * slope) / (fitted - 1 + PRIOR_WEIGHT);
  state[at + BASE] = fitted / (blocks * BLOCK);
}
