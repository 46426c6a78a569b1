/**
 * Sensors out of memory: their snapshots, those at hand and those in the store, and the ticks that wake them.
 *
 * @module
 */
import type { CheckpointStore } from "./checkpoint.ts";
import type { Entry } from "./directory.ts";
import { NEVER } from "./sensor/layout.ts";
import { readWake } from "./sensor/snapshot.ts";

/** The sensors of a process that are not in its shards. */
export class Asleep {
  /** Snapshots at hand: as they were read, or let go and not stored yet. */
  private readonly atHand = new Map<number, Uint8Array>();
  /** Bytes of all of them. */
  private bytesAtHand = 0;
  /** Sensors that a tick will change, and when. */
  private readonly wakes = new Map<number, number>();
  private least = NEVER;

  /** @param preloadBytes with so many bytes at hand none of what is read is kept; it is read again when it is asked for */
  constructor(private readonly store: Pick<CheckpointStore, "snapshot">, private readonly preloadBytes: number) {}

  /** The store has this snapshot of a sensor. */
  learn({ sensor }: Entry, bytes: Uint8Array): void {
    this.wakeAt(sensor, readWake(bytes));
    this.drop(sensor);
    if (this.bytesAtHand + bytes.length <= this.preloadBytes) this.put(sensor, bytes);
  }

  /** What is known of the store's snapshot of a sensor is no longer so. */
  unlearn({ sensor }: Entry): void {
    this.drop(sensor);
    this.wakes.delete(sensor);
  }

  /** The least tick that changes a sensor, in the place of what was known. */
  wakeAt(sensor: number, wake: number): void {
    this.wakes.delete(sensor);
    if (wake >= NEVER) return;
    this.wakes.set(sensor, wake);
    if (wake < this.least) this.least = wake;
  }

  /** Numbers of sensors that a tick at this time changes. */
  before(time: number): number[] {
    if (time < this.least) return [];
    const due: number[] = [];
    this.least = NEVER;
    for (const [sensor, wake] of this.wakes) {
      if (wake <= time) due.push(sensor);
      if (wake < this.least) this.least = wake;
    }
    return due;
  }

  /** A sensor's snapshot if it is at hand. */
  ready({ sensor }: Entry): Uint8Array | undefined {
    return this.atHand.get(sensor);
  }

  /** A sensor's snapshot; undefined for one that is new. */
  async snapshot(entry: Entry): Promise<Uint8Array | undefined> {
    const { stored, name } = entry;
    return this.ready(entry) ?? (stored ? await this.store.snapshot(name) : undefined);
  }

  /** Its snapshot, for a shard that takes it into its memory. */
  async arrive(entry: Entry): Promise<Uint8Array | undefined> {
    this.wakes.delete(entry.sensor);
    const bytes = await this.snapshot(entry);
    this.drop(entry.sensor);
    return bytes?.slice();
  }

  /** It was let go with this snapshot, which is not stored yet. */
  keep({ sensor, gone }: Entry, bytes: Uint8Array): void {
    this.drop(sensor);
    if (!gone) this.put(sensor, bytes);
  }

  /** This snapshot of it is stored. */
  stored({ sensor }: Entry, bytes: Uint8Array): void {
    if (this.atHand.get(sensor) === bytes) this.drop(sensor);
  }

  private put(sensor: number, bytes: Uint8Array): void {
    this.atHand.set(sensor, bytes);
    this.bytesAtHand += bytes.length;
  }

  private drop(sensor: number): void {
    this.bytesAtHand -= this.atHand.get(sensor)?.length ?? 0;
    this.atHand.delete(sensor);
  }
}
