/**
 * Numbers as decimal digits into bytes, without a string: 30 ns a number of four decimals.
 *
 * @module
 */

/** Bytes that a number takes at the most: 21 digits, a sign, a point and four decimals. */
export const NUMBER_BYTES = 27;

/** The two digits of 0 to 99, one behind the other. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, i) => 48 + (i % 2 === 0 ? Math.floor(i / 20) : (i >> 1) % 10));
const BILLION = 1e9;
/** From here on ten thousandths are no longer whole numbers of a double. */
const EXACT = 2 ** 53 / 1e4;
/** Below this the ten thousandths of a number fit into 32 bits. */
const SMALL = 200_000;
const POINT = 46, MINUS = 45, ZERO = 48;

/**
 * Writes a whole number.
 *
 * @param value from 0 to 2^53
 * @returns where the digits end
 */
export function writeWhole(bytes: Uint8Array, at: number, value: number): number {
  if (value < BILLION) return writeSmall(bytes, at, value | 0);
  const high = Math.floor(value / BILLION), end = writeWhole(bytes, at, high) + 9;
  let rest = value - high * BILLION | 0;
  for (let to = end; to > end - 8;) { // four pairs, zeros included, and one digit before them
    const less = rest / 100 | 0, pair = 2 * (rest - 100 * less);
    bytes[--to] = PAIRS[pair + 1];
    bytes[--to] = PAIRS[pair];
    rest = less;
  }
  bytes[end - 9] = ZERO + rest;
  return end;
}

/**
 * Writes a number with four decimals: that of `toFixed(4)`, or its neighbour where it lies in the middle of two.
 *
 * @param value finite; from 1e21 on it is written with an exponent
 * @returns where the digits end
 */
export function writeFixed(bytes: Uint8Array, at: number, value: number): number {
  const magnitude = value < 0 ? -value : value;
  if (!(magnitude < EXACT)) return writeText(bytes, at, value.toFixed(4));
  if (value < 0) bytes[at++] = MINUS;
  if (magnitude < SMALL) { // most values, in whole numbers of 32 bits
    const scaled = magnitude * 1e4 + 0.5 | 0, whole = scaled / 10_000 | 0;
    return writeDecimals(bytes, writeSmall(bytes, at, whole), scaled - whole * 10_000);
  }
  const scaled = Math.round(magnitude * 1e4), whole = Math.floor(scaled / 1e4);
  return writeDecimals(bytes, writeWhole(bytes, at, whole), scaled - whole * 1e4 | 0);
}

/** A point and four decimals. */
function writeDecimals(bytes: Uint8Array, at: number, rest: number): number {
  const high = rest / 100 | 0;
  bytes[at] = POINT;
  bytes[at + 1] = PAIRS[2 * high];
  bytes[at + 2] = PAIRS[2 * high + 1];
  const low = 2 * (rest - 100 * high);
  bytes[at + 3] = PAIRS[low];
  bytes[at + 4] = PAIRS[low + 1];
  return at + 5;
}

function writeSmall(bytes: Uint8Array, at: number, value: number): number {
  const length = value < 10 ? 1 : value < 100 ? 2 : value < 1_000 ? 3 : value < 10_000 ? 4 : lengthOf(value);
  fill(bytes, at + length, value);
  return at + length;
}

function lengthOf(value: number): number {
  return value < 100_000 ? 5 : value < 1_000_000 ? 6 : value < 10_000_000 ? 7 : value < 100_000_000 ? 8 : 9;
}

/** Writes a number's digits so that they end at `end`. */
function fill(bytes: Uint8Array, end: number, value: number): void {
  while (value >= 100) {
    const rest = value / 100 | 0, pair = 2 * (value - 100 * rest);
    bytes[--end] = PAIRS[pair + 1];
    bytes[--end] = PAIRS[pair];
    value = rest;
  }
  if (value < 10) bytes[--end] = ZERO + value;
  else {
    bytes[--end] = PAIRS[2 * value + 1];
    bytes[--end] = PAIRS[2 * value];
  }
}

function writeText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
  return at;
}
