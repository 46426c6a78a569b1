/**
 * The formats of tables in files, and how rows are kept while a file grows.
 *
 * CSV and NDJSON grow line by line. Parquet cannot: its rows are kept as lines of JSON arrays and become Parquet at once,
 * when the file is whole.
 *
 * @module
 */
import { stringify } from "../../std/csv.ts";
import type { Cell, Column } from "../parquet.ts";

/** The formats. */
export const TABLE_FORMATS = ["parquet", "csv", "ndjson"] as const;
/** One of {@linkcode TABLE_FORMATS}; also the end of a file's name. */
export type TableFormat = typeof TABLE_FORMATS[number];

/** Rows of a row group: so many are held in memory as values. */
const GROUP_ROWS = 20_000;
const encoder = new TextEncoder(), decoder = new TextDecoder();

/** What a file begins with. */
export function beginText(format: TableFormat, columns: readonly Column[]): string {
  return format === "csv" ? stringify([columns.map(({ name }) => name)]) : "";
}

/** The text of rows, each ended by a line feed. Times are ISO 8601 in CSV and NDJSON. */
export function rowsText(format: TableFormat, columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  if (format === "parquet") return rows.map((cells) => `${JSON.stringify(cells)}\n`).join("");
  const shown = rows.map((cells) => cells.map((cell, i) => shownCell(cell, columns[i])));
  if (format === "csv") return stringify(shown);
  return shown.map((cells) => `${JSON.stringify(Object.fromEntries(columns.map(({ name }, i) => [name, cells[i]])))}\n`)
    .join("");
}

function shownCell(cell: Cell, { type }: Column): Cell {
  return type === "time" && typeof cell === "number" ? new Date(cell).toISOString() : cell;
}

/**
 * The Parquet file of rows that were kept as text, in pieces.
 *
 * @param write appends a piece to the file
 */
export async function writeParquet(
  columns: readonly Column[],
  kept: Uint8Array,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const { ParquetFile } = await import("../parquet.ts");
  const file = new ParquetFile(columns, write);
  for (let from = 0; from < kept.length;) {
    const newline = kept.indexOf(10, from), end = newline < 0 ? kept.length : newline;
    file.add(JSON.parse(decoder.decode(kept.subarray(from, end))) as Cell[]); // written by rowsText()
    if (file.waiting === GROUP_ROWS) await file.group();
    from = end + 1;
  }
  await file.finish();
}

/** UTF-8. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}
