/**
 * A channel's course for a chart: at most a thousand pieces, whatever the length, in fixed memory.
 *
 * Each piece holds least and greatest value and the band over so many readings; when all pieces are full, neighbours
 * are joined and a piece stands for twice as many. A spike stays visible at any length.
 *
 * @module
 */

/** Pieces of a course. */
const PIECES = 1_024;

/** One channel's course. */
export class Series {
  /** Pieces in use. */
  length = 0;
  readonly times: Float64Array = new Float64Array(PIECES);
  readonly least: Float64Array = new Float64Array(PIECES);
  readonly greatest: Float64Array = new Float64Array(PIECES);
  /** Lower and upper end of the band, averaged; NaN where it is unknown. */
  readonly low: Float64Array = new Float64Array(PIECES);
  readonly high: Float64Array = new Float64Array(PIECES);
  #each = 1;
  #inPiece = 0;

  /** Adds a reading. */
  add(time: number, value: number, low: number, high: number): void {
    if (this.#inPiece === 0) {
      if (this.length === PIECES) this.#halve();
      const at = this.length++;
      this.times[at] = time;
      this.least[at] = this.greatest[at] = value;
      this.low[at] = low;
      this.high[at] = high;
    } else {
      const at = this.length - 1;
      if (value < this.least[at]) this.least[at] = value;
      if (value > this.greatest[at]) this.greatest[at] = value;
      this.low[at] = mean(this.low[at], low, this.#inPiece);
      this.high[at] = mean(this.high[at], high, this.#inPiece);
    }
    if (++this.#inPiece === this.#each) this.#inPiece = 0;
  }

  #halve(): void {
    const half = PIECES / 2;
    for (let i = 0; i < half; i++) {
      const a = 2 * i, b = a + 1;
      this.times[i] = this.times[a];
      this.least[i] = Math.min(this.least[a], this.least[b]);
      this.greatest[i] = Math.max(this.greatest[a], this.greatest[b]);
      this.low[i] = mean(this.low[a], this.low[b], 1);
      this.high[i] = mean(this.high[a], this.high[b], 1);
    }
    this.length = half;
    this.#each *= 2;
  }
}

/** The mean of a mean over `count` and one more; an unknown one does not count. */
function mean(a: number, b: number, count: number): number {
  if (Number.isNaN(a)) return b;
  return Number.isNaN(b) ? a : a + (b - a) / (count + 1);
}
