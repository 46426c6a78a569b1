/**
 * Records that are no readings: parsing a line, and what is kept of one that was refused.
 *
 * @module
 */
import { finalise } from "../models/hash.ts";
import { isRefusal, parseReading, type Reading, type Refusal, refusal, REFUSAL_SAMPLE_LENGTH } from "./reading.ts";
import type { QuarantineView } from "./views.ts";

/** A line as a reading, or why it is none, with the line's beginning as it stands. */
export function parseLineText(line: string, row?: number): Reading | Refusal {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch (error) {
    return refusal([{ field: "", message: `the record is not JSON: ${sayError(error)}` }], line, row);
  }
  const item = parseReading(record, row);
  return isRefusal(item) ? refusal(item.errors, line, row) : item;
}

/** The bytes of a line as a reading, or why it is none. */
export function parseLineBytes(bytes: Uint8Array, row?: number): Reading | Refusal {
  let line: string;
  try {
    line = strict.decode(bytes);
  } catch {
    return refusal([{ field: "", message: "the record is not valid UTF-8" }], lenient.decode(bytes), row);
  }
  return parseLineText(line, row);
}

const strict = new TextDecoder("utf-8", { fatal: true }), lenient = new TextDecoder();

/** A record's beginning as it is kept with its error: the same whichever way it came in, as text or parsed. */
export function sampleOf(item: Reading | Refusal): string {
  if (isRefusal(item)) return item.sample;
  const { sensor, time, values, type, location, label, comment, attributes } = item;
  return JSON.stringify({ sensor, time, values, type, location, label, comment, attributes })
    .slice(0, REFUSAL_SAMPLE_LENGTH);
}

/** What a refused record at `position` adds to its partition's hash; a sum, so that order does not count. */
export function hashRefusal(position: number): number {
  return finalise(position % 0x100000000 ^ Math.floor(position / 0x100000000));
}

/** A refusal as it is kept. */
export function quarantineRefusal(
  partition: string,
  position: number,
  { row, errors, sample }: Refusal,
  sensor?: string,
): QuarantineView {
  return {
    id: `${partition}/${position}`,
    partition,
    position,
    reason: "invalid",
    ...(row === undefined ? {} : { row }),
    ...(sensor === undefined ? {} : { sensor }),
    errors,
    sample,
  };
}

/** Records not accepted that one checkpoint keeps; beyond that they are counted. */
export const QUARANTINE_MOST = 10_000;

/** Adds what was not accepted; of very many only the last are held, and stored by the checkpoint. */
export function setAside(items: QuarantineView[], item: QuarantineView): void {
  if (items.length >= 2 * QUARANTINE_MOST) items.splice(0, items.length - QUARANTINE_MOST);
  items.push(item);
}

/** An error as one sentence. */
export function sayError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
