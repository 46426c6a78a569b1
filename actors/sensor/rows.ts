/**
 * Windows and flagged values as rows of text, written as bytes where they arise: no string per number or row.
 *
 *     A,sensor,time,channel,value,z,rate,mean,std,range            a flagged value
 *     W,sensor,start,channel,count,mean,min,max,std,flagged        a channel of a closed window
 *
 * Times are epoch ms, numbers have four decimals. Where several window specifications are configured a W row ends with
 * the window's length in ms. A window that a late reading corrects comes again: its last row counts. A name with a comma
 * or a quote is quoted as in CSV.
 *
 * @module
 */
import type { WindowSpec } from "../config.ts";
import { writeFixed, writeWhole } from "./digits.ts";
import { FLAG_LENGTH, WINDOW_CHANNEL, WINDOW_HEAD, WINDOW_RECORD } from "./outputs.ts";

/** Doubles of the index for each record: position, twice the sensor's number (and one more for a flag), end in the bytes. */
export const ROW_INDEX = 3;

/** Rows, and an index that says which bytes belong to which record. */
export interface Rows {
  readonly bytes: Uint8Array;
  /** In order of position; of one position windows come before flags, each in order of the sensors' names. */
  readonly index: Float64Array;
}

/** What records refer to by number. */
export interface RowNames {
  sensor(number: number): string;
  /** Channels of a plan. */
  channels(plan: number): readonly string[];
}

/** Bytes that a row takes at the most: two quoted names of 128 and 64 characters, and 7 numbers. */
const ROW_BYTES = 2_048;
const COMMA = 44, LINE_FEED = 10, LETTER_A = 65, LETTER_W = 87;
const encoder = new TextEncoder();

/** Writes the rows of one shard. */
export class RowWriter {
  private bytes = new Uint8Array(1 << 16);
  /** The same bytes, to be written four at a time. */
  private view = new DataView(this.bytes.buffer);
  private at = 0;
  private index = new Float64Array(3 * 1024);
  private records = 0;
  /** The sensors' names as rows have them, in one buffer, so that one look finds a name. */
  private readonly sensors = new SpeltNames();
  private readonly plans: (readonly Spelt[])[] = [];
  private readonly lengths: readonly number[];

  /** @param specs the configured windows */
  constructor(specs: readonly WindowSpec[], private readonly names: RowNames) {
    this.lengths = specs.length > 1 ? specs.map(({ lengthMs }) => lengthMs) : [];
  }

  /**
   * Writes the records of a batch, see `outputs.ts`. O(records), and a sort where a tick gave out several at once.
   *
   * @returns copies of their own
   */
  write(windows: Float64Array, windowsLength: number, flags: Float64Array, flagsLength: number): Rows {
    this.at = this.records = 0;
    const windowOrder = this.order(windows, offsetsOfWindows(windows, windowsLength), WINDOW_RECORD.position);
    const flagOrder = this.order(flags, offsetsOfFlags(flagsLength), 1);
    let w = 0, f = 0;
    while (w < windowOrder.length || f < flagOrder.length) {
      const isFlag = w === windowOrder.length ||
        (f < flagOrder.length && flags[flagOrder[f] + 1] < windows[windowOrder[w] + WINDOW_RECORD.position]);
      if (isFlag) this.flag(flags, flagOrder[f++]);
      else this.window(windows, windowOrder[w++]);
    }
    return { bytes: this.bytes.slice(0, this.at), index: this.index.slice(0, ROW_INDEX * this.records) };
  }

  /**
   * Sorts records by position and sensor's name; what one sensor gave out at once stays as it is. They come sensor by
   * sensor: position and place are sorted together, as one double where both fit.
   */
  private order(records: Float64Array, offsets: number[], positionAt: number): number[] {
    const { names } = this, { length } = offsets;
    let least = Infinity, greatest = -Infinity;
    for (let i = 0; i < length; i++) {
      const position = records[offsets[i] + positionAt];
      if (position < least) least = position;
      if (position > greatest) greatest = position;
    }
    const compare = (a: number, b: number) => {
      const apart = records[a + positionAt] - records[b + positionAt];
      if (apart !== 0 || records[a] === records[b]) return apart;
      return names.sensor(records[a]) < names.sensor(records[b]) ? -1 : 1;
    };
    if (length < 2 || (greatest - least + 1) * length > Number.MAX_SAFE_INTEGER) return offsets.sort(compare);
    const keys = new Float64Array(length);
    for (let i = 0; i < length; i++) keys[i] = (records[offsets[i] + positionAt] - least) * length + i;
    keys.sort();
    const sorted: number[] = [];
    for (let i = 0; i < length;) {
      const place = Math.floor(keys[i] / length), from = i;
      while (i < length && keys[i] < (place + 1) * length) sorted.push(offsets[keys[i++] - place * length]);
      if (i - from > 1) { // a tick: several sensors at one position
        const tied = sorted.splice(from).sort(compare);
        for (let k = 0; k < tied.length; k++) sorted.push(tied[k]);
      }
    }
    return sorted;
  }

  private window(records: Float64Array, at: number): void {
    const sensor = records[at], channels = this.channelsOf(records[at + WINDOW_RECORD.plan]);
    const from = this.at, { lengths } = this;
    let head = -1, headEnd = -1;
    for (let c = 0, of = at + WINDOW_HEAD; c < records[at + WINDOW_RECORD.channels]; c++, of += WINDOW_CHANNEL) {
      if (records[of] === 0) continue; // the window has no value of this channel
      this.room();
      const { bytes, view } = this;
      let to = this.at;
      if (head < 0) { // written once, copied for the other channels
        head = to;
        to = this.head(LETTER_W, sensor, records[at + WINDOW_RECORD.start]);
        headEnd = to;
      } else {
        for (let i = head; i < headEnd; i += 4) view.setInt32(to + i - head, view.getInt32(i, true), true);
        to += headEnd - head;
      }
      to = put(view, to, channels[c]);
      to = writeWhole(bytes, to, records[of]);
      bytes[to++] = COMMA;
      for (let k = 1; k < 5; k++) {
        to = writeFixed(bytes, to, records[of + k]);
        bytes[to++] = COMMA;
      }
      to = writeWhole(bytes, to, records[of + 5]);
      if (lengths.length > 0) {
        bytes[to++] = COMMA;
        to = writeWhole(bytes, to, lengths[records[at + WINDOW_RECORD.spec]]);
      }
      bytes[to++] = LINE_FEED;
      this.at = to;
    }
    if (this.at > from) this.note(records[at + WINDOW_RECORD.position], 2 * sensor);
  }

  private flag(records: Float64Array, at: number): void {
    this.room();
    const { bytes } = this;
    let to = this.head(LETTER_A, records[at], records[at + 2]);
    to = put(this.view, to, this.channelsOf(records[at + 3])[records[at + 4]]);
    for (let k = 5; k < FLAG_LENGTH; k++) {
      to = writeFixed(bytes, to, records[at + k]);
      bytes[to++] = k < FLAG_LENGTH - 1 ? COMMA : LINE_FEED;
    }
    this.at = to;
    this.note(records[at + 1], 2 * records[at] + 1);
  }

  /** What a row begins with; the bytes have room for it. */
  private head(letter: number, sensor: number, time: number): number {
    const { bytes } = this;
    let to = this.at;
    bytes[to++] = letter;
    bytes[to++] = COMMA;
    if (!this.sensors.has(sensor)) this.sensors.add(sensor, spell(this.names.sensor(sensor)));
    to = this.sensors.put(sensor, this.view, to);
    to = writeWhole(bytes, to, time);
    bytes[to++] = COMMA;
    return to;
  }

  private channelsOf(plan: number): readonly Spelt[] {
    return this.plans[plan] ??= this.names.channels(plan).map(spell);
  }

  private note(position: number, of: number): void {
    const at = ROW_INDEX * this.records++;
    if (at === this.index.length) {
      const wide = new Float64Array(2 * at);
      wide.set(this.index);
      this.index = wide;
    }
    this.index[at] = position;
    this.index[at + 1] = of;
    this.index[at + 2] = this.at;
  }

  private room(): void {
    if (this.at + ROW_BYTES <= this.bytes.length) return;
    const wide = new Uint8Array(2 * this.bytes.length);
    wide.set(this.bytes);
    this.bytes = wide;
    this.view = new DataView(wide.buffer);
  }
}

/** Spelt names by number, one behind the other. */
class SpeltNames {
  private words = new Int32Array(1 << 12);
  private used = 0;
  /** Of each number: where its words start, and how many bytes it has; 0 for none. */
  private at = new Int32Array(1 << 11);

  has(number: number): boolean {
    return 2 * number < this.at.length && this.at[2 * number + 1] > 0;
  }

  add(number: number, { words, length }: Spelt): void {
    this.at = grown(this.at, 2 * number + 2);
    this.words = grown(this.words, this.used + words.length);
    this.words.set(words, this.used);
    this.at[2 * number] = this.used;
    this.at[2 * number + 1] = length;
    this.used += words.length;
  }

  /** Writes a name that is there; returns where it ends. */
  put(number: number, view: DataView, to: number): number {
    const { words, at } = this, from = at[2 * number], length = at[2 * number + 1];
    for (let k = 0; 4 * k < length; k++) view.setInt32(to + 4 * k, words[from + k], true);
    return to + length;
  }
}

/** The array, or a longer one with the same content, of at least so many words. */
function grown(array: Int32Array<ArrayBuffer>, least: number): Int32Array<ArrayBuffer> {
  if (least <= array.length) return array;
  const wide = new Int32Array(Math.max(2 * array.length, least));
  wide.set(array);
  return wide;
}

/** A name as a row has it: its bytes in words of four, and how many bytes there are. */
interface Spelt {
  readonly words: Int32Array;
  readonly length: number;
}

function offsetsOfWindows(records: Float64Array, length: number): number[] {
  const offsets: number[] = [];
  for (let at = 0; at < length; at += WINDOW_HEAD + records[at + WINDOW_RECORD.channels] * WINDOW_CHANNEL) {
    offsets.push(at);
  }
  return offsets;
}

function offsetsOfFlags(length: number): number[] {
  const offsets: number[] = [];
  for (let at = 0; at < length; at += FLAG_LENGTH) offsets.push(at);
  return offsets;
}

/** A name as a field, with the comma behind it. */
function spell(name: string): Spelt {
  const field = /[",]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name, bytes = encoder.encode(`${field},`);
  const padded = new Uint8Array(4 * Math.ceil(bytes.length / 4)), view = new DataView(padded.buffer);
  padded.set(bytes);
  return {
    words: Int32Array.from({ length: padded.length / 4 }, (_, k) => view.getInt32(4 * k, true)),
    length: bytes.length,
  };
}

/** Writes a name; what the last word has too much is overwritten by what comes next. */
function put(view: DataView, to: number, { words, length }: Spelt): number {
  for (let k = 0; k < words.length; k++) view.setInt32(to + 4 * k, words[k], true);
  return to + length;
}
