/**
 * Durations counted by how long they were, as Prometheus's histograms have it.
 *
 * @module
 */
import type { Histogram } from "./counters.ts";

/** Upper bounds of the buckets, seconds. */
const TIME_BOUNDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts durations. O(bounds) and no allocation for each. */
export class Durations {
  /** As many as took at most each bound and more than the one before; the last for those beyond. */
  private readonly buckets = new Float64Array(TIME_BOUNDS.length + 1);
  private sum = 0;

  /** Counts one, in seconds. */
  add(seconds: number): void {
    let at = 0;
    while (at < TIME_BOUNDS.length && seconds > TIME_BOUNDS[at]) at++;
    this.buckets[at]++;
    this.sum += seconds;
  }

  /** All of them so far. */
  histogram(): Histogram {
    let count = 0;
    const counts = Array.from(this.buckets, (some) => count += some).slice(0, -1);
    return { bounds: TIME_BOUNDS, counts, count, sum: this.sum };
  }
}
