/**
 * From messages to chunks: the readings of neighbouring messages, each with the time at which it arrived.
 *
 * @module
 */
import type { ReadingsChunk } from "../../actors/ports.ts";
import type { Reading, Refusal } from "../../actors/reading.ts";
import { isSampled, type TracedRecord } from "../../actors/tracing.ts";
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
  let items: (Reading | Refusal)[] = [], positions: number[] = [], arrivals: number[] = [], traces: TracedRecord[] = [];
  const chunk = (offset: number): ReadingsChunk => {
    const traced = traces.length > 0 ? { traces } : {};
    return { kind: "readings", items, positions, arrivals, next: positionOf(offset), ...traced };
  };
  for (const message of messages) {
    if (positions.length >= CHUNK_READINGS) {
      yield chunk(message.offset);
      items = [], positions = [], arrivals = [], traces = [];
    }
    // A message without a usable stamp of its own (before 1970) is as one whose arrival nobody recorded.
    const begin = itemsOf(message.offset), arrived = message.timestamp >= 0 ? message.timestamp : NaN;
    for (const [i, item] of parser.parse(message).entries()) {
      if (begin + i < from) continue;
      items.push(item);
      positions.push(begin + i);
      arrivals.push(arrived);
    }
    const parent = traceOf(message);
    if (parent !== undefined && begin >= from) traces.push({ position: begin, parent });
  }
  if (positions.length > 0 || positionOf(next) > from) yield chunk(next);
}

const decoder = new TextDecoder();

/** The trace that the message's header names, if somebody records it. */
function traceOf({ headers = [] }: RawMessage): string | undefined {
  const found = headers.find(([name]) => name !== null && decoder.decode(name) === "traceparent")?.[1];
  const header = found ? decoder.decode(found) : undefined;
  return isSampled(header) ? header : undefined;
}
