/**
 * An item as others read it.
 *
 * @module
 */
import type { Item } from "./item.ts";

/** The item as JSON shows it: times in ISO 8601. */
export function shownItem(item: Item): Record<string, unknown> {
  const record: Record<string, unknown> = { ...item };
  for (const field of ["time", "start", "end"]) {
    const value = record[field];
    if (typeof value === "number") record[field] = new Date(value).toISOString();
  }
  return record;
}
