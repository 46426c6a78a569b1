/**
 * A state in few bytes, bit for bit.
 *
 *     2 bits for each double | the doubles that are written out | the short ones, 4 bytes each | padding to 8
 *
 * What is as in a new sensor, or as in the channel before, is not written out: slots that hold no window, the times of the last
 * readings where a sensor sends all its channels at once. Short are decimal numbers of at most four decimals, as most
 * sensors send them, and times, as their distance from the sensor's own. That leaves some 40 % of a state. The store takes
 * time for every byte, and three times less for a row that fits into a page's quarter (1,002 bytes) than for one that does not.
 *
 * @module
 */
import { FEATURE, ROLLING } from "../../models/features.ts";
import { emptyState } from "./state.ts";
import { HEADER } from "./layout.ts";
import type { Plan } from "./plan.ts";

/** What the two bits of a double say. */
const CODE = { empty: 0, before: 1, written: 2, short: 3 } as const;
/** A short decimal is a whole number of these. */
const DECIMALS = 1e4;

/** What all states of a layout have in common. */
export interface Shape {
  /** A new sensor's state. */
  readonly empty: Float64Array;
  /** Where the second channel starts, and how far it is from one channel to the next. */
  readonly second: number;
  readonly stride: number;
  /** 1 where a double is the time of a reading. */
  readonly isTime: Uint8Array;
}

const SHAPES = new WeakMap<Plan, Shape>();

/** The shape of today's layout. */
export function shapeOf(plan: Plan): Shape {
  let shape = SHAPES.get(plan);
  if (!shape) {
    const stride = plan.channelLength, first = plan.length - plan.channels.length * stride;
    const isTime = new Uint8Array(plan.length);
    for (const at of plan.channelAt) isTime.fill(1, at + FEATURE.times, at + FEATURE.times + ROLLING);
    SHAPES.set(plan, shape = { empty: emptyState(plan), second: first + stride, stride, isTime });
  }
  return shape;
}

/** Short ones under way. */
let shorts = new Int32Array(1024);

/** Bytes that {@linkcode packState} takes at the most. */
export function packedMost(length: number): number {
  return 8 * Math.ceil(length / 32) + 8 * length;
}

/**
 * Writes a state of this shape.
 *
 * @param to has room for {@linkcode packedMost} bytes from `at` on, which is a multiple of 8
 * @returns where it ends, a multiple of 8 again
 */
export function packState(state: Float64Array, shape: Shape, to: Uint8Array<ArrayBuffer>, at: number): number {
  const { length } = state, { empty, second, stride, isTime } = shape, time = state[HEADER.greatest];
  if (shorts.length < length) shorts = new Int32Array(2 * length);
  const doubles = new Float64Array(to.buffer);
  let next = at / 8 + Math.ceil(length / 32), short = 0;
  for (let i = 0; i < length; i += 4) {
    let codes = 0;
    for (let k = i, bits = 0; k < i + 4 && k < length; k++, bits += 2) {
      const value = state[k];
      if (same(value, empty[k])) continue;
      if (k >= second && same(value, state[k - stride])) {
        codes |= CODE.before << bits;
        continue;
      }
      const whole = isTime[k] ? value - time : Math.round(value * DECIMALS), word = whole | 0;
      if (word === whole && same(readShort(word, isTime[k], time), value)) {
        codes |= CODE.short << bits;
        shorts[short++] = word;
      } else {
        codes |= CODE.written << bits;
        doubles[next++] = value;
      }
    }
    to[at + i / 4] = codes;
  }
  const words = new Int32Array(to.buffer);
  for (let k = 0; k < short; k++) words[2 * next + k] = shorts[k];
  if (short % 2 === 1) words[2 * next + short] = 0;
  return 8 * (next + Math.ceil(short / 2));
}

/**
 * Reads a state of this shape.
 *
 * @param bytes all of their buffer
 * @throws {RangeError} if they are not those of such a state
 */
export function unpackState(bytes: Uint8Array<ArrayBuffer>, shape: Shape): Float64Array<ArrayBuffer> {
  const { empty, second, stride, isTime } = shape, { length } = empty, state = new Float64Array(length);
  const codeOf = (i: number) => bytes[i >> 2] >> (2 * (i & 3)) & 3;
  const first = Math.ceil(length / 32);
  let written = 0, short = 0;
  for (let i = 0; i < length; i++) {
    if (codeOf(i) === CODE.written) written++;
    else if (codeOf(i) === CODE.short) short++;
  }
  const needed = 8 * (first + written + Math.ceil(short / 2));
  if (bytes.length !== needed) throw new RangeError(`its state has ${bytes.length} bytes and must have ${needed}`);
  const doubles = new Float64Array(bytes.buffer, 8 * first, written);
  const words = new Int32Array(bytes.buffer, 8 * (first + written), short);
  written = short = 0;
  for (let i = 0; i < length; i++) {
    const code = codeOf(i);
    if (code === CODE.empty) state[i] = empty[i];
    else if (code === CODE.written) state[i] = doubles[written++];
    else if (code === CODE.short) state[i] = readShort(words[short++], isTime[i], state[HEADER.greatest]);
    else if (i >= second) state[i] = state[i - stride];
    else throw new RangeError(`its double ${i} is said to be as in the channel before the first`);
  }
  return state;
}

/** Floats of a block: one that is all zeros is not written out. A young sensor's detectors are mostly empty. */
const BLOCK = 16;

/** Bytes that {@linkcode packFloats} takes at the most. */
export function packedFloatsMost(length: number): number {
  return 8 * Math.ceil(length / BLOCK / 64) + 4 * length + 8;
}

/**
 * Writes what detectors have learnt: a bit for each block, then the blocks that are not all zeros.
 *
 * @param to has room for {@linkcode packedFloatsMost} bytes from `at` on, which is a multiple of 8
 * @returns where it ends, a multiple of 8 again
 */
export function packFloats(floats: Float32Array, to: Uint8Array<ArrayBuffer>, at: number): number {
  const { length } = floats, words = new Int32Array(to.buffer), bits = 8 * Math.ceil(length / BLOCK / 64);
  const source = new Int32Array(floats.buffer, floats.byteOffset, length); // a zero below zero is none
  to.fill(0, at, at + bits);
  let next = (at + bits) / 4;
  for (let block = 0, from = 0; from < length; block++, from += BLOCK) {
    const end = Math.min(from + BLOCK, length);
    let k = from;
    while (k < end && source[k] === 0) k++;
    if (k === end) continue;
    to[at + (block >> 3)] |= 1 << (block & 7);
    for (k = from; k < end; k++) words[next++] = source[k];
  }
  if (next % 2 === 1) words[next++] = 0;
  return 4 * next;
}

/**
 * Reads what {@linkcode packFloats} wrote.
 *
 * @param bytes all of their buffer
 * @throws {RangeError} if they are not those of so many floats
 */
export function unpackFloats(bytes: Uint8Array<ArrayBuffer>, length: number): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(length), bits = 8 * Math.ceil(length / BLOCK / 64);
  let next = bits / 4, needed = 0;
  const isThere = (block: number) => (bytes[block >> 3] >> (block & 7) & 1) === 1;
  for (let block = 0, from = 0; from < length; block++, from += BLOCK) {
    if (isThere(block)) needed += Math.min(BLOCK, length - from);
  }
  needed = bits + 8 * Math.ceil(needed / 2);
  if (bytes.length !== needed) {
    throw new RangeError(`what it has learnt has ${bytes.length} bytes and must have ${needed}`);
  }
  const words = new Float32Array(bytes.buffer);
  for (let block = 0, from = 0; from < length; block++, from += BLOCK) {
    if (!isThere(block)) continue;
    const count = Math.min(BLOCK, length - from);
    floats.set(words.subarray(next, next + count), from);
    next += count;
  }
  return floats;
}

/** The number that a short one stands for. */
function readShort(word: number, isTime: number, time: number): number {
  return isTime ? time + word : word / DECIMALS;
}

/** Whether two numbers have the same bits; a state has no NaN. */
function same(a: number, b: number): boolean {
  return a === b && (a !== 0 || 1 / a === 1 / b);
}
