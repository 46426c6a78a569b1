/**
 * What an instance counts of itself, for `/metrics`: filled by whoever has it, left out by whoever has not.
 *
 * Counts go up from the start of the process, times are seconds. Nothing here is by sensor: the number of series is
 * bounded by partitions, shards, models and words.
 *
 * @module
 */

/** One partition. */
export interface PartitionCounters {
  readonly partition: string;
  /** Records that are there and not read yet, where the source knows. */
  readonly lag_readings?: number;
  /** How far the source time is behind the clock; for live sources. */
  readonly lag_seconds?: number;
  /** How far the watermark is behind the source time. */
  readonly watermark_delay_seconds?: number;
  /** How long its source was held back by full mailboxes. */
  readonly paused_seconds?: number;
  /** Writes that were refused because another owner has taken the partition. */
  readonly fenced?: number;
  readonly late?: number;
  readonly duplicates?: number;
  /** Same sensor, channel and time, another value. */
  readonly conflicts?: number;
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

/** Everything that the core counts. */
export interface CoreCounters {
  readonly partitions?: readonly PartitionCounters[];
  /** Batches that wait, by shard. */
  readonly mailboxes?: readonly number[];
  /** How long commits took. */
  readonly commits?: Histogram;
  /** Actors that were started again after an error. */
  readonly restarts?: number;
  /** Alerts that are open. */
  readonly alerts?: readonly { readonly state: string; readonly priority: string; readonly count: number }[];
  /** Bytes of states and histories in memory. */
  readonly state_bytes?: number;
  /** Sensors in memory. */
  readonly resident?: number;
}
