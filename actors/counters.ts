/**
 * What an instance counts of itself, for `/metrics`: filled by whoever has it, left out by whoever has not.
 *
 * Counts go up from the start of the process, times are seconds. Nothing here is by sensor: the number of series is
 * bounded by partitions, shards, models and words.
 *
 * @module
 */
import type { Priority } from "./alerts/words.ts";

/** What states count of readings that were not taken as they came. */
export interface LateCounts {
  /** Older than a reading that their sensor had before. */
  readonly late: number;
  /** Same sensor, channel, time and value. */
  readonly duplicates: number;
  /** Same sensor, channel and time, another value. */
  readonly conflicts: number;
}

/** One partition. */
export interface PartitionCounters extends Partial<LateCounts> {
  readonly partition: string;
  /** Records that are there and not read yet, where the source knows. */
  readonly lag_readings?: number;
  /** How far the source time is behind the clock; for live sources. */
  readonly lag_seconds?: number;
  /** How far the watermark (source time less the allowed lateness) is behind the clock; for live sources. */
  readonly watermark_delay_seconds?: number;
  /** When the last checkpoint was durable, since 1970. */
  readonly checkpoint_seconds?: number;
  /** How long its source was held back: by full mailboxes, or by outputs that waited to be stored. */
  readonly paused_seconds?: number;
  /** Writes that were refused because another owner has taken the partition. */
  readonly fenced?: number;
  /** What was not accepted, by reason. */
  readonly quarantined?: Readonly<Record<string, number>>;
}

/** A count by size: cumulative, as Prometheus has it. */
export interface Histogram {
  /** Upper bounds of the buckets, rising; the last one, infinity, is left out. */
  readonly bounds: readonly number[];
  /** How many were at most as great as each bound. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/** Open alerts of one priority that stand the same. */
export interface AlertCount {
  /** What keeps it from being told first; else `acknowledged`, or `active` where nobody has. */
  readonly state: "active" | "acknowledged" | "shelved" | "suppressed" | "out_of_service";
  readonly priority: Priority;
  readonly count: number;
}

/** Everything that the core counts. */
export interface CoreCounters {
  readonly partitions?: readonly PartitionCounters[];
  /** Batches that wait, by shard. */
  readonly mailboxes?: readonly number[];
  /** How long commits took, from the cut until everything was durable. */
  readonly commits?: Histogram;
  /** Actors that were started again after an error. */
  readonly restarts?: number;
  /** Alerts that are open, of sensors in memory. */
  readonly alerts?: readonly AlertCount[];
  /** Bytes in the log of what came over HTTP and MQTT that are still needed to read again. */
  readonly log_bytes?: number;
  /** Bytes of states and histories in memory. */
  readonly state_bytes?: number;
  /** Whether this node does what one of several does for all; absent where there is one alone. */
  readonly lease_held?: boolean;
  /** Sensors in memory. */
  readonly resident?: number;
  /** What came over MQTT, by what it was: messages, readings, refused, gaps and so on. */
  readonly mqtt?: Readonly<Record<string, number>>;
}
