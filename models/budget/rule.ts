/**
 * The rule that keeps an alert budget: from a sensor's z to alarms, so that false ones come no more often than asked for.
 *
 * 1. A rate is predicted for what was just seen: how often a reading like it comes. Two voices are heard: the sensor's
 *    own past (its tail of z, corrected by how its earlier predictions were kept), and what sensors in general do at its
 *    age. The rarer alarms may be, the more its own past decides: a sensor that is unlike others is found out only where
 *    a small budget leaves no room for it.
 * 2. A reading is anomalous when that rate is within the budget. An alarm begins when the rate is also within what
 *    recent alarms left of it (fatigue), and when it is a new event: after a rest, or far rarer than the last one.
 * 3. A sensor that has spent too little of its budget in the long run gets a wider limit (`spending.ts`).
 *
 * Nobody tells a true alarm from a false one at run time: the budget covers the false ones where events are rare, and
 * both together, at less than their full weight, where they are not. Strictly causal: scores first, learns then. A
 * sensor's state is a slice of doubles, all 0 at first; nothing is allocated for a reading.
 *
 * @module
 */
import { BLOCK_TAIL_DOUBLES, blocksOf, blockTailLearn, blockTailRate, excessOf } from "./block_tail.ts";
import { PROMISES_DOUBLES, promisesAge, promisesCorrect, promisesWatch } from "./promises.ts";
import { generalRate, noveltyRate } from "./rate.ts";
import { SPENDING_DOUBLES, spendingAge, spendingAlarm, spendingFactor } from "./spending.ts";

/** Prior mean excess of z for one channel, and how it grows with their number. */
const SLOPE = 0.4, SLOPE_POWER = 0.35;
/** Blocks that the belief in new things is worth. */
const NOVELTY_WEIGHT = 10;
/** Weight of the sensor's own past at a budget of 1 in 1,000, and what each power of ten below adds. */
const OWN = 0.1, OWN_STEP = 0.45;
/** If the sensor's own past expects it more than so many times as often as the budget allows, it raises no alarm: what
 * others do lets a sensor that is unlike them overspend by this much at most. */
const GUARD = 2;
/** No alarm before this age: 0.01 / budget readings, within bounds. Nor are the first readings learnt. */
const READY = 0.01, READY_LEAST = 300, READY_MOST = 1_000, SKIPPED = 100;
/** What an anomalous reading counts as a broken promise: 1 would call all of them false, 0 all true. */
const ANOMALY_WEIGHT = 0.4;
/** Virtual budgets are counted once a rest of 0.1 / budget readings, within bounds. */
const PROMISE_REST = 0.1, PROMISE_REST_LEAST = 10, PROMISE_REST_MOST = 100;
/** An alarm is followed by a rest: this part of the age, at most 0.3 / budget readings, within bounds. */
const REST_AGE = 0.035, REST_BUDGET = 0.3, REST_LEAST = 15, REST_MOST = 1_000;
/** In a rest only what is so many times rarer than the last alarm begins another one. */
const RARER = 0.1;
/** Each alarm adds 1 to the fatigue, 2 at most; 1 is worth this power of ten, and it fades with the age, up to 3 / budget. */
const FATIGUE = 0.45, FATIGUE_MOST = 2, FADE_LEAST = 30, FADE_AGE = 0.4, FADE_BUDGET = 3;

const AGE = 0, LAST_ALARM = 1, WEARINESS = 2, LAST_RATE = 3, TAIL = 4, PROMISES = TAIL + BLOCK_TAIL_DOUBLES;
const SPENDING = PROMISES + PROMISES_DOUBLES;

/** Doubles that the rule takes for a sensor. */
export const RULE_DOUBLES: number = SPENDING + SPENDING_DOUBLES;

/** Readings of a sensor from which on it can raise an alarm: the rarer alarms may be, the more must have been seen. */
export function readyAge(budget: number): number {
  return Math.min(READY_MOST, Math.max(READY_LEAST, Math.ceil(READY / budget)));
}

/** Readings of a sensor's age in which an alarm is followed by no other one, unless by something far rarer. */
export function restAfter(budget: number, age: number): number {
  return Math.min(REST_MOST, Math.max(REST_LEAST, Math.min(REST_BUDGET / budget, REST_AGE * age)));
}

/** Readings that a sensor's rule has seen. */
export function ruleAge(state: Float64Array, at: number): number {
  return state[at + AGE];
}

/** Alarm strength in 0..1 from the rate: 0.5 for one reading in 10,000, 1 for one in a hundred million and rarer. */
export function strengthOf(rate: number): number {
  return Math.min(1, Math.max(1e-6, -Math.log10(rate) / 8));
}

/** Decides, for any number of sensors. Has no state of its own but the last answer. */
export class BudgetRule {
  /** Share of normal readings that are as unusual as the last one; 1 if it was not unusual or it is too early to say. */
  rate = 1;
  /** The rate within which the last reading would be anomalous: the budget, or more where too little of it was spent. */
  limit = 0;
  /** Whether the last reading was anomalous: its rate was within the limit. */
  anomalous = false;

  /**
   * Judges one reading's z, then learns it.
   *
   * @param channels of the sensor, at least 1
   * @param z of {@linkcode combine}, 0 or greater
   * @param budget false alarms a reading that are allowed, 1e-9 to 0.1
   * @returns whether an alarm begins
   */
  step(state: Float64Array, at: number, channels: number, z: number, budget: number): boolean {
    const age = ++state[at + AGE], slope = SLOPE * channels ** SLOPE_POWER;
    let alarm = false, learnt = z;
    this.rate = 1;
    this.limit = budget;
    this.anomalous = false;
    if (age > READY_LEAST) {
      promisesAge(state, at + PROMISES);
      spendingAge(state, at + SPENDING, budget);
      if (z > 0) {
        const rest = Math.min(PROMISE_REST_MOST, Math.max(PROMISE_REST_LEAST, Math.round(PROMISE_REST / budget)));
        const predicted = predict(state, at, channels, z, age);
        const own = promisesCorrect(state, at + PROMISES, predicted, rest);
        this.rate = blend(own, generalRate(z, channels, age), budget);
        const limit = this.limit = budget * spendingFactor(state, at + SPENDING);
        this.anomalous = this.rate <= limit && own <= GUARD * limit && age > readyAge(budget);
        if (this.anomalous) {
          alarm = begins(state, at, this.rate, limit, budget, age);
          if (alarm) spendingAlarm(state, at + SPENDING);
          // What is within the limit teaches the tail no more than the limit itself would.
          if (own < limit) learnt = z - Math.log(limit / own) * excessOf(state, at + TAIL, slope);
        }
        promisesWatch(state, at + PROMISES, predicted, this.anomalous ? ANOMALY_WEIGHT : 1, rest);
      }
    }
    if (age > SKIPPED) blockTailLearn(state, at + TAIL, learnt, slope);
    return alarm;
  }
}

/** The own past's prediction, steadied by the belief in new things. */
function predict(state: Float64Array, at: number, channels: number, z: number, age: number): number {
  const fresh = noveltyRate(z, channels, age), blocks = blocksOf(state, at + TAIL);
  if (blocks === 0) return fresh;
  return (NOVELTY_WEIGHT * fresh + blocks * blockTailRate(state, at + TAIL, z)) / (NOVELTY_WEIGHT + blocks);
}

/** Both voices as one rate: a weighted geometric mean. */
function blend(own: number, general: number, budget: number): number {
  const weight = Math.min(1, Math.max(0, OWN - OWN_STEP * (3 + Math.log10(budget))));
  return own ** weight * general ** (1 - weight);
}

/** Whether an anomalous reading begins an alarm; if so that is noted. */
function begins(
  state: Float64Array,
  at: number,
  rate: number,
  limit: number,
  budget: number,
  age: number,
): boolean {
  const last = state[at + LAST_ALARM], since = last > 0 ? age - last : Infinity;
  const fade = Math.min(FADE_BUDGET / budget, FADE_LEAST + FADE_AGE * age);
  const fatigue = last > 0 ? state[at + WEARINESS] * Math.exp(-since / fade) : 0;
  if (rate > limit * 10 ** (-FATIGUE * fatigue)) return false;
  if (since <= restAfter(budget, age) && rate > RARER * state[at + LAST_RATE]) return false;
  state[at + LAST_ALARM] = age;
  state[at + LAST_RATE] = rate;
  state[at + WEARINESS] = Math.min(FATIGUE_MOST, fatigue + 1);
  return true;
}
