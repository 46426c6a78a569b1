/**
 * From a message to readings: a reading or an array of them, in the canonical shape or under a mapping.
 *
 * @module
 */
import { isRefusal, type Reading, type Refusal, refusal } from "../../actors/reading.ts";
import { type About, type RecordOptions, RecordReader } from "../record_reader.ts";
import { MESSAGE_READINGS } from "./positions.ts";

/** A message as it was fetched. */
export interface RawMessage {
  readonly offset: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** When it arrived, by Kafka, epoch ms. */
  readonly timestamp: number;
  /** Names and contents, in order. */
  readonly headers?: readonly (readonly [Uint8Array | null, Uint8Array | null])[];
}

const NOTHING: About = {};

/** Reads the messages of one partition. */
export class MessageParser {
  readonly #text = new TextDecoder("utf-8", { fatal: true });
  readonly #keys = new TextDecoder();
  readonly #isMapped: boolean;
  readonly #records: RecordReader;

  /**
   * @param topic for errors, with
   * @param partition
   */
  constructor(
    private readonly topic: string,
    private readonly partition: number,
    options: RecordOptions = {},
  ) {
    this.#records = new RecordReader(topic, options);
    this.#isMapped = options.mapping !== undefined;
  }

  /** What the message holds: at least one item, at most {@linkcode MESSAGE_READINGS}. */
  parse(message: RawMessage): (Reading | Refusal)[] {
    const { value } = message;
    if (value === null) return [this.#refuse(message, "has no value", "")];
    let text: string;
    try {
      text = this.#text.decode(value);
    } catch {
      return [this.#refuse(message, "is not UTF-8", new TextDecoder().decode(value.subarray(0, 1024)))];
    }
    let record: unknown;
    try {
      record = JSON.parse(text);
    } catch (error) {
      return [this.#refuse(message, `is not JSON: ${error instanceof Error ? error.message : error}`, text)];
    }
    if (!Array.isArray(record)) return [this.#judge(message, record, 0)];
    if (record.length === 0) return [this.#refuse(message, "is an empty array", text)];
    if (record.length > MESSAGE_READINGS) {
      return [this.#refuse(message, `holds ${record.length} readings, at most ${MESSAGE_READINGS} are allowed`, text)];
    }
    return record.map((one, i) => this.#judge(message, one, i));
  }

  #where({ offset }: RawMessage): string {
    return `${this.topic}, partition ${this.partition}, offset ${offset}`;
  }

  #refuse(message: RawMessage, why: string, sample: string): Refusal {
    return refusal([{ field: "", message: `the message at ${this.#where(message)} ${why}` }], sample, 1);
  }

  /** The message's key is looked at only for a record that does not name its sensor: decoding it costs as much as the rest. */
  #about(record: unknown, { key }: RawMessage): About {
    if (key === null || key.length === 0) return NOTHING;
    const isNamed = !this.#isMapped && typeof record === "object" && record !== null && "sensor" in record;
    return isNamed ? NOTHING : { sensor: this.#keys.decode(key) };
  }

  #judge(message: RawMessage, record: unknown, index: number): Reading | Refusal {
    const item = this.#records.read(record, this.#about(record, message));
    if (!isRefusal(item)) return item;
    const [first, ...others] = item.errors;
    const at = { ...first, message: `${first.message} (${this.#where(message)})` };
    return refusal([at, ...others], JSON.stringify(record) ?? "", index + 1);
  }
}
