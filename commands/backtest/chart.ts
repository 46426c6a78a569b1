/**
 * One channel's chart as SVG, for a report that needs nothing else: the values, the expected band, labelled windows and
 * alarms. Alarms differ from windows by their form too, not by colour alone.
 *
 * @module
 */
import { sayNumber } from "../../actors/sensor/explain.ts";
import type { Series } from "./series.ts";

/** A stretch of time, epoch ms. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** An alarm on a chart. */
export interface ChartAlarm {
  readonly time: number;
  /** Whether it lies in a labelled window; undefined where nothing is labelled. */
  readonly right: boolean | undefined;
  /** One sentence. */
  readonly text: string;
}

const WIDTH = 960, HEIGHT = 190, LEFT = 64, RIGHT = 12, TOP = 18, BOTTOM = 24;

/** A text for HTML and its attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A time as people read it: `2014-04-10 16:15` (UTC). */
export function sayTime(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace("T", " ");
}

/**
 * The chart.
 *
 * @param title names it for those who do not see it
 */
export function chart(
  title: string,
  series: Series,
  spans: readonly Span[],
  alarms: readonly ChartAlarm[],
): string {
  if (series.length === 0) return "";
  const first = series.times[0], last = Math.max(series.times[series.length - 1], first + 1);
  const [lowest, highest] = rangeOf(series);
  const room = highest > lowest ? (highest - lowest) * 0.05 : Math.max(1, Math.abs(highest) * 0.05);
  const least = lowest - room, greatest = highest + room;
  const x = (time: number) => LEFT + (WIDTH - LEFT - RIGHT) * (time - first) / (last - first);
  const y = (value: number) => {
    const part = (Math.min(greatest, Math.max(least, value)) - least) / (greatest - least);
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part;
  };
  const shades = spans.filter(({ from, to }) => to >= first && from <= last).map(({ from, to }) => {
    const at = x(Math.max(first, from)), width = Math.max(2, x(Math.min(last, to)) - at);
    return `<rect class="window" x="${one(at)}" y="${TOP}" width="${one(width)}" height="${HEIGHT - TOP - BOTTOM}"/>`;
  });
  const marks = alarms.map(({ time, right, text }) => {
    const at = one(x(time)), kind = right === undefined ? "open" : right ? "right" : "wrong";
    return `<g class="alarm ${kind}"><line x1="${at}" x2="${at}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>` +
      `<path d="M${at} ${TOP}l-5 -9h10z"/><title>${escapeHtml(`${sayTime(time)} ${text}`)}</title></g>`;
  });
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">`,
    ...shades,
    `<path class="band" d="${bandPath(series, x, y)}"/>`,
    `<path class="value" d="${valuePath(series, x, y)}"/>`,
    ...marks,
    ...new Set([lowest, highest]).values().map((value) =>
      `<text x="${LEFT - 6}" y="${one(y(value) + 4)}" text-anchor="end">${sayNumber(value)}</text>`
    ),
    `<text x="${LEFT}" y="${HEIGHT - 6}">${sayTime(first)}</text>`,
    `<text x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">${sayTime(last)}</text>`,
    "</svg>",
  ].join("");
}

function one(number: number): string {
  return String(Math.round(number * 10) / 10);
}

/** Least and greatest value; a band beyond them is cut off. */
function rangeOf(series: Series): [number, number] {
  let least = Infinity, greatest = -Infinity;
  for (let i = 0; i < series.length; i++) {
    least = Math.min(least, series.least[i]);
    greatest = Math.max(greatest, series.greatest[i]);
  }
  return [least, greatest];
}

type Scale = (number: number) => number;

/** A line through all pieces; where a piece has a range, up and down in it. */
function valuePath(series: Series, x: Scale, y: Scale): string {
  const parts: string[] = [];
  for (let i = 0; i < series.length; i++) {
    const at = one(x(series.times[i])), low = one(y(series.least[i])), high = one(y(series.greatest[i]));
    parts.push(`${i === 0 ? "M" : "L"}${at} ${low}${high === low ? "" : `V${high}`}`);
  }
  return parts.join("");
}

/** The band's outline, stretch by stretch where it is known. */
function bandPath(series: Series, x: Scale, y: Scale): string {
  let path = "";
  for (let from = 0; from < series.length; from++) {
    if (Number.isNaN(series.low[from])) continue;
    let to = from;
    while (to < series.length && !Number.isNaN(series.low[to])) to++;
    const points: string[] = [];
    for (let i = from; i < to; i++) points.push(`${one(x(series.times[i]))} ${one(y(series.high[i]))}`);
    for (let i = to - 1; i >= from; i--) points.push(`${one(x(series.times[i]))} ${one(y(series.low[i]))}`);
    path += `M${points.join("L")}Z`;
    from = to;
  }
  return path;
}
