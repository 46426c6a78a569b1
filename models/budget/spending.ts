/**
 * How much of its budget a sensor has spent, and by how much its limit may be widened where it spends too little.
 *
 * Some signals are so regular that readings which are called as rare as the budget come far less often than that. Once
 * the budget would have allowed a few alarms, the limit is widened by (0.6 · allowed / raised)², so that such a sensor
 * raises about half of what it may instead of a tenth, and finds the more. Every alarm counts as spent, true or false;
 * what lies back farther than {@linkcode MEMORY} allowed alarms fades. Never narrower: that is for the rule's own
 * predictions. A slice of doubles, all 0 at first.
 *
 * @module
 */

const EARNED = 0, SPENT = 1;

/** Doubles that the account takes. */
export const SPENDING_DOUBLES = 2;

/** Alarms that must have been allowed before unspent ones count, and after which both counts are halved. */
const LEAST = 6, MEMORY = 40;
/** Share of the budget that is aimed at, how strongly, and how far the limit may be widened. */
const AIM = 0.6, POWER = 2, WIDEST = 10;

/** Counts a reading. */
export function spendingAge(state: Float64Array, at: number, budget: number): void {
  if ((state[at + EARNED] += budget) <= MEMORY) return;
  state[at + EARNED] /= 2;
  state[at + SPENT] /= 2;
}

/** Counts an alarm. */
export function spendingAlarm(state: Float64Array, at: number): void {
  state[at + SPENT]++;
}

/** By what to multiply the limit, 1 to 10. */
export function spendingFactor(state: Float64Array, at: number): number {
  const earned = state[at + EARNED];
  if (earned < LEAST) return 1;
  return Math.min(WIDEST, Math.max(1, (AIM * earned / (state[at + SPENT] + 1)) ** POWER));
}
