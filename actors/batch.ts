/**
 * What travels between the supervisor and its shards: batches of columns in, outputs and snapshots back.
 *
 * Everything here can be cloned into a worker. A sensor is named once, when it is brought into a shard; after that its
 * number in the supervisor's directory stands for it.
 *
 * @module
 */
import type { RecordedCommand, SensorCommand } from "./commands/words.ts";
import type { AlertCount, LateCounts } from "./counters.ts";
import type { Judging } from "./config.ts";
import type { LocalNetwork } from "./sensor/network.ts";
import type { AlertOutput, HistoryOutput } from "./sensor/outputs.ts";
import type { QuarantineView, ReadingView, SensorView } from "./views.ts";

/** A sensor that is brought into a shard's memory: new, or with the snapshot it left. */
export interface Arrival {
  readonly sensor: number;
  readonly name: string;
  readonly snapshot?: Uint8Array;
}

/** From this reading of the batch on, a sensor has this type and location. */
export interface Describe {
  readonly index: number;
  readonly sensor: number;
  readonly type?: string;
  readonly location?: string;
}

/** Source time passes `time` before reading `index` of the batch. */
export interface BatchTick {
  readonly index: number;
  readonly position: number;
  readonly time: number;
}

/** A command to a sensor of the batch, by its number: before its first reading. */
export interface BatchCommand extends Omit<RecordedCommand<SensorCommand>, "sensor"> {
  readonly sensor: number;
}

/** A sensor of the batch, by its number, says farewell: before its first reading. */
export interface BatchFarewell {
  readonly sensor: number;
  readonly position: number;
  readonly time: number;
}

/** From here on the partition's sensors are judged so. */
export interface BatchConfiguration {
  readonly version: number;
  readonly judging: Judging;
}

/** A kind of model that several sensors share. */
export type ModelFamily = "forest" | "network" | "logistic";

/** From the next reading on, a group of the partition uses this version. */
export interface ModelSwitch {
  readonly family: ModelFamily;
  readonly group: string;
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** A shard's part of a stretch of one partition, in order. */
export interface ShardBatch {
  readonly kind: "batch";
  readonly partition: string;
  readonly count: number;
  readonly sensors: Int32Array;
  readonly times: Float64Array;
  readonly positions: Float64Array;
  /** 0, 1, or −1 for none. */
  readonly labels: Int8Array;
  /** Reading i has the values from `valueAt[i]` to before `valueAt[i + 1]`; none if it is a line of text. */
  readonly valueAt: Int32Array;
  /** Index into `channelNames` of each value. */
  readonly channels: Int32Array;
  readonly values: Float64Array;
  readonly channelNames: readonly string[];
  /** The text that lines of canonical NDJSON are in, those of other shards among them; absent where every reading is parsed. */
  readonly text?: Uint8Array;
  /** Where reading i's line starts, −1 if it is parsed; where its first value starts; where it ends. */
  readonly lineAt: Int32Array;
  readonly lineValues: Int32Array;
  readonly lineEnd: Int32Array;
  /** 1-based row of reading i, for errors; 0 where unknown. */
  readonly rows: Int32Array;
  readonly ticks: readonly BatchTick[];
  readonly describe: readonly Describe[];
  readonly arrivals: readonly Arrival[];
  /** Carried out before the first reading. */
  readonly commands: readonly BatchCommand[];
  /** Before the first reading, too. */
  readonly farewells: readonly BatchFarewell[];
  /** In force before anything else of the batch. */
  readonly configuration?: BatchConfiguration;
  /** In force before the first reading. */
  readonly models: readonly ModelSwitch[];
  /** Contexts of the traces that the batch belongs to; absent for none. */
  readonly traces?: readonly string[];
}

/** Asks a shard for snapshots. Everything of the partition before `position` has been handed to it. */
export interface ShardCut {
  readonly kind: "cut";
  readonly partition: string;
  readonly position: number;
  /** Share of all actors that is gone through, 0 to 1, in order of name and round and round: those that changed are written. */
  readonly share: number;
  /** So many are written at least, while there are as many: where little is written anyway, everything is. */
  readonly least: number;
  /** Sensors to write and let go. */
  readonly release: readonly number[];
}

/** The input has ended: open windows are emitted. */
export interface ShardEnd {
  readonly kind: "end";
  readonly partition: string;
  readonly position: number;
}

/** Asks for the local networks of sensors that had a reading at or after a time. Everything before it has been handed over. */
export interface ShardRound {
  readonly kind: "round";
  readonly partition: string;
  /** Epoch ms. */
  readonly from: number;
}

/** A partition is another owner's now, or is begun again from the store: what is in memory of it goes, unwritten. */
export interface ShardForget {
  readonly kind: "forget";
  readonly partition: string;
}

/** The local networks. */
export interface RoundAnswer {
  readonly locals: readonly LocalNetwork[];
}

/** A question to a shard. */
export interface ShardAsk {
  readonly kind: "ask";
  readonly about: "sensors" | "readings" | "digests" | "memory" | "counters" | "states" | "times" | "agreement";
  /** Which ones, for `sensors` and `readings`; those out of memory are left out. */
  readonly sensors?: readonly number[];
  /** Of which partition alone, for `states`. */
  readonly partition?: string;
}

/** What a shard is sent. */
export type ShardMessage = ShardBatch | ShardCut | ShardEnd | ShardRound | ShardForget | ShardAsk;

/** A plan as outputs refer to it. */
export interface PlanName {
  readonly number: number;
  readonly type?: string;
  readonly channels: readonly string[];
  /** Sensors of the same group share models. */
  readonly group: string;
}

/** What came of a batch or an end. */
export interface ShardOutput {
  readonly windows: Float64Array;
  readonly flags: Float64Array;
  /** See `sensor/verdict.ts`. */
  readonly verdicts: Float64Array;
  /** Candidates for the samples that shared models are trained from: see `shared_models.ts`. */
  readonly samples: Float64Array;
  readonly alerts: readonly AlertOutput[];
  readonly history: readonly HistoryOutput[];
  readonly quarantine: readonly QuarantineView[];
  /** Windows and flagged values as rows of text, where they are wanted; see `sensor/rows.ts`. */
  readonly rows?: Uint8Array;
  /** Where each record's rows end, and what they are of. */
  readonly rowIndex?: Float64Array;
  /** Plans that outputs may name from now on. */
  readonly plans: readonly PlanName[];
  /** Locations that outputs may name from now on; they are numbered in order. */
  readonly places: readonly string[];
  /** Lines that turned out to be no readings: how many, and the sum of their hashes. */
  readonly refused: number;
  readonly refusedHash: number;
}

/** A snapshot taken at a cut. */
export interface Snapshot {
  readonly sensor: number;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A sensor out of memory, and the least tick that changes it. */
export interface Sleeper {
  readonly sensor: number;
  readonly wake: number;
}

/** What came of a cut. */
export interface CutResult {
  readonly snapshots: readonly Snapshot[];
  readonly released: readonly Sleeper[];
  /** Least position of an event that no snapshot holds; −1 if there is none. */
  readonly oldestChange: number;
  /** Actors that changed since their snapshot. */
  readonly changed: number;
  /** Actors of all partitions that the shard holds after it, … */
  readonly resident: number;
  /** … and bytes of their states and histories, as of when each was last applied. */
  readonly residentBytes: number;
}

/** What one sensor adds to a run's digest. */
export interface SensorDigest {
  readonly name: string;
  readonly lanes: readonly [number, number, number, number];
}

/** What a shard holds. */
export interface ShardMemory {
  readonly sensors: number;
  readonly stateBytes: number;
  readonly historyBytes: number;
}

/** What a shard counts. */
export interface ShardCounters {
  /** Failures of actors, each of which went on from the state before. */
  readonly restarts: number;
  readonly partitions: Readonly<Record<string, LateCounts>>;
  /** Open alerts of the sensors in memory. */
  readonly alerts: readonly AlertCount[];
}

/** How many of a shard's sensors are how. */
export interface StateCounts {
  sensors: number;
  anomalous: number;
  silent: number;
  stuck: number;
  dirty: number;
  warming_up: number;
  failed: number;
  retired: number;
  maintenance: number;
  active_alerts: number;
}

/** How the flags of a group's sensors agree. */
export interface GroupAgreement {
  readonly group: string;
  /** For each of `COMPARED` a table as `models/agreement.ts` counts it: the detector first, rules second. */
  readonly counts: Float64Array;
  /** For each of them, and for rules at the end, totals of delays. */
  readonly delays: Float64Array;
}

/** An answer to a question. */
export type ShardAnswer =
  | { readonly about: "sensors"; readonly views: readonly SensorView[] }
  | { readonly about: "states"; readonly states: StateCounts }
  | { readonly about: "times"; readonly sensors: readonly number[]; readonly times: readonly number[] }
  | { readonly about: "readings"; readonly readings: readonly ReadingView[] }
  | { readonly about: "digests"; readonly digests: readonly SensorDigest[] }
  | { readonly about: "agreement"; readonly tables: readonly GroupAgreement[] }
  | { readonly about: "counters"; readonly counters: ShardCounters }
  | { readonly about: "memory"; readonly memory: ShardMemory };

/** The answer to each kind of message. */
export type ShardReply<M extends ShardMessage> = M extends ShardBatch | ShardEnd ? ShardOutput
  : M extends ShardCut | ShardForget ? CutResult
  : M extends ShardRound ? RoundAnswer
  : ShardAnswer;
