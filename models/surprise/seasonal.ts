/**
 * What a reading differs by from its usual value at this time of the day or of the week.
 *
 * Two profiles are learnt as means by half hour of the day and by hour of the week. They are used only once several
 * days (weeks) were seen and while the better of them explains clearly more than the plain mean does: most signals have
 * no season, and a profile of noise is noise.
 *
 * Source of the idea: the additive seasonal part of Holt and Winters, here by time instead of by count, so that gaps
 * and irregular readings do no harm.
 *
 * @module
 */

const DAY_MS = 86_400_000, WEEK_MS = 7 * DAY_MS;
/** Bins of the profiles. */
const DAY_BINS = 48, WEEK_BINS = 168;
/** Age from which a profile is used. */
const DAY_READY_MS = 2.5 * DAY_MS, WEEK_READY_MS = 1.5 * WEEK_MS;
/** A profile's mean absolute error must be below this part of the mean's. */
const GATE = 0.6;
/** Least rate at which a bin follows, and at which the errors are averaged. */
const BIN_RATE = 0.05, ERROR_RATE = 0.003;
/** Values that the plain mean looks back on, at most. */
const MEAN_MEMORY = 4_000;
/** As long as the week's error is not known it is taken as a little worse than the day's. */
const UNTRIED = 1.02;

const FIRST = 0, COUNT = 1, JUDGED = 2, MEAN = 3, MEAN_ERROR = 4, DAY_ERROR = 5, WEEK_ERROR = 6;

/** Doubles that the seasons take. */
export const SEASONAL_DOUBLES = 7;

/** Floats that the seasons take: a mean and a count for each bin. */
export function seasonalFloats(weekly: boolean): number {
  return 2 * (DAY_BINS + (weekly ? WEEK_BINS : 0));
}

/**
 * Scores a value against the seasons, then learns it.
 *
 * @param floats the profiles lie at `profile`
 * @param weekly whether there is a profile of the week
 * @param local epoch ms as the clock on the wall shows it
 * @returns value less the better profile, in the unit of the value; NaN while neither is trusted
 */
export function seasonalStep(
  floats: Float32Array,
  profile: number,
  doubles: Float64Array,
  at: number,
  weekly: boolean,
  local: number,
  value: number,
): number {
  if (doubles[at + COUNT] === 0) doubles[at + FIRST] = local;
  const count = ++doubles[at + COUNT];
  const mean = doubles[at + MEAN] += (value - doubles[at + MEAN]) / Math.min(count, MEAN_MEMORY);
  const day = dayBin(profile, local), week = weekBin(profile, local);
  const fromDay = value - floats[day], fromWeek = weekly ? value - floats[week] : 0;
  const age = local - doubles[at + FIRST];
  let residual = NaN;
  if (age > DAY_READY_MS && floats[day + 1] > 0) {
    const knowsWeek = weekly && age > WEEK_READY_MS && floats[week + 1] > 0;
    residual = judge(doubles, at, Math.abs(value - mean), fromDay, fromWeek, knowsWeek);
  }
  learnBin(floats, day, fromDay);
  if (weekly) learnBin(floats, week, fromWeek);
  return residual;
}

/** Follows the errors; the residual of the better profile if it is good enough, else NaN. */
function judge(
  doubles: Float64Array,
  at: number,
  fromMean: number,
  fromDay: number,
  fromWeek: number,
  knowsWeek: boolean,
): number {
  const rate = Math.max(ERROR_RATE, 1 / ++doubles[at + JUDGED]);
  const meanError = doubles[at + MEAN_ERROR] += rate * (fromMean - doubles[at + MEAN_ERROR]);
  const dayError = doubles[at + DAY_ERROR] += rate * (Math.abs(fromDay) - doubles[at + DAY_ERROR]);
  if (knowsWeek) doubles[at + WEEK_ERROR] += rate * (Math.abs(fromWeek) - doubles[at + WEEK_ERROR]);
  else doubles[at + WEEK_ERROR] = dayError * UNTRIED;
  const byWeek = knowsWeek && doubles[at + WEEK_ERROR] < dayError;
  const error = byWeek ? doubles[at + WEEK_ERROR] : dayError;
  return error < GATE * meanError ? byWeek ? fromWeek : fromDay : NaN;
}

/**
 * The usual value at this time of the day, or of the week, as known so far; NaN where none was seen yet.
 *
 * @param local epoch ms as the clock on the wall shows it
 */
export function usualValue(floats: Float32Array, profile: number, season: "day" | "week", local: number): number {
  const bin = season === "day" ? dayBin(profile, local) : weekBin(profile, local);
  return floats[bin + 1] > 0 ? floats[bin] : NaN;
}

function dayBin(profile: number, local: number): number {
  return profile + 2 * Math.floor((local % DAY_MS) / DAY_MS * DAY_BINS);
}

function weekBin(profile: number, local: number): number {
  return profile + 2 * (DAY_BINS + Math.floor((local % WEEK_MS) / WEEK_MS * WEEK_BINS));
}

function learnBin(floats: Float32Array, bin: number, difference: number): void {
  const count = ++floats[bin + 1];
  floats[bin] += difference * Math.max(1 / count, BIN_RATE);
}
