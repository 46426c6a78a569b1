/**
 * How many bytes an entry takes at most, so that an atomic write stays below its limit; parts of a value joined again.
 *
 * @module
 */

/** Bytes that a key with this name and a value's frame take at most: a character of a key takes up to three. */
export function keyBytes(name: string): number {
  return 200 + 3 * name.length;
}

/** Bytes of texts in a value, together or as JSON, at most: one for each character, two where any is beyond Latin 1. */
export function textBytes(text: string): number {
  return /[\u0100-\uffff]/.test(text) ? 2 * text.length : text.length;
}

/** The bytes one behind the other; a single part as it is. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
