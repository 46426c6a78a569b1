/** @module */
import { SCORING } from "../../actors/detectors.ts";
import type { NewModel } from "../../actors/model_registry.ts";
import type { Reading } from "../../actors/reading.ts";
import { LogisticModel } from "../../models/logistic/model.ts";
import { normalAt, uniformAt } from "../../models/random.ts";
import { assert, assertGreater, assertLess } from "../../std/assert.ts";
import { judge, judging } from "./rig.ts";
import { START, STEP_MS } from "./scenes.ts";

/** Readings of a day. */
const DAY = 86_400_000 / STEP_MS;
const SENSORS = 3;
/** Readings of each sensor; those counted begin here. */
const LENGTH = 5_000, FROM = 1_500;

/** The next value, in order. */
type Next = (i: number) => number;

/** Kinds of normal signals. */
const KINDS: Readonly<Record<string, (seed: number) => Next>> = {
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

Deno.test("scores of every detector exceed 0.99 in about one normal reading of a hundred", async () => {
  const all = new Map<string, number[]>();
  for (const [kind, make] of Object.entries(KINDS)) {
    const readings: Reading[] = [], sources = Array.from({ length: SENSORS }, (_, s) => make(s + 1));
    for (let i = 0; i < LENGTH; i++) {
      for (let s = 0; s < SENSORS; s++) {
        readings.push({ sensor: `pump-${s}`, time: START + i * STEP_MS, type: "pump", values: { a: sources[s](i) } });
      }
    }
    const judged = await judge(readings, {
      judging: judging({ types: { pump: { channels: { a: {} } } }, forest: { everyMs: 3_600_000 } }),
      registered: { pump: labelled },
    });
    for (const detector of SCORING) {
      let spoken = 0, above = 0;
      for (let i = FROM * SENSORS; i < readings.length; i++) {
        const score = judged.score(i, detector);
        if (Number.isNaN(score)) continue;
        spoken++;
        if (score > 0.99) above++;
      }
      const share = above / spoken;
      assertGreater(spoken, 0.99 * (LENGTH - FROM) * SENSORS, `${detector.name} on ${kind}`);
      assert(share < 0.02, `${detector.name} on ${kind}: ${share}`);
      all.set(detector.name, [...all.get(detector.name) ?? [], share]);
    }
  }
  for (const [name, shares] of all) {
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    assertGreater(mean, 0.003, name);
    assertLess(mean, 0.016, name);
  }
});
