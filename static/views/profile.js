/**
 * What is usual at which hour, and which values occur, as figures of one channel.
 *
 * @module
 * @import { Content } from "../charts/figure_style.js"
 * @import { DistributionView, ProfileView } from "../../actors/analytics/port.ts"
 */
import { count, number } from "../core/format.js";

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** So many deviations about the mean are usual: 19 of 20 values of a bell curve. */
const USUAL = 2;

/** Mean of each hour with what is usual about it. @param {ProfileView} profile @param {string} channel @returns {Content} */
export function profileContent({ channels, zone }, channel) {
  const cells = channels.find((one) => one.channel === channel)?.cells ?? [];
  return {
    x: cells.map(({ hour }) => hour),
    series: [
      {
        name: "usual, at most",
        values: cells.map(({ mean, std, max }) => bound(mean, std, max, 1)),
        look: "band",
        tone: "band",
        word: "usual",
      },
      {
        name: "usual, at least",
        values: cells.map(({ mean, std, min }) => bound(mean, std, min, -1)),
        look: "edge",
        tone: "band",
      },
      { name: "mean", values: cells.map(({ mean }) => mean), tone: "ink" },
    ],
    said: `${channel}, ${zone}`,
    none: "Nothing in this period.",
  };
}

/** @param {number | null} mean @param {number | null} std @param {number | null} most no value went beyond @param {1 | -1} side */
function bound(mean, std, most, side) {
  if (mean === null || std === null || most === null) return null;
  return side * Math.min(side * (mean + side * USUAL * std), side * most);
}

/** Mean of each hour of each weekday, the first day on top. @param {ProfileView} profile @param {string} channel @returns {Content} */
export function profileDays({ channels, zone }, channel) {
  const cells = channels.find((one) => one.channel === channel)?.cells ?? [];
  const hours = Array.from({ length: 24 }, (_, hour) => hour);
  return {
    x: hours,
    series: WEEKDAYS.map((name, at) => ({
      name,
      values: hours.map((hour) => cells.find((one) => one.weekday === at + 1 && one.hour === hour)?.mean ?? null),
    })),
    said: `mean ${channel}, ${zone}; more contrast: higher`,
    none: "Nothing in this period.",
  };
}

/** How often which values occur. @param {DistributionView} distribution @param {string} channel @returns {Content} */
export function distributionContent({ values, truncated }, channel) {
  const found = values.find((one) => one.channel === channel);
  const bins = found?.bins ?? [];
  return {
    x: bins.map(({ from, to }) => number((from + to) / 2)),
    series: [
      { name: "not anomalous", values: bins.map((bin) => bin.count - bin.anomalies), tone: "edge-strong" },
      { name: "anomalous", values: bins.map(({ anomalies }) => anomalies), tone: "anomaly" },
    ],
    said: found ? `${channel}, ${count(found.count)} ${truncated ? "of the newest " : ""}values; logarithmic` : "",
    none: "No reading of this channel is kept.",
  };
}
