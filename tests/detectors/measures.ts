/**
 * What is measured of detectors, by tests and by `deno task bench detector_costs`: how often scores of normal readings
 * exceed 0.99, and how long a lasting change of level keeps a sensor anomalous.
 *
 * @module
 */
import { SCORING, type ScoringName } from "../../actors/detectors.ts";
import type { NewModel } from "../../actors/model_registry.ts";
import type { Reading } from "../../actors/reading.ts";
import { BIT } from "../../actors/sensor/layout.ts";
import { VERDICT } from "../../actors/sensor/verdict.ts";
import { LogisticModel } from "../../models/logistic/model.ts";
import { normalAt, uniformAt } from "../../models/random.ts";
import { judge, judging } from "./rig.ts";
import { START, STEP_MS } from "./scenes.ts";

/** Readings of a day. */
const DAY = 86_400_000 / STEP_MS;
const SENSORS = 3;
/** Readings of each sensor; those counted begin here. */
const LENGTH = 5_000, FROM = 1_500;

/** The next value, in order. */
type Next = (i: number) => number;

/** Kinds of signals in which nothing is ever wrong. */
export const KINDS: Readonly<Record<string, (seed: number) => Next>> = {
  normal: (seed) => (i) => normalAt(seed, i),
  exponential: (seed) => (i) => -Math.log(1 - uniformAt(seed, i)),
  "heavy tails": (seed) => (i) => {
    const squares = normalAt(seed, i, 1) ** 2 + normalAt(seed, i, 2) ** 2 + normalAt(seed, i, 3) ** 2;
    return normalAt(seed, i) / Math.sqrt(squares / 3);
  },
  "slow swings": (seed) => {
    let x = 0;
    return (i) => x = 0.95 * x + normalAt(seed, i);
  },
  "a day's season": (seed) => (i) => 10 * Math.sin(2 * Math.PI * i / DAY) + normalAt(seed, i),
  "on and off": (seed) => (i) => i % 37 < 12 ? 5 + 0.2 * normalAt(seed, i) : 0,
};

/** A model that calls high values of `a` abnormal. */
const labelled: NewModel = {
  kind: "logistic",
  scope: "global",
  lineage: { data: "made by hand", rows: 0, configuration: {}, seed: 0 },
  metrics: {},
  bytes: new LogisticModel({
    format: "sensorium.logistic",
    version: 1,
    features: [{ name: "a", mean: 0, deviation: 3, low: -1e6, high: 1e6 }],
    terms: [{ of: [0], mean: 0, deviation: 1, coefficient: 2 }],
    intercept: -4,
    threshold: 0.5,
  }).toBytes(),
};

/** By detector the share of a kind's normal readings whose score exceeds 0.99. @throws {Error} if one is silent */
export async function sharesAbove(kind: string): Promise<Map<ScoringName, number>> {
  const readings: Reading[] = [], sources = Array.from({ length: SENSORS }, (_, s) => KINDS[kind](s + 1));
  for (let i = 0; i < LENGTH; i++) {
    for (let s = 0; s < SENSORS; s++) {
      readings.push({ sensor: `pump-${s}`, time: START + i * STEP_MS, type: "pump", values: { a: sources[s](i) } });
    }
  }
  const judged = await judge(readings, {
    judging: judging({ types: { pump: { channels: { a: {} } } }, forest: { everyMs: 3_600_000 } }),
    registered: { pump: labelled },
  });
  return new Map(SCORING.map((detector) => {
    let spoken = 0, above = 0;
    for (let i = FROM * SENSORS; i < readings.length; i++) {
      const score = judged.score(i, detector);
      if (Number.isNaN(score)) continue;
      spoken++;
      if (score > 0.99) above++;
    }
    if (spoken < 0.99 * (LENGTH - FROM) * SENSORS) {
      throw new Error(`${detector.name} says little of ${kind}: ${spoken}`);
    }
    return [detector.name, above / spoken];
  }));
}

/** What follows a lasting change of level, in readings since it. */
export interface Adaptation {
  /** First reading that is anomalous. */
  readonly noticed: number;
  /** From here on 95 of 100 readings lie in the expected band. */
  readonly band: number;
  /** When the alarm that was raised for it is cleared. */
  readonly cleared: number;
  /** Alarms raised within {@linkcode AFTER} readings. */
  readonly alarms: number;
}

/** Readings after a change that are looked at. */
export const AFTER = 1_000;

/**
 * How a sensor with a daily season takes it when its level changes for good.
 *
 * @param age readings before the change
 * @param by how far the level moves, in standard deviations of its noise
 */
export async function adaptation(age: number, by: number, seed: number): Promise<Adaptation> {
  const readings: Reading[] = Array.from({ length: age + AFTER + 100 }, (_, i) => {
    const season = 3 * Math.sin(2 * Math.PI * i / DAY), level = 20 + (i >= age ? by : 0);
    return { sensor: "pump-0", time: START + i * STEP_MS, values: { a: level + season + normalAt(seed, i) } };
  });
  const judged = await judge(readings, {
    judging: judging({ budget: { perReading: 1e-3 }, forest: { everyMs: 3_600_000 } }),
  });
  const bits = (i: number) => judged.number(i, VERDICT.bits);
  const inside = Array.from({ length: AFTER + 100 }, (_, k) => {
    const [low, high] = judged.view(age + k).expected?.a ?? [NaN, NaN], value = readings[age + k].values.a ?? NaN;
    return value >= low && value <= high;
  });
  const since = Array.from({ length: AFTER }, (_, k) => k);
  const clears = judged.alerts.find(({ condition, transition, time }) =>
    condition === "anomaly" && transition === "cleared" && time >= readings[age].time
  );
  return {
    noticed: since.findIndex((k) => (bits(age + k) & BIT.anomalous) !== 0),
    band: since.findIndex((k) => inside[k] && inside.slice(k, k + 100).filter(Boolean).length >= 95),
    cleared: clears ? (clears.time - readings[age].time) / STEP_MS : Infinity,
    alarms: since.filter((k) => (bits(age + k) & BIT.alarm) !== 0).length,
  };
}
