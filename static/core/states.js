/**
 * How many sensors are in which state, on whichever node they run: each node's summary counts all.
 *
 * @module
 * @import { Model } from "./model.js"
 */

/** Counted apart from `ok`, as in the summary. */
export const COUNTED = /** @type {const} */ ([
  "anomalous",
  "silent",
  "stuck",
  "dirty",
  "failed",
  "warming_up",
  "maintenance",
  "retired",
]);

/** @typedef {Readonly<Record<typeof COUNTED[number] | "ok", number>>} StateCounts */

/** Sensors by state; undefined while it is not known. @param {Model} model @returns {StateCounts | undefined} */
export function stateCounts({ summary }) {
  if (!summary) return undefined;
  const own = Object.fromEntries(COUNTED.map((state) => [state, summary[state] ?? 0]));
  const not = Object.values(own).reduce((sum, n) => sum + n, 0);
  return /** @type {StateCounts} */ ({ ...own, ok: Math.max(0, summary.sensors - not) });
}
