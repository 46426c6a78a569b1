/**
 * The order of keys in Deno KV: part by part, bytes before texts before numbers before big numbers before true and false;
 * a key that another one begins with comes first.
 *
 * @module
 */

/** Less than 0 if `a` comes before `b`, 0 if they are the same key, else more than 0. */
export function compareKeys(a: Deno.KvKey, b: Deno.KvKey): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareParts(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

const encoder = new TextEncoder();

function compareParts(a: Deno.KvKeyPart, b: Deno.KvKeyPart): number {
  const kinds = kindOf(a) - kindOf(b);
  if (kinds !== 0 || a === b) return kinds;
  // Texts are ordered as their bytes in UTF-8, which is not how JavaScript compares them.
  if (typeof a === "string") return compareBytes(encoder.encode(a), encoder.encode(b as string));
  return a instanceof Uint8Array ? compareBytes(a, b as Uint8Array) : Number(a) < Number(b) ? -1 : 1;
}

function kindOf(part: Deno.KvKeyPart): number {
  return part instanceof Uint8Array ? 0 : ["string", "number", "bigint", "boolean"].indexOf(typeof part) + 1;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
