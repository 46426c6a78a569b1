/**
 * MQTT's packets, as far as a client that takes and gives QoS 0 and 1 needs them, in versions 3.1.1 and 5.
 *
 * Source: MQTT 5.0 (OASIS, 2019) and 3.1.1 (2014), section 3.
 *
 * @module
 */
import type { MqttVersion } from "./address.ts";
import { MqttError } from "./errors.ts";
import { LENGTH_MOST, Reader, Writer } from "./wire.ts";

const CONNECT = 1, CONNACK = 2, PUBLISH = 3, PUBACK = 4, SUBSCRIBE = 8, SUBACK = 9, PINGREQ = 12, PINGRESP = 13;
const DISCONNECT = 14;

/** What a client says first. */
export interface ConnectPacket {
  readonly version: MqttVersion;
  readonly clientId: string;
  /** Whether the broker forgets what it kept for this client. */
  readonly clean: boolean;
  /** Longest time without a packet of ours, s. */
  readonly keepAliveSeconds: number;
  /** How long the broker keeps the session after the connection, s; told in version 5 alone. */
  readonly sessionSeconds: number;
  /** Messages of QoS 1 that it may send ahead of our acknowledgements; told in version 5 alone. */
  readonly receiveMaximum: number;
  /** Greatest packet that is taken, bytes; told in version 5 alone. */
  readonly packetBytes: number;
  readonly login?: { readonly user: string; readonly password: string };
}

/** A message of a topic. */
export interface PublishPacket {
  readonly kind: "publish";
  readonly topic: string;
  /** A view of what was read: it is good until more is read. */
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
  /** To be acknowledged under, 1 to 65,535; 0 in QoS 0. */
  readonly id: number;
}

/** A packet that a broker sends. */
export type Incoming =
  | PublishPacket
  | {
    readonly kind: "connack";
    readonly code: number;
    readonly isSessionPresent: boolean;
    /** Messages of QoS 1 that it takes ahead of its acknowledgements. */
    readonly receiveMaximum: number;
    /** The keep-alive that it insists on, s. */
    readonly keepAliveSeconds?: number;
    readonly reason?: string;
  }
  | { readonly kind: "puback"; readonly id: number; readonly code: number; readonly reason?: string }
  | { readonly kind: "suback"; readonly id: number; readonly codes: readonly number[]; readonly reason?: string }
  | { readonly kind: "pingresp" }
  | { readonly kind: "disconnect"; readonly code: number; readonly reason?: string };

/** Puts the fixed header before a body. */
function packet(first: number, body: Writer): Uint8Array<ArrayBuffer> {
  const { bytes } = body;
  if (bytes.length > LENGTH_MOST) throw new MqttError(`a packet has at most ${LENGTH_MOST} bytes`, "size");
  return new Writer().byte(first).variable(bytes.length).raw(bytes).bytes;
}

/** CONNECT. */
export function connectPacket(packetOf: ConnectPacket): Uint8Array<ArrayBuffer> {
  const { version, clientId, clean, keepAliveSeconds, login } = packetOf, isFive = version === "5";
  const flags = (clean ? 2 : 0) | (login === undefined ? 0 : 0xc0);
  const body = new Writer().text("MQTT").byte(isFive ? 5 : 4).byte(flags).word(keepAliveSeconds);
  if (isFive) {
    const properties = new Writer()
      .byte(0x11).long(packetOf.sessionSeconds)
      .byte(0x21).word(packetOf.receiveMaximum)
      .byte(0x27).long(packetOf.packetBytes).bytes;
    body.variable(properties.length).raw(properties);
  }
  body.text(clientId);
  if (login !== undefined) body.text(login.user).text(login.password);
  return packet(CONNECT << 4, body);
}

/** SUBSCRIBE with QoS 1. @param retained whether the broker sends what it retained; version 3.1.1 always does */
export function subscribePacket(
  version: MqttVersion,
  id: number,
  filters: readonly string[],
  retained: boolean,
): Uint8Array<ArrayBuffer> {
  const body = new Writer().word(id);
  if (version === "5") body.variable(0);
  for (const filter of filters) body.text(filter).byte(1 | (version === "5" && !retained ? 2 << 4 : 0));
  return packet(SUBSCRIBE << 4 | 2, body);
}

/** PUBLISH; with QoS 1 where `id` is not 0. */
export function publishPacket(
  version: MqttVersion,
  id: number,
  topic: string,
  payload: Uint8Array,
  retain: boolean,
): Uint8Array<ArrayBuffer> {
  const body = new Writer().text(topic);
  if (id !== 0) body.word(id);
  if (version === "5") body.variable(0);
  return packet(PUBLISH << 4 | (id === 0 ? 0 : 2) | (retain ? 1 : 0), body.raw(payload));
}

/** PUBACKs for these messages, in their order. */
export function pubackPackets(ids: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 * ids.length);
  for (const [i, id] of ids.entries()) {
    bytes[4 * i] = PUBACK << 4;
    bytes[4 * i + 1] = 2;
    bytes[4 * i + 2] = id >> 8;
    bytes[4 * i + 3] = id & 0xff;
  }
  return bytes;
}

/** PINGREQ. */
export function pingPacket(): Uint8Array<ArrayBuffer> {
  return new Uint8Array([PINGREQ << 4, 0]);
}

/** DISCONNECT: a graceful end. */
export function disconnectPacket(): Uint8Array<ArrayBuffer> {
  return new Uint8Array([DISCONNECT << 4, 0]);
}

/** Cuts what is read into packets, holding at most one unfinished one. */
export class PacketCutter {
  #rest: Uint8Array = new Uint8Array(0);

  /** @param bytesMost greatest packet, bytes */
  constructor(private readonly version: MqttVersion, private readonly bytesMost: number) {}

  /**
   * The packets that end in these bytes. Payloads are views of them.
   *
   * @throws {MqttError} if it is no packet of a broker, or one that is too large
   */
  cut(read: Uint8Array): Incoming[] {
    const bytes = this.#rest.length === 0 ? read : join(this.#rest, read), found: Incoming[] = [];
    let at = 0;
    for (;;) {
      let length = 0, from = at + 1, isWhole = false;
      for (let shift = 0; shift < 28 && from < bytes.length; shift += 7) {
        const byte = bytes[from++];
        length |= (byte & 127) << shift;
        isWhole = byte < 128;
        if (isWhole) break;
      }
      if (!isWhole) {
        if (from - at > 4) throw new MqttError("it sent a packet that is no MQTT", "protocol");
        break;
      }
      if (length > this.bytesMost) {
        throw new MqttError(`it sent a packet of ${length} bytes, at most ${this.bytesMost} are taken`, "size");
      }
      if (from + length > bytes.length) break;
      found.push(incoming(this.version, bytes[at], bytes.subarray(from, from + length)));
      at = from + length;
    }
    this.#rest = bytes.slice(at);
    return found;
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

function incoming(version: MqttVersion, first: number, body: Uint8Array): Incoming {
  const reader = new Reader(body), isFive = version === "5";
  switch (first >> 4) {
    case PUBLISH:
      return publish(first, reader, isFive);
    case CONNACK: {
      const isSessionPresent = (reader.byte() & 1) === 1, code = reader.byte();
      // one that speaks 3.1.1 alone says no in its own form
      const { receiveMaximum = 65_535, ...others } = isFive && !reader.isAtEnd ? propertiesOf(reader) : {};
      return { kind: "connack", code, isSessionPresent, receiveMaximum, ...others };
    }
    case PUBACK: {
      const id = reader.word(), code = reader.isAtEnd ? 0 : reader.byte();
      return { kind: "puback", id, code, ...reasonOf(reader) };
    }
    case SUBACK: {
      const id = reader.word(), about = isFive ? reasonOf(reader) : {};
      return { kind: "suback", id, ...about, codes: [...reader.rest()] };
    }
    case PINGRESP:
      return { kind: "pingresp" };
    case DISCONNECT: {
      const code = reader.isAtEnd ? 0 : reader.byte();
      return { kind: "disconnect", code, ...reasonOf(reader) };
    }
  }
  throw new MqttError(`it sent a packet that no client takes (${first >> 4})`, "protocol");
}

function publish(first: number, reader: Reader, isFive: boolean): PublishPacket {
  const qos = first >> 1 & 3, topic = reader.text(), id = qos === 0 ? 0 : reader.word();
  if (isFive) reader.raw(reader.variable()); // nothing that a reading is made of
  if (qos > 1) throw new MqttError("it sent a message with QoS 2 where 1 was asked for", "protocol");
  return { kind: "publish", topic, payload: reader.rest(), qos, retain: (first & 1) === 1, dup: (first & 8) === 8, id };
}

function reasonOf(reader: Reader): { readonly reason?: string } {
  const { reason } = reader.isAtEnd ? {} : propertiesOf(reader);
  return reason === undefined ? {} : { reason };
}

/** How a property's value lies in the packet, by its number (MQTT 5.0, table 2-4). */
const SHAPES: ReadonlyMap<number, "byte" | "word" | "long" | "variable" | "text" | "blob" | "pair"> = new Map([
  ...[0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2a].map((id) => [id, "byte"] as const),
  ...[0x13, 0x21, 0x22, 0x23].map((id) => [id, "word"] as const),
  ...[0x02, 0x11, 0x18, 0x27].map((id) => [id, "long"] as const),
  ...[0x0b].map((id) => [id, "variable"] as const),
  ...[0x03, 0x08, 0x12, 0x15, 0x1a, 0x1c, 0x1f].map((id) => [id, "text"] as const),
  ...[0x09, 0x16].map((id) => [id, "blob"] as const),
  ...[0x26].map((id) => [id, "pair"] as const),
]);

interface Properties {
  readonly receiveMaximum?: number;
  readonly keepAliveSeconds?: number;
  readonly reason?: string;
}

function propertiesOf(reader: Reader): Properties {
  const properties = new Reader(reader.raw(reader.variable()));
  let found: Properties = {};
  while (!properties.isAtEnd) {
    const id = properties.variable(), shape = SHAPES.get(id);
    if (shape === undefined) throw new MqttError(`it sent a property that is not known (${id})`, "protocol");
    if (id === 0x21) found = { ...found, receiveMaximum: properties.word() };
    else if (id === 0x13) found = { ...found, keepAliveSeconds: properties.word() };
    else if (id === 0x1f) found = { ...found, reason: properties.text() };
    else if (shape === "pair") {
      properties.blob();
      properties.blob();
    } else if (shape === "text") properties.blob();
    else properties[shape]();
  }
  return found;
}
