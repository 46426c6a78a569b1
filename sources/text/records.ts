/**
 * Records out of bytes: where each begins and ends, whatever the pieces in which the bytes come.
 *
 * A {@linkcode Framer} knows one format's borders; a {@linkcode RecordReader} walks over the pieces with it, keeps the
 * exact position and the row of each record, and holds no more than one piece and one record. What a record is
 * depends on the text from its start on alone, never on the pieces: reading on from its position finds the same.
 *
 * @module
 */

/** Bytes that a record may have, without its line end; a longer one is refused and skipped. */
export const RECORD_BYTES_MAX = 65_536;

/** Bytes of a refused record that are kept for its sample. */
const SAMPLE_BYTES = 512;
const LF = 10, CR = 13;

/** Finds the borders of one format's records. */
export interface Framer {
  /** Index of the next record's first byte at or after `from`; -1 if there is none in `bytes`. */
  start(bytes: Uint8Array, from: number): number;
  /**
   * Index behind the end of the record that begins at `start`, at most `to`; -1 if it goes on behind `to`.
   *
   * @param from where the scan before left off; `start` at the first one, which forgets all state
   */
  scan(bytes: Uint8Array, start: number, from: number, to: number): number;
  /**
   * Where reading goes on after a record that is too long; -1 if not within `bytes`, then it is asked again with more.
   *
   * @param start the record's first byte, or where the skip before left off
   * @param from where the record became too long, or as `start`
   */
  skip(bytes: Uint8Array, start: number, from: number): number;
  /** At the end of the text: index behind what is to be taken as one record, and what is wrong with it, if anything. */
  finish(bytes: Uint8Array, start: number): { readonly end: number; readonly problem?: string };
}

/** Walks over the records of a text. */
export class RecordReader {
  /** The piece that {@linkcode from} and {@linkcode to} point into. */
  bytes: Uint8Array = new Uint8Array(0);
  /** The record found last: its first byte, and the one behind its last without the line end. */
  from = 0;
  to = 0;
  /** Its offset in the text. */
  position = 0;
  /** Its 1-based number. */
  row: number;
  /** Why it cannot be used; undefined if it can. */
  problem: string | undefined;
  /** Offset in the text behind it: where reading can go on. */
  next: number;

  #base: number; // position of bytes[0]
  #at = 0; // where the pending record begins
  #scanned = -1; // how far it was scanned; -1 before its start is known
  #ended = false;
  #skipping = false;
  #sample: Uint8Array = new Uint8Array(0);

  /**
   * @param position offset in the text of the first byte that comes
   * @param row number of the record before it: 0 at the beginning
   */
  constructor(
    private readonly framer: Framer,
    position = 0,
    row = 0,
    private readonly bytesMax = RECORD_BYTES_MAX,
  ) {
    this.#base = position;
    this.next = position;
    this.row = row;
  }

  /** What the next piece must begin with: the bytes of a record whose end was not seen yet. */
  rest(): Uint8Array {
    return this.bytes.subarray(this.#at);
  }

  /** Goes on with a piece: {@linkcode rest} and more behind it. Call it once {@linkcode advance} gave false. */
  refill(bytes: Uint8Array): void {
    this.#base += this.#at;
    if (this.#scanned >= 0) this.#scanned -= this.#at;
    this.#at = 0;
    this.bytes = bytes;
  }

  /** Offset in the text behind the present piece. */
  taken(): number {
    return this.#base + this.bytes.length;
  }

  /** Says that nothing follows. */
  end(): void {
    this.#ended = true;
  }

  /** Moves to the next record; false if more bytes are wanted, or at the end if there are none. */
  advance(): boolean {
    if (this.#skipping) return this.#skipOn();
    if (this.#scanned < 0) {
      const start = this.framer.start(this.bytes, this.#at);
      if (start < 0) {
        this.#at = this.bytes.length;
        return false;
      }
      this.#at = this.#scanned = start;
    }
    const limit = this.#at + this.bytesMax + 1; // one more, for the line end
    const to = Math.min(this.bytes.length, limit);
    const end = this.framer.scan(this.bytes, this.#at, this.#scanned, to);
    if (end >= 0) return this.#found(end, undefined);
    this.#scanned = to;
    if (to === limit) return this.#tooLong();
    if (!this.#ended || this.#at >= this.bytes.length) return false;
    const last = this.framer.finish(this.bytes, this.#at);
    return this.#found(last.end, last.problem);
  }

  #found(end: number, problem: string | undefined): boolean {
    this.from = this.#at;
    this.to = end;
    while (this.to > this.from && (this.bytes[this.to - 1] === LF || this.bytes[this.to - 1] === CR)) this.to--;
    this.position = this.#base + this.from;
    this.next = this.#base + end;
    this.row++;
    this.problem = problem;
    this.#sample = this.bytes.subarray(this.from, Math.min(this.to, this.from + SAMPLE_BYTES));
    this.#at = end;
    this.#scanned = -1;
    return true;
  }

  #tooLong(): boolean {
    this.position = this.#base + this.#at;
    this.#sample = this.bytes.slice(this.#at, this.#at + SAMPLE_BYTES);
    this.#skipping = true;
    return this.#skipOn();
  }

  #skipOn(): boolean {
    const from = this.#scanned >= 0 ? this.#scanned : this.#at;
    let end = this.framer.skip(this.bytes, this.#at, from);
    if (end < 0) {
      this.#at = this.bytes.length;
      this.#scanned = -1;
      if (!this.#ended) return false;
      end = this.bytes.length;
    }
    this.#skipping = false;
    this.from = this.to = end;
    this.next = this.#base + end;
    this.row++;
    this.problem = `must have at most ${this.bytesMax} bytes, this one has more`;
    this.#at = end;
    this.#scanned = -1;
    return true;
  }

  /** The beginning of the record found last, as text, for its refusal. */
  sample(): string {
    return new TextDecoder().decode(this.#sample);
  }
}
