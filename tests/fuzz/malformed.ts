/**
 * Lines that are nearly readings, and which of them are.
 *
 * @module
 */
import { isRefusal, parseReading } from "../../actors/reading.ts";
import type { Random } from "../../models/random.ts";

const encoder = new TextEncoder();
const NEWLINE = 10, RETURN = 13, QUESTION_MARK = 63;
/** What stands in a field's place. */
const WILD = [
  "null",
  "[]",
  "{}",
  '"x"',
  "1e400",
  "-1",
  "NaN",
  "true",
  '"__proto__"',
  '"\\ud800"',
  "[[[[",
  '"2026-13-99"',
];

/** A line that is nearly a reading: whole, cut off, with bytes changed, or with another value in a field's place. */
export function malformedLine(random: Random, at: number): Uint8Array {
  const pick = (most: number) => Math.floor(random.uniform() * most);
  let text = `{"sensor":"s${at % 50}","time":${1e12 + at},"values":{"t":${pick(100)},"h":null},"label":${pick(2)}}`;
  const kind = pick(5);
  if (kind === 1) text = text.slice(0, 1 + pick(text.length - 1));
  if (kind === 2) {
    text = text.replace(/:("\w+"|\d+|null)/g, (was) => random.uniform() < 0.4 ? `:${WILD[pick(WILD.length)]}` : was);
  }
  if (kind === 3) {
    text = text.replace(/"(sensor|time|values|t|label)"/, () => `"${["x", "__proto__", "", "time"][pick(4)]}"`);
  }
  const bytes = encoder.encode(text);
  if (kind === 4) { for (let i = 0; i <= pick(4); i++) bytes[pick(bytes.length)] = pick(256); }
  return bytes.map((byte) => byte === NEWLINE || byte === RETURN ? QUESTION_MARK : byte); // a line stays one line
}

/** Whether a line is a reading, by the definition alone. */
export function isReading(bytes: Uint8Array): boolean {
  try {
    return !isRefusal(parseReading(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))));
  } catch {
    return false;
  }
}

/** Lines from a number on, as one body. */
export function linesFrom(random: Random, from: number, count: number): { lines: Uint8Array[]; body: Uint8Array } {
  const lines = Array.from({ length: count }, (_, i) => malformedLine(random, from + i));
  const body = new Uint8Array(lines.reduce((sum, { length }) => sum + length + 1, 0));
  let at = 0;
  for (const line of lines) {
    body.set(line, at);
    body[at + line.length] = NEWLINE;
    at += line.length + 1;
  }
  return { lines, body };
}
