/**
 * From messages to chunks: the readings of neighbouring messages that arrived in the same millisecond, together.
 *
 * @module
 */
import type { ReadingsChunk } from "../../actors/ports.ts";
import type { Reading, Refusal } from "../../actors/reading.ts";
import type { MessageParser, RawMessage } from "./messages.ts";
import { itemsOf, positionOf } from "./positions.ts";

/** Readings of a chunk at the most, but for those of one message. */
const CHUNK_READINGS = 8192;

/**
 * The chunks of messages that were fetched together.
 *
 * @param from the position that was asked for: items before it, of an array that was read in part, are left out
 * @param next the offset behind everything that was fetched; the last chunk leads there
 */
export function* chunksOf(
  messages: readonly RawMessage[],
  parser: MessageParser,
  from: number,
  next: number,
): Generator<ReadingsChunk> {
  let items: (Reading | Refusal)[] = [], positions: number[] = [], arrived = NaN;
  for (const message of messages) {
    if (positions.length > 0 && (message.timestamp !== arrived || positions.length >= CHUNK_READINGS)) {
      yield chunk(items, positions, positionOf(message.offset), arrived);
      items = [], positions = [];
    }
    arrived = message.timestamp;
    const begin = itemsOf(message.offset);
    for (const [i, item] of parser.parse(message).entries()) {
      if (begin + i < from) continue;
      items.push(item);
      positions.push(begin + i);
    }
  }
  if (positions.length > 0 || positionOf(next) > from) yield chunk(items, positions, positionOf(next), arrived);
}

/** A chunk; a message without a usable stamp of its own (before 1970) is as one whose arrival nobody recorded. */
function chunk(
  items: readonly (Reading | Refusal)[],
  positions: readonly number[],
  next: number,
  arrived: number,
): ReadingsChunk {
  return { kind: "readings", items, positions, next, ...(arrived >= 0 ? { arrived } : {}) };
}
