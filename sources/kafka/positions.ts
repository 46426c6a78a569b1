/**
 * Positions of a Kafka partition: room for every offset's readings, and for ticks before it.
 *
 * The items of the message at offset `o` stand at `o * 8192 + 4096 + i`; the 4096 places before them are for ticks that
 * pass while the partition waits for that message. So a position says which offset it belongs to, now and after a crash.
 *
 * @module
 */
import { SourceError } from "../../actors/ports.ts";

/** Positions of one offset. */
export const OFFSET_STEP = 8192;
/** Readings that one message may hold, and ticks that may precede it. */
export const MESSAGE_READINGS = OFFSET_STEP / 2;
/** Offsets below this have safe positions: 2^53 / 8192. At 10,000 messages a second, three and a half years. */
export const OFFSET_MOST = 2 ** 40;

/** Where the places of an offset begin; reading from there gives its message whole, and the ticks before it. */
export function positionOf(offset: number): number {
  return offset * OFFSET_STEP;
}

/** Where the items of an offset's message begin. */
export function itemsOf(offset: number): number {
  return offset * OFFSET_STEP + MESSAGE_READINGS;
}

/** The offset that a position belongs to. */
export function offsetOf(position: number): number {
  return Math.floor(position / OFFSET_STEP);
}

/**
 * An offset as a number.
 *
 * @throws {SourceError} if its positions would not be safe integers
 */
export function safeOffset(offset: bigint): number {
  if (offset < BigInt(OFFSET_MOST)) return Number(offset);
  throw new SourceError(`cannot read on at offset ${offset}: positions are kept for offsets below ${OFFSET_MOST}`);
}
