/**
 * For each detector the kind of anomaly that it is made for, in a made-up stream: seeded, the same every time.
 *
 * @module
 */
import type { Judging } from "../../actors/config.ts";
import type { DetectorName } from "../../actors/detectors.ts";
import type { NewModel } from "../../actors/model_registry.ts";
import type { Reading } from "../../actors/reading.ts";
import { trainLogistic } from "../../models/logistic/train.ts";
import { normalAt } from "../../models/random.ts";
import { judging } from "./rig.ts";

/** 2026-01-01T00:00:00Z. */
export const START = 1_767_225_600_000;
/** Between a sensor's readings. */
export const STEP_MS = 60_000;
/** Sensors of a scene, and readings of each. */
export const SENSORS = 2, LENGTH = 1_100;
/** Reading of a sensor from which on anomalies come. */
const FROM = 450;
/** Readings from one to the next: often, for those that score alone; and rarely, as a budget allows. */
const OFTEN = 37, RARELY = 149;

/** A stream with anomalies of one kind. */
export interface Scene {
  readonly judging: Judging;
  readonly registered?: Readonly<Record<string, NewModel>>;
  readonly readings: readonly Reading[];
  /** Readings that are anomalous, and those of the time before which say nothing of them. */
  readonly anomalous: readonly number[];
  readonly normal: readonly number[];
}

/** Two channels that move together, as they usually are. */
function usual(seed: number, sensor: number, i: number): { a: number; b: number } {
  const load = normalAt(seed, i, 10 * sensor);
  return {
    a: 20 + load + 0.2 * normalAt(seed, i, 10 * sensor + 1),
    b: 2 * load + 0.4 * normalAt(seed, i, 10 * sensor + 2),
  };
}

/** What an anomaly makes of a usual reading. */
type Channel = Judging["types"][string]["channels"][string];
type Alter = (values: { a: number; b: number }) => { a: number; b: number };

function scene(seed: number, alter: Alter, channel: Channel = {}, every = OFTEN): Scene {
  const readings: Reading[] = [], anomalous: number[] = [], normal: number[] = [];
  for (let i = 0; i < LENGTH; i++) {
    for (let s = 0; s < SENSORS; s++) {
      const wrong = i >= FROM && (i + 11 * s) % every === 0, after = (i + 11 * s) % every <= 12;
      if (wrong) anomalous.push(readings.length);
      else if (i >= FROM && !after) normal.push(readings.length);
      const values = usual(seed, s, i);
      readings.push({
        sensor: `pump-${s}`,
        time: START + i * STEP_MS,
        type: "pump",
        values: wrong ? alter(values) : values,
      });
    }
  }
  const seldom = { everyMs: 3 * 3_600_000 }; // to train less often costs less, and goes through as many versions as it takes
  const types = { pump: { channels: { a: channel, b: {} } } };
  return { judging: judging({ types, forest: seldom, federation: seldom }), readings, anomalous, normal };
}

/** A model that was trained from labels of the same kind. */
function labelled(seed: number, alter: Alter): NewModel {
  const rows = 600, table = { features: ["a", "b"], rows: new Float64Array(2 * rows), labels: new Uint8Array(rows) };
  for (let i = 0; i < rows; i++) {
    const wrong = i % 4 === 0, values = usual(seed + 1_000, 0, i), { a, b } = wrong ? alter(values) : values;
    table.rows.set([a, b], 2 * i);
    table.labels[i] = wrong ? 1 : 0;
  }
  return {
    kind: "logistic",
    scope: "global",
    lineage: { data: "made up", rows, configuration: {}, seed },
    metrics: {},
    bytes: trainLogistic(table, { seed }).model.toBytes(),
  };
}

const HOTTER: Alter = ({ a, b }) => ({ a: a + 2.5, b: b + 5 });

/** Scenes by detector: one that has none does not compile. */
export const SCENES: Readonly<Record<DetectorName, (seed: number) => Scene>> = {
  limit: (seed) => scene(seed, ({ b }) => ({ a: 40, b }), { low: 0, high: 35 }),
  warning: (seed) => scene(seed, ({ b }) => ({ a: 32, b }), { warnLow: 5, warnHigh: 30 }),
  rate: (seed) => scene(seed, ({ b }) => ({ a: 50, b }), { rateMost: 0.3 }),
  physical: (seed) => scene(seed, ({ b }) => ({ a: -300, b }), { physicalLow: -273.15 }),
  zscore: (seed) => scene(seed, ({ a, b }) => ({ a: a + 7, b })),
  surprise: (seed) => scene(seed, ({ a, b }) => ({ a: a + 12, b }), {}, RARELY),
  forest: (seed) => scene(seed, ({ a, b }) => ({ a: a + 4, b: b - 8 })),
  network: (seed) => scene(seed, ({ a, b }) => ({ a, b: b > 0 ? b - 6 : b + 6 })),
  logistic: (seed) => ({ ...scene(seed, HOTTER), registered: { pump: labelled(seed, HOTTER) } }),
  budget: (seed) => {
    const rare = scene(seed, ({ a, b }) => ({ a: a + 12, b: b - 30 }), {}, RARELY);
    return { ...rare, judging: { ...rare.judging, budget: { perReading: 5e-3 } } };
  },
};
