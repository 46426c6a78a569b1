/**
 * How often sensors in general reach a height of z, and what z means as one surprise.
 *
 * The law of `models/surprise/law.ts` for the joined surprise of several channels. Measured over labelled recordings of
 * 1 to 38 channels: √C · (3 · 10^−s + novelty), where s is the surprise that a single channel would need, and novelty,
 * what was never seen before, falls as 1 / age.
 *
 * @module
 */
import { KNEE } from "./combiner.ts";

/** Channels widen z, and its slope, like this power of their number. */
const WIDTH = 0.45;
/** Rate of new things at age 1, and the slope with which it falls in z, both for one channel. */
const NOVELTY = 1.7, NOVELTY_SLOPE = 0.6;
/** Of that, the part which still comes as new once the detector has bounded and averaged its members. */
const NOVELTY_SEEN = 0.1;

/** Rate at which something new reaches z, in readings; the younger a sensor the more often. */
export function noveltyRate(z: number, channels: number, age: number): number {
  return NOVELTY * Math.sqrt(channels) / age * Math.exp(-z / (NOVELTY_SLOPE * channels ** WIDTH));
}

/** The surprise of a single channel that is as unusual as z of so many channels, 3 or greater. */
export function equivalentSurprise(z: number, channels: number): number {
  return KNEE * Math.exp(z / channels ** WIDTH);
}

/**
 * Share of a sensor's normal readings that reach z, as sensors in general are.
 *
 * @param z greater than 0
 * @param age readings, at least 1
 */
export function generalRate(z: number, channels: number, age: number): number {
  const unusual = 3 * Math.sqrt(channels) * 10 ** -equivalentSurprise(z, channels);
  return Math.min(1, unusual + NOVELTY_SEEN * noveltyRate(z, channels, age));
}
