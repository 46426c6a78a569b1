/**
 * A scanner for canonical NDJSON lines: straight from bytes to numbers, without a string or an object per reading.
 *
 * It knows one spelling, `{"sensor":"…","time":…,"values":{"…":…}}` without white space, and gives up at anything else:
 * then the line is parsed as JSON, so that it decides about speed only, never about meaning. A number of at most 15
 * digits is its digits divided by an exact power of ten, which is the nearest double (both are exact and one division
 * rounds once); more digits or an exponent give up.
 *
 * @module
 */

const POWERS = Float64Array.from({ length: 16 }, (_, i) => 10 ** i);
const QUOTE = 34, COMMA = 44, MINUS = 45, POINT = 46, ZERO = 48, NINE = 57, COLON = 58, BACKSLASH = 92;
const NEWLINE = 10, RETURN = 13, OPEN = 123, CLOSE = 125;
const SENSOR = new TextEncoder().encode('{"sensor":"');
const TIME = new TextEncoder().encode('","time":');
const VALUES = new TextEncoder().encode(',"values":{');

/** Where a scan ended; read it at once, the next scan overwrites it. */
export const scanned = {
  /** The sensor's name: bytes from `nameStart` to `nameEnd`. */
  nameStart: 0,
  nameEnd: 0,
  /** Hash of the name's bytes. */
  nameHash: 0,
  /** Epoch ms. */
  time: 0,
  /** First byte behind what was scanned. */
  end: 0,
  /** Where the line ends: at its newline, or at the end of the bytes. */
  lineEnd: 0,
};

function matches(bytes: Uint8Array, at: number, pattern: Uint8Array): boolean {
  for (let i = 0; i < pattern.length; i++) if (bytes[at + i] !== pattern[i]) return false;
  return true;
}

/** The bytes that were scanned last, to be read four at a time. */
let viewed: Uint8Array = new Uint8Array(0), view = new DataView(viewed.buffer);

/** The view of these bytes: one for each piece of text, not for each line. */
function viewOf(bytes: Uint8Array): DataView {
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  return view;
}

/** Four bytes of a pattern as a little-endian word. */
function wordOf(pattern: Uint8Array, at: number): number {
  return new DataView(pattern.buffer).getInt32(at, true);
}

// The three patterns as words; the last words overlap the ones before where a pattern's length is no multiple of four.
const SENSOR_0 = wordOf(SENSOR, 0), SENSOR_1 = wordOf(SENSOR, 4), SENSOR_2 = wordOf(SENSOR, 7);
const TIME_0 = wordOf(TIME, 0), TIME_1 = wordOf(TIME, 4);
const VALUES_0 = wordOf(VALUES, 0), VALUES_1 = wordOf(VALUES, 4), VALUES_2 = wordOf(VALUES, 7);

/**
 * Scans `{"sensor":"…","time":…,"values":{` at `start` into {@linkcode scanned}.
 *
 * @returns false if the line is spelt otherwise
 */
export function scanHead(bytes: Uint8Array, start: number): boolean {
  const view = viewOf(bytes), { length } = bytes;
  let at = start + SENSOR.length;
  if (at > length || view.getInt32(start, true) !== SENSOR_0) return false;
  if (view.getInt32(start + 4, true) !== SENSOR_1 || view.getInt32(start + 7, true) !== SENSOR_2) return false;
  scanned.nameStart = at;
  let hash = 0x811c9dc5, byte = bytes[at];
  while (byte !== QUOTE) {
    if (byte === BACKSLASH || byte < 32 || byte === undefined) return false;
    hash = Math.imul(hash ^ byte, 0x01000193);
    byte = bytes[++at];
  }
  scanned.nameEnd = at;
  scanned.nameHash = hash >>> 0;
  if (at + TIME.length > length || bytes[at + 8] !== COLON) return false;
  if (view.getInt32(at, true) !== TIME_0 || view.getInt32(at + 4, true) !== TIME_1) return false;
  const first = at += TIME.length;
  // Two whole numbers of 32 bits each, which are faster to gather than one double: the first nine digits, and the others.
  let head = 0, tail = 0;
  byte = bytes[at];
  for (const most = first + 9; byte >= ZERO && byte <= NINE && at < most; byte = bytes[++at]) {
    head = (head * 10 + (byte - ZERO)) | 0;
  }
  const middle = at;
  for (const most = first + 15; byte >= ZERO && byte <= NINE && at < most; byte = bytes[++at]) {
    tail = (tail * 10 + (byte - ZERO)) | 0;
  }
  if (at === first || (at > first + 1 && bytes[first] === ZERO)) return false;
  if (at + VALUES.length > length || view.getInt32(at, true) !== VALUES_0) return false;
  if (view.getInt32(at + 4, true) !== VALUES_1 || view.getInt32(at + 7, true) !== VALUES_2) return false;
  scanned.time = head * POWERS[at - middle] + tail;
  scanned.end = at + VALUES.length;
  return true;
}

/**
 * Goes from behind a head that was just scanned to the line's end, which it leaves in `scanned.lineEnd`.
 *
 * @returns whether the line closes with its values: it ends with `}}` and no other object begins in it. Then nothing
 *   behind the head can say the sensor, the time, a type or a location again.
 */
export function scanTail(bytes: Uint8Array): boolean {
  const view = viewOf(bytes), { length } = bytes, words = length - 3;
  let at = scanned.end, alone = true;
  for (;;) {
    // Over four bytes at once while each is from a blank to `z`: a newline is below, the brackets of objects are above.
    for (; at < words; at += 4) {
      const word = view.getInt32(at, true);
      if ((((word - 0x20202020) & ~word) | (word + 0x05050505) | word) & 0x80808080) break;
    }
    const end = at + 4 < length ? at + 4 : length;
    for (; at < end; at++) {
      const byte = bytes[at];
      if (byte === OPEN) alone = false;
      else if (byte === NEWLINE) return closes(bytes, at, alone);
    }
    if (at === length) return closes(bytes, at, alone);
  }
}

function closes(bytes: Uint8Array, lineEnd: number, alone: boolean): boolean {
  scanned.lineEnd = lineEnd;
  const end = bytes[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
  return alone && bytes[end - 1] === CLOSE && bytes[end - 2] === CLOSE;
}

/** Scans a JSON number at `at`, leaving `scanned.end` behind it; NaN if it is not a plain one of at most 15 digits. */
export function scanNumber(bytes: Uint8Array, at: number): number {
  let byte = bytes[at];
  const negative = byte === MINUS;
  if (negative) byte = bytes[++at];
  const first = at;
  let mantissa = 0;
  while (byte >= ZERO && byte <= NINE) {
    mantissa = mantissa * 10 + (byte - ZERO);
    byte = bytes[++at];
  }
  let digits = at - first, fraction = 0;
  if (digits === 0 || (digits > 1 && bytes[first] === ZERO)) return NaN;
  if (byte === POINT) {
    const point = at;
    byte = bytes[++at];
    while (byte >= ZERO && byte <= NINE) {
      mantissa = mantissa * 10 + (byte - ZERO);
      byte = bytes[++at];
    }
    fraction = at - point - 1;
    if (fraction === 0) return NaN;
    digits += fraction;
  }
  if (digits > 15 || (byte | 32) === 101) return NaN;
  scanned.end = at;
  const value = fraction === 0 ? mantissa : mantissa / POWERS[fraction];
  return negative ? -value : value;
}

/** Bytes that no line holds, in the place of those of a name that is never found. */
const UNFOUND = Uint8Array.of(NEWLINE);

/** A channel's name as a line has it, with the quote behind it: its bytes, and the same four at a time. */
class Spelling {
  private readonly words: Int32Array;
  /** The bytes of the last word that belong to the name. */
  private readonly mask: number;
  private readonly quoted: Uint8Array;

  constructor(name: Uint8Array) {
    this.quoted = Uint8Array.of(...name, QUOTE);
    const padded = new Uint8Array(4 * Math.ceil(this.quoted.length / 4));
    padded.set(this.quoted);
    this.words = Int32Array.from({ length: padded.length / 4 }, (_, k) => wordOf(padded, 4 * k));
    this.mask = -1 >>> (8 * (padded.length - this.quoted.length));
  }

  /** Bytes of the name. */
  get length(): number {
    return this.quoted.length - 1;
  }

  /** Whether the name stands at `at`, and a quote behind it. */
  isAt(bytes: Uint8Array, view: DataView, at: number): boolean {
    const { words } = this, last = words.length - 1;
    if (at + 4 * words.length > bytes.length) return matches(bytes, at, this.quoted);
    for (let k = 0; k < last; k++) if (view.getInt32(at + 4 * k, true) !== words[k]) return false;
    return ((view.getInt32(at + 4 * last, true) ^ words[last]) & this.mask) === 0;
  }
}

/** Whether JSON spells the name without an escape, and an object does not take it as an array's index. */
function isPlain(name: string): boolean {
  return !/["\\]/.test(name) && String(Number(name) >>> 0) !== name;
}

/** The channels met so far, by the bytes of their names. */
export class ChannelTable {
  /** Names in order of their index. */
  readonly names: string[] = [];
  private readonly spelt: Spelling[] = [];
  private readonly index = new Map<string, number>();

  /** Index of a name, a new one if it was not there. */
  of(name: string): number {
    let at = this.index.get(name);
    if (at === undefined) {
      at = this.names.length;
      this.index.set(name, at);
      this.names.push(name);
      this.spelt.push(new Spelling(isPlain(name) ? new TextEncoder().encode(name) : UNFOUND));
    }
    return at;
  }

  /**
   * Index of the name that starts at `at` and ends with a quote, `guess` tried first; −1 if there is none.
   *
   * Two kinds of names are never found. One with a quote or a backslash is spelt with escapes. One such as `7` an object
   * puts before all others, and the order of a reading's values must not depend on how it was read.
   */
  find(bytes: Uint8Array, at: number, guess: number): number {
    const { spelt } = this, count = spelt.length, view = viewOf(bytes);
    for (let i = 0, k = guess < count ? guess : 0; i < count; i++) {
      if (spelt[k].isAt(bytes, view, at)) return k;
      if (++k === count) k = 0;
    }
    return -1;
  }

  /** Bytes of a name. */
  lengthOf(index: number): number {
    return this.spelt[index].length;
  }
}

/**
 * Scans `"channel":number,…}}` at `at`, up to `end`, into `channels` and `values`.
 *
 * @returns how many values there are, or −1 if the line is spelt otherwise, names a channel that the table lacks, names
 *   one twice, or has more than fit
 */
export function scanValues(
  bytes: Uint8Array,
  at: number,
  end: number,
  table: ChannelTable,
  channels: Int32Array,
  values: Float64Array,
): number {
  let count = 0, guess = 0, greatest = -1;
  for (;;) {
    if (bytes[at] !== QUOTE || count === values.length) return -1;
    const channel = table.find(bytes, at + 1, guess);
    if (channel < 0) return -1;
    at += table.lengthOf(channel) + 2;
    if (bytes[at] !== COLON) return -1;
    const value = scanNumber(bytes, at + 1);
    if (value !== value) return -1;
    at = scanned.end;
    if (channel > greatest) greatest = channel;
    else for (let i = 0; i < count; i++) if (channels[i] === channel) return -1;
    channels[count] = channel;
    values[count++] = value;
    guess = channel + 1;
    const byte = bytes[at++];
    if (byte === COMMA) continue;
    return byte === CLOSE && bytes[at] === CLOSE && at + 1 === end ? count : -1;
  }
}
