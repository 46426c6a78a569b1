/**
 * How many sensors are in which state, on whichever node they run.
 *
 * A node counts the states of its own sensors alone; it knows those of other nodes one by one. So over several nodes they
 * are counted here, from the list, once all of it is loaded; until then nothing is said, rather than that all are normal.
 *
 * @module
 * @import { Model } from "./model.js"
 */

/** Counted apart from `ok`, as in the summary. */
const COUNTED = /** @type {const} */ ([
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
export function stateCounts({ summary, sensors, sensorsLoaded, moreSensors }) {
  if (!summary) return undefined;
  if (!summary.partitions.some(({ state }) => state === "elsewhere")) {
    const own = Object.fromEntries(COUNTED.map((state) => [state, summary[state] ?? 0]));
    const not = Object.values(own).reduce((sum, n) => sum + n, 0);
    return /** @type {StateCounts} */ ({ ...own, ok: Math.max(0, summary.sensors - not) });
  }
  if (!sensorsLoaded || moreSensors !== undefined) return undefined;
  const all = [...sensors.values()];
  const counts = COUNTED.map((state) => [
    state,
    all.filter((one) => state === "anomalous" ? one.is_anomaly : one.state === state).length,
  ]);
  const ok = all.filter((one) => one.state === "ok" && !one.is_anomaly).length;
  return /** @type {StateCounts} */ ({ ...Object.fromEntries(counts), ok });
}
