/**
 * The upper tail of a statistic, learnt as it comes: how surprising is a value that is greater than almost all before?
 *
 * Of every block of `block` values the greatest is learnt; the `kept` greatest of these stay, sorted. The excesses over
 * a threshold among them follow an exponential law closely enough, which gives −log10 of the probability of a value
 * (Pickands 1975; Balkema and de Haan 1974). Nothing is capped when it is learnt: an anomaly teaches that such things
 * happen. What lies long back is forgotten by halves.
 *
 * A tail is a slice of somebody else's Float32Array, so a value is rounded to that precision first: else one that is
 * equal to a kept one would seem greater than it. O(1) a value, O(kept) a block that makes it into the kept ones.
 *
 * @module
 */

/** What distinguishes one statistic's tail from another's. */
export interface TailShape {
  /** Values of a block, at least 1. */
  readonly block: number;
  /** Block maxima that stay, at least {@linkcode LEAST}. */
  readonly kept: number;
  /** log10 of the readings that a block stands for: turns a probability per block into one per reading. */
  readonly logBlock: number;
  /** Blocks to be seen before it speaks. */
  readonly blocksLeast: number;
}

/** Block maxima that the law is fitted to at least. */
export const LEAST = 8;
/** Share of the blocks that the law is fitted to, as long as so many are kept. */
const SHARE = 0.3;
/** The mean excess is at least this part of the span of all block maxima: a few equal maxima do not make a cliff. */
const FLOOR = 0.02;
/** Values after which every other block is forgotten. */
const MEMORY = 32_768;

const KEPT = 0, BLOCKS = 1, IN_BLOCK = 2, MOST = 3, LOW = 4, HIGH = 5, FITTED = 6, EXCESS = 7, ODD = 8, ORDER = 9;

/** The tail of a statistic of which a new value comes every `every` readings. */
export function tailShape(block: number, kept: number, every = 1, blocksLeast = 0): TailShape {
  return { block, kept, logBlock: Math.log10(block * every), blocksLeast };
}

/** Floats that a tail takes. */
export function tailLength(shape: TailShape): number {
  return ORDER + shape.kept;
}

/**
 * How surprising `value` is after what was learnt, as −log10 of the probability that a reading gives such a value.
 *
 * @param value rounded to Float32
 * @param floor least mean excess, in the unit of the statistic
 * @param flat the mean excess where nothing else says it, because all maxima were equal; greater than 0
 * @returns 0 for anything that is not above the threshold, and while too little was seen
 */
function tailScore(
  state: Float32Array,
  at: number,
  shape: TailShape,
  value: number,
  floor: number,
  flat: number,
): number {
  const fitted = state[at + FITTED];
  if (fitted === 0) return 0;
  const threshold = state[at + ORDER + fitted - 1];
  if (!(value > threshold)) return 0;
  let excess = Math.max(state[at + EXCESS], FLOOR * (state[at + HIGH] - state[at + LOW]), floor);
  if (!(excess > 0)) excess = flat;
  return (value - threshold) / (excess * Math.LN10) + Math.log10(state[at + BLOCKS] / fitted) + shape.logBlock;
}

/**
 * Learns `value`.
 *
 * @param value rounded to Float32
 */
function tailLearn(state: Float32Array, at: number, shape: TailShape, value: number): void {
  const inBlock = state[at + IN_BLOCK];
  if (inBlock === 0 || value > state[at + MOST]) state[at + MOST] = value;
  if (inBlock + 1 < shape.block) state[at + IN_BLOCK] = inBlock + 1;
  else {
    state[at + IN_BLOCK] = 0;
    learnBlock(state, at, shape, state[at + MOST]);
  }
}

/** Scores, then learns. */
export function tailStep(
  state: Float32Array,
  at: number,
  shape: TailShape,
  value: number,
  floor = 0,
  flat = 1e-9,
): number {
  const rounded = Math.fround(value);
  const score = tailScore(state, at, shape, rounded, floor, flat);
  tailLearn(state, at, shape, rounded);
  return score;
}

function learnBlock(state: Float32Array, at: number, shape: TailShape, value: number): void {
  const blocks = ++state[at + BLOCKS];
  if (blocks === 1) state[at + LOW] = state[at + HIGH] = value;
  else if (value < state[at + LOW]) state[at + LOW] = value;
  else if (value > state[at + HIGH]) state[at + HIGH] = value;
  let changed = insert(state, at, shape, value);
  if (blocks * shape.block >= MEMORY) {
    forget(state, at);
    changed = true;
  }
  const kept = state[at + KEPT];
  const fitted = kept < LEAST || state[at + BLOCKS] < shape.blocksLeast
    ? 0
    : Math.min(kept, Math.max(LEAST, Math.floor(state[at + BLOCKS] * SHARE)));
  if (!changed && fitted === state[at + FITTED]) return;
  state[at + FITTED] = fitted;
  if (fitted > 0) state[at + EXCESS] = meanExcess(state, at + ORDER, fitted);
}

/** Puts a block's maximum in its place; false if it is not among the greatest. */
function insert(state: Float32Array, at: number, shape: TailShape, value: number): boolean {
  const kept = state[at + KEPT], first = at + ORDER;
  // After forgetting there is room, but only for what lies above the threshold: what lay below it was not kept either.
  const full = kept === shape.kept || state[at + BLOCKS] * SHARE >= shape.kept;
  if (full && kept > 0 && value <= state[first + kept - 1]) return false;
  let place = first + (kept < shape.kept ? kept : kept - 1);
  if (kept < shape.kept) state[at + KEPT] = kept + 1;
  for (; place > first && state[place - 1] < value; place--) state[place] = state[place - 1];
  state[place] = value;
  return true;
}

/** Keeps every other of the greatest, and half of the number of blocks; which ones alternates. */
function forget(state: Float32Array, at: number): void {
  const kept = state[at + KEPT], first = at + ORDER;
  const odd = state[at + ODD] = 1 - state[at + ODD];
  let left = 0;
  for (let i = odd; i < kept; i += 2) state[first + left++] = state[first + i];
  state[at + KEPT] = left;
  state[at + BLOCKS] = Math.floor(state[at + BLOCKS] / 2);
  state[at + HIGH] = state[first];
}

function meanExcess(state: Float32Array, first: number, fitted: number): number {
  let sum = 0;
  for (let i = first; i < first + fitted; i++) sum += state[i];
  return sum / fitted - state[first + fitted - 1];
}
