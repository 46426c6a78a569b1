/**
 * Messages out: QoS 1 over a connection of its own.
 *
 * @module
 */
import { MqttConnection } from "./connection.ts";
import type { ConnectionOptions } from "./dial.ts";

/** A message to be sent. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  /** Whether the broker keeps it as the topic's last one; an empty payload then takes it away. */
  readonly retain?: boolean;
}

const encoder = new TextEncoder();

/** Sends messages. */
export class MqttPublisher {
  readonly #connection: MqttConnection;
  readonly #reading: Promise<void>;

  private constructor(connection: MqttConnection) {
    this.#connection = connection;
    this.#reading = readAll(connection);
  }

  /**
   * Connects, without a session that the broker would keep.
   *
   * @throws {MqttError} one sentence: a wrong address, a certificate that is not trusted, a wrong password
   */
  static async open(options: Omit<ConnectionOptions, "clientId" | "sessionSeconds" | "keepAliveSeconds">) {
    const clientId = `sensorium${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`;
    return new MqttPublisher(
      await MqttConnection.open({ ...options, clientId, sessionSeconds: 0, keepAliveSeconds: 30 }),
    );
  }

  /**
   * Sends the messages in their order; resolves when the broker has all of them.
   *
   * @throws {MqttError} if it refuses one, or the connection ends: then some may have come
   */
  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    await Promise.all(
      messages.map(({ topic, payload, retain }) =>
        this.#connection.publish(topic, typeof payload === "string" ? encoder.encode(payload) : payload, retain)
      ),
    );
  }

  /** Ends the connection. May come twice. */
  async close(): Promise<void> {
    await this.#connection.close();
    await this.#reading;
  }
}

/** Reads the broker's answers. Why it ended is told to whoever sends next. */
async function readAll(connection: MqttConnection): Promise<void> {
  try {
    for await (const _ of connection.messages()) { /* nobody asked for messages */ }
  } catch {
    // the connection is over: sending says so
  }
}
