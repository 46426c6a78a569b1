/**
 * A reading as it stands in a batch file: a record of its source's own shape, or a reading in the canonical one.
 *
 * @module
 */
import type { Reading } from "../actors/reading.ts";
import { INJECTED_COMMENT } from "../models/injection.ts";

/** Writes a reading back in its source's own shape; undefined where that is the canonical one. */
export type ToRecord = (reading: Reading) => Readonly<Record<string, unknown>> | undefined;

/** Whether the reading was made anomalous on purpose. */
export function isInjected({ label, comment }: Reading): boolean {
  return label === 1 && comment === INJECTED_COMMENT;
}

/**
 * The reading as one line of JSON. Times of the canonical shape are ISO 8601.
 *
 * An injected reading always carries its label and comment: where the source's shape has no field for them, as `label`
 * and `comment`.
 */
export function recordText(reading: Reading, toRecord?: ToRecord): string {
  const own = toRecord?.(reading);
  if (own === undefined) return JSON.stringify({ ...reading, time: new Date(reading.time).toISOString() });
  if (toRecord === undefined || !isInjected(reading)) return JSON.stringify(own);
  const text = JSON.stringify(own), added: Record<string, unknown> = {};
  for (const field of ["label", "comment"] as const) {
    const isCarried = JSON.stringify(toRecord({ ...reading, [field]: undefined })) !== text;
    if (!isCarried && !Object.hasOwn(own, field)) added[field] = reading[field];
  }
  return JSON.stringify({ ...own, ...added });
}
