/**
 * How many readings a second, over the last seconds.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";

/** What is looked back at, ms. */
const SPAN_MS = 5_000;

/** Counts over time. */
export class RateMeter {
  private readonly samples: { readonly at: number; readonly total: number }[] = [];

  /** Readings of runs, as of their last note. */
  private readonly noted = new WeakMap<object, number>();
  private read = 0;

  constructor(private readonly clock: Clock) {}

  /**
   * Notes where the runs of this process stand. What others had read of a partition before it was taken over, or this one
   * before a restart, has not been read in the last seconds.
   */
  noteRuns(runs: readonly { readonly readings: number }[]): void {
    for (const run of runs) {
      this.read += run.readings - (this.noted.get(run) ?? run.readings);
      this.noted.set(run, run.readings);
    }
    this.note(this.read);
  }

  /** Notes how many there have been since the start. */
  note(total: number): void {
    const at = this.clock.now();
    this.samples.push({ at, total });
    while (this.samples.length > 2 && this.samples[1].at < at - SPAN_MS) this.samples.shift();
  }

  /** Readings per second; 0 when none came for a while. */
  get perSecond(): number {
    const first = this.samples[0], last = this.samples.at(-1);
    if (!first || !last || this.clock.now() - last.at > SPAN_MS) return 0;
    return last.at > first.at ? (last.total - first.total) * 1000 / (last.at - first.at) : 0;
  }
}
