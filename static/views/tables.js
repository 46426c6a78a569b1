/**
 * Tables: the figures behind the charts, exact in `value` and readable in the cell.
 *
 * @module
 * @import { AlertView, ReadingView, SensorView, WindowView } from "../../actors/views.ts"
 */
import { h } from "../core/dom.js";
import { clock, count, duration, measure, moment, number } from "../core/format.js";
import { priorityBadge, stateBadge } from "../core/shapes.js";
import { contributionText, detectorWord, flagged, percent, scoreText } from "./why.js";

/** @typedef {string | number | Node | null} Cell */

/**
 * A table that scrolls sideways where it is too wide, by keyboard too.
 *
 * @param {string} caption said to who does not see it
 * @param {readonly string[]} heads @param {readonly (readonly Cell[])[]} rows
 * @param {string} none what stands there without rows
 */
export function plainTable(caption, heads, rows, none) {
  if (rows.length === 0) return h("p", { class: "note" }, none);
  const figures = heads.map((_, at) => isFigures(rows.map((cells) => cells[at]), at));
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", { class: "sr" }, caption),
      h(
        "thead",
        {},
        h("tr", {}, ...heads.map((head, at) => h("th", { scope: "col", class: classOf(figures[at]) }, head))),
      ),
      h("tbody", {}, ...rows.map((cells) => h("tr", {}, ...cells.map((one, at) => cell(one, at, figures[at]))))),
    ),
  );
}

/** A share, a figure that was put into words, or one that is missing. */
const WORDED = /^(–|<?−?\d[\d,.]*( %)?)$/;

/** Whether a column holds figures: some, or in words alone. The first one says what a row is of. @param {readonly Cell[]} cells @param {number} at */
function isFigures(cells, at) {
  if (cells.some((one) => typeof one === "number")) return true;
  return at > 0 && cells.some((one) => one !== "–") &&
    cells.every((one) => typeof one === "string" && WORDED.test(one));
}

/** A column of figures stands to the right, also where one is missing. @param {boolean} isFigure */
function classOf(isFigure) {
  return isFigure ? "figure" : undefined;
}

/** @param {Cell} content @param {number} at @param {boolean} isFigure */
function cell(content, at, isFigure) {
  const shown = typeof content === "number" ? h("data", { value: content }, number(content)) : content;
  const look = { class: classOf(isFigure) };
  return at === 0 ? h("th", { scope: "row", ...look }, shown) : h("td", look, shown);
}

/** Features by channel. @param {SensorView} sensor */
export function featureTable(sensor) {
  return plainTable(
    "Table of features by channel",
    ["channel", "unit", "value", "rate /s", "mean", "std", "range", "z", "of", "low", "high"],
    sensor.channels.map((channel) => [
      channel.channel,
      channel.unit ?? "",
      channel.value,
      channel.rate,
      channel.mean,
      channel.std,
      channel.range,
      channel.z,
      channel.count,
      channel.low ?? "–",
      channel.high ?? "–",
    ]),
    "No channel yet.",
  );
}

/** Readings, as they are given. @param {readonly ReadingView[]} readings @param {SensorView} sensor @param {number} now */
export function readingTable(readings, sensor, now) {
  const channels = sensor.channels.map((channel) => channel.channel);
  return plainTable(
    "Table of the latest readings",
    ["time", ...channels, "score", "verdict"],
    readings.map((reading) => [
      moment(reading.time, now),
      ...channels.map((channel) => reading.values[channel] ?? "–"),
      h("data", { value: reading.score ?? "" }, scoreText(reading.score)),
      reading.is_anomaly
        ? h("span", {}, stateBadge("anomalous", flagsOf(reading)), ` ${reading.explanation ?? ""}`)
        : "",
    ]),
    "No readings in this range.",
  );
}

/** @param {ReadingView} reading */
function flagsOf(reading) {
  return flagged(reading.flags).map(detectorWord).join(", ");
}

/** Windows, a row for each channel. @param {readonly WindowView[]} windows @param {SensorView} sensor @param {number} now */
export function windowTable(windows, sensor, now) {
  const several = sensor.channels.length > 1;
  return plainTable(
    "Table of the latest windows",
    ["start", ...(several ? ["channel"] : []), "count", "mean", "min", "max", "std", "anomalies", "revised"],
    windows.flatMap((window) =>
      Object.entries(window.channels).map(([channel, statistics]) => [
        `${moment(window.start, now).slice(0, -3)}–${clock(window.end)}`,
        ...(several ? [channel] : []),
        statistics.count,
        statistics.mean,
        statistics.min,
        statistics.max,
        statistics.std,
        statistics.anomalies,
        window.revision > 0 ? `${count(window.revision)} ×` : "",
      ])
    ),
    "No windows in this range.",
  );
}

/** Alerts of one sensor. @param {readonly AlertView[]} alerts @param {number} now */
export function alertTable(alerts, now) {
  return plainTable(
    "Table of its alerts",
    ["raised", "priority", "state", "condition", "seen", "strength", "message"],
    alerts.map((alert) => [
      moment(alert.raised_at, now),
      priorityBadge(alert.priority),
      alert.state === "active"
        ? `active for ${duration(now - alert.raised_at)}`
        : `cleared after ${duration((alert.cleared_at ?? alert.raised_at) - alert.raised_at)}`,
      alert.channel ? `${alert.condition}, ${alert.channel}` : alert.condition,
      alert.value === undefined ? "–" : measure(alert.value, undefined),
      alert.strength === undefined ? "–" : percent(alert.strength),
      [alert.message, contributionText(alert.contributions)].filter(Boolean).join(" · "),
    ]),
    "No alert so far.",
  );
}
