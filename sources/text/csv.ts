/**
 * CSV (RFC 4180): a record is a line, unless a quoted field holds newlines.
 *
 * A quote opens a quoted field at the field's first character only; anywhere else it stands for itself. A quote that
 * is never closed would take the rest of the file with it: where a record gets too long, or the text ends within
 * quotes, its first line is refused and reading goes on with the next.
 *
 * @module
 */
import type { Framer } from "./records.ts";

const LF = 10, QUOTE = 34;

/** Frames CSV records. */
export class CsvFramer implements Framer {
  #delimiter: number;
  #seen: Uint8Array | undefined;
  #quote = 0; // the next quote in #seen, so that plain lines are found by their newline alone

  /** @param delimiter one ASCII character */
  constructor(delimiter = ",") {
    this.#delimiter = delimiter.charCodeAt(0);
  }

  start(bytes: Uint8Array, from: number): number {
    return from < bytes.length ? from : -1;
  }

  scan(bytes: Uint8Array, start: number, from: number, to: number): number {
    if (bytes !== this.#seen) {
      this.#seen = bytes;
      this.#quote = -1;
    }
    if (this.#quote < start) {
      const quote = bytes.indexOf(QUOTE, start);
      this.#quote = quote < 0 ? Infinity : quote;
    }
    if (this.#quote >= to) { // no quote: a newline ends it
      const newline = bytes.indexOf(LF, from);
      return newline >= 0 && newline < to ? newline + 1 : -1;
    }
    const newline = bytes.indexOf(LF, start);
    if (newline >= 0 && newline < this.#quote) return newline < to ? newline + 1 : -1;
    return this.#scanQuoted(bytes, start, to);
  }

  /** From the record's start, every time: it is at most one record long, and needs no state then. */
  #scanQuoted(bytes: Uint8Array, start: number, to: number): number {
    let fresh = true; // at a field's first byte
    for (let at = start; at < to; at++) {
      const byte = bytes[at];
      if (byte === LF) return at + 1;
      if (fresh && byte === QUOTE) {
        at = closingQuote(bytes, at + 1, to);
        if (at < 0) return -1;
        fresh = false;
      } else fresh = byte === this.#delimiter;
    }
    return -1;
  }

  skip(bytes: Uint8Array, start: number): number {
    return bytes.indexOf(LF, start) + 1 || -1;
  }

  finish(bytes: Uint8Array, start: number): { readonly end: number; readonly problem?: string } {
    const newline = bytes.indexOf(LF, start);
    const open = this.#quote < bytes.length && this.#endsInQuotes(bytes, start);
    if (!open) return { end: bytes.length };
    return { end: newline < 0 ? bytes.length : newline + 1, problem: "has a quote that is never closed" };
  }

  #endsInQuotes(bytes: Uint8Array, start: number): boolean {
    let fresh = true;
    for (let at = start; at < bytes.length; at++) {
      if (fresh && bytes[at] === QUOTE) {
        at = closingQuote(bytes, at + 1, bytes.length);
        if (at < 0) return true;
        fresh = false;
      } else fresh = bytes[at] === this.#delimiter;
    }
    return false;
  }
}

/** Index of the quote that closes a field whose text begins at `from`; -1 if it is not before `to`. */
function closingQuote(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    if (bytes[at] !== QUOTE) continue;
    if (bytes[at + 1] !== QUOTE) return at; // at a piece's end it may yet be half of two: no line ends there either way
    at++;
  }
  return -1;
}

/**
 * The fields of one record, without the quotes around them.
 *
 * @param record the record's text without its line end
 */
export function splitFields(record: string, delimiter = ","): string[] {
  if (!record.includes('"')) return record.split(delimiter);
  const fields: string[] = [];
  for (let at = 0;;) {
    let field = "";
    if (record[at] === '"') {
      const end = closingIn(record, at + 1);
      field = record.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    }
    const border = record.indexOf(delimiter, at);
    fields.push(field + record.slice(at, border < 0 ? record.length : border));
    if (border < 0) return fields;
    at = border + 1;
  }
}

function closingIn(record: string, from: number): number {
  for (let at = from;;) {
    const quote = record.indexOf('"', at);
    if (quote < 0) return record.length;
    if (record[quote + 1] !== '"') return quote;
    at = quote + 2;
  }
}
