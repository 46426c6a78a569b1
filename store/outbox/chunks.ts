/**
 * Items of the outbox as values of the store: lines of JSON, as many as a value holds.
 *
 * The same items in the same order give the same chunks: one that is written again after a crash replaces itself.
 *
 * @module
 */
import type { Item } from "../../sinks/delivery/item.ts";

/** Bytes of a chunk's text at the most; with a key and a frame it fits a value of 63 KiB. */
export const CHUNK_BYTES = 58 * 1024;

/** A chunk's value. Its place is in its key. */
export interface OutboxValue {
  /** Number of its first item since the stream began. */
  readonly first: number;
  readonly count: number;
  /** When it was written, epoch ms. */
  readonly at: number;
  /** Items as JSON, one a line. */
  readonly text: Uint8Array;
}

/** The chunks of some items, and the number of the item that follows. */
export interface Packed {
  readonly chunks: readonly OutboxValue[];
  readonly next: number;
}

const encoder = new TextEncoder(), decoder = new TextDecoder();

/**
 * Packs items.
 *
 * An item that no chunk can hold is left out; its number stays free, so that sinks count it as missed.
 *
 * @param first number of the first item
 * @param at clock, epoch ms
 */
export function packItems(items: Iterable<Item>, first: number, at: number): Packed {
  const chunks: OutboxValue[] = [], buffer = new Uint8Array(CHUNK_BYTES);
  let used = 0, begun = first, next = first;
  const flush = () => {
    if (next > begun) chunks.push({ first: begun, count: next - begun, at, text: buffer.slice(0, used) });
    begun = next;
    used = 0;
  };
  for (const item of items) {
    const line = JSON.stringify(item) + "\n";
    if (!fits(line, buffer.subarray(used))) {
      flush();
      if (!fits(line, buffer)) {
        begun = ++next;
        continue;
      }
    }
    used += encoder.encodeInto(line, buffer.subarray(used)).written;
    next++;
  }
  flush();
  return { chunks, next };
}

/** The items of a chunk. */
export function unpackItems({ text }: OutboxValue): Item[] {
  // The lines are what `packItems` wrote: one array of them is read faster than each by itself.
  const lines = decoder.decode(text.subarray(0, Math.max(0, text.length - 1))).replaceAll("\n", ",");
  return JSON.parse(`[${lines}]`) as Item[];
}

function fits(line: string, room: Uint8Array): boolean {
  if (line.length > room.length) return false;
  return 3 * line.length <= room.length || encoder.encode(line).length <= room.length;
}
