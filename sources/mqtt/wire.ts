/**
 * The smallest parts of MQTT's packets: whole numbers, texts, and numbers of variable length.
 *
 * Source: MQTT 5.0 (OASIS, 2019), section 1.5; the same in 3.1.1.
 *
 * @module
 */
import { MqttError } from "./errors.ts";

const encoder = new TextEncoder(), decoder = new TextDecoder("utf-8", { fatal: true });

/** Greatest length of a packet behind its fixed header, by its four bytes. */
export const LENGTH_MOST = 268_435_455;

/** Collects bytes of a packet; grows as needed. */
export class Writer {
  #bytes = new Uint8Array(256);
  #at = 0;

  /** One byte. */
  byte(value: number): this {
    this.#room(1);
    this.#bytes[this.#at++] = value;
    return this;
  }

  /** Two bytes, the greater first. */
  word(value: number): this {
    return this.byte(value >> 8 & 0xff).byte(value & 0xff);
  }

  /** Four bytes, the greatest first. */
  long(value: number): this {
    return this.word(value >>> 16).word(value & 0xffff);
  }

  /** A number from 0 to {@linkcode LENGTH_MOST}, in one to four bytes of seven bits each. */
  variable(value: number): this {
    for (; value > 127; value >>= 7) this.byte(value & 127 | 128);
    return this.byte(value);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /**
   * A text in UTF-8 behind its length.
   *
   * @throws {MqttError} if it is longer than 65,535 bytes
   */
  text(text: string): this {
    const bytes = encoder.encode(text);
    if (bytes.length > 0xffff) {
      throw new MqttError(`a text of MQTT has at most 65535 bytes, not ${bytes.length}`, "size");
    }
    return this.word(bytes.length).raw(bytes);
  }

  /** What was written; a view. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#at);
  }

  #room(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + more));
    bytes.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = bytes;
  }
}

/** Reads a packet's bytes; whatever is behind its end is an error. */
export class Reader {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** Whether everything is read. */
  get isAtEnd(): boolean {
    return this.#at >= this.bytes.length;
  }

  /** One byte. @throws {MqttError} at the end */
  byte(): number {
    if (this.#at >= this.bytes.length) throw damaged();
    return this.bytes[this.#at++];
  }

  /** Two bytes. @throws {MqttError} at the end */
  word(): number {
    return this.byte() << 8 | this.byte();
  }

  /** Four bytes. @throws {MqttError} at the end */
  long(): number {
    return this.word() * 65_536 + this.word();
  }

  /** A number of variable length. @throws {MqttError} if it has more than four bytes */
  variable(): number {
    for (let value = 0, shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw damaged();
  }

  /** So many bytes; a view. @throws {MqttError} if there are fewer */
  raw(length: number): Uint8Array {
    if (this.#at + length > this.bytes.length) throw damaged();
    return this.bytes.subarray(this.#at, this.#at += length);
  }

  /** Bytes behind their length. @throws {MqttError} if there are fewer */
  blob(): Uint8Array {
    return this.raw(this.word());
  }

  /** A text behind its length. @throws {MqttError} if it is no UTF-8 */
  text(): string {
    try {
      return decoder.decode(this.blob());
    } catch (error) {
      throw error instanceof MqttError ? error : damaged();
    }
  }

  /** All that is left; a view. */
  rest(): Uint8Array {
    return this.raw(this.bytes.length - this.#at);
  }
}

function damaged(): MqttError {
  return new MqttError("it sent a packet that is no MQTT", "protocol");
}
