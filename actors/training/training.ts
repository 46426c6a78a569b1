/**
 * Training the shared models of one partition: when, from what, and which version is in use from which position on.
 *
 * At a pause everything before it is known, so what is trained there depends on the order of readings alone, and it is used
 * from there on: a live run does what its replay does. Which version came into use where is recorded with the outputs; when
 * a stretch is read again after a crash the record says it, and nothing is trained.
 *
 * @module
 */
import { FOREST_DEFAULTS } from "../../models/forest_train.ts";
import { PARTICIPANTS_LEAST } from "../../models/federation/aggregate.ts";
import { hashText } from "../../models/hash.ts";
import type { ModelFamily, ModelSwitch } from "../batch.ts";
import type { Judging } from "../config.ts";
import { groupOfModel, networkModel } from "../federation/group.ts";
import type { FederationStore } from "../federation/port.ts";
import { makeRound } from "../federation/round.ts";
import { decodeWeights } from "../federation/weights.ts";
import { type ModelRegistry, ModelRuleError, type ModelVersion, type NewModel } from "../model_registry.ts";
import type { LocalNetwork } from "../sensor/network.ts";
import { forestDrift, forestModel, type ModelDrift } from "./forest_model.ts";
import { Pauses, type PausesRecord } from "./pauses.ts";
import { comparedRecord, contributionsTo, roundModel } from "./round_model.ts";
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
  /** By group, as of when its forest was last due. */
  readonly drifts?: Readonly<Record<string, ModelDrift>>;
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
  /** How far each group's forest is from what it was trained on. */
  drifts: Record<string, ModelDrift> = {};

  constructor(
    private readonly partition: string,
    private judging: Judging,
    private readonly ports: TrainingPorts,
  ) {
    this.pauses = new Pauses(judging.forest.everyMs, judging.federation.everyMs);
  }

  /** From here on it goes by another configuration; at a source time, epoch ms. */
  configure(judging: Judging, time: number): void {
    this.judging = judging;
    this.pauses.configure(judging.forest.everyMs, judging.federation.everyMs, time);
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
    for (const [name, group] of this.groups) {
      group.sample.takeFresh(Infinity); // they are stored already
      group.parts = samples.filter(({ group, whole }) => group === name && !whole).length;
    }
    if (record) {
      this.switches = [...record.switches];
      this.trained = { ...record.trained };
      this.drifts = { ...record.drifts };
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
    return { switches: [...this.switches], trained: { ...this.trained }, drifts: { ...this.drifts } };
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
    if (known && !this.pauses.point.epoch) return await this.operated("forest", group);
    const rows = one?.sample.best() ?? [], since = known?.position ?? -Infinity;
    const fresh = rows.reduce((count, row) => row.position >= since ? count + 1 : count, 0);
    const due = !known || fresh >= FRESH * rows.length;
    if (!one || rows.length < FOREST_DEFAULTS.samplesLeast || !due) {
      return await this.operated("forest", group);
    }
    if (known) await this.drift(group, one.sample.channels, rows);
    const name = this.name("forest", group), parent = known?.version;
    const registered = await this.register(
      name,
      forestModel({
        name,
        version: (parent ?? 0) + 1,
        ...(parent === undefined ? {} : { parent }),
        data: `readings of ${group} in ${this.partition} before position ${position}`,
        channels: one.sample.channels,
        rows,
        fresh,
      }),
    );
    this.trained[key] = { version: registered.version, position };
    const state = await this.ports.registry.state(name);
    return state?.pinned ? state.active : registered.version;
  }

  /** Compares what a group's forest is given now with what it was trained on, whenever another one is due: matters where one is pinned. */
  private async drift(group: string, channels: readonly string[], rows: readonly SampleRow[]): Promise<void> {
    const version = this.inUse[keyOf("forest", group)], model = this.name("forest", group);
    const known = version === undefined ? undefined : await this.ports.registry.version(model, version);
    const found = known && forestDrift(known, channels, rows);
    if (found) this.drifts[group] = found;
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
    const channels = this.groups.get(group)?.sample.channels ?? [];
    const contributions = contributionsTo(members, devices), data = `networks of ${group} in ${this.partition}`;
    const outcome = channels.length === 0 ? undefined : makeRound({
      group: shared,
      round,
      time,
      method,
      weightCount,
      ...(before ? { before } : {}),
      contributions,
    });
    if (!outcome) return await this.operated("network", group);
    const model = roundModel(outcome, `${data} before position ${position}`, channels, known?.version);
    const registered = await this.register(name, model);
    if (federation && known) {
      const [last] = await federation.rounds(shared, 1), compared = last && comparedRecord(last, members);
      if (compared) await federation.putRound(compared);
    }
    await federation?.putRound({ ...outcome.record, version: registered.version }, contributions);
    this.trained[key] = { version: registered.version, position };
    const state = await registry.state(name);
    return state?.pinned ? state.active : registered.version;
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

function byGroup(locals: readonly LocalNetwork[]): [string, LocalNetwork[]][] {
  const groups = new Map<string, LocalNetwork[]>(); // Map.groupBy is not in every Node that the library runs in
  for (const local of locals) {
    const members = groups.get(local.group);
    if (members) members.push(local);
    else groups.set(local.group, [local]);
  }
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
