/**
 * Ways to turn one sensor's readings into alarms that are to keep a budget, side by side.
 *
 * - *this rule*: the product's own.
 * - *SPOT*: peaks over threshold on the sensor's surprise, as published.
 * - *SPOT, all learnt*: the same, but what is raised is learnt too.
 * - *fixed*: a surprise of −log10(budget / channels), as if surprise were what it means to be.
 * - *sigma*: standard deviations of the values, tuned on the first part.
 *
 * All but the first one get the rest that the rule takes after an alarm, so that one event is one alarm.
 *
 * @module
 */
import type { Reading } from "../../actors/reading.ts";
import { readyAge, restAfter } from "../../models/budget/rule.ts";
import type { Judged } from "./judge.ts";
import { Sigma } from "./sigma.ts";
import { Spot } from "./spot.ts";

/** The ways, in the order of {@linkcode Contest.alarms}. */
export const WAYS = ["this rule", "SPOT", "SPOT, all learnt", "fixed", "sigma"] as const;

/** One sensor's contest. */
export class Contest {
  /** By way and, within it, by budget: whether an alarm begins with the last reading. */
  readonly alarms: readonly Uint8Array[];
  readonly #spots: readonly Spot[];
  readonly #learning: readonly Spot[];
  readonly #sigma: Sigma;
  readonly #rested: readonly Float64Array[];

  /**
   * @param judge of the sensor, at the same budgets
   * @param budgets alarms a reading
   */
  constructor(private readonly judge: Judged, private readonly budgets: readonly number[]) {
    this.alarms = [judge.alarms, ...WAYS.slice(1).map(() => new Uint8Array(budgets.length))];
    this.#spots = budgets.map((budget) => new Spot(budget, false));
    this.#learning = budgets.map((budget) => new Spot(budget, true));
    this.#sigma = new Sigma(budgets);
    this.#rested = WAYS.map(() => new Float64Array(budgets.length));
  }

  /** Judges a reading; false for one that is passed over. */
  take(reading: Reading): boolean {
    const { judge, budgets } = this;
    if (!judge.take(reading)) return false;
    const { age, surprise, channels } = judge;
    this.#sigma.step(reading);
    for (let b = 0; b < budgets.length; b++) {
      this.#raise(1, b, this.#spots[b].step(surprise), age);
      this.#raise(2, b, this.#learning[b].step(surprise), age);
      const over = surprise >= -Math.log10(budgets[b] / Math.max(1, channels));
      this.#raise(3, b, over && age > readyAge(budgets[b]), age);
      this.#raise(4, b, this.#sigma.over[b] === 1, age);
    }
    return true;
  }

  #raise(way: number, b: number, over: boolean, age: number): void {
    const due = over && age > this.#rested[way][b];
    this.alarms[way][b] = due ? 1 : 0;
    if (due) this.#rested[way][b] = age + restAfter(this.budgets[b], age);
  }
}
