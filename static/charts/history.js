/**
 * The past of one sensor, as its charts need it: windows for what is long ago, readings for the present.
 *
 * A range that its readings fill is shown by readings alone. A longer one is shown by windows (a line of means in a band
 * of two deviations) up to the end of the last window, then the mean of what came since, then the last reading.
 *
 * Single anomalous readings bend no line: they are counted in the rug below it. What comes in numbers is trouble: it is
 * in the line, and marked.
 *
 * @module
 * @import { AlertView, ReadingView, WindowView } from "../../actors/views.ts"
 * @import { Model } from "../core/model.js"
 */
import * as api from "../core/api.js";
import { TROUBLE_SHARE, withoutFew } from "./quiet.js";

/** Ranges that can be chosen. @type {Readonly<Record<string, number>>} */
export const RANGES = { "10m": 600_000, "1h": 3_600_000, "6h": 21_600_000, "24h": 86_400_000, "7d": 604_800_000 };

/** What a reader sees of a range. @type {Readonly<Record<string, string>>} */
export const RANGE_WORDS = { "10m": "10 min", "1h": "1 h", "6h": "6 h", "24h": "24 h", "7d": "7 d" };

/** Up to this range readings alone are shown, ms. */
const READINGS_RANGE_MS = 600_000;
/** The band is so many deviations high, above and below the line: 19 of 20 readings of a bell curve lie within. */
const BAND = 2;
/** The line bridges so many windows whose mean anomalous readings have bent in a way that cannot be told. */
const BRIDGED = 10;
/** Readings are trouble where so many of as many in a row are flagged, as the actors' alarms have it. */
const TROUBLE = { of: 5, least: 3 };
/** Readings that are asked for behind windows: the present, and what a slow sensor has. */
const TAIL = 200;
/** Readings that are kept for one sensor. */
const READINGS_KEPT = api.LIMIT_MAX;
/** Alerts of one sensor that are asked for and shown in its charts, the latest. */
const ALERTS_SHOWN = 200;

/** @typedef {{ x: number, y: number, trouble?: boolean }} Point */
/** Readings about a time, and how many of them were anomalous; how far they went. @typedef {{ x: number, count: number, anomalies: number, min: number, max: number }} Tally */

/**
 * One channel's picture.
 *
 * @typedef {object} Picture
 * @property {Point[]} low lower edge of the band
 * @property {Point[]} high upper edge of the band
 * @property {Point[]} line means of windows, then values of readings; NaN where there is a gap
 * @property {Tally[]} rug how many readings were anomalous, all along
 * @property {Point[]} singles anomalous readings that are not in the line, where readings are shown
 */

/** The past of one sensor over a range that ends now. */
export class History {
  /** Oldest first. @type {ReadingView[]} */
  readings = [];
  /** Oldest first. @type {WindowView[]} */
  windows = [];
  /** By id. @type {Map<string, AlertView>} */
  alerts = new Map();
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
    // The last window may have been revised, so it is asked for again; what is known ends there, however fast time goes.
    const since = Math.max(from, this.windows.at(-1)?.start ?? from);
    const [windows, readings, alerts] = await Promise.all([
      short ? undefined : api.windows(this.sensor, { from: since, limit: api.LIMIT_MAX }, signal),
      api.readings(this.sensor, { from, limit: short ? api.LIMIT_MAX : TAIL }, signal),
      api.alerts({ sensor: this.sensor, from: since, limit: ALERTS_SHOWN }, signal),
    ]);
    this.#note(alerts.items);
    if (windows) {
      this.windows = merge(this.windows, windows.items, (window) => window.start, (window) => window.id, from);
    }
    this.readings = merge(this.readings, readings.items, (reading) => reading.time, (reading) => reading.id, from);
    this.loaded = true;
  }

  /** Whether there must be windows by now that are not known here: time went fast, or nobody asked for long. */
  get isBehind() {
    const last = this.windows.at(-1);
    const now = this.readings.at(-1)?.time;
    return last !== undefined && now !== undefined && now - last.end > 2 * last.length_ms;
  }

  /** The usual time between two readings, ms; infinite without two. */
  get intervalMs() {
    return typicalOf(this.readings.map((reading) => reading.time));
  }

  /** Adds a live reading. @param {ReadingView} reading */
  add(reading) {
    const last = this.readings.at(-1);
    if (last && (last.id === reading.id || last.time > reading.time)) return;
    this.readings.push(reading);
    this.#forget();
  }

  /** Lets readings go that nothing shows any more: those that windows stand for, and what is too many. */
  #forget() {
    const { readings } = this;
    const shown = this.rangeMs <= READINGS_RANGE_MS ? -Infinity : this.windows.at(-1)?.end ?? -Infinity;
    let over = Math.max(0, readings.length - READINGS_KEPT);
    while (readings.length - over > TAIL && readings[over].time < shown) over++;
    if (over > 0) readings.splice(0, over);
  }

  /** Takes the alerts that were raised or cleared since, as the model knows them. @param {Model} model */
  follow(model) {
    this.#note(model.activeOf(this.sensor));
    for (const { id, state } of this.alerts.values()) {
      const now = state === "active" ? model.alerts.get(id) : undefined;
      if (now?.state === "cleared") this.alerts.set(id, now);
    }
  }

  /** @param {readonly AlertView[]} alerts */
  #note(alerts) {
    for (const alert of alerts) {
      if (alert.state === "active" && this.alerts.get(alert.id)?.state === "cleared") continue;
      this.alerts.set(alert.id, alert);
    }
    if (this.alerts.size <= 2 * ALERTS_SHOWN) return;
    const latest = [...this.alerts.values()].sort((a, b) => b.raised_at - a.raised_at).slice(0, ALERTS_SHOWN);
    this.alerts = new Map(latest.map((alert) => [alert.id, alert]));
  }

  /**
   * Alerts about a channel, or about the sensor as a whole, that were not over at `from`.
   *
   * @param {string} channel @param {number} from epoch ms
   * @returns {AlertView[]}
   */
  alertsOf(channel, from) {
    return [...this.alerts.values()].filter((alert) =>
      (alert.channel ?? channel) === channel && (alert.state === "active" || (alert.cleared_at ?? 0) >= from)
    );
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
    const picture = { low: [], high: [], line: [], rug: [], singles: [] };
    const end = this.#drawWindows(channel, from, picture);
    const readings = this.#readingsOf(channel, Math.max(from, end));
    if (picture.line.length === 0) drawReadings(readings, picture);
    else drawPresent(readings, picture, end);
    for (const { x, y, flagged } of readings) {
      picture.rug.push({ x, count: 1, anomalies: flagged ? 1 : 0, min: y, max: y });
    }
    return picture;
  }

  /** @param {string} channel @param {number} from @param {Picture} picture @returns {number} end of the last window */
  #drawWindows(channel, from, picture) {
    const typical = gapOf(this.windows.map((window) => window.start));
    let end = -Infinity;
    let noise = NaN;
    let vague = 0;
    for (const window of this.windows) {
      const statistics = window.channels[channel];
      if (!statistics || window.end < from) continue;
      const x = (window.start + window.end) / 2;
      if (end > -Infinity && window.end - end > typical) breakAt(picture, window.start - 1);
      const { mean, std, trouble } = withoutFew(statistics, noise);
      if (!trouble && !Number.isNaN(std)) noise = std;
      vague = Number.isNaN(std) ? vague + 1 : 0;
      if (vague === 0 || vague > BRIDGED) {
        picture.line.push({ x, y: mean, trouble });
        picture.low.push({ x, y: mean - BAND * (noise || 0) });
        picture.high.push({ x, y: mean + BAND * (noise || 0) });
      }
      const { count, anomalies, min, max } = statistics;
      picture.rug.push({ x, count, anomalies, min, max });
      end = window.end;
    }
    return end;
  }

  /**
   * The channel's values from `from` on, in order; which are flagged, and which of these are trouble.
   *
   * @param {string} channel @param {number} from
   * @returns {Value[]}
   */
  #readingsOf(channel, from) {
    /** @type {Value[]} */
    const values = [];
    for (const reading of this.readings) {
      const y = reading.values[channel];
      if (typeof y !== "number" || reading.time < from) continue;
      const flagged = reading.flags.some((flag) => flag.channel === channel);
      values.push({ x: reading.time, y, flagged, trouble: false });
      const last = values.slice(-TROUBLE.of).filter((value) => value.flagged);
      if (last.length >= TROUBLE.least) { for (const value of last) value.trouble = true; }
    }
    return values;
  }
}

/** @typedef {{ x: number, y: number, flagged: boolean, trouble: boolean }} Value */

/** Every reading, single anomalous ones beside the line. @param {readonly Value[]} readings @param {Picture} picture */
function drawReadings(readings, picture) {
  const typical = gapOf(readings.map(({ x }) => x));
  let before = Infinity;
  for (const { x, y, flagged, trouble } of readings) {
    if (x - before > typical) picture.line.push({ x: x - 1, y: NaN });
    before = x;
    if (flagged && !trouble) picture.singles.push({ x, y });
    else picture.line.push({ x, y, trouble });
  }
}

/**
 * What came after the last window: its mean, as its window's will be, and the last reading.
 *
 * @param {readonly Value[]} readings @param {Picture} picture @param {number} end of the last window, epoch ms
 */
function drawPresent(readings, picture, end) {
  const trouble = readings.filter(({ flagged }) => flagged).length >= readings.length * TROUBLE_SHARE;
  const shown = trouble ? readings : readings.filter(({ flagged }) => !flagged);
  const last = readings.findLast((value) => !value.flagged || value.trouble);
  const edge = { low: picture.low.at(-1), high: picture.high.at(-1), line: picture.line.at(-1) };
  if (shown.length === 0 || !last || !edge.low || !edge.high || !edge.line) return;
  const half = (edge.high.y - edge.low.y) / 2;
  const mean = shown.reduce((sum, { y }) => sum + y, 0) / shown.length;
  if (readings[0].x - end > gapOf(readings.map(({ x }) => x))) breakAt(picture, readings[0].x - 1);
  const points = [{ x: (readings[0].x + last.x) / 2, y: mean, trouble }, {
    x: last.x,
    y: last.y,
    trouble: last.trouble,
  }];
  for (const point of points) {
    if (point.x > edge.line.x) picture.line.push(point);
    picture.low.push({ x: point.x, y: mean - half });
    picture.high.push({ x: point.x, y: mean + half });
  }
}

/** @param {Picture} picture @param {number} x */
function breakAt(picture, x) {
  for (const points of [picture.line, picture.low, picture.high]) points.push({ x, y: NaN });
}

/** A distance over this, ms, is a gap: three times the median one. @param {readonly number[]} times */
function gapOf(times) {
  return Math.max(1, 3 * typicalOf(times));
}

/** The median distance of the last times, ms; infinite without two. @param {readonly number[]} times */
function typicalOf(times) {
  const gaps = times.slice(-50).map((time, at, all) => at === 0 ? NaN : time - all[at - 1]).slice(1);
  gaps.sort((a, b) => a - b);
  return gaps.length === 0 ? Infinity : gaps[gaps.length >> 1];
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
