/**
 * A backtest's verdicts as Parquet: numbers as doubles, flags as booleans, all else as text.
 *
 * @module
 */
import { type Cell, type ColumnType, ParquetFile } from "../../sinks/parquet.ts";
import { isFlag, type Table, tableCells, type VerdictWriter, type WrittenRow } from "./cells.ts";
import type { Output } from "./writer.ts";

/** Rows of a row group: so many are held in memory. */
const GROUP_ROWS = 50_000;

/** Writes one file, a row group at a time. */
export class ParquetRows implements VerdictWriter {
  readonly #types: readonly ColumnType[];
  readonly #file: ParquetFile;

  constructor(private readonly table: Table, private readonly output: Output) {
    const own = table.own.map((name, at): [string, ColumnType] => [
      name,
      table.columns.numeric[at] ? "double" : "text",
    ]);
    const said = table.said.map((name): [string, ColumnType] => [
      name,
      isFlag(name) ? "boolean" : name === "most_unusual" ? "text" : "double",
    ]);
    const columns = [...own, ...said].map(([name, type]) => ({ name, type }));
    this.#types = columns.map(({ type }) => type);
    this.#file = new ParquetFile(columns, (bytes) => output.write(bytes));
  }

  add(row: WrittenRow): void {
    const { own, columns } = this.table, texts = columns.cells(row.row);
    const cells = [...own.map((_, i) => texts[i] ?? ""), ...tableCells(this.table, row)];
    this.#file.add(this.#types.map((type, i) => valueOf(cells[i], type)));
  }

  async flush(): Promise<void> {
    if (this.#file.waiting >= GROUP_ROWS) await this.#file.group();
  }

  async finish(): Promise<void> {
    await this.#file.finish();
    await this.output.finish();
  }
}

/** A cell as its column has it: null where it has nothing, or no number where one is wanted. */
function valueOf(cell: string | number, type: ColumnType): Cell {
  if (type === "text") return String(cell);
  const number = typeof cell === "number" ? cell : cell === "" ? NaN : Number(cell);
  if (!Number.isFinite(number)) return null;
  return type === "boolean" ? number === 1 : number;
}
