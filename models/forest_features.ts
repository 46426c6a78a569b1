/**
 * The row of features that a sensor's reading is to the isolation forest: the hour of the day as a point on the circle,
 * and for each channel the value, its rate of change, and mean, deviation and range of the last 10 values.
 *
 * Seven features for a sensor of one channel; two and five a channel for one of several.
 *
 * @module
 */
import { FEATURE, hourCos, hourSin, rangeOf } from "./features.ts";

/** Features that all channels share, and those of each. */
const HOURS = ["hour_sin", "hour_cos"] as const, OF_CHANNEL = ["value", "rate", "mean", "std", "range"] as const;

/** Numbers of a channel's features. */
export const CHANNEL_FEATURES: number = OF_CHANNEL.length;
/** Numbers that stand before the first channel's. */
export const HOUR_FEATURES: number = HOURS.length;

/** Names of the features of a sensor with such channels, in the order of a row: `hour_sin`, ..., `temperature value`. */
export function forestFeatures(channels: readonly string[]): string[] {
  return [...HOURS, ...channels.flatMap((channel) => OF_CHANNEL.map((feature) => `${channel} ${feature}`))];
}

/** Writes the hour of an event time (epoch ms) into the row at `at`. */
export function writeHour(row: Float64Array, at: number, time: number): void {
  row[at] = hourSin(time);
  row[at + 1] = hourCos(time);
}

/**
 * Writes the features of a channel's last value, as `pushValue` of `features.ts` left them.
 *
 * @param channel place of the channel in the row, from 0
 * @param value the reading's value; NaN where it is missing: then all features of the channel are
 * @param state features of the channel from `stateAt` on
 */
export function writeChannel(
  row: Float64Array,
  at: number,
  channel: number,
  value: number,
  state: Float64Array,
  stateAt: number,
): void {
  const to = at + HOUR_FEATURES + channel * CHANNEL_FEATURES;
  if (value !== value) {
    row.fill(NaN, to, to + CHANNEL_FEATURES);
    return;
  }
  row[to] = value;
  row[to + 1] = state[stateAt + FEATURE.rate];
  row[to + 2] = state[stateAt + FEATURE.mean];
  row[to + 3] = state[stateAt + FEATURE.std];
  row[to + 4] = rangeOf(state, stateAt);
}
