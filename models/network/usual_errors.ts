/**
 * Which errors of a sensor's network are usual: the mean magnitude of each output's, followed online, against which the
 * error of a reading is judged. A feature that the network cannot reproduce anyway then says little, and one that it
 * always does says much.
 *
 * One float an output, 1 when new. Nothing is allocated.
 *
 * @module
 */
import { CHANNEL_FEATURES, HOUR_FEATURES } from "../forest_features.ts";

/** What a value's error counts, and that of a feature of the readings before, which a single anomaly spoils for long. */
const VALUE_WEIGHT = 1, FEATURE_WEIGHT = 0.1;
/** Least usual error, in deviations; and how many readings the first guess is worth. */
const ERROR_LEAST = 0.02, ERROR_PRIOR = 5;
/** Standard deviations in a mean absolute one. */
const OF_MEAN_ABSOLUTE = 1.25;

/**
 * Judges the errors of a reading against the usual ones from `e` on.
 *
 * @param scaled NaN where an output is missing; it does not count then
 * @param contributions what each input adds to the square of the answer is written here, after the hours
 * @returns root mean square of the errors, each in its own usual deviation; 0 where all is missing
 */
export function judgeErrors(
  errors: Float64Array,
  scaled: Float64Array,
  floats: Float32Array,
  e: number,
  contributions: Float64Array,
): number {
  let sum = 0, weights = 0;
  for (let i = 0; i < errors.length; i++) {
    const present = scaled[i] === scaled[i], weight = i % CHANNEL_FEATURES === 0 ? VALUE_WEIGHT : FEATURE_WEIGHT;
    const relative = errors[i] / (OF_MEAN_ABSOLUTE * floats[e + i] + ERROR_LEAST);
    sum += contributions[HOUR_FEATURES + i] = present ? weight * relative * relative : 0;
    if (present) weights += weight;
  }
  if (weights === 0) return 0;
  for (let i = HOUR_FEATURES; i < contributions.length; i++) contributions[i] /= weights;
  return Math.sqrt(sum / weights);
}

/**
 * Lets the errors of a reading move the usual ones.
 *
 * @param age readings that these look back on
 * @param share how much this reading counts, 0 to 1
 */
export function followErrors(
  errors: Float64Array,
  scaled: Float64Array,
  floats: Float32Array,
  e: number,
  age: number,
  share: number,
): void {
  const weight = share / (age + ERROR_PRIOR);
  for (let i = 0; i < errors.length; i++) {
    if (scaled[i] === scaled[i]) floats[e + i] += weight * (Math.abs(errors[i]) - floats[e + i]);
  }
}
