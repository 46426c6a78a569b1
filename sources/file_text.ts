/**
 * One file as a partition's text: from any position on, as batches of readings.
 *
 * @module
 */
import { isRefusal, type Reading, READING_LIMITS, type Refusal, refusal } from "../actors/reading.ts";
import { type FileShape, framerOf } from "./inspect.ts";
import type { RecordParser } from "./parser.ts";
import { openBytes, PIECE_BYTES } from "./text/bytes.ts";
import { RecordReader } from "./text/records.ts";

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
  /** Data records of the files before this one. */
  readonly before: number;
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
  /** Data records before each, those of the files before included. */
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
    return this.options.before + row - 1 - (this.file.shape.header ? 1 : 0);
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
      ? { position: this.#positions[0], rows: this.#indexes[0] - this.#index(1) }
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
