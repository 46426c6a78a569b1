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
import type { ModelFamily, ModelSwitch } from "../batch.ts";
import { StoreAwayError } from "../checkpoint.ts";
import type { Judging } from "../config.ts";
import type { FederationStore } from "../federation/port.ts";
import { type ModelRegistry, NoModelError } from "../model_registry.ts";
import type { LocalNetwork } from "../sensor/network.ts";
import { Brought } from "./brought.ts";
import { type EpochPart, type Epochs, SHARED } from "./epochs.ts";
import type { ModelDrift } from "./forest_model.ts";
import { GroupSamples, type StoredSample } from "./group_samples.ts";
import { ModelMaker } from "./maker.ts";
import { Pauses, type PausesRecord } from "./pauses.ts";

/** What training is wired to. */
export interface TrainingPorts {
  readonly registry: ModelRegistry;
  /** Where rounds are kept, and what devices outside sent for them. */
  readonly federation?: FederationStore;
  /** What partitions share; absent: each trains its own. */
  readonly epochs?: Epochs;
}

/** What the sharing of models asks of a partition at a pause. */
export interface Sharing {
  /** Keeps what the partition brings to the epochs that have ended; before anything that is stored of the partition later. */
  bring(parts: readonly EpochPart[]): Promise<void>;
  /** Aborted when the partition is to end. */
  readonly signal: AbortSignal;
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
  /** Position of the last pause that it knows of. */
  readonly through?: number;
}

/** What a cut keeps: where pauses stand, and the versions in use by family and group. */
export interface TrainingCut {
  readonly pauses: PausesRecord;
  readonly inUse: Readonly<Record<string, number>>;
  /** Whether they are shared with other partitions. */
  readonly shared?: boolean;
}

/** Part of a sample that is new before a forest is grown anew. */
const FRESH = 0.1;
/** A version that comes into use. */
type ModelVersionUsed = Omit<ModelSwitch, "bytes">;

/** The training of one partition. */
export class Training {
  readonly pauses: Pauses;
  /** What its models are trained from. */
  readonly samples = new GroupSamples();
  private inUse: Record<string, number> = {};
  private switches: RecordedSwitch[] = [];
  private trained: Record<string, { readonly version: number; readonly position: number }> = {};
  /** How far each group's forest is from what it was trained on. */
  drifts: Record<string, ModelDrift> = {};
  private readonly maker: ModelMaker;
  private readonly epochs?: Epochs;
  private readonly brought = new Brought();
  /** What was brought last, until it is stored. */
  private bringing: Promise<void> = Promise.resolve();
  /** Position of the last pause. */
  private through = -1;

  constructor(partition: string, private judging: Judging, private readonly ports: TrainingPorts) {
    if (ports.epochs?.includes(partition)) this.epochs = ports.epochs;
    this.maker = new ModelMaker(this.epochs ? SHARED : partition, ports);
    this.pauses = new Pauses(judging.forest.everyMs, judging.federation.everyMs, this.epochs !== undefined);
  }

  /** Whether its models are those of all partitions. */
  get isShared(): boolean {
    return this.epochs !== undefined;
  }

  /** From here on it goes by another configuration; at a source time, epoch ms. */
  configure(judging: Judging, time: number): void {
    this.judging = judging;
    this.pauses.configure(judging.forest.everyMs, judging.federation.everyMs, time);
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
    this.samples.restore(samples);
    // Versions of a partition's own models say nothing of those that all share, and the other way about.
    const isOurs = cut === undefined || (cut.shared ?? false) === (this.epochs !== undefined);
    if (record && isOurs) {
      this.switches = [...record.switches];
      this.trained = { ...record.trained };
      this.drifts = { ...record.drifts };
    }
    if (!cut) return [];
    this.pauses.restore(cut.pauses);
    if (!isOurs) return [];
    return await this.use(
      Object.entries(cut.inUse).map(([key, version]) => {
        const [family, group] = split(key);
        return { family, group, version };
      }),
    );
  }

  /** What the record says of a position that is read again. */
  again(position: number): Promise<ModelSwitch[]> {
    return this.use(this.switches.filter((one) => one.position === position));
  }

  /**
   * Trains what is due at a pause, or brings it to the epoch that all partitions share.
   *
   * @param position from which on the versions are used
   * @param locals asks for the networks that sensors have learnt since a time
   * @param sharing where the partition shares its models
   * @returns undefined if it was to end before that was known: the pause is yet to come
   */
  async train(
    position: number,
    locals: (from: number) => Promise<readonly LocalNetwork[]>,
    sharing?: Sharing,
  ): Promise<ModelSwitch[] | undefined> {
    const switches: ModelSwitch[] = [], groups = [...this.samples.all.keys()].sort();
    const put = async (versions: readonly ModelVersionUsed[]) => {
      const others = versions.filter(({ family, group, version }) => this.inUse[keyOf(family, group)] !== version);
      const used = await this.use(others);
      switches.push(...used);
      this.switches.push(...used.map(({ family, group, version }) => ({ position, family, group, version })));
    };
    if (this.epochs && sharing) {
      if (!await this.share(this.epochs, groups, locals, sharing, put)) return undefined;
    } else await this.own(position, groups, locals, put);
    this.through = position;
    return switches;
  }

  /** Trains what is due of the partition's own. */
  private async own(
    position: number,
    groups: readonly string[],
    locals: (from: number) => Promise<readonly LocalNetwork[]>,
    put: (versions: readonly ModelVersionUsed[]) => Promise<void>,
  ): Promise<void> {
    const { point: { time, round } } = this.pauses;
    for (const group of groups) await put(some("forest", group, await this.forest(group, position)));
    await put(await this.supervised(groups));
    if (!round || this.judging.detectors !== "full") return;
    for (const [group, members] of byGroup(await locals(round.from))) {
      await put(some("network", group, await this.round(group, members, position, time)));
    }
  }

  /** Brings what the partition has to the epochs that have ended, and puts to use what came of those before. */
  private async share(
    epochs: Epochs,
    groups: readonly string[],
    locals: (from: number) => Promise<readonly LocalNetwork[]>,
    { bring, signal }: Sharing,
    put: (versions: readonly ModelVersionUsed[]) => Promise<void>,
  ): Promise<boolean> {
    const ended = await this.ended(locals);
    await this.bringing; // what comes of it is waited for below
    if (ended.length > 0) {
      // Nothing that comes after it is stored before it: so long nobody waits.
      this.bringing = bring(ended.map(({ part }) => part)).then(() => epochs.brought());
      this.bringing.catch(() => {}); // whoever stores something next is told
    }
    await put(await this.supervised(groups));
    const decided = await Promise.all(ended.map(async ({ part: { family }, before }) => {
      return { family, decisions: await epochs.decided(family, groups, before, signal) };
    }));
    for (const { family, decisions } of decided) {
      if (decisions === undefined) return false;
      for (const { group, limit, drift } of decisions) {
        if (limit !== undefined) this.brought.limit(group, limit);
        if (drift) this.drifts[group] = drift;
      }
      await put(decisions.map(({ group, version }) => ({ family, group, version })));
    }
    return true;
  }

  /** What the partition brings to the epochs that have ended at this pause; and the ends of those before. */
  private async ended(
    locals: (from: number) => Promise<readonly LocalNetwork[]>,
  ): Promise<{ readonly part: EpochPart; readonly before: number }[]> {
    const { point: { epoch, round } } = this.pauses, { forest, federation, detectors } = this.judging;
    const ended: { readonly part: EpochPart; readonly before: number }[] = [], samples = this.samples.all;
    if (epoch) {
      const { end } = epoch;
      const part: EpochPart = { family: "forest", epoch: end, groups: this.brought.samples(samples) };
      ended.push({ part, before: end - forest.everyMs });
    }
    if (round && detectors === "full") {
      const { end } = round, groups = this.brought.networks(byGroup(await locals(round.from)), samples, end);
      ended.push({ part: { family: "network", epoch: end, groups }, before: end - federation.everyMs });
    }
    return ended;
  }

  /** What is stored with the outputs of a cut that is made now; candidates of readings before it may still be on their way. */
  record(): TrainingRecord {
    const { switches, trained, drifts, through } = this;
    return { switches: [...switches], trained: { ...trained }, drifts: { ...drifts }, through };
  }

  /** What a cut keeps. */
  cut(): TrainingCut {
    const shared = this.epochs ? { shared: true } : {};
    return { pauses: this.pauses.record(), inUse: { ...this.inUse }, ...shared };
  }

  /** Nothing before this position will be read again. */
  released(position: number): void {
    this.switches = this.switches.filter((one) => one.position >= position);
  }

  /** Puts versions to use. */
  private async use(versions: readonly ModelVersionUsed[]): Promise<ModelSwitch[]> {
    const switches = await Promise.all(versions.map((one) => this.load(one)));
    for (const { family, group, version } of switches) this.inUse[keyOf(family, group)] = version;
    return switches;
  }

  /** A version; where it is kept no more, as after many others while the partition stood still, the one in use. */
  private async load({ family, group, version }: ModelVersionUsed): Promise<ModelSwitch> {
    const { registry } = this.ports, name = this.maker.name(family, group);
    try {
      return { family, group, version, bytes: await registry.bytes(name, version) };
    } catch (error) {
      const active = error instanceof NoModelError ? (await registry.state(name))?.active : undefined;
      if (active === undefined || active === version) throw error;
      return { family, group, version: active, bytes: await registry.bytes(name, active) };
    }
  }

  /** Grows a group's forest if it is due; the version to use, undefined while there is none. */
  private async forest(group: string, position: number): Promise<number | undefined> {
    const key = keyOf("forest", group), known = this.trained[key], sample = this.samples.all.get(group);
    if (known && !this.pauses.point.epoch) return await this.operated("forest", group);
    const rows = sample?.best() ?? [], since = known?.position ?? -Infinity;
    const fresh = rows.reduce((count, row) => row.position >= since ? count + 1 : count, 0);
    if (!sample || !isForestDue(rows.length, fresh, known !== undefined)) return await this.operated("forest", group);
    const { channels } = sample;
    const drift = known && await this.maker.drift(group, this.inUse[key], channels, rows);
    if (drift) this.drifts[group] = drift;
    const sampled = { channels, rows, fresh, ...(known ? { parent: known.version } : {}) };
    return await this.trainedHere("forest", group, await this.maker.forest(group, sampled, at(position)), position);
  }

  /** Notes a version that was just made; the one to use. */
  private async trainedHere(family: ModelFamily, group: string, version: number, position: number): Promise<number> {
    this.trained[keyOf(family, group)] = { version, position };
    const state = await this.ports.registry.state(this.maker.name(family, group));
    return state?.pinned ? state.active : version;
  }

  /** The version that an operator has put to use; what was registered before a crash and is made again is none of theirs. */
  private async operated(family: ModelFamily, group: string): Promise<number | undefined> {
    const known = this.trained[keyOf(family, group)];
    if (!known) return undefined;
    const state = await this.ports.registry.state(this.maker.name(family, group));
    return state && (state.pinned || state.latest <= known.version) ? state.active : this.inUse[keyOf(family, group)];
  }

  /** What was trained from labels for each group. What is in use stays while the server that has it is away. */
  private async supervised(groups: readonly string[]): Promise<ModelVersionUsed[]> {
    const { registry } = this.ports;
    try {
      const versions = await Promise.all(groups.map(async (group) => {
        const state = await registry.state(group), version = state && await registry.version(group, state.active);
        return version?.kind === "logistic" ? some("logistic", group, version.version) : [];
      }));
      return versions.flat();
    } catch (error) {
      if (!(error instanceof StoreAwayError)) throw error;
      return [];
    }
  }

  /** Averages the networks of a group; the version to use. */
  private async round(
    group: string,
    members: readonly LocalNetwork[],
    position: number,
    time: number,
  ): Promise<number | undefined> {
    const key = keyOf("network", group), known = this.trained[key], inUse = this.inUse[key];
    const version = await this.maker.round({
      group,
      channels: this.samples.all.get(group)?.channels ?? [],
      members,
      ...(known ? { parent: known.version } : {}),
      ...(inUse === undefined ? {} : { inUse }),
      method: this.judging.federation.method,
      until: at(position),
      time,
    });
    if (version === undefined) return await this.operated("network", group);
    return await this.trainedHere("network", group, version, position);
  }
}

/** Whether a forest is grown from a sample. @param fresh rows that the last one was not grown from */
export function isForestDue(rows: number, fresh: number, isKnown: boolean): boolean {
  return rows >= FOREST_DEFAULTS.samplesLeast && (!isKnown || fresh >= FRESH * rows);
}

/** None where there is no version. */
function some(family: ModelFamily, group: string, version: number | undefined): ModelVersionUsed[] {
  return version === undefined ? [] : [{ family, group, version }];
}

/** For a person. */
function at(position: number): string {
  return `position ${position}`;
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
