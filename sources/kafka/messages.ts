/**
 * From a message to readings: a reading or an array of them, in the canonical shape or under a mapping.
 *
 * What a message becomes depends on the message alone, never on those before it: read again from anywhere, it is the
 * same. Where no mapping is given, one is made from the record's own fields, as a replay makes it from a file's.
 *
 * @module
 */
import { SourceError } from "../../actors/ports.ts";
import {
  checkReading,
  isRefusal,
  parseReading,
  parseTime,
  type Reading,
  type Refusal,
  refusal,
} from "../../actors/reading.ts";
import { RowMapper } from "../columns.ts";
import { detectMapping, sensorField } from "../detect.ts";
import type { Mapping } from "../mapping.ts";
import { withZone } from "../parser.ts";
import { MESSAGE_READINGS } from "./positions.ts";

/** How the messages of a topic are read. */
export interface MessageOptions {
  /** As declared; else every record speaks for itself. */
  readonly mapping?: Mapping;
  /** Zone of stamps without one: `UTC`, an IANA name, an offset. */
  readonly zone?: string;
}

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

/** Stands for the message's key where a mapping wants a name that is in no field. */
const KEY_FIELD = "(key)";
/** Layouts of records that are remembered; more are looked at again and again. */
const LAYOUTS = 64;

type Layout = { readonly mapper: RowMapper } | { readonly problem: string };

/** Reads the messages of one partition. */
export class MessageParser {
  readonly #text = new TextDecoder("utf-8", { fatal: true });
  readonly #layouts = new Map<string, Layout>();
  readonly #mapping: Mapping | undefined;

  /**
   * @param topic for errors, with
   * @param partition
   */
  constructor(
    private readonly topic: string,
    private readonly partition: number,
    private readonly options: MessageOptions = {},
  ) {
    const mapping = options.mapping && withZone(options.mapping, options);
    this.#mapping = mapping !== undefined && typeof mapping.sensor === "object" && "fileName" in mapping.sensor
      ? { ...mapping, sensor: KEY_FIELD }
      : mapping;
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

  #judge(message: RawMessage, record: unknown, index: number): Reading | Refusal {
    const item = this.#read(message, record, index);
    if (!isRefusal(item)) return item;
    const [first, ...others] = item.errors;
    const at = { ...first, message: `${first.message} (${this.#where(message)})` };
    return refusal([at, ...others], JSON.stringify(record) ?? "", index + 1);
  }

  #read(message: RawMessage, record: unknown, index: number): Reading | Refusal {
    if (typeof record !== "object" || record === null || Array.isArray(record)) return parseReading(record, index + 1);
    const given = this.#withKey(message, record as Record<string, unknown>);
    if (this.#mapping === undefined && "values" in given) return judgeCanonical(given);
    const layout = this.#layoutOf(given);
    if ("problem" in layout) return refusal([{ field: "", message: layout.problem }], "");
    const draft = layout.mapper.map(Object.values(given), 0);
    return Array.isArray(draft) ? refusal(draft, "") : checkReading(draft) ?? parseReading(draft);
  }

  /** A record that names no sensor is that of its message's key. */
  #withKey({ key }: RawMessage, record: Record<string, unknown>): Record<string, unknown> {
    if (key === null || key.length === 0) return record;
    if (this.#mapping?.sensor === KEY_FIELD) return { [KEY_FIELD]: new TextDecoder().decode(key), ...record };
    if (this.#mapping !== undefined || sensorField(Object.keys(record)) !== undefined) return record;
    return { sensor: new TextDecoder().decode(key), ...record };
  }

  /** The layout of a record goes by the names of its fields, and by what kind of value a time would be. */
  #layoutOf(record: Record<string, unknown>): Layout {
    const id = JSON.stringify(Object.entries(record).map(([field, value]) => [field, kindOf(value)]));
    let layout = this.#layouts.get(id);
    if (layout === undefined) {
      layout = this.#compile(record);
      if (this.#layouts.size < LAYOUTS) this.#layouts.set(id, layout);
    }
    return layout;
  }

  #compile(record: Record<string, unknown>): Layout {
    const fields = Object.keys(record), { zone } = this.options;
    if (this.#mapping === undefined && sensorField(fields) === undefined) {
      return { problem: "no field of the record names its sensor, and the message has no key" };
    }
    try {
      const sample = { path: "the message", fields, rows: [Object.values(record)], json: true, unnamed: false };
      const mapping = this.#mapping ?? detectMapping(sample, { zone });
      return { mapper: new RowMapper(mapping, fields, this.topic, true) };
    } catch (error) {
      if (error instanceof SourceError) return { problem: error.message };
      throw error;
    }
  }
}

/** As much of a value as a layout depends on: texts may be stamps with a zone or without, numbers may be s or ms. */
function kindOf(value: unknown): string {
  if (typeof value === "number") return value >= 1e11 ? "ms" : value >= 1e8 ? "s" : "number";
  if (typeof value === "string") return Number.isNaN(Number(value)) ? stampKind(value) : kindOf(Number(value));
  return typeof value;
}

function stampKind(text: string): string {
  return /[Zz]$|[+-]\d\d:?\d\d$/.test(text) ? "zoned" : "text";
}

function judgeCanonical(record: Record<string, unknown>): Reading | Refusal {
  const { time } = record;
  const read = typeof time === "string" ? parseTime(time) : NaN;
  const given = Number.isNaN(read) ? record : { ...record, time: read };
  return checkReading(given) ?? parseReading(given);
}
