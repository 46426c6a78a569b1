/**
 * The supervisor's directory: every sensor it has heard of, by number, with where it belongs.
 *
 * @module
 */
import { finalise, hashText } from "../models/hash.ts";

/** What is known of one sensor. */
export interface Entry {
  readonly sensor: number;
  readonly name: string;
  /** The shard that it is computed in; nothing that is stored or shown depends on it. */
  readonly shard: number;
  /** The partition that it belongs to: that of its first reading. */
  partition: string;
  type?: string;
  location?: string;
  /** Whether its actor is in a shard's memory. */
  resident: boolean;
  /** Whether the store has a snapshot of it. */
  stored: boolean;
  /** Number of the batch that it was last in. */
  touched: number;
}

/** Sensors by number and name, also by a name's bytes, so that bulk text needs no string per line. */
export class Directory {
  /** Entries in order of their numbers. */
  readonly entries: Entry[] = [];
  private readonly byName = new Map<string, Entry>();
  /** Open addressing over hashes of names' bytes; −1 is free. */
  private slots = new Int32Array(1 << 12).fill(-1);
  private slotHashes = new Uint32Array(1 << 12);
  /** Names' bytes, one behind the other; where each sensor's start (−1: not remembered), and how many there are. */
  private bytes = new Uint8Array(1 << 16);
  private bytesUsed = 0;
  private bytesAt = new Int32Array(1 << 12).fill(-1);
  private bytesLength = new Int32Array(1 << 12);
  private filled = 0;

  constructor(private readonly shards: number) {}

  /** The entry of a name, if there is one. */
  find(name: string): Entry | undefined {
    return this.byName.get(name);
  }

  /** The entry of a name; a new one belongs to `partition`. */
  of(name: string, partition: string): Entry {
    let entry = this.byName.get(name);
    if (!entry) {
      const sensor = this.entries.length;
      entry = {
        sensor,
        name,
        shard: hashText(name) % this.shards,
        partition,
        resident: false,
        stored: false,
        touched: 0,
      };
      this.entries.push(entry);
      this.byName.set(name, entry);
    }
    return entry;
  }

  /** The entry that {@linkcode remember} tied to these bytes; undefined if there is none. */
  findBytes(bytes: Uint8Array, start: number, end: number, hash: number): Entry | undefined {
    const mask = this.slots.length - 1;
    for (let k = finalise(hash) & mask;; k = (k + 1) & mask) {
      const sensor = this.slots[k];
      if (sensor < 0) return undefined;
      if (this.slotHashes[k] === hash && this.spelt(sensor, bytes, start, end)) return this.entries[sensor];
    }
  }

  /** Ties a name's bytes to its entry. */
  remember(entry: Entry, bytes: Uint8Array, start: number, end: number, hash: number): void {
    const { sensor } = entry, length = end - start;
    if (sensor < this.bytesAt.length && this.bytesAt[sensor] >= 0) return;
    if (2 * ++this.filled > this.slots.length) this.grow();
    if (sensor >= this.bytesAt.length) this.growIndex(sensor);
    if (this.bytesUsed + length > this.bytes.length) {
      const grown = new Uint8Array(2 * this.bytes.length + length);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes.set(bytes.subarray(start, end), this.bytesUsed);
    this.bytesAt[sensor] = this.bytesUsed;
    this.bytesLength[sensor] = length;
    this.bytesUsed += length;
    this.place(sensor, hash);
  }

  private spelt(sensor: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.bytesLength[sensor] !== end - start) return false;
    const own = this.bytes, at = this.bytesAt[sensor] - start;
    for (let i = start; i < end; i++) if (own[at + i] !== bytes[i]) return false;
    return true;
  }

  private growIndex(sensor: number): void {
    const length = Math.max(2 * this.bytesAt.length, sensor + 1);
    const bytesAt = new Int32Array(length).fill(-1), bytesLength = new Int32Array(length);
    bytesAt.set(this.bytesAt);
    bytesLength.set(this.bytesLength);
    Object.assign(this, { bytesAt, bytesLength });
  }

  private place(sensor: number, hash: number): void {
    const mask = this.slots.length - 1;
    let k = finalise(hash) & mask;
    while (this.slots[k] >= 0) k = (k + 1) & mask;
    this.slots[k] = sensor;
    this.slotHashes[k] = hash;
  }

  private grow(): void {
    const { slots, slotHashes } = this;
    this.slots = new Int32Array(2 * slots.length).fill(-1);
    this.slotHashes = new Uint32Array(2 * slots.length);
    slots.forEach((sensor, k) => sensor >= 0 && this.place(sensor, slotHashes[k]));
  }
}
