/**
 * Which of an input's own fields stand in the output: its timestamp, sensor, values and label, as they were written.
 *
 * @module
 */
import { isRefusal } from "../../actors/reading.ts";
import { detectMapping, type MappingHints } from "../../sources/detect.ts";
import type { FileShape } from "../../sources/inspect.ts";
import type { Mapping } from "../../sources/mapping.ts";
import { columnsOf, type Role } from "../../sources/roles.ts";
import { splitFields } from "../../sources/text/csv.ts";
import type { InputRow } from "./rows.ts";

/** The output's columns that come from the input; the first is `timestamp`. */
export interface Columns {
  readonly names: readonly string[];
  /** For each of them whether it holds numbers. */
  readonly numeric: readonly boolean[];
  /** A row's own texts for them, empty where it has none. */
  cells(row: InputRow): readonly string[];
}

const NUMERIC: ReadonlySet<Role> = new Set<Role>(["channel", "byType", "longValue"]);
const SHOWN: ReadonlySet<Role> = new Set<Role>(["sensor", "channel", "byType", "longChannel", "longValue", "label"]);

/** The columns of a file, as its mapping has them. */
export function columnsIn(shape: FileShape, mapping: Mapping | undefined, hints: MappingHints): Columns {
  const { sample } = shape;
  if (mapping === undefined && (shape.canonical || sample.fields.length === 0)) return canonicalColumns(shape);
  const used = mapping ?? detectMapping(sample, hints);
  const fields = Array.isArray(used.csv?.header) ? used.csv.header : sample.fields;
  const roles = columnsOf(used, fields, sample.json);
  const shown = roles.map((column, at) => ({ ...column, at })).filter(({ role }) => SHOWN.has(role));
  const stamp = roles.findIndex(({ role }) => role === "time"), clock = roles.findIndex(({ role }) => role === "clock");
  const delimiter = used.csv?.delimiter ?? sample.delimiter ?? ",";
  const read = sample.json
    ? (text: string) => jsonFields(text, fields)
    : (text: string) => splitFields(text, delimiter);
  return {
    names: ["timestamp", ...shown.map(({ field }) => field)],
    numeric: [false, ...shown.map(({ role }) => NUMERIC.has(role))],
    cells(row) {
      const values = read(row.text);
      const own = stamp < 0 ? isoOf(row) : clock < 0 ? values[stamp] : `${values[stamp]} ${values[clock]}`;
      return [own?.trim() ?? "", ...shown.map(({ at }) => values[at]?.trim() ?? "")];
    },
  };
}

/** Readings in the product's own shape. */
function canonicalColumns({ sample }: FileShape): Columns {
  const valuesAt = sample.fields.indexOf("values"), channels = new Set<string>();
  for (const row of sample.rows) {
    const values = row[valuesAt];
    if (typeof values === "object" && values !== null) { for (const name of Object.keys(values)) channels.add(name); }
  }
  const labelled = sample.fields.includes("label");
  return {
    names: ["timestamp", "sensor", ...channels, ...(labelled ? ["label"] : [])],
    numeric: [false, false, ...[...channels].map(() => true), ...(labelled ? [false] : [])],
    cells(row) {
      const { item } = row;
      if (isRefusal(item)) return [];
      const values = [...channels].map((name) => String(item.values[name] ?? ""));
      const [time] = jsonFields(row.text, ["time"]);
      return [time, item.sensor, ...values, ...(labelled ? [String(item.label ?? "")] : [])];
    },
  };
}

function isoOf({ item }: InputRow): string {
  return isRefusal(item) ? "" : new Date(item.time).toISOString();
}

function jsonFields(text: string, fields: readonly string[]): string[] {
  try {
    const record = JSON.parse(text) as Record<string, unknown> | null;
    return fields.map((field) => {
      const value = record?.[field];
      return value === null || value === undefined
        ? ""
        : typeof value === "object"
        ? JSON.stringify(value)
        : `${value}`;
    });
  } catch {
    return fields.map(() => ""); // no JSON: the row is a refusal, and says so
  }
}
