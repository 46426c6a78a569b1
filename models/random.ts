/**
 * Randomness without a world: everything here follows from a seed, bit for bit.
 *
 * Two kinds. *By place*: {@linkcode uniformAt} and {@linkcode normalAt} are hashes of a seed and up to two numbers, so
 * the millionth value costs as much as the first and needs none before it. *In sequence*: {@linkcode Random} is a
 * generator with a state, for shuffles and samples.
 *
 * The hash is a chain of multiply-rotate-xor rounds over 32-bit words closed by the finalizer of MurmurHash3
 * (A. Appleby, public domain); the generator is sfc32 (C. Doty-Humphrey, PractRand, public domain).
 *
 * @module
 */

const WORD = 0x1_0000_0000;
/** 2^-53: one unit of a double's last place below 1. */
const ULP = 1 / 9_007_199_254_740_992;

/** One round: mixes a word into the running hash. */
function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const mixed = hash ^ Math.imul(k, 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** Spreads every bit of a word over all 32: flipping one input bit flips half of the output on average. */
function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The running hash of three whole numbers; each counts with its low and its high word. */
function absorb(seed: number, a: number, b: number): number {
  let hash = mix(mix(0x9747b28c, seed), Math.floor(seed / WORD));
  hash = mix(mix(hash, a), Math.floor(a / WORD));
  return mix(mix(hash, b), Math.floor(b / WORD));
}

/**
 * A 32-bit hash of three whole numbers.
 *
 * @param seed whole, magnitude below 2^53; so are `a` and `b`
 * @returns 0 to 2^32 − 1
 */
export function hashAt(seed: number, a: number, b = 0): number {
  return finish(absorb(seed, a, b));
}

/**
 * A number in [0, 1) for a place, uniform over places; 53 bits.
 *
 * @param seed whole, magnitude below 2^53; so are `a` and `b`
 */
export function uniformAt(seed: number, a: number, b = 0): number {
  const hash = absorb(seed, a, b);
  // two finalizations of different words derived from one absorption: as good as two hashes at half the price
  return ((finish(hash) >>> 5) * 0x400_0000 + (finish(mix(hash, 0x5bd1e995)) >>> 6)) * ULP;
}

/**
 * A standard normal deviate for a place (Box and Muller, Ann. Math. Statist. 29, 1958); magnitude below 8.6.
 *
 * @param seed whole, magnitude below 2^53; so are `a` and `b`
 */
export function normalAt(seed: number, a: number, b = 0): number {
  const hash = absorb(seed, a, b);
  // 1 − u lies in (0, 1], so that its logarithm is finite
  const u = 1 - ((finish(hash) >>> 5) * 0x400_0000 + (finish(mix(hash, 0x5bd1e995)) >>> 6)) * ULP;
  const v = finish(mix(hash, 0x2545f491)) / WORD;
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
}

/**
 * A generator with a state: sfc32, period at least 2^32 for every seed and about 2^127 on average.
 *
 * @example
 * ```ts
 * import { Random } from "./random.ts";
 * const [a, b] = [new Random(42), new Random(42)];
 * if (a.uniform() !== b.uniform()) throw new Error("the same seed gives the same numbers");
 * ```
 */
export class Random {
  /** Four words: the whole state. Copy it to save it, set it to go on from there. */
  readonly state: Uint32Array = new Uint32Array(4);

  /** @param seed whole, magnitude below 2^53 */
  constructor(seed: number) {
    this.state[0] = seed;
    this.state[1] = Math.floor(seed / WORD);
    this.state[2] = 0x9e3779b9;
    this.state[3] = 1; // the counter
    for (let warm = 0; warm < 15; warm++) this.word(); // the author's advice: seeds that differ little part ways
  }

  /** The next 32 bits, 0 to 2^32 − 1. */
  word(): number {
    const s = this.state;
    const sum = (s[0] + s[1] + s[3]) >>> 0;
    s[3]++;
    s[0] = s[1] ^ (s[1] >>> 9);
    s[1] = s[2] + (s[2] << 3);
    s[2] = ((s[2] << 21) | (s[2] >>> 11)) + sum;
    return sum;
  }

  /** The next number in [0, 1), 53 bits. */
  uniform(): number {
    return ((this.word() >>> 5) * 0x400_0000 + (this.word() >>> 6)) * ULP;
  }

  /**
   * The next whole number from 0 to `below` − 1, each as likely as the others.
   *
   * @param below 1 to 2^32
   * @throws {RangeError} for any other bound
   */
  integer(below: number): number {
    if (!(Number.isInteger(below) && below >= 1 && below <= WORD)) {
      throw new RangeError(`cannot draw a whole number below ${below}: the bound must be from 1 to 4294967296`);
    }
    const fair = WORD - WORD % below; // words from here on would favour the small numbers: drawn again
    let word = this.word();
    while (word >= fair) word = this.word();
    return word % below;
  }

  /** The next standard normal deviate (Box and Muller); two draws each, so that nothing but the words is state. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform())); // 1 − u lies in (0, 1]: a finite logarithm
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Puts the items into a random order, in place (Fisher and Yates). */
  shuffle<T>(items: { [at: number]: T; readonly length: number }): void {
    for (let at = items.length - 1; at > 0; at--) {
      const other = this.integer(at + 1);
      const item = items[at];
      items[at] = items[other];
      items[other] = item;
    }
  }
}
