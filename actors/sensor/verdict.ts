/**
 * A verdict as doubles: what a transition writes down of each reading, and what becomes of it in the history and the views.
 *
 * @module
 */

/** Offsets into a verdict's head. Behind it come {@linkcode VERDICT_CHANNEL} doubles for each channel of the plan. */
export const VERDICT = {
  /** The sensor's id. */
  sensor: 0,
  position: 1,
  /** Epoch ms. */
  time: 2,
  /** 0 or 1, −1 for none. */
  label: 3,
  /** Number of the plan, and of its channels. */
  plan: 4,
  channels: 5,
  /** See `BIT` of `layout.ts`. */
  bits: 6,
  /** Channels that each rule flags, as sums of 2^channel. */
  limitMask: 7,
  zMask: 8,
  warningMask: 9,
  rateMask: 10,
  physicalMask: 11,
  /** Share of normal readings that are as unusual; 1 if it is not unusual. */
  rate: 12,
  /** The combined score, 0..1; then the calibrated scores of the detectors, in the order of `CALIBRATED`. NaN where one said nothing. */
  score: 13,
  surprise: 14,
  zscore: 15,
  forest: 16,
  network: 17,
  logistic: 18,
  /** Versions of the shared models that scored it, 0 for none. */
  forestVersion: 19,
  networkVersion: 20,
  logisticVersion: 21,
  /** Where its row of features starts among the batch's, −1 for none; only until it is concluded. */
  row: 22,
} as const;
/** Doubles of a verdict before its channels. */
export const VERDICT_HEAD = 23;

/** Offsets into what a verdict says of a channel. NaN where there was no value, or nothing was expected yet. */
export const SAID = { value: 0, low: 1, high: 2, surprise: 3 } as const;
/** Doubles of a channel. */
export const VERDICT_CHANNEL = 4;

/** A surprise with the view that was most surprised, in one number. */
export function packSurprise(surprise: number, view: number): number {
  return 16 * view + surprise;
}

/** The surprise of {@linkcode packSurprise}, 0 to 10. */
export function surpriseOf(packed: number): number {
  return packed % 16;
}

/** The number of the view of {@linkcode packSurprise}. */
export function viewOf(packed: number): number {
  return Math.floor(packed / 16);
}
