/**
 * A sample of readings for training, the same whatever the order and the parts in which they come.
 *
 * Every reading gets a key from its own name and place; those with the least keys are the sample. Older readings count
 * less: the chance of one to be in it falls by e with each `memory`, so the sample follows the times, and once it is old
 * changes slowly. Keys join: the least of all are among the least of each part.
 *
 * Source: P. S. Efraimidis, P. G. Spirakis, Weighted random sampling with a reservoir, IPL 97, 2006; with weights that
 * grow exponentially in time, in logarithms, so that no weight overflows.
 *
 * @module
 */
import { uniformAt } from "./random.ts";

/** Readings of a sample, at most. */
export const SAMPLE_MOST = 1_000;
/** Seed of all keys: a sample depends on the readings alone. */
const SEED = 0x5a3b1e;

/**
 * A reading's key; the least ones are the sample.
 *
 * @param sensor hash of the sensor's name
 * @param time epoch ms
 * @param memoryMs age at which a reading counts e times less
 */
export function sampleKey(sensor: number, position: number, time: number, memoryMs: number): number {
  const u = uniformAt(SEED, sensor, position); // in [0, 1): 0 gives infinity, the last of all
  return Math.log(-Math.log(u)) - time / memoryMs;
}

/** Says whether a key may be among the least so far: a heap with the greatest kept one at its top. */
export class SampleFilter {
  private readonly keys: Float64Array;
  private count = 0;

  /** @param most keys kept, at least 1 */
  constructor(most: number) {
    this.keys = new Float64Array(most);
  }

  /** Takes a key in; false if there are `most` lesser ones already. O(log most), mostly O(1). */
  offer(key: number): boolean {
    const { keys } = this;
    if (this.count < keys.length) {
      this.raise(this.count++, key);
      return true;
    }
    if (!(key < keys[0])) return false;
    this.sink(key);
    return true;
  }

  /** Puts a key at a free place and lets it rise over lesser ones. */
  private raise(at: number, key: number): void {
    const { keys } = this;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (keys[parent] >= key) break;
      keys[at] = keys[parent];
      at = parent;
    }
    keys[at] = key;
  }

  /** Replaces the greatest key. */
  private sink(key: number): void {
    const { keys, count } = this;
    let at = 0;
    for (let child = 1; child < count; child = 2 * at + 1) {
      if (child + 1 < count && keys[child + 1] > keys[child]) child++;
      if (keys[child] <= key) break;
      keys[at] = keys[child];
      at = child;
    }
    keys[at] = key;
  }
}
