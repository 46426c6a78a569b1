/**
 * What is wrong with one sensor now, and what a person can do about it.
 *
 * @module
 * @import { Stage } from "../main.js"
 */
import * as api from "../core/api.js";
import { h, put, reconcile, say } from "../core/dom.js";
import { duration, moment } from "../core/format.js";
import { priorityBadge } from "../core/shapes.js";
import { acknowledgedText, alertActions } from "./alert_actions.js";

/** Its active alerts, kept up by the model. @param {Stage} stage @param {string} name */
export function sensorAlarms({ model, signal }, name) {
  const element = h("div", { class: "sensor-alerts" });
  /** Whether people may label here: known once it was asked. */
  let labels = false;
  api.labelling(signal).then((may) => {
    labels = may;
    if (!signal.aborted) show();
  }).catch(() => {}); // without an answer there is nothing to press

  function show() {
    const now = model.now(model.sensors.get(name)?.partition);
    reconcile(
      element,
      model.activeOf(name),
      (alert) => alert.id,
      (alert) =>
        h(
          "div",
          { class: `alarm ${alert.priority}` },
          priorityBadge(alert.priority),
          h("p"),
          h("p", { class: "muted" }),
          h("p", { class: "actions" }),
        ),
      (row, alert) => {
        const [, message, since, actions] = row.children;
        say(message, alert.message);
        const age = duration(now - alert.raised_at);
        say(since, `since ${moment(alert.raised_at, now)} (${age}), ${acknowledgedText(alert, now)}`);
        const shown = `${alert.acknowledged_at} ${labels}`;
        if (row.dataset.shown === shown) return;
        row.dataset.shown = shown;
        const focused = actions.contains(document.activeElement);
        put(actions, ...alertActions(alert, labels));
        if (focused) actions.querySelector("button")?.focus();
      },
    );
  }

  for (const topic of /** @type {const} */ (["alerts", "sensors"])) model.on(topic, show, signal);
  show();
  return element;
}
