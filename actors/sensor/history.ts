/**
 * A sensor's last readings with their verdicts, as rows of doubles in a ring.
 *
 * A row is position, time, label (−1 for none), the masks of limit and z-score flags, then a value for each channel (NaN
 * where it is missing). Whole chunks of rows go to the store; a snapshot holds the rows since the last whole chunk.
 *
 * @module
 */

/** Rows of the ring: at least so many last readings are in memory, once there were as many. */
export const HISTORY_ROWS = 128;
/** Rows of a chunk; divides {@linkcode HISTORY_ROWS}. */
export const CHUNK_ROWS = 64;
/** Doubles of a row before its values. */
export const ROW_HEAD = 5;
/** Offsets into a row. */
export const ROW = { position: 0, time: 1, label: 2, limitMask: 3, zMask: 4 } as const;

/** The ring of one sensor; grows up to its capacity as rows come. */
export class History {
  /** Number of the oldest row that the ring holds. */
  oldest = 0;
  private rows: Float64Array;

  constructor(private channels: number) {
    this.rows = new Float64Array(4 * this.width);
  }

  /** Doubles of a row. */
  get width(): number {
    return ROW_HEAD + this.channels;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.rows.byteLength;
  }

  /** The buffer that holds row `number`, which is the next one; `offset()` says where. */
  claim(number: number): Float64Array {
    let capacity = this.rows.length / this.width;
    while (number % HISTORY_ROWS >= capacity) this.grow(capacity = Math.min(HISTORY_ROWS, 2 * capacity));
    if (number - this.oldest >= HISTORY_ROWS) this.oldest = number - HISTORY_ROWS + 1;
    return this.rows;
  }

  /** Where row `number` starts in the buffer. */
  offset(number: number): number {
    return (number % HISTORY_ROWS) * this.width;
  }

  /** A copy of the rows from `from` to before `to`, which the ring must hold. */
  copy(from: number, to: number): Float64Array {
    const width = this.width, out = new Float64Array((to - from) * width);
    for (let n = from; n < to; n++) {
      const at = this.offset(n);
      out.set(this.rows.subarray(at, at + width), (n - from) * width);
    }
    return out;
  }

  /** Puts rows back under their numbers. */
  restore(from: number, rows: Float64Array): void {
    const width = this.width, count = rows.length / width;
    this.oldest = from;
    for (let i = 0; i < count; i++) {
      while ((from + i) % HISTORY_ROWS >= this.rows.length / width) this.grow(HISTORY_ROWS);
      this.rows.set(rows.subarray(i * width, (i + 1) * width), this.offset(from + i));
    }
  }

  /** The same rows with more channels; the new ones are missing in them. */
  widened(channels: number, next: number): History {
    const wide = new History(channels), from = Math.max(this.oldest, next - HISTORY_ROWS);
    const rows = new Float64Array((next - from) * wide.width).fill(NaN), old = this.copy(from, next);
    for (let i = 0; i < next - from; i++) rows.set(old.subarray(i * this.width, (i + 1) * this.width), i * wide.width);
    wide.restore(from, rows);
    return wide;
  }

  private grow(capacity: number): void {
    const rows = new Float64Array(capacity * this.width);
    rows.set(this.rows);
    this.rows = rows;
  }
}
