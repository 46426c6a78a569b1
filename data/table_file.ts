/**
 * A labelled table from a file: CSV with a header, NDJSON or a JSON array of flat objects, each also as `.gz`.
 *
 * A column of numbers is a feature. Left out are texts, columns that are the same in every row or count the rows, and
 * what the caller names; a row with a gap in a used column is dropped. All of it is said in the answer.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { rocArea } from "../models/logistic/metrics.ts";
import { type LabelledTable, positives } from "../models/logistic/table.ts";
import { parse } from "../std/csv.ts";

/** Which columns are which. */
export interface TableOptions {
  /** The column that holds 0 or 1 (or false, true, no, yes). */
  readonly label: string;
  /** Features; default every column of numbers. */
  readonly features?: readonly string[];
  /** Columns to leave out. */
  readonly without?: readonly string[];
}

/** A table, and what became of the file's columns and rows. */
export interface TableFile {
  readonly table: LabelledTable;
  /** Columns that are no features, and why. */
  readonly leftOut: readonly { readonly column: string; readonly why: string }[];
  /** Rows with a gap in a used column. */
  readonly dropped: number;
  /** Of the file's bytes, in hexadecimal digits. */
  readonly sha256: string;
  /** Features that tell the label all by themselves: part of the answer, perhaps. */
  readonly suspects: readonly string[];
}

/** The file cannot be made a table; the message is one sentence. */
export class TableError extends Error {
  override name = "TableError";
}

/** Characters of the longest file, once decompressed: a table is held whole. */
const TEXT_LENGTH = 256 * 1024 * 1024;
/** Columns that a table may have, features or not. */
const COLUMNS_MOST = 1_000;
/** Features that a table may have: terms grow with their square. */
const FEATURES_MOST = 64;
const LABELS: Readonly<Record<string, 0 | 1>> = { 0: 0, 1: 1, false: 0, true: 1, no: 0, yes: 1 };
/** Share of pairs of rows that a feature alone puts in the right order, from which on it is suspect. */
const SUSPECT_AREA = 0.995;
/** Rows from which on a mark that only ever goes with the label 1 is suspect. */
const SUSPECT_MARKS = 5;

/** Cells by column; undefined is a gap. */
interface Cells {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/**
 * Reads a table.
 *
 * @throws {TableError} if the file is no table, a column is not there, or a label is no label
 */
export async function readTable(path: string, options: TableOptions): Promise<TableFile> {
  const bytes = await Deno.readFile(path), text = await textOf(path, bytes), begin = text.trimStart()[0];
  const cells = begin === "[" || begin === "{" ? jsonCells(path, text) : csvCells(path, text);
  if (cells.rows.length === 0) throw new TableError(`${path} holds no rows`);
  if (cells.columns.length > COLUMNS_MOST) {
    throw new TableError(`${path} has ${cells.columns.length} columns: at most ${COLUMNS_MOST} can be read`);
  }
  return { ...tableOf(path, cells, options), sha256: createHash("sha256").update(bytes).digest("hex") };
}

async function textOf(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const raw = new Blob([bytes]).stream();
  const plain = path.endsWith(".gz") ? raw.pipeThrough(new DecompressionStream("gzip")) : raw;
  let length = 0, text = "";
  try {
    for await (const piece of plain.pipeThrough(new TextDecoderStream("utf-8", { fatal: true }))) {
      length += piece.length;
      if (length > TEXT_LENGTH) throw new TableError(`${path} is over ${TEXT_LENGTH / 2 ** 20} MiB: take a part of it`);
      text += piece;
    }
  } catch (error) {
    if (error instanceof TypeError) throw new TableError(`cannot read ${path}: ${error.message}`, { cause: error });
    throw error;
  }
  return text;
}

function csvCells(path: string, text: string): Cells {
  try {
    const [columns = [], ...records] = parse(text.replace(/^\ufeff/, ""), { fieldsPerRecord: 0 });
    return { columns, rows: records.map((record) => record.map((field) => field.trim() === "" ? undefined : field)) };
  } catch (error) {
    if (error instanceof Error) throw new TableError(`cannot read ${path} as CSV: ${error.message}`, { cause: error });
    throw error;
  }
}

function jsonCells(path: string, text: string): Cells {
  let records: unknown[];
  try {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    records = text.trimStart().startsWith("[") ? JSON.parse(text) : lines.map((line) => JSON.parse(line));
  } catch (error) {
    throw new TableError(`cannot read ${path} as JSON: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
  const columns = new Map<string, number>(), rows: unknown[][] = [];
  records.forEach((record, number) => {
    if (typeof record !== "object" || record === null || Array.isArray(record)) {
      throw new TableError(`${path}: record ${number + 1} must be a flat object`);
    }
    const row: unknown[] = [];
    for (const [name, value] of Object.entries(record)) {
      const at = columns.get(name) ?? columns.size;
      columns.set(name, at);
      row[at] = value ?? undefined;
    }
    rows.push(row);
  });
  return { columns: [...columns.keys()], rows };
}

function tableOf(
  path: string,
  { columns, rows }: Cells,
  { label, features, without = [] }: TableOptions,
): Omit<TableFile, "sha256"> {
  const place = (column: string) => {
    const at = columns.indexOf(column);
    if (at >= 0) return at;
    throw new TableError(`${path} has no column ${JSON.stringify(column)}: it has ${columns.join(", ").slice(0, 500)}`);
  };
  const labelAt = place(label), leftOut: { column: string; why: string }[] = [];
  without.forEach(place);
  const wanted = features === undefined ? columns.filter((column) => column !== label) : [...new Set(features)];
  const used = wanted.filter((column) => {
    if (column === label) throw new TableError(`the label ${JSON.stringify(label)} cannot be a feature`);
    const why = without.includes(column) ? "as asked" : whyNot(rows, place(column), features !== undefined);
    if (why !== undefined) leftOut.push({ column, why });
    return why === undefined;
  });
  if (used.length < 1 || used.length > FEATURES_MOST) {
    throw new TableError(
      `${path} must have 1 to ${FEATURES_MOST} columns of numbers to learn from, not ${used.length}`,
    );
  }
  const places = used.map(place), needed = [labelAt, ...places];
  const kept = [...rows.keys()].filter((row) => needed.every((at) => rows[row][at] !== undefined));
  const table = {
    features: used,
    rows: Float64Array.from(kept.flatMap((row) => places.map((at) => numberOf(rows[row][at])))),
    labels: Uint8Array.from(kept, (row) => labelOf(path, label, rows[row][labelAt], row)),
  };
  return { table, leftOut, dropped: rows.length - kept.length, suspects: suspectsOf(table) };
}

function numberOf(cell: unknown): number {
  return typeof cell === "boolean" ? Number(cell) : typeof cell === "string" || typeof cell === "number" ? +cell : NaN;
}

/** Why a column is no feature; undefined if it is one. One that was asked for by name must be one of numbers only. */
function whyNot(rows: readonly (readonly unknown[])[], at: number, asked: boolean): string | undefined {
  const values = rows.map((row) => row[at]).filter((cell) => cell !== undefined).map(numberOf);
  if (values.length === 0) return "empty";
  if (!values.every(Number.isFinite)) return "not numbers";
  if (asked) return undefined;
  if (values.every((value) => value === values[0])) return "the same in every row";
  const step = values[1] - values[0];
  const counts = values.length > 2 && values.every((value, row) => value === values[0] + row * step);
  return counts && Number.isInteger(step) ? "counts the rows" : undefined;
}

function labelOf(path: string, label: string, cell: unknown, row: number): 0 | 1 {
  const text = String(cell).trim().toLowerCase();
  if (Object.hasOwn(LABELS, text)) return LABELS[text];
  throw new TableError(
    `${path}: ${label} in row ${row + 1} must be 0 or 1 (or false, true, no, yes), not ${JSON.stringify(cell)}`,
  );
}

/** Features from which alone the label can be read off. */
function suspectsOf({ features, rows, labels }: LabelledTable): string[] {
  const ones = positives(labels);
  return features.filter((_, feature) => {
    const column = rows.filter((_, at) => at % features.length === feature);
    const area = rocArea(column, labels);
    if (Math.max(area, 1 - area) >= SUSPECT_AREA) return true;
    if (!column.every((value) => value === 0 || value === 1)) return false;
    const marked = column.reduce((sum, value) => sum + value, 0);
    const right = column.reduce((sum, value, row) => sum + value * labels[row], 0);
    return marked >= SUSPECT_MARKS && right >= 0.99 * marked && ones < 0.9 * labels.length;
  });
}
