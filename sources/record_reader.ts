/**
 * From a record of a message to a reading: in the canonical shape, under a mapping, or seen from its own fields.
 *
 * What a record becomes depends on itself and its message alone, never on those before it: read again from anywhere, it
 * is the same. Where no mapping is given, one is made from the record's own fields, as a replay makes it from a file's.
 *
 * @module
 */
import { SourceError } from "../actors/ports.ts";
import { checkReading, parseReading, parseTime, type Reading, type Refusal, refusal } from "../actors/reading.ts";
import { RowMapper } from "./columns.ts";
import { detectMapping, sensorField } from "./detect.ts";
import type { Mapping } from "./mapping.ts";
import { withZone } from "./parser.ts";

/** How the records of messages are read. */
export interface RecordOptions {
  /** As declared; else every record speaks for itself. */
  readonly mapping?: Mapping;
  /** Zone of stamps without one: `UTC`, an IANA name, an offset. */
  readonly zone?: string;
}

/** What a message says of its records, where they do not say it themselves. */
export interface About {
  readonly sensor?: string;
  readonly type?: string;
  readonly location?: string;
  /** When it arrived, epoch ms: the time of a record that has none. Absent: such a record is refused. */
  readonly time?: number;
}

/** Stands for the message's sensor where a mapping wants a name that is in no field. */
const KEY_FIELD = "(key)";
/** Layouts of records that are remembered; more are looked at again and again. */
const LAYOUTS = 64;

type Layout = { readonly mapper: RowMapper } | { readonly problem: string };

/** Reads records of one topic; see the module. */
export class RecordReader {
  readonly #layouts = new Map<string, Layout>();
  readonly #mapping: Mapping | undefined;

  /** @param topic for what is said of a mapping that does not fit */
  constructor(private readonly topic: string, private readonly options: RecordOptions = {}) {
    const mapping = options.mapping && withZone(options.mapping, options);
    this.#mapping = mapping !== undefined && typeof mapping.sensor === "object" && "fileName" in mapping.sensor
      ? { ...mapping, sensor: KEY_FIELD }
      : mapping;
  }

  /** The record as a reading, or why it is none. */
  read(record: unknown, about: About = {}): Reading | Refusal {
    if (typeof record !== "object" || record === null || Array.isArray(record)) return parseReading(record);
    const given = this.#withSensor(record as Record<string, unknown>, about.sensor);
    if (this.#mapping === undefined && "values" in given) return judgeCanonical(filled(given, about));
    let fields = given, layout = this.#layoutOf(given);
    if ("problem" in layout && this.#mapping === undefined && about.time !== undefined) {
      fields = { ...given, time: about.time };
      layout = this.#layoutOf(fields);
    }
    if ("problem" in layout) return refusal([{ field: "", message: layout.problem }], "");
    const draft = layout.mapper.map(Object.values(fields), 0);
    if (Array.isArray(draft)) return refusal(draft, "");
    const whole = filled(draft, about);
    return checkReading(whole) ?? parseReading(whole);
  }

  /** A record that names no sensor is that of its message's. */
  #withSensor(record: Record<string, unknown>, sensor: string | undefined): Record<string, unknown> {
    if (sensor === undefined) return record;
    if (this.#mapping?.sensor === KEY_FIELD) return { [KEY_FIELD]: sensor, ...record };
    if (this.#mapping !== undefined || sensorField(Object.keys(record)) !== undefined) return record;
    return { sensor, ...record };
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
      return { problem: "no field of the record names its sensor, and neither does the message" };
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

/** What the record does not say itself is taken from its message. */
function filled(record: object, { type, location, time }: About): object {
  if (type === undefined && location === undefined && time === undefined) return record;
  return {
    ...(type === undefined ? {} : { type }),
    ...(location === undefined ? {} : { location }),
    ...(time === undefined ? {} : { time }),
    ...record,
  };
}

function judgeCanonical(record: object): Reading | Refusal {
  const { time } = record as { readonly time?: unknown };
  const read = typeof time === "string" ? parseTime(time) : NaN;
  const given = Number.isNaN(read) ? record : { ...record, time: read };
  return checkReading(given) ?? parseReading(given);
}
