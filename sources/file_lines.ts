/**
 * One file's lines as they are, from any position on, in big pieces: nothing is parsed, so that it costs next to nothing.
 *
 * @module
 */
import { refusal } from "../actors/reading.ts";
import type { Block, ReadFrom, TextFile } from "./file_text.ts";
import { type ByteReader, openBytes } from "./text/bytes.ts";
import { countNewlines, findLongLine } from "./text/lines.ts";
import { RECORD_BYTES_MAX } from "./text/records.ts";

/**
 * Bytes of a piece of lines. A sensor's state is fetched once a piece, so that pieces with several readings of each sensor are
 * applied faster; much larger ones no longer fit into the caches.
 */
const LINES_BYTES = 2 << 20;
const LF = 10;
const EMPTY = new Uint8Array(0);
const decoder = new TextDecoder();

/** The file's lines as they are, in big pieces; only a line that is too long is looked at, and refused. */
export async function* readLines(file: TextFile, options: ReadFrom): AsyncGenerator<Block> {
  const { mark, signal } = options;
  const input = await openBytes(file.path, mark.position, options.pieceBytes ?? LINES_BYTES);
  const cutter = new LineCutter(options);
  try {
    while (!signal.aborted) {
      const carry = cutter.carry;
      const bytes = await input.read(carry);
      if (bytes !== null) options.onTaken?.(cutter.position + bytes.length);
      for (const block of cutter.cut(bytes ?? carry, bytes === null, input)) {
        yield block;
        if (signal.aborted) return;
      }
      if (bytes === null) return;
    }
  } finally {
    input.close();
  }
}

/** Cuts pieces of text behind their last newline. */
class LineCutter {
  /** What the next piece begins with. */
  carry: Uint8Array = EMPTY;
  /** Its offset in the text. */
  position: number;
  #rows: number;
  /** The line that is being skipped, because it is too long. */
  #long: { readonly position: number; readonly sample: string } | undefined;

  constructor(private readonly options: ReadFrom) {
    this.position = options.mark.position;
    this.#rows = options.mark.rows;
  }

  *cut(bytes: Uint8Array, ended: boolean, input: ByteReader): Generator<Block> {
    const { from } = this.options;
    const done = ended ? 1 : input.done();
    let at = this.position === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    if (this.#long !== undefined) {
      const newline = bytes.indexOf(LF, at);
      if (newline < 0 && !ended) return this.#keep(EMPTY, bytes.length);
      at = newline < 0 ? bytes.length : newline + 1;
      yield* this.#refused(this.position + at, done);
    }
    const start = this.position;
    if (start + at < from) { // resuming: rows before it are counted only
      const to = Math.min(bytes.length, from - start);
      this.#rows += countNewlines(bytes.subarray(at, to));
      at = to;
    }
    const lastEnd = bytes.lastIndexOf(LF) + 1;
    const end = Math.max(at, ended ? bytes.length : lastEnd);
    // Behind the last newline a line that is too long already is known without its end.
    for (let long; (long = findLongLine(bytes, at, bytes.length, RECORD_BYTES_MAX)) >= 0;) {
      if (long > at) yield this.#lines(bytes.slice(at, long), start + at, start + long, done);
      this.#long = { position: start + long, sample: decoder.decode(bytes.subarray(long, long + 512)) };
      const newline = bytes.indexOf(LF, long);
      if (newline < 0 && !ended) return this.#keep(EMPTY, bytes.length);
      at = newline < 0 ? bytes.length : newline + 1;
      yield* this.#refused(start + at, done);
    }
    this.#keep(bytes.slice(Math.max(at, end)), Math.max(at, end)); // a copy: the piece is handed over
    if (end > at) yield this.#lines(bytes.subarray(at, end), start + at, start + end, done);
    if (ended) {
      const next = { position: start + bytes.length, rows: this.#rows };
      yield { items: [], positions: [], indexes: [], next, done: 1, ended: true };
    }
  }

  #keep(carry: Uint8Array, used: number): void {
    this.carry = carry;
    this.position += used;
  }

  #lines(bytes: Uint8Array, position: number, next: number, done: number): Block {
    const row = this.#rows + 1;
    this.#rows += countNewlines(bytes) + (bytes[bytes.length - 1] === LF ? 0 : 1);
    const lines = { bytes, position, row };
    return {
      items: [],
      positions: [],
      indexes: [],
      lines,
      next: { position: next, rows: this.#rows },
      done,
      ended: false,
    };
  }

  *#refused(next: number, done: number): Generator<Block> {
    const { position, sample } = this.#long ?? { position: 0, sample: "" };
    this.#long = undefined;
    const row = ++this.#rows;
    if (position < this.options.from) return; // resuming: it was refused before
    const message = `the record must have at most ${RECORD_BYTES_MAX} bytes, this one has more`;
    yield {
      items: [refusal([{ field: "", message }], sample, row)],
      positions: [position],
      indexes: [this.options.before + row - 1],
      next: { position: next, rows: row },
      done,
      ended: false,
    };
  }
}
