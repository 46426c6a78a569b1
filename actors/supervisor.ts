/**
 * The supervisor: owns the shards and the directory of sensors, runs the partitions of every source, brings sensors into
 * memory and lets them go, and answers questions about them.
 *
 * @module
 */
import { Asleep } from "./asleep.ts";
import type {
  Arrival,
  CutResult,
  GroupAgreement,
  SensorDigest,
  ShardAnswer,
  ShardMemory,
  Snapshot,
  StateCounts,
} from "./batch.ts";
import { type CheckpointStore, type CommitSink, FencedError } from "./checkpoint.ts";
import { type CommandDesk, type CommandPlace, CommandRefused, type SensorCommand, sensorOf } from "./commands/words.ts";
import type { Judging } from "./config.ts";
import { type Configurations, withFixed } from "./configurations.ts";
import { Directory, type Entry } from "./directory.ts";
import { Durations } from "./durations.ts";
import { PlanTables } from "./outputs_bucket.ts";
import { type Owner, Ownership } from "./ownership.ts";
import { PartitionRun } from "./partition_run.ts";
import { PartitionTally } from "./partition_tally.ts";
import type { Clock, Source, SourceMemory, SourcePartition } from "./ports.ts";
import type { ShardHost } from "./runtime/host.ts";
import type { PartitionCounts } from "./router.ts";
import { Residence } from "./residence.ts";
import type { ShardOptions } from "./shard.ts";
import { agreementIn, digestOf, NO_STATES, sumAgreements, wasHeard } from "./shard_answers.ts";
import { makePlan, type Plan } from "./sensor/plan.ts";
import { wakeTime } from "./sensor/tick.ts";
import type { AlertOutput, Wanted } from "./sensor/outputs.ts";
import { decodeSnapshot, readMeta, type SnapshotMeta } from "./sensor/snapshot.ts";
import { viewReadings, viewSensor } from "./sensor/view.ts";
import type { Tracing } from "./tracing.ts";
import type { TrainingPorts } from "./training/training.ts";
import type { PartitionView, ReadingView, SensorView } from "./views.ts";

/** How a supervisor runs. */
export interface SupervisorOptions {
  readonly judging: Judging;
  /** A partition whose store did not answer is begun again after so long, ms; absent: it has failed. */
  readonly storeAwayMs?: number;
  /** Readings of a batch at the most, where they come parsed. */
  readonly batchSize: number;
  /** A checkpoint is begun so often, ms, … */
  readonly checkpointMs: number;
  /** … or after so many readings. */
  readonly checkpointReadings: number;
  /** Every changed actor is written within so much time, ms, … */
  readonly snapshotMs: number;
  /** … and so many readings: what is read again after a crash. */
  readonly snapshotReadings: number;
  /** Changed actors that a checkpoint writes of each shard at least. */
  readonly snapshotLeast: number;
  /** Sensors that there may be; readings of further ones are refused. */
  readonly sensorsMost: number;
  /** Actors in memory at the most, … */
  readonly residentMost: number;
  /** … and bytes of their states and histories, about; beyond either those not heard of for longest are let go. */
  readonly residentBytes: number;
  /** Bytes of snapshots that are kept at hand at a start. */
  readonly preloadBytes: number;
  /** Whether windows are stored; else only sinks get them. */
  readonly storeWindows: boolean;
  /** Readings of one checkpoint that feeds get at the most. */
  readonly feedReadings: number;
  readonly keepHistory: boolean;
  readonly wanted: Wanted;
}

/** Sensible for one machine. */
export const SUPERVISOR_DEFAULTS: Omit<SupervisorOptions, "judging"> = {
  batchSize: 8192,
  checkpointMs: 1_000,
  checkpointReadings: 2_000_000,
  snapshotMs: 60_000,
  snapshotReadings: 5_000_000,
  snapshotLeast: 100,
  sensorsMost: 200_000,
  residentMost: 200_000,
  residentBytes: 1 << 30,
  preloadBytes: 512 << 20,
  storeWindows: true,
  feedReadings: 5_000,
  keepHistory: true,
  wanted: { verdicts: true, flags: false, history: true },
};

/** What shards count of states; sensors out of memory are counted here. */
const STATE_KEYS = Object.keys(NO_STATES).filter((key) => key !== "sensors") as Exclude<keyof StateCounts, "sensors">[];

/** What a supervisor is wired to. */
export interface SupervisorParts {
  readonly store: CheckpointStore;
  readonly clock: Clock;
  /** The sinks of a partition; each partition has its own. */
  readonly sinks?: (partition: string) => readonly CommitSink[];
  /** Makes a shard's host. */
  readonly host: (options: ShardOptions, shard: number) => ShardHost;
  readonly shards: number;
  /** Told after outputs are stored, in order for each partition. */
  readonly committed?: (partition: string, readings: readonly ReadingView[], alerts: readonly AlertOutput[]) => void;
  /** Told when another owner wrote to a partition while this process was starting: what was read of it is out of date. */
  readonly overtaken?: (partition: string) => Promise<void>;
  /** Told when a partition has failed; the others run on. */
  readonly failed?: (partition: string, error: Error) => void;
  /** Told when the run of a partition has ended early and will be begun again. */
  readonly interrupted?: (partition: string, error: Error) => void;
  /** Where shared models are kept; without it none are trained. */
  readonly models?: TrainingPorts;
  /** Versions of the configuration; absent: there is but one, that of the options. */
  readonly configurations?: Configurations;
  /** Where readings are followed; absent: none are. */
  readonly tracing?: Tracing;
  /** Lets other work of this thread go on; called between chunks. */
  readonly breathe?: () => Promise<void> | undefined;
}

/** What partitions under way share. */
export interface Shared {
  readonly store: CheckpointStore;
  readonly clock: Clock;
  readonly hosts: readonly ShardHost[];
  readonly directory: Directory;
  readonly plans: PlanTables;
  readonly options: SupervisorOptions;
  readonly models: TrainingPorts | undefined;
  readonly configurations: Configurations | undefined;
  /** How long commits took. */
  readonly commits: Durations;
  readonly tracing: Tracing | undefined;
  tallyOf(partition: string): PartitionTally;
  sinksOf(partition: string): readonly CommitSink[];
  /** Whether what is known of a partition's sensors is as of before this process let go of it. */
  isForgotten(partition: string): boolean;
  loadAgain(partition: string): Promise<void>;
  /** What a version of the configuration says, with what is fixed as this process has it. */
  judgingOf(version: number): Promise<Judging>;
  /** Works out anew when the partition's sensors out of memory wake, those of which it is known by another version. */
  wakeAgain(partition: string, version: number, judging: Judging): Promise<void>;
  readonly asleep: Asleep;
  arrivals(entries: readonly Entry[]): Promise<Arrival[][]>;
  overBudget(): boolean;
  chooseReleases(partition: string): Entry[];
  released(results: readonly CutResult[]): void;
  stored(snapshots: readonly Snapshot[]): void;
  committed(partition: string, readings: readonly ReadingView[], alerts: readonly AlertOutput[]): void;
  breathe(): Promise<void>;
}

/** Owns the shards and runs the partitions. */
export class Supervisor implements Shared, Owner, CommandDesk {
  readonly store: CheckpointStore;
  readonly clock: Clock;
  readonly hosts: readonly ShardHost[];
  readonly directory: Directory;
  readonly models: TrainingPorts | undefined;
  readonly configurations: Configurations | undefined;
  readonly plans = new PlanTables();
  readonly commits = new Durations();
  readonly tracing: Tracing | undefined;
  /** Partitions that were opened, in that order, each with its latest run. */
  readonly runs: PartitionRun[] = [];
  private readonly tallies = new Map<string, PartitionTally>();
  /** Partitions that were let go of since they were loaded. */
  private readonly forgotten = new Set<string>();
  /** Partitions of other processes, as far as they are followed. */
  private readonly elsewhere = new Map<string, PartitionView>();
  readonly asleep: Asleep;
  private readonly residence: Residence;

  constructor(readonly options: SupervisorOptions, private readonly parts: SupervisorParts) {
    this.store = parts.store;
    this.clock = parts.clock;
    this.models = parts.models;
    this.configurations = parts.configurations;
    this.tracing = parts.tracing;
    this.directory = new Directory(parts.shards, options.sensorsMost);
    this.residence = new Residence(options);
    this.asleep = new Asleep(parts.store, options.preloadBytes);
    const { judging, wanted, keepHistory } = options;
    this.hosts = Array.from(
      { length: parts.shards },
      (_, shard) => parts.host({ judging, wanted, keepHistory }, shard),
    );
  }

  /** Learns which sensors are stored. Before the first {@linkcode run}. */
  async load(): Promise<void> {
    for await (const { name, bytes } of this.store.snapshots()) this.learn(name, bytes, readMeta(bytes));
  }

  /** What an earlier owner of a partition wrote since {@linkcode load}, now that it can write no more. */
  async loadAgain(partition: string): Promise<void> {
    this.clear(partition);
    for await (const { name, bytes } of this.store.snapshots(partition)) {
      const meta = readMeta(bytes);
      if (meta.partition === partition) this.learn(name, bytes, meta);
    }
    this.forgotten.delete(partition);
    await this.parts.overtaken?.(partition);
  }

  private learn(name: string, bytes: Uint8Array, meta: SnapshotMeta): void {
    const entry = this.directory.of(name, meta.partition);
    entry.stored = true;
    entry.type = entry.location = undefined;
    this.directory.describe(entry, meta);
    entry.configuration = meta.configuration ?? 0;
    this.asleep.learn(entry, bytes);
  }

  /**
   * Runs every partition of a source, those that come later included, until it ends or `signal` is aborted.
   *
   * A partition that fails is told to `failed` and shown; the others run on.
   */
  async run(source: Source, memory: SourceMemory, signal: AbortSignal): Promise<void> {
    try {
      const partitions = await source.open(memory);
      await new Ownership(source, this, this.options.storeAwayMs, signal).run(partitions);
    } finally {
      await source.close();
    }
  }

  async judgingOf(version: number): Promise<Judging> {
    const { configurations, options } = this;
    if (version === 0) return options.judging;
    if (!configurations) return options.judging; // a process without versions judges by what it was started with
    return withFixed(await configurations.judging(version), options.judging);
  }

  async wakeAgain(partition: string, version: number, judging: Judging): Promise<void> {
    const plans = planner(judging, version);
    for (const entry of this.directory.entries) {
      if (entry.partition !== partition || entry.configuration === version) continue;
      entry.configuration = version; // one in memory will be let go under it
      const bytes = entry.resident ? undefined : await this.asleep.snapshot(entry);
      if (!bytes) continue;
      this.asleep.wakeAt(entry.sensor, wakeTime(decodeSnapshot(bytes, entry.sensor, judging, plans, false)));
      await this.breathe();
    }
  }

  /** A version of the configuration was made: every partition takes it as soon as it may. */
  configure(): void {
    for (const run of this.runs) run.keepUp();
  }

  begin(partition: SourcePartition, source: string): PartitionRun {
    const run = new PartitionRun(partition, source, this), at = this.runOf(partition.id);
    this.elsewhere.delete(partition.id);
    if (at < 0) this.runs.push(run);
    else this.runs[at] = run;
    return run;
  }

  private runOf(partition: string): number {
    return this.runs.findIndex((run) => run.partition.id === partition);
  }

  ended(partition: string, error: Error, again: boolean): void {
    if (error instanceof FencedError) this.tallyOf(partition).fenced++;
    if (again) this.parts.interrupted?.(partition, error);
    else this.parts.failed?.(partition, error);
  }

  async forget(partition: string): Promise<void> {
    this.forgotten.add(partition);
    this.released(await Promise.all(this.hosts.map((host) => host.send({ kind: "forget", partition }))));
    for (const entry of this.directory.entries) if (entry.partition === partition) entry.resident = false;
    this.clear(partition);
  }

  /**
   * What is known of a partition's sensors beside their names goes, but of those in memory: what was said since the
   * checkpoint is said again, and who was deleted is not there any more.
   */
  private clear(partition: string): void {
    for (const entry of this.directory.entries) {
      if (entry.partition !== partition || entry.resident) continue;
      entry.type = entry.location = undefined;
      entry.stored = false;
      this.asleep.unlearn(entry);
    }
  }

  /** What another process has stored of its partition; false for one that runs here, of which nobody else knows more. */
  heard(view: PartitionView, sensors: Iterable<Pick<Entry, "name" | "type" | "location">>): boolean {
    if (this.runOf(view.partition) >= 0) return false;
    if (!this.elsewhere.has(view.partition)) {
      this.forgotten.add(view.partition); // what is at hand of it is out of date from now on
      this.clear(view.partition);
    }
    this.elsewhere.set(view.partition, view);
    for (const { name, type, location } of sensors) {
      const entry = this.directory.of(name, view.partition);
      if (entry.partition !== view.partition) continue;
      [entry.type, entry.location] = [type, location];
      entry.stored = true;
    }
    return true;
  }

  async giveUp(partition: string): Promise<void> {
    await this.forget(partition);
    const at = this.runOf(partition);
    if (at >= 0) this.runs.splice(at, 1);
  }

  isForgotten(partition: string): boolean {
    return this.forgotten.has(partition);
  }

  /**
   * Takes a command to a sensor; resolves once it is durable.
   *
   * @throws {CommandRefused} if there is no such sensor, or its partition takes no commands now
   */
  async order(command: SensorCommand): Promise<CommandPlace> {
    const name = sensorOf(command), entry = name === undefined ? undefined : this.directory.find(name);
    if (entry === undefined) {
      throw new CommandRefused("unknown", `cannot ${command.command}: there is no sensor ${name ?? "of that alert"}`);
    }
    const run = this.runs[this.runOf(entry.partition)];
    if (run === undefined) {
      const owner = await this.store.owner?.(entry.partition);
      const where = owner ? `runs at ${owner}: send it there` : "does not run";
      throw new CommandRefused(
        "busy",
        `cannot ${command.command}: ${entry.partition}, where ${entry.name} belongs, ${where}`,
      );
    }
    return await run.order(entry.name, command);
  }

  /** Ends the shards. */
  close(): Promise<void> {
    for (const host of this.hosts) host.close();
    return Promise.resolve();
  }

  tallyOf(partition: string): PartitionTally {
    let tally = this.tallies.get(partition);
    if (!tally) this.tallies.set(partition, tally = new PartitionTally());
    return tally;
  }

  sinksOf(partition: string): readonly CommitSink[] {
    return this.parts.sinks?.(partition) ?? [];
  }

  async arrivals(entries: readonly Entry[]): Promise<Arrival[][]> {
    const arrivals: Arrival[][] = Array.from({ length: this.hosts.length }, () => []);
    await Promise.all(entries.map(async (entry) => {
      const { sensor, name } = entry, snapshot = await this.asleep.arrive(entry);
      arrivals[entry.shard].push({ sensor, name, ...(snapshot ? { snapshot } : {}) });
    }));
    this.residence.arrived(entries.length);
    return arrivals;
  }

  overBudget(): boolean {
    return this.residence.isOver();
  }

  /** The sensors of a partition not heard of for longest, as many as are over the budget and a tenth more. */
  chooseReleases(partition: string): Entry[] {
    const count = this.residence.excess();
    if (count === 0) return [];
    const chosen = this.directory.entries.filter((entry) => entry.resident && entry.partition === partition)
      .sort((a, b) => a.touched - b.touched).slice(0, count);
    for (const entry of chosen) entry.resident = false;
    return chosen;
  }

  released(results: readonly CutResult[]): void {
    this.residence.answered(results);
    for (const { released, snapshots } of results) {
      const gone = new Set(released.map(({ sensor }) => sensor));
      for (const { sensor, wake } of released) this.asleep.wakeAt(sensor, wake);
      for (const { sensor, bytes } of snapshots) {
        if (gone.has(sensor)) this.asleep.keep(this.directory.entries[sensor], bytes);
      }
    }
  }

  stored(snapshots: readonly Snapshot[]): void {
    for (const { sensor, bytes } of snapshots) {
      const entry = this.directory.entries[sensor];
      entry.stored = !entry.gone;
      this.asleep.stored(entry, bytes);
    }
  }

  committed(partition: string, readings: readonly ReadingView[], alerts: readonly AlertOutput[]): void {
    this.parts.committed?.(partition, readings, alerts);
  }

  breathe(): Promise<void> {
    return this.parts.breathe?.() ?? Promise.resolve();
  }

  /** Where every partition stands: those that run here, then those of other processes. */
  partitions(): PartitionView[] {
    const here = this.runs.map((run) => ({
      partition: run.partition.id,
      source: run.source,
      position: run.position,
      ...(run.sourceTime < 0 ? {} : { source_time: run.sourceTime }),
      readings: run.readings,
      refused: run.counts.refused,
      future: run.counts.future,
      state: run.state,
      ...(run.error === undefined ? {} : { error: run.error }),
    }));
    return [...here, ...this.elsewhere.values()];
  }

  /** These sensors, in that order; one out of memory as its snapshot says, one that never had a reading left out. */
  async sensors(names: readonly string[]): Promise<SensorView[]> {
    const entries = names.map((name) => this.directory.find(name)).filter((entry) => entry !== undefined);
    const views = new Map<string, SensorView>();
    await Promise.all(this.hosts.map(async (host, shard) => {
      const sensors = entries.filter((entry) => entry.shard === shard).map((entry) => entry.sensor);
      const answer = await host.send({ kind: "ask", about: "sensors", sensors });
      if (answer.about === "sensors") { for (const view of answer.views) views.set(view.sensor, view); }
    }));
    const all = await Promise.all(entries.map((entry) => views.get(entry.name) ?? this.viewStored(entry)));
    return all.filter((view) => view !== undefined);
  }

  /** A sensor's last readings, newest first: those in memory, or those that its snapshot holds. */
  async readings(name: string): Promise<readonly ReadingView[]> {
    const entry = this.directory.find(name);
    if (!entry) return [];
    const answer = await this.hosts[entry.shard].send({ kind: "ask", about: "readings", sensors: [entry.sensor] });
    if (answer.about === "readings" && answer.readings.length > 0) return answer.readings;
    const bytes = await this.asleep.snapshot(entry);
    return bytes ? viewReadings(this.decode(bytes, true)) : [];
  }

  /** The greatest time of each sensor in memory, epoch ms, by its number. */
  async times(): Promise<ReadonlyMap<number, number>> {
    const times = new Map<number, number>();
    for (const answer of await this.ask("times")) {
      if (answer.about === "times") answer.sensors.forEach((sensor, i) => times.set(sensor, answer.times[i]));
    }
    return times;
  }

  /** How many sensors are how; those out of memory are counted as sensors only. */
  async states(): Promise<StateCounts> {
    const total = { ...NO_STATES, sensors: this.directory.count };
    for (const answer of await this.ask("states")) {
      if (answer.about !== "states") continue;
      for (const key of STATE_KEYS) total[key] += answer.states[key];
    }
    return total;
  }

  /** What every sensor adds to the digest, in order of name. */
  async digests(): Promise<SensorDigest[]> {
    const digests = new Map<string, SensorDigest>();
    for (const answer of await this.ask("digests")) {
      if (answer.about === "digests") { for (const digest of answer.digests) digests.set(digest.name, digest); }
    }
    for (const entry of this.directory.present) {
      if (digests.has(entry.name)) continue;
      const bytes = await this.asleep.snapshot(entry);
      const actor = bytes && this.decode(bytes);
      if (actor && wasHeard(actor)) digests.set(entry.name, digestOf(actor));
    }
    return [...digests.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** Counts of every partition as of its last checkpoint. */
  counts(): { readonly partition: string; readonly counts: PartitionCounts }[] {
    return this.runs.map((run) => ({ partition: run.partition.id, counts: run.counts }));
  }

  /** What the shards hold. */
  async memory(): Promise<ShardMemory> {
    let sensors = 0, stateBytes = 0, historyBytes = 0;
    for (const answer of await this.ask("memory")) {
      if (answer.about !== "memory") continue;
      sensors += answer.memory.sensors;
      stateBytes += answer.memory.stateBytes;
      historyBytes += answer.memory.historyBytes;
    }
    return { sensors, stateBytes, historyBytes };
  }

  /** How the flags of machine learning and of rules agree, by group; sensors out of memory are read from the store. */
  async agreement(): Promise<GroupAgreement[]> {
    const tables: (GroupAgreement | undefined)[] = [];
    for (const answer of await this.ask("agreement")) if (answer.about === "agreement") tables.push(...answer.tables);
    for (const entry of this.directory.present) {
      if (entry.resident) continue;
      const bytes = await this.asleep.snapshot(entry);
      if (bytes) tables.push(agreementIn(this.decode(bytes)));
    }
    return sumAgreements(tables);
  }

  private ask(about: "digests" | "memory" | "states" | "times" | "agreement"): Promise<ShardAnswer[]> {
    return Promise.all(this.hosts.map((host) => host.send({ kind: "ask", about })));
  }

  private async viewStored(entry: Entry): Promise<SensorView | undefined> {
    const bytes = await this.asleep.snapshot(entry);
    const actor = bytes && this.decode(bytes);
    return actor && wasHeard(actor) ? viewSensor(actor) : undefined;
  }

  private decode(bytes: Uint8Array, keepHistory = false) {
    const run = this.runs[this.runOf(readMeta(bytes).partition)], judging = run?.judging ?? this.options.judging;
    return decodeSnapshot(bytes, 0, judging, planner(judging), keepHistory);
  }
}

/** Gives the plans of a configuration, each made once. */
function planner(judging: Judging, version = 0): (type: string | undefined, channels: readonly string[]) => Plan {
  const plans = new Map<string, Plan>();
  return (type, channels) => {
    const key = JSON.stringify([type ?? null, channels]);
    let plan = plans.get(key);
    if (!plan) plans.set(key, plan = makePlan(judging, type, channels, 0, channels, version));
    return plan;
  };
}
