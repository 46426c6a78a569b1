/**
 * What a person can do about an alert: acknowledge it, shelve its condition for a time, say whether it was right.
 *
 * @module
 * @import { AlertView } from "../../actors/views.ts"
 */
import { h, put, say } from "../core/dom.js";
import { clock, moment } from "../core/format.js";
import * as orders from "../core/orders.js";

/** How long a condition is shelved, ms. */
const SHELVED_MS = 3_600_000;

/**
 * The buttons, and what became of the last press.
 *
 * @param {AlertView} alert @param {boolean} labels whether people may label here
 * @returns {Node[]}
 */
export function alertActions(alert, labels) {
  const said = h("span", { class: "muted", role: "status" });
  const press = pressing(alert, said);
  return [
    ...(alert.acknowledged_at === undefined
      ? [press("Acknowledge", "Acknowledged.", () => orders.acknowledge(alert.id))]
      : []),
    press("Shelve 1 h", "Shelved for an hour.", () => orders.shelve(alert, SHELVED_MS)),
    ...(labels
      ? [
        press("True alarm", "Noted: true alarm.", () => orders.labelAlert(alert.id, 1)),
        press("False alarm", "Noted: false alarm.", () => orders.labelAlert(alert.id, 0)),
      ]
      : []),
    said,
  ];
}

/** The button that sets the alert's condition aside, whether it is active or comes again and again. @param {AlertView} alert @returns {Node[]} */
export function shelveAction(alert) {
  const said = h("span", { class: "muted", role: "status" });
  return [pressing(alert, said)("Shelve 1 h", "Shelved for an hour.", () => orders.shelve(alert, SHELVED_MS)), said];
}

/** Makes buttons of an alert that say in `said` what became of a press. @param {AlertView} alert @param {HTMLElement} said */
function pressing(alert, said) {
  /** @param {string} word @param {string} done @param {() => Promise<void>} act */
  return (word, done, act) =>
    h("button", {
      type: "button",
      class: "small",
      "aria-label": `${word}: ${alert.sensor_name ?? alert.sensor}, ${alert.condition}`,
      onclick: async () => {
        say(said, "Asking…");
        try {
          await act();
          say(said, done);
        } catch (error) {
          say(said, error instanceof Error ? error.message : String(error));
        }
      },
    }, word);
}

/** Whether it is acknowledged, and by whom. @param {AlertView} alert @param {number} now epoch ms */
export function acknowledgedText({ acknowledged_at, acknowledged_by }, now) {
  if (acknowledged_at === undefined) return "not acknowledged";
  const who = acknowledged_by === undefined ? "" : ` by ${acknowledged_by}`;
  return `acknowledged${who} ${moment(acknowledged_at, now)}`;
}

/** Alerts that were set aside, folded away; each can be taken back. @param {readonly AlertView[]} alerts @param {HTMLDetailsElement} element */
export function asideLine(alerts, element) {
  element.hidden = alerts.length === 0;
  const [summary, list] = element.children;
  say(summary, `${alerts.length} ${alerts.length === 1 ? "alert is" : "alerts are"} set aside`);
  const key = alerts.map(({ id, shelved_until }) => `${id} ${shelved_until}`).join("\n");
  if (element.dataset.shown === key) return;
  element.dataset.shown = key;
  put(
    list,
    ...alerts.slice(0, 50).map((alert) => {
      const said = h("span", { role: "status" });
      const back = h("button", {
        type: "button",
        class: "small",
        "aria-label": `Take back: ${alert.sensor_name ?? alert.sensor}, ${alert.condition}`,
        onclick: () =>
          orders.unshelve(alert).then(() => say(said, "Taken back."), (error) => say(said, String(error.message))),
      }, "Take back");
      const until = alert.shelved_until === undefined
        ? (alert.suppressed ? "suppressed" : "out of service")
        : `shelved until ${clock(alert.shelved_until)}`;
      return h(
        "li",
        {},
        `${alert.priority}, ${alert.sensor_name ?? alert.sensor}: ${alert.message}; ${until} `,
        alert.shelved_until === undefined ? null : back,
        said,
      );
    }),
  );
}
