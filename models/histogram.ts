/**
 * How values are distributed over equal bins of a range.
 *
 * @module
 */

/** Values by bin, those that were flagged apart. */
export class Histogram {
  readonly counts: Float64Array;
  readonly flagged: Float64Array;

  /**
   * @param low where the first bin begins
   * @param high where the last one ends, itself in it; above `low`
   * @param bins how many there are
   */
  constructor(readonly low: number, readonly high: number, readonly bins: number) {
    this.counts = new Float64Array(bins);
    this.flagged = new Float64Array(bins);
  }

  /** Counts a value; one outside of the range in the bin next to it. */
  add(value: number, flagged: boolean): void {
    const { low, high, bins } = this;
    const bin = Math.max(0, Math.min(bins - 1, Math.floor((value - low) / (high - low) * bins)));
    this.counts[bin]++;
    if (flagged) this.flagged[bin]++;
  }

  /** Where a bin begins; bin `bins` begins where the last one ends. */
  edge(bin: number): number {
    return bin === this.bins ? this.high : this.low + (this.high - this.low) * bin / this.bins;
  }
}
