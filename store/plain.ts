/**
 * Any value and key of Deno KV as plain JSON and back, exactly: bytes, typed arrays, −0, undefined and big integers too.
 *
 * What JSON has no word for is an object with one field `$`: an array of a kind and its content. An object that has such
 * a field itself is wrapped likewise.
 *
 * @module
 */
import type { Json } from "../actors/ports.ts";

const ARRAYS = {
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
} as const;

/** Kinds of numbers that JSON cannot write. */
const NUMBERS: ReadonlyMap<string, number> = new Map([["-0", -0], ["NaN", NaN], ["Infinity", Infinity], [
  "-Infinity",
  -Infinity,
]]);

/**
 * A value as JSON.
 *
 * @throws {TypeError} for a value of a kind that is not stored here, such as a regular expression
 */
export function toPlain(value: unknown): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : tagged("number", Object.is(value, -0) ? "-0" : String(value));
    case "bigint":
      return tagged("bigint", String(value));
    case "undefined":
      return tagged("undefined");
    case "object":
      return value === null ? null : objectToPlain(value);
    default:
      throw new TypeError(`a ${typeof value} cannot be written down`);
  }
}

/**
 * The value that {@linkcode toPlain} wrote down.
 *
 * @throws {TypeError} for JSON that it did not write
 */
export function fromPlain(plain: Json): unknown {
  if (typeof plain !== "object" || plain === null) return plain;
  if (isList(plain)) return plain.map(fromPlain);
  if (!Object.hasOwn(plain, "$")) return objectFromPlain(plain);
  const tag = plain.$;
  if (!isList(tag) || Object.keys(plain).length !== 1) throw unknownKind(tag);
  const [kind, content] = tag;
  if (typeof kind === "string" && Object.hasOwn(ARRAYS, kind) && typeof content === "string") {
    return new ARRAYS[kind as keyof typeof ARRAYS](Uint8Array.fromBase64(content).buffer);
  }
  if (kind === "undefined") return undefined;
  if (kind === "number" && typeof content === "string" && NUMBERS.has(content)) return NUMBERS.get(content);
  if (kind === "bigint" && typeof content === "string") return BigInt(content);
  if (kind === "u64" && typeof content === "string") return new Deno.KvU64(BigInt(content));
  if (kind === "Date") return new Date(fromPlain(content) as number);
  if (kind === "ArrayBuffer" && typeof content === "string") return Uint8Array.fromBase64(content).buffer;
  if (kind === "Map") return new Map(fromPlain(content) as [unknown, unknown][]);
  if (kind === "Set") return new Set(fromPlain(content) as unknown[]);
  if (kind === "object" && typeof content === "object" && content !== null && !isList(content)) {
    return objectFromPlain(content);
  }
  throw unknownKind(tag);
}

function objectToPlain(value: object): Json {
  if (Array.isArray(value)) return value.map(toPlain);
  if (ArrayBuffer.isView(value) && Object.hasOwn(ARRAYS, kindOf(value))) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return tagged(kindOf(value), bytes.toBase64());
  }
  if (value instanceof ArrayBuffer) return tagged("ArrayBuffer", new Uint8Array(value).toBase64());
  if (value instanceof Date) return tagged("Date", toPlain(value.getTime()));
  if (value instanceof Map) return tagged("Map", toPlain([...value]));
  if (value instanceof Set) return tagged("Set", toPlain([...value]));
  if (value instanceof Deno.KvU64) return tagged("u64", String(value.value));
  if (kindOf(value) !== "Object") throw new TypeError(`a ${kindOf(value)} cannot be written down`);
  const plain: Json = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toPlain(inner)]));
  return Object.hasOwn(value, "$") ? tagged("object", plain) : plain;
}

function objectFromPlain(plain: { readonly [name: string]: Json }): Record<string, unknown> {
  return Object.fromEntries(Object.entries(plain).map(([name, inner]) => [name, fromPlain(inner)]));
}

function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

function isList(plain: Json): plain is readonly Json[] {
  return Array.isArray(plain);
}

function tagged(kind: string, content?: Json): Json {
  return { $: content === undefined ? [kind] : [kind, content] };
}

function unknownKind(tag: Json): TypeError {
  return new TypeError(`${JSON.stringify(tag)?.slice(0, 60)} is no kind of value`);
}
