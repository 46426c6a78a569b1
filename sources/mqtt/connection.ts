/**
 * A connection to a broker: messages as they are asked for, acknowledgements when the caller says so, messages out.
 *
 * Nothing is read before the messages that came before are dealt with: that is the backpressure, and the broker's own
 * queue is what grows. An acknowledgement of a message out is read by the same loop, so a caller that only sends runs
 * {@linkcode MqttConnection.messages} too.
 *
 * @module
 */
import { type ConnectionOptions, dial, type Dialled, quietly } from "./dial.ts";
import { explainMqtt, MqttError, refusedBy } from "./errors.ts";
import {
  disconnectPacket,
  type Incoming,
  type PacketCutter,
  pingPacket,
  pubackPackets,
  type PublishPacket,
  publishPacket,
  subscribePacket,
} from "./packets.ts";

const READ_BYTES = 64 * 1024;
/** Longest wait for the answer to SUBSCRIBE, ms. */
const ANSWER_MS = 10_000;
/** Messages under way at most, also where the broker takes more; packet ids are of 16 bits. */
const FLIGHT = 1_000;
/** Longest wait for a broker to hang up, ms. */
const GOODBYE_MS = 1_000;
/** Of the keep-alive may pass without a byte before the broker is given up. */
const PATIENCE = 1.5;

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

/** An open connection; see the module. */
export class MqttConnection {
  /** Whether the broker had kept a session for us. */
  readonly isSessionPresent: boolean;
  readonly #conn: Deno.Conn;
  readonly #options: ConnectionOptions;
  readonly #cutter: PacketCutter;
  readonly #early: Incoming[];
  readonly #published = new Map<number, Waiting>();
  readonly #flight: number;
  readonly #keepAliveMs: number;
  readonly #ending = new AbortController();
  readonly #room: (() => void)[] = [];
  #subscribed: Waiting | undefined;
  #lastId = 0;
  #out: Uint8Array[] = [];
  #writing: Promise<void> | undefined;
  #heard: number;
  #reading: Promise<number | null> | undefined;
  #failure: Error | undefined;

  private constructor({ conn, cutter, answer, early }: Dialled, options: ConnectionOptions) {
    this.#conn = conn;
    this.#cutter = cutter;
    this.#early = early;
    this.#options = options;
    this.isSessionPresent = answer.isSessionPresent;
    this.#flight = Math.min(FLIGHT, Math.max(1, answer.receiveMaximum));
    this.#keepAliveMs = 1000 * (answer.keepAliveSeconds ?? options.keepAliveSeconds);
    this.#heard = options.clock.now();
    void this.#keepAlive();
  }

  /**
   * Connects and logs in.
   *
   * @throws {MqttError} one sentence: a wrong address, a certificate that is not trusted, a wrong password
   */
  static async open(options: ConnectionOptions): Promise<MqttConnection> {
    return new MqttConnection(await dial(options), options);
  }

  /**
   * Subscribes with QoS 1; {@linkcode MqttConnection.messages} must be read meanwhile.
   *
   * @param retained whether what the broker retained is wanted
   * @throws {MqttError} if the broker refuses one of the filters
   */
  async subscribe(filters: readonly string[], retained: boolean): Promise<void> {
    const { broker, clock } = this.#options, id = this.#freshId();
    const answered = new Promise<void>((resolve, reject) => this.#subscribed = { resolve, reject });
    answered.catch(() => {}); // the race below
    this.#send(subscribePacket(broker.version, id, filters, retained));
    const stop = new AbortController();
    const late = clock.sleep(ANSWER_MS, stop.signal).then(() => {
      throw new MqttError(`it has not answered in ${ANSWER_MS / 1000} s`, "unreachable");
    });
    late.catch(() => {});
    try {
      await Promise.race([answered, late]);
    } catch (error) {
      throw explainMqtt(error, broker, `subscribe to ${filters.join(", ")} of`);
    } finally {
      stop.abort(new Error("answered"));
    }
  }

  /**
   * Messages, those of one read together, until the connection is closed. For one taker.
   *
   * Payloads are good until the next ones are asked for.
   *
   * @throws {MqttError} if the connection ends otherwise
   */
  async *messages(): AsyncGenerator<PublishPacket[]> {
    const buffer = new Uint8Array(READ_BYTES);
    try {
      for (let packets = this.#early.splice(0); !this.#ending.signal.aborted;) {
        const messages = packets.filter((one) => this.#deal(one)) as PublishPacket[];
        if (messages.length > 0) yield messages;
        if (this.#ending.signal.aborted) break;
        this.#heard = this.#options.clock.now();
        const count = await (this.#reading = this.#conn.read(buffer));
        this.#reading = undefined;
        if (this.#ending.signal.aborted) break;
        if (count === null) throw new MqttError("it hung up", "closed");
        packets = this.#cutter.cut(buffer.subarray(0, count));
      }
    } catch (error) {
      const cause = this.#failure ?? error;
      if (!this.#ending.signal.aborted || this.#failure !== undefined) throw this.#fail(cause);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Acknowledges messages, by their ids and in their order. What cannot be sent any more comes again. */
  ack(ids: readonly number[]): void {
    if (ids.length > 0) this.#send(pubackPackets(ids));
  }

  /** Sends a message with QoS 0: it may be lost. */
  say(topic: string, payload: Uint8Array): void {
    this.#send(publishPacket(this.#options.broker.version, 0, topic, payload, false));
  }

  /**
   * Sends a message with QoS 1; resolves when the broker has it. Waits itself while too many are under way.
   *
   * @throws {MqttError} if it does not take it, or the connection ends before
   */
  async publish(topic: string, payload: Uint8Array, retain = false): Promise<void> {
    while (this.#published.size >= this.#flight && this.#failure === undefined && !this.#ending.signal.aborted) {
      await new Promise<void>((resolve) => this.#room.push(resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#ending.signal.aborted) throw this.#closed();
    const id = this.#freshId();
    const packet = publishPacket(this.#options.broker.version, id, topic, payload, retain); // too long: nobody waits for it
    const answered = new Promise<void>((resolve, reject) => this.#published.set(id, { resolve, reject }));
    this.#send(packet);
    return await answered;
  }

  /**
   * Says goodbye and lets go of the connection. May come twice.
   *
   * It waits for the broker to hang up: a connection that is closed while something unread lies in it is cut, and what was
   * sent last, acknowledgements perhaps, is lost.
   */
  async close(): Promise<void> {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#out.push(disconnectPacket());
    const stop = new AbortController(), late = this.#options.clock.sleep(GOODBYE_MS, stop.signal).catch(() => {});
    await Promise.race([this.#flush().then(() => this.#drain()).catch(() => {}), late]); // a silent broker holds up nobody
    stop.abort();
    this.#end(this.#closed());
  }

  /** Reads to the end, whatever it is. */
  async #drain(): Promise<void> {
    if (await this.#reading === null) return;
    const buffer = new Uint8Array(READ_BYTES);
    while (await this.#conn.read(buffer) !== null) { /* nobody wants it any more */ }
  }

  /** Deals with what is no message; whether it is one. */
  #deal(packet: Incoming): boolean {
    switch (packet.kind) {
      case "publish":
        return true;
      case "puback": {
        const waiting = this.#published.get(packet.id);
        this.#published.delete(packet.id);
        if (packet.code < 128) waiting?.resolve();
        else waiting?.reject(explainMqtt(refusedBy(packet.code, packet.reason), this.#options.broker, "publish to"));
        this.#room.shift()?.();
        return false;
      }
      case "suback": {
        const refused = packet.codes.find((code) => code >= 128);
        if (refused === undefined) this.#subscribed?.resolve();
        // 3.1.1 has one code for every reason
        else if (refused === 128) {
          this.#subscribed?.reject(new MqttError("it refuses: no right to the topic?", "rights"));
        } else this.#subscribed?.reject(subscriptionRefused(refused, packet.reason));
        return false;
      }
      case "disconnect":
        throw refusedBy(packet.code, packet.reason);
    }
    return false;
  }

  #freshId(): number {
    do this.#lastId = this.#lastId % 65_535 + 1; while (this.#published.has(this.#lastId));
    return this.#lastId;
  }

  #send(bytes: Uint8Array): void {
    if (this.#ending.signal.aborted) return;
    this.#out.push(bytes);
    this.#flush().catch((error) => this.#fail(error));
  }

  /** Writes what waits, as one piece. */
  #flush(): Promise<void> {
    return this.#writing ??= (async () => {
      try {
        await Promise.resolve(); // what is sent in one turn goes together
        while (this.#out.length > 0) {
          const bytes = joined(this.#out.splice(0));
          for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
        }
      } finally {
        this.#writing = undefined;
      }
    })();
  }

  /** Gives signs of life, and gives up a broker that gives none. */
  async #keepAlive(): Promise<void> {
    const { clock } = this.#options, { signal } = this.#ending;
    if (this.#keepAliveMs === 0) return;
    for (;;) {
      await clock.sleep(this.#keepAliveMs / 2, signal).catch(() => {});
      if (signal.aborted) return;
      if (this.#reading && clock.now() - this.#heard > PATIENCE * this.#keepAliveMs) {
        this.#fail(
          new MqttError(`it has said nothing for ${Math.round((clock.now() - this.#heard) / 1000)} s`, "closed"),
        );
        return;
      }
      this.#send(pingPacket());
    }
  }

  /** Ends for a reason. */
  #fail(error: unknown): Error {
    this.#failure ??= explainMqtt(error, this.#options.broker, "stay connected to");
    this.#ending.abort();
    this.#end(this.#failure);
    return this.#failure;
  }

  #end(error: Error): void {
    quietly(this.#conn);
    for (const { reject } of this.#published.values()) reject(error);
    this.#published.clear();
    this.#subscribed?.reject(error);
    for (const go of this.#room.splice(0)) go();
  }

  #closed(): MqttError {
    return explainMqtt(new MqttError("the connection was closed", "closed"), this.#options.broker, "talk to");
  }
}

/** One that is already explained keeps its own words. */
function subscriptionRefused(code: number, reason?: string): MqttError {
  return code === 0x87 ? new MqttError("this client has no right to the topic", "rights") : refusedBy(code, reason);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
