/**
 * The expected band of a channel: between which two values the next reading should lie.
 *
 * Four simple forecasts compete: a level that follows quickly, with its trend; one that follows slowly; and the usual
 * value at this time of the day and of the week, each shifted by what it was lately off by. The one with the least mean
 * absolute error so far speaks. The band around it is that forecast's own errors: bounds that move outwards at each
 * error beyond them and slowly inwards else, so that 99 of 100 normal readings lie inside. Robust: an error counts up
 * to a few times the usual one, so that a spike moves neither level nor band much; a lasting change is followed within
 * some hundred readings. A slice of doubles, all 0 at first; O(1), nothing is allocated.
 *
 * The daily and weekly profiles themselves are the caller's. Sources: C. C. Holt (1957) for level and trend;
 * H. Robbins and S. Monro (1951) for the bounds.
 *
 * @module
 */

/** Part of normal readings below the band, and above it. */
const OUTSIDE = 0.005;
/** Rates of the quick level, its trend, the slow level, what profiles are off by, and mean absolute errors. */
const QUICK = 0.4, TREND = 0.02, SLOW = 0.02, SHIFT = 0.05, ERROR = 0.01;
/** An error counts up to so many times the mean absolute one, once there were enough to know that. */
const CLIP = 4, CLIP_AGE = 20;
/** Part of its trend that the quick level keeps from reading to reading. */
const DAMPING = 0.9;
/** Bounds begin here, in mean absolute errors, move by this at an error beyond them, and stay within these. */
const BOUND = 4, MOVE = 0.5, BOUND_LEAST = 0.5, BOUND_MOST = 1e6;
/** Readings of a forecast before its band is shown. */
const AGE_LEAST = 20;

/** The forecasts. */
const FORECASTS = 4, QUICKLY = 0, SLOWLY = 1, DAY = 2, WEEK = 3;
const LEVEL = 0, SLOPE = 1, LASTING = 2, DAY_SHIFT = 3, WEEK_SHIFT = 4, JUDGED = 5;
/** Readings, mean absolute error, lower and upper bound of each forecast. */
const PER_FORECAST = 4;

/** Doubles that a band takes. */
export const BAND_DOUBLES = JUDGED + FORECASTS * PER_FORECAST;

/** A band of one channel at one time. */
export interface Band {
  /** Expected value, in the unit of the channel; NaN while too little was seen. */
  expected: number;
  /** 99 of 100 normal readings lie between the two; NaN while too little was seen. */
  low: number;
  /** See {@linkcode Band.low}. */
  high: number;
}

const forecast = new Float64Array(FORECASTS);

/**
 * Says what is expected of a reading, then learns from what it was.
 *
 * @param day usual value at this time of the day as known before this reading; NaN if unknown
 * @param week the same of the week
 * @param value finite
 * @param out takes the band, that of before this reading
 */
export function bandStep(state: Float64Array, at: number, day: number, week: number, value: number, out: Band): void {
  forecast[QUICKLY] = state[at + LEVEL] + state[at + SLOPE];
  forecast[SLOWLY] = state[at + LASTING];
  forecast[DAY] = day + state[at + DAY_SHIFT];
  forecast[WEEK] = week + state[at + WEEK_SHIFT];
  show(state, at, out);
  if (state[at + JUDGED] === 0) { // the first reading: levels begin with it
    state[at + LEVEL] =
      state[at + LASTING] =
      forecast[QUICKLY] =
      forecast[SLOWLY] =
        value;
  }
  for (let f = 0; f < FORECASTS; f++) {
    const error = value - forecast[f];
    if (error !== error) continue;
    const counted = judge(state, at + JUDGED + f * PER_FORECAST, error);
    if (f === QUICKLY) {
      state[at + LEVEL] = forecast[QUICKLY] + QUICK * counted;
      state[at + SLOPE] = DAMPING * state[at + SLOPE] + TREND * counted;
    } else if (f === SLOWLY) state[at + LASTING] += SLOW * counted;
    else state[at + (f === DAY ? DAY_SHIFT : WEEK_SHIFT)] += SHIFT * counted;
  }
}

/** The band of the best forecast that has something to say. */
function show(state: Float64Array, at: number, out: Band): void {
  let best = -1, least = Infinity;
  for (let f = 0; f < FORECASTS; f++) {
    const own = at + JUDGED + f * PER_FORECAST;
    if (state[own] < AGE_LEAST || forecast[f] !== forecast[f] || !(state[own + 1] < least)) continue;
    best = f;
    least = state[own + 1];
  }
  out.expected = out.low = out.high = NaN;
  if (best < 0) return;
  const own = at + JUDGED + best * PER_FORECAST;
  out.expected = forecast[best];
  out.low = forecast[best] - least * state[own + 2];
  out.high = forecast[best] + least * state[own + 3];
}

/** Takes a forecast's error in; returns as much of it as counts. */
function judge(state: Float64Array, own: number, error: number): number {
  const age = ++state[own];
  if (age === 1) state[own + 2] = state[own + 3] = BOUND;
  const usual = state[own + 1], most = age > CLIP_AGE && usual > 0 ? CLIP * usual : Infinity;
  const counted = error > most ? most : error < -most ? -most : error;
  if (age > CLIP_AGE) {
    move(state, own + 2, -error > usual * state[own + 2]);
    move(state, own + 3, error > usual * state[own + 3]);
  }
  state[own + 1] += Math.max(ERROR, 1 / age) * (Math.abs(counted) - usual);
  return counted;
}

/** Moves a bound so that it is passed by {@linkcode OUTSIDE} of the readings. */
function move(state: Float64Array, bound: number, passed: boolean): void {
  const step = MOVE * Math.max(1, state[bound] / BOUND); // a wide band moves in proportion
  const next = state[bound] + step * (passed ? 1 - OUTSIDE : -OUTSIDE);
  state[bound] = Math.min(BOUND_MOST, Math.max(BOUND_LEAST, next));
}
