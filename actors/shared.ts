/**
 * What the partitions under way share: the supervisor, as they see it.
 *
 * @module
 */
import type { Asleep } from "./asleep.ts";
import type { Arrival, CutResult, Snapshot, StateCounts } from "./batch.ts";
import type { CheckpointStore, CommitSink } from "./checkpoint.ts";
import type { Judging } from "./config.ts";
import type { Configurations } from "./configurations.ts";
import type { Directory, Entry } from "./directory.ts";
import type { Durations } from "./durations.ts";
import type { PlanTables } from "./outputs_bucket.ts";
import type { PartitionTally } from "./partition_tally.ts";
import type { Clock } from "./ports.ts";
import type { ShardHost } from "./runtime/host.ts";
import type { AlertOutput } from "./sensor/outputs.ts";
import type { SupervisorOptions } from "./supervisor_options.ts";
import type { Tracing } from "./tracing.ts";
import type { TrainingPorts } from "./training/training.ts";
import type { ReadingView } from "./views.ts";

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
  /** How the partition's sensors are, where other processes are told. */
  statesToTell(partition: string): Promise<StateCounts | undefined>;
  breathe(): Promise<void>;
}
