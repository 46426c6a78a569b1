/**
 * Ticks of a time axis at round local times.
 *
 * @module
 */
import { clock, clockSeconds, date } from "../core/format.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map((n) => n * DAY),
];

/**
 * At most `most` ticks from `from` to `to`.
 *
 * @param {number} from epoch ms
 * @param {number} to epoch ms
 * @param {number} most at least 1
 * @returns {{ value: number, label: string }[]}
 */
export function timeTicks(from, to, most) {
  const span = to - from;
  if (!(span > 0)) return [];
  const step = STEPS.find((step) => span / step <= most) ?? span;
  // Round in local time: midnight there, not in Greenwich.
  const shift = -new Date(to).getTimezoneOffset() * MINUTE;
  const ticks = [];
  for (let value = Math.ceil((from + shift) / step) * step - shift; value <= to; value += step) {
    ticks.push({ value, label: label(value, step) });
  }
  return ticks;
}

/** @param {number} value @param {number} step */
function label(value, step) {
  if (step >= DAY) return date(value).slice(5);
  if (step < MINUTE) return clockSeconds(value);
  return clock(value) === "00:00" ? date(value).slice(5) : clock(value);
}
