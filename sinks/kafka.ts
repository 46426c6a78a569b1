/**
 * Kafka as a sink: verdicts, windows and steps of alerts, each to a topic of its own, keyed by sensor.
 *
 * A message is a CloudEvent in the Kafka binding's binary mode: its attributes are headers (`ce_id`, `ce_type`, ...), its value
 * is JSON. Delivery is at least once; what comes again has the same `ce_id`, and lies behind the first in its partition.
 *
 * @module
 */
import type { KafkaError } from "../sources/kafka/errors.ts";
import type { MessageSender, OutgoingMessage } from "../sources/kafka/producer.ts";
import type { Batch, ItemKind, Items } from "./delivery/item.ts";
import { shownItem } from "./delivery/shown.ts";
import { type DeliverySink, RefusedError, SinkUnavailableError } from "./delivery/sink.ts";

/** What the sink sends with; {@linkcode KafkaSink} opens and closes it. */
export interface SinkSender extends MessageSender {
  open(topics: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** How the sink writes. */
export interface KafkaSinkOptions {
  /** A fresh sender; made again after {@linkcode KafkaSink.close}. */
  readonly sender: () => SinkSender;
  /** What its topics begin with; default `sensorium`: `sensorium.verdicts`, `sensorium.windows`, `sensorium.alerts`. */
  readonly prefix?: string;
  /** URI of this instance, for `ce_source`; default `/sensorium`. */
  readonly source?: string;
  /** Default `kafka`. */
  readonly name?: string;
}

/** Kinds that are sent, with the last part of their topic. */
const TOPICS = { readings: "verdicts", windows: "windows", alerts: "alerts" } as const satisfies Partial<
  Record<ItemKind, string>
>;
type SentKind = keyof typeof TOPICS;
const BATCH_ITEMS = 2_000;
/** For so long a sender should try by itself, ms: the delivery tries again anyway, and shows that it has to. */
export const SINK_PATIENCE_MS = 1_000;

/** Kafka as a sink; see the module. */
export class KafkaSink implements DeliverySink {
  readonly name: string;
  readonly wants: readonly SentKind[] = ["readings", "windows", "alerts"];
  readonly batchItems = BATCH_ITEMS;
  readonly #prefix: string;
  readonly #source: string;
  #sender: SinkSender | undefined;

  constructor(private readonly options: KafkaSinkOptions) {
    const { name = "kafka", prefix = "sensorium", source = "/sensorium" } = options;
    this.name = name;
    this.#prefix = prefix;
    this.#source = source;
  }

  /** The topics that must be there. */
  get topics(): string[] {
    return this.wants.map((kind) => this.#topic(kind));
  }

  async open(): Promise<void> {
    await this.#try((sender) => sender.open(this.topics));
  }

  async deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    const { kind } = batch;
    if (kind !== "readings" && kind !== "windows" && kind !== "alerts") {
      throw new RefusedError(`the Kafka sink takes readings, windows and alerts, not ${kind}`);
    }
    const items: readonly Items[SentKind][] = batch.items;
    const messages = items.map((item) => messageOf(kind, item, this.#source));
    const given = () => void this.close(); // the deadline has passed: the connection is given up with the call
    signal.addEventListener("abort", given, { once: true });
    try {
      await this.#try((sender) => sender.send(this.#topic(kind), messages));
    } finally {
      signal.removeEventListener("abort", given);
    }
  }

  async close(): Promise<void> {
    const sender = this.#sender;
    this.#sender = undefined;
    await sender?.close();
  }

  #topic(kind: SentKind): string {
    return `${this.#prefix}.${TOPICS[kind]}`;
  }

  async #try(run: (sender: SinkSender) => Promise<void>): Promise<void> {
    try {
      await run(this.#sender ??= this.options.sender());
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if ((error as Partial<KafkaError>).trouble === "size") throw new RefusedError(error.message);
      await this.close(); // a producer that has failed cannot say how far it came: the next one begins anew
      throw new SinkUnavailableError(error.message, { cause: error });
    }
  }
}

/** The message of an item. */
function messageOf<Kind extends SentKind>(kind: Kind, item: Items[Kind], source: string): OutgoingMessage {
  const { id, type, time, subject } = aboutOf(kind, item), at = new Date(time).toISOString();
  return {
    key: item.sensor,
    value: JSON.stringify(shownItem(item)),
    headers: {
      ce_specversion: "1.0",
      ce_id: id,
      ce_source: source,
      ce_type: `io.sensorium.${type}`,
      ce_subject: subject,
      ce_time: at,
      "content-type": "application/json",
    },
  };
}

/** What the event is about. A window's revision is part of its event's id: each is an event of its own. */
function aboutOf(kind: SentKind, item: Items[SentKind]) {
  if (kind === "windows" && "revision" in item) {
    return { id: `${item.id}/${item.revision}`, type: "window", time: item.end, subject: item.id };
  }
  if ("transition" in item) {
    return { id: item.id, type: `alert.${item.transition}`, time: item.time, subject: item.alert };
  }
  return { id: item.id, type: "verdict", time: "time" in item ? item.time : 0, subject: item.sensor };
}
