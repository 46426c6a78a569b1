/**
 * Rows to readings and back, under a mapping that was compiled for the columns once.
 *
 * @module
 */
import type { Attribute, FieldError, Reading } from "../actors/reading.ts";
import { type Column, columnsOf, namedRoles, type Role } from "./roles.ts";
import type { Mapping } from "./mapping.ts";
import { Stamps } from "./stamps.ts";
import { makeZone } from "../models/zone.ts";

/** A reading under construction: what the row says, not judged yet. */
export interface Draft {
  sensor: string;
  time: number;
  values: Record<string, number | null>;
  type?: string;
  location?: string;
  label?: 0 | 1;
  comment?: string;
  attributes?: Record<string, Attribute>;
}

/** A record in the shape of its own file, as JSON. */
export type OwnRecord = Record<string, string | number | boolean | null>;

const INTEGRAL = /^(-?\d+)\.0+$/;
const YES = /^(1(\.0+)?|true|yes|y|t)$/i, NO = /^(0(\.0+)?|false|no|n|f)$/i;

/** Turns rows of one set of columns into drafts of readings. */
export class RowMapper {
  readonly #columns: readonly Column[];
  readonly #missing: ReadonlySet<string>;
  readonly #missingNumbers: boolean;
  readonly #stamps: Stamps | undefined;
  #errors: FieldError[] = [];

  /**
   * @param fields names of the columns, in order
   * @param fileName the file's name without folders and extensions
   * @param json whether values come with JSON's types, and `"numeric"` goes by them; else the channels must be listed
   * @param labelIsBoolean whether the label is written back as true or false instead of 1 or 0
   * @throws {SourceError} if the mapping names a column that is not there (CSV), or one channel twice
   */
  constructor(
    private readonly mapping: Mapping,
    readonly fields: readonly string[],
    private readonly fileName: string,
    json: boolean,
    private readonly labelIsBoolean = false,
  ) {
    this.#columns = columnsOf(mapping, fields, json);
    this.#missing = new Set(mapping.missing);
    this.#missingNumbers = mapping.missing.some((marker) => marker !== "" && !Number.isNaN(+marker));
    if ("field" in mapping.time) {
      const { format, zone } = mapping.time;
      this.#stamps = new Stamps(format, zone === undefined ? undefined : makeZone(zone));
    }
  }

  /**
   * One row.
   *
   * @param values as many as there are columns: texts of CSV or values of JSON
   * @param index records before it, for counted times
   * @returns a draft to be judged, or what is wrong
   */
  map(values: readonly unknown[], index: number): Draft | FieldError[] {
    const draft: Draft = { sensor: this.#givenSensor(), time: NaN, values: {} };
    this.#errors = [];
    let stamp: unknown, clock: unknown, count: unknown = index, channel: unknown;
    const { type, location, comment } = this.mapping;
    if (typeof type === "object") draft.type = type.constant;
    if (typeof location === "object") draft.location = location.constant;
    if (typeof comment === "object") draft.comment = comment.constant;
    for (let i = 0; i < this.#columns.length; i++) {
      const column = this.#columns[i], value = values[i];
      switch (column.role) {
        case "channel":
          this.#value(draft, column.name, value);
          break;
        case "sensor":
          draft.sensor += this.#text(value);
          break;
        case "time":
          stamp = value;
          break;
        case "clock":
          clock = value;
          break;
        case "index":
          count = this.#number(value);
          break;
        case "longChannel":
          channel = value;
          break;
        case "longValue":
          this.#value(draft, String(channel ?? values[this.#at("longChannel")] ?? ""), value);
          break;
        case "byType":
          if (typeof value === "number" || value === null) draft.values[column.name] = value;
          else if (this.mapping.attributes === "rest") (draft.attributes ??= {})[column.name] = value as Attribute;
          break;
        case "ignore":
          break;
        default:
          this.#other(draft, column, value);
      }
    }
    draft.time = this.#time(stamp, clock, count);
    return this.#errors.length > 0 ? this.#errors : draft;
  }

  #givenSensor(): string {
    const { sensor } = this.mapping;
    if (typeof sensor === "string") return "";
    if ("constant" in sensor) return sensor.constant;
    return "prefix" in sensor ? sensor.prefix : this.fileName;
  }

  #at(role: Role): number {
    return this.#columns.findIndex((column) => column.role === role);
  }

  #isMissing(value: unknown): boolean {
    if (typeof value !== "string") return value === null || value === undefined;
    return this.#missing.has(value) || (isPadded(value) && this.#missing.has(value.trim()));
  }

  /** A number; null if missing; NaN if it is none. */
  #number(value: unknown): number | null {
    if (typeof value === "number") return value;
    if (typeof value !== "string") return value === null || value === undefined ? null : NaN;
    if (this.#missingNumbers && this.#isMissing(value)) return null;
    const number = +value;
    // What is no decimal number but JavaScript takes for one: nothing but spaces, 0x1f, Infinity.
    if (number - number === 0 && value.charCodeAt(0) > 32 && !isPrefix(value.charCodeAt(1))) return number;
    if (this.#isMissing(value)) return null;
    return value.charCodeAt(0) <= 32 && value.trim() !== "" ? this.#number(value.trim()) : NaN;
  }

  #value(draft: Draft, name: string, value: unknown): void {
    const number = this.#number(value);
    if (number !== null && Number.isNaN(number)) {
      const seen = JSON.stringify(value)?.slice(0, 60);
      this.#errors.push({ field: `values.${name}`, message: `must be a finite number or missing, not ${seen}` });
    }
    draft.values[name] = number;
  }

  /** A text; a whole number that was written with a fraction (a sensor `1.0`) without it. */
  #text(value: unknown): string {
    if (this.#isMissing(value)) return "";
    const text = String(value).trim();
    return text.endsWith("0") ? INTEGRAL.exec(text)?.[1] ?? text : text;
  }

  #other(draft: Draft, column: Column, value: unknown): void {
    if (this.#isMissing(value)) return;
    if (column.role === "label") {
      const text = String(value).trim();
      if (YES.test(text)) draft.label = 1;
      else if (NO.test(text)) draft.label = 0;
      else {
        const seen = JSON.stringify(value)?.slice(0, 60);
        this.#errors.push({ field: "label", message: `${column.field} must be 0 or 1, true or false, not ${seen}` });
      }
    } else if (column.role === "attribute") (draft.attributes ??= {})[column.name] = value as Attribute;
    else if (column.role === "type" || column.role === "location" || column.role === "comment") {
      draft[column.role] = String(value).trim();
    }
  }

  #time(stamp: unknown, clock: unknown, count: unknown): number {
    const { time } = this.mapping;
    if ("start" in time) {
      const number = typeof count === "number" ? time.start + count * time.intervalMs : NaN;
      if (Number.isNaN(number)) {
        this.#errors.push({ field: "time", message: `${time.index} must be a number, not ${count}` });
      }
      return Math.floor(number);
    }
    if (this.#stamps === undefined) return NaN;
    const joined = Array.isArray(time.field) ? `${stamp} ${clock}` : typeof stamp === "string" ? stamp.trim() : stamp;
    const read = this.#stamps.read(joined);
    if (Number.isNaN(read)) this.#errors.push({ field: "time", message: this.#stamps.problem(joined) });
    return read;
  }

  /** The columns that the mapping itself gives a part to. */
  assigned(): string[] {
    return namedRoles(this.mapping).map(([field]) => field);
  }

  /** Writes a reading back as a record of the file it came from: the same fields in the same order. */
  toRecord(reading: Reading): OwnRecord {
    const record: OwnRecord = {};
    const stamp = this.#stamps?.write(reading.time);
    for (const { field, role, name } of this.#columns) {
      if (role === "sensor") record[field] = reading.sensor.slice(this.#givenSensor().length);
      else if (role === "time" && stamp !== undefined) {
        record[field] = this.#at("clock") < 0 ? stamp : String(stamp).slice(0, 10);
      } else if (role === "clock") record[field] = String(stamp).slice(11);
      else if (role === "channel") record[field] = reading.values[name] ?? null;
      else if (role === "label") record[field] = this.#ownLabel(reading.label);
      else if (role === "type" || role === "location" || role === "comment") record[field] = reading[role] ?? null;
      else if (role === "attribute") record[field] = reading.attributes?.[name] ?? null;
      else if (role === "byType") record[field] = reading.values[name] ?? reading.attributes?.[name] ?? null;
      else if (role === "longChannel") record[field] = Object.keys(reading.values)[0] ?? null;
      else if (role === "longValue") record[field] = Object.values(reading.values)[0] ?? null;
    }
    return record;
  }

  #ownLabel(label: 0 | 1 | undefined): boolean | number | null {
    return label === undefined ? null : this.labelIsBoolean ? label === 1 : label;
  }
}

/** Whether a number's second character makes it hexadecimal, octal or binary: x, o, b. */
function isPrefix(code: number): boolean {
  const lower = code | 32;
  return lower === 120 || lower === 111 || lower === 98;
}

function isPadded(text: string): boolean {
  return text.charCodeAt(0) <= 32 || text.charCodeAt(text.length - 1) <= 32;
}
