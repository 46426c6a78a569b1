/**
 * The declaration of how a file's columns or fields become readings, and how its text is read.
 *
 * Small enough to be written by hand as JSON; where none is given, `detect.ts` writes one from the file's beginning.
 *
 * ```json
 * {
 *   "sensor": "machine_id",
 *   "time": { "field": "timestamp", "format": "iso", "zone": "UTC" },
 *   "channels": ["vibration", "temperature"],
 *   "label": "failure"
 * }
 * ```
 *
 * @module
 */
import { z } from "zod";
import { parseTime, READING_LIMITS } from "../actors/reading.ts";
import { makeZone } from "../models/zone.ts";

const limits = READING_LIMITS;
const field = z.string().max(256);
const channel = z.string().min(1).max(limits.nameLength);
const text = z.union([field, z.strictObject({ constant: z.string().max(limits.textLength) })]);

/** What counts as missing where nothing else is declared. */
export const MISSING: readonly string[] = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"];

/** A time column, or a date and a time column. */
const stampedTimeSchema = z.strictObject({
  /** One field, or two that are joined: the date and the time of day. */
  field: z.union([field, z.tuple([field, field])]),
  format: z.enum(["iso", "epoch_s", "epoch_ms"]).default("iso"),
  /** Zone of stamps that have none; without it such stamps are refused. */
  zone: z.string().refine((name) => makeZone(name) !== undefined, {
    error: (issue) =>
      `zone must be UTC, an IANA name such as Europe/Berlin or an offset such as +02:00, not ${issue.input}`,
  }).optional(),
});

/** Times of a file that has none: record `i` (from 0) is at `start + i * intervalMs`. */
const countedTimeSchema = z.strictObject({
  start: z.union([z.string(), z.number()]).transform((value, context) => {
    const time = parseTime(value);
    if (Number.isNaN(time)) {
      context.addIssue({ code: "custom", message: `start must be ISO 8601 with a zone, not ${value}` });
    }
    return time;
  }),
  intervalMs: z.number().int().min(1).max(366 * 86_400_000),
  /** Field that holds the record's number; else records are counted. */
  index: field.optional(),
});

/** The declaration. */
export const mappingSchema = z.strictObject({
  /** The sensor's name: a field, with a prefix if wanted; a constant; or the file's name without its extension. */
  sensor: z.union([
    field,
    z.strictObject({ field, prefix: z.string().max(64).default("") }),
    z.strictObject({ constant: z.string().min(1).max(limits.sensorLength) }),
    z.strictObject({ fileName: z.literal(true) }),
  ]),
  time: z.union([stampedTimeSchema, countedTimeSchema]),
  /** Wide layout: every numeric field, a list of fields, or channel names by field. Nothing if `long` is given. */
  channels: z.union([z.literal("numeric"), z.array(channel), z.record(field, channel)]).default("numeric"),
  /** Long layout: one field names the channel, another holds the value. */
  long: z.strictObject({
    channel: field,
    value: field,
    /** Whether rows of one sensor and time that follow each other are one reading. */
    join: z.boolean().default(false),
  }).optional(),
  type: text.optional(),
  location: text.optional(),
  comment: text.optional(),
  /** 0 or 1, true or false, yes or no. */
  label: field.optional(),
  /** Passed through: a list of fields, or every field that nothing else is made of. */
  attributes: z.union([z.literal("rest"), z.array(channel)]).default([]),
  /** Fields that are left out. */
  ignore: z.array(field).default([]),
  /** Texts that mean that a value is missing. */
  missing: z.array(z.string().max(64)).default([...MISSING]),
  /** A CSV row with fewer fields than the header: refuse it, or take the last ones as missing. */
  short: z.enum(["refuse", "missing"]).default("refuse"),
  csv: z.strictObject({
    delimiter: z.enum([",", ";", "\t", " ", "|"]).default(","),
    /** Whether the first record names the columns; else their names. */
    header: z.union([z.literal(true), z.array(z.string().max(256)).min(1).max(1_000)]).default(true),
  }).optional(),
});

/** The declaration, complete. */
export type Mapping = z.infer<typeof mappingSchema>;
/** The declaration, as written. */
export type MappingInput = z.input<typeof mappingSchema>;
