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
  /** Version of the configuration by which it is known when it wakes, while it is out of memory; absent for 0. */
  configuration?: number;
  /** Number of the batch that it was last in. */
  touched: number;
  /** It was deleted: its name is another entry's. */
  gone?: true;
}

/** What a sensor may say of itself. */
export interface Description {
  readonly type?: string;
  readonly location?: string;
}

/** Types that there may be: each has models of its own, and a sensor may say another one with every reading. */
export const TYPES_MOST = 1_000;

/** Words of a slot. */
const SLOT = 4;

/** Sensors by number and name, also by a name's bytes, so that bulk text needs no string per line. */
export class Directory {
  /** Entries in order of their numbers. */
  readonly entries: Entry[] = [];
  private readonly byName = new Map<string, Entry>();
  /** What sensors have ever said of themselves. */
  private readonly said = { type: new Set<string>(), location: new Set<string>() };
  /**
   * Open addressing over hashes of names' bytes, {@linkcode SLOT} words a slot: the sensor's number (−1: free), the hash,
   * where its name's bytes start, and how many there are. They lie together, so that a name is found with one look.
   */
  private slots = new Int32Array(SLOT << 12).fill(-1);
  /** Names' bytes, one behind the other. */
  private bytes = new Uint8Array(1 << 16);
  private bytesUsed = 0;
  private filled = 0;

  /** @param sensorsMost names that there may be, and locations; {@linkcode admit} lets no further ones in */
  constructor(private readonly shards: number, readonly sensorsMost = Infinity) {}

  /** The entry of a name, if there is one. */
  find(name: string): Entry | undefined {
    return this.byName.get(name);
  }

  /** Names that are known. */
  get names(): number {
    return this.byName.size;
  }

  /**
   * The entry of a name that a record has. A new one belongs to `partition`; undefined if there are too many already:
   * names are made up for nothing, and each costs memory and room in the store for good.
   */
  admit(name: string, partition: string): Entry | undefined {
    return this.byName.get(name) ?? (this.byName.size < this.sensorsMost ? this.of(name, partition) : undefined);
  }

  /** How many types or locations there are where there is no room for this one; undefined where there is. */
  crowding(what: "type" | "location", word: string | undefined): number | undefined {
    const words = this.said[what], most = what === "type" ? TYPES_MOST : this.sensorsMost;
    return word === undefined || words.size < most || words.has(word) ? undefined : most;
  }

  /** A sensor says what it is and where; true if that is new of it. */
  describe(entry: Entry, { type = entry.type, location = entry.location }: Description): boolean {
    if (type === entry.type && location === entry.location) return false;
    if (type !== undefined) this.said.type.add(entry.type = type);
    if (location !== undefined) this.said.location.add(entry.location = location);
    return true;
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

  /** Entries that were not deleted. */
  get present(): Entry[] {
    return this.entries.filter(({ gone }) => !gone);
  }

  /** Sensors that are in memory or stored; O(all). */
  get count(): number {
    return this.entries.reduce((count, { resident, stored }) => resident || stored ? count + 1 : count, 0);
  }

  /** How many sensors there are of each type; the empty name for those without one. O(all). */
  types(): Map<string, number> {
    const types = new Map<string, number>();
    for (const { type = "", resident, stored } of this.entries) {
      if (resident || stored) types.set(type, (types.get(type) ?? 0) + 1);
    }
    return types;
  }

  /** A sensor was deleted: from now on its name stands for a new one, of the same partition. O(all). */
  renew(entry: Entry): Entry {
    entry.gone = true;
    entry.resident = entry.stored = false;
    this.byName.delete(entry.name);
    const fresh = this.of(entry.name, entry.partition), { slots } = this;
    for (let k = 0; k < slots.length; k += SLOT) if (slots[k] === entry.sensor) slots[k] = fresh.sensor;
    return fresh;
  }

  /** The entry that {@linkcode remember} tied to these bytes; undefined if there is none. */
  findBytes(bytes: Uint8Array, start: number, end: number, hash: number): Entry | undefined {
    const { slots } = this, mask = slots.length - 1, length = end - start;
    for (let k = (finalise(hash) * SLOT) & mask;; k = (k + SLOT) & mask) {
      const sensor = slots[k];
      if (sensor < 0) return undefined;
      if (slots[k + 1] === (hash | 0) && slots[k + 3] === length && this.spelt(slots[k + 2], bytes, start, length)) {
        return this.entries[sensor];
      }
    }
  }

  /** Ties a name's bytes to its entry. */
  remember(entry: Entry, bytes: Uint8Array, start: number, end: number, hash: number): void {
    if (this.findBytes(bytes, start, end, hash)) return;
    const length = end - start;
    if (2 * SLOT * ++this.filled > this.slots.length) this.grow();
    if (this.bytesUsed + length > this.bytes.length) {
      const grown = new Uint8Array(2 * this.bytes.length + length);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes.set(bytes.subarray(start, end), this.bytesUsed);
    this.place(entry.sensor, hash | 0, this.bytesUsed, length);
    this.bytesUsed += length;
  }

  private spelt(at: number, bytes: Uint8Array, start: number, length: number): boolean {
    const own = this.bytes;
    for (let i = 0; i < length; i++) if (own[at + i] !== bytes[start + i]) return false;
    return true;
  }

  private place(sensor: number, hash: number, at: number, length: number): void {
    const { slots } = this, mask = slots.length - 1;
    let k = (finalise(hash) * SLOT) & mask;
    while (slots[k] >= 0) k = (k + SLOT) & mask;
    slots[k] = sensor;
    slots[k + 1] = hash;
    slots[k + 2] = at;
    slots[k + 3] = length;
  }

  private grow(): void {
    const { slots } = this;
    this.slots = new Int32Array(2 * slots.length).fill(-1);
    for (let k = 0; k < slots.length; k += SLOT) {
      if (slots[k] >= 0) this.place(slots[k], slots[k + 1], slots[k + 2], slots[k + 3]);
    }
  }
}
