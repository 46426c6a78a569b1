/**
 * Writes the mapping of a file that comes without one, from its first records.
 *
 * Known are: a column that names the sensor (`sensor_id`, `device_id`, `machine_id`, `moteId` and the like, in any
 * spelling), one for the time (`timestamp`, `time`, `date` and `time`), for type, location, label (`failure`) and
 * comment; numeric columns are channels; what is left is passed through. Beside these, the Intel lab's two layouts.
 *
 * @module
 */
import { SourceError } from "../actors/ports.ts";
import { READING_LIMITS } from "../actors/reading.ts";
import { type Mapping, type MappingInput, mappingSchema, MISSING } from "./mapping.ts";
import { isZoneless } from "./stamps.ts";
import { makeZone } from "../models/zone.ts";

/** What a person says about a file beside its mapping. */
export interface MappingHints {
  /** Zone of stamps without one: `UTC`, an IANA name, an offset. */
  readonly zone?: string;
  /** For files without times: the first record's, ISO 8601 with a zone or epoch ms. */
  readonly start?: string | number;
  /** For files without times: ms between two records, greater than 0. */
  readonly intervalMs?: number;
  /** Whether a file without times is welcome anyway, because the schedule stamps its records. */
  readonly untimed?: boolean;
}

/** A file's first records: column by column, texts of CSV or values of JSON. */
export interface Sample {
  /** The file's name, for errors. */
  readonly path: string;
  readonly fields: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly json: boolean;
  /** Whether the fields are made up, because the file does not name them. */
  readonly unnamed: boolean;
  readonly delimiter?: string;
}

const SENSOR = words(
  "sensor sensorid sensorname device deviceid devicename machine machineid mote moteid node nodeid assetid equipmentid",
);
const TIME = words("time timestamp ts datetime recordedat eventtime");
const DATE = words("date day");
const TYPE = words("type sensortype devicetype machinetype");
const LOCATION = words("location room site");
const LABEL = words("label failure isanomaly anomaly fault machinefailure");
const COMMENT = words("comment note");
const INDEX = words("reading index seq sequence");
const NUMBERED = words("reading index seq sequence epoch epochid row id udi uid uuid");
const LONG_CHANNEL = words("channel metric quantity measurement parameter variable");

/** A reading of the Intel lab's `data.txt`: date, time, epoch, mote, temperature, humidity, light, voltage. */
const INTEL_RAW = ["date", "time", "epoch", "moteid", "temperature", "humidity", "light", "voltage"];
const INTEL = words("date time epochid moteid temp humidity light voltage");

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(" "));
}

/** A field's name without case and separators: `Sensor_ID` is `sensorid`. */
function plain(field: string): string {
  return field.toLowerCase().replace(/[\s_.\-]/g, "");
}

/**
 * The mapping for a file that looks like this.
 *
 * @throws {SourceError} if it has no time and none is declared, if its times have no zone and none is declared, or if
 * it has nothing to measure
 */
export function detectMapping(sample: Sample, hints: MappingHints = {}): Mapping {
  checkHints(hints);
  if (isIntelRaw(sample)) return intelMapping(sample, INTEL_RAW, hints, true);
  if (sample.fields.filter((field) => INTEL.has(plain(field))).length === INTEL.size) {
    return intelMapping(sample, sample.fields, hints, false);
  }
  const find = (names: ReadonlySet<string>) => sample.fields.find((field) => names.has(plain(field)));
  const sensor = sensorField(sample.fields);
  const time = timeOf(sample, hints);
  const roles = { type: find(TYPE), location: find(LOCATION), label: find(LABEL), comment: find(COMMENT) };
  const taken = new Set([sensor, ...fieldsOfTime(time), ...Object.values(roles)]);
  const input: MappingInput = {
    sensor: sensor ?? { fileName: true },
    time,
    ...Object.fromEntries(Object.entries(roles).filter(([, field]) => field !== undefined)),
    ...channelsOf(sample, taken),
    attributes: "rest",
    ...csvOf(sample, sample.fields),
  };
  return mappingSchema.parse(input);
}

/** The field that names the sensor, if one of them does. */
export function sensorField(fields: readonly string[]): string | undefined {
  return fields.find((field) => SENSOR.has(plain(field)));
}

function checkHints({ zone, start, intervalMs }: MappingHints): void {
  if (zone !== undefined && makeZone(zone) === undefined) {
    throw new SourceError(
      `cannot use the zone ${zone}: it must be UTC, an IANA name such as Europe/Berlin or an offset such as +02:00`,
    );
  }
  if ((start === undefined) !== (intervalMs === undefined)) {
    throw new SourceError("times that are counted need both the first one (--start) and the step in ms (--step)");
  }
}

/** The channels that a mapping means by `"numeric"` in a file whose columns have no types. */
export function numericFields(sample: Sample, taken: ReadonlySet<string | undefined>): string[] {
  return sample.fields.filter((field, i) => {
    if (field === "" || taken.has(field) || NUMBERED.has(plain(field))) return false;
    const present = sample.rows.map((row) => row[i]).filter((value) => !isMissing(value));
    // More than half: a few broken values make no text of a column, they are refused row by row.
    return 2 * present.filter(isNumeric).length > present.length || present.length === 0;
  });
}

function isMissing(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === "string" && MISSING.includes(value.trim()));
}

function isNumeric(value: unknown): boolean {
  if (typeof value === "number") return true;
  return typeof value === "string" && Number.isFinite(+value) && !/^.[xob]/i.test(value.trim());
}

function channelsOf(sample: Sample, taken: ReadonlySet<string | undefined>): Partial<MappingInput> {
  const channel = sample.fields.find((field) => LONG_CHANNEL.has(plain(field)) && !taken.has(field));
  const value = sample.fields.find((field) => plain(field) === "value");
  if (channel !== undefined && value !== undefined) return { long: { channel, value } };
  const channels = numericFields(sample, taken);
  if (channels.length === 0 && sample.rows.length > 0) {
    throw new SourceError(`cannot read ${sample.path}: no column of numbers among ${listed(sample.fields)}`);
  }
  if (channels.length > READING_LIMITS.channels) {
    throw new SourceError(
      `cannot read ${sample.path}: it has ${channels.length} columns of numbers and a sensor at most ${READING_LIMITS.channels} channels; declare which with a mapping`,
    );
  }
  return { channels: sample.json ? "numeric" : channels };
}

function timeOf(sample: Sample, hints: MappingHints): MappingInput["time"] {
  const counted = hints.start !== undefined && hints.intervalMs !== undefined;
  const named = sample.fields.find((field) => TIME.has(plain(field)));
  const date = sample.fields.find((field) => DATE.has(plain(field)));
  const field: string | [string, string] | undefined = date !== undefined && named !== undefined &&
      plain(named) === "time"
    ? [date, named]
    : named ?? date;
  if (field === undefined && !counted && hints.untimed) return { start: 0, intervalMs: 1 };
  if (field === undefined || counted) {
    if (hints.start === undefined || hints.intervalMs === undefined) {
      throw new SourceError(
        `cannot read ${sample.path}: no time among its columns ${listed(sample.fields)}; ` +
          "say when it begins and how far its records are apart with --start 2026-01-01T00:00:00Z --step 1000",
      );
    }
    const index = sample.fields.find((name) => INDEX.has(plain(name)));
    return { start: hints.start, intervalMs: hints.intervalMs, ...(index === undefined ? {} : { index }) };
  }
  return { field, ...formatOf(sample, field, hints) };
}

function fieldsOfTime(time: MappingInput["time"]): (string | undefined)[] {
  if ("start" in time) return [time.index];
  return typeof time.field === "string" ? [time.field] : time.field;
}

function formatOf(sample: Sample, field: string | readonly string[], hints: MappingHints) {
  const zone = hints.zone === undefined ? {} : { zone: hints.zone };
  const names = typeof field === "string" ? [field] : field;
  const at = names.map((name) => sample.fields.indexOf(name));
  const stamps = sample.rows.map((row) => at.map((i) => row[i]))
    .filter((parts) => parts.every((part) => part !== undefined && part !== null && part !== ""));
  const number = at.length === 1 && stamps.length > 0 ? Number(stamps[0][0]) : NaN;
  if (Number.isNaN(number)) {
    const first = stamps.length > 0 ? stamps[0].map((part) => String(part).trim()).join(" ") : "";
    if (hints.zone === undefined && isZoneless(first)) {
      throw new SourceError(
        `cannot read ${sample.path}: its times, such as ${
          JSON.stringify(first)
        }, have no zone; name it, such as with --zone UTC`,
      );
    }
    return { format: "iso" as const, ...zone };
  }
  // 1e11 s is the year 5138 and 1e11 ms the year 1973; 1e8 s is 1973 too: below it is a counter, not a time.
  if (number >= 1e11) return { format: "epoch_ms" as const };
  if (number >= 1e8) return { format: "epoch_s" as const };
  throw new SourceError(
    `cannot read ${sample.path}: ${number} in ${
      names[0]
    } is no time since 1970; declare it with a mapping, or with --start and --step`,
  );
}

function csvOf(sample: Sample, fields: readonly string[]): Partial<MappingInput> {
  if (sample.json) return {};
  const delimiter = (sample.delimiter ?? ",") as "," | ";" | "\t" | " " | "|";
  return { csv: { delimiter, header: sample.unnamed ? [...fields] : true } };
}

function isIntelRaw(sample: Sample): boolean {
  const row = sample.rows[0];
  return sample.unnamed && row !== undefined && row.length >= 3 && row.length <= 8 && sample.delimiter === " " &&
    isZoneless(`${row[0]} ${row[1]}`) && /^\d+$/.test(String(row[2]));
}

/** The Intel Berkeley lab, as published or as `deno task data intel` cleans it. */
function intelMapping(sample: Sample, fields: readonly string[], hints: MappingHints, raw: boolean): Mapping {
  const name = (wanted: string) => fields.find((field) => plain(field) === wanted) ?? wanted;
  const date: [string, string] = [name("date"), name("time")];
  return mappingSchema.parse({
    sensor: { field: name("moteid"), prefix: "mote-" },
    time: { field: date, ...(raw ? { format: "iso", zone: zoneOfRaw(sample, hints) } : formatOf(sample, date, hints)) },
    channels: {
      [raw ? "temperature" : name("temp")]: "temperature",
      [name("humidity")]: "humidity",
      [name("light")]: "light",
      [name("voltage")]: "voltage",
    },
    type: { constant: "mote" },
    attributes: [raw ? "epoch" : name("epochid")],
    short: "missing", // the published file leaves out fields at the end of a row
    ...csvOf(sample, fields),
  });
}

function zoneOfRaw(sample: Sample, hints: MappingHints): string {
  if (hints.zone !== undefined) return hints.zone;
  const first = sample.rows[0].slice(0, 2).join(" ");
  throw new SourceError(
    `cannot read ${sample.path}: its times, such as "${first}", have no zone; name it, such as with --zone UTC`,
  );
}

function listed(fields: readonly string[]): string {
  const names = fields.slice(0, 12).map((field) => JSON.stringify(field)).join(", ");
  return fields.length > 12 ? `${names} and ${fields.length - 12} more` : names;
}
