/**
 * Places in a chunk: where a record stands in it, and which position that is.
 *
 * @module
 */
import type { Chunk } from "./ports.ts";

/** Behind a chunk's last record: a number of parsed readings, of bytes of text, or 1 for what is one thing. */
export function endOf(chunk: Chunk): number {
  if (chunk.kind === "readings") return chunk.items.length;
  return chunk.kind === "lines" ? chunk.bytes.length : 1;
}

/** Position of a record of a chunk: an index among parsed readings, an offset in text. */
export function positionIn(chunk: Chunk, at: number): number {
  return chunk.kind === "readings" ? chunk.positions[at] : chunk.position + at;
}

/** Where in a chunk, from `from` on, the records at a position and behind it start; Infinity if there are none. */
export function placeIn(chunk: Chunk, from: number, position: number): number {
  if (position === Infinity || chunk.kind === "tick" || chunk.kind === "farewell") return Infinity;
  if (chunk.kind === "lines") return Math.max(from + 1, position - chunk.position);
  const found = chunk.positions.findIndex((one, i) => i > from && one >= position);
  return found < 0 ? Infinity : found;
}
