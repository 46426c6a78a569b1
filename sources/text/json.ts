/**
 * JSON: a record is an element of the top array, or one of several objects behind one another.
 *
 * The bytes are only framed here, by strings, escapes and brackets; whether an element is JSON is judged when it is
 * parsed. A newline within a string, which in JSON cannot be, ends the element there: a stray quote spoils its element only.
 *
 * Forgiven: a BOM, commas too many, a missing closing bracket at the end of the text. An element that is cut off is refused.
 *
 * @module
 */
import type { Framer } from "./records.ts";

const TAB = 9, LF = 10, CR = 13, SPACE = 32, QUOTE = 34, COMMA = 44;
const OPEN = 91, BACKSLASH = 92, CLOSE = 93, BEGIN = 123, END = 125;
const BOM = [0xef, 0xbb, 0xbf];

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === LF || byte === CR || byte === TAB;
}

/** Frames the elements of an array, or a sequence of values. */
export class JsonFramer implements Framer {
  #opened: boolean;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** While skipping: 1 behind a closing brace, 2 behind its comma. */
  #border = 0;

  /**
   * @param array whether the top is an array; else values that follow each other
   * @param position where in the text reading begins; the array's bracket stands at its beginning only
   */
  constructor(private readonly array: boolean, position: number) {
    this.#opened = !array || position > 0;
  }

  start(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at];
      if (isSpace(byte) || byte === COMMA || byte === CLOSE || BOM.includes(byte)) continue;
      const bracket = byte === OPEN && !this.#opened;
      this.#opened = true; // the array's bracket is the first thing, or there is none
      if (!bracket) return at;
    }
    return -1;
  }

  scan(bytes: Uint8Array, start: number, from: number, to: number): number {
    if (from === start) {
      this.#depth = this.#border = 0;
      this.#inString = this.#escaped = false;
    }
    for (let at = from; at < to; at++) {
      const end = this.#step(bytes[at], at);
      if (end >= 0) return end;
    }
    return -1;
  }

  /** Takes one byte; the index behind the element if it ends here, else -1. */
  #step(byte: number, at: number): number {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inString = false;
      else if (byte === LF) return at + 1;
    } else if (byte === QUOTE) this.#inString = true;
    else if (byte === BEGIN || byte === OPEN) this.#depth++;
    else if (byte === END || byte === CLOSE) {
      if (this.#depth > 0) {
        if (--this.#depth === 0) return at + 1;
      } else if (byte === CLOSE) return at;
    } else if (this.#depth === 0 && (byte === COMMA || (!this.array && isSpace(byte)))) return at;
    return -1;
  }

  skip(bytes: Uint8Array, _start: number, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at];
      const wasInString = this.#inString;
      // A brace that was never closed would take the rest of the file with it: `}, {` ends what is refused anyway.
      if (!wasInString && this.#border === 2 && byte === BEGIN) return at;
      const end = this.#step(byte, at);
      if (end >= 0) return end;
      if (wasInString || !isSpace(byte)) {
        this.#border = !wasInString && byte === END ? 1 : !wasInString && this.#border === 1 && byte === COMMA ? 2 : 0;
      }
    }
    return -1;
  }

  finish(bytes: Uint8Array): { readonly end: number; readonly problem?: string } {
    const cut = this.#depth > 0 || this.#inString;
    return { end: bytes.length, ...(cut ? { problem: "is cut off: the text ends before it does" } : {}) };
  }
}
