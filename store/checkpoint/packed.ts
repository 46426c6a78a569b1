/**
 * What is said of many types of sensors at once, as part of a value: packed where it would not fit one.
 *
 * Names are most of it, and are said again and again: it packs to a tenth of its size, so a thousand types fit.
 *
 * @module
 */
import { deflateSync, inflateSync } from "node:zlib";

/** Characters of JSON from which on it is packed. */
const PACKED_FROM = 16 * 1024;

/** As it is stored: itself, or its JSON, packed. */
export type Packed<T> = T | Uint8Array;

/** Packs what is large; it must survive JSON. */
export function pack<T extends object>(value: T): Packed<T> {
  const text = JSON.stringify(value);
  return text.length < PACKED_FROM ? value : new Uint8Array(deflateSync(text));
}

/** What was packed. */
export function unpack<T extends object>(stored: Packed<T>): T {
  return stored instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(inflateSync(stored))) : stored;
}

/** Bytes that it takes, about. */
export function packedBytes(stored: Packed<object>): number {
  return stored instanceof Uint8Array ? stored.length : 2 * JSON.stringify(stored).length;
}
