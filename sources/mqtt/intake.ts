/**
 * MQTT into the log: a message is acknowledged once its readings are durable, and read from the log like those that came
 * over HTTP.
 *
 *     broker ─▶ messages of one read ─▶ readings ─▶ lines that wait ─▶ log.append ─▶ PUBACK
 *       ▲                                                │ too many: nothing is read
 *       └──────────── its own queue grows ◀──────────────┘
 *
 * If the log fails, the connection is given up and nothing is acknowledged: the broker sends it again. So a message of
 * QoS 1 is never lost and may come twice; one that says its time is then known by the last lines of the log, and left out.
 *
 * @module
 */
import type { LogPort } from "../../actors/log.ts";
import { type NamesTaken, underId } from "../../actors/names.ts";
import type { Clock } from "../../actors/ports.ts";
import { isRefusal, type Reading, type Refusal } from "../../actors/reading.ts";
import type { LogRecord } from "../http.ts";
import { LogPieces } from "../log_pieces.ts";
import type { RecordOptions } from "../record_reader.ts";
import type { MqttBroker } from "./address.ts";
import { MqttConnection } from "./connection.ts";
import { Joiner } from "./join.ts";
import { MessageReader, refused } from "./messages.ts";
import type { PublishPacket } from "./packets.ts";
import { RecentLines } from "./recent.ts";
import { type SparkplugCounts, SparkplugReader } from "./sparkplug.ts";
import { SPARKPLUG, type TopicPattern } from "./topics.ts";

/** What is taken in, and how. */
export interface IntakeOptions extends RecordOptions {
  readonly broker: MqttBroker;
  readonly log: LogPort;
  readonly clock: Clock;
  /** At least one. */
  readonly topics: readonly TopicPattern[];
  /** Shares the messages with the others of that group: each goes to one of them. */
  readonly group?: string;
  /** The session's name at the broker: one process at a time. */
  readonly clientId: string;
  /** How long the broker keeps what comes while this is away, s; 0: not at all. */
  readonly sessionSeconds: number;
  readonly keepAliveSeconds: number;
  /** Whether messages that the broker retained are readings. */
  readonly retained: boolean;
  /** Values of a sensor so close in time are one reading, ms; absent: each message is a reading of its own. */
  readonly joinMs?: number;
  /** Names of sensors, under which readings may come too. */
  readonly names?: NamesTaken;
  /** Told a sentence when the broker is lost, and when it is there again. */
  readonly report?: (sentence: string) => void;
}

/** What came since the start. */
export interface IntakeCounts {
  messages: number;
  readings: number;
  /** In quarantine. */
  refused: number;
  /** Retained by the broker, and left out. */
  retained: number;
  /** That were in the log already, and left out. */
  again: number;
  /** Connections that were made. */
  connections: number;
}

/** Bytes of readings that wait for the log before nothing more is read. */
const WAITING_BYTES = 512 * 1024;
/** Waits between two attempts to connect, ms. */
const BACKOFF_LEAST_MS = 100, BACKOFF_GREATEST_MS = 5_000;
const encoder = new TextEncoder();

/** MQTT into the log; see the module. */
export class MqttIntake {
  readonly counts: IntakeCounts = { messages: 0, readings: 0, refused: 0, retained: 0, again: 0, connections: 0 };
  readonly #options: IntakeOptions;
  readonly #reader: MessageReader;
  readonly #recent = new RecentLines();
  readonly #sparkplug = new SparkplugReader();
  readonly #isSparkplug: boolean;
  #problem: string | undefined = "has not connected to MQTT yet";

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#reader = new MessageReader(options.topics, options);
    this.#isSparkplug = options.topics.some(({ isSparkplug }) => isSparkplug);
  }

  /** Everything that is counted since the start, by name. */
  all(): Readonly<Record<string, number>> {
    const sparkplug: SparkplugCounts | undefined = this.#isSparkplug ? this.#sparkplug.counts : undefined;
    return { ...this.counts, ...sparkplug };
  }

  /** What is waited for, a sentence; none while messages can come. */
  problems(): string[] {
    return this.#problem === undefined ? [] : [this.#problem];
  }

  /** Takes messages in until the signal; while the broker is away it tries again, ever less often up to every 5 s. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#recent.load(this.#options.log);
    for (let failures = 0; !signal.aborted;) {
      const { connections } = this.counts;
      try {
        await this.#session(signal);
      } catch (error) {
        if (signal.aborted) return;
        failures = this.counts.connections > connections ? 1 : failures + 1;
        this.#fail(error);
        const wait = Math.min(BACKOFF_GREATEST_MS, BACKOFF_LEAST_MS * 2 ** (failures - 1));
        await this.#options.clock.sleep(wait, signal).catch(() => {}); // aborted
      }
    }
  }

  /** From one connection to its end; at the signal what has come is written and acknowledged first. */
  async #session(signal: AbortSignal): Promise<void> {
    const { clock, topics, group, retained } = this.#options;
    const connection = await MqttConnection.open({ ...this.#options, signal }), over = new AbortController();
    const filters = topics.map(({ filter }) => group === undefined ? filter : `$share/${group}/${filter}`);
    let failure: { readonly error: unknown } | undefined;
    const fail = (error: unknown) => {
      failure ??= { error };
      over.abort();
      void connection.close();
    };
    const taking = new Taking(this.#options, connection, this.counts, this.#recent, over.signal, fail);
    const end = () => void taking.finish().finally(() => connection.close());
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
    connection.subscribe(filters, retained).then(() => this.#well(), fail);
    try {
      for await (const messages of connection.messages()) {
        const now = clock.now();
        for (const message of messages) this.#take(taking, message, now);
        await taking.write();
      }
    } finally {
      signal.removeEventListener("abort", end);
      over.abort();
      await connection.close();
    }
    if (failure !== undefined) throw failure.error;
  }

  #take(taking: Taking, { topic, payload, retain, id }: PublishPacket, now: number): void {
    const { counts } = this, ticket = taking.ticket(id);
    counts.messages++;
    if (retain && !this.#options.retained) {
      counts.retained++;
      return;
    }
    if (this.#isSparkplug && topic.startsWith(`${SPARKPLUG}/`)) {
      const { items, order } = this.#sparkplug.read(topic, payload, now);
      for (const item of items) taking.line(item, topic);
      if (order !== undefined) taking.connection.say(order.topic, order.payload);
      return;
    }
    for (const item of this.#reader.read(topic, payload, now)) taking.put(item, topic, ticket, now);
  }

  #well(): void {
    this.counts.connections++;
    if (this.#problem !== undefined && this.counts.connections > 1) this.#options.report?.("MQTT is there again");
    this.#problem = undefined;
  }

  #fail(error: unknown): void {
    const sentence = error instanceof Error ? error.message : String(error);
    if (sentence !== this.#problem) this.#options.report?.(sentence);
    this.#problem = sentence;
  }
}

/** What one connection has brought and is not acknowledged yet. */
class Taking {
  readonly #pieces: LogPieces;
  readonly #joiner: Joiner | undefined;
  /** Ids of messages of QoS 1, in order of their coming, each with its ticket. */
  readonly #waiting: { readonly id: number; readonly ticket: number }[] = [];
  /** The readings among what waits, and among what is being written, as text. */
  #texts = new Set<string>();
  #underWay = new Set<string>();
  #tickets = 0;
  #writing: Promise<void> | undefined;

  /**
   * @param over aborted when the connection is: what is not in the log by then comes again
   * @param failed told when the log fails
   */
  constructor(
    private readonly options: IntakeOptions,
    readonly connection: MqttConnection,
    private readonly counts: IntakeCounts,
    private readonly recent: RecentLines,
    private readonly over: AbortSignal,
    private readonly failed: (error: unknown) => void,
  ) {
    const { log, joinMs } = options;
    this.#pieces = new LogPieces(log.partitions, log.pieceBytes);
    if (joinMs !== undefined) void this.#closeHeld(this.#joiner = new Joiner(joinMs));
  }

  /** Notes a message; its place in the order of acknowledging. */
  ticket(id: number): number {
    const ticket = this.#tickets++;
    if (id !== 0) this.#waiting.push({ id, ticket });
    return ticket;
  }

  /** Takes what a message holds. */
  put(item: Reading | Refusal, topic: string, ticket: number, now: number): void {
    if (isRefusal(item) || this.#joiner === undefined) return this.line(item, topic);
    for (const whole of this.#joiner.take(item, ticket, now)) this.line(whole, topic);
  }

  /** Begins to write what waits; resolves when there is room for more. */
  async write(): Promise<void> {
    if (this.#writing === undefined && this.#waiting.length + this.#pieces.bytes > 0) {
      this.#writing = this.#writeAll().catch(this.failed).finally(() => this.#writing = undefined);
    }
    while (this.#pieces.bytes > WAITING_BYTES && this.#writing !== undefined) await this.#writing;
  }

  /** Writes everything that has come, whole or not, and acknowledges it. */
  async finish(): Promise<void> {
    for (const whole of this.#joiner?.due(Infinity) ?? []) this.line(whole, whole.sensor);
    await this.#writing;
    await this.write();
    await this.#writing;
  }

  /** Now and then closes joined readings that were held long enough. */
  async #closeHeld(joiner: Joiner): Promise<void> {
    const { clock } = this.options;
    for (;;) {
      await clock.sleep(joiner.holdMs / 2, this.over).catch(() => {}); // aborted
      if (this.over.aborted) return;
      for (const whole of joiner.due(clock.now())) this.line(whole, whole.sensor);
      await this.write();
    }
  }

  /** Takes something whole, under the id of the sensor whose name it says. */
  line(read: LogRecord, topic: string): void {
    const { names } = this.options, item = underIdOf(read, names);
    const { pieceBytes } = this.options.log;
    const text = JSON.stringify(item);
    const isKnown = this.recent.has(text) || this.#texts.has(text) || this.#underWay.has(text);
    if ("sensor" in item && isKnown) return void this.counts.again++;
    let kept = item, line = encoder.encode(`${text}\n`);
    if (line.length > pieceBytes) {
      kept = refused(topic, `a reading must have at most ${pieceBytes} bytes as compact JSON, not ${line.length}`, "");
      line = encoder.encode(`${JSON.stringify(kept)}\n`);
    }
    if ("farewell" in kept) return this.#pieces.add(kept.farewell, line);
    if (isRefusal(kept)) this.counts.refused++;
    else {
      this.counts.readings++;
      this.#texts.add(text);
    }
    this.#pieces.add(isRefusal(kept) ? topic : kept.sensor, line);
  }

  /** Writes until nothing waits; what is durable then is acknowledged. */
  async #writeAll(): Promise<void> {
    const { log } = this.options, { over } = this;
    while (this.#pieces.bytes > 0 || this.#mayAck() > 0) {
      const pieces = this.#pieces.take(), count = this.#mayAck();
      this.#underWay = this.#texts;
      this.#texts = new Set();
      const ids = this.#waiting.splice(0, count).map(({ id }) => id);
      if (pieces.length > 0 && log.isFull) await log.room(over);
      if (over.aborted) return; // not acknowledged: it comes again
      // Each by itself: the log puts together what goes into one write.
      await Promise.all(pieces.map((piece) => log.append([piece])));
      this.recent.add(this.#underWay);
      this.connection.ack(ids);
    }
  }

  /** How many of those that wait hold nothing that is not whole yet. */
  #mayAck(): number {
    const oldest = this.#joiner?.oldest;
    if (oldest === undefined) return this.#waiting.length;
    const held = this.#waiting.findIndex(({ ticket }) => ticket >= oldest);
    return held < 0 ? this.#waiting.length : held;
  }
}

function underIdOf(item: LogRecord, names: NamesTaken | undefined): LogRecord {
  if ("farewell" in item) return names === undefined ? item : { ...item, farewell: names.idOf(item.farewell) };
  return isRefusal(item) ? item : underId(item, names);
}
