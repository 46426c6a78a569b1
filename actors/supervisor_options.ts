/**
 * How a supervisor runs, and what it is wired to.
 *
 * @module
 */
import type { CheckpointStore, CommitSink } from "./checkpoint.ts";
import type { CommandPlace, SensorCommand } from "./commands/words.ts";
import type { Judging } from "./config.ts";
import type { Configurations } from "./configurations.ts";
import type { Clock } from "./ports.ts";
import type { ShardHost } from "./runtime/host.ts";
import type { AlertOutput, Wanted } from "./sensor/outputs.ts";
import type { ShardOptions } from "./shard.ts";
import type { Tracing } from "./tracing.ts";
import type { TrainingPorts } from "./training/training.ts";
import type { ReadingView } from "./views.ts";

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
  /** Whether what came is applied now and then, as within requests: a partition that stands in between is no stopped one. */
  readonly rests?: boolean;
  /** Whether each checkpoint tells other processes how the partition's sensors are; default: there are none. */
  readonly tellsStates?: boolean;
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
  /** Hands a command to the process that runs the partition; absent: there is none. Resolves once it is durable. */
  readonly forward?: (partition: string, sensor: string, command: SensorCommand) => Promise<CommandPlace>;
  /** Told when a partition has failed; the others run on. */
  readonly failed?: (partition: string, error: Error) => void;
  /** Told when the run of a partition has ended early and will be begun again. */
  readonly interrupted?: (partition: string, error: Error) => void;
  /** Told when such a partition stores something again. */
  readonly resumed?: (partition: string) => void;
  /** Where shared models are kept; without it none are trained. */
  readonly models?: TrainingPorts;
  /** Versions of the configuration; absent: there is but one, that of the options. */
  readonly configurations?: Configurations;
  /** Where readings are followed; absent: none are. */
  readonly tracing?: Tracing;
  /** Lets other work of this thread go on; called between chunks. */
  readonly breathe?: () => Promise<void> | undefined;
}
