/**
 * MQTT as a sink: steps of alerts, and by choice verdicts and windows, as JSON under topics of their sensor.
 *
 * | topic | message |
 * |---|---|
 * | `sensorium/alerts/LOCATION/SENSOR/CONDITION[/CHANNEL]` | a step of an alert; by default retained: the last one says how it stands |
 * | `sensorium/windows/LOCATION/SENSOR` | a window |
 * | `sensorium/verdicts/LOCATION/SENSOR` | a reading with its verdict |
 *
 * QoS 1, so at least once; what comes again has the same `id`. A retained step is never taken back by an older one that comes
 * again.
 *
 * @module
 */
import type { MqttError } from "../sources/mqtt/errors.ts";
import type { OutgoingMessage } from "../sources/mqtt/publisher.ts";
import type { AlertItem, Batch, ItemKind } from "./delivery/item.ts";
import { shownItem } from "./delivery/shown.ts";
import { type DeliverySink, RefusedError, SinkUnavailableError } from "./delivery/sink.ts";

/** What may be sent. */
export const MQTT_SINK_KINDS = ["alerts", "windows", "verdicts"] as const;
/** What may be sent. */
export type MqttSinkKind = typeof MQTT_SINK_KINDS[number];

/** What the sink sends with. */
export interface MqttSender {
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  close(): Promise<void>;
}

/** How the sink writes. */
export interface MqttSinkOptions {
  /** A fresh connection; asked for again after a failure. */
  readonly sender: (signal: AbortSignal) => Promise<MqttSender>;
  /** What its topics begin with; default `sensorium`. */
  readonly prefix?: string;
  /** Default alerts alone. */
  readonly kinds?: readonly MqttSinkKind[];
  /** Whether the broker keeps an alert's last step for those who come later; default yes. */
  readonly retain?: boolean;
  /** Default `mqtt`. */
  readonly name?: string;
}

const BATCH_ITEMS = 500;
/** Alerts whose last step is remembered; beyond that one that comes again may stand as the last for a moment. */
const REMEMBERED = 100_000;
const KIND_OF = { readings: "verdicts", windows: "windows", alerts: "alerts" } as const;

/** MQTT as a sink; see the module. */
export class MqttSink implements DeliverySink {
  readonly name: string;
  readonly wants: readonly ItemKind[];
  readonly batchItems = BATCH_ITEMS;
  /** By topic the position of the last step that was sent. */
  readonly #last = new Map<string, number>();
  #sender: MqttSender | undefined;

  constructor(private readonly options: MqttSinkOptions) {
    const { name = "mqtt", kinds = ["alerts"] } = options;
    this.name = name;
    this.wants = (["readings", "windows", "alerts"] as const).filter((kind) => kinds.includes(KIND_OF[kind]));
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#try(signal, () => Promise.resolve());
  }

  async deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    const messages = this.#messages(batch), given = () => void this.close();
    signal.addEventListener("abort", given, { once: true });
    try {
      await this.#try(signal, (sender) => sender.send(messages));
    } finally {
      signal.removeEventListener("abort", given);
    }
    if (batch.kind === "alerts") { for (const item of batch.items) this.#remember(item); }
  }

  async close(): Promise<void> {
    const sender = this.#sender;
    this.#sender = undefined;
    await sender?.close();
  }

  #messages({ kind, items }: Batch): OutgoingMessage[] {
    if (kind === "alerts") {
      return items.map((item) => ({
        topic: this.#topicOf(item),
        payload: JSON.stringify(shownItem(item)),
        retain: (this.options.retain ?? true) && item.position >= (this.#last.get(this.#topicOf(item)) ?? -1),
      }));
    }
    if (kind !== "readings" && kind !== "windows") throw new RefusedError(`the MQTT sink takes no ${kind}`);
    return items.map((item) => ({
      topic: this.#topic(KIND_OF[kind], [item.location, item.sensor]),
      payload: JSON.stringify(shownItem(item)),
    }));
  }

  #topicOf({ location, sensor, condition, channel }: AlertItem): string {
    return this.#topic("alerts", [location, sensor, condition, ...(channel === undefined ? [] : [channel])]);
  }

  #topic(kind: MqttSinkKind, parts: readonly (string | undefined)[]): string {
    return [this.options.prefix ?? "sensorium", kind, ...parts.map(level)].join("/");
  }

  #remember(item: AlertItem): void {
    const topic = this.#topicOf(item);
    if (this.#last.size >= REMEMBERED && !this.#last.has(topic)) this.#last.clear();
    this.#last.set(topic, Math.max(item.position, this.#last.get(topic) ?? -1));
  }

  async #try(signal: AbortSignal, run: (sender: MqttSender) => Promise<void>): Promise<void> {
    try {
      await run(this.#sender ??= await this.options.sender(signal));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if ((error as Partial<MqttError>).trouble === "size") throw new RefusedError(error.message);
      await this.close();
      throw new SinkUnavailableError(error.message, { cause: error });
    }
  }
}

/** A text as a part of a topic: what would be a part's end or a wildcard is written as in a URL; `-` for none. */
function level(text: string | undefined): string {
  if (text === undefined || text === "") return "-";
  return text.replace(/[%/+#]/g, encodeURIComponent);
}
