/**
 * What is wrong, worst first: one row a sensor with its worst alert, what was seen against what was expected, and why.
 *
 * Sensors that measure something wrong stand here; those that are silent, stuck, dirty or failed stand apart, see
 * `apart.js`. Sensors with single anomalous readings are counted in one quiet line below: these come and go while nothing
 * is wrong.
 *
 * @module
 * @import { AlertView, SensorView } from "../../actors/views.ts"
 * @import { Stage } from "../main.js"
 */
import { History } from "../charts/history.js";
import { spark, sparkline } from "../charts/spark.js";
import { h, put, reconcile, say } from "../core/dom.js";
import { count, duration, expected, measure, moment } from "../core/format.js";
import * as api from "../core/api.js";
import { isOfState, PRIORITIES, worstFirst } from "../core/alerts.js";
import { sensorHref } from "../core/router.js";
import { priorityBadge } from "../core/shapes.js";
import { floods } from "./floods.js";
import { acknowledgedText, alertActions, asideLine } from "./alert_actions.js";
import { contributionList, percent } from "./why.js";
import { waitingFor } from "./screen.js";

/** Rows that are shown: who has more sensors with alerts than this has a flood, not a list. */
const ROWS = 100;
/** How far back a sparkline goes, ms; at most the last 200 readings. */
const SPARK_MS = 3_600_000;
/** Readings of a sparkline. */
const SPARK_READINGS = 60;

/** A sensor with its alerts, at least one. @typedef {{ name: string, sensor: SensorView | undefined, alerts: AlertView[] }} Row */

/** The list. @param {Stage} stage */
export function worst(stage) {
  const { model, signal } = stage;
  const list = h("ol", { class: "rows", id: "worst", tabindex: "0", "aria-label": "Sensors with something wrong" });
  const beyond = h("p", { class: "muted" });
  const note = h("p", { class: "note", id: "worst-note" }, "Loading…");
  const odd = oddLine(model);
  const aside = h("details", { class: "odd muted", id: "aside", hidden: true }, h("summary", {}), h("ul", {}));
  /** @type {Map<string, History>} */
  const histories = new Map();
  /** Whether people may label here: known once it was asked. */
  let labels = false;
  api.labelling(signal).then((may) => {
    labels = may;
    if (!signal.aborted) update();
  }).catch(() => {}); // without an answer there is nothing to press

  function update() {
    const rows = rowsOf(model);
    const shown = rows.slice(0, ROWS);
    reconcile(list, shown, (row) => row.name, create, fill, (element) => histories.delete(element.dataset.key ?? ""));
    say(beyond, rows.length > ROWS ? `and ${count(rows.length - ROWS)} more sensors` : "");
    list.hidden = rows.length === 0;
    note.hidden = rows.length > 0;
    const unknown = /** @type {const} */ (["alerts", "sensors"]).find((kind) => !model[`${kind}Loaded`]);
    if (unknown) say(note, waitingFor(model, unknown));
    else if (rows.length === 0) say(note, model.sensors.size === 0 ? "Nothing to watch yet." : calm(model));
    odd.update();
    asideLine(model.aside(), aside);
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
        h(
          "a",
          { href: sensorHref(row.name), class: "name", title: row.name },
          row.sensor?.name ?? row.alerts[0].sensor_name ?? row.name,
        ),
        h("span", { class: "muted place" }),
      ),
      h(
        "div",
        { class: "row-why" },
        h("p", { class: "sentence" }),
        h("p", { class: "seen" }),
        h("div", { class: "row-parts" }),
        h("p", { class: "actions" }),
      ),
      sparkline(),
      h("div", { class: "row-when" }, h("p", { class: "row-since" }), h("p", { class: "row-ack" })),
    );
    return element;
  }

  /** @param {HTMLElement} element @param {Row} row */
  function fill(element, row) {
    const { sensor, alerts } = row;
    const [alert] = alerts;
    /** @param {string} selector */
    const part = (selector) => /** @type {HTMLElement} */ (element.querySelector(selector));
    if (element.dataset.mark !== alert.priority) {
      element.dataset.mark = alert.priority;
      put(part(".row-priority"), priorityBadge(alert.priority));
    }
    const shown = `${alert.id} ${alert.acknowledged_at} ${labels}`;
    if (element.dataset.alert !== shown) {
      element.dataset.alert = shown;
      put(part(".row-parts"), alert.contributions?.length ? contributionList(alert.contributions) : null);
      const focused = part(".actions").contains(document.activeElement);
      put(part(".actions"), ...alertActions(alert, labels));
      // Who acknowledged by keyboard goes on from the button that took its place.
      if (focused) part(".actions button").focus();
    }
    const unit = sensor?.channels.find((channel) => channel.channel === alert?.channel)?.unit;
    say(part(".place"), [sensor?.location ?? alert.location, sensor?.type ?? alert.type].filter(Boolean).join(" · "));
    say(part(".sentence"), sentence(row));
    say(part(".seen"), seen(alert, unit));
    const now = model.now(sensor?.partition);
    const history = histories.get(row.name);
    // Alerts may come before anybody knows what time it is.
    if (history && !history.loaded && !Number.isNaN(now)) {
      history.load(now, signal).then(() => draw(element)).catch(() => {});
    }
    const since = alert.raised_at;
    const age = Number.isNaN(now) ? "" : ` (${duration(now - since)})`;
    say(part(".row-since"), `since ${moment(since, now)}${age}`);
    say(part(".row-ack"), acknowledgedText(alert, now));
    element.dataset.acknowledged = String(alert.acknowledged_at !== undefined);
    element.dataset.channel = alert.channel ?? sensor?.channels[0]?.channel ?? "";
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
    floods(stage),
    note,
    list,
    beyond,
    aside,
    odd.element,
  );
}

/** That nothing is wrong, since when, and what was last. @param {Stage["model"]} model */
function calm(model) {
  const last = model.lastCleared();
  if (model.active().length > 0 || model.out().length > 0) return "No sensor measures anything wrong; see those below.";
  if (!last?.cleared_at) return "Nothing is wrong. There was no alert so far.";
  const now = model.now();
  const lasted = duration(last.cleared_at - last.raised_at);
  return `Nothing is wrong since ${moment(last.cleared_at, now)} (${duration(now - last.cleared_at)}). ` +
    `The last alert, ${last.priority}, was on ${model.nameOf(last.sensor)} for ${lasted}: ${last.message}.`;
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
        ({ sensor }) => h("a", { href: sensorHref(sensor), title: sensor }),
        (link, { sensor, name = sensor }) => say(link, name),
      );
    },
  };
}

/** Sensors with active alerts about what they measure: worst first. @param {Stage["model"]} model */
function rowsOf(model) {
  /** @type {Map<string, Row>} */
  const rows = new Map();
  for (const alert of model.active()) {
    if (isOfState(alert)) continue;
    const row = rows.get(alert.sensor) ?? { name: alert.sensor, sensor: model.sensors.get(alert.sensor), alerts: [] };
    row.alerts.push(alert);
    rows.set(alert.sensor, row);
  }
  // Of one priority, what nobody has seen yet comes first.
  const seen = (/** @type {AlertView} */ { acknowledged_at }) => acknowledged_at === undefined ? 0 : 1;
  return [...rows.values()].sort(({ alerts: [a] }, { alerts: [b] }) =>
    PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority) || seen(a) - seen(b) || worstFirst(a, b)
  );
}

/** @param {Row} row */
function sentence({ alerts: [alert, ...others] }) {
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return `${alert.message}${more}${alert.chattering ? "; it chatters" : ""}`;
}

/** @param {AlertView} alert @param {string | undefined} unit */
function seen(alert, unit) {
  const strength = alert.strength === undefined ? "" : `strength ${percent(alert.strength)}`;
  // A sentence that says what was expected says what was seen, too.
  if (alert.value === undefined || alert.message.includes("expected")) return strength;
  const band = expected(alert.expected, unit);
  const values = `${alert.channel ?? "value"} ${measure(alert.value, unit)}${band === "" ? "" : `, expected ${band}`}`;
  return strength === "" ? values : `${values}; ${strength}`;
}
