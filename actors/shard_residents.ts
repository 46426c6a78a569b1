/**
 * The actors in a shard's memory: which of them have changed since their snapshot, which tick is the next to change each,
 * and how many bytes they hold.
 *
 * @module
 */
import { countAlerts } from "./alerts/counts.ts";
import type { CutResult, ShardCounters, ShardCut, Sleeper, Snapshot } from "./batch.ts";
import { Roll } from "./roll.ts";
import type { SensorActor } from "./sensor/actor.ts";
import { NEVER } from "./sensor/layout.ts";
import { encodeSnapshot } from "./sensor/snapshot.ts";
import { wakeTime } from "./sensor/tick.ts";
import { bytesOf } from "./shard_answers.ts";
import { StateTally } from "./state_tally.ts";

/** The actors in the memory of one shard. */
export class ShardResidents {
  /** By the sensor's number. */
  readonly actors: (SensorActor | undefined)[] = [];
  /** Least tick that changes a sensor, by its number. */
  wake: Float64Array = new Float64Array(1024).fill(NEVER);
  /** Position of a sensor's first change since its snapshot, −1 for none. */
  private changedAt = new Float64Array(1024).fill(-1);
  /** Bytes that each actor held when it was last applied, and what is in memory of all of them. */
  private sizes = new Float64Array(1024);
  private readonly totals = { resident: 0, residentBytes: 0 };
  /** What is counted of partitions, whoever is in memory. */
  private readonly tally = new StateTally();
  /** Deleted since the last cut of each partition. */
  private readonly deleted = new Map<string, Sleeper[]>();
  /** Sensors of each partition. */
  private readonly rolls = new Map<string, Roll>();

  /** The actor of a sensor. @throws {Error} if it is not here: whoever asks was to bring it first */
  present(sensor: number): SensorActor {
    const actor = this.actors[sensor];
    if (!actor) throw new Error(`sensor ${sensor} is not in this shard's memory`);
    return actor;
  }

  /** The sensors of a partition, in no particular order. */
  of(partition: string): Iterable<number> {
    return this.rolls.get(partition) ?? [];
  }

  /** Takes an actor in, as it was when it was last written. */
  admit(actor: SensorActor): void {
    const { id, partition } = actor;
    let roll = this.rolls.get(partition);
    if (!roll) this.rolls.set(partition, roll = new Roll((sensor) => this.present(sensor).name));
    const before = this.actors[id];
    if (before) this.tally.left(before);
    else {
      roll.add(id);
      this.totals.resident++;
    }
    this.actors[id] = actor;
    this.tally.came(actor);
    if (id >= this.wake.length) this.grow(id);
    this.changedAt[id] = -1;
    this.settle(actor);
  }

  /** Notes that the actor has changed since its snapshot. */
  touch(actor: SensorActor, position: number): void {
    if (this.changedAt[actor.id] >= 0) return;
    this.changedAt[actor.id] = position;
    const roll = this.rolls.get(actor.partition);
    if (roll) roll.changed++;
  }

  /** Notes which tick is the next to change an actor. */
  noteWake(actor: SensorActor): void {
    this.wake[actor.id] = wakeTime(actor);
  }

  /** An actor has had its readings: when it wakes, and how many bytes it holds now, as states and histories grow. */
  settle(actor: SensorActor): void {
    this.noteWake(actor);
    const bytes = bytesOf(actor);
    this.totals.residentBytes += bytes - this.sizes[actor.id];
    this.sizes[actor.id] = bytes;
  }

  /** Writes a share of those that have changed, and lets go of those that are to go. */
  cut({ partition, position, share, least, release }: ShardCut): CutResult {
    const roll = this.rolls.get(partition), snapshots: Snapshot[] = [], released = this.deleted.get(partition) ?? [];
    this.deleted.delete(partition);
    if (!roll) return { snapshots, released, oldestChange: -1, changed: 0, ...this.totals };
    const write = (sensor: number) => {
      if (this.changedAt[sensor] < 0) return false;
      const actor = this.present(sensor);
      this.changedAt[sensor] = -1;
      roll.changed--;
      snapshots.push({ sensor, name: actor.name, bytes: encodeSnapshot(actor, position) });
      return true;
    };
    roll.goOn(share, Math.min(least, roll.changed), write);
    const leaving = release.filter((sensor) => this.actors[sensor] !== undefined);
    for (const sensor of leaving) {
      write(sensor);
      released.push({ sensor, wake: wakeTime(this.present(sensor)) });
    }
    const gone = new Set(leaving);
    if (gone.size > 0) roll.remove((sensor) => gone.has(sensor));
    this.drop(leaving);
    const { changed } = roll;
    return { snapshots, released, oldestChange: this.oldestChange(roll), changed, ...this.totals };
  }

  /** Lets go of an actor for good, unwritten; the next cut of its partition says so. */
  delete({ id, partition }: SensorActor): void {
    const roll = this.rolls.get(partition), gone = this.deleted.get(partition);
    roll?.remove((sensor) => sensor === id);
    if (roll && this.changedAt[id] >= 0) roll.changed--;
    this.drop([id]);
    if (gone) gone.push({ sensor: id, wake: NEVER });
    else this.deleted.set(partition, [{ sensor: id, wake: NEVER }]);
  }

  /** Lets go of a partition as it stands. */
  forget(partition: string): CutResult {
    const released = [...this.of(partition)].map((sensor) => ({ sensor, wake: NEVER }));
    this.rolls.delete(partition);
    this.drop(released.map(({ sensor }) => sensor));
    return { snapshots: [], released, oldestChange: -1, changed: 0, ...this.totals };
  }

  /** What states count. */
  counters(): Omit<ShardCounters, "restarts"> {
    const { actors, tally } = this;
    return { partitions: tally.totals(actors), alerts: countAlerts(actors.map((actor) => actor?.lives)) };
  }

  private drop(leaving: readonly number[]): void {
    for (const sensor of leaving) {
      this.tally.left(this.present(sensor));
      this.actors[sensor] = undefined;
      this.totals.residentBytes -= this.sizes[sensor];
      this.sizes[sensor] = 0;
    }
    this.totals.resident -= leaving.length;
  }

  private oldestChange(roll: Roll): number {
    const { changedAt } = this;
    let oldest = -1;
    for (const sensor of roll) {
      if (changedAt[sensor] >= 0 && (oldest < 0 || changedAt[sensor] < oldest)) oldest = changedAt[sensor];
    }
    return oldest;
  }

  private grow(sensor: number): void {
    const length = Math.max(2 * this.wake.length, sensor + 1);
    this.wake = grown(this.wake, length, NEVER);
    this.changedAt = grown(this.changedAt, length, -1);
    this.sizes = grown(this.sizes, length, 0);
  }
}

function grown(old: Float64Array, length: number, fill: number): Float64Array<ArrayBuffer> {
  const wide = new Float64Array(length).fill(fill);
  wide.set(old);
  return wide;
}
