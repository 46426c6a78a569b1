/**
 * The supervisor: owns the shards and the directory of sensors, runs the partitions of every source, and brings sensors
 * into memory and lets them go.
 *
 * @module
 */
import { Asleep } from "./asleep.ts";
import { Answers } from "./answers.ts";
import type { Arrival, CutResult, Snapshot, StateCounts } from "./batch.ts";
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
import { planner } from "./sensor/plan.ts";
import { wakeTime } from "./sensor/tick.ts";
import type { AlertOutput } from "./sensor/outputs.ts";
import { decodeSnapshot, readMeta, type SnapshotMeta } from "./sensor/snapshot.ts";
import type { Shared } from "./shared.ts";
import type { SupervisorOptions, SupervisorParts } from "./supervisor_options.ts";
import type { Tracing } from "./tracing.ts";
import type { TrainingPorts } from "./training/training.ts";
import type { PartitionView, ReadingView } from "./views.ts";

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
  /** Partitions whose run has ended early, until they store something again. */
  private readonly interrupted = new Set<string>();
  /** Partitions of other processes, as far as they are followed. */
  private readonly elsewhere = new Map<string, PartitionView>();
  /** How the sensors of these are. */
  private readonly statesElsewhere = new Map<string, StateCounts | undefined>();
  readonly asleep: Asleep;
  /** What there is to be said of sensors. */
  readonly answers: Answers;
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
    const judgingNow = (partition: string) => this.runs[this.runOf(partition)]?.judging ?? judging;
    const breathe = () => this.breathe();
    this.answers = new Answers({
      hosts: this.hosts,
      directory: this.directory,
      asleep: this.asleep,
      elsewhere: () => this.statesElsewhere,
      judgingNow,
      breathe,
    });
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
    this.statesElsewhere.delete(partition.id);
    if (at < 0) this.runs.push(run);
    else this.runs[at] = run;
    return run;
  }

  private runOf(partition: string): number {
    return this.runs.findIndex((run) => run.partition.id === partition);
  }

  ended(partition: string, error: Error, again: boolean): void {
    if (error instanceof FencedError) this.tallyOf(partition).fenced++;
    if (!again) return this.parts.failed?.(partition, error);
    this.interrupted.add(partition);
    this.parts.interrupted?.(partition, error);
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

  /**
   * What another process has stored of its partition; false for one that runs here, of which nobody else knows more.
   *
   * @param sensors all of them; absent where they are as they were
   * @param states how they are, where it is known
   */
  heard(
    view: PartitionView,
    sensors?: readonly Pick<Entry, "name" | "type" | "location">[],
    states?: StateCounts,
  ): boolean {
    if (this.runOf(view.partition) >= 0) return false;
    this.forgotten.add(view.partition); // what is at hand of it is out of date
    this.elsewhere.set(view.partition, view);
    this.statesElsewhere.set(view.partition, states);
    if (sensors === undefined) return true;
    this.clear(view.partition); // whoever is not among them was deleted
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
    this.interrupted.delete(partition);
    const at = this.runOf(partition);
    if (at >= 0) this.runs.splice(at, 1);
  }

  isForgotten(partition: string): boolean {
    return this.forgotten.has(partition);
  }

  /**
   * Takes a command to a sensor, or hands it to the process that runs its partition; resolves once it is durable.
   *
   * @throws {CommandRefused} if there is no such sensor, or its partition takes no commands now
   */
  async order(command: SensorCommand): Promise<CommandPlace> {
    const name = sensorOf(command), entry = name === undefined ? undefined : this.directory.find(name);
    if (entry === undefined) {
      throw new CommandRefused("unknown", `cannot ${command.command}: there is no sensor ${name ?? "of that alert"}`);
    }
    const run = this.runs[this.runOf(entry.partition)];
    if (run !== undefined) return await run.order(entry.name, command);
    if (this.parts.forward) return await this.parts.forward(entry.partition, entry.name, command);
    const message = `cannot ${command.command}: ${entry.partition}, where ${entry.name} belongs, does not run`;
    throw new CommandRefused("busy", message);
  }

  /** Whether this process has taken a partition over and runs it. */
  isOurs(partition: string): boolean {
    const run = this.runs[this.runOf(partition)];
    return run?.state === "running" && run.isClaimed;
  }

  /**
   * Takes a command that another process has sent to a partition that runs here.
   *
   * @param order its id: it is answered when the command is kept
   * @throws {CommandRefused} as {@linkcode order} does
   */
  async orderFrom(partition: string, sensor: string, command: SensorCommand, order: string): Promise<CommandPlace> {
    const entry = this.directory.find(sensor), run = this.runs[this.runOf(partition)];
    if (entry?.partition !== partition) {
      throw new CommandRefused("unknown", `cannot ${command.command}: there is no sensor ${sensor} in ${partition}`);
    }
    if (run === undefined) throw new CommandRefused("busy", `cannot ${command.command}: ${partition} does not run`);
    return await run.order(sensor, command, order);
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
    if (this.interrupted.delete(partition)) this.parts.resumed?.(partition);
    this.parts.committed?.(partition, readings, alerts);
  }

  async statesToTell(partition: string): Promise<StateCounts | undefined> {
    return this.options.tellsStates ? await this.answers.statesOf(partition) : undefined;
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
      state: run.state === "stopped" && this.options.rests ? "running" : run.state,
      ...(run.error === undefined ? {} : { error: run.error }),
    }));
    return [...here, ...this.elsewhere.values()];
  }

  /** Counts of every partition as of its last checkpoint. */
  counts(): { readonly partition: string; readonly counts: PartitionCounts }[] {
    return this.runs.map((run) => ({ partition: run.partition.id, counts: run.counts }));
  }
}
