/**
 * Snapshots as values of the store: whole, or in parts where they are larger than a value; and what other nodes are told of
 * the sensors.
 *
 * @module
 */
import type { Snapshot } from "../../actors/batch.ts";
import type { Clock } from "../../actors/ports.ts";
import { readMeta } from "../../actors/sensor/snapshot.ts";
import { joinBytes, keyBytes, textBytes } from "../bytes.ts";
import { type Chain, type Mutation, StoreError } from "./chain.ts";
import { within } from "../deadline.ts";
import { KEYS } from "../keys.ts";
import { KV_LIMITS, type KvPort } from "../kv.ts";

/** A snapshot over the size of a value: where its parts are. */
interface Pointer {
  readonly generation: string;
  readonly parts: number;
}

/** A snapshot's value. */
type SnapshotValue = Uint8Array | Pointer;

/** Questions for a partition's snapshots under way at a time. */
const AT_ONCE = 8;

/** How snapshots are stored. */
export interface SnapshotsOptions {
  readonly clock: Clock;
  /** A fresh id at each call: of a generation of parts. */
  readonly freshId: () => string;
  /** How long a call to the database may take, ms. */
  readonly deadlineMs: number;
  /** Whether there are other nodes, which are told of the sensors. */
  readonly isShared: boolean;
  /** Makes the id of a snapshot that is about to be written; with it a process sees which ones have changed: `snapshot_cache.ts`. */
  readonly headOf?: (name: string, bytes: Uint8Array) => string;
}

/** The snapshots of all sensors. */
export class Snapshots {
  /** Sensors whose snapshot is in parts, and the generation of it. */
  private readonly inParts = new Map<string, Pointer>();
  /** What other nodes are told of each partition's sensors: see {@linkcode KEYS.sensorOf}. */
  private readonly told = new Map<string, Map<string, string>>();

  constructor(private readonly kv: KvPort, private readonly options: SnapshotsOptions) {}

  /** A sensor's snapshot; undefined where none is stored. */
  async read(name: string): Promise<Uint8Array | undefined> {
    const { value } = await this.ask(this.kv.get<SnapshotValue>(KEYS.sensor(name)));
    return value === null ? undefined : await this.whole(this.kv, name, value);
  }

  /** All snapshots of a database. */
  async *list(kv: KvPort): AsyncIterable<{ readonly name: string; readonly bytes: Uint8Array }> {
    for await (const { key, value } of kv.list<SnapshotValue>({ prefix: KEYS.sensors() }, { batchSize: 500 })) {
      const name = String(key[1]);
      yield { name, bytes: await this.whole(kv, name, value) };
    }
  }

  /**
   * The snapshots of a partition's sensors; of other ones, too, where nobody is told which they are.
   *
   * @param kv where the partition is
   */
  async *listOf(kv: KvPort, partition: string): AsyncIterable<{ readonly name: string; readonly bytes: Uint8Array }> {
    const told = await this.learnTold(kv, partition); // another owner may have deleted some
    if (told.size === 0) return yield* this.list(kv);
    const names = [...told.keys()], { getMany } = KV_LIMITS;
    for (let from = 0; from < names.length; from += getMany * AT_ONCE) {
      const groups = Array.from({ length: AT_ONCE }, (_, i) => from + i * getMany)
        .map((at) => names.slice(at, at + getMany).map((name) => KEYS.sensor(name))).filter(({ length }) => length > 0);
      const found = await Promise.all(groups.map((keys) => this.ask(kv.getMany(keys))));
      for (const { key, value } of found.flat()) {
        const name = String(key[1]);
        if (value !== null) yield { name, bytes: await this.whole(kv, name, value as SnapshotValue) };
      }
    }
  }

  private async learnTold(kv: KvPort, partition: string): Promise<Map<string, string>> {
    const told = new Map<string, string>(), prefix = KEYS.sensorsOf(partition);
    for await (const { key, value } of kv.list<string>({ prefix }, { batchSize: 500 })) told.set(String(key[2]), value);
    this.told.set(partition, told);
    return told;
  }

  /**
   * Says whose sensors are that have no snapshot yet, before anything else is stored under their names: what moves a
   * partition, or exports it, finds that by their names alone.
   *
   * @param kv where the partition is
   */
  async announce(kv: KvPort, partition: string, sensors: Iterable<string>): Promise<Mutation[]> {
    if (!this.options.isShared) return [];
    const told = this.told.get(partition) ?? await this.learnTold(kv, partition), value = JSON.stringify([null, null]);
    const fresh = new Set(sensors).values().filter((name) => !told.has(name)).toArray();
    for (const name of fresh) told.set(name, ""); // with its snapshot others are told more of it
    return fresh.map((name) => ({
      key: KEYS.sensorOf(partition, name),
      value,
      bytes: keyBytes(name) + textBytes(value),
    }));
  }

  /** A snapshot from its value; where it has no parts (any more) that is noted, too. */
  private async whole(kv: KvPort, name: string, value: SnapshotValue): Promise<Uint8Array> {
    if (!(value instanceof Uint8Array)) return await this.join(kv, name, value);
    this.inParts.delete(name);
    return value;
  }

  /** Joins a snapshot's parts, from where its value is; where they have just been replaced, those that replaced them. */
  private async join(kv: KvPort, name: string, pointer: Pointer): Promise<Uint8Array> {
    this.inParts.set(name, pointer);
    const parts: Uint8Array[] = [];
    for (let i = 0; i < pointer.parts; i++) {
      const { value } = await this.ask(kv.get<Uint8Array>(KEYS.sensorPart(name, pointer.generation, i)));
      if (!value) {
        const { value: now } = await this.ask(kv.get<SnapshotValue>(KEYS.sensor(name)));
        if (now instanceof Uint8Array || (now !== null && now.generation !== pointer.generation)) {
          return await this.whole(kv, name, now);
        }
        throw new StoreError(`part ${i} of ${pointer.parts} of the snapshot of ${name} is missing`);
      }
      parts.push(value);
    }
    return joinBytes(parts);
  }

  /**
   * Writes a partition's snapshots, and removes those of sensors that were deleted.
   *
   * @throws as {@linkcode Chain.write}
   */
  async write(
    chain: Chain,
    partition: string,
    snapshots: readonly Snapshot[],
    deleted: Iterable<string>,
  ): Promise<void> {
    const small: Mutation[] = [], { headOf, isShared } = this.options, about = new Map<string, string>();
    const told = this.told.get(partition) ?? new Map<string, string>();
    this.told.set(partition, told);
    let isNews = false;
    const there = new Set(snapshots.map(({ name }) => name));
    for (const name of deleted) {
      if (there.has(name)) continue;
      small.push({ key: KEYS.sensor(name), bytes: keyBytes(name) }, ...this.dropParts(name));
      if (headOf) small.push({ key: KEYS.sensorHead(partition, name), bytes: keyBytes(name) });
      if (!isShared) continue;
      told.delete(name);
      small.push({ key: KEYS.sensorOf(partition, name), bytes: keyBytes(name) });
      isNews = true;
    }
    for (const { name, bytes } of snapshots) {
      if (isShared) about.set(name, aboutIn(bytes));
      if (bytes.length > KV_LIMITS.valueBytes - 1024) await this.writeParts(chain, name, bytes);
      else {
        small.push({ key: KEYS.sensor(name), value: bytes, bytes: keyBytes(name) + bytes.length });
        small.push(...this.dropParts(name));
      }
      // Behind the snapshot: whoever goes by an older head reads the older snapshot, and its readings again.
      if (headOf) {
        small.push({ key: KEYS.sensorHead(partition, name), value: headOf(name, bytes), bytes: keyBytes(name) + 100 });
      }
    }
    for (const [name, text] of about) {
      if (told.get(name) === text) about.delete(name);
      else small.push({ key: KEYS.sensorOf(partition, name), value: text, bytes: keyBytes(name) + textBytes(text) });
    }
    const version = { key: KEYS.sensorsVersion(partition), value: this.options.freshId(), bytes: keyBytes(partition) };
    await chain.write(small, isNews || about.size > 0 ? [version] : []);
    for (const [name, text] of about) told.set(name, text);
  }

  /** Writes a large snapshot under a new generation; the pointer comes last and takes the old generation with it. */
  private async writeParts(chain: Chain, name: string, bytes: Uint8Array): Promise<void> {
    const generation = this.options.freshId(), size = KV_LIMITS.valueBytes - 1024;
    const parts: Mutation[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      const value = bytes.slice(at, at + size);
      parts.push({ key: KEYS.sensorPart(name, generation, parts.length), value, bytes: keyBytes(name) + value.length });
    }
    const pointer: Pointer = { generation, parts: parts.length };
    await chain.write(parts, [
      { key: KEYS.sensor(name), value: pointer, bytes: keyBytes(name) + 100 },
      ...this.dropParts(name),
    ]);
    this.inParts.set(name, pointer);
  }

  private dropParts(name: string): Mutation[] {
    const old = this.inParts.get(name);
    if (!old) return [];
    this.inParts.delete(name);
    return Array.from(
      { length: old.parts },
      (_, i) => ({ key: KEYS.sensorPart(name, old.generation, i), bytes: keyBytes(name) }),
    );
  }

  private ask<T>(answer: Promise<T>): Promise<T> {
    return within(this.options.clock, this.options.deadlineMs, answer);
  }
}

/** Type and location in a snapshot, as other nodes are told. */
export function aboutIn(bytes: Uint8Array): string {
  const { type = null, location = null } = readMeta(bytes);
  return JSON.stringify([type, location]);
}
