/**
 * A backtest's verdicts as Parquet: numbers as doubles, flags as booleans, all else as text.
 *
 * @module
 */
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { isFlag, type Table, tableCells, type VerdictWriter, type WrittenRow } from "./backtest_cells.ts";
import type { Output } from "./backtest_writer.ts";

/** Rows of a row group: so many are held in memory. */
const GROUP_ROWS = 50_000;

type Type = "STRING" | "DOUBLE" | "BOOLEAN";

/** A column, and its values since the last row group. */
interface Column {
  readonly name: string;
  readonly type: Type;
  values: (string | number | boolean | null)[];
}

/** Writes one file, a row group at a time. */
export class ParquetRows implements VerdictWriter {
  readonly #columns: readonly Column[];
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;

  constructor(private readonly table: Table, private readonly output: Output) {
    const own = table.own.map((name, at): Column => {
      return { name, type: table.columns.numeric[at] ? "DOUBLE" : "STRING", values: [] };
    });
    const said = table.said.map((name): Column => {
      return { name, type: isFlag(name) ? "BOOLEAN" : name === "most_unusual" ? "STRING" : "DOUBLE", values: [] };
    });
    this.#columns = [...own, ...said];
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: [
        { name: "root", num_children: this.#columns.length },
        ...this.#columns.map(({ name, type }) => ({
          name,
          repetition_type: "OPTIONAL" as const,
          ...(type === "STRING" ? { type: "BYTE_ARRAY" as const, converted_type: "UTF8" as const } : { type }),
        })),
      ],
      createdBy: "sensorium",
    });
  }

  add(row: WrittenRow): void {
    const { own, columns } = this.table, texts = columns.cells(row.row);
    const cells = [...own.map((_, i) => texts[i] ?? ""), ...tableCells(this.table, row)];
    this.#columns.forEach(({ type, values }, i) => values.push(valueOf(cells[i], type)));
  }

  async flush(): Promise<void> {
    if (this.#columns[0].values.length >= GROUP_ROWS) await this.#writeGroup();
  }

  async finish(): Promise<void> {
    await this.#writeGroup();
    await this.#writer.finish();
    await this.#handOver();
    await this.output.finish();
  }

  async #writeGroup(): Promise<void> {
    if (this.#columns[0].values.length === 0) return;
    const columnData = this.#columns.map(({ name, values }) => ({ name, data: values }));
    await this.#writer.write({ columnData, rowGroupSize: GROUP_ROWS });
    for (const column of this.#columns) column.values = [];
    await this.#handOver();
  }

  /** The bytes so far go to the file; the writer goes on behind them. */
  async #handOver(): Promise<void> {
    await this.output.write(this.#bytes.getBytes());
    this.#bytes.index = 0;
  }
}

/** A cell as its column has it: null where it has nothing, or no number where one is wanted. */
function valueOf(cell: string | number, type: Type): string | number | boolean | null {
  if (type === "STRING") return String(cell);
  const number = typeof cell === "number" ? cell : cell === "" ? NaN : Number(cell);
  if (!Number.isFinite(number)) return null;
  return type === "BOOLEAN" ? number === 1 : number;
}
