/**
 * An alert budget: how many false alarms a sensor may raise, in a time or in a number of readings.
 *
 * @module
 */

/** So many alarms a reading, or so many in a time. */
export type Budget = { readonly perReading: number } | { readonly alarms: number; readonly everyMs: number };

/** Alarms a reading that the rule is made for. */
export const BUDGET_LEAST = 1e-9, BUDGET_MOST = 0.1;
/** What is asked for where nobody says: one false alarm per sensor and week. */
export const BUDGET_DEFAULT: Budget = { alarms: 1, everyMs: 7 * 86_400_000 };

/** What one of so many sensors may raise of what all of them may. */
export function shareOf(
  { alarms, everyMs, sensors }: { readonly alarms: number; readonly everyMs: number; readonly sensors: number },
): Budget {
  return { alarms: alarms / sensors, everyMs };
}

/** Interval that is assumed while it is unknown, ms. */
const UNKNOWN_MS = 1_000;

/**
 * The budget in alarms a reading, from {@linkcode BUDGET_LEAST} to {@linkcode BUDGET_MOST}.
 *
 * @param intervalMs the sensor's usual interval; 0 if it is unknown
 */
export function budgetPerReading(budget: Budget, intervalMs: number): number {
  const rate = "perReading" in budget
    ? budget.perReading
    : budget.alarms * (intervalMs > 0 ? intervalMs : UNKNOWN_MS) / budget.everyMs;
  return Math.min(BUDGET_MOST, Math.max(BUDGET_LEAST, rate));
}
