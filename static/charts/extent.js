/**
 * The range of values that a chart shows: the signal, its noise and its limits readable, whatever single readings did.
 *
 * @module
 * @import { Picture } from "./history.js"
 */

/** Trouble that is over and took less than this share of the time does not stretch the scale. */
const PASSING_SHARE = 0.03;
/** Noise fills at most one part in so many of the height: a calm sensor looks calm. */
const NOISE_PART = 3;
/** Limits are shown unless they are so many times further apart than the signal moves. */
const LIMITS_MOST = 40;
/** Air above and below. */
const AIR = 0.08;

/**
 * The range, some air included; undefined without a value.
 *
 * @param {Picture} picture
 * @param {{ low?: number, high?: number }} limits
 * @param {boolean} active whether an alert is active: then trouble is shown whole
 * @returns {{ min?: number, max?: number }}
 */
export function extent(picture, limits, active) {
  const signal = spanOf(picture, active);
  if (!signal) return { min: undefined, max: undefined };
  let [min, max] = signal;
  const noise = noiseOf(picture);
  min -= noise;
  max += noise;
  const least = Math.max(noise * 2 * NOISE_PART, noise === 0 ? (max - min) * 1.5 : 0);
  if (max - min < least) [min, max] = [(min + max - least) / 2, (min + max + least) / 2];
  if (max === min) [min, max] = [min - (Math.abs(min) * 0.1 || 1), max + (Math.abs(max) * 0.1 || 1)];
  const { low = min, high = max } = limits;
  const [wideMin, wideMax] = [Math.min(min, low), Math.max(max, high)];
  if (wideMax - wideMin <= (max - min) * LIMITS_MOST) [min, max] = [wideMin, wideMax];
  const air = (max - min) * AIR;
  return { min: min - air, max: max + air };
}

/** Least and greatest of the line, passing trouble left out. @param {Picture} picture @param {boolean} active */
function spanOf({ line }, active) {
  let all = 0;
  let trouble = 0;
  let before = NaN;
  for (const { x, trouble: bad } of line) {
    const width = x - before;
    before = x;
    if (!(width > 0)) continue;
    all += width;
    if (bad) trouble += width;
  }
  const whole = active || trouble > all * PASSING_SHARE ||
    line.every((point) => point.trouble || Number.isNaN(point.y));
  let min = Infinity;
  let max = -Infinity;
  for (const { y, trouble: bad } of line) {
    if (bad && !whole) continue;
    if (y < min) min = y;
    if (y > max) max = y;
  }
  return min <= max ? /** @type {const} */ ([min, max]) : undefined;
}

/** Half the height of a typical band. @param {Picture} picture */
function noiseOf({ low, high }) {
  const halves = high.map(({ y }, at) => (y - low[at].y) / 2).filter((half) => half >= 0).sort((a, b) => a - b);
  return halves.length === 0 ? 0 : halves[halves.length >> 1];
}
