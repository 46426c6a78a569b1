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

/** Alerts that the log shows. */
const SHOWN = 50;

/** The log. @param {Stage} stage */
export function alertLog({ model, signal }) {
  const list = h("ol", { class: "log", id: "alerts", tabindex: "0", "aria-label": "Latest alerts" });
  const note = h("p", { class: "note" }, "Loading…");
  const voice = h("p", { class: "sr", "aria-live": "polite", id: "alert-voice" });
  /** Ids that were there when the log was opened, or were read out since. @type {Set<string> | undefined} */
  let told;

  function update() {
    const alerts = [...model.alerts.values()].sort((a, b) => lastStep(b) - lastStep(a)).slice(0, SHOWN);
    reconcile(list, alerts, (alert) => alert.id, create, (element, alert) => fill(element, alert));
    note.hidden = alerts.length > 0;
    say(note, model.alertsLoaded ? "No alert yet." : model.errors.get("alerts") ?? "Loading…");
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

  /** @param {HTMLElement} element @param {AlertView} alert */
  function fill(element, alert) {
    const now = model.now();
    const text = alert.state === "active"
      ? `active since ${moment(alert.raised_at, now)}`
      : `cleared ${moment(lastStep(alert), now)}, after ${
        duration((alert.cleared_at ?? alert.raised_at) - alert.raised_at)
      }`;
    element.dataset.state = alert.state;
    say(/** @type {Element} */ (element.querySelector(".when")), text);
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
    h("a", { href: sensorHref(alert.sensor), class: "name" }, alert.sensor),
    h("span", { class: "when muted" }),
    h("span", { class: "message" }, alert.message),
  );
  return item;
}
