/**
 * Looks at a file's beginning: which format it has, its columns, its first records.
 *
 * @module
 */
import { SourceError } from "../actors/ports.ts";
import { type ByteReader, openBytes } from "./text/bytes.ts";
import { CsvFramer, splitFields } from "./text/csv.ts";
import { JsonFramer } from "./text/json.ts";
import { LineFramer } from "./text/lines.ts";
import { type Framer, RecordReader } from "./text/records.ts";
import type { Mapping } from "./mapping.ts";
import type { Sample } from "./detect.ts";

/** How a file's text is divided: lines of JSON, one array, JSON values behind one another, CSV. */
export type TextFormat = "ndjson" | "array" | "values" | "csv";

/** What the beginning of a file says. */
export interface FileShape {
  readonly format: TextFormat;
  /** First records, empty for an empty file. */
  readonly sample: Sample;
  /** Whether the first record is a header and no data. */
  readonly header: boolean;
  /** Whether the records are readings in the canonical shape already. */
  readonly canonical: boolean;
}

const HEAD_BYTES = 1 << 18;
const SAMPLE_ROWS = 100;
const DELIMITERS = [",", ";", "\t", "|"];

/** The framer of a format, for reading from `position` on. */
export function framerOf(format: TextFormat, delimiter: string, position: number): Framer {
  if (format === "ndjson") return new LineFramer();
  if (format === "csv") return new CsvFramer(delimiter);
  return new JsonFramer(format === "array", position);
}

/**
 * Inspects the first 256 KiB of a file's (decompressed) text.
 *
 * @param mapping what is declared of it
 * @throws {SourceError} if there is no such file, or it is no UTF-8 text
 */
export async function inspectFile(path: string, mapping?: Mapping): Promise<FileShape> {
  const reader = await openBytes(path);
  try {
    return inspect(path, await headOf(reader, path), mapping);
  } finally {
    reader.close();
  }
}

async function headOf(reader: ByteReader, path: string): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < HEAD_BYTES) {
    const more = await reader.read(head);
    if (more === null) break;
    head = more;
  }
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) {
    throw new SourceError(`cannot read ${path}: it is UTF-16; save it as UTF-8`);
  }
  if (head.subarray(0, 4096).includes(0)) throw new SourceError(`cannot read ${path}: it is no text`);
  return head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? head.subarray(3) : head;
}

function inspect(path: string, head: Uint8Array, mapping: Mapping | undefined): FileShape {
  const name = path.toLowerCase().replace(/\.gz$/, "");
  const format = mapping?.csv ? "csv" : formatOf(name, head);
  if (format === "csv") return inspectCsv(path, head, mapping);
  const objects = recordsOf(head, framerOf(format, ",", 0)).map(parseObject).filter((one) => one !== undefined);
  const fields = [...new Set(objects.flatMap((one) => Object.keys(one)))];
  const rows = objects.map((one) => fields.map((field) => one[field]));
  const first = objects[0];
  const canonical = first !== undefined && "sensor" in first && "time" in first && typeof first.values === "object";
  return { format, canonical, header: false, sample: { path, fields, rows, json: true, unnamed: false } };
}

function formatOf(name: string, head: Uint8Array): TextFormat {
  if (/\.(ndjson|jsonl)$/.test(name)) return "ndjson";
  if (/\.(csv|tsv)$/.test(name)) return "csv";
  const first = head.find((byte) => byte > 32);
  if (first === 91) return "array";
  if (first !== 123) return name.endsWith(".json") ? "array" : "csv";
  // One of the first lines is an object by itself: lines of JSON, even if the first of them is broken.
  return recordsOf(head, new LineFramer()).some((line) => parseObject(line) !== undefined) ? "ndjson" : "values";
}

function recordsOf(head: Uint8Array, framer: Framer): string[] {
  const reader = new RecordReader(framer);
  reader.refill(head);
  if (head.length < HEAD_BYTES) reader.end();
  const records: string[] = [];
  while (records.length < SAMPLE_ROWS && reader.advance()) {
    if (reader.problem !== undefined) continue;
    const text = new TextDecoder().decode(reader.bytes.subarray(reader.from, reader.to));
    if (text.trim() !== "") records.push(text);
  }
  return records;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : undefined;
  } catch {
    return undefined;
  }
}

function inspectCsv(path: string, head: Uint8Array, mapping: Mapping | undefined): FileShape {
  const delimiter = mapping?.csv?.delimiter ?? delimiterOf(head);
  const records = recordsOf(head, new CsvFramer(delimiter)).map((record) => splitFields(record, delimiter));
  const declared = mapping?.csv?.header;
  const header = declared === undefined ? records.length > 0 && isHeader(records[0]) : declared === true;
  const width = records.reduce((most, record) => Math.max(most, record.length), 0);
  const fields = Array.isArray(declared)
    ? declared
    : header
    ? (records[0] ?? []).map((field) => field.trim())
    : Array.from({ length: width }, (_, i) => `channel_${i + 1}`);
  const twice = fields.find((field, i) => field !== "" && fields.indexOf(field) !== i);
  if (twice !== undefined) throw new SourceError(`cannot read ${path}: it has two columns ${JSON.stringify(twice)}`);
  const rows = header ? records.slice(1) : records;
  return {
    format: "csv",
    canonical: false,
    header,
    sample: { path, fields, rows, json: false, unnamed: !header, delimiter },
  };
}

function delimiterOf(head: Uint8Array): string {
  const end = head.indexOf(10);
  const line = new TextDecoder().decode(head.subarray(0, Math.min(end < 0 ? head.length : end, 65_536)));
  const counts = DELIMITERS.map((delimiter) => line.split(delimiter).length - 1);
  const most = Math.max(...counts);
  if (most > 0) return DELIMITERS[counts.indexOf(most)];
  return line.trim().includes(" ") ? " " : ",";
}

/** A header has names only: no number, no time. */
function isHeader(record: readonly string[]): boolean {
  return record.every((field) =>
    field.trim() === "" || (Number.isNaN(+field) && !/^\d{4}-\d\d-\d\d/.test(field.trim()))
  ) &&
    record.some((field) => field.trim() !== "");
}
