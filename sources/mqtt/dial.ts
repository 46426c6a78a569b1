/**
 * To a broker's first answer: the connection, TLS, CONNECT.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import type { MqttBroker } from "./address.ts";
import { explainMqtt, MqttError, refusedBy } from "./errors.ts";
import { connectPacket, type Incoming, PacketCutter } from "./packets.ts";

/** How a client introduces itself. */
export interface ConnectionOptions {
  readonly broker: MqttBroker;
  readonly clock: Clock;
  readonly clientId: string;
  /** How long the broker keeps what comes while we are away, s; 0: not at all. */
  readonly sessionSeconds: number;
  /** A sign of life at least so often, s. */
  readonly keepAliveSeconds: number;
  /** Gives connecting up; afterwards {@linkcode MqttConnection.close} does. */
  readonly signal: AbortSignal;
}

/** A broker that has said yes. */
export interface Dialled {
  readonly conn: Deno.Conn;
  readonly cutter: PacketCutter;
  readonly answer: Incoming & { readonly kind: "connack" };
  /** What came right behind its answer. */
  readonly early: Incoming[];
}

/** Greatest packet that is taken, bytes. */
const PACKET_BYTES = 1024 * 1024;
/** Messages of QoS 1 that a broker may send ahead of our acknowledgements, where it obeys. */
const RECEIVE_MAXIMUM = 10_000;
const READ_BYTES = 64 * 1024;
/** Longest wait for a connection and the answer to CONNECT, ms. */
const ANSWER_MS = 10_000;

/**
 * Connects and logs in.
 *
 * @throws {MqttError} one sentence: a wrong address, a certificate that is not trusted, a wrong password
 */
export async function dial(options: ConnectionOptions): Promise<Dialled> {
  const { broker, clock, signal } = options, stop = new AbortController();
  const over = AbortSignal.any([signal, stop.signal]);
  let conn: Deno.Conn | undefined, isLate = false;
  const late = clock.sleep(ANSWER_MS, over).then(() => {
    isLate = true;
    quietly(conn);
    throw new MqttError(`it has not answered in ${ANSWER_MS / 1000} s`, "unreachable");
  });
  late.catch(() => {}); // the race below
  const opened = (async () => {
    conn = await connect(broker);
    if (isLate || signal.aborted) throw quietly(conn) ?? new MqttError("the connection was given up", "closed");
    const giveUp = () => quietly(conn);
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      return await introduce(conn, options);
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  })();
  opened.catch(() => {}); // given up: nobody waits any more
  try {
    return await Promise.race([opened, late]);
  } catch (error) {
    quietly(conn);
    throw explainMqtt(error, broker, "connect to");
  } finally {
    stop.abort(new Error("answered"));
  }
}

async function connect({ host, port, tls }: MqttBroker): Promise<Deno.Conn> {
  if (tls === undefined) {
    const conn = await Deno.connect({ hostname: host, port });
    conn.setNoDelay();
    return conn;
  }
  const { ca, cert, key } = tls;
  const conn = await Deno.connectTls({
    hostname: host,
    port,
    ...(ca === undefined ? {} : { caCerts: [ca] }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  });
  try {
    await conn.handshake();
  } catch (error) {
    quietly(conn);
    throw error;
  }
  return conn;
}

/** CONNECT, and the answer to it. What comes behind it at once is kept. */
async function introduce(conn: Deno.Conn, options: ConnectionOptions): Promise<Dialled> {
  const { broker: { version, login }, clientId, sessionSeconds, keepAliveSeconds } = options;
  const cutter = new PacketCutter(version, PACKET_BYTES), buffer = new Uint8Array(READ_BYTES);
  const hello = connectPacket({
    version,
    clientId,
    clean: sessionSeconds === 0,
    keepAliveSeconds,
    sessionSeconds,
    receiveMaximum: RECEIVE_MAXIMUM,
    packetBytes: PACKET_BYTES,
    login,
  });
  for (let at = 0; at < hello.length;) at += await conn.write(hello.subarray(at));
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) throw new MqttError("it hung up: is it the right port, with or without TLS?", "closed");
    const [answer, ...early] = cutter.cut(buffer.slice(0, count)); // a copy: what comes early is used later
    if (answer === undefined) continue;
    if (answer.kind !== "connack") throw new MqttError("it speaks, but not MQTT", "protocol");
    if (answer.code !== 0) throw refusedBy(answer.code, answer.reason);
    return { conn, cutter, answer, early };
  }
}

/** Closes a connection, whatever state it is in. */
export function quietly(conn: Deno.Conn | undefined): undefined {
  try {
    conn?.close();
  } catch {
    // It is closed already.
  }
}
