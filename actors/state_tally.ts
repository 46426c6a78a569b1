/**
 * What sensors' states count, as sums for each partition since the process began.
 *
 * A state counts from the sensor's beginning and comes and goes with it: what it had when it came is taken off, what it
 * had when it left is kept. So counting costs nothing for a reading, and a sum over the sensors when somebody asks.
 *
 * @module
 */
import type { LateCounts } from "./counters.ts";
import type { SensorActor } from "./sensor/actor.ts";
import { HEADER } from "./sensor/layout.ts";

const NOTHING: LateCounts = { late: 0, duplicates: 0, conflicts: 0 };

/** Sums of one shard. */
export class StateTally {
  private readonly kept = new Map<string, LateCounts>();

  /** A sensor comes into memory with this state. */
  came(actor: SensorActor): void {
    this.keep(this.kept, actor, -1);
  }

  /** A sensor goes with this state. */
  left(actor: SensorActor): void {
    this.keep(this.kept, actor, 1);
  }

  /** The sums, with those of the sensors in memory. O(sensors). */
  totals(actors: readonly (SensorActor | undefined)[]): Record<string, LateCounts> {
    const totals = new Map(this.kept);
    for (const actor of actors) if (actor) this.keep(totals, actor, 1);
    return Object.fromEntries(totals);
  }

  private keep(sums: Map<string, LateCounts>, { partition, state }: SensorActor, sign: 1 | -1): void {
    const { late, duplicates, conflicts } = sums.get(partition) ?? NOTHING;
    sums.set(partition, {
      late: late + sign * (state[HEADER.late] + state[HEADER.tooLate]),
      duplicates: duplicates + sign * state[HEADER.duplicates],
      conflicts: conflicts + sign * state[HEADER.conflicts],
    });
  }
}
