/**
 * What detectors cost, how well their scores are calibrated, and how long a change of level lasts for them:
 * `deno task bench detector_costs [--document=docs/detectors.md]`.
 *
 * Time a reading and bytes of state, by detector, of one sensor with one and with four channels; and all of it together as
 * a shard does it, full, light and rules alone. Processor time, the best of several runs. Tables in Markdown.
 *
 * @module
 */
import { DETECTORS, SCORING } from "../actors/detectors.ts";
import { judgingSchema } from "../actors/config.ts";
import { BatchBuilder } from "../actors/batch_builder.ts";
import type { SensorActor } from "../actors/sensor/actor.ts";
import { beginReading, judgeSensor, judgeValue } from "../actors/sensor/judge.ts";
import { emptyFloats, emptyState } from "../actors/sensor/state.ts";
import { makePlan, type Plan } from "../actors/sensor/plan.ts";
import { followNetwork } from "../actors/sensor/network.ts";
import { Shard } from "../actors/shard.ts";
import { FEATURE_LENGTH, pushValue, zScore } from "../models/features.ts";
import { CHANNEL_FEATURES, forestFeatures, HOUR_FEATURES, writeChannel, writeHour } from "../models/forest_features.ts";
import { trainForest } from "../models/forest_train.ts";
import { normalAt } from "../models/random.ts";
import { type Adaptation, adaptation, KINDS, sharesAbove } from "../tests/detectors/measures.ts";
import { show } from "./measure/document.ts";
import { table, whole } from "./measure/markdown.ts";
import { best, measure, type Taken } from "./_measure.ts";

const START = 1_767_225_600_000, STEP_MS = 60_000, RUNS = 3;
/** Readings before time is taken, and readings of which it is. */
const WARM = 20_000, COUNT = 60_000;
const SETTINGS = ["full", "light", "rules"] as const;

/** A channel's value: daily season and noise. */
function valueAt(i: number, channel: number): number {
  return 20 + 5 * Math.sin(2 * Math.PI * i / 1_440) + normalAt(channel, i);
}

function channelNames(channels: number): string[] {
  return Array.from({ length: channels }, (_, c) => `c${c}`);
}

function actorOf(plan: Plan): SensorActor {
  return {
    id: 0,
    name: "pump-0",
    partition: "p",
    place: -1,
    plan,
    state: emptyState(plan),
    floats: emptyFloats(plan),
  };
}

/** Takes the time of what is done for reading `i`, ns, after {@linkcode WARM} of them. */
async function nanoseconds(make: () => (i: number) => void): Promise<number> {
  const { busy } = await best(RUNS, (): Promise<Taken> => {
    const step = make();
    for (let i = 0; i < WARM; i++) step(i);
    return measure(() => {
      for (let i = WARM; i < WARM + COUNT; i++) step(i);
    });
  });
  return 1e9 * busy / COUNT;
}

/** Values of all readings, made beforehand. */
function valuesOf(channels: number): Float64Array {
  return Float64Array.from(
    { length: (WARM + COUNT) * channels },
    (_, k) => valueAt(Math.floor(k / channels), k % channels),
  );
}

/** Rows of features of all readings. */
function rowsOf(channels: number, values: Float64Array): Float64Array {
  const width = HOUR_FEATURES + channels * CHANNEL_FEATURES, rows = new Float64Array(width * (WARM + COUNT));
  const features = new Float64Array(channels * FEATURE_LENGTH);
  for (let i = 0; i < WARM + COUNT; i++) {
    writeHour(rows, i * width, START + i * STEP_MS);
    for (let c = 0; c < channels; c++) {
      pushValue(features, c * FEATURE_LENGTH, values[i * channels + c], START + i * STEP_MS);
      writeChannel(rows, i * width, c, values[i * channels + c], features, c * FEATURE_LENGTH);
    }
  }
  return rows;
}

/** Time of a detector alone, ns a reading of so many channels; undefined for one whose rules are but a comparison. */
async function timeOf(name: string, setting: "full" | "light", channels: number): Promise<number | undefined> {
  const plan = makePlan(judgingSchema.parse({ detectors: setting }), undefined, channelNames(channels)),
    { judge } = plan;
  const values = valuesOf(channels), width = HOUR_FEATURES + channels * CHANNEL_FEATURES;
  if (!judge) return undefined;
  switch (name) {
    case "zscore":
      return await nanoseconds(() => {
        const state = new Float64Array(channels * FEATURE_LENGTH);
        let sum = 0;
        return (i) => {
          for (let c = 0; c < channels; c++) {
            sum += zScore(state, c * FEATURE_LENGTH, values[i * channels + c]);
            pushValue(state, c * FEATURE_LENGTH, values[i * channels + c], START + i * STEP_MS);
          }
          return sum;
        };
      });
    case "surprise":
      return await nanoseconds(() => {
        const actor = actorOf(plan);
        return (i) => {
          beginReading(channels);
          for (let c = 0; c < channels; c++) {
            judgeValue(actor, judge, c, values[i * channels + c], START + i * STEP_MS);
          }
        };
      });
    case "budget":
      return await nanoseconds(() => {
        const actor = actorOf(plan);
        return (i) => {
          beginReading(channels);
          judgeSensor(actor, judge, START + i * STEP_MS, false);
        };
      });
    case "network": {
      if (!judge.network) return undefined;
      const rows = rowsOf(channels, values);
      return await nanoseconds(() => {
        const actor = actorOf(plan);
        return (i) => followNetwork(actor, judge, rows, i * width);
      });
    }
    case "forest": {
      const rows = rowsOf(channels, values), scores = new Float64Array(COUNT), features = forestFeatures(plan.channels);
      const forest = trainForest({ features, samples: rows.slice(0, 1_000 * width), seed: 1 });
      const fresh = rows.subarray(WARM * width);
      const { busy } = await best(RUNS, () => measure(() => forest.score(fresh, COUNT, scores)));
      return 1e9 * busy / COUNT;
    }
  }
  return undefined;
}

/** Time of everything that a shard does with a reading under a setting, ns; without models that are shared. */
async function timeOfAll(setting: typeof SETTINGS[number], channels: number): Promise<number> {
  const judging = judgingSchema.parse({ detectors: setting }), names = channelNames(channels), batch = 1_000;
  const values = valuesOf(channels);
  const { busy } = await best(RUNS, async () => {
    const wanted = { verdicts: false, flags: false, history: false };
    const shard = new Shard({ judging, wanted, keepHistory: false }), builder = new BatchBuilder("p");
    const batches = Array.from({ length: (WARM + COUNT) / batch }, (_, b) => {
      for (let i = b * batch; i < (b + 1) * batch; i++) {
        const named = Object.fromEntries(names.map((name, c) => [name, values[i * channels + c]]));
        builder.addReading(0, { sensor: "pump-0", time: START + i * STEP_MS, values: named }, i, 0);
      }
      return builder.take(b === 0 ? [{ sensor: 0, name: "pump-0" }] : []);
    });
    const warm = WARM / batch;
    for (const one of batches.slice(0, warm)) shard.handle(one);
    return await measure(() => {
      for (const one of batches.slice(warm)) shard.handle(one);
    });
  });
  return 1e9 * busy / COUNT;
}

async function costs(): Promise<string> {
  const rows: string[][] = [];
  for (const { name, bytes } of DETECTORS) {
    const row: string[] = [name];
    for (const setting of ["full", "light"] as const) {
      const { sensor, channel } = bytes(
        makePlan(judgingSchema.parse({ detectors: setting }), undefined, channelNames(4)),
      );
      const one = await timeOf(name, setting, 1), four = await timeOf(name, setting, 4);
      row.push(
        whole(sensor),
        whole(channel),
        one === undefined ? "–" : whole(one),
        four === undefined ? "–" : whole(four),
      );
    }
    rows.push(row);
  }
  const each = ["B a sensor", "B a channel", "ns, 1 channel", "ns, 4 channels"];
  return table(["detector", ...each.map((what) => `full: ${what}`), ...each.map((what) => `light: ${what}`)], rows);
}

async function totals(): Promise<string> {
  const rows: string[][] = [];
  for (const setting of SETTINGS) {
    for (const channels of [1, 4]) {
      const plan = makePlan(judgingSchema.parse({ detectors: setting }), undefined, channelNames(channels));
      const bytes = emptyState(plan).byteLength + emptyFloats(plan).byteLength,
        time = await timeOfAll(setting, channels);
      rows.push([setting, String(channels), whole(bytes / channels), whole(time / channels)]);
    }
  }
  return table(["detectors", "channels", "B a channel", "ns a reading and channel"], rows);
}

async function calibration(): Promise<string> {
  const rows: string[][] = [];
  for (const kind of Object.keys(KINDS)) {
    const shares = await sharesAbove(kind);
    rows.push([kind, ...SCORING.map(({ name }) => `${(100 * (shares.get(name) ?? NaN)).toFixed(2)} %`)]);
  }
  return table(["normal readings above 0.99", ...SCORING.map(({ name }) => name)], rows);
}

async function changes(): Promise<string> {
  const rows: string[][] = [];
  for (const age of [1_000, 3_000, 10_000]) {
    for (const by of [5, 20, 100]) {
      const seen: Adaptation[] = [];
      for (const seed of [1, 2, 3]) seen.push(await adaptation(age, by, seed));
      const most = (key: "noticed" | "band" | "cleared" | "alarms") => whole(Math.max(...seen.map((one) => one[key])));
      rows.push([whole(age), String(by), most("noticed"), most("band"), most("cleared"), most("alarms")]);
    }
  }
  return table(["seen before", "deviations", "noticed", "band holds", "alarm over", "alarms"], rows);
}

function registry(): string {
  return table(
    ["detector", "judges", "finds", "needs", "flags at", "score", "from", "source"],
    DETECTORS.map(({ name, judges, finds, needs, setting, score, from, source }) => {
      return [name, judges, finds, needs, setting, score === undefined ? "no" : "yes", from, source];
    }),
    8,
  );
}

await show([
  { name: "detectors", text: registry() },
  { name: "costs", text: await costs() },
  { name: "totals", text: await totals() },
  { name: "calibration", text: await calibration() },
  { name: "changes", text: await changes() },
]);
