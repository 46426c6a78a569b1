/**
 * One file as a partition's text: from any position on, as batches of readings or as pieces of whole lines.
 *
 * @module
 */
import { isRefusal, type Reading, READING_LIMITS, type Refusal, refusal } from "../actors/reading.ts";
import { type FileShape, framerOf } from "./inspect.ts";
import type { RecordParser } from "./parser.ts";
import { type ByteReader, openBytes, PIECE_BYTES } from "./text/bytes.ts";
import { countNewlines, findLongLine } from "./text/lines.ts";
import { RECORD_BYTES_MAX, RecordReader } from "./text/records.ts";

/** One file, inspected. */
export interface TextFile {
  readonly path: string;
  readonly shape: FileShape;
  readonly parser: RecordParser;
}

/** A place in a file's text, and how many records are before it. */
export interface Mark {
  readonly position: number;
  readonly rows: number;
}

/** Where and how to read. */
export interface ReadFrom {
  /** A known place at or before `from`. */
  readonly mark: Mark;
  /** Records that begin before it are passed over. */
  readonly from: number;
  readonly signal: AbortSignal;
  /** Readings of a block, at most. */
  readonly batchSize: number;
  /** Bytes read at once; about the size of a piece of lines. */
  readonly pieceBytes?: number;
  /** Told how far the text was taken in. */
  readonly onTaken?: (position: number) => void;
}

/** Some records of a file. */
export interface Block {
  readonly items: (Reading | Refusal)[];
  readonly positions: number[];
  /** Data records of the file before each. */
  readonly indexes: number[];
  /** Whole lines instead, with the number of the first. */
  readonly lines?: { readonly bytes: Uint8Array; readonly position: number; readonly row: number };
  /** Where reading goes on, and how many records are before that. */
  readonly next: Mark;
  /** Part of the file that is done, 0..1. */
  readonly done: number;
  /** Whether the file ends here: then `next` is its length and its number of records. */
  readonly ended: boolean;
}

const LF = 10;
const EMPTY = new Uint8Array(0);
const INVALID = "\ufffd";

/** The file's records, parsed, in blocks. Ends early, without an error, when the signal is aborted. */
export async function* readBlocks(file: TextFile, options: ReadFrom): AsyncGenerator<Block> {
  const { mark, signal } = options;
  const input = await openBytes(file.path, mark.position, options.pieceBytes ?? PIECE_BYTES);
  try {
    const delimiter = file.shape.sample.delimiter ?? ",";
    const records = new RecordReader(framerOf(file.shape.format, delimiter, mark.position), mark.position, mark.rows);
    const batch = new Batch(file, records, options);
    for (let ended = false; !signal.aborted;) {
      while (batch.fill()) {
        yield batch.take(input.done(), false);
        if (signal.aborted) return;
      }
      if (ended) {
        yield batch.take(1, true);
        return;
      }
      const bytes = await input.read(records.rest());
      if (bytes === null) records.end();
      else {
        records.refill(bytes);
        options.onTaken?.(records.taken());
      }
      ended = bytes === null;
    }
  } finally {
    input.close();
  }
}

/** Collects records until there are enough for a block. */
class Batch {
  #items: (Reading | Refusal)[] = [];
  #positions: number[] = [];
  #indexes: number[] = [];
  #next: Mark;
  // Records of the present piece that are not parsed yet: they are decoded together.
  #spans: number[] = [];

  constructor(
    private readonly file: TextFile,
    private readonly records: RecordReader,
    private readonly options: ReadFrom,
  ) {
    this.#next = { position: Math.max(options.from, options.mark.position), rows: options.mark.rows };
  }

  /** Takes what the piece has; true once there is a whole block, false if more bytes are wanted. */
  fill(): boolean {
    const { records, options } = this;
    // A row of a joined group is held back until the next one shows that the group is complete.
    const wanted = options.batchSize + (this.file.parser.joins ? 1 : 0);
    for (;;) {
      if (this.#items.length + this.#spans.length / 4 >= wanted) {
        this.#parse();
        if (this.#items.length >= wanted) return true;
      }
      if (!records.advance()) break;
      this.#next = { position: Math.max(records.next, options.from), rows: records.row };
      if (records.position < options.from || (this.file.shape.header && records.row === 1)) continue;
      if (records.problem === undefined) this.#spans.push(records.from, records.to, records.position, records.row);
      else {
        this.#parse();
        this.#add(
          refusal([{ field: "", message: `the record ${records.problem}` }], records.sample(), records.row),
          records.position,
          records.row,
        );
      }
    }
    this.#parse();
    return false;
  }

  #parse(): void {
    const spans = this.#spans;
    if (spans.length === 0) return;
    this.#spans = [];
    const { bytes } = this.records;
    const first = spans[0], last = spans[spans.length - 3];
    // Decoded at once. As long as bytes: then every byte is one character, and offsets are the same.
    const all = decoder.decode(bytes.subarray(first, last));
    const plain = all.length === last - first && !all.includes(INVALID);
    for (let i = 0; i < spans.length; i += 4) {
      const from = spans[i], to = spans[i + 1];
      const text = plain ? all.slice(from - first, to - first) : decoder.decode(bytes.subarray(from, to));
      this.#record(text, spans[i + 2], spans[i + 3], !plain && isBroken(text, bytes, from, to));
    }
  }

  #record(text: string, position: number, row: number, broken: boolean): void {
    if (broken) this.#add(refusal([{ field: "", message: "the record is not valid UTF-8" }], text, row), position, row);
    else if (text.trim() !== "") this.#add(this.file.parser.parse(text, row, this.#index(row)), position, row);
  }

  #index(row: number): number {
    return row - 1 - (this.file.shape.header ? 1 : 0);
  }

  #add(item: Reading | Refusal, position: number, row: number): void {
    const last = this.#items.at(-1);
    if (this.file.parser.joins && last !== undefined) {
      const joined = join(last, item);
      if (joined !== undefined) {
        this.#items[this.#items.length - 1] = joined;
        return;
      }
    }
    this.#items.push(item);
    this.#positions.push(position);
    this.#indexes.push(this.#index(row));
  }

  /** What was collected; all but the last, which may be joined by what follows, unless the file ended. */
  take(done: number, ended: boolean): Block {
    const held = this.file.parser.joins && !ended ? 1 : 0;
    const items = this.#items, positions = this.#positions, indexes = this.#indexes;
    this.#items = held ? items.splice(-1) : [];
    this.#positions = held ? positions.splice(-1) : [];
    this.#indexes = held ? indexes.splice(-1) : [];
    const next = held
      ? { position: this.#positions[0], rows: this.#indexes[0] + (this.file.shape.header ? 1 : 0) }
      : ended
      ? { position: this.records.taken(), rows: this.records.row }
      : this.#next;
    return { items, positions, indexes, next, done, ended };
  }
}

const decoder = new TextDecoder();
const strict = new TextDecoder("utf-8", { fatal: true });

function isBroken(text: string, bytes: Uint8Array, from: number, to: number): boolean {
  if (!text.includes(INVALID)) return false;
  try {
    strict.decode(bytes.subarray(from, to));
    return false; // the replacement character itself was written
  } catch {
    return true;
  }
}

/** Two rows of one sensor and time as one reading; undefined if they are not, or both have a channel. */
function join(a: Reading | Refusal, b: Reading | Refusal): Reading | undefined {
  if (isRefusal(a) || isRefusal(b) || a.sensor !== b.sensor || a.time !== b.time) return undefined;
  const channels = Object.keys(b.values);
  if (channels.some((channel) => Object.hasOwn(a.values, channel))) return undefined;
  if (Object.keys(a.values).length + channels.length > READING_LIMITS.channels) return undefined;
  return { ...b, ...a, values: { ...a.values, ...b.values } };
}

/** The file's lines as they are, in big pieces; only a line that is too long is looked at, and refused. */
export async function* readLines(file: TextFile, options: ReadFrom): AsyncGenerator<Block> {
  const { mark, signal } = options;
  const input = await openBytes(file.path, mark.position, options.pieceBytes ?? PIECE_BYTES);
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
      indexes: [row - 1],
      next: { position: next, rows: row },
      done,
      ended: false,
    };
  }
}
