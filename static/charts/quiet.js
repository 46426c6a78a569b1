/**
 * What a window looked like without the few readings in it that were anomalous.
 *
 * A window keeps count, mean, deviation and extremes, not its readings. One reading of three times the usual value
 * bends the mean of 30 by 7 % and its deviation to many times the noise: a chart of such windows is restless although
 * the plant is calm. Where one extreme is known to be the cause it is taken out exactly. What more there is shifts the
 * mean by `std * sqrt(p / (1 - p))` at most (Cauchy–Schwarz, with p the share of anomalous readings; reached where they
 * are far off and equal), and that is taken back.
 *
 * @module
 * @import { WindowChannelView } from "../../actors/views.ts"
 */

/** From this share of anomalous readings on a window is trouble and is shown as it was. */
export const TROUBLE_SHARE = 0.25;

/**
 * The window's other readings.
 *
 * @typedef {object} Quiet
 * @property {number} mean
 * @property {number} std NaN where it cannot be told from the window; then the mean is a bound, too low or too high
 * @property {boolean} trouble whether so many readings were anomalous that nothing was taken out
 */

/** What is left is noise if its deviation is at most so many times the usual one. */
const USUAL = 2;

/**
 * Mean and deviation without the few anomalous readings. O(1).
 *
 * @param {WindowChannelView} window
 * @param {number} [noise] the usual deviation, as windows before had it; NaN if none is known
 * @returns {Quiet}
 */
export function withoutFew({ count, mean, std, min, max, anomalies }, noise = NaN) {
  const asItWas = { mean, std, trouble: anomalies > 0 && anomalies >= count * TROUBLE_SHARE };
  if (anomalies === 0 || asItWas.trouble) return asItWas;
  const rest = { count, mean, squares: count * std * std, left: anomalies };
  const above = max - mean >= mean - min;
  for (const extreme of above ? [max, min] : [min, max]) takeOut(rest, extreme);
  if (rest.left === anomalies) return asItWas; // flagged, but not far off
  const deviation = Math.sqrt(rest.squares / rest.count);
  if (rest.left === 0 || deviation <= USUAL * noise) return { mean: rest.mean, std: deviation, trouble: false };
  const share = rest.left / rest.count;
  const shift = deviation * Math.sqrt(share / (1 - share));
  return { mean: rest.mean + (above ? -shift : shift), std: NaN, trouble: false };
}

/**
 * Takes one value out of the moments if it is one of the anomalous: if it explains its part of the squares.
 *
 * @param {{ count: number, mean: number, squares: number, left: number }} rest
 * @param {number} value
 */
function takeOut(rest, value) {
  const { count, mean, squares, left } = rest;
  const distance = value - mean;
  const part = distance * distance * count / (count - 1);
  if (left === 0 || count < 2 || part <= squares / (2 * left)) return;
  rest.count--;
  rest.left--;
  rest.mean = mean - distance / (count - 1);
  rest.squares = Math.max(0, squares - part);
}
