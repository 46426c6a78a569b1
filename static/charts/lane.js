/**
 * The swim lane: a row for each sensor, a column for each minute or more of time; the stronger a cell, the rarer its most
 * unusual reading and the more of its readings were anomalous, and a coloured bar where an alert was. Drawn as a picture, so a thousand rows cost little.
 *
 * @module
 * @import { AlertView, WindowView } from "../../actors/views.ts"
 */
import { colour } from "./colour.js";
import { timeTicks } from "./ticks.js";

/** Height of the axis below, CSS px. */
const AXIS = 18;
/** From this share of anomalous readings on a cell is as strong as can be. */
const FULL = 0.5;
/** A score of 0.9999, one normal reading in ten thousand, is as rare as can be … */
const RAREST = 4;
/** … and makes so much of the strength: the rest is for what lasts, or single rare readings would fill the picture. */
const RARE_PART = 0.4;
/** Rows lower than this are put together: each line of the picture shows the strongest of its sensors, CSS px. */
const ROW_LEAST = 2;

/**
 * How many readings of each sensor there were in each slot of time, how many of them were anomalous, and their greatest
 * score. A ring of slots for each sensor: 32 bytes a slot, whatever comes.
 */
export class Lanes {
  /** @type {Map<string, { slots: Float64Array, counts: Float64Array, odd: Float64Array, scores: Float64Array }>} */
  #rows = new Map();
  /** Start of the latest window that is known, epoch ms; NaN without any. */
  latest = NaN;
  /** From where on it is known, epoch ms. */
  from = Infinity;

  /**
   * @param {number} rangeMs how far back
   * @param {number} columns slots within that
   */
  constructor(rangeMs, columns) {
    this.rangeMs = rangeMs;
    this.columns = columns;
    this.slotMs = rangeMs / columns;
  }

  /** Start of the slot that holds a time. @param {number} time epoch ms */
  startOf(time) {
    return Math.floor(time / this.slotMs) * this.slotMs;
  }

  /**
   * Takes all windows that start at `from` or later, in place of what was known of that time.
   *
   * @param {number} from epoch ms, the start of a slot
   * @param {readonly WindowView[]} windows
   */
  replace(from, windows) {
    const first = Math.round(from / this.slotMs);
    for (const { slots } of this.#rows.values()) {
      for (let at = 0; at < slots.length; at++) if (slots[at] >= first) slots[at] = NaN;
    }
    this.add(windows);
  }

  /** Takes windows beside those that are known; each must come once. @param {readonly WindowView[]} windows */
  add(windows) {
    for (const { sensor, start, channels, score_max } of windows) {
      if (!(start <= this.latest)) this.latest = start;
      if (start < this.from) this.from = start;
      const slot = Math.floor(start / this.slotMs);
      const at = slot % this.columns;
      const row = this.#rowOf(sensor);
      if (row.slots[at] > slot) continue; // it is older than the ring goes back
      if (row.slots[at] !== slot) {
        row.slots[at] = slot;
        row.counts[at] = row.odd[at] = 0;
        row.scores[at] = NaN;
      }
      if (score_max !== undefined && !(score_max <= row.scores[at])) row.scores[at] = score_max;
      for (const { count, anomalies } of Object.values(channels)) {
        row.counts[at] += count;
        row.odd[at] += anomalies;
      }
    }
  }

  /** @param {string} sensor */
  #rowOf(sensor) {
    let row = this.#rows.get(sensor);
    if (!row) {
      const doubles = () => new Float64Array(this.columns);
      row = { slots: doubles().fill(NaN), counts: doubles(), odd: doubles(), scores: doubles() };
      this.#rows.set(sensor, row);
    }
    return row;
  }

  /** Share of the readings about a time that were anomalous; NaN where none is known. @param {string} sensor @param {number} time epoch ms */
  share(sensor, time) {
    const row = this.#rows.get(sensor);
    const slot = Math.floor(time / this.slotMs);
    const at = slot % this.columns;
    return row && row.slots[at] === slot ? row.odd[at] / row.counts[at] : NaN;
  }

  /**
   * How strongly each line of a picture is to be shown at each time, 0 to 1, line by line: the strongest of its sensors. By
   * the greatest score, the rarer the stronger, and the share of anomalous readings, by that alone where only rules judge;
   * NaN where nothing is known.
   *
   * @param {readonly string[]} sensors
   * @param {number} lines at most as many as sensors
   * @param {number} from epoch ms, the start of a slot
   */
  strengths(sensors, lines, from) {
    const first = Math.round(from / this.slotMs);
    const found = new Float64Array(lines * this.columns).fill(NaN);
    sensors.forEach((sensor, n) => {
      const row = this.#rows.get(sensor);
      const line = Math.floor(n * lines / sensors.length) * this.columns;
      for (let column = 0; row && column < this.columns; column++) {
        const at = (first + column) % this.columns;
        if (row.slots[at] !== first + column) continue;
        const strength = strengthOf(row.scores[at], row.odd[at] / row.counts[at]);
        if (!(strength <= found[line + column])) found[line + column] = strength;
      }
    });
    return found;
  }

  /** Greatest score of a sensor; NaN without any. @param {string} sensor @param {number} to epoch ms */
  greatest(sensor, to) {
    const row = this.#rows.get(sensor);
    const first = Math.floor((to - this.rangeMs) / this.slotMs);
    let greatest = NaN;
    for (let at = 0; row && at < this.columns; at++) {
      if (row.slots[at] > first && !(row.scores[at] <= greatest)) greatest = row.scores[at];
    }
    return greatest;
  }

  /** Share of all of a sensor's readings that were anomalous. @param {string} sensor @param {number} to epoch ms */
  overall(sensor, to) {
    const row = this.#rows.get(sensor);
    if (!row) return NaN;
    const first = Math.floor((to - this.rangeMs) / this.slotMs);
    let [odd, all] = [0, 0];
    for (let at = 0; at < this.columns; at++) {
      if (!(row.slots[at] > first)) continue;
      odd += row.odd[at];
      all += row.counts[at];
    }
    return odd / all;
  }
}

/** @param {number} score NaN where there is none @param {number} share of anomalous readings */
function strengthOf(score, share) {
  const lasting = Math.min(1, share / FULL);
  if (Number.isNaN(score)) return share > 0 ? Math.min(1, 0.05 + lasting) : 0;
  const rare = Math.min(1, -Math.log10(Math.max(1 - score, 10 ** -RAREST)) / RAREST);
  return RARE_PART * rare + (1 - RARE_PART) * lasting;
}

/**
 * Draws rows of sensors.
 *
 * @param {HTMLCanvasElement} canvas its CSS size is taken
 * @param {Lanes} lanes
 * @param {readonly string[]} sensors one row each
 * @param {readonly AlertView[]} alerts
 * @param {number} to epoch ms
 */
export function drawLanes(canvas, lanes, sensors, alerts, to) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = globalThis.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const ctx = canvas.getContext("2d");
  if (!ctx || width === 0) return;
  ctx.scale(ratio, ratio);
  const from = to - lanes.rangeMs;
  const rowHeight = (height - AXIS) / Math.max(1, sensors.length);
  const gap = rowHeight > 5 ? 1 : 0;
  const tones = shades();
  const px = (/** @type {number} */ time) => (time - from) / lanes.rangeMs * width;
  const step = lanes.slotMs / lanes.rangeMs * width;
  const lines = rowHeight >= ROW_LEAST ? sensors.length : Math.max(1, Math.floor((height - AXIS) / ROW_LEAST));
  const lineHeight = (height - AXIS) / lines;
  const start = lanes.startOf(from) + lanes.slotMs;
  const strengths = lanes.strengths(sensors, lines, start);
  strengths.forEach((strength, at) => {
    if (Number.isNaN(strength)) return;
    const x = px(start + at % lanes.columns * lanes.slotMs);
    ctx.fillStyle = tones[Math.round(strength * (tones.length - 1))];
    ctx.fillRect(x, Math.floor(at / lanes.columns) * lineHeight, Math.min(step + 0.3, width - x), lineHeight - gap);
  });
  const rows = new Map(sensors.map((sensor, row) => [sensor, row]));
  for (const { sensor, priority, state, raised_at, cleared_at } of alerts) {
    const row = rows.get(sensor);
    const end = state === "active" ? to : cleared_at ?? raised_at;
    if (row === undefined || end < from) continue;
    const left = Math.max(0, px(raised_at));
    ctx.fillStyle = colour(priority);
    ctx.fillRect(Math.min(left, width - 3), row * rowHeight, Math.max(3, px(end) - left), Math.max(2, rowHeight - gap));
  }
  drawAxis(ctx, from, to, { width, height, px });
}

/** Greys from calm to rarest. */
function shades() {
  return Array.from({ length: 21 }, (_, at) => `color-mix(in srgb, ${colour("line")} ${at * 5}%, ${colour("band")})`);
}

/**
 * @param {CanvasRenderingContext2D} ctx @param {number} from @param {number} to
 * @param {{ width: number, height: number, px: (time: number) => number }} size
 */
function drawAxis(ctx, from, to, { width, height, px }) {
  ctx.fillStyle = colour("ink-muted");
  ctx.font = "11px system-ui, sans-serif";
  for (const { value, label } of timeTicks(from, to, Math.max(2, Math.floor(width / 110)))) {
    const at = px(value);
    ctx.textAlign = at < 20 ? "left" : at > width - 20 ? "right" : "center";
    ctx.fillText(label, at, height - 4);
  }
}
