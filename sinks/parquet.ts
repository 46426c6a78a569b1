/**
 * A Parquet file, a row group at a time: what is held in memory is one group.
 *
 * Loaded where it is needed only: its library is not part of a usual start.
 *
 * @module
 */
import { ByteWriter, ParquetWriter } from "hyparquet-writer";

/** What a column holds: a UTF-8 text, a double, a whole number of 64 bits, a boolean, or a UTC time (epoch ms when given). */
export type ColumnType = "text" | "double" | "whole" | "boolean" | "time";

/** A column. Every one may be null. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** One value of a row. */
export type Cell = string | number | boolean | null;

/** How a type stands in the file. */
const PHYSICAL = {
  text: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  double: { type: "DOUBLE" },
  whole: { type: "INT64" },
  boolean: { type: "BOOLEAN" },
  time: {
    type: "INT64",
    converted_type: "TIMESTAMP_MILLIS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
  },
} as const;

/** A file under construction. */
export class ParquetFile {
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;
  #values: (Cell | bigint)[][];

  /** @param write appends bytes to the file; resolves when they may be overwritten */
  constructor(
    private readonly columns: readonly Column[],
    private readonly write: (bytes: Uint8Array) => Promise<void>,
  ) {
    this.#values = columns.map(() => []);
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: [
        { name: "root", num_children: columns.length },
        ...columns.map(({ name, type }) => ({ name, repetition_type: "OPTIONAL" as const, ...PHYSICAL[type] })),
      ],
      createdBy: "sensorium",
    });
  }

  /** Rows that wait for the next group. */
  get waiting(): number {
    return this.#values[0].length;
  }

  /** Adds a row: a value for each column, of its type. */
  add(row: readonly Cell[]): void {
    this.columns.forEach(({ type }, i) => {
      const cell = row[i];
      this.#values[i].push(typeof cell === "number" && (type === "whole" || type === "time") ? BigInt(cell) : cell);
    });
  }

  /** Writes the rows that wait as a group. */
  async group(): Promise<void> {
    const rowGroupSize = this.waiting;
    if (rowGroupSize === 0) return;
    await this.#writer.write({
      columnData: this.columns.map(({ name }, i) => ({ name, data: this.#values[i] })),
      rowGroupSize,
    });
    this.#values = this.columns.map(() => []);
    await this.#handOver();
  }

  /** Writes what waits, and the end of the file. */
  async finish(): Promise<void> {
    await this.group();
    await this.#writer.finish();
    await this.#handOver();
  }

  /** The writer goes on behind the bytes that were handed over. */
  async #handOver(): Promise<void> {
    await this.write(this.#bytes.getBytes());
    this.#bytes.index = 0;
  }
}
