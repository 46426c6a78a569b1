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

/** Bytes of a key alone at most, of which an atomic write takes so many: see `KV_LIMITS.keysBytes`. */
export function keySize(key: Deno.KvKey): number {
  let size = 0;
  for (const part of key) size += typeof part === "string" ? 2 + codedBytes(part) : 16; // a number takes 9
  return size;
}

/** Bytes of a text in UTF-8 at most, with each 0 escaped. */
function codedBytes(text: string): number {
  return /[^ -~]/.test(text) ? 3 * text.length : text.length;
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
