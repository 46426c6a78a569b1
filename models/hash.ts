/**
 * A rolling hash of numbers in two 32-bit lanes: what a digest is made of.
 *
 * Not for secrets: it recognises a difference, nothing more. Two lanes with different multipliers (those of MurmurHash3's
 * finaliser, A. Appleby, 2011) make an accidental match of two runs as unlikely as 2^-64. Every function is O(1) and
 * allocates nothing.
 *
 * @module
 */

/** Doubles that a rolling hash takes. */
export const HASH_LENGTH = 2;

/** Added at each step, so that zeros count: 2^32 divided by the golden ratio. */
const STEP = 0x9e3779b9;
const scratch = new Float64Array(1);
const words = new Uint32Array(scratch.buffer);

/** Mixes the bits of `value` into the hash at `at`; NaN counts as one value, −0 and 0 differ. */
export function mixNumber(state: Float64Array, at: number, value: number): void {
  scratch[0] = value;
  const low = words[0], high = words[1];
  let a = state[at] ^ low, b = state[at + 1] ^ high;
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) + high + STEP | 0;
  b = Math.imul(b ^ (b >>> 13), 0xc2b2ae35) + low + STEP | 0;
  state[at] = (a ^ (b >>> 15)) >>> 0;
  state[at + 1] = (b ^ (a >>> 17)) >>> 0;
}

/** Mixes `count` numbers that lie from `from` on in `numbers`, as {@linkcode mixNumber} would one by one. */
export function mixNumbers(state: Float64Array, at: number, numbers: Float64Array, from: number, count: number): void {
  let a = state[at] | 0, b = state[at + 1] | 0;
  for (let i = from; i < from + count; i++) {
    scratch[0] = numbers[i];
    const low = words[0], high = words[1];
    a ^= low;
    b ^= high;
    a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) + high + STEP | 0;
    b = Math.imul(b ^ (b >>> 13), 0xc2b2ae35) + low + STEP | 0;
    a ^= b >>> 15;
    b ^= a >>> 17;
  }
  state[at] = a >>> 0;
  state[at + 1] = b >>> 0;
}

/** Mixes a text's UTF-16 code units and its length into the hash at `at`. */
export function mixText(state: Float64Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) mixNumber(state, at, text.charCodeAt(i));
  mixNumber(state, at, text.length);
}

/** A 32-bit hash of a text (FNV-1a over its UTF-16 code units, finalised): spreads names over shards and partitions. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return finalise(hash);
}

/** Murmur's finaliser: every bit of the input moves every bit of the output. */
export function finalise(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
