/**
 * Rolling features of a channel over its last 10 values, in a slice of the sensor's buffer.
 *
 * The slice holds, from `at` on: count, place of the next value, then the features rate, mean, std, least and greatest, the
 * last z, the 10 values and their 10 times. Mean and deviation are taken in two passes over the ten values at each step: exact,
 * no drift, and as fast as any update formula at this size. Nothing here allocates.
 *
 * @module
 */

/** Values in the rolling window. */
export const ROLLING = 10;

/** Offsets into a channel's slice. */
export const FEATURE = {
  /** Values held, 0 to 10. */
  count: 0,
  /** Place in the ring that the next value takes. */
  place: 1,
  /** Change per second against the value before; 0 where there is none or no time passed. */
  rate: 2,
  mean: 3,
  /** Population standard deviation, in the unit of the values. */
  std: 4,
  /** Least and greatest value held; their difference is the range. */
  least: 5,
  greatest: 6,
  /** Of the last value against the 10 before it; 0 before there are 10 and where they do not deviate. */
  z: 7,
  values: 8,
  times: 8 + ROLLING,
} as const;

/** Doubles of a channel's slice. */
export const FEATURE_LENGTH: number = 8 + 2 * ROLLING;

/** Distance of `value` from the mean of the window in its standard deviations; 0 while it is not full or does not vary. */
export function zScore(state: Float64Array, at: number, value: number): number {
  const std = state[at + FEATURE.std];
  return state[at] === ROLLING && std > 0 ? (value - state[at + FEATURE.mean]) / std : 0;
}

/**
 * Takes the next value into the window and computes the features anew.
 *
 * @param value finite
 * @param time epoch ms, not before the last one's
 */
export function pushValue(state: Float64Array, at: number, value: number, time: number): void {
  const place = state[at + FEATURE.place], before = place === 0 ? ROLLING - 1 : place - 1;
  const values = at + FEATURE.values, times = at + FEATURE.times;
  const held = state[at];
  let rate = 0;
  if (held > 0) {
    const seconds = (time - state[times + before]) / 1000;
    if (seconds > 0) rate = (value - state[values + before]) / seconds;
  }
  state[at + FEATURE.rate] = rate;
  const gone = state[values + place];
  state[values + place] = value;
  state[times + place] = time;
  state[at + FEATURE.place] = place === ROLLING - 1 ? 0 : place + 1;
  if (held < ROLLING) {
    state[at] = held + 1;
    findExtremes(state, at);
    summarise(state, at);
  } else {
    // Only when an extreme leaves are the others looked at: least and greatest of ten cost more than mean and deviation.
    const least = state[at + FEATURE.least], greatest = state[at + FEATURE.greatest];
    if ((gone === least && value > least) || (gone === greatest && value < greatest)) findExtremes(state, at);
    else if (value < least) state[at + FEATURE.least] = value;
    else if (value > greatest) state[at + FEATURE.greatest] = value;
    summariseFull(state, at);
  }
}

/** Replaces the value at `place` of the ring, which holds one, as if it had come instead; rate and z stay. */
export function replaceValue(state: Float64Array, at: number, place: number, value: number): void {
  state[at + FEATURE.values + place] = value;
  findExtremes(state, at);
  summarise(state, at);
}

/** Greatest less least value of the window, in the unit of the values. */
export function rangeOf(state: Float64Array, at: number): number {
  return state[at + FEATURE.greatest] - state[at + FEATURE.least];
}

function findExtremes(state: Float64Array, at: number): void {
  const from = at + FEATURE.values, to = from + state[at];
  let least = state[from], greatest = least;
  for (let i = from + 1; i < to; i++) {
    const value = state[i];
    if (value < least) least = value;
    else if (value > greatest) greatest = value;
  }
  state[at + FEATURE.least] = least;
  state[at + FEATURE.greatest] = greatest;
}

function summarise(state: Float64Array, at: number): void {
  if (state[at] === ROLLING) return summariseFull(state, at);
  const count = state[at], from = at + FEATURE.values, to = from + count;
  let sum = 0;
  for (let i = from; i < to; i++) sum += state[i];
  const mean = sum / count;
  let squares = 0;
  for (let i = from; i < to; i++) {
    const difference = state[i] - mean;
    squares += difference * difference;
  }
  state[at + FEATURE.mean] = mean;
  state[at + FEATURE.std] = Math.sqrt(squares / count);
}

/** Written out, so that no addition waits for the one before: half the time of the loop. */
function summariseFull(state: Float64Array, at: number): void {
  const i = at + FEATURE.values;
  const v0 = state[i], v1 = state[i + 1], v2 = state[i + 2], v3 = state[i + 3], v4 = state[i + 4];
  const v5 = state[i + 5], v6 = state[i + 6], v7 = state[i + 7], v8 = state[i + 8], v9 = state[i + 9];
  const mean = (((v0 + v1) + (v2 + v3)) + ((v4 + v5) + (v6 + v7)) + (v8 + v9)) / ROLLING;
  const d0 = v0 - mean, d1 = v1 - mean, d2 = v2 - mean, d3 = v3 - mean, d4 = v4 - mean;
  const d5 = v5 - mean, d6 = v6 - mean, d7 = v7 - mean, d8 = v8 - mean, d9 = v9 - mean;
  const squares = ((d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3)) + ((d4 * d4 + d5 * d5) + (d6 * d6 + d7 * d7)) +
    (d8 * d8 + d9 * d9);
  state[at + FEATURE.mean] = mean;
  state[at + FEATURE.std] = Math.sqrt(squares / ROLLING);
}

/** Place in the ring of a value with that time, −1 if the last 10 hold none. */
export function placeOfTime(state: Float64Array, at: number, time: number): number {
  const count = state[at], times = at + FEATURE.times;
  for (let i = 0; i < count; i++) if (state[times + i] === time) return i;
  return -1;
}

/** Place in the ring of the last value; −1 before the first. */
export function lastPlace(state: Float64Array, at: number): number {
  if (state[at] === 0) return -1;
  const place = state[at + FEATURE.place];
  return place === 0 ? ROLLING - 1 : place - 1;
}

const DAY_MS = 86_400_000;

/** The hour of day (UTC) of an epoch time as a point on the circle, so that 23:59 lies next to 0:00. */
export function hourSin(time: number): number {
  return Math.sin(2 * Math.PI * (time % DAY_MS) / DAY_MS);
}

/** See {@linkcode hourSin}. */
export function hourCos(time: number): number {
  return Math.cos(2 * Math.PI * (time % DAY_MS) / DAY_MS);
}
