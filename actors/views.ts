/**
 * What can be asked of a running system: the shapes behind every route and the page.
 *
 * The names are those of the API, in its spelling. Times are epoch milliseconds here; routes write them as ISO 8601.
 *
 * @module
 */
import type { DetectorName, ScoringName, VersionedName } from "./detectors.ts";
import type { AlertRecord } from "./alerts/fold.ts";
import type { AlertStep, Condition } from "./alerts/words.ts";
import type { FieldError } from "./reading.ts";

export { type Condition, CONDITIONS, type Priority } from "./alerts/words.ts";

/** How a sensor is, apart from whether its readings are anomalous. */
export type SensorState = "warming_up" | "ok" | "silent" | "stuck" | "dirty" | "failed" | "retired" | "maintenance";
/** Each of them. */
export const SENSOR_STATES: readonly SensorState[] = [
  "warming_up",
  "ok",
  "silent",
  "stuck",
  "dirty",
  "failed",
  "retired",
  "maintenance",
];

/** Calibrated scores of a reading, 0..1: about one normal reading in a hundred exceeds 0.99. One that said nothing is left out. */
export type ScoresView = { readonly [name in ScoringName]?: number };

/** Versions of the shared models that scored a reading; one that did not is left out. */
export type VersionsView = { readonly [name in VersionedName]?: number };

/** A channel's part in what was found. */
export interface ContributionView {
  /** Its name. */
  readonly channel: string;
  /** 0..1; those of a reading add up to 1. */
  readonly share: number;
  /** Which view of the signal is most unusual. */
  readonly feature: string;
  /** The same in words. */
  readonly because: string;
}

/** How a channel's values of lately differ from those that it was learnt on. */
export interface DriftView {
  /** Whether it is learnt still, as it was, has drifted, or is learnt anew. */
  readonly status: "learning" | "steady" | "drifted" | "adapting";
  /** Population stability index: below 0.1 nothing changed, from 0.25 on it drifted. */
  readonly index: number;
  /** Since when it drifted. */
  readonly since?: number;
  /** When it was last learnt anew because it stayed so. */
  readonly adapted_at?: number;
}

/** What a feature did to a forest's score. */
export interface FeatureContribution {
  /** `temperature rate`, `hour_sin`. */
  readonly feature: string;
  /** By how much it shortened the paths, in usual ones; above 0. */
  readonly part: number;
}

/** How far a sensor's warm-up is. */
export interface WarmUpView {
  /** 0..1. */
  readonly done: number;
  /** About how long the rest takes, ms of event time; absent while the rhythm is unknown. */
  readonly remaining_ms?: number;
}

/** The reading of the last day that came closest to an alarm. */
export interface ClosestView {
  /** Part of the way: at 1 and above an alarm may begin. */
  readonly part: number;
  /** Its event time, epoch ms. */
  readonly time: number;
}

/** Rolling features of one channel over its last 10 values. */
export interface ChannelView {
  /** Its name. */
  readonly channel: string;
  /** As configured for the sensor's type. */
  readonly unit?: string;
  /** The last one. */
  readonly value: number;
  /** Per second, against the value before; 0 for the first. */
  readonly rate: number;
  /** Of the rolling window. */
  readonly mean: number;
  /** Population standard deviation. */
  readonly std: number;
  /** Greatest less least. */
  readonly range: number;
  /** Values in the rolling window, 1 to 10. */
  readonly count: number;
  /** Distance of the last value from the mean of the 10 before, in their standard deviations; 0 before there are 10. */
  readonly z: number;
  /** The configured limits of the sensor's type. */
  readonly low?: number;
  /** The same. */
  readonly high?: number;
  /** What was expected of the last value: [low, high]; absent while nothing was. */
  readonly expected?: readonly [number, number];
  /** How surprising it was, 0 to 10; absent where rules alone judge. */
  readonly surprise?: number;
  /** Since when the value has not changed, while the channel is stuck. */
  readonly stuck_since?: number;
  /** Absent where rules alone judge. */
  readonly drift?: DriftView;
}

/** One sensor now. */
export interface SensorView {
  /** Its id. */
  readonly sensor: string;
  /** By which it is shown; absent where that is its id. */
  readonly name?: string;
  /** Which its readings come by. */
  readonly partition: string;
  /** As its readings say. */
  readonly type?: string;
  /** As its readings say. */
  readonly location?: string;
  /** How it is now. */
  readonly state: SensorState;
  /** Event time since when it is in that state. */
  readonly state_since: number;
  /** Readings still wanted until every rule speaks, 0 once warm. */
  readonly warmup_left: number;
  /** Event time of the last reading. */
  readonly last_time: number;
  /** Whether the last reading was anomalous. */
  readonly is_anomaly: boolean;
  /** Hour of day of the last reading as a point on the circle. */
  readonly hour_sin: number;
  /** The same. */
  readonly hour_cos: number;
  /** Each one that it has had. */
  readonly channels: readonly ChannelView[];
  /** Accepted since the beginning, as are those below. */
  readonly readings: number;
  /** Anomalous readings. */
  readonly anomalies: number;
  /** Readings behind their time. */
  readonly late: number;
  /** Same sensor, channel, time and value. */
  readonly duplicates: number;
  /** Same sensor, channel and time, another value. */
  readonly conflicts: number;
  /** Readings before the one that came last. */
  readonly steps_back: number;
  /** Ids of its active alerts. */
  readonly active_alerts: readonly string[];
  /** Planned maintenance, as it was last set: no readings from inclusive to exclusive are judged. */
  readonly maintenance?: { readonly from: number; readonly to: number };
  /** When the device was last exchanged: readings before it are of the one before. */
  readonly replaced_at?: number;
  /** Values that the quantity cannot have. */
  readonly impossible: number;
  /** What follows is absent where rules alone judge. Until it is over, no alarm is raised under the budget. */
  readonly warm_up?: WarmUpView;
  /** Combined score of the last reading, 0..1. */
  readonly score?: number;
  /** Of each detector. */
  readonly scores?: ScoresView;
  /** Of the shared models that scored the last reading. */
  readonly versions?: VersionsView;
  /** Share of normal readings that are as unusual as the last one; 1 if it was not unusual. */
  readonly rate?: number;
  /** False alarms a reading that the alert budget allows. */
  readonly budget?: number;
  /** Each channel's part, the greatest first. */
  readonly contributions?: readonly ContributionView[];
  /** The last verdict in one sentence. */
  readonly explanation?: string;
  /** Of its readings that raised no alarm. */
  readonly closest?: ClosestView;
  /** Features that raised the isolation forest's score of the last reading, the most first; absent without a forest. */
  readonly forest_contributions?: readonly FeatureContribution[];
}

/** One detector's yes; of a channel, where it judges channels. */
export interface FlagView {
  /** Which one says so. */
  readonly detector: DetectorName;
  /** Which one it is about. */
  readonly channel?: string;
}

/** One reading with its verdict. */
export interface ReadingView {
  /** `partition/position/sensor`. */
  readonly id: string;
  /** Its id. */
  readonly sensor: string;
  /** Event time, epoch ms. */
  readonly time: number;
  /** By channel; null is missing. */
  readonly values: Readonly<Record<string, number | null>>;
  /** What the source knows of it: 1 is anomalous. */
  readonly label?: 0 | 1;
  /** Of the reading as a whole. */
  readonly is_anomaly: boolean;
  /** The sensor was retired or under maintenance: the reading was neither judged nor learnt. */
  readonly held?: true;
  /** The first one of another device, which took the sensor's place. */
  readonly replaced?: true;
  /** What each detector that said yes is called. */
  readonly flags: readonly FlagView[];
  /** Strength in 0..1 of the alarm that begins with it; absent if none does. */
  readonly alarm?: number;
  /** What follows is absent where rules alone judge, and for a reading that came late. */
  readonly score?: number;
  /** Of each detector. */
  readonly scores?: ScoresView;
  /** Of the shared models that scored it. */
  readonly versions?: VersionsView;
  /** Share of normal readings that are as unusual; 1 if it was not unusual. */
  readonly rate?: number;
  /** Between which two values each channel was expected. */
  readonly expected?: Readonly<Record<string, readonly [number, number]>>;
  /** Only of an anomalous reading, as are contributions. */
  readonly explanation?: string;
  /** Each channel's part, the greatest first. */
  readonly contributions?: readonly ContributionView[];
}

/** Statistics of one channel in one window. */
export interface WindowChannelView {
  /** Values. */
  readonly count: number;
  /** Of them. */
  readonly mean: number;
  /** The least. */
  readonly min: number;
  /** The greatest. */
  readonly max: number;
  /** Population standard deviation. */
  readonly std: number;
  /** Values that broke a limit or were unusual in an anomalous reading. */
  readonly anomalies: number;
}

/** An event-time window of one sensor. */
export interface WindowView {
  /** `sensor/length/start`; the same for every revision. */
  readonly id: string;
  /** Its id. */
  readonly sensor: string;
  /** As its readings say. */
  readonly type?: string;
  /** As its readings say. */
  readonly location?: string;
  /** Event time, epoch ms; inclusive. */
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** From start to end. */
  readonly length_ms: number;
  /** From one window's start to the next one's. */
  readonly hop_ms: number;
  /** 0 when first emitted, one more for each correction by a late reading. */
  readonly revision: number;
  /** Greatest combined score of its readings, 0..1; absent where none has one: rules alone judge, or it was held. */
  readonly score_max?: number;
  /** By name. */
  readonly channels: Readonly<Record<string, WindowChannelView>>;
}

/** One step in an alert's life. */
export type AlertTransition = AlertStep;

/** An alert: the fold of its transitions. */
export type AlertView = Omit<AlertRecord, "last_position" | "last_command"> & {
  /** Name by which its sensor is shown; absent where that is its id. */
  readonly sensor_name?: string;
};

/** Why something was not accepted. */
export type QuarantineReason = "invalid" | "future" | "late" | "failed" | "foreign" | "channels";

/** Something that was not accepted, and why. */
export interface QuarantineView {
  /** `partition/position`. */
  readonly id: string;
  readonly partition: string;
  readonly position: number;
  readonly reason: QuarantineReason;
  readonly row?: number;
  readonly sensor?: string;
  readonly errors: readonly FieldError[];
  readonly sample: string;
}

/** Counts of one partition since its beginning. */
export interface PartitionView {
  readonly partition: string;
  readonly source: string;
  readonly position: number;
  /** Greatest time that several sensors have reached; absent before the first reading. */
  readonly source_time?: number;
  readonly readings: number;
  readonly refused: number;
  readonly future: number;
  /** `waiting`: its store is away, or another process had it; it goes on by itself. `elsewhere`: another process runs it. */
  readonly state: "running" | "waiting" | "elsewhere" | "finished" | "failed" | "stopped";
  readonly error?: string;
  /** Name of the process that runs it, where that is another one. */
  readonly owner?: string;
  /** Name of the KV server that holds it; absent where the store is a file. */
  readonly server?: string;
}

/** Everything at a glance. */
export interface SummaryView {
  readonly sensors: number;
  readonly anomalous: number;
  readonly silent: number;
  readonly stuck: number;
  readonly dirty: number;
  readonly warming_up: number;
  readonly failed: number;
  readonly retired?: number;
  readonly maintenance?: number;
  readonly active_alerts: number;
  readonly partitions: readonly PartitionView[];
  /** Readings per second of this process, over the last seconds of the clock. */
  readonly readings_per_second: number;
  /** What this process is called among those that share its store; absent where it has no name. */
  readonly node?: string;
}

/** A page of a listing. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; absent on the last page. */
  readonly next?: string;
}

/** Which sensors. */
export interface SensorFilter {
  readonly type?: string;
  readonly location?: string;
  readonly state?: SensorState;
}

/** Which windows or readings of a period: `from` inclusive, `to` exclusive, by start or time. */
export interface PeriodFilter {
  readonly from?: number;
  readonly to?: number;
}

/** Which readings of all sensors. */
export interface ReadingFilter extends PeriodFilter {
  readonly sensor?: string;
  readonly type?: string;
  readonly location?: string;
  readonly anomalous?: boolean;
}

/** Which windows. */
export interface WindowFilter extends PeriodFilter {
  readonly sensor?: string;
  readonly type?: string;
  readonly location?: string;
  /** Default 60000. */
  readonly lengthMs?: number;
}

/** Which alerts. */
export interface AlertFilter extends PeriodFilter {
  readonly sensor?: string;
  readonly type?: string;
  readonly location?: string;
  readonly state?: "active" | "cleared";
  readonly condition?: Condition;
}

/** Questions, as routes ask them. Listings of readings, windows and alerts are newest first; sensors go by name. */
export interface Queries {
  /** @param own whether sensors of other processes are left out */
  summary(own?: boolean): Promise<SummaryView>;
  sensors(filter: SensorFilter, limit: number, cursor?: string): Promise<Page<SensorView>>;
  sensor(name: string): Promise<SensorView | undefined>;
  readings(sensor: string, period: PeriodFilter, limit: number, cursor?: string): Promise<Page<ReadingView>>;
  /**
   * Of all sensors, by time.
   *
   * Rejects with an error named `TooWideError` where that means to look into too many sensors.
   */
  latestReadings(filter: ReadingFilter, limit: number, cursor?: string): Promise<Page<ReadingView>>;
  windows(filter: WindowFilter, limit: number, cursor?: string): Promise<Page<WindowView>>;
  alerts(filter: AlertFilter, limit: number, cursor?: string): Promise<Page<AlertView>>;
  alert(id: string): Promise<AlertView | undefined>;
  quarantine(limit: number, cursor?: string): Promise<Page<QuarantineView>>;
}

/** One event of a feed. */
export interface FeedEvent<T> {
  /** Opaque cursor, valid as `Last-Event-ID`. */
  readonly id: string;
  readonly data: T;
}

/** What a follower is handed: events in order, or word that its cursor is too old to go on from. */
export type FeedItem<T> = FeedEvent<T> | { readonly resync: string };

/** Committed outputs, in order, from a cursor on. */
export interface Feed {
  /**
   * Follows alert transitions: those after `cursor` that are stored, then new ones as they are committed.
   *
   * A follower that does not take its items is cut off after a bounded backlog; it resumes from its last id.
   */
  alerts(cursor: string | undefined, signal: AbortSignal): AsyncIterable<FeedItem<AlertTransition>>;
  /** Where the feed of alerts stands: the cursor of a follower that has missed nothing so far. */
  alertsCursor?(): string;
  /** Follows readings with their verdicts; past ones are kept for a bounded number only. */
  readings(cursor: string | undefined, signal: AbortSignal): AsyncIterable<FeedItem<ReadingView>>;
}
