/**
 * Numbers, times and durations as people read them. Local time, 24 hours, year first; the zone stands in the header.
 *
 * @module
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @type {Intl.NumberFormat[]} by greatest number of decimals */
const decimals = [0, 1, 2, 3, 4].map((digits) => new Intl.NumberFormat("en", { maximumFractionDigits: digits }));

/**
 * A measured value: four or five significant digits, exponents only for the very great and the very small.
 *
 * @param {number | null | undefined} value
 */
export function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || size < 1e-3)) return value.toExponential(2).replace("-", "−").replace("e+", "e");
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 4;
  return decimals[digits].format(value).replace("-", "−");
}

/**
 * A tick's value, with as many decimals as tell it from its neighbours.
 *
 * @param {number} value
 * @param {number} step distance of the neighbours
 */
export function tick(value, step) {
  const size = Math.abs(value);
  if (size >= 1e7 || (size !== 0 && step < 1e-4)) return number(value);
  const digits = Math.min(4, Math.max(0, -Math.floor(Math.log10(step || 1) + 1e-9)));
  return decimals[digits].format(value).replace("-", "−");
}

/**
 * Limits in few characters: `10–30`, `≤ 150`, `≥ 5`; empty without any.
 *
 * @param {number | undefined} low @param {number | undefined} high
 */
export function bounds(low, high) {
  if (low !== undefined && high !== undefined) return `${number(low)} to ${number(high)}`;
  if (high !== undefined) return `≤ ${number(high)}`;
  return low === undefined ? "" : `≥ ${number(low)}`;
}

/** A count. @param {number} value */
export function count(value) {
  return decimals[0].format(value);
}

/** A value with its unit. @param {number | null | undefined} value @param {string | undefined} unit */
export function measure(value, unit) {
  return unit ? `${number(value)} ${unit}` : number(value);
}

/**
 * What was expected: `18–27 °C`, `at most 30 °C`, `at least 5 °C`.
 *
 * @param {readonly [number | null, number | null] | undefined} band
 * @param {string | undefined} unit
 */
export function expected(band, unit) {
  if (!band) return "";
  const [low, high] = band;
  if (low !== null && high !== null) return `${number(low)} to ${measure(high, unit)}`;
  if (high !== null) return `at most ${measure(high, unit)}`;
  if (low !== null) return `at least ${measure(low, unit)}`;
  return "";
}

/** @param {number} value */
const two = (value) => String(value).padStart(2, "0");

/** `2026-08-17`. @param {number} time epoch ms */
export function date(time) {
  const at = new Date(time);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** `14:03`. @param {number} time epoch ms */
export function clock(time) {
  const at = new Date(time);
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** `14:03:22`. @param {number} time epoch ms */
export function clockSeconds(time) {
  return `${clock(time)}:${two(new Date(time).getSeconds())}`;
}

/** `2026-08-17 14:03:22`. @param {number} time epoch ms */
export function dateTime(time) {
  return `${date(time)} ${clockSeconds(time)}`;
}

/**
 * The time of day, with the date where it is another day than `now`.
 *
 * @param {number} time epoch ms
 * @param {number} now epoch ms
 */
export function moment(time, now) {
  return date(time) === date(now) ? clockSeconds(time) : dateTime(time);
}

/**
 * How long: the two greatest units at most, `4 s`, `12 min`, `2 h 5 min`, `3 d 4 h`.
 *
 * @param {number} ms
 */
export function duration(ms) {
  if (Number.isNaN(ms)) return "–"; // nobody knows yet what time it is
  const size = Math.max(0, ms);
  if (size < MINUTE) return `${Math.floor(size / 1000)} s`;
  if (size < HOUR) return `${Math.floor(size / MINUTE)} min`;
  if (size < DAY) return pair(Math.floor(size / HOUR), "h", Math.floor((size % HOUR) / MINUTE), "min");
  return pair(Math.floor(size / DAY), "d", Math.floor((size % DAY) / HOUR), "h");
}

/** @param {number} a @param {string} unitA @param {number} b @param {string} unitB */
function pair(a, unitA, b, unitB) {
  return b === 0 ? `${a} ${unitA}` : `${a} ${unitA} ${b} ${unitB}`;
}

/** How far the viewer's clock is from that of Greenwich: `UTC+2`. */
export function offset() {
  const parts = new Intl.DateTimeFormat("en", { timeZoneName: "shortOffset" }).formatToParts(new Date());
  return (parts.find((part) => part.type === "timeZoneName")?.value ?? "").replace("GMT", "UTC");
}

/** The viewer's zone: `Europe/Berlin (UTC+2)`. */
export function zone() {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return name === "UTC" ? name : `${name} (${offset()})`;
}
