/**
 * How many actors are in memory and about how many bytes they hold: whether that is more than it may be.
 *
 * Shards say their bytes with every cut; actors that came since then count as the mean of the others.
 *
 * @module
 */
import type { CutResult } from "./batch.ts";

/** What may be in memory. */
export interface ResidenceBounds {
  /** Actors at the most, … */
  readonly residentMost: number;
  /** … and bytes of their states and histories at the most. */
  readonly residentBytes: number;
}

/** Beyond a bound so much of it is kept: what is let go is worth the trouble then. */
const KEPT = 0.9;

/** Counts actors and bytes of all shards. */
export class Residence {
  private count = 0;
  /** Bytes of an actor, on average, as of the last cut. */
  private mean = 0;

  constructor(private readonly bounds: ResidenceBounds) {}

  /** So many actors are brought into memory. */
  arrived(count: number): void {
    this.count += count;
  }

  /** What the shards answered to a cut. */
  answered(results: readonly CutResult[]): void {
    let bytes = 0, sensors = 0;
    for (const { released, resident, residentBytes } of results) {
      this.count -= released.length;
      bytes += residentBytes;
      sensors += resident;
    }
    this.mean = sensors > 0 ? bytes / sensors : 0;
  }

  /** Whether there are too many actors, or they are too large. */
  isOver(): boolean {
    return this.count > this.bounds.residentMost || this.count * this.mean > this.bounds.residentBytes;
  }

  /** Actors to let go, so that there is some room below both bounds; 0 while neither is passed. */
  excess(): number {
    if (!this.isOver()) return 0;
    const { residentMost, residentBytes } = this.bounds;
    return this.count - Math.floor(KEPT * Math.min(residentMost, this.mean > 0 ? residentBytes / this.mean : Infinity));
  }
}
