/**
 * The port to durable state: how a partition is taken over, and how a checkpoint is made durable.
 *
 * A checkpoint is three steps, in this order: outputs (with the cut before which they are all there), the snapshots that
 * cover them, the position from which the source is read again. See `design.md`, Checkpoint.
 *
 * @module
 */
import type { ModelFamily, Snapshot, StateCounts } from "./batch.ts";
import type { ScoredReading } from "./evaluation/streaming.ts";
import type { CommandsRecord, StoredCommands } from "./commands/queue.ts";
import type { Json, SourceMemory } from "./ports.ts";
import type { Reading, Refusal } from "./reading.ts";
import type { RouterRecord } from "./router.ts";
import type { EpochPart } from "./training/epochs.ts";
import type { StoredSample } from "./training/group_samples.ts";
import type { TrainingCut, TrainingRecord } from "./training/training.ts";
import type { AlertOutput } from "./sensor/outputs.ts";
import type { AlertTransition, QuarantineView, ReadingView } from "./views.ts";

/** A window as it is stored. */
export interface StoredWindow {
  readonly sensor: string;
  readonly type?: string;
  readonly location?: string;
  readonly lengthMs: number;
  readonly hopMs: number;
  readonly start: number;
  readonly revision: number;
  /** Greatest score of its readings, 0..1; absent where none has one. */
  readonly scoreMax?: number;
  readonly channels: readonly string[];
  /** For each channel: count, mean, least, greatest, std, flagged. */
  readonly statistics: Float64Array;
}

/** Whole rows of a sensor's history as they are stored. */
export interface StoredChunk {
  readonly sensor: string;
  readonly chunk: number;
  readonly channels: readonly string[];
  readonly rows: Float64Array;
}

/** Everything that came out of a partition up to a cut. */
export interface CheckpointOutputs {
  /** All outputs of positions below this one are here or were stored before. */
  readonly cut: number;
  readonly windows: readonly StoredWindow[];
  readonly history: readonly StoredChunk[];
  readonly alerts: readonly AlertOutput[];
  readonly quarantine: readonly QuarantineView[];
  /** Sensors that were deleted, and where: what is stored of them goes before anything of these outputs is written. */
  readonly deleted?: ReadonlyMap<string, number>;
  /** What sinks want to find again after a crash: lengths of files. */
  readonly sinks: Readonly<Record<string, Json>>;
  readonly counts: RouterRecord["counts"];
  readonly sourceTime: number;
  /** What the partition's models were trained from and to; absent where none are. */
  readonly training?: TrainingRecord;
  readonly samples: readonly StoredSample[];
}

/** A cut from which the source can be read again. */
export interface Cut {
  readonly position: number;
  readonly router: RouterRecord;
  readonly training?: TrainingCut;
  /** Version of the configuration in force there; absent for 0. */
  readonly configuration?: number;
}

/** What a partition finds when it is taken over. */
export interface Recovery {
  /** Outputs of positions below this one are stored: when they come again they are dropped. */
  readonly outputsCut: number;
  /** Of outputs before this one some may be stored: what comes out there must be what came out before, so nothing new may enter. */
  readonly outputsBegun: number;
  readonly finished: boolean;
  readonly sinks: Readonly<Record<string, Json>>;
  readonly training?: TrainingRecord;
  /** What the record says of pauses up to this position comes again there. */
  readonly trainedTo: number;
  readonly samples: readonly StoredSample[];
  readonly commands?: StoredCommands;
  /** Where to read from. */
  readonly from: Cut;
}

/** A partition that this process owns, until another one takes it over. */
export interface Claim {
  /** Absent for a partition that was never run. */
  readonly recovery?: Recovery;
  /** What the partition's source records of it, written under the same protection as everything else. */
  readonly memory: SourceMemory;
  /** Whether an earlier owner wrote after {@linkcode CheckpointStore.snapshots} was first asked: what it gave may be out of date. */
  readonly overtaken: boolean;
  /**
   * Says that something may come out of everything before this position: see {@linkcode Recovery.outputsBegun}. Written
   * with outputs, too; by itself where something else is stored first. May be called while another step is written.
   *
   * @param training which models came into use by then: what comes out there again must come out under the same
   * @throws {FencedError} if another owner has taken over
   */
  writeBegun(position: number, training?: TrainingRecord): Promise<void>;
  /**
   * Keeps commands, all or none. Before anything comes of them: what a crash leaves behind comes again only if what it
   * came of does. May be called while another step is written.
   *
   * @throws {FencedError} if another owner has taken over; nothing of this step is written then
   */
  writeCommands(commands: CommandsRecord): Promise<void>;
  /**
   * Keeps what the partition brings to the epochs that have ended, and says with it that something came of everything
   * before this position ({@linkcode writeBegun}); what it brought before stays as it is. May be called while another step
   * is written; need not be waited for: outputs, and what has begun, are not written before it, and not at all if it fails.
   *
   * @throws {FencedError} if another owner has taken over
   */
  writeEpochs(parts: readonly EpochPart[], position: number): Promise<void>;
  /** @throws {FencedError} if another owner has taken over; nothing of this step is written then */
  writeOutputs(outputs: CheckpointOutputs): Promise<void>;
  /**
   * @param deleted sensors whose snapshots go, where there is none of a new one
   * @throws {FencedError} likewise
   */
  writeSnapshots(snapshots: readonly Snapshot[], deleted?: Iterable<string>): Promise<void>;
  /**
   * @param cuts where reading again may start, oldest first; the first one is where it will
   * @param finished whether the source has ended and everything of it is stored
   * @param states how the partition's sensors are, where other processes are told
   * @throws {FencedError} likewise
   */
  writePosition(cuts: readonly Cut[], finished: boolean, states?: StateCounts): Promise<void>;
}

/** Another owner has taken the partition over: this one must stop. */
export class FencedError extends Error {
  override name = "FencedError";
}

/** The store does not answer, or not so that it tells what happened: the partition may go on from its checkpoint later. */
export class StoreAwayError extends Error {
  override name = "StoreAwayError";
}

/** The store as the supervisor sees it. */
export interface CheckpointStore {
  /** Takes a partition over: from now on earlier owners cannot write. */
  claim(partition: string): Promise<Claim>;
  /**
   * Snapshots of all sensors, those of a server that is away left out; or, with more beside them, those of a partition.
   *
   * @throws {StoreAwayError} if the server that holds the partition is away
   */
  snapshots(partition?: string): AsyncIterable<{ readonly name: string; readonly bytes: Uint8Array }>;
  /** A sensor's snapshot. */
  snapshot(name: string): Promise<Uint8Array | undefined>;
}

/** What came out of a partition between two cuts, in the forms that sinks ask for. */
export interface CutOutputs {
  /** Outputs of positions below this one were stored before; none of them is here. */
  readonly from: number;
  /** Where the partition is cut: all outputs of positions from `from` on and below this one are here. */
  readonly cut: number;
  /** Rows of text, in order of position; empty unless shards were asked to write them. */
  rows(): readonly Uint8Array[];
  /** Readings with their verdicts, in order of position. */
  readings(): readonly ReadingView[];
  /** Windows that were emitted or corrected, in order of position. */
  windows(): readonly StoredWindow[];
  /** Transitions of alerts, in order of position. */
  alerts(): readonly AlertTransition[];
  /** Readings that a family of shared models has scored, with the group that shares the model; in any order. */
  scored(family: ModelFamily): Iterable<{ readonly group: string; readonly reading: ScoredReading }>;
  /** Type and location of a sensor, as far as they are known, and the group that it shares models with. */
  about(sensor: string): { readonly type?: string; readonly location?: string; readonly group?: string };
}

/**
 * A sink of one partition whose output is made durable within the checkpoint, before the position.
 *
 * What it is given belongs to positions from the cut of the stored outputs on: after a crash it gets again what its last
 * state does not cover, and nothing else.
 */
export interface CommitSink {
  /** Under this name its state is found again. */
  readonly name: string;
  /** Told once, before anything else: what it gave with the last stored outputs. */
  recover(state: Json | undefined): Promise<void>;
  /**
   * Takes a record of the source, in order, as the router does. Synchronous; absent in a sink that wants none.
   *
   * @param accepted whether it went to its sensor's actor; else it is in quarantine
   * @returns about how many bytes are held of it until the next cut
   */
  take?(item: Reading | Refusal, position: number, accepted: boolean): number;
  /**
   * Everything that it was given belongs before this cut. Returns a function that makes it durable and resolves to what
   * the sink wants to find again.
   *
   * @param ended whether the source has ended and nothing will follow
   */
  cut(ended: boolean): (outputs: CutOutputs) => Promise<Json>;
  /** Told once the state of the last cut is stored: what only older states needed may go. */
  committed?(): Promise<void>;
  close(): Promise<void>;
}
