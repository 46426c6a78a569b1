/**
 * A sensor's last readings with their verdicts, as rows of doubles in a ring.
 *
 * What must be exact of a row lies in doubles: position, time, masks, values (NaN where one is missing). Scores and bands
 * are floats, two in the place of a double. Whole chunks of rows go to the store; a snapshot holds the rows since the last
 * whole chunk.
 *
 * @module
 */
import { SAID, VERDICT, VERDICT_CHANNEL, VERDICT_HEAD } from "./verdict.ts";

/** Rows of the ring: at least so many last readings are in memory, once there were as many. */
export const HISTORY_ROWS = 128;
/** Rows of a chunk; divides {@linkcode HISTORY_ROWS}. */
export const CHUNK_ROWS = 64;

/** Parts of a verdict's head that a row keeps as doubles, then as floats, each in the row's order. */
const EXACT = [
  VERDICT.position,
  VERDICT.time,
  VERDICT.limitMask,
  VERDICT.zMask,
  VERDICT.warningMask,
  VERDICT.rateMask,
  VERDICT.physicalMask,
];
const ROUNDED = [
  VERDICT.label,
  VERDICT.bits,
  VERDICT.rate,
  VERDICT.score,
  VERDICT.surprise,
  VERDICT.zscore,
  VERDICT.forest,
  VERDICT.network,
  VERDICT.logistic,
  VERDICT.forestVersion,
  VERDICT.networkVersion,
  VERDICT.logisticVersion,
];
/** Doubles of a row before its values, and floats before those of its channels. */
const HEAD = EXACT.length, FLOATS_HEAD = ROUNDED.length, FLOATS_CHANNEL = VERDICT_CHANNEL - 1;

/** Doubles of a row with so many channels. */
export function rowWidth(channels: number): number {
  return HEAD + channels + Math.ceil((FLOATS_HEAD + FLOATS_CHANNEL * channels) / 2);
}

/** Doubles of a row as it was written before verdicts were part of it: position, time, label, two masks, values. */
export function oldRowWidth(channels: number): number {
  return 5 + channels;
}

/** Writes a verdict's row at `at`; `floats` is the same memory as `rows`. */
function writeRow(
  rows: Float64Array,
  floats: Float32Array,
  at: number,
  verdict: Float64Array,
  from: number,
  channels: number,
): void {
  const said = from + VERDICT_HEAD;
  for (let i = 0; i < HEAD; i++) rows[at + i] = verdict[from + EXACT[i]];
  for (let c = 0; c < channels; c++) rows[at + HEAD + c] = verdict[said + c * VERDICT_CHANNEL + SAID.value];
  let to = 2 * (at + HEAD + channels);
  for (let i = 0; i < FLOATS_HEAD; i++) floats[to++] = verdict[from + ROUNDED[i]];
  for (let c = 0; c < channels; c++) {
    for (let i = 1; i < VERDICT_CHANNEL; i++) floats[to++] = verdict[said + c * VERDICT_CHANNEL + i];
  }
}

/**
 * Reads a row into a verdict.
 *
 * @param verdict gets it from its beginning; sensor and plan are for the caller to know
 */
export function readRow(rows: Float64Array, at: number, verdict: Float64Array, channels: number): void {
  const floats = new Float32Array(rows.buffer, rows.byteOffset);
  verdict.fill(0, 0, VERDICT_HEAD);
  for (let i = 0; i < HEAD; i++) verdict[EXACT[i]] = rows[at + i];
  for (let c = 0; c < channels; c++) verdict[VERDICT_HEAD + c * VERDICT_CHANNEL] = rows[at + HEAD + c];
  let from = 2 * (at + HEAD + channels);
  for (let i = 0; i < FLOATS_HEAD; i++) verdict[ROUNDED[i]] = floats[from++];
  for (let c = 0; c < channels; c++) {
    for (let i = 1; i < VERDICT_CHANNEL; i++) verdict[VERDICT_HEAD + c * VERDICT_CHANNEL + i] = floats[from++];
  }
  verdict[VERDICT.channels] = channels;
}

/** Rows as they were written before verdicts were part of them, in today's form: nothing was said of their values. */
export function upgradeRows(old: Float64Array, channels: number): Float64Array {
  const from = oldRowWidth(channels), to = rowWidth(channels), rows = new Float64Array(old.length / from * to);
  const floats = new Float32Array(rows.buffer);
  const verdict = new Float64Array(VERDICT_HEAD + channels * VERDICT_CHANNEL);
  for (let at = 0, into = 0; at < old.length; at += from, into += to) {
    verdict.fill(NaN);
    const [position, time, label, limitMask, zMask] = old.subarray(at, at + 5);
    Object.entries({ position, time, label, limitMask, zMask }).forEach(([name, value]) =>
      verdict[VERDICT[name as keyof typeof VERDICT]] = value
    );
    verdict[VERDICT.bits] = limitMask > 0 ? 1 : 0;
    verdict[VERDICT.warningMask] = verdict[VERDICT.rateMask] = verdict[VERDICT.physicalMask] = 0;
    verdict[VERDICT.forestVersion] = verdict[VERDICT.networkVersion] = 0;
    verdict[VERDICT.logisticVersion] = 0;
    verdict[VERDICT.rate] = 1;
    for (let c = 0; c < channels; c++) verdict[VERDICT_HEAD + c * VERDICT_CHANNEL] = old[at + 5 + c];
    writeRow(rows, floats, into, verdict, 0, channels);
  }
  return rows;
}

/** The ring of one sensor; grows up to its capacity as rows come. */
export class History {
  /** Number of the oldest row that the ring holds. */
  oldest = 0;
  /** Doubles of a row. */
  readonly width: number;
  private rows: Float64Array;
  /** The same memory. */
  private floats: Float32Array;

  constructor(readonly channels: number) {
    this.width = rowWidth(channels);
    this.rows = new Float64Array(4 * this.width);
    this.floats = new Float32Array(this.rows.buffer);
  }

  /** Bytes held. */
  get bytes(): number {
    return this.rows.byteLength;
  }

  /** Writes row `number`, which is the next one. */
  write(number: number, verdict: Float64Array, from: number): void {
    let capacity = this.rows.length / this.width;
    while (number % HISTORY_ROWS >= capacity) this.grow(capacity = Math.min(HISTORY_ROWS, 2 * capacity));
    if (number - this.oldest >= HISTORY_ROWS) this.oldest = number - HISTORY_ROWS + 1;
    writeRow(this.rows, this.floats, this.offset(number), verdict, from, this.channels);
  }

  private offset(number: number): number {
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
    const rows = new Float64Array((next - from) * wide.width), floats = new Float32Array(rows.buffer);
    const old = this.copy(from, next);
    const verdict = new Float64Array(VERDICT_HEAD + channels * VERDICT_CHANNEL);
    for (let i = 0; i < next - from; i++) {
      readRow(old, i * this.width, verdict, this.channels);
      verdict.fill(NaN, VERDICT_HEAD + this.channels * VERDICT_CHANNEL);
      writeRow(rows, floats, i * wide.width, verdict, 0, channels);
    }
    wide.restore(from, rows);
    return wide;
  }

  private grow(capacity: number): void {
    const rows = new Float64Array(capacity * this.width);
    rows.set(this.rows);
    this.rows = rows;
    this.floats = new Float32Array(rows.buffer);
  }
}
