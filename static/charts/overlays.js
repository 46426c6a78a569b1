/**
 * What is drawn over and under a chart's line: limits, alerts, the rug of single anomalous readings, and the mark that
 * says that some lie beyond the scale.
 *
 * @module
 * @import { AlertView } from "../../actors/views.ts"
 * @import { Chart, Plugin } from "chart.js"
 * @import { Picture } from "./history.js"
 */
import { count, number } from "../core/format.js";
import { colour } from "./colour.js";

/** Height of the rug below the chart, CSS px at a usual size. */
export const RUG_HEIGHT = 6;
/** One place of the rug, CSS px. */
const RUG_STEP = 2;
/** Height of an alert's bar above the chart, CSS px at a usual size. */
const BAR_HEIGHT = 4;
/** Least width of an alert's bar, CSS px at a usual size: a short one is seen too. */
const BAR_LEAST = 3;

/**
 * What a chart shows now.
 *
 * @typedef {object} Shown
 * @property {Picture} picture
 * @property {readonly AlertView[]} alerts
 */

/** @typedef {{ low?: number, high?: number }} Limits */

/**
 * The plugins of one chart.
 *
 * @param {Limits} limits @param {Shown} shown read at each drawing
 * @returns {Plugin<"line">[]}
 */
export function overlays(limits, shown) {
  return [{
    id: "overlays",
    beforeDatasetsDraw(chart) {
      within(chart, (pen) => {
        drawAlerts(pen, shown.alerts);
        drawLimits(pen, limits);
        drawRug(pen, shown.picture);
      });
    },
    afterDatasetsDraw(chart) {
      within(chart, (pen) => drawBeyond(pen, shown.picture));
    },
  }];
}

/**
 * Where to draw, and how large.
 *
 * @typedef {object} Pen
 * @property {CanvasRenderingContext2D} ctx
 * @property {import("chart.js").ChartArea} area
 * @property {import("chart.js").Scale} x
 * @property {import("chart.js").Scale} y
 * @property {number} rem CSS px of a usual px: 1, more on a wall
 */

/** @param {Chart} chart @param {(pen: Pen) => void} act */
function within({ ctx, chartArea, scales }, act) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  ctx.save();
  ctx.font = `${10 * rem}px system-ui, sans-serif`;
  act({ ctx, area: chartArea, x: scales.x, y: scales.y, rem });
  ctx.restore();
}

/** A bar above the chart for each alert; while it is active the time since then is tinted. @param {Pen} pen @param {readonly AlertView[]} alerts */
function drawAlerts({ ctx, area, x, rem }, alerts) {
  for (const { state, priority, raised_at, cleared_at } of alerts) {
    const left = Math.max(area.left, x.getPixelForValue(raised_at));
    const right = state === "active" ? area.right : Math.min(area.right, x.getPixelForValue(cleared_at ?? raised_at));
    const width = Math.max(BAR_LEAST * rem, right - left);
    if (left > area.right) continue;
    ctx.fillStyle = colour(priority);
    ctx.fillRect(Math.min(left, area.right - width), area.top - BAR_HEIGHT * rem - 1, width, BAR_HEIGHT * rem);
    if (state !== "active") continue;
    ctx.globalAlpha = 0.14;
    ctx.fillRect(Math.min(left, area.right - width), area.top, width, area.bottom - area.top);
    ctx.globalAlpha = 1;
  }
}

/** The configured limits, where they are within the chart. @param {Pen} pen @param {Limits} limits */
function drawLimits({ ctx, area, y, rem }, { low, high }) {
  ctx.strokeStyle = ctx.fillStyle = colour("ink-muted");
  ctx.textAlign = "left"; // the present is on the right: no text over it
  ctx.setLineDash([5, 4]);
  let lowest = -Infinity; // where the words of the upper limit end: on a wide scale those of the lower one are left out
  for (const [word, value] of /** @type {const} */ ([["high", high], ["low", low]])) {
    if (value === undefined || value < y.min || value > y.max) continue;
    const at = Math.round(y.getPixelForValue(value)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(area.left, at);
    ctx.lineTo(area.right, at);
    ctx.stroke();
    const foot = word === "high" ? at + 10 * rem : at - 3;
    if (foot - 10 * rem < lowest) continue;
    ctx.fillText(`${word} ${number(value)}`, area.left + 3, foot);
    lowest = foot;
  }
  ctx.setLineDash([]);
}

/** The share of anomalous readings below the chart, as ticks from faint to full. @param {Pen} pen @param {Picture} picture */
function drawRug({ ctx, area, x, rem }, { rug }) {
  const step = RUG_STEP * rem;
  /** @type {Map<number, { count: number, anomalies: number }>} */
  const places = new Map();
  for (const { x: time, count: readings, anomalies } of rug) {
    const at = Math.floor((x.getPixelForValue(time) - area.left) / step);
    const place = places.get(at) ?? { count: 0, anomalies: 0 };
    place.count += readings;
    place.anomalies += anomalies;
    places.set(at, place);
  }
  ctx.fillStyle = colour("rug");
  for (const [at, { count: readings, anomalies }] of places) {
    if (anomalies === 0 || at < 0) continue;
    ctx.globalAlpha = Math.min(1, 0.15 + 2 * anomalies / readings);
    ctx.fillRect(area.left + at * step, area.bottom + 2 * rem, step - 0.5, RUG_HEIGHT * rem - 1);
  }
  ctx.globalAlpha = 1;
}

/** A mark where anomalous readings lie beyond the scale; how far they go is told in words beside the chart. @param {Pen} pen @param {Picture} picture */
function drawBeyond({ ctx, area, y, rem }, { rug }) {
  const above = rug.some(({ anomalies, max }) => anomalies > 0 && max > y.max);
  const below = rug.some(({ anomalies, min }) => anomalies > 0 && min < y.min);
  ctx.fillStyle = colour("ink-muted");
  ctx.textAlign = "right";
  if (above) ctx.fillText("▴", area.right, area.top - rem);
  if (below) ctx.fillText("▾", area.right, area.bottom - 2 * rem);
}

/**
 * The anomalous readings of a picture in words: `44 anomalies, up to 131`; empty without any.
 *
 * @param {Picture} picture
 */
export function anomaliesOf({ rug, line }) {
  let [all, least, most] = [0, Infinity, -Infinity];
  for (const { anomalies, min, max } of rug) {
    if (anomalies === 0) continue;
    all += anomalies;
    if (max > most) most = max;
    if (min < least) least = min;
  }
  if (all === 0) return "";
  const values = line.map(({ y }) => y).filter(Number.isFinite).sort((a, b) => a - b);
  const usual = values[values.length >> 1] ?? most;
  const far = most - usual >= usual - least ? `up to ${number(most)}` : `down to ${number(least)}`;
  return `${count(all)} ${all === 1 ? "anomaly" : "anomalies"}, ${far}`;
}
