/**
 * The shared models as a shard uses them: the second pass over a batch scores all its readings at once, group by group.
 *
 * A group is the sensors of a partition that share models: those of a type, with the same channels. Which version is in
 * use changes between batches only, at positions that are recorded.
 *
 * @module
 */
import type { IsolationForest } from "../models/forest.ts";
import { readForest } from "../models/forest_bytes.ts";
import { CHANNEL_FEATURES, forestFeatures, HOUR_FEATURES } from "../models/forest_features.ts";
import { hashText } from "../models/hash.ts";
import { LogisticModel } from "../models/logistic/model.ts";
import { SAMPLE_MOST, SampleFilter, sampleKey } from "../models/sample.ts";
import { calibrate } from "../models/surprise/calibration.ts";
import type { ModelFamily, ModelSwitch } from "./batch.ts";
import { decodeWeights } from "./federation/weights.ts";
import type { GlobalNetwork, SensorActor } from "./sensor/actor.ts";
import { place } from "./sensor/judge.ts";
import { BIT, CALIBRATED, HEADER } from "./sensor/layout.ts";
import type { Plan } from "./sensor/plan.ts";
import { Doubles, type Outputs, rowLength, writeFeatures } from "./sensor/outputs.ts";
import type { FeatureContribution } from "./views.ts";
import { VERDICT, VERDICT_CHANNEL, VERDICT_HEAD } from "./sensor/verdict.ts";

/** Doubles of a sample record before its row: plan, key, position, sensor's id, length of the row. */
export const SAMPLE_HEAD = 5;

/**
 * What a forest's calibration spreads over its bins: its scores from a little below its threshold on. Relative to that,
 * scores of a forest that was grown anew go on where those of the one before ended.
 */
const FOREST_BELOW = 0.1, FOREST_SPAN = 0.4;
/** Above its threshold a forest's scores become rarer by e each time they are so much higher. */
const FOREST_SCALE = 0.03;
/** Logarithms of odds that a logistic model's calibration spreads over its bins, half of them below 0. */
const LOGIT_SPAN = 14;
/** Part of normal readings that pass its threshold; beyond it they become rarer as odds grow: a prior belief. */
const LOGISTIC_PASSED = 0.05;

/** Features that are told of a forest's score. */
const FEATURES_TOLD = 5;

/** A version in use. */
interface InUse<T> {
  readonly model: T;
  readonly version: number;
}

/** Undefined for one whose samples differed in nothing but the hour: it would call every new hour anomalous. */
function forestInUse(model: IsolationForest, version: number): InUse<IsolationForest> | undefined {
  const { splits, thresholds } = model.trees;
  return splits.some((feature, at) => feature >= HOUR_FEATURES && thresholds[at] < Infinity)
    ? { model, version }
    : undefined;
}

/** What a group shares, and its readings of the batch under way. */
class Group {
  forest?: InUse<IsolationForest>;
  logistic?: InUse<LogisticModel>;
  network?: GlobalNetwork;
  readonly filter: SampleFilter = new SampleFilter(SAMPLE_MOST);
  /** Rows of the batch, one behind the other, and where their verdicts are. */
  readonly rows: Doubles = new Doubles(64);
  readonly verdicts: number[] = [];
  scores: Float64Array = new Float64Array(64);
  /** For each feature of the logistic model where it is in a row, −1 for one that the group lacks. */
  logisticAt: number[] = [];
  private readonly supervised: Float64Array = new Float64Array(256);

  constructor(readonly plan: Plan) {}

  /** Puts a version to use. */
  use({ family, version, bytes }: ModelSwitch): void {
    if (family === "forest") this.forest = forestInUse(readForest(bytes), version);
    if (family === "network") this.network = { weights: decodeWeights(bytes).weights, version };
    if (family === "logistic") {
      const model = LogisticModel.fromBytes(bytes), sorted = Array.from(this.plan.sorted, (c) => this.plan.channels[c]);
      this.logistic = { model, version };
      this.logisticAt = model.features.map((name) => {
        const channel = sorted.indexOf(name);
        return channel < 0 ? -1 : HOUR_FEATURES + channel * CHANNEL_FEATURES;
      });
    }
  }

  /** The probability that the logistic model gives a row; NaN where it lacks one of its features, or has it out of range. */
  probability(row: Float64Array, at: number): number {
    if (!this.logistic) return NaN;
    const { features } = this.logistic.model.form, { supervised, logisticAt } = this;
    for (let i = 0; i < features.length; i++) {
      const value = logisticAt[i] < 0 ? NaN : row[at + logisticAt[i]];
      if (!(value >= features[i].low && value <= features[i].high)) return NaN;
      supervised[i] = value;
    }
    return this.logistic.model.predict(supervised, 0);
  }
}

/** The shared models of one shard. */
export class SharedModels {
  private readonly partitions = new Map<string, Map<string, Group>>();
  /** Of each partition: its groups by number of the plan. */
  private readonly byPlan = new Map<string, (Group | undefined)[]>();
  /** Switches for groups that have no reading yet. */
  private readonly waiting = new Map<string, ModelSwitch[]>();
  /** Hashes of the sensors' names, by number. */
  private readonly names: number[] = [];

  /**
   * @param memoryMs age of a sample at which it counts e times less
   * @param plans those of the shard by their numbers; it grows
   */
  constructor(private readonly memoryMs: number, private readonly plans: readonly Plan[]) {}

  /** Puts versions to use from the next reading of the partition on. */
  switch(partition: string, switches: readonly ModelSwitch[]): void {
    for (const one of switches) {
      const group = this.partitions.get(partition)?.get(one.group);
      if (group) group.use(one);
      const key = `${partition}\n${one.group}`;
      this.waiting.set(key, [...(this.waiting.get(key) ?? []).filter(({ family }) => family !== one.family), one]);
    }
  }

  /** Lets go of what belongs to a partition: versions in use, and how far its samples are filtered. */
  forget(partition: string): void {
    this.partitions.delete(partition);
    this.byPlan.delete(partition);
    for (const key of this.waiting.keys()) if (key.startsWith(`${partition}\n`)) this.waiting.delete(key);
  }

  /** The network that a group shares. */
  global(partition: string, plan: Plan): GlobalNetwork | undefined {
    return this.groupOf(partition, plan.number).network;
  }

  /** What each feature of a sensor's last reading did to its forest's score, those that raised it most first; none without a forest. */
  contributions(actor: SensorActor): readonly FeatureContribution[] {
    const { plan, partition, state } = actor;
    if (!plan.judge || plan.channels.length === 0 || state[HEADER.greatest] < 0) return [];
    const { forest } = this.groupOf(partition, plan.number);
    if (!forest) return [];
    const row = new Float64Array(rowLength(actor)), parts = new Float64Array(row.length);
    writeFeatures(actor, state[HEADER.greatest], row, 0);
    forest.model.contribute(row, 0, parts);
    return forest.model.features.map((feature, i) => ({ feature, part: parts[i] }))
      .filter(({ part }) => part > 0).sort((a, b) => b.part - a.part).slice(0, FEATURES_TOLD);
  }

  /** Scores the verdicts of a batch that have a row, and gives out candidates for the samples. */
  score(partition: string, out: Outputs, actors: readonly (SensorActor | undefined)[]): void {
    const { verdicts: { array, length } } = out, touched = new Set<Group>();
    for (let at = 0; at < length; at += VERDICT_HEAD + array[at + VERDICT.channels] * VERDICT_CHANNEL) {
      const row = array[at + VERDICT.row], actor = actors[array[at]];
      if (row < 0 || !actor) continue;
      const group = this.groupOf(partition, array[at + VERDICT.plan]);
      touched.add(group);
      this.gather(group, out, at, row, actor);
    }
    for (const group of touched) this.scoreGroup(group, array, actors);
  }

  private groupOf(partition: string, number: number): Group {
    let byPlan = this.byPlan.get(partition);
    if (!byPlan) this.byPlan.set(partition, byPlan = []);
    const known = byPlan[number];
    if (known) return known;
    const plan = this.plans[number];
    let groups = this.partitions.get(partition);
    if (!groups) this.partitions.set(partition, groups = new Map());
    let group = groups.get(plan.group);
    if (!group) {
      groups.set(plan.group, group = new Group(plan));
      for (const one of this.waiting.get(`${partition}\n${plan.group}`) ?? []) group.use(one);
    }
    return byPlan[number] = group;
  }

  /** Puts a row among those of its group, and offers it to the sample. */
  private gather(group: Group, out: Outputs, at: number, row: number, actor: SensorActor): void {
    const { array } = out.verdicts, width = HOUR_FEATURES + array[at + VERDICT.channels] * CHANNEL_FEATURES;
    const to = group.rows.claim(width), rows = out.rows.array;
    for (let i = 0; i < width; i++) group.rows.array[to + i] = rows[row + i];
    group.verdicts.push(at);
    const hash = this.names[actor.id] ??= hashText(actor.name), position = array[at + VERDICT.position];
    const key = sampleKey(hash, position, array[at + VERDICT.time], this.memoryMs);
    if (!group.filter.offer(key)) return;
    const sample = out.samples.claim(SAMPLE_HEAD + width), into = out.samples.array;
    into[sample] = array[at + VERDICT.plan];
    into[sample + 1] = key;
    into[sample + 2] = position;
    into[sample + 3] = actor.id;
    into[sample + 4] = width;
    for (let i = 0; i < width; i++) into[sample + SAMPLE_HEAD + i] = rows[row + i];
  }

  private scoreGroup(group: Group, verdict: Float64Array, actors: readonly (SensorActor | undefined)[]): void {
    const { rows, verdicts, forest, logistic } = group, count = verdicts.length, width = rows.length / count;
    if (group.scores.length < count) group.scores = new Float64Array(2 * count);
    if (forest) forest.model.score(rows.array, count, group.scores);
    for (let i = 0; i < count; i++) {
      const at = verdicts[i], actor = actors[verdict[at]];
      if (!actor) continue;
      if (forest) sayForest(actor, verdict, at, forest, group.scores[i]);
      if (logistic) sayLogistic(actor, verdict, at, logistic, group.probability(rows.array, i * width));
    }
    rows.length = verdicts.length = 0;
  }
}

function sayForest(
  { floats }: SensorActor,
  verdict: Float64Array,
  at: number,
  { model, version }: InUse<IsolationForest>,
  score: number,
): void {
  const { threshold, trees: { contamination } } = model;
  const prior = Math.min(1, contamination * Math.exp((threshold - score) / FOREST_SCALE));
  const part = Math.max(0, score - threshold + FOREST_BELOW) / FOREST_SPAN;
  const calibrated = verdict[at + VERDICT.forest] = calibrate(floats, place(CALIBRATED.forest), part, prior);
  verdict[at + VERDICT.forestVersion] = version;
  // The hour goes on where the samples end, and a sensor may be unlike its kind: then most readings pass the threshold.
  if (score > threshold && calibrated > 1 - contamination) verdict[at + VERDICT.bits] |= BIT.forest;
}

function sayLogistic(
  { floats }: SensorActor,
  verdict: Float64Array,
  at: number,
  { model, version }: InUse<LogisticModel>,
  probability: number,
): void {
  if (probability !== probability) return;
  const odds = oddsOf(probability), limit = oddsOf(model.threshold);
  const part = 0.5 + Math.log(odds) / LOGIT_SPAN, prior = Math.min(1, LOGISTIC_PASSED * limit / odds);
  verdict[at + VERDICT.logistic] = calibrate(floats, place(CALIBRATED.logistic), part, prior);
  verdict[at + VERDICT.logisticVersion] = version;
  if (probability >= model.threshold) verdict[at + VERDICT.bits] |= BIT.logistic;
}

/** Finite, and above 0. */
function oddsOf(probability: number): number {
  const inside = Math.min(1 - 1e-9, Math.max(1e-9, probability));
  return inside / (1 - inside);
}

/** Names of the features of a group's rows. */
export function groupFeatures(channels: readonly string[]): string[] {
  return forestFeatures([...channels].sort());
}

/** Every family of shared models. */
export const FAMILIES: readonly ModelFamily[] = ["forest", "network", "logistic"];
