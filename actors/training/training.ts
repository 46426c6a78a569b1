/**
 * Training the shared models of one partition: when, from what, and which version is in use from which position on.
 *
 * At a pause everything before it is known, so what is trained there depends on the order of readings alone, and it is used
 * from there on: a live run does what its replay does. Which version came into use where is recorded with the outputs; when
 * a stretch is read again after a crash the record says it, and nothing is trained.
 *
 * @module
 */
import { writeForest } from "../../models/forest_bytes.ts";
import { FOREST_DEFAULTS, trainForest } from "../../models/forest_train.ts";
import { PARTICIPANTS_LEAST } from "../../models/federation/aggregate.ts";
import { hashText } from "../../models/hash.ts";
import { Network } from "../../models/network/network.ts";
import { hashAt } from "../../models/random.ts";
import type { ModelFamily, ModelSwitch } from "../batch.ts";
import type { Judging } from "../config.ts";
import { groupOfModel, networkModel } from "../federation/group.ts";
import type { FederationStore, RoundRecord } from "../federation/port.ts";
import { makeRound } from "../federation/round.ts";
import { decodeWeights, encodeWeights } from "../federation/weights.ts";
import { type ModelRegistry, ModelRuleError, type ModelVersion, type NewModel } from "../model_registry.ts";
import type { LocalNetwork } from "../sensor/network.ts";
import { groupFeatures } from "../shared_models.ts";
import { Pauses, type PausesRecord } from "./pauses.ts";
import { type SampleRow, TrainingSample } from "./sample.ts";

/** What training is wired to. */
export interface TrainingPorts {
  readonly registry: ModelRegistry;
  /** Where rounds are kept, and what devices outside sent for them. */
  readonly federation?: FederationStore;
}

/** A version that came into use at a position. */
export interface RecordedSwitch {
  readonly position: number;
  readonly family: ModelFamily;
  readonly group: string;
  readonly version: number;
}

/** What is stored with outputs. */
export interface TrainingRecord {
  /** Switches since the oldest cut, in order. */
  readonly switches: readonly RecordedSwitch[];
  /** Of each group the last version that was trained, and where; by family and group. */
  readonly trained: Readonly<Record<string, { readonly version: number; readonly position: number }>>;
}

/** What a cut keeps: where pauses stand, and the versions in use by family and group. */
export interface TrainingCut {
  readonly pauses: PausesRecord;
  readonly inUse: Readonly<Record<string, number>>;
}

/** Rows of a sample as they are stored. */
export interface StoredSample {
  readonly group: string;
  readonly channels: readonly string[];
  readonly rows: readonly SampleRow[];
  /** Whether these are all rows: those stored before may go. */
  readonly whole: boolean;
}

/** Part of a sample that is new before a forest is grown anew. */
const FRESH = 0.1;
/** So often only what is new of a sample is stored, before all of it is. */
const PARTS_MOST = 64;

interface GroupTraining {
  readonly sample: TrainingSample;
  /** How often a part of the sample was stored since all of it was. */
  parts: number;
}

/** The training of one partition. */
export class Training {
  readonly pauses: Pauses;
  private readonly groups = new Map<string, GroupTraining>();
  private inUse: Record<string, number> = {};
  private switches: RecordedSwitch[] = [];
  private trained: Record<string, { readonly version: number; readonly position: number }> = {};

  constructor(
    private readonly partition: string,
    private readonly judging: Judging,
    private readonly ports: TrainingPorts,
  ) {
    this.pauses = new Pauses(judging.forest.everyMs, judging.federation.everyMs);
  }

  /** Takes a candidate for the sample of a group. */
  offer(group: string, channels: readonly string[], candidate: SampleRow): void {
    let one = this.groups.get(group);
    if (!one) this.groups.set(group, one = { sample: new TrainingSample([...channels].sort()), parts: PARTS_MOST });
    one.sample.offer(candidate);
  }

  /**
   * Goes on from what was stored.
   *
   * @returns the versions that are in use from the cut on
   */
  async restore(
    cut: TrainingCut | undefined,
    record: TrainingRecord | undefined,
    samples: readonly StoredSample[],
  ): Promise<ModelSwitch[]> {
    for (const { group, channels, rows } of samples) for (const row of rows) this.offer(group, channels, row);
    for (const { sample } of this.groups.values()) sample.takeFresh(Infinity); // they are stored already
    if (record) {
      this.switches = [...record.switches];
      this.trained = { ...record.trained };
    }
    if (!cut) return [];
    this.pauses.restore(cut.pauses);
    this.inUse = { ...cut.inUse };
    return await Promise.all(
      Object.entries(cut.inUse).map(([key, version]) => {
        const [family, group] = split(key);
        return this.load(family, group, version);
      }),
    );
  }

  /** What the record says of a position that is read again. */
  again(position: number): Promise<ModelSwitch[]> {
    const recorded = this.switches.filter((one) => one.position === position);
    for (const { family, group, version } of recorded) this.inUse[keyOf(family, group)] = version;
    return Promise.all(recorded.map(({ family, group, version }) => this.load(family, group, version)));
  }

  /**
   * Trains what is due at a pause.
   *
   * @param position from which on the versions are used
   * @param locals asks for the networks that sensors have learnt since a time
   */
  async train(position: number, locals: (from: number) => Promise<readonly LocalNetwork[]>): Promise<ModelSwitch[]> {
    const { point: { time, round } } = this.pauses, switches: ModelSwitch[] = [];
    const put = async (family: ModelFamily, group: string, version: number | undefined) => {
      if (version === undefined || this.inUse[keyOf(family, group)] === version) return;
      this.inUse[keyOf(family, group)] = version;
      this.switches.push({ position, family, group, version });
      switches.push(await this.load(family, group, version));
    };
    for (const group of [...this.groups.keys()].sort()) {
      await put("forest", group, await this.forest(group, position));
      await put("logistic", group, await this.supervised(group));
    }
    if (round && this.judging.detectors === "full") {
      for (const [group, members] of byGroup(await locals(round.from))) {
        await put("network", group, await this.round(group, members, position, time));
      }
    }
    return switches;
  }

  /** What is stored with the outputs of a cut that is made now; candidates of readings before it may still be on their way. */
  record(): TrainingRecord {
    return { switches: [...this.switches], trained: { ...this.trained } };
  }

  /** The samples as of a cut, when all candidates before it are there; rows that were stored before are left out. */
  samples(cut: number): StoredSample[] {
    const samples: StoredSample[] = [];
    for (const [group, one] of this.groups) {
      const fresh = one.sample.takeFresh(cut), { channels } = one.sample;
      if (fresh.length === 0) continue;
      const whole = one.parts >= PARTS_MOST;
      one.parts = whole ? 0 : one.parts + 1;
      samples.push({ group, channels, rows: whole ? one.sample.best(cut) : fresh, whole });
      one.sample.prune(cut);
    }
    return samples;
  }

  /** What a cut keeps. */
  cut(): TrainingCut {
    return { pauses: this.pauses.record(), inUse: { ...this.inUse } };
  }

  /** Nothing before this position will be read again. */
  released(position: number): void {
    this.switches = this.switches.filter((one) => one.position >= position);
  }

  private name(family: ModelFamily, group: string): string {
    return modelName(this.partition, family, group);
  }

  private async load(family: ModelFamily, group: string, version: number): Promise<ModelSwitch> {
    const bytes = await this.ports.registry.bytes(this.name(family, group), version);
    return { family, group, version, bytes };
  }

  /** Grows a group's forest if it is due; the version to use, undefined while there is none. */
  private async forest(group: string, position: number): Promise<number | undefined> {
    const key = keyOf("forest", group), known = this.trained[key], one = this.groups.get(group);
    const rows = one?.sample.best() ?? [], since = known?.position ?? -Infinity;
    const fresh = rows.reduce((count, row) => row.position >= since ? count + 1 : count, 0);
    const due = known ? this.pauses.point.epoch && fresh >= FRESH * rows.length : true;
    if (!one || rows.length < FOREST_DEFAULTS.samplesLeast || !due) {
      return await this.operated("forest", group);
    }
    const name = this.name("forest", group),
      version = (known?.version ?? 0) + 1,
      seed = hashAt(hashText(name), version);
    const features = groupFeatures(one.sample.channels), width = features.length;
    const samples = new Float64Array(rows.length * width);
    rows.forEach(({ row }, i) => samples.set(row, i * width));
    const forest = trainForest({ features, samples, seed });
    const registered = await this.register(name, {
      kind: "forest",
      scope: "global",
      version,
      bytes: writeForest(forest),
      metrics: { threshold: forest.threshold, samples: rows.length, fresh },
      lineage: {
        data: `readings of ${group} in ${this.partition} before position ${position}`,
        rows: rows.length,
        configuration: { trees: FOREST_DEFAULTS.trees, contamination: FOREST_DEFAULTS.contamination },
        seed,
        ...(known ? { parent: known.version } : {}),
      },
    });
    this.trained[key] = { version: registered.version, position };
    const state = await this.ports.registry.state(name);
    return state?.pinned ? state.active : registered.version;
  }

  /** The version that an operator has put to use; what was registered before a crash and is made again is none of theirs. */
  private async operated(family: ModelFamily, group: string): Promise<number | undefined> {
    const known = this.trained[keyOf(family, group)];
    if (!known) return undefined;
    const state = await this.ports.registry.state(this.name(family, group));
    return state && (state.pinned || state.latest <= known.version) ? state.active : this.inUse[keyOf(family, group)];
  }

  /** The version in use of a model that was trained from labels for the group. */
  private async supervised(group: string): Promise<number | undefined> {
    const state = await this.ports.registry.state(group);
    if (!state) return undefined;
    const version = await this.ports.registry.version(group, state.active);
    return version?.kind === "logistic" ? state.active : undefined;
  }

  /** Averages the networks of a group; the version to use. */
  private async round(
    group: string,
    members: readonly LocalNetwork[],
    position: number,
    time: number,
  ): Promise<number | undefined> {
    const { registry, federation } = this.ports, { method } = this.judging.federation;
    const name = this.name("network", group), shared = groupOfModel(name) ?? group, key = keyOf("network", group);
    const known = this.trained[key],
      round = (known?.version ?? 0) + 1,
      [{ weights: { length: weightCount } }] = members;
    const inUse = this.inUse[key];
    const before = inUse === undefined ? undefined : decodeWeights(await registry.bytes(name, inUse)).weights;
    const devices = await federation?.takeUpdates(shared, round) ?? [];
    if (members.length + devices.length < PARTICIPANTS_LEAST) return await this.operated("network", group);
    const outcome = makeRound({
      group: shared,
      round,
      time,
      method,
      weightCount,
      ...(before ? { before } : {}),
      contributions: [
        ...members.map(({ sensor, readings, loss, weights }) => ({
          id: sensor,
          kind: "sensor" as const,
          readings,
          loss,
          weights,
        })),
        ...devices.map(({ device, readings, loss, weights }) => ({
          id: device,
          kind: "device" as const,
          readings,
          ...(loss === undefined ? {} : { loss }),
          weights,
        })),
      ],
    });
    if (!outcome) return await this.operated("network", group);
    const channels = this.groups.get(group)?.sample.channels ?? [];
    if (channels.length === 0) return undefined; // a network comes with rows, and rows with samples
    const registered = await this.register(name, {
      kind: "network",
      scope: "global",
      version: round,
      bytes: encodeWeights({
        group: shared,
        round,
        shapes: new Network(channels.length).shapes,
        form: { inputs: groupFeatures(channels), channels: [...channels] },
        weights: outcome.weights,
      }),
      metrics: { norm: outcome.record.norm, participants: outcome.record.participant_count },
      lineage: {
        data: `networks of ${group} in ${this.partition} before position ${position}`,
        rows: outcome.record.readings,
        configuration: { method },
        seed: hashText(group),
        ...(known ? { parent: known.version } : {}),
      },
    });
    if (known) await this.compare(shared, known.version, members);
    const losses = members.map(({ loss, readings }) => ({ value: loss, weight: readings }));
    await federation?.putRound({ ...outcome.record, version: registered.version, ...lossOf("local_loss", losses) });
    this.trained[key] = { version: registered.version, position };
    const state = await registry.state(name);
    return state?.pinned ? state.active : registered.version;
  }

  /** Adds to the record of the round before how its network did on readings that nobody had learnt from. */
  private async compare(group: string, version: number, members: readonly LocalNetwork[]): Promise<void> {
    const { federation } = this.ports,
      seen = members.flatMap(({ validated }) => validated ?? [])
        .filter((one) => one.version === version);
    if (!federation || seen.length === 0) return;
    const [record] = await federation.rounds(group, 1);
    if (record?.version !== version) return;
    await federation.putRound({
      ...record,
      ...lossOf("validation_loss", seen.map(({ global }) => ({ value: global, weight: 1 }))),
      ...lossOf("local_loss", seen.map(({ local }) => ({ value: local, weight: 1 }))),
    });
  }

  /** Keeps a version under its number; where another one has it, as after an import, under the next. */
  private async register(name: string, model: NewModel): Promise<ModelVersion> {
    try {
      return await this.ports.registry.register(name, model);
    } catch (error) {
      if (!(error instanceof ModelRuleError)) throw error;
      const { version: _, ...next } = model;
      return await this.ports.registry.register(name, next);
    }
  }
}

/** Characters of a model's name behind its family. */
const NAME_MOST = 110;

/** Name in the registry of the model that a group of a partition shares. */
export function modelName(partition: string, family: ModelFamily, group: string): string {
  if (family === "logistic") return group;
  const whole = `${partition}/${group}`;
  const short = whole.length <= NAME_MOST ? whole : `${whole.slice(0, NAME_MOST - 9)}~${hashText(whole).toString(16)}`;
  return family === "network" ? networkModel(short) : `forest:${short}`;
}

/** A mean under a name, or nothing. */
function lossOf<K extends "local_loss" | "validation_loss">(
  name: K,
  losses: readonly { readonly value: number; readonly weight: number }[],
): Partial<Pick<RoundRecord, K>> {
  const weight = losses.reduce((sum, one) => sum + one.weight, 0);
  if (weight === 0) return {};
  const value = losses.reduce((sum, one) => sum + one.weight * one.value, 0) / weight;
  return { [name]: value } as Partial<Pick<RoundRecord, K>>;
}

function byGroup(locals: readonly LocalNetwork[]): [string, LocalNetwork[]][] {
  const groups = Map.groupBy(locals, ({ group }) => group);
  return [...groups].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([group, members]) => [group, members.sort((a, b) => a.sensor < b.sensor ? -1 : 1)]);
}

function keyOf(family: ModelFamily, group: string): string {
  return `${family}\n${group}`;
}

function split(key: string): [ModelFamily, string] {
  const at = key.indexOf("\n");
  return [key.slice(0, at) as ModelFamily, key.slice(at + 1)];
}
