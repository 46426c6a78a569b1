/**
 * Alerts: their order, what an alert is about, and an alert after one more step of its life.
 *
 * @module
 * @import { AlertTransition, AlertView, Priority } from "../../actors/views.ts"
 */

/** Priorities, worst first. @type {readonly Priority[]} */
export const PRIORITIES = ["critical", "high", "medium", "low"];

/** Conditions of alerts that are states of the sensor, and no anomalies. */
const STATE_CONDITIONS = ["silent", "stuck", "dirty"];

/** Whether an alert is about the sensor's state, not about what it measures. @param {AlertView} alert */
export function isOfState({ condition }) {
  return STATE_CONDITIONS.includes(condition);
}

/** Whether somebody set an alert aside. @param {AlertView} alert */
export function isAside({ shelved_until, suppressed, out_of_service }) {
  return shelved_until !== undefined || suppressed === true || out_of_service === true;
}

/**
 * An alert after a step; one whose beginning was missed is as much of it as the step tells.
 *
 * @param {AlertView | undefined} before @param {AlertTransition} step
 * @returns {AlertView}
 */
export function afterStep(before, step) {
  const { id: _, alert: id, transition, time, partition: __, position: ___, command: ____, by, ...said } = step;
  /** @type {AlertView} */
  const known = before ?? { ...said, id, state: "active", raised_at: said.raised_at ?? time };
  switch (transition) {
    case "raised":
      return known;
    case "cleared":
      return { ...known, state: "cleared", cleared_at: time };
    case "escalated":
    case "eased":
      return { ...known, priority: step.priority };
    case "realarmed":
      return { ...known, realarms: step.realarms, acknowledged_at: undefined, acknowledged_by: undefined };
    case "acknowledged":
      return { ...known, acknowledged_at: known.acknowledged_at ?? time, acknowledged_by: known.acknowledged_by ?? by };
    case "commented":
      return { ...known, comment: step.comment, comment_by: by };
    case "labelled":
      return { ...known, label: step.label, labelled_by: by };
    case "shelved":
      return { ...known, shelved_until: step.shelved_until };
    case "unshelved":
      return { ...known, shelved_until: undefined };
    case "suppressed":
    case "unsuppressed":
      return { ...known, suppressed: transition === "suppressed" };
    case "out_of_service":
    case "in_service":
      return { ...known, out_of_service: transition === "out_of_service" };
  }
}

/** Worst first, then latest first. @param {AlertView} a @param {AlertView} b */
export function worstFirst(a, b) {
  return PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority) || b.raised_at - a.raised_at ||
    (a.id < b.id ? -1 : 1);
}
