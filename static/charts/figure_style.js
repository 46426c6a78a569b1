/**
 * How a figure's chart looks: its datasets, axes and marks, in the design's greys.
 *
 * @module
 * @import { ChartDataset } from "chart.js"
 */
import { h } from "../core/dom.js";
import { moment, number, tick } from "../core/format.js";
import { colour } from "./colour.js";
import { timeTicks } from "./ticks.js";

/**
 * One series.
 *
 * @typedef {object} Series
 * @property {string} name
 * @property {readonly (number | null | undefined)[]} values one for each x; null where there is none
 * @property {string} [tone] a token of the design; default by its place
 * @property {"line" | "points" | "edge" | "band" | "area"} [look] default line; `band` fills down to the next series, an
 *   `edge`; an `area` is steps filled down to 0
 * @property {string} [word] what the legend calls it; default its name
 */

/** A line that marks a place: on the x axis, or on the y axis. @typedef {{ x?: number, y?: number, text: string }} Mark */

/**
 * What a figure shows.
 *
 * @typedef {object} Content
 * @property {readonly (string | number)[]} x categories, numbers or epoch ms
 * @property {readonly Series[]} series
 * @property {readonly Mark[]} [marks]
 * @property {string} [said] beside the title
 * @property {string} [none] what stands there where there is nothing to show
 */

/**
 * How it shows it.
 *
 * @typedef {object} Options
 * @property {string} title
 * @property {"bars" | "lines" | "cells"} kind `cells`: a heat map, each series a row
 * @property {string} x name of what lies along it
 * @property {string} [unit] of the values
 * @property {boolean} [time] x is time
 * @property {boolean} [across] bars lie
 * @property {number} [min] @property {number} [max] of the values
 * @property {boolean} [log] values of many magnitudes, above 0
 * @property {number} [step] of the ticks along an x axis of numbers
 * @property {HTMLElement} [controls] beside the title
 * @property {boolean} [apart] each series has a strip of its own, one above the other
 */

const TONES = ["line", "rug", "edge-strong", "ink"];
/** A mark across the chart has so much room above it, for its words. */
const MARK_ROOM = 1.2;
/** Where bars on a logarithmic scale stand: below the least count, so that a 1 is seen. Its own tick is none. */
const LOG_FOOT = 0.7;
/** One place in time has an axis of this length, ms; one number an axis of 1. */
const ALONE_MS = 60_000;
const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3], [4, 8], [1, 6]];
/** A piece of a series' line or bar. @param {Series} series @param {number} at @param {Options["kind"]} kind */
export function swatch({ tone, look = "line" }, at, kind) {
  const mark = h("span", { class: `swatch ${kind === "bars" ? "bar" : look} dash-${at % DASHES.length}` });
  mark.style.setProperty("--tone", `var(--${tone ?? TONES[at % TONES.length]})`);
  return mark;
}

/** Which tone and dash a series has: its place among those that are lines. @param {readonly Series[]} all @param {Series} one */
export function styleOf(all, one) {
  return Math.max(0, all.filter(({ look = "line" }) => look === "line").indexOf(one));
}

/** @param {readonly Series[]} series @param {Options} options */
export function datasetsOf(series, { kind, apart }) {
  return series.map((one, at) => {
    const dataset = datasetOf(one, apart ? 0 : styleOf(series, one), kind);
    return apart ? { ...dataset, yAxisID: `y${at}`, borderWidth: 1.2 } : dataset;
  });
}

/** @param {Series} series @param {number} at @param {Options["kind"]} kind @returns {ChartDataset<any, any>} */
function datasetOf({ name, values, tone, look = "line" }, at, kind) {
  const ink = colour(tone ?? TONES[at % TONES.length]);
  const base = { label: name, data: values.map((value) => value ?? null), borderColor: ink, backgroundColor: ink };
  if (kind === "bars") return { ...base, maxBarThickness: 28, categoryPercentage: 0.8, barPercentage: 0.9 };
  if (look === "points") return { ...base, showLine: false, pointRadius: 3.5, pointStyle: "triangle", order: 0 };
  if (look === "edge" || look === "band") {
    return {
      ...base,
      borderWidth: 0,
      pointRadius: 0,
      backgroundColor: colour("band"),
      fill: look === "band" ? "+1" : false,
      order: 3,
    };
  }
  if (look === "area") {
    return {
      ...base,
      borderWidth: 1,
      pointRadius: 0,
      fill: "origin",
      stepped: "middle",
      backgroundColor: colour("band"),
    };
  }
  const few = values.length < 40;
  return { ...base, borderWidth: 1.6, pointRadius: few ? 2 : 0, borderDash: DASHES[at % DASHES.length], order: 1 };
}

/**
 * The chart's type and options.
 *
 * @param {Options} options @param {Content} content
 * @returns {{ type: "bar" | "line", options: any }}
 */
export function configurationOf({ kind, unit, time, across, min, max, log, apart, step }, { x, series, marks = [] }) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  const font = { size: 11 * rem };
  const quiet = { border: { display: false }, grid: { color: colour("grid"), drawTicks: false } };
  const text = { color: colour("ink-muted"), font, padding: 6, maxRotation: 0 };
  const values = {
    ...quiet,
    type: log ? "logarithmic" : "linear",
    suggestedMin: min,
    ...(log && kind === "bars" ? { min: LOG_FOOT } : {}),
    suggestedMax: Math.max(max ?? -Infinity, ...marks.map(({ y = -Infinity }) => y * MARK_ROOM)),
    beginAtZero: kind === "bars" || min === 0,
    ticks: {
      ...text,
      maxTicksLimit: apart ? 2 : 6,
      callback: (/** @type {number} */ value, /** @type {number} */ at, /** @type {{ value: number }[]} */ ticks) =>
        log ? decade(value, ticks) : tick(Number(value), Math.abs(ticks[at === 0 ? 1 : at - 1]?.value - Number(value))),
    },
  };
  const along = kind === "bars"
    ? { ...quiet, grid: { display: false }, ticks: { ...text, autoSkip: !across, autoSkipPadding: 12 } }
    : linear({ quiet, text, time, rem, step }, x);
  return {
    type: kind === "bars" ? "bar" : "line",
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      normalized: true,
      spanGaps: false,
      indexAxis: across ? "y" : "x",
      interaction: { mode: "index", intersect: false, axis: across ? "y" : "x" },
      scales: apart
        ? { x: along, ...strips(series, values, font) }
        : across
        ? { x: values, y: along }
        : { x: along, y: values },
      plugins: {
        legend: { display: false },
        tooltip: {
          displayColors: false,
          callbacks: {
            title: (/** @type {{ label: string, parsed: { x: number } }[]} */ [item]) =>
              !item ? "" : time ? moment(item.parsed.x, Number(x.at(-1))) : item.label,
            label: (/** @type {{ dataset: { label?: string }, raw: unknown }} */ { dataset, raw }) =>
              raw === null ? "" : `${dataset.label}: ${number(Number(raw))}${unit ? ` ${unit}` : ""}`,
          },
        },
        annotation: { annotations: Object.fromEntries(marks.map((mark, at) => [`m${at}`, annotationOf(mark, font)])) },
      },
    },
  };
}

/**
 * An axis of numbers, or of time with round local ticks.
 *
 * @param {{ quiet: object, text: object, time?: boolean, rem: number, step?: number }} style @param {readonly (string | number)[]} x
 */
function linear({ quiet, text, time, rem, step }, x) {
  const room = x.length === 1 ? (time ? ALONE_MS : 1) / 2 : 0;
  const [from, to] = [Number(x[0]) - room, Number(x.at(-1)) + room];
  const axis = { ...quiet, type: "linear", min: from, max: to };
  if (!time) {
    return { ...axis, ticks: { ...text, maxTicksLimit: 12, ...(step === undefined ? {} : { stepSize: step }) } };
  }
  return {
    ...axis,
    ticks: {
      ...text,
      callback: (/** @type {number} */ _, /** @type {number} */ at, /** @type {{ label: string }[]} */ ticks) =>
        ticks[at].label,
    },
    afterBuildTicks: (/** @type {import("chart.js").Scale} */ scale) => {
      scale.ticks = timeTicks(scale.min, scale.max, Math.max(2, Math.floor(scale.width / (90 * rem))));
    },
  };
}

/** An axis for each series, the first one on top. @param {readonly Series[]} series @param {object} values @param {{ size: number }} font */
function strips(series, values, font) {
  return Object.fromEntries(series.map(({ name }, at) => [`y${at}`, {
    ...values,
    axis: "y",
    stack: "strips",
    stackWeight: 1,
    weight: -at,
    offset: true,
    position: "left",
    // The name stands at the strip's top in place of its figure: each goes from 0 to 1.
    ticks: {
      color: colour("ink-muted"),
      font,
      padding: 6,
      stepSize: 1,
      callback: (/** @type {number} */ value) => value === 1 ? name : "",
    },
  }]));
}

/** A line of the annotation plugin. @param {Mark} mark @param {{ size: number }} font */
function annotationOf({ x, y, text }, font) {
  return {
    type: "line",
    scaleID: x === undefined ? "y" : "x",
    value: x ?? y,
    borderColor: colour("edge-strong"),
    borderWidth: 1,
    borderDash: [3, 3],
    label: {
      display: text !== "",
      content: text,
      position: "end",
      yAdjust: x === undefined ? -0.8 * font.size : 0,
      font,
      padding: 2,
      color: colour("ink-muted"),
      backgroundColor: colour("panel"),
    },
  };
}

/** A tick of a logarithmic scale: powers of ten; where there are fewer than two of them, all. @param {number} value @param {{ value: number }[]} ticks */
function decade(value, ticks) {
  if (value === LOG_FOOT) return "";
  const several = ticks.filter((tick) => isPowerOfTen(tick.value)).length > 1;
  return several && !isPowerOfTen(value) ? "" : number(value);
}

/** @param {number} value */
function isPowerOfTen(value) {
  const power = Math.log10(value);
  return Math.abs(power - Math.round(power)) < 1e-9;
}
