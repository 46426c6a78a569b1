/**
 * What a backtest found: figures of each configuration, each detector by itself, the strongest alarms with their reasons;
 * and two backtests against each other.
 *
 * @module
 * @import { AlarmView, BacktestReport, BacktestSideView, BacktestView, MeasureView } from "../../actors/backtests/port.ts"
 * @import { Comparison } from "../core/backtests.js"
 */
import { csvButton } from "../core/csv.js";
import { reportHref } from "../core/backtests.js";
import { h } from "../core/dom.js";
import { count, dateTime, duration, number } from "../core/format.js";
import { panel } from "./screen.js";
import { plainTable } from "./tables.js";
import { contributionText, detectorWord, percent } from "./why.js";

/** Alarms that a table shows. */
const SHOWN = 50;

/** @param {number | null | undefined} part */
const share = (part) => part === null || part === undefined ? "–" : percent(part);
/** @param {number | null | undefined} value */
const figure = (value) => value === null || value === undefined ? "–" : number(value);

const MEASURES = [
  "alarms",
  "false alarms",
  "per sensor and day",
  "of the budget",
  "events",
  "found",
  "precision",
  "recall",
  "F1",
  "delay",
];

/** @param {MeasureView} of */
function measuresOf(
  { alarms, false_alarms, per_sensor_day, budget_ratio, events, found, precision, recall, f1, delay_ms },
) {
  return [
    alarms,
    false_alarms,
    figure(per_sensor_day),
    share(budget_ratio),
    events,
    found,
    share(precision),
    share(recall),
    figure(f1),
    delay_ms === null ? "–" : duration(delay_ms),
  ];
}

/** What a side is called here. @type {Readonly<Record<string, string>>} */
const SIDES = { this: "first", compared: "second" };
/** @param {BacktestSideView} side */
const sideName = ({ name }) => SIDES[name] ?? name;

/** The report of one. @param {BacktestView} backtest @param {BacktestReport} report @returns {HTMLElement[]} */
export function reportPanels(backtest, { configurations, readings_per_second }) {
  const links = h(
    "p",
    { class: "filters links" },
    h("a", { href: reportHref(backtest.id, "verdicts"), download: "" }, "Verdicts, a row each"),
    h("a", { href: reportHref(backtest.id, "alerts"), download: "" }, "Steps of alerts"),
    h("a", { href: reportHref(backtest.id, "page"), target: "_blank", rel: "noopener" }, "As a page"),
  );
  const said = `${count(backtest.readings)} readings at ${count(readings_per_second)}/s.`;
  const heads = ["configuration", ...MEASURES];
  const rows = configurations.map((side) => [sideName(side), ...measuresOf(side.total)]);
  return [
    panel(
      "What it found",
      h("div", { class: "grid-head" }, h("p", { class: "muted" }, said), links),
      plainTable("Table of what each configuration found", heads, rows, "Nothing was judged."),
      ...configurations.map((side) => h("p", { class: "muted" }, `${sideName(side)}: ${side.about}. ${restOf(side)}`)),
    ),
    ...configurations.map((side) => detectorPanel(side, configurations.length > 1)),
    ...configurations.map((side) =>
      alarmPanel(titleOf("Strongest alarms", side, configurations.length > 1), side.alarms)
    ),
  ];
}

/** @param {string} words @param {BacktestSideView} side @param {boolean} several */
function titleOf(words, side, several) {
  return several ? `${words}: ${sideName(side)}` : words;
}

/** What was not judged, and what came closest. @param {BacktestSideView} side */
function restOf({ not_judged, closest }) {
  const out = Object.entries(not_judged).filter(([, n]) => n > 0).map(([reason, n]) => `${count(n)} ${reason}`);
  const near = closest
    ? `Closest to an alarm without one: ${closest.sensor}, ${percent(closest.part)} of the way, ${
      dateTime(closest.time)
    }.`
    : "";
  return `${out.length > 0 ? `Not judged: ${out.join(", ")}.` : "Every row was judged."} ${near}`;
}

/** @param {BacktestSideView} side @param {boolean} several */
function detectorPanel(side, several) {
  const rows = [...side.detectors, ...side.baselines].map((one) => [detectorWord(one.detector), ...measuresOf(one)]);
  const title = titleOf("Each detector by itself", side, several);
  return panel(title, plainTable(`Table of ${title}`, ["detector", ...MEASURES], rows, "Rules alone judged."));
}

/** @param {string} title @param {readonly AlarmView[]} alarms */
function alarmPanel(title, alarms) {
  const right = (/** @type {AlarmView} */ alarm) => alarm.right === undefined ? "–" : alarm.right ? "yes" : "no";
  const why = (/** @type {AlarmView} */ { explanation, contributions }) =>
    [explanation, contributionText(contributions)].filter(Boolean).join(" · ");
  return h(
    "section",
    { class: "panel", "aria-label": title },
    h(
      "div",
      { class: "grid-head" },
      h("h2", {}, title),
      csvButton(title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"), () => ({
        heads: ["time", "sensor", "strength", "right", "why"],
        rows: alarms.map((alarm) => [
          new Date(alarm.time).toISOString(),
          alarm.sensor,
          alarm.strength,
          right(alarm),
          why(alarm),
        ]),
      })),
    ),
    plainTable(
      `Table of ${title}`,
      ["time", "sensor", "strength", "labelled so", "why"],
      alarms.slice(0, SHOWN).map((alarm) => [
        dateTime(alarm.time),
        alarm.sensor,
        percent(alarm.strength),
        right(alarm),
        why(alarm),
      ]),
      "No alarm.",
    ),
  );
}

/** Two backtests. @param {Comparison} comparison @returns {HTMLElement[]} */
export function comparisonPanels({ a, b, measures, alarms }) {
  const names = a.name === b.name ? [`${a.name} (a)`, `${b.name} (b)`] : [a.name, b.name];
  return [
    panel(
      "Two against each other",
      plainTable(
        "Table of two backtests against each other",
        ["measure", ...names, "difference"],
        measures.map((row) => [
          row.measure.replaceAll("_", " "),
          figure(row.a),
          figure(row.b),
          row.difference === null ? "–" : `${row.difference > 0 ? "+" : ""}${number(row.difference)}`,
        ]),
        "Nothing to compare.",
      ),
      h(
        "p",
        { class: "muted", id: "compare-said" },
        `${count(alarms.both)} alarms in both, ${count(alarms.only_a.length)} in ${names[0]} alone, ${
          count(alarms.only_b.length)
        } in ${names[1]} alone.`,
      ),
    ),
    alarmPanel(`Only in ${names[0]}`, alarms.only_a),
    alarmPanel(`Only in ${names[1]}`, alarms.only_b),
  ];
}
