/**
 * The judgement that is measured: a sensor's surprises once, and the alert budget's rule at several budgets at a time,
 * since what is surprising does not depend on the budget.
 *
 * For each budget it concludes what a sensor's actor does at that budget; a test compares them reading by reading.
 *
 * @module
 */
import type { Reading } from "../../actors/reading.ts";
import { SURPRISE_AGE } from "../../actors/sensor/judge.ts";
import { type Budget, budgetPerReading } from "../../models/budget/budget.ts";
import { combine, KNEE } from "../../models/budget/combiner.ts";
import { INTERVAL_DOUBLES, intervalLearn, intervalMs } from "../../models/budget/interval.ts";
import { equivalentSurprise } from "../../models/budget/rate.ts";
import { BudgetRule, RULE_DOUBLES } from "../../models/budget/rule.ts";
import { calibrate, CALIBRATION_FLOATS } from "../../models/surprise/calibration.ts";
import { surpriseLaw } from "../../models/surprise/law.ts";
import { type Surprise, SURPRISE_MOST } from "../../models/surprise/surprise.ts";

/** What a measured judgement has to say of one reading; the lists are used again for the next one. */
export interface Judged {
  /** Greatest surprise of a channel of the last reading, 0..10. */
  readonly surprise: number;
  /** Calibrated score of the last reading, 0..1. */
  readonly score: number;
  /** Channels seen so far. */
  readonly channels: number;
  /** Readings judged so far. */
  readonly age: number;
  /** By budget: whether the last reading is anomalous, whether an alarm begins with it, and how rare it is called. */
  readonly anomalous: Uint8Array;
  readonly alarms: Uint8Array;
  readonly rates: Float64Array;
  /** Judges a reading, then learns it; false for one that is late, or without a value that was not there: it is passed over. */
  take(reading: Reading): boolean;
}

interface Channel {
  readonly floats: Float32Array;
  readonly doubles: Float64Array;
  time: number;
}

/** Judges one sensor at several budgets. */
export class BudgetsJudge implements Judged {
  surprise = 0;
  score = 0;
  age = 0;
  readonly anomalous: Uint8Array;
  readonly alarms: Uint8Array;
  readonly rates: Float64Array;
  readonly #plan: Surprise;
  readonly #rule = new BudgetRule();
  readonly #rules: readonly Float64Array[];
  readonly #index = new Map<string, number>();
  readonly #channels: Channel[] = [];
  readonly #interval = new Float64Array(INTERVAL_DOUBLES);
  readonly #budgets: readonly Budget[];
  readonly #calibration = new Float32Array(CALIBRATION_FLOATS);
  #held = new Float64Array(4);
  #surprises = new Float64Array(4);
  #time = -Infinity;

  /**
   * @param plan shared by any number of sensors
   * @param budgets alarms a reading, or in a time
   */
  constructor(plan: Surprise, budgets: readonly (number | Budget)[]) {
    this.#plan = plan;
    this.#budgets = budgets.map((budget) => typeof budget === "number" ? { perReading: budget } : budget);
    this.#rules = budgets.map(() => new Float64Array(RULE_DOUBLES));
    this.anomalous = new Uint8Array(budgets.length);
    this.alarms = new Uint8Array(budgets.length);
    this.rates = new Float64Array(budgets.length);
  }

  get channels(): number {
    return this.#channels.length;
  }

  take(reading: Reading): boolean {
    if (this.#passed(reading)) return false;
    this.#time = reading.time;
    this.age++;
    intervalLearn(this.#interval, 0, reading.time);
    this.#surprise(reading);
    const channels = Math.max(1, this.channels);
    const z = combine(this.#held, 0, this.channels, this.#surprises);
    const joined = z > 0 ? Math.max(KNEE, equivalentSurprise(z, channels)) : this.surprise;
    const law = surpriseLaw(joined, this.age);
    this.score = this.age > SURPRISE_AGE ? calibrate(this.#calibration, 0, joined / SURPRISE_MOST, law) : 1 - law;
    const interval = intervalMs(this.#interval, 0);
    for (let b = 0; b < this.#budgets.length; b++) {
      const budget = budgetPerReading(this.#budgets[b], interval);
      this.alarms[b] = this.#rule.step(this.#rules[b], 0, channels, z, budget) ? 1 : 0;
      this.anomalous[b] = this.#rule.anomalous ? 1 : 0;
      this.rates[b] = this.#rule.rate;
    }
    return true;
  }

  #passed({ time, values }: Reading): boolean {
    if (time < this.#time) return true;
    for (const name in values) if (values[name] !== null && !this.#isThere(name, time)) return false;
    return true;
  }

  /** Whether a channel has a value of this time already. */
  #isThere(name: string, time: number): boolean {
    const index = this.#index.get(name);
    return index !== undefined && this.#channels[index].time === time;
  }

  #surprise({ time, values }: Reading): void {
    this.#surprises.fill(NaN);
    this.surprise = 0;
    for (const name in values) {
      const value = values[name];
      if (value === null || this.#isThere(name, time)) continue;
      const index = this.#index.get(name) ?? this.#newChannel(name), channel = this.#channels[index];
      const surprise = this.#plan.step(channel.floats, 0, channel.doubles, 0, time, value);
      channel.time = time;
      this.#surprises[index] = surprise;
      if (surprise > this.surprise) this.surprise = surprise;
    }
  }

  #newChannel(name: string): number {
    const index = this.#channels.length, { floats, doubles } = this.#plan;
    this.#index.set(name, index);
    this.#channels.push({ floats: new Float32Array(floats), doubles: new Float64Array(doubles), time: NaN });
    if (index >= this.#held.length) {
      const held = new Float64Array(2 * index), surprises = new Float64Array(2 * index).fill(NaN);
      held.set(this.#held);
      surprises.set(this.#surprises);
      this.#held = held;
      this.#surprises = surprises;
    }
    return index;
  }
}
