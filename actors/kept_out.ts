/**
 * What the router of a partition hands to no actor: set aside with the reason, and counted.
 *
 * @module
 */
import type { Entry } from "./directory.ts";
import type { Refusal } from "./reading.ts";
import { hashRefusal, quarantineRefusal, setAside } from "./refusals.ts";
import type { PartitionCounts } from "./router.ts";
import type { QuarantineReason, QuarantineView } from "./views.ts";

/** A reading that is not taken. */
interface KeptReading {
  readonly entry: Entry;
  readonly position: number;
  /** The record's beginning. */
  readonly sample: string;
}

/** How far ahead a reading is. */
interface Ahead {
  /** Its time, epoch ms. */
  readonly time: number;
  /** What it is held against, and the time of that, epoch ms. */
  readonly than: "arrival" | "source time";
  readonly now: number;
  /** How far ahead it might be, ms. */
  readonly futureMs: number;
}

/** Records of one partition that were not accepted. */
export class KeptOut {
  private items: QuarantineView[] = [];

  /** @param counts the partition's: they go on here */
  constructor(private readonly partition: string, private readonly counts: PartitionCounts) {}

  /** What was not accepted since the last call. */
  take(): QuarantineView[] {
    const taken = this.items;
    this.items = [];
    return taken;
  }

  /** A record that is no reading. @param sensor its sensor, where its head says one */
  refused(item: Refusal, position: number, sensor?: string): void {
    this.counts.refused++;
    this.counts.refusedHash = (this.counts.refusedHash + hashRefusal(position)) >>> 0;
    setAside(this.items, quarantineRefusal(this.partition, position, item, sensor));
  }

  /** A reading of a sensor that belongs to another partition. */
  foreign(reading: KeptReading): void {
    this.counts.foreign++;
    const owner = reading.entry.partition;
    const message = `the sensor belongs to ${owner}, readings of it from ${this.partition} are not taken`;
    this.add("foreign", reading, "sensor", message);
  }

  /** A reading that is further ahead than it may be. */
  future(reading: KeptReading, { time, than, now, futureMs }: Ahead): void {
    this.counts.future++;
    const message = `the time ${sayTime(time)} is more than ${futureMs / 1000} s ahead of ${than} ${sayTime(now)}`;
    this.add("future", reading, "time", message);
  }

  private add(
    reason: QuarantineReason,
    { entry, position, sample }: KeptReading,
    field: string,
    message: string,
  ): void {
    setAside(this.items, {
      id: `${this.partition}/${position}`,
      partition: this.partition,
      position,
      reason,
      sensor: entry.name,
      errors: [{ field, message }],
      sample: sample.slice(0, 256),
    });
  }
}

function sayTime(time: number): string {
  return new Date(time).toISOString();
}
