/**
 * A store for a process that lives from request to request and is not alone: snapshots stay in memory as long as they are
 * what is stored, and which ones have changed since is learnt from their heads, which are small.
 *
 * A head is an id that is written behind its snapshot. A crash between both leaves a head that names an older snapshot;
 * that is no harm, since readings are read again from before either of them.
 *
 * @module
 */
import type { CheckpointStore, Claim } from "../../actors/checkpoint.ts";
import type { Clock } from "../../actors/ports.ts";
import { within } from "../deadline.ts";
import { KEYS } from "../keys.ts";
import type { KvPort } from "../kv.ts";
import { type CheckpointStoreOptions, KvCheckpointStore } from "./store.ts";

/** Snapshots that are fetched at a time. */
const AT_ONCE = 20;

/** A snapshot in memory, and the head that it had. */
interface Known {
  readonly head: string;
  readonly bytes: Uint8Array;
  readonly partition: string;
}

/** Checkpoints over a store that others write, too. Holds all snapshots in memory. */
export class SnapshotCache implements CheckpointStore {
  private readonly inner: KvCheckpointStore;
  private readonly known = new Map<string, Known>();
  /** What this process wrote of each sensor since {@linkcode snapshots}: in force later if its head is stored. */
  private readonly written = new Map<string, Omit<Known, "partition">>();
  /** Sensors that others have changed since {@linkcode takeChanged}. */
  private changed = new Set<string>();
  private readonly clock: Clock;
  private readonly deadlineMs: number;

  constructor(private readonly kv: KvPort, options: CheckpointStoreOptions) {
    this.clock = options.clock;
    this.deadlineMs = options.deadlineMs;
    this.inner = new KvCheckpointStore(kv, {
      ...options,
      headOf: (name, bytes) => {
        const head = options.freshId();
        this.written.set(name, { head, bytes });
        return head;
      },
    });
  }

  async claim(partition: string): Promise<Claim> {
    // What is known is as of some time ago, whatever the store thinks of its own first look.
    return { ...await this.inner.claim(partition), overtaken: true };
  }

  /** Snapshots as they are stored now, of all partitions or of one; only those that others have changed are fetched. */
  async *snapshots(partition?: string): AsyncIterable<{ readonly name: string; readonly bytes: Uint8Array }> {
    let missing: { name: string; head: string; partition: string }[] = [];
    const there = new Set<string>(),
      fetch = async () => {
        await Promise.all(missing.map(async ({ name, head, partition }) => {
          const bytes = await this.inner.snapshot(name);
          if (!bytes) return void there.delete(name); // removed meanwhile
          this.known.set(name, { head, bytes, partition });
          this.changed.add(name);
        }));
        missing = [];
      };
    const prefix = partition === undefined ? KEYS.sensorHeads() : [...KEYS.sensorHeads(), partition];
    for await (const { key, value: head } of this.kv.list<string>({ prefix }, { batchSize: 1000 })) {
      const name = String(key[2]), partition = String(key[1]), own = this.written.get(name);
      there.add(name);
      this.written.delete(name);
      if (own?.head === head) this.known.set(name, { ...own, partition });
      else if (this.known.get(name)?.head !== head) missing.push({ name, head, partition });
      if (missing.length === AT_ONCE) await fetch();
    }
    await fetch();
    for (const [name, known] of this.known) {
      if (partition !== undefined && known.partition !== partition) continue;
      if (there.has(name)) yield { name, bytes: known.bytes };
      else this.known.delete(name);
    }
  }

  async snapshot(name: string): Promise<Uint8Array | undefined> {
    return (this.written.get(name) ?? this.known.get(name))?.bytes ?? await this.inner.snapshot(name);
  }

  /** Sensors whose state others have written since the last call. */
  takeChanged(): ReadonlySet<string> {
    const { changed } = this;
    this.changed = new Set();
    return changed;
  }

  /** A version that changes with every write to a partition, whoever wrote; null for one that was never run. */
  async version(partition: string): Promise<string | null> {
    return (await within(this.clock, this.deadlineMs, this.kv.get(KEYS.chain(partition)))).versionstamp;
  }
}
