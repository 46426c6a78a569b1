/**
 * A sensor's own scale: usual value and deviation of each feature, followed online, so that a network sees every sensor
 * in the same unit and weights mean the same to all sensors of a type.
 *
 * Mean and mean absolute deviation with exponentially fading weights; while they are young each value weighs 1 / age. A
 * value moves them as if it lay at most {@linkcode INNOVATION_MOST} deviations away, so that one of any size moves
 * them as little as one of that size. A feature that never varied has the deviation 0: whatever differs is far out.
 *
 * Features of a channel come and go together, so each channel has one age. Two doubles a feature, one float a channel,
 * all zero when new; nothing is allocated.
 *
 * @module
 */
import { CHANNEL_FEATURES } from "../forest_features.ts";

/** Doubles of a channel's state: mean and mean absolute deviation of each feature. */
export const SCALER_DOUBLES = 2 * CHANNEL_FEATURES;

/** Scaled features lie within ± this. */
export const SCALED_MOST = 20;
/** Readings of a channel before its features are scaled; until then they count as missing. */
export const SCALER_WARM = 30;

/** Features beyond this magnitude, which no value of a reading leads to, count as missing: their differences stay finite. */
const FEATURE_MOST = 1e150;
/** Deviations that a value counts at most when it moves mean and deviation; not while these are younger than this age. */
const INNOVATION_MOST = 4, INNOVATION_AGE = 10;
/** Standard deviations in a mean absolute one, where values are normally distributed: √(π / 2). */
const OF_MEAN_ABSOLUTE = 1.2533141373155003;

/**
 * Scales the features of a channel.
 *
 * @param age float at which the channel's age lies
 * @param d doubles of the channel
 * @param from where its features lie in `row`; NaN is missing, and so is what is beyond ±1e150
 * @param to where the scaled ones go in `scaled`: −20 to 20; NaN where missing or not yet warm
 */
export function scaleChannel(
  floats: Float32Array,
  age: number,
  doubles: Float64Array,
  d: number,
  row: Float64Array,
  from: number,
  scaled: Float64Array,
  to: number,
): void {
  const warm = floats[age] >= SCALER_WARM;
  for (let i = 0; i < CHANNEL_FEATURES; i++) {
    const value = row[from + i];
    if (!warm || !sound(value)) {
      scaled[to + i] = NaN;
      continue;
    }
    const away = value - doubles[d + 2 * i], deviation = OF_MEAN_ABSOLUTE * doubles[d + 2 * i + 1];
    const ratio = away / deviation; // over 0 it is infinite and bounded below; 0 over 0 is NaN
    scaled[to + i] = away === 0 ? 0 : ratio > SCALED_MOST ? SCALED_MOST : ratio < -SCALED_MOST ? -SCALED_MOST : ratio;
  }
}

/**
 * Lets a channel's features move its means and deviations.
 *
 * @param memory readings that they look back on, at most
 * @param share how much this reading counts, 0 to 1
 * @param bounded whether values far out move them no more than those 4 deviations away
 */
export function followChannel(
  floats: Float32Array,
  age: number,
  doubles: Float64Array,
  d: number,
  row: Float64Array,
  from: number,
  memory: number,
  share: number,
  bounded: boolean,
): void {
  if (!sound(row[from])) return;
  const seen = floats[age] = Math.min(memory, floats[age] + 1);
  const weight = share / seen, limited = bounded && seen > INNOVATION_AGE;
  for (let i = 0; i < CHANNEL_FEATURES; i++) {
    const value = row[from + i], at = d + 2 * i;
    if (!sound(value)) continue;
    if (seen === 1) {
      doubles[at] = value;
      continue;
    }
    const deviation = doubles[at + 1];
    let away = value - doubles[at];
    const most = INNOVATION_MOST * OF_MEAN_ABSOLUTE * deviation;
    if (limited && most > 0) away = away > most ? most : away < -most ? -most : away;
    doubles[at] += weight * away;
    doubles[at + 1] += (seen === 2 ? 1 : weight) * (Math.abs(away) - deviation);
  }
}

/** A value that lies so many (scaled) deviations from the mean, in its own unit. */
export function unscaled(doubles: Float64Array, d: number, feature: number, scaled: number): number {
  return doubles[d + 2 * feature] + scaled * OF_MEAN_ABSOLUTE * doubles[d + 2 * feature + 1];
}

/** Whether a feature is there; NaN fails every comparison. */
function sound(value: number): boolean {
  return value <= FEATURE_MOST && value >= -FEATURE_MOST;
}
