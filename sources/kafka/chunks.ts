/**
 * From messages to chunks: the readings of neighbouring messages, each with the time at which it arrived.
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
  let items: (Reading | Refusal)[] = [], positions: number[] = [], arrivals: number[] = [];
  for (const message of messages) {
    if (positions.length >= CHUNK_READINGS) {
      yield { kind: "readings", items, positions, arrivals, next: positionOf(message.offset) };
      items = [], positions = [], arrivals = [];
    }
    // A message without a usable stamp of its own (before 1970) is as one whose arrival nobody recorded.
    const begin = itemsOf(message.offset), arrived = message.timestamp >= 0 ? message.timestamp : NaN;
    for (const [i, item] of parser.parse(message).entries()) {
      if (begin + i < from) continue;
      items.push(item);
      positions.push(begin + i);
      arrivals.push(arrived);
    }
  }
  if (positions.length > 0 || positionOf(next) > from) {
    yield { kind: "readings", items, positions, arrivals, next: positionOf(next) };
  }
}
