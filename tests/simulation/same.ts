/**
 * Comparing stored values, fast enough for thousands of histories.
 *
 * @module
 */

/** Whether two stored values are the same, bit for bit. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Float64Array && b instanceof Float64Array) {
    return a.length === b.length && a.every((number, i) => Object.is(number, b[i]));
  }
  const keys = Object.keys(a), other = b as Record<string, unknown>, one = a as Record<string, unknown>;
  return keys.length === Object.keys(b).length && keys.every((key) => isSame(one[key], other[key]));
}
