/**
 * The past of one sensor, as its charts need it: windows for what is long ago, readings for the present.
 *
 * A range that its readings fill is shown by readings alone. A longer one is shown by windows (a line of means in a band
 * from least to greatest) up to the end of the last window, and by readings from there on.
 *
 * @module
 * @import { ReadingView, WindowView } from "../../actors/views.ts"
 */
import * as api from "../core/api.js";

/** Ranges that can be chosen. @type {Readonly<Record<string, number>>} */
export const RANGES = { "10m": 600_000, "1h": 3_600_000, "6h": 21_600_000, "24h": 86_400_000, "7d": 604_800_000 };

/** What a reader sees of a range. @type {Readonly<Record<string, string>>} */
export const RANGE_WORDS = { "10m": "10 min", "1h": "1 h", "6h": "6 h", "24h": "24 h", "7d": "7 d" };

/** Up to this range readings alone are shown, ms. */
const READINGS_RANGE_MS = 600_000;
/** From this range on the readings behind the last window are drawn as one point, as their window will be, ms. */
const JOINED_RANGE_MS = RANGES["6h"];
/** Readings that are asked for behind windows: the present, and what a slow sensor has. */
const TAIL = 200;
/** Readings that are kept for one sensor. */
const READINGS_KEPT = api.LIMIT_MAX;

/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ x: number, y: number, above: boolean }} Mark */

/**
 * One channel's picture.
 *
 * @typedef {object} Picture
 * @property {Point[]} low lower edge of the band
 * @property {Point[]} high upper edge of the band
 * @property {Point[]} line means of windows, then values of readings; NaN where there is a gap
 * @property {Mark[]} marks anomalous readings, and windows that held some
 */

/** The past of one sensor over a range that ends now. */
export class History {
  /** Oldest first. @type {ReadingView[]} */
  readings = [];
  /** Oldest first. @type {WindowView[]} */
  windows = [];
  loaded = false;
  /** @type {Promise<void> | undefined} */
  #loading;

  /** @param {string} sensor @param {number} rangeMs */
  constructor(sensor, rangeMs) {
    this.sensor = sensor;
    this.rangeMs = rangeMs;
  }

  /**
   * Loads what there is, or what came since.
   *
   * @param {number} now event time, ms
   * @param {AbortSignal} [signal]
   * @returns {Promise<void>}
   */
  load(now, signal) {
    this.#loading ??= this.#load(now, signal).finally(() => this.#loading = undefined);
    return this.#loading;
  }

  /** @param {number} now @param {AbortSignal} [signal] */
  async #load(now, signal) {
    const from = Math.max(0, Math.floor(now - this.rangeMs));
    const short = this.rangeMs <= READINGS_RANGE_MS;
    // The last window may have been revised, so it is asked for again.
    const since = this.windows.at(-1)?.start ?? from;
    const [windows, readings] = await Promise.all([
      short ? undefined : api.windows(this.sensor, { from: Math.max(from, since), limit: api.LIMIT_MAX }, signal),
      api.readings(this.sensor, { from, limit: short ? api.LIMIT_MAX : TAIL }, signal),
    ]);
    if (windows) {
      this.windows = merge(this.windows, windows.items, (window) => window.start, (window) => window.id, from);
    }
    this.readings = merge(this.readings, readings.items, (reading) => reading.time, (reading) => reading.id, from);
    this.loaded = true;
  }

  /** Adds a live reading. @param {ReadingView} reading */
  add(reading) {
    const last = this.readings.at(-1);
    if (last && (last.id === reading.id || last.time > reading.time)) return;
    this.readings.push(reading);
    if (this.readings.length > READINGS_KEPT) this.readings.splice(0, this.readings.length - READINGS_KEPT);
  }

  /**
   * One channel's picture from `from` on.
   *
   * @param {string} channel
   * @param {number} from epoch ms
   * @returns {Picture}
   */
  picture(channel, from) {
    /** @type {Picture} */
    const picture = { low: [], high: [], line: [], marks: [] };
    const lastEnd = this.#drawWindows(channel, from, picture);
    this.#drawReadings(channel, Math.max(from, lastEnd), picture);
    return picture;
  }

  /** @param {string} channel @param {number} from @param {Picture} picture @returns {number} end of the last window */
  #drawWindows(channel, from, picture) {
    const typical = gapOf(this.windows.map((window) => window.start));
    let end = -Infinity;
    for (const window of this.windows) {
      const statistics = window.channels[channel];
      if (!statistics || window.end < from) continue;
      const x = (window.start + window.end) / 2;
      const before = picture.line.at(-1);
      if (before && x - before.x > typical) breakAt(picture, x - 1);
      picture.line.push({ x, y: statistics.mean });
      picture.low.push({ x, y: statistics.min });
      picture.high.push({ x, y: statistics.max });
      if (statistics.anomalies > 0) {
        const above = statistics.max - statistics.mean >= statistics.mean - statistics.min;
        picture.marks.push({ x, y: above ? statistics.max : statistics.min, above });
      }
      end = window.end;
    }
    return end;
  }

  /** @param {string} channel @param {number} from @param {Picture} picture */
  #drawReadings(channel, from, picture) {
    if (picture.low.length > 0 && this.rangeMs >= JOINED_RANGE_MS) return this.#drawOpenWindow(channel, from, picture);
    const typical = gapOf(this.readings.map((reading) => reading.time));
    let before = picture.line.at(-1)?.x;
    let middle = picture.line.at(-1)?.y;
    for (const reading of this.readings) {
      const y = reading.values[channel];
      if (typeof y !== "number" || reading.time < from) continue;
      const windowed = picture.low.length > 0 && before === picture.low.at(-1)?.x;
      if (before !== undefined && !windowed && reading.time - before > typical) {
        picture.line.push({ x: reading.time - 1, y: NaN });
      }
      picture.line.push({ x: reading.time, y });
      if (reading.flags.some((flag) => flag.channel === channel)) {
        picture.marks.push({ x: reading.time, y, above: y >= (middle ?? y) });
      } else middle = y;
      before = reading.time;
    }
  }

  /** The readings of the window that is still open, as one point. @param {string} channel @param {number} from @param {Picture} picture */
  #drawOpenWindow(channel, from, picture) {
    const open = this.readings.filter((reading) => reading.time >= from);
    const values = open.map((reading) => reading.values[channel]).filter((value) => typeof value === "number");
    if (values.length === 0) return;
    const x = open[open.length - 1].time;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    picture.line.push({ x, y: mean });
    picture.low.push({ x, y: Math.min(...values) });
    picture.high.push({ x, y: Math.max(...values) });
    for (const reading of open) {
      const y = reading.values[channel];
      if (typeof y !== "number" || !reading.flags.some((flag) => flag.channel === channel)) continue;
      picture.marks.push({ x: reading.time, y, above: y >= mean });
    }
  }
}

/** @param {Picture} picture @param {number} x */
function breakAt(picture, x) {
  for (const points of [picture.line, picture.low, picture.high]) points.push({ x, y: NaN });
}

/** A distance over this, ms, is a gap: three times the median one. @param {readonly number[]} times */
function gapOf(times) {
  const gaps = times.slice(-50).map((time, at, all) => at === 0 ? NaN : time - all[at - 1]).slice(1);
  gaps.sort((a, b) => a - b);
  return gaps.length === 0 ? Infinity : Math.max(1, 3 * gaps[gaps.length >> 1]);
}

/**
 * Joins by id, newer ones win, oldest first, from `from` on.
 *
 * @template T
 * @param {readonly T[]} old @param {readonly T[]} fresh
 * @param {(item: T) => number} timeOf @param {(item: T) => string} idOf @param {number} from
 * @returns {T[]}
 */
function merge(old, fresh, timeOf, idOf, from) {
  const byId = new Map(old.map((item) => [idOf(item), item]));
  for (const item of fresh) byId.set(idOf(item), item);
  return [...byId.values()].filter((item) => timeOf(item) >= from).sort((a, b) => timeOf(a) - timeOf(b));
}
