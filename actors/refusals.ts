/**
 * Records that are no readings: parsing a line, and what is kept of one that was refused.
 *
 * @module
 */
import { finalise } from "../models/hash.ts";
import { parseReading, type Reading, type Refusal, refusal } from "./reading.ts";
import type { QuarantineView } from "./views.ts";

/** A line as a reading, or why it is none. */
export function parseLineText(line: string, row?: number): Reading | Refusal {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch (error) {
    return refusal([{ field: "", message: `the line is not JSON: ${sayError(error)}` }], line, row);
  }
  return parseReading(record, row);
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

/** An error as one sentence. */
export function sayError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
