/**
 * From a record's text to a reading or a refusal, for each format.
 *
 * @module
 */
import { SourceError } from "../actors/ports.ts";
import {
  checkReading,
  type FieldError,
  isRefusal,
  parseReading,
  parseTime,
  type Reading,
  type Refusal,
  refusal,
} from "../actors/reading.ts";
import { type OwnRecord, RowMapper } from "./columns.ts";
import { detectMapping, type MappingHints, numericFields, type Sample } from "./detect.ts";
import type { FileShape } from "./inspect.ts";
import type { Mapping } from "./mapping.ts";
import { isZoneless, Stamps } from "./stamps.ts";
import { splitFields } from "./text/csv.ts";
import { makeZone } from "../models/zone.ts";

/** Parses the records of one file. */
export interface RecordParser {
  /**
   * @param text the record without its line end, not blank
   * @param row its 1-based number, for a refusal
   * @param index data records before it, over all files, for counted times
   */
  parse(text: string, row: number, index: number): Reading | Refusal;
  /** Whether two records that follow each other are one reading: the rows of one time of a long layout. */
  readonly joins: boolean;
  /** Writes a reading back in the file's own shape; undefined where that is the canonical one. */
  toRecord?(reading: Reading): OwnRecord;
}

/** Shapes of JSON objects that are remembered; more are compiled again and again. */
const SHAPES = 64;

/**
 * The parser for a file.
 *
 * @param mapping as declared; else it is detected
 * @throws {SourceError} if it cannot be detected, or does not fit the file
 */
export function makeParser(shape: FileShape, mapping: Mapping | undefined, hints: MappingHints): RecordParser {
  const { sample } = shape;
  // Where nothing can be read of JSON's beginning the canonical shape is taken, so that every record is refused as such.
  const canonical = shape.canonical || (sample.json && sample.fields.length === 0);
  if (mapping === undefined && canonical) return new CanonicalParser(hints.zone);
  if (!sample.json && sample.fields.length === 0) return new EmptyParser(sample.path);
  const used = mapping === undefined ? detectMapping(sample, hints) : withNumeric(withZone(mapping, hints), sample);
  const file = fileStem(sample.path);
  const booleans = sample.rows.some((row) => typeof row[sample.fields.indexOf(used.label ?? "")] === "boolean");
  return shape.format === "csv"
    ? new CsvParser(used, Array.isArray(used.csv?.header) ? used.csv.header : sample.fields, file)
    : new ObjectParser(used, sample.fields, file, booleans);
}

/** A file's name without folders and extensions: `/data/mote1.csv.gz` is `mote1`. */
export function fileStem(path: string): string {
  const name = path.split(/[\\/]/).at(-1) ?? path;
  return name.replace(/\.gz$/i, "").replace(/\.(csv|tsv|txt|json|ndjson|jsonl)$/i, "");
}

/** The zone that is said beside a mapping counts where the mapping itself has none. */
export function withZone(mapping: Mapping, { zone }: MappingHints): Mapping {
  if (zone === undefined || "start" in mapping.time || mapping.time.zone !== undefined) return mapping;
  return { ...mapping, time: { ...mapping.time, zone } };
}

/** In CSV a column's type shows in its values: the channels that a declared `"numeric"` means. */
function withNumeric(mapping: Mapping, sample: Sample): Mapping {
  if (sample.json || mapping.channels !== "numeric" || mapping.long !== undefined) return mapping;
  const probe = new RowMapper(mapping, sample.fields, "", true);
  return { ...mapping, channels: numericFields(sample, new Set([...probe.assigned(), ...mapping.ignore])) };
}

/** Judges a draft: quickly where it is good, with zod where there is something to explain. */
function judge(draft: object | FieldError[], text: string, row: number): Reading | Refusal {
  if (Array.isArray(draft)) return refusal(draft, text, row);
  const reading = checkReading(draft) ?? parseReading(draft, row);
  return isRefusal(reading) ? refusal(reading.errors, text, row) : reading;
}

function parseJson(text: string, row: number): { readonly value: unknown } | Refusal {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refusal([{ field: "", message: `the record is not JSON: ${why}` }], text, row);
  }
}

class CanonicalParser implements RecordParser {
  readonly joins = false;
  readonly #stamps: Stamps | undefined;

  constructor(zone: string | undefined) {
    if (zone !== undefined) this.#stamps = new Stamps("iso", makeZone(zone));
  }

  parse(text: string, row: number): Reading | Refusal {
    const parsed = parseJson(text, row);
    if (!("value" in parsed)) return parsed;
    const { value } = parsed;
    if (typeof value !== "object" || value === null) return judge(parseError(value, row), text, row);
    const record = value as Record<string, unknown>;
    if (typeof record.time !== "string") return judge(record, text, row);
    const stamps = isZoneless(record.time) ? this.#stamps : undefined;
    const time = stamps?.read(record.time) ?? parseTime(record.time);
    return judge(Number.isNaN(time) ? record : { ...record, time }, text, row);
  }
}

function parseError(value: unknown, row: number): FieldError[] {
  const item = parseReading(value, row);
  return isRefusal(item) ? [...item.errors] : [];
}

class ObjectParser implements RecordParser {
  readonly joins: boolean;
  readonly #shapes = new Map<string, RowMapper>();
  readonly #whole: RowMapper;
  #last: RowMapper;

  constructor(
    private readonly mapping: Mapping,
    fields: readonly string[],
    private readonly file: string,
    private readonly booleans: boolean,
  ) {
    this.joins = mapping.long?.join === true;
    this.#last = this.#whole = this.#compile(fields);
  }

  #compile(fields: readonly string[]): RowMapper {
    return new RowMapper(this.mapping, fields, this.file, true, this.booleans);
  }

  #mapperOf(keys: readonly string[]): RowMapper {
    const { fields } = this.#last;
    if (fields.length === keys.length && keys.every((key, i) => key === fields[i])) return this.#last;
    const id = JSON.stringify(keys);
    let mapper = this.#shapes.get(id);
    if (mapper === undefined) {
      mapper = this.#compile(keys);
      if (this.#shapes.size < SHAPES) this.#shapes.set(id, mapper);
    }
    return this.#last = mapper;
  }

  parse(text: string, row: number, index: number): Reading | Refusal {
    const parsed = parseJson(text, row);
    if (!("value" in parsed)) return parsed;
    const { value } = parsed;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return refusal([{ field: "", message: "the record must be an object" }], text, row);
    }
    const keys = Object.keys(value);
    return judge(this.#mapperOf(keys).map(Object.values(value), index), text, row);
  }

  toRecord(reading: Reading): OwnRecord {
    return this.#whole.toRecord(reading);
  }
}

class CsvParser implements RecordParser {
  readonly joins: boolean;
  readonly #mapper: RowMapper;
  readonly #delimiter: string;
  readonly #short: boolean;

  constructor(mapping: Mapping, private readonly fields: readonly string[], file: string) {
    this.joins = mapping.long?.join === true;
    this.#mapper = new RowMapper(mapping, fields, file, false);
    this.#delimiter = mapping.csv?.delimiter ?? ",";
    this.#short = mapping.short === "missing";
  }

  parse(text: string, row: number, index: number): Reading | Refusal {
    const values = splitFields(text, this.#delimiter);
    if (values.length > this.fields.length || (values.length < this.fields.length && !this.#short)) {
      const message = `the row must have ${this.fields.length} fields, this one has ${values.length}`;
      return refusal([{ field: "", message }], text, row);
    }
    return judge(this.#mapper.map(values, index), text, row);
  }

  toRecord(reading: Reading): OwnRecord {
    return this.#mapper.toRecord(reading);
  }
}

/** Of a file without a single record to go by. */
class EmptyParser implements RecordParser {
  readonly joins = false;
  constructor(private readonly path: string) {}

  parse(): never {
    throw new SourceError(`cannot read ${this.path}: no record among its first can be read`);
  }
}
