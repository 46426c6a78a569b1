/**
 * Puts the rows of several shards in one order: by position, windows before flags, then by the sensors' names.
 *
 * @module
 */
import { ROW_INDEX, type Rows } from "./rows.ts";

/** One shard's rows, batch behind batch, and how far they were taken. */
class Stream {
  private batch = 0;
  private record = 0;
  position = 0;
  /** Twice the sensor's number, one more for a flag. */
  of = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private start = 0;
  private end = 0;

  constructor(private readonly batches: readonly Rows[]) {
    this.seek();
  }

  /** Whether everything was taken. */
  get isOver(): boolean {
    return this.batch === this.batches.length;
  }

  next(): void {
    this.record++;
    this.seek();
  }

  /** Copies the rows of this record. */
  copy(to: Uint8Array, at: number): number {
    to.set(this.bytes.subarray(this.start, this.end), at);
    return at + this.end - this.start;
  }

  private seek(): void {
    while (this.batch < this.batches.length) {
      const { bytes, index } = this.batches[this.batch], at = ROW_INDEX * this.record;
      if (at < index.length) {
        this.bytes = bytes;
        this.position = index[at];
        this.of = index[at + 1];
        this.start = at === 0 ? 0 : index[at - 1];
        this.end = index[at + 2];
        return;
      }
      this.batch++;
      this.record = 0;
    }
  }
}

/**
 * Merges rows. One shard's are handed on as they are, without a copy.
 *
 * @param shards each shard's batches, in order
 * @param from rows of positions before this one are left out
 */
export function mergeRows(
  shards: readonly (readonly Rows[])[],
  from: number,
  nameOf: (sensor: number) => string,
): Uint8Array[] {
  const whole = shards.length === 1 && shards[0].every(({ index }) => index[0] >= from);
  if (whole) return shards[0].map(({ bytes }) => bytes);
  const merged = new Uint8Array(shards.flat().reduce((sum, { bytes }) => sum + bytes.length, 0));
  const streams = shards.map((batches) => new Stream(batches)).filter((stream) => !stream.isOver);
  let at = 0;
  while (streams.length > 0) {
    let first = 0;
    for (let s = 1; s < streams.length; s++) if (comesBefore(streams[s], streams[first], nameOf)) first = s;
    const stream = streams[first];
    if (stream.position >= from) at = stream.copy(merged, at);
    stream.next();
    if (stream.isOver) streams.splice(first, 1);
  }
  return at > 0 ? [merged.subarray(0, at)] : [];
}

function comesBefore(a: Stream, b: Stream, nameOf: (sensor: number) => string): boolean {
  if (a.position !== b.position) return a.position < b.position;
  if (a.of % 2 !== b.of % 2) return a.of % 2 < b.of % 2;
  return nameOf(a.of >> 1) < nameOf(b.of >> 1);
}
