/**
 * Sparkplug B's payloads, as far as readings are made of them: metrics that are numbers, with their times.
 *
 * Source: Eclipse Sparkplug 3.0.0, section 6.4 and its `sparkplug_b.proto`; the wire format is Protocol Buffers' (proto2).
 *
 * @module
 */

/** A payload cannot be read; the message says why, in a few words. */
export class SparkplugError extends Error {
  override name = "SparkplugError";
}

/** A metric of a payload. */
export interface SparkplugMetric {
  readonly name?: string;
  /** Stands for a name that a birth has said. */
  readonly alias?: number;
  /** Epoch ms. */
  readonly time?: number;
  /** By its number; absent where a birth has said it. */
  readonly type?: number;
  readonly isNull: boolean;
  /** Whether its quality is given, and not 192, good. */
  readonly isBad: boolean;
  /** As it lies in the payload: what it means depends on the type. Absent for what is no number. */
  readonly raw?: bigint | number | boolean;
}

/** A payload. */
export interface SparkplugPayload {
  /** Epoch ms. */
  readonly time?: number;
  /** 0 to 255, one more than in the node's message before. */
  readonly seq?: number;
  readonly metrics: readonly SparkplugMetric[];
}

/** Types whose values are numbers, by their number. */
const INT8 = 1, INT16 = 2, INT32 = 3, INT64 = 4, UINT64 = 8, FLOAT = 9, DOUBLE = 10, BOOLEAN = 11, DATE_TIME = 13;
/** Quality of a value that can be believed. */
const GOOD = 192;

/**
 * A metric's value as a number: 0 and 1 for false and true, epoch ms for a DateTime; null where it is missing or its quality
 * is not good.
 *
 * Whole numbers of 64 bits lose what a double cannot hold (beyond 2^53).
 *
 * @param type its own, or the one that its birth has said
 * @returns undefined for what is no number: texts, bytes, data sets, templates, arrays
 */
export function numberOf({ raw, isNull, isBad }: SparkplugMetric, type: number): number | null | undefined {
  if (!(type >= INT8 && type <= BOOLEAN) && type !== DATE_TIME) return undefined;
  if (isNull || isBad) return null;
  if (raw === undefined) return undefined;
  if (type === BOOLEAN) return raw ? 1 : 0;
  if (type === FLOAT || type === DOUBLE) {
    return typeof raw === "number" ? (Number.isFinite(raw) ? raw : null) : undefined;
  }
  if (typeof raw !== "bigint") return undefined;
  if (type === DATE_TIME || (type > INT64 && type <= UINT64)) return Number(raw);
  return Number(BigInt.asIntN(type === INT64 ? 64 : type === INT32 ? 32 : type === INT16 ? 16 : 8, raw));
}

/**
 * Reads a payload.
 *
 * @throws {SparkplugError} if it is none
 */
export function decodeSparkplug(bytes: Uint8Array): SparkplugPayload {
  const fields = new Fields(bytes), metrics: SparkplugMetric[] = [];
  let time: number | undefined, seq: number | undefined;
  while (fields.next()) {
    if (fields.is(1, VARINT)) time = Number(fields.varint());
    else if (fields.is(2, BYTES)) metrics.push(metricOf(fields.bytes()));
    else if (fields.is(3, VARINT)) seq = Number(fields.varint());
    else fields.skip();
  }
  return { metrics, ...(time === undefined ? {} : { time }), ...(seq === undefined ? {} : { seq }) };
}

function metricOf(bytes: Uint8Array): SparkplugMetric {
  const fields = new Fields(bytes);
  let isNull = false, isBad = false;
  const found: { -readonly [Field in keyof SparkplugMetric]?: SparkplugMetric[Field] } = {};
  while (fields.next()) {
    if (fields.is(1, BYTES)) found.name = fields.text();
    else if (fields.is(2, VARINT)) found.alias = Number(fields.varint());
    else if (fields.is(3, VARINT)) found.time = Number(fields.varint());
    else if (fields.is(4, VARINT)) found.type = Number(fields.varint());
    else if (fields.is(7, VARINT)) isNull = fields.varint() !== 0n;
    else if (fields.is(9, BYTES)) isBad = !isGood(fields.bytes());
    else if (fields.is(10, VARINT) || fields.is(11, VARINT)) found.raw = fields.varint();
    else if (fields.is(12, FIXED32)) found.raw = fields.float();
    else if (fields.is(13, FIXED64)) found.raw = fields.double();
    else if (fields.is(14, VARINT)) found.raw = fields.varint() !== 0n;
    else fields.skip();
  }
  return { ...found, isNull, isBad };
}

/** Whether a set of properties says nothing of the quality, or that it is good. */
function isGood(bytes: Uint8Array): boolean {
  const fields = new Fields(bytes), names: string[] = [], values: (bigint | undefined)[] = [];
  while (fields.next()) {
    if (fields.is(1, BYTES)) names.push(fields.text());
    else if (fields.is(2, BYTES)) {
      const value = new Fields(fields.bytes());
      let quality: bigint | undefined;
      while (value.next()) {
        if (value.is(3, VARINT) || value.is(4, VARINT)) quality = value.varint();
        else value.skip();
      }
      values.push(quality);
    } else fields.skip();
  }
  const at = names.findIndex((name) => name.toLowerCase() === "quality");
  return at < 0 || values[at] === undefined || values[at] === BigInt(GOOD);
}

/** The order to a node to say its births again: one metric, `Node Control/Rebirth`, true. */
export function rebirthOrder(now: number): Uint8Array {
  const name = new TextEncoder().encode("Node Control/Rebirth");
  const time = varintBytes(BigInt(now));
  const metric = [0x0a, name.length, ...name, 0x18, ...time, 0x20, BOOLEAN, 0x70, 1];
  return new Uint8Array([0x08, ...time, 0x12, metric.length, ...metric]);
}

function varintBytes(value: bigint): number[] {
  const bytes: number[] = [];
  for (; value > 127n; value >>= 7n) bytes.push(Number(value & 127n) | 128);
  return [...bytes, Number(value)];
}

const VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The fields of a message of Protocol Buffers, one after the other. */
class Fields {
  readonly #view: DataView;
  #at = 0;
  #number = 0;
  #wire = 0;

  constructor(private readonly data: Uint8Array) {
    this.#view = new DataView(data.buffer, data.byteOffset, data.length);
  }

  /** Goes on to the next field; whether there is one. */
  next(): boolean {
    if (this.#at >= this.data.length) return false;
    const key = Number(this.varint());
    this.#number = Math.floor(key / 8);
    this.#wire = key % 8;
    if (this.#number === 0) throw new SparkplugError("a field has the number 0");
    return true;
  }

  /** Whether the field has this number and lies in this way. */
  is(number: number, wire: number): boolean {
    return this.#number === number && this.#wire === wire;
  }

  varint(): bigint {
    let low = 0, shift = 0;
    for (let at = this.#at; shift < 49; shift += 7) { // what fits a double, without the cost of a bigint at each byte
      const byte = this.#byte(at++);
      low += (byte & 127) * 2 ** shift;
      if (byte < 128) {
        this.#at = at;
        return BigInt(low);
      }
    }
    let value = 0n;
    for (let bits = 0n; bits < 70n; bits += 7n) {
      const byte = this.#byte(this.#at++);
      value |= BigInt(byte & 127) << bits;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new SparkplugError("a number has more than 10 bytes");
  }

  float(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  bytes(): Uint8Array {
    const length = Number(this.varint()), at = this.#take(length);
    return this.data.subarray(at, at + length);
  }

  text(): string {
    try {
      return decoder.decode(this.bytes());
    } catch (error) {
      throw error instanceof SparkplugError ? error : new SparkplugError("a name is not UTF-8");
    }
  }

  skip(): void {
    if (this.#wire === VARINT) this.varint();
    else if (this.#wire === BYTES) this.bytes();
    else if (this.#wire === FIXED32) this.#take(4);
    else if (this.#wire === FIXED64) this.#take(8);
    else throw new SparkplugError(`a field lies in a way that is not known (${this.#wire})`);
  }

  #byte(at: number): number {
    if (at >= this.data.length) throw new SparkplugError("it ends in the middle of a field");
    return this.data[at];
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.data.length) throw new SparkplugError("it ends in the middle of a field");
    this.#at += length;
    return at;
  }
}
