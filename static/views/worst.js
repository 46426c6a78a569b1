/**
 * What is wrong, worst first: one row a sensor with its worst alert, what was seen against what was expected, and why.
 *
 * Alerts, silent and failed sensors stand here. Sensors with single anomalous readings are counted in one quiet line
 * below: these come and go while nothing is wrong.
 *
 * @module
 * @import { AlertView, SensorView } from "../../actors/views.ts"
 * @import { Stage } from "../main.js"
 */
import { History } from "../charts/history.js";
import { spark, sparkline } from "../charts/spark.js";
import { h, put, reconcile, say } from "../core/dom.js";
import { count, duration, expected, measure, moment } from "../core/format.js";
import { PRIORITIES, worstFirst } from "../core/model.js";
import { sensorHref } from "../core/router.js";
import { priorityBadge, stateBadge } from "../core/shapes.js";

/** Rows that are shown: who has more sensors with alerts than this has a flood, not a list. */
const ROWS = 100;
/** How far back a sparkline goes, ms; at most the last 200 readings. */
const SPARK_MS = 3_600_000;
/** Readings of a sparkline. */
const SPARK_READINGS = 60;

/** @typedef {{ name: string, sensor: SensorView | undefined, alerts: AlertView[] }} Row */

/** The list. @param {Stage} stage */
export function worst({ model, signal }) {
  const list = h("ol", { class: "rows", id: "worst", tabindex: "0", "aria-label": "Sensors with something wrong" });
  const beyond = h("p", { class: "muted" });
  const note = h("p", { class: "note", id: "worst-note" }, "Loading…");
  const odd = oddLine(model);
  /** @type {Map<string, History>} */
  const histories = new Map();

  function update() {
    const rows = rowsOf(model);
    const shown = rows.slice(0, ROWS);
    reconcile(list, shown, (row) => row.name, create, fill, (element) => histories.delete(element.dataset.key ?? ""));
    say(beyond, rows.length > ROWS ? `and ${count(rows.length - ROWS)} more sensors` : "");
    list.hidden = rows.length === 0;
    note.hidden = rows.length > 0;
    if (!model.alertsLoaded) say(note, model.errors.get("alerts") ?? "Loading…");
    else if (rows.length === 0) say(note, model.sensors.size === 0 ? "Nothing to watch yet." : calm(model));
    odd.update();
  }

  /** @param {Row} row */
  function create(row) {
    const history = new History(row.name, SPARK_MS);
    histories.set(row.name, history);
    const element = h(
      "li",
      { class: "row" },
      h("span", { class: "row-priority" }),
      h(
        "div",
        { class: "row-who" },
        h("a", { href: sensorHref(row.name), class: "name" }, row.name),
        h("span", { class: "muted place" }),
      ),
      h("div", { class: "row-why" }, h("p", { class: "sentence" }), h("p", { class: "seen" })),
      sparkline(),
      h("p", { class: "row-since" }),
    );
    history.load(model.now(row.sensor?.partition), signal).then(() => draw(element)).catch(() => {});
    return element;
  }

  /** @param {HTMLElement} element @param {Row} row */
  function fill(element, row) {
    const { sensor, alerts } = row;
    const [alert] = alerts;
    /** @param {string} selector */
    const part = (selector) => /** @type {HTMLElement} */ (element.querySelector(selector));
    const state = sensor?.state === "failed" ? "failed" : "silent";
    const mark = alert?.priority ?? state;
    if (element.dataset.mark !== mark) {
      element.dataset.mark = mark;
      put(part(".row-priority"), alert ? priorityBadge(alert.priority) : stateBadge(state));
    }
    const unit = sensor?.channels.find((channel) => channel.channel === alert?.channel)?.unit;
    say(part(".place"), [sensor?.location ?? alert?.location, sensor?.type ?? alert?.type].filter(Boolean).join(" · "));
    say(part(".sentence"), sentence(row));
    say(part(".seen"), seen(alert, unit));
    const now = model.now(sensor?.partition);
    const since = alert?.raised_at ?? sensor?.state_since;
    say(part(".row-since"), since === undefined ? "" : `since ${moment(since, now)} (${duration(now - since)})`);
    element.dataset.channel = alert?.channel ?? sensor?.channels[0]?.channel ?? "";
    draw(element);
  }

  /** @param {HTMLElement} element */
  function draw(element) {
    const history = histories.get(element.dataset.key ?? "");
    const target = /** @type {SVGSVGElement | null} */ (element.querySelector(".spark"));
    if (!history?.loaded || !target) return;
    const from = history.readings.at(-SPARK_READINGS)?.time ?? history.readings[0]?.time ?? 0;
    const past = new History(history.sensor, SPARK_MS);
    past.readings = history.readings;
    spark(target, past.picture(element.dataset.channel ?? "", from));
  }

  let asked = false;
  function soon() {
    if (asked) return;
    asked = true;
    setTimeout(() => {
      asked = false;
      if (!signal.aborted) update();
    }, 500);
  }
  for (const topic of /** @type {const} */ (["alerts", "sensors", "connection"])) model.on(topic, update, signal);
  model.on("reading", (detail) => {
    const reading = /** @type {import("../../actors/views.ts").ReadingView} */ (detail);
    histories.get(reading.sensor)?.add(reading);
    soon();
  }, signal);
  update();
  return h(
    "section",
    { class: "panel worst", "aria-labelledby": "worst-title" },
    h("h2", { id: "worst-title" }, "What is wrong, worst first"),
    note,
    list,
    beyond,
    odd.element,
  );
}

/** That nothing is wrong, since when, and what was last. @param {Stage["model"]} model */
function calm(model) {
  const last = model.lastCleared();
  if (!last?.cleared_at) return "Nothing is wrong. There was no alert so far.";
  const now = model.now();
  const lasted = duration(last.cleared_at - last.raised_at);
  return `Nothing is wrong since ${moment(last.cleared_at, now)} (${duration(now - last.cleared_at)}). ` +
    `The last alert, ${last.priority}, was on ${last.sensor} for ${lasted}: ${last.message}.`;
}

/** How many sensors had single anomalous readings; which, when it is opened. @param {Stage["model"]} model */
function oddLine(model) {
  const summary = h("summary", {});
  const names = h("p", { class: "odd-names" });
  const element = h("details", { class: "odd muted", id: "odd" }, summary, names);
  return {
    element,
    update() {
      const odd = model.odd().sort((a, b) => a.sensor < b.sensor ? -1 : 1);
      element.hidden = odd.length === 0;
      const many = `${count(odd.length)} ${odd.length === 1 ? "sensor" : "sensors"}`;
      say(summary, `${many} had single anomalous readings in the last minute`);
      reconcile(
        names,
        odd.slice(0, ROWS),
        ({ sensor }) => sensor,
        ({ sensor }) => h("a", { href: sensorHref(sensor) }, sensor),
        () => {},
      );
    },
  };
}

/** Sensors with active alerts, and failed and silent ones: worst first. @param {Stage["model"]} model */
function rowsOf(model) {
  /** @type {Map<string, Row>} */
  const rows = new Map();
  for (const alert of model.active()) {
    const row = rows.get(alert.sensor) ?? { name: alert.sensor, sensor: model.sensors.get(alert.sensor), alerts: [] };
    row.alerts.push(alert);
    rows.set(alert.sensor, row);
  }
  for (const sensor of model.out()) {
    if (!rows.has(sensor.sensor)) rows.set(sensor.sensor, { name: sensor.sensor, sensor, alerts: [] });
  }
  return [...rows.values()].sort((a, b) => rank(a) - rank(b) || lastFirst(a, b));
}

/** A failed sensor is blind: worse than an alert of low priority. @param {Row} row */
function rank({ alerts: [alert], sensor }) {
  if (alert) return PRIORITIES.indexOf(alert.priority);
  return PRIORITIES.indexOf("low") + (sensor?.state === "failed" ? -0.5 : 1);
}

/** @param {Row} a @param {Row} b */
function lastFirst(a, b) {
  if (a.alerts.length > 0 && b.alerts.length > 0) return worstFirst(a.alerts[0], b.alerts[0]);
  return a.name < b.name ? -1 : 1;
}

/** @param {Row} row */
function sentence({ alerts, sensor }) {
  const [alert, ...others] = alerts;
  if (!alert && sensor?.state === "failed") return "It failed and was stopped; its readings go to quarantine.";
  if (!alert) return "It is silent.";
  return others.length === 0 ? alert.message : `${alert.message} (and ${others.length} more)`;
}

/** @param {AlertView | undefined} alert @param {string | undefined} unit */
function seen(alert, unit) {
  if (alert?.value === undefined) return "";
  const band = expected(alert.expected, unit);
  return `${alert.channel ?? "value"} ${measure(alert.value, unit)}${band === "" ? "" : `, expected ${band}`}`;
}
