/**
 * Marks whose shape alone tells what they mean, for who cannot see the colour.
 *
 * Priorities are filled and numbered; states of a sensor are outlined. Normal has no mark: it asks for nothing.
 *
 * @module
 * @import { Priority, SensorState } from "../../actors/views.ts"
 */
import { h, svg } from "./dom.js";

/** Outlines in a box of 16 by 16. @type {Record<Priority, string>} */
const OUTLINE = {
  critical: "M5 1h6l4 4v6l-4 4H5l-4-4V5z",
  high: "M8 1.2 15.4 14.6H.6z",
  medium: "M8 .6 15.4 8 8 15.4.6 8z",
  low: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1z",
};

/** @type {Record<Priority, string>} */
const DIGIT = { critical: "1", high: "2", medium: "3", low: "4" };

/** The filled, numbered mark of a priority. @param {Priority} priority */
export function priorityMark(priority) {
  const text = svg("text", { x: 8, y: priority === "high" ? 13 : 11.6, "text-anchor": "middle" });
  text.textContent = DIGIT[priority];
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: `mark ${priority}`, "aria-hidden": "true" },
    svg("path", { d: OUTLINE[priority] }),
    text,
  );
}

/** A priority as shape and word. @param {Priority} priority */
export function priorityBadge(priority) {
  return h("span", { class: `badge ${priority}` }, priorityMark(priority), priority);
}

/** @typedef {SensorState | "anomalous"} Condition */

/** A state that is not listed is shown by its own word. @type {Readonly<Record<string, { word: string, paths: string[] }>>} */
const STATES = {
  anomalous: { word: "anomalous", paths: ["M8 2.2 14.6 13.8H1.4z", "M8 6.5v3.6", "M8 11.6v.6"] },
  silent: { word: "silent", paths: ["M2 8h2.5M6.8 8h2.4M11.5 8H14", "M2 3.5v9M14 3.5v9"] },
  stuck: { word: "stuck", paths: ["M2 8h12", "M2 4v8M14 4v8", "M8 2v3M8 11v3"] },
  dirty: { word: "dirty", paths: ["M2 9l2.5-5 3 9 3-7 1.5 4H14", "M2.5 13.5l11-11"] },
  failed: { word: "failed", paths: ["M2.5 2.5h11v11h-11z", "M5.5 5.5l5 5M10.5 5.5l-5 5"] },
  warming_up: { word: "warming up", paths: ["M4 2h8M4 14h8M5 2c0 4 6 8 6 12M11 2c0 4-6 8-6 12"] },
  maintenance: {
    word: "in maintenance",
    paths: ["M3 13 9 7", "M8 4.5a3.2 3.2 0 0 1 4.3-2.2L10.5 4l1.5 1.5 1.7-1.8A3.2 3.2 0 0 1 9.5 8"],
  },
  retired: { word: "retired", paths: ["M2.5 4.5h11M3.5 4.5v9h9v-9M6 8h4"] },
  ok: { word: "normal", paths: ["M8 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7z"] },
};

/** The word for a state. @param {Condition} state */
export function stateWord(state) {
  return STATES[state]?.word ?? state.replaceAll("_", " ");
}

/** The outlined mark of a state. @param {Condition} state */
export function stateMark(state) {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: `mark state ${state}`, "aria-hidden": "true" },
    ...(STATES[state] ?? STATES.ok).paths.map((d) => svg("path", { d })),
  );
}

/** A state as shape and word. @param {Condition} state @param {string} [more] such as how far the warm-up is */
export function stateBadge(state, more) {
  return h(
    "span",
    { class: `badge state ${state}` },
    stateMark(state),
    more ? `${stateWord(state)}, ${more}` : stateWord(state),
  );
}

/** The small mark of one anomalous reading without an alert: it asks for nothing. */
export function oddMark() {
  return h("span", { class: "badge state" }, stateMark("anomalous"), h("span", { class: "sr" }, "anomalous reading"));
}
