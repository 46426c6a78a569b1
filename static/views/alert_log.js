/**
 * Alerts as they come, the latest first. New ones are read out to those who listen instead of look.
 *
 * @module
 * @import { AlertView } from "../../actors/views.ts"
 * @import { Stage } from "../main.js"
 */
import { h, put, reconcile, say } from "../core/dom.js";
import { duration, moment } from "../core/format.js";
import { sensorHref } from "../core/router.js";
import { priorityBadge } from "../core/shapes.js";
import { shelveAction } from "./alert_actions.js";
import { waitingFor } from "./screen.js";

/** Alerts that the log shows. */
const SHOWN = 50;
/** A condition that was raised so often within an hour can be set aside from here, active or not. */
const OFTEN = 3;
const HOUR_MS = 3_600_000;

/** The log. @param {Stage} stage */
export function alertLog({ model, signal }) {
  const list = h("ol", { class: "log", id: "alerts", tabindex: "0", "aria-label": "Latest alerts" });
  const note = h("p", { class: "note" }, "Loading…");
  const voice = h("p", { class: "sr", "aria-live": "polite", id: "alert-voice" });
  /** Ids that were there when the log was opened, or were read out since. @type {Set<string> | undefined} */
  let told;

  function update() {
    const known = [...model.alerts.values()];
    const alerts = known.toSorted((a, b) => lastStep(b) - lastStep(a)).slice(0, SHOWN);
    const since = model.now() - HOUR_MS;
    const often = Map.groupBy(known.filter(({ raised_at }) => raised_at >= since), conditionOf);
    reconcile(list, alerts, (alert) => alert.id, create, (element, alert) => {
      const times = often.get(conditionOf(alert)) ?? [];
      // Once for each condition: beside its latest alert.
      const latest = times.every(({ raised_at }) => raised_at <= alert.raised_at);
      fill(element, alert, latest && times.length >= OFTEN ? times.length : 0);
    });
    note.hidden = alerts.length > 0;
    say(note, model.alertsLoaded ? "No alert yet." : waitingFor(model, "alerts"));
    if (model.alertsLoaded) speak(alerts);
  }

  /** @param {readonly AlertView[]} alerts */
  function speak(alerts) {
    if (told === undefined) {
      told = new Set(alerts.map((alert) => alert.id));
      return;
    }
    const fresh = alerts.filter((alert) => alert.state === "active" && !told?.has(alert.id));
    for (const alert of fresh) told.add(alert.id);
    if (fresh.length === 1) say(voice, `New ${fresh[0].priority} alert: ${fresh[0].message}`);
    else if (fresh.length > 1) say(voice, `${fresh.length} new alerts. The worst: ${fresh[0].message}`);
    if (told.size > 10_000) told = new Set(alerts.map((alert) => alert.id));
  }

  /** @param {HTMLElement} element @param {AlertView} alert @param {number} times within an hour, 0: not worth a word */
  function fill(element, alert, times) {
    const now = model.now();
    const text = alert.state === "active"
      ? `active since ${moment(alert.raised_at, now)}`
      : `cleared ${moment(lastStep(alert), now)}, after ${
        duration((alert.cleared_at ?? alert.raised_at) - alert.raised_at)
      }`;
    element.dataset.state = alert.state;
    say(/** @type {Element} */ (element.querySelector(".when")), text);
    const again = /** @type {HTMLElement} */ (element.querySelector(".again"));
    if (again.dataset.times === String(times)) return;
    again.dataset.times = String(times);
    again.hidden = times === 0;
    if (times > 0) put(again, `${times} times within an hour `, ...shelveAction(alert));
  }

  for (const topic of /** @type {const} */ (["alerts", "connection"])) model.on(topic, update, signal);
  update();
  return h(
    "section",
    { class: "panel alerts", "aria-labelledby": "alerts-title" },
    h("h2", { id: "alerts-title" }, "Alerts as they come"),
    voice,
    note,
    list,
  );
}

/** What is raised again and again. @param {AlertView} alert */
function conditionOf({ sensor, condition, channel }) {
  return JSON.stringify([sensor, condition, channel]);
}

/** When something last happened to it. @param {AlertView} alert */
function lastStep(alert) {
  return alert.cleared_at ?? alert.raised_at;
}

/** One entry of a list of alerts. @param {AlertView} alert */
export function create(alert) {
  const item = h("li", { class: "entry", "data-alert": alert.id });
  put(
    item,
    priorityBadge(alert.priority),
    h("a", { href: sensorHref(alert.sensor), class: "name", title: alert.sensor }, alert.sensor_name ?? alert.sensor),
    h("span", { class: "when muted" }),
    h("span", { class: "message" }, alert.message),
    h("p", { class: "again actions", hidden: true }),
  );
  return item;
}
