/**
 * One sensor's judgement in a backtest: its channels' surprises, the alert budget, and what there is to explain.
 *
 * @module
 */
import type { Reading } from "../actors/reading.ts";
import { type Budget, budgetPerReading } from "../models/budget/budget.ts";
import { combine, KNEE } from "../models/budget/combiner.ts";
import { INTERVAL_DOUBLES, intervalLearn, intervalMs } from "../models/budget/interval.ts";
import { equivalentSurprise } from "../models/budget/rate.ts";
import { BudgetRule, readyAge, RULE_DOUBLES, ruleAge, strengthOf } from "../models/budget/rule.ts";
import { calibrate, CALIBRATION_FLOATS } from "../models/surprise/calibration.ts";
import { surpriseLaw } from "../models/surprise/law.ts";
import { FULL, LIGHT, Surprise, SURPRISE_MOST, VIEWS } from "../models/surprise/surprise.ts";
import type { Direction } from "../models/surprise/two_sided.ts";
import { LocalTime, type Zone } from "../models/zone.ts";

/** What a backtest judges by. */
export interface JudgeSettings {
  readonly budget: Budget;
  /** Half the time and a third of the memory, a little less found. */
  readonly light: boolean;
  /** Which deviations of a value count. */
  readonly direction: Direction;
  /** Zone of daily and weekly profiles. */
  readonly zone: Zone;
}

/** Why a reading was not judged: it is behind its sensor's time, or there already. */
export type Passed = "late" | "duplicate";

/** What was concluded from one reading. The object is used again for the next one. */
export interface Verdict {
  /** Set if the reading was not judged: then nothing was learnt and the rest is empty. */
  passed: Passed | undefined;
  /** 0..1; one normal reading in a hundred exceeds 0.99. */
  score: number;
  anomalous: boolean;
  /** 0, or the strength in 0..1 of the alarm that begins. */
  alarm: number;
  /** Share of normal readings that are as unusual; 1 if it is not unusual. */
  rate: number;
  /** Alarms a reading that the budget allows this sensor. */
  budget: number;
  /** Surprise of the most unusual channel, 0..10. */
  surprise: number;
  /** Index of the channel that contributes most; −1 if none has a value. */
  channel: number;
  /** Part of the warm-up that is done, 0..1, and about how long the rest takes, ms; NaN while the rhythm is unknown. */
  warm: number;
  warmMs: number;
}

/** One channel's state and what was said of its last value. */
interface ChannelState {
  readonly name: string;
  readonly floats: Float32Array;
  readonly doubles: Float64Array;
  readonly views: Float64Array;
  time: number;
  value: number;
  surprise: number;
  expected: number;
  low: number;
  high: number;
}

/** The plans that all sensors of a backtest share. */
export class JudgePlan {
  readonly surprise: Surprise;
  readonly rule: BudgetRule = new BudgetRule();
  readonly local: LocalTime;

  constructor(readonly settings: JudgeSettings) {
    this.surprise = new Surprise(settings.light ? LIGHT : FULL);
    this.local = new LocalTime(settings.zone);
  }
}

/** Judges one sensor's readings in order. */
export class SensorJudge {
  /** The last verdict. */
  readonly verdict: Verdict = {
    passed: undefined,
    score: 0,
    anomalous: false,
    alarm: 0,
    rate: 1,
    budget: 0,
    surprise: 0,
    channel: -1,
    warm: 0,
    warmMs: 0,
  };
  /** Channels in the order in which they came. */
  readonly channels: ChannelState[] = [];

  readonly #index = new Map<string, number>();
  readonly #rule = new Float64Array(RULE_DOUBLES);
  readonly #interval = new Float64Array(INTERVAL_DOUBLES);
  readonly #calibration = new Float32Array(CALIBRATION_FLOATS);
  #held = new Float64Array(0);
  #surprises = new Float64Array(0);
  #time = -Infinity;

  constructor(private readonly plan: JudgePlan) {}

  /** Readings that were judged. */
  get readings(): number {
    return ruleAge(this.#rule, 0);
  }

  /** Surprise of a channel as it is held for the explanation: what is a few readings old still counts. */
  held(channel: number): number {
    return this.#held[channel];
  }

  /** Judges a reading, then learns it. */
  judge(reading: Reading): Verdict {
    const { verdict } = this;
    verdict.score = verdict.alarm = verdict.surprise = 0;
    verdict.anomalous = false;
    verdict.rate = 1;
    verdict.channel = -1;
    verdict.passed = this.#pass(reading);
    if (verdict.passed !== undefined) return verdict;
    this.#time = reading.time;
    intervalLearn(this.#interval, 0, reading.time);
    this.#surprise(reading);
    this.#conclude();
    return verdict;
  }

  #pass({ time, values }: Reading): Passed | undefined {
    if (time < this.#time) return "late";
    if (time > this.#time) return undefined;
    const there = Object.keys(values).some((name) => {
      const channel = this.#index.get(name);
      return channel !== undefined && this.channels[channel].time === time && values[name] !== null;
    });
    return there ? "duplicate" : undefined;
  }

  /** Every channel's surprise of this reading; NaN where it has no value. */
  #surprise({ time, values }: Reading): void {
    const { surprise: plan, local, settings } = this.plan, clock = local.of(time);
    this.#surprises.fill(NaN);
    for (const name in values) {
      const value = values[name];
      if (value === null) continue;
      const index = this.#index.get(name) ?? this.#newChannel(name), channel = this.channels[index];
      channel.surprise = plan.step(channel.floats, 0, channel.doubles, 0, clock, value, settings.direction);
      channel.time = time;
      channel.value = value;
      channel.views.set(plan.views);
      ({ expected: channel.expected, low: channel.low, high: channel.high } = plan.band);
      this.#surprises[index] = channel.surprise;
    }
  }

  #newChannel(name: string): number {
    const { floats, doubles } = this.plan.surprise, index = this.channels.length;
    this.#index.set(name, index);
    this.channels.push({
      name,
      floats: new Float32Array(floats),
      doubles: new Float64Array(doubles),
      views: new Float64Array(VIEWS.length),
      time: NaN,
      value: NaN,
      surprise: 0,
      expected: NaN,
      low: NaN,
      high: NaN,
    });
    const held = new Float64Array(index + 1), surprises = new Float64Array(index + 1).fill(NaN);
    held.set(this.#held);
    surprises.set(this.#surprises);
    this.#held = held;
    this.#surprises = surprises;
    return index;
  }

  /** From the channels' surprises to the sensor's verdict. */
  #conclude(): void {
    const { verdict } = this, count = Math.max(1, this.channels.length);
    const interval = intervalMs(this.#interval, 0);
    const z = combine(this.#held, 0, this.channels.length, this.#surprises);
    const budget = verdict.budget = budgetPerReading(this.plan.settings.budget, interval);
    const began = this.plan.rule.step(this.#rule, 0, count, z, budget);
    const { rate, anomalous } = this.plan.rule, age = ruleAge(this.#rule, 0);
    let most = 0, first = -1;
    for (let c = 0; c < this.channels.length; c++) {
      const surprise = this.#surprises[c];
      if (surprise !== surprise) continue;
      if (surprise > most) most = surprise;
      if (first < 0 || this.#held[c] > this.#held[first]) first = c;
    }
    const joined = z > 0 ? Math.max(KNEE, equivalentSurprise(z, count)) : most;
    verdict.score = calibrate(this.#calibration, 0, joined / SURPRISE_MOST, surpriseLaw(joined, age));
    verdict.anomalous = anomalous;
    verdict.rate = rate;
    verdict.alarm = began ? strengthOf(rate) : 0;
    verdict.surprise = most;
    verdict.channel = first;
    const ready = readyAge(budget);
    verdict.warm = Math.min(1, age / ready);
    verdict.warmMs = interval > 0 ? Math.max(0, ready - age) * interval : NaN;
  }
}
